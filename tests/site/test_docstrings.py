"""Docstrings on a page: tables are tables, formulas keep their lines, and sentences run on."""

import ast

import pytest
from docutils import nodes

from dlcore.course.exercises.topics import ROOT
from tests.site.extensions import load_program

TABLE = """A title.

======  =======  =====================
name    shape    what
======  =======  =====================
w       (D, M)   drawn from N(0, 2/D),
                 as `he` does [He2015]_
b       (M,)     zero
======  =======  =====================
"""


@pytest.fixture(scope="module")
def docstring():
    """The extension of the book."""
    return load_program("_ext/docstring")


def test_a_table_has_heads_rows_and_cells(docstring):
    """A row of two lines is one row; code and citations are what they are in a sentence."""
    _, table = docstring.paragraphs(TABLE)
    rows = [[cell.astext() for cell in row.children] for row in table.findall(nodes.row)]
    assert rows == [
        ["name", "shape", "what"],
        ["w", "(D, M)", "drawn from N(0, 2/D), as he does [He2015]"],
        ["b", "(M,)", "zero"],
    ]
    assert len(list(table.findall(nodes.thead))) == 1
    assert [code.astext() for code in table.findall(nodes.literal)] == ["w", "he", "b"]


def test_a_sentence_with_a_formula_runs_on(docstring):
    """Two spaces set a formula off; the lines around it are filled as any others."""
    text = (
        "A title.\n\nDistances are Euclidean,  d = ‖x - y‖,  of\nclasses that are equally frequent."
    )
    _, block = docstring.paragraphs(text)
    assert isinstance(block, nodes.paragraph)


def test_formulas_one_a_line_keep_their_lines(docstring):
    """So does what is indented; code in it is code."""
    text = "A title.\n\nm ← β m + g,   s ← β s + g²\nw ← w - η m\n\n    `w` stays\n"
    _, formulas, indented = docstring.paragraphs(text)
    assert [line.astext() for line in formulas.children][1] == "w ← w - η m"
    assert isinstance(indented, nodes.line_block)
    assert "`" not in indented.astext()


def test_no_docstring_of_the_library_shows_its_marks(docstring):
    """For every public name: neither rules of tables nor quotes of code are left over."""
    texts = [
        ast.get_docstring(node) or ""
        for path in sorted(ROOT.glob("dlcore/**/*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
    ]
    blocks = [block for text in texts for block in docstring.paragraphs(text)]
    shown = [block.astext() for block in blocks if not isinstance(block, nodes.literal_block)]
    assert len(shown) > 1000
    assert [text for text in shown if "`" in text or "===" in text] == []
