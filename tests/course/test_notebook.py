"""Notebooks: an exercise and its notebook are two views of one text."""

import json
import os

import pytest

from dlcore.course.exercises import skeleton
from dlcore.course.practice.notebook import notebook

pytest.importorskip("jupytext")


@pytest.fixture
def path(clone):
    """The file of exercises, as it was cut, and its notebook."""
    skeleton.exercises()
    notebook("sample")
    return clone / "exercises/sample.py"


def cells(path):
    """List the texts of a notebook's cells."""
    pages = json.loads(path.with_suffix(".ipynb").read_text())
    return ["".join(cell["source"]) for cell in pages["cells"]]


def test_every_exercise_is_a_cell_of_its_own(path):
    """One for each function, and one at the end that checks them."""
    texts = cells(path)
    assert sum(text.startswith("def ") for text in texts) == 2
    assert texts[-1] == "!dlcore check sample"


def test_the_file_is_left_as_it_was_cut(path):
    """Pairing writes nothing into it: it still counts as untouched."""
    assert path.read_text() == skeleton.cut("sample")


def test_what_is_written_in_the_notebook_reaches_the_file(path):
    """And the other answers stay."""
    page = path.with_suffix(".ipynb")
    hole = 'raise NotImplementedError(\\"which operator drops the remainder?\\")'
    assert hole in page.read_text()
    page.write_text(page.read_text().replace(hole, "half = size // 2"))
    os.utime(page, (path.stat().st_atime + 2, path.stat().st_mtime + 2))
    notebook("sample")
    assert "half = size // 2" in path.read_text()
    assert path.read_text().startswith(skeleton.cut("sample").partition("\n")[0])


def test_what_is_written_in_the_file_reaches_the_notebook(path):
    """The newer of the two is copied."""
    path.write_text(path.read_text().replace("half = None", "half = 7"))
    page = path.with_suffix(".ipynb")
    os.utime(path, (page.stat().st_atime + 2, page.stat().st_mtime + 2))
    notebook("sample")
    assert any("half = 7" in text for text in cells(path))


def test_a_topic_must_be_known_to_have_a_notebook(clone):
    """The topics are named."""
    with pytest.raises(ValueError, match="topic is loss, choose one of sample"):
        notebook("loss")
