"""Architecture search.  The claims of `book/search.md`, in the order of the chapter."""

import importlib
from itertools import combinations, product
from math import prod
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import grad, vjp
from dlcore.nn.models import SearchNetwork
from dlcore.nn.search import DARTS_V2, MixedOperation, discretise, edges
from dlcore.ops.loss import softmax
from dlcore.train import SGD, Adam
from dlcore.train.search import (
    Search,
    first_order,
    halves,
    implicit,
    loss_of,
    mixed_difference,
    mixed_product,
    one_step,
    one_step_differences,
    unchanged_state,
)
from tests.comparing import agree

ROUNDING = {"rtol": 1e-12, "atol": 1e-12}  # sums of some ten terms near one
NAMES = ("none", "max_pool_3x3", "skip_connect", "sep_conv_3x3")


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.search")


@pytest.fixture(scope="module")
def programs():
    """Mixtures, gradients and counts by the letters of the page."""
    return importlib.import_module("dlcore.verification.programs.search")


@pytest.fixture(scope="module")
def wrong_searches():
    """Searches with slips, and the checks that find them."""
    return importlib.import_module("dlcore.verification.wrong_searches")


@pytest.fixture
def quadratics(rng):
    """Losses that are quadratic in 3 alphas and 4 weights, with a positive definite Hessian."""
    root, mixed = rng.normal(size=(4, 4)), rng.normal(size=(3, 4))
    H = root @ root.T + np.eye(4)
    aim, c = rng.normal(size=(2, 4))
    train = lambda a, w: w @ H @ w / 2 + a @ mixed @ w + c @ w
    val = lambda a, w: (w - aim) @ (w - aim) / 2 + a @ a / 2
    best = lambda a: -np.linalg.solve(H, c + mixed.T @ a)
    return train, val, best


def curved(rng):
    """Draw losses that are no polynomials, of 3 alphas and 4 weights."""
    one, two = rng.normal(size=(2, 3, 4))
    train = lambda a, w: np.sum(np.tanh(a @ one + w) ** 2) + np.sum(np.sin(w) * w)
    val = lambda a, w: np.sum(np.cos(a @ two * w)) + np.sum(np.exp(w / 2))
    return train, val, rng.normal(size=3), rng.normal(size=4)


class Recorder(nn.Linear):
    """A linear layer with alphas that do nothing, which notes the images that it reads."""

    def __init__(self, D, M, *, rng):
        super().__init__(D, M, rng=rng)
        self.alphas = {"cell": np.zeros((1, 2))}
        self.calls = []

    def __call__(self, x, rng=None):
        """Read images whose first pixel is their number."""
        weighted = np.sum(self.alphas["cell"] * np.array([1.0, 2.0]))
        self.calls.append(np.asarray(getattr(x, "value", x))[:, 0].astype(int))
        return super().__call__(x, rng) * (1 + weighted)


def test_a_mixture_is_computed_by_hand(programs):
    """α = ln 1, ln 1, ln 2 has the shares 1/4, 1/4, 1/2; outputs 0, 4, 10 are mixed to 6."""
    alphas = np.log([1.0, 1.0, 2.0])
    p = programs.shares(alphas)
    assert_allclose(p, [0.25, 0.25, 0.5], **ROUNDING)
    outputs = np.array([[0.0], [4.0], [10.0]])
    assert_allclose(programs.mixture(p, outputs), [6.0], **ROUNDING)
    bar = programs.alpha_bar(alphas, outputs, np.array([2.0]))
    assert_allclose(bar, [-3.0, -1.0, 4.0], **ROUNDING)


def test_three_gradients_are_computed_by_hand(programs):
    """At α = 1, w = 2 with κ = 2, ξ = 1/4, λ = 1, b = 4:  1,  -1/4  and  -2."""
    train, val = programs.by_hand(2.0, 1.0, 4.0)
    assert first_order(val, 1.0, 2.0) == 1
    assert one_step(train, val, 1.0, 2.0, 0.25) == -0.25
    assert implicit(train, val, 1.0, np.array([1.0])) == -2


def test_the_program_says_what_the_page_says(programs, formulas, oracle, rng):
    """Shares, mixture and the gradient of α, for random numbers and a random upstream gradient."""
    alpha, o, y_bar = rng.normal(size=4), rng.normal(size=(4, 3)), rng.normal(size=3)
    p = oracle.program(formulas.shares)(alpha=alpha)
    assert_allclose(programs.shares(alpha), p, **ROUNDING)
    y = oracle.program(formulas.mixture)(p=p, o=o)
    assert_allclose(programs.mixture(p, o), y, **ROUNDING)
    bar = oracle.program(formulas.alpha_x_bar)(p=p, o=o, y=y, y_bar=y_bar)
    assert_allclose(programs.alpha_bar(alpha, o, y_bar), bar, **ROUNDING)


def test_gradients_of_an_edge_add_up_to_zero(rng):
    """A common shift of all numbers of an edge changes nothing; on a mixed operation of images."""
    mixed = MixedOperation(4, 1, NAMES, rng=rng)
    x, y_bar = rng.normal(size=(2, 4, 6, 5)), rng.normal(size=(2, 4, 6, 5))
    alphas = rng.normal(size=len(NAMES))
    _, pullback = vjp(lambda a: mixed(x, softmax(a[None])[0], rng), alphas)
    bar = pullback(y_bar)[0]
    assert np.abs(bar).max() > 0.1
    assert abs(bar.sum()) < 1e-10 * np.abs(bar).sum()


def test_the_exact_gradient_is_that_of_the_best_weights(quadratics, rng):
    """Of  α ↦ L_val(α, w*(α)),  along a random direction; w* solves a linear system."""
    train, val, best = quadratics
    alphas, a_dot = rng.normal(size=(2, 3))
    found = implicit(train, val, alphas, best(alphas))
    whole = lambda h: val(alphas + h * a_dot, best(alphas + h * a_dot))
    assert_allclose(found @ a_dot, (whole(1.0) - whole(-1.0)) / 2, rtol=1e-9)  # a quadratic


def test_many_steps_approach_the_exact_gradient(quadratics, rng):
    """Unrolled from the best weights, 0, 1, 10, … steps come closer and closer to it."""
    train, val, best = quadratics
    alphas = rng.normal(size=3)
    start, xi = best(alphas), 0.05

    def behind(a, steps):
        w = start
        for _ in range(steps):
            w = w - xi * grad(lambda w: train(a, w))(w)
        return val(a, w)

    exact = implicit(train, val, alphas, start)
    gaps = [np.abs(grad(behind)(alphas, n) - exact).max() for n in (0, 1, 10, 60)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.1 * gaps[0]


def test_the_one_step_gradient_is_the_derivative_through_the_step(rng):
    """Of losses that are no polynomials: by reverse mode through  w - ξ ∇_w L_train(α, w)."""
    train, val, alphas, weights = curved(rng)

    def through(a):
        return val(a, weights - 0.3 * grad(lambda w: train(a, w))(weights))

    found = one_step(train, val, alphas, weights, 0.3)
    assert_allclose(found, grad(through)(alphas), rtol=1e-10, atol=1e-10)


def test_the_one_step_gradient_is_that_of_differences_of_the_loss(rng):
    """Along a random direction, the loss behind a step changes as the gradient says."""
    train, val, alphas, weights = curved(rng)
    behind = lambda a: val(a, weights - 0.3 * grad(lambda w: train(a, w))(weights))
    a_dot, h = rng.normal(size=3), 1e-5
    slope = (behind(alphas + h * a_dot) - behind(alphas - h * a_dot)) / (2 * h)
    found = one_step(train, val, alphas, weights, 0.3)
    assert_allclose(found @ a_dot, slope, rtol=1e-7)  # off by the order of h² and of ε / h


def test_without_a_step_the_gradient_is_of_first_order(rng):
    """ξ = 0."""
    train, val, alphas, weights = curved(rng)
    assert_array_equal(
        one_step(train, val, alphas, weights, 0.0), first_order(val, alphas, weights)
    )


def test_descent_by_one_step_rests_elsewhere(programs, formulas, oracle):
    """With the best weight at every α it rests at ξκ b / (λ + ξκ), and not at b / (λ + 1)."""
    letters = {"xi": 0.25, "curvature": 2.0, "lam": 1.0, "b": 4.0}
    train, val = programs.by_hand(2.0, 1.0, 4.0)
    alpha = 0.0
    for _ in range(200):
        alpha = alpha - 0.2 * one_step(train, val, alpha, alpha, 0.25)
    assert_allclose(alpha, oracle.program(formulas.one_step_ends)(**letters), rtol=1e-9)
    assert_allclose(oracle.program(formulas.exact_ends)(lam=1.0, b=4.0), 2.0)
    assert alpha < 1.5


def test_on_a_quadratic_the_three_gradients_differ(quadratics, rng):
    """At the best weights; each pair is more than a hundredth apart."""
    train, val, best = quadratics
    alphas = rng.normal(size=3)
    at = alphas, best(alphas)
    found = first_order(val, *at), one_step(train, val, *at, 0.05), implicit(train, val, *at)
    assert all(np.abs(one - other).max() > 0.01 for one, other in combinations(found, 2))


def test_the_difference_is_off_by_the_square_of_the_distance(rng):
    """A tenth of the distance has a hundredth of the error, from 0.1 to 0.001."""
    train, _, alphas, weights = curved(rng)
    v = rng.normal(size=4)
    truth = mixed_product(train, alphas, weights, v)
    radii = (1e-1, 1e-2, 1e-3)
    errors = [
        np.abs(mixed_difference(train, alphas, weights, v, radius=r) - truth).max() for r in radii
    ]
    assert_allclose(np.divide(errors[:-1], errors[1:]), 100, rtol=0.1)  # the next term is ε⁴


def test_the_difference_is_homogeneous(rng):
    """For 1000 v it is 1000 times as large, up to rounding: both evaluate at the same weights."""
    train, _, alphas, weights = curved(rng)
    v = rng.normal(size=4)
    found = mixed_difference(train, alphas, weights, 1000 * v, radius=0.1)
    assert_allclose(found, 1000 * mixed_difference(train, alphas, weights, v, radius=0.1))


def test_where_v_is_zero_there_is_nothing_to_probe(rng):
    """The product is 0, and no distance is divided by 0."""
    train, _, alphas, weights = curved(rng)
    found = mixed_difference(train, alphas, weights, np.zeros(4))
    assert_array_equal(found, np.zeros(3))


def test_none_has_a_share_and_is_never_chosen(rng):
    """A large number for "none" makes an edge weak, and does not win it."""
    alphas = np.zeros((2 + 3, len(NAMES)))
    alphas[:, 3] = 1
    alphas[3, 0] = 4  # the edge from node 1 to node 3
    cell = discretise(alphas, alphas, NAMES, 2).normal
    assert dict(cell).keys() == {"sep_conv_3x3"}
    assert {source for _, source in cell[2:]} == {0, 2}


def test_a_chosen_cell_has_two_inputs_for_each_node(rng):
    """On 200 random arrays of α, of which the normal and the reduction cell have their own."""
    for _ in range(200):
        alphas = 3 * rng.normal(size=(2, len(edges(3)), len(NAMES)))
        chosen = discretise(*alphas, NAMES, 3)
        for cell in (chosen.normal, chosen.reduce):
            for k, (one, other) in enumerate(zip(cell[::2], cell[1::2], strict=True)):
                assert one[1] != other[1]
                assert max(one[1], other[1]) < 2 + k
                assert "none" not in (one[0], other[0])


def test_cells_are_counted_one_by_one(programs, formulas, oracle):
    """Of up to two nodes and three operations; with four nodes and seven, about a billion."""
    count = oracle.program(formulas.cells)
    for i, K in product((1, 2), (1, 2, 3)):
        assert programs.cells(i, K) == count(i=i, K=K)
    assert count(i=4, K=7) == 180 * 49**4 == 1_037_664_180
    assert oracle.program(formulas.edges)(i=4) == len(edges(4)) == 14


def test_the_cell_of_the_source_has_shortcuts_and_pools():
    """Of the normal cell two of eight operations own nothing, of the reduction cell all."""
    free = ("skip_connect", "max_pool_3x3", "avg_pool_3x3")
    count = lambda cell: sum(name in free for name, _ in cell)
    assert (count(DARTS_V2.normal), count(DARTS_V2.reduce)) == (2, 8)


@pytest.mark.parametrize("gradient", ["first-order", "one-step", "differences"])
def test_no_image_trains_both(gradient, rng):
    """The weights read one half of the images, the alphas the other; both change."""
    x = np.column_stack([np.arange(20.0), rng.normal(size=20)])
    model = Recorder(2, 3, rng=rng)
    before = model.params["w"].copy()
    search = Search(
        model, x, rng.integers(3, size=20), alpha_optimizer=Adam(0.01), gradient=gradient,
        weight_optimizer=SGD(1e-4), batch_size=4, epochs=2,
    )  # fmt: skip
    search.run()
    halves_read = {*search.weight_rows}, {*search.alpha_rows}
    assert halves_read[0] | halves_read[1] == {*range(20)}
    assert all({*rows} <= halves_read[0] or {*rows} <= halves_read[1] for rows in model.calls)
    assert np.abs(model.alphas["cell"]).max() > 0
    assert np.abs(model.params["w"] - before).max() > 0
    assert len(search.journal) == 2


def test_halves_share_no_image(rng):
    """Of an even and of an odd number of images."""
    for N in (2, 7, 100):
        first, second = halves(N, rng)
        assert sorted([*first, *second]) == list(range(N))


def small_network(rng):
    """Draw a network of all operations for images of 8 × 8, and two batches."""
    model = SearchNetwork((3, 8, 8), 4, C=2, cells=3, nodes=2, names=NAMES, rng=rng)
    batches = [(rng.normal(size=(4, 3, 8, 8)), rng.integers(4, size=4)) for _ in range(2)]
    return model, *batches


def test_both_gradients_agree_on_a_network_of_images(rng):
    """Second derivatives through convolutions, norms and pools, and a difference of 10⁻⁶."""
    model, one, other = small_network(rng)
    losses = loss_of(model, *one, rng), loss_of(model, *other, rng)
    given = *losses, model.alphas, nn.named_parameters(model), 0.1
    exact = one_step(*given)
    near = one_step_differences(*given, radius=1e-6)
    first = first_order(losses[1], *given[2:4])
    for kind in ("normal", "reduce"):
        size = np.abs(exact[kind]).max()
        assert_allclose(near[kind], exact[kind], rtol=0, atol=1e-4 * size)  # rounding over ρ
        assert np.abs(exact[kind] - first[kind]).max() > 1e-3 * size


def test_a_probe_leaves_the_running_statistics_alone(rng):
    """Bit by bit; without the guard they move."""
    model, one, _ = small_network(rng)
    loss = loss_of(model, *one, rng)
    before = {name: array.copy() for name, array in nn.named_state(model).items()}
    with unchanged_state(model):
        loss(model.alphas, nn.named_parameters(model))
    for name, array in nn.named_state(model).items():
        assert_array_equal(array, before[name])
    loss(model.alphas, nn.named_parameters(model))
    assert any((array != before[name]).any() for name, array in nn.named_state(model).items())


def test_every_wrong_version_fails_a_check(wrong_searches):
    """The version of the page passes all of them, and no two checks are for nothing."""
    right, *wrong = wrong_searches.VERSIONS
    assert wrong_searches.found_by(right) == []
    assert len(wrong) == 9
    found = [wrong_searches.found_by(version) for version in wrong]
    assert all(found)
    assert {check for checks in found for check in checks} == {*wrong_searches.CHECKS}


def test_chains_collapse_to_shortcuts(lab):
    """In the record of five seeds the share of skips grows, and ends above a half in each."""
    record = importlib.import_module("dlcore.experiments.experiment").record("search-collapse")
    for runs in record["history"]["shares"].values():
        shares = np.array(runs)  # seed, epoch
        assert len(shares) == 5
        assert (shares[:, -1] > shares[:, lab.EARLY]).all()
        assert (shares[:, -1] > 1 / 2).all()


def test_the_small_search_keeps_its_budget(lab):
    """Forward and backward passes of both steps: at most ten minutes at 200 GFLOP a second."""
    assert lab.search_work() <= 10 * 60 * 200e9


def test_random_cells_are_drawn_from_all(lab):
    """In 500 draws of two nodes every choice of the first node occurs, and none is "none"."""
    cells = [lab.random_genotype(np.random.default_rng(seed)).normal for seed in range(500)]
    first = {cell[:2] for cell in cells}
    assert len(first) == 3 * 3
    assert {name for cell in cells for name, _ in cell} == {*lab.NAMES} - {"none"}


# Exercises


def near(*arrays, terms=16):
    """Allow some roundings of sums of numbers as large as these."""
    size = sum(float(np.abs(each).max(initial=0)) for each in arrays)
    eps = max(float(np.finfo(each.dtype).eps) for each in arrays)
    return {"rtol": 0, "atol": terms * eps * (1 + size)}


def mixtures(rng):
    """Draw alphas, outputs and upstream gradients, in both precisions and of several shapes."""
    for shape in ((5,), (2, 3), (2, 4, 3, 5)):
        for dtype in (np.float64, np.float32):
            K = int(rng.integers(2, 7))
            alphas = rng.normal(size=K).astype(dtype)
            outputs = [rng.normal(size=shape).astype(dtype) for _ in range(K)]
            yield alphas, outputs, rng.normal(size=shape).astype(dtype)


def mixed(alphas, outputs):
    """Return the shares and the mixture."""
    powers = np.exp(alphas.astype(float) - alphas.max())
    p = powers / powers.sum()
    return p, np.tensordot(p, np.array(outputs, dtype=float), axes=1)


@pytest.mark.exercise("search-mix", points=2)
def test_your_mixture_is_weighed_by_softmax(answers, rng):
    """Of features and of images."""
    for alphas, outputs, _ in mixtures(rng):
        _, y = mixed(alphas, outputs)
        agree(y, near(*outputs), answers.mixed_operation(alphas, outputs))


@pytest.mark.exercise("search-mix", points=2)
def test_your_shares_survive_large_numbers(answers, rng):
    """A shift by a thousand, up or down, changes nothing; a lead of a thousand decides."""
    for alphas, outputs, _ in mixtures(rng):
        truth = mixed(alphas, outputs)[1]
        for shift in (1000, -1000):
            y = answers.mixed_operation(alphas.astype(float) + shift, outputs)
            assert_allclose(y, truth, rtol=1e-4, atol=1e-4)  # alphas lose digits, float32 most
        ahead = alphas.astype(float)
        ahead[-1] += 1000
        assert_allclose(answers.mixed_operation(ahead, outputs), outputs[-1], rtol=1e-6)


@pytest.mark.exercise("search-mix-backward", points=3)
def test_your_outputs_receive_their_shares(answers, rng):
    """An array for each operation: p_k ȳ."""
    for alphas, outputs, y_bar in mixtures(rng):
        p, _ = mixed(alphas, outputs)
        _, bars = answers.mixed_backward(alphas, outputs, y_bar)
        assert len(bars) == len(outputs), "there is a gradient for each output"
        for share, bar in zip(p, bars, strict=True):
            agree(share * y_bar, near(y_bar), bar)


@pytest.mark.exercise("search-mix-backward", points=3)
def test_your_alphas_receive_what_is_better_than_the_mixture(answers, rng):
    """p_k ⟨ȳ, o_k - y⟩, which add up to 0."""
    for alphas, outputs, y_bar in mixtures(rng):
        p, y = mixed(alphas, outputs)
        truth = np.array(
            [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
        )
        bars, _ = answers.mixed_backward(alphas, outputs, y_bar)
        agree(truth, near(y_bar * outputs[0], terms=16 * y_bar.size), bars)
        assert abs(np.sum(bars)) <= near(y_bar * outputs[0], terms=64 * y_bar.size)["atol"]


@pytest.mark.exercise("search-mix-backward", points=3)
def test_your_alphas_survive_large_numbers(answers, rng):
    """A shift by a thousand changes no gradient; behind a lead of a thousand all are 0."""
    for alphas, outputs, y_bar in mixtures(rng):
        p, y = mixed(alphas, outputs)
        truth = [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
        bars, _ = answers.mixed_backward(alphas.astype(float) + 1000, outputs, y_bar)
        assert_allclose(bars, truth, rtol=1e-3, atol=1e-3)  # alphas lose digits, float32 most
        ahead = alphas.astype(float)
        ahead[-1] += 1000
        bars, _ = answers.mixed_backward(ahead, outputs, y_bar)
        assert_allclose(bars, np.zeros_like(ahead), atol=1e-4)  # y is the last output, rounded


class Losses:
    """Losses that are no polynomials, whose slopes count their calls.

    L_train = Σ sin(αᵀ A + w)²,   L_val = Σ b cos(w) + αᵀ E w
    """

    def __init__(self, rng, K, D):
        self.mixing, self.direct = rng.normal(size=(2, K, D))
        self.slope, self.at = rng.normal(size=D), []

    def train_slope(self, alphas, weights):
        """Return ∇_w L_train."""
        return np.sin(2 * (alphas @ self.mixing + weights))

    def alphas_slope(self, alphas, weights):
        """Return ∇_α L_train, and note the weights."""
        self.at.append(np.array(weights))
        return self.mixing @ self.train_slope(alphas, weights)

    def val_slopes(self, alphas, weights):
        """Return both gradients of L_val."""
        return self.direct @ weights, alphas @ self.direct - np.sin(weights) * self.slope

    def product(self, alphas, weights, v):
        """Return ∇²_{αw} L_train v."""
        return self.mixing @ (2 * np.cos(2 * (alphas @ self.mixing + weights)) * v)

    def through(self, alphas, weights, xi):
        """Return the gradient through one step."""
        stepped = weights - xi * self.train_slope(alphas, weights)
        r, v = self.val_slopes(alphas, stepped)
        return r - xi * self.product(alphas, weights, v)


def draws(rng, count=6):
    """Draw losses with alphas and weights of several sizes."""
    for _ in range(count):
        K, D = (int(each) for each in rng.permutation(np.arange(2, 8))[:2])
        yield Losses(rng, K, D), rng.normal(size=K), rng.normal(size=D)


@pytest.mark.exercise("search-one-step", points=4)
def test_your_gradient_goes_through_the_step(answers, rng):
    """For steps of several lengths, also of 0."""
    for losses, alphas, weights in draws(rng):
        given = losses.train_slope, losses.val_slopes, losses.product
        for xi in (0.0, float(rng.uniform(0.05, 0.3)), 1.0):
            truth = losses.through(alphas, weights, xi)
            found = answers.one_step_gradient(alphas, weights, xi, *given)
            agree(truth, near(alphas, losses.mixing, terms=256), found)


@pytest.mark.exercise("search-one-step", points=4)
def test_your_gradient_is_that_of_the_losses_by_hand(answers, rng):
    """κ (w - α)² / 2  and  (w - b)² / 2 + λ α² / 2,  for drawn numbers."""
    for _ in range(8):
        curvature, lam, b, xi = rng.uniform(0.2, 2, size=4).tolist()
        alphas, weights = rng.normal(size=(2, 1))
        found = answers.one_step_gradient(
            alphas, weights, xi,
            lambda a, w, k=curvature: k * (w - a),
            lambda a, w, lam=lam, b=b: (lam * a, w - b),
            lambda a, w, v, k=curvature: -k * v,
        )  # fmt: skip
        stepped = weights - xi * curvature * (weights - alphas)
        truth = lam * alphas + xi * curvature * (stepped - b)
        agree(truth, near(alphas, weights, terms=32), found)


def vectors(rng):
    """Draw losses, alphas and weights, and a vector v: long and short by turns, and ever more so.

    The factors are about 3, 1 / 10, 30, 1 / 100, 300 and 1 / 1000.
    """
    for turn, drawn in enumerate(draws(rng), start=1):
        size = float(10 ** (-((-1) ** turn) * turn / 2 * rng.uniform(0.8, 1.2)))
        yield *drawn, size * rng.normal(size=drawn[2].size)


@pytest.mark.exercise("search-differences", points=3)
def test_your_probes_stand_at_the_distance(answers, rng):
    """Two calls, at weights ± ε v: on the line along v, on both sides, `radius` away."""
    for losses, alphas, weights, v in vectors(rng):
        radius = float(rng.uniform(0.01, 0.5))
        answers.product_by_differences(alphas, weights, v, losses.alphas_slope, radius)
        assert len(losses.at) == 2, "call the slope twice"
        step = radius * v / np.linalg.norm(v)
        ways = sorted((at - weights for at in losses.at), key=lambda way: float(way @ step))
        assert_allclose(ways, [-step, step], rtol=1e-9, atol=1e-12)


@pytest.mark.exercise("search-differences", points=3)
def test_your_product_is_a_central_difference(answers, rng):
    """The difference of both slopes over 2 ε, for v of any length."""
    for losses, alphas, weights, v in vectors(rng):
        eps = 0.1 / np.linalg.norm(v)
        sides = [losses.alphas_slope(alphas, weights + sign * eps * v) for sign in (1, -1)]
        truth = (sides[0] - sides[1]) / (2 * eps)
        found = answers.product_by_differences(alphas, weights, v, losses.alphas_slope, 0.1)
        assert_allclose(found, truth, rtol=1e-9, atol=1e-9 * np.linalg.norm(v))
        assert np.shape(found) == alphas.shape


@pytest.mark.exercise("search-differences", points=3)
def test_your_product_with_zero_is_zero(answers, rng):
    """No slope is asked for, and no number is divided by 0."""
    for losses, alphas, weights in draws(rng, 2):
        zero = np.zeros_like(weights)
        found = answers.product_by_differences(alphas, weights, zero, losses.alphas_slope, 0.1)
        agree(np.zeros_like(alphas), {"rtol": 0}, found)
        assert losses.at == [], "where v is 0 call nothing"


OPERATIONS = ("none", "max_pool_3x3", "skip_connect", "sep_conv_3x3", "dil_conv_5x5")


def chosen(alphas, names, nodes):
    """Read a cell off its alphas, edge by edge."""
    cell, row = [], 0
    for node in range(2, 2 + nodes):
        offers = []
        for source in range(node):
            share = softmax(alphas[row][None])[0]
            allowed = [o for o, name in enumerate(names) if name != "none"]
            best = max(allowed, key=lambda o, share=share: share[o])
            offers.append((share[best], names[best], source))
            row += 1
        kept = sorted(offers, reverse=True)[:2]
        cell += sorted(((name, source) for _, name, source in kept), key=lambda pair: pair[1])
    return cell


@pytest.mark.exercise("search-discretise", points=4)
def test_your_cell_keeps_the_strongest_edges(answers, rng):
    """Of drawn alphas, one to four nodes, the operations in any order."""
    for nodes in (1, 2, 3, 4, 4):
        names = [str(name) for name in rng.permutation(OPERATIONS)]
        alphas = 2 * rng.normal(size=(nodes * (nodes + 3) // 2, len(names)))
        truth = chosen(alphas, names, nodes)
        found = [tuple(pair) for pair in answers.discrete_cell(alphas, names, nodes)]
        assert found == truth


@pytest.mark.exercise("search-discretise", points=4)
def test_your_cell_has_no_none(answers, rng):
    """Also where "none" leads on every edge; yet it lowers the shares of the others."""
    for nodes in (2, 3, 4):
        names = [str(name) for name in rng.permutation(OPERATIONS)]
        alphas = rng.normal(size=(nodes * (nodes + 3) // 2, len(names)))
        alphas[:, names.index("none")] += rng.uniform(0, 6, size=len(alphas))
        truth = chosen(alphas, names, nodes)
        found = [tuple(pair) for pair in answers.discrete_cell(alphas, names, nodes)]
        assert "none" not in dict(found), '"none" is never kept'
        assert found == truth


@pytest.mark.exercise("search-discretise", points=4)
def test_your_cell_compares_shares_and_not_alphas(answers, rng):
    """A shift of a row by hundreds changes no share, and a hopeless operation no choice."""
    for nodes in (2, 3, 4):
        alphas = 2 * rng.normal(size=(nodes * (nodes + 3) // 2, len(OPERATIONS)))
        alphas[:, rng.integers(len(OPERATIONS))] -= 1000
        truth = chosen(alphas, OPERATIONS, nodes)
        shifted = alphas + rng.normal(scale=500, size=(len(alphas), 1))
        found = answers.discrete_cell(shifted, list(OPERATIONS), nodes)
        assert [tuple(pair) for pair in found] == truth


@pytest.mark.exercise("search-discretise", points=4)
def test_your_nodes_have_two_inputs(answers, rng):
    """Where one edge has two strong operations, the second input comes from another edge."""
    for nodes in (1, 2, 3):
        rows = nodes * (nodes + 3) // 2
        alphas = rng.uniform(-1, 1, size=(rows, len(OPERATIONS)))
        alphas[::2, 2:4] += 5
        found = answers.discrete_cell(alphas, list(OPERATIONS), nodes)
        assert [tuple(pair) for pair in found] == chosen(alphas, OPERATIONS, nodes)


@pytest.mark.exercise("search-count", points=2)
def test_your_cells_are_those_that_can_be_listed(answers, rng):
    """One by one, for one and two nodes and up to four operations."""
    for nodes, operations in rng.permutation(list(product((1, 2), (1, 2, 3, 4)))).tolist():
        ways = [
            len(list(product(combinations(range(node), 2), *2 * [range(operations)])))
            for node in range(2, 2 + nodes)
        ]
        found = answers.count_cells(nodes, operations)
        assert found == prod(ways)
        assert np.shape(found) == ()


@pytest.mark.exercise("search-count", points=2)
def test_your_count_is_exact_for_many_nodes(answers, rng):
    """Of nine to twelve nodes: integers beyond the digits of a float."""
    for _ in range(6):
        nodes, operations = int(rng.integers(9, 13)), int(rng.choice([5, 7, 9]))
        truth = prod(i * (i - 1) // 2 * operations**2 for i in range(2, nodes + 2))
        assert answers.count_cells(nodes, operations) == truth


@pytest.mark.exercise("search-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "alpha_back": "search-line-2",
        "alpha_sum": "search-line-4",
        "stepped": "search-line-1",
    }
    truth = [planted(f"search.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
