"""Notebooks: an exercise and its notebook are two views of one text."""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dlcore.course.exercises import skeleton, topics
from dlcore.course.practice.check import check
from dlcore.course.practice.notebook import notebook, open_in_jupyter, synchronise
from dlcore.course.practice.notebook_cells import answers_in, cells_of, joined, pieces
from dlcore.verification.printed import latex_of_page

HOLE = 'raise NotImplementedError("which operator drops the remainder?")'
PAGE = """# Sample

## Powers

```{exercise} Shares
:label: sample-softmax
Write `softmax`, so that {math}`Σ y = 1`. See {doc}`loss`.
```
"""


@pytest.fixture
def path(clone):
    """The file of exercises, as it was cut, and its notebook."""
    skeleton.exercises()
    (clone / "book").mkdir()
    (clone / "book/sample.md").write_text(PAGE)
    notebook("sample", lambda topic: [r"y = \frac{1}{2}"])
    return clone / "exercises/sample.py"


def read(path):
    """Read the notebook of a file."""
    return json.loads(path.with_suffix(".ipynb").read_text())


def edit(path, old, new):
    """Replace a part of a notebook's code, as a reader would."""
    pages = read(path)
    for cell in pages["cells"]:
        cell["source"] = cell["source"].replace(old, new)
    path.with_suffix(".ipynb").write_text(json.dumps(pages))


def test_a_notebook_has_formulas_text_answers_and_a_check_after_each(path):
    """In the order of the file: what the chapter says, the hole, the check."""
    kinds = [(cell["cell_type"], cell["source"]) for cell in read(path)["cells"]]
    texts = [text for _, text in kinds]
    assert r"$$y = \frac{1}{2}$$" in texts[0]
    assert texts[1] == "import numpy as np"
    assert texts[2].startswith("## Shares\n\nWrite `softmax`, so that $Σ y = 1$. See loss.")
    assert texts[2].endswith("`sample-softmax`, 2 points, book/sample.md, Powers")
    assert texts[3].startswith("def softmax")
    assert texts[4] == "!dlcore check sample-softmax"
    assert texts[-1] == "!dlcore check sample-halves"


def test_a_notebook_is_one_that_jupyter_accepts(path):
    """The format's own validator finds nothing."""
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(path.with_suffix(".ipynb"), as_version=4))


def test_the_file_is_left_as_it_was_cut(path):
    """A notebook writes nothing into it: it still counts as untouched."""
    synchronise("sample")
    assert path.read_text() == skeleton.cut("sample")


@pytest.mark.parametrize("topic", topics.topics())
def test_a_file_is_the_answers_of_its_notebook(topic):
    """Cut into cells and put together again, it is the same text."""
    source = (topics.ROOT / f"exercises/{topic}.py").read_text(encoding="utf-8")
    above, found = pieces(source)
    assert joined(above, found) == source
    assert answers_in(cells_of(topic, source)) == found


def test_what_is_written_in_the_notebook_reaches_the_file(path, capsys):
    """With the check that follows, or with the command; the other answers stay."""
    edit(path, HOLE, "half = size // 2")
    check("sample-halves")
    assert "✓ sample-halves" in capsys.readouterr().out
    assert path.read_text() == skeleton.cut("sample").replace(HOLE, "half = size // 2")


def test_what_is_written_in_the_file_reaches_the_notebook(path):
    """Its texts and its checks stay."""
    count = len(read(path)["cells"])
    path.write_text(
        path.read_text().replace("half = None", "half = 7") + "\n\ndef helper(): pass\n"
    )
    synchronise("sample")
    texts = [cell["source"] for cell in read(path)["cells"]]
    assert any("half = 7" in text for text in texts)
    assert texts[count:] == ["def helper(): pass"]


def test_where_both_have_changed_nothing_is_written(path):
    """And the reader is told, by every command that would run the answers."""
    edit(path, HOLE, "half = size // 2")
    path.write_text(path.read_text().replace("half = None", "half = 7"))
    before = path.read_text(), path.with_suffix(".ipynb").read_text()
    with pytest.raises(ValueError, match="have both changed, remove the one"):
        check("sample")
    assert (path.read_text(), path.with_suffix(".ipynb").read_text()) == before


def test_cells_of_the_readers_own_reach_the_file_if_they_define(path):
    """A helper does; a trial, a magic and a plot do not."""
    pages = read(path)
    for text in ("def helper():\n    return 2", "softmax(np.zeros((2, 2)))", "%matplotlib inline"):
        pages["cells"].append({"cell_type": "code", "metadata": {}, "source": text})
    path.with_suffix(".ipynb").write_text(json.dumps(pages))
    synchronise("sample")
    assert path.read_text() == skeleton.cut("sample") + "\n\ndef helper():\n    return 2\n"


def test_an_answer_that_is_no_python_reaches_the_file_all_the_same(path, capsys):
    """So that the check can say what is wrong with it."""
    edit(path, HOLE, "half = size //")
    check("sample-halves")
    assert "half = size //" in path.read_text()
    assert "import" in capsys.readouterr().out


def test_a_notebook_that_cannot_be_read_is_named(path):
    """With its remedy."""
    path.with_suffix(".ipynb").write_text("{")
    with pytest.raises(ValueError, match=r"sample.ipynb is no notebook \(JSONDecodeError\)"):
        synchronise("sample")


def test_a_topic_must_be_known_to_have_a_notebook(clone):
    """The topics are named."""
    with pytest.raises(ValueError, match="topic is loss, choose one of sample"):
        notebook("loss")


def test_the_formulas_of_a_notebook_are_those_of_the_page():
    """The first of the chapter on losses is that of softmax."""
    assert r"\frac{e^{x_{n,k}}}" in latex_of_page("loss")[0]


def test_without_jupyter_a_notebook_says_how_to_get_it(path, monkeypatch):
    """It can be opened by other programs as it is."""
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    with pytest.raises(ValueError, match="pip install jupyterlab"):
        open_in_jupyter(path.with_suffix(".ipynb"))


def test_a_notebook_is_solved_in_a_headless_jupyter(path, clone, monkeypatch):
    """Answers are written into its cells; all cells are run, and every check passes."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    traitlets = pytest.importorskip("traitlets.config")
    pytest.importorskip("ipykernel")
    (clone / "dlcore").symlink_to(Path(skeleton.__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", str(clone))
    folder = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([folder, os.environ["PATH"]]))
    solution = clone / "solutions/sample.py"
    pages = nbformat.from_dict(read(path))
    blocks = dict(zip(("np", "softmax", "halves"), pieces(solution.read_text())[1], strict=True))
    for cell in pages.cells:
        cell.source = blocks.get(cell.metadata.get("dlcore"), cell.source)
    nbformat.write(pages, path.with_suffix(".ipynb"))
    place = {"metadata": {"path": clone}}
    # Another process could take the ports that a kernel is given before it binds them.
    with TemporaryDirectory(prefix="kernel-") as sockets:  # whose path is short, as a socket's is
        where = {"transport": "ipc", "ip": f"{sockets}/0"} if os.name == "posix" else {}
        config = traitlets.Config(KernelManager=where)
        nbclient.NotebookClient(pages, timeout=120, resources=place, config=config).execute()
    said = "".join(out.text for cell in pages.cells for out in cell.get("outputs", ()))
    assert "✓ sample-softmax" in said
    assert "✓ sample-halves" in said
    assert "half = size // 2" in path.read_text()
