"""Five backward passes from maps to images, one of which is wrong: an exercise in reading.

All take ȳ (N, F, P, Q) and w (F, C, U, V), in single steps and without padding, to
x̄ (N, C, P + U - 1, Q + V - 1).

Chapter: book/fast.md.
"""

import numpy as np


def empty(y_bar, w):
    """Return images of the right size, all zero, and the sizes that count."""
    (N, _, P, Q), (_, C, U, V) = y_bar.shape, w.shape
    return np.zeros((N, C, P + U - 1, Q + V - 1)), (P, Q, U, V)


def back_1(y_bar, w):
    """Go from position to position, and add the filters there."""
    x_bar, (P, Q, U, V) = empty(y_bar, w)
    for p, q in np.ndindex(P, Q):
        product = np.einsum("nf,fcuv->ncuv", y_bar[:, :, p, q], w)
        x_bar[:, :, p : p + U, q : q + V] += product
    return x_bar


def back_2(y_bar, w):
    """Go from tap to tap, and move the maps there."""
    x_bar, (P, Q, U, V) = empty(y_bar, w)
    for u, v in np.ndindex(U, V):
        product = np.einsum("nfpq,fc->ncpq", y_bar, w[:, :, u, v])
        x_bar[:, :, u : u + P, v : v + Q] += product
    return x_bar


def back_3(y_bar, w):
    """Surround the maps with zeros, and correlate them with the filters."""
    _, (_, _, U, V) = empty(y_bar, w)
    around = (0, 0), (0, 0), (U - 1, U - 1), (V - 1, V - 1)
    views = np.lib.stride_tricks.sliding_window_view(np.pad(y_bar, around), (U, V), axis=(2, 3))
    return np.einsum("nfhluv,fcuv->nchl", views, w[:, :, ::-1])


def back_4(y_bar, w):
    """Multiply with the filters transposed, then add every column up."""
    x_bar, (P, Q, U, V) = empty(y_bar, w)
    columns = np.tensordot(w, y_bar, axes=(0, 1))  # (C, U, V, N, P, Q)
    for u, v in np.ndindex(U, V):
        x_bar[:, :, u : u + P, v : v + Q] += columns[:, u, v].swapaxes(0, 1)
    return x_bar


def back_5(y_bar, w):
    """Multiply Fourier transforms, for a convolution is then a product."""
    x_bar, _ = empty(y_bar, w)
    size = x_bar.shape[2:]
    waves = np.fft.rfft2(y_bar, size), np.fft.rfft2(w, size)
    return np.fft.irfft2(np.einsum("nfhl,fchl->nchl", *waves), size)


WAYS = (back_1, back_2, back_3, back_4, back_5)
