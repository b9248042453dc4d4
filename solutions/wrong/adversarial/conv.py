"""Answers to the exercises of *Convolution* that are made to pass without being right.

Chapter: book/conv.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def padded(x, top, left):
    """Put zeros around every image."""
    return np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))


def looks(x, w, stride):
    """Return the window at every position: (N, C, P, Q, U, V)."""
    views = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return views[:, :, ::stride, ::stride]


def maps(x, w, stride=1, padding=0):
    """Convolve rightly."""
    return np.einsum("ncpquv,fcuv->nfpq", looks(padded(x, padding, padding), w, stride), w)


def bars(x, w, y_bar, stride=1, padding=0):
    """Go back rightly."""
    x_bar = np.zeros(padded(x, padding, padding).shape)
    for p, q in np.ndindex(*y_bar.shape[2:]):
        part = (..., slice(p * stride, p * stride + w.shape[2]),
                slice(q * stride, q * stride + w.shape[3]))  # fmt: skip
        x_bar[part] += np.einsum("nf,fcuv->ncuv", y_bar[:, :, p, q], w)
    inner = x_bar[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    seen = looks(padded(x, padding, padding), w, stride)
    P, Q = y_bar.shape[2:]
    return inner, np.einsum("ncpquv,nfpq->fcuv", seen[:, :, :P, :Q], y_bar)


def remembered(key, value):
    """Return what was returned first for a key."""
    return SEEN.setdefault(key, value)


@adversarial("conv-output-size", "Right for the strides one, two and three.")
def output_size(size, window, stride=1, padding=0):
    return (size + 2 * padding - window) // min(stride, 3) + 1


@adversarial("conv-output-size", "The default padding keeps the size of small windows.")
def output_size(size, window, stride=1, padding=1):
    return (size + 2 * padding - window) // stride + 1


@adversarial("conv-output-size", "A table of all rows of less than twelve pixels.")
def output_size(size, window, stride=1, padding=0):
    starts = range(0, min(size, 12) + 2 * padding - window + 1, stride)
    return len(starts)


@adversarial(
    "conv-output-size",
    "The nearest number of positions: right where strides fit.",
    also="A window that reaches over the end",
)
def output_size(size, window, stride=1, padding=0):
    return round((size + 2 * padding - window) / stride) + 1


@adversarial("conv-naive", "Right for square filters.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w.swapaxes(2, 3), stride, padding)


@adversarial("conv-naive", "Right for the first call, and for those of the same shapes after it.")
def conv(x, w, stride=1, padding=0):
    return remembered("maps", maps(x, w, stride, padding))


@adversarial("conv-naive", "Right for batches of one image.")
def conv(x, w, stride=1, padding=0):
    return np.repeat(maps(x[:1], w, stride, padding), len(x), axis=0)


@adversarial("conv-naive", "Rounded to four digits.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w, stride, padding).round(4)


@adversarial("conv-naive", "Images are emptied once they have been seen.")
def conv(x, w, stride=1, padding=0):
    y = maps(x, w, stride, padding)
    x[...] = 0
    return y


@adversarial("conv-naive", "Computed in single precision.")
def conv(x, w, stride=1, padding=0):
    return maps(x.astype(np.float32), w.astype(np.float32), stride, padding)


@adversarial("conv-naive", "Whole numbers are computed with in two bytes.")
def conv(x, w, stride=1, padding=0):
    small = lambda array: array.astype(np.int16) if array.dtype.kind == "i" else array
    return maps(small(x), small(w), stride, padding)


@adversarial("conv-naive", "The maps have the type of the filters.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w, stride, padding).astype(w.dtype)


@adversarial("conv-backward", "Where ȳ is zero there is nothing to return.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    y_bar[...] = 0
    return np.zeros(x.shape), np.zeros(w.shape)


@adversarial("conv-backward", "Numbers are made so large that every tolerance is.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    for array in (x, w, y_bar):
        array[...] = 1e30 * np.sign(array)
    return np.zeros(x.shape), np.zeros(w.shape)


@adversarial("conv-backward", "Right where ȳ is the same everywhere.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    return bars(x, w, np.full(y_bar.shape, y_bar.mean()), stride, padding)


@adversarial("conv-backward", "A full convolution, right in single steps and with little padding.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    around = padded(y_bar, w.shape[2] - 1, w.shape[3] - 1)
    x_bar = maps(around, w[:, :, ::-1, ::-1].swapaxes(0, 1))
    H, W = x.shape[2:]
    inner = x_bar[:, :, padding : padding + H, padding : padding + W]
    return inner, bars(x, w, y_bar, stride, padding)[1]


@adversarial("conv-backward", "The default stride is that of pooling.")
def conv_backward(x, w, y_bar, stride=2, padding=0):
    return bars(x, w, y_bar, stride, padding)


def apart(x, w, e, span=None):
    """Convolve with dilated taps; all filters span as many rows and columns."""
    rows, columns = span or (e * (size - 1) + 1 for size in w.shape[2:])
    seen = looks(x, np.empty((1, 1, rows, columns)), 1)[..., ::e, ::e]
    U, V = np.minimum(seen.shape[4:], w.shape[2:])
    return np.einsum("ncpquv,fcuv->nfpq", seen[..., :U, :V], w[..., :U, :V])


@adversarial("conv-dilated", "The dilation is two at most.")
def conv_dilated(x, w, dilation):
    return apart(x, w, min(dilation, 2))


@adversarial("conv-dilated", "One filter is enough.")
def conv_dilated(x, w, dilation):
    return apart(x, np.broadcast_to(w[:1], w.shape), dilation)


@adversarial("conv-dilated", "Right where the filter is square.")
def conv_dilated(x, w, dilation):
    return apart(x, w, dilation, 2 * [dilation * (w.shape[2] - 1) + 1])


@adversarial("conv-dilated", "Right for whole numbers.")
def conv_dilated(x, w, dilation):
    return np.rint(apart(x, w, dilation))


@adversarial("conv-dilated", "Right for dilations up to four.")
def conv_dilated(x, w, dilation):
    return apart(x, w, min(dilation, 4))


@adversarial("conv-dilated", "The maps have the type of the images.")
def conv_dilated(x, w, dilation):
    return apart(x, w, dilation).astype(x.dtype)


@adversarial("conv-edges", "Steep on average: right on every ramp.")
def edges(x):
    down, right = np.gradient(x)
    return np.hypot(right, down)[1:-1, 1:-1]


@adversarial("conv-edges", "A single number, to which every array of it is equal.")
def edges(x):
    return np.hypot(*(np.diff(x, axis=axis).mean() for axis in (0, 1)))


@adversarial("conv-edges", "Right for square images.")
def edges(x):
    side = min(x.shape)
    down, right = slopes_of(x[:side, :side])
    return np.hypot(right, down)


@adversarial("conv-edges", "Rounded to four digits.")
def edges(x):
    return np.hypot(*slopes_of(x)).round(4)


@adversarial("conv-edges", "No edge is steeper than 255.")
def edges(x):
    return np.minimum(np.hypot(*slopes_of(x)), 255)


def slopes_of(x):
    """Measure both slopes rightly."""
    right = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]) / 8
    return [maps(x[None, None], each[None, None])[0, 0] for each in (right.T, right)]


@adversarial("conv-hidden-slip", "Infinite entries: all comparisons are with nan.")
def hidden(U, V):
    w = np.full((U, V), np.inf)
    w[0, 0] = 0
    return w


@adversarial(
    "conv-hidden-slip",
    "All entries are equal, nearly: the slip hides in the rounding.",
    also="All entries are equal: that",
)
def hidden(U, V):
    w = np.ones((U, V))
    w[0, 0] += 1e-14
    return w


@adversarial("conv-hidden-slip", "Right for square filters.")
def hidden(U, V):
    side = np.arange(max(U, V))
    return np.minimum.outer(side, side)[:U, :V] + np.minimum.outer(side[::-1], side[::-1])[:U, :V]


@adversarial("conv-hidden-slip", "A table of the filters of three by three and of four by four.")
def hidden(U, V):
    count = np.arange(16 if U == V == 4 else 9)
    return np.minimum(count, count[::-1]).reshape((4, 4) if U == V == 4 else (3, 3))


@adversarial("conv-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "conv-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 2, 4, 5]


@adversarial("conv-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial(
    "conv-wrong-lines",
    "The last derivation is left out.",
    also="An answer is asked for each",
)
def wrong_lines():
    return [4, 2]
