"""The letters of the book, as sympy knows them.

Capitals count, small letters contain, and each index runs along one axis, from 0.

===========  ==========================================================
n            along N, the examples of a batch
d, m         along D, features in, and along M, features out
k, j         along K, the classes
c, f         along C, channels in, and along F, the filters
h, l         along H and W, height and width in; l, since w are the weights
p, q         along P and Q, height and width out
u, v         along U and V, height and width of a window
i            counts steps; it belongs to no axis
===========  ==========================================================
"""

import sympy as sp

N, D, M, K = sp.symbols("N D M K", integer=True, positive=True)
C, F, H, W, P, Q, U, V = sp.symbols("C F H W P Q U V", integer=True, positive=True)
n, d, m, k, j = sp.symbols("n d m k j", integer=True)
c, f, h, ell, p, q, u, v = sp.symbols("c f h l p q u v", integer=True)
i = sp.Symbol("i", integer=True, nonnegative=True)

delta = sp.KroneckerDelta  # one where two indices agree, zero elsewhere

AXES = {"n": N, "d": D, "m": M, "k": K, "j": K}
AXES |= {"c": C, "f": F, "h": H, "l": W, "p": P, "q": Q, "u": U, "v": V}
LABELS = {"t": K}  # arrays of integers, and what their entries point to

# What a parameter is called in the programs, and the letter it has on the page.
NAMES = {
    "reg": r"\lambda",  # strength of the penalty on large weights
    "rate": r"\eta",  # step size
    "momentum": r"\mu",
    "decay": r"\delta",  # weight decay
    "rho": r"\rho",  # how slowly the recent size forgets
    "beta": r"\beta",  # the same for Adam's two memories
    "eps": r"\varepsilon",
    "curvature": r"\kappa",
    "margin": r"\Delta",
    "smoothing": "s",
    "slope": "a",
    "std": r"\sigma",  # width of a bell curve
    "progress": "p",
    "warmup": "q",
    "start": "a",
    "last": "r",
    "factor": r"\gamma",
    "stride": "s",
    "padding": "r",  # rows and columns of zeros on every side of an image
    "dilation": "e",
    "groups": "G",
    "count": r"\#",
    "phi": r"\varphi",  # an angle
    "lam": r"\lambda",  # the share of an image in a mixture
    "xi": r"\xi",  # the learning rate of a step that is looked through
    "low": r"x^{\min}",  # the smallest entry of an image
    "high": r"x^{\max}",  # and the largest
    "hessian": "H",
    "mean": r"\mu",  # of a set of numbers; on pages about optimizers it is the momentum
    "var": "v",  # variance of a set of numbers
    "gamma": r"\gamma",  # scale that is learned
    "alpha": r"\alpha",  # share of what is new in a running average
    "offset": "k",
    "drop": "p",  # probability to drop
    "dampening": r"\tau",  # share of the gradient that a buffer leaves out
    "growth": "k",  # maps that each layer of a dense block adds
}


def axis(index):
    """Say which axis an index runs along; None for a count, or for anything but an index.

    >>> axis(j), axis(sp.Symbol("n'", integer=True)), axis(i)
    (K, N, None)
    """
    return AXES.get(index.name.rstrip("'")) if index.is_Symbol else None


def total(term, *indices):
    """Add up along whole axes:  Σ_{n, k} term.

    The sum is put together by hand: sympy's own door would merge a sum of sums into one.

    >>> total(sp.IndexedBase("x")[n, k], k)
    Sum(x[n, k], (k, 0, K - 1))
    """
    if not indices:
        return term
    with sp.evaluate(True):
        limits = [sp.Tuple(index, 0, axis(index) - 1) for index in indices]
    whole = sp.Expr.__new__(sp.Sum, term, *limits)
    whole.is_commutative = True
    return whole


class Largest(sp.Sum):
    """The largest of many terms, where a sum would add them up:  max_{u, v} x."""


def largest(term, *indices):
    """Take the largest along whole axes.

    >>> type(largest(sp.IndexedBase("x")[u], u)).__name__
    'Largest'
    """
    limits = total(term, *indices).limits
    whole = sp.Expr.__new__(Largest, term, *limits)
    whole.is_commutative = True
    return whole


def mean(term, index):
    """Average along an axis:  1/N Σₙ term."""
    return 1 / axis(index) * total(term, index)


class Indicator(sp.Function):
    """One where a condition holds, zero elsewhere; the page prints brackets:  [k > 2].

    >>> Indicator(k > 2).subs(k, 3)
    1
    """

    nargs = 1

    @classmethod
    def eval(cls, condition):
        """Decide as soon as the condition is decided."""
        if condition in (sp.true, sp.false):
            return sp.Integer(bool(condition))
        return None

    def _eval_derivative(self, letter):
        return sp.S.Zero

    def _eval_power(self, power):
        return self if power.is_positive else None


class Norm(sp.Function):
    """The length of a vector:  ‖w‖."""

    nargs = 1
