"""Elementary functions of one number, applied to every entry.

One is written out; the others are rows of a table: the function, its formula, and its slope
as an expression in x and y = f(x).

Chapter: book/reverse.md.
"""

import math

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

SHAPE = [("N D",)]
REAL, ABOVE, APART = "real", "positive", "nonzero"
IN, OUT = "inside", "outside"  # of (-1, 1), and above 1
LN2, LN10, DEGREE = math.log(2), math.log(10), math.pi / 180


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

    f.__name__ = f.__qualname__ = function.__name__
    f.__doc__ = f"Apply to every entry:  {formula}."
    op = primitive(f, numpy=[function], shapes=SHAPE, domain={"x": domain})
    op.defjvp(lambda y, x, x_dot: slope(x, y) * x_dot)
    op.defvjp(lambda y, x, y_bar: (slope(x, y) * y_bar,))
    return op


def beyond_zero(y):
    """Replace zeros by infinity, so that a quotient by them is 0.

    >>> beyond_zero(np.array([0.0, 2.0]))
    array([inf,  2.])
    """
    return np.where(plain(y) == 0, np.inf, y)


def leg(x):
    """Return the other leg of a right triangle with hypotenuse 1:  √(1 - x²).

    >>> leg(np.array([0.0, 0.6]))
    array([1. , 0.8])
    """
    return np.sqrt(1 - x * x)


def arm(x, sign):
    """Return  √(x² ± 1),  which is the other coordinate on a hyperbola.

    >>> arm(np.array([0.0, 0.75]), 1)
    array([1.  , 1.25])
    """
    return np.sqrt(x * x + sign)


# fmt: off
exp        = rule(np.exp,        "y = eˣ,  y' = y",                lambda x, y: y)
exp2       = rule(np.exp2,       "y = 2ˣ,  y' = y ln 2",           lambda x, y: y * LN2)
expm1      = rule(np.expm1,      "y = eˣ - 1,  y' = y + 1",        lambda x, y: y + 1)
log        = rule(np.log,        "y = ln x,  y' = 1/x",            lambda x, y: 1 / x, ABOVE)
log2       = rule(np.log2,       "y = ln x / ln 2",                lambda x, y: 1 / LN2 / x, ABOVE)
log10      = rule(np.log10,      "y = ln x / ln 10",               lambda x, y: 1 / LN10 / x, ABOVE)
log1p      = rule(np.log1p,      "y = ln(1 + x),  y' = 1/(1 + x)", lambda x, y: 1 / (x + 1), ABOVE)
sqrt       = rule(np.sqrt,       "y = √x,  y' = 1/2y",             lambda x, y: 0.5 / y, ABOVE)
cbrt       = rule(np.cbrt,       "y = ∛x,  y' = 1/3y²",            lambda x, y: y / (3 * x), APART)
square     = rule(np.square,     "y = x²,  y' = 2x",               lambda x, y: 2 * x)
positive   = rule(np.positive,   "y = x,  y' = 1",                 lambda x, y: 1.0)
negative   = rule(np.negative,   "y = -x,  y' = -1",               lambda x, y: -1.0)
reciprocal = rule(np.reciprocal, "y = 1/x,  y' = -y²",             lambda x, y: -y * y, APART)
absolute   = rule(np.absolute,   "y = |x|,  y' = sign x",          lambda x, y: np.sign(x), APART)
fabs       = rule(np.fabs,       "y = |x|,  y' = sign x",          lambda x, y: np.sign(x), APART)
deg2rad    = rule(np.deg2rad,    "y = π x / 180",                  lambda x, y: DEGREE)
rad2deg    = rule(np.rad2deg,    "y = 180 x / π",                  lambda x, y: 1 / DEGREE)
radians    = rule(np.radians,    "y = π x / 180",                  lambda x, y: DEGREE)
degrees    = rule(np.degrees,    "y = 180 x / π",                  lambda x, y: 1 / DEGREE)
sin        = rule(np.sin,        "y = sin x,  y' = cos x",         lambda x, y: np.cos(x))
cos        = rule(np.cos,        "y = cos x,  y' = -sin x",        lambda x, y: -np.sin(x))
tan        = rule(np.tan,        "y = tan x,  y' = 1 + y²",        lambda x, y: 1 + y * y)
arcsin     = rule(np.arcsin,     "y = arcsin x",                   lambda x, y: 1 / leg(x), IN)
arccos     = rule(np.arccos,     "y = arccos x",                   lambda x, y: -1 / leg(x), IN)
arctan     = rule(np.arctan,     "y = arctan x,  y' = 1/(1 + x²)", lambda x, y: 1 / (1 + x * x))
sinh       = rule(np.sinh,       "y = sinh x,  y' = cosh x",       lambda x, y: np.cosh(x))
cosh       = rule(np.cosh,       "y = cosh x,  y' = sinh x",       lambda x, y: np.sinh(x))
arcsinh    = rule(np.arcsinh,    "y = arsinh x",                   lambda x, y: 1 / arm(x, 1))
arccosh    = rule(np.arccosh,    "y = arcosh x",                   lambda x, y: 1 / arm(x, -1), OUT)
arctanh    = rule(np.arctanh,    "y = artanh x",                   lambda x, y: leg(x) ** -2, IN)
# fmt: on


@primitive(shapes=SHAPE, domain={"x": ABOVE})
def root(x: Tensor) -> Tensor:
    """Take the square root, with slope 0 at 0.

    So a length that is 0 has gradient 0, as in PyTorch.

    >>> root(np.array([0.0, 4.0])), root.vjp(0.0, 0.0, 1.0)[0]
    (array([0., 2.]), np.float64(0.0))
    """
    return np.sqrt(x)


@root.defjvp
def root_jvp(y, x, x_dot):
    return 0.5 / beyond_zero(y) * x_dot


@root.defvjp
def root_vjp(y, x, y_bar):
    return (0.5 / beyond_zero(y) * y_bar,)


@implements(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """Replace what is not finite by numbers, whose slope is 0.

    >>> nan_to_num(np.array([1.0, np.nan]))
    array([1., 0.])
    """
    numbers = np.nan_to_num(plain(x), nan=nan, posinf=posinf, neginf=neginf)
    return np.where(np.isfinite(x), x, numbers)


@implements(np.copy)
def copy(x):
    """Return the same numbers.

    >>> copy(np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return np.positive(x)
