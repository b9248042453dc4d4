"""A dense block in one buffer: every map is stored, measured and normalised once.

Each layer reads a prefix of the buffer and writes `growth` maps behind it. The same is computed
by a concatenation and a norm for each layer, which the rules of differentiation know.

Chapter: book/densenet.md.
"""

from itertools import chain
from typing import NamedTuple

import numpy as np

from dlcore.autodiff import jvp, vjp
from dlcore.autodiff.dispatch import top_trace
from dlcore.kernels.machine.layout import empty_maps
from dlcore.kernels.norm import add_hat_grad, hat_grad_naive
from dlcore.ops.conv import conv2d, conv2d_input_grad, conv2d_weight_grad
from dlcore.ops.norm import batch_norm, batch_statistics, kernel_takes, normalized
from dlcore.ops.precision import as_common_dtype, in_double
from dlcore.shapes import ShapeError


def dense_block_shared(x, layers, *, eps=1e-5):
    """Run a dense block in training; return its `Maps`, and a pullback  z̄ ↦ x̄, gradients.

    x is (N, C, H, W). Every layer is a triple (gamma, beta, w) for c maps that it reads: scale
    and shift (c,), and filters (growth, c, U, U) of an odd side; it appends the maps
    conv(relu(gamma x̂ + beta)). The maps z are (N, C + growth + …, H, W). The gradients are
    triples in the order of the layers. A pullback may be called again. Arrays are plain: nothing
    here can be differentiated once more. Raises ShapeError where a layer does not read all maps
    before it, ValueError for filters of an even side.

    >>> x = np.array([[[[1.0]]], [[[3.0]]]])
    >>> layer = np.ones(1), np.zeros(1), np.full((1, 1, 1, 1), 5.0)
    >>> maps, pullback = dense_block_shared(x, [layer], eps=0.0)
    >>> maps.z[:, :, 0, 0].tolist()
    [[1.0, 0.0], [3.0, 5.0]]
    """
    first, *ends = channels_of(x, layers)
    x, *arrays = as_common_dtype(x, *chain(*layers))
    layers = triples(arrays)
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

    return maps, pullback


def triples(arrays):
    """Group arrays by three: scale, shift and filters of each layer.

    >>> triples("abcdef")
    [('a', 'b', 'c'), ('d', 'e', 'f')]
    """
    return [*zip(arrays[::3], arrays[1::3], arrays[2::3], strict=True)]


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
        return cls(empty_maps(N, C, H, W, x.dtype), np.empty(C), np.empty(C), eps)

    def write(self, some, y):
        """Store maps, with their mean and variance, once for all layers that will read them."""
        self.z[:, some] = y
        self.mean[some], self.var[some] = batch_statistics(y)

    def read(self, c, layer):
        """Normalise the first c maps as a layer does, and apply the ReLU."""
        gamma, beta, _ = layer
        x, mean, var = self.z[:, :c], self.mean[:c], self.var[:c]
        return normalized(x, mean, var, gamma, beta, self.eps, relu=True)

    def project(self, some, hat_bar):
        """Turn the gradient of normalised maps into that of the maps:  one projection for each.

        x̄ = (g - mean g - x̂ mean(g x̂))/σ, where g is the sum over all layers that read the map.
        """
        known = self.mean[some], self.var[some]
        one = np.ones(known[0].size, self.z.dtype)
        x, g = self.z[:, some], hat_bar[:, some]
        return batch_norm.vjp(None, x, one, 0 * one, g, eps=self.eps, known=known, argnums=[0])[0]


def pull_layer(maps, c, layer, y_bar, hat_bar):
    """Add to `hat_bar` what a layer pulls back; return the gradients of its parameters.

    >>> maps = Maps(np.full((1, 2, 1, 1), 5.0), np.full(2, 3.0), np.ones(2), 0.0)
    >>> hat_bar = np.zeros((1, 2, 1, 1))
    >>> layer = np.ones(1), np.ones(1), np.full((1, 1, 1, 1), 10.0)
    >>> pull_layer(maps, 1, layer, np.ones((1, 1, 1, 1)), hat_bar)[:2], hat_bar.ravel()
    ((array([20.]), array([10.])), array([10.,  0.]))
    """
    gamma, beta, w = layer
    seen = maps.read(c, layer)
    w_bar = conv2d_weight_grad(seen, y_bar, kernel_size=w.shape[2:], padding="same")
    seen_bar = conv2d_input_grad(y_bar, w, size=seen.shape[2:], padding="same")
    normed = maps.mean[:c], maps.var[:c], gamma, beta, seen_bar
    if kernel_takes(maps.z):
        return *add_hat_grad(hat_bar, maps.z, *normed, maps.eps), w_bar
    own_bar, *bars = in_double(hat_grad_naive, maps.z[:, :c], *normed, maps.eps)
    hat_bar[:, :c] += own_bar
    return *bars, w_bar


def dense_block(x, *arrays, eps):
    """Run a dense block in training layer by layer, with a norm and a concatenation for each.

    The arrays are scale, shift and filters of each layer, as in `dense_block_shared`.

    >>> x, one = np.array([[[[1.0]]], [[[3.0]]]]), np.ones(1)
    >>> dense_block(x, one, 0 * one, np.full((1, 1, 1, 1), 5.0), eps=0.0)[:, :, 0, 0].tolist()
    [[1.0, 0.0], [3.0, 5.0]]
    """
    for gamma, beta, w in triples(arrays):
        y = conv2d(batch_norm(x, gamma, beta, eps=eps, relu=True), w, padding="same")
        x = np.concatenate([x, y], axis=1)
    return x


class SharedBlock:
    """A dense block in training as one node of a tape, in the place of a primitive.

    The forward pass is that of `dense_block_shared`, and leaves the statistics in `maps`. Where a
    rule is itself differentiated, and in forward mode, the block is computed layer by layer.

    >>> x, one = np.array([[[[1.0]]], [[[3.0]]]]), np.ones(1)
    >>> block = SharedBlock(eps=0.0)
    >>> block(x, one, 0 * one, np.full((1, 1, 1, 1), 5.0))[:, :, 0, 0].tolist(), block.maps.mean
    ([[1.0, 0.0], [3.0, 5.0]], array([2. , 2.5]))
    """

    def __init__(self, eps):
        self.eps, self.maps, self.pullback = eps, None, None

    def positions(self, arrays):
        """Name the positions of the arguments that have a derivative: all of them."""
        return range(len(arrays))

    def laid_out(self, arrays):
        """Return the arguments as they are: they are copied into the buffer."""
        return arrays

    def __call__(self, x, *arrays):
        """Compute the maps, or let the trace among the arguments record it."""
        trace = top_trace((x, *arrays))
        if trace is not None:
            return trace.record(self, (x, *arrays), {})
        self.maps, self.pullback = dense_block_shared(x, triples(arrays), eps=self.eps)
        return self.maps.z

    def layer_by_layer(self, *arrays):
        """Compute the same maps from operations that have rules."""
        return dense_block(*arrays, eps=self.eps)

    def jvp(self, y, *arrays_and_dots):
        """Push tangents through the layers, one by one."""
        half = len(arrays_and_dots) // 2
        return jvp(self.layer_by_layer, arrays_and_dots[:half], arrays_and_dots[half:])[1]

    def vjp(self, y, *arrays_and_bar, argnums):
        """Pull ȳ back to the arguments at `argnums`."""
        *arrays, y_bar = arrays_and_bar
        if top_trace(arrays_and_bar) is None:
            x_bar, grads = self.pullback(y_bar)
            bars = [x_bar, *chain(*grads)]
        else:
            bars = vjp(self.layer_by_layer, *arrays)[1](y_bar)
        return tuple(bars[i] for i in argnums)


def dense_block_evaluated(x, layers, *, eps=1e-5):
    """Run a dense block with fixed statistics, in one buffer; return its maps.

    Every layer is (mean, var, gamma, beta, w), the others as in `dense_block_shared`.

    >>> one = np.ones(1)
    >>> layer = 0 * one, one, one, one, np.full((1, 1, 1, 1), 5.0)
    >>> dense_block_evaluated(np.ones((1, 1, 1, 1)), [layer], eps=0.0).ravel()
    array([ 1., 10.])
    """
    first, *ends = channels_of(x, [layer[2:] for layer in layers])
    z = Maps.empty(x, (first, *ends)[-1], eps).z
    z[:, :first] = x
    for end, (*normed, w) in zip(ends, layers, strict=True):
        c = w.shape[1]
        seen = normalized(z[:, :c], *normed, eps, relu=True)
        z[:, c:end] = conv2d(seen, w, padding="same")
    return z
