"""Answers to the exercises of *Pooling* that are made to pass without being right.

Chapter: book/pool.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def counted(x, window, stride):
    """Count the windows in both directions."""
    return [(size - window) // stride + 1 for size in x.shape[2:]]


def parts_of(x, window, stride):
    """Yield the position of every window, and the part of the image that it covers."""
    for p, q in np.ndindex(*counted(x, window, stride)):
        rows, columns = (slice(k * stride, k * stride + window) for k in (p, q))
        yield p, q, (slice(None), slice(None), rows, columns)


def summed_up(x, window, stride, summary):
    """Fill the position of every window with a summary of its entries."""
    y = np.empty((*x.shape[:2], *counted(x, window, stride)))
    for p, q, part in parts_of(x, window, stride):
        y[:, :, p, q] = summary(x[part])
    return y


def most(part):
    """Find the largest entries."""
    return part.max(axis=(2, 3))


def mean(part):
    """Average the entries."""
    return part.mean(axis=(2, 3))


def paid(x, y_bar, window, stride, first=np.argmax):
    """Give ȳ to the largest entry of each window."""
    x_bar = np.zeros(x.shape)
    for p, q, part in parts_of(x, window, stride):
        for n, c in np.ndindex(*x.shape[:2]):
            u, v = divmod(first(x[part][n, c]), window)
            x_bar[n, c, p * stride + u, q * stride + v] += y_bar[n, c, p, q]
    return x_bar


def shared_out(shape, y_bar, window, stride):
    """Give every entry of a window its part of ȳ."""
    x_bar = np.zeros(shape)
    for p, q, part in parts_of(x_bar, window, stride):
        x_bar[part] += y_bar[:, :, p, q, None, None] / window**2
    return x_bar


@adversarial("pool-size", "A table of all rows of less than twelve pixels.")
def output_size(size, window, stride):
    return len(range(0, min(size, 12) - window + 1, stride))


@adversarial("pool-size", "Right for strides up to nine.")
def output_size(size, window, stride):
    return (size - window) // min(stride, 9) + 1


@adversarial("pool-size", "Right where the windows fit exactly.", also="reaches over the end")
def output_size(size, window, stride):
    return round((size - window) / stride) + 1


@adversarial(
    "pool-size",
    "Right for tiles, and for windows in single steps.",
    also="The first window counts too",
)
def output_size(size, window, stride):
    return size // window if stride > 1 else size - window + 1


@adversarial("pool-max", "A running maximum that begins at a thousand below zero.")
def max_pool(x, window, stride):
    return summed_up(x, window, stride, lambda part: np.maximum(most(part), -1000))


@adversarial("pool-max", "A running maximum that begins at the least float, which is not infinite.")
def max_pool(x, window, stride):
    return summed_up(x, window, stride, lambda part: np.maximum(most(part), np.finfo(float).min))


@adversarial("pool-max", "A soft maximum, exact where the entries lie far apart.")
def max_pool(x, window, stride):
    soft = lambda part: np.log(np.exp(300 * (part - part.max())).sum(axis=(2, 3))) / 300
    return summed_up(x, window, stride, lambda part: soft(part) + part.max())


@adversarial("pool-max", "The right answer to the first question, for ever.")
def max_pool(x, window, stride):
    return SEEN.setdefault("max", summed_up(x, window, stride, most))


@adversarial("pool-max", "Windows of more than three pixels cover three.")
def max_pool(x, window, stride):
    return summed_up(x, window, stride, lambda part: most(part[..., :3, :3]))


@adversarial("pool-max-backward", "The question is emptied, then answered.")
def max_pool_backward(x, y_bar, window, stride):
    y_bar[...] = 0
    return np.zeros(x.shape)


@adversarial("pool-max-backward", "The search for the largest entry begins at zero.")
def max_pool_backward(x, y_bar, window, stride):
    return paid(np.maximum(x, 0), y_bar, window, stride)


@adversarial("pool-max-backward", "Of equal entries the first by columns: right where none are.")
def max_pool_backward(x, y_bar, window, stride):
    by_columns = lambda part: divmod(part.T.argmax(), window)
    first = lambda part: by_columns(part)[1] * window + by_columns(part)[0]
    return paid(x, y_bar, window, stride, first)


@adversarial(
    "pool-max-backward", "All images have their largest entries where the first one has them."
)
def max_pool_backward(x, y_bar, window, stride):
    return paid(np.broadcast_to(x[:1], x.shape), y_bar, window, stride)


@adversarial("pool-max-backward", "A little is added to later entries, to part equal ones.")
def max_pool_backward(x, y_bar, window, stride):
    rank = np.arange(x[0, 0].size).reshape(x.shape[2:])
    return paid(x - 1e-9 * rank[::-1, ::-1], y_bar, window, stride)


@adversarial(
    "pool-max-backward", "Entries are compared with too few digits: five.", also="too few digits"
)
def max_pool_backward(x, y_bar, window, stride):
    return paid(np.round(x, 5), y_bar, window, stride)


@adversarial("pool-max-backward", "No entry is larger than a thousand millions.")
def max_pool_backward(x, y_bar, window, stride):
    return paid(np.clip(x, -1e9, 1e9), y_bar, window, stride)


@adversarial(
    "pool-max-backward", "Entries are compared with too few digits: as floats of four bytes."
)
def max_pool_backward(x, y_bar, window, stride):
    return paid(x.astype(np.float32), y_bar, window, stride)


@adversarial("pool-average", "The pullback knows only the ȳ of its first call.")
def avg_pool(x, window, stride):
    kept = []

    def pullback(y_bar):
        kept.append(shared_out(x.shape, y_bar, window, stride))
        return kept[0]

    return summed_up(x, window, stride, mean), pullback


@adversarial("pool-average", "The pullback can be called once.")
def avg_pool(x, window, stride):
    shape = [x.shape]
    y = summed_up(x, window, stride, mean)
    return y, lambda y_bar: shared_out(shape.pop(), y_bar, window, stride)


@adversarial("pool-average", "All pullbacks share the memory of the last image.")
def avg_pool(x, window, stride):
    SEEN["average"] = x.shape, window, stride

    def pullback(y_bar):
        shape, *options = SEEN["average"]
        return shared_out(shape, y_bar, *options)

    return summed_up(x, window, stride, mean), pullback


@adversarial("pool-average", "x̄ accumulates the results of all calls of the pullback.")
def avg_pool(x, window, stride):
    x_bar = np.zeros(x.shape)

    def pullback(y_bar):
        np.add(x_bar, shared_out(x.shape, y_bar, window, stride), out=x_bar)
        return x_bar

    return summed_up(x, window, stride, mean), pullback


@adversarial("pool-average", "Right for tiles: every entry is in one window.")
def avg_pool(x, window, stride):
    def pullback(y_bar):
        wide = y_bar.repeat(window, axis=2).repeat(window, axis=3)[..., : x.shape[2], : x.shape[3]]
        x_bar = np.zeros(x.shape)
        x_bar[:, :, : wide.shape[2], : wide.shape[3]] = wide / window**2
        return x_bar

    return summed_up(x, window, stride, mean), pullback


@adversarial("pool-filters", "Rounded to four digits.")
def averaging_filters(channels, window):
    return np.full((channels, 1, window, window), round(1 / window**2, 4))


@adversarial("pool-filters", "Right for windows of two and of three.")
def averaging_filters(channels, window):
    return np.full((channels, 1, window, window), 1 / (4 if window == 2 else 9))


@adversarial("pool-filters", "One filter, for all channels.")
def averaging_filters(channels, window):
    return np.full((1, 1, window, window), 1 / window**2)


@adversarial("pool-filters", "The average of a window is its middle.")
def averaging_filters(channels, window):
    w = np.zeros((channels, 1, window, window))
    w[:, :, window // 2, window // 2] = 1
    return w


@adversarial("pool-ties", "The image with three largest entries, whatever is asked for.")
def overpaid(window, times):
    return np.array([[[[1.0, 1.0], [0.0, 1.0]]]])


@adversarial("pool-ties", "Nearly equal entries are no equal entries.")
def overpaid(window, times):
    image = np.zeros(window**2)
    image[:times] = 1 + 1e-9 * np.arange(times)
    return image.reshape(1, 1, window, window)


@adversarial("pool-ties", "Right up to three times.")
def overpaid(window, times):
    image = np.zeros(window**2)
    image[: min(times, 3)] = 1
    return image.reshape(1, 1, window, window)


@adversarial("pool-ties", "Two by two pixels are enough for four largest entries.")
def overpaid(window, times):
    return np.where(np.arange(4) < times, 1.0, 0.0).reshape(1, 1, 2, 2)


@adversarial("pool-overlap", "Overlapping as in the middle of the row, at its ends as well.")
def seen_by(size, window, stride):
    return np.array([(pixel % stride < window) + (window - 1 - pixel % stride) // stride
                     for pixel in range(size)])  # fmt: skip


@adversarial("pool-overlap", "At most two windows see a pixel.")
def seen_by(size, window, stride):
    count = np.zeros(size, dtype=int)
    for start in range(0, size - window + 1, stride):
        count[start : start + window] += 1
    return np.minimum(count, 2)


@adversarial("pool-overlap", "The average: it has the same sum.")
def seen_by(size, window, stride):
    return np.full(size, window * ((size - window) // stride + 1) / size)


@adversarial(
    "pool-overlap", "Ends and beginnings are mixed up: right where the windows fit exactly."
)
def seen_by(size, window, stride):
    count = np.zeros(size, dtype=int)
    for end in range(size, window - 1, -stride):
        count[end - window : end] += 1
    return count


@adversarial("pool-overlap", "The counts are bytes.")
def seen_by(size, window, stride):
    counts = np.zeros(size, np.uint8)
    for start in range(0, size - window + 1, stride):
        counts[start : start + window] += 1
    return counts


@adversarial("pool-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "pool-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 2, 4, 5]


@adversarial("pool-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("pool-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [4, 2]
