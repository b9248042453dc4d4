"""Activations and initialisation.  The claims of `book/activation.md`, in its order."""

import importlib
import math
from itertools import product
from operator import index

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
    """The activations, imported by the tests that use them: the compiler takes a second to load."""
    return importlib.import_module("dlcore.ops.activation")


@pytest.fixture
def x(rng):
    """A batch of inputs on both sides of zero."""
    return rng.normal(scale=3.0, size=(4, 7))


def test_two_relus_solve_exclusive_or(ops):
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


def interpolated(ops, corners, heights, x):
    """Compute  y₀ + Σ cᵢ max(0, x - xᵢ),  with cᵢ the change of slope at xᵢ."""
    changes = np.diff(np.diff(heights) / np.diff(corners), prepend=0.0)
    return heights[0] + ops.relu(x[:, None] - corners[:-1]) @ changes


def test_relus_interpolate_any_points(ops, rng):
    """f(x) = y₀ + Σ cᵢ max(0, x - xᵢ), with cᵢ the change of slope at xᵢ, meets all (xᵢ, yᵢ)."""
    for _ in range(50):
        corners, heights = np.cumsum(rng.uniform(1, 2, size=9)), rng.normal(size=9)
        x = np.linspace(corners[0], corners[-1], 50)
        y = interpolated(ops, corners, heights, x)
        assert_allclose(y, np.interp(x, corners, heights), rtol=0, atol=1e-13)


def test_relus_approximate_a_continuous_function(ops):
    """On [-3, 3] the error for sin 2x + x/3 is at most 7/3 of the distance of the points."""
    f, x = lambda x: np.sin(2 * x) + x / 3, np.linspace(-3, 3, 1001)
    for units in (4, 16, 64):
        corners = np.linspace(-3, 3, units + 1)
        error = np.abs(f(x) - interpolated(ops, corners, f(corners), x)).max()
        assert error <= 7 / 3 * 6 / units


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_the_output_gives_the_derivative(name, formulas, oracle, rng):
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
    """Every operation computes its formula, evaluated with thirty digits."""
    options = OPTIONS.get(name, {})
    page = oracle.program(getattr(formulas, name))
    assert_allclose(getattr(ops, name)(x, **options), page(x=x, **options), **CLOSE)


@every_activation
def test_the_derivatives_are_what_calculus_says(name, formulas, oracle, rng):
    """Differentiated by sympy, y on the page gives y' on the page."""
    derived = formulas.differentiate(getattr(formulas, name))
    assert oracle.counterexample(getattr(formulas, f"{name}_slope"), derived, rng) is None


@every_activation
def test_the_backward_pass_multiplies_by_the_derivative(name, ops, formulas, oracle, x, rng):
    """x̄ = ȳ y', entry by entry, for an arbitrary ȳ."""
    options, y_bar = OPTIONS.get(name, {}), rng.normal(size=x.shape)
    f, slope = getattr(ops, name), oracle.program(getattr(formulas, f"{name}_slope"))
    (x_bar,) = f.vjp(f(x, **options), x, y_bar, **options)
    assert_allclose(x_bar, y_bar * slope(x=x, **options), **CLOSE)


@every_activation
def test_the_jacobian_is_diagonal(name, ops, rng):
    """An entry depends on itself alone: ∂yₙ/∂xₘ = 0 for n ≠ m."""
    J = jacobian(getattr(ops, name))(rng.normal(size=6))
    assert_array_equal(J, np.diag(np.diag(J)))


def test_the_subgradients_of_relu_at_zero_are_zero_to_one(ops, x):
    """max(0, x) ≥ g x for all x exactly when 0 ≤ g ≤ 1: at the kink there is a choice."""
    for g in np.linspace(0, 1, 101):
        assert (ops.relu(x) >= g * x).all()
    for g in (-0.01, 1.01):
        assert (ops.relu(x) < g * x).any()


def test_the_gradient_at_the_kink_is_zero(ops, rng):
    """The choice is g = 0: where x = 0, x̄ = 0, for +0 and for -0."""
    x, y_bar = np.array([0.0, -0.0]), rng.normal(size=2)
    assert_array_equal(*ops.relu.vjp(ops.relu(x), x, y_bar), [0, 0])


def test_a_difference_across_the_kink_measures_one_half(ops):
    """(max(0, h) - max(0, -h)) / 2h = 1/2, so gradients must not be checked at a kink."""
    assert directional(ops.relu, [np.zeros(1)], [np.ones(1)]) == 0.5


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


def test_the_gradient_through_a_sigmoid_is_at_most_a_quarter(ops, x, rng):
    """|x̄| ≤ |ȳ|/4, and so at most a 4ᴸ-th part through L of them."""
    y_bar = rng.normal(size=x.shape)
    (x_bar,) = ops.sigmoid.vjp(ops.sigmoid(x), x, y_bar)
    assert (np.abs(x_bar) <= np.abs(y_bar) / 4).all()


def test_a_dead_unit_has_gradient_zero(ops, rng):
    """If x w + b < 0 on the whole batch, then w̄ = 0 and b̄ = 0 for every ȳ."""
    x, w = rng.normal(size=(6, 4)), rng.normal(size=(4, 3))
    b = -1 - np.abs(x @ w).max(axis=0)
    y, pullback = vjp(lambda w, b: ops.relu(linear(x, w, b)), w, b)
    for bar in pullback(rng.normal(size=y.shape)):
        assert_array_equal(bar, np.zeros_like(bar))


def test_a_leaky_unit_always_has_a_gradient(ops, rng):
    """Where ȳ ≠ 0, x̄ ≠ 0, however far below zero x lies."""
    x, y_bar = -rng.uniform(1, 1e6, size=(3, 5)), rng.normal(size=(3, 5))
    (x_bar,) = ops.leaky_relu.vjp(ops.leaky_relu(x), x, y_bar)
    assert (x_bar != 0).all()


def test_equal_units_have_equal_gradients(ops, rng):
    """Equal columns of w₁, equal biases and equal rows of w₂ have equal gradients."""
    x, w1, w2 = rng.normal(size=(5, 4)), np.ones((4, 3)), np.ones((3, 2))
    b1, b2 = np.zeros(3), np.zeros(2)
    y, pullback = vjp(lambda w1, w2: linear(ops.relu(linear(x, w1, b1)), w2, b2), w1, w2)
    w1_bar, w2_bar = pullback(rng.normal(size=y.shape))
    assert_allclose(w1_bar, w1_bar[:, :1] + np.zeros((4, 3)), **CLOSE)
    assert_allclose(w2_bar, w2_bar[:1] + np.zeros((3, 2)), **CLOSE)


def test_relu_halves_the_mean_square_of_a_normal_number(formulas):
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
def test_initial_weights_have_the_variance_on_the_page(name, formulas, oracle):
    """They are σ times standard normal numbers, with σ² from the page."""
    sizes = {"D": 6, "M": 9}
    w = getattr(init, name)(**sizes, rng=np.random.default_rng(5))
    variance = oracle.program(getattr(formulas, name))(**sizes)
    normal = np.random.default_rng(5).standard_normal((6, 9))
    assert_allclose(w, np.sqrt(variance) * normal, rtol=1e-15)


def test_glorots_variance_is_one_over_the_mean_of_both_sizes(formulas):
    """2/(D + M) = 1 / ((D + M)/2): a forward pass needs 1/D, a backward pass 1/M."""
    D, M, wish = formulas.D, formulas.M, formulas.glorot.rhs
    assert (1 / wish - (D + M) / 2).simplify() == 0


def mixed(rng, *shape):
    """Draw numbers of both signs and of sizes from 1e-99 to 1e99; about a fifth of them are 0."""
    x = rng.normal(size=shape) * 10.0 ** rng.integers(-99, 100, size=shape)
    return np.where(rng.random(shape) < 0.2, rng.choice([0.0, -0.0], size=shape), x)


def batches(rng):
    """List arrays of drawn shapes, laid out in several ways, one number, floats of four bytes."""
    N, D, M = rng.permutation([2, 3, 5, 7])[:3]
    small = rng.normal(scale=9.0, size=(M, N)).astype(np.float32)
    apart, turned = mixed(rng, 2 * N, M)[::2, ::-1], mixed(rng, N, D, M).T
    twins = mixed(rng, N, D, M), mixed(rng, N, D, M)
    return [*twins, apart, turned, mixed(rng, 1), mixed(rng), small]


def agree(yours, wanted, **tolerance):
    """Compare numbers, within a tolerance if one is given, and shapes exactly."""
    assert_allclose(yours, wanted, **{"rtol": 0, "atol": 0, **tolerance})
    assert np.shape(yours) == np.shape(wanted), f"the shape is {np.shape(yours)}"


def pieces(x, right, left):
    """Take an entry from `right` where x > 0, and from `left` elsewhere, one by one."""
    chosen = [r if at > 0 else e for at, r, e in zip(x.flat, right.flat, left.flat, strict=True)]
    return np.reshape(chosen, x.shape)


@pytest.mark.exercise("activation-relu", points=1)
def test_the_rectifier_keeps_what_is_positive(answers, rng):
    """Entry by entry, y = x where x > 0, and 0 elsewhere, in the shape of x."""
    for x in [*batches(rng), rng.integers(-9, 10, size=(3, rng.integers(2, 9)))]:
        wanted = pieces(x, x, np.zeros(x.shape))
        agree(answers.relu(x), wanted)
        agree(answers.relu(np.asarray(-wanted)), np.zeros(x.shape))


@pytest.mark.exercise("activation-relu", points=1)
def test_the_rectifier_leaves_its_input_alone(answers, unchanged, rng):
    """The array x is still needed in the backward pass, and perhaps by somebody else."""
    for x in batches(rng):
        unchanged(answers.relu, x)


@pytest.mark.exercise("activation-relu-backward", points=2)
def test_the_rectifier_passes_back_where_it_was_on(answers, unchanged, rng):
    """x̄ = ȳ where x > 0, and 0 elsewhere, for an arbitrary ȳ; both stay as they are."""
    for x in batches(rng):
        for _ in range(2):
            y_bar = np.asarray(rng.normal(size=x.shape), x.dtype)
            wanted = pieces(x, y_bar, 0 * y_bar)
            agree(unchanged(answers.relu_backward, y_bar, x), wanted)


@pytest.mark.exercise("activation-relu-backward", points=2)
def test_the_rectifier_passes_nothing_back_at_zero(answers, rng):
    """Where x = 0 we choose the slope 0."""
    N, D = rng.permutation([2, 3, 5, 7])[:2]
    y_bar = rng.normal(size=(N, D))
    assert_array_equal(answers.relu_backward(y_bar, np.zeros((N, D))), np.zeros((N, D)))


def slopes(rng):
    """Draw slopes of all kinds: gentle, steep, negative; and none at all."""
    return [rng.uniform(0.1, 0.9), rng.uniform(1.1, 3.0), -rng.uniform(0.1, 2.0), 0.0]


def near(x):
    """Allow for some roundings of numbers like those of x."""
    return {"rtol": 64 * np.finfo(x.dtype).eps, "atol": 0.0}


@pytest.mark.exercise("activation-leaky", points=2)
def test_the_leaky_rectifier_has_two_slopes(answers, rng):
    """Entry by entry, y = x where x > 0, and slope · x elsewhere, whatever the slope."""
    for x in batches(rng):
        for slope in slopes(rng):
            wanted = pieces(x, x, slope * x)
            y, _ = answers.leaky_relu(x, slope=slope)
            agree(y, wanted, **near(x))


@pytest.mark.exercise("activation-leaky", points=2)
def test_the_leaky_rectifier_passes_something_back_everywhere(answers, rng):
    """x̄ = ȳ where x > 0, and slope · ȳ elsewhere, at x = 0 too; ȳ stays as it is."""
    for x in batches(rng):
        for slope in slopes(rng):
            y_bar = np.asarray(rng.normal(size=x.shape), x.dtype)
            before, wanted = y_bar.copy(), pieces(x, y_bar, slope * y_bar)
            _, pullback = answers.leaky_relu(x, slope=slope)
            agree(pullback(y_bar), wanted, **near(x))
            assert_array_equal(y_bar, before)


@pytest.mark.exercise("activation-leaky", points=2)
def test_each_pullback_belongs_to_its_own_call(answers, rng):
    """Two of them, called in turns and as often as you like: each keeps its x and its slope."""
    N, D = rng.permutation([2, 3, 5, 7])[:2]
    xs, given = rng.normal(size=(2, N, D)), rng.uniform(0.1, 0.9, size=2) * [1, -1]
    pullbacks = [answers.leaky_relu(x, slope=a)[1] for x, a in zip(xs, given, strict=True)]
    for i in (0, 1, 0, 0, 1):
        y_bar = rng.normal(size=(N, D))
        wanted = pieces(xs[i], y_bar, given[i] * y_bar)
        assert_allclose(pullbacks[i](y_bar), wanted, rtol=1e-13)


@pytest.mark.exercise("activation-leaky", points=2)
def test_a_slope_that_is_not_given_is_a_hundredth(answers, rng):
    """Left of zero, y = x/100 and x̄ = ȳ/100, of whole numbers, too."""
    x, y_bar = -rng.uniform(1, 9, size=(2, rng.integers(3, 9)))
    for each in (x, np.floor(x).astype(int)):
        y, pullback = answers.leaky_relu(each)
        assert_allclose(y, each / 100, rtol=1e-13)
        assert_allclose(pullback(y_bar), y_bar / 100, rtol=1e-13)


@pytest.mark.exercise("activation-sigmoid", points=2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_sigmoid_is_one_over_one_plus_an_exponential(answers, unchanged, rng, dtype):
    """Numbers of ordinary size give y = 1/(1 + e⁻ˣ), in the shape of x, which stays as it is."""
    N, D, M = rng.permutation([2, 3, 5, 7])[:3]
    apart, turned = rng.normal(size=(2 * N, D, M))[::2], rng.normal(scale=9, size=(D, N)).T
    for drawn in (apart, turned, np.array(rng.normal()), 2 - apart):
        x = drawn.astype(dtype)
        wanted = [1 / (1 + math.exp(-number)) for number in x.ravel().tolist()]
        tolerance = 2e4 * np.finfo(dtype).eps
        agree(unchanged(answers.sigmoid, x), np.reshape(wanted, x.shape), rtol=tolerance)


@pytest.mark.exercise("activation-sigmoid", points=2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_sigmoid_never_overflows(answers, rng, dtype):
    """From one end of the floats to the other: 0, 0, 1/2, 1, 1, and not one warning."""
    far, huge = rng.uniform(1e3, 1e4), np.finfo(dtype).max
    x = np.array([-np.inf, -huge, -far, 0.0, far, huge, np.inf], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = answers.sigmoid(x)
    assert_array_equal(y, [0, 0, 0, 0.5, 1, 1, 1])


@pytest.mark.exercise("activation-sigmoid", points=2)
def test_the_sigmoid_keeps_small_numbers(answers, rng):
    """Far below zero, y = eˣ to twelve digits, and where digits end it is small, not zero."""
    x = -rng.uniform([40, 80, 300, 600, 700], [80, 300, 600, 700, 707])
    assert_allclose(answers.sigmoid(x), [math.exp(number) for number in x], rtol=1e-12)
    assert (np.asarray(answers.sigmoid(-rng.uniform(710, 740, size=3))) > 0).all()


def mixtures(rng, N, dtype=float):
    """Draw a batch of N examples and weights; some units are negative for every example."""
    D, M = rng.permutation([1, 2, 3, 5])[:2]
    x = np.hstack([rng.normal(size=(N, D)), np.ones((N, 1))])
    w = np.vstack([rng.normal(size=(D, M)), rng.choice([-40.0, -20.0, 30.0], size=M)])
    return (9 * x).astype(dtype), (9 * w).astype(dtype)


@pytest.mark.exercise("activation-dead", points=2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_unit_is_only_just_dead(answers, unchanged, rng, dtype):
    """The largest of the N mixtures x w + b is -margin, for each of the M units.

    A margin may be zero, and a negative one leaves each unit one example at least.
    """
    for N, margin in product((1, *rng.integers(2, 13, size=2)), (*rng.uniform(0.5, 9, 2), 0, -2)):
        drawn, w = mixtures(rng, N, dtype)
        for x in (drawn, 2 * drawn):
            b = unchanged(lambda x, w, size=margin: answers.dead_bias(x, w, margin=size), x, w)
            assert np.shape(b) == w.shape[1:]
            far = 64 * np.finfo(dtype).eps * np.abs(x).max() * np.abs(w).max()
            assert_allclose((x.astype(float) @ w + b).max(axis=0), -margin, rtol=0, atol=far)


@pytest.mark.exercise("activation-dead", points=2)
def test_a_margin_that_is_not_given_is_one(answers, rng):
    """The largest mixture of each unit is -1."""
    x, w = mixtures(rng, rng.integers(2, 9))
    assert_allclose((x @ w + answers.dead_bias(x, w)).max(axis=0), -1.0, rtol=0, atol=1e-10)


FUNCTIONS = {  # with a drawn size a, and their slopes
    "sine": (lambda a: lambda x: np.sin(a * x), lambda a: lambda x: a * np.cos(a * x)),
    "tanh": (lambda a: lambda x: np.tanh(a * x), lambda a: lambda x: a / np.cosh(a * x) ** 2),
    "cube": (lambda a: lambda x: a * x**3, lambda a: lambda x: 3 * a * x**2),
    "power": (lambda a: lambda x: np.exp(a * x), lambda a: lambda x: a * np.exp(a * x)),
    "line": (lambda a: lambda x: 999 * a * x, lambda a: lambda x: np.full_like(x, 999 * a)),
    "kink": (lambda a: lambda x: np.maximum(0, a * x), lambda a: lambda x: a * (a * x > 0)),
    "size": (lambda a: lambda x: a * np.abs(x), lambda a: lambda x: a * np.sign(x)),
}  # fmt: skip


def entrywise(rng, *names):
    """Draw a function, its slope, and numbers of both signs; none is near zero or another.

    They have one axis, or two.
    """
    make, make_slope = FUNCTIONS[rng.choice(names or list(FUNCTIONS))]
    a = rng.uniform(0.7, 1.3) * rng.choice([-1, 1])
    x = np.linspace(0.25, 2.25, rng.choice([6, 12, 18])) + rng.uniform(0, 0.05)
    x = rng.permutation(x * rng.permutation(np.resize([-1, 1], x.size)))
    return make(a), make_slope(a), x.reshape(-1, 3) if rng.random() < 0.5 else x


def slipped(slope, x, rng, change):
    """Change a slope at one of the entries of x, among those whose slope is not small."""
    large = x[np.abs(slope(x)) > 0.2]
    place = rng.choice(large if large.size else x.ravel())
    return lambda z: np.where(z == place, change(slope(z)), slope(z))


def slipped_where_small(slope, x):
    """Make a slope too large by a hundredth at one entry, where it is smallest above a fifth."""
    place = min(x[np.abs(slope(x)) > 0.2], key=lambda number: abs(slope(number)))
    return lambda z: np.where(z == place, 1.01, 1.0) * slope(z)


def exchanged(slope, x):
    """Exchange two entries of a slope: in total it is right."""
    high, low = (x.flat[pick(np.abs(slope(x)))] for pick in (np.argmax, np.argmin))
    other = lambda z: np.where(z == high, low, np.where(z == low, high, z))
    return lambda z: slope(other(z))


SLIPS = {  # what may be wrong with a slope:  (f, slope, x, rng) ↦ another one
    "too much": lambda f, slope, x, rng: slipped(slope, x, rng, lambda s: 1.01 * s),
    "too little": lambda f, slope, x, rng: slipped(slope, x, rng, lambda s: 0.99 * s),
    "a little too much": lambda f, slope, x, rng: slipped_where_small(slope, x),
    "all too much": lambda f, slope, x, rng: lambda z: 1.01 * slope(z),
    "a sign": lambda f, slope, x, rng: slipped(slope, x, rng, np.negative),
    "every sign": lambda f, slope, x, rng: lambda z: -slope(z) - (slope(z) == 0),
    "no number": lambda f, slope, x, rng: slipped(slope, x, rng, lambda s: s + np.nan),
    "shifted": lambda f, slope, x, rng: slipped(
        slope, x, rng, lambda s: s + rng.uniform(0.1, 1) * (1 + abs(s))
    ),
    "nothing": lambda f, slope, x, rng: lambda z: 0 * z,
    "the function": lambda f, slope, x, rng: lambda z: f(z) + slope(z),
    "its sum": lambda f, slope, x, rng: lambda z: slope(z).sum(),
    "a number": lambda f, slope, x, rng: lambda z: slope(z).flat[0],
    "an axis": lambda f, slope, x, rng: lambda z: slope(z)[None],
    "a part": lambda f, slope, x, rng: lambda z: slope(z)[:1],
    "exchanged": lambda f, slope, x, rng: exchanged(slope, x),
    "half of them": lambda f, slope, x, rng: lambda z: slope(np.abs(z)),
}
VARYING = ("tanh", "power", "cube")  # no two of their entries have one slope


def slope_cases(rng):
    """List right and wrong slopes in a drawn order: function, slope, numbers, the truth."""
    cases = [(*entrywise(rng, name), True) for name in FUNCTIONS]
    cases += [(*entrywise(rng), True) for _ in range(rng.integers(1, 5))]
    for name, slip in SLIPS.items():
        sided = {"exchanged": VARYING, "half of them": ("power", "size"), "a number": ("line",)}
        sided |= {"a part": ("line",), "a little too much": ("tanh",)}
        f, slope, x = entrywise(rng, *sided.get(name, ()))
        cases.append((f, slip(f, slope, x, rng), x, False))
    return [cases[i] for i in rng.permutation(len(cases))]


@pytest.mark.exercise("activation-slope", points=3)
def test_right_slopes_are_distinguished_from_wrong_ones(answers, rng):
    """(f(x + h) - f(x - h)) / 2h = f'(x) + O(h²): one wrong entry is enough, by a hundredth."""
    *cases, truth = zip(*slope_cases(rng), strict=True)
    said = [answers.is_slope(*case) for case in zip(*cases, strict=True)]
    assert all(np.shape(each) == () for each in said), "return True or False"
    right = all(map(np.equal, said, truth))
    assert right, "a verdict is wrong"


def weights(answers, rng, n=18_000):
    """Draw about n weights for features that are few, and for features that are many."""
    for D in rng.integers([7, 300], [60, 600]):
        yield D, n // D, np.asarray(answers.he(int(D), int(n // D), rng=rng))


@pytest.mark.exercise("activation-init", points=2)
def test_he_weights_have_the_right_width(answers, rng):
    """The mean of w² is 2/D up to five standard errors, 5 √(2/n) of it for n weights."""
    for D, M, w in weights(answers, rng):
        assert w.shape == (D, M)
        assert_allclose(np.mean(w**2), 2 / D, rtol=5 * np.sqrt(2 / w.size))
        assert_allclose(np.mean(w), 0, rtol=0, atol=5 * np.sqrt(2 / D / w.size))


@pytest.mark.exercise("activation-init", points=2)
def test_he_weights_are_normally_distributed(answers, rng):
    """A share p = erfc(k/√2) lies beyond k widths, up to five standard errors √(p (1 - p)/n)."""
    for D, _, w in weights(answers, rng):
        for k in (0.5, 1, 2, 3):
            p = math.erfc(k / math.sqrt(2))
            beyond = np.abs(w) > k * np.sqrt(2 / D)
            assert_allclose(beyond.mean(), p, rtol=0, atol=5 * np.sqrt(p * (1 - p) / w.size))


@pytest.mark.exercise("activation-init", points=2)
def test_no_weight_is_drawn_twice(answers, rng):
    """Rows and columns have means of their own: the mean of M weights has a variance of 2/DM."""
    for D, M, w in weights(answers, rng):
        assert len(np.unique(w)) > 0.9 * w.size
        for axis, n in ((0, D), (1, M)):
            means = w.mean(axis=axis) * np.sqrt(n * D / 2)
            assert np.mean(means**2) < 1 + 9 * np.sqrt(2 / means.size)


@pytest.mark.exercise("activation-init", points=2)
def test_few_weights_do_not_know_of_each_other(answers, rng):
    """For u and v from N(0, 2), of shape (1, 2), u² + v² varies, and (u + v)²/4 has the mean 1.

    The mean of 60 such squares has a standard error of √(2/60); five of them are allowed.
    """
    w = np.array([np.asarray(answers.he(1, 2, rng=rng))[0] for _ in range(60)])
    assert_allclose(np.mean(w.sum(axis=1) ** 2) / 4, 1, rtol=5 * np.sqrt(2 / 60))
    assert np.ptp((w**2).sum(axis=1)) > 1, "the sum of their squares hardly varies"
    assert np.ptp(np.abs(w)) > 1, "their sizes hardly vary"


@pytest.mark.exercise("activation-init", points=2)
def test_he_weights_come_from_the_given_generator(answers, rng):
    """The same seed gives the same weights, another one others; asked again, others come."""
    D, M = (int(size) for size in rng.permutation([1, 2, 3, 5, 7])[:2])
    seed = rng.integers(2**32)
    first, twin, other = (np.random.default_rng(seed + k) for k in (0, 0, 1))
    w = np.asarray(answers.he(D, M, rng=first))
    assert w.shape == (D, M)
    assert_array_equal(answers.he(D, M, rng=twin), w)
    assert (np.asarray(answers.he(D, M, rng=first)) != w).any()
    assert (np.asarray(answers.he(D, M, rng=other)) != w).any()


@pytest.mark.exercise("activation-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "slope_by_output": "activation-line-1",
        "half_speed": "activation-line-5",
        "spread": "activation-line-3",
    }
    truth = [planted(f"activation.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
