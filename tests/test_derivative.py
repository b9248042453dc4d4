"""Differences.  Each test is a lemma of `book/derivative.md`, in the order of the chapter."""

import importlib
from fractions import Fraction
from math import exp, log

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


def test_a_quartic_shows_its_points_in_between(formulas):
    """For x³ and x⁴ all points of Taylor's theorem are known, and both sides agree."""
    x, h, z, z1, z2 = (getattr(formulas, name) for name in ("x", "h", "z", "z1", "z2"))
    shown = lambda page, f, at: formulas.gap(formulas.concrete(page, f)).subs(at)
    gaps = [shown(formulas.ahead, formulas.cube, {z: x + h / 3})]
    known = {z1: x + h / 4, z2: x - h / 4, z: x}
    pages = formulas.far_ahead, formulas.far_behind, formulas.in_between
    gaps += [shown(page, formulas.quartic, known) for page in pages]
    assert [formulas.sp.expand(gap) for gap in gaps] == [0, 0, 0, 0]


@pytest.mark.parametrize(("way", "order"), [("one_sided", 2), ("central", 3)])
def test_the_error_is_a_higher_slope_in_between(way, order, formulas, rng):
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
    """One-sidedly the error is of the order h, centrally and aside of the order h²."""
    x, measure = rng.uniform(), getattr(derivative, way)
    whole, half = (abs(measure(np.exp, x, h) - exp(x)) for h in (2e-3, 1e-3))
    assert_allclose(whole / half, WAYS[way], rtol=1e-3)  # the next order is a thousandth


# Round-off


def test_a_step_below_the_spacing_measures_nothing():
    """1 + 2⁻⁵³ is 1 again: the rise is zero, and so is the slope."""
    assert derivative.one_sided(np.exp, 1.0, 2.0**-53) == 0.0


def test_a_difference_of_close_numbers_is_exact(rng):
    """If x/2 ≤ z ≤ 2x, the computed x - z is x - z: what is lost was lost before."""
    for x, z in rng.uniform(1.0, 2.0, size=(100, 2)):
        assert Fraction(x - z) == Fraction(x) - Fraction(z)


def test_the_step_that_is_taken_is_not_the_one_that_was_asked_for():
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
    """e(h) ≥ e(best) for every h > 0, whatever ε and the sizes of f and its slopes."""
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


# A step aside


@pytest.mark.parametrize("h", [1e-20, 1e-100, 1e-300])
def test_a_step_aside_may_be_tiny(h, rng):
    """Right to the last digits, where h² is no number that could be told from zero."""
    x = rng.normal(size=5)
    assert_allclose(derivative.complex_step(np.exp, x, h), np.exp(x), rtol=4 * EPS)
    assert_allclose(derivative.complex_step(np.tanh, x, h), 1 - np.tanh(x) ** 2, rtol=16 * EPS)


def test_a_step_aside_fails_where_there_is_no_complex_slope():
    """|z| and z conj(z) are real, so the slopes of |x| and x² are measured as zero."""
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


def test_below_the_floor_every_mistake_is_small():
    """1e-17 and -1e-17 differ in their sign, and pass with an error of 2e-9."""
    assert derivative.relative_error(np.array([1e-17]), np.array([-1e-17])) < 1e-8


def test_no_rounding_of_the_loss_meets_what_the_sources_ask(lab):
    """The slope by entry 1 of hidden.b is measured on a grid without a point within 1e-8."""
    slope = lab.toy_gradients(1e-5)[0]["hidden.b"][1]
    digit = EPS / (2 * 1e-5)  # what the last digit of a loss between 1 and 2 does to the slope
    near = digit * (np.round(slope / digit) + np.arange(-3, 4))
    errors = [derivative.relative_error(measured, slope) for measured in near]
    assert min(errors) > 1e-8


@pytest.mark.parametrize("name", THEIRS)
def test_every_error_of_the_sources_is_a_whole_number_of_last_digits(name, lab):
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


def test_a_direction_mixes_the_entries_of_the_gradient(formulas, oracle, rng):
    """The slope along ẋ is  Σ_d x̄_d ẋ_d, with x̄ the gradient."""
    x, x_dot = rng.normal(size=(2, 7))
    f = lambda x: np.sum(np.tanh(x) * np.exp(x))
    page = oracle.program(formulas.slope_along)(x_bar=grad(f)(x), x_dot=x_dot)
    assert_allclose(directional(f, [x], [x_dot]), page, **MEASURED)


@pytest.mark.parametrize("D", [1, 10, 100])
def test_a_gradient_costs_two_values_an_entry_a_direction_two(D, rng):
    """2 D evaluations against 2."""
    calls, x = [], rng.normal(size=D)
    f = lambda x: calls.append(x) or np.sum(x)
    directional(f, [x], [rng.normal(size=D)])
    assert len(calls) == 2
    derivative.entrywise(lambda x_dots: directional(f, [x], x_dots), [x])
    assert len(calls) == 2 + 2 * D


@pytest.mark.parametrize("D", [3, 300])
def test_a_random_direction_sees_the_whole_mistake(D, rng):
    """⟨e, ẋ⟩ is ‖e‖ times a standard normal number: however large D is, nothing is diluted."""
    e = rng.normal(size=D)
    seen = rng.normal(size=(2000, D)) @ e / np.linalg.norm(e)
    assert abs(np.mean(seen**2) - 1) < 4 * np.sqrt(2 / 2000)  # four deviations
    assert abs(np.mean(np.abs(seen) < 0.01) - 0.008) < 4 * np.sqrt(0.008 / 2000)


# A blind check

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
def test_a_right_way_back_passes_both_checks(name, rng):
    """x̄ = Jᵀȳ is accepted for ȳ = 1 and for a random ȳ."""
    assert accepts(name, RIGHT[name], rng, blind=True)
    assert accepts(name, RIGHT[name], rng)


@pytest.mark.parametrize("name", WRONG)
def test_a_sum_lets_ten_of_a_dozen_pass(name, rng):
    """With the loss Σ y, that is ȳ = 1, two of the twelve wrong ways back are noticed."""
    assert accepts(name, WRONG[name], rng, blind=True) == (name not in SEEN)


@pytest.mark.parametrize("name", WRONG)
def test_a_random_upstream_gradient_lets_none_of_them_pass(name, rng):
    """With ȳ drawn at random each of the twelve is refused."""
    assert not accepts(name, WRONG[name], rng)


@pytest.mark.parametrize("name", RIGHT)
def test_whatever_vanishes_for_ones_may_be_added(name, rng):
    """Jᵀȳ + A (ȳ - 1) passes a sum for every matrix A, and fails at random."""
    A = rng.normal(size=(N * D, np.size(OPS[name](np.zeros((N, D))))))
    wrong = lambda x, y, g: RIGHT[name](x, y, g) + (A @ np.ravel(g - 1)).reshape(x.shape)
    assert accepts(name, wrong, rng, blind=True)
    assert not accepts(name, wrong, rng)


# A check that sees


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
    """The way back through softmax that is always zero."""
    monkeypatch.setattr(softmax, "vjp_rule", lambda y, x, y_bar: (0 * x,))
    with pytest.raises(AssertionError, match="vjp gives 0, differences give"):
        check_gradients(softmax, rng.normal(size=(N, D)), rng=rng)


def test_a_slope_that_cannot_be_differentiated_again_is_named(rng, monkeypatch):
    """A way back that is right, but computed with plain numbers, is wrong in the second order."""
    once = lambda y, x, y_bar: (y_bar * (1 - plain(y) ** 2),)
    monkeypatch.setattr(tanh, "vjp_rule", once)
    x = rng.normal(size=(N, D))
    check_gradients(tanh, x, rng=rng, order=1)
    with pytest.raises(AssertionError, match="second order, argument 0, entry"):
        check_gradients(tanh, x, rng=rng)


def test_what_is_no_number_never_passes(rng, monkeypatch):
    """NaN is neither far off nor near; it is refused."""
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
    """A right gradient is seen along a few directions; entries are only asked to find a mistake."""
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
    """Forwards, backwards, and both of these again over backwards."""
    check_gradients(OPS[name], rng.normal(size=(N, D)), rng=rng)


# Exercises

SMOOTH = {  # functions of a number, complex or not, and their slopes
    "sine": (np.sin, np.cos),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "quotient": (lambda x: 1 / (2 + x), lambda x: -1 / (2 + x) ** 2),
}


@pytest.mark.exercise("derivative-one-sided", points=1)
def test_your_step_ahead_has_the_slope_of_a_chord(answers, rng):
    """For f(x) = ax² + bx it is  2ax + b + ah."""
    for a, b, x, h in rng.integers(1, 9, size=(20, 4)).astype(float):
        chord = answers.one_sided(lambda x, a=a, b=b: a * x**2 + b * x, x, h / 8)
        assert_allclose(chord, 2 * a * x + b + a * h / 8, **ROUNDED)


@pytest.mark.exercise("derivative-central", points=1)
def test_your_step_to_either_side_is_exact_for_quadratics(answers, rng):
    """For f(x) = ax² + bx it is  2ax + b, and for f(x) = x³ it is  3x² + h²."""
    for a, b, x, h in rng.integers(1, 9, size=(20, 4)).astype(float):
        chord = answers.central(lambda x, a=a, b=b: a * x**2 + b * x, x, h / 8)
        assert_allclose(chord, 2 * a * x + b, **ROUNDED)
        assert_allclose(answers.central(lambda x: x**3, x, h), 3 * x**2 + h**2, **ROUNDED)


@pytest.mark.exercise("derivative-complex", points=2)
@pytest.mark.parametrize("name", SMOOTH)
def test_your_step_aside_is_right_to_the_last_digits(answers, name, rng):
    """With the step 1e-100, for numbers and for arrays; the result is real."""
    f, slope = SMOOTH[name]
    for x in (rng.uniform(), rng.uniform(size=(3, 4))):
        measured = answers.complex_step(f, x)
        assert np.isrealobj(measured), "the result is complex: take its imaginary part"
        assert_allclose(measured, slope(x), rtol=1e-14)


@pytest.mark.exercise("derivative-complex", points=2)
def test_your_step_aside_takes_the_step_it_is_given(answers, rng):
    """For f(x) = x³ it is  3x² - h²."""
    for x, h in rng.integers(1, 9, size=(20, 2)).astype(float):
        assert_allclose(answers.complex_step(lambda x: x**3, x, h), 3 * x**2 - h**2, atol=1e-12)


@pytest.mark.exercise("derivative-step", points=2)
@pytest.mark.parametrize("p", [1, 2, 4])
def test_your_step_has_the_least_bound(answers, p, rng):
    """e(h) ≥ e(best) for all other h, with  e(h) = truncation hᵖ + roundoff / h."""
    for truncation, roundoff in np.exp(3 * rng.normal(size=(20, 2))):
        bound = lambda h, a=truncation, b=roundoff: a * h**p + b / h
        best = answers.best_step(p, truncation, roundoff)
        assert best > 0
        others = best * np.array([0.1, 0.5, 0.9, 0.999, 1.001, 1.1, 2.0, 10.0])
        assert (bound(others) > bound(best)).all(), "another step has a smaller bound"


@pytest.mark.exercise("derivative-step", points=2)
def test_your_step_knows_half_and_double_precision(answers):
    """For ε of every precision: 2 √ε one-sidedly, and the cube root of 3 ε centrally."""
    for dtype in (np.float16, np.float32, np.float64):
        eps = float(np.finfo(dtype).eps)
        assert_allclose(answers.best_step(1, 0.5, 2 * eps), 2 * eps**0.5, **ROUNDED)
        assert_allclose(answers.best_step(2, 1 / 6, eps), (3 * eps) ** (1 / 3), **ROUNDED)


SLOPES = np.array([[1.0, -2.0, 0.5], [0.0, 1.5, -1.0]])
FIELDS = {  # a number by an array (2, 3), and its gradient; entries see one another
    "bowl": (lambda x: float(np.sum(x * x) / 2), lambda x: x),
    "product": (lambda x: float(np.prod(x)), lambda x: np.prod(x) / x),
    "wave": (
        lambda x: float(np.sin(np.sum(SLOPES * x))),
        lambda x: SLOPES * np.cos(np.sum(SLOPES * x)),
    ),
}


@pytest.mark.exercise("derivative-gradient", points=3)
@pytest.mark.parametrize("name", FIELDS)
def test_your_gradient_has_the_slope_of_every_entry(answers, name, rng):
    """To nine digits, as central differences with a good step are; in the shape of x."""
    f, slope = FIELDS[name]
    x = 0.5 + rng.uniform(size=(2, 3))
    measured = answers.gradient(f, x)
    assert_allclose(measured, slope(x), rtol=0, atol=1e-8)
    assert np.shape(measured) == x.shape


@pytest.mark.exercise("derivative-gradient", points=3)
def test_your_gradient_leaves_its_argument_alone(answers, rng):
    """x is afterwards what it was before, to the last bit, in any order of memory."""
    for x in (rng.normal(size=(2, 3)), rng.normal(size=(3, 2)).T, rng.normal(size=(4, 3))[::2]):
        kept = x.copy()
        measured = answers.gradient(lambda x: float(np.sum(SLOPES * np.sin(x))), x)
        assert_array_equal(x, kept, "x has changed")
        assert_allclose(measured, SLOPES * np.cos(kept), rtol=0, atol=1e-8)


@pytest.mark.exercise("derivative-gradient", points=3)
@pytest.mark.parametrize("shape", [(1,), (7,), (2, 3, 4)])
def test_your_gradient_costs_two_values_an_entry(answers, shape, rng):
    """f is called at most 2 x.size + 1 times, whatever the shape."""
    calls, x = [], rng.normal(size=shape)
    measured = answers.gradient(lambda x: calls.append(None) or float(np.sum(x**2)), x)
    assert_allclose(measured, 2 * x, rtol=0, atol=1e-8)
    assert len(calls) <= 2 * x.size + 1


def largest(x, z, floor):
    """Compare two arrays of the same shape the plain way, entry by entry."""
    pairs = zip(x.ravel(), z.ravel(), strict=True)
    return max(abs(a - b) / max(floor, abs(a) + abs(b)) for a, b in pairs)


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_is_the_largest_of_all(answers, rng):
    """max |x - z| / max(floor, |x| + |z|), with entries of very different sizes and signs."""
    for floor in (1e-8, 1e-3, 0.5):
        for _ in range(20):
            x, z = rng.normal(size=(2, 3, 4)) * 10.0 ** rng.integers(-9, 2, size=(3, 4))
            assert_allclose(
                answers.relative_error(x, z, floor=floor), largest(x, z, floor), **ROUNDED
            )


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_takes_sources_floor_unasked(answers):
    """Two zeros agree; below 1e-8 it is the floor that divides."""
    assert answers.relative_error(np.zeros((2, 3)), np.zeros((2, 3))) == 0.0
    tiny = answers.relative_error(np.array([0.0, 3e-9]), np.array([0.0, 1e-9]))
    assert_allclose(tiny, 0.2, **ROUNDED)


@pytest.mark.exercise("derivative-relative-error", points=2)
def test_your_relative_error_hides_no_nan(answers):
    """What is no number makes the error no number, which no test can take for small."""
    x, z = np.array([1.0, np.nan, 2.0]), np.array([1.0, 5.0, 2.0])
    assert not answers.relative_error(x, z) < 1e-8


@pytest.mark.exercise("derivative-blind", points=2)
@pytest.mark.parametrize("name", [name for name in RIGHT if name not in NUMBERS])
def test_your_mistake_passes_a_sum_and_nothing_else(answers, name, rng):
    """For ȳ = 1 the right x̄ comes out, for a random ȳ another one, whatever the operation."""
    x = rng.normal(size=(N, D))
    y = OPS[name](x)
    right, g = lambda g: RIGHT[name](x, y, g), rng.normal(size=y.shape)
    wrong = answers.blind(right)
    assert_allclose(wrong(np.ones(y.shape)), right(np.ones(y.shape)), **ROUNDED)
    assert np.abs(wrong(g) - right(g)).max() > 1e-3, "for a random ȳ it is right"


@pytest.mark.exercise("derivative-check", points=4)
@pytest.mark.parametrize("name", RIGHT)
def test_your_check_accepts_what_is_right(answers, name, rng):
    """Truncation and round-off are no mistakes: None, at every draw of x and ȳ."""
    rule = RIGHT[name]
    for _ in range(5):
        x = rng.normal(size=(N, D))
        found = answers.mistake(OPS[name], lambda x, g: rule(x, OPS[name](x), g), x, rng=rng)
        assert found is None, f"{name} is right, and was refused at {found}"


@pytest.mark.exercise("derivative-check", points=4)
@pytest.mark.parametrize("name", WRONG)
def test_your_check_refuses_what_is_wrong(answers, name, rng):
    """Each of the dozen, most of which a sum would accept."""
    f, x = OPS[name.partition(":")[0]], rng.normal(size=(N, D))
    found = answers.mistake(f, lambda x, g: WRONG[name](x, f(x), g), x, rng=rng)
    assert found is not None, f"accepted, though wrong: {name}"


@pytest.mark.exercise("derivative-check", points=4)
@pytest.mark.parametrize("name", RIGHT)
def test_your_check_names_the_entry(answers, name, rng):
    """Two entries are wrong, in either direction; the one that is further off is named."""
    rule, near, far = RIGHT[name], (1, 3), (2, 0)
    for sign in (1, -1):
        lie = np.zeros((N, D))
        lie[near], lie[far] = 0.001, -0.002 * sign
        wrong = lambda x, g, lie=lie: rule(x, OPS[name](x), g) + lie
        assert answers.mistake(OPS[name], wrong, rng.normal(size=(N, D)), rng=rng) == far


@pytest.mark.exercise("derivative-check", points=4)
def test_your_check_refuses_what_is_no_number(answers, rng):
    """A single NaN is a mistake, at its entry."""
    lie = np.zeros((N, D))
    lie[2, 0] = np.nan
    wrong = lambda x, g: g * (1 - np.tanh(x) ** 2) + lie
    assert answers.mistake(np.tanh, wrong, rng.normal(size=(N, D)), rng=rng) == (2, 0)


@pytest.mark.exercise("derivative-wrong-lines", points=2)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "derivative.central_off": "derivative-line-18",
        "derivative.one_sided_least": "derivative-line-20",
        "derivative.central_least": "derivative-line-6",
    }
    assert list(yours) == [planted(name, slip)[0] for name, slip in names.items()]
