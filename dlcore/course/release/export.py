"""Write the course as students get it: the book, the library, the tests, and no answers.

Exercises are cut anew, so that nobody's own answers go out. A topic that somebody has added to
a release goes out with the others, which have no solutions there to be cut. Left behind are
solutions, wrong answers, the tests of the house itself, and what programs leave lying. The
pages lose their blocks ``{solution}`` and the sentences about unfolding one; hints and cuts are
carried along.
"""

import json
import re
import shutil
from pathlib import Path

from dlcore.course.exercises import topics
from dlcore.course.exercises.hints import release_file
from dlcore.course.exercises.skeleton import LEFT_OVER, RELEASE_FILE

FILES = ("README.md", "LICENSE", "CITATION.cff", "Makefile", "pyproject.toml", "uv.lock",
         "_toc.yml", "_config.yml", ".gitignore")  # fmt: skip
FOLDERS = ("book", "dlcore")
BLOCK = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{solution\}.*?^(?P=fence) *$\n{0,2}", re.MULTILINE | re.DOTALL
)
ABOUT = re.compile(r"(?<=\.)\s[^.]*\b(?:unfold its solution|solution only when you unfold it)\.")
ROOM = re.compile(r"^solutions/.*\n", re.MULTILINE)  # a line of a list of files
QUOTE = re.compile(r"(?:\{tested\}|:check:|:tests:) .*")
QUOTED = re.compile(r"(\w+)::test_")
INCLUDED = re.compile(r"/tests/(test_\w+)\.py")
CLAIM = re.compile(r"\{(?:tested|theorem)\}")
GENERATED = ("__pycache__", "_build", ".ipynb_checkpoints", ".pytest_cache", "node_modules")


def release(folder):
    """Write the course into `folder`, which must not exist yet."""
    folder = Path(folder)
    topic_names = topics.topics()
    if folder.exists():
        raise ValueError(f"release: {folder} exists, name a folder that does not")
    if not (topics.ROOT / "solutions").is_dir():
        raise ValueError("release: there are no solutions here, so this is a release already")
    for path in copied_files(topic_names):
        target = folder / path.relative_to(topics.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            page = without_solutions(path.read_text(encoding="utf-8"))
            target.write_text(page, encoding="utf-8", newline="\n")
        else:
            shutil.copyfile(path, target)

    (folder / "exercises").mkdir()
    carried = release_file(topic_names)
    (folder / RELEASE_FILE).write_text(carried, encoding="utf-8")
    for topic, text in cuts(carried).items():
        (folder / f"exercises/{topic}.py").write_text(text, encoding="utf-8", newline="\n")
    refuse_marks(folder)
    print(f"{folder} is the course of {len(topic_names)} topics without its solutions")


def without_solutions(page):
    """Return a page without solutions, and without words about them.

    >>> without_solutions("Answer here. Do not yet unfold its solution.")
    'Answer here.'
    """
    return ROOM.sub("", ABOUT.sub("", BLOCK.sub("", page)))


def cuts(carried):
    """Read the cut files out of what a release carries."""
    return json.loads(carried)["cuts"]


def copied_files(topic_names):
    """List the files that are copied as they are."""
    files = [topics.ROOT / name for name in FILES]
    whole = [path for name in FOLDERS for path in sorted((topics.ROOT / name).rglob("*"))]
    tests = sorted((topics.ROOT / "tests").rglob("*.py"))
    named = {f"test_{topic}" for topic in topic_names} | quoted_tests()
    helpers = [
        topics.ROOT / f"tests/{name}.py" for name in ("conftest", "comparing", "longest_first")
    ]
    return [path for path in files + whole if is_source(path)] + [
        path for path in tests if path.stem in named or path in helpers
    ]


def quoted_tests():
    """Name the files of tests that pages quote: each its own, and others by name."""
    pages = {path.stem: path.read_text(encoding="utf-8")
             for path in (topics.ROOT / "book").glob("*.md")}  # fmt: skip
    own = {f"test_{name}" for name, page in pages.items() if CLAIM.search(page)}
    quotes = [line for page in pages.values() for line in QUOTE.findall(page)]
    quoted = {f"test_{topic}" for line in quotes for topic in QUOTED.findall(line)}
    return own | quoted | {name for page in pages.values() for name in INCLUDED.findall(page)}


def is_source(path):
    """Tell whether a file is one of ours, and no leaving of a program."""
    return path.is_file() and not set(path.relative_to(topics.ROOT).parts) & set(GENERATED)


def refuse_marks(folder):
    """Refuse a release in which the marks of a solution are left."""
    for path in sorted((folder / "exercises").glob("*.py")):
        if LEFT_OVER.search(path.read_text(encoding="utf-8")):
            raise ValueError(f"release: exercises/{path.name} holds marks of its solution")
