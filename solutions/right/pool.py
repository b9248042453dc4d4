"""Right answers to the exercises of *Pooling* that look unusual.

Chapter: book/pool.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import right


def shown(x, window, stride):
    """Show the entries of every window: (N, C, P, Q, U, U)."""
    views = np.lib.stride_tricks.sliding_window_view(x, (window, window), axis=(2, 3))
    return views[:, :, ::stride, ::stride]


@right("pool-size", "Windows are laid one after the other.")
def output_size(size, window, stride):
    return 0 if size < window else 1 + output_size(size - stride, window, stride)


@right("pool-size", "A number of NumPy, rounded down from a float.")
def output_size(size, window, stride):
    return np.floor(1 + (size - window) / stride)


@right("pool-max", "All windows at once.")
def max_pool(x, window, stride):
    return shown(x, window, stride).max(axis=(-1, -2))


@right("pool-max", "A running maximum over the entries of a window, from below everything.")
def max_pool(x, window, stride):
    P, Q = ((size - window) // stride + 1 for size in x.shape[2:])
    y = np.full((*x.shape[:2], P, Q), -np.inf)
    for u, v in np.ndindex(window, window):
        part = x[:, :, u : u + stride * P : stride, v : v + stride * Q : stride]
        y = np.where(part[:, :, :P, :Q] > y, part[:, :, :P, :Q], y)
    return y.tolist()


@right("pool-max", "First along the rows, then along the columns.")
def max_pool(x, window, stride):
    view = np.lib.stride_tricks.sliding_window_view
    rows = view(x, window, axis=3)[:, :, :, ::stride].max(axis=-1)
    return view(rows, window, axis=2)[:, :, ::stride].max(axis=-1)


@right("pool-max-backward", "Positions are added up in a flat array.")
def max_pool_backward(x, y_bar, window, stride):
    N, C, H, W = x.shape
    place = shown(np.broadcast_to(np.arange(H * W).reshape(H, W), x.shape), window, stride)
    entries = shown(x, window, stride).reshape(*y_bar.shape, -1)
    best = entries.argmax(axis=-1)[..., None]
    winners = np.take_along_axis(place.reshape(entries.shape), best, axis=-1)[..., 0]
    x_bar = np.zeros((N, C, H * W))
    n, c = np.ogrid[:N, :C]
    np.add.at(x_bar, (n[..., None, None], c[..., None, None], winners), y_bar)
    return x_bar.reshape(x.shape)


@right("pool-max-backward", "The largest entry is found by a loop, from the end to the beginning.")
def max_pool_backward(x, y_bar, window, stride):
    x_bar = np.zeros_like(x)
    for n, c, p, q in np.ndindex(*y_bar.shape):
        best = None
        for u, v in reversed(list(np.ndindex(window, window))):
            pixel = p * stride + u, q * stride + v
            if best is None or x[n, c, *pixel] >= x[n, c, *best]:
                best = pixel
        x_bar[n, c, *best] += y_bar[n, c, p, q]
    return x_bar


@right("pool-average", "Two products of matrices, one for the rows and one for the columns.")
def avg_pool(x, window, stride):
    def averaging(size):
        P = (size - window) // stride + 1
        pixel = np.arange(size) - stride * np.arange(P)[:, None]
        return ((pixel >= 0) & (pixel < window)) / window

    A, B = (averaging(size) for size in x.shape[2:])
    return A @ x @ B.T, lambda y_bar: A.T @ y_bar @ B


@right("pool-average", "Running sums forwards, one entry of the window after the other backwards.")
def avg_pool(x, window, stride):
    shape, (P, Q) = x.shape, ((size - window) // stride + 1 for size in x.shape[2:])
    total = np.pad(x.astype(float), ((0, 0), (0, 0), (1, 0), (1, 0))).cumsum(2).cumsum(3)
    i, j = (np.arange(count) * stride for count in (P, Q))
    corner = lambda di, dj: total[:, :, (i + di)[:, None], j + dj]
    y = corner(window, window) - corner(0, window) - corner(window, 0) + corner(0, 0)

    def pullback(y_bar):
        x_bar = np.zeros(shape)
        for u, v in np.ndindex(window, window):
            x_bar[:, :, (i + u)[:, None], j + v] += y_bar
        return x_bar / window / window

    return y / window**2, pullback


@right("pool-filters", "Nested lists.")
def averaging_filters(channels, window):
    return [[[[1 / window / window] * window for _ in range(window)]] for _ in range(channels)]


@right("pool-filters", "One filter, seen through a view by all channels.")
def averaging_filters(channels, window):
    return np.broadcast_to(np.ones((window, window)) / window**2, (channels, 1, window, window))


@right("pool-ties", "The largest entries at random positions, all entries below zero.")
def overpaid(window, times):
    image = np.full(window * window, -9.0)
    image[np.random.default_rng().choice(window * window, times, replace=False)] = -2.5
    return image.reshape(1, 1, window, window)


@right("pool-ties", "Integers, the largest entries last.")
def overpaid(window, times):
    return [[np.array([int(k < times) for k in range(window**2)])[::-1].reshape(window, window)]]


@right("pool-overlap", "Pixel by pixel, as a list of whole numbers.")
def seen_by(size, window, stride):
    starts = range(0, size - window + 1, stride)
    return [sum(start <= pixel < start + window for start in starts) for pixel in range(size)]


@right("pool-overlap", "A running sum of beginnings and ends, in floats.")
def seen_by(size, window, stride):
    steps = np.zeros(size + 1)
    last = (size - window) // stride * stride
    steps[: last + 1 : stride] += 1
    np.subtract.at(steps, np.arange(0, last + 1, stride) + window, 1)
    return steps.cumsum()[:size]
