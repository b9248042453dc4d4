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

    source = path.read_bytes()
    if b"\0" in source:
        raise ImportError(f"load: {folder}/{path.name} is no UTF-8 text, save it as UTF-8")
    module = ModuleType(f"{folder}.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickles look there
    exec(compile(source, str(path), "exec"), vars(module))
    return module
