"""Normalisation: subtract the mean, divide by the deviation, scale and shift channels.

Mean and variance are taken over an index set: batch norm takes them over all images and pixels
of a channel, layer, group and instance norm over the pixels of some channels of one image.

The naive twins read as the definition. The kernels take images batch last; a pass goes once
through memory, and ReLU and shortcut are part of it.

Chapter: book/norm.md.
"""

import numpy as np

from dlcore.kernels.conv import pixels
from dlcore.kernels.machine.channels import (
    FEW_PARTS,
    PARTS,
    channel_map,
    combine_image_pixels,
    combine_pixels,
    first_means,
    grad_parts,
    hat_grad_parts,
    image_grad_parts,
    image_moment_parts,
    masked_grad_parts,
    moment_parts,
    normalize_add_relu_pixels,
    normalize_image_pixels,
    normalize_pixels,
)
from dlcore.kernels.machine.layout import aligned, channel_rows, empty_maps
from dlcore.kernels.machine.threads import parallel_for


def per_channel(values, x):
    """Give numbers for the channels of x the axes that broadcast against x."""
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def all_but_channels(x):
    """Name all axes of x but that of the channels."""
    return (0, *range(2, x.ndim))


def batch_statistics_naive(x):
    """Average every channel, and its squared distance from the mean:  μ and v, (C,) each."""
    axes = all_but_channels(x)
    mean = np.mean(x, axis=axes)
    return mean, np.mean((x - per_channel(mean, x)) ** 2, axis=axes)


def standardize_naive(x, axes, eps):
    """Return  x̂ = (x - μ) / σ  and  σ = √(v + ε), with mean and variance over some axes."""
    centred = x - np.mean(x, axis=axes, keepdims=True)
    sigma = (np.mean(centred**2, axis=axes, keepdims=True) + eps) ** 0.5
    return centred / sigma, sigma


def standardize_grad_naive(x_hat, sigma, g, axes):
    """Pull g back through x̂:  (g - mean g - x̂ mean(g x̂)) / σ.

    The Jacobian is symmetric, so the same function pushes a tangent forwards.
    """
    mean = np.mean(g, axis=axes, keepdims=True)
    along = np.mean(g * x_hat, axis=axes, keepdims=True)
    return (g - mean - x_hat * along) / sigma


def batch_norm_naive(x, gamma, beta, eps):
    """Normalise every channel over images and pixels:  y = γ x̂ + β."""
    x_hat, _ = standardize_naive(x, all_but_channels(x), eps)
    return per_channel(gamma, x) * x_hat + per_channel(beta, x)


def batch_norm_grad_naive(x, gamma, beta, y_bar, eps):
    """Pull back:  x̄ = γ/σ (ȳ - mean ȳ - x̂ mean(ȳ x̂)),  γ̄ = Σ ȳ x̂,  β̄ = Σ ȳ."""
    axes = all_but_channels(x)
    x_hat, sigma = standardize_naive(x, axes, eps)
    x_bar = standardize_grad_naive(x_hat, sigma, per_channel(gamma, x) * y_bar, axes)
    return x_bar, np.sum(y_bar * x_hat, axis=axes), np.sum(y_bar, axis=axes)


def normalize_naive(x, mean, var, gamma, beta, eps):
    """Normalise every channel by fixed statistics:  y = γ (x - μ) / √(v + ε) + β."""
    x_hat = (x - per_channel(mean, x)) / per_channel((var + eps) ** 0.5, x)
    return per_channel(gamma, x) * x_hat + per_channel(beta, x)


def normalize_grad_naive(x, mean, var, gamma, beta, y_bar, eps):
    """Pull back:  x̄ = γ ȳ/σ,  μ̄ = -Σ x̄,  v̄ = -γ/2σ² Σ ȳ x̂,  γ̄ = Σ ȳ x̂,  β̄ = Σ ȳ."""
    axes = all_but_channels(x)
    sigma = (var + eps) ** 0.5
    x_hat = (x - per_channel(mean, x)) / per_channel(sigma, x)
    total, along = np.sum(y_bar, axis=axes), np.sum(y_bar * x_hat, axis=axes)
    slope = gamma / sigma
    x_bar = per_channel(slope, x) * y_bar
    return x_bar, -slope * total, -slope * along / (2 * sigma), along, total


def hat_grad_naive(x, mean, var, gamma, beta, y_bar, eps):
    """Pull ȳ back through  y = max(0, γ x̂ + β)  to x̂, γ and β, with fixed statistics.

    γ g,  γ̄ = Σ g x̂,  β̄ = Σ g,  where  g = [y > 0] ȳ.
    """
    axes = all_but_channels(x)
    x_hat = (x - per_channel(mean, x)) / per_channel((var + eps) ** 0.5, x)
    g = y_bar * (per_channel(gamma, x) * x_hat + per_channel(beta, x) > 0)
    return per_channel(gamma, x) * g, np.sum(g * x_hat, axis=axes), np.sum(g, axis=axes)


def in_groups(x, groups):
    """View x with its channels in groups: (N, groups, C / groups, …), and the axes of a group."""
    parts = x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])
    return parts, tuple(range(2, parts.ndim))


def group_norm_naive(x, gamma, beta, groups, eps):
    """Normalise every group of channels of every image:  y = γ x̂ + β."""
    x_hat, _ = standardize_naive(*in_groups(x, groups), eps)
    return per_channel(gamma, x) * x_hat.reshape(x.shape) + per_channel(beta, x)


def group_norm_grad_naive(x, gamma, beta, y_bar, groups, eps):
    """Pull back as batch norm does, with means over a group; γ̄ and β̄ add up all images."""
    parts, axes = in_groups(x, groups)
    x_hat, sigma = standardize_naive(parts, axes, eps)
    g = (per_channel(gamma, x) * y_bar).reshape(parts.shape)
    x_bar = standardize_grad_naive(x_hat, sigma, g, axes).reshape(x.shape)
    over = all_but_channels(x)
    return x_bar, np.sum(y_bar * x_hat.reshape(x.shape), axis=over), np.sum(y_bar, axis=over)


def sum_of_neighbours(x, before, after):
    """Add to every channel so many before and after it; beyond the last there are zeros."""
    C = x.shape[1]
    padded = np.pad(x, ((0, 0), (before, after), *((0, 0),) * (x.ndim - 2)))
    total = padded[:, :C]
    for offset in range(1, before + after + 1):
        total = total + padded[:, offset : offset + C]
    return total


def neighbours(size):
    """Return how many channels before and after one belong to its window of a size."""
    return size // 2, (size - 1) // 2


def local_response_norm_naive(x, size, alpha, beta, k):
    """Divide by the size of the channels nearby:  y = x s⁻ᵝ,  s = k + α/size Σ x²."""
    s = k + alpha / size * sum_of_neighbours(x**2, *neighbours(size))
    return x * s**-beta


def local_response_norm_grad_naive(x, y_bar, size, alpha, beta, k):
    """Pull back:  x̄ = ȳ s⁻ᵝ - 2 α β/size x Σ ȳ x s⁻ᵝ⁻¹, over the windows that x is part of."""
    before, after = neighbours(size)
    s = k + alpha / size * sum_of_neighbours(x**2, before, after)
    shares = sum_of_neighbours(y_bar * x * s ** (-beta - 1), after, before)
    return y_bar * s**-beta - 2 * alpha * beta / size * x * shares


def zero_sums(P, C):
    """Allocate two sums for every channel and part of P pixels."""
    return aligned((min(P, PARTS), 2, C), np.float64, np.zeros)


def batch_statistics(x):
    """Average every channel, and its squared distance from the mean, in double precision."""
    C, x = x.shape[1], channel_rows(x)
    P, _, N = x.shape
    origins, sums = first_means(x, C), zero_sums(P, C)
    parallel_for(moment_parts, len(sums), x, origins, sums)
    gap, square = sums.sum(axis=0) / (P * N)
    return origins + gap, np.maximum(square - gap * gap, 0)


def normalize(x, mean, var, gamma, beta, eps, relu=False, shortcut=None):
    """Normalise every channel by fixed statistics in one pass, and apply the ReLU if asked to.

    With a shortcut  y = max(0, γ x̂ + β + s),  in the same pass.
    """
    y = empty_maps(*x.shape, x.dtype)
    into, x = channel_rows(y), channel_rows(x)
    map = channel_map(mean, var, gamma, beta, eps, relu)
    if shortcut is None:
        parallel_for(normalize_pixels, len(x), into, x, map)
    else:
        parallel_for(normalize_add_relu_pixels, len(x), into, x, channel_rows(shortcut), map)
    return y


def grads_of(x, y_bar, map, fixed, y=None):
    """Return x̄,  Σ g,  Σ g (x - μ)  and g, which is ȳ behind the ReLU, in two passes.

    Given y, the ReLU came after a shortcut: its mask is taken from y, and g filled in. Otherwise
    the mask is computed again, and g is ȳ. With `fixed` statistics x̄ = a g; otherwise two paths
    lead through variance and mean:  x̄ = a (g - mean g - (x - μ)/σ² mean(g (x - μ))).
    """
    x_bar, g = empty_maps(*x.shape, x.dtype), y_bar
    into, x, y_bar = channel_rows(x_bar), channel_rows(x), channel_rows(y_bar)
    P, C, N = into.shape
    sums = zero_sums(P, C)
    if y is None:
        parallel_for(grad_parts, len(sums), x, y_bar, map, sums)
    else:
        g = empty_maps(*y.shape, y.dtype)
        masked = channel_rows(g)
        parallel_for(masked_grad_parts, len(sums), x, y_bar, map, channel_rows(y), masked, sums)
        y_bar = masked
    total, along = sums.sum(axis=0)
    along -= map.offset * total
    share = 0 if fixed else -map.a / (P * N)
    f = share * along / map.sigma**2
    h = share * total - f * map.offset
    slopes = [slope.astype(x.dtype) for slope in (f, h)]
    parallel_for(combine_pixels, P, into, x, y_bar, map, *slopes)
    return x_bar, total, along, g


def batch_norm_grad(x, gamma, beta, y_bar, eps, known, relu=False, y=None):
    """Compute x̄, γ̄ and β̄, and given y the gradient of the shortcut.

    `known` are mean and variance of x, or None; y is the result after shortcut and ReLU.
    """
    map = channel_map(*(known or batch_statistics(x)), gamma, beta, eps, relu and y is None)
    x_bar, total, along, g = grads_of(x, y_bar, map, False, y)
    bars = [(along / map.sigma).astype(x.dtype), total.astype(x.dtype)]
    return x_bar, *bars, *([] if y is None else [g])


def add_hat_grad(hat_bar, x, mean, var, gamma, beta, y_bar, eps):
    """Pull ȳ back through  y = max(0, γ x̂ + β)  to x̂, in one pass, and add it to `hat_bar`.

    x and `hat_bar` may have more channels than ȳ: the first ones are read, and added to. Returns
    γ̄ and β̄.
    """
    map = channel_map(mean, var, gamma, beta, eps, True)
    y_bar = channel_rows(y_bar)
    sums = zero_sums(len(y_bar), len(mean))
    parallel_for(
        hat_grad_parts, len(sums), channel_rows(x), y_bar, channel_rows(hat_bar), map, gamma, sums
    )
    total, along = sums.sum(axis=0)
    along -= map.offset * total
    return (along / map.sigma).astype(gamma.dtype), total.astype(gamma.dtype)


def normalize_grad(x, mean, var, gamma, beta, y_bar, eps, relu=False):
    """Compute x̄, μ̄, v̄, γ̄ and β̄, for fixed statistics."""
    map = channel_map(mean, var, gamma, beta, eps, relu)
    x_bar, total, along, _ = grads_of(x, y_bar, map, True)
    slope = gamma / map.sigma
    bars = -slope * total, -slope * along / (2 * map.sigma**2), along / map.sigma, total
    return x_bar, *(bar.astype(x.dtype) for bar in bars)


def over_groups(values, groups):
    """Add up numbers (C, N) over the channels of a group; every channel receives its sum."""
    C, N = values.shape
    sums = values.reshape(groups, C // groups, N).sum(axis=1)
    return np.repeat(sums, C // groups, axis=0)


def group_map(x, gamma, beta, groups, eps):
    """Return the map of every channel and image, by the statistics of its group."""
    P, C, N = x.shape
    origins = np.repeat(x[0, :: C // groups], C // groups, axis=0)
    sums = aligned((min(P, FEW_PARTS), 2, C, N), np.float64, np.zeros)
    parallel_for(image_moment_parts, len(sums), x, origins, sums)
    count = P * C // groups
    gap, square = (over_groups(each, groups) / count for each in sums.sum(axis=0))
    var = np.maximum(square - gap * gap, 0)
    return channel_map(origins + gap, var, gamma[:, None], beta[:, None], eps)


def group_norm(x, gamma, beta, groups, eps):
    """Normalise every group of channels of every image, in two passes through memory."""
    y = empty_maps(*x.shape, x.dtype)
    into, x = pixels(y), pixels(x)
    m, a, b, *_ = group_map(x, gamma, beta, groups, eps)
    parallel_for(normalize_image_pixels, len(x), into, x, m, a, b)
    return y


def group_norm_grad(x, gamma, beta, y_bar, groups, eps):
    """Compute x̄, γ̄ and β̄ in three passes: the statistics, the sums of ȳ, and x̄."""
    x_bar = empty_maps(*x.shape, x.dtype)
    into, x, y_bar = pixels(x_bar), pixels(x), pixels(y_bar)
    map = group_map(x, gamma, beta, groups, eps)
    P, C, N = x.shape
    sums = aligned((min(P, FEW_PARTS), 2, C, N), np.float64, np.zeros)
    parallel_for(image_grad_parts, len(sums), x, y_bar, map.m, sums)
    total, along = sums.sum(axis=0)
    along -= map.offset * total
    mean, mean_along = (
        over_groups(gamma[:, None] * each, groups) / (P * C // groups) for each in (total, along)
    )
    f = -mean_along / map.sigma**3
    h = -mean / map.sigma - f * map.offset
    slopes = [slope.astype(x.dtype) for slope in (f, h)]
    parallel_for(combine_image_pixels, P, into, x, y_bar, map, *slopes)
    bars = (along / map.sigma).sum(axis=1), total.sum(axis=1)
    return x_bar, *(bar.astype(x.dtype) for bar in bars)
