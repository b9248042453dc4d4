"""Plausible wrong answers to the exercises of *Fast*, each with a word of advice.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def numbers(N, C, H, W, F, U, V):
    """Count the numbers of images, filters and maps."""
    return N * C * H * W + F * C * U * V + N * F * (H - U + 1) * (W - V + 1)


@wrong("fast-intensity", "A multiplication goes with an addition: every product is two operations.")
def intensity(N, C, H, W, F, U, V):
    P = H - U + 1
    Q = W - V + 1
    return N * F * P * Q * C * U * V / (4 * numbers(N, C, H, W, F, U, V))


@wrong("fast-intensity", "A number takes four bytes: divide by bytes and not by numbers.")
def intensity(N, C, H, W, F, U, V):
    P = H - U + 1
    Q = W - V + 1
    return 2 * N * F * P * Q * C * U * V / numbers(N, C, H, W, F, U, V)


@wrong("fast-intensity", "Without padding the maps are smaller than the images: P = H - U + 1.")
def intensity(N, C, H, W, F, U, V):
    moved = N * C * H * W + F * C * U * V + N * F * H * W
    return 2 * N * F * H * W * C * U * V / (4 * moved)


@wrong("fast-intensity", "The maps have to be written as well: they count among the bytes.")
def intensity(N, C, H, W, F, U, V):
    P = H - U + 1
    Q = W - V + 1
    return 2 * N * F * P * Q * C * U * V / (4 * (N * C * H * W + F * C * U * V))


def copied(x, U, V):
    """Copy the windows, with the axes (C, U, V, N, P, Q)."""
    views = np.lib.stride_tricks.sliding_window_view(x, (U, V), axis=(2, 3))
    return views.transpose(1, 4, 5, 0, 2, 3)


def added(bars, x, U, V, *, add=True, turned=False):
    """Bring cotangents (C, U, V, N, P, Q) back to the pixels."""
    x_bar = np.zeros(x.shape)
    P, Q = bars.shape[4:]
    for u, v in np.ndindex(U, V):
        i, j = (U - 1 - u, V - 1 - v) if turned else (u, v)
        told = bars[:, u, v].swapaxes(0, 1)
        part = x_bar[:, :, i : i + P, j : j + Q]
        part[...] = part + told if add else told
    return x_bar


@wrong(
    "fast-im2col", "A pixel is copied for several taps: its gradient is their sum, so add with +=."
)
def im2col(x, U, V):
    wide = copied(x, U, V)
    columns = wide.reshape(wide[..., 0, 0, 0].size, -1)
    return columns, lambda bar: added(bar.reshape(wide.shape), x, U, V, add=False)


@wrong(
    "fast-im2col", "The pullback adds tap (u, v) to the pixel that it was read from: do not flip."
)
def im2col(x, U, V):
    wide = copied(x, U, V)
    columns = wide.reshape(wide[..., 0, 0, 0].size, -1)
    return columns, lambda bar: added(bar.reshape(wide.shape), x, U, V, turned=True)


@wrong("fast-im2col", "Rows go through c, u, v, columns through n, p, q: move axes, then reshape.")
def im2col(x, U, V):
    views = np.lib.stride_tricks.sliding_window_view(x, (U, V), axis=(2, 3))
    columns = views.reshape(x.shape[1] * U * V, -1)
    C = x.shape[1]
    shape = C, U, V, *(views.shape[i] for i in (0, 2, 3))
    return columns, lambda bar: added(bar.reshape(shape), x, U, V)


@wrong("fast-im2col", "The channel comes first in a row of filters, before the taps: (c, u, v).")
def im2col(x, U, V):
    wide = copied(x, U, V)
    rows = wide[..., 0, 0, 0].size
    columns = wide.transpose(1, 2, 0, 3, 4, 5).reshape(rows, -1)
    return columns, lambda bar: added(bar.reshape(wide.shape), x, U, V)


@wrong("fast-im2col", "Filters are laid on as they are: a correlation does not turn the taps.")
def im2col(x, U, V):
    wide = copied(x, U, V)
    columns = wide[:, ::-1, ::-1].reshape(wide[..., 0, 0, 0].size, -1)
    return columns, lambda bar: added(bar.reshape(wide.shape), x, U, V)


@wrong("fast-im2col", "np.zeros returns floats: the columns of integers are integers.")
def im2col(x, U, V):
    wide = copied(x, U, V)
    columns = np.zeros((wide[..., 0, 0, 0].size, wide[0, 0, 0].size))
    columns[...] = wide.reshape(columns.shape)
    return columns, lambda bar: added(bar.reshape(wide.shape), x, U, V)


@wrong(
    "fast-im2col", "Cotangents may have fractions where pixels have none: x̄ needs a float dtype."
)
def im2col(x, U, V):
    wide = copied(x, U, V)
    columns = wide.reshape(wide[..., 0, 0, 0].size, -1)
    return columns, lambda bar: added(bar.reshape(wide.shape), x, U, V).astype(x.dtype)


@wrong("fast-loops", "The innermost loop runs most often: the largest steps belong outermost.")
def loop_order(sizes, steps):
    return sorted(sizes, key=lambda loop: sum(step[loop] for step in steps.values()))


@wrong("fast-loops", "This is the order of the definition, and it does not look at the steps.")
def loop_order(sizes, steps):
    return list("nfpqcuv")


@wrong("fast-loops", "Number alone does not count: a loop that runs often may take large steps.")
def loop_order(sizes, steps):
    return sorted(sizes, key=sizes.get, reverse=True)


@wrong("fast-loops", "The filters alone do not decide: x and y have to be walked through as well.")
def loop_order(sizes, steps):
    return sorted(sizes, key=lambda loop: steps["w"][loop], reverse=True)


@wrong("fast-winograd", "The halves are missing: m[1] + m[2] is twice what it should be.")
def four_products(x, w):
    return np.array([
        (x[0] - x[2]) * w[0],
        (x[1] + x[2]) * (w[0] + w[1] + w[2]),
        (x[2] - x[1]) * (w[0] - w[1] + w[2]),
        (x[1] - x[3]) * w[2],
    ])  # fmt: skip


@wrong("fast-winograd", "m[2] is x[2] - x[1] and not the other way round: test the second output.")
def four_products(x, w):
    return np.array([
        (x[0] - x[2]) * w[0],
        (x[1] + x[2]) * (w[0] + w[1] + w[2]) / 2,
        (x[1] - x[2]) * (w[0] - w[1] + w[2]) / 2,
        (x[1] - x[3]) * w[2],
    ])  # fmt: skip


@wrong("fast-winograd", "Your m[3] has the wrong sign: it is subtracted from the second output.")
def four_products(x, w):
    return np.array([
        (x[0] - x[2]) * w[0],
        (x[1] + x[2]) * (w[0] + w[1] + w[2]) / 2,
        (x[2] - x[1]) * (w[0] - w[1] + w[2]) / 2,
        (x[3] - x[1]) * w[2],
    ])  # fmt: skip


@wrong("fast-winograd", "The outputs come out, but your numbers are sums of several products.")
def four_products(x, w):
    return np.array([np.dot(x[:3], w), 0, 0, -np.dot(x[1:], w)])


@wrong("fast-winograd", "The halves add too much: the first product has to subtract x[2].")
def four_products(x, w):
    return np.array([
        x[0] * w[0],
        (x[1] + x[2]) * (w[0] + w[1] + w[2]) / 2,
        (x[2] - x[1]) * (w[0] - w[1] + w[2]) / 2,
        -x[3] * w[2],
    ])  # fmt: skip


@wrong("fast-winograd", "An array of integers, such as np.empty_like(x), cannot hold halves.")
def four_products(x, w):
    m = np.empty_like(x)
    m[0] = (x[0] - x[2]) * w[0]
    m[1] = (x[1] + x[2]) * (w[0] + w[1] + w[2]) / 2
    m[2] = (x[2] - x[1]) * (w[0] - w[1] + w[2]) / 2
    m[3] = (x[1] - x[3]) * w[2]
    return m


def single_one(ways, w, P=3, Q=4):
    """Measure the result for filters with a single one, at the first tap to begin with."""
    y_bar = np.zeros((len(w), len(w), P, Q))
    y_bar[0, 0, 0, 0] = 1
    sent = [way(y_bar, w)[0, 0, : w.shape[2], : w.shape[3]] for way in ways]
    return [np.abs(each - w[0, 0]).max() for each in sent]


@wrong("fast-hidden-slip", "A filter of ones looks the same when it is turned: draw its taps.")
def hidden_slip(ways):
    return 1 + int(np.argmax(single_one(ways, np.ones((1, 1, 3, 2)))))


@wrong("fast-hidden-slip", "Ways are counted from one, and you count them from zero.")
def hidden_slip(ways):
    w = np.random.default_rng().normal(size=(1, 1, 3, 2))
    return int(np.argmax(single_one(ways, w)))


@wrong("fast-hidden-slip", "A filter of one row cannot show rows that are turned.")
def hidden_slip(ways):
    w = np.random.default_rng().normal(size=(1, 1, 1, 3))
    return 1 + int(np.argmax(single_one(ways, w)))


@wrong("fast-hidden-slip", "Rounding is no slip: the Fourier transform is right but for that.")
def hidden_slip(ways):
    w = np.random.default_rng().normal(size=(1, 1, 3, 2))
    far = single_one(ways, w)
    return 1 + int(np.argmax(np.array(far) > 0))


@wrong("fast-hidden-slip", "Sums are compared: a filter that is turned has the same sum.")
def hidden_slip(ways):
    w = np.random.default_rng().normal(size=(1, 1, 3, 2))
    far = [abs(way(np.ones((1, 1, 3, 4)), w).sum() - 12 * w.sum()) for way in ways]
    return 1 + int(np.argmax(far))


@wrong("fast-wrong-lines", "Lines are counted from one: the first begins without a sign.")
def wrong_lines():
    return [1, 2, 2]


@wrong("fast-wrong-lines", "In the first derivation something is given back that was never taken.")
def wrong_lines():
    return [3, 3, 3]


@wrong("fast-wrong-lines", "In the second, let all pixels be zero but the one with index one.")
def wrong_lines():
    return [2, 2, 3]


@wrong("fast-wrong-lines", "In the third, a rounding may add as well as take away.")
def wrong_lines():
    return [2, 3, 2]


@wrong("fast-intensity", "Filters are moved, too, once: they count among the bytes.")
def intensity(N, C, H, W, F, U, V):
    P, Q = H - U + 1, W - V + 1
    numbers = N * C * H * W + N * F * P * Q
    return 2 * N * F * P * Q * C * U * V / (4 * numbers)
