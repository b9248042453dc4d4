"""Normalisation: subtract a mean, divide by a deviation, then scale and shift every channel.

Mean and variance are taken over an index set: batch norm takes them over all images and pixels
of a channel, layer, group and instance norm over the pixels of some channels of one image.

Chapter: book/norm.md.
"""

import numpy as np


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


def batch_norm_grad_naive(x, gamma, y_bar, eps):
    """Pull back:  x̄ = γ/σ (ȳ - mean ȳ - x̂ mean(ȳ x̂)),  γ̄ = Σ ȳ x̂,  β̄ = Σ ȳ."""
    axes = all_but_channels(x)
    x_hat, sigma = standardize_naive(x, axes, eps)
    x_bar = standardize_grad_naive(x_hat, sigma, per_channel(gamma, x) * y_bar, axes)
    return x_bar, np.sum(y_bar * x_hat, axis=axes), np.sum(y_bar, axis=axes)


def normalize_naive(x, mean, var, gamma, beta, eps):
    """Normalise every channel by fixed statistics:  y = γ (x - μ) / √(v + ε) + β."""
    x_hat = (x - per_channel(mean, x)) / per_channel((var + eps) ** 0.5, x)
    return per_channel(gamma, x) * x_hat + per_channel(beta, x)


def normalize_grad_naive(x, mean, var, gamma, y_bar, eps):
    """Pull back:  x̄ = γ ȳ/σ,  μ̄ = -Σ x̄,  v̄ = -γ/2σ² Σ ȳ x̂,  γ̄ = Σ ȳ x̂,  β̄ = Σ ȳ."""
    axes = all_but_channels(x)
    sigma = (var + eps) ** 0.5
    x_hat = (x - per_channel(mean, x)) / per_channel(sigma, x)
    total, along = np.sum(y_bar, axis=axes), np.sum(y_bar * x_hat, axis=axes)
    slope = gamma / sigma
    x_bar = per_channel(slope, x) * y_bar
    return x_bar, -slope * total, -slope * along / (2 * sigma), along, total


def in_groups(x, groups):
    """View x with its channels in groups: (N, groups, C / groups, …), and the axes of a group."""
    parts = x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])
    return parts, tuple(range(2, parts.ndim))


def group_norm_naive(x, gamma, beta, groups, eps):
    """Normalise every group of channels of every image:  y = γ x̂ + β."""
    x_hat, _ = standardize_naive(*in_groups(x, groups), eps)
    return per_channel(gamma, x) * x_hat.reshape(x.shape) + per_channel(beta, x)


def group_norm_grad_naive(x, gamma, y_bar, groups, eps):
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
