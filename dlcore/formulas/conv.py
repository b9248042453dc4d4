"""Convolution, as sympy sees it: sizes, the sum, and its backward pass, derived on a row.

Outside an array there are zeros, wherever an index is computed.

Chapter: book/conv.md.
"""

import numpy as np
import sympy as sp

from dlcore.formulas.engine import symbols
from dlcore.formulas.engine.checks import computed, cotangent, same
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import (
    C,
    F,
    H,
    N,
    P,
    Q,
    U,
    V,
    W,
    c,
    ell,
    f,
    h,
    n,
    p,
    q,
    total,
    u,
    v,
)

x, w, b, y = map(sp.IndexedBase, "xwby")
x_dot, w_dot, y_dot = map(sp.IndexedBase, ["x_dot", "w_dot", "y_dot"])
x_bar, w_bar, b_bar, y_bar = map(sp.IndexedBase, ["x_bar", "w_bar", "b_bar", "y_bar"])

s, r, e, G, count = sp.symbols("stride padding dilation groups count", integer=True, positive=True)

# Where formulas are held against programs: sizes that fit, and a few numbers.
ROW = {"H": 4, "U": 2, "P": 3}
MAPS = {"N": 2, "C": 3, "F": 2, "H": 4, "W": 6, "U": 2, "V": 3, "P": 3, "Q": 4}
STRIDED = {"N": 2, "C": 2, "F": 3, "H": 5, "W": 3, "U": 3, "V": 2, "P": 3, "Q": 2}
STRIDED |= {"stride": 2, "padding": 1}
DILATED = {"N": 1, "C": 2, "F": 2, "H": 4, "W": 3, "U": 3, "V": 2, "P": 2, "Q": 3}
DILATED |= {"stride": 2, "padding": 2, "dilation": 2}
GROUPED = {"N": 1, "C": 2, "D": 4, "F": 6, "H": 3, "W": 4, "U": 2, "V": 2, "P": 2, "Q": 3}
GROUPED |= {"groups": 2}
SINGLE = {"N": 1, "C": 2, "F": 3, "H": 3, "W": 4, "U": 3, "V": 2, "P": 3, "Q": 5}
SINGLE |= {"stride": 1, "padding": 1}
NUMBERS = np.arange(60) ** 2 % 13 - 5
IMAGES, FILTERS = NUMBERS.reshape(2, 2, 5, 3), NUMBERS[:36].reshape(3, 2, 3, 2)


@formula(computed("verification.programs.conv.output_size", sizes=STRIDED))
def output_size():
    """The last window that fits begins where the padded image ends, less its own height."""
    return sp.Eq(P, sp.floor((H + 2 * r - U) / s) + 1)


@formula(computed("verification.programs.conv.output_size", sizes=DILATED))
def output_size_dilated():
    """With gaps between its taps, a window spans more rows than it has taps."""
    return sp.Eq(P, sp.floor((H + 2 * r - e * (U - 1) - 1) / s) + 1)


@formula(computed("verification.programs.conv.conv_parameters", sizes=MAPS))
def parameters():
    """Every filter has a weight for every tap in every channel, and a bias."""
    return sp.Eq(count, F * (C * U * V + 1))


@formula(computed("verification.programs.conv.linear_parameters", sizes=MAPS))
def linear_parameters():
    """A linear layer between the same arrays has a weight for every pair of their entries."""
    return sp.Eq(count, F * P * Q * (C * H * W + 1))


@formula(computed("verification.programs.conv.multiplications", sizes=MAPS))
def multiplications():
    """Every entry of every map takes one product per tap and channel."""
    return sp.Eq(count, N * F * P * Q * C * U * V)


@formula(computed("ops.conv.conv2d", sizes=MAPS))
def conv2d():
    """At every position, a filter is laid on the image: multiply, and add up."""
    return sp.Eq(y[n, f, p, q], total(x[n, c, p + u, q + v] * w[f, c, u, v], c, u, v))


@formula(computed("ops.conv.conv2d", sizes=STRIDED))
def conv2d_strided():
    """The window moves in strides, and begins in the padding."""
    seen = x[n, c, p * s + u - r, q * s + v - r]
    return sp.Eq(y[n, f, p, q], total(seen * w[f, c, u, v], c, u, v))


@formula(computed("ops.conv.conv2d", sizes=DILATED))
def conv2d_dilated():
    """The taps of a window stand apart."""
    seen = x[n, c, p * s + u * e - r, q * s + v * e - r]
    return sp.Eq(y[n, f, p, q], total(seen * w[f, c, u, v], c, u, v))


@formula(computed("verification.programs.conv.grouped", sizes=GROUPED))
def conv2d_grouped():
    """A filter sees the C channels of its own group."""
    seen = x[n, sp.floor(f * G / F) * C + c, p + u, q + v]
    return sp.Eq(y[n, f, p, q], total(seen * w[f, c, u, v], c, u, v))


@formula(computed("ops.conv.conv2d_bias_relu", sizes=STRIDED, relu=False))
def convolution():
    """A layer adds a bias to every map."""
    seen = x[n, c, p * s + u - r, q * s + v - r]
    return sp.Eq(y[n, f, p, q], total(seen * w[f, c, u, v], c, u, v) + b[f])


@formula(computed("verification.programs.conv.conv2d_jvp", sizes=STRIDED))
def conv2d_jvp():
    """Forwards, each factor moves while the other stands still."""
    by_x = x_dot[n, c, p * s + u - r, q * s + v - r] * w[f, c, u, v]
    by_w = x[n, c, p * s + u - r, q * s + v - r] * w_dot[f, c, u, v]
    return sp.Eq(y_dot[n, f, p, q], total(by_x + by_w, c, u, v))


@formula(
    cotangent(conv2d_strided, x[n, c, h, ell], sizes=STRIDED, points=1, w=FILTERS),
    computed("verification.programs.conv.input_grad", sizes=STRIDED),
)
def conv2d_x_bar():
    """A pixel receives from every window that saw it, through the tap that lay on it."""
    tap = w[f, c, h + r - p * s, ell + r - q * s]
    return sp.Eq(x_bar[n, c, h, ell], total(y_bar[n, f, p, q] * tap, f, p, q))


@formula(
    cotangent(conv2d_strided, "w", sizes=STRIDED, points=1, x=IMAGES),
    computed("verification.programs.conv.weight_grad", sizes=STRIDED),
)
def conv2d_w_bar():
    """A tap receives from every position at which it lay, times what it lay on."""
    seen = x[n, c, p * s + u - r, q * s + v - r]
    return sp.Eq(w_bar[f, c, u, v], total(y_bar[n, f, p, q] * seen, n, p, q))


@formula(cotangent(convolution, "b", sizes=STRIDED, points=1))
def convolution_b_bar():
    """The gradient of a bias is the sum over its map, in every image."""
    return sp.Eq(b_bar[f], total(y_bar[n, f, p, q], n, p, q))


@formula(same(conv2d_x_bar, sizes=SINGLE, points=1, w=FILTERS))
def conv2d_x_bar_flipped():
    """At stride one the backward pass is a convolution too, with the filter flipped."""
    upstream = y_bar[n, f, h + r - u, ell + r - v]
    return sp.Eq(x_bar[n, c, h, ell], total(upstream * w[f, c, u, v], f, u, v))


@formula(computed("verification.programs.conv.row", sizes=ROW))
def row():
    """On a row, the filter is laid on one position after the other: multiply, and add up."""
    return sp.Eq(y[p], total(x[p + u] * w[u], u))


@formula(computed("verification.programs.conv.row_jvp", sizes=ROW))
def row_jvp():
    """Forwards, the image moves and the filter moves."""
    return sp.Eq(y_dot[p], total(x_dot[p + u] * w[u] + x[p + u] * w_dot[u], u))


@formula(cotangent(row, x[h], sizes=ROW, w=NUMBERS[:2]))
def row_x_bar():
    """A pixel receives from every position, through the tap that lay on it there."""
    return sp.Eq(x_bar[h], total(y_bar[p] * w[h - p], p))


@formula(cotangent(row, "w", sizes=ROW, x=NUMBERS[:4]))
def row_w_bar():
    """A tap receives from every position, times the pixel that it lay on there."""
    return sp.Eq(w_bar[u], total(y_bar[p] * x[p + u], p))


@derivation(row)
def row_matrix():
    """A convolution is a linear layer whose weight depends on the distance alone."""
    yield total(x[p + u] * w[u], u)
    yield (
        "=",
        total(total(w[u] * symbols.delta(p + u, h), u) * x[h], h),
        "the pixel is named: $h = p + u$",
    )
    yield "=", total(w[h - p] * x[h], h), "the tap is $u = h - p$"


@derivation(row)
def row_to_x():
    """What a pixel receives, through every position that sees it."""
    yield total(y_bar[p] * sp.Derivative(y[p], x[h]), p)
    yield "=", total(y_bar[p] * total(w[u] * symbols.delta(p + u, h), u), p), "one pixel moves"
    yield "=", total(y_bar[p] * w[h - p], p), "one tap lies on it: $u = h - p$"
    yield "=", total(y_bar[h - u] * w[u], u), "summed over taps"


@derivation(row)
def row_to_w():
    """What a tap receives, from every position at which it lies."""
    yield total(y_bar[p] * sp.Derivative(y[p], w[u]), p)
    yield "=", total(y_bar[p] * total(x[p + v] * symbols.delta(v, u), v), p), "one tap moves"
    yield "=", total(y_bar[p] * x[p + u], p), "it is the tap $v = u$"


@derivation(row_jvp, row_x_bar, row_w_bar)
def row_adjoint():
    """What goes forwards is weighed alike at either end."""
    by_taps = total(total(y_bar[p] * x[p + u], p) * w_dot[u], u)
    yield total(y_bar[p] * y_dot[p], p)
    yield (
        "=",
        total(y_bar[p] * x_dot[p + u] * w[u], p, u) + total(y_bar[p] * x[p + u] * w_dot[u], p, u),
        "the tangent",
    )
    yield "=", total(y_bar[p] * x_dot[p + u] * w[u], p, u) + by_taps, "by taps"
    yield (
        "=",
        total(total(y_bar[p] * w[h - p], p) * x_dot[h], h) + by_taps,
        "and by pixels",
    )
    yield "=", total(x_bar[h] * x_dot[h], h) + total(w_bar[u] * w_dot[u], u), "the gradients"
