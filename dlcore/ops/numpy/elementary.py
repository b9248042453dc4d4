"""Elementary functions of one number, applied to every entry.

One is written out; the others are rows of a table: the function, its formula, and its slope
as an expression in x and y = f(x).

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implements
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

SHAPE = [("N D",)]
REAL, ABOVE, APART = "real", "positive", "nonzero"


@primitive(shapes=SHAPE, numpy=[np.tanh])
def tanh(x: Tensor) -> Tensor:
    """Squash into (-1, 1):  y = tanh x,  y' = 1 - y².

    >>> tanh(np.array([-1000.0, 0.0, 1000.0]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(x)


@tanh.defjvp
def tanh_jvp(y, x, x_dot):
    return x_dot * (1 - y * y)


@tanh.defvjp
def tanh_vjp(y, x, y_bar):
    return (y_bar * (1 - y * y),)


def rule(function, formula, slope, domain=REAL):
    """Make a primitive of NumPy's `function`:  ẏ = slope(x, y) ẋ,   x̄ = slope(x, y) ȳ.

    >>> square(3.0), square.vjp(9.0, 3.0, 1.0)
    (np.float64(9.0), (6.0,))
    """

    def f(x: Tensor) -> Tensor:
        return function(x)

    f.__name__, f.__doc__ = function.__name__, f"Apply to every entry:  {formula}."
    op = primitive(f, numpy=[function], shapes=SHAPE, domain={"x": domain})
    op.defjvp(lambda y, x, x_dot: slope(x, y) * x_dot)
    op.defvjp(lambda y, x, y_bar: (slope(x, y) * y_bar,))
    return op


# fmt: off
exp        = rule(np.exp,        "y = eˣ,  y' = y",                lambda x, y: y)
expm1      = rule(np.expm1,      "y = eˣ - 1,  y' = y + 1",        lambda x, y: y + 1)
log        = rule(np.log,        "y = ln x,  y' = 1/x",            lambda x, y: 1 / x, ABOVE)
log1p      = rule(np.log1p,      "y = ln(1 + x),  y' = 1/(x + 1)", lambda x, y: 1 / (x + 1), ABOVE)
sqrt       = rule(np.sqrt,       "y = √x,  y' = 1/2y",             lambda x, y: 0.5 / y, ABOVE)
square     = rule(np.square,     "y = x²,  y' = 2x",               lambda x, y: 2 * x)
negative   = rule(np.negative,   "y = -x,  y' = -1",               lambda x, y: -1.0)
reciprocal = rule(np.reciprocal, "y = 1/x,  y' = -y²",             lambda x, y: -y * y, APART)
absolute   = rule(np.absolute,   "y = |x|,  y' = sign x",          lambda x, y: np.sign(x), APART)
sin        = rule(np.sin,        "y = sin x,  y' = cos x",         lambda x, y: np.cos(x))
cos        = rule(np.cos,        "y = cos x,  y' = -sin x",        lambda x, y: -np.sin(x))
tan        = rule(np.tan,        "y = tan x,  y' = 1 + y²",        lambda x, y: 1 + y * y)
arctan     = rule(np.arctan,     "y = arctan x,  y' = 1/(1 + x²)", lambda x, y: 1 / (1 + x * x))
sinh       = rule(np.sinh,       "y = sinh x,  y' = cosh x",       lambda x, y: np.cosh(x))
cosh       = rule(np.cosh,       "y = cosh x,  y' = sinh x",       lambda x, y: np.sinh(x))
# fmt: on


@implements(np.clip)
def clip(x, low=None, high=None):
    """Keep x between `low` and `high`:  min(max(x, low), high).

    >>> clip(np.array([-2.0, 0.5, 3.0]), -1.0, 1.0)
    array([-1. ,  0.5,  1. ])
    """
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


@implements(np.logaddexp)
def logaddexp(x, z):
    """Add on the logarithmic scale:  ln(eˣ + eᶻ) = max(x, z) + ln(1 + exp(-|x - z|)).

    >>> logaddexp(1000.0, 1000.0).round(4)
    np.float64(1000.6931)
    """
    return np.maximum(x, z) + np.log1p(np.exp(-np.absolute(x - z)))
