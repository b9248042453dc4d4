"""Losses.  Each test is a lemma of `book/loss.md`, in the order of the chapter."""

import importlib
from math import exp, log

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import jacobian
from dlcore.ops import loss
from dlcore.shapes import ShapeError

N, K = 5, 3
ROUNDED = {"rtol": 1e-12, "atol": 1e-15}  # some roundings of 1e-16, also where ones cancel
MEASURED = {"rtol": 1e-8, "atol": 1e-9}  # differences with a step of 1e-5 err by its square
FORWARD = {
    "softmax": (loss.softmax, "x", ()),
    "softmax_shifted": (loss.softmax, "x", ()),
    "logsumexp": (loss.logsumexp, "x", ()),
    "logsumexp_shifted": (loss.logsumexp, "x", ()),
    "log_softmax": (loss.log_softmax, "x", ()),
    "cross_entropy": (loss.cross_entropy, "xt", ()),
    "cross_entropy_smoothed": (loss.cross_entropy, "xt", ("smoothing",)),
    "hinge": (loss.hinge, "xt", ("margin",)),
    "squared_error": (loss.squared_error, "xz", ()),
}
BACKWARD = {
    "logsumexp_x_bar": (loss.logsumexp, "x", ()),
    "softmax_x_bar": (loss.softmax, "x", ()),
    "log_softmax_x_bar": (loss.log_softmax, "x", ()),
    "cross_entropy_gradient": (loss.cross_entropy, "xt", ()),
    "cross_entropy_smoothed_gradient": (loss.cross_entropy, "xt", ("smoothing",)),
    "hinge_gradient": (loss.hinge, "xt", ("margin",)),
    "squared_error_gradient": (loss.squared_error, "xz", ()),
    "squared_error_z_bar": (loss.squared_error, "xz", ()),
}


@pytest.fixture
def given(rng):
    """What the letters of the formulas stand for: scores, shifts, wanted values, labels."""
    x, z, m = rng.normal(size=(N, K)), rng.normal(size=(N, K)), rng.normal(size=N)
    t = rng.integers(K, size=N)
    return {"x": x, "z": z, "m": m, "t": t, "smoothing": rng.uniform(), "margin": 1 + rng.uniform()}


@pytest.fixture
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.loss")


def guesses(rng, *shape):
    """Draw scores of some spread, and labels, that nobody can overwrite."""
    x, t = 2 * rng.normal(size=shape), rng.integers(shape[1], size=shape[0])
    x.flags.writeable = t.flags.writeable = False
    return x, t


# Scores become shares


@pytest.mark.parametrize("name", FORWARD)
def test_the_program_says_what_the_page_says(name, formulas, oracle, given):
    """Entry by entry, the formula evaluated with thirty digits is what the program returns."""
    op, letters, options = FORWARD[name]
    y = op(*(given[letter] for letter in letters), **{key: given[key] for key in options})
    assert_allclose(y, oracle.program(getattr(formulas, name))(**given), **ROUNDED)


def test_weights_one_two_four_become_sevenths():
    """The scores ln 1, ln 2, ln 4 have the probabilities 1/7, 2/7, 4/7."""
    assert_allclose(loss.softmax(np.log([[1.0, 2.0, 4.0]])), [[1 / 7, 2 / 7, 4 / 7]], **ROUNDED)


def test_probabilities_are_positive_and_sum_to_one(rng):
    """For every n:  yₙₖ > 0  and  Σₖ yₙₖ = 1."""
    y = loss.softmax(rng.normal(size=(N, K)))
    assert (y > 0).all()
    assert_allclose(y.sum(axis=1), np.ones(N), **ROUNDED)


def test_only_differences_of_scores_count(rng):
    """For every shift m:  softmax(x + m) = softmax(x)."""
    x, m = rng.normal(size=(N, K)), rng.normal(size=(N, 1))
    assert_allclose(loss.softmax(x + m), loss.softmax(x), **ROUNDED)


def test_two_classes_share_by_the_sigmoid_of_their_difference(rng):
    """For K = 2:  y₁ = 1 / (1 + exp(x₀ - x₁))."""
    x = rng.normal(size=(N, 2))
    assert_allclose(loss.softmax(x)[:, 1], 1 / (1 + np.exp(x[:, 0] - x[:, 1])), **ROUNDED)


# Numbers that are too large


def test_the_naive_softmax_fails_at_a_thousand():
    """In floating point exp 1000 is infinite, and infinity over infinity is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp([0.0, 1000.0])
        shares = powers / powers.sum()
    assert_array_equal(shares, [0.0, np.nan])


@pytest.mark.parametrize("size", [1.0, 1e3, 1e300])
def test_scores_of_any_size_are_safe(size):
    """The largest score m is taken off first; every exponent is then at most zero."""
    x = size * np.array([[1.0, 0.0, 1.0], [-1.0, -1.0, -2.0]])
    far = exp(-size)  # zero, when the size is large
    assert_allclose(loss.softmax(x) * (2 + far), [[1, far, 1], [1, 1, far]], **ROUNDED)
    assert_allclose(loss.logsumexp(x), x.max(axis=1) + log(2 + far), **ROUNDED)


def test_logsumexp_is_a_maximum_with_round_corners(rng):
    """maxₖ xₖ ≤ ln Σₖ exp xₖ ≤ maxₖ xₖ + ln K."""
    x = rng.normal(size=(N, K))
    surplus = loss.logsumexp(x) - x.max(axis=1)
    assert (surplus >= 0).all()
    assert (surplus <= log(K)).all()


# Surprise


def test_surprises_add_where_probabilities_multiply(rng):
    """exp(-N y) is the probability of all N labels together:  Πₙ softmax(x)ₙₜ."""
    x, t = guesses(rng, N, K)
    together = np.prod(loss.softmax(x)[np.arange(N), t])
    assert_allclose(np.exp(-N * loss.cross_entropy(x, t)), together, **ROUNDED)


def test_the_loss_survives_a_probability_that_rounds_to_zero():
    """Of exp(-1000) nothing is left in floating point, and yet its surprise is 1000."""
    x, t = np.array([[1000.0, 0.0]]), np.array([1])
    assert loss.softmax(x)[0, 1] == 0.0
    assert loss.cross_entropy(x, t) == 1000.0


def test_honest_probabilities_are_least_surprised(rng):
    """For frequencies q and every x:  - Σₖ qₖ ln softmax(x)ₖ ≥ - Σₖ qₖ ln qₖ."""
    q = rng.dirichlet(np.ones(K), size=N)
    honest, other = np.log(q), np.log(q) + rng.normal(size=(N, K))
    surprise = [-(q * loss.log_softmax(x)).sum(axis=1) for x in (honest, other)]
    assert_allclose(surprise[0], -(q * np.log(q)).sum(axis=1), **ROUNDED)
    assert (surprise[1] > surprise[0]).all()


def test_a_straight_cost_rewards_false_certainty():
    """For q = (1/7, 2/7, 4/7)  Σₖ qₖ (1 - pₖ)  is 4/7 at p = q, and 3/7 at p = (0, 0, 1)."""
    q = loss.softmax(np.log([[1.0, 2.0, 4.0]]))
    honest, certain = ((q * (1 - p)).sum() for p in (q, np.eye(3)[2]))
    assert_allclose([honest, certain], [4 / 7, 3 / 7], **ROUNDED)


def test_a_small_loss_means_few_errors(rng):
    """Errors/N ≤ y / ln 2  for the mean surprise y, and  Errors/N ≤ y  for the hinge."""
    x, t = guesses(rng, 50, K)
    errors = np.mean(x.argmax(axis=1) != t)
    assert 0 < errors <= loss.cross_entropy(x, t) / log(2)
    assert errors <= loss.hinge(x, t)


def test_a_label_without_a_score_is_refused():
    """Labels count from 0 to K - 1."""
    with pytest.raises(ValueError, match="t holds label 3 but x has K = 3 classes, use 0 to 2"):
        loss.cross_entropy(np.zeros((2, 3)), np.array([0, 3]))


def test_every_example_needs_its_label():
    """N scores and N labels, or neither."""
    with pytest.raises(ShapeError, match="cross_entropy: N is 2 in x but 3 in t"):
        loss.cross_entropy(np.zeros((2, 4)), np.array([0, 3, 1]))


# The gradient


def test_the_slope_of_logsumexp_is_softmax(rng):
    """∂yₙ/∂xₙₖ = softmax(x)ₙₖ, and no example sees another one."""
    x = rng.normal(size=(N, K))
    slopes = jacobian(loss.logsumexp)(x)
    assert_allclose(slopes, np.eye(N)[:, :, None] * loss.softmax(x), **ROUNDED)


def test_the_slope_of_a_surprise_is_probability_minus_truth(formulas, oracle, given):
    """The surprise falls when the right score rises, and rises with every other score."""
    x, t, rows = given["x"], given["t"], np.arange(N)
    log_y, slopes = loss.log_softmax(x), jacobian(loss.log_softmax)(x)
    assert_allclose(oracle.program(formulas.surprise)(**given), -log_y[rows, t], **ROUNDED)
    page = oracle.program(formulas.surprise_slope)(**given)
    assert_allclose(-slopes[rows, t, rows], page, **ROUNDED)


@pytest.mark.parametrize("name", BACKWARD)
def test_the_backward_rules_say_what_the_page_says(name, formulas, oracle, given, rng):
    """For an arbitrary upstream gradient ȳ, entry by entry."""
    op, letters, options = BACKWARD[name]
    xs, options = [given[letter] for letter in letters], {key: given[key] for key in options}
    y = op(*xs, **options)
    y_bar = rng.normal(size=np.shape(y))
    page = oracle.program(getattr(formulas, name))(**given, y=y, y_bar=y_bar)
    bars = op.vjp(y, *xs, y_bar, **options)
    assert_allclose(bars[1 if name.endswith("z_bar") else 0], page, **ROUNDED)


def test_the_gradient_sums_to_zero_in_every_row(rng):
    """A shift of all scores changes nothing:  Σₖ x̄ₙₖ = 0, for every loss that sees differences."""
    x, t = guesses(rng, N, K)
    for op in (loss.cross_entropy, loss.hinge):
        (x_bar,) = op.vjp(op(x, t), x, t, rng.normal())
        assert_allclose(x_bar.sum(axis=1), np.zeros(N), **ROUNDED)


def test_between_two_guesses_the_loss_has_no_hill(rng):
    """f((x + z)/2) ≤ (f(x) + f(z))/2: the mean surprise is convex in the scores."""
    x, t = guesses(rng, N, K)
    z = rng.normal(size=(N, K))
    mean = (loss.cross_entropy(x, t) + loss.cross_entropy(z, t)) / 2
    assert loss.cross_entropy((x + z) / 2, t) < mean


# The slope of the probabilities


def test_a_probability_rises_with_its_own_score_alone(formulas, oracle, given):
    """∂yₖ/∂xⱼ = yₖ ([k = j] - yⱼ): positive on the diagonal, negative beside it."""
    y, rows = loss.softmax(given["x"]), np.arange(N)
    slopes = jacobian(loss.softmax)(given["x"])[rows, :, rows]
    assert_allclose(slopes, oracle.program(formulas.softmax_jacobian)(y=y), **ROUNDED)
    assert_array_equal(np.sign(slopes), np.broadcast_to(2 * np.eye(K) - 1, (N, K, K)))


def test_the_matrix_of_slopes_is_symmetric_and_flat_along_shifts(rng):
    """J = Jᵀ and J 1 = 0."""
    [slopes] = jacobian(loss.softmax)(rng.normal(size=(1, K)))[:, :, 0]
    assert_allclose(slopes, slopes.T, **ROUNDED)
    assert_allclose(slopes @ np.ones(K), np.zeros(K), **ROUNDED)


def test_both_ways_to_the_gradient_agree(rng):
    """Through the probabilities:  ȳ = -[k = t]/(N yₖ), and Jᵀȳ is probability minus truth."""
    x, t = guesses(rng, N, K)
    y, y_bar = loss.softmax(x), np.zeros((N, K))
    y_bar[np.arange(N), t] = -1 / (N * y[np.arange(N), t])
    (direct,) = loss.cross_entropy.vjp(loss.cross_entropy(x, t), x, t, 1.0)
    assert_allclose(loss.softmax.vjp(y, x, y_bar)[0], direct, **ROUNDED)


def test_a_sum_is_blind_to_the_softmax(rng):
    """With ȳ = 1 every x̄ₙₖ is zero: Σₖ yₖ = 1 has no slope, so zero would pass for right."""
    x = rng.normal(size=(N, K))
    (x_bar,) = loss.softmax.vjp(loss.softmax(x), x, np.ones((N, K)))
    assert_allclose(x_bar, np.zeros((N, K)), **ROUNDED)


# Softer labels


def test_no_smoothing_changes_nothing(rng):
    """At s = 0 the softer loss is the plain one."""
    x, t = guesses(rng, N, K)
    surprise = -loss.log_softmax(x)[np.arange(N), t].mean()
    assert_allclose(loss.cross_entropy(x, t, smoothing=0.0), surprise, **ROUNDED)


def test_smoothing_wants_a_finite_lead(rng):
    """At the lead  xₜ - xₖ = ln(1 + K (1 - s)/s)  over all other classes the gradient is zero."""
    s, t = rng.uniform(), rng.integers(K, size=N)
    x = np.log1p(K * (1 - s) / s) * np.eye(K)[t]
    (x_bar,) = loss.cross_entropy.vjp(None, x, t, 1.0, smoothing=s)
    assert_allclose(x_bar, np.zeros((N, K)), **ROUNDED)


# A margin instead


def test_a_kept_margin_costs_nothing(rng):
    """If  xₜ ≥ xₖ + Δ  for every k ≠ t, loss and gradient are zero."""
    x, t = rng.uniform(size=(N, K)), rng.integers(K, size=N)
    x[np.arange(N), t] += 2.0
    assert loss.hinge(x, t) == 0.0
    assert_array_equal(loss.hinge.vjp(0.0, x, t, 1.0)[0], np.zeros((N, K)))


def test_the_hinge_gradient_is_a_subgradient(rng):
    """f(z) ≥ f(x) + ⟨x̄, z - x⟩  for every z, also where x stands on a kink."""
    x, t = rng.integers(3, size=(N, K)).astype(float), rng.integers(K, size=N)
    y = loss.hinge(x, t)
    (x_bar,) = loss.hinge.vjp(y, x, t, 1.0)
    for z in x + rng.normal(size=(50, N, K)):
        assert loss.hinge(z, t) >= y + np.vdot(x_bar, z - x) - 1e-14


def test_a_single_class_is_never_wrong(rng):
    """For K = 1 the probability is one, both losses are zero, and so are their gradients."""
    x, t = rng.normal(size=(N, 1)), np.zeros(N, dtype=int)
    assert_array_equal(loss.softmax(x), np.ones((N, 1)))
    for op in (loss.cross_entropy, loss.hinge):
        assert op(x, t) == 0.0
        assert_array_equal(op.vjp(0.0, x, t, 1.0)[0], np.zeros((N, 1)))


# A poor judge


def test_squared_error_punishes_whoever_is_too_right():
    """Wanted (0, 1): the right guess (0, 3) costs more than the wrong guess (1, 0)."""
    right, wrong, wanted = ([np.array([row])] for row in ([0.0, 3.0], [1.0, 0.0], [0.0, 1.0]))
    assert loss.squared_error(*right, *wanted) == 2.0
    assert loss.squared_error(*wrong, *wanted) == 1.0
    assert loss.cross_entropy(*right, np.array([1])) < loss.cross_entropy(*wrong, np.array([1]))


# The first loss


def test_equal_scores_cost_the_logarithm_of_their_number(formulas, oracle):
    """If no class is preferred, each has the probability 1/K, and the surprise is ln K."""
    _, page = oracle.claim(formulas.cross_entropy_first)
    first = loss.cross_entropy(np.full((N, K), 7.0), np.arange(N) % K)
    assert_allclose(first, oracle.program(page)(K=K), **ROUNDED)


def test_equal_scores_cost_a_margin_for_every_wrong_class(formulas, oracle, given):
    """The first hinge is  (K - 1) Δ."""
    _, page = oracle.claim(formulas.hinge_first)
    first = loss.hinge(np.full((N, K), 7.0), given["t"], margin=given["margin"])
    wanted = oracle.program(page)(K=K, N=N, margin=given["margin"])
    assert_allclose(np.full(N, first), wanted, **ROUNDED)


def test_the_first_hinge_of_the_sources_is_nearly_nine(lab):
    """Fifty examples, ten classes, scores of 1/1000: nine margins, give or take four deviations."""
    values, _ = lab.sanity_losses(0)
    assert abs(values["hinge"] - 9) < 4 * np.sqrt((9 + 81) / 50) / 1000


def test_the_first_cross_entropy_of_the_sources_is_nearly_ln_ten(lab):
    """The same scores: ln 10, give or take four deviations."""
    values, _ = lab.sanity_losses(0)
    assert abs(values["softmax"] - log(10)) < 4 * np.sqrt(9 / 10 / 50) / 1000


# Exercises


def differences(f, x, step=1e-5):
    """Measure the slope of a number f(x) along every entry of x."""
    units = step * np.eye(x.size).reshape(-1, *x.shape)
    return np.reshape([(f(x + u) - f(x - u)) / (2 * step) for u in units], x.shape)


def surprise(x, q):
    """Average  Σₖ qₖ (ln Σⱼ exp xⱼ - xₖ)  over the examples, the plain way."""
    totals = np.array([[log(sum(map(exp, row)))] for row in x])
    return (q * (totals - x)).sum() / len(x)


def missing(x, t, margin):
    """Average  Σ max(0, xₖ - xₜ + margin)  over the examples, the plain way."""
    near = [[max(0, s - x[n][t[n]] + margin) for s in x[n]] for n in range(len(x))]
    return sum(sum(row) - margin for row in near) / len(x)


@pytest.mark.exercise("loss-softmax", points=2)
def test_your_probabilities_are_shares_of_the_exponentials(answers, rng):
    """yₙₖ = exp xₙₖ / Σⱼ exp xₙⱼ."""
    for shape in [(5, 3), (1, 4), (6, 2), (3, 1)]:
        x, _ = guesses(rng, *shape)
        shares = [[exp(score) / sum(map(exp, row)) for score in row] for row in x]
        assert_allclose(answers.softmax(x), shares, **ROUNDED)


@pytest.mark.exercise("loss-softmax", points=2)
def test_your_probabilities_survive_scores_of_any_size(answers):
    """Also when the largest scores of two examples are a thousand apart, or below zero."""
    x = np.array([[1e3, 0.0, 1e3], [-1e3, -2e3, -1e3], [0.0, -1e300, 0.0]])
    assert_allclose(answers.softmax(x), np.array([[0.5, 0.0, 0.5]] * 3), **ROUNDED)


@pytest.mark.exercise("loss-logsumexp", points=1)
def test_your_sum_is_taken_on_the_logarithmic_scale(answers, rng):
    """yₙ = ln Σₖ exp xₙₖ, one number per example."""
    for shape in [(5, 3), (1, 4), (6, 2), (3, 1)]:
        x, _ = guesses(rng, *shape)
        sums = [log(sum(map(exp, row))) for row in x]
        assert_allclose(answers.logsumexp(x), sums, **ROUNDED)


@pytest.mark.exercise("loss-logsumexp", points=1)
def test_your_sum_survives_scores_of_any_size(answers):
    """ln(exp x + exp x) = x + ln 2."""
    x = np.array([[1e3, 0.0, 1e3], [-1e3, -2e3, -1e3], [0.0, -1e300, 0.0]])
    assert_allclose(answers.logsumexp(x), x.max(axis=1) + log(2), **ROUNDED)


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_loss_is_the_mean_surprise(answers, rng):
    """L = -1/N Σₙ ln softmax(x)ₙₜ."""
    for shape in [(5, 3), (1, 4), (6, 2)]:
        x, t = guesses(rng, *shape)
        value, _ = answers.cross_entropy(x, t)
        assert_allclose(value, surprise(x, np.eye(shape[1])[t]), **ROUNDED)


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_gradient_is_the_slope_of_the_mean_surprise(answers, rng):
    """x̄ₙₖ = ∂L/∂xₙₖ, measured by differences."""
    for shape in [(5, 3), (1, 4), (6, 2)]:
        x, t = guesses(rng, *shape)
        q = np.eye(shape[1])[t]
        slopes = differences(lambda x, q=q: surprise(x, q), x)
        assert_allclose(answers.cross_entropy(x, t)[1], slopes, **MEASURED)


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_surprise_may_be_a_thousand(answers):
    """A right label of probability exp(-1000) costs 1000, not infinity."""
    value, x_bar = answers.cross_entropy(np.array([[1e3, 0.0, -1e3]]), np.array([1]))
    assert_allclose(value, 1e3, **ROUNDED)
    assert_allclose(x_bar, [[1.0, -1.0, 0.0]], **ROUNDED)


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_hinge_is_what_is_missing_to_the_margin(answers, rng):
    """L = 1/N Σₙ Σ_{k ≠ tₙ} max(0, xₙₖ - xₙₜ + margin)."""
    for shape, margin in [((5, 3), 1.0), ((1, 4), 0.5), ((6, 2), 2.0)]:
        x, t = guesses(rng, *shape)
        value, _ = answers.hinge(x, t, margin=margin)
        assert_allclose(value, missing(x, t, margin), **ROUNDED)


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_gradient_is_the_slope_of_the_hinge(answers, rng):
    """x̄ₙₖ = ∂L/∂xₙₖ, measured by differences where the loss has no kink."""
    for shape, margin in [((5, 3), 1.0), ((1, 4), 0.5), ((6, 2), 2.0)]:
        x, t = guesses(rng, *shape)
        slopes = differences(lambda x, t=t, margin=margin: missing(x, t, margin), x)
        assert_allclose(answers.hinge(x, t, margin=margin)[1], slopes, **MEASURED)


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_gradient_supports_the_hinge_at_its_kinks(answers, rng):
    """L(z) ≥ L(x) + ⟨x̄, z - x⟩  for every z, when scores lie exactly a margin apart."""
    x, t = rng.integers(3, size=(7, 4)).astype(float), rng.integers(4, size=7)
    value, x_bar = answers.hinge(x.copy(), t)
    for z in x + rng.normal(size=(9, 7, 4)):
        support = value + np.vdot(x_bar, z - x)
        assert missing(z, t, 1) >= support - 1e-12, "the gradient is steeper than the loss"


@pytest.mark.exercise("loss-smoothing", points=2)
def test_your_smoothed_loss_shares_the_label(answers, rng):
    """L = -1/N Σₙ Σₖ qₙₖ ln softmax(x)ₙₖ  with  q = (1 - s) [k = t] + s/K."""
    for shape, s in [((5, 3), 0.1), ((1, 4), 0.5), ((6, 2), 0.0)]:
        x, t = guesses(rng, *shape)
        q = (1 - s) * np.eye(shape[1])[t] + s / shape[1]
        value, _ = answers.smoothed_cross_entropy(x, t, smoothing=s)
        assert_allclose(value, surprise(x, q), **ROUNDED)


@pytest.mark.exercise("loss-smoothing", points=2)
def test_your_smoothed_gradient_is_the_slope(answers, rng):
    """x̄ₙₖ = ∂L/∂xₙₖ, measured by differences."""
    for shape, s in [((5, 3), 0.1), ((1, 4), 0.5), ((6, 2), 0.0)]:
        x, t = guesses(rng, *shape)
        q = (1 - s) * np.eye(shape[1])[t] + s / shape[1]
        slopes = differences(lambda x, q=q: surprise(x, q), x)
        assert_allclose(answers.smoothed_cross_entropy(x, t, smoothing=s)[1], slopes, **MEASURED)


@pytest.mark.exercise("loss-smoothing", points=2)
def test_your_smoothed_loss_survives_large_scores(answers):
    """Scores 1000 and 0, label 0, s = 1/5: the wrong class weighs 1/10 and costs 1000."""
    x, t = np.array([[1e3, 0.0]]), np.array([0])
    assert_allclose(answers.smoothed_cross_entropy(x, t, smoothing=0.2)[0], 100.0, **ROUNDED)


@pytest.mark.exercise("loss-overflow", points=1)
def test_your_scores_break_the_naive_program_twice(answers):
    """Σₖ exp xₙₖ overflows to infinity for n = 0, and vanishes for n = 1."""
    x = np.asarray(answers.overflow())
    assert x.shape == (2, 3), "two examples, three classes"
    assert np.isfinite(x).all(), "the scores themselves must be finite"
    with np.errstate(over="ignore"):
        large, small = np.exp(x).sum(axis=1)
    assert np.isinf(large), f"the sum for n = 0 is {large}: it does not overflow"
    assert small == 0, f"the sum for n = 1 is {small}: it does not vanish"


RIGHT = {
    "the shares": (loss.softmax, lambda x, y, b: y * (b - (y * b).sum(1)[:, None])),
    "their matrix": (loss.softmax, lambda x, y, b: y * b - np.einsum("nk,nj,nj->nk", y, y, b)),
    "their logarithm": (loss.log_softmax, lambda x, y, b: b - np.exp(y) * b.sum(1)[:, None]),
    "the cube": (lambda x: x**3, lambda x, y, b: 3 * x**2 * b),
}
WRONG = {
    "zero": lambda x, y, b: 0 * b,
    "no interaction": lambda x, y, b: y * b,
    "the diagonal": lambda x, y, b: y * (1 - y) * b,
    "a sum that is not weighted": lambda x, y, b: y * (b - b.sum(1)[:, None]),
    "the mean over the batch": lambda x, y, b: y * (b - (y * b).sum(0)),
    "the first cotangent for all": lambda x, y, b: y * (b[0] - (y * b[0]).sum(1)[:, None]),
    "the other sign": lambda x, y, b: y * ((y * b).sum(1)[:, None] - b),
    "one part in a thousand": lambda x, y, b: 1.001 * y * (b - (y * b).sum(1)[:, None]),
    "the upstream gradient itself": lambda x, y, b: b,
    "equal shares": lambda x, y, b: (b - b.mean(1)[:, None]) / b.shape[1],
    "the last class left out": lambda x, y, b: y * (b - (y * b).sum(1)[:, None]) * (b != b[:, -1:]),
}


@pytest.mark.exercise("loss-lemma", points=3)
@pytest.mark.parametrize("name", RIGHT)
def test_your_lemma_accepts_what_is_right(answers, name, rng):
    """x̄ = Jᵀ ȳ is accepted, whatever the function."""
    f, rule = RIGHT[name]
    verdict = answers.accepts(f, lambda x, y_bar: rule(x, f(x), y_bar), rng=rng)
    assert verdict, f"{name} is right, and was refused"


@pytest.mark.exercise("loss-lemma", points=3)
@pytest.mark.parametrize("name", WRONG)
def test_your_lemma_refuses_what_is_wrong(answers, name, rng):
    """x̄ ≠ Jᵀ ȳ for the softmax is refused."""
    f, rule = loss.softmax, WRONG[name]
    verdict = answers.accepts(f, lambda x, y_bar: rule(x, f(x), y_bar), rng=rng)
    assert not verdict, f"{name} is wrong, and was accepted"


@pytest.mark.exercise("loss-wrong-lines", points=2)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "jacobian": "loss-line-3",
        "softmax_back": "loss-line-17",
        "hinge_support": "loss-line-14",
    }
    truth = [planted(f"loss.{name}", slip)[0] for name, slip in names.items()]
    assert list(yours) == truth
