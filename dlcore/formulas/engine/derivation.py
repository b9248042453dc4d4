"""Derivations: lines of which each follows from the one before, and a machine has read it.

    @derivation(softmax)
    def name():
        '''Say what is derived.'''
        yield expression
        yield "=", expression, "why"
        yield "<=", expression, "why", certificate

Equations are computed at exact random points, then shown by the axioms; inequalities need a
certificate; relations are tied by "=>" and "<=>". A wrong line is named.
"""

from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

import sympy as sp

from dlcore.formulas.engine import registry
from dlcore.formulas.engine.certificates import nonnegative
from dlcore.formulas.engine.definitions import Definitions
from dlcore.formulas.engine.implication import (
    equivalent,
    factored,
    fitted,
    follows,
    holds,
    sensible,
    solve_at,
)
from dlcore.formulas.engine.induction import zero
from dlcore.formulas.engine.latex import latex
from dlcore.formulas.engine.latex_array import SIGNS, latex_array
from dlcore.formulas.engine.matrices import entrywise
from dlcore.formulas.engine.normal_form import Normalizer
from dlcore.formulas.engine.sample_point import (
    SHAPES,
    SamplePoint,
    array_axes,
    differ,
    format_value,
    free_indices,
    needs_axioms,
    sample_indices,
)

POINTS = 4
CHAINS = ("=", "<=", ">=")
ARROWS = ("=>", "<=>")


class WrongLine(ValueError):  # noqa: N818 (what is named is a line)
    """A line that does not follow: its number, and what its sides are at a point.

    It is plainly wrong where a point shows it, and otherwise not proved as it stands.
    """

    def __init__(self, name, number, reason, plain=False):
        super().__init__(f"{name}: line {number} does not follow from line {number - 1}, {reason}")
        self.number = number
        self.plain = plain


class Line(NamedTuple):
    """An expression or a relation, how it is tied to the line before, why, and the proof."""

    expr: sp.Basic
    sign: str = ""
    reason: str = ""
    certificate: sp.Basic = sp.S.Zero

    @property
    def latex(self):
        """What the page prints of it, without the reason."""
        return f"{SIGNS[self.sign]} {latex(self.expr)}".lstrip()


class Derivation:
    """Lines, the definitions and assumptions under which they hold, and a sentence."""

    def __init__(self, name, lines, given=(), sentence=""):
        self.name = name
        self.lines = tuple(lines)
        self.sentence = sentence
        sources = [registry.claims[each].given for each in given if each in registry.claims]
        self.given = tuple(dict.fromkeys(chain(given, *sources)))
        for number, line in enumerate(self.lines[1:], 2):
            signs = ARROWS if isinstance(self.lines[0].expr, sp.Rel) else CHAINS
            if line.sign not in signs:
                raise ValueError(
                    f"{name}: line {number} is tied by {line.sign!r}, use {' '.join(signs)}"
                )

    @property
    def assumptions(self):
        """The inequalities that are taken for granted."""
        return [each for each in self.given if not isinstance(each, sp.Eq)]

    @cached_property
    def definitions(self):
        """The equations that are taken for granted."""
        return Definitions(*self.given)

    @cached_property
    def arrays(self):
        """The axes of arrays, as far as some entry names them."""
        return array_axes(*(line.expr for line in self.lines), *self.given)

    @property
    def claim(self):
        """What the first and the last line together say.

        A derivation that takes a claim for granted takes all on which the claim rests.
        """
        first, last = self.lines[0].expr, self.lines[-1].expr
        signs = {line.sign for line in self.lines[1:]}
        if signs & set(ARROWS) or signs >= {"<=", ">="}:
            raise ValueError(f"{self.name}: the signs are {', '.join(sorted(signs))}, no one claim")
        relation = {"<=": sp.Le, ">=": sp.Ge}.get(next(iter(signs - {"="}), "="), sp.Eq)
        claim = relation(first, last, evaluate=False)
        registry.claims[claim] = self
        return claim

    def latex(self, numbered=False, stacked=False):
        """Print the lines, aligned, with their reasons beside them, or below them if stacked."""
        return latex_array(self.lines, numbered=numbered, stacked=stacked)

    def check(self, seed=0):
        """Check every line; return how each was shown, or raise `WrongLine`."""
        return [self.step(number, seed) for number in range(2, len(self.lines) + 1)]

    def fault(self, number, seed=0):
        """Return the `WrongLine` that a line is, or None if it follows from the line before."""
        try:
            self.step(number, seed)
        except WrongLine as mistake:
            return mistake
        return None

    def wrong(self):
        """Return the number of the first line that does not follow, or None."""
        numbers = range(2, len(self.lines) + 1)
        return next((number for number in numbers if self.fault(number)), None)

    def replaced(self, number, **changes):
        """Change a line; return the derivation that results."""
        lines = list(self.lines)
        lines[number - 1] = lines[number - 1]._replace(**changes)
        return Derivation(self.name, lines, self.given, self.sentence)

    def step(self, number, seed):
        """Check one line against the one before; return how it was shown, or raise `WrongLine`."""
        before, line = self.lines[number - 2 : number]
        refute = partial(WrongLine, self.name, number)
        try:
            check = self.implied if line.sign in ARROWS else self.related
            with sp.evaluate(True):
                return check(before.expr, line, seed, refute)
        except (TypeError, NotImplementedError, ZeroDivisionError, AttributeError) as error:
            raise refute(f"it cannot be computed: {error}") from error

    def points(self, seed, number=POINTS):
        """Draw points, of several shapes."""
        for at in range(number):
            yield SamplePoint(seed + at, self.definitions, SHAPES[at % len(SHAPES)], self.arrays)

    def related(self, left, line, seed, refute):
        """Check  left = right, left ≤ right or left ≥ right."""
        left = entrywise(left)
        right = entrywise(line.expr)
        sure = line.certificate
        if line.sign == "=":
            return self.equal(left, right, seed, refute, "the sides are {} and {}")
        self.violated(line.sign, left, right, seed, refute)
        small, large = (left, right) if line.sign == "<=" else (right, left)
        gap = sp.Add(large, sp.Mul(-1, small), evaluate=False)
        if sure == 0:
            sure = factored(Normalizer(self.definitions).normalize(gap))
            if nonnegative(sure, self.assumptions):
                return "not negative"
            raise refute(f"nothing shows that {sure} is not negative, give a certificate")
        words = "the sides differ by {}, the certificate is {}"
        how = self.equal(gap, sure, seed, refute, words, plain=False)
        if nonnegative(sp.sympify(sure), self.assumptions):
            return f"certificate, {how}"
        raise refute(f"the certificate {sure} may be negative, or rests on nothing assumed")

    def equal(self, left, right, seed, refute, words, plain=True):
        """Check that two expressions are equal: at points, then by the axioms."""
        indices = free_indices(left, right)
        for point in self.points(seed):
            for at in sample_indices(point, indices):
                one, other = point.value(left, at), point.value(right, at)
                if differ(one, other):
                    sides = words.format(format_value(one), format_value(other))
                    reason = f"{sides} at {point.described(at)}, correct the line"
                    raise refute(reason, plain=plain)
        how = zero(sp.Add(left, sp.Mul(-1, right), evaluate=False), Normalizer(self.definitions))
        if how is None and needs_axioms(left, right):
            raise refute("the sides agree where they were computed, but not by the axioms")
        return how or "points"

    def violated(self, sign, left, right, seed, refute):
        """Look for a point at which an inequality is plainly false."""
        relation = (sp.Le if sign == "<=" else sp.Ge)(left, right, evaluate=False)
        for point, at in self.allowed(seed, relation):
            true, one, other = holds(relation, point, at)
            if not true:
                sides = f"the sides are {format_value(one)} and {format_value(other)}"
                reason = f"{sides} at {point.described(at)}, turn or correct the line"
                raise refute(reason, plain=True)

    def allowed(self, seed, *relations, number=8):
        """Yield points, and places in them, at which all assumptions hold."""
        known = [*self.assumptions, *sensible(*relations)]
        points = (fitted(point, known) for point in self.points(seed, number))
        for point in filter(None, points):
            for at in sample_indices(point, free_indices(*relations), limit=3):
                yield point, at

    def implied(self, left, line, seed, refute):
        """Check  left ⇒ right  or  left ⇔ right."""
        normalizer = Normalizer(self.definitions)
        right = line.expr
        how = follows(left, right, normalizer, self.assumptions, line.certificate)
        if how is None:
            self.parted(left, right, seed, refute, "the line before holds and this one does not")
            raise refute("neither a multiple nor a certificate shows it")
        if line.sign == "=>":
            return how
        both = equivalent(left, right, normalizer, self.assumptions)
        if both is None:
            self.parted(right, left, seed, refute, "this line holds and the one before does not")
            raise refute("the converse is not shown, write => if it is not needed")
        return both

    def parted(self, left, right, seed, refute, words):
        """Look for a point where one relation holds and another does not."""
        for point, at in self.allowed(seed, left, right):
            holds(left, point, at), holds(right, point, at)  # draws the letters
            onto = solve_at(left, point, at) if isinstance(left, sp.Eq) else [point]
            for there in onto:
                if holds(left, there, at)[0]:
                    true, one, other = holds(right, there, at)
                    if not true:
                        sides = f"{words} ({format_value(one)} against {format_value(other)})"
                        reason = f"{sides} at {there.described(at)}, correct the line"
                        raise refute(reason, plain=True)


def as_line(written):
    """Read a line as it was written: an expression, or a sign and what follows."""
    if not isinstance(written, tuple):
        return Line(written)
    sign, expr, *rest = written
    return Line(expr, sign, *rest)


def derivation(*given):
    """Replace a generator of lines by the derivation that they form, and enter it."""

    def enter(write):
        topic = registry.topic_of(write.__module__)
        with sp.evaluate(False):
            lines = [as_line(line) for line in write()]
        proof = Derivation(f"{topic}.{write.__name__}", lines, given, write.__doc__)
        registry.derivations[registry.label(topic, write.__name__, "der")] = proof
        return proof

    return enter
