"""Norms: kernels beside definitions, PyTorch's conventions, statistics that are kept."""

from collections import namedtuple
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import check_gradients, grad, vjp
from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.recompute import checkpoint
from dlcore.kernels import norm as kernels
from dlcore.kernels.machine.layout import from_batch_last, is_batch_last, to_batch_last
from dlcore.nn.accounting import account, total
from dlcore.nn.norm import fold
from dlcore.ops import norm
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import ShapeError
from dlcore.train import loss_and_grads
from dlcore.train.distributed import shard

SIZES = [(5, 3, 7, 4), (2, 1, 1, 1), (37, 4, 3, 2), (130, 2, 6, 7)]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-10}  # of the largest term, as is asked for
in_both_precisions = pytest.mark.parametrize("dtype", TOLERANCE)
on_some_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def draws(rng, size, dtype=np.float64):
    """Draw images, a scale, a shift, a shortcut and an upstream gradient."""
    shapes = size, size[1:2], size[1:2], size, size
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def assert_close(found, wanted, tolerance):
    """Compare arrays; the tolerance is a share of the largest entry wanted."""
    for one, other in zip(found, wanted, strict=True):
        assert_allclose(one, other, rtol=0, atol=tolerance * max(1e-30, np.abs(other).max()))


# Kernels


@on_some_sizes
@in_both_precisions
def test_the_kernels_compute_the_definition(size, dtype, rng):
    """With ReLU and shortcut or without, forward and backward, in the order of the kernels."""
    x, gamma, beta, shortcut, y_bar = draws(rng, size, dtype)
    exact = [each.astype(np.float64) for each in (x, gamma, beta)]
    exactly = kernels.batch_norm_naive(*exact, 1e-5)
    for more, relu in ((0, False), (0, True), (shortcut, True)):
        mask = exactly + more > 0 if relu else True
        wanted = np.where(mask, exactly + more, 0)
        g = np.where(mask, y_bar, 0).astype(np.float64)
        bars = kernels.batch_norm_grad_naive(*exact, g, 1e-5)
        if more is shortcut:
            y = norm.batch_norm_add_relu(x, gamma, beta, shortcut)
            found = norm.batch_norm_add_relu.vjp(y, x, gamma, beta, shortcut, y_bar)
            bars = (*bars, g)
        else:
            y = norm.batch_norm(x, gamma, beta, relu=relu)
            found = norm.batch_norm.vjp(y, x, gamma, beta, y_bar, relu=relu)
        assert is_batch_last(y)
        assert is_batch_last(found[0])
        scale = np.abs(gamma).max() * np.abs(y_bar).max() / 1e-5**0.5  # where v is 0, σ is √ε
        assert_close([y], [wanted], 10 * np.finfo(dtype).eps)
        assert_allclose(found[0], bars[0], rtol=0, atol=10 * np.finfo(dtype).eps * scale)
        assert_close(found[1:], bars[1:], 10 * np.finfo(dtype).eps * len(x))


@on_some_sizes
@in_both_precisions
def test_the_kernels_evaluate_as_the_definition_says(size, dtype, rng):
    """Fixed statistics, forward and backward: five gradients, and that of the shortcut."""
    x, gamma, beta, shortcut, y_bar = draws(rng, size, dtype)
    mean, var = rng.normal(size=(2, size[1])).astype(dtype) ** 2
    exact = [each.astype(np.float64) for each in (x, mean, var, gamma, beta)]
    exactly = kernels.normalize_naive(*exact, 0.1)
    mask = exactly + shortcut > 0
    y = norm.normalize_add_relu(x, mean, var, gamma, beta, shortcut, eps=0.1)
    found = norm.normalize_add_relu.vjp(y, x, mean, var, gamma, beta, shortcut, y_bar, eps=0.1)
    g = np.where(mask, y_bar, 0).astype(np.float64)
    wanted = (*kernels.normalize_grad_naive(*exact, g, 0.1), g)
    assert_close([y], [np.where(mask, exactly + shortcut, 0)], 10 * np.finfo(dtype).eps)
    assert_close(found, wanted, 10 * np.finfo(dtype).eps * x[:, 0].size)


def test_the_backward_kernel_matches_exact_calculus(oracle, rng):
    """The program is differentiated by sympy, with an upstream gradient for every entry."""
    x, gamma, beta, _, y_bar = draws(rng, (2, 2, 1, 2))
    definition = lambda x, gamma, beta: kernels.batch_norm_naive(x, gamma, beta, 0.25)
    pullback = oracle.symbolic_vjp(definition, x.shape, gamma.shape, beta.shape)
    y = norm.batch_norm(x, gamma, beta, eps=0.25)
    found = norm.batch_norm.vjp(y, x, gamma, beta, y_bar, eps=0.25)
    assert_close(found, pullback(x, gamma, beta, y_bar), 1e-13)


@in_both_precisions
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_the_bits_do_not_depend_on_threads(threads, dtype, rng, monkeypatch):
    """Statistics, results and gradients are those of one thread."""
    x, gamma, beta, shortcut, y_bar = draws(rng, (23, 6, 11, 9), dtype)
    args = x, gamma, beta, shortcut

    def computed(count):
        monkeypatch.setenv("NUMBA_NUM_THREADS", str(count))
        y = norm.batch_norm_add_relu(*args)
        y_alone = norm.batch_norm(*args[:3], relu=True)
        bars = norm.batch_norm_add_relu.vjp(y, *args, y_bar)
        more = norm.batch_norm.vjp(y_alone, *args[:3], y_bar, relu=True)
        y_group = norm.group_norm(*args[:3], groups=2)
        rest = norm.group_norm.vjp(y_group, *args[:3], y_bar, groups=2)
        return [*norm.batch_statistics(x), y, y_alone, *bars, *more, y_group, *rest]

    for one, several in zip(computed(1), computed(threads), strict=True):
        assert_array_equal(one, several)


@pytest.mark.parametrize(("mean", "deviation"), [(1e4, 1.0), (-1e4, 1e-3), (1e4, 0.0)])
def test_a_distant_mean_costs_no_digits(mean, deviation, rng):
    """In float32 x + 1e4 is normalised as its exact numbers are: E[x²] - E[x]² keeps none."""
    _, gamma, beta, _, y_bar = draws(rng, (50, 3, 6, 5), np.float32)
    x = (mean + deviation * rng.normal(size=y_bar.shape)).astype(np.float32)
    exact = [each.astype(np.float64) for each in (x, gamma, beta)]
    y = norm.batch_norm(x, gamma, beta)
    found = norm.batch_norm.vjp(y, x, gamma, beta, y_bar)
    g = y_bar.astype(np.float64)
    wanted = kernels.batch_norm_grad_naive(*exact, g, 1e-5)
    assert_close([y], [kernels.batch_norm_naive(*exact, 1e-5)], 1e-5)
    assert_close([found[0], found[2]], [wanted[0], wanted[2]], 1e-5)
    assert_allclose(found[1], wanted[1], rtol=0, atol=1e-5 * np.abs(g).sum())
    lost = np.mean(x * x, axis=(0, 2, 3)) - np.mean(x, axis=(0, 2, 3)) ** 2
    assert np.abs(lost - norm.batch_statistics(x)[1]).max() > 0.1


def test_one_far_number_does_not_spoil_the_variance(rng):
    """The first number of all is the one from which squares could have been counted."""
    x = rng.normal(size=(64, 2, 8, 8)).astype(np.float32)
    x[0, :, 0, 0] = 1e4
    mean, var = norm.batch_statistics(x)
    wanted = kernels.batch_statistics_naive(x.astype(np.float64))
    assert_close([mean, var], wanted, 1e-6)


def test_a_nan_stays_in_its_channel(rng):
    """No maximum hides it, and no other channel receives it."""
    x, gamma, beta, *_ = draws(rng, (4, 3, 5, 2))
    x[1, 1, 2, 0] = np.nan
    y = norm.batch_norm(x, gamma, beta, relu=True)
    assert np.isnan(y[:, 1]).all()
    assert not np.isnan(y[:, [0, 2]]).any()


@in_both_precisions
def test_the_order_in_memory_makes_no_difference(dtype, rng):
    """Channels first, channels last or batch last: the same bits."""
    x, gamma, beta, _, y_bar = draws(rng, (6, 3, 5, 4), dtype)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    results = []
    for images in (x, last, from_batch_last(to_batch_last(x))):
        y = norm.batch_norm(images, gamma, beta, relu=True)
        results.append([y, *norm.batch_norm.vjp(y, images, gamma, beta, y_bar, relu=True)])
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            assert_array_equal(one, other)


# Definitions

Case = namedtuple("Case", "batches bars gamma beta eps momentum affine")
Step = namedtuple("Step", "y x_bar param_bars mean var")
TRAINING = (True, True, False)  # two batches to train on, one to evaluate


def random_case(rng, dtype):
    """Draw a batch norm, three batches, and an upstream gradient for each."""
    N, C, H, W = rng.integers(2, 7), *rng.integers(1, 6, size=3)
    shape = (N, C, H, W) if rng.random() < 0.7 else (N, C)
    spread = 10 ** rng.uniform(-1, 1)
    draw = lambda *size: rng.normal(size=size).astype(dtype)
    centre = draw(C, *(1,) * (len(shape) - 2))
    return Case(
        batches=[(spread * (draw(*shape) + centre)).astype(dtype) for _ in TRAINING],
        bars=[draw(*shape) for _ in TRAINING],
        gamma=draw(C),
        beta=draw(C),
        eps=float(10 ** rng.uniform(-6, -1)),
        momentum=float(rng.uniform(0.05, 0.95)),
        affine=bool(rng.random() < 0.7),
    )


def by_layer(case):
    """Train twice and evaluate once with our layer."""
    C, dtype = len(case.gamma), case.gamma.dtype
    options = {"eps": case.eps, "momentum": case.momentum, "affine": case.affine}
    layer = nn.BatchNorm(C, dtype=dtype, **options)
    if case.affine:
        nn.load(layer, {"gamma": case.gamma, "beta": case.beta}, layer.state)
    for x, y_bar, training in zip(case.batches, case.bars, TRAINING, strict=True):

        def call(x, params, rng):
            with nn.using_parameters(layer, params):
                return layer(x, rng)

        rng = np.random.default_rng(0) if training else None
        y, pullback = vjp(partial(call, rng=rng), x, layer.params)
        x_bar, bars = pullback(y_bar)
        yield Step(y, x_bar, [*bars.values()], *layer.state.values())


def by_definition(case):
    """Do the same in double precision, backwards through the graph of the definition."""
    C = len(case.gamma)
    gamma, beta = (case.gamma, case.beta) if case.affine else (np.ones(C), np.zeros(C))
    running = np.stack([np.zeros(C), np.ones(C)])
    for images, upstream, training in zip(case.batches, case.bars, TRAINING, strict=True):
        x, y_bar = (np.moveaxis(each.astype(float), 1, -1) for each in (images, upstream))
        axes, n = tuple(range(x.ndim - 1)), x[..., 0].size
        if training:
            mu = x.sum(axis=axes) / n
            v = ((x - mu) ** 2).sum(axis=axes) / n
            running += case.momentum * (np.stack([mu, v * n / (n - 1)]) - running)
        else:
            mu, v = running
        root = (v + case.eps) ** -0.5
        x_hat_bar = gamma * y_bar
        x_bar = x_hat_bar * root
        if training:
            v_bar = (x_hat_bar * (x - mu)).sum(axis=axes) * -0.5 * root**3
            x_bar += v_bar * 2 * (x - mu) / n - (x_hat_bar * root).sum(axis=axes) / n
        y = gamma * (x - mu) * root + beta
        bars = [(y_bar * (x - mu) * root).sum(axis=axes), y_bar.sum(axis=axes)]
        y, x_bar = (np.moveaxis(each, -1, 1) for each in (y, x_bar))
        yield Step(y, x_bar, bars if case.affine else [], *running)


def by_torch(case):
    """Do the same with PyTorch's layer."""
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy
    kind = torch.nn.BatchNorm2d if case.batches[0].ndim == 4 else torch.nn.BatchNorm1d
    options = {"eps": case.eps, "momentum": case.momentum, "affine": case.affine}
    layer = kind(len(case.gamma), dtype=tensor(case.gamma).dtype, **options)
    if case.affine:
        with torch.no_grad():
            layer.weight.copy_(tensor(case.gamma))
            layer.bias.copy_(tensor(case.beta))
    for images, y_bar, training in zip(case.batches, case.bars, TRAINING, strict=True):
        x = tensor(images).requires_grad_()
        layer.zero_grad()
        y = layer.train(training)(x)
        y.backward(tensor(y_bar))
        bars = [parameter.grad.numpy() for parameter in layer.parameters()]
        kept = layer.running_mean, layer.running_var
        yield Step(y.detach().numpy(), x.grad.numpy(), bars, *(each.numpy() for each in kept))


def largest_terms(case):
    """Return a bound for the terms  γ ȳ/σ  of x̄, in each batch, which may cancel."""
    for x, y_bar in zip(case.batches, case.bars, strict=True):
        axes = (0, *range(2, x.ndim))
        largest = np.abs(y_bar).max(axis=axes) * (np.abs(case.gamma) if case.affine else 1)
        yield (largest / np.sqrt(x.astype(float).var(axis=axes) + case.eps)).max()


@in_both_precisions
@pytest.mark.parametrize("other", [by_definition, by_torch])
def test_batch_norm_agrees_on_200_random_cases(other, dtype, rng):
    """Results, gradients and statistics of two updates and an evaluation, in PyTorch's way."""
    for _ in range(200):
        case = random_case(rng, dtype)
        steps = zip(by_layer(case), other(case), largest_terms(case), strict=True)
        for found, wanted, terms in steps:
            assert found.y.dtype == found.x_bar.dtype == found.mean.dtype == dtype
            tolerance = TOLERANCE[dtype]
            assert_allclose(found.x_bar, wanted.x_bar, rtol=0, atol=tolerance * terms)
            listed = ([s.y, *s.param_bars, s.mean, s.var] for s in (found, wanted))
            for one, another in zip(*listed, strict=True):
                atol = tolerance * max(1, np.abs(another).max())
                assert_allclose(one, another, rtol=0, atol=atol)


def group_norm_by_loops(x, gamma, beta, groups, eps):
    """Normalise image by image and group by group, as the definition reads."""
    y, width = np.empty_like(x), x.shape[1] // groups
    for n, k in np.ndindex(len(x), groups):
        part = x[n, k * width : (k + 1) * width]
        y[n, k * width : (k + 1) * width] = (part - part.mean()) / np.sqrt(part.var() + eps)
    return y * gamma.reshape(-1, *(1,) * (x.ndim - 2)) + beta.reshape(-1, *(1,) * (x.ndim - 2))


@pytest.mark.parametrize(("size", "groups"), [((3, 6, 5, 2), 2), ((4, 6), 3), ((2, 4, 1, 3), 4)])
def test_groups_are_neighbouring_channels(size, groups, rng):
    """Group by group, with all pixels: channels are not interleaved."""
    x, gamma, beta, *_ = draws(rng, size)
    y = norm.group_norm(x, gamma, beta, groups=groups, eps=1e-3)
    assert_allclose(y, group_norm_by_loops(x, gamma, beta, groups, 1e-3), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mean", [0.0, 1e4])
@in_both_precisions
def test_the_kernels_of_groups_compute_the_definition(dtype, mean, rng):
    """Forward and backward, also where the mean is far from zero."""
    x, gamma, beta, _, y_bar = draws(rng, (5, 6, 7, 4), dtype)
    x = (x + mean).astype(dtype)
    exact = [each.astype(np.float64) for each in (x, gamma, beta)]
    y = norm.group_norm(x, gamma, beta, groups=2)
    found = norm.group_norm.vjp(y, x, gamma, beta, y_bar, groups=2)
    wanted = kernels.group_norm_grad_naive(*exact, y_bar.astype(np.float64), 2, 1e-5)
    tolerance = {np.float32: 1e-6, np.float64: 1e-11}[dtype]  # naive sums x, not x - m
    assert is_batch_last(y)
    assert_close([y], [kernels.group_norm_naive(*exact, 2, 1e-5)], tolerance)
    assert_close(found, wanted, tolerance)


def test_layer_and_instance_norm_are_group_norms(rng):
    """One group is the layer norm over C, H and W; C groups are the instance norm."""
    x, gamma, beta, *_ = draws(rng, (3, 4, 5, 2))
    layer = group_norm_by_loops(x, gamma, beta, 1, 1e-5)
    instance = group_norm_by_loops(x, gamma, beta, 4, 1e-5)
    assert_allclose(norm.layer_norm(x, gamma, beta), layer, rtol=1e-12, atol=1e-12)
    assert_allclose(norm.instance_norm(x, gamma, beta), instance, rtol=1e-12, atol=1e-12)
    for kind, groups in ((nn.LayerNorm(4), 1), (nn.InstanceNorm(4), 4)):
        assert_array_equal(kind(x), nn.GroupNorm(groups, 4)(x))


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_local_response_norm_divides_as_pytorch_does(size, rng):
    """α is divided by the size of the window, which ends with the channels."""
    x = rng.normal(size=(2, 5, 3, 4))
    y = norm.local_response_norm(x, size=size, alpha=0.3, beta=0.7, k=1.5)
    for c in range(5):
        near = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        wanted = x[:, c] / (1.5 + 0.3 / size * (near**2).sum(axis=1)) ** 0.7
        assert_allclose(y[:, c], wanted, rtol=1e-13)


def test_the_other_norms_agree_with_pytorch(rng):
    """Results and gradients of group and local response norm, on thirty draws each."""
    torch = pytest.importorskip("torch")
    functional, tensor = torch.nn.functional, torch.from_numpy
    for _ in range(30):
        x, gamma, beta, _, y_bar = draws(rng, (rng.integers(1, 5), 6, 3, 4))
        size, groups = int(rng.integers(1, 8)), int(rng.choice([1, 2, 3, 6]))
        affine = tensor(gamma), tensor(beta)
        grouped = partial(norm.group_norm, gamma=gamma, beta=beta, groups=groups)
        local = partial(norm.local_response_norm, size=size)
        x_of_theirs = tensor(x).requires_grad_()
        theirs = functional.group_norm(x_of_theirs, groups, *affine)
        theirs_too = functional.local_response_norm(x_of_theirs, size)
        for ours, z in ((grouped, theirs), (local, theirs_too)):
            y, pullback = vjp(ours, x)
            (wanted,) = torch.autograd.grad(z, x_of_theirs, tensor(y_bar))
            assert_close([y, pullback(y_bar)[0]], [z.detach().numpy(), wanted.numpy()], 1e-12)


@pytest.mark.parametrize(
    "op",
    [
        norm.batch_norm,
        partial(norm.group_norm, groups=2),
        norm.layer_norm,
        lambda x, gamma, beta: norm.normalize(x, gamma + 1, gamma**2 + 1, beta, gamma),
        lambda x, gamma, beta: norm.local_response_norm(x * gamma + beta, size=3, alpha=0.5),
    ],
)
def test_features_have_the_same_derivatives(op, rng):
    """For (N, D) both modes agree with differences, in first and second order."""
    x, gamma, beta, *_ = draws(rng, (5, 4))
    check_gradients(op, x, gamma, beta, rng=rng)


@pytest.mark.parametrize("argnum", range(5))
def test_one_argument_alone_may_be_traced(argnum, rng):
    """Kernels take plain arrays only: in second order each argument is traced by itself."""
    x, gamma, beta, shortcut, _ = draws(rng, (4, 2, 3, 5))
    calls = [
        (norm.batch_norm_add_relu, [x, gamma, beta, shortcut]),
        (partial(norm.batch_norm, relu=True), [x, gamma, beta]),
        (norm.normalize_add_relu, [x, gamma, beta**2 + 1, beta, gamma, shortcut]),
        (partial(norm.normalize, relu=True), [x, gamma, beta**2 + 1, beta, gamma]),
        (partial(norm.group_norm, groups=2), [x, gamma, beta]),
    ]
    for op, args in calls:
        if argnum < len(args):
            rest = args[:argnum], args[argnum + 1 :]
            alone = lambda each, op=op, rest=rest: op(*rest[0], each, *rest[1])
            check_gradients(alone, args[argnum], rng=rng)


def test_images_of_one_pixel_are_features(rng):
    """(N, C, 1, 1) is computed by a kernel, (N, C) by the definition."""
    x, gamma, beta, *_ = draws(rng, (6, 3, 1, 1))
    y = norm.batch_norm(x, gamma, beta)
    assert_allclose(y[:, :, 0, 0], norm.batch_norm(x[:, :, 0, 0], gamma, beta), rtol=1e-12)


def test_known_statistics_change_no_derivative(rng):
    """They save a pass: mean and variance depend on x all the same, in second order, too."""
    x, gamma, beta, _, y_bar = draws(rng, (4, 3, 5, 2))
    options = {"known": norm.batch_statistics(x)}
    alone, given = (
        vjp(partial(norm.batch_norm, **each), x, gamma, beta)[1](y_bar) for each in ({}, options)
    )
    for one, other in zip(alone, given, strict=True):
        assert_array_equal(one, other)
    known = lambda x: norm.batch_norm(x, gamma, beta, known=norm.batch_statistics(plain(x)))
    check_gradients(known, x, rng=rng)


def test_a_constant_upstream_gradient_is_lost_in_the_mean(rng):
    """Σ x̄ = 0 in every channel, and x̄ = 0 for a constant ȳ: such a check would see nothing."""
    x, gamma, beta, _, y_bar = draws(rng, (4, 3, 5, 2))
    y = norm.batch_norm(x, gamma, beta)
    x_bar = norm.batch_norm.vjp(y, x, gamma, beta, y_bar)[0]
    assert_allclose(x_bar.sum(axis=(0, 2, 3)), 0, atol=1e-12)
    assert_allclose(norm.batch_norm.vjp(y, x, gamma, beta, np.ones_like(y))[0], 0, atol=1e-12)


# Layers


def test_running_statistics_have_a_closed_form(rng):
    """r_t = Σ m (1 - m)^(t-s) x_s + (1 - m)^t r₀, for means and for unbiased variances."""
    layer, batches = nn.BatchNorm(3, momentum=0.3), rng.normal(size=(7, 5, 3, 4, 2))
    for x in batches:
        layer(x, rng)
    weights = 0.3 * 0.7 ** np.arange(7)[::-1]
    flat = batches.transpose(0, 2, 1, 3, 4).reshape(7, 3, -1)
    assert_allclose(layer.state["mean"], weights @ flat.mean(axis=2), rtol=1e-12)
    assert_allclose(layer.state["var"], weights @ flat.var(axis=2, ddof=1) + 0.7**7, rtol=1e-12)


def test_evaluation_changes_nothing_and_judges_alone(rng):
    """An image alone has the result that it has in a batch, bit by bit, and no state moves."""
    layer = nn.BatchNorm(3, relu=True)
    x = rng.normal(size=(6, 3, 4, 5))
    layer(x, rng)
    before = {name: value.copy() for name, value in layer.state.items()}
    y = layer(x)
    for n in range(6):
        assert_array_equal(layer(x[n : n + 1]), y[n : n + 1])
    for name, value in before.items():
        assert_array_equal(layer.state[name], value)


def test_training_needs_two_numbers_a_channel(rng):
    """N H W = 1 is refused by name, and leaves the statistics alone; evaluation takes it."""
    layer = nn.BatchNorm(3)
    with pytest.raises(ShapeError, match="batch_norm: a channel has 1 numbers in x"):
        layer(rng.normal(size=(1, 3, 1, 1)), rng)
    with pytest.raises(ShapeError, match="C is 2 in x but 3 in gamma"):
        layer(rng.normal(size=(4, 2, 5, 5)), rng)
    assert_array_equal(layer.state["mean"], 0)
    assert layer(rng.normal(size=(1, 3, 1, 1))).shape == (1, 3, 1, 1)


@pytest.mark.parametrize(
    ("op", "size", "told"),
    [
        (norm.layer_norm, (4, 1), "group_norm: a group has a single number"),
        (norm.instance_norm, (4, 3), "group_norm: a group has a single number"),
        (partial(norm.group_norm, groups=2), (4, 3), "groups is 2 but C is 3 in x"),
        (partial(norm.group_norm, groups=0), (4, 3), "groups is 0 but C is 3 in x"),
    ],
)
def test_groups_without_a_variance_are_refused(op, size, told, rng):
    """A single number has the variance zero, and groups must divide the channels."""
    x, gamma, beta, *_ = draws(rng, size)
    with pytest.raises(ShapeError, match=told):
        op(x, gamma, beta)


def test_no_channel_is_decayed():
    """Scale and shift are parameters, and no weights; without `affine` there are none."""
    layers = [nn.BatchNorm(3), nn.LayerNorm(3), nn.GroupNorm(1, 3), nn.InstanceNorm(3)]
    assert [[*layer.params] for layer in layers] == [["gamma", "beta"]] * 4
    assert [layer.weights for layer in layers] == [()] * 4
    assert nn.BatchNorm(3, affine=False).params == {}


class Block(nn.Layer):
    """A residual block: its norm has a shortcut, and its input is used three times."""

    def __init__(self, C, *, rng):
        self.conv = nn.Conv2d(C, C, 3, padding=1, bias=False, rng=rng)
        self.norms = [nn.BatchNorm(C, relu=True), nn.BatchNorm(C)]

    def __call__(self, x, rng=None):
        h = self.norms[0](self.conv(x), rng, shortcut=x)
        return self.norms[1](h, rng, shortcut=x * h)


def residual(rng):
    """Build a model with a residual block and every other norm."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, rng=rng),
        nn.BatchNorm(4, relu=True),
        Block(4, rng=rng),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm(4),
        nn.LocalResponseNorm(3, alpha=0.5),
        nn.Flatten(),
        nn.Linear(36, 5, rng=rng),
        nn.LayerNorm(5),
    )


@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_a_model_are_those_of_its_losses(training, rng):
    """Along a direction for all parameters, with shortcuts and inputs that are used twice."""
    model, x, t = residual(rng), rng.normal(size=(6, 2, 5, 5)), rng.integers(5, size=6)
    draw = np.random.default_rng if training else lambda seed: None
    params = nn.named_parameters(model)
    for array in params.values():
        array[...] += 0.1 * rng.normal(size=array.shape)
    directions = {name: rng.normal(size=array.shape) for name, array in params.items()}
    grads = loss_and_grads(model, cross_entropy, x, t, draw(0))[1]
    losses = []
    for step in (1e-5, -1e-5):
        moved = {name: array + step * directions[name] for name, array in params.items()}
        with nn.using_parameters(model, moved):
            losses.append(cross_entropy(model(x, draw(0)), t))
    slope = sum(np.vdot(grads[name], directions[name]) for name in params)
    assert_allclose((losses[0] - losses[1]) / 2e-5, slope, rtol=1e-6)


def test_statistics_are_updated_once_though_a_part_runs_twice(rng):
    """`checkpoint` names them as state: afterwards they are what one run makes of them."""
    x, y_bar = rng.normal(size=(2, 4, 3, 5, 2))
    kept = []
    for wrap in (lambda f, layer: f, lambda f, layer: checkpoint(f, state=layer.state)):
        layer = nn.BatchNorm(3)
        call = wrap(lambda x, layer=layer: layer(x, rng), layer)
        x_bar = grad(lambda x, call=call: np.sum(y_bar * call(x)))(x)
        kept.append([x_bar, *layer.state.values()])
    for once, again in zip(*kept, strict=True):
        assert_array_equal(once, again)


def test_a_backward_pass_may_be_repeated(rng, unchanged):
    """Nothing that is kept for the backward pass is overwritten, and no argument changes."""
    x, gamma, beta, shortcut, y_bar = draws(rng, (4, 3, 5, 2), np.float32)
    _, pullback = unchanged(partial(vjp, norm.batch_norm_add_relu), x, gamma, beta, shortcut)
    first = [bar.copy() for bar in unchanged(pullback, y_bar)]
    for one, other in zip(first, pullback(y_bar), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("options", [{"bias": False}, {"stride": 2, "padding": 1, "groups": 2}])
def test_a_norm_folds_into_the_convolution_before_it(options, rng):
    """w' = γ w/σ and b' = β + γ (b - μ)/σ compute what both do in evaluation."""
    conv, layer = nn.Conv2d(4, 6, 3, rng=rng, **options), nn.BatchNorm(6, relu=True)
    for array in [*conv.params.values(), *layer.params.values(), *layer.state.values()]:
        array[...] = rng.uniform(0.5, 2, size=array.shape)
    x = rng.normal(size=(3, 4, 7, 6))
    assert_allclose(fold(conv, layer)(x), layer(conv(x)), rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="fold: conv ends in a ReLU"):
        fold(nn.Conv2d(4, 6, 3, relu=True, rng=rng), layer)


def test_accounting_knows_the_norms(rng):
    """Parameters, state and results of every layer; a group norm sees the whole image."""
    rows = account(residual(rng), (2, 5, 5))
    norms = {row.layer: row for row in rows if "Norm" in row.layer}
    assert norms["BatchNorm"][3:8] == ((4, 3, 3), 8, 8, 0, 36 + 36)
    assert {name: (row.parameters, row.state, row.activations) for name, row in norms.items()} == {
        "BatchNorm": (8, 8, 72),
        "GroupNorm": (8, 0, 36),
        "InstanceNorm": (8, 0, 36),
        "LocalResponseNorm": (0, 0, 36),
        "LayerNorm": (10, 0, 5),
    }
    assert total(rows, "state") == 24
    assert norms["GroupNorm"].receptive_field is None


def test_shards_of_several_sizes_are_refused():
    """The mean of means would weigh the examples of a small shard more."""
    with pytest.raises(ValueError, match="batch has 7 examples for 2 processes"):
        shard((np.zeros((7, 3)), np.zeros(7)), 0, 2)
