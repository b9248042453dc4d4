"""Fast convolution: directly by the register tile, and by Winograd's algorithm.

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
from math import prod

import numpy as np

from dlcore.kernels.conv import NONE, ONE, positions
from dlcore.kernels.machine.depthwise import depthwise_rows, depthwise_weight_parts, near_columns
from dlcore.kernels.machine.direct import ConvGeometry, accumulate_weight_grad, correlate_pixels
from dlcore.kernels.machine.layout import (
    aligned,
    as_contiguous,
    contiguous_copy,
    from_batch_last,
    to_batch_last,
)
from dlcore.kernels.machine.planes import depthwise_planes, packed_shape, packing_pays
from dlcore.kernels.machine.threads import parallel_for, thread_count
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

PARTS = 32  # of the output rows, each with gradients of its own
MIN_CHANNELS = 12  # channels, in and out, from which transforms cost less than they save


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


def depthwise_applies(x, w, groups):
    """Tell whether every channel has one filter of its own; x and w are shapes."""
    return x[1] == w[0] == groups


def run_depthwise(x, w, size, geometry):
    """Filter every channel of maps x by itself, w (C, 1, U, V); return maps of the given size."""
    x = to_batch_last(x)
    y = aligned((*size, *x.shape[2:]), x.dtype)
    w = as_contiguous(w)
    if packing_pays(geometry):
        packing = packed_shape(size, x.shape[3], x.itemsize, geometry)
        bands = x.shape[2] * -(-size[0] // packing[1])
        parallel_for(depthwise_planes, bands, y, x, w, geometry, packing)
    else:
        columns = near_columns(x, geometry)
        rows = size[0] * -(-size[1] // columns)
        parallel_for(depthwise_rows, rows, y, x, w, geometry, columns)
    return from_batch_last(y)


def conv2d_depthwise(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Filter every channel by itself; the tile takes all other convolutions."""
    if not depthwise_applies(x.shape, w.shape, groups):
        return conv2d_tile(x, w, stride, padding, dilation, groups)
    size, geometry = forward_geometry(x.shape[2:], w.shape[2:], stride, padding, dilation, groups)
    return run_depthwise(x, w, size, geometry._replace(run=1))


def conv2d_input_grad_depthwise(y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Filter every channel of ȳ with its filter reversed."""
    if not depthwise_applies(y_bar.shape, w.shape, groups):
        return conv2d_input_grad_tile(y_bar, w, size, stride, padding, dilation, groups)
    geometry = input_grad_geometry(w.shape[2:], stride, padding, dilation, groups)
    return run_depthwise(y_bar, w[:, :, ::-1, ::-1], size, geometry._replace(run=1))


def conv2d_weight_grad_depthwise(
    x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1
):
    """Sum up, for every tap, what it saw times the upstream gradient:  w̄[c, u, v] = Σ x ȳ."""
    if not depthwise_applies(x.shape, (y_bar.shape[1],), groups):
        return conv2d_weight_grad_tile(x, y_bar, window, stride, padding, dilation, groups)
    window = tuple(window)
    _, geometry = forward_geometry(x.shape[2:], window, stride, padding, dilation, groups)
    x, y_bar = to_batch_last(x), to_batch_last(y_bar)
    P, _, C, _ = y_bar.shape
    w_bars = aligned((min(P, PARTS), C, prod(window)), np.float64, np.zeros)
    geometry = geometry._replace(run=1)
    parallel_for(depthwise_weight_parts, len(w_bars), w_bars, x, y_bar, geometry)
    return w_bars.sum(axis=0).astype(x.dtype).reshape(C, 1, *window)


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
