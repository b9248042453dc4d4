"""Fast convolution: by the register tile, and by Winograd's algorithm for filters of 3 × 3.

Images lie batch last: a pixel is a matrix of C rows and N columns. So an output pixel is a sum of
matrix products  w[u, v] x[pixel],  (F × C)(C × N), over the taps (u, v) inside the image. No
patch is copied and nothing is padded: the tile reads a list of where its pixels begin.

Taps that are neighbours in a row of the filter read neighbouring pixels. They are taken as one
tap with V C channels, so that three channels, too few for the tile, become nine or more.

All functions take and return float32 or float64 arrays, both operands of one dtype.

Chapter: book/fast.md.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from dlcore.kernels.conv import NONE, ONE, positions
from dlcore.kernels.machine.gemm import TALL, gemm, shifted, transpose
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import aligned, contiguous_copy, from_batch_last, to_batch_last
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.threads import parallel_for, thread_count
from dlcore.kernels.machine.tile import Matrix, Terms
from dlcore.kernels.machine.winograd import (
    accumulate_winograd_grad,
    correlate_squares,
    transform_filter_grads,
    transform_filters,
)
from dlcore.kernels.machine.winograd_blocking import (
    R,
    block_count,
    choose_blocking,
    filter_budget,
    filter_chunk,
    gradient_chunk,
)

MIN_CHANNELS = 12  # channels, in and out, from which transforms cost less than they save

NEAR = 1 << 18  # bytes that stay in the cache while they are used again


class ConvGeometry(NamedTuple):
    """How taps find pixels:  output p and tap u see  (p stride + u dilation + shift) / divisor.

    A run is the number of taps taken as one:  V, or 1.
    """

    window: tuple
    groups: int
    stride: tuple
    divisor: tuple
    dilation: tuple
    shift: tuple
    run: int


def run_taps(window, groups, divisor, dilation):
    """Count the taps taken as one: a whole row where its taps see pixels side by side."""
    return window[1] if groups == divisor[1] == dilation[1] == 1 else 1


@lru_cache(maxsize=1024)
def forward_geometry(size, window, stride, padding, dilation, groups):
    """Describe a convolution of images of a size; return (P, Q) and how its taps find pixels."""
    (top, _), (left, _) = padding
    run = run_taps(window, groups, ONE, dilation)
    geometry = ConvGeometry(window, groups, stride, ONE, dilation, (-top, -left), run)
    return positions(size, window, stride, padding, dilation), geometry


@lru_cache(maxsize=1024)
def input_grad_geometry(window, stride, padding, dilation, groups):
    """Describe the convolution of ȳ by reversed filters that is the gradient to the images."""
    axes = zip(padding, window, dilation, strict=True)
    shift = tuple(before - (U - 1) * a for (before, _), U, a in axes)
    run = run_taps(window, groups, stride, dilation)
    return ConvGeometry(window, groups, ONE, stride, dilation, shift, run)


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


def run_conv(x, w, size, geometry):
    """Correlate maps x with filters w (F, C, U, V); return maps of the given size."""
    x = to_batch_last(x)
    y = aligned((*size, len(w), x.shape[-1]), x.dtype)
    w = contiguous_copy(w.transpose(2, 3, 1, 0))
    parallel_for(correlate_pixels, size[0] * size[1], y, x, w, geometry)
    return from_batch_last(y)


def conv2d_tile(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Correlate images with filters:  tap (u, v) sees pixel  p s + u a - top."""
    size, geometry = forward_geometry(x.shape[2:], w.shape[2:], stride, padding, dilation, groups)
    return run_conv(x, w, size, geometry)


def conv2d_input_grad_tile(y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Correlate ȳ with the filters reversed, F channels in and C out.

    Reversed, tap (u, v) sees output  (i + u a + top - (U - 1) a) / s,  if that is whole.
    """
    F, C, U, V = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, F // groups, C, U, V).swapaxes(1, 2)
    turned = turned.reshape(groups * C, F // groups, U, V)
    geometry = input_grad_geometry((U, V), stride, padding, dilation, groups)
    return run_conv(y_bar, turned, size, geometry)


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


def conv2d_weight_grad_tile(x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Multiply, for every tap, what it saw with the upstream gradient:  w̄[u, v] = Σ x ȳᵀ."""
    _, geometry = forward_geometry(x.shape[2:], tuple(window), stride, padding, dilation, groups)
    x, y_bar = to_batch_last(x), to_batch_last(y_bar)
    P, _, F, _ = y_bar.shape
    C = x.shape[2]
    parts = min(thread_count(), P), groups
    w_bars = aligned((*parts, *window, C // groups, F // groups), x.dtype, np.zeros)
    parallel_for(accumulate_weight_grad, len(w_bars), w_bars, x, y_bar, geometry)
    return w_bars.sum(axis=0).transpose(0, 4, 3, 1, 2).reshape(F, C // groups, *window)


def winograd_applies(window, stride, dilation, groups):
    """Tell whether filters are of the kind that is taken here; the tile takes all others."""
    return (*window, *stride, *dilation, groups) == (R, R, 1, 1, 1, 1, 1)


def winograd_pays(x, w, size, options, dtype):
    """Tell whether precision is single, and squares save more than transforms cost.

    x and w are shapes, `size` is (P, Q), `options` are stride, padding, dilation and groups.
    """
    stride, _, dilation, groups = options
    large = min(w[:2]) >= MIN_CHANNELS and min(size) > 2
    return dtype == np.float32 and large and winograd_applies(w[2:], stride, dilation, groups)


def run_winograd(x, w, size, m, top):
    """Correlate maps x with filters w (F, C, 3, 3), as many at a time as the budget allows."""
    x = to_batch_last(x)
    F, C = w.shape[:2]
    N, dtype, entries = x.shape[-1], x.dtype, (m + R - 1) ** 2
    y = aligned((*size, F, N), dtype)
    some = filter_chunk(F, C * entries * dtype.itemsize, filter_budget(x, w, y))
    blocking = choose_blocking(x, y, m, top, (C + some) * entries * dtype.itemsize)
    for f in range(0, F, some):
        part = contiguous_copy(w[f : f + some].transpose(2, 3, 1, 0)).reshape(R * R, -1)
        w_hat = aligned((entries, part.shape[1]), dtype)
        parallel_for(transform_filters, part.shape[1], w_hat, part, m)
        w_hat = w_hat.reshape(entries, C, -1)
        blocks = block_count(*size, N, blocking)
        parallel_for(correlate_squares, blocks, y, x, w_hat, f, blocking)
    return from_batch_last(y)


def conv2d_winograd(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1, m=4):
    """Correlate images with filters of 3 × 3, undilated, ungrouped, at stride one."""
    if not winograd_applies(w.shape[2:], stride, dilation, groups):
        return conv2d_tile(x, w, stride, padding, dilation, groups)
    (top, _), (left, _) = padding
    size = positions(x.shape[2:], w.shape[2:], stride, padding, dilation)
    return run_winograd(x, w, size, m, (top, left))


def conv2d_input_grad_winograd(
    y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1, m=4
):
    """Correlate ȳ with the filters reversed, F channels in and C out."""
    if not winograd_applies(w.shape[2:], stride, dilation, groups):
        return conv2d_input_grad_tile(y_bar, w, size, stride, padding, dilation, groups)
    (top, _), (left, _) = padding
    turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    return run_winograd(y_bar, turned, size, m, (R - 1 - top, R - 1 - left))


def conv2d_weight_grad_winograd(
    x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1, m=4
):
    """Transpose the algorithm with respect to its filters:  w̄ = Gᵀ [Σ (B x Bᵀ)(A ȳ Aᵀ)ᵀ] G."""
    if not winograd_applies(window, stride, dilation, groups):
        return conv2d_weight_grad_tile(x, y_bar, window, stride, padding, dilation, groups)
    (top, _), (left, _) = padding
    x, y_bar = to_batch_last(x), to_batch_last(y_bar)
    C, F = x.shape[2], y_bar.shape[2]
    entry = (m + R - 1) ** 2 * x.itemsize  # bytes of a transformed pair of channel and filter
    w_bar = aligned((R * R, C, F), x.dtype)
    budget = filter_budget(x, y_bar, w_bar)
    channels, filters = gradient_chunk(C, F, thread_count() * entry, budget)
    blocking = choose_blocking(x, y_bar, m, (top, left), (channels + filters) * entry)
    for c, f in product(range(0, C, channels), range(0, F, filters)):
        part = w_bar[:, c : c + channels, f : f + filters]
        part[...] = winograd_weight_grad(x, y_bar, (c, f), part.shape, blocking)
    return w_bar.reshape(R, R, C, F).transpose(3, 2, 0, 1)


def winograd_weight_grad(x, y_bar, first, shape, blocking):
    """Compute the gradient (9, C, F) from channel first[0] and filter first[1] on."""
    P, Q, _, N = y_bar.shape
    entries = (blocking.m + R - 1) ** 2
    pieces = max(1, min(thread_count(), block_count(P, Q, N, blocking)))
    w_hats = aligned((pieces, entries, *shape[1:]), x.dtype, np.zeros)
    parallel_for(accumulate_winograd_grad, pieces, w_hats, x, y_bar, first, blocking)
    w_hat = w_hats[0]
    for more in w_hats[1:]:
        w_hat += more
    w_bar, w_hat = aligned(shape, x.dtype), w_hat.reshape(entries, -1)
    parallel_for(
        transform_filter_grads, w_hat.shape[1], w_bar.reshape(R * R, -1), w_hat, blocking.m
    )
    return w_bar
