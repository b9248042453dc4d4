"""Load a part of a package when it is first asked for (PEP 562)."""

from importlib import import_module


def lazily(package, modules, names):
    """Return ``__getattr__`` and ``__dir__`` of a package, which load on demand.

    `modules` are its modules; `names` maps a module to the names in it that the package offers.
    Raises AttributeError, with all that there is, for any other name.
    """
    owners = {name: module for module, offered in names.items() for name in offered}
    known = sorted({*modules, *owners})

    def load(name):
        if name in owners:
            return getattr(import_module(f"{package}.{owners[name]}"), name)
        if name in modules:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"{package} has no {name}, it has {', '.join(known)}")

    return load, lambda: known
