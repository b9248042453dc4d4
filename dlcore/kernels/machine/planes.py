"""Depthwise convolution by large filters: a channel is first packed, pixel behind pixel.

Where images lie batch last, the pixels of one channel are C N numbers apart, often a power of
two; rows of so many pixels fall into the same sets of a cache and drive each other out. A large
filter reads every number many times, so that it pays to copy rows of a channel to where they lie
side by side, with zeros around them.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.depthwise import NEAR, TAPS, Taps, block_size, depthwise_block
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.tile import Matrix

LARGE = 15  # taps of a filter from which copies take less time than they save


def packing_pays(geometry):
    """Tell whether filters are large, of a width in `TAPS`, and move pixel by pixel."""
    U, V = geometry.window
    steps = {*geometry.stride, *geometry.divisor}
    return steps == {1} and V in TAPS and U * V >= LARGE


def packed_shape(size, N, itemsize, geometry):
    """Return the shape (rows, columns, N) of what is packed at once, and a height.

    The height is how many rows of maps (P, Q) are computed from it: as many as stay cached.
    """
    (P, Q), (U, V) = size, geometry.window
    more, columns = geometry.dilation[0] * (U - 1), Q + geometry.dilation[1] * (V - 1)
    height = min(P, max(1, NEAR // (columns * N * itemsize) - more))
    return (height + more, columns, N), height


@kernel
def pack_rows(packed, x, row, column, channel):
    """Copy pixels of a channel, from (row, column) on; outside the image are zeros."""
    H, W, _, N = x.shape
    rows, columns, _ = packed.shape
    for r in range(rows):
        for k in range(columns):
            i, j, into = row + r, column + k, packed[r, k]
            if 0 <= i < H and 0 <= j < W:
                given = x[i, j, channel]
                for n in range(N):
                    into[n] = given[n]
            else:
                into[:] = 0


@kernel
def depthwise_planes(start, stop, y, x, w, geometry, packing):
    """Compute bands of y (P, Q, C, N) from x (H, W, C, N) and w (C, 1, U, V).

    A band is some rows of one channel; the bands of a channel are counted before those of the
    next one. `packing` is the shape of what is packed for a band, and the height of a band.
    """
    shape, height = packing
    P, _, _, _ = y.shape
    U, V = geometry.window
    bands = -(-P // height)
    packed = np.empty(shape, x.dtype)
    xs, ws = np.empty(U, np.int64), np.empty(U, np.int64)
    for u in range(U):
        xs[u] = u * geometry.dilation[0] * shape[1] * shape[2]
        ws[u] = u * V
    taps = Taps(ws, xs, U, V)
    for band in range(start, stop):
        c, p = band // bands, band % bands * height
        pack_rows(packed, x, p + geometry.shift[0], geometry.shift[1], c)
        filters = Matrix(w, c * U * V, 1, 1)
        rows = p, min(p + height, P)
        compute_plane(y, packed, filters, taps, rows, c, geometry.dilation[1])


@kernel
def compute_plane(y, packed, filters, taps, rows, c, apart):
    """Compute rows rows[0] … rows[1] of channel c, by blocks of pixels that are `apart`."""
    _, Q, C, N = y.shape
    for p in range(rows[0], rows[1]):
        first_pixel = (p - rows[0]) * packed.shape[1]
        for first in range(min(apart, Q)):
            i = first
            while i < Q:
                block = block_size((Q - i - 1) // apart + 1)
                maps = Matrix(y, ((p * Q + i) * C + c) * N, apart * C * N, 1)
                images = Matrix(packed, (first_pixel + i) * N, apart * N, 1)
                depthwise_block(maps, images, filters, taps, block, N)
                i += block * apart
