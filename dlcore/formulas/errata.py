"""Lines of the sources that do not follow, written down as they are printed there.

None of them is in the register: they are here to be refused.

Chapter: book/errata.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas.descent import B, T, f, far, near, rate, regret, rho, slopes, steep, u, v, w
from dlcore.formulas.engine.certificates import slack
from dlcore.formulas.engine.derivation import Derivation, as_line
from dlcore.formulas.engine.symbols import Norm
from dlcore.formulas.engine.vectors import inner, steps, t

average = steps(w[t]) / T
above = f(average) - f(u)
cost = rate / 2 * steps(Norm(f.gradient(w[t])) ** 2)


def lines(*given, name):
    """Put lines together without entering them anywhere."""

    def build(write):
        with sp.evaluate(False):
            written = [as_line(line) for line in write()]
        return Derivation(name, written, given, write.__doc__)

    return build


@lines(slopes, name="001, convergence rate")
def averaged():
    """The height of the average is at most …, first with one slope, then with all of them."""
    yield sp.Le(above, inner(average - u, f.gradient(average)))
    yield "<=>", sp.Le(above, steps(inner(w[t] - u, f.gradient(w[t]))) / T), "averaged"


def bounded(sign):
    """Bring in B and ρ for the start and the slopes, by `sign`."""

    @lines(near, steep, name="001, the bounds")
    def chain():
        """The bound, first with the start and the slopes, then with what bounds them."""
        once = far(1) / (2 * rate * T) + rate / (2 * T) * steps(Norm(v[t]) ** 2)
        yield sp.Le(above, once)
        room = slack(near) * (B + Norm(w[1] - u)) / (2 * rate * T)
        room += rate / (2 * T) * steps(slack(steep) * (rho + Norm(v[t])))
        both = sp.Le(above, B**2 / (2 * rate * T) + rate * rho**2 / 2)
        yield (sign, both, "bounded", *([room] if sign == "=>" else []))

    return chain


def chosen(slip):
    """Put the best rate into the bound; the slip multiplies by T beside the root."""

    @lines(name="001, the best rate")
    def chain():
        """The bound at the best rate, with the rate written out, and simplified."""
        best = sqrt(B**2 / (rho**2 * T))
        yield (B**2 / (2 * best) * T if slip else B**2 / (2 * best * T)) + best * rho**2 / 2
        yield "=", B * rho / sqrt(T), "simplified"

    return chain


def started(*origin):
    """End the lemma with the length of u, given what is said of the start."""

    @lines(*regret.given, *origin, name="001, lemma")
    def chain():
        """The distance to u from the start, and the length of u."""
        yield far(1) / (2 * rate) + cost
        yield "=", Norm(u) ** 2 / (2 * rate) + cost, "the start is zero"

    return chain
