"""Plausible wrong answers to the exercises of *Pooling*, each with a word of advice.

Chapter: book/pool.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def places(x, window, stride):
    """Count the windows in both directions."""
    return [(size - window) // stride + 1 for size in x.shape[2:]]


def windows(x, window, stride):
    """Yield the position of every window, and the part of the image that it covers."""
    for p, q in np.ndindex(*places(x, window, stride)):
        i = p * stride
        j = q * stride
        yield p, q, (slice(None), slice(None), slice(i, i + window), slice(j, j + window))


def pooled(x, window, stride, summary):
    """Fill the position of every window with a summary of its entries."""
    y = np.empty((*x.shape[:2], *places(x, window, stride)))
    for p, q, part in windows(x, window, stride):
        y[:, :, p, q] = summary(x[part])
    return y


@wrong("pool-size", "The first window counts too: add one to the number of strides.")
def output_size(size, window, stride):
    return (size - window) // stride


@wrong("pool-size", "Windows begin every stride pixels: divide by the stride.")
def output_size(size, window, stride):
    return size - window + 1


@wrong("pool-size", "A window that reaches over the end is no window: round down, not up.")
def output_size(size, window, stride):
    return -(-(size - window) // stride) + 1


@wrong("pool-size", "Take the window off the row: the last one begins at size - window.")
def output_size(size, window, stride):
    return size // stride


@wrong("pool-max", "Zero is not below every entry: begin with the first entry of the window.")
def max_pool(x, window, stride):
    return np.maximum(pooled(x, window, stride, lambda part: part.max(axis=(2, 3))), 0)


@wrong("pool-max", "Channels are pooled separately: take the maximum over the last two axes only.")
def max_pool(x, window, stride):
    return pooled(x, window, stride, lambda part: part.max(axis=(1, 2, 3))[:, None])


@wrong("pool-max", "You average: a maximum is asked for.")
def max_pool(x, window, stride):
    return pooled(x, window, stride, lambda part: part.mean(axis=(2, 3)))


@wrong("pool-max", "Windows begin every stride pixels, and not every window pixels.")
def max_pool(x, window, stride):
    y = np.empty((*x.shape[:2], *places(x, window, stride)))
    for p, q in np.ndindex(*y.shape[2:]):
        i = p * window
        j = q * window
        part = x[:, :, i : i + window, j : j + window]
        y[:, :, p, q] = part.max(axis=(2, 3)) if part.size else 0
    return y


@wrong("pool-max-backward", "Of several largest entries only the first receives ȳ: use argmax.")
def max_pool_backward(x, y_bar, window, stride):
    x_bar = np.zeros_like(x)
    for p, q, part in windows(x, window, stride):
        won = x[part] == x[part].max(axis=(2, 3), keepdims=True)
        x_bar[part] += won * y_bar[:, :, p, q, None, None]
    return x_bar


@wrong("pool-max-backward", "An entry may win in several windows: add with +=, not with =.")
def max_pool_backward(x, y_bar, window, stride):
    x_bar = np.zeros_like(x)
    for p, q, part in windows(x, window, stride):
        for n, c in np.ndindex(*x.shape[:2]):
            u, v = divmod(x[part][n, c].argmax(), window)
            x_bar[n, c, p * stride + u, q * stride + v] = y_bar[n, c, p, q]
    return x_bar


@wrong("pool-max-backward", "Of several largest entries the first is to receive ȳ, not the last.")
def max_pool_backward(x, y_bar, window, stride):
    x_bar = np.zeros_like(x)
    for p, q, part in windows(x, window, stride):
        for n, c in np.ndindex(*x.shape[:2]):
            u, v = divmod(window**2 - 1 - x[part][n, c].ravel()[::-1].argmax(), window)
            x_bar[n, c, p * stride + u, q * stride + v] += y_bar[n, c, p, q]
    return x_bar


@wrong(
    "pool-max-backward", "Every entry of the window receives ȳ: that is the backward pass of a sum."
)
def max_pool_backward(x, y_bar, window, stride):
    x_bar = np.zeros_like(x)
    for p, q, part in windows(x, window, stride):
        x_bar[part] += y_bar[:, :, p, q, None, None]
    return x_bar


def averaging(x, window, stride, pullback):
    """Average, and return another backward pass with it."""
    return pooled(x, window, stride, lambda part: part.mean(axis=(2, 3))), pullback


@wrong("pool-average", "Every entry receives its share only: divide ȳ by the size of the window.")
def avg_pool(x, window, stride):
    def pullback(y_bar):
        x_bar = np.zeros_like(x)
        for p, q, part in windows(x, window, stride):
            x_bar[part] += y_bar[:, :, p, q, None, None]
        return x_bar

    return averaging(x, window, stride, pullback)


@wrong("pool-average", "Where windows overlap the parts add up: write += in place of =.")
def avg_pool(x, window, stride):
    def pullback(y_bar):
        x_bar = np.zeros_like(x)
        for p, q, part in windows(x, window, stride):
            x_bar[part] = y_bar[:, :, p, q, None, None] / window**2
        return x_bar

    return averaging(x, window, stride, pullback)


@wrong("pool-average", "The window has window² entries, and you divide by its side.")
def avg_pool(x, window, stride):
    def pullback(y_bar):
        x_bar = np.zeros_like(x)
        for p, q, part in windows(x, window, stride):
            x_bar[part] += y_bar[:, :, p, q, None, None] / window
        return x_bar

    return averaging(x, window, stride, pullback)


@wrong("pool-average", "You add up where you should average: divide by the size of the window.")
def avg_pool(x, window, stride):
    def pullback(y_bar):
        x_bar = np.zeros_like(x)
        for p, q, part in windows(x, window, stride):
            x_bar[part] += y_bar[:, :, p, q, None, None] / window**2
        return x_bar

    return pooled(x, window, stride, lambda part: part.sum(axis=(2, 3))), pullback


@wrong("pool-filters", "Filters of ones add up: divide by the number of taps.")
def averaging_filters(channels, window):
    return np.ones((channels, 1, window, window))


@wrong("pool-filters", "A filter has window² taps, and you divide by its side.")
def averaging_filters(channels, window):
    return np.full((channels, 1, window, window), 1 / window)


@wrong("pool-filters", "In C groups a filter sees one channel: its second axis has length one.")
def averaging_filters(channels, window):
    return np.full((channels, channels, window, window), 1 / window**2)


@wrong("pool-filters", "The channels are mixed into one map: every channel has its own filter.")
def averaging_filters(channels, window):
    return np.full((1, channels, window, window), 1 / window**2)


@wrong("pool-ties", "No two entries are equal, so ȳ is received once.")
def overpaid(window, times):
    return np.arange(window**2).reshape(1, 1, window, window)


@wrong("pool-ties", "All entries are the largest, so every one of them receives ȳ.")
def overpaid(window, times):
    return np.ones((1, 1, window, window))


def ranked(window, times):
    """Let as many entries of an image be smaller than the others as are asked for."""
    image = np.ones(window**2)
    image[:times] = 0
    return image


@wrong("pool-ties", "So many entries are equal, but the others are larger: they receive ȳ.")
def overpaid(window, times):
    return ranked(window, times).reshape(1, 1, window, window)


@wrong("pool-ties", "The image has four axes: a batch of one, with one channel.")
def overpaid(window, times):
    return 1 - ranked(window, times).reshape(window, window)


@wrong("pool-ties", "One entry too many is the largest: the first one counts, too.")
def overpaid(window, times):
    return 1 - ranked(window, times + 1).reshape(1, 1, window, window)


@wrong("pool-overlap", "Windows that reach over the end do not count.")
def seen_by(size, window, stride):
    count = np.zeros(size, dtype=int)
    for start in range(0, size, stride):
        count[start : start + window] += 1
    return count


@wrong("pool-overlap", "The last window may end with the row: let range run to size - window + 1.")
def seen_by(size, window, stride):
    count = np.zeros(size, dtype=int)
    for start in range(0, size - window, stride):
        count[start : start + window] += 1
    return count


@wrong("pool-overlap", "A pixel in two windows counts twice: add one for each of them.")
def seen_by(size, window, stride):
    count = np.zeros(size, dtype=int)
    for start in range(0, size - window + 1, stride):
        count[start : start + window] = 1
    return count


@wrong("pool-overlap", "You count the pixels at which a window begins.")
def seen_by(size, window, stride):
    count = np.zeros(size, dtype=int)
    count[: size - window + 1 : stride] = 1
    return count


@wrong("pool-wrong-lines", "The numbers count lines from 1, and the first line has one too.")
def wrong_lines():
    return [3, 1, 3]


@wrong("pool-wrong-lines", "In the first, try two numbers of which the second is the larger.")
def wrong_lines():
    return [3, 2, 4]


@wrong("pool-wrong-lines", "In the second, look for the line at which the division by U is lost.")
def wrong_lines():
    return [4, 3, 4]


@wrong("pool-wrong-lines", "In the third, count the terms of each sum: all have V U of them.")
def wrong_lines():
    return [4, 2, 3]


def right(x, window, stride):
    """Return what is right."""
    N, C, H, W = x.shape
    P, Q = (H - window) // stride + 1, (W - window) // stride + 1
    parts = {
        (p, q): (
            ...,
            slice(p * stride, p * stride + window),
            slice(q * stride, q * stride + window),
        )
        for p, q in np.ndindex(P, Q)
    }
    y = np.empty((N, C, P, Q))
    for (p, q), part in parts.items():
        y[:, :, p, q] = x[part].mean(axis=(2, 3))

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W))
        for (p, q), part in parts.items():
            x_bar[part] += y_bar[:, :, p, q, None, None] / window**2
        return x_bar

    return y, pullback


@wrong("pool-average", "Return y first, then the pullback.")
def avg_pool(x, window, stride):
    y, back = right(x, window, stride)
    return back, y
