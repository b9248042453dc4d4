"""Losses.  The claims of `book/loss.md`, in the order of the chapter."""

import importlib
from itertools import permutations
from math import exp, log
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import jacobian
from dlcore.ops import loss
from tests.comparing import agree

N, K = 5, 3
ROUNDED = {"rtol": 1e-12, "atol": 1e-15}  # some roundings of 1e-16, also where ones cancel
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


def scores_and_labels(rng, *shape):
    """Draw scores of some spread, and labels, that nobody can overwrite."""
    x, t = 2 * rng.normal(size=shape), rng.integers(shape[1], size=shape[0])
    x.flags.writeable = t.flags.writeable = False
    return x, t


# Scores become probabilities


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
    x = rng.normal(size=(200, K))
    m = rng.normal(size=(200, 1))
    assert_allclose(loss.softmax(x + m), loss.softmax(x), **ROUNDED)


def test_the_softmax_of_two_scores_is_the_sigmoid_of_their_difference(rng):
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


def test_logsumexp_exceeds_the_maximum_by_at_most_the_logarithm_of_their_number(rng):
    """maxₖ xₖ ≤ ln Σₖ exp xₖ ≤ maxₖ xₖ + ln K."""
    x = 3 * rng.normal(size=(200, K))
    surplus = loss.logsumexp(x) - x.max(axis=1)
    assert (surplus >= 0).all()
    assert (surplus <= log(K)).all()
    assert_allclose(loss.logsumexp(np.zeros((1, K))), [log(K)], **ROUNDED)


# Negative log-likelihood


def test_only_the_logarithm_turns_products_into_sums(rng):
    """f(p q) = f(p) + f(q)  holds for  -ln p, and for no other of five decreasing costs."""
    p, q = rng.uniform(0.05, 0.95, size=(2, 200))
    assert_allclose(-np.log(p * q), -np.log(p) - np.log(q), **ROUNDED)
    others = [
        lambda p: 1 - p,
        lambda p: (1 - p) ** 2,
        lambda p: 1 / p - 1,
        lambda p: -np.log(p) * (1 - p),
    ]
    for cost in others:
        assert (np.abs(cost(p * q) - cost(p) - cost(q)) > 1e-6).all()


def test_the_loss_is_the_mean_negative_log_likelihood(rng):
    """exp(-N y) is the probability of all N labels together:  Πₙ softmax(x)ₙₜ."""
    x, t = scores_and_labels(rng, N, K)
    together = np.prod(loss.softmax(x)[np.arange(N), t])
    assert_allclose(np.exp(-N * loss.cross_entropy(x, t)), together, **ROUNDED)


def test_the_loss_survives_a_probability_that_rounds_to_zero():
    """Of exp(-1000) nothing is left in floating point, and yet its surprise is 1000."""
    x, t = np.array([[1000.0, 0.0]]), np.array([1])
    assert loss.softmax(x)[0, 1] == 0.0
    assert loss.cross_entropy(x, t) == 1000.0


def test_the_true_frequencies_have_the_least_cross_entropy(rng):
    """- Σₖ qₖ ln pₖ ≥ - Σₖ qₖ ln qₖ  for all distributions, with equality at p = q only."""
    q, p = rng.dirichlet(np.ones(K), size=(2, 200))
    entropy = -(q * np.log(q)).sum(axis=1)
    assert (-(q * np.log(p)).sum(axis=1) > entropy).all()
    at_best = -(q * loss.log_softmax(np.log(q))).sum(axis=1)
    assert_allclose(at_best, entropy, **ROUNDED)


def test_the_linear_cost_prefers_a_false_certainty():
    """For q = (1/7, 2/7, 4/7)  Σₖ qₖ (1 - pₖ)  is 4/7 at p = q, and 3/7 at p = (0, 0, 1)."""
    q = loss.softmax(np.log([[1.0, 2.0, 4.0]]))
    honest, certain = ((q * (1 - p)).sum() for p in (q, np.eye(3)[2]))
    assert_allclose([honest, certain], [4 / 7, 3 / 7], **ROUNDED)


def test_the_loss_bounds_the_share_of_errors(rng):
    """Errors/N ≤ y / ln 2  for cross-entropy y, and  Errors/N ≤ y / Δ  for the hinge."""
    for _ in range(200):
        x, t = scores_and_labels(rng, 50, K)
        margin = rng.uniform(0.2, 3)
        errors = np.mean(x.argmax(axis=1) != t)
        assert 0 < errors <= loss.cross_entropy(x, t) / log(2)
        assert errors <= loss.hinge(x, t, margin=margin) / margin


# The gradient


def test_the_gradient_of_logsumexp_is_softmax(rng):
    """∂yₙ/∂xₙₖ = softmax(x)ₙₖ, and no example sees another one."""
    x = rng.normal(size=(N, K))
    slopes = jacobian(loss.logsumexp)(x)
    assert_allclose(slopes, np.eye(N)[:, :, None] * loss.softmax(x), **ROUNDED)


def test_the_gradient_of_a_surprise_is_probability_minus_truth(formulas, oracle, given):
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
    x, t = scores_and_labels(rng, N, K)
    for op in (loss.cross_entropy, loss.hinge):
        (x_bar,) = op.vjp(op(x, t), x, t, rng.normal())
        assert_allclose(x_bar.sum(axis=1), np.zeros(N), **ROUNDED)


# The Jacobian of the softmax


def test_a_probability_rises_with_its_own_score_only(formulas, oracle, given):
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


def test_the_second_derivative_of_the_loss_is_a_variance(rng):
    """⟨v, J v⟩ = Σₖ yₖ (vₖ - Σⱼ yⱼ vⱼ)²  for the Jacobian J of the softmax y."""
    x, v = rng.normal(size=(2, N, K))
    y, rows = loss.softmax(x), np.arange(N)
    J = jacobian(loss.softmax)(x)[rows, :, rows]
    centre = (y * v).sum(axis=1, keepdims=True)
    curvature = np.einsum("nk,nkj,nj->n", v, J, v)
    assert_allclose(curvature, (y * (v - centre) ** 2).sum(axis=1), **ROUNDED)


def test_cross_entropy_is_convex_in_the_scores(rng):
    """f(λ x + (1 - λ) z) ≤ λ f(x) + (1 - λ) f(z)  for 0 < λ < 1."""
    for part in rng.uniform(size=200):
        x, t = scores_and_labels(rng, N, K)
        z = 2 * rng.normal(size=(N, K))
        between = part * loss.cross_entropy(x, t) + (1 - part) * loss.cross_entropy(z, t)
        assert loss.cross_entropy(part * x + (1 - part) * z, t) < between


def test_the_chain_through_the_probabilities_gives_the_same_gradient(rng):
    """Through the probabilities:  ȳ = -[k = t]/(N yₖ), and Jᵀȳ is probability minus truth."""
    x, t = scores_and_labels(rng, N, K)
    y, y_bar = loss.softmax(x), np.zeros((N, K))
    y_bar[np.arange(N), t] = -1 / (N * y[np.arange(N), t])
    (direct,) = loss.cross_entropy.vjp(loss.cross_entropy(x, t), x, t, 1.0)
    assert_allclose(loss.softmax.vjp(y, x, y_bar)[0], direct, **ROUNDED)


def test_the_sum_of_the_probabilities_has_gradient_zero(rng):
    """With ȳ = 1 every x̄ₙₖ is zero: Σₖ yₖ = 1 has no slope, so zero would pass for right."""
    x = rng.normal(size=(N, K))
    (x_bar,) = loss.softmax.vjp(loss.softmax(x), x, np.ones((N, K)))
    assert_allclose(x_bar, np.zeros((N, K)), **ROUNDED)


# Label smoothing


def test_without_smoothing_a_larger_lead_always_costs_less():
    """At s = 0 the loss falls with the lead of the right score, on leads from 0 to 30."""
    leads = np.arange(31.0)
    costs = [loss.cross_entropy(lead * np.eye(1, K), np.array([0])) for lead in leads]
    assert (np.diff(costs) < 0).all()
    assert costs[-1] > 0


def test_no_smoothing_is_the_plain_loss(rng):
    """At s = 0 the smoothed loss is the mean negative log-likelihood."""
    x, t = scores_and_labels(rng, N, K)
    surprise = -loss.log_softmax(x)[np.arange(N), t].mean()
    assert_allclose(loss.cross_entropy(x, t, smoothing=0.0), surprise, **ROUNDED)


def test_smoothing_has_its_minimum_at_a_finite_lead(rng):
    """At the lead  xₜ - xₖ = ln(1 + K (1 - s)/s)  the gradient is zero, elsewhere the loss more."""
    s, t = rng.uniform(), rng.integers(K, size=N)
    x = np.log1p(K * (1 - s) / s) * np.eye(K)[t]
    (x_bar,) = loss.cross_entropy.vjp(None, x, t, 1.0, smoothing=s)
    assert_allclose(x_bar, np.zeros((N, K)), **ROUNDED)
    least = loss.cross_entropy(x, t, smoothing=s)
    for z in x + rng.normal(size=(200, N, K)):
        assert loss.cross_entropy(z, t, smoothing=s) > least


# The hinge loss


def test_a_kept_margin_has_loss_and_gradient_zero(rng):
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
    for z in x + rng.normal(size=(200, N, K)):
        assert loss.hinge(z, t) >= y + np.vdot(x_bar, z - x) - 1e-14  # rounding of sums near 10


def test_a_single_class_has_loss_and_gradient_zero(rng):
    """For K = 1 the probability is one, both losses are zero, and so are their gradients."""
    x, t = rng.normal(size=(N, 1)), np.zeros(N, dtype=int)
    assert_array_equal(loss.softmax(x), np.ones((N, 1)))
    for op in (loss.cross_entropy, loss.hinge):
        assert op(x, t) == 0.0
        assert_array_equal(op.vjp(0.0, x, t, 1.0)[0], np.zeros((N, 1)))


# Squared error


def test_squared_error_can_prefer_a_wrong_prediction():
    """Wanted (0, 1): the right prediction (0, 3) costs more than the wrong one (1, 0)."""
    right, wrong, wanted = ([np.array([row])] for row in ([0.0, 3.0], [1.0, 0.0], [0.0, 1.0]))
    assert loss.squared_error(*right, *wanted) == 2.0
    assert loss.squared_error(*wrong, *wanted) == 1.0
    assert loss.cross_entropy(*right, np.array([1])) < loss.cross_entropy(*wrong, np.array([1]))


# The first loss


def test_equal_scores_have_the_cross_entropy_of_a_uniform_distribution(formulas, oracle):
    """If no class is preferred, each has the probability 1/K, and the surprise is ln K."""
    _, page = oracle.claim(formulas.cross_entropy_first)
    first = loss.cross_entropy(np.full((N, K), 7.0), np.arange(N) % K)
    assert_allclose(first, oracle.program(page)(K=K), **ROUNDED)


def test_equal_scores_have_a_margin_of_hinge_for_every_wrong_class(formulas, oracle, given):
    """The first hinge is  (K - 1) Δ."""
    _, page = oracle.claim(formulas.hinge_first)
    first = loss.hinge(np.full((N, K), 7.0), given["t"], margin=given["margin"])
    wanted = oracle.program(page)(K=K, N=N, margin=given["margin"])
    assert_allclose(np.full(N, first), wanted, **ROUNDED)


def test_the_hinge_of_small_random_scores_is_nearly_nine(lab):
    """Fifty examples, ten classes, scores of 1/1000: nine margins, give or take four deviations."""
    values, _ = lab.sanity_losses(0)
    assert abs(values["hinge"] - 9) < 4 * np.sqrt((9 + 81) / 50) / 1000


def test_the_cross_entropy_of_small_random_scores_is_nearly_ln_ten(lab):
    """The same scores: ln 10, give or take four deviations."""
    values, _ = lab.sanity_losses(0)
    assert abs(values["softmax"] - log(10)) < 4 * np.sqrt(9 / 10 / 50) / 1000


# Exercises


def batches(rng):
    """Draw scores and labels: of one example, of one class, of as many examples as classes.

    Some are whole, single, laid out otherwise.
    """
    N, K = int(rng.integers(6, 12)), int(rng.integers(3, 6))
    x = 2 * rng.normal(size=(N, K))
    turned = 2 * rng.normal(size=(K, N)).T
    whole = rng.integers(-4, 5, size=(N, K))
    some = x, x[:1], x[:K], x[:, :1], x[:, :2], x - 40, turned, whole, x.astype(np.float32)
    for scores in some:
        scores.flags.writeable = False
    return [(scores, rng.integers(scores.shape[1], size=len(scores))) for scores in some]


FAR = {"rtol": 1e-9, "atol": 1e-9}  # scores of 1e5 are rounded by 1e-11


def digits(x):
    """Return the tolerance for results from such scores: single precision has seven digits."""
    return {"rtol": 1e-5, "atol": 1e-6} if x.dtype == np.float32 else ROUNDED


def surprise(x, q):
    """Average  Σₖ qₖ (ln Σⱼ exp xⱼ - xₖ)  over the examples, the plain way; and its gradient."""
    powers = [[exp(score) for score in row] for row in x.tolist()]
    logs = [log(sum(row)) for row in powers]
    each = [w * (y - s) for y, ws, row in zip(logs, q, x.tolist(), strict=True)
            for w, s in zip(ws, row, strict=True)]  # fmt: skip
    slopes = [[p / sum(row) - w for p, w in zip(row, ws, strict=True)]
              for row, ws in zip(powers, q, strict=True)]  # fmt: skip
    return sum(each) / len(x), np.array(slopes) / len(x)


def far_apart(rng):
    """Draw scores of any size, the two largest of each row equal; and where these are."""
    far, columns = float(rng.uniform(800, 1e5)), rng.permutation(3)
    x = np.array([[far, 0.0, far], [-far, -2 * far, -far], [0.0, -1e300, 0.0], [far, far, -1e300]])
    return x[:, columns], np.where(x == x.max(axis=1, keepdims=True), 0.5, 0.0)[:, columns]


@pytest.mark.exercise("loss-softmax", points=2)
def test_your_probabilities_are_shares_of_the_exponentials(answers, rng):
    """yₙₖ = exp xₙₖ / Σⱼ exp xₙⱼ."""
    for x, _ in batches(rng):
        shares = [[exp(score) / sum(map(exp, row)) for score in row] for row in x.tolist()]
        agree(np.array(shares), digits(x), answers.softmax(x))


@pytest.mark.exercise("loss-softmax", points=2)
def test_your_probabilities_survive_scores_of_any_size(answers, rng):
    """Also when the largest scores of two examples are far apart, or below zero."""
    x, shares = far_apart(rng)
    agree(shares, FAR, answers.softmax(x))


def unlikely(rng):
    """Draw scores 0 and -s for every order of three classes; exp(-s), which a float can hold."""
    s = rng.uniform([20, 60, 300], [60, 300, 700])
    x = np.array([row for few in s for row in permutations([0.0, -few, -few / 2])])
    return x, np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


@pytest.mark.exercise("loss-softmax", points=2)
def test_your_probabilities_may_be_tiny(answers, rng):
    """A class whose score is s below the largest has exp(-s), to nine digits."""
    x, shares = unlikely(rng)
    agree(shares, {"rtol": 1e-9, "atol": 0}, answers.softmax(x))


@pytest.mark.exercise("loss-logsumexp", points=1)
def test_your_sum_is_taken_on_the_logarithmic_scale(answers, rng):
    """yₙ = ln Σₖ exp xₙₖ, one number per example."""
    for x, _ in batches(rng):
        sums = [log(sum(map(exp, row))) for row in x.tolist()]
        agree(np.array(sums), digits(x), answers.logsumexp(x))


@pytest.mark.exercise("loss-logsumexp", points=1)
def test_your_sum_survives_scores_of_any_size(answers, rng):
    """ln(exp x + exp x) = x + ln 2."""
    x, _ = far_apart(rng)
    agree(x.max(axis=1) + log(2), ROUNDED, answers.logsumexp(x))


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_loss_is_the_mean_surprise(answers, rng):
    """L = -1/N Σₙ ln softmax(x)ₙₜ, one number."""
    for x, t in batches(rng):
        truth, _ = surprise(x, np.eye(x.shape[1])[t])
        agree(truth, digits(x), answers.cross_entropy(x, t)[0])


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_gradient_is_the_slope_of_the_mean_surprise(answers, rng):
    """x̄ₙₖ = ∂L/∂xₙₖ = (softmax(x)ₙₖ - [k = tₙ]) / N."""
    for x, t in batches(rng):
        _, truth = surprise(x, np.eye(x.shape[1])[t])
        agree(truth, digits(x), answers.cross_entropy(x, t)[1])


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_surprise_may_be_a_thousand(answers, rng):
    """A right label of probability exp(-s) costs s, not infinity; its slope is -1/N."""
    for s in rng.uniform([800, 1e6], [1e5, 1e9]).tolist():
        x, t = np.array([[s, 0.0], [-s, -s], [s, 0.0]]), np.array([1, 0, 0])
        value, x_bar = answers.cross_entropy(x, t)
        agree((s + log(2)) / 3, FAR, value)
        agree(np.array([[1.0, -1.0], [-0.5, 0.5], [0.0, 0.0]]) / 3, FAR, x_bar)


@pytest.mark.exercise("loss-cross-entropy", points=3)
def test_your_slope_may_be_tiny(answers, rng):
    """A wrong class of probability exp(-s) has the slope exp(-s)/N, to nine digits."""
    x, shares = unlikely(rng)
    t, rows = x.argmax(axis=1), np.arange(len(x))
    x_bar = np.array(answers.cross_entropy(x, t)[1])
    wanted = shares / len(x)
    wanted[rows, t] = x_bar[rows, t]
    agree(wanted, {"rtol": 1e-9, "atol": 0}, x_bar)


def missing(x, t, margin):
    """List  max(0, xₖ - xₜ + margin)  and xₖ - xₜ + margin for every k, the plain way."""
    short = np.array([[s - row[k] + margin for s in row]
                      for row, k in zip(x.tolist(), t, strict=True)])  # fmt: skip
    wrong = np.arange(x.shape[1]) != t[:, None]
    return np.where(wrong, np.maximum(0, short), 0), np.where(wrong, short, -1)


def supports(x_bar, x, t, margin, slip):
    """Compare with the slopes: 0 or 1, at a kink between; minus their sum for the right class."""
    _, short = missing(x, t, margin)
    share, right = len(x) * np.asarray(x_bar, dtype=float), np.eye(x.shape[1], dtype=bool)[t]
    assert np.shape(x_bar) == x.shape, f"the shape is {np.shape(x_bar)}, wanted {x.shape}"
    wrong = np.where(right, 0, share)
    low, high = short > 0, short >= 0
    assert (wrong >= low - slip).all(), "a slope is too small: a class with a positive term has 1/N"
    assert (wrong <= high + slip).all(), "a slope is too large: a class without one has 0"
    assert_allclose(share[right], -wrong.sum(axis=1), rtol=slip, atol=slip)


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_hinge_adds_up_what_is_missing(answers, rng):
    """L = 1/N Σₙ Σ_{k ≠ tₙ} max(0, xₙₖ - xₙₜ + margin), with margins of 1, of 0 and others."""
    for x, t in batches(rng):
        margin = float(rng.uniform(0.2, 3))
        for options, used in [({}, 1.0), ({"margin": margin}, margin), ({"margin": 0.0}, 0.0)]:
            truth = missing(x, t, used)[0].sum() / len(x)
            agree(truth, digits(x), answers.hinge(x, t, **options)[0])


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_gradient_is_the_slope_of_the_hinge(answers, rng):
    """x̄ₙₖ = 1/N where a term is positive, else 0; for the right class minus their sum."""
    for x, t in batches(rng):
        margin = float(rng.uniform(0.2, 3))
        for options, used in [({}, 1.0), ({"margin": margin}, margin)]:
            x_bar = answers.hinge(x, t, **options)[1]
            supports(x_bar, x, t, used, slip=digits(x)["rtol"])


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_gradient_supports_the_hinge_at_its_kinks(answers, rng):
    """L(z) ≥ L(x) + ⟨x̄, z - x⟩  for every z, when scores lie exactly a margin apart."""
    for margin in (1.0, 2.0):
        x, t = rng.integers(-2, 3, size=(9, 4)).astype(float), rng.integers(4, size=9)
        supports(answers.hinge(x, t, margin=margin)[1], x, t, margin, slip=1e-12)


@pytest.mark.exercise("loss-hinge", points=3)
def test_your_hinge_survives_large_scores(answers, rng):
    """Scores z and 0, label 0: nothing is missing; label 1: z + margin, however large z is."""
    for z in rng.uniform([800, 1e6], [1e5, 1e9]).tolist():
        x, t = np.array([[z, 0.0], [z, 0.0], [-z, -z]]), np.array([0, 1, 0])
        value, x_bar = answers.hinge(x, t)
        agree((z + 2) / 3, FAR, value)
        agree(np.array([[0.0, 0.0], [1.0, -1.0], [-1.0, 1.0]]) / 3, FAR, x_bar)


def softened(t, K, s):
    """Return the frequencies  (1 - s) [k = t] + s/K."""
    return (1 - s) * np.eye(K)[t] + s / K


@pytest.mark.exercise("loss-smoothing", points=2)
def test_your_smoothed_loss_shares_the_label(answers, rng):
    """L = -1/N Σₙ Σₖ qₙₖ ln softmax(x)ₙₖ  with  q = (1 - s) [k = t] + s/K, s = 0.1 and others."""
    for x, t in batches(rng):
        s = float(rng.uniform(0.2, 0.9))
        for options, used in [({}, 0.1), ({"smoothing": s}, s), ({"smoothing": 0.0}, 0.0)]:
            truth, _ = surprise(x, softened(t, x.shape[1], used))
            agree(truth, digits(x), answers.smoothed_cross_entropy(x, t, **options)[0])


@pytest.mark.exercise("loss-smoothing", points=2)
def test_your_smoothed_gradient_is_the_slope(answers, rng):
    """x̄ₙₖ = ∂L/∂xₙₖ = (softmax(x)ₙₖ - qₙₖ) / N."""
    for x, t in batches(rng):
        s = float(rng.uniform(0.2, 0.9))
        for options, used in [({}, 0.1), ({"smoothing": s}, s), ({"smoothing": 1.0}, 1.0)]:
            _, truth = surprise(x, softened(t, x.shape[1], used))
            agree(truth, digits(x), answers.smoothed_cross_entropy(x, t, **options)[1])


@pytest.mark.exercise("loss-smoothing", points=2)
def test_your_smoothed_loss_survives_large_scores(answers, rng):
    """Scores z and 0, label 0: the wrong class weighs s/2 and costs z."""
    s, z = float(rng.uniform(0.1, 0.9)), float(rng.uniform(800, 1e5))
    x, t = np.array([[z, 0.0], [-z, -z]]), np.array([0, 1])
    value, x_bar = answers.smoothed_cross_entropy(x, t, smoothing=s)
    agree((z * s / 2 + log(2)) / 2, FAR, value)
    agree(np.array([[s, -s], [1 - s, s - 1]]) / 4, FAR, x_bar)


@pytest.mark.exercise("loss-overflow", points=1)
def test_your_scores_break_the_naive_program_twice(answers, rng):
    """Σₖ exp xₙₖ overflows to infinity for n = 0, and vanishes for n = 1."""
    for K in rng.permutation([2, 3, 5, 7]).tolist():
        x = np.asarray(answers.overflow(rng.uniform(-9, 9, size=(2, K))))
        assert x.shape == (2, K), f"the shape is {x.shape}, wanted {(2, K)}"
        assert np.isfinite(x).all(), "the scores themselves must be finite"
        with np.errstate(over="ignore"):
            large, small = np.exp(x).sum(axis=1)
        assert np.isinf(large), f"the sum for n = 0 is {large}: it does not overflow"
        assert small == 0, f"the sum for n = 1 is {small}: it does not vanish"


@pytest.mark.exercise("loss-overflow", points=1)
def test_your_scores_keep_their_probabilities(answers, rng):
    """xₙₖ - xₙⱼ is what it was, to six digits."""
    for K in rng.permutation([2, 3, 5, 7]).tolist():
        given = rng.uniform(-9, 9, size=(2, K))
        x = np.asarray(answers.overflow(given))
        agree(given - given[:, :1], {"rtol": 0, "atol": 1e-6}, x - x[:, :1])


def shared(x, b, weight=lambda y: y, axis=1):
    """Pull b back through softmax; wrong for another weight, or along another axis."""
    y = loss.softmax(x)
    return y * (b - (b * weight(y)).sum(axis=axis, keepdims=True))


PROGRAMS = [  # each with its backward pass
    (loss.softmax, shared),
    (loss.log_softmax, lambda x, b: b - loss.softmax(x) * b.sum(axis=1, keepdims=True)),
    (lambda x: x**3, lambda x, b: 3 * x**2 * b),
    (np.tanh, lambda x, b: b / np.cosh(x) ** 2),
    (lambda x: x - x.mean(axis=0), lambda x, b: b - b.mean(axis=0)),
    (
        lambda x: x * x.sum(axis=1, keepdims=True),
        lambda x, b: b * x.sum(axis=1, keepdims=True) + (b * x).sum(axis=1, keepdims=True),
    ),
]


def program(rng):
    """Draw a sum of two programs, its backward pass, and one that has forgotten a part of it."""
    (f, back), (g, other) = (PROGRAMS[i] for i in rng.permutation(len(PROGRAMS))[:2])
    u, v = rng.uniform(0.5, 2, size=2) * rng.choice([-1, 1], size=2)
    whole = lambda x, b: u * back(x, b) + v * other(x, b)
    return lambda x: u * f(x) + v * g(x), whole, lambda x, b: u * back(x, b)


def without(array, index):
    """Set a row of an array to zero, counted around."""
    kept = np.arange(len(array)) != index % len(array)
    return array * kept[:, None]


def slips(rng):
    """Draw programs, each with a backward pass that is wrong by one part in a thousand at least."""
    i, sign = int(rng.integers(5)), float(rng.choice([-1, 1]))
    tiny, small = sign * 10 ** rng.uniform(-2.9, -2.3), sign * 10 ** rng.uniform(-2, -0.5)
    changes = [
        lambda back: lambda x, b: (1 + tiny) * back(x, b),
        lambda back: lambda x, b: (1 + small) * back(x, b),
        lambda back: lambda x, b: -back(x, b),
        lambda back: lambda x, b: back(x, np.ones_like(b)),
        lambda back: lambda x, b: back(x, b[:1] + 0 * b),
        lambda back: lambda x, b: back(x, b[::-1]),
        lambda back: lambda x, b: back(x, b[:, ::-1]),
        lambda back: lambda x, b: without(back(x, b), i),
        lambda back: lambda x, b: without(back(x, b), i + 1),
        lambda back: lambda x, b: without(back(x, b).T, i).T,
        lambda back: lambda x, b: without(back(x, b).T, i + 1).T,
        lambda back: lambda x, b: back(x, b) + small * b,
        lambda back: lambda x, b: back(1.1 * x, b),
        lambda back: lambda x, b: back(x[:1] + 0 * x, b),
        lambda back: lambda x, b: back(x[::-1], b),
    ]
    for change in changes:
        f, back, _ = program(rng)
        yield f, change(back)
    f, _, part = program(rng)
    yield f, part
    yield loss.softmax, lambda x, b: loss.softmax(x) * b
    yield loss.softmax, lambda x, b: shared(x, b, weight=np.ones_like)
    yield loss.softmax, lambda x, b: shared(x, b, axis=0)
    yield loss.softmax, lambda x, b: (1 + tiny) * shared(x, b)
    yield loss.softmax, lambda x, b: 0 * b
    yield loss.log_softmax, lambda x, b: b - (loss.softmax(x) * b).sum(axis=1, keepdims=True)
    sums = lambda x: x.sum(axis=1, keepdims=True)
    yield lambda x: x * sums(x), lambda x, b: b * sums(x) + x * sums(b)
    yield loss.softmax, lambda x, b: loss.softmax(x) * (1 - loss.softmax(x)) * b


def nameless(f, back):
    """Wrap a program and a backward pass, so that their names do not show which they are."""

    def forwards(x):
        return f(x)

    def backwards(x, y_bar):
        return back(x, y_bar)

    return forwards, backwards


@pytest.mark.exercise("loss-lemma", points=3)
def test_your_lemma_accepts_right_backward_passes_alone(answers, rng):
    """x̄ = Jᵀ ȳ is accepted whatever the function, and x̄ ≠ Jᵀ ȳ is refused."""
    wrong, right = [*slips(rng)], [program(rng)[:2] for _ in range(rng.integers(5, 8))]
    truth = rng.permutation([False] * len(wrong) + [True] * len(right)).tolist()
    pairs = [nameless(*(right if is_right else wrong).pop()) for is_right in truth]
    seeds = rng.integers(1 << 62, size=len(truth)).tolist()
    told = [bool(answers.accepts(*pair, rng=np.random.default_rng(seed)))
            for pair, seed in zip(pairs, seeds, strict=True)]  # fmt: skip
    if told != truth:
        pytest.fail("at least one of about thirty ways back was judged wrongly")


@pytest.mark.exercise("loss-lemma", points=3)
def test_your_lemma_draws_from_the_generator_that_is_given(answers, rng):
    """The same seed tries the same scores, another seed tries others."""
    one, other = rng.integers(1 << 62, size=2).tolist()
    drawn, verdicts = [], []
    for seed in (one, one, other):
        tried = []
        f = lambda x, tried=tried: (tried.append(np.copy(x)), np.sin(x))[1]
        back = lambda x, y_bar: y_bar * np.cos(x)
        verdicts.append(answers.accepts(f, back, rng=np.random.default_rng(seed)))
        drawn.append(tried[:1])
    assert all(verdicts), "a sine was refused"
    assert all(drawn), "f was not tried"
    assert np.array_equal(drawn[0], drawn[1]), "the same seed does not draw the same"
    assert not np.array_equal(drawn[0], drawn[2]), "another seed does not draw anything else"


@pytest.mark.exercise("loss-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "jacobian": "loss-line-3",
        "softmax_back": "loss-line-17",
        "hinge_support": "loss-line-14",
    }
    truth = [planted(f"loss.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
