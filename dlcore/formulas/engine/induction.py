"""Is it zero?  For expressions with vectors, with indices, with sums over T steps.

The normal form decides most cases. A sum of symbolic length is also tried by induction: right
for T = 1, and from T to T + 1. `simplify` comes last, and not for long.
"""

import signal
import threading
from contextlib import contextmanager

import sympy as sp

from dlcore.formulas.engine.certificates import nonzero
from dlcore.formulas.engine.vectors import Inner, T, Value

SECONDS = 5


def zero(expr, normalizer):
    """Say how an expression is shown to be zero, or None where that does not succeed.

    >>> from dlcore.formulas.engine.normal_form import Normalizer
    >>> from dlcore.formulas.engine.definitions import Definitions
    >>> a, t = sp.IndexedBase("a"), sp.Symbol("t", integer=True)
    >>> telescope = sp.Sum(a[t + 1] - a[t], (t, 1, T)) - a[T + 1] + a[1]
    >>> zero(telescope, Normalizer(Definitions()))
    'induction'
    """
    with sp.evaluate(True):
        expr = normalizer.normalize(expr)
        if vanishes(expr, normalizer):
            return "axioms"
        if T in expr.free_symbols and by_induction(expr, normalizer):
            return "induction"
        return "simplify" if shortened(expr, sp.simplify) == 0 else None


def vanishes(expr, normalizer):
    """Tell whether the numerator of an expression in normal form is zero."""
    if expr == 0:
        return True
    above, _ = sp.fraction(sp.together(expr))
    return normalizer.expand(sp.powsimp(sp.expand(above))) == 0


def by_induction(expr, normalizer):
    """Show it for T = 1, and for T + 1 if it holds for T.

    That it holds for T is used to write one of its parts by all the others.
    """
    if not vanishes(normalizer.normalize(expr.subs(T, 1)), normalizer):
        return False
    after = normalizer.normalize(expr.subs(T, T + 1))
    if vanishes(normalizer.normalize(after - expr), normalizer):
        return True
    above = sp.expand(sp.fraction(sp.together(expr))[0])
    parts = (part for part in above.atoms(sp.Sum, Inner, Value, sp.Indexed) if part.has(T))
    for part in sorted(parts, key=str):
        known = solved(above, part)
        if known is None:
            continue
        if vanishes(normalizer.normalize(after.xreplace({part: known})), normalizer):
            return True
    return False


def solved(above, part):
    """Solve  above = 0  for one of its parts, where that stands alone."""
    letter = sp.Dummy()
    line = above.xreplace({part: letter})
    factor = line.coeff(letter)
    rest = sp.expand(line - factor * letter)
    if rest.has(letter) or factor.has(letter) or not nonzero(factor):
        return None
    return -rest / factor


def shortened(expr, change):
    """Change an expression, its sums and inner products taken for letters."""
    kinds = sp.Sum, Inner, Value, sp.Indexed
    parts = sorted(expr.atoms(*kinds), key=sp.count_ops, reverse=True)
    names = {part: sp.Dummy(real=True) for part in parts}
    short = expr
    for part, name in names.items():
        short = short.xreplace({part: name})
    whole = short
    with patience(SECONDS):
        whole = change(short)
    return whole.xreplace({name: part for part, name in names.items()})


@contextmanager
def patience(seconds):
    """Give up after some seconds of processor time, where the system can tell."""
    alarm = getattr(signal, "setitimer", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        seconds = None

    class Over(BaseException):
        """The time is up."""

    def ring(*_):
        raise Over

    if seconds is None:
        yield
        return
    before = signal.signal(signal.SIGVTALRM, ring)
    alarm(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except Over:
        pass
    finally:
        alarm(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
