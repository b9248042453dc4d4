"""Plausible wrong answers to the exercises of *Convolution*, each with a word of advice.

Chapter: book/conv.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def padded(x, padding):
    """Put zeros around every image."""
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def places(x, w, stride):
    """Count the positions of a window in a padded image."""
    return [(H - U) // stride + 1 for H, U in zip(x.shape[2:], w.shape[2:], strict=True)]


def seen(p, q, w, stride):
    """Name the rows and columns that a window covers at a position."""
    U, V = w.shape[2:]
    return slice(p * stride, p * stride + U), slice(q * stride, q * stride + V)


def maps(x, w, stride, padding, product):
    """Fill every map with a product of what a filter sees and the filter."""
    x = padded(x, padding)
    y = np.zeros((len(x), len(w), *places(x, w, stride)))
    for n, f, p, q in np.ndindex(*y.shape):
        y[n, f, p, q] = product(x[n][(slice(None), *seen(p, q, w, stride))], w[f])
    return y


def bars(x, w, y_bar, stride, padding, *, cut=True, turned=False, added=True, batch=True):
    """Go back through a convolution, rightly or with a slip."""
    H, W = x.shape[2:]
    x = padded(x, padding)
    x_bar = np.zeros(x.shape)
    w_bar = np.zeros(w.shape)
    for n, f, p, q in np.ndindex(*y_bar.shape):
        part = (slice(None), *seen(p, q, w, stride))
        bar = y_bar[n, f, p, q]
        tap = w[f][:, ::-1, ::-1] if turned else w[f]
        x_bar[n][part] = bar * tap + (x_bar[n][part] if added else 0)
        w_bar[f] += bar * x[n if batch else 0][part]
    start = padding if cut else 0
    return x_bar[:, :, start : start + H, start : start + W], w_bar


@wrong("conv-output-size", "The first position counts too: add one to the number of strides.")
def output_size(size, window, stride=1, padding=0):
    return (size + 2 * padding - window) // stride


@wrong("conv-output-size", "There is padding on both sides of the row: count it twice.")
def output_size(size, window, stride=1, padding=0):
    return (size + padding - window) // stride + 1


@wrong("conv-output-size", "Divide before you add one: the first position needs no stride.")
def output_size(size, window, stride=1, padding=0):
    return (size + 2 * padding - window + 1) // stride


@wrong("conv-output-size", "A window that reaches over the end does not count: round down, not up.")
def output_size(size, window, stride=1, padding=0):
    return -(-(size + 2 * padding - window) // stride) + 1


@wrong("conv-naive", "You turn the filter around: lay it on the image as it is.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w, stride, padding, lambda part, tap: np.sum(part * tap[:, ::-1, ::-1]))


@wrong("conv-naive", "Sum the products over all channels: you take their mean.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w, stride, padding, lambda part, tap: np.sum(part * tap, axis=(1, 2)).mean())


@wrong("conv-naive", "Only the first channel is used: sum over all of them.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w, stride, padding, lambda part, tap: np.sum(part[0] * tap[0]))


@wrong("conv-naive", "The window is to move in strides: begin at p * stride, not at p.")
def conv(x, w, stride=1, padding=0):
    x = padded(x, padding)
    y = np.zeros((len(x), len(w), *places(x, w, stride)))
    for n, f, p, q in np.ndindex(*y.shape):
        y[n, f, p, q] = np.sum(x[n][(slice(None), *seen(p, q, w, 1))] * w[f])
    return y


@wrong("conv-naive", "Images are padded at their end only: put zeros on all four sides.")
def conv(x, w, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    return maps(x, w, stride, 0, lambda part, tap: np.sum(part * tap))


@wrong("conv-naive", "Maps of integer pixels may have fractions: do not give them the dtype of x.")
def conv(x, w, stride=1, padding=0):
    return maps(x, w, stride, padding, lambda part, tap: np.sum(part * tap)).astype(x.dtype)


@wrong("conv-backward", "A pixel lies in several windows: add with +=, not with =.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    return bars(x, w, y_bar, stride, padding, added=False)


@wrong("conv-backward", "You loop over the positions of the window: do not flip the filter.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    return bars(x, w, y_bar, stride, padding, turned=True)


@wrong("conv-backward", "Cut the padding off in front as well: x̄ begins at row `padding`.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    return bars(x, w, y_bar, stride, padding, cut=False)


@wrong("conv-backward", "w̄ is a sum over the images, each with its own windows and its own ȳ.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    return bars(x, w, y_bar, stride, padding, batch=False)


@wrong(
    "conv-backward", "w̄ is a sum over the batch, not a mean: ȳ holds 1/N already if there is one."
)
def conv_backward(x, w, y_bar, stride=1, padding=0):
    x_bar, w_bar = bars(x, w, y_bar, stride, padding)
    return x_bar, w_bar / len(x)


@wrong("conv-backward", "Each window has its own ȳ: it begins at p * stride in the padded image.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    return bars(x, w, y_bar, 1, padding)


@wrong("conv-backward", "Gradients of integer arrays may have fractions: start from floats.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    x_bar, w_bar = bars(x, w, y_bar, stride, padding)
    return x_bar.astype(x.dtype), w_bar.astype(w.dtype)


def spread(w, rows, columns):
    """Put the taps of filters apart, with zeros between them."""
    (F, C, U, V) = w.shape
    wide = np.zeros((F, C, rows * (U - 1) + 1, columns * (V - 1) + 1))
    wide[:, :, ::rows, ::columns] = w
    return wide


def plain(part, tap):
    """Multiply and add up."""
    return np.sum(part * tap)


@wrong("conv-dilated", "A dilation of e puts the taps e apart: there are e - 1 zeros between them.")
def conv_dilated(x, w, dilation):
    return maps(x, spread(w, dilation + 1, dilation + 1), 1, 0, plain)


@wrong("conv-dilated", "The dilation is taken for a stride: the window moves by one.")
def conv_dilated(x, w, dilation):
    return maps(x, w, dilation, 0, plain)


@wrong("conv-dilated", "The rows are dilated, and the columns have to be as well.")
def conv_dilated(x, w, dilation):
    return maps(x, spread(w, dilation, 1), 1, 0, plain)


@wrong(
    "conv-dilated", "The last positions are missing: a filter spans e (U - 1) + 1 rows, not e U."
)
def conv_dilated(x, w, dilation):
    wide = np.pad(spread(w, dilation, dilation), [(0, 0), (0, 0)] + 2 * [(0, dilation - 1)])
    return maps(x, wide, 1, 0, plain)


RIGHT = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]) / 8


def slopes(x, window):
    """Convolve one image with one filter."""
    return maps(x[None, None], window[None, None], 1, 0, plain)[0, 0]


@wrong("conv-edges", "A ramp of slope one comes out eight times as steep: divide the filters by 8.")
def edges(x):
    return np.hypot(slopes(x, 8 * RIGHT), slopes(x, 8 * RIGHT.T))


@wrong("conv-edges", "You measure the horizontal slope only: some edges have a vertical one.")
def edges(x):
    return np.abs(slopes(x, RIGHT))


@wrong("conv-edges", "Take the root of the sum of squares, not the sum of absolute values.")
def edges(x):
    return np.abs(slopes(x, RIGHT)) + np.abs(slopes(x, RIGHT.T))


@wrong("conv-edges", "The squares are added up, and the root is missing.")
def edges(x):
    return slopes(x, RIGHT) ** 2 + slopes(x, RIGHT.T) ** 2


@wrong("conv-edges", "Both filters measure the same direction: transpose one, do not mirror it.")
def edges(x):
    return np.hypot(slopes(x, RIGHT), slopes(x, RIGHT[:, ::-1]))


@wrong("conv-hidden-slip", "All entries are equal: that hides the slip, and is not asked for.")
def hidden(U, V):
    return np.ones((U, V))


@wrong(
    "conv-hidden-slip", "Like a Sobel filter it changes its sign when turned, and shows the slip."
)
def hidden(U, V):
    return np.outer(np.ones(U), np.linspace(-1, 1, V))


@wrong("conv-hidden-slip", "Rows and columns alike count upwards, but turning swaps the corners.")
def hidden(U, V):
    return np.add.outer(np.arange(U), np.arange(V))


@wrong("conv-hidden-slip", "It is its own mirror image from left to right: take another one.")
def hidden(U, V):
    rows, columns = np.arange(U), np.arange(V)
    return np.add.outer(np.minimum(rows, rows[::-1]), np.minimum(columns, columns[::-1]))


@wrong("conv-hidden-slip", "The size is asked for: a filter of three by three is one of many.")
def hidden(U, V):
    return np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 4.0], [3.0, 2.0, 1.0]])


@wrong("conv-wrong-lines", "Lines are counted from one; the first one is right.")
def wrong_lines():
    return [3, 1, 3]


@wrong("conv-wrong-lines", "An answer is asked for each of the three derivations.")
def wrong_lines():
    return [4, 2]


@wrong(
    "conv-wrong-lines", "The line after the wrong one is named: compare each with the one above."
)
def wrong_lines():
    return [4, 3, 5]


@wrong("conv-wrong-lines", "A pixel is seen through one tap: line two of the first one is right.")
def wrong_lines():
    return [2, 2, 2]


def conv_with(x, w, stride, padding, **options):
    """Convolve images whose padding is filled in some way."""
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), **options)
    P, Q = (H + 2 * padding - U) // stride + 1, (W + 2 * padding - V) // stride + 1
    y = np.empty((N, F, P, Q))
    for n, f, p, q in np.ndindex(N, F, P, Q):
        i, j = p * stride, q * stride
        y[n, f, p, q] = np.sum(x[n, :, i : i + U, j : j + V] * w[f])
    return y


@wrong("conv-naive", "Outside an image there are zeros, and not its last pixels once more.")
def conv(x, w, stride=1, padding=0):
    return conv_with(x, w, stride, padding, mode="edge")


@wrong("conv-dilated", "There is no padding: the maps are smaller than the images.")
def conv_dilated(x, w, dilation):
    big = np.zeros((*w.shape[:2], *(dilation * (n - 1) + 1 for n in w.shape[2:])))
    big[:, :, ::dilation, ::dilation] = w
    return conv_with(x, big, 1, dilation * (w.shape[2] - 1) // 2)


def right(x, w, y_bar, stride=1, padding=0):
    """Return what is right."""
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    P, Q = y_bar.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    x_bar, w_bar = np.zeros(x.shape), np.zeros(w.shape)
    for n, f, p, q in np.ndindex(N, F, P, Q):
        i, j = p * stride, q * stride
        x_bar[n, :, i : i + U, j : j + V] += y_bar[n, f, p, q] * w[f]
        w_bar[f] += y_bar[n, f, p, q] * x[n, :, i : i + U, j : j + V]
    return x_bar[:, :, padding : padding + H, padding : padding + W], w_bar


@wrong("conv-backward", "First the gradient of the images, then that of the filters.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    a, b = right(x, w, y_bar, stride, padding)
    return b, a
