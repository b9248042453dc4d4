"""A dense block in one buffer: every map is stored, measured and normalised once.

Each layer reads a prefix of the buffer and writes `growth` maps behind it. The layers of
`dlcore.nn.models.densenet` compute the same, with a concatenation and a norm for each.

Chapter: book/densenet.md.
"""

import numpy as np

from dlcore.kernels.norm import per_channel
from dlcore.ops.conv import conv2d, conv2d_input_grad, conv2d_weight_grad
from dlcore.ops.norm import batch_statistics, normalized
from dlcore.shapes import ShapeError


def dense_block_shared(x, layers, *, eps=1e-5):
    """Run a dense block in training; return its maps, and a pullback  z̄ ↦ x̄, gradients.

    x is (N, C, H, W). Every layer is a triple (gamma, beta, w) for c maps that it reads: scale
    and shift (c,), and filters (growth, c, U, U) of an odd side; it appends the maps
    conv(relu(gamma x̂ + beta)). The result is (N, C + growth + …, H, W). The gradients are
    triples in the order of the layers. A pullback may be called again. Arrays are plain: nothing
    here can be differentiated once more. Raises ShapeError where a layer does not read all maps
    before it.

    >>> x = np.array([[[[1.0]]], [[[3.0]]]])
    >>> layer = np.ones(1), np.zeros(1), np.full((1, 1, 1, 1), 5.0)
    >>> z, pullback = dense_block_shared(x, [layer], eps=0.0)
    >>> z[:, :, 0, 0].tolist()
    [[1.0, 0.0], [3.0, 5.0]]
    """
    widths = channels_of(x, layers)
    N, C, H, W = x.shape
    z = np.empty((N, widths[-1], H, W), x.dtype)
    z[:, :C] = x
    mean, var = np.empty(widths[-1]), np.empty(widths[-1])
    mean[:C], var[:C] = batch_statistics(x)
    for c, end, layer in zip(widths, widths[1:], layers, strict=False):
        z[:, c:end] = conv2d(read(z, mean, var, c, layer, eps), layer[2], padding="same")
        mean[c:end], var[c:end] = batch_statistics(z[:, c:end])

    def pullback(z_bar):
        hat_bar = np.zeros_like(z)  # of the normalised maps, summed over the layers that read them
        grads = []
        for c, end, layer in reversed(list(zip(widths, widths[1:], layers, strict=False))):
            y_bar = z_bar[:, c:end] + project(z, mean, var, hat_bar, slice(c, end), eps)
            grads.append(pull_layer(z, mean, var, hat_bar, c, layer, y_bar, eps))
        x_bar = z_bar[:, :C] + project(z, mean, var, hat_bar, slice(0, C), eps)
        return x_bar, grads[::-1]

    return z, pullback


def channels_of(x, layers):
    """List how many maps there are before each layer, and behind the last.

    >>> layers = [(np.ones(2), np.ones(2), np.ones((3, 2, 1, 1)))]
    >>> channels_of(np.ones((1, 2, 4, 4)), layers)
    [2, 5]
    """
    widths = [x.shape[1]]
    for number, (gamma, beta, w) in enumerate(layers):
        read = {len(gamma), len(beta), w.shape[1]}
        if read != {widths[-1]}:
            raise ShapeError(
                f"dense_block_shared: layer {number} reads {sorted(read)} maps, but there are "
                f"{widths[-1]} before it"
            )
        widths.append(widths[-1] + len(w))
    return widths


def read(z, mean, var, c, layer, eps):
    """Normalise the first c maps as a layer does, and apply the ReLU.

    >>> layer = np.ones(1), np.ones(1), None
    >>> read(np.ones((1, 2, 1, 1)), np.zeros(2), np.ones(2), 1, layer, 0.0).ravel().tolist()
    [2.0]
    """
    gamma, beta, _ = layer
    return normalized(z[:, :c], mean[:c], var[:c], gamma, beta, eps, relu=True)


def hats(z, mean, var, maps, eps):
    """Normalise some maps, without scale and shift.

    >>> hats(np.full((1, 2, 1, 1), 5.0), 3 * np.ones(2), np.ones(2), slice(1), 0.0).ravel()
    array([2.])
    """
    one = np.ones(mean[maps].size, z.dtype)
    return normalized(z[:, maps], mean[maps], var[maps], one, 0 * one, eps)


def pull_layer(z, mean, var, hat_bar, c, layer, y_bar, eps):
    """Add to `hat_bar` what a layer pulls back; return the gradients of its parameters."""
    gamma, _, w = layer
    seen = read(z, mean, var, c, layer, eps)
    w_bar = conv2d_weight_grad(seen, y_bar, kernel_size=w.shape[2:], padding="same")
    g = conv2d_input_grad(y_bar, w, size=z.shape[2:], padding="same") * (seen > 0)
    hat_bar[:, :c] += per_channel(gamma, z) * g
    axes = (0, 2, 3)
    gamma_bar = (g * hats(z, mean, var, slice(c), eps)).sum(axes)
    return gamma_bar, g.sum(axes), w_bar


def project(z, mean, var, hat_bar, maps, eps):
    """Pull the gradient of some normalised maps back to the maps:  one projection for each.

    x̄ = (g - mean g - x̂ mean(g x̂))/σ, where g is the sum over all layers that read the map.
    """
    x_hat, g = hats(z, mean, var, maps, eps), hat_bar[:, maps]
    axes = (0, 2, 3)
    along = x_hat * (g * x_hat).mean(axes, keepdims=True)
    sigma = np.sqrt(var[maps] + eps).astype(z.dtype)
    return (g - g.mean(axes, keepdims=True) - along) / per_channel(sigma, z)
