"""Experiments: every run of the book whose numbers are recorded, by name."""

from importlib import import_module
from pathlib import Path

from dlcore.course.exercises.topics import topics

AFTER = (
    "depth",
    "full_training",
    "grading",
    "classroom",
    "outside",
)  # of the pages that come after the topics


def experiments():
    """Map the name of every experiment to it, in the order of the book."""
    folder = Path(__file__).parent
    pages = [page for page in (*topics(), *AFTER) if (folder / f"{page}.py").exists()]
    modules = [import_module(f"{__name__}.{page}").__name__ for page in pages]
    known = import_module(f"{__name__}.experiment").EXPERIMENTS
    place = lambda name: modules.index(known[name].run.__module__)
    return {name: known[name] for name in sorted(known, key=place)}
