"""Programs that lie beside the pages and belong to no package."""

import importlib.util

from dlcore.course.exercises.topics import ROOT


def load_program(path):
    """Import a program of the folder of the book by its path in there, without its ending."""
    spec = importlib.util.spec_from_file_location(path.rpartition("/")[2], ROOT / f"book/{path}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
