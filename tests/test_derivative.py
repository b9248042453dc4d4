"""Differences.  The claims of `book/derivative.md`, in the order of the chapter."""

import importlib
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import exp, log
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import check_gradients, derivative, directional, grad
from dlcore.autodiff.dispatch import plain
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy, log_softmax, softmax
from dlcore.ops.numpy.elementary import tanh

EPS, STEP = derivative.EPS, derivative.STEP
STEPS = [2.0**-k for k in range(1, 53)]  # powers of two: 1 + h and 1 - h are exact
ROUNDED = {"rtol": 1e-12, "atol": 1e-15}  # some roundings of 1e-16
MEASURED = {"rtol": 1e-7, "atol": 1e-8}  # the best central differences, with room to spare
WAYS = {"one_sided": 2, "central": 4, "complex_step": 4}  # what half the step divides the error by
DIFFERENCES = ["one_sided", "central"]
POWERS = ["one_sided_square", "central_square", "one_sided_cube", "central_cube", "complex_cube"]
THEIRS = {  # printed by 000 and 001
    "hidden.b": [5.435436e-8, 5.435430e-8],
    "hidden.w": [4.426512e-9],
    "output.b": [8.190173e-11],
    "output.w": [1.786138e-9, 8.023743e-10],
}


@pytest.fixture
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.derivative")


# By hand


def test_the_case_by_hand_comes_out():
    """x² at 3, x³ at 2, a step of 1:  7 and 6 for 6;  19, 13 and 11 for 12."""
    square, cube = (lambda x: x**2), (lambda x: x**3)
    assert (derivative.one_sided(square, 3, 1), derivative.central(square, 3, 1)) == (7, 6)
    assert [getattr(derivative, way)(cube, 2, 1) for way in WAYS] == [19, 13, 11]


@pytest.mark.parametrize("way", WAYS)
def test_the_program_says_what_the_page_says(way, formulas, oracle, rng):
    """For f = exp and a step of 1/4, the formula with thirty digits is what the program returns."""
    x, h = rng.normal(), 0.25
    page = formulas.concrete(getattr(formulas, way), formulas.sp.exp)
    assert_allclose(
        getattr(derivative, way)(np.exp, x, h), oracle.program(page)(x=x, h=h), **ROUNDED
    )


@pytest.mark.parametrize("name", POWERS)
def test_powers_show_their_error(name, formulas, oracle, rng):
    """Both sides of each identity agree at exact random numbers x and h."""
    assert oracle.counterexample(*oracle.claim(getattr(formulas, name)), rng) is None


def test_a_central_difference_is_exact_for_quadratics(rng):
    """(f(x + h) - f(x - h)) / 2h = 2ax + b  for  f(x) = ax² + bx + c, in whole numbers."""
    for a, b, c, x, h in rng.integers(1, 100, size=(50, 5)):
        f = lambda x, a=a, b=b, c=c: a * x**2 + b * x + c
        assert derivative.central(f, x, h) == 2 * a * x + b


# Truncation


def test_a_quartic_shows_the_intermediate_points(formulas):
    """For x³ and x⁴ all points of Taylor's theorem are known, and both sides agree."""
    x, h, z, z1, z2 = (getattr(formulas, name) for name in ("x", "h", "z", "z1", "z2"))
    shown = lambda page, f, at: formulas.gap(formulas.concrete(page, f)).subs(at)
    gaps = [shown(formulas.ahead, formulas.cube, {z: x + h / 3})]
    known = {z1: x + h / 4, z2: x - h / 4, z: x}
    pages = formulas.far_ahead, formulas.far_behind, formulas.in_between
    gaps += [shown(page, formulas.quartic, known) for page in pages]
    assert [formulas.sp.expand(gap) for gap in gaps] == [0, 0, 0, 0]


@pytest.mark.parametrize(("way", "order"), [("one_sided", 2), ("central", 3)])
def test_the_error_is_a_higher_derivative_at_an_intermediate_point(way, order, formulas, rng):
    """For f = exp the point z can be found, and it lies between the two ends."""
    x, h = rng.normal(), 0.5 + rng.uniform()
    error = getattr(derivative, way)(np.exp, x, h) - exp(x)
    z = log(error / {2: h / 2, 3: h**2 / 6}[order])
    assert (x if way == "one_sided" else x - h) < z < x + h
    claim = formulas.as_slopes(getattr(formulas, f"{way}_off").claim)
    page = formulas.concrete(claim, formulas.sp.exp)
    sides = [side.subs({formulas.x: x, formulas.h: h, formulas.z: z}) for side in page.args]
    assert_allclose(*map(float, sides), **ROUNDED)


@pytest.mark.parametrize("way", WAYS)
def test_half_the_step_halves_or_quarters_the_error(way, rng):
    """One-sidedly the error is of the order h, centrally and with a complex step of order h²."""
    x, measure = rng.uniform(), getattr(derivative, way)
    whole, half = (abs(measure(np.exp, x, h) - exp(x)) for h in (2e-3, 1e-3))
    assert_allclose(whole / half, WAYS[way], rtol=1e-3)  # the next order is a thousandth


# Round-off


def test_a_step_below_the_spacing_gives_zero():
    """1 + 2⁻⁵³ is 1 again: the rise is zero, and so is the slope."""
    assert derivative.one_sided(np.exp, 1.0, 2.0**-53) == 0.0


def test_a_difference_of_close_numbers_is_exact(rng):
    """If x/2 ≤ z ≤ 2x, the computed x - z is x - z, for numbers of all sizes."""
    x = rng.uniform(1.0, 2.0, size=300) * 2.0 ** rng.integers(-1000, 1000, size=300)
    z = x * rng.uniform(0.5, 2.0, size=300)
    for one, other in zip(x, z, strict=True):
        assert Fraction(one - other) == Fraction(one) - Fraction(other)


def test_the_step_is_rounded_too():
    """(x + h) - x = h for a power of two, and for h = 1/1000 it is not."""
    assert (1.0 + 2.0**-10) - 1.0 == 2.0**-10
    assert (1.0 + 0.001) - 1.0 != 0.001


@pytest.mark.parametrize("way", DIFFERENCES)
def test_the_error_stays_below_its_bound(way, formulas, oracle):
    """For f = exp at 1 and every step from 1/2 down to 2⁻⁵²."""
    bound, measure = getattr(formulas, f"{way}_bound"), getattr(derivative, way)
    h = np.array(STEPS)
    size = np.exp(1 + h)
    allowed = oracle.program(bound)(h=h, eps=EPS, c0=size, c2=size, c3=size)
    assert all(abs(measure(np.exp, 1.0, h) - exp(1)) <= allowed)


# The best step


@pytest.mark.parametrize("way", DIFFERENCES)
def test_the_bound_is_flat_at_the_best_step(way, formulas):
    """∂e/∂h = 0 there, and e has the value that the page says."""
    bound, step, best = (getattr(formulas, f"{way}_{name}") for name in ("bound", "step", "best"))
    flat = formulas.sp.diff(bound.rhs, formulas.h).subs(formulas.h, step.rhs)
    assert formulas.sp.simplify(flat) == 0
    assert formulas.sp.simplify(bound.rhs.subs(formulas.h, step.rhs) / best.rhs) == 1


@pytest.mark.parametrize("way", DIFFERENCES)
def test_no_other_step_has_a_smaller_bound(way, formulas, oracle, rng):
    """e(h) ≥ e(best) for every h > 0, whatever ε and the sizes of f and its derivatives."""
    bound, best = (getattr(formulas, f"{way}_{name}") for name in ("bound", "best"))
    names = ("eps", "c0", "c2", "c3")
    given = dict(zip(names, np.exp(rng.normal(size=(4, 200))), strict=True))
    h = np.exp(3 * rng.normal(size=200))
    assert (oracle.program(bound)(h=h, **given) > oracle.program(best)(**given)).all()


@pytest.mark.parametrize(("way", "digits"), [("one_sided", 1 / 2), ("central", 2 / 3)])
def test_a_part_of_the_digits_is_left(way, digits, formulas, oracle):
    """With sixteen times as many digits, the best error has eight, or ten and two thirds, more."""
    page = oracle.program(getattr(formulas, f"{way}_best"))
    errors = page(eps=np.array([1e-6, 1e-22]), c0=2.0, c2=3.0, c3=5.0)
    assert_allclose(np.log10(errors[0] / errors[1]), 16 * digits, **ROUNDED)


@pytest.mark.parametrize("way", DIFFERENCES)
def test_a_step_off_by_three_costs_less_than_a_digit(way, formulas):
    """e(q h₀) < 10 e(h₀) for q = 3 and 1/3; centrally the ratios are 29/9 and 55/27."""
    sp, h, page = formulas.sp, formulas.h, getattr(formulas, f"{way}_bound").rhs
    step, best = (getattr(formulas, f"{way}_{name}").rhs for name in ("step", "best"))
    ratios = [sp.simplify(page.subs(h, q * step) / best) for q in (3, sp.Rational(1, 3))]
    assert all(ratio < 10 for ratio in ratios)
    if way == "central":
        assert ratios == [sp.Rational(29, 9), sp.Rational(55, 27)]


# The complex step


@pytest.mark.parametrize("h", [1e-20, 1e-100, 1e-300])
def test_a_complex_step_may_be_tiny(h, rng):
    """Right to the last digits, where h² is no number that could be told from zero."""
    x = rng.normal(size=5)
    assert_allclose(derivative.complex_step(np.exp, x, h), np.exp(x), rtol=4 * EPS)
    assert_allclose(derivative.complex_step(np.tanh, x, h), 1 - np.tanh(x) ** 2, rtol=16 * EPS)


def test_a_complex_step_needs_an_analytic_function():
    """|z| and z conj(z) are real, so the derivatives of |x| and x² come out as zero."""
    assert derivative.complex_step(np.abs, 3.0) == 0.0
    assert derivative.complex_step(lambda x: x * np.conj(x), 3.0) == 0.0
    with pytest.raises(TypeError, match="not supported between instances"):
        derivative.complex_step(lambda x: max(x, 0), 3.0)


# Two numbers that should agree


def test_the_relative_error_says_what_the_page_says(formulas, oracle, rng):
    """The largest of  |x - z| / max(u, |x| + |z|)  over the entries."""
    x, z = rng.normal(size=(2, 3, 4)) * 10.0 ** rng.integers(-9, 2, size=(3, 4))
    page = oracle.program(formulas.relative_error)(x=x, z=z, u=1e-8)
    single = [derivative.relative_error(*pair) for pair in zip(x.ravel(), z.ravel(), strict=True)]
    assert_allclose(single, page.ravel(), **ROUNDED)
    assert_allclose(derivative.relative_error(x, z), page.max(), **ROUNDED)


def test_two_zeros_agree():
    """At 0/0 the floor divides: the error is zero."""
    assert derivative.relative_error(np.zeros(3), np.zeros(3)) == 0.0


def test_below_the_floor_every_error_is_small():
    """1e-17 and -1e-17 differ in their sign, and pass with an error of 2e-9."""
    assert derivative.relative_error(np.array([1e-17]), np.array([-1e-17])) < 1e-8


def test_no_rounding_of_the_loss_reaches_the_demanded_error(lab):
    """The slope by entry 1 of hidden.b is computed on a grid without a point within 1e-8."""
    slope = lab.toy_gradients(1e-5)[0]["hidden.b"][1]
    digit = EPS / (2 * 1e-5)  # what the last digit of a loss between 1 and 2 does to the slope
    near = digit * (np.round(slope / digit) + np.arange(-3, 4))
    errors = [derivative.relative_error(measured, slope) for measured in near]
    assert min(errors) > 1e-8


@pytest.mark.parametrize("name", THEIRS)
def test_the_published_errors_are_whole_numbers_of_last_digits(name, lab):
    """Some entry, measured with a loss of k last digits, errs by exactly what they print."""
    w_bar = lab.toy_gradients(1e-5)[0][name].ravel()
    digit = EPS / (2 * 1e-5)
    near = digit * (np.round(w_bar / digit) + np.arange(-1, 2)[:, None])
    size = np.maximum(1e-8, np.abs(near) + np.abs(w_bar))
    for printed in THEIRS[name]:
        off = np.abs(np.abs(near - w_bar) / size - printed)
        assert (off < 1e-6 * printed + 4e-17 / size).any()  # seven digits, roundings of w̄


def test_a_longer_step_rounds_less_and_truncates_more(lab):
    """With a step of 1/1000 hidden.b is below 1e-8; output.w, which was, is far above."""
    short, long = lab.toy_errors(1e-5), lab.toy_errors(1e-3)
    assert long["hidden.b"] < 1e-8 < short["hidden.b"]
    assert short["output.w"] < 1e-8 < long["output.w"] / 10


# Many variables


def test_a_directional_derivative_is_an_inner_product(formulas, oracle, rng):
    """The derivative along ẋ is  Σ_d x̄_d ẋ_d, with x̄ the gradient."""
    x, x_dot = rng.normal(size=(2, 7))
    f = lambda x: np.sum(np.tanh(x) * np.exp(x))
    page = oracle.program(formulas.slope_along)(x_bar=grad(f)(x), x_dot=x_dot)
    assert_allclose(directional(f, [x], [x_dot]), page, **MEASURED)


@pytest.mark.parametrize("D", [1, 10, 100])
def test_a_gradient_takes_two_evaluations_an_entry_a_direction_two(D, rng):
    """2 D evaluations against 2."""
    calls, x = [], rng.normal(size=D)
    f = lambda x: calls.append(x) or np.sum(x)
    directional(f, [x], [rng.normal(size=D)])
    assert len(calls) == 2
    derivative.entrywise(lambda x_dots: directional(f, [x], x_dots), [x])
    assert len(calls) == 2 + 2 * D


@pytest.mark.parametrize("D", [3, 300])
def test_a_random_direction_shows_a_mistake_undiluted(D, rng):
    """⟨e, ẋ⟩ is ‖e‖ times a standard normal number: however large D is, nothing is diluted."""
    e = rng.normal(size=D)
    seen = rng.normal(size=(2000, D)) @ e / np.linalg.norm(e)
    assert abs(np.mean(seen**2) - 1) < 4 * np.sqrt(2 / 2000)  # four deviations
    assert abs(np.mean(np.abs(seen) < 0.01) - 0.008) < 4 * np.sqrt(0.008 / 2000)


# A check with a sum

N, D, M = 4, 5, 3
W, B, T = np.linspace(-1, 1, D * M).reshape(D, M) ** 3, np.zeros(M), np.array([0, 3, 1, 4])
rows = lambda x: x.sum(axis=1, keepdims=True)
columns = lambda x: x.mean(axis=0, keepdims=True)

# fmt: off
OPS = {
    "softmax": softmax,
    "log-softmax": log_softmax,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": tanh,
    "cross-entropy": lambda x: cross_entropy(x, T),
    "row sums": lambda x: x.sum(axis=1),
    "centring": lambda x: x - columns(x),
    "linear": lambda x: linear(x, W, B),
    "transpose": np.transpose,
    "reversal": lambda x: x[::-1],
}
RIGHT = {  # y = f(x), and g stands for ȳ
    "softmax": lambda x, y, g: y * (g - rows(y * g)),
    "log-softmax": lambda x, y, g: g - np.exp(y) * rows(g),
    "relu": lambda x, y, g: g * (x > 0),
    "tanh": lambda x, y, g: g * (1 - y * y),
    "cross-entropy": lambda x, y, g: (softmax(x) - np.eye(D)[T]) * g / N,
    "row sums": lambda x, y, g: 0 * x + g[:, None],
    "centring": lambda x, y, g: g - columns(g),
    "linear": lambda x, y, g: g @ W.T,
    "transpose": lambda x, y, g: g.T,
    "reversal": lambda x, y, g: g[::-1],
}
WRONG = {
    "softmax: always zero": lambda x, y, g: 0 * x,
    "softmax: only its own score": lambda x, y, g: y * (1 - y) * g,
    "log-softmax: ȳ is counted, not summed": lambda x, y, g: g - np.exp(y) * D,
    "log-softmax: the sum runs over the batch": lambda x, y, g: g - np.exp(y) * g.sum(axis=0),
    "relu: what is negative in ȳ is cut off, too": lambda x, y, g: g * (x > 0) * (g > 0),
    "tanh: ȳ slips into the bracket": lambda x, y, g: 1 - y * y * g,
    "cross-entropy: ȳ is forgotten": lambda x, y, g: (softmax(x) - np.eye(D)[T]) / N,
    "row sums: ȳ is forgotten": lambda x, y, g: 0 * x + 1,
    "centring: the mean of all is taken off": lambda x, y, g: g - g.mean(),
    "linear: ȳ is averaged before it is mixed": lambda x, y, g: (rows(g) / M + 0 * g) @ W.T,
    "transpose: reshaped instead": lambda x, y, g: g.reshape(x.shape),
    "reversal: left in its order": lambda x, y, g: g,
}
# fmt: on
NUMBERS = ["cross-entropy", "row sums"]  # these return no table
SEEN = ["softmax: only its own score", "log-softmax: the sum runs over the batch"]


def accepts(name, rule, rng, blind=False):
    """Compare ⟨ȳ, ẏ⟩, measured by differences, with ⟨x̄, ẋ⟩, where x̄ is what the rule says."""
    f, (x, x_dot) = OPS[name.partition(":")[0]], rng.normal(size=(2, N, D))
    y = f(x)
    y_bar = np.ones(np.shape(y)) if blind else rng.normal(size=np.shape(y))
    measured = np.vdot(y_bar, directional(f, [x], [x_dot]))
    return abs(np.vdot(rule(x, y, y_bar), x_dot) - measured) < 1e-6


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_backward_pass_passes_both_checks(name, rng):
    """x̄ = Jᵀȳ is accepted for ȳ = 1 and for a random ȳ."""
    assert accepts(name, RIGHT[name], rng, blind=True)
    assert accepts(name, RIGHT[name], rng)


@pytest.mark.parametrize("name", WRONG)
def test_a_sum_accepts_ten_of_twelve_mistakes(name, rng):
    """With the loss Σ y, that is ȳ = 1, two of the twelve wrong backward passes are refused."""
    assert accepts(name, WRONG[name], rng, blind=True) == (name not in SEEN)


@pytest.mark.parametrize("name", WRONG)
def test_a_random_upstream_gradient_accepts_none_of_them(name, rng):
    """With ȳ drawn at random each of the twelve is refused."""
    assert not accepts(name, WRONG[name], rng)


@pytest.mark.parametrize("name", RIGHT)
def test_whatever_vanishes_for_ones_may_be_added(name, rng):
    """Jᵀȳ + A (ȳ - 1) passes a sum for every matrix A, and fails at random."""
    A = rng.normal(size=(N * D, np.size(OPS[name](np.zeros((N, D))))))
    wrong = lambda x, y, g: RIGHT[name](x, y, g) + (A @ np.ravel(g - 1)).reshape(x.shape)
    assert accepts(name, wrong, rng, blind=True)
    assert not accepts(name, wrong, rng)


# The check of the library


@pytest.mark.parametrize("mode", ["vjp", "jvp"])
def test_the_check_names_mode_argument_entry_and_distance(mode, rng, monkeypatch):
    """A rule that is wrong in one entry of w, by a hundredth, in either mode."""
    rule, lie = getattr(linear, f"{mode}_rule"), np.zeros((D, M))
    lie[3, 1] = 0.01
    wrong = {
        "vjp": lambda *given: [rule(*given)[0], lambda: rule(*given)[1]() + lie, rule(*given)[2]],
        "jvp": lambda *given: rule(*given) + np.sum(lie * given[5]),
    }[mode]
    monkeypatch.setattr(linear, f"{mode}_rule", wrong)
    xs = [rng.normal(size=shape) for shape in ((N, D), (D, M), (M,))]
    with pytest.raises(
        AssertionError, match=rf"argument 1, entry \(3, 1\): {mode} gives .* off by"
    ):
        check_gradients(linear, *xs, rng=rng)


def test_the_check_refuses_what_a_sum_accepts(rng, monkeypatch):
    """The backward pass of softmax that is always zero."""
    monkeypatch.setattr(softmax, "vjp_rule", lambda y, x, y_bar: (0 * x,))
    with pytest.raises(AssertionError, match="vjp gives 0, differences give"):
        check_gradients(softmax, rng.normal(size=(N, D)), rng=rng)


def test_a_rule_that_cannot_be_differentiated_again_is_refused(rng, monkeypatch):
    """A right backward pass, computed with plain numbers, is wrong in the second order."""
    once = lambda y, x, y_bar: (y_bar * (1 - plain(y) ** 2),)
    monkeypatch.setattr(tanh, "vjp_rule", once)
    x = rng.normal(size=(N, D))
    check_gradients(tanh, x, rng=rng, order=1)
    with pytest.raises(AssertionError, match="second order, argument 0, entry"):
        check_gradients(tanh, x, rng=rng)


def test_what_is_no_number_never_passes(rng, monkeypatch):
    """NaN is refused."""
    monkeypatch.setattr(tanh, "vjp_rule", lambda y, x, y_bar: (np.full(x.shape, np.nan),))
    with pytest.raises(AssertionError, match="vjp gives nan"):
        check_gradients(tanh, rng.normal(size=(N, D)), rng=rng)


def test_a_cotangent_of_another_shape_is_refused(rng, monkeypatch):
    """The right numbers, transposed, do not fit the argument."""
    monkeypatch.setattr(tanh, "vjp_rule", lambda y, x, y_bar: ((y_bar * (1 - y * y)).T,))
    with pytest.raises(
        AssertionError, match=r"vjp gives shape \(5, 4\), the argument has \(4, 5\)"
    ):
        check_gradients(tanh, rng.normal(size=(N, D)), rng=rng)


def test_the_check_costs_the_same_for_any_number_of_variables(rng):
    """A right gradient takes a few directions; entries are tried after a mistake only."""
    costs = []
    for size in (3, 300):
        calls = []
        check_gradients(
            lambda x, c=calls: c.append(x) or np.sum(np.tanh(x)), np.ones(size), rng=rng
        )
        costs.append(len(calls))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("name", OPS)
def test_both_modes_are_right_to_second_order(name, rng):
    """Both modes, and both of them again through the backward pass."""
    check_gradients(OPS[name], rng.normal(size=(N, D)), rng=rng)


# Exercises

EXACT = {"rtol": 1e-10, "atol": 1e-10}  # of numbers of size one, divided by steps of a thousandth


def curve(rng):
    """Draw a smooth function of a number, complex or not, and its slope."""
    a, b, c, k, start = rng.normal(size=5)
    f = lambda x: start + a * x**3 + b * x**2 + c * np.sin(k * x)
    return f, lambda x: 3 * a * x**2 + 2 * b * x + c * k * np.cos(k * x)


def points_and_steps(rng, number=15):
    """Draw points of either sign, and steps from a thousandth to three."""
    return zip(2 * rng.normal(size=number), 10.0 ** rng.uniform(-3, 0.5, size=number), strict=True)


@pytest.mark.exercise("derivative-one-sided", points=1)
def test_your_step_ahead_has_the_slope_of_a_chord(answers, rng):
    """(f(x + h) - f(x)) / h  for functions, points and steps that are drawn."""
    for x, h in points_and_steps(rng):
        f, _ = curve(rng)
        chord = (f(x + h) - f(x)) / h
        assert_allclose(answers.one_sided(f, x, h), chord, **EXACT)


@pytest.mark.exercise("derivative-one-sided", points=1)
def test_your_step_ahead_takes_whole_numbers(answers, rng):
    """For f(x) = x²/8 it is  (2x + h) / 8."""
    for x, h in rng.integers(1, 9, size=(5, 2)).tolist():
        chord = (h - 2 * x) / 8
        assert_allclose(answers.one_sided(lambda x: x**2 / 8, -x, h), chord, **EXACT)


@pytest.mark.exercise("derivative-one-sided", points=1)
def test_your_step_ahead_may_be_tiny(answers, rng):
    """The square root at 0, behind which nothing is asked, has the chord 1/√h."""
    for h in (10.0 ** rng.uniform([-30, -12, -6, -1], [-12, -6, -1, 1])).tolist():
        chord = answers.one_sided(lambda x: np.sqrt(x + 0.0), 0.0, h)
        assert_allclose(chord, 1 / np.sqrt(h), rtol=1e-12)


@pytest.mark.exercise("derivative-central", points=1)
def test_your_step_to_either_side_has_the_slope_of_a_chord(answers, rng):
    """(f(x + h) - f(x - h)) / 2h  for functions, points and steps that are drawn."""
    for x, h in points_and_steps(rng):
        f, _ = curve(rng)
        chord = (f(x + h) - f(x - h)) / (2 * h)
        assert_allclose(answers.central(f, x, h), chord, **EXACT)


@pytest.mark.exercise("derivative-central", points=1)
def test_your_step_to_either_side_is_exact_for_quadratics(answers, rng):
    """For f(x) = ax² + bx it is  2ax + b, and for f(x) = x³ it is  3x² + h²."""
    for a, b, x, h in rng.integers(1, 9, size=(10, 4)).tolist():
        chord = answers.central(lambda x, a=a, b=b: a * x**2 + b * x, -x, h / 8)
        assert_allclose(chord, b - 2 * a * x, **ROUNDED)
        assert_allclose(answers.central(lambda x: x**3, x, h), 3 * x**2 + h**2, **ROUNDED)


@pytest.mark.exercise("derivative-central", points=1)
def test_your_step_to_either_side_may_be_tiny(answers, rng):
    """The root of the size, with the sign, has the chord 1/√h at 0."""
    for h in (10.0 ** rng.uniform([-30, -12, -6, -1], [-12, -6, -1, 1])).tolist():
        chord = answers.central(lambda x: np.sign(x) * np.sqrt(abs(x)), 0.0, h)
        assert_allclose(chord, 1 / np.sqrt(h), rtol=1e-12)


@pytest.mark.exercise("derivative-complex", points=2)
def test_your_step_aside_is_right_to_the_last_digits(answers, rng):
    """With the step 1e-100, for numbers and for arrays in any order; the result is real."""
    for shape in ((), (1,), (1, 1, 1), *(rng.integers(2, 6, size=axes) for axes in (1, 2, 3))):
        (f, slope), x = curve(rng), rng.normal(size=shape)
        for point in (x, np.asfortranarray(np.asarray(x).T)):
            wanted = slope(point)
            measured = answers.complex_step(f, point)
            assert np.isrealobj(measured), "the result is complex: take its imaginary part"
            assert np.shape(measured) == np.shape(point)
            assert_allclose(measured, wanted, rtol=1e-13, atol=1e-14)


@pytest.mark.exercise("derivative-complex", points=2)
def test_your_step_aside_takes_the_step_it_is_given(answers, rng):
    """For f(x) = x³ it is  3x² - h²."""
    for x, h in rng.integers(1, 9, size=(20, 2)).tolist():
        slope = 3 * x**2 - h**2 / 64
        assert_allclose(answers.complex_step(lambda x: x**3, -x, h / 8), slope, atol=1e-12)
        assert_allclose(answers.complex_step(lambda x: x**3, x, h=h), 3 * x**2 - h**2, atol=1e-12)


@pytest.mark.exercise("derivative-complex", points=2)
def test_your_step_aside_is_a_hundred_orders_small_unasked(answers, rng):
    """For f(x) = c (10¹⁰⁰ x)³ / 10¹⁰⁰ at 0 it is  -c, which shows the step."""
    for c in rng.uniform(0.5, 2.0, size=3):
        f = lambda x, c=c: c * (x * 1e100) ** 3 / 1e100
        assert_allclose(answers.complex_step(f, 0.0), -c, rtol=1e-9)


NINE = 5.1e-9  # nine digits, after rounding


@pytest.mark.exercise("derivative-step", points=2)
def test_your_step_has_the_least_bound(answers, rng):
    """Where  e(h) = truncation hᵖ + roundoff / h  is flat:  p truncation hᵖ⁺¹ = roundoff."""
    for p in 3 * [*range(1, 9)]:
        truncation, roundoff = (10.0 ** rng.uniform(-12, 12, size=2)).tolist()
        best = answers.best_step(p, truncation, roundoff)
        assert best > 0
        assert_allclose(p * truncation * best ** (p + 1), roundoff, rtol=(p + 1) * NINE)


@pytest.mark.exercise("derivative-step", points=2)
def test_your_step_knows_half_and_double_precision(answers):
    """For ε of every precision: 2 √ε one-sidedly, and the cube root of 3 ε centrally."""
    for dtype in (np.float16, np.float32, np.float64):
        eps = float(np.finfo(dtype).eps)
        assert_allclose(answers.best_step(1, 0.5, 2 * eps), 2 * eps**0.5, rtol=NINE)
        assert_allclose(answers.best_step(2, 1 / 6, eps), (3 * eps) ** (1 / 3), rtol=NINE)


def fields(rng, shape):
    """Draw numbers by an array, each with its gradient; in the second entries see one another."""
    slopes = rng.uniform(-1.0, 1.0, size=shape)
    bends = rng.uniform(1.0, 3.0, size=shape)
    yield lambda x: float(np.sum(bends * x * x) / 2), lambda x: bends * x
    yield (
        lambda x: float(np.sin(np.sum(slopes * x))),
        lambda x: slopes * np.cos(np.sum(slopes * x)),
    )
    yield (
        lambda x: np.prod(np.cos(slopes * x)),
        lambda x: -slopes * np.tan(slopes * x) * np.prod(np.cos(slopes * x)),
    )


@pytest.mark.exercise("derivative-gradient", points=3, in_place=True)
def test_your_gradient_has_the_slope_of_every_entry(answers, rng):
    """To eight digits, as central differences with a good step are; in the shape of x."""
    shapes = [(), (1,), (int(rng.integers(4, 9)),), (2, 3), (3, 1, 2)]
    for shape, (f, slope) in [(size, pair) for size in shapes for pair in fields(rng, size)]:
        x = np.array(rng.uniform(0.5, 1.0, size=shape) * rng.choice([-1, 1], size=shape))
        wanted = slope(x)
        measured = np.asarray(answers.gradient(f, x))
        assert measured.shape == shape
        assert measured.dtype == float
        assert_allclose(measured, wanted, rtol=0, atol=1e-8)


@pytest.mark.exercise("derivative-gradient", points=3, in_place=True)
def test_your_gradient_leaves_its_argument_as_it_was(answers, rng):
    """x is afterwards what it was before, to the last bit, in any order of memory."""
    slopes = rng.uniform(-1.0, 1.0, size=(2, 3))
    for x in (rng.normal(size=(2, 3)), rng.normal(size=(3, 2)).T, rng.normal(size=(4, 3))[::2]):
        kept = x.copy()
        measured = answers.gradient(lambda x: float(np.sum(slopes * np.sin(x))), x)
        assert_array_equal(x, kept, "x has changed")
        assert_allclose(measured, slopes * np.cos(kept), rtol=0, atol=1e-8)


@pytest.mark.exercise("derivative-gradient", points=3, in_place=True)
def test_your_gradient_costs_two_values_an_entry(answers, rng):
    """f is called at most 2 x.size + 1 times, whatever the shape."""
    for axes in (1, 2, 3):
        calls, x = [], rng.normal(size=rng.integers(1, 5, size=axes))
        wanted = 2 * x
        f = lambda x, calls=calls: calls.append(None) or float(np.sum(x**2))
        assert_allclose(answers.gradient(f, x), wanted, rtol=0, atol=1e-8)
        assert len(calls) <= 2 * x.size + 1


def largest(x, z, floor):
    """Compare two arrays of the same shape the plain way, entry by entry."""
    pairs = zip(x.ravel().tolist(), z.ravel().tolist(), strict=True)
    return max(abs(a - b) / max(floor, abs(a) + abs(b)) for a, b in pairs)


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_is_the_largest_of_all(answers, rng):
    """max |x - z| / max(floor, |x| + |z|), with entries of very different sizes and signs."""
    for floor in 10.0 ** rng.uniform(-8, 1, size=5):
        for shape in ((), (1,), *(rng.integers(1, 6, size=axes) for axes in (1, 2, 3))):
            x, z = rng.normal(size=(2, *shape)) * 10.0 ** rng.integers(-9, 2, size=shape)
            wanted = largest(np.asarray(x), np.asarray(z), floor)
            error = answers.relative_error(x, z, floor=floor)
            assert np.shape(error) == ()
            assert_allclose(error, wanted, **ROUNDED)


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_takes_sources_floor_unasked(answers, rng):
    """Two zeros agree; below 1e-8 it is the floor that divides."""
    for _ in range(3):
        a, b = rng.uniform(0.5e-9, 4e-9, size=2)
        assert answers.relative_error(np.zeros((2, 3)), np.zeros((2, 3))) == 0.0
        tiny = answers.relative_error(np.array([0.0, a]), np.array([0.0, -b]))
        assert_allclose(tiny, (a + b) / 1e-8, **ROUNDED)
        above = answers.relative_error(np.array([10 * a, 0.0]), np.array([20 * a, 0.0]))
        assert_allclose(above, 1 / 3, **ROUNDED)


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_sees_equal_and_opposite_numbers(answers, rng):
    """Equal numbers have the error 0, opposite ones 1; whole ones and single precision, too."""
    x = rng.normal(size=(3, 4))
    assert answers.relative_error(x, x.copy()) == 0.0
    assert_allclose(answers.relative_error(x, -x), 1.0, **ROUNDED)
    whole = rng.integers(1, 9, size=(2, 5))
    assert_allclose(answers.relative_error(*whole), largest(*whole, 1e-8), **ROUNDED)
    single = rng.normal(size=(2, 5)).astype(np.float32)
    assert_allclose(answers.relative_error(*single), largest(*single, 1e-8), rtol=0, atol=1e-6)


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_hides_no_nan(answers, rng):
    """What is no number makes the error no number, which no test can take for small."""
    for place in np.ndindex(2, 3):
        pair = rng.normal(size=(2, 3))
        pair[place] = np.nan
        assert np.isnan(answers.relative_error(*pair)), "a number that is none was passed by"


def off_the_kink(rng):
    """Draw x (N, D) whose entries are no closer to zero than any step."""
    x = rng.normal(size=(N, D))
    return x + 0.01 * np.sign(x)


def strictly_random(wrong, right, shape, rng):
    """Try a backward pass twice:  the right x̄ for ȳ = 1, another one of its shape for others."""
    for _ in range(2):
        ones, y_bar = np.ones(shape), rng.normal(size=shape)
        seen, wanted = right(ones), right(y_bar)
        assert_allclose(wrong(ones), seen, **ROUNDED)
        found = np.asarray(wrong(y_bar))
        assert found.shape == wanted.shape
        assert np.isfinite(found).all()
        assert np.abs(found - wanted).max() > 1e-3, "for a random ȳ it is right"


@pytest.mark.exercise("derivative-blind", points=2)
def test_your_mistake_passes_a_sum_and_nothing_else(answers, rng):
    """For ȳ = 1 the right x̄ comes out, for a random ȳ another one, whatever the operation."""
    for name in [name for name in RIGHT if name not in NUMBERS]:
        x = off_the_kink(rng)
        y, rule = OPS[name](x), RIGHT[name]
        right = lambda y_bar, x=x, y=y, rule=rule: np.array(rule(x, y, y_bar))
        strictly_random(answers.blind(right), right, y.shape, rng)


@pytest.mark.exercise("derivative-blind", points=2)
def test_your_mistakes_do_not_meddle_with_each_other(answers, rng):
    """Operations x = a y b of other shapes, wrong at the same time; ȳ is left alone."""
    shapes, rights = [], []
    for alone in (-1, -1, 1, 2):
        P, Q, R, S = np.where(np.arange(4) == alone, 1, rng.permutation(range(3, 8))[:4])
        a, b = rng.normal(size=(P, Q)), rng.normal(size=(R, S))
        shapes.append((Q, R))
        rights.append(lambda y_bar, a=a, b=b: a @ y_bar @ b)
    for wrong, right, shape in zip([*map(answers.blind, rights)], rights, shapes, strict=True):
        strictly_random(wrong, right, shape, rng)
        y_bar = rng.normal(size=shape)
        kept = y_bar.copy()
        wrong(y_bar)
        assert_array_equal(y_bar, kept, "ȳ has changed")


FEW = {"cross-entropy": (N, D), "linear": (N, D)}  # others take any shape
WIDE = dict.fromkeys(["softmax", "relu", "centring", "transpose", "reversal"], (2, 12))
MANY = FEW | WIDE | {"linear": (2 * N, D)}


def point_for(name, rng, shapes=FEW):
    """Draw x for an operation; no entry is near zero."""
    x = rng.normal(size=shapes.get(name, (2, 3)))
    return x + 0.01 * np.sign(x)


@pytest.mark.exercise("derivative-check", points=4, in_place=True)
def test_your_check_accepts_what_is_right(answers, rng):
    """Truncation and round-off are no mistakes: None, at every draw of x and ȳ."""
    for name in rng.permutation([*RIGHT]):
        rule, x = RIGHT[name], point_for(name, rng)
        pullback = lambda x, y_bar, rule=rule, f=OPS[name]: rule(x, f(x), y_bar)
        found = answers.mistake(OPS[name], pullback, x, rng=rng)
        assert found is None, "a right backward pass was refused"


@pytest.mark.exercise("derivative-check", points=4, in_place=True)
def test_your_check_refuses_what_is_wrong(answers, rng):
    """Each of the dozen, most of which a sum would accept.

    Some are right where entries of ȳ are equal or positive: x has many entries there, so that
    this happens once in some thousand draws of signs for ȳ, and never of numbers.
    """
    for name in rng.permutation([*WRONG]):
        operation, *_ = name.partition(":")
        f, x = OPS[operation], point_for(operation, rng, MANY)
        x = np.abs(x) if operation == "relu" else x
        pullback = lambda x, y_bar, rule=WRONG[name], f=f: rule(x, f(x), y_bar)
        found = answers.mistake(f, pullback, x, rng=rng)
        assert found is not None, "a wrong backward pass was accepted"


def mixing(rng, axes):
    """Draw an operation y = a tanh x b, its backward pass, which may be wrong, and a point x."""
    shape = tuple(rng.permutation(range(2, 5))[:axes])
    a, b = rng.uniform(-1, 1, size=(8, int(np.prod(shape)))) / 2, rng.normal(size=3)
    f = lambda x: np.outer(a @ np.tanh(x).ravel(), b)

    def pullback(x, y_bar, lie=0.0):
        return (a.T @ (y_bar @ b)).reshape(shape) * (1 - np.tanh(x) ** 2) + lie

    return f, pullback, rng.normal(size=shape)


@pytest.mark.exercise("derivative-check", points=4, in_place=True)
def test_your_check_names_the_entry(answers, rng):
    """Two entries are wrong, in either direction; the one that is further off is named."""
    for axes, size in zip(3 * [1, 2, 3], 10.0 ** rng.uniform(-5, 0, size=9), strict=True):
        f, pullback, x = mixing(rng, axes)
        places = rng.choice(x.size, size=2, replace=False)
        lie = np.zeros(x.shape)
        lie.flat[places] = size * rng.choice([-1, 1], size=2) * [1.0, 0.5]
        far, kept = tuple(map(int, np.unravel_index(places[0], x.shape))), x.copy()
        wrong = lambda x, y_bar, lie=lie, rule=pullback: rule(x, y_bar, lie)
        named = answers.mistake(f, wrong, x, rng=rng) == far
        assert named, "another entry is furthest off"
        assert_array_equal(x, kept, "x has changed")


@pytest.mark.exercise("derivative-check", points=4, in_place=True)
def test_your_check_allows_a_millionth(answers, rng):
    """An entry that is off by 3/10 of it is right, one that is off by 3 of them is not."""
    for size in 3e-7, 3e-6, -3e-7, -3e-6:
        f, pullback, x = mixing(rng, 2)
        lie = np.zeros(x.shape)
        lie.flat[rng.integers(x.size)] = size
        wrong = lambda x, y_bar, lie=lie, rule=pullback: rule(x, y_bar, lie)
        right = (answers.mistake(f, wrong, x, rng=rng) is None) == (abs(size) < 1e-6)
        assert right, "the tolerance is not 1e-6"


@pytest.mark.exercise("derivative-check", points=4, in_place=True)
def test_your_check_refuses_what_is_no_number(answers, rng):
    """A single NaN, or an infinite number, is a mistake, at its entry."""
    for size in np.nan, np.inf, -np.inf:
        f, pullback, x = mixing(rng, 2)
        place = tuple(map(int, rng.integers(x.shape)))
        lie = np.zeros(x.shape)
        lie[place] = size
        wrong = lambda x, y_bar, lie=lie, rule=pullback: rule(x, y_bar, lie)
        named = answers.mistake(f, wrong, x, rng=rng) == place
        assert named, "what is no number was passed by"


@pytest.mark.exercise("derivative-check", points=4, in_place=True)
def test_your_check_draws_its_upstream_gradient(answers, rng):
    """Equal generators make equal ȳ, others another ȳ; its entries are not all the same."""
    f, pullback, x = mixing(rng, 2)
    first, seeds = [], rng.integers(1 << 30, size=2)
    for seed in (*seeds, seeds[0]):
        seen = []
        keeping = lambda x, y_bar, seen=seen: seen.append(np.array(y_bar)) or pullback(x, y_bar)
        answers.mistake(f, keeping, x, rng=np.random.default_rng(seed))
        first.append(seen[0])
    assert first[0].shape == f(x).shape
    assert np.ptp(first[0]) > 0, "all entries of ȳ are equal"
    assert_array_equal(first[0], first[2], "equal generators make other ȳ")
    assert np.abs(first[0] - first[1]).max() > 0, "other generators make the same ȳ"


@pytest.mark.exercise("derivative-read-lines", points=0)
def test_the_lines_that_you_read_do_not_follow(answers, planted):
    """The checker of derivations names the same three of those on the page."""
    yours = answers.read_lines()
    names = {
        "derivative.central_off": "derivative-line-18",
        "derivative.one_sided_least": "derivative-line-20",
        "derivative.central_least": "derivative-line-6",
    }
    assert list(map(index, yours)) == [planted(name, slip)[0] for name, slip in names.items()]


def quotients(h):
    """List quotients of differences, each in ways that are equal and in ways that are not.

    All are smooth or have kinks, and none has a hole; some slips show at some points only.
    """
    return [
        ((lambda x: ((x + h) ** 2 - x**2) / h, lambda x: 2 * x + h,
          lambda x: (2 * x * h + h * h) / h),
         (lambda x: 2 * x, lambda x: 2 * x - h, lambda x: 2 * x + h / 2)),
        ((lambda x: ((x + h) ** 3 - (x - h) ** 3) / (2 * h), lambda x: 3 * x**2 + h**2,
          lambda x: (6 * x**2 * h + 2 * h**3) / (2 * h)),
         (lambda x: 3 * x**2, lambda x: 3 * x**2 - h**2, lambda x: 3 * x**2 + h**2 / 3)),
        ((lambda x: ((x + h) ** 4 - (x - h) ** 4) / (2 * h), lambda x: 4 * x * (x**2 + h**2),
          lambda x: 4 * x**3 + 4 * x * h**2),
         (lambda x: 4 * x**3, lambda x: 4 * x**3 + 4 * abs(x) * h**2)),
        ((lambda x: (np.sin(x + h) - np.sin(x - h)) / (2 * h), lambda x: np.cos(x) * np.sin(h) / h),
         (np.cos, lambda x: np.cos(x) * (1 + h**2 / 6), lambda x: np.sin(x + h) * np.sin(h) / h)),
        ((lambda x: (np.exp(x + h) - np.exp(x)) / h, lambda x: np.exp(x) * np.expm1(h) / h),
         (np.exp, lambda x: np.exp(x) * (1 + h / 2))),
        ((lambda x: (abs(x + h) - abs(x - h)) / (2 * h), lambda x: np.clip(x / h, -1, 1)),
         (np.sign, lambda x: x / h, lambda x: np.clip(x / h, -1, 2))),
        ((lambda x: np.log1p(np.exp(x)), lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))),
         (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-x)), abs)),
        ((lambda x: np.sqrt((x - h) ** 2), lambda x: abs(x - h),
          lambda x: np.maximum(x - h, h - x)),
         (lambda x: x - h, lambda x: abs(x) - h, lambda x: abs(x - h) + 1e-5)),
    ]  # fmt: skip


def inside(x):
    """Return 1 where a line is defined, and nan elsewhere."""
    return np.where(np.abs(x) <= 2, 1.0, np.nan)


def slip_in(right, wrongs, kind, rng):
    """Make of a function another one: a slip, a tiny factor, a bend at one end, or a bump."""
    size, corner = rng.uniform(0.01, 1.0), rng.uniform(1.1, 1.5)
    centre = 1.7 * np.sqrt(rng.uniform()) * rng.choice([-1, 1])
    return {
        "slip": wrongs[rng.integers(len(wrongs))],
        "tiny": lambda x: (1 + 3e-6 + 2e-6 * size) * right(x),
        "low": lambda x: right(x) + size * np.maximum(-x - corner, 0),
        "high": lambda x: right(x) - size * np.maximum(x - corner, 0),
        "bump": lambda x: right(x) + size * np.maximum(0.27 - abs(x - centre), 0),
    }[kind]


def derivation(kind, rng):
    """Draw lines that are claimed to be equal, and the number of the first that is not, if any.

    A line is a sum of quotients; from line to line one of them is written in another way. After
    a slip the lines go on from what is wrong, or return to what is right.
    """
    terms = [quotients(rng.uniform(0.2, 0.6))[i] for i in rng.choice(8, size=3, replace=False)]
    scales, level, length = rng.uniform(0.5, 1.5, size=3), rng.uniform(60, 90), rng.integers(3, 8)
    first, wrong = (int(rng.integers(2, length + 1)) if kind else None), int(rng.integers(3))
    parts, lines = [ways[0] for ways, _ in terms], []
    for number in range(1, length + 1):
        place = wrong if number == first else int(rng.choice([i for i in range(3) if i != wrong]))
        ways, wrongs = terms[place]
        if number > 1:
            parts[place] = ways[rng.integers(len(ways))]
        if number == first:
            parts[place] = slip_in(parts[place], wrongs, kind, rng)
        if first and number > first and rng.random() < 0.4:
            parts[wrong] = terms[wrong][0][0]
        pairs = [*zip(scales, parts, strict=True)]
        lines.append(
            lambda x, pairs=pairs: level + inside(x) * sum(c * part(x) for c, part in pairs)
        )
    return lines, first


def keeps_its_promise(lines, first):
    """Tell whether equal lines are, and the first other one differs on a tenth of the interval."""
    x = np.linspace(-2.0, 2.0, 401)
    off = [abs(one(x) - other(x)) for one, other in pairwise(lines[:first])]
    unequal = [] if first is None else [off.pop()]
    return max(map(np.max, off), default=0.0) < 1e-10 and all(
        np.mean(each > 2e-6) > 0.12 for each in unequal
    )


def derivations(rng):
    """Draw derivations of every kind, and the first line of each that does not follow."""
    kinds = ["slip", "slip", "tiny", "tiny", "tiny", "low", "high"] + 7 * ["bump"]
    kinds += int(rng.integers(1, 3)) * [None]
    endless = [iter(partial(derivation, kind, rng), None) for kind in rng.permutation(kinds)]
    return zip(
        *(next(drawn for drawn in each if keeps_its_promise(*drawn)) for each in endless),
        strict=True,
    )


@pytest.mark.exercise("derivative-wrong-lines", points=2)
def test_the_lines_that_you_name_do_not_follow(answers, rng):
    """Of fifteen derivations or so: where the slips are, and of which kind, is drawn."""
    lines, firsts = derivations(rng)
    found = list(answers.wrong_lines([*lines]))
    right = len(found) == len(firsts) and all(map(is_number, found, firsts))
    assert right, "in some derivation another line is the first that does not follow"


def is_number(found, wanted):
    """Tell whether an answer is the number of a line, or None."""
    return (found is None) == (wanted is None) and (found is None or bool(found == wanted))
