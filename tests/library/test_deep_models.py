"""VGG, ResNet and DenseNet: their numbers of parameters, and their gradients."""

import importlib
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn, vjp
from dlcore.nn.accounting import account, total
from dlcore.nn.models import VGG, DenseNet, ResNet, TwoLayerConvNet, vgg
from dlcore.nn.models.resnet import IdentityShortcut, ResidualBlock
from dlcore.ops.densenet import dense_block_shared
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import ShapeError
from dlcore.train.objective import loss_and_grads

BC = {"bottleneck": True, "compression": 0.5}


def size_of(model):
    """Count the parameters of a model."""
    return sum(array.size for array in nn.named_parameters(model).values())


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_a_resnet_has_its_number_of_parameters(depth):
    """97,216 n - 21,926  for depth 6 n + 2, with shortcuts that have none."""
    n = (depth - 2) // 6
    published = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}
    parameters = size_of(ResNet(depth=depth, rng=None))
    assert parameters == 97_216 * n - 21_926 == published[depth]
    for options in ({"shortcut": "none"}, {"preactivation": True}):
        assert size_of(ResNet(depth=depth, rng=None, **options)) == parameters


@pytest.mark.parametrize(
    ("options", "parameters"),
    [({"depth": 40}, 1_019_722), ({"depth": 100, **BC}, 769_162)],
    ids=["40", "BC-100"],
)
def test_a_densenet_has_its_number_of_parameters(options, parameters):
    """Growth rate 12, as published  [Huang2017]_."""
    assert size_of(DenseNet(growth=12, rng=None, **options)) == parameters


SMALL = {
    "vgg": partial(VGG, blocks=((4,), (5, 6)), hidden=(7,), batch_norm=True),
    "average": partial(VGG, blocks=((4, (5, 1)),), hidden=(), pool="average", kernel_size=5),
    "resnet": partial(ResNet, depth=8),
    "projections": partial(ResNet, depth=8, shortcut="projection"),
    "plain": partial(ResNet, depth=8, shortcut="none"),
    "preactivation": partial(ResNet, depth=8, preactivation=True),
    "densenet": partial(DenseNet, depth=7, growth=3, blocks=2),
    "bottlenecks": partial(DenseNet, depth=7, growth=3, blocks=2, **BC),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_is_that_of_differences(name, rng):
    """Along random directions:  (L(θ + h d) - L(θ - h d)) / 2h,  to 1e-6 relative.

    No bias is 0: a unit whose inputs are all 0 would stand at the kink of its ReLU.
    """
    model = SMALL[name]((2, 8, 8), 3, rng=rng)
    for array in nn.named_parameters(model).values():
        array[...] += rng.normal(scale=0.1, size=array.shape)
    x, t = rng.normal(size=(5, 2, 8, 8)), rng.integers(3, size=5)
    _, grads = loss_and_grads(model, cross_entropy, x, t, rng)
    first = {path: array.copy() for path, array in nn.named_parameters(model).items()}
    for _ in range(3):
        d = {path: rng.normal(size=array.shape) for path, array in first.items()}
        losses = []
        for h in (1e-7, -1e-7):
            nn.load(model, {path: first[path] + h * d[path] for path in first},
                    nn.named_state(model))  # fmt: skip
            losses.append(float(cross_entropy(model(x, rng), t)))
        slope = (losses[0] - losses[1]) / 2e-7
        assert_allclose(sum(np.vdot(grads[path], d[path]) for path in d), slope, rtol=1e-6)


@pytest.mark.parametrize("name", SMALL)
def test_evaluation_judges_every_image_alone(name, rng):
    """Scores of a batch are those of its images one by one, once statistics are kept."""
    model = SMALL[name]((2, 8, 8), 3, rng=rng)
    x = rng.normal(size=(5, 2, 8, 8))
    model(x, rng)
    alone = np.concatenate([model(x[n : n + 1]) for n in range(5)])
    assert_allclose(model(x), alone, rtol=1e-12, atol=1e-12)


def test_a_block_begins_as_its_shortcut(rng):
    """With γ = 0 at the end of the branch,  y = relu(x)."""
    block = ResidualBlock(4, 4, zero_gamma=True, rng=rng)
    x = rng.normal(size=(3, 4, 6, 5))
    assert_array_equal(block(x, rng), np.maximum(x, 0))


def test_the_identity_shortcut_takes_every_second_pixel(rng):
    """And the channels that are added are 0."""
    x = rng.normal(size=(2, 3, 7, 5))
    y = IdentityShortcut(3, 5, 2)(x)
    assert_array_equal(y[:, :3], x[:, :, ::2, ::2])
    assert_array_equal(y[:, 3:], np.zeros((2, 2, 4, 3)))


def test_the_identity_shortcut_keeps_the_order_of_memory(rng):
    """Maps and gradient lie batch last if x does: no later addition mixes two orders."""
    x = rng.normal(size=(6, 8, 3, 2)).transpose(3, 2, 0, 1)  # (N, C, H, W) = (2, 3, 6, 8)
    y, pullback = vjp(IdentityShortcut(3, 5, 2), x)
    assert y.transpose(2, 3, 1, 0).flags.c_contiguous
    y_bar = rng.normal(size=(3, 4, 5, 2)).transpose(3, 2, 0, 1)
    (x_bar,) = pullback(y_bar)
    assert x_bar.strides == x.strides
    assert_array_equal(x_bar[:, :, ::2, ::2], y_bar[:, :3])
    assert np.count_nonzero(x_bar) == y_bar[:, :3].size


@pytest.mark.parametrize("name", SMALL)
def test_accounting_counts_what_a_model_owns(name):
    """Parameters and state, by walking its calls."""
    model = SMALL[name]((2, 8, 8), 3, rng=None)
    rows = account(model, (2, 8, 8))
    assert total(rows, "parameters") == size_of(model)
    assert total(rows, "state") == sum(a.size for a in nn.named_state(model).values())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: vgg("F", rng=None), "column is 'F', use one of A, A-LRN"),
        (lambda: TwoLayerConvNet((3, 1, 5), 2, 4, rng=None), r"H, W is \(1, 5\) in size, pass"),
        (lambda: VGG((3, 4, 4), 10, rng=None), "3 blocks halve it to nothing"),
        (lambda: VGG((3, 32, 32), 10, pool="sum", rng=None), "pool is 'sum', use one of max"),
        (lambda: IdentityShortcut(5, 3, 1), "F is 3 but C is 5, channels cannot be lost"),
        (lambda: ResNet(depth=21, rng=None), "depth is 21, it must be 6 n"),
        (lambda: ResNet(depth=2, rng=None), "depth is 2, it must be 6 n"),
        (lambda: ResNet(depth=20, shortcut="c", rng=None), "shortcut is 'c', use one of identity"),
        (lambda: ResNet(preactivation=True, zero_gamma=True, rng=None), "no norm ends a branch"),
        (lambda: DenseNet(depth=41, rng=None), "depth is 41 but 3 blocks take 3 n"),
    ],
)
def test_what_cannot_be_built_is_refused(make, message):
    """The message names the argument, its value, and what there is."""
    with pytest.raises(ValueError, match=message):
        make()


def test_layers_of_a_shared_block_read_all_maps_before_them(rng):
    """The message says which layer, what it reads, and what there is."""
    layers = [(np.ones(c), np.zeros(c), np.ones((3, c, 3, 3))) for c in (4, 10)]
    with pytest.raises(ShapeError, match=r"layer 1 reads \[10\] maps, but there are 7 before it"):
        dense_block_shared(rng.normal(size=(2, 4, 3, 5)), layers)


@pytest.fixture
def torch():
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch", reason="install the extra `bench`")


@pytest.mark.parametrize("name", SMALL)
def test_pytorch_computes_the_same_scores_and_gradients(name, torch, rng):
    """Its modules with our parameters, in double precision: to 1e-6 of the largest entry."""
    torch_modules = importlib.import_module("dlcore.benchmarks.torch_modules")
    model = SMALL[name]((2, 8, 8), 3, rng=rng)
    for array in nn.named_parameters(model).values():
        array[...] += rng.normal(scale=0.1, size=array.shape)
    x, t = rng.normal(size=(5, 2, 8, 8)), rng.integers(3, size=5)
    theirs = torch_modules.counterpart(torch, model)
    loss, grads = loss_and_grads(model, cross_entropy, x, t, rng)
    expected = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(t))
    expected.backward()
    assert_allclose(loss, expected.item(), rtol=1e-9)
    largest = max(np.abs(grad).max() for grad in grads.values())
    for grad, parameter in zip(grads.values(), theirs.parameters(), strict=True):
        bar = parameter.grad.numpy()
        assert_allclose(grad, bar.T if bar.ndim == 2 else bar, atol=1e-6 * largest)
    theirs.eval()
    scores = theirs(torch.from_numpy(x)).detach().numpy()
    assert_allclose(model(x), scores, atol=1e-9 * np.abs(scores).max())
