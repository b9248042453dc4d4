"""Certificates: expressions that nobody can make negative, and theorems behind some.

An inequality is proved by what lies between its sides. That is a square, a sum of positive
terms, or a slack: what a theorem, or an assumption, leaves between its own two sides.
"""

import sympy as sp

from dlcore.formulas.engine.symbols import Indicator, Norm
from dlcore.formulas.engine.vectors import Gradient, Inner, Value, steps


class Slack(sp.Function):
    """What lies between the two sides of an inequality that is known to hold."""

    is_real = True

    def meaning(self):
        """Write the difference out:  the larger side less the smaller one."""
        raise NotImplementedError(f"meaning: {type(self).__name__} has none, write it")

    def holds(self, assumptions):
        """Tell whether the inequality is known, among these assumptions."""
        return True


class Assumed(Slack):
    """The slack of an assumption, for a certain value of its indices."""

    def meaning(self):
        """Write the difference out, its indices replaced."""
        relation, letters, values = self.args
        return (relation.gts - relation.lts).subs(dict(zip(letters, values, strict=True)))

    def holds(self, assumptions):
        """Ask whether the derivation names the assumption."""
        return self.args[0] in assumptions


def slack(relation, **at):
    """Leave what an assumption leaves between its sides, at other indices when they are given.

    >>> a, t = sp.IndexedBase("a"), sp.Symbol("t", integer=True)
    >>> slack(sp.Le(a[t], 1), t=t + 1).meaning()
    1 - a[t + 1]
    """
    if not isinstance(relation, sp.Rel) or isinstance(relation, sp.Eq | sp.Ne):
        raise ValueError(f"slack: {relation} is no inequality, pass an assumption")
    known = {s.name: s for s in relation.free_symbols if s.is_Symbol and s.is_integer}
    known = {name: s for name, s in known.items() if not s.is_positive}
    if unknown := at.keys() - known.keys():
        raise ValueError(f"slack: {', '.join(unknown)} is no index of {relation}, name an index")
    letters = [known[name] for name in at]
    return Assumed(relation, sp.Tuple(*letters), sp.Tuple(*map(sp.sympify, at.values())))


class CauchySchwarz(Slack):
    """The slack of Cauchy and Schwarz:  ‖u‖ ‖v‖ - ⟨u, v⟩."""

    def meaning(self):
        """Write the difference out."""
        u, v = self.args
        return Norm(u) * Norm(v) - Inner(u, v)


class Triangle(Slack):
    """The slack of the triangle:  ‖u‖ + ‖v‖ - ‖u + v‖."""

    def meaning(self):
        """Write the difference out."""
        u, v = self.args
        return Norm(u) + Norm(v) - Norm(u + v)


class Bend(Slack):
    """How far f(u) lies above the tangent at w; what is assumed of f bounds that distance.

    The kinds are "convex":  at least zero, "strong":  at least m/2 ‖u - w‖², and "smooth":
    at most L/2 ‖u - w‖².
    """

    def meaning(self):
        """Write the difference out."""
        tag, u, w, kind = self.args
        above = Value(tag, u) - Value(tag, w) - Inner(Gradient(tag, w), u - w)
        square = Norm(u - w) ** 2 / 2
        smooth, strong = tag[4], tag[5]
        bounds = {
            "convex": above,
            "strong": above - strong * square,
            "smooth": smooth * square - above,
        }
        return bounds[kind.name]

    def holds(self, assumptions):
        """Ask what is assumed of the function."""
        flags = dict(zip(("convex", "smooth", "strong"), self.args[0][1:4], strict=True))
        return bool(flags[self.args[3].name])


class Jensen(Slack):
    """The slack of Jensen:  the mean of f at some points, less f at their mean."""

    def meaning(self):
        """Write the difference out."""
        tag, point, index, first, last = self.args
        number = last - first + 1
        mean = steps(Value(tag, point), index, first, last) / number
        return mean - Value(tag, steps(point, index, first, last) / number)

    def holds(self, assumptions):
        """Ask whether the function is convex."""
        return bool(self.args[0][1])


class TangentLine(Slack):
    """How far the exponential lies above its tangent at zero:  eˣ - 1 - x."""

    def meaning(self):
        """Write the difference out."""
        return sp.exp(self.args[0]) - 1 - self.args[0]


cauchy = CauchySchwarz
triangle = Triangle
tangent_line = TangentLine


def convex(f, u, w):
    """A convex function lies above its tangents:  f(u) - f(w) - ⟨∇f(w), u - w⟩."""
    return Bend(f.tag, u, w, sp.Symbol("convex"))


def smooth(f, u, w):
    """A smooth function lies below a parabola at each point, of curvature L."""
    return Bend(f.tag, u, w, sp.Symbol("smooth"))


def strong(f, u, w):
    """A strongly convex function lies above a parabola at each point, of curvature m."""
    return Bend(f.tag, u, w, sp.Symbol("strong"))


def jensen(f, point, limits):
    """A convex function of a mean is at most the mean of the function."""
    index, first, last = map(sp.sympify, limits)
    return Jensen(f.tag, point, index, first, last)


def nonnegative(expr, assumptions=()):
    """Tell whether an expression is evidently at least zero, from how it is written.

    >>> x = sp.Symbol("x", real=True)
    >>> nonnegative(2 * (x - 1) ** 2), nonnegative(x**2 - 1)
    (True, False)
    """
    known = lambda part: nonnegative(part, assumptions)
    rules = {
        Slack: lambda: expr.holds(assumptions),
        sp.Add: lambda: all(map(known, expr.args)),
        sp.Max: lambda: any(map(known, expr.args)),
        sp.Mul: lambda: even([factor for factor in expr.args if not known(factor)]),
        sp.Sum: lambda: known(expr.function),
        sp.Pow: lambda: expr.exp.is_even or known(expr.base),
        Inner: lambda: expr.args[0] == expr.args[1],
        (Norm, Indicator, sp.Abs, sp.KroneckerDelta, sp.exp): lambda: True,
    }
    rule = next((rule for kind, rule in rules.items() if isinstance(expr, kind)), bool)
    return bool(rule() or expr.is_nonnegative)


def even(factors):
    """Tell whether factors are negative numbers, and even in number."""
    return len(factors) % 2 == 0 and all(each.is_Number and each < 0 for each in factors)


def nonzero(expr):
    """Tell whether an expression is evidently not zero."""
    return positive(expr) or positive(-expr) or bool(expr.is_nonzero)


def positive(expr, assumptions=()):
    """Tell whether an expression is evidently more than zero."""
    if isinstance(expr, sp.Mul):
        return all(positive(factor, assumptions) for factor in expr.args)
    if isinstance(expr, sp.Add):
        some = any(positive(term, assumptions) for term in expr.args)
        return some and nonnegative(expr, assumptions)
    if isinstance(expr, sp.Pow):
        return positive(expr.args[0], assumptions)
    return bool(expr.is_positive or isinstance(expr, sp.exp))
