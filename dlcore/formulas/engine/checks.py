"""What a formula is held against: itself, calculus, another formula, or a program.

A formula declares its checks where it is written. Tests run them, the page lists them, and
every mutant has to fail one of them.
"""

from typing import NamedTuple

import sympy as sp

from dlcore.formulas.engine import calculus
from dlcore.formulas.engine.oracle import claim, counterexample


class Check(NamedTuple):
    """A way to refute a formula: `values` returns what differs, or None.

    A program of dlcore is no part of this tower: it is named, and those who know it call it.
    """

    kind: str
    values: object = None
    program: str = ""
    definitions: tuple = ()
    letters: dict = {}  # noqa: RUF012 (never changed)
    sizes: dict = {}  # noqa: RUF012


def identity(*definitions, **fixed):
    """Hold the left-hand side against the right-hand side, both computed from their letters.

    Definitions that follow further down are named by a function:  identity(lambda: (a, b)).
    """

    def values(relation, rng):
        late = definitions[0]() if definitions and callable(definitions[0]) else definitions
        sides = (calculus.unfold(side, *late) for side in claim(relation))
        return counterexample(*sides, rng, **fixed)

    return Check("identity", values)


def same(other, *definitions, sizes=None, **fixed):
    """Hold the formula, its definitions written out, against another of the same letter."""
    options = {"sizes": sizes} if sizes else {}

    def values(relation, rng):
        page = calculus.unfold(relation, *definitions)
        return counterexample(page, other, rng, **options, **fixed)

    return Check("equal formula", values)


def cotangent(forward, name, *definitions, inner=(), sizes=None, **fixed):
    """Hold a backward pass against exact calculus, for an arbitrary upstream gradient.

    The page's letters are written out by the definitions, those of the forward pass by `inner`.
    """
    check = same(
        calculus.cotangent(calculus.unfold(forward, *inner), name),
        *(definitions or (forward,)),
        sizes=sizes,
        **fixed,
    )
    return check._replace(kind="cotangent")


def tangent(forward, *names):
    """Hold a tangent against exact calculus."""
    return same(calculus.tangent(forward, *names))._replace(kind="tangent")


def derivative_of(function, letter, *definitions):
    """Hold a slope against the derivative of a function."""

    def values(relation, rng):
        derived = sp.Eq(relation.lhs, calculus.slope(function.rhs, letter), evaluate=False)
        page = calculus.unfold(relation, *(definitions or (function,)))
        return counterexample(*map(renamed, (page, derived)), rng)

    return Check("slope", values)


def renamed(relation):
    """Give the left-hand side of a slope the name of a number, or of an entry."""
    indices = sorted(
        {each for part in relation.lhs.atoms(sp.Indexed) for each in part.indices}, key=str
    )
    free = [index for index in indices if calculus.axis(index) is not None]
    letter = sp.IndexedBase("y_")[free] if free else sp.Symbol("y_")
    return sp.Eq(letter, relation.rhs, evaluate=False)


def solves(build):
    """Hold a formula against an equation that it has to solve:  build(relation) = 0."""

    def values(relation, rng):
        with sp.evaluate(True):
            rest = sp.simplify(calculus.evaluated(build(relation)))
        return None if rest == 0 else (rest, sp.S.Zero)

    return Check("solution", values)


def proved(derivation, letters=()):
    """Hold a formula against what a derivation has shown, some of its letters replaced.

    An inequality has to be the same; an equation may be what names its bound.
    """

    def values(relation, rng):
        claim = derivation.claim
        with sp.evaluate(True):
            shown = calculus.evaluated(claim.rhs).subs(letters)
            rest = sp.simplify(shown - calculus.evaluated(relation.rhs))
        if rest != 0:
            return rest, sp.S.Zero
        alike = isinstance(relation, sp.Eq | type(claim))
        return None if alike else (relation.rel_op, claim.rel_op)

    return Check("derivation", values)


def grown(rule, start, letter="i", **fixed):
    """Hold a closed form of a sequence against its rule, by induction.

    `rule` leads from one formula of the sequence to the next. `start` is its value at zero, or
    says where it begins:  {1: value}, and for a rule of two steps {0: value, 1: value}.
    """

    def values(relation, rng):
        count = next(s for s in relation.free_symbols if s.name == letter and s.is_Symbol)
        for at, value in (start if isinstance(start, dict) else {0: start}).items():
            with sp.evaluate(True):
                first = sp.simplify(calculus.evaluated(relation.rhs.subs(count, at) - value))
            if first != 0:
                return first, sp.S.Zero
        after = rule(relation)
        then = sp.Eq(after.lhs, relation.rhs.subs(count, count + 1), evaluate=False)
        return counterexample(after, then, rng, **fixed)

    return Check("induction", values)


def computed(program, *definitions, sizes=None, **letters):
    """Hold a formula, definitions written out, against a program of dlcore at random numbers.

    Arguments of the program have the names of letters, unless `letters` says otherwise:
    steps="i" names one, decay=0 is a number. `sizes` fix those of axes, and other counts.
    """
    name = f"dlcore.{program}"
    return Check("program", None, name, definitions, letters, sizes or {})
