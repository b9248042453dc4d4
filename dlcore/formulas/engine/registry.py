"""The register of formulas: each has a name, a sentence and a label."""

import importlib
import pkgutil
from types import FunctionType
from typing import NamedTuple

import sympy as sp

TOWER = __name__.partition(".engine")[0]


class Formula(NamedTuple):
    """A row of the register."""

    module: str  # within the tower:  quadratic.descent
    name: str
    relation: sp.Basic
    sentence: str
    checks: tuple = ()

    @property
    def topic(self):
        """The chapter to which the formula belongs: the last name of its module."""
        return topic_of(self.module)


register = {}
derivations = {}
claims = {}  # what derivations have shown, and which of them has


def formula(*checks):
    """Replace a function by the relation that it writes down, and enter it in the register.

    Its docstring is the formula's sentence; the arguments are its checks, if it has any.
    sympy would sort factors and terms and carry out what it can; here everything stays as
    it was written.
    """

    def enter(write):
        with sp.evaluate(False):
            relation = write()
        module = write.__module__.removeprefix(f"{TOWER}.")
        row = Formula(module, write.__name__, relation, write.__doc__, checks)
        register[label(row.topic, row.name)] = row
        return relation

    if len(checks) == 1 and isinstance(checks[0], FunctionType):
        write = checks[0]
        checks = ()
        return enter(write)
    return enter


def topic_of(module):
    """Name the topic of a module.

    >>> topic_of("dlcore.formulas.quadratic.descent")
    'descent'
    """
    return module.rpartition(".")[2]


def label(topic, name, kind="eq"):
    """Name the equation on the page, or with the kind "der" a derivation.

    >>> label("loss", "cross_entropy")
    'eq-loss-cross-entropy'
    """
    return f"{kind}-{topic}-{name}".replace("_", "-")


def all_derivations():
    """List every derivation by its label, topic after topic."""
    load()
    return dict(sorted(derivations.items(), key=lambda item: item[1].name.partition(".")[0]))


def all_formulas():
    """List every formula by its label, topic after topic, in the order of the modules."""
    load()
    return dict(sorted(register.items(), key=lambda item: item[1].topic))


def load():
    """Import every topic of the tower, so that all have entered what they hold."""
    folder = importlib.import_module(TOWER).__path__
    for module in pkgutil.walk_packages(folder, prefix=f"{TOWER}."):
        importlib.import_module(module.name)
