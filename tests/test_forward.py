"""Forward mode.  The claims of `book/forward.md`, in the order of the chapter."""

import importlib
from itertools import count, product, repeat
from math import sqrt
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import jacobian, jvp
from dlcore.ops.numpy import arithmetic

ROUNDED = {"rtol": 1e-12, "atol": 1e-15}  # some roundings of 1e-16, also where ones cancel
POINTS = [(1.0, 2.0), (0.5, -0.5)]
SLOPES = {
    "first_by_w1": (0, 0),
    "first_by_w2": (0, 1),
    "second_by_w1": (1, 0),
    "second_by_w2": (1, 1),
}


@pytest.fixture
def lab():
    """The example of the chapter, imported by the tests that use it: it takes a while to load."""
    return importlib.import_module("dlcore.experiments.forward")


@pytest.fixture
def slopes(formulas, oracle):
    """The four partial derivatives that the page prints, as one program:  w ↦ J."""

    def matrix(w):
        w1, w2 = w
        s, J = oracle.program(formulas.inner)(w1=w1, w2=w2), np.empty((2, 2))
        for name, place in SLOPES.items():
            letters = {"s": s, "w1": w1, "w2": w2}
            J[place] = oracle.program(getattr(formulas, name))(**letters)
        return J

    return matrix


def at(f, x):
    """Return value and derivative of a function of one number."""
    return jvp(f, [np.float64(x)], [np.float64(1.0)])


# Dual numbers


def test_three_plus_epsilon_gives_the_derivative_twenty_nine():
    """(3 + ε)³ + 2 (3 + ε) = 33 + 29 ε."""
    assert at(lambda x: x * x * x + 2 * x, 3) == (33, 29)


def test_only_the_last_term_has_epsilon_twice(formulas, oracle, rng):
    """(x + ẋ ε) (z + ż ε) = x z + (ẋ z + x ż) ε + ẋ ż ε²."""
    assert oracle.counterexample(*oracle.claim(formulas.product_of_duals), rng) is None


@pytest.mark.parametrize(("name", "op"), [("product", "multiply"), ("quotient", "divide")])
def test_the_rules_say_what_the_page_says(name, op, formulas, oracle, rng):
    """ẏ = ẋ z + x ż for y = x z, and ẏ = (ẋ - y ż) / z for y = x / z."""
    x, z, x_dot, z_dot = rng.uniform(1.0, 2.0, (4, 5))
    y = getattr(arithmetic, op)(x, z)
    y_dot = getattr(arithmetic, op).jvp(y, x, z, x_dot, z_dot)
    given = {"x": x, "z": z, "x_dot": x_dot, "z_dot": z_dot, "y": y}
    relation = getattr(formulas, name)
    used = {key: given[key] for key in map(str, relation.rhs.free_symbols)}
    assert_allclose(y_dot, oracle.program(relation)(**used), **ROUNDED)


def test_dual_numbers_differentiate_polynomials(rng):
    """For p(x) = c₀ + c₁ x + … + c₅ x⁵, by Horner's scheme:  ẏ = p'(x) ẋ."""
    c, x, x_dot = rng.normal(size=6), rng.normal(size=7), rng.normal(size=7)

    def horner(x):
        y = 0.0
        for coefficient in c[::-1]:
            y = y * x + coefficient
        return y

    p = np.polynomial.Polynomial(c)
    assert_allclose(jvp(horner, [x], [x_dot])[1], p.deriv()(x) * x_dot, **ROUNDED)


def test_a_composition_hands_value_and_tangent_on(rng):
    """For y = f(g(x)), with u = g(x):  (y, ẏ) = jvp(f, u, u̇), to the last bit."""
    x, x_dot = rng.normal(size=(2, 5))
    f, g = lambda u: np.tanh(u) / (1 + u * u), lambda x: np.sin(x) * x
    inner = jvp(g, [x], [x_dot])
    outer = jvp(f, *([part] for part in inner))
    assert_array_equal(jvp(lambda x: f(g(x)), [x], [x_dot]), outer)


@pytest.mark.parametrize("a", [0.3, 2.0, 70.0])
def test_the_tangent_of_herons_loop_converges(a):
    """Heron's loop converges to y = √a, and its tangent to 1 / 2√a."""

    def heron(a):
        y = 1.0
        for _ in range(12):
            y = (y + a / y) / 2
        return y

    assert_allclose(at(heron, a), (sqrt(a), 0.5 / sqrt(a)), **ROUNDED)


# An example


def test_the_program_says_what_the_page_says(lab, formulas, oracle, rng):
    """The formulas of f₁ and f₂, evaluated with thirty digits, are what the program returns."""
    w1, w2 = rng.normal(size=2)
    s = oracle.program(formulas.inner)(w1=w1, w2=w2)
    f = oracle.program(formulas.first)(s=s), oracle.program(formulas.second)(w1=w1, w2=w2)
    assert_allclose(lab.example(np.array([w1, w2])), f, **ROUNDED)


def test_the_picture_runs_the_program(lab, rng):
    """Node by node, each from its own inputs alone, come the same values and tangents."""
    w, w_dot = rng.normal(size=(2, 2))
    nodes = lab.run(w, w_dot)
    y, y_dot = jvp(lab.example, [w], [w_dot])
    assert_allclose([nodes["f1"], nodes["f2"]], np.stack([y, y_dot], axis=1), **ROUNDED)


def test_the_steps_show_what_the_nodes_hold(lab):
    """The fourth step at (½, -½) along (0, 1): b = 2 w₂ = -1, and its tangent is 2."""
    step = lab.steps([0.5, -0.5], [0.0, 1.0])["steps"][3]
    assert step["marks"] == {"b": ["value −1", "tangent 2"]}
    assert step["text"] == "b = 2 w₂ = −1,  ḃ = 2 ẇ₂ = 2."


@pytest.mark.parametrize("name", SLOPES)
def test_the_partial_derivatives_on_the_page_are_exact(name, formulas):
    """∂f₁/∂w₁, ∂f₁/∂w₂, ∂f₂/∂w₁ and ∂f₂/∂w₂ are what exact calculus makes of f₁ and f₂."""
    output, entry = getattr(formulas, name.partition("_by")[0]), getattr(formulas, name)
    written = output.rhs.subs(formulas.s, formulas.inner.rhs)
    stated = entry.rhs.subs(formulas.s, formulas.inner.rhs)
    assert (written.diff(entry.lhs.variables[0]) - stated).simplify() == 0


@pytest.mark.parametrize("w", POINTS)
def test_every_unit_direction_fills_a_column(w, lab, slopes):
    """J (1, 0) and J (0, 1), side by side, are the matrix of the derivatives on the page."""
    columns = [jvp(lab.example, [np.array(w)], [unit])[1] for unit in np.eye(2)]
    assert_allclose(np.stack(columns, axis=1), slopes(w), rtol=1e-12)
    assert_array_equal(jacobian(lab.example, mode="forward")(np.array(w)), np.stack(columns, 1))


def test_the_values_at_one_two_are_known(lab):
    """f₁(1, 2) = 7.802074e24, to the digits given, and f₂(1, 2) = 2.731058578630005."""
    f1, f2 = lab.example(np.array([1.0, 2.0]))
    assert f1 == pytest.approx(7.802074e24, rel=1e-7)
    assert f2 == pytest.approx(2.731058578630005, rel=1e-15)


def test_neighbours_of_the_large_value_lie_far_apart(lab):
    """Next to f₁(1, 2) the floating-point numbers are 2³⁰ apart: compare relatively."""
    assert np.spacing(lab.example(np.array([1.0, 2.0]))[0]) == 2.0**30


def test_the_value_at_one_half_is_known(lab):
    """f₁(½, -½) = 8.415007619, to the digits given."""
    assert lab.example(np.array([0.5, -0.5]))[0] == pytest.approx(8.415007619, abs=5e-10)


# One run, one direction


def test_a_run_multiplies_the_jacobian_by_a_direction(lab, formulas, oracle, rng):
    """ẏₘ = Σ_d J[m, d] ẋ_d, and no matrix is formed."""
    w, w_dot = rng.normal(size=(2, 2))
    J = jacobian(lab.example, mode="forward")(w)
    y_dot = oracle.program(formulas.directional)(J=J, x_dot=w_dot)
    assert_allclose(jvp(lab.example, [w], [w_dot])[1], y_dot, **ROUNDED)


def test_a_tangent_is_linear_in_the_direction(lab, rng):
    """J (a u + b v) = a J u + b J v."""
    w, u, v = rng.normal(size=(3, 2))
    a, b = rng.normal(size=2)
    push = lambda w_dot: jvp(lab.example, [w], [w_dot])[1]
    assert_allclose(push(a * u + b * v), a * push(u) + b * push(v), rtol=1e-9, atol=1e-12)


# What it costs


@pytest.mark.parametrize("D", [1, 2, 7])
def test_a_jacobian_by_columns_takes_one_run_per_input(D, rng):
    """D inputs, D runs, however many outputs there are."""
    runs, w = [], rng.normal(size=(D, 3))
    J = jacobian(lambda x: runs.append(x) or np.sin(x @ w), mode="forward")(rng.normal(size=D))
    assert J.shape == (3, D)
    assert len(runs) == D


def test_a_run_with_its_tangent_costs_at_most_four_runs(lab):
    """On the example, whose rules take at most three operations beside the value."""
    tally = importlib.import_module("dlcore.experiments.reverse").count
    w, w_dot = np.array(POINTS)
    alone, _ = tally(lab.example, w)
    both, _ = tally(lambda w: jvp(lab.example, [w], [w_dot])[1], w)
    assert alone < both <= 4 * alone


@pytest.mark.parametrize("D", [1, 2, 7])
def test_differences_take_one_run_more(D, lab, rng):
    """D inputs, D + 1 runs, and the derivatives are right to some digits only."""
    runs, w, x = [], rng.normal(size=(D, 3)), rng.normal(size=D)
    J = lab.by_differences(lambda x: runs.append(x) or np.sin(x @ w), x)
    assert_allclose(J, np.cos(x @ w)[:, None] * w.T, atol=1e-4)  # the step is 1e-6
    assert len(runs) == D + 1


def test_a_step_of_a_hundredth_misses_the_derivative(lab, slopes):
    """At (1, 2) a step of 0.01 in w₂ gives ∂f₁/∂w₂ with a relative error of more than 0.8."""
    h = 0.01
    measured = (lab.example([1.0, 2.0 + h])[0] - lab.example([1.0, 2.0])[0]) / h
    assert measured / slopes([1.0, 2.0])[0, 1] - 1 > 0.8


def test_a_tangent_keeps_the_digits_that_differences_lose(lab, slopes):
    """∂f₁/∂w₂ at (½, -½): a relative error below 1e-15 by a run, above 1e-12 for every step."""
    w, exact = np.array([0.5, -0.5]), slopes([0.5, -0.5])[0, 1]
    f = lambda x: lab.example(np.array([0.5, x]))[0]
    measured = [(f(-0.5 + h) - f(-0.5 - h)) / (2 * h) for h in 10.0 ** np.arange(-12, 0)]
    assert np.abs(np.array(measured) / exact - 1).min() > 1e-12
    assert abs(jvp(lab.example, [w], [np.array([0.0, 1.0])])[1][0] / exact - 1) < 1e-15


# Derivatives inside derivatives


def test_a_single_derivative_needs_no_levels(lab):
    """(3 + ε)³ + 2 (3 + ε) = 33 + 29 ε, without levels too."""
    assert lab.naive_derivative(lambda x: x * x * x + x * 2, 3) == 29


def test_without_levels_nested_derivatives_are_confused(lab):
    """d/dx [x · d/dy (x + y)] at 1 is 1, and comes out as 2."""
    slope = lab.naive_derivative
    assert slope(lambda x: x * slope(lambda y: x + y, 1), 1) == 2


def test_levels_keep_nested_derivatives_apart():
    """d/dx [x · d/dy (x + y)] = d/dx [x · 1] = 1, at 1 and everywhere."""
    inner = lambda x: at(lambda y: x + y, 1)[1]
    assert [at(lambda x: x * inner(x), x)[1] for x in (1, 2, 5)] == [1, 1, 1]


def test_derivatives_nest_three_times():
    """For x³ the second derivative is 6 x, the third 6."""
    slope = lambda f: lambda x: jvp(f, [x], [np.float64(1.0)])[1]
    second = slope(slope(lambda x: x * x * x))
    assert second(np.float64(7.0)) == 42
    assert slope(second)(np.float64(7.0)) == 6


# Where there is no derivative


def test_the_branch_taken_is_differentiated():
    """For y = x² where x > 0, -x elsewhere: 6 at 3, and -1 at -3."""
    f = lambda x: x * x if x > 0 else -x
    assert (at(f, 3)[1], at(f, -3)[1]) == (6, -1)


def test_a_branch_can_hide_a_derivative():
    """y = x, written with a case of its own for zero, gets the tangent 0 there, 1 elsewhere."""
    f = lambda x: 0.0 if x == 0 else x
    assert (at(f, 0)[1], at(f, 1e-300)[1]) == (0, 1)


def test_rounding_down_has_derivative_zero():
    """For y = x ⌊x⌋ at 2.5 the derivative is ⌊x⌋ = 2."""
    assert at(lambda x: x * np.floor(x), 2.5) == (5, 2)


# Exercises


def drawn(rng, *size):
    """Draw whole numbers of either sign, none of them 0 or 1, as Python's own."""
    return (rng.integers(2, 90, size=size) * rng.choice([-1, 1], size=size)).tolist()


@pytest.mark.exercise("forward-dual", points=2)
def test_your_dual_numbers_follow_the_product_rule(answers, rng):
    """(x + ẋ ε) (z + ż ε) = x z + (ẋ z + x ż) ε, and sums go term by term."""
    for x, x_dot, z, z_dot in [*drawn(rng, 3, 4), [0, 3, 5, 0], rng.normal(size=4).tolist()]:
        one, other = answers.Dual(x, x_dot), answers.Dual(z, z_dot)
        product, total = one * other, one + other
        assert_allclose((product.value, product.dot), (x * z, x_dot * z + x * z_dot), **ROUNDED)
        assert_allclose((total.value, total.dot), (x + z, x_dot + z_dot), **ROUNDED)
        assert (one.value, one.dot, other.value, other.dot) == (x, x_dot, z, z_dot)
        square, double = one * one, other + other
        assert_allclose((square.value, square.dot), (x * x, 2 * x * x_dot), **ROUNDED)
        assert_allclose((double.value, double.dot), (2 * z, 2 * z_dot), **ROUNDED)


@pytest.mark.exercise("forward-dual", points=2)
def test_your_dual_numbers_meet_plain_ones(answers, rng):
    """A plain number has the tangent 0, on either side:  3 x + 5, x · 3 + 5 and 5 + x · 3."""
    for x, x_dot, a, b in [*drawn(rng, 3, 4), [3, 4, 0, 0], rng.normal(size=4).tolist()]:
        dual = answers.Dual(x, x_dot)
        for y in (a * dual + b, dual * a + b, b + dual * a, a * dual + answers.Dual(b)):
            assert_allclose((y.value, y.dot), (a * x + b, a * x_dot), **ROUNDED)
        y = sum([dual, dual, b])
        assert_allclose((y.value, y.dot), (2 * x + b, 2 * x_dot), **ROUNDED)


@pytest.mark.exercise("forward-dual", points=2)
def test_your_dual_numbers_differentiate_polynomials(answers, rng):
    """c₀ + c₁ x + … + c₅ x⁵, by Horner's scheme, with its slope times ẋ."""
    for x, x_dot, *c in drawn(rng, 3, 8):
        y, dual = 0, answers.Dual(x, x_dot)
        for coefficient in c[::-1]:
            y = y * dual + coefficient
        slope = sum(k * c[k] * x ** (k - 1) for k in range(1, 6))
        assert (y.value, y.dot) == (sum(c[k] * x**k for k in range(6)), slope * x_dot)


@pytest.mark.exercise("forward-dual", points=2)
def test_your_dual_numbers_nest(answers, rng):
    """A dual number may hold dual numbers: the slope of the slope of x³ + ax is 6x."""
    for x, a in drawn(rng, 3, 2):
        nested = answers.Dual(answers.Dual(x, 1), answers.Dual(1, 0))
        y = nested * nested * nested + a * nested
        slope = 3 * x * x + a
        parts = y.value.value, y.value.dot, y.dot.value, y.dot.dot
        assert parts == (x**3 + a * x, slope, slope, 6 * x)


@pytest.mark.exercise("forward-functions", points=2)
def test_your_functions_have_the_right_tangents(answers, rng):
    """f(x + i h ẋ) = f(x) + i h f'(x) ẋ + O(h²): a tiny step into the complex plane says so."""
    shapes = [(), (1,), *(tuple(rng.integers(2, 6, size=axes)) for axes in (1, 2, 3))]
    for name, shape in product(["exp", "log", "sin", "sqrt", "tanh"], shapes):
        x, x_dot = np.asarray(3 * rng.normal(size=shape)), np.asarray(rng.normal(size=shape))
        if name in ("log", "sqrt"):
            x = np.asarray(np.exp(x))
        stepped = getattr(np, name)(x + 1e-100j * x_dot)
        y, y_dot = answers.elementary(name, x, x_dot)
        assert np.shape(y) == np.shape(y_dot) == shape
        assert_allclose(y, stepped.real, **ROUNDED)
        size = 1e-12 * (1 + np.abs(stepped.imag / 1e-100).max())
        assert_allclose(y_dot, stepped.imag / 1e-100, rtol=0, atol=size)


@pytest.mark.exercise("forward-functions", points=2)
def test_your_functions_take_single_precision(answers, rng):
    """Arrays of float32, contiguous or not: right to five digits at least."""
    slopes = {"exp": np.exp, "sin": np.cos, "tanh": lambda x: 1 / np.cosh(x) ** 2}
    slopes |= {"log": lambda x: 1 / x, "sqrt": lambda x: 0.5 / np.sqrt(x)}
    for name in rng.permutation([*slopes]).tolist():
        x, x_dot = rng.uniform(0.5, 2.0, size=(2, 4, 6)).astype(np.float32)[:, ::2].swapaxes(1, 2)
        wanted = getattr(np, name)(x), slopes[name](x) * x_dot
        assert_allclose(answers.elementary(name, x, x_dot), wanted, rtol=1e-5, atol=1e-5)


def example_of_numbers(w1, w2):
    """Compute the example of the chapter, of numbers that may be complex."""
    s = np.exp(w1) + np.exp(2 * w2)
    return np.array([np.exp(s) + np.sin(s), w1 * w2 + 1 / (1 + np.exp(-w1))])


@pytest.mark.exercise("forward-jvp", points=2)
def test_your_tangents_of_the_example_are_right(answers, rng):
    """Values and tangents at random points, along random directions and those of the axes."""
    h = 1e-100  # a tiny step into the complex plane
    directions = [
        *rng.normal(size=(6, 2)),
        *np.eye(2),
        np.zeros(2),
        *(1e3 * rng.normal(size=(2, 2))),
    ]
    for w_dot in directions:
        w = rng.normal(scale=0.8, size=2)
        stepped = example_of_numbers(*(w + 1j * h * w_dot))
        s = np.exp(w[0]) + np.exp(2 * w[1])
        size = 1 + np.abs(w_dot).max() * np.array([(1 + np.exp(s)) * (1 + s), 3])  # of all terms
        y, y_dot = answers.example_jvp(w, w_dot)
        assert np.shape(y) == np.shape(y_dot) == (2,)
        assert_allclose(y, stepped.real, rtol=1e-12, atol=1e-13)
        assert_allclose(y_dot / size, stepped.imag / h / size, rtol=0, atol=1e-12)


def bending(rng, M, D):
    """Draw y = a sin x + b x², its tangent, and the matrix of its slopes, as functions of x."""
    a, b = rng.normal(size=(2, M, D))
    jvp = lambda x, x_dot: (
        a @ np.sin(x) + b @ (x * x),
        a @ (np.cos(x) * x_dot) + b @ (2 * x * x_dot),
    )
    return jvp, lambda x: a * np.cos(x) + 2 * b * x


@pytest.mark.exercise("forward-jacobian", points=2)
def test_your_columns_make_the_jacobian(answers, rng):
    """J[m, d] = ∂yₘ/∂x_d  for functions, numbers of inputs and outputs, and points drawn."""
    square = int(rng.integers(2, 6))
    for M, D in (
        (1, 1),
        (1, 5),
        (4, 1),
        (square, square),
        *rng.permutation(range(2, 9))[:4].reshape(2, 2),
    ):
        (jvp, slopes), x = bending(rng, M, D), rng.normal(size=D)
        for point in (x, x.copy(), rng.normal(size=D)):
            wanted = slopes(point)
            J = answers.jacobian(jvp, point)
            assert np.shape(J) == (M, D)
            assert_allclose(J, wanted, **ROUNDED)


@pytest.mark.exercise("forward-jacobian", points=2)
def test_your_jacobian_takes_one_run_per_input(answers, rng):
    """As many runs as there are inputs, all of them at x."""
    for D in (1, int(rng.integers(2, 9))):
        (jvp, slopes), asked = bending(rng, int(rng.integers(1, 9)), D), []
        x = rng.normal(size=D)
        wanted, kept = slopes(x), x.copy()
        watched = lambda x, x_dot, jvp=jvp, asked=asked: asked.append(np.array(x)) or jvp(x, x_dot)
        assert_allclose(answers.jacobian(watched, x), wanted, **ROUNDED)
        assert len(asked) == D
        assert_allclose(asked, [kept] * D, **ROUNDED)


@pytest.mark.exercise("forward-newton", points=1)
def test_your_newton_follows_the_tangent_lines(answers, rng):
    """From x, as many steps as were asked for:  x ← x - (x³ - a) / 3x²."""
    for steps in (*range(4), int(rng.integers(4, 9))):
        a, start = rng.uniform(2.0, 9.0), rng.uniform(1.0, 3.0) * rng.choice([-1, 1])
        x = start
        for _ in range(steps):
            x = x - (x**3 - a) / (3 * x * x)
        cube = lambda x, x_dot, a=a: (x**3 - a, 3 * x * x * x_dot)
        assert_allclose(answers.newton(cube, start, steps=steps), x, rtol=1e-9)


@pytest.mark.exercise("forward-newton", points=1)
def test_your_newton_takes_every_step_that_it_is_asked_for(answers, rng):
    """For y = c xᵐ a step leaves 1 - 1/m of x: however small y and its slope are, it is taken."""
    for m, size, most in ((2, 1.0, 120), (3, 1e-8, 30), (5, -1e-30, 30)):
        start, steps = 10.0 ** rng.uniform(-10, -6), int(rng.integers(most // 2, most))
        power = lambda x, x_dot, m=m, c=size: (c * x**m, c * m * x ** (m - 1) * x_dot)
        wanted = start * (1 - 1 / m) ** steps
        assert_allclose(answers.newton(power, start, steps=steps), wanted, rtol=1e-9)


@pytest.mark.exercise("forward-newton", points=1)
def test_your_newton_rests_at_a_zero(answers, rng):
    """Where y is zero there is no step, not even along a tangent of zero."""
    for zero in (0.0, *map(float, rng.integers(-9, 9, size=3))):
        square = lambda x, x_dot, a=zero: ((x - a) ** 2, 2 * (x - a) * x_dot)
        assert answers.newton(square, zero, steps=int(rng.integers(1, 9))) == zero
        line, far = lambda x, x_dot, a=zero: (x - a, x_dot), 2.0 ** rng.integers(2, 40)
        assert answers.newton(line, zero + far, steps=int(rng.integers(2, 9))) == zero


@pytest.mark.exercise("forward-newton", points=1)
def test_your_newton_refuses_a_level_line(answers, rng):
    """The tangent of y = x² + a² is level at 0, where the step from a ends; y may be below, too."""
    for a, sign in ((1.0, 1), (2.0 ** rng.integers(1, 5), -1)):
        bowl = lambda x, x_dot, a=a, sign=sign: (sign * (x * x + a * a), sign * 2 * x * x_dot)
        assert answers.newton(bowl, a, steps=1) == 0.0
        assert answers.newton(bowl, 0.0, steps=0) == 0.0
        with pytest.raises(ValueError, match=r"^"):
            answers.newton(bowl, 0.0, steps=5)
        with pytest.raises(ValueError, match=r"^"):
            answers.newton(bowl, a, steps=2)


class Tagged:
    """A dual number with the level of the slope that it serves."""

    def __init__(self, value, dot, level):
        self.value, self.dot, self.level = value, dot, level

    def pairs(self, other):
        """Return value and tangent of both operands, as the higher level sees them, and it."""
        level = max(self.level, getattr(other, "level", -1))
        parts = lambda x: (x.value, x.dot) if getattr(x, "level", -1) == level else (x, 0.0)
        return *parts(self), *parts(other), level

    def __add__(self, other):
        x, x_dot, z, z_dot, level = self.pairs(other)
        return Tagged(x + z, x_dot + z_dot, level)

    def __mul__(self, other):
        x, x_dot, z, z_dot, level = self.pairs(other)
        return Tagged(x * z, x_dot * z + x * z_dot, level)

    __radd__, __rmul__ = __add__, __mul__


class Derivatives:
    """A derivative with levels and one without, which are asked for the same functions.

    `found` lists what both say of each function that is asked about outside of all others.
    """

    def __init__(self, confused):
        self.confused, self.found, self.levels, self.inside = confused, [], None, False

    def slope(self, f, x):
        """Return what one of the two says: within f the same one is asked, too."""
        if self.levels:
            self.inside = True
            return self.one(f, x)
        both = {}
        for confused in (True, False):
            self.levels = repeat(0) if confused else count()
            both[confused] = self.one(f, x)
        self.levels = None
        self.found.append(both)
        return both[self.confused]

    def one(self, f, x):
        """Return the slope of f at x, where the next level is taken."""
        level = next(self.levels)
        y = f(Tagged(x, 1.0, level))
        return y.dot if getattr(y, "level", -1) == level else 0.0


@pytest.mark.exercise("forward-confusion", points=2)
def test_your_expression_confuses_a_dual_without_levels(answers, rng):
    """Without levels the slope of the same function is four times as large; it is not zero."""
    points, found = [*map(float, drawn(rng, 6)), 0.5, *rng.uniform(-3, 3, size=2).tolist()], []
    for x, confused in zip(points, rng.random(len(points)) < 0.5, strict=True):
        derivatives = Derivatives(confused)
        slope = answers.confusing(derivatives.slope, x)
        assert derivatives.found, "no derivative is asked for"
        assert derivatives.inside, "no derivative is asked for inside of another"
        found.append((derivatives.found[-1][True], derivatives.found[-1][False]))
        assert_allclose(slope, found[-1][0 if confused else 1], **ROUNDED)
    for without, truth in found:
        assert truth != 0
        assert_allclose(without, 4 * truth, rtol=1e-9)


SHAPES = [(3,), (2, 3), (4,), (1,), (5, 2)]


def smooth(rng):
    """Draw a smooth function of an array, the rule of its tangent, and a point.

    y = a sin(b x) + c x⁽¹⁾ x,  where x⁽¹⁾ is x with its entries moved on by one; or a mixture of
    the entries of such a y, in another shape; or what is the same at every x.
    """
    shape = SHAPES[rng.integers(len(SHAPES))]
    (a, b, c), kind = rng.uniform(0.5, 1.5, size=(3, *shape)), rng.integers(5)
    mixing = rng.normal(size=(int(rng.integers(2, 5)), int(np.prod(shape))))
    on = lambda x: np.roll(x, -1)
    f = lambda x: a * np.sin(b * x) + c * on(x) * x
    slope = lambda x, v: a * b * np.cos(b * x) * v + c * (on(v) * x + on(x) * v)
    x = rng.normal(size=shape)
    if kind == 0:
        return lambda x: mixing @ f(x).ravel(), lambda x, v: mixing @ slope(x, v).ravel(), x
    if kind == 1:
        return lambda x: a + 0 * x, lambda x, v: 0 * v, x
    return f, slope, x


def spoiled(f, slope, x, rng, kind):
    """Make one of nine slips in the value or in the tangent, by a thousandth or more."""
    size = 10.0 ** rng.uniform(-2.9, -0.5) * rng.choice([-1, 1])
    place = rng.integers(f(x).size)
    at = np.arange(f(x).size).reshape(f(x).shape) == place
    largest = np.abs(f(x)) == np.abs(f(x)).max()
    return [
        lambda x, v: (f(x), slope(x, v) + size * (1 + np.abs(slope(x, v)))),
        lambda x, v: (f(x), slope(x, v) + size * at * (1 + np.abs(slope(x, v)))),
        lambda x, v: (f(x) + size * at * (1 + np.abs(f(x))), slope(x, v)),
        lambda x, v: (f(x) + size * (1 + np.abs(f(x))), slope(x, v)),
        lambda x, v: (f(x) + np.where(at, -1.0, np.roll(at, 1)), slope(x, v)),
        lambda x, v: (f(x), slope(x, v) + at * (1.5 + np.sin(slope(x, np.ones_like(v))))),
        lambda x, v: (f(x), slope(x, v) + np.where(at, np.nan, 0.0)),
        lambda x, v: (np.where(at, np.nan, f(x)), slope(x, v)),
        lambda x, v: (f(x) * (1 + 0.0012 * largest), slope(x, v)),
    ][kind]


SLIPS = [  # a function, and a rule that is wrong at all points but for special directions
    (np.exp, lambda x, v: 1.001 * np.exp(x) * v),
    (np.exp, lambda x, v: np.exp(x)),
    (np.cos, lambda x, v: np.sin(x) * v),
    (lambda x: x * np.roll(x, -1), lambda x, v: v * np.roll(x, -1)),
    (np.sin, lambda x, v: np.roll(np.cos(x) * v, 1)),
    (np.sin, lambda x, v: np.cos(x) * v * (np.arange(3) != 0)),
    (np.sin, lambda x, v: np.cos(x) * v * (np.arange(3) != 1)),
    (np.sin, lambda x, v: np.cos(x) * v * (np.arange(3) != 2)),
    (np.exp, lambda x, v: np.exp(x) * v * (np.arange(3) != 1)),
    (lambda x: 3 * x, lambda x, v: 3 * np.roll(v, 1)),
    (lambda x: x + 2.0, lambda x, v: np.full(3, v.mean())),
    (np.sinh, lambda x, v: (np.cosh(x) * v)[[1, 0, 2]]),
    (np.sinh, lambda x, v: (np.cosh(x) * v)[[0, 2, 1]]),
]


def candidates(rng):
    """Draw triples f, jvp, x, with the truth about each: some thirty, in a drawn order."""
    found = []
    for _ in range(int(rng.integers(12, 18))):
        f, slope, x = smooth(rng)
        found.append((f, lambda x, x_dot, f=f, slope=slope: (f(x), slope(x, x_dot)), x, True))
    for kind in [*range(9), *rng.integers(9, size=rng.integers(3, 8))]:
        f, slope, x = smooth(rng)
        wrong = spoiled(f, slope, x, rng, kind)
        found.append((f, lambda x, x_dot, wrong=wrong: wrong(x, x_dot), x, False))
    for f, slope in SLIPS:
        jvp = lambda x, x_dot, f=f, slope=slope: (f(x), slope(x, x_dot))
        found.append((f, jvp, rng.normal(size=3), False))
    return [found[i] for i in rng.permutation(len(found))]


@pytest.mark.exercise("forward-check", points=2)
def test_your_check_accepts_right_tangents_alone(answers, rng):
    """Right and wrong rules, of drawn functions, shapes and slips; every verdict counts."""
    agreed = []
    for f, rule, x, right in candidates(rng):
        kept = x.copy()
        verdict = answers.is_the_tangent(f, rule, x, rng=rng)
        agreed.append(np.shape(verdict) == () and bool(verdict == right))
        assert_array_equal(x, kept, "x has changed")
    judged_rightly = all(agreed)
    assert judged_rightly, "a right rule was refused, or a wrong one accepted"


@pytest.mark.exercise("forward-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "forward.product_rise": "forward-line-10",
        "forward.quotient_rule": "forward-line-23",
        "forward.composition": "forward-line-24",
    }
    assert list(map(index, yours)) == [planted(name, slip)[0] for name, slip in names.items()]
