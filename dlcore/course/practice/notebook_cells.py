"""The cells of a notebook of exercises: formulas, text, answers, and a check after each.

A notebook has the format of Jupyter, version 4.5: a dictionary that is written as JSON. Cells that
hold answers carry a name in their metadata; what is in them is what is in the file.
"""

import ast
import re

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.exercises.named import section
from dlcore.course.exercises.skeleton import exercises_in, fingerprint
from dlcore.course.practice.reach import blocks, bound, parsed

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
EXERCISE = re.compile(
    r"^(?P<fence>`{3,})\{exercise\} *(?P<title>.*)\n:label: (?P<label>[\w-]+)\n"
    r"(?P<text>(?:.*\n)*?)(?P=fence) *$",
    re.MULTILINE,
)
NESTED = re.compile(r"^`{3}\{.*?^`{3} *$\n?", re.MULTILINE | re.DOTALL)
MATH = re.compile(r"\{math\}`([^`]*)`")
ROLE = re.compile(r"\{[\w:]+\}`([^`<]*?)(?: *<[^`]*>)?`")
BETWEEN = "\n\n\n"  # blocks of a file
HOW_TO = """\
Write your answers here, or in `exercises/{}.py`: it is one text. Save the notebook before you run a
check; the check copies the answers to the file. Cells of your own that compute something are left
out of it.
"""


def pieces(source):
    r"""Cut a file of answers into what stands above its first statement, and its blocks.

    Neighbouring imports and assignments are one block; every function and class is one.

    >>> pieces("# Cut.\n'Exercises.'\n\nimport ast\nimport re\n\n\ndef f():\n    return 1\n")
    ("# Cut.\n'Exercises.'", ['import ast\nimport re', 'def f():\n    return 1'])
    """
    above, found = [], []
    joins = False
    for block in cut_at_statements(source):
        nodes = parsed(block)
        plain = all(not isinstance(node, ast.FunctionDef | ast.ClassDef) for node in nodes)
        if not found and all(is_text(node) for node in nodes):
            above.append(block)
        elif joins and plain and nodes:
            found[-1] += block
        else:
            found.append(block)
        joins = plain and bool(nodes) and bool(found)
    return "".join(above).strip("\n"), [block.strip("\n") for block in found]


def joined(above, found):
    """Put together again what `pieces` has cut."""
    first = "\n\n" if above and not found[0].startswith(("def", "class", "@")) else BETWEEN
    return (above + first + BETWEEN.join(found)).strip("\n") + "\n"


def cut_at_statements(source):
    """Cut a text at its top-level statements, or at its margin where it is no Python."""
    try:
        nodes = ast.parse(source).body
    except (SyntaxError, ValueError):
        return blocks(source)
    lines = source.splitlines(keepends=True)
    marks = lambda node: getattr(node, "decorator_list", [])
    starts = [min([node.lineno, *(m.lineno for m in marks(node))]) - 1 for node in nodes]
    ends = [*starts[1:], len(lines)]
    first = "".join(lines[: starts[0]]) if starts else source
    cut = ["".join(lines[i:j]) for i, j in zip(starts, ends, strict=True)]
    return [first + cut[0], *cut[1:]] if cut else [first]


def is_text(node):
    """Tell whether a statement is a string alone, such as the docstring of a file."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def name_of(block):
    """Name a block by what it defines first; imports are what stands at the beginning."""
    names = [name for node in parsed(block) for name in sorted(bound(node))]
    match = re.match(r"(?:@.*\n)*(?:def|class) +(\w+)", block)
    return match[1] if match else names[0] if names else "beginning"


def cells_of(topic, source, formulas=()):
    """Make the cells of a topic from the text of its file, and formulas in LaTeX."""
    exercises = {exercise.name: exercise for exercise in exercises_of(topic)}
    labels = {name.partition(".")[0]: label for label, name in exercises_in_parts(source).items()}
    texts = {m["label"]: m for m in EXERCISE.finditer(page_of(topic))}
    cells = [markdown("title", introduction(topic, formulas))]
    for block in pieces(source)[1]:
        name = name_of(block)
        label = labels.get(name)
        if label in texts:
            cells.append(markdown(f"text-{name}", text_of(exercises[label], texts[label])))
        cells.append(code(name, block))
        if label in exercises:
            cells.append(code(f"check-{name}", f"!dlcore check {label}", answers=False))
    return cells


def exercises_in_parts(source):
    """Map exercises to what answers them, also in a file that is no Python as a whole."""
    found = {}
    for block in pieces(source)[1]:
        try:
            found |= exercises_in(block)
        except SyntaxError:
            labels = re.findall(r'"""Exercise ([\w-]+)\.', block)
            found |= dict.fromkeys(labels, name_of(block))
    return found


def page_of(topic):
    """Read the chapter of a topic; a course may be without it."""
    path = topics.ROOT / f"book/{topic}.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def introduction(topic, formulas):
    """Write the first cell: what the notebook is, and the formulas of the chapter."""
    heading = topics.first_line(topics.ROOT / f"book/{topic}.md") if page_of(topic) else topic
    lines = [f"# Exercises: {heading}\n", HOW_TO.format(topic)]
    lines += ["The formulas of the chapter:\n"] if formulas else []
    return "\n".join([*lines, *(f"$${latex}$$\n" for latex in formulas)])


def text_of(exercise, found):
    """Write what the chapter says of an exercise, in the Markdown that Jupyter knows."""
    text = NESTED.sub("", found["text"])
    text = ROLE.sub(r"\1", MATH.sub(r"$\1$", text)).strip()
    points = f"{exercise.points} point{'' if exercise.points == 1 else 's'}"
    heading = section(exercise.topic, exercise.name)
    where = f"book/{exercise.topic}.md{f', {heading}' if heading else ''}"
    return f"## {found['title']}\n\n{text}\n\n`{exercise.name}`, {points}, {where}"


def markdown(name, text):
    """Make a cell of text."""
    return {"cell_type": "markdown", "id": name[:64], "metadata": {}, "source": text}


def code(name, text, *, answers=True):
    """Make a cell of code; one of answers carries its name."""
    metadata = {"dlcore": name} if answers else {}
    return {
        "cell_type": "code", "id": name[:64], "metadata": metadata, "source": text,
        "execution_count": None, "outputs": [],
    }  # fmt: skip


def answers_in(cells):
    """List the code of a notebook that belongs into the file.

    These are the cells that came from it, and cells of the reader's own that only define.
    """
    texts = [
        (cell, source if isinstance(source := cell.get("source", ""), str) else "".join(source))
        for cell in cells
        if cell.get("cell_type") == "code"
    ]
    chosen = [text for cell, text in texts if "dlcore" in cell.get("metadata", {}) or defines(text)]
    return [text.strip("\n") for text in chosen if text.strip()]


def defines(text):
    r"""Tell whether a cell holds definitions only: functions, classes, imports.

    >>> defines("def f():\n    return 1"), defines("f()"), defines("x = f()"), defines("!ls")
    (True, False, False, False)
    """
    definitions = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    nodes = parsed(text)
    return bool(nodes) and all(isinstance(node, definitions) for node in nodes)


def fingerprint_of(codes):
    """Condense the blocks of a file, or the cells of a notebook, to a fingerprint."""
    return fingerprint(BETWEEN.join(text.strip() for text in codes))
