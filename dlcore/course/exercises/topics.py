"""Read the order of the book, and walk one column of it.

A topic is one file name, repeated in every room that it needs. The book's table of
contents names the topics; the file tree says which rooms they have.
"""

import ast
import re
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[3]

# A column from left to right: question, formula, programs by floor, exercise, proof, answer.
ROOMS = (
    "book/{}.md",
    "dlcore/formulas/{}.py",
    "dlcore/formulas/quadratic/{}.py",
    "dlcore/kernels/{}.py",
    "dlcore/autodiff/{}.py",
    "dlcore/ops/{}.py",
    "dlcore/nn/{}.py",
    "dlcore/nn/models/{}.py",
    "dlcore/{}.py",
    "dlcore/data/{}.py",
    "dlcore/train/{}.py",
    "dlcore/experiments/{}.py",
    "dlcore/benchmarks/{}.py",
    "dlcore/verification/programs/{}.py",
    "exercises/{}.py",
    "tests/test_{}.py",
    "solutions/{}.py",
)
PART = re.compile(r"^ *- caption:", re.MULTILINE)
NUMBERED = re.compile(r"^ *numbered: *(true|\d+) *$", re.MULTILINE | re.IGNORECASE)
PAGE = re.compile(r"^ *- file: *(\S+)", re.MULTILINE)


def topics():
    """List the topics in reading order: the pages of the numbered parts of `_toc.yml`."""
    _, *parts = PART.split((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [page for part in parts if NUMBERED.search(part) for page in PAGE.findall(part)]
    return [Path(page).stem for page in pages]


def require(topic, *, by):
    """Return `topic` when the book has it; otherwise name the topics that it has."""
    if topic not in topics():
        near = get_close_matches(topic, topics(), n=1)
        remedy = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(topics())}"
        raise ValueError(f"{by}: topic is {topic}, {remedy}")
    return topic


def column(topic):
    """List the files that carry `topic`, from the chapter to the solution."""
    paths = [ROOT / room.format(topic) for room in ROOMS]
    return [path for path in paths if path.exists()]


def first_line(path):
    """Return what a file says it is: a page's heading, or the first line of a docstring."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        heading = re.search(r"^# +(.+)$", source, re.MULTILINE)
        return heading[1].strip() if heading else ""
    try:
        return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    except SyntaxError:
        return ""


def walk(topic: str):
    """List every file that carries TOPIC, from the chapter down to the solution."""
    paths = {path.relative_to(ROOT).as_posix(): path for path in column(require(topic, by="walk"))}
    width = max(map(len, paths), default=0)
    console = Console(highlight=False)
    for name, path in paths.items():
        line = Text.assemble(name.ljust(width), "  ", (first_line(path), "bright_black"))
        console.print(line, soft_wrap=True)
