"""Dropout: the tests of the claims of `book/dropout.md`, and of its exercises."""

import importlib
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import checkpoint, grad, vjp
from dlcore.data.dataset import Dataset, Examples
from dlcore.ops.dropout import draw_mask, dropout, pack_mask, unpack_mask
from dlcore.ops.loss import softmax
from dlcore.train import Adam, Callback, Solver, loss_and_grads
from dlcore.train.checkpoint import save
from tests.comparing import agree

ROUNDING = {"rtol": 1e-12, "atol": 1e-12}  # sums of at most 4096 terms near one
DRAWS = 40_000  # entries; a share of them strays from p by less than 0.003 at one deviation
STRAY = 0.02  # seven deviations


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.dropout")


@pytest.fixture(scope="module")
def wrong_dropouts():
    """Versions of dropout with slips, and the checks that find them."""
    return importlib.import_module("dlcore.verification.wrong_dropouts")


@pytest.fixture
def kernels():
    """The kernels, compiled only by those who ask."""
    return importlib.import_module("dlcore.kernels.dropout")


def test_a_mask_is_applied_by_hand():
    """The second of four units is dropped, p = 1/2; the gradient is masked in the same way."""
    x, kept = np.array([[3.0, 1, 4, 2]]), np.array([[1, 0, 1, 1]])
    mask = pack_mask(kept)
    y = dropout(x, mask, p=0.5)
    assert_array_equal(y, [[6, 0, 8, 4]])
    assert_array_equal(
        dropout.vjp(y, x, mask, np.array([[1.0, 2, 3, 4]]), p=0.5)[0], [[2, 0, 6, 8]]
    )


@pytest.mark.parametrize("p", [0.0, 0.25, 0.7])
def test_the_program_says_what_the_page_says(p, formulas, oracle, rng):
    """y = r x / (1 - p) and x̄ = r ȳ / (1 - p), for the same r."""
    x, y_bar, s = rng.normal(size=(2, 11, 6)), rng.normal(size=(11, 6)), rng.random((11, 6))
    x = x[0]
    r = oracle.program(formulas.keep)(s=s, drop=p)
    mask = pack_mask(s >= p)
    assert_array_equal(unpack_mask(mask, 11), r)
    y = dropout(x, mask, p=p)
    assert_allclose(y, oracle.program(formulas.dropout)(x=x, r=r, drop=p), **ROUNDING)
    (x_bar,) = dropout.vjp(y, x, mask, y_bar, p=p)
    page = oracle.program(formulas.dropout_x_bar)(y_bar=y_bar, r=r, drop=p)
    assert_allclose(x_bar, page, **ROUNDING)


LAYERS = {"entries": nn.Dropout, "maps": nn.Dropout2d, "examples": nn.DropPath}
every_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)


@every_layer
def test_evaluation_returns_its_argument(layer, rng):
    """Without a generator y is x, the same object; with p = 0 too, and nothing is drawn."""
    x, generator = rng.normal(size=(4, 3, 2, 5)), np.random.default_rng(5)
    assert layer(0.4)(x) is x
    assert layer(0.0)(x, generator) is x
    assert generator.random() == np.random.default_rng(5).random()


def test_the_mean_over_all_masks_is_the_row(lab, rng):
    """Σ P(r) r x / (1 - p) = x, summed over all masks of seven units."""
    x, p = rng.normal(size=7), rng.uniform(0.1, 0.9)
    masks, chances = lab.every_mask((7,), p)
    assert len(masks) == 2**7
    assert_allclose(chances.sum(), 1, **ROUNDING)
    assert_allclose(chances @ (masks * x / (1 - p)), x, **ROUNDING)


def test_the_variance_over_all_masks_is_that_of_the_page(lab, formulas, oracle, rng):
    """Σ P(r) (y - x)² = p/(1-p) x², and the mean square is x² / (1 - p)."""
    x, p = rng.normal(size=7), rng.uniform(0.1, 0.9)
    masks, chances = lab.every_mask((7,), p)
    y = masks * x / (1 - p)
    page = oracle.program(formulas.variance_of_entry)(x=x, drop=p)
    assert_allclose(chances @ (y - x) ** 2, page, **ROUNDING)
    assert_allclose(chances @ y**2, x**2 / (1 - p), **ROUNDING)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_drawn_masks_drop_each_entry_independently(p, rng):
    """A share p of all bits is 0; of neighbours along each axis both are with p²."""
    kept = unpack_mask(draw_mask(rng, (40, 10, 10, 10), p), 40)
    assert abs(kept.mean() - (1 - p)) < STRAY
    for axis in range(4):
        along = np.moveaxis(kept, axis, 0)
        both = (along[1:] == 0) & (along[:-1] == 0)
        assert abs(both.mean() - p**2) < STRAY


def test_p_is_the_probability_to_drop(rng):
    """Dropout(0.25) leaves three quarters, and divides them by 3/4."""
    y = nn.Dropout(0.25)(np.ones((200, 200)), rng)
    assert abs(np.mean(y == 0) - 0.25) < STRAY
    assert_allclose(np.unique(y), [0, 4 / 3])


def test_every_wrong_version_fails_a_check(wrong_dropouts):
    """The version of the page passes all of them."""
    right, *wrong = wrong_dropouts.VERSIONS
    assert wrong_dropouts.found_by(right) == []
    assert len(wrong) == 8
    assert all(wrong_dropouts.found_by(version) for version in wrong)


def test_another_mask_in_the_backward_pass_is_right_on_average(lab, wrong_dropouts, rng):
    """The mean of x̄ over both masks is ȳ, as it should be: no check of means can find it."""
    p, y_bar = 0.4, rng.normal(size=4)
    masks, chances = lab.every_mask((4,), p)
    alone = chances @ (masks / (1 - p) * y_bar)
    assert_allclose(alone, y_bar, **ROUNDING)
    assert wrong_dropouts.found_by("another mask in the backward pass") == ["backward"]


@pytest.mark.parametrize("p", [0.2, 0.5, 0.75])
def test_the_expected_loss_is_a_ridge_penalty(p, lab, formulas, oracle, rng):
    """Over all 4096 masks of three examples of four features, for drawn weights and targets."""
    x, z, w = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4)
    masks, chances = lab.every_mask(x.shape, p)
    losses = (((masks * x / (1 - p)) @ w - z) ** 2).sum(axis=1)
    page = oracle.program(formulas.expected_loss)(x=x, z=z, w=w, drop=p)
    assert_allclose(chances @ losses, page, **ROUNDING)


def test_the_penalty_does_not_depend_on_the_unit_of_a_feature(formulas, oracle, rng):
    """With c x_j in the place of x_j and w_j / c in the place of w_j the loss is the same."""
    x, z, w, c = rng.normal(size=(5, 4)), rng.normal(size=5), rng.normal(size=4), rng.random(4) + 1
    loss = oracle.program(formulas.expected_loss)
    assert_allclose(
        loss(x=c * x, z=z, w=w / c, drop=0.3), loss(x=x, z=z, w=w, drop=0.3), **ROUNDING
    )


def test_least_squares_with_one_weight_shrinks_by_one_minus_p(formulas, oracle, rng):
    """The derivative of the expected loss is 0 at (1 - p) Σ x z / Σ x²."""
    x, z, p = rng.normal(size=(9, 1)), rng.normal(size=9), rng.uniform(0.1, 0.9)
    best = (1 - p) * (x[:, 0] @ z) / (x[:, 0] @ x[:, 0])
    loss = oracle.program(formulas.expected_loss)
    at = lambda w: loss(x=x, z=z, w=np.array([w]), drop=p)
    step = 0.01
    assert_allclose(at(best + step), at(best - step), rtol=1e-12)
    assert at(best + step) > at(best)


def test_evaluation_is_the_geometric_mean_of_all_networks(lab, rng):
    """softmax of a linear layer: the normalised geometric mean over all 2^D masks is that of x."""
    x, w, b, p = rng.normal(size=6), rng.normal(size=(6, 3)), rng.normal(size=3), 0.35
    masks, chances = lab.every_mask((6,), p)
    predictions = softmax((masks * x / (1 - p)) @ w + b)
    mean = np.exp(chances @ np.log(predictions))
    assert_allclose(mean / mean.sum(), softmax((x @ w + b)[None])[0], **ROUNDING)
    assert np.abs(chances @ predictions - mean / mean.sum()).max() > 1e-3


def test_each_layer_multiplies_the_mean_square(lab):
    """Six ReLU layers of 400 units with p = 0.4: in training (1/0.6)⁶ times that of evaluation."""
    evaluation, training = lab.mean_squares(6, 0.4)
    ratios = training / evaluation * 0.6 ** np.arange(7)
    assert_allclose(ratios, 1, atol=0.25)  # one drawn network: its weights are not averaged over


def test_the_variance_behind_dropout_is_larger_in_training(lab, formulas, oracle, rng):
    """(v + p μ²) / (1 - p), over examples and masks; all masks of one feature are tried."""
    x, p = rng.normal(size=9) + rng.normal(), rng.uniform(0.1, 0.9)
    masks, chances = lab.every_mask((1,), p)
    y = masks * x / (1 - p)
    mean = chances @ y.mean(axis=1)
    variance = chances @ ((y - mean) ** 2).mean(axis=1)
    page = oracle.program(formulas.shifted)(mean=x.mean(), var=x.var(), drop=p)
    assert_allclose(variance, page, **ROUNDING)


def test_normalisation_after_dropout_is_wrong_in_evaluation(lab):
    """On features of the digits: with dropout first the variance is far from 1, else it is 1."""
    p = 0.4
    h = lab.hidden_features()
    v, mean = h.var(axis=0), h.mean(axis=0)
    first = lab.variances_in_evaluation(p, dropout_first=True)
    assert_allclose(first, v * (1 - p) / (v + p * mean**2), rtol=0.15)  # 126,000 drawn masks
    assert first.max() < 1 - p + 0.05
    assert_allclose(lab.variances_in_evaluation(p, dropout_first=False), 1, rtol=1e-12)


def test_an_average_reduces_the_noise_of_dropped_pixels_but_not_of_maps(lab, formulas, oracle):
    """Over all 512 masks of nine pixels p/(1-p)/9; with one bit for the map p/(1-p)."""
    p = 0.4
    masks, chances = lab.every_mask((9,), p)
    averages = (masks / (1 - p)).mean(axis=1)
    page = oracle.program(formulas.window)(x=1.0, drop=p, D=9)
    assert_allclose(chances @ (averages - 1) ** 2, page, **ROUNDING)
    assert_allclose(9 * page, oracle.program(formulas.variance_of_entry)(x=1.0, drop=p))


def test_a_map_is_dropped_as_a_whole(rng):
    """Dropout2d: of 40,000 maps a share p is 0 everywhere, the others are scaled everywhere."""
    p, x = 0.3, rng.uniform(1, 2, (200, 200, 2, 3))
    factors = nn.Dropout2d(p)(x, rng) / x
    assert_allclose(factors, np.broadcast_to(factors[..., :1, :1], x.shape))
    assert_allclose(np.unique(factors.round(9)), [0, np.round(1 / (1 - p), 9)])
    zeros = factors[..., 0, 0] == 0
    assert abs(zeros.mean() - p) < STRAY
    for pairs in (zeros[1:] & zeros[:-1], zeros[:, 1:] & zeros[:, :-1]):
        assert abs(pairs.mean() - p**2) < STRAY


@pytest.mark.parametrize("shape", [(5,), (3, 2), (2, 3, 4, 3)])
def test_a_dropped_branch_leaves_the_shortcut(shape, rng):
    """x + DropPath(branch): each example is x, or x + branch / (1 - p), whole."""
    x, branch = rng.normal(size=(2, 1000, *shape[1:]))
    y = x + nn.DropPath(0.3)(branch, rng)
    share = ((y - x) / branch).reshape(1000, -1)
    assert_allclose(share, np.broadcast_to(share[:, :1], share.shape), atol=1e-9)
    assert_allclose(np.unique(share.round(9)), [0, np.round(1 / 0.7, 9)])
    assert abs(np.mean(share[:, 0] == 0) - 0.3) < 0.1


SIZES = [(1, 1), (9, 5), (16, 4), (1, 1, 1, 1), (7, 3, 4, 5), (8, 3, 2, 5), (37, 2, 3, 4)]


@pytest.mark.parametrize("shape", SIZES)
def test_eight_examples_share_a_byte(shape, kernels, rng):
    """Bits are packed as the definition says, and unpacked again, for whatever N."""
    kept = rng.integers(2, size=shape)
    bits = pack_mask(kept)
    assert_array_equal(bits, kernels.pack_naive(kept))
    assert bits.nbytes == -(-shape[0] // 8) * np.prod(shape[1:])
    assert_array_equal(unpack_mask(bits, shape[0]), kept)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SIZES)
def test_the_kernel_computes_the_definition(shape, dtype, kernels, rng):
    """Features and images in both memory orders, a bit for an entry, a map, an example."""
    x = rng.normal(size=shape).astype(dtype)
    masks = [shape] if len(shape) == 2 else [shape, (*shape[:2], 1, 1), (shape[0], 1, 1, 1)]
    orders = (
        [x]
        if len(shape) == 2
        else [x, np.ascontiguousarray(x.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)]
    )
    for each, mask_shape in ((x, mask) for x in orders for mask in masks):
        bits = kernels.draw_bits(rng, mask_shape, 0.4)
        y = kernels.dropout(each, bits, 0.4)
        assert y.dtype == dtype
        twin = kernels.dropout_naive(each, bits, 0.4)
        assert_allclose(y, twin, rtol=2 * np.finfo(dtype).eps, atol=0)  # x (1/q) against x / q


def block(rng):
    """Three layers, two of which draw masks."""
    drawn = np.random.default_rng(3)
    return nn.Sequential(
        nn.Dropout(0.3), nn.Linear(6, 5, rng=drawn), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(5, 3, rng=drawn),
    )  # fmt: skip


def test_the_gradient_of_a_loss_uses_the_masks_of_that_loss(rng):
    """Central differences of the loss under one seed agree with `loss_and_grads` of that seed."""
    model, x, t = block(rng), rng.normal(size=(9, 6)), rng.integers(3, size=9)
    loss_fn = importlib.import_module("dlcore.ops.loss").cross_entropy
    masks = lambda: np.random.default_rng(4)
    _, grads = loss_and_grads(model, loss_fn, x, t, masks())
    w, h = nn.named_parameters(model)["layers.1.w"], 1e-5
    w_dot = rng.normal(size=w.shape)
    sides = []
    for step in (h, -h):
        w += step * w_dot
        sides.append(loss_and_grads(model, loss_fn, x, t, masks())[0])
        w -= step * w_dot
    slope = (sides[0] - sides[1]) / (2 * h)
    assert_allclose(np.vdot(grads["layers.1.w"], w_dot), slope, rtol=1e-6)


def test_a_recomputed_block_draws_the_same_mask(rng):
    """`checkpoint`: y and x̄ are the same bits, and the generator ends where it would have."""
    model, x, y_bar = block(rng), rng.normal(size=(9, 6)), rng.normal(size=(9, 3))
    results = []
    for call in (model, checkpoint(model)):
        generator = np.random.default_rng(8)
        y, pullback = vjp(lambda x, call=call, g=generator: call(x, g), x)
        results.append([y, *pullback(y_bar), generator.random()])
    for kept, recomputed in zip(*results, strict=True):
        assert_array_equal(kept, recomputed)


def test_a_hidden_generator_is_found_in_recomputation(rng):
    """Its mask is another one the second time; if it is named in `state`, it is the same."""
    x, hidden = rng.normal(size=(9, 6)), np.random.default_rng(8)
    drop = lambda x: nn.Dropout(0.5)(x, hidden)
    with pytest.raises(RuntimeError, match="name the generators that it draws from"):
        grad(lambda x: np.sum(checkpoint(drop)(x) ** 2))(x)
    grad(lambda x: np.sum(checkpoint(drop, state=hidden)(x) ** 2))(x)


class StoppedError(Exception):
    """Raised inside a run."""


class StopAt(Callback):
    """Raise after so many steps."""

    def __init__(self, step):
        self.at = step

    def step(self, solver):
        if len(solver.history.train_loss) == self.at:
            raise StoppedError


def solver(callbacks=()):
    """Set up a run of eight steps with masks; all that is random comes from one seed."""
    drawn = np.random.default_rng(0)
    part = Examples(drawn.normal(size=(14, 6)), drawn.integers(3, size=14))
    data = Dataset("small", train=part, val=part, test=part, classes=("a", "b", "c"))
    settings = {"batch_size": 4, "epochs": 2, "seed": 1, "callbacks": callbacks}
    return Solver(block(drawn), data, optimizer=Adam(0.01), **settings)


@pytest.mark.parametrize("step", [1, 3, 6])
def test_a_stopped_run_goes_on_with_the_same_masks(step, tmp_path):
    """Stopped in the middle of an epoch and resumed: the same losses and weights, bit by bit."""
    whole, stopped = solver(), solver([StopAt(step)])
    whole.train()
    with pytest.raises(StoppedError):
        stopped.train()
    save(stopped, tmp_path / "run.npz")
    resumed = solver().resume(tmp_path / "run.npz")
    resumed.train()
    assert resumed.history.train_loss == whole.history.train_loss
    for own, other in zip(*(nn.named_parameters(run.model).values() for run in (whole, resumed)),
                          strict=True):  # fmt: skip
        assert_array_equal(own, other)


def test_principal_components_keep_the_largest_variance(lab, rng):
    """They are orthonormal, and the variance along them is that of the largest eigenvalues."""
    x = rng.normal(size=(50, 6)) * np.array([5.0, 0.1, 3.0, 0.2, 0.3, 1.0])
    found = lab.principal_components(x, 3)
    assert_allclose(found.T @ found, np.eye(3), atol=1e-12)
    largest = np.linalg.eigvalsh(x.T @ x)[:-4:-1]
    assert_allclose(np.sum((x @ found) ** 2, axis=0), largest, rtol=1e-9)


# Exercises


def given(rng, *shapes):
    """Draw arrays without zeros, in both precisions and as columns in the place of rows."""
    for shape in shapes:
        x = rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)
        yield from (x, x.astype(np.float32), x.T.copy().T)


def chances(rng):
    """Draw three probabilities to drop, a small one, a large one, and none."""
    return [rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.9), 0.0]


def fresh(rng):
    """Make a generator whose seed is drawn."""
    return np.random.default_rng(int(rng.integers(2**40)))


def near(x, p=0.0):
    """Allow a few roundings of numbers as large as x / (1 - p)."""
    return {"rtol": 0, "atol": 16 * float(np.finfo(x.dtype).eps) * np.abs(x).max() / (1 - p)}


def require_share(found, share, says):
    """The mean of bits is within seven deviations of their probability."""
    within = bool(abs(np.mean(found) - share) <= 7 * np.sqrt(share * (1 - share) / np.size(found)))
    assert within, says


def factors_of(y, x, p):
    """Return y / x, which has to be 0 or 1 / (1 - p)."""
    y = np.asarray(y, dtype=float)
    assert y.shape == x.shape
    kept = y != 0
    agree(kept * (x.astype(float) / (1 - p)), near(x, p), y)
    return kept / (1 - p)


def require_independent(kept, p):
    """Neighbours along each axis are dropped with p² both, and no two lines of an axis agree."""
    for axis in range(kept.ndim):
        lines = np.moveaxis(kept, axis, 0)
        both = np.mean(~lines[1:] & ~lines[:-1])
        alone = bool(abs(both - p**2) < 8 * p / np.sqrt(kept.size))
        assert alone, f"entries that are neighbours along axis {axis} are not dropped independently"
        distinct = len({line.tobytes() for line in lines})
        assert distinct == len(lines), f"two lines of the mask along axis {axis} are the same"


@pytest.mark.exercise("dropout-forward", points=2)
def test_your_entries_are_dropped_or_scaled(answers, rng):
    """Each is 0 or x / (1 - p), and a share p of them is 0."""
    for x in given(rng, (5000,), (70, 60), (11, 5, 80)):
        for p in chances(rng):
            kept = factors_of(answers.dropout(x, p, fresh(rng)), x, p) != 0
            require_share(kept, 1 - p, "the share of zeros is not p")


@pytest.mark.exercise("dropout-forward", points=2)
def test_your_evaluation_changes_nothing(answers, rng):
    """Without a generator y is x, bit by bit, whatever p is."""
    for x in given(rng, (7,), (3, 5), (2, 4, 3), ()):
        for p in chances(rng):
            y = x.copy()
            for found in (answers.dropout(x, p), answers.dropout(x, p, None)):
                agree(y, {"rtol": 0}, found)


@pytest.mark.exercise("dropout-forward", points=2)
def test_your_entries_are_dropped_independently(answers, rng):
    """Of their neighbours along all axes, and in arrays of two entries as well."""
    for p in rng.uniform([0.25, 0.5], [0.5, 0.7]):
        x = np.ones((60, 50, 4))
        require_independent(factors_of(answers.dropout(x, p, fresh(rng)), x, p) != 0, p)
        pairs = [factors_of(answers.dropout(x[0, 0, :2], p, fresh(rng)), x[0, 0, :2], p)
                 for _ in range(400)]  # fmt: skip
        both = np.sum(pairs, axis=1) == 0
        require_share(both, p**2, "of two entries both are to be dropped with p²")


def require_own_masks(function, rng):
    """One seed gives one mask, another seed and a second call with the same generator others."""
    seeds = rng.integers(2**40, size=3).tolist()
    first = [np.asarray(function(np.random.default_rng(seed))) for seed in seeds]
    again = [np.asarray(function(np.random.default_rng(seed))) for seed in reversed(seeds)]
    for one, other in zip(first, reversed(again), strict=True):
        assert np.array_equal(one, other), "generators of one seed draw one mask: use rng alone"
    generator = fresh(rng)
    masks = [*first, *(np.asarray(function(generator)) for _ in range(3))]
    distinct = len({mask.tobytes() for mask in masks})
    assert distinct == len(masks), "each call draws another mask"


@pytest.mark.exercise("dropout-forward", points=2)
def test_your_mask_comes_from_the_generator(answers, rng):
    """And from nothing else."""
    x, p = rng.uniform(1, 2, (17, 12)), rng.uniform(0.3, 0.7)
    require_own_masks(lambda generator: answers.dropout(x, p, generator), rng)


@pytest.mark.exercise("dropout-forward", points=2)
def test_you_refuse_what_is_no_probability_to_drop(answers, rng):
    """ValueError for 1 and above, below 0 and for what is no number; 0.99 is right."""
    x = rng.uniform(1, 2, (3, 4))
    for p in (1.0, 1, 1 + 1e-9, rng.uniform(1.1, 9), -1e-9, -rng.random(), np.inf, np.nan):
        for generators in ((fresh(rng),), ()):
            with pytest.raises(ValueError, match=r"^"):
                answers.dropout(x, p, *generators)
    factors_of(answers.dropout(x, 0.99, fresh(rng)), x, 0.99)


@pytest.mark.exercise("dropout-backward", points=2)
def test_your_gradients_are_masked_as_the_entries_were(answers, rng):
    """x̄ = ȳ y / x, for drawn ȳ; a share 1 - p of the entries is kept."""
    for x in given(rng, (4000,), (70, 50), (11, 5, 60)):
        for p in chances(rng):
            y, pullback = answers.dropout_pullback(x, p, fresh(rng))
            factor = factors_of(y, x, p)
            require_share(factor != 0, 1 - p, "the share of zeros is not p")
            y_bar = rng.normal(size=x.shape).astype(x.dtype)
            agree(factor * y_bar, near(y_bar, p), pullback(y_bar))


@pytest.mark.exercise("dropout-backward", points=2)
def test_your_entries_that_are_zero_have_gradients(answers, rng):
    """Behind a ReLU half of x is 0, and y with it; of their x̄ a share p is 0."""
    for p in chances(rng):
        x = np.maximum(rng.normal(size=(70, 60)), 0)
        y, pullback = answers.dropout_pullback(x, p, fresh(rng))
        y = np.asarray(y)
        y_bar = rng.uniform(1, 2, x.shape)
        kept = (x > 0) & (y != 0)
        x_bar = np.asarray(pullback(y_bar))
        factor = factors_of(x_bar, y_bar, p)
        assert np.array_equal(factor[x > 0] != 0, kept[x > 0]), "another mask comes back"
        silent = factor[x == 0] != 0
        require_share(silent, 1 - p, "entries that are 0 are kept, too")


@pytest.mark.exercise("dropout-backward", points=2)
def test_your_pullbacks_can_be_called_again(answers, rng):
    """Two ȳ after each other, twice, also when other masks have been drawn since."""
    cases = []
    for shape in ((30,), (5, 9), (2, 3, 7)):
        x, p = rng.uniform(1, 2, shape), rng.uniform(0.3, 0.7)
        y, pullback = answers.dropout_pullback(x, p, fresh(rng))
        y_bars = rng.normal(size=(2, *shape))
        truth = factors_of(y, x, p) * y_bars
        cases.append((pullback, y_bars, truth, p))
    for pullback, y_bars, truth, p in 2 * cases:
        for y_bar, x_bar in zip(y_bars, truth, strict=True):
            agree(x_bar, near(y_bar, p), pullback(y_bar))


@pytest.mark.exercise("dropout-backward", points=2)
def test_your_gradients_pass_through_evaluation(answers, rng):
    """Without a generator y is x and x̄ is ȳ."""
    for x in given(rng, (7,), (3, 5), (2, 4, 3)):
        for p in chances(rng):
            y_bar = rng.normal(size=x.shape)
            truth, x_bar = x.copy(), y_bar.copy()
            y, pullback = answers.dropout_pullback(x, p)
            agree(truth, {"rtol": 0}, y)
            agree(x_bar, {"rtol": 0}, pullback(y_bar))


@pytest.mark.exercise("dropout-backward", points=2)
def test_your_pullback_keeps_the_mask_of_the_generator(answers, rng):
    """One seed, one mask; the next call, another."""
    x, p = rng.uniform(1, 2, (17, 12)), rng.uniform(0.3, 0.7)
    require_own_masks(lambda generator: answers.dropout_pullback(x, p, generator)[0], rng)


def map_factors(y, x, p):
    """Return one factor for each map, 0 or 1 / (1 - p); it is that of all its pixels."""
    factors = factors_of(y, x, p)
    whole = np.array_equal(factors, np.broadcast_to(factors[:, :, :1, :1], x.shape))
    assert whole, "the pixels of a map are dropped together"
    return factors[:, :, 0, 0]


@pytest.mark.exercise("dropout-maps", points=2)
def test_your_maps_are_dropped_as_a_whole(answers, rng):
    """Each is 0 or x / (1 - p), and a share p of them is 0."""
    for shape in ((80, 50, 2, 3), (45, 90, 3, 1), (60, 70, 1, 4)):
        for x in given(rng, shape):
            for p in chances(rng):
                kept = map_factors(answers.dropout_maps(x, p, fresh(rng)), x, p) != 0
                require_share(kept, 1 - p, "the share of dropped maps is not p")


@pytest.mark.exercise("dropout-maps", points=2)
def test_your_maps_are_dropped_independently(answers, rng):
    """Of the next channel, of the next image; and where there is one image of two channels."""
    for p in rng.uniform([0.25, 0.5], [0.5, 0.7]):
        for shape in ((90, 110, 1, 2), (110, 90, 2, 1)):
            x = rng.uniform(1, 2, shape)
            require_independent(map_factors(answers.dropout_maps(x, p, fresh(rng)), x, p) != 0, p)
        x = rng.uniform(1, 2, (1, 2, 3, 2))
        pairs = [map_factors(answers.dropout_maps(x, p, fresh(rng)), x, p) for _ in range(400)]
        both = np.sum(pairs, axis=(1, 2)) == 0
        require_share(both, p**2, "of two maps both are to be dropped with p²")


@pytest.mark.exercise("dropout-maps", points=2)
def test_your_maps_are_whole_in_evaluation(answers, rng):
    """Without a generator y is x, bit by bit."""
    for x in given(rng, (4, 3, 2, 5), (1, 2, 1, 3)):
        for p in chances(rng):
            y = x.copy()
            agree(y, {"rtol": 0}, answers.dropout_maps(x, p))


@pytest.mark.exercise("dropout-maps", points=2)
def test_your_mask_of_maps_comes_from_the_generator(answers, rng):
    """One seed, one mask; the next call, another."""
    x, p = rng.uniform(1, 2, (17, 12, 2, 3)), rng.uniform(0.3, 0.7)
    require_own_masks(lambda generator: answers.dropout_maps(x, p, generator), rng)


def branch_factors(y, shortcut, branch, p):
    """Return one factor for each example, 0 or 1 / (1 - p), by which its branch was added."""
    y, shortcut, branch = (np.asarray(each, dtype=float) for each in (y, shortcut, branch))
    assert y.shape == branch.shape
    added = (y - shortcut).reshape(len(y), -1)
    kept = np.abs(added[:, 0]) > np.abs(branch.reshape(len(y), -1)[:, 0]) / 2
    factors = (kept / (1 - p)).reshape(-1, *[1] * (branch.ndim - 1))
    assert_allclose(y, shortcut + branch * factors, rtol=0, atol=1e-5 / (1 - p))
    return kept / (1 - p)


@pytest.mark.exercise("dropout-path", points=2)
def test_your_branches_are_dropped_or_scaled(answers, rng):
    """Each example is its shortcut, or has all of its branch, divided by 1 - p."""
    for shape in ((4000,), (3000, 3), (3500, 2, 1, 3)):
        for shortcut, branch in zip(given(rng, shape), given(rng, shape), strict=True):
            for p in chances(rng):
                y = answers.drop_path(shortcut, branch, p, fresh(rng))
                kept = branch_factors(y, shortcut, branch, p) != 0
                require_share(kept, 1 - p, "the share without branch is not p")


@pytest.mark.exercise("dropout-path", points=2)
def test_your_branches_are_dropped_independently(answers, rng):
    """Of the next example, and in batches of two."""
    for p in rng.uniform([0.25, 0.5], [0.5, 0.7]):
        shortcut, branch = rng.uniform(1, 2, (2, 9000, 2))
        y = answers.drop_path(shortcut, branch, p, fresh(rng))
        kept = branch_factors(y, shortcut, branch, p)
        both = np.mean((kept[1:] == 0) & (kept[:-1] == 0))
        alone = bool(abs(both - p**2) < 8 * p / np.sqrt(9000))
        assert alone, "neighbours are not independent"
        pairs = []
        for _ in range(400):
            y = answers.drop_path(shortcut[:2], branch[:2], p, fresh(rng))
            pairs.append(branch_factors(y, shortcut[:2], branch[:2], p))
        both = np.sum(pairs, axis=1) == 0
        require_share(both, p**2, "of two branches both are to be dropped with p²")


@pytest.mark.exercise("dropout-path", points=2)
def test_your_branches_are_whole_in_evaluation(answers, rng):
    """Without a generator y is shortcut + branch."""
    for shape in ((7,), (3, 5), (2, 4, 3, 2)):
        for shortcut, branch in zip(given(rng, shape), given(rng, shape), strict=True):
            for p in chances(rng):
                y = shortcut.astype(float) + branch
                agree(y, near(2 * y.astype(branch.dtype)), answers.drop_path(shortcut, branch, p))


@pytest.mark.exercise("dropout-path", points=2)
def test_your_mask_of_branches_comes_from_the_generator(answers, rng):
    """One seed, one mask; the next call, another."""
    shortcut, branch = rng.uniform(1, 2, (2, 200, 3))
    p = rng.uniform(0.3, 0.7)
    require_own_masks(lambda generator: answers.drop_path(shortcut, branch, p, generator), rng)


def close(truth):
    """Allow ten digits: the closed form adds up at most some thousand terms."""
    return {"rtol": 1e-10, "atol": 1e-12 * (1 + abs(truth))}


@pytest.mark.exercise("dropout-ridge", points=3)
def test_your_expected_loss_is_the_mean_over_all_masks(answers, lab, rng):
    """Two examples of three features have 64 masks, three of four have 4096."""
    for shape in ((2, 3), (3, 2), (1, 5), (3, 4)):
        for p in (*rng.uniform([0.1, 0.6], [0.4, 0.9]), 0.0):
            x, z, w = rng.normal(size=shape), rng.normal(size=shape[0]), rng.normal(size=shape[1])
            masks, probabilities = lab.every_mask(shape, p)
            losses = (((masks * x / (1 - p)) @ w - z) ** 2).sum(axis=1)
            truth = float(probabilities @ losses)
            agree(truth, close(truth), answers.expected_loss(x, z, w, p))


def spread_out(x, z, w, p):
    """Return the expected loss, example after example: a squared mean, and variances."""
    total = 0.0
    for row, target in zip(x.astype(float), z.astype(float), strict=True):
        parts = row * w.astype(float)
        total += (parts.sum() - target) ** 2
        total += sum(part**2 * (1 / (1 - p) - 1) for part in parts)
    return total


@pytest.mark.exercise("dropout-ridge", points=3)
def test_your_expected_loss_is_right_for_many_features(answers, rng):
    """With more masks than can be tried; features of any size, weights of any sign."""
    for _ in range(6):
        N, D = rng.permutation(40)[:2] + 20
        scales = 10.0 ** rng.uniform(-2, 2, D)
        x, z, w = rng.normal(size=(N, D)) * scales, rng.normal(size=N), rng.normal(size=D) / scales
        p = rng.uniform(0.05, 0.95)
        truth = spread_out(x, z, w, p)
        agree(truth, close(truth), answers.expected_loss(x, z, w, p))
        agree(truth, close(truth), answers.expected_loss(x.T.copy().T, z, w, p))


def as_drop(draw, scale=lambda p: 1 / (1 - p), *, backward=None, evaluation=None):
    """Turn a way to draw masks into a function  make(seed) -> drop  for the judges."""

    def make(seed):
        rng = np.random.default_rng(seed)

        def drop(x, p, training):
            p = float(p)
            if not training:
                return evaluation(rng, x, p) if evaluation else (x, lambda y_bar: y_bar)
            factor = draw(rng, x.shape, p) * scale(p)
            y = x * factor
            if backward is None:
                return y, lambda y_bar: y_bar * factor
            return y, lambda y_bar: y_bar * backward(rng, factor, y, p)

        return drop

    return make


def evenly(rng, shape, p):
    """Draw a bit for each entry."""
    return rng.random(shape) >= p


def forgetful(make):
    """Begin each call from the seed."""

    def make_again(seed):
        def drop(x, p, training):
            return make(seed)(x, p, training)

        return drop

    return make_again


def right_drops():
    """List some that are dropout, and draw their masks in other ways."""
    return [
        as_drop(evenly),
        as_drop(lambda rng, shape, p: rng.random(shape) < 1 - p),
        as_drop(lambda rng, shape, p: rng.binomial(1, 1 - p, shape)),
        as_drop(lambda rng, shape, p: evenly(rng, shape[::-1], p).T),
        as_drop(lambda rng, shape, p: rng.exponential(size=shape) > -np.log1p(-p)),
    ]


def wrong_drops(rng):
    """List imitations: some are right in one mode, on average, for small p, entry by entry."""
    late = rng.uniform(0.47, 0.53)
    unlike = lambda rng, factor, y, p: (rng.random(y.shape) >= p) / (1 - p)
    pairs = lambda rng, shape, p: np.repeat(rng.random((shape[0], -(-shape[1] // 2))) >= p, 2, 1)
    rows = lambda rng, shape, p: np.repeat(rng.random((-(-shape[0] // 2), shape[1])) >= p, 2, 0)
    return [
        as_drop(lambda rng, shape, p: rng.random(shape) < p),  # p is the probability to keep
        as_drop(lambda rng, shape, p: rng.random(shape) < p, lambda p: 1 / p),
        as_drop(evenly, lambda p: 1.0),  # not scaled
        as_drop(evenly, lambda p: 1 / p),
        as_drop(evenly, lambda p: 1 - p),
        as_drop(evenly, lambda p: 1 / (1 - min(p, late))),  # right for small p
        as_drop(lambda rng, shape, p: rng.random(shape) >= max(p, late)),  # right for large p
        as_drop(lambda rng, shape, p: rng.random(shape) >= p + 0.07),
        as_drop(evenly, lambda p: 1.0, evaluation=lambda rng, x, p: (
            x * (1 - p), lambda y_bar: y_bar * (1 - p))),
        as_drop(evenly, evaluation=lambda rng, x, p: (
            x * (rng.random(x.shape) >= p) / (1 - p), lambda y_bar: y_bar)),
        as_drop(evenly, evaluation=lambda rng, x, p: (x, lambda y_bar: y_bar / (1 - p))),
        as_drop(evenly, backward=unlike),  # another mask
        as_drop(evenly, backward=lambda rng, factor, y, p: (y > 0) / (1 - p)),
        as_drop(evenly, backward=lambda rng, factor, y, p: factor != 0),  # not scaled
        as_drop(evenly, backward=lambda rng, factor, y, p: 1 / (1 - p)),  # no mask
        as_drop(evenly, backward=lambda rng, factor, y, p: (factor == 0) / (1 - p)),
        as_drop(evenly, backward=lambda rng, factor, y, p: factor**2),
        as_drop(lambda rng, shape, p: np.tile(rng.random((1, shape[1])) >= p, (shape[0], 1))),
        as_drop(lambda rng, shape, p: np.tile(rng.random((shape[0], 1)) >= p, (1, shape[1]))),
        as_drop(lambda rng, shape, p: np.full(shape, rng.random() >= p)),  # one bit for all
        as_drop(pairs),
        as_drop(rows),
        forgetful(as_drop(evenly)),  # the same mask in each call
        lambda seed: as_drop(evenly)(None),  # a generator of its own
    ]  # fmt: skip


@pytest.mark.exercise("dropout-test", points=3)
def test_dropout_is_distinguished_from_its_imitations(answers, rng):
    """Right ones draw their masks in other ways; wrong ones are wrong in one respect each."""
    cases = [(make, True) for make in right_drops()]
    cases += [(make, False) for make in wrong_drops(rng)]
    makes, truth = zip(*(cases[i] for i in rng.permutation(len(cases))), strict=True)
    said = [answers.is_dropout(make, rng) for make in makes]
    assert all(np.shape(each) == () for each in said), "return True or False"
    right = all(map(np.equal, said, truth))
    assert right, "a verdict is wrong"


@pytest.mark.exercise("dropout-test", points=3)
def test_your_judge_draws_from_the_generator_that_is_given(answers, seed_decides):
    """The same seed tries the same features, another seed tries others."""

    def tried(generator):
        features = []
        drop = lambda x, p, training: (features.append([p, *np.ravel(x)]), (x, lambda y_bar: y_bar))
        answers.is_dropout(lambda seed: lambda *args: drop(*args)[1], generator)
        return features[:1]

    seed_decides(tried)


@pytest.mark.exercise("dropout-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "variance_of_an_entry": "dropout-line-5",
        "square_of_score": "dropout-line-22",
        "averaged": "dropout-line-3",
    }
    truth = [planted(f"dropout.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
