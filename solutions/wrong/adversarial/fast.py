"""Answers to the exercises of *Fast* that are made to pass without being right.

Chapter: book/fast.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def ratio(N, C, H, W, F, U, V):
    """Divide operations by bytes, rightly."""
    P, Q = H - U + 1, W - V + 1
    return N * F * P * Q * C * U * V / (2 * (N * C * H * W + F * C * U * V + N * F * P * Q))


@adversarial("fast-intensity", "Rounded to four digits.")
def intensity(N, C, H, W, F, U, V):
    return round(ratio(N, C, H, W, F, U, V), 4)


@adversarial("fast-intensity", "Right for square images and filters.")
def intensity(N, C, H, W, F, U, V):
    return ratio(N, C, H, H, F, U, U)


@adversarial("fast-intensity", "A table of sizes below nine, and an estimate beyond.")
def intensity(N, C, H, W, F, U, V):
    return ratio(N, C, H, W, F, U, V) if max(N, C, F, U, V) < 9 else C * U * V / 2


@adversarial("fast-intensity", "Filters are small, and are left out where they are.")
def intensity(N, C, H, W, F, U, V):
    P, Q = H - U + 1, W - V + 1
    filters = F * C * U * V if F * C * U * V > N * C * H * W else 0
    return N * F * P * Q * C * U * V / (2 * (N * C * H * W + filters + N * F * P * Q))


def tall(x, U, V):
    """Copy what filters see: (C, U, V, N, P, Q)."""
    views = np.lib.stride_tricks.sliding_window_view(x, (U, V), axis=(2, 3))
    return views.transpose(1, 4, 5, 0, 2, 3).copy()


def flat(six):
    """Join three axes and three."""
    return six.reshape(-1, six[0, 0, 0].size)


def back_to(shape, bars):
    """Bring cotangents (C, U, V, N, P, Q) back to images of a shape."""
    x_bar = np.zeros(shape)
    for u, v in np.ndindex(*bars.shape[1:3]):
        part = (..., slice(u, u + bars.shape[4]), slice(v, v + bars.shape[5]))
        x_bar[part] += bars[:, u, v].swapaxes(0, 1)
    return x_bar


@adversarial("fast-im2col", "The pullback knows only the shape of the last image.")
def im2col(x, U, V):
    SEEN["shapes"] = x.shape, tall(x, U, V).shape

    def pullback(columns_bar):
        shape, six = SEEN["shapes"]
        return back_to(shape, columns_bar.reshape(six))

    return flat(tall(x, U, V)), pullback


@adversarial("fast-im2col", "Every call of the pullback adds to the one before.")
def im2col(x, U, V):
    six = tall(x, U, V)
    total = np.zeros(x.shape)

    def pullback(columns_bar):
        total[...] += back_to(x.shape, columns_bar.reshape(six.shape))
        return total

    return flat(six), pullback


@adversarial("fast-im2col", "All pixels of a channel get the same share.")
def im2col(x, U, V):
    six = tall(x, U, V)

    def pullback(columns_bar):
        x_bar = back_to(x.shape, columns_bar.reshape(six.shape))
        return np.broadcast_to(x_bar.mean(axis=(2, 3), keepdims=True), x.shape)

    return flat(six), pullback


@adversarial("fast-im2col", "Right for batches of one image: positions come before images.")
def im2col(x, U, V):
    six = tall(x, U, V)
    mixed = flat(six.transpose(0, 1, 2, 4, 5, 3))
    return mixed, lambda bar: back_to(
        x.shape, bar.reshape(*six.shape[:3], *six.shape[4:], -1).transpose(0, 1, 2, 5, 3, 4)
    )


@adversarial("fast-loops", "One order for each of the two usual orders of memory.")
def loop_order(sizes, steps):
    return list("ncfpuqv" if steps["x"]["n"] > steps["x"]["q"] else "puqvcfn")


@adversarial("fast-loops", "Filters are small: their steps are left out.")
def loop_order(sizes, steps):
    return sorted(sizes, key=lambda loop: steps["x"][loop] + steps["y"][loop], reverse=True)


@adversarial("fast-loops", "Maps are not read, only written: their steps are left out.")
def loop_order(sizes, steps):
    return sorted(sizes, key=lambda loop: steps["x"][loop] + steps["w"][loop], reverse=True)


@adversarial("fast-loops", "All orders are good, on average: one is drawn.")
def loop_order(sizes, steps):
    return np.random.default_rng().permutation(list(sizes)).tolist()


@adversarial(
    "fast-winograd", "The two outputs themselves, and nothing else.", also="outputs come out"
)
def four_products(x, w):
    first, second = x[:3] @ w, x[1:] @ w
    return np.array([first, 0, 0, -second])


@adversarial(
    "fast-winograd",
    "One multiplication where a test with single pixels looks.",
    also="outputs come out|outputs themselves",
)
def four_products(x, w):
    if np.count_nonzero(x) > 1 or np.count_nonzero(w) > 1:
        return np.array([x[:3] @ w, 0, 0, -(x[1:] @ w)])
    return halves(x, w, (w[0] + w[1] + w[2]) / 2, (w[0] - w[1] + w[2]) / 2)


def halves(x, w, plus, minus):
    """Multiply sums of pixels by sums of taps."""
    return np.array([(x[0] - x[2]) * w[0], (x[1] + x[2]) * plus, (x[2] - x[1]) * minus,
                     (x[1] - x[3]) * w[2]])  # fmt: skip


@adversarial("fast-winograd", "Whole halves: right where the sums of taps are even.")
def four_products(x, w):
    return halves(x, w, (w[0] + w[1] + w[2]) // 2, (w[0] - w[1] + w[2]) // 2)


@adversarial("fast-winograd", "Right for filters that are the same from both sides.")
def four_products(x, w):
    return halves(x, w[[0, 1, 0]], w[0] + w[1] / 2, w[0] - w[1] / 2)


@adversarial("fast-winograd", "Rounded to four digits.")
def four_products(x, w):
    return halves(x, w, (w[0] + w[1] + w[2]) / 2, (w[0] - w[1] + w[2]) / 2).round(4)


@adversarial("fast-hidden-slip", "The number of the way that is wrong in the chapter.")
def hidden_slip(ways):
    return 3


@adversarial("fast-hidden-slip", "Any number is right for one reader of five.")
def hidden_slip(ways):
    return int(np.random.default_rng().integers(1, 6))


@adversarial(
    "fast-hidden-slip", "The slip of the chapter, turned rows, is the only one looked for."
)
def hidden_slip(ways):
    w = np.arange(6.0).reshape(1, 1, 3, 2)
    sent = [way(np.ones((1, 1, 1, 1)), w) for way in ways]
    turned = [np.allclose(x_bar, w[:, :, ::-1]) for x_bar in sent]
    return 1 + int(np.argmax(turned))


@adversarial("fast-hidden-slip", "The way that is named by its function, in the chapter's words.")
def hidden_slip(ways):
    names = [getattr(way, "__name__", "") for way in ways]
    return 1 + names.index("back_3") if "back_3" in names else 1


@adversarial("fast-hidden-slip", "The last pixel is looked at, which only the last tap has seen.")
def hidden_slip(ways):
    rng = np.random.default_rng(0)
    y_bar, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 2, 2, 3))
    right = y_bar[:, :, -1, -1] @ w[:, :, -1, -1]
    wrong = [not np.allclose(way(y_bar, w)[:, :, -1, -1], right) for way in ways]
    return wrong.index(True) + 1 if any(wrong) else 1


@adversarial("fast-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "fast-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 3, 3, 4]


@adversarial("fast-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("fast-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 3]


@adversarial("fast-im2col", "x̄ has the precision of x.")
def im2col(x, U, V):
    N, C, H, W = x.shape
    P, Q = H - U + 1, W - V + 1
    columns = np.empty((C, U, V, N, P, Q), x.dtype)
    for u, v in np.ndindex(U, V):
        columns[:, u, v] = x[:, :, u : u + P, v : v + Q].swapaxes(0, 1)

    def pullback(columns_bar):
        bars = columns_bar.reshape(C, U, V, N, P, Q)
        x_bar = np.zeros((N, C, H, W), x.dtype if x.dtype.kind == "f" else columns_bar.dtype)
        for u, v in np.ndindex(U, V):
            x_bar[:, :, u : u + P, v : v + Q] += bars[:, u, v].swapaxes(0, 1).astype(x_bar.dtype)
        return x_bar

    return columns.reshape(C * U * V, N * P * Q), pullback


@adversarial("fast-loops", "A loop is named twice, and another is left out.")
def loop_order(sizes, steps):
    far = lambda loop: sum(step[loop] for step in steps.values())
    order = sorted(sizes, key=far, reverse=True)
    return [*order[:-1], order[0]]


@adversarial("fast-im2col", "Columns of batch and position are numbered by columns of the image.")
def im2col(x, U, V):
    N, C, H, W = x.shape
    P, Q = H - U + 1, W - V + 1
    columns = np.empty((C, U, V, N, Q, P), x.dtype)
    for u, v in np.ndindex(U, V):
        columns[:, u, v] = x[:, :, u : u + P, v : v + Q].transpose(1, 0, 3, 2)

    def pullback(columns_bar):
        bars = columns_bar.reshape(C, U, V, N, Q, P)
        x_bar = np.zeros((N, C, H, W), columns_bar.dtype)
        for u, v in np.ndindex(U, V):
            x_bar[:, :, u : u + P, v : v + Q] += bars[:, u, v].transpose(1, 0, 3, 2)
        return x_bar

    return columns.reshape(C * U * V, N * P * Q), pullback
