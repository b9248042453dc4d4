"""Load a file of answers, the reader's or the book's, as it is at this moment."""

import sys
from types import ModuleType


def load(path):
    """Run the Python file at `path` and return it as a module.

    The file is read, compiled and run anew: no cached bytecode of an earlier version, no
    file of the same name elsewhere, can stand in for it.
    """
    folder = path.parent.name
    if not path.exists():
        raise ImportError(f"load: no {folder}/{path.name}, cut it with `dlcore exercises`")

    module = ModuleType(f"{folder}.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickles look there
    exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    return module
