"""Dense blocks in one buffer, and the norms that read channels of a wider array."""

from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import grad, jvp, vjp
from dlcore.kernels import norm as kernels
from dlcore.kernels.machine.layout import channel_rows, empty_maps, is_channel_slice
from dlcore.nn.models.densenet import DenseBlock, arrays_of
from dlcore.ops import norm
from dlcore.ops.densenet import SharedBlock
from dlcore.ops.loss import cross_entropy
from dlcore.train.objective import loss_and_grads

WIDE, SOME = (3, 9, 4, 5), slice(2, 6)
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-5}, np.float64: {"rtol": 1e-11, "atol": 1e-11}}


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    """Both precisions that have kernels."""
    return request.param


@pytest.fixture
def wide(dtype, rng):
    """Images whose channels are to be read in part."""
    images = empty_maps(*WIDE, dtype)
    images[...] = rng.normal(size=WIDE) + 3
    return images


def test_channels_of_wider_images_are_not_copied(wide):
    """Their rows are views, of any neighbouring channels; images in another order are copied."""
    some = wide[:, SOME]
    rows = channel_rows(some)
    assert is_channel_slice(some)
    assert np.shares_memory(rows, wide)
    assert_array_equal(rows[:, :4], some.transpose(2, 3, 1, 0).reshape(20, 4, 3))
    for other in (
        np.ascontiguousarray(wide),
        wide[::2],
        wide[:, ::2],
        wide[:, :, 1:],
        wide[..., 1:],
    ):
        assert not is_channel_slice(other) or other.shape[2:] != WIDE[2:]
        rows = channel_rows(other)
        N, C, H, W = other.shape
        assert_array_equal(rows[:, :C], other.transpose(2, 3, 1, 0).reshape(H * W, C, N))


def test_norms_of_channels_are_those_of_their_copies(wide, rng):
    """Statistics, values, and all gradients: bit by bit."""
    gamma, beta = rng.normal(size=(2, 4)).astype(wide.dtype)
    y_bar = rng.normal(size=WIDE).astype(wide.dtype)
    found = []
    for some, bar in (
        (wide[:, SOME], y_bar[:, SOME]),
        (wide[:, SOME].copy(), y_bar[:, SOME].copy()),
    ):
        y, pullback = vjp(norm.batch_norm_relu, some, gamma, beta)
        found.append([*norm.batch_statistics(some), y, *pullback(bar)])
    for own, copied in zip(*found, strict=True):
        assert_array_equal(own, copied)


def test_the_gradient_of_normalised_maps_is_added(wide, dtype, rng):
    """The naive twin says how much; channels that the layer has not read stay as they are."""
    gamma, beta = rng.normal(size=(2, 4)).astype(dtype)
    y_bar = rng.normal(size=(3, 4, 4, 5)).astype(dtype)
    known = kernels.batch_statistics(wide[:, :4])
    hat_bar = empty_maps(*WIDE, dtype)
    hat_bar[...] = before = rng.normal(size=WIDE).astype(dtype)
    bars = kernels.add_hat_grad(hat_bar, wide, *known, gamma, beta, y_bar, 1e-3)
    expected = kernels.hat_grad_naive(wide[:, :4], *known, gamma, beta, y_bar, 1e-3)
    for own, naive in zip([hat_bar[:, :4] - before[:, :4], *bars], expected, strict=True):
        assert_allclose(own, naive, **TOLERANCE[dtype])
    assert_array_equal(hat_bar[:, 4:], before[:, 4:])


@pytest.fixture
def block(dtype, rng):
    """A block of three layers whose scales and shifts are drawn."""
    block = DenseBlock(3, 4, 2, rng=rng, dtype=dtype)
    for array in nn.named_parameters(block).values():
        array[...] += rng.normal(scale=0.3, size=array.shape)
    return block


class OneByOne(nn.Layer):
    """The same block, with a norm and a concatenation for each layer."""

    def __init__(self, block):
        self.block = block

    def __call__(self, x, rng=None):
        return self.block.one_by_one(x, rng)


def test_a_block_in_one_buffer_trains_as_its_layers_do(block, dtype, rng):
    """Loss, all gradients, and running statistics after two steps."""
    x, t = rng.normal(size=(3, 4, 5, 6)).astype(dtype) + 1, rng.integers(10, size=3)
    head = nn.Linear(10, 10, rng=rng, dtype=dtype)
    start = {name: array.copy() for name, array in nn.named_state(block).items()}
    found = []
    for body in (block, OneByOne(block)):
        for name, array in nn.named_state(block).items():
            array[...] = start[name]
        model = nn.Sequential(body, nn.GlobalAvgPool(), head)
        steps = [loss_and_grads(model, cross_entropy, x, t, rng) for _ in range(2)]
        state = [array.copy() for array in nn.named_state(block).values()]
        found.append([*chain(*([loss, *grads.values()] for loss, grads in steps)), *state])
    for shared, apart in zip(*found, strict=True):
        assert_allclose(shared, apart, **TOLERANCE[dtype])


def test_a_block_in_one_buffer_evaluates_as_its_layers_do(block, dtype, rng):
    """With drawn running statistics; the gradient by the images, too."""
    for array in nn.named_state(block).values():
        array[...] = rng.uniform(0.5, 2, size=array.shape)
    x = rng.normal(size=(3, 4, 5, 6)).astype(dtype)
    assert_allclose(block(x), block.one_by_one(x, None), **TOLERANCE[dtype])
    slope = grad(lambda x: np.sum(np.sin(block(x))))(x)
    assert_allclose(slope, grad(lambda x: np.sum(np.sin(block.one_by_one(x, None))))(x))


def test_a_shared_block_has_both_derivatives_of_both_orders(rng):
    """A slope, a slope of slopes, and the derivative of the pullback by ȳ: as layer by layer."""
    block = DenseBlock(2, 3, 2, rng=rng)
    arrays = [rng.normal(size=(4, 3, 3, 2)), *chain(*map(arrays_of, block.layers))]
    dots = [rng.normal(size=array.shape) for array in arrays]
    bar = rng.normal(size=(4, 7, 3, 2))

    def slope(f):
        return jvp(f, arrays, dots)[1]

    def slope_of_slopes(f):
        return jvp(lambda *xs: vjp(f, *xs)[1](bar)[0], arrays, dots)[1]

    def back_and_forth(f):
        return grad(lambda bar: np.sum(np.sin(vjp(f, *arrays)[1](bar)[0])))(bar)

    for order in (slope, slope_of_slopes, back_and_forth):
        shared = SharedBlock(1e-3)
        assert_allclose(order(shared), order(shared.layer_by_layer), rtol=1e-9, atol=1e-10)


def test_a_shared_block_takes_numbers_that_have_no_kernel(rng):
    """In extended precision values and gradients are those of the layers, one by one."""
    block = DenseBlock(2, 3, 2, rng=rng, dtype=np.longdouble)
    arrays = [rng.normal(size=(4, 3, 3, 2)), *chain(*map(arrays_of, block.layers))]
    arrays = [array.astype(np.longdouble) for array in arrays]
    bar = rng.normal(size=(4, 7, 3, 2)).astype(np.longdouble)
    shared = SharedBlock(1e-3)
    z, pullback = vjp(shared, *arrays)
    expected, expected_pullback = vjp(shared.layer_by_layer, *arrays)
    assert_allclose(z, expected, rtol=1e-12)
    for own, apart in zip(pullback(bar), expected_pullback(bar), strict=True):
        assert_allclose(own, apart, rtol=1e-9, atol=1e-12)
