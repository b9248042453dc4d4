"""Right answers to the exercises of *Fast* that look unusual.

Chapter: book/fast.md.
"""

from fractions import Fraction
from itertools import permutations

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("fast-intensity", "A fraction, exact until its end.")
def intensity(N, C, H, W, F, U, V):
    maps = N * F * (H - U + 1) * (W - V + 1)
    return float(Fraction(maps * C * U * V, 2 * (N * C * H * W + F * C * U * V + maps)))


@right("fast-intensity", "Bytes for every operation, turned over.")
def intensity(N, C, H, W, F, U, V):
    P, Q = H - U + 1, W - V + 1
    image, filters, maps = H * W / (F * P * Q * U * V), 1 / (N * P * Q), 1 / (C * U * V)
    return np.float64(0.5) / (image + filters + maps)


@right("fast-im2col", "Gathered by index, and added up by index.")
def im2col(x, U, V):
    N, C, H, W = x.shape
    P, Q = H - U + 1, W - V + 1
    c, u, v, n, p, q = np.ogrid[:C, :U, :V, :N, :P, :Q]

    def pullback(columns_bar):
        x_bar = np.zeros((N, C, H, W))
        np.add.at(x_bar, (n, c, p + u, q + v), columns_bar.reshape(C, U, V, N, P, Q))
        return x_bar

    return x[n, c, p + u, q + v].reshape(C * U * V, -1), pullback


@right("fast-im2col", "Row by row, in lists; back from pixel to pixel.")
def im2col(x, U, V):
    N, C, H, W = x.shape
    P, Q = H - U + 1, W - V + 1
    rows = [x[:, c, u : u + P, v : v + Q].ravel().tolist() for c, u, v in np.ndindex(C, U, V)]

    def pullback(columns_bar):
        x_bar = np.zeros((N, C, H, W))
        for row, (c, u, v) in zip(columns_bar[::-1], list(np.ndindex(C, U, V))[::-1], strict=True):
            x_bar[:, c, u : u + P, v : v + Q] += row.reshape(N, P, Q)
        return x_bar

    return rows, pullback


@right("fast-loops", "The outermost loop has the longest single step.")
def loop_order(sizes, steps):
    far = {loop: max(step[loop] for step in steps.values()) for loop in sizes}
    order = []
    while far:
        order.append(max(far, key=far.get))
        del far[order[-1]]
    return order


@right("fast-loops", "Steps count as lines of sixteen numbers; the best end is then sought.")
def loop_order(sizes, steps):
    lines = lambda loop: sum(min(step[loop], 16) for step in steps.values())
    far = lambda loop: (lines(loop), sum(step[loop] for step in steps.values()))
    *outer, last, inner = sorted(sizes, key=far, reverse=True)
    return (*outer, *max(permutations((last, inner)), key=lambda pair: lines(pair[0])))


@right("fast-winograd", "Sums as products of matrices, and a list.")
def four_products(x, w):
    B = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]
    G = [[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]
    return [float(b) * float(g) / 2 for b, g in zip(B @ x, G @ w, strict=True)]


@right("fast-winograd", "Halves are taken of the pixels, and signs are moved about.")
def four_products(x, w):
    half = 0.5 * np.asarray(x)
    ends = w[0] + w[2]
    return (
        (x[2] - x[0]) * -w[0],
        (half[2] + half[1]) * (ends + w[1]),
        (half[1] - half[2]) * (w[1] - ends),
        w[2] * (x[1] - x[3]),
    )


@right("fast-hidden-slip", "The one that differs from the others.")
def hidden_slip(ways):
    rng = np.random.default_rng()
    y_bar, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 4, 3, 2))
    sent = np.array([way(y_bar, w) for way in ways])
    agrees = [sum(np.allclose(one, other) for other in sent) for one in sent]
    return ways.index(ways[np.argmin(agrees)]) + 1


@right("fast-hidden-slip", "Powers of two show which tap went where.")
def hidden_slip(ways):
    w = 2.0 ** np.arange(6).reshape(1, 1, 2, 3)
    for number, way in enumerate(ways, 1):
        if (np.rint(way(np.ones((1, 1, 1, 1)), w)) != w).any():
            return np.int64(number)
    raise ValueError
