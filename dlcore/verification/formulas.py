"""Formulas beside programs: both get the same random numbers, and have to agree.

A formula names the programs that compute it. Here the names are looked up, called, and
compared; every check is timed.

Chapter: book/formulas.md.
"""

import importlib
import inspect
import time
from typing import NamedTuple

import numpy as np

from dlcore.experiments import experiment
from dlcore.formulas import all_derivations, all_formulas
from dlcore.formulas.engine.calculus import unfold
from dlcore.formulas.engine.derivation import WrongLine
from dlcore.formulas.engine.oracle import SIZES, array, draw, program

BOOK = experiment.RESULTS.parent
CLOSE = 1e-9


class Row(NamedTuple):
    """One line of the page: what was checked, how, against which programs, for how long."""

    label: str
    topic: str
    kinds: str
    programs: str
    seconds: float
    mistake: str = ""


def find(name):
    """Find a program by its full name:  dlcore.ops.loss.softmax."""
    module, _, path = name.rpartition(".")
    return getattr(importlib.import_module(module), path)


def called(check):
    """Split the name of a program from the rule that is meant:  ….softmax.vjp."""
    head, _, rule = check.program.rpartition(".")
    return (find(head), rule) if rule in ("vjp", "jvp") else (find(check.program), "")


def draw_arguments(relation, function, check, rng):
    """Draw numbers for the letters of a formula, and for what else a program asks for."""
    values = {}
    letters = check.letters
    sizes = SIZES | check.sizes
    for name, value in draw(rng, relation, sizes=sizes).items():
        whole = name in (*sizes, "t", "i")
        values[name] = np.array(value, dtype=int if whole else float)[()]
    for parameter in inspect.signature(function).parameters.values():
        letter = letters.get(parameter.name, parameter.name)
        axes = getattr(parameter.annotation, "__metadata__", [""])[0].split()
        shape = tuple(map(sizes.get, axes))
        known = bool(axes) and None not in shape
        if not isinstance(letter, str):
            continue
        if known and letter in values and np.shape(values[letter]) != shape:
            raise ValueError(
                f"draw_arguments: {letter} is {np.shape(values[letter])} on the page but {shape} "
                "in the program, transpose its indices"
            )
        if known and letter not in values:
            drawn = array(rng, letter, shape)
            values[letter] = drawn.astype(int if letter == "t" else float)
        elif not axes and letter not in values and parameter.default is parameter.empty:
            values[letter] = rng.uniform(0.1, 0.9) if letter != "steps" else 3
    return values


def arguments(function, letters, values):
    """Give every argument its letter, or the number that stands in its place.

    Kernels of a step change arrays in place, so they get arrays of one number.
    """
    given = {}
    kernel = "kernels" in function.__module__
    for name in inspect.signature(function).parameters:
        letter = letters.get(name, name)
        value = values.get(letter) if isinstance(letter, str) else letter
        if kernel and name in "wgvms":
            given[name] = np.array([value], dtype=float)
        elif value is not None:
            given[name] = np.array(value, copy=True)[()]
    return given


def compute(function, rule, wanted, letters, values):
    """Run a program, or a derivative rule of an operation; return what the formula speaks of."""
    given = arguments(function, letters, values)
    if not rule:
        y = function(**given)
        return given[wanted.removesuffix("_next")] if y is None else y
    names = [parameter.name for parameter in function.arguments]
    xs = [given.pop(name) for name in names]
    y = function(*xs, **given)
    if rule == "jvp":
        return function.jvp(y, *xs, *(values[f"{name}_dot"] for name in names), **given)
    bars = function.vjp(y, *xs, values["y_bar"], **given)
    smooth = [names[at] for at in function.positions(xs)]
    return dict(zip(smooth, bars, strict=True))[wanted.removesuffix("_bar")]


def against(check, relation, rng):
    """Compare a formula with a program at random numbers: two values that differ, or None."""
    function, rule = called(check)
    written = unfold(relation, *check.definitions)
    values = draw_arguments(written, function, check, rng)
    wanted = str(getattr(written.lhs, "base", written.lhs))
    ours = np.asarray(program(written)(**values), dtype=float)
    theirs = np.asarray(compute(function, rule, wanted, check.letters, values), dtype=float)
    theirs = theirs.reshape(ours.shape) if theirs.size == ours.size else theirs
    if ours.shape != theirs.shape:
        return ours.shape, theirs.shape
    far = ~(np.abs(ours - theirs) <= CLOSE * (1 + np.abs(theirs)))
    return (ours[far][0], theirs[far][0]) if far.any() else None


def refuted(check, relation, rng):
    """Run one check; return two values that differ, or None."""
    if check.program:
        return against(check, relation, rng)
    return check.values(relation, rng)


def check_formula(label, row, seed=0):
    """Run all checks of a formula; without any it is a definition, and nothing is claimed."""
    start = time.perf_counter()
    mistake = ""
    for check in row.checks:
        values = refuted(check, row.relation, np.random.default_rng(seed))
        if values is not None:
            mistake = f"{label}: {check.kind}, {values[0]} against {values[1]}"
    programs = ", ".join(check.program for check in row.checks if check.program)
    return Row(label, row.topic, kinds(row), programs, time.perf_counter() - start, mistake)


def kinds(row):
    """Say how a formula is checked."""
    return ", ".join(dict.fromkeys(check.kind for check in row.checks)) or "definition"


def check_derivation(label, derivation):
    """Check all lines of a derivation."""
    start = time.perf_counter()
    mistake = ""
    shown = []
    try:
        shown = derivation.check()
    except WrongLine as wrong:
        mistake = str(wrong)
    ways = sorted({way for how in shown for way in how.split(", ")})
    how = f"{len(derivation.lines)} lines: {', '.join(ways)}"
    topic = derivation.name.partition(".")[0]
    return Row(label, topic, how, "", time.perf_counter() - start, mistake)


def check_all():
    """Check every formula and every derivation, and yield a row for each."""
    for label, row in all_formulas().items():
        yield check_formula(label, row)
    for label, derivation in all_derivations().items():
        yield check_derivation(label, derivation)


def record(rows, kills, mutants):
    """Write what was checked and what was refused, and how long it took, to book/results."""
    values = {
        "equations": len(rows),
        "formulas": sum(row.label.startswith("eq-") for row in rows),
        "derivations": sum(row.label.startswith("der-") for row in rows),
        "definitions": sum(row.kinds == "definition" for row in rows),
        "wrong": sum(bool(row.mistake) for row in rows),
        "seconds": round(sum(row.seconds for row in rows), 1),
        "slowest": round(max(row.seconds for row in rows), 2),
        **kills,
    }
    table = {row.label: [*row[1:4], round(row.seconds, 2)] for row in rows}
    written = {
        "name": "formulas",
        "command": "dlcore formulas --record",
        "seed": 0,
        **experiment.circumstances(),
        "seconds": values["seconds"],
        "values": values,
        "theirs": {},
        "history": {"equations": table, "mutants": mutants},
    }
    return experiment.write("formulas", written)


def read():
    """Read what the last record says."""
    return experiment.record("formulas")
