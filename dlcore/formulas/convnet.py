"""The ConvNets of the sources, as sympy sees them: sizes, loss, the backward pass.

Windows of a convolution leave height and width as they are; pooling halves both.

Chapter: book/convnet.md.
"""

import sympy as sp

from dlcore.formulas.engine import symbols
from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, identity, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import (
    C,
    D,
    F,
    H,
    K,
    M,
    U,
    V,
    W,
    c,
    d,
    delta,
    h,
    n,
    p,
    total,
    u,
    v,
)

x, w, a, y, z = map(sp.IndexedBase, "xwayz")
b = sp.Symbol("b", real=True)
bar_z = sp.IndexedBase("z_bar")
L, reg, std = sp.symbols("L reg std", positive=True)
count = sp.Symbol("count", integer=True, positive=True)
SIZE = sp.Symbol("size", real=True)

FILTERS = (F, C, U, V)
FIRST_BIAS = (F,)
TWO = (FILTERS, FIRST_BIAS, (D, K), (K,))
THREE = (FILTERS, FIRST_BIAS, (D, M), (M,), (M, K), (K,))

# Where formulas are held against programs: sizes that fit.
ODD = {"F": 2, "H": 5, "W": 7}
MAPS = {"N": 2, "C": 2, "H": 4, "W": 3, "D": 24}
ROW = {"H": 4, "U": 2, "P": 3}


def counted(*shapes):
    """Check a count: it is that of the entries of arrays of these shapes."""
    return solves(lambda page: page.rhs - sum(sp.prod(shape) for shape in shapes))


@formula(computed("verification.programs.convnet.features", sizes=ODD))
def features():
    """Every map keeps one number of each window of two by two."""
    return sp.Eq(D, F * sp.floor(H / 2) * sp.floor(W / 2))


@formula(computed("verification.programs.convnet.flatten_vjp", sizes=MAPS))
def flatten():
    """Features count through channels, in each through its rows, in each row from the left."""
    return sp.Eq(x[n, c, h, symbols.ell], y[n, (c * H + h) * W + symbols.ell])


@formula(counted(*TWO))
def parameters_two():
    """The filters with their biases, and a linear layer."""
    return sp.Eq(count, F * (C * U * V + 1) + (D + 1) * K)


@formula(counted(*THREE))
def parameters_three():
    """The filters with their biases, and two linear layers."""
    return sp.Eq(count, F * (C * U * V + 1) + (D + 1) * M + (M + 1) * K)


@formula(identity())
def exchange():
    """What is positive of the largest is the largest of what is positive."""
    return sp.Eq(sp.Max(0, symbols.largest(x[n, d], d)), symbols.largest(sp.Max(0, x[n, d]), d))


@formula(counted((F, H, W, C, H, W)))
def dense():
    """A linear layer between the same arrays: every entry of a map sees the whole image."""
    return sp.Eq(sp.Symbol("dense"), F * H * W * C * H * W)


@formula(counted(FILTERS))
def shared():
    """A convolution: every entry sees a window, and all windows share one filter."""
    return sp.Eq(sp.Symbol("shared"), F * C * U * V)


def expected(page):
    """The mean square of a weight is that of a Gaussian, and there are so many weights."""
    curve = sp.exp(-(SIZE**2) / (2 * std**2)) / (std * sp.sqrt(2 * sp.pi))
    square = sp.integrate(SIZE**2 * curve, (SIZE, -sp.oo, sp.oo))
    return page.rhs - sp.log(K) - reg / 2 * square * (sp.prod(FILTERS) + D * K)


@formula(solves(expected))
def first_loss():
    """Before training: ln K, and the expected penalty of the weights."""
    return sp.Eq(L, sp.log(K) + reg / 2 * std**2 * (F * C * U * V + D * K))


@formula(computed("verification.programs.convnet.row_with_bias", sizes=ROW))
def row():
    """A row of pixels, a filter, a bias."""
    return sp.Eq(a[p], total(x[p + u] * w[u], u) + b)


@formula(computed("ops.activation.relu", sizes=ROW, x="a"))
def bend():
    """What is positive is kept."""
    return sp.Eq(z[p], sp.Max(0, a[p]))


@derivation(dense, shared)
def sharing():
    """How many weights a convolution saves, and by which two ideas."""
    yield dense.lhs / shared.lhs
    yield "=", F * H * W * C * H * W / (F * C * U * V), "both counts"
    yield "=", H * W * (F * C * H * W / (F * C * U * V)), "weight sharing"
    yield "=", H * W * (H * W / (U * V)), "small windows"


@derivation(bend, row)
def back_to_b():
    """What the bias of a filter receives."""
    on = symbols.Indicator(a[p] > 0)
    yield total(bar_z[p] * sp.Derivative(z[p], b), p)
    yield "=", total(bar_z[p] * on * sp.Derivative(a[p], b), p), "through the ReLU"
    yield "=", total(bar_z[p] * on, p), "the bias is added at every position"


@derivation(bend, row)
def back_to_w():
    """What a tap of a filter receives."""
    on = symbols.Indicator(a[p] > 0)
    yield total(bar_z[p] * partial(z[p], w[u]), p)
    yield "=", total(bar_z[p] * on * partial(a[p], w[u]), p), "through the ReLU"
    yield "=", total(bar_z[p] * on * total(x[p + v] * delta(v, u), v), p), "one tap moves"
    yield "=", total(bar_z[p] * on * x[p + u], p), "it is the tap $v = u$"


@derivation(bend, row)
def back_to_x():
    """What a pixel receives."""
    on = symbols.Indicator(a[p] > 0)
    yield total(bar_z[p] * partial(z[p], x[h]), p)
    yield "=", total(bar_z[p] * on * partial(a[p], x[h]), p), "through the ReLU"
    yield "=", total(bar_z[p] * on * total(w[u] * delta(p + u, h), u), p), "one pixel moves"
    yield "=", total(bar_z[p] * on * w[h - p], p), "by the tap $u = h - p$"
