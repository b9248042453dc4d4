"""Direct convolution by the register tile: the definition, as matrix products of pixels.

Images lie batch last, so a pixel is a matrix of C rows and N columns, and an output pixel is a sum
of products  w[u, v] x[pixel]  over the taps (u, v) inside the image. Neighbouring output pixels
that see the same taps are a run: they share one list of terms.

Chapter: book/fast.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.machine.gemm import TALL, gemm, shifted, transpose
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.tile import Matrix, Terms

NEAR = 1 << 18  # bytes that stay in the cache while they are used again


class ConvGeometry(NamedTuple):
    """How taps find pixels:  p and u see  (p stride + u dilation + shift) / divisor.

    The position p of the output is given, the tap u, and the same for columns.

    A run is the number of taps taken as one:  V, or 1.
    """

    window: tuple
    groups: int
    stride: tuple
    divisor: tuple
    dilation: tuple
    shift: tuple
    run: int


@kernel
def taps_inside(q, W, geometry):
    """Return the first of the taps in a row that fall inside the image, and how many do."""
    start = q * geometry.stride[1] + geometry.shift[1]
    first = max(0, -(start // geometry.dilation[1]))
    last = min(
        geometry.window[1], (W * geometry.divisor[1] - 1 - start) // geometry.dilation[1] + 1
    )
    return first, max(0, last - first)


@kernel
def list_taps(p, q, size, geometry, xs, ws):
    """List the pixels that output (p, q) sees in xs, the taps that see them in ws.

    Returned are the length of the list and the taps that each entry stands for.
    """
    (H, W), (U, V), terms = size, geometry.window, 0
    first, taps = taps_inside(q, W, geometry)
    for u in range(U):
        i = p * geometry.stride[0] + u * geometry.dilation[0] + geometry.shift[0]
        if i % geometry.divisor[0] == 0 and 0 <= i < H * geometry.divisor[0]:
            for v in range(first, first + taps, geometry.run):
                j = q * geometry.stride[1] + v * geometry.dilation[1] + geometry.shift[1]
                if j % geometry.divisor[1] == 0:
                    xs[terms] = i // geometry.divisor[0] * W + j // geometry.divisor[1]
                    ws[terms] = u * V + v
                    terms += 1
    return terms, taps if geometry.run > 1 else 1


@kernel
def run_length(q, few, size, geometry):
    """Count the pixels of a row from q on, few at most, that see the same taps inside."""
    (Q, W), count, here = size, 1, taps_inside(q, size[1], geometry)
    few = min(few, Q - q) if geometry.divisor[1] == 1 else 1
    while count < few and taps_inside(q + count, W, geometry) == here:
        count += 1
    return count


class Run(NamedTuple):
    """Pixels in a row of the output whose filters cover the same taps.

    The next pixel of the run is `y_step` numbers further in y, and sees x from `x_step` on.
    """

    count: int
    y_step: int
    x_step: int


@kernel
def correlate_run(y, x, w, terms, run, rows, columns):
    """Compute the pixels of a run, (rows, columns) each: filters times images."""
    for i in range(run.count):
        pixel, seen = shifted(y, i * run.y_step), shifted(x, i * run.x_step)
        gemm(pixel, w, seen, terms, rows, columns, True)


@kernel
def correlate_rest(y, x, w, terms, run, t, rows, images):
    """Compute the last images of a run, fewer than a register holds.

    The product is transposed, pixels times filters, so that filters fill the registers; t is
    memory for its result (images, run, rows), which is transposed into y.
    """
    transposed_terms = Terms(terms.x_offsets, terms.w_offsets, terms.count, terms.depth)
    filters = Matrix(w.array, w.start, w.column_step, w.row_step)
    for i in range(images):
        pixels = Matrix(x.array, x.start + i, run.x_step, x.row_step)
        into = Matrix(t, i * run.count * rows, rows, 1)
        gemm(into, pixels, filters, transposed_terms, run.count, rows, True)
    for i in range(run.count):
        image = Matrix(t, i * rows, run.count * rows, 1)
        transpose(shifted(y, i * run.y_step), image, images, rows)


@kernel
def correlate_pixels(start, stop, y, x, w, geometry):
    """Compute pixels start … stop of y (P, Q, F, N) from x (H, W, C, N) and w (U, V, C, F).

    Pixels that see the same taps share one list of terms. Their last images, too few to fill a
    register, are multiplied transposed where that takes at most half as many instructions.
    """
    _, Q, F, N = y.shape
    H, W, C, _ = x.shape
    groups, (U, V) = geometry.groups, geometry.window
    rows, channels = F // groups, C // groups
    lanes = WIDTH // x.itemsize
    rest = N % lanes
    last = rest if 2 * rest * -(-rows // lanes) <= rows else 0
    xs, ws = np.empty(U * V, np.int64), np.empty(U * V, np.int64)
    t = np.empty(last * TALL * rows, x.dtype)
    pixel = start
    while pixel < stop:
        q = pixel % Q
        count = run_length(q, min(TALL, stop - pixel), (Q, W), geometry)
        run = Run(count, F * N, geometry.stride[1] * C * N)
        entries, taps = list_taps(pixel // Q, q, (H, W), geometry, xs, ws)
        for k in range(entries):
            xs[k] *= C * N
            ws[k] *= channels * F
        terms = Terms(ws, xs, entries, taps * channels)
        for g in range(groups):
            maps = Matrix(y, (pixel * F + g * rows) * N, N, 1)
            images = Matrix(x, g * channels * N, N, 1)
            filters = Matrix(w, g * rows, 1, F)
            correlate_run(maps, images, filters, terms, run, rows, N - last)
            if last:
                maps, images = shifted(maps, N - last), shifted(images, N - last)
                correlate_rest(maps, images, filters, terms, run, t, rows, last)
        pixel += count


@kernel
def accumulate_weight_grad(start, stop, w_bars, x, y_bar, geometry):
    """Add up  w̄[u, v] = Σ x ȳᵀ  over the output rows of each piece.

    w_bars is (pieces, groups, U, V, C/groups, F/groups). Pixels that see the same taps are terms
    of one sum, which stays in the tile.
    """
    P, Q, _, N = y_bar.shape
    pieces, groups, U, _, _, F = w_bars.shape
    longest = max(1, min(Q, NEAR // (N * F * x.itemsize + 1)))
    t = np.empty(longest * N * F, x.dtype)
    offsets = np.empty(longest, np.int64), np.empty(longest, np.int64)
    for piece in range(start, stop):
        for p in range(piece * P // pieces, (piece + 1) * P // pieces):
            q = 0
            while q < Q:
                count = run_length(q, longest, (Q, x.shape[1]), geometry)
                for g in range(groups):
                    for i in range(count):
                        at = ((p * Q + q + i) * groups + g) * F * N
                        transpose(Matrix(t, i * N * F, F, 1), Matrix(y_bar, at, N, 1), F, N)
                    for u in range(U):
                        w_bar, taps = w_bars[piece, g, u], (g, u)
                        add_filter_row(w_bar, x, t, (p, q, count), taps, geometry, offsets)
                q += count


@kernel
def add_filter_row(w_bar, x, t, run, taps, geometry, offsets):
    """Add to row u of the filters of a group what they saw from a run of pixels, times ȳᵀ.

    `run` is (p, q, count), `taps` is (g, u); t holds ȳᵀ of the run, (count, N, F/groups).
    """
    H, W, C, N = x.shape
    _, channels, F = w_bar.shape
    p, q, count = run
    g, u = taps
    i = p * geometry.stride[0] + u * geometry.dilation[0] + geometry.shift[0]
    if not 0 <= i < H:
        return
    first, inside = taps_inside(q, W, geometry)
    rows = channels * (inside if geometry.run > 1 else 1)
    xs, ys = offsets
    for v in range(first, first + inside, geometry.run):
        j = q * geometry.stride[1] + v * geometry.dilation[1] + geometry.shift[1]
        for k in range(count):
            xs[k] = (i * W + j + k * geometry.stride[1]) * C * N
            ys[k] = k * N * F
        into = Matrix(w_bar, v * channels * F, F, 1)
        images, bars = Matrix(x, g * channels * N, N, 1), Matrix(t, 0, F, 1)
        gemm(into, images, bars, Terms(xs, ys, count, N), rows, F, False)
