"""Depthwise convolution: a filter for each channel, and no sum over channels.

Images lie batch last, so a channel of a pixel is a row of N numbers that one weight multiplies.
A block of neighbouring output pixels stays in registers while all taps are added. Each number
that is read from memory meets U V weights; the rows of the image that they need stay cached.

Chapter: book/fast.md.
"""

from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils

from dlcore.kernels.machine.direct import list_taps, run_length, taps_inside
from dlcore.kernels.machine.gemm import shifted
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.registers import LONG, WIDTH, intrinsic_from_ir
from dlcore.kernels.machine.tile import Matrix

PIXELS = 8, 6, 4, 2, 1  # how many of them a block has
NEAR = 1 << 19  # bytes that stay in the cache from row to row
TAPS = 5, 3, 1  # how many in a row of the filter are added for one number that is loaded


class Taps(NamedTuple):
    """Parts of filter rows: part t begins at offsets from where filter and images begin.

    There are `count` parts of `width` taps, which see pixels that follow each other.
    """

    w_offsets: np.ndarray
    x_offsets: np.ndarray
    count: int
    width: int


def depthwise_block_naive(y, x, w, taps, pixels, columns):
    """Sum up the taps of one channel for neighbouring pixels.

    y[i] = Σₜ Σᵥ w[t, v] x[t, i + v];  y and x are matrices with a row for every pixel.
    """
    w_entries, x_entries = w.array.reshape(-1), x.array.reshape(-1)
    for i in range(pixels):
        sums = y.array.reshape(-1)[y.start + i * y.row_step :][:columns]
        sums[:] = 0
        for t, v in product(range(taps.count), range(taps.width)):
            at = x.start + taps.x_offsets[t] + (i + v) * x.row_step
            sums += w_entries[w.start + taps.w_offsets[t] + v] * x_entries[at : at + columns]


@partial(intrinsic_from_ir, depthwise_block_naive, types.void)
def depthwise_block(reg, y, x, w, taps, pixels, columns):
    """Branch to the code for so many pixels, and for parts of such a width."""
    for P, V in cases(reg.builder, pixels, taps.width):
        emit_block(reg, y, x, w, taps, (P, V), columns)


def cases(builder, pixels, width):
    """Yield the sizes that have code of their own, while its place is where code is written."""
    done = builder.append_basic_block("done")
    sizes = builder.switch(builder.add(builder.mul(pixels, LONG(8)), width), done)
    for P, V in product(PIXELS, TAPS):
        with builder.goto_block(builder.append_basic_block(f"block.{P}.{V}")):
            sizes.add_case(LONG(8 * P + V), builder.block)
            yield P, V
            builder.branch(done)
    builder.position_at_end(done)


def emit_block(reg, y, x, w, taps, size, columns):
    """Write the code of a block: a register of every pixel at a time, with all taps."""
    builder, (P, V) = reg.builder, size
    sums = [cgutils.alloca_once_value(builder, reg.zero) for _ in range(P)]
    with cgutils.for_range(builder, reg.count(columns)) as register:
        column = builder.mul(register.index, LONG(reg.lanes))
        mask = reg.mask(builder.sub(columns, column))
        into = reg.every(builder.add(y.start, column), y.row_step, P)
        for total in sums:
            builder.store(reg.zero, total)
        with cgutils.for_range(builder, taps.count) as part:
            w_start = builder.add(w.start, reg.entry(taps.w_offsets, part.index))
            x_start = builder.add(x.start, reg.entry(taps.x_offsets, part.index))
            weights = [reg.fill(reg.entry(w.array, at)) for at in reg.every(w_start, LONG(1), V)]
            starts = reg.every(builder.add(x_start, column), x.row_step, P + V - 1)
            for k, start in enumerate(starts):
                row = reg.load(reg.at(x.array, start), mask)
                for v in range(max(0, k - P + 1), min(V, k + 1)):
                    total = builder.load(sums[k - v])
                    total = reg.call("fmuladd", reg.type, weights[v], row, total)
                    builder.store(total, sums[k - v])
        for total, start in zip(sums, into, strict=True):
            reg.store(builder.load(total), reg.at(y.array, start), mask)


def tap_sums_naive(sums, x, y_bar, taps, pixels, columns):
    """Add up products of one channel, lane by lane:  sums[t, v] += Σᵢ ȳ[i] x[t, i + v].

    x and ȳ are matrices with a row for every pixel, sums one with a row of lanes for every tap:
    lane l holds columns l, l + lanes, …
    """
    lanes = sums.row_step
    x_entries, bars = x.array.reshape(-1), y_bar.array.reshape(-1)
    for t, v, i in product(range(taps.count), range(taps.width), range(pixels)):
        into = sums.array.reshape(-1)[sums.start + (taps.w_offsets[t] + v) * lanes :][:lanes]
        at = x.start + taps.x_offsets[t] + (i + v) * x.row_step
        own = y_bar.start + i * y_bar.row_step
        part = x_entries[at : at + columns] * bars[own : own + columns]
        for start in range(0, columns, lanes):
            few = part[start : start + lanes]
            into[: few.size] += few


@partial(intrinsic_from_ir, tap_sums_naive, types.void)
def tap_sums(reg, sums, x, y_bar, taps, pixels, columns):
    """Branch to the code for so many pixels, and for parts of such a width."""
    for P, V in cases(reg.builder, pixels, taps.width):
        emit_tap_sums(reg, sums, x, y_bar, taps, (P, V), columns)


def emit_tap_sums(reg, sums, x, y_bar, taps, size, columns):
    """Write the code of a block: the sums of a part stay in registers for all columns.

    Each tap has two of them, for pixels of even and of odd number, which do not wait for each
    other.
    """
    builder, (P, V) = reg.builder, size
    every_lane = reg.mask(LONG(reg.lanes))
    totals = [[cgutils.alloca_once_value(builder, reg.zero) for _ in range(2)] for _ in range(V)]
    with cgutils.for_range(builder, taps.count) as part:
        w_start = builder.mul(reg.entry(taps.w_offsets, part.index), sums.row_step)
        w_starts = reg.every(builder.add(sums.start, w_start), sums.row_step, V)
        places = [reg.at(sums.array, start) for start in w_starts]
        for place, (even, odd) in zip(places, totals, strict=True):
            builder.store(reg.load(place, every_lane), even)
            builder.store(reg.zero, odd)
        x_start = builder.add(x.start, reg.entry(taps.x_offsets, part.index))
        with cgutils.for_range(builder, reg.count(columns)) as register:
            column = builder.mul(register.index, LONG(reg.lanes))
            mask = reg.mask(builder.sub(columns, column))
            own = reg.every(builder.add(y_bar.start, column), y_bar.row_step, P)
            bars = [reg.load(reg.at(y_bar.array, start), mask) for start in own]
            starts = reg.every(builder.add(x_start, column), x.row_step, P + V - 1)
            for k, start in enumerate(starts):
                row = reg.load(reg.at(x.array, start), mask)
                for v in range(max(0, k - P + 1), min(V, k + 1)):
                    total = totals[v][(k - v) % 2]
                    more = reg.call("fmuladd", reg.type, bars[k - v], row, builder.load(total))
                    builder.store(more, total)
        for place, (even, odd) in zip(places, totals, strict=True):
            total = builder.fadd(builder.load(even), builder.load(odd))
            reg.store(total, place, every_lane)


@kernel
def list_parts(p, q, size, geometry, xs, ws):
    """List the taps of output (p, q) inside the image, in parts as wide as possible.

    Returned are the parts and how far, in pixels, the outputs of a block are apart.
    """
    V = geometry.window[1]
    whole_rows = geometry.stride[1] == geometry.divisor[1] == 1 and V in TAPS
    whole_rows = whole_rows and taps_inside(q, size[1], geometry) == (0, V)
    entries, _ = list_taps(p, q, size, geometry, xs, ws)
    if not whole_rows:
        return Taps(ws, xs, entries, 1), 1
    rows = entries // V
    for u in range(rows):
        xs[u], ws[u] = xs[u * V], ws[u * V]
    return Taps(ws, xs, rows, V), geometry.dilation[1]


@kernel
def block_size(left):
    """Choose how many pixels are next, if so many are left."""
    for size in PIXELS:
        if size <= left:
            return size
    return 1


def near_columns(x, geometry):
    """Choose of how many columns the rows that a filter covers, and one more, stay cached."""
    _, W, C, N = x.shape
    rows, more = (a * (U - 1) for a, U in zip(geometry.dilation, geometry.window, strict=True))
    return max(PIXELS[0], NEAR // ((rows + 2) * C * N * x.itemsize) - more)


@kernel
def depthwise_rows(start, stop, y, x, w, geometry, columns):
    """Compute rows of y (P, Q, C, N) from x (H, W, C, N) and w (C, 1, U, V).

    A row is computed in bands of so many columns: the part of x that a band needs stays cached
    from row to row. So row p is counted once for every band.
    """
    P, Q, _, _ = y.shape
    U, V = geometry.window
    bands = -(-Q // columns)
    offsets = np.empty(U * V, np.int64), np.empty(U * V, np.int64)
    for row in range(start, stop):
        q = row // P % bands * columns
        compute_row(y, x, w, row % P, (q, min(q + columns, Q)), geometry, offsets)


@kernel
def compute_row(y, x, w, p, band, geometry, offsets):
    """Compute the columns of row p from band[0] to band[1].

    Pixels in a row that see the same taps are computed block by block. With a dilation those of a
    block are as far apart as the taps.
    """
    _, _, C, N = y.shape
    H, W, _, _ = x.shape
    U, V = geometry.window
    q, end = band
    while q < end:
        count = run_length(q, end - q, (y.shape[1], W), geometry)
        taps, apart = list_parts(p, q, (H, W), geometry, *offsets)
        for t in range(taps.count):
            taps.x_offsets[t] *= C * N
        for first in range(min(apart, count)):
            i = first
            while i < count:
                block = block_size((count - i - 1) // apart + 1)
                maps, images = block_of_pixels(y, x, (p, q + i, i), apart, geometry)
                for c in range(C):
                    filters = Matrix(w, c * U * V, 1, 1)
                    into, row = shifted(maps, c * N), shifted(images, c * N)
                    depthwise_block(into, row, filters, taps, block, N)
                i += block * apart
        q += count


@kernel
def block_of_pixels(y, x, at, apart, geometry):
    """View pixels of y and of x as matrices with a row for each, so many pixels apart.

    `at` is (p, q, i): the first pixel of y, and how many pixels of y it is beyond the one that
    the offsets of the taps are for.
    """
    _, Q, C, N = y.shape
    p, q, i = at
    step = geometry.stride[1] * C * N
    maps = Matrix(y, (p * Q + q) * C * N, apart * C * N, 1)
    return maps, Matrix(x, i * step, apart * step, 1)


@kernel
def depthwise_weight_parts(start, stop, w_bars, x, y_bar, geometry):
    """Add up  w̄[c, u, v] = Σ x ȳ  over the output rows of parts; w_bars is (parts, C, U V).

    A row of the output is added up in the precision of x, rows are in double precision.
    """
    P, _, C, _ = y_bar.shape
    parts, _, taps = w_bars.shape
    lanes = WIDTH // x.itemsize
    sums = np.empty((C, taps, lanes), x.dtype)
    offsets = np.empty(taps, np.int64), np.empty(taps, np.int64)
    for part in range(start, stop):
        for p in range(part * P // parts, (part + 1) * P // parts):
            sums[...] = 0
            add_output_row(sums, x, y_bar, p, geometry, offsets)
            for c in range(C):
                for t in range(taps):
                    total = 0.0
                    for lane in range(lanes):
                        total += sums[c, t, lane]
                    w_bars[part, c, t] += total


@kernel
def add_output_row(sums, x, y_bar, p, geometry, offsets):
    """Add to the sums (C, U V, lanes) the products of row p of the output, block by block."""
    _, Q, C, N = y_bar.shape
    H, W, _, _ = x.shape
    _, window, lanes = sums.shape
    q = 0
    while q < Q:
        count = run_length(q, Q - q, (Q, W), geometry)
        taps, apart = list_parts(p, q, (H, W), geometry, *offsets)
        for t in range(taps.count):
            taps.x_offsets[t] *= C * N
        for first in range(min(apart, count)):
            i = first
            while i < count:
                block = block_size((count - i - 1) // apart + 1)
                bars, images = block_of_pixels(y_bar, x, (p, q + i, i), apart, geometry)
                for c in range(C):
                    into = Matrix(sums, c * window * lanes, lanes, 1)
                    row, bar = shifted(images, c * N), shifted(bars, c * N)
                    tap_sums(into, row, bar, taps, block, N)
                i += block * apart
        q += count
