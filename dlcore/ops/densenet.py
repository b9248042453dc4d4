"""A dense block in one buffer: every map is stored, measured and normalised once.

Each layer reads a prefix of the buffer and writes `growth` maps behind it. The layers of
`dlcore.nn.models.densenet` compute the same, with a concatenation and a norm for each.

Chapter: book/densenet.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.norm import per_channel
from dlcore.ops.conv import conv2d, conv2d_input_grad, conv2d_weight_grad
from dlcore.ops.norm import batch_statistics, normalized
from dlcore.shapes import ShapeError

AXES = (0, 2, 3)  # of the numbers of one map


def dense_block_shared(x, layers, *, eps=1e-5):
    """Run a dense block in training; return its maps, and a pullback  z̄ ↦ x̄, gradients.

    x is (N, C, H, W). Every layer is a triple (gamma, beta, w) for c maps that it reads: scale
    and shift (c,), and filters (growth, c, U, U) of an odd side; it appends the maps
    conv(relu(gamma x̂ + beta)). The result is (N, C + growth + …, H, W). The gradients are
    triples in the order of the layers. A pullback may be called again. Arrays are plain: nothing
    here can be differentiated once more. Raises ShapeError where a layer does not read all maps
    before it, ValueError for filters of an even side.

    >>> x = np.array([[[[1.0]]], [[[3.0]]]])
    >>> layer = np.ones(1), np.zeros(1), np.full((1, 1, 1, 1), 5.0)
    >>> z, pullback = dense_block_shared(x, [layer], eps=0.0)
    >>> z[:, :, 0, 0].tolist()
    [[1.0, 0.0], [3.0, 5.0]]
    """
    first, *ends = channels_of(x, layers)
    maps = Maps.empty(x, (first, *ends)[-1], eps)
    maps.write(slice(first), x)
    for end, layer in zip(ends, layers, strict=True):
        c = layer[2].shape[1]
        maps.write(slice(c, end), conv2d(maps.read(c, layer), layer[2], padding="same"))

    def pullback(z_bar):
        hat_bar = np.zeros_like(maps.z)  # of normalised maps, summed over the layers that read them
        grads = []
        for end, layer in zip(reversed(ends), reversed(layers), strict=True):
            c = layer[2].shape[1]
            y_bar = z_bar[:, c:end] + maps.project(slice(c, end), hat_bar)
            grads.append(pull_layer(maps, c, layer, y_bar, hat_bar))
        x_bar = z_bar[:, :first] + maps.project(slice(first), hat_bar)
        return x_bar, grads[::-1]

    return maps.z, pullback


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


class Maps(NamedTuple):
    """The buffer of a block: its maps z (N, C, H, W), with mean and variance (C,) of each."""

    z: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    eps: float

    @classmethod
    def empty(cls, x, C, eps):
        """Allocate a buffer of C maps of the size of x.

        >>> Maps.empty(np.ones((2, 3, 4, 5)), 7, 1e-5).z.shape
        (2, 7, 4, 5)
        """
        N, _, H, W = x.shape
        return cls(np.empty((N, C, H, W), x.dtype), np.empty(C), np.empty(C), eps)

    def write(self, some, y):
        """Store maps, with their mean and variance, once for all layers that will read them."""
        self.z[:, some] = y
        self.mean[some], self.var[some] = batch_statistics(y)

    def read(self, c, layer):
        """Normalise the first c maps as a layer does, and apply the ReLU."""
        gamma, beta, _ = layer
        x, mean, var = self.z[:, :c], self.mean[:c], self.var[:c]
        return normalized(x, mean, var, gamma, beta, self.eps, relu=True)

    def hats(self, some):
        """Normalise some maps, without scale and shift."""
        one = np.ones(self.mean[some].size, self.z.dtype)
        x, mean, var = self.z[:, some], self.mean[some], self.var[some]
        return normalized(x, mean, var, one, 0 * one, self.eps)

    def project(self, some, hat_bar):
        """Turn the gradient of normalised maps into that of the maps:  one projection for each.

        x̄ = (g - mean g - x̂ mean(g x̂))/σ, where g is the sum over all layers that read the map.
        """
        x_hat, g = self.hats(some), hat_bar[:, some]
        along = x_hat * (g * x_hat).mean(AXES, keepdims=True)
        sigma = np.sqrt(self.var[some] + self.eps).astype(g.dtype)
        return (g - g.mean(AXES, keepdims=True) - along) / per_channel(sigma, g)


def pull_layer(maps, c, layer, y_bar, hat_bar):
    """Add to `hat_bar` what a layer pulls back; return the gradients of its parameters.

    >>> maps = Maps(np.full((1, 2, 1, 1), 5.0), np.full(2, 3.0), np.ones(2), 0.0)
    >>> hat_bar = np.zeros((1, 2, 1, 1))
    >>> layer = np.ones(1), np.ones(1), np.full((1, 1, 1, 1), 10.0)
    >>> pull_layer(maps, 1, layer, np.ones((1, 1, 1, 1)), hat_bar)[:2], hat_bar.ravel()
    ((array([20.]), array([10.])), array([10.,  0.]))
    """
    gamma, _, w = layer
    seen = maps.read(c, layer)
    w_bar = conv2d_weight_grad(seen, y_bar, kernel_size=w.shape[2:], padding="same")
    g = conv2d_input_grad(y_bar, w, size=seen.shape[2:], padding="same") * (seen > 0)
    hat_bar[:, :c] += per_channel(gamma, g) * g
    return (g * maps.hats(slice(c))).sum(AXES), g.sum(AXES), w_bar
