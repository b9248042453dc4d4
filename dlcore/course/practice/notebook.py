"""Open the exercises of a chapter as a notebook that stays in step with their file.

The notebook remembers the fingerprint of the answers when both were last the same. Whichever
has changed since is copied to the other, by this command, by `check` and by `watch`. Where both
have changed, nobody knows which one is meant: nothing is written, and it is said.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from dlcore.course.exercises import topics
from dlcore.course.exercises.named import named
from dlcore.course.practice.notebook_cells import (
    KERNEL,
    answers_in,
    cells_of,
    code,
    fingerprint_of,
    joined,
    name_of,
    pieces,
)


def notebook(word, formulas=lambda topic: ()):
    """Write `exercises/<topic>.ipynb`, or bring it in step with its file; return its path.

    ``formulas(topic)`` lists the formulas of a chapter, in LaTeX.
    """
    topic, _ = named(word, by="notebook")
    path = paths(topic)[1]
    if path.exists():
        synchronise(topic)
    else:
        source = paths(topic)[0].read_text(encoding="utf-8")
        write(path, cells_of(topic, source, formulas(topic)), pieces(source)[1])
    return path


def paths(topic):
    """Return the file of answers to a topic, and its notebook."""
    file = topics.ROOT / f"exercises/{topic}.py"
    return file, file.with_suffix(".ipynb")


def write(path, cells, codes):
    """Write a notebook, and the fingerprint of its answers."""
    stand = {"fingerprint": fingerprint_of(codes)}
    metadata = {"kernelspec": KERNEL, "dlcore": stand}
    pages = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(pages, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def synchronise(topic):
    """Bring a file and its notebook in step, if there is one.

    Raises ValueError where both have changed since they were the same, and where the notebook
    cannot be read.
    """
    file, path = paths(topic)
    if not path.exists():
        return
    try:
        pages = json.loads(path.read_text(encoding="utf-8"))
        cells = pages["cells"]
        before = pages["metadata"].get("dlcore", {}).get("fingerprint")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"notebook: exercises/{path.name} is no notebook ({type(error).__name__}), save it "
            "again or remove it"
        ) from error
    source = file.read_text(encoding="utf-8") if file.exists() else ""
    above, here = pieces(source)
    there = answers_in(cells)
    old, new = fingerprint_of(here), fingerprint_of(there)
    if old == new:
        return
    if before == old:
        file.write_text(joined(above, there), encoding="utf-8", newline="\n")
        write(path, cells, there)
    elif before == new:
        update(cells, here)
        write(path, cells, answers_in(cells))
    else:
        raise ValueError(
            f"notebook: exercises/{file.name} and exercises/{path.name} have both changed, remove "
            "the one whose answers you do not want"
        )


def update(cells, codes):
    """Put the blocks of a file into the cells of the same name; new ones come at the end."""
    blocks = {name_of(block): block for block in codes}
    for cell in cells:
        name = cell.get("metadata", {}).get("dlcore")
        if name in blocks:
            cell["source"] = blocks.pop(name)
    known = set(answers_in(cells))
    for block in (each for each in blocks.values() if each not in known):
        cells.append(code(name_of(block), block))


def open_in_jupyter(path):
    """Open a notebook in JupyterLab, or say how to get it; return when it is closed."""
    places = (str(Path(sys.executable).parent), None)
    found = [shutil.which(name, path=place)
             for name in ("jupyter-lab", "jupyter-notebook") for place in places]  # fmt: skip
    program = next(filter(None, found), None)
    if program is None:
        raise ValueError(
            "notebook: JupyterLab is not here, `.venv/bin/python -m pip install jupyterlab` brings "
            f"it; other programs open {path} as it is"
        )
    subprocess.run([program, str(path)], check=False)
