"""The pages of the book, as they are written: complete, in order, no figure typed by hand."""

import ast
import importlib.util
import re
from collections import namedtuple

import pytest

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import scored_tests

BOOK = topics.ROOT / "book"
PAGES = re.findall(
    r"^(?:root| *- file): *(\S+)", (topics.ROOT / "_toc.yml").read_text(), re.MULTILINE
)
FENCE = re.compile(r"^\s*(`{3,}|:{3,}|~{3,})\s*(.*?)\s*$")
SPOKEN = re.compile(
    r"\{(theorem|proof|tested|exercise|solution|math|note|tip|warning|admonition|dropdown|margin)"
)
SILENT = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+|CC BY 4\.0|Python 3\.\d+|^:[\w-]+:.*")
FIGURE = re.compile(r"\d\.\d|\d\s*\\?%|\d percent")

CLAIM = re.compile(r"^(?:`{3,}\{tested\}|:tests:) +(.*)", re.MULTILINE)

Block = namedtuple("Block", "line head body")


def blocks(text):
    """List the fenced blocks of a page, each with the lines inside; blocks may hold blocks."""
    opened, closed = [], []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        inside = opened[-1] if opened else None
        if fence and inside and not fence[2] and fence[1].startswith(inside[0]):
            closed.append(opened.pop()[1])
        elif fence and fence[2] and not (inside and not SPOKEN.match(inside[1].head)):
            opened.append((fence[1], Block(number, fence[2], [])))
        for _, block in opened:
            block.body.append((number, line))
    return sorted(closed)


def prose(text):
    """Yield the lines that a reader takes for text: sentences, titles, claims, formulas."""
    code = {n for b in blocks(text) if not SPOKEN.match(b.head) for n, _ in b.body}
    front = text.split("---\n", 2)[1].count("\n") + 2 if text.startswith("---\n") else 0
    for number, line in enumerate(text.splitlines(), 1):
        if number > front and number not in code:
            yield number, SILENT.sub("", line)


def captions(text):
    """Yield what the cells of a page say in words: the constants of captions and descriptions."""
    for block in blocks(text):
        if block.head.startswith("{code-cell}"):
            cell = [line for _, line in block.body[1:] if not line.startswith(":")]
            for call in ast.walk(ast.parse("\n".join(cell))):
                if isinstance(call, ast.keyword) and call.arg in {"alt", "caption"}:
                    parts = [c.value for c in ast.walk(call) if isinstance(c, ast.Constant)]
                    yield block.line, " ".join(map(str, parts))


def typed(text):
    """List the figures of a page that somebody typed, with their lines."""
    lines = [*prose(text), *captions(text)]
    return [(number, line.strip()) for number, line in lines if FIGURE.search(line)]


def named(text, directive):
    """List what a directive names on a page: its argument, or its label when it has one."""
    found = [block for block in blocks(text) if block.head.startswith(f"{{{directive}}}")]
    for block in found:
        labels = [line.split(":", 2)[2] for _, line in block.body if line.startswith(":label:")]
        yield (labels or [block.head.partition("}")[2]])[0].strip()


@pytest.fixture(params=topics.topics(), scope="module")
def name(request):
    """Each topic of the book."""
    return request.param


@pytest.fixture(scope="module")
def topic_tests(name):
    """The tests of a topic, as syntax trees, in their order."""
    source = (topics.ROOT / f"tests/test_{name}.py").read_text(encoding="utf-8")
    return [t for t in ast.parse(source).body if getattr(t, "name", "").startswith("test_")]


@pytest.fixture(scope="module")
def chapter(name, topic_tests):
    """The page of a topic, the names of its claims, the names of its exercises."""
    page = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    scored = scored_tests(name)
    tests = [test.name for test in topic_tests if test.name not in scored]
    return page, tests, [exercise.name for exercise in scored.values()]


def test_the_table_of_contents_is_the_book():
    """Every page of the table exists, every page of the folder is in the table, once."""
    written = {f"book/{path.stem}" for path in BOOK.glob("*.md")}
    assert sorted(PAGES) == sorted(written)


@pytest.mark.parametrize("page", PAGES)
def test_no_figure_is_typed_by_hand(page):
    """Decimals and percentages come from cells, results and tests."""
    text = (topics.ROOT / f"{page}.md").read_text(encoding="utf-8")
    assert [f"{page}.md:{number}: {line}" for number, line in typed(text)] == []


@pytest.mark.parametrize("page", PAGES)
def test_cells_are_short(page):
    """A cell has at most eight lines; what is longer belongs in a module."""
    text = (topics.ROOT / f"{page}.md").read_text(encoding="utf-8")
    cells = [block for block in blocks(text) if block.head.startswith("{code-cell}")]
    code = {
        b.line: [line for _, line in b.body[1:] if line.strip() and line[0] != ":"] for b in cells
    }
    assert [f"{page}.md:{line}" for line, body in code.items() if len(body) > 8] == []


def claimed(page):
    """List the tests that a page names, in its order: in theorems and marks."""
    names = [name for line in CLAIM.findall(page) for name in line.split()]
    return [name for name in names if "::" not in name]


def test_every_claim_of_a_chapter_is_on_its_page(chapter):
    """The page names each test of its topic, in a theorem or a mark of its sentence."""
    page, tests, _ = chapter
    assert sorted(claimed(page)) == sorted(tests)


def test_a_chapter_has_at_most_eight_boxes(chapter):
    """What is proved in prose stands in a box; what is checked or tested has a mark."""
    page, *_ = chapter
    assert len(list(named(page, "theorem"))) <= 8


@pytest.mark.parametrize("page", PAGES)
def test_every_box_has_its_proof(page):
    """A theorem is proved where it stands."""
    text = (topics.ROOT / f"{page}.md").read_text(encoding="utf-8")
    assert text.count("{proof}") == len(list(named(text, "theorem")))


def test_a_chapter_has_its_head_and_its_table(chapter):
    """It begins with question and prerequisites, and ends with the same thing elsewhere."""
    page, *_ = chapter
    assert page.count("```{chapter-head}") == 1
    _, below = page.split("| here | PyTorch | JAX |")
    table = below.partition("\n\n")[0].splitlines()[2:]
    rows = [re.split(r"(?<!\\)\|", row)[1:-1] for row in table]
    assert rows
    for column in zip(*rows, strict=True):  # no library without a call
        assert "".join(column).strip()


def test_exercises_take_the_time_that_the_head_says(chapter):
    """The minutes of a chapter's exercises add up; the first two take five each."""
    page, *_ = chapter
    minutes = [int(number) for number in re.findall(r"^:minutes: (\d+)$", page, re.MULTILINE)]
    assert minutes[:2] == [5, 5]
    assert sum(minutes) == int(re.search(r"^  exercises: (\d+)$", page, re.MULTILINE)[1])


def test_a_figure_in_a_claim_is_in_its_proof(topic_tests):
    """What a docstring says in decimals, the test below it says in code."""
    strange = {}
    for test in topic_tests:
        said = re.findall(r"\d+\.\d+(?:e-?\d+)?", ast.get_docstring(test) or "")
        used = {c.value for part in [*test.decorator_list, *test.body[1:]] for c in constants(part)}
        strange[test.name] = [figure for figure in said if float(figure) not in used]
    assert {name: figures for name, figures in strange.items() if figures} == {}


def constants(tree):
    """Yield the numbers of a piece of code."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return (node for node in found if isinstance(node.value, int | float))


def test_every_exercise_of_a_chapter_is_on_its_page(chapter):
    """The exercises are the marked tests, and each has its solution below it."""
    page, _, exercises = chapter
    stated = list(named(page, "exercise"))
    assert sorted(stated) == sorted(set(exercises))
    assert sorted(named(page, "solution")) == sorted(stated)


@pytest.mark.parametrize(
    "text",
    [
        "The accuracy is 0.52.",
        "It is right in 52 % of the cases.",
        "Right in $52\\%$ of the cases.",
        "$$\nL = 2.302\n$$",
        "```{theorem} Bound\nThe loss is $1.38$.\n```",
        "````{exercise} Reach 0.5\n```python\n1\n```\n````",
        '```{code-cell} ipython3\nshow(f, alt="x", caption=f"{a} of 0.5")\n```',
    ],
)
def test_a_typed_figure_is_noticed(text):
    """In a sentence, a formula, a theorem, a title or a caption."""
    assert typed(text)


@pytest.mark.parametrize(
    "text",
    [
        "The accuracy is {result}`a:b:.3f`, for `momentum=0.9`.",
        "```python\nrate = 0.5\n```",
        "````{solution} a\n```{literalinclude} /a.py\n:dedent: 4.0\n```\n````",
        "Two layers, ten classes, 49,000 images, half: $\\tfrac{1}{2}$.",
        '```{code-cell} ipython3\nshow(f(0.5), alt="x", caption=f"{a:.2f} of one")\n```',
    ],
)
def test_code_may_hold_any_number(text):
    """What a program says, or a result, is no figure typed by hand."""
    assert not typed(text)


@pytest.fixture(scope="module")
def terms():
    """The extension that makes the index from the glossary."""
    pytest.importorskip("sphinx", reason="install the extra `book`")
    spec = importlib.util.spec_from_file_location("terms", BOOK / "_ext/terms.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bold(page):
    """List what a page has in bold, but for words with a full stop that open a paragraph."""
    text = "\n".join(line for _, line in prose(page))
    found = (" ".join(words.split()) for words in re.findall(r"\*\*([^*]+)\*\*", text))
    return [words for words in found if not words.endswith(".")]


@pytest.mark.parametrize("page", ["ground", *topics.topics()])
def test_every_term_in_bold_is_in_the_glossary(page, terms):
    """So each has its entry in the index, too."""
    forms = {form for term in terms.glossary(topics.ROOT) for form in terms.forms(term)}
    text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
    assert len(bold(text)) >= 5
    assert [words for words in bold(text) if words.lower() not in forms] == []


def test_every_glossary_term_is_marked_on_its_page(terms):
    """In bold or italics, on the page that its entry names: there the index points."""
    unmarked = []
    for term, page in terms.glossary(topics.ROOT).items():
        text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
        marked = re.findall(r"\*\*?([^*\n]+(?:\n[^*\n]+)?)\*\*?", text)
        spoken = {" ".join(words.lower().rstrip(".").split()) for words in marked}
        unmarked += [] if spoken & terms.forms(term) else [term]
    assert unmarked == []


def test_the_glossary_is_in_alphabetical_order(terms):
    """Whoever looks a term up knows where to look."""
    names = [term.lower() for term in terms.glossary(topics.ROOT)]
    assert len(names) > 80
    assert names == sorted(names)


@pytest.mark.parametrize("page", topics.topics())
def test_every_chapter_says_what_it_asks_needs_and_takes(page):
    """In its front matter."""
    yaml = pytest.importorskip("yaml", reason="install the extra `book`")
    text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
    chapter = yaml.safe_load(text.split("---\n", 2)[1])["chapter"]
    assert chapter.keys() == {"question", "needs", "difficulty", "exercises"}
    assert all((BOOK / f"{name}.md").exists() for name in chapter["needs"])
    assert chapter["question"].endswith("?")
    assert chapter["difficulty"] in {1, 2, 3}
