"""Activations and first weights.  Each test is a lemma of `book/activation.md`, in its order."""

import importlib
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import directional, jacobian, vjp
from dlcore.nn import init
from dlcore.ops.linear import linear

SIX = ("relu", "leaky_relu", "tanh", "sigmoid", "softplus", "gelu")
OPTIONS = {"leaky_relu": {"slope": 0.125}}
HUGE = np.finfo(float).max
CLOSE = {"rtol": 1e-14, "atol": 1e-15}  # a few roundings of numbers of about one

every_activation = pytest.mark.parametrize("name", SIX)


@pytest.fixture(scope="module")
def ops():
    """The activations, imported by those who ask: the compiler takes a second to load."""
    return importlib.import_module("dlcore.ops.activation")


@pytest.fixture
def x(rng):
    """A batch of mixtures on both sides of zero."""
    return rng.normal(scale=3.0, size=(4, 7))


def test_one_fold_solves_exclusive_or(ops):
    """1 - max(0, u) - max(0, -u), with u = x₁ + x₂ - 1, is 0, 1, 1, 0 at the four corners."""
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    h = ops.relu(linear(x, np.array([[1.0, -1], [1, -1]]), np.array([-1.0, 1])))
    assert_array_equal(linear(h, np.array([[-1.0], [-1]]), np.ones(1))[:, 0], [0, 1, 1, 0])


def test_the_sums_can_be_added_in_another_order(formulas, oracle, rng):
    """Σₘ (Σ_d x w₁ + b₁) w₂ + b₂  =  Σ_d x (Σₘ w₁ w₂) + (Σₘ b₁ w₂ + b₂), entry by entry."""
    assert oracle.counterexample(formulas.two_linear, formulas.one_linear, rng) is None


def test_two_linear_maps_are_one_linear_map(rng):
    """(x w₁ + b₁) w₂ + b₂ = x (w₁ w₂) + (b₁ w₂ + b₂), whatever the number M of hidden units."""
    x, w1, w2 = (rng.normal(size=shape) for shape in [(4, 5), (5, 7), (7, 3)])
    b1, b2 = rng.normal(size=7), rng.normal(size=3)
    y = linear(linear(x, w1, b1), w2, b2)
    assert_allclose(linear(x, w1 @ w2, b1 @ w2 + b2), y, rtol=0, atol=1e-13)


def test_rectifiers_draw_every_polygon(ops, rng):
    """f(x) = y₀ + Σ cᵢ max(0, x - xᵢ), with cᵢ the change of slope at xᵢ, meets all (xᵢ, yᵢ)."""
    corners, heights = np.cumsum(rng.uniform(1, 2, size=9)), rng.normal(size=9)
    changes = np.diff(np.diff(heights) / np.diff(corners), prepend=0.0)
    x = np.linspace(corners[0], corners[-1], 50)
    y = heights[0] + ops.relu(x[:, None] - corners[:-1]) @ changes
    assert_allclose(y, np.interp(x, corners, heights), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_the_output_knows_the_slope(name, formulas, oracle, rng):
    """With y = tanh x, y' = 1 - y²; with y = sigmoid x, y' = y (1 - y)."""
    known = getattr(formulas, f"{name}_slope_from_output")
    slope, output = getattr(formulas, f"{name}_slope"), getattr(formulas, name)
    written_out = known.func(known.lhs, known.rhs.subs(output.lhs, output.rhs))
    assert oracle.counterexample(slope, written_out, rng) is None


@pytest.mark.parametrize(
    "name",
    ["sigmoid_by_tanh", "softplus_difference", "sigmoid_stable", "softplus_stable",
     "sigmoid_slope_bound"],
)  # fmt: skip
def test_both_sides_of_an_identity_agree(name, formulas, oracle, rng):
    """At exact random numbers, to thirty digits."""
    assert oracle.counterexample(*oracle.claim(getattr(formulas, name)), rng) is None


def test_the_error_function_is_the_area_under_the_bell_curve(formulas):
    """Integrated by sympy, the right-hand side is the left-hand side."""
    difference = formulas.bell.lhs - formulas.bell.rhs.doit()
    assert difference.rewrite("erf").expand() == 0


@pytest.mark.parametrize("shape", [(5, 3), (2, 7, 4), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernel_computes_the_definition(shape, dtype, rng):
    """Compiled or not, erf is the erf of its twin, entry by entry."""
    kernels = importlib.import_module("dlcore.kernels.activation")
    x = rng.normal(size=shape).astype(dtype)
    assert kernels.erf(x).dtype == dtype
    assert_allclose(kernels.erf(x), kernels.erf_naive(x), rtol=2 * np.finfo(dtype).eps)


@every_activation
def test_the_program_says_what_the_page_says(name, ops, formulas, oracle, x):
    """Every operation computes its formula."""
    options = OPTIONS.get(name, {})
    page = oracle.program(getattr(formulas, name))
    assert_allclose(getattr(ops, name)(x, **options), page(x=x, **options), **CLOSE)


@every_activation
def test_the_slopes_are_what_calculus_says(name, formulas, oracle, rng):
    """Differentiated by sympy, y on the page gives y' on the page."""
    derived = formulas.differentiate(getattr(formulas, name))
    assert oracle.counterexample(getattr(formulas, f"{name}_slope"), derived, rng) is None


@every_activation
def test_the_way_back_multiplies_by_the_slope(name, ops, formulas, oracle, x, rng):
    """x̄ = ȳ y', entry by entry, for an arbitrary ȳ."""
    options, y_bar = OPTIONS.get(name, {}), rng.normal(size=x.shape)
    f, slope = getattr(ops, name), oracle.program(getattr(formulas, f"{name}_slope"))
    (x_bar,) = f.vjp(f(x, **options), x, y_bar, **options)
    assert_allclose(x_bar, y_bar * slope(x=x, **options), **CLOSE)


@every_activation
def test_each_entry_hears_only_itself(name, ops, rng):
    """The Jacobian is diagonal: ∂yₙ/∂xₘ = 0 for n ≠ m."""
    J = jacobian(getattr(ops, name))(rng.normal(size=6))
    assert_array_equal(J, np.diag(np.diag(J)))


def test_every_slope_from_zero_to_one_supports_the_rectifier(ops, x):
    """max(0, x) ≥ g x for all x exactly when 0 ≤ g ≤ 1: at the kink there is a choice."""
    for g in (0.0, 0.5, 1.0):
        assert (ops.relu(x) >= g * x).all()
    for g in (-0.01, 1.01):
        assert (ops.relu(x) < g * x).any()


def test_at_the_kink_nothing_passes(ops, rng):
    """We choose g = 0: where x = 0, x̄ = 0, for both zeros of a computer."""
    x, y_bar = np.array([0.0, -0.0]), rng.normal(size=2)
    assert_array_equal(*ops.relu.vjp(ops.relu(x), x, y_bar), [0, 0])


def test_a_difference_across_the_kink_measures_one_half(ops):
    """(max(0, h) - max(0, -h)) / 2h = 1/2, so gradients must not be checked at a kink."""
    assert directional(ops.relu, [np.zeros(1)], [np.ones(1)]) == 0.5


def test_the_rectifier_gives_the_numbers_of_the_sources(ops):
    """Twelve numbers from -1/2 to 1/2, as printed there with eight digits."""
    lab = importlib.import_module("dlcore.experiments.activation")
    assert_allclose(ops.relu(lab.EVEN), lab.RELU_001, rtol=0, atol=5e-9)  # half of the last digit


def test_the_difference_to_the_sources_is_the_one_they_print():
    """It is max |y - z| / (|y| + |z|), the rounding of the printed digits and nothing else."""
    lab = importlib.import_module("dlcore.experiments.activation")
    (claim,) = importlib.import_module("dlcore.experiments").experiments()["relu-forward"].claims
    assert claim.holds(lab.relu_forward(seed=0)[0][claim.key])


@every_activation
def test_no_float_overflows(name, ops):
    """Forwards and backwards, from one end of the floats to the other."""
    f, x = getattr(ops, name), np.array([-HUGE, -1e3, -40.0, 0.0, 40.0, 1e3, HUGE])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = f(x)
        (x_bar,) = f.vjp(y, x, np.ones_like(x))
    assert np.isfinite([y, x_bar]).all()


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_small_numbers_keep_their_digits(name, ops):
    """For x far below zero both are eˣ, not zero, to the last digits."""
    x = np.array([-40.0, -300.0, -700.0])
    assert_allclose(getattr(ops, name)(x), np.exp(x), rtol=4 * np.finfo(float).eps)


def test_no_sigmoid_passes_back_more_than_a_quarter(ops, x, rng):
    """|x̄| ≤ |ȳ|/4, and so at most a 4ᴸ-th part through L of them."""
    y_bar = rng.normal(size=x.shape)
    (x_bar,) = ops.sigmoid.vjp(ops.sigmoid(x), x, y_bar)
    assert (np.abs(x_bar) <= np.abs(y_bar) / 4).all()


def test_a_dead_unit_hears_nothing(ops, rng):
    """If x w + b < 0 on the whole batch, then w̄ = 0 and b̄ = 0 for every ȳ, and it stays so."""
    x, w = rng.normal(size=(6, 4)), rng.normal(size=(4, 3))
    b = -1 - np.abs(x @ w).max(axis=0)
    y, pullback = vjp(lambda w, b: ops.relu(linear(x, w, b)), w, b)
    for bar in pullback(rng.normal(size=y.shape)):
        assert_array_equal(bar, np.zeros_like(bar))


def test_a_leaky_unit_always_hears(ops, rng):
    """Where ȳ ≠ 0, x̄ ≠ 0, however far below zero x lies."""
    x, y_bar = -rng.uniform(1, 1e6, size=(3, 5)), rng.normal(size=(3, 5))
    (x_bar,) = ops.leaky_relu.vjp(ops.leaky_relu(x), x, y_bar)
    assert (x_bar != 0).all()


def test_units_that_start_alike_stay_alike(ops, rng):
    """Equal columns of w₁ and equal rows of w₂ have equal gradients."""
    x, w1, w2 = rng.normal(size=(5, 4)), np.ones((4, 3)), np.ones((3, 2))
    b1, b2 = np.zeros(3), np.zeros(2)
    y, pullback = vjp(lambda w1, w2: linear(ops.relu(linear(x, w1, b1)), w2, b2), w1, w2)
    w1_bar, w2_bar = pullback(rng.normal(size=y.shape))
    assert_allclose(w1_bar, w1_bar[:, :1] + np.zeros((4, 3)), **CLOSE)
    assert_allclose(w2_bar, w2_bar[:1] + np.zeros((3, 2)), **CLOSE)


def test_a_rectifier_keeps_half_of_the_mean_square(formulas):
    """Integrated by sympy, E max(0, x)² = σ²/2 for a normal x of variance σ²."""
    assert (formulas.rectified_square.lhs.doit() - formulas.rectified_square.rhs).simplify() == 0


def test_a_layer_multiplies_the_mean_square(ops, formulas, oracle, rng):
    """Measured on M units, q⁺ is D σ²/2 · q up to five standard errors, 5 √(5/M) of it."""
    D, M, std = 30, 20_000, 0.4
    x = rng.uniform(-1, 2, size=(1, D))
    h = ops.relu(x @ init.normal((D, M), std=std, rng=rng))
    said = oracle.program(formulas.mean_square)(D=D, std=std, q=np.mean(x**2))
    assert_allclose(np.mean(h**2), said, rtol=5 * np.sqrt(5 / M))


def test_he_weights_keep_the_mean_square(formulas):
    """Solved for σ²,  q⁺ = q  gives  σ² = 2/D."""
    before, after = formulas.size, formulas.mean_square.rhs
    assert (after / before).subs(formulas.std**2, formulas.he.rhs).simplify() == 1


@pytest.mark.parametrize("name", ["he", "glorot"])
def test_first_weights_are_as_wide_as_the_page_says(name, formulas, oracle):
    """They are σ times standard normal numbers, with σ² from the page."""
    sizes = {"D": 6, "M": 9}
    w = getattr(init, name)(**sizes, rng=np.random.default_rng(5))
    variance = oracle.program(getattr(formulas, name))(**sizes)
    normal = np.random.default_rng(5).standard_normal((6, 9))
    assert_allclose(w, np.sqrt(variance) * normal, rtol=1e-15)


def test_glorot_stands_between_two_wishes(formulas):
    """2/(D + M) is one over the mean of D and M: the way forwards asks 1/D, the way back 1/M."""
    D, M, wish = formulas.D, formulas.M, formulas.glorot.rhs
    assert (1 / wish - (D + M) / 2).simplify() == 0


def test_an_unknown_activation_is_refused():
    """The message names what there is."""
    layers = importlib.import_module("dlcore.nn.activation")
    with pytest.raises(ValueError, match=r"Activation: name is 'step', use one of relu, leaky"):
        layers.Activation("step")


@pytest.mark.exercise("activation-relu", points=1)
def test_the_rectifier_keeps_what_is_positive(answers, rng):
    """Entry by entry, y = x where x > 0, and 0 elsewhere, in the shape of x."""
    x = rng.normal(size=(2, 3, 5))
    wanted = np.array([number if number > 0 else 0.0 for number in x.ravel()])
    assert_array_equal(answers.relu(x), wanted.reshape(2, 3, 5))


@pytest.mark.exercise("activation-relu", points=1)
def test_the_rectifier_leaves_its_input_alone(answers, rng):
    """The array x is still needed on the way back, and perhaps by somebody else."""
    x = rng.normal(size=(4, 3))
    before = x.copy()
    answers.relu(x)
    assert_array_equal(x, before)


@pytest.mark.exercise("activation-relu-backward", points=2)
def test_the_rectifier_passes_back_where_it_was_on(answers, rng):
    """x̄ = ȳ where x > 0, and 0 elsewhere, for an arbitrary ȳ that stays as it is."""
    x, y_bar = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    before = y_bar.copy()
    wanted = [g if number > 0 else 0.0 for number, g in zip(x.flat, y_bar.flat, strict=True)]
    assert_array_equal(answers.relu_backward(y_bar, x), np.reshape(wanted, (4, 3)))
    assert_array_equal(y_bar, before)


@pytest.mark.exercise("activation-relu-backward", points=2)
def test_the_rectifier_passes_nothing_back_at_zero(answers, rng):
    """Where x = 0 we choose the slope 0."""
    y_bar = rng.normal(size=(3, 2))
    assert_array_equal(answers.relu_backward(y_bar, np.zeros((3, 2))), np.zeros((3, 2)))


@pytest.mark.exercise("activation-leaky", points=2)
@pytest.mark.parametrize("slope", [0.125, -0.5, 2.0])
def test_the_leaky_rectifier_has_two_slopes(answers, rng, slope):
    """Entry by entry, y = x where x > 0, and slope · x elsewhere, whatever the slope."""
    x = rng.normal(size=(5, 3))
    y, _ = answers.leaky_relu(x.copy(), slope=slope)
    wanted = [number if number > 0 else slope * number for number in x.ravel()]
    assert_allclose(y, np.reshape(wanted, (5, 3)), rtol=1e-15)


@pytest.mark.exercise("activation-leaky", points=2)
def test_the_leaky_rectifier_passes_something_back_everywhere(answers, rng):
    """x̄ = ȳ where x > 0, and slope · ȳ elsewhere, as often as the pullback is called."""
    x, slope = rng.normal(size=(2, 7)), 0.2
    _, pullback = answers.leaky_relu(x, slope=slope)
    for _ in range(2):
        y_bar = rng.normal(size=(2, 7))
        pairs = zip(x.flat, y_bar.flat, strict=True)
        wanted = [g if number > 0 else slope * g for number, g in pairs]
        assert_allclose(pullback(y_bar.copy()), np.reshape(wanted, (2, 7)), rtol=1e-15)


@pytest.mark.exercise("activation-sigmoid", points=2)
def test_the_sigmoid_is_one_over_one_plus_an_exponential(answers, rng):
    """Numbers of ordinary size give y = 1/(1 + e⁻ˣ)."""
    x = rng.normal(size=(4, 3))
    wanted = [1 / (1 + math.exp(-number)) for number in x.ravel()]
    assert_allclose(answers.sigmoid(x), np.reshape(wanted, (4, 3)), rtol=1e-14)


@pytest.mark.exercise("activation-sigmoid", points=2)
def test_the_sigmoid_never_overflows(answers):
    """From one end of the floats to the other: 0, 0, 1/2, 1, 1, and not one warning."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = answers.sigmoid(np.array([-HUGE, -1000.0, 0.0, 1000.0, HUGE]))
    assert_array_equal(y, [0, 0, 0.5, 1, 1])


@pytest.mark.exercise("activation-sigmoid", points=2)
def test_the_sigmoid_keeps_small_numbers(answers):
    """Far below zero, y = eˣ to the last digits, and where digits end it is small, not zero."""
    x = np.array([-40.0, -300.0, -700.0])
    assert_allclose(answers.sigmoid(x), [math.exp(number) for number in x], rtol=1e-15)
    assert answers.sigmoid(np.array([-720.0])) > 0


@pytest.mark.exercise("activation-dead", points=2)
def test_every_unit_is_dead(answers, rng):
    """max(0, x w + b) = 0 for every example and every unit."""
    x, w = rng.normal(size=(6, 4)), rng.normal(size=(4, 5))
    assert_array_equal(np.maximum(0, x @ w + answers.dead_bias(x, w)), np.zeros((6, 5)))


@pytest.mark.exercise("activation-dead", points=2)
@pytest.mark.parametrize("margin", [1.0, 0.25])
def test_every_unit_is_only_just_dead(answers, rng, margin):
    """Raised by the margin and a little more, every unit wakes up for exactly one example."""
    x, w = rng.normal(size=(3, 4)), rng.normal(size=(4, 7))
    b = answers.dead_bias(x, w, margin=margin)
    assert np.shape(b) == (7,)
    awake = x @ w + b + margin > -1e-9  # the largest mixture is 0, up to round-off
    assert_array_equal(awake.sum(axis=0), np.ones(7))


RIGHT = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "the cube": (lambda x: x**3, lambda x: 3 * x**2),
    "a steep line": (lambda x: 1000 * x, lambda x: np.full_like(x, 1000)),
    "the rectifier": (lambda x: np.maximum(0, x), lambda x: 1.0 * (x > 0)),
}
WRONG = {
    "a power forgotten": (np.tanh, lambda x: 1 - np.tanh(x)),
    "one per cent too much": (np.sin, lambda x: 1.01 * np.cos(x)),
    "a sign turned": (np.cos, np.sin),
    "right for positive numbers only": (np.abs, np.ones_like),
    "right in total, in the wrong order": (np.tanh, lambda x: 1 - np.tanh(x[::-1]) ** 2),
    "wrong in the last entry": (np.exp, lambda x: np.append(np.exp(x[:-1]), 0.9 * np.exp(x[-1]))),
    "not a number": (np.tanh, lambda x: np.full_like(x, np.nan)),
    "a single number": (np.square, lambda x: np.array(2 * x[0])),
}


@pytest.mark.exercise("activation-slope", points=3)
@pytest.mark.parametrize("case", RIGHT)
def test_a_right_slope_is_accepted(answers, rng, case):
    """(f(x + h) - f(x - h)) / 2h = f'(x) + O(h²), at every x."""
    f, slope = RIGHT[case]
    x = rng.permutation(np.linspace(-3.1, 3.3, 9))  # the kink is not among them
    assert answers.is_slope(f, slope, x)


@pytest.mark.exercise("activation-slope", points=3)
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_slope_is_refused(answers, rng, case):
    """One wrong entry is enough, and so is a hundredth."""
    f, slope = WRONG[case]
    assert not answers.is_slope(f, slope, rng.permutation(np.linspace(-3.1, 3.3, 9)))


@pytest.mark.exercise("activation-init", points=2)
def test_he_weights_have_the_right_width(answers, rng):
    """The mean of w² is 2/D up to five standard errors, 5 √(2/n) of it for n weights."""
    D, M = 40, 500
    w = answers.he(D, M, rng=rng)
    assert w.shape == (D, M)
    assert_allclose(np.mean(w**2), 2 / D, rtol=5 * np.sqrt(2 / w.size))
    assert_allclose(np.mean(w), 0, atol=5 * np.sqrt(2 / D / w.size))


@pytest.mark.exercise("activation-init", points=2)
def test_he_weights_are_bell_shaped(answers, rng):
    """A share p = erfc(√2) lies beyond two widths, up to five standard errors √(p/n)."""
    D, M, p = 30, 600, math.erfc(math.sqrt(2))
    beyond = np.abs(answers.he(D, M, rng=rng)) > 2 * np.sqrt(2 / D)
    assert_allclose(beyond.mean(), p, rtol=0, atol=5 * np.sqrt(p / beyond.size))


@pytest.mark.exercise("activation-init", points=2)
def test_he_weights_come_from_the_given_generator(answers):
    """The same seed gives the same weights; the same generator, asked again, gives others."""
    rng, twin = np.random.default_rng(1), np.random.default_rng(1)
    w = answers.he(3, 5, rng=rng)
    assert_array_equal(answers.he(3, 5, rng=twin), w)
    assert (answers.he(3, 5, rng=rng) != w).any()


@pytest.mark.exercise("activation-wrong-lines", points=2)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "slope_by_output": "activation-line-1",
        "half_speed": "activation-line-5",
        "spread": "activation-line-3",
    }
    truth = [planted(f"activation.{name}", slip)[0] for name, slip in names.items()]
    assert list(yours) == truth
