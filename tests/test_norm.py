"""Normalisation: the tests of the claims of `book/norm.md`, and of its exercises."""

import importlib
import re
from itertools import product
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import check_gradients, grad, jacobian
from dlcore.course.exercises.topics import ROOT
from dlcore.nn.norm import fold
from dlcore.ops.loss import cross_entropy
from dlcore.ops.norm import (
    batch_norm,
    batch_statistics,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
)
from dlcore.train.distributed import mean_of_shards
from dlcore.train.objective import loss_and_grads
from tests.comparing import agree, all_locked, locked, single, turned

N, EPS = 7, 1e-5
FEW_ROUNDINGS = {"rtol": 0, "atol": 1e-12}  # sums of some ten numbers near one


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.norm")


@pytest.fixture(scope="module")
def statistics():
    """The formulas of the chapter about statistics that are kept."""
    return importlib.import_module("dlcore.formulas.statistics.norm")


@pytest.fixture(scope="module")
def unfold():
    """Write definitions out in a formula."""
    return importlib.import_module("dlcore.formulas.engine.calculus").unfold


@pytest.fixture
def x(rng):
    """One set of numbers."""
    return rng.normal(size=N) + 3


@pytest.fixture
def y_bar(rng):
    """An upstream gradient for them."""
    return rng.normal(size=N)


def one(number):
    """Make an array of one number, for a single channel."""
    return np.array([number])


def ones(C):
    """Return a scale of one and a shift of zero for C channels."""
    return np.ones(C), np.zeros(C)


def back(x, y_bar, gamma=1.0, eps=EPS):
    """Propagate ȳ back through the normalisation of one set; return x̄."""
    xs = x[:, None], one(gamma), one(0.0)
    y = batch_norm(*xs, eps=eps)
    return batch_norm.vjp(y, *xs, y_bar[:, None], eps=eps)[0][:, 0]


def test_twenty_plain_layers_end_above_eight():
    """In the record every run of 20 layers ends above all of 8, and below them with batch norm."""
    record = importlib.import_module("dlcore.experiments.experiment").record
    runs = record("norm-depth-failure")["history"]["losses"]
    last = {name: [run[-1] for run in of_a_network] for name, of_a_network in runs.items()}
    assert min(last["20 layers"]) > 10 * max(last["8 layers"])
    assert max(last["20 layers, batch norm"]) < min(last["20 layers"])


def test_four_numbers_are_normalised_by_hand():
    """1, 7, 9, 15 become -7/5, -1/5, 1/5, 7/5, and 25 x̄ is 26, -32, -18, 24."""
    x, y_bar = np.array([1.0, 7, 9, 15]), np.array([20.0, 0, 0, 0])
    y = batch_norm(x[:, None], *ones(1), eps=0.0)[:, 0]
    assert_allclose(5 * y, [-7, -1, 1, 7], **FEW_ROUNDINGS)
    assert_allclose(25 * back(x, y_bar, eps=0.0), [26, -32, -18, 24], **FEW_ROUNDINGS)


def test_the_program_says_what_the_page_says(x, formulas, oracle, unfold):
    """y = γ (x - μ)/√(v + ε) + β, for the numbers of one channel."""
    page = oracle.program(unfold(formulas.batch_norm, *formulas.FORWARD))
    expected = page(x=x, gamma=-1.5, beta=0.25, eps=0.01)
    y = batch_norm(x[:, None], one(-1.5), one(0.25), eps=0.01)
    assert_allclose(y[:, 0], expected, **FEW_ROUNDINGS)


def test_every_channel_has_statistics_of_its_own(rng):
    """Over all images and pixels: the channel of an image is one set of N H W numbers."""
    x, gamma, beta = rng.normal(size=(2, 3, 4, 5)), *rng.normal(size=(2, 3))
    y = batch_norm(x, gamma, beta)
    for c in range(3):
        alone = batch_norm(x[:, c].reshape(-1, 1), gamma[c : c + 1], beta[c : c + 1])
        assert_allclose(y[:, c].ravel(), alone[:, 0], **FEW_ROUNDINGS)


def test_scale_and_shift_can_undo_the_normalisation(x):
    """With γ = σ and β = μ the result is x."""
    mean, var = batch_statistics(x[:, None])
    y = batch_norm(x[:, None], np.sqrt(var + EPS), mean, eps=EPS)
    assert_allclose(y[:, 0], x, **FEW_ROUNDINGS)


REST = {
    "hat": lambda x_hat, x: x_hat,
    "deviation": lambda sigma, x: (x - np.mean(x)) / sigma,
    "variance": lambda var, x: (x - np.mean(x)) / np.sqrt(var + EPS),
    "centred": lambda d, x: d / np.sqrt(np.mean(d**2) + EPS),
}


@pytest.mark.parametrize("stage", REST)
def test_each_stage_is_the_gradient_with_respect_to_its_node(
    stage, x, y_bar, formulas, oracle, unfold
):
    """It is what the tape returns for the rest of the graph, from that node to y."""
    d = x - x.mean()
    sigma = np.sqrt(d @ d / N + EPS)
    node = {"hat": d / sigma, "deviation": sigma, "variance": d @ d / N, "centred": d}[stage]
    slope = grad(lambda z: np.sum(2.5 * y_bar * REST[stage](z, x)))(node)
    page = unfold(getattr(formulas, f"{stage}_back"), *formulas.STAGES, *formulas.FORWARD)
    given = {"x": x, "y_bar": y_bar, "gamma": 2.5, "eps": EPS}
    assert_allclose(slope, oracle.program(page)(**given), **FEW_ROUNDINGS)


def test_the_stages_and_the_one_line_are_one_gradient(x, y_bar, formulas, oracle, unfold):
    """Both formulas and the program agree, for a random upstream gradient."""
    for relation in (formulas.staged, formulas.one_line):
        page = oracle.program(unfold(relation, *formulas.STAGES, *formulas.FORWARD))
        expected = page(x=x, y_bar=y_bar, gamma=2.5, eps=EPS)
        assert_allclose(back(x, y_bar, 2.5), expected, **FEW_ROUNDINGS)


def test_the_backward_pass_agrees_with_differences_for_images(rng):
    """x̄, γ̄ and β̄ are those of central differences, where a set has N H W numbers."""
    x, gamma, beta = rng.normal(size=(2, 3, 4, 5)), *rng.normal(size=(2, 3))
    check_gradients(batch_norm, x, gamma, beta, rng=rng)


def test_the_gradient_sums_to_zero_over_a_set(x, y_bar):
    """Σ x̄ = 0, for every ȳ and every ε."""
    for eps in (0.0, EPS, 10.0):
        assert_allclose(back(x, y_bar, eps=eps).sum(), 0, **FEW_ROUNDINGS)


def test_the_inner_product_with_the_normalised_numbers_is_that_of_the_page(x, y_bar):
    """x̂ · x̄ = γ/σ (Σ ȳ x̂) ε/(v + ε)."""
    for eps in (0.0, EPS, 10.0):
        sigma = np.sqrt(x.var() + eps)
        x_hat = (x - x.mean()) / sigma
        expected = 2.5 / sigma * (y_bar @ x_hat) * eps / sigma**2
        assert_allclose(x_hat @ back(x, y_bar, 2.5, eps), expected, **FEW_ROUNDINGS)


def test_a_lost_path_shows_in_one_of_two_sums(x, y_bar):
    """Without the path through the mean Σ x̄ is not 0; without the variance x̂ · x̄ is not."""
    x_hat = (x - x.mean()) / x.std()
    along, mean = x_hat * np.mean(y_bar * x_hat), y_bar.mean()
    for x_bar, sums in {
        "right": (y_bar - mean - along, (0, 0)),
        "mean lost": (y_bar - along, (N * mean, 0)),
        "variance lost": (y_bar - mean, (0, y_bar @ x_hat)),
    }.values():
        assert_allclose((x_bar.sum(), x_hat @ x_bar), sums, **FEW_ROUNDINGS)


def test_the_jacobian_is_a_projection(x, formulas, oracle, unfold):
    """P P = P, P 1 = 0, P x̂ = 0 and the rank is N - 2; without ε it is σ times the Jacobian."""
    P = oracle.program(unfold(formulas.projector, *formulas.EXACT))(x=x)
    assert_allclose(P @ P, P, **FEW_ROUNDINGS)
    assert_allclose(P @ np.transpose([np.ones(N), x - x.mean()]), 0, **FEW_ROUNDINGS)
    assert np.linalg.matrix_rank(P, tol=1e-9) == N - 2
    J = jacobian(lambda x: batch_norm(x[:, None], *ones(1), eps=0.0)[:, 0])(x)
    assert_allclose(x.std() * J, P, **FEW_ROUNDINGS)


def test_two_numbers_become_one_and_minus_one_with_gradient_zero(rng):
    """For N = 2 and ε = 0 the results are 1 and -1, and x̄ = 0."""
    for low, more in rng.uniform(0.1, 5, size=(200, 2)):
        x, y_bar = np.array([low + more, low]), rng.normal(size=2)
        assert_allclose(batch_norm(x[:, None], *ones(1), eps=0.0)[:, 0], [1, -1], **FEW_ROUNDINGS)
        assert_allclose(more * back(x, y_bar, eps=0.0), 0, **FEW_ROUNDINGS)


def test_a_backward_pass_of_zeros_passes_a_check_with_ones(x, y_bar, rng, formulas, oracle):
    """x̄ = 0 · ȳ is right for ȳ = 1, and refused for a random ȳ: by the rule and by calculus."""
    assert_allclose(back(x, np.ones(N)), 0, **FEW_ROUNDINGS)
    assert np.abs(back(x, y_bar)).max() > 0.01
    calculus = importlib.import_module("dlcore.formulas.engine.calculus")
    derived = calculus.cotangent(calculus.unfold(formulas.batch_norm, *formulas.FORWARD), "x")
    zeros = derived.func(derived.lhs, 0 * derived.rhs)
    assert oracle.counterexample(zeros, derived, rng) is not None
    assert oracle.counterexample(derived, derived, rng) is None


def test_a_factor_before_the_normalisation_is_a_factor_of_epsilon(x, rng):
    """BN(a x + b; ε) = sign(a) BN(x; ε/a²): at ε = 0 only the sign is left."""
    for a, b in rng.normal(size=(200, 2)):
        moved = batch_norm((a * x + b)[:, None], *ones(1), eps=0.01)
        expected = np.sign(a) * batch_norm(x[:, None], *ones(1), eps=0.01 / a**2)
        assert_allclose(moved, expected, rtol=0, atol=1e-9)


@pytest.fixture
def unit(rng):
    """A loss of the weights of one unit, which mixes 4 features and is normalised."""
    z, y_bar = rng.normal(size=(N, 4)), rng.normal(size=N)

    def loss(w, eps=0.0):
        return np.sum(y_bar * batch_norm((z @ w)[:, None], *ones(1), eps=eps)[:, 0])

    return loss


def test_the_gradient_is_orthogonal_to_weights_before_a_normalisation(unit, rng):
    """L(c w) = L(w) for c > 0, so w · w̄ = 0, and at c w the gradient is w̄/c."""
    w = rng.normal(size=4)
    w_bar = grad(unit)(w)
    assert_allclose(unit(3 * w), unit(w), **FEW_ROUNDINGS)
    assert_allclose(w @ w_bar, 0, **FEW_ROUNDINGS)
    assert_allclose(grad(unit)(3 * w), w_bar / 3, **FEW_ROUNDINGS)


def test_every_step_makes_weights_before_a_normalisation_longer(unit, rng):
    """The squared length grows by η² times that of the gradient, whatever η is."""
    w, rate = rng.normal(size=4), 0.3
    for _ in range(20):
        w_bar = grad(unit)(w)
        after = w - rate * w_bar
        assert_allclose(after @ after, w @ w + rate**2 * (w_bar @ w_bar), rtol=1e-12)
        w = after


def test_the_length_of_the_weights_divides_the_learning_rate(unit, rng):
    """A step of rate η from c w and one of rate η/c² from w end in the same direction."""
    w = rng.normal(size=4)
    far, near = 5 * w - 0.3 * grad(unit)(5 * w), w - 0.3 / 25 * grad(unit)(w)
    assert_allclose(far / np.linalg.norm(far), near / np.linalg.norm(near), **FEW_ROUNDINGS)


def test_a_running_average_moves_towards_each_batch(statistics, oracle, rng):
    """Mean and unbiased variance of a batch, in a layer with random statistics."""
    x = rng.normal(size=(N, 1)) + 5
    layer = nn.BatchNorm(1, momentum=0.2)
    layer.state["mean"][:], layer.state["var"][:] = 7.0, 3.0
    layer(x, rng)
    expected = oracle.program(statistics.running)(alpha=0.2, r=7.0, x=x.mean())
    assert_allclose(layer.state["mean"], expected, rtol=1e-14)
    assert_allclose(layer.state["var"], 0.8 * 3.0 + 0.2 * x.var(ddof=1), rtol=1e-14)


def test_momentum_is_the_weight_of_the_new_or_of_the_old_value(lab, statistics, oracle, rng):
    """α = 0.1 of the new value and ρ = 0.9 of the old one are the same update."""
    r, x = rng.normal(size=2)
    new, old = (oracle.program(each) for each in (statistics.running, statistics.running_kept))
    assert_allclose(new(alpha=0.1, r=r, x=x), old(rho=0.9, r=r, x=x), rtol=1e-14)
    assert abs(new(alpha=0.9, r=r, x=x) - old(rho=0.9, r=r, x=x)) > 0.1 * abs(r - x)


def test_a_running_average_is_a_geometric_sum(lab, statistics, oracle, rng):
    """r_T = ρᵀ r₀ + Σ (1 - ρ) ρᵀ⁻ᵗ x_t."""
    values, rho = rng.normal(size=12), 0.8
    found = lab.running(values, 1 - rho, start=2.0)[-1]
    shares = (1 - rho) * rho ** np.arange(11, -1, -1)
    assert_allclose(found, 2.0 * rho**12 + shares @ values, rtol=1e-12)


def test_two_updates_with_one_batch_are_one_with_a_larger_weight(lab, rng):
    """Two with the weight 1 - √(1 - α) are one with the weight α."""
    start, value = rng.normal(size=2)
    for alpha in (0.1, 0.5, 0.9):
        twice = lab.running([value, value], 1 - np.sqrt(1 - alpha), start)[-1]
        assert_allclose(twice, lab.running([value], alpha, start)[-1], **FEW_ROUNDINGS)


def test_the_variance_of_a_sample_is_too_small_on_average():
    """Over all samples of N numbers from 1, 2, 6, 9 it is (N - 1)/N of theirs."""
    population = np.array([1.0, 2, 6, 9])
    for size in (1, 2, 3, 4):
        samples = np.array(list(product(population, repeat=size)))
        share = samples.var(axis=1).mean() / population.var()
        assert_allclose(share, (size - 1) / size, **FEW_ROUNDINGS)


def test_in_evaluation_an_image_does_not_depend_on_its_batch(rng):
    """The result for an image has the same bits alone and in a batch, and no average moves."""
    layer = nn.BatchNorm(3)
    for _ in range(3):
        layer(rng.normal(size=(6, 3, 4, 5)), rng)
    before = {name: array.copy() for name, array in layer.state.items()}
    x = rng.normal(size=(4, 3, 4, 5))
    assert_array_equal(layer(x)[1:2], layer(x[1:2]))
    for name, array in layer.state.items():
        assert_array_equal(array, before[name])


@pytest.fixture(scope="module")
def model(lab):
    """A network with batch norm that has learned the digits."""
    return lab.trained(3, norm=True, rate=0.03, seed=0)[0]


def test_statistics_of_the_batch_depend_on_the_other_images(lab, model):
    """Of test digits in batches of one class each most are wrong, by running statistics few."""
    shares = lab.right_by_batches(model, lab.digits().test)
    assert shares["batch", "one class each"] < 0.5
    assert shares["running", "one class each"] == shares["running", "mixed"] > 0.9


def test_an_average_of_few_batches_has_a_large_variance(lab, rng):
    """An average of independent numbers of variance 1 has the variance α/(2 - α)."""
    for alpha in (0.1, 0.9):
        kept = lab.running(rng.normal(size=20_000), alpha)[200:]
        # 20,000 numbers, of which about α are independent: five deviations
        assert_allclose(kept.var(), alpha / (2 - alpha), rtol=5 * np.sqrt(2 / (20_000 * alpha)))


def test_variances_of_batches_leave_out_that_of_their_means(rng):
    """The variance of all numbers is the mean of the variances and the variance of the means."""
    batches = rng.normal(size=(5, N)) + rng.normal(size=(5, 1))
    within, between = batches.var(axis=1).mean(), batches.mean(axis=1).var()
    assert_allclose(batches.var(), within + between, rtol=1e-12)


def test_a_convolution_absorbs_a_normalisation_with_fixed_statistics(rng):
    """conv(x, w') + b' = normalize(conv(x, w) + b), for fixed statistics."""
    conv, norm = nn.Conv2d(3, 4, 3, rng=rng), nn.BatchNorm(4)
    for array in (conv.params["b"], *norm.params.values(), norm.state["mean"]):
        array[...] = rng.normal(size=4)
    norm.state["var"][...] = rng.uniform(0.5, 2, size=4)
    x = rng.normal(size=(2, 3, 6, 5))
    assert_allclose(fold(conv, norm)(x), norm(conv(x)), **FEW_ROUNDINGS)


SETS = {
    "batch": lambda n, c: c,
    "layer": lambda n, c: n,
    "group": lambda n, c: 3 * n + c // 2,
    "instance": lambda n, c: 6 * n + c,
}
OPERATIONS = {
    "batch": batch_norm,
    "layer": layer_norm,
    "group": lambda *xs, eps: group_norm(*xs, groups=3, eps=eps),
    "instance": instance_norm,
}


@pytest.mark.parametrize("name", SETS)
def test_four_norms_differ_only_in_their_index_sets(name, rng, formulas, oracle, unfold):
    """One formula, with the number of the set of every entry (n, c, h, l): 2 images, 6 channels."""
    x = rng.normal(size=(2, 6, 1, 2))
    n, c = np.indices(x.shape)[:2]
    page = oracle.program(unfold(formulas.set_norm, formulas.set_variance, formulas.set_mean))
    expected = page(x=x.ravel(), t=SETS[name](n, c).ravel(), eps=EPS)
    found = OPERATIONS[name](x, *ones(6), eps=EPS)
    assert_allclose(found.ravel(), expected, **FEW_ROUNDINGS)


def test_group_norm_contains_layer_and_instance_norm(rng):
    """One group is layer norm, C groups are instance norm."""
    x, gamma, beta = rng.normal(size=(2, 6, 3, 4)), *rng.normal(size=(2, 6))
    for groups, norm in ((1, layer_norm), (6, instance_norm)):
        y = group_norm(x, gamma, beta, groups=groups)
        assert_allclose(y, norm(x, gamma, beta), **FEW_ROUNDINGS)


def test_batch_norm_alone_depends_on_the_batch(rng):
    """The result for an image is the same alone and in a batch, but not for batch norm."""
    x = rng.normal(size=(4, 6, 3, 2))
    for name, norm in OPERATIONS.items():
        alone, among = norm(x[:1], *ones(6), eps=EPS), norm(x, *ones(6), eps=EPS)[:1]
        assert np.allclose(alone, among, rtol=0, atol=1e-12) == (name != "batch")


def test_responses_are_divided_as_the_page_says(rng, formulas, oracle, unfold):
    """y = x s⁻ᵝ, s = k + α/U Σ x², over the channels around one."""
    x = rng.normal(size=(2, 5, 3, 2))
    page = oracle.program(unfold(formulas.response_norm, formulas.response_scale))
    given = {"alpha": 0.5, "beta": 0.75, "U": 3, "padding": 1}
    y = local_response_norm(x, size=3, alpha=0.5, beta=0.75, k=2.0)
    assert_allclose(y, page(x=x, offset=2.0, **given), **FEW_ROUNDINGS)


def test_a_response_lowers_its_neighbours(rng):
    """The backward pass is right; for k = 0, α = U and β = 1/2 a pixel has the length one."""
    x = rng.normal(size=(2, 3, 4, 2))
    norm = lambda x: local_response_norm(x, size=5, alpha=5.0, beta=0.5, k=0.0)
    check_gradients(norm, x, rng=rng)
    assert_allclose(np.sum(norm(x) ** 2, axis=1), 1, **FEW_ROUNDINGS)


WITHOUT_THE_BATCH = ("layer norm", "group norm", "instance norm")


def shards_against_batch(kind, lab, rng, count):
    """The gradients of a drawn network: of a batch, and on average over its equal shards."""
    model, (x, t) = lab.image_network(kind), lab.first_batches(1, N=12)[0]
    for array in nn.named_parameters(model).values():
        array[...] = rng.normal(size=array.shape)
    whole = loss_and_grads(model, cross_entropy, x, t, rng)[1]
    return whole, mean_of_shards(model, x, t, count, rng=rng)[1]


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("kind", WITHOUT_THE_BATCH)
def test_the_gradients_of_equal_shards_average_to_that_of_the_batch(kind, count, lab, rng):
    """1/K Σₖ ∇L(shard k) = ∇L(batch), where the result for an image depends on no other image."""
    whole, mean = shards_against_batch(kind, lab, rng, count)
    largest = max(abs(bar).max() for bar in whole.values())  # that of a bias before a norm is 0
    for name, bar in whole.items():
        # sums of 12 · 64 products in another order
        assert_allclose(mean[name], bar, rtol=0, atol=1e-12 * largest, err_msg=name)


def test_statistics_of_a_shard_give_another_gradient(lab, rng):
    """It differs by more than a tenth; for shards of two numbers it is 0."""
    whole, mean = shards_against_batch("batch norm", lab, rng, 2)
    filters = next(name for name in whole if name.endswith("w"))
    off = np.linalg.norm(mean[filters] - whole[filters])
    assert off > 0.1 * np.linalg.norm(whole[filters])

    x, y_bar = np.array([1.0, 7, 9, 15]), np.array([20.0, 0, 0, 0])
    assert_allclose(back(x, y_bar, eps=0.0), np.array([26, -32, -18, 24]) / 25, **FEW_ROUNDINGS)
    for half in (slice(2), slice(2, 4)):
        assert_allclose(back(x[half], y_bar[half], eps=0.0), [0, 0], **FEW_ROUNDINGS)


@pytest.mark.parametrize(("kind", "same"), [("layer norm", True), ("batch norm", False)])
def test_two_processes_take_the_steps_of_one_unless_batches_are_normalised(kind, same, lab):
    """Copies have the same bits after five steps; a single process differs by rounding, or more."""
    apart, from_one = lab.two_processes(kind)
    assert apart == 0
    assert (from_one < 1e-12) == same
    assert (from_one < 1e-6) == same


def test_synchronised_means_give_the_gradient_of_the_batch(rng):
    """Three processes of five numbers: two means in the forward pass, two in the backward pass."""
    x, y_bar = rng.normal(size=(2, 3, 5))
    mean, between = x.mean(axis=1).mean(), x.mean(axis=1).var()
    sigma = np.sqrt(x.var(axis=1).mean() + between + EPS)
    x_hat = (x - mean) / sigma
    level, along = y_bar.mean(axis=1).mean(), (y_bar * x_hat).mean(axis=1).mean()
    found = 1.7 / sigma * (y_bar - level - x_hat * along)
    assert_allclose(found.ravel(), back(x.ravel(), y_bar.ravel(), 1.7), **FEW_ROUNDINGS)


def test_a_difference_of_means_fails_far_from_zero(lab, rng):
    """In single precision, at a mean of 10⁴, it errs by more than 1; two passes are right."""
    x = (rng.normal(size=(1000, 5)) + 1e4).astype(np.float32)
    true = x.astype(float).var(axis=0)
    assert np.abs(lab.one_pass_variance(x) - true).max() > 1
    assert_allclose(batch_statistics(x)[1], true, rtol=1e-6)
    y = batch_norm(x, *(each.astype(np.float32) for each in ones(5)))
    assert_allclose(y.std(axis=0), 1, rtol=1e-3)


HEAD = "| here | PyTorch | JAX | CS231n |"
ROW = re.compile(r"^\| `(.*?)` \| (?:`(.*?)`)? *\| (?:`(.*?)`)? *\|", re.MULTILINE)


def evaluated(column, names):
    """Return what a column of the table is evaluated with: a library, and its own arrays."""
    if column == "here":
        ops = (batch_norm, normalize, layer_norm, group_norm, local_response_norm)
        return {**names, **{op.__name__: op for op in ops}}
    if column == "PyTorch":
        torch = pytest.importorskip("torch")
        arrays = {name: torch.tensor(array) for name, array in names.items()}
        return arrays | {"F": torch.nn.functional, "K": names["K"]}
    jax = pytest.importorskip("jax")
    arrays = {name: jax.numpy.asarray(array) for name, array in names.items()}
    return arrays | {"jax": jax, "jnp": jax.numpy}


@pytest.mark.parametrize("column", ["here", "PyTorch", "JAX"])
def test_the_code_of_the_summary_runs(column, rng):
    """Every entry of the table computes what the first column does, where the library is there."""
    arrays = rng.normal(size=(6, 4)), *rng.normal(size=(3, 4)), rng.uniform(1, 2, size=4)
    names = dict(zip(("x", "gamma", "beta", "mean", "var"), arrays, strict=True)) | {"K": 4}
    here, there = evaluated("here", names), evaluated(column, names)
    _, _, table = (ROOT / "book/norm.md").read_text(encoding="utf-8").partition(HEAD)
    rows = ROW.findall(table)
    assert len(rows) == 5
    for row in rows:
        code = row[["here", "PyTorch", "JAX"].index(column)]
        if code:
            expected, found = eval(row[0], here), np.asarray(eval(code, there))
            assert_allclose(found, expected, rtol=1e-5, atol=1e-5)  # JAX is single


# Exercises


def far(array):
    """Move numbers of size one so far that their mean is a hundred thousand deviations."""
    return array + 1e5


def flat(array):
    """Shrink numbers of size one until their variance is about 10⁻⁶, below eps."""
    return 1e-3 * array + 0.5


def equal(array):
    """Make all numbers of the first row of an array equal, and of its first column, too."""
    copy = array.copy()
    copy[0] = copy[:, 0] = 0.75
    return copy


KINDS = [np.copy, single, turned, far, flat, equal]


def normalised(x, axes, eps):
    """Return x̂ and σ by the definition, with the statistics along `axes` kept as axes."""
    d = x - x.mean(axis=axes, keepdims=True)
    sigma = np.sqrt((d * d).mean(axis=axes, keepdims=True) + eps)
    return d / sigma, sigma


def exact(x, sigma, *factors):
    """Return a tolerance for results that are so many roundings of x away, divided by σ."""
    eps = max(np.finfo(array.dtype).eps for array in (x, *factors))
    size = np.prod([1 + np.abs(factor).max() for factor in factors])
    return {"rtol": 0, "atol": float(40 * eps * size * (1 + np.abs(x).max() / sigma.min()))}


def along(array, ndim=4):
    """Reshape one number for each channel, so that it meets axis 1 of features or images."""
    return array.reshape(-1, *[1] * (ndim - 2))


def pulled_back(f, x, y_bar):
    """Return the slopes of Σ ȳ f(x) along every entry of x, but for rounding.

    f(x + i h) = f(x) + i h f'(x) + O(h²), and of h = 10⁻³⁰ nothing is left of h².
    """
    x_bar = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[entry] += 1e-30j
        x_bar[entry] = np.sum(y_bar * f(moved)).imag / 1e-30
    return x_bar


def options(rng):
    """Draw an eps: as an argument, and as what is used. Without an argument it is 1e-5."""
    eps = float(10 ** rng.uniform(-4, 0))
    return [({}, 1e-5), ({"eps": eps}, eps)]


def features(rng, kind):
    """Draw x, γ and β: of some examples, of two, of one; of one feature; of many of both."""
    N, D = rng.permutation([3, 4, 5, 6, 7])[:2].tolist()
    many = int(rng.integers(15, 25))
    for shape in [(N, D), (2, D), (1, D), (N, 1), (D, N), (many, 2), (2, many)]:
        x = kind(rng.normal(size=shape) + rng.uniform(-2, 2))
        gamma, beta = rng.normal(size=(2, shape[1])).astype(x.dtype)
        yield all_locked(x, gamma, beta)


def forward(x, gamma, beta, eps):
    """Return y, x̂ and σ of a batch of features, and their tolerances."""
    x_hat, sigma = normalised(x.astype(float), (0,), eps)
    wide, narrow = exact(x, sigma, gamma, beta), exact(x, sigma)
    return [(gamma * x_hat + beta, wide), (x_hat, narrow), (sigma[0], narrow)]


@pytest.mark.exercise("norm-forward", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_features_are_normalised_over_the_batch(answers, kind, rng):
    """y = γ x̂ + β, x̂ = (x - μ)/σ and σ = √(v + eps), and once more after other batches."""
    asked = []
    for case in features(rng, kind):
        for given, eps in options(rng):
            asked.append((case, given, forward(*case, eps)))
    for case, given, truth in 2 * asked:
        for found, (wanted, tolerance) in zip(
            answers.batch_norm(*case, **given), truth, strict=True
        ):
            agree(wanted, tolerance, found)


def tails(x, gamma, eps):
    """Map each node of batch norm to its value, and to y as a function of it, for β = 0."""
    mean = x.mean(axis=0)
    d = x - mean
    var = (d * d).mean(axis=0)
    sigma = np.sqrt(var + eps)
    from_d = lambda d: gamma * d / np.sqrt((d * d).mean(axis=0) + eps)
    return {
        "beta": (0 * mean, lambda beta: gamma * d / sigma + beta),
        "gamma": (gamma, lambda gamma: gamma * d / sigma),
        "x_hat": (d / sigma, lambda x_hat: gamma * x_hat),
        "sigma": (sigma, lambda sigma: gamma * d / sigma),
        "var": (var, lambda var: gamma * d / np.sqrt(var + eps)),
        "d": (d, from_d),
        "mean": (mean, lambda mean: from_d(x - mean)),
        "x": (x, lambda x: from_d(x - x.mean(axis=0))),
    }


NODES = [*tails(np.ones((2, 1)), np.ones(1), 1.0)]


def sums(sigma, *factors):
    """Return a tolerance for sums of products that are divided by σ, or by σ² if that is small."""
    eps = max(np.finfo(factor.dtype).eps for factor in factors)
    size = np.prod([1 + np.linalg.norm(factor) for factor in factors])
    return {"rtol": 0, "atol": float(8 * eps * size / min(1, sigma.min()) ** 2)}


def given_back(kind, x, gamma, eps, rng):
    """Draw two ȳ for features or images; yield what a backward pass is given, and its tolerance."""
    x_hat, sigma = normalised(x.astype(float), (0, *range(2, x.ndim)), eps)
    store = kind if kind in (single, turned) else np.copy
    for y_bar in rng.normal(size=(2, *x.shape)):
        arrays = [store(array) for array in (y_bar, x_hat, sigma.ravel(), gamma)]
        yield all_locked(*arrays), sums(sigma, *arrays[:2], gamma)


@pytest.mark.exercise("norm-backward-staged", points=3)
@pytest.mark.parametrize("node", NODES)
def test_each_node_receives_the_slope_along_it(answers, node, rng):
    """The cotangent of a node z is ∂/∂z Σ ȳ y, where all nodes change that are computed from z."""
    asked = []
    for kind in (np.copy, single, turned, flat, equal):
        for x, gamma, _ in features(rng, kind):
            eps = float(10 ** rng.uniform(-4, 0))
            value, f = tails(x.astype(float), gamma.astype(float), eps)[node]
            for arrays, tolerance in given_back(kind, x, gamma, eps, rng):
                asked.append((arrays, pulled_back(f, value, arrays[0]), tolerance))
    for arrays, truth, tolerance in 2 * asked:
        agree(truth, tolerance, answers.batch_norm_backward_staged(*arrays)[node])


def images(rng, kind):
    """Draw x, γ and β: of several images, of one; of one channel; of one pixel; of two numbers."""
    N, C, H, W = rng.permutation([2, 3, 4, 5]).tolist()
    for shape in [
        (N, C, H, W),
        (1, C, H, W),
        (N, 1, W, H),
        (N, C, 1, 1),
        (C, N, H, 1),
        (2, C, 1, 1),
    ]:
        x = kind(rng.normal(size=shape) + rng.uniform(-2, 2))
        gamma, beta = rng.normal(size=(2, shape[1])).astype(x.dtype)
        yield all_locked(x, gamma, beta)


def pulled_back_to_all(x, gamma, eps, y_bar):
    """Return x̄, γ̄ and β̄ of batch norm of features or images."""
    axes, ndim = (0, *range(2, x.ndim)), x.ndim
    gamma, x_hat = gamma.astype(float), normalised(x.astype(float), axes, eps)[0]
    return [
        pulled_back(lambda x: along(gamma, ndim) * normalised(x, axes, eps)[0], x, y_bar),
        pulled_back(lambda gamma: along(gamma, ndim) * x_hat, gamma, y_bar),
        pulled_back(lambda beta: x_hat + along(beta, ndim), gamma, y_bar),
    ]


@pytest.mark.exercise("norm-backward", points=3)
@pytest.mark.parametrize("shapes", [features, images])
def test_your_line_is_the_slope_of_the_forward_pass(answers, shapes, rng):
    """x̄, γ̄ and β̄ are the slopes of Σ ȳ y, for any ȳ; of images each channel has n = N H W."""
    asked = []
    for kind in (np.copy, single, turned, flat, equal):
        for x, gamma, _ in shapes(rng, kind):
            eps = float(10 ** rng.uniform(-4, 0))
            for arrays, tolerance in given_back(kind, x, gamma, eps, rng):
                asked.append((arrays, pulled_back_to_all(x, gamma, eps, arrays[0]), tolerance))
    for arrays, truth, tolerance in 2 * asked:
        for found, wanted in zip(answers.batch_norm_backward(*arrays), truth, strict=True):
            agree(wanted, tolerance, found)


class Expected:
    """What a norm with running averages has to return and to hold, by the definition."""

    def __init__(self, gamma, beta, eps=1e-5, momentum=0.1):
        self.gamma, self.beta, self.eps, self.momentum = gamma, beta, eps, momentum
        self.mean, self.var = np.zeros(len(gamma)), np.ones(len(gamma))

    def train(self, x):
        """Return y and its tolerance, and update the state."""
        x_hat, sigma = normalised(x.astype(float), (0, 2, 3), self.eps)
        n, m = x[:, 0].size, self.momentum
        squares = (x.astype(float) - along(self.channel_means(x))) ** 2
        self.mean = (1 - m) * self.mean + m * self.channel_means(x)
        self.var = (1 - m) * self.var + m * squares.sum(axis=(0, 2, 3)) / (n - 1)
        return self.scaled(x_hat), exact(x, sigma, self.gamma, self.beta)

    def evaluate(self, x):
        """Return y and its tolerance."""
        sigma = np.sqrt(self.var + self.eps)
        x_hat = (x.astype(float) - along(self.mean)) / along(sigma)
        return self.scaled(x_hat), exact(x, sigma, self.gamma, self.beta)

    def channel_means(self, x):
        """Return the mean of every channel."""
        return x.astype(float).mean(axis=(0, 2, 3))

    def scaled(self, x_hat):
        """Return γ x̂ + β."""
        return along(self.gamma) * x_hat + along(self.beta)


def settings(rng):
    """Draw the options of a norm with averages: none, one, both."""
    eps, momentum = float(10 ** rng.uniform(-3, 0)), float(rng.uniform(0.2, 0.4))
    return [{}, {"momentum": momentum}, {"eps": eps}, {"eps": eps, "momentum": 1 - momentum}]


def batches(rng, C, kind):
    """Draw batches of images with C channels: several images, one, one pixel each, two numbers."""
    N, H, W = rng.permutation([2, 3, 4]).tolist()
    for shape in [(N, C, H, W), (1, C, W, H), (H, C, 1, 1), (2, C, 1, 1), (W, C, N, H)]:
        yield locked(kind(rng.normal(size=shape) + rng.uniform(-2, 2)))


def affine(rng, C, kind):
    """Draw γ and β for C channels, as exact as numbers of a kind."""
    store = single if kind is single else np.copy
    return all_locked(*store(rng.normal(size=(2, C))))


def state_like(x):
    """Return a tolerance for averages of x and of the squares of its deviations."""
    return {"rtol": 0, "atol": float(40 * np.finfo(x.dtype).eps * (1 + np.abs(x).max()) * 4)}


@pytest.mark.exercise("norm-running", points=4)
@pytest.mark.parametrize("kind", KINDS)
def test_your_averages_move_once_with_each_batch(answers, kind, rng):
    """μ and the unbiased variance enter with the weight momentum; y has the biased variance."""
    for given in settings(rng):
        C = int(rng.integers(2, 6))
        gamma, beta = affine(rng, C, kind)
        expected = Expected(gamma, beta, **given)
        steps = [(x, *expected.train(x), expected.mean, expected.var)
                 for x in batches(rng, C, kind)]  # fmt: skip
        norm = answers.RunningNorm(gamma, beta, **given)
        for x, y, tolerance, mean, var in steps:
            agree(y, tolerance, norm.train(x))
            agree(mean, state_like(x), norm.mean)
            agree(var, state_like(x), norm.var)


@pytest.mark.exercise("norm-running", points=4)
@pytest.mark.parametrize("kind", [np.copy, turned, flat])
def test_your_evaluation_takes_the_averages_and_keeps_them(answers, kind, rng):
    """Before any batch they are 0 and 1; each image alone has the result that it has in a batch."""
    for given in settings(rng):
        C = int(rng.integers(2, 6))
        gamma, beta = affine(rng, C, kind)
        expected = Expected(gamma, beta, **given)
        norm = answers.RunningNorm(gamma, beta, **given)
        judged = list(batches(rng, C, kind))
        for x, other in zip(judged, batches(rng, C, kind), strict=True):
            agree(*expected.evaluate(judged[0]), norm.evaluate(judged[0]))
            y, tolerance = expected.evaluate(x)
            for _ in range(2):
                before = np.copy(norm.mean), np.copy(norm.var)
                agree(y, tolerance, norm.evaluate(x))
                agree(y[:1, :, :1, :1], tolerance, norm.evaluate(x[:1, :, :1, :1]))
                after = norm.mean, norm.var
                assert all(map(np.array_equal, after, before)), "evaluation changed the averages"
            agree(*expected.train(other), norm.train(other))


@pytest.mark.exercise("norm-running", points=4)
def test_your_norms_have_averages_of_their_own(answers, rng):
    """Two of them, trained in turns, hold what each of them was given."""
    for C in rng.permutation([1, 2, 3, 5]).tolist():
        scales = [affine(rng, C, np.copy) for _ in range(2)]
        expected = [Expected(*each, momentum=m) for each, m in zip(scales, (0.3, 0.6), strict=True)]
        norms = [answers.RunningNorm(*each, momentum=m)
                 for each, m in zip(scales, (0.3, 0.6), strict=True)]  # fmt: skip
        for i, x in enumerate(batches(rng, C, np.copy)):
            agree(*expected[i % 2].train(x), norms[i % 2].train(x))
        for norm, wanted in zip(norms, expected, strict=True):
            agree(wanted.mean, state_like(x), norm.mean)
            agree(wanted.var, state_like(x), norm.var)
            agree(*wanted.evaluate(x), norm.evaluate(x))


def layer_back(x, gamma, eps, y_bar):
    """Return x̄, γ̄ and β̄ of layer norm."""
    x_hat, _ = normalised(x.astype(float), (1,), eps)
    gamma = gamma.astype(float)
    return [
        pulled_back(lambda x: gamma * normalised(x, (1,), eps)[0], x, y_bar),
        pulled_back(lambda gamma: gamma * x_hat, gamma, y_bar),
        pulled_back(lambda beta: x_hat + beta, gamma, y_bar),
    ]


def layers(rng, kind):
    """Draw layer norms: arguments and options, y, two ȳ with their cotangents, both tolerances."""
    store = single if kind is single else np.copy
    for x, gamma, beta in features(rng, kind):
        for given, eps in options(rng):
            x_hat, sigma = normalised(x.astype(float), (1,), eps)
            y_bars = all_locked(*(store(rng.normal(size=x.shape)) for _ in range(2)))
            back = [(y_bar, layer_back(x, gamma, eps, y_bar)) for y_bar in y_bars]
            tolerance = exact(x, sigma, gamma, beta)
            loose = sums(sigma, x, x_hat, gamma, *y_bars)
            yield ((x, gamma, beta), given), (gamma * x_hat + beta, tolerance), (back, loose)


@pytest.mark.exercise("norm-layer", points=3)
@pytest.mark.parametrize("kind", KINDS)
def test_your_examples_are_normalised_one_by_one(answers, kind, rng):
    """y = γ x̂ + β with the statistics of each row; x̄, γ̄ and β̄ are the slopes of Σ ȳ y."""
    for (args, given), wanted, (back, tolerance) in list(layers(rng, kind)):
        y, pullback = answers.layer_norm(*args, **given)
        agree(*wanted, y)
        for y_bar, bars in back:
            for found, truth in zip(pullback(y_bar), bars, strict=True):
                agree(truth, tolerance, found)


@pytest.mark.exercise("norm-layer", points=3)
def test_your_pullbacks_remember_their_own_batch(answers, rng):
    """Also when other batches have been normalised since, and when they are called again."""
    drawn = list(layers(rng, np.copy))
    pullbacks = [answers.layer_norm(*args, **given)[1] for (args, given), *_ in drawn]
    for (*_, (back, tolerance)), pullback in 2 * list(zip(drawn, pullbacks, strict=True)):
        for y_bar, bars in back:
            for found, truth in zip(pullback(y_bar), bars, strict=True):
                agree(truth, tolerance, found)


def grouped(x, gamma, beta, groups, eps):
    """Return group norm by the definition, image by image and group by group; its tolerance."""
    y, sigmas = np.empty(x.shape), []
    size = x.shape[1] // groups
    for n in range(len(x)):
        for i in range(0, x.shape[1], size):
            part = x[n, i : i + size].astype(float)
            d = part - part.mean()
            sigmas.append(np.sqrt((d * d).mean() + eps))
            y[n, i : i + size] = d / sigmas[-1]
    return along(gamma) * y + along(beta), exact(x, np.array(sigmas), gamma, beta)


def group_cases(rng, kind):
    """Draw images and groups: one group, several, one for each channel; images of one pixel."""
    for H, W, N in [*rng.permutation([[2, 3, 4], [3, 5, 2], [4, 2, 1]]).tolist(), (1, 1, 3)]:
        groups, size = rng.permutation([2, 3]).tolist()
        C = groups * size
        for many in (groups, 1, C):
            x = kind(rng.normal(size=(N, C, H, W)) + 3 * rng.normal(size=(N, C, 1, 1)))
            gamma, beta = rng.normal(size=(2, C)).astype(x.dtype)
            yield *all_locked(x, gamma, beta), many


@pytest.mark.exercise("norm-group", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_groups_are_neighbouring_channels(answers, kind, rng):
    """Each image and each group of C/groups channels has its own μ and v, each channel its γ, β."""
    asked = []
    for case in group_cases(rng, kind):
        for given, eps in options(rng):
            asked.append((case, given, grouped(*case, eps)))
    for case, given, wanted in 2 * asked:
        agree(*wanted, answers.group_norm(*case, **given))


def scaled(x_hat, gamma, beta):
    """Return γ x̂ + β, each channel with its own numbers."""
    return along(gamma) * x_hat + along(beta)


def moments(x, axes=(0, 2, 3), **more):
    """Return mean and variance along some axes, which are kept."""
    return x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, **more)


def two_passes(x, gamma, beta, eps):
    """Normalise as the formula reads."""
    mean, var = moments(x)
    return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)


def one_line(x, gamma, beta, eps):
    """Normalise by a product and a sum for each channel."""
    mean, var = moments(x)
    scale = along(gamma) / np.sqrt(var + eps)
    return scale * (x - mean) + along(beta)


def channel_by_channel(x, gamma, beta, eps):
    """Normalise each channel apart, in reverse order."""
    y = np.empty(x.shape)
    for c in reversed(range(x.shape[1])):
        d = x[:, c] - x[:, c].mean()
        y[:, c] = gamma[c] * d * ((d * d).mean() + eps) ** -0.5 + beta[c]
    return y


def pooled(x, gamma, beta, eps):
    """Take the variance as the mean of the images' variances and the variance of their means."""
    means, variances = moments(x, axes=(2, 3))
    mean = means.mean(axis=0)
    var = variances.mean(axis=0) + means.var(axis=0)
    return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)


def shifted(x, gamma, beta, eps):
    """Subtract a first estimate of the mean, then take the mean of the squares."""
    d = x - x.mean(axis=(0, 2, 3), keepdims=True)
    rest, squares = (power.mean(axis=(0, 2, 3), keepdims=True) for power in (d, d * d))
    return scaled((d - rest) / np.sqrt(squares - rest * rest + eps), gamma, beta)


RIGHT = [two_passes, one_line, channel_by_channel, pooled, shifted]


def with_variance(change):
    """Make a norm whose variance is another function of x."""

    def norm(x, gamma, beta, eps):
        mean, var = moments(x)
        return scaled((x - mean) / np.sqrt(change(x, mean, var) + eps), gamma, beta)

    return norm


def with_sigma(sigma):
    """Make a norm whose σ is another function of v and eps."""

    def norm(x, gamma, beta, eps):
        mean, var = moments(x)
        return scaled((x - mean) / sigma(var, eps), gamma, beta)

    return norm


def with_axes(mean_axes, var_axes=None):
    """Make a norm whose mean and variance are taken over other axes."""

    def norm(x, gamma, beta, eps):
        mean = moments(x, mean_axes)[0]
        var = moments(x, var_axes or mean_axes)[1]
        return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)

    return norm


def with_scale(scale):
    """Make a norm that applies γ and β in another way."""

    def norm(x, gamma, beta, eps):
        mean, var = moments(x)
        return scale((x - mean) / np.sqrt(var + eps), gamma, beta)

    return norm


def count(x):
    """Count the numbers of a channel."""
    return x[:, 0].size


def squares_less_square(x, mean, var):
    """Return mean(x²) - mean(x)²."""
    return (x * x).mean(axis=(0, 2, 3), keepdims=True) - mean * mean


def without_image(i):
    """Make a norm whose statistics leave out one image, counted around."""

    def norm(x, gamma, beta, eps):
        kept = np.arange(len(x)) != i % len(x)
        mean, var = moments(x[kept] if len(x) > 1 else 0 * x)
        return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)

    return norm


def without_channel(i):
    """Make a norm that forgets γ in one channel, counted around."""
    return with_scale(
        lambda x_hat, gamma, beta: scaled(
            x_hat, np.where(np.arange(len(gamma)) == i % len(gamma), 1.0, gamma), beta
        )
    )


def before_statistics(x, gamma, beta, eps):
    """Apply γ and β to x in place of x̂."""
    return two_passes(scaled(x, gamma, beta), np.ones(len(gamma)), beta, eps)


FAULTS = {
    "n - 1": [
        with_variance(lambda x, mean, var: var * count(x) / max(count(x) - 1, 1)),
        with_variance(
            lambda x, mean, var: along(((x - mean) ** 2).sum((0, 2, 3))) / (count(x) - 1)
        ),
    ],
    "eps": [
        with_sigma(lambda var, eps: np.sqrt(var) + eps),
        with_sigma(lambda var, eps: np.sqrt(var) + np.sqrt(eps)),
        with_sigma(lambda var, eps: np.sqrt(var)),
    ],
    "axes": [
        *map(with_axes, [(0,), (2, 3), (1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 3)]),
        with_axes((0, 2, 3), (0,)),
        with_axes((0, 2, 3), (2, 3)),
        with_axes((2, 3), (0, 2, 3)),
        with_axes((0, 2, 3), (0, 1, 2, 3)),
    ],
    "cancellation": [
        with_variance(squares_less_square),
        with_variance(lambda *args: np.maximum(squares_less_square(*args), 0)),
        with_variance(lambda *args: np.abs(squares_less_square(*args))),
    ],
    "scale": [
        before_statistics,
        with_scale(lambda x_hat, gamma, beta: along(gamma) * x_hat),
        with_scale(lambda x_hat, gamma, beta: x_hat + along(beta)),
        with_scale(lambda x_hat, gamma, beta: along(gamma) * (x_hat + along(beta))),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, beta, gamma)),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma[::-1], beta)),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma, np.roll(beta, 1))),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma[:1], beta)),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma, beta.mean(keepdims=True))),
    ],
}


def wrong_norms(fault, rng):
    """List the norms with a fault, some of them drawn."""
    i = int(rng.integers(60))
    drawn = {"axes": [without_image(i)], "scale": [without_channel(i)]}
    return FAULTS[fault] + drawn.get(fault, [])


def nameless(norm):
    """Wrap a norm, so that its name does not show which it is."""

    def norm_of_images(x, gamma, beta, eps):
        with np.errstate(all="ignore"):
            return norm(np.asarray(x), np.asarray(gamma), np.asarray(beta), eps)

    return norm_of_images


@pytest.mark.exercise("norm-test", points=4)
@pytest.mark.parametrize("fault", FAULTS)
def test_your_test_accepts_right_norms_alone(answers, fault, rng):
    """Whoever computes the formula is accepted; whoever has one of the five faults is refused."""
    norms = [(norm, False) for norm in wrong_norms(fault, rng)] + [(norm, True) for norm in RIGHT]
    order = [norms[i] for i in rng.permutation(len(norms))]
    seeds = rng.integers(1 << 62, size=len(order)).tolist()
    verdicts = [bool(answers.accepts(nameless(norm), rng=np.random.default_rng(seed)))
            for (norm, _), seed in zip(order, seeds, strict=True)]  # fmt: skip
    if verdicts != [truth for _, truth in order]:
        pytest.fail("at least one norm was judged wrongly")


@pytest.mark.exercise("norm-test", points=4)
def test_your_test_draws_from_the_generator_that_is_given(answers, rng):
    """The same seed tries the same images, another seed tries others."""
    one, other = rng.integers(1 << 62, size=2).tolist()
    drawn, verdicts = [], []
    for seed in (one, one, other):
        tried = []
        norm = lambda x, *rest, tried=tried: (tried.append(np.copy(x)), two_passes(x, *rest))[1]
        verdicts.append(answers.accepts(norm, rng=np.random.default_rng(seed)))
        drawn.append(tried[:1])
    assert all(verdicts), "a right norm was refused"
    assert all(drawn), "norm was not tried"
    assert np.array_equal(drawn[0], drawn[1]), "the same seed does not draw the same"
    assert not np.array_equal(drawn[0], drawn[2]), "another seed does not draw anything else"


@pytest.mark.exercise("norm-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    names = {
        "mean_of_squares": "norm-line-6",
        "from_the_graph": "norm-line-4",
        "rank": "norm-line-1",
    }
    truth = [planted(f"norm.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, answers.wrong_lines())) == truth
