"""Long lines on a page: docstrings are filled anew, code stays what it is and goes on below."""

import ast
import re

import pytest

from dlcore.course.exercises.topics import ROOT
from tests.site.extensions import load_program


@pytest.fixture(scope="module")
def wrap():
    """The extension of the book."""
    return load_program("_ext/wrap")


def meaning(source):
    """Return the syntax tree of a program, but for the white space in its strings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = " ".join(node.value.split())
    return ast.dump(tree)


@pytest.mark.parametrize("pattern", ["dlcore/**/*.py", "solutions/*.py", "tests/test_*.py"])
def test_filling_docstrings_changes_white_space_only(wrap, pattern):
    """For every file from which a page may include: the same program, with the same words."""
    sources = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern))]
    filled = [wrap.filled(source) for source in sources]
    assert filled != sources
    assert [meaning(source) for source in filled] == [meaning(source) for source in sources]


def test_sentences_are_filled_and_formulas_kept(wrap):
    """Words go over to the next line; an example, a table and an indented formula stay."""
    sentence = "    " + "Words of a sentence. " * 5
    kept = "    >>> " + "x + " * 20 + "x\n\n    a    " + "b " * 40
    text = f'"""A title.\n\n{sentence}\n\n{kept}\n"""'
    lines = wrap.filled(text).splitlines()
    assert max(map(len, lines[2:4])) <= 74
    assert kept in wrap.filled(text)


def test_every_line_of_a_listing_is_a_block_with_its_indentation(wrap):
    """What is copied from the page is the program: no character is lost or added."""
    html = "<pre><span></span>if x:\n    <b>y</b>\n\n</pre>"
    wrapped = wrap.lines_as_blocks(html)
    assert wrapped.count('<span class="line"') == 3
    assert "--indent:4ch" in wrapped
    assert wrap.TAG.sub("", wrapped) == wrap.TAG.sub("", html)


def test_names_break_at_their_joints_in_tables_only(wrap):
    """In a sentence a short name stays in one piece, and no character is lost or added."""
    name = '<code><span class="pre">jax.lax.conv_transpose</span></code>'
    html = f"<p>{name}</p><table><td>{name}</td></table>"
    made = wrap.names_in_pieces(html)
    sentence, table = made.split("<table>")
    assert sentence.count("<wbr>") == 0
    assert 'class="pre short"' in sentence
    assert table.count("<wbr>") == 3
    assert wrap.TAG.sub("", made) == wrap.TAG.sub("", html)


def test_marks_for_the_formatter_are_left_out(wrap):
    """A listing does not show what only the formatter reads."""
    assert wrap.FORMATTER.sub("", "x = [1]  # fmt: skip") == "x = [1]"


def test_a_sentence_with_a_formula_is_filled(wrap):
    """Formulas that stand on lines of their own stay there."""
    sentence = (
        "    Block after block computes  x + a x,  with the numbers a > 0 in a list (L,). Then,"
    )
    filled = wrap.filled(f'"""A title.\n\n{sentence}\n    it goes on.\n"""')
    assert max(map(len, filled.splitlines())) <= 74
    assert "  x + a x,  " in filled
    formulas = 2 * ("    y[n]  =  " + "x + " * 18 + "x\n")
    assert formulas in wrap.filled(f'"""A title.\n\n{formulas}"""')


def test_a_formula_on_its_own_line_is_kept(wrap):
    """It stands further in than the text, and no line of words is made of it."""
    formula = "        y[n, f, p] = Σ_{c, u, v} x[n, c, p s + u - r, q s + v - r] w[f, c, u, v]"
    assert len(formula) > wrap.WIDTH
    sentence = "    " + "Words of a sentence. " * 5
    for text in (f"{formula}\n\n{sentence}\n    ", f"{sentence}\n\n{formula}", f"{formula}\n    "):
        docstring = f'    """A title.\n\n{text}"""'
        assert formula in wrap.filled(docstring)
        assert sentence not in wrap.filled(docstring)


@pytest.fixture(scope="module")
def stack():
    """The extension for wide tables."""
    return load_program("_ext/stack")


@pytest.mark.parametrize("columns", [3, 4, 6])
def test_each_cell_of_a_wide_table_names_its_column(stack, columns):
    """From four columns on; in two rows, of which one has less cells; all else stays."""
    names = "abcdef"[:columns]
    heads = "".join(f'<th class="head"><p>{name}</p></th>' for name in names)
    rows = [names, names[:-1]]
    body = "".join(f"<tr>{''.join(f'<td>{name}</td>' for name in row)}</tr>" for row in rows)
    html = f'<table class="table"><tr>{heads}</tr>{body}</table><table class="x"></table>'
    found = stack.stacked(html)
    assert ("data-head" in found) == (columns >= 4)
    named = [(head, cell) for head, cell in re.findall(r'<td data-head="(.)">(.)</td>', found)]
    assert named == ([(name, name) for row in rows for name in row] if columns >= 4 else [])
    assert re.sub(r' data-head="."', "", found) == html
    assert stack.stacked(found) == found
