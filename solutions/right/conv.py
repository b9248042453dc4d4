"""Right answers to the exercises of *Convolution* that look unusual.

Chapter: book/conv.md.
"""

import math

import numpy as np

from dlcore.course.exercises.known_answers import right


def tap_parts(x, w, stride, places):
    """Yield each tap with the pixels that it covers at all positions."""
    for u, v in np.ndindex(*w.shape[2:]):
        rows = slice(u, u + stride * (places[0] - 1) + 1, stride)
        columns = slice(v, v + stride * (places[1] - 1) + 1, stride)
        yield (u, v), (..., rows, columns)


@right("conv-output-size", "Windows are laid one after the other.")
def output_size(size, window, stride=1, padding=0):
    count = 0
    end = window
    while end <= size + 2 * padding:
        count += 1
        end += stride
    return count


@right("conv-output-size", "A float, rounded down.")
def output_size(size, window, stride=1, padding=0):
    return np.floor((size + 2 * padding - window) / stride) + 1


@right("conv-output-size", "Rounded up.")
def output_size(size, window, stride=1, padding=0):
    return math.ceil((size + 2 * padding - window + 1) / stride)


@right("conv-naive", "A product of waves, in double precision whatever comes in.")
def conv(x, w, stride=1, padding=0):
    H, W = (size + 2 * padding for size in x.shape[2:])
    waves = np.fft.rfft2(np.pad(x, 2 * [(0, 0)] + 2 * [(padding, padding)]))
    taps = np.fft.rfft2(w, (H, W))
    y = np.fft.irfft2(np.einsum("nchl,fchl->nfhl", waves, taps.conj()), (H, W))
    return y[:, :, : H - w.shape[2] + 1 : stride, : W - w.shape[3] + 1 : stride]


@right("conv-naive", "From tap to tap, in nested lists.")
def conv(x, w, stride=1, padding=0):
    P, Q = ((H + 2 * padding - U) // stride + 1
            for H, U in zip(x.shape[2:], w.shape[2:], strict=True))  # fmt: skip
    wide = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding), x.dtype)
    wide[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    parts = tap_parts(wide, w, stride, (P, Q))
    return sum(
        np.einsum("ncpq,fc->nfpq", wide[part], w[:, :, *tap]) for tap, part in parts
    ).tolist()


@right("conv-naive", "Windows as a product of matrices, whose result is a view.")
def conv(x, w, stride=1, padding=0):
    around = padding, padding
    wide = np.pad(x, [(0, 0), (0, 0), around, around])
    seen = np.lib.stride_tricks.sliding_window_view(wide, w.shape[2:], axis=(2, 3))
    return np.tensordot(seen[:, :, ::stride, ::stride], w, ([1, 4, 5], [1, 2, 3])).transpose(
        0, 3, 1, 2
    )


@right("conv-backward", "From tap to tap, and a list of two.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    around = padding, padding
    wide = np.pad(x, [(0, 0), (0, 0), around, around])
    x_bar = np.zeros_like(wide, dtype=float)
    w_bar = np.zeros_like(w, dtype=float)
    for (u, v), part in tap_parts(wide, w, stride, y_bar.shape[2:]):
        x_bar[part] += np.tensordot(y_bar, w[:, :, u, v], (1, 0)).transpose(0, 3, 1, 2)
        w_bar[:, :, u, v] = np.einsum("nfpq,ncpq->fc", y_bar, wide[part])
    crop = slice(padding, -padding or None)
    return [x_bar[:, :, crop, crop], w_bar]


@right("conv-backward", "Zeros between the entries of ȳ, then two convolutions.")
def conv_backward(x, w, y_bar, stride=1, padding=0):
    (N, F, P, Q), (U, V) = y_bar.shape, w.shape[2:]
    H, W = (size + 2 * padding for size in x.shape[2:])
    apart = np.zeros((N, F, H + U - 1, W + V - 1))
    apart[:, :, U - 1 : U + stride * (P - 1) : stride, V - 1 : V + stride * (Q - 1) : stride] = (
        y_bar
    )
    view = np.lib.stride_tricks.sliding_window_view
    x_bar = np.einsum("nfhluv,fcuv->nchl", view(apart, (U, V), (2, 3)), w[:, :, ::-1, ::-1])
    around = padding, padding
    wide = np.pad(x, [(0, 0), (0, 0), around, around])
    inner = apart[:, :, U - 1 : H, V - 1 : W]
    w_bar = np.einsum("ncuvpq,nfpq->fcuv", view(wide, inner.shape[2:], (2, 3)), inner)
    return x_bar[:, :, padding : H - padding, padding : W - padding], w_bar


@right("conv-dilated", "From tap to tap.")
def conv_dilated(x, w, dilation):
    P, Q = (H - dilation * (U - 1) for H, U in zip(x.shape[2:], w.shape[2:], strict=True))
    y = 0.0
    for u, v in np.ndindex(*w.shape[2:]):
        part = x[:, :, u * dilation : u * dilation + P, v * dilation : v * dilation + Q]
        y = y + np.einsum("ncpq,fc->nfpq", part, w[:, :, u, v])
    return y


@right("conv-dilated", "A plain convolution with a wide filter, summed from the end.")
def conv_dilated(x, w, dilation):
    wide = np.kron(w, np.eye(1, dilation**2).reshape(1, 1, dilation, dilation))
    wide = wide[:, :, : wide.shape[2] - dilation + 1, : wide.shape[3] - dilation + 1]
    seen = np.lib.stride_tricks.sliding_window_view(x, wide.shape[2:], axis=(2, 3))
    return np.einsum("ncpquv,fcuv->nfpq", seen[..., ::-1, ::-1], wide[..., ::-1, ::-1])


@right("conv-edges", "Sums of slices, as the size of a complex number.")
def edges(x):
    down = x[2:] - x[:-2]
    across = x[:, 2:] - x[:, :-2]
    down = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 8
    across = (across[:-2] + 2 * across[1:-1] + across[2:]) / 8
    return abs(across + 1j * down)


@right("conv-edges", "Nested lists, position by position.")
def edges(x):
    side = [1, 2, 1]
    return [
        [
            math.hypot(
                sum(s * (x[p + k, q + 2] - x[p + k, q]) for k, s in enumerate(side)) / 8,
                sum(s * (x[p + 2, q + k] - x[p, q + k]) for k, s in enumerate(side)) / 8,
            )
            for q in range(x.shape[1] - 2)
        ]
        for p in range(x.shape[0] - 2)
    ]


@right("conv-hidden-slip", "Random numbers, and themselves turned around.")
def hidden(U, V):
    w = np.random.default_rng().normal(size=(U, V))
    return w + w[::-1, ::-1]


@right("conv-hidden-slip", "Two opposite corners, in nested lists of whole numbers.")
def hidden(U, V):
    rows = [[0] * V for _ in range(U)]
    rows[0][0] = rows[-1][-1] = -7
    return rows
