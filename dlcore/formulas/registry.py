"""The register of formulas: each has a name, a sentence and a label."""

import importlib
import pkgutil
from typing import NamedTuple

import sympy as sp


class Formula(NamedTuple):
    """A row of the register."""

    module: str  # the topic
    name: str
    relation: sp.Basic
    sentence: str


register = {}


def formula(write):
    """Replace a function by the relation that it writes down, and enter it in the register.

    Its docstring is the formula's sentence. sympy would sort factors and terms and carry
    out what it can; here everything stays as it was written.
    """
    with sp.evaluate(False):
        relation = write()
    topic = write.__module__.rpartition(".")[2]
    row = Formula(topic, write.__name__, relation, write.__doc__)
    register[label(topic, row.name)] = row
    return relation


def label(topic, name):
    """Name the equation on the page.

    >>> label("loss", "cross_entropy")
    'eq-loss-cross-entropy'
    """
    return f"eq-{topic}-{name}".replace("_", "-")


def all_formulas():
    """List every formula by its label, topic after topic, in the order of the modules."""
    package = __name__.rpartition(".")[0]
    folder = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(folder):
        importlib.import_module(f"{package}.{module.name}")
    return dict(sorted(register.items(), key=lambda item: item[1].module))
