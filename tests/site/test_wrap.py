"""Long lines on a page: docstrings are filled anew, code stays what it is and goes on below."""

import ast
import importlib.util

import pytest

from dlcore.course.exercises.topics import ROOT


@pytest.fixture(scope="module")
def wrap():
    """The extension of the book."""
    spec = importlib.util.spec_from_file_location("wrap", ROOT / "book/_ext/wrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
