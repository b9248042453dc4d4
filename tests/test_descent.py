"""Gradient descent.  The claims of `book/descent.md`, in the order of the chapter."""

import importlib
from fractions import Fraction
from itertools import product
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.experiments.memory import peak_memory
from dlcore.train.descent import average, ball, descend

ROUNDED = {"rtol": 1e-12, "atol": 1e-12}  # some roundings of 1e-16
STEPS = [1, 2, 3, 10, 100, 1000]
DISTANCE = 5.0  # of the crossing of the diagonals from zero
SQUARES = "two_parabolas mean_square_next"


@pytest.fixture(scope="module")
def lab():
    """The functions on which descent is tried."""
    return importlib.import_module("dlcore.experiments.descent")


@pytest.fixture(scope="module")
def quadratic():
    """The formulas of what can be computed to the end."""
    return importlib.import_module("dlcore.formulas.quadratic.descent")


def square(x):
    """Add up the squares:  ‖x‖²."""
    return np.sum(x * x)


def walk(rng, T=7, D=3, rate=0.3):
    """Step against random directions from a random start; return points and directions."""
    v = rng.normal(size=(T, D))
    given = iter(v)
    return descend(lambda w: next(given), rng.normal(size=D), [rate] * T), v


# By hand


def test_the_case_by_hand_comes_out():
    """From 0 towards 4 at the rate 1/2:  0, 2, 3, 7/2;  21 on one side, 85/4 on the other."""
    points = descend(lambda w: w - 4, [0.0], [0.5] * 3).ravel()
    v = points[:-1] - 4
    assert points.tolist() == [0, 2, 3, 3.5]
    assert np.sum((points[:-1] - 4) * v) == 21
    assert 4**2 / (2 * 0.5) + 0.5 / 2 * square(v) == 85 / 4
    assert (points[-1] - 4) ** 2 / (2 * 0.5) == 85 / 4 - 21


# A step


def test_the_program_steps_against_the_gradient(formulas, oracle, rng):
    """Coordinate by coordinate,  w⁺ = w - rate · v  is what the program does at every step."""
    rates, v = rng.uniform(0.1, 0.9, size=6), rng.normal(size=(6, 4))
    given = iter(v)
    points = descend(lambda w: next(given), rng.normal(size=4), rates)
    w, slope = formulas.sp.symbols("w v")
    t, one = formulas.t, formulas.step.rhs
    one = one.xreplace({formulas.w[t]: w, formulas.v[t]: slope})
    page = oracle.program(formulas.sp.Eq(formulas.e, one))
    assert_allclose(points[1:], page(w=points[:-1], v=v, rate=rates[:, None]), **ROUNDED)


def test_a_step_ends_at_the_minimum_of_a_quadratic_model(rng):
    """The model at z is above its minimum by κ/2 ‖z - w⁺‖², so no other point is as low."""
    w, v, curvature = rng.normal(size=5), rng.normal(size=5), rng.uniform(0.1, 5.0)
    model = lambda z: v @ (z - w) + curvature / 2 * square(z - w)
    lowest = descend(lambda w: v, w, [1 / curvature])[-1]
    for z in rng.normal(size=(20, 5)):
        above = model(z) - model(lowest)
        assert_allclose(above, curvature / 2 * square(z - lowest), **ROUNDED)


def test_convexity_alone_allows_many_minima(rng):
    """max(0, |w| - 1) lies below all its chords, and is lowest at every w from -1 to 1."""
    f = lambda w: np.maximum(0, np.abs(w) - 1)
    u, w, share = 3 * rng.normal(size=100), 3 * rng.normal(size=100), rng.uniform(size=100)
    assert (f(share * u + (1 - share) * w) <= share * f(u) + (1 - share) * f(w) + 1e-12).all()
    assert not f(np.linspace(-1, 1, 9)).any()


# Any directions


def test_a_step_changes_the_distance_from_any_point_by_a_known_amount(rng):
    """‖w⁺ - u‖² = ‖w - u‖² - 2 rate ⟨w - u, v⟩ + rate² ‖v‖²  for every u."""
    points, v = walk(rng, rate=0.3)
    for u in rng.normal(size=(5, 3)):
        far = ((points - u) ** 2).sum(axis=1)
        after = far[:-1] - 2 * 0.3 * ((points[:-1] - u) * v).sum(axis=1) + 0.09 * (v**2).sum(axis=1)
        assert_allclose(far[1:], after, **ROUNDED)


@pytest.mark.parametrize("T", [1, 2, 50])
def test_both_sides_differ_by_the_last_distance(T, rng):
    """‖w₁ - u‖²/2η + η/2 Σ‖v‖² - Σ⟨w - u, v⟩ = ‖w_{T+1} - u‖²/2η, whatever the directions."""
    points, v = walk(rng, T=T, rate=0.3)
    for u in rng.normal(size=(5, 3)):
        left = np.sum((points[:-1] - u) * v)
        right = square(points[0] - u) / (2 * 0.3) + 0.3 / 2 * square(v)
        assert_allclose(right - left, square(points[-1] - u) / (2 * 0.3), **ROUNDED)


def test_from_zero_the_first_distance_is_the_norm_of_u(rng):
    """With w₁ = 0 the first distance is ‖u‖, and the bound has ‖u‖² in it."""
    v = rng.normal(size=(9, 3))
    given = iter(v)
    points = descend(lambda w: next(given), np.zeros(3), [0.3] * 9)
    for u in rng.normal(size=(20, 3)):
        left = np.sum((points[:-1] - u) * v)
        assert left <= square(u) / (2 * 0.3) + 0.3 / 2 * square(v)


def test_from_elsewhere_the_norm_of_u_is_no_bound():
    """w₁ = 1, u = 0, v = 1, rate 1:  the left side is 1, and ‖u‖²/2 + ‖v‖²/2 is ½."""
    assert (1 - 0) * 1 > 0**2 / 2 + 1 / 2 * 1**2


# Convex functions


@pytest.mark.parametrize("T", STEPS)
def test_the_average_is_no_higher_than_its_points(T, lab):
    """f(1/T Σ w) ≤ 1/T Σ f(w) ≤ f(u) + 1/T Σ ⟨w - u, v⟩  for convex f and every u."""
    f, slope = lab.median(lab.CORNERS)
    points = descend(slope, np.zeros(2), [1.0] * T)
    heights = np.mean([f(w) for w in points[:-1]])
    products = np.mean([(w - lab.CROSSING) @ slope(w) for w in points[:-1]])
    assert f(average(points)) <= heights + 1e-12
    assert heights <= f(lab.CROSSING) + products + 1e-12


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("T", STEPS)
def test_the_average_stays_below_the_bound(T, rate, lab, formulas, oracle):
    """f(average) - min f ≤ B²/2ηT + ηρ²/2  at good and at bad rates; B = 5, ρ = 1."""
    f, slope = lab.median(lab.CORNERS)
    bound = oracle.program(formulas.rate_bound)(T=T, rate=rate, B=DISTANCE, rho=1.0)
    points = descend(slope, np.zeros(2), [rate] * T)
    assert f(average(points)) - f(lab.CROSSING) <= bound


def test_no_other_rate_has_a_smaller_bound(formulas, oracle, rng):
    """B²/2ηT + ηρ²/2 > Bρ/√T  at every other rate, whatever B, ρ and T are."""
    B, rho, shift = np.exp(rng.normal(size=(3, 200)))
    T = rng.integers(1, 1000, size=200)
    best = oracle.program(formulas.best_rate)(T=T, B=B, rho=rho)
    least = oracle.program(formulas.best_bound)(T=T, B=B, rho=rho)
    bound = lambda rate: oracle.program(formulas.rate_bound)(T=T, B=B, rho=rho, rate=rate)
    assert_allclose(bound(best), least, **ROUNDED)
    assert (bound(best * shift) > least).all()


def test_four_times_the_steps_halve_the_bound(formulas, oracle):
    """Bρ/√4T = ½ Bρ/√T."""
    least = oracle.program(formulas.best_bound)(T=np.array([25, 100]), B=3.0, rho=2.0)
    assert least[0] == 2 * least[1]


def test_the_product_at_the_average_is_not_the_average_product(oracle):
    """For f = w² at 1 and -1:  ⟨w̄ - 0, f'(w̄)⟩ = 0, but the mean of ⟨w - 0, f'(w)⟩ is 2."""
    points, slope = np.array([1.0, -1.0]), lambda w: 2 * w
    assert points.mean() * slope(points.mean()) == 0
    assert np.mean(points * slope(points)) == 2


# A function that attains the bound


def test_the_worst_function_is_convex_and_its_subgradients_are_bounded(lab, rng):
    """|f(u) - f(w)| ≤ ρ ‖u - w‖, and f lies above every tangent."""
    f, slope = lab.worst(6, DISTANCE, 3.0)
    for u, w in DISTANCE * rng.normal(size=(100, 2, 6)):
        assert abs(f(u) - f(w)) <= 3.0 * np.linalg.norm(u - w) + 1e-12
        assert f(u) >= f(w) + slope(w) @ (u - w) - 1e-12


@pytest.mark.parametrize("T", STEPS)
def test_one_function_attains_the_bound(T, lab):
    """All T points, and their average, are at the height ρ (B/√T), computed in this order."""
    f, slope = lab.worst(T, DISTANCE, 3.0)
    rate = DISTANCE / (3.0 * np.sqrt(T))
    points = descend(slope, np.zeros(T), [rate] * T)
    assert {f(w) for w in points[:-1]} == {3.0 * (DISTANCE / np.sqrt(T))}
    assert f(average(points)) == 3.0 * (DISTANCE / np.sqrt(T))


@pytest.mark.parametrize("T", STEPS)
def test_the_point_after_the_last_is_the_minimum(T, lab):
    """The point w_{T+1}, which no average counts, is B/√T in every coordinate: ‖w‖ = B, f = 0."""
    f, slope = lab.worst(T, DISTANCE, 3.0)
    last = descend(slope, np.zeros(T), [DISTANCE / (3.0 * np.sqrt(T))] * T)[-1]
    assert_allclose(last, DISTANCE / np.sqrt(T), **ROUNDED)
    assert_allclose([np.linalg.norm(last), f(last)], [DISTANCE, 0], **ROUNDED)


@pytest.mark.parametrize("T", STEPS)
def test_at_any_rate_the_average_stays_as_high(T, lab):
    """With half or twice the rate one coordinate is still untouched at all T points."""
    f, slope = lab.worst(T, DISTANCE, 3.0)
    for share in (0.1, 0.5, 2.0, 10.0):
        rates = [share * DISTANCE / (3.0 * np.sqrt(T))] * T
        points = descend(slope, np.zeros(T), rates)
        assert f(average(points)) == 3.0 * (DISTANCE / np.sqrt(T))


@pytest.mark.parametrize("T", STEPS)
def test_a_subgradient_that_shares_its_ties_halves_the_height(T, lab, formulas, oracle):
    """-ρ/T in all of T tied coordinates is a subgradient too; the average is at half the bound."""
    f, slope = lab.worst(T, DISTANCE, 3.0)
    shared = lambda w: (f(w) > 0) * -3.0 * np.isclose(w, w.min()) / np.isclose(w, w.min()).sum()
    points = descend(shared, np.zeros(T), [DISTANCE / (3.0 * np.sqrt(T))] * T)
    page = oracle.program(formulas.shared_bound)(T=T, B=DISTANCE, rho=3.0)
    assert_allclose(f(average(points)), page, **ROUNDED)


# Noise


@pytest.mark.parametrize("name", SQUARES.split())
def test_squares_are_completed(name, quadratic, oracle, rng):
    """Both sides agree at exact random numbers."""
    relation = getattr(quadratic, name)
    relation = getattr(relation, "claim", relation)
    assert oracle.counterexample(*oracle.claim(relation), rng) is None


@pytest.mark.parametrize("rate", [0.01, 0.5, 1.0])
def test_every_example_leads_away_from_the_minimum(rate, lab):
    """From w = ½ the examples 2 and -1 lead 3/2 rate to either side, at every rate above zero."""
    w = lab.TARGETS.mean()
    height = lambda w: np.mean((w - lab.TARGETS) ** 2) / 2
    for target in lab.TARGETS:
        after = descend(lambda w, x=target: w - x, w, [rate])[-1]
        assert_allclose(abs(after - w), 1.5 * rate, **ROUNDED)
        assert height(after) > height(w)


def test_the_mean_square_obeys_its_recursion(quadratic, oracle, rng):
    """Over both examples alike,  s⁺ = (1 - ηκ)² s + η² σ²  for all points at once."""
    rate, curvature, std = (Fraction(int(k), 7) for k in rng.integers(1, 7, size=3))
    points = [Fraction(int(k), 5) for k in rng.integers(-9, 9, size=6)]
    after = [w - rate * (curvature * w + sign * std) for w in points for sign in (1, -1)]
    exact = lambda x: quadratic.sp.Rational(x.numerator, x.denominator)
    before = exact(sum(w * w for w in points) / 6)
    page = quadratic.mean_square.rhs.subs({
        quadratic.s[quadratic.i]: before,
        quadratic.rate: exact(rate),
        quadratic.curvature: exact(curvature),
        quadratic.std: exact(std),
    })  # fmt: skip
    assert page == exact(sum(w * w for w in after) / 12)


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_at_a_constant_rate_the_noise_stays(rate, lab, quadratic, oracle, rng):
    """The mean square tends to ησ²/κ(2 - ηκ): tried on two thousand runs, and a fixed point."""
    given = {"rate": rate, "curvature": 1.0, "std": 1.5}
    limit = oracle.program(quadratic.mean_square_limit)(**given)
    spread = oracle.program(
        quadratic.sp.Eq(
            quadratic.e, quadratic.mean_square.rhs.subs(quadratic.s[quadratic.i], quadratic.x)
        )
    )
    assert_allclose(spread(x=limit, **given), limit, **ROUNDED)
    far = lab.stray([rate] * 200, 2000, rng=rng)[-1] - 0.5
    assert_allclose(np.mean(far**2), limit, rtol=4 * np.sqrt(2 / 2000))  # four deviations


def test_a_falling_rate_gives_the_mean_of_the_examples(rng):
    """With the rates 1, 1/2, 1/3, … the weight is the mean of all examples drawn so far."""
    seen = rng.normal(size=50)
    given = iter(seen)
    points = descend(lambda w: w - next(given), rng.normal(), 1 / np.arange(1, 51))
    assert_allclose(points[1:], np.cumsum(seen) / np.arange(1, 51), **ROUNDED)


def test_at_a_falling_rate_the_noise_vanishes(quadratic, oracle, rng):
    """s_i = σ²/κ²i  solves the recursion with the rate 1/κ(i + 1), and is right after one step."""
    curvature, std = rng.uniform(0.5, 2.0, size=2)
    s = lambda i: oracle.program(quadratic.falling_mean_square)(i=i, curvature=curvature, std=std)
    rate = lambda i: oracle.program(quadratic.falling_rate)(i=i, curvature=curvature)
    assert_allclose(s(1), (rate(0) * std) ** 2, **ROUNDED)
    for i in range(1, 20):
        after = (1 - rate(i) * curvature) ** 2 * s(i) + (rate(i) * std) ** 2
        assert_allclose(s(i + 1), after, **ROUNDED)


@pytest.mark.parametrize("T", [2, 3, 20])
def test_the_average_of_a_constant_rate_settles_too(T, lab, quadratic, oracle, rng):
    """Its mean square is σ²/κ²T² Σ (1 - (1 - ηκ)ⁱ)², below σ²/κ²T;  tried on 20,000 runs."""
    rate, std = 0.4, 1.5
    page = oracle.program(quadratic.mean_square_of_average)(T=T, rate=rate, curvature=1.0, std=std)
    points = lab.stray([rate] * T, 20_000, rng=rng)
    far = average(points) - 0.5
    assert_allclose(np.mean(far**2), page, rtol=4 * np.sqrt(2 / 20_000))  # four deviations
    assert page < std**2 / T


@pytest.mark.parametrize("T", [4, 64])
def test_unbiased_subgradients_keep_the_bound_in_the_mean(T, lab, formulas, oracle, rng):
    """One corner at a time: the mean of f(average) - min f, over 200 runs, is below Bρ/√T."""
    f, _ = lab.median(lab.CORNERS)
    towards = lambda w, n: lab.median(lab.CORNERS[[n]])[1](w)
    one = lambda w: towards(w, rng.integers(4))
    runs = [descend(one, np.zeros(2), [DISTANCE / np.sqrt(T)] * T) for _ in range(200)]
    lost = [f(average(points)) - f(lab.CROSSING) for points in runs]
    assert np.mean(lost) <= oracle.program(formulas.best_bound)(T=T, B=DISTANCE, rho=1.0)


def test_a_projection_onto_a_ball_brings_points_nearer(rng):
    """‖onto(w) - u‖ ≤ ‖w - u‖  for every u in the ball, so the bound survives a projection."""
    onto = ball(2.0)
    for w, u in 3 * rng.normal(size=(200, 2, 4)):
        inside = onto(w)
        assert_allclose(np.linalg.norm(inside), min(2.0, np.linalg.norm(w)), **ROUNDED)
        assert np.linalg.norm(inside - onto(u)) <= np.linalg.norm(w - onto(u)) + 1e-12
        assert_array_equal(onto(0.1 * u), 0.1 * u)


# Curvature from above


def test_a_step_lowers_the_function_by_the_square_of_the_gradient(lab, rng):
    """f(w⁺) ≤ f(w) - ‖∇f(w)‖²/2κ  at the rate 1/κ."""
    quadratic = lab.separable_quadratic(np.array([2.0, 1.0, 0.1]))
    for f, slope in (lab.huber(2.0, 0.7), quadratic, lab.softened(2.0)):
        for w in 3 * rng.normal(size=(50, 3)):
            after = descend(slope, w, [1 / 2.0])[-1]
            assert f(after) <= f(w) - square(slope(w)) / (2 * 2.0) + 1e-12


@pytest.mark.parametrize("T", STEPS)
def test_bounded_curvature_bounds_the_last_point(T, lab, formulas, oracle, rng):
    """f(w_{T+1}) - min f ≤ κB²/2T  for three functions with curvature at most κ."""
    for f, slope in (
        lab.huber(2.0, 0.01),
        lab.separable_quadratic(np.array([2.0, 1e-3])),
        lab.softened(2.0),
    ):
        w = 3 * rng.normal(size=2)
        last = descend(slope, w, [1 / 2.0] * T)[-1]
        given = {"T": T, "curvature": 2.0, "B": np.linalg.norm(w)}
        assert f(last) <= oracle.program(formulas.smooth_bound)(**given)


@pytest.mark.parametrize("T", STEPS)
def test_a_huber_function_reaches_half_of_that(T, lab, quadratic, oracle):
    """With the knee at B/(2T + 1)  f is κB²/(4T + 2) after T steps."""
    given = {"T": T, "B": DISTANCE}
    f, slope = lab.huber(2.0, oracle.program(quadratic.knee)(**given))
    last = descend(slope, [DISTANCE], [1 / 2.0] * T)[-1]
    page = oracle.program(quadratic.knee_height)(curvature=2.0, **given)
    assert_allclose(f(last), page, **ROUNDED)


# Curvature from both sides


@pytest.mark.parametrize("flat", [0.5, 0.1, 0.01])
def test_every_step_multiplies_the_distance_by_a_factor(flat, lab, rng):
    """‖w⁺ - u‖² ≤ (1 - 1/q) ‖w - u‖²  at the rate 1/κ, on functions that are not quadratic."""
    _, soft = lab.softened(1.0 - flat)
    for w in 3 * rng.normal(size=(50, 4)):
        after = descend(lambda w: flat * w + soft(w), w, [1.0])[-1]
        assert square(after) <= (1 - flat) * square(w) + 1e-12


def test_the_distance_falls_to_a_power_of_that_factor(lab, quadratic, oracle, rng):
    """‖w_{T+1} - u‖² ≤ (1 - 1/q)ᵀ ‖w₁ - u‖², for T = 1, 5 and 40."""
    points = descend(
        lab.separable_quadratic(np.array([1.0, 0.3, 0.05]))[1], rng.normal(size=3), [1.0] * 40
    )
    q = oracle.program(quadratic.condition)(curvature1=0.05, curvature2=1.0)
    for T in (1, 5, 40):
        bound = oracle.program(quadratic.closer_bound)(T=T, q=q)
        assert square(points[T]) <= bound * square(points[0])


def test_on_a_quadratic_every_axis_has_a_factor_of_its_own(lab, quadratic, oracle, rng):
    """y_i = (1 - ηκ)ⁱ  for each of its curvatures."""
    curvatures, rate = rng.uniform(0.1, 2.0, size=4), 0.8
    points = descend(lab.separable_quadratic(curvatures)[1], np.ones(4), [rate] * 6)
    for i in range(7):
        page = oracle.program(quadratic.share)(i=i, rate=rate, curvature=curvatures)
        assert_allclose(points[i], page, **ROUNDED)


def test_the_best_rate_of_a_quadratic_balances_its_ends(quadratic, oracle, rng):
    """max |1 - ηκ| over κ₁ … κ₂ is least at 2/(κ₁ + κ₂), where it is (q - 1)/(q + 1)."""
    ends = {"curvature1": 0.2, "curvature2": 3.0}
    rate = oracle.program(quadratic.bowl_rate)(**ends)
    slowest = lambda rate: np.abs(1 - rate * np.linspace(0.2, 3.0, 99)).max()
    page = oracle.program(quadratic.bowl_share)(q=3.0 / 0.2)
    assert_allclose(slowest(rate), page, **ROUNDED)
    assert all(slowest(other) > page for other in rate * np.exp(rng.normal(size=50)))


# Momentum


def test_momentum_obeys_a_recursion_of_two_steps(lab, quadratic, oracle, rng):
    """y_{i+1} = (1 + μ - ηκ) y_i - μ y_{i-1},  with y₀ = 1 from rest."""
    rate, mu, curvature = rng.uniform(0.1, 0.9, size=3)
    y = lab.roll(np.array([curvature]), rate, mu, 8)[:, 0]
    page = oracle.program(quadratic.heavy_ball)
    for i in range(1, 8):
        after = page(y=y, i=i, rate=rate, curvature=curvature, momentum=mu)
        assert_allclose(y[i + 1], after, **ROUNDED)


def test_a_power_obeys_the_recursion_if_it_solves_an_equation(quadratic):
    """Put  y_i = xⁱ  into the recursion and divide by  xⁱ⁻¹:  what is left is the equation."""
    sp, i, x = quadratic.sp, quadratic.i, quadratic.x
    ball, powers = (side.lhs - side.rhs for side in (quadratic.heavy_ball, quadratic.powers))
    left = ball.replace(sp.Indexed, lambda y, index: x ** (index - i)) * x
    assert sp.expand(left - powers) == 0


def test_inside_a_range_every_curvature_has_the_same_factor(quadratic, oracle, rng):
    """Between (1 - √μ)² and (1 + √μ)² both roots have the size √μ; outside one is larger."""
    for mu in rng.uniform(0.05, 0.95, size=9):
        low, high = (1 - np.sqrt(mu)) ** 2, (1 + np.sqrt(mu)) ** 2
        for x in rng.uniform(low, high, size=9):
            assert_allclose(np.abs(np.roots([1, -(1 + mu - x), mu])), np.sqrt(mu), **ROUNDED)
        for x in (0.9 * low, 1.1 * high):
            assert np.abs(np.roots([1, -(1 + mu - x), mu])).max() > np.sqrt(mu) + 1e-6


def test_the_range_ends_where_the_discriminant_vanishes(quadratic, oracle, rng):
    """(1 + μ - ηκ)² - 4μ  is a product of two factors."""
    assert oracle.counterexample(*oracle.claim(quadratic.under_the_root), rng) is None


@pytest.mark.parametrize("q", [2.0, 10.0, 400.0])
def test_the_best_momentum_puts_the_curvatures_at_the_ends(q, quadratic, oracle):
    """ηκ₁ = (1 - √μ)²  and  ηκ₂ = (1 + √μ)²  at the best rate and momentum."""
    flat = 0.3
    rate = oracle.program(quadratic.ball_rate)(curvature1=flat, curvature2=q * flat)
    root = oracle.program(quadratic.ball_momentum)(q=q) ** 0.5
    assert_allclose([rate * flat, rate * q * flat], [(1 - root) ** 2, (1 + root) ** 2], **ROUNDED)
    assert_allclose(oracle.program(quadratic.ball_share)(q=q), root, **ROUNDED)


def largest_root(rate, momentum, curvatures):
    """Find the factor per step, in the long run, of the slowest curvature."""
    return max(
        np.abs(np.roots([1, -(1 + momentum - rate * k), momentum])).max() for k in curvatures
    )


@pytest.mark.parametrize("q", [2.0, 10.0, 100.0])
def test_no_other_momentum_has_a_smaller_factor(q, quadratic, oracle, rng):
    """The larger root, at the worse end, is above (√q - 1)/(√q + 1) for every other pair."""
    share = oracle.program(quadratic.ball_share)(q=q)
    best = oracle.program(quadratic.ball_rate)(curvature1=1.0, curvature2=q), share**2
    # at a double root an error of ε in the coefficients moves the roots by √ε
    assert_allclose(largest_root(*best, (1.0, q)), share, rtol=1e-6)
    for shift in 0.2 * rng.normal(size=(300, 2)):
        rate, mu = best * np.exp(shift)
        assert largest_root(rate, mu, (1.0, q)) > share
    for rate, mu in rng.uniform([-1.0, -1.0], [5.0, 1.5], size=(300, 2)):
        assert largest_root(rate, mu, (1.0, q)) > share


@pytest.mark.parametrize("end", ["flat", "steep"])
def test_at_both_ends_a_power_has_a_linear_factor(end, lab, quadratic, oracle):
    """y_i = (1 + (1 ∓ √μ) i) (±√μ)ⁱ,  with plus the steep end."""
    root, q = 0.6, (1.6 / 0.4) ** 2
    rate, curvature = 1.6**2, {"flat": 1 / q, "steep": 1.0}[end]
    rolled = lab.roll(np.array([curvature]), rate, root**2, 12)[:, 0]
    page = oracle.program(getattr(quadratic, f"{end}_end"))
    assert_allclose(rolled, [page(i=i, momentum=root**2) for i in range(13)], **ROUNDED)


def test_between_the_ends_the_error_oscillates(lab, quadratic, oracle, rng):
    """y_i = √μⁱ (sin (i + 1)φ - √μ sin iφ)/sin φ,  with  cos φ = (1 + μ - ηκ)/2√μ."""
    mu, phi = rng.uniform(0.2, 0.9), rng.uniform(0.1, 3.0)
    product = 1 + mu - 2 * np.sqrt(mu) * np.cos(phi)
    cosine = oracle.program(quadratic.sp.Eq(quadratic.x, quadratic.angle.rhs))
    assert_allclose(cosine(rate=1.0, curvature=product, momentum=mu), np.cos(phi), **ROUNDED)
    rolled = lab.roll(np.array([product]), 1.0, mu, 12)[:, 0]
    page = oracle.program(quadratic.between)
    assert_allclose(rolled, [page(i=i, momentum=mu, phi=phi) for i in range(13)], **ROUNDED)


@pytest.mark.parametrize("q", [4.0, 100.0])
def test_the_steep_end_is_the_slowest_of_all(q, lab, quadratic, oracle):
    """Of two hundred curvatures from κ₁ to κ₂ none is ever further off than κ₂ is."""
    rate = oracle.program(quadratic.ball_rate)(curvature1=1 / q, curvature2=1.0)
    mu = oracle.program(quadratic.ball_momentum)(q=q)
    page = oracle.program(quadratic.steep_end)
    exact = np.abs([page(i=i, momentum=mu) for i in range(41)])
    assert_allclose(lab.slowest(1 / q, 1.0, rate, mu, 40), exact, rtol=1e-9)


# Exercises


def sizes(rng):
    """Draw how many entries a point has: one, and some number of them."""
    return 1, int(rng.integers(2, 30))


@pytest.mark.exercise("descent-step", points=1)
def test_your_step_ends_at_the_lowest_point(answers, rng):
    """There the slope  g + κ (z - w)  is zero in every entry, for one κ and for one an entry."""
    for D in 2 * sizes(rng):
        w, g, many = rng.normal(size=D), rng.normal(size=D), rng.uniform(0.2, 5.0, size=D)
        for curvature in (many, float(many[0]), int(rng.integers(2, 9))):
            lowest, kept = w - g / curvature, (w.copy(), g.copy())
            z = answers.step(w, g, curvature)
            assert np.shape(z) == (D,)
            assert_allclose(z, lowest, **ROUNDED)
            assert_array_equal([w, g], kept, "w or g has changed")


@pytest.mark.exercise("descent-step", points=1)
def test_your_step_is_right_at_every_scale(answers, rng):
    """With lengths a times and curvatures c times as large, slopes are ac times as large.

    The step is a times as large then; a slope of zero makes none.
    """
    w, g, curvature = rng.normal(size=4), rng.normal(size=4), rng.uniform(0.2, 5.0, size=4)
    for a, c in product(10.0 ** rng.uniform([-18, 13], [-13, 18]), repeat=2):
        wanted = a * (w - g / curvature)
        z = answers.step(a * w, a * c * g, c * curvature)
        assert_allclose(z, wanted, rtol=1e-12, atol=1e-12 * a)
    assert_allclose(answers.step(w, 0 * g, curvature), w.copy(), **ROUNDED)


def listing(asked, slopes):
    """Return a function that lists the points at which it is asked, and has these slopes."""
    given = iter(slopes)
    return lambda w: asked.append(w.copy()) or next(given)


@pytest.mark.exercise("descent-average", points=3)
def test_your_average_counts_every_point_with_a_slope(answers, rng):
    """1/T Σ w_t over the points at which you asked for a slope; each is a step after the last.

    One of the slopes is zero, and one of the rates: their points count as all others do.
    """
    for T, D in 2 * [*product((1, 2, int(rng.integers(3, 40))), sizes(rng))]:
        w, rates, v = rng.normal(size=D), rng.uniform(0.1, 0.9, size=T), rng.normal(size=(T, D))
        v[rng.integers(T)] = rates[rng.integers(T)] = 0
        points = w - np.cumsum([0 * w, *(rates[:, None] * v)], axis=0)
        kept, asked = w.copy(), []
        mean = answers.averaged(listing(asked, v.copy()), w, list(rates))
        assert_array_equal(w, kept, "w has changed")
        assert_allclose(asked, points[:-1], **ROUNDED)
        assert np.shape(mean) == (D,)
        assert_allclose(mean, sum(points[:-1]) / T, **ROUNDED)


@pytest.mark.exercise("descent-average", points=3)
def test_your_average_takes_rates_as_they_come(answers, rng):
    """A generator is read once, to its end, and has no length; its rates differ."""
    for D in sizes(rng):
        w, kappa, rates = rng.normal(size=D), rng.uniform(0.2, 3.0), rng.uniform(0.1, 0.6, size=5)
        shares = np.cumprod([1.0, *(1 - kappa * rates[:-1])])
        wanted, given = w * shares.mean(), (rate for rate in rates.tolist())
        mean = answers.averaged(lambda w, kappa=kappa: kappa * w, w, given)
        assert_allclose(mean, wanted, **ROUNDED)
        assert next(given, None) is None, "a rate is left over"


@pytest.mark.exercise("descent-average", points=3)
def test_your_average_forgets_its_points(answers, rng):
    """All T points together are 2 GB, more than a grader lends; few of them are held at a time.

    The slope of ½‖w‖² is w: np.float64 copies it. A short descent is measured first.
    """
    w, rate = rng.normal(size=1 << 14), rng.uniform(1e-4, 2e-4)
    _, held = peak_memory(lambda: answers.averaged(np.float64, w[: 1 << 13], 64 * [rate]))
    assert held < 16 * 8 << 13, "the points are kept"
    wanted = w * (1 - (1 - rate) ** 16384) / (16384 * rate)
    assert_allclose(answers.averaged(np.float64, w, 16384 * [rate]), wanted, rtol=1e-9)


@pytest.mark.exercise("descent-bound", points=2)
def test_your_sides_are_those_of_the_bound(answers, rng):
    """Added up step by step, from any start, towards any u, downhill and uphill."""
    shapes = (1, 1), (1, 4), (int(rng.integers(2, 30)), 1), tuple(rng.integers(2, 20, size=2))
    for (T, D), way in product(shapes, (-3, 3)):
        rate = rng.uniform(0.05, 3.0)
        points, v = walk(rng, T=T, D=D, rate=rate)
        u = points[0] + rng.normal(size=D) + way * sum(v)
        products = [sum((w - u) * slope) for w, slope in zip(points, v, strict=False)]
        lengths = [sum(slope * slope) for slope in v]
        start = sum((points[0] - u) ** 2)
        wanted = sum(products), start / (2 * rate) + rate * sum(lengths) / 2
        sides = answers.both_sides(points, v, u, rate)
        assert np.shape(sides) == (2,)
        assert_allclose(sides, wanted, rtol=1e-12, atol=1e-12 * wanted[1])


@pytest.mark.exercise("descent-bound", points=2)
def test_your_sides_allow_for_a_start_at_the_goal(answers, rng):
    """With u = w₁ the distance is zero; with slopes of zero both sides are, but for it."""
    (points, v), rate = walk(rng, T=5, D=2, rate=0.4), rng.uniform(0.1, 2.0)
    right = 0.2 * np.sum(v**2)
    left = np.sum((points[:-1] - points[0]) * v)
    assert_allclose(answers.both_sides(points, v, points[0].copy(), 0.4), (left, right), **ROUNDED)
    still, far = np.tile(points[0], (6, 1)), np.sum(points[0] ** 2)
    sides = answers.both_sides(still, 0 * v, np.zeros(2), rate)
    assert_allclose(sides, (0.0, far / (2 * rate)), **ROUNDED)


@pytest.mark.exercise("descent-rate", points=2)
def test_your_plan_keeps_the_bound_with_no_step_too_many(answers, rng):
    """T is the smallest whole number of at least  (distance rho / accuracy)²,  one or more."""
    for ratio in [0.1, 0.9, *rng.uniform(1.0, 20.0, size=20), *rng.uniform(20.0, 300.0, size=5)]:
        distance, rho = np.exp(rng.normal(size=2))
        steps, far = int(np.ceil(ratio**2)), 10.0 ** rng.uniform(-6, -0.3)
        accuracy = distance * rho / np.sqrt(steps - rng.choice([far, 1 - far]))
        steps_planned, rate = answers.plan(accuracy, distance, rho)
        assert steps_planned == steps
        assert_allclose(rate, distance / (rho * np.sqrt(steps)), rtol=1e-7)


@pytest.mark.exercise("descent-rate", points=2)
def test_your_plan_needs_no_step_more_where_the_bound_is_met_exactly(answers, rng):
    """For distance rho = 2ᵏ accuracy it is T = 4ᵏ, and every number is exact."""
    for k in range(7):
        distance, rho = 2.0 ** rng.integers(-4, 5, size=2)
        steps, rate = answers.plan(distance * rho / 2**k, distance, rho)
        assert steps == 4**k
        assert_allclose(rate, distance / (rho * 2**k), rtol=1e-7)


SEVEN = {"rtol": 5e-7, "atol": 1e-12}  # seven digits, after rounding


@pytest.mark.exercise("descent-momentum", points=3)
def test_your_ball_has_the_smallest_factor(answers, rng):
    """The larger root, at the worst of both ends, is smaller than with any other pair.

    Where seven digits are right the double roots are moved by less than 2e-3.
    """
    for q in (rng.uniform(1.5, 5.0), rng.uniform(5.0, 50.0), rng.uniform(500.0, 5000.0)):
        flat = 10.0 ** rng.uniform(-3, 3)
        rate, mu = answers.heavy_ball(flat, q * flat)
        yours = largest_root(rate, mu, (flat, q * flat))
        for shift in [*(0.3 * rng.normal(size=(15, 2))), *(0.01 * rng.normal(size=(15, 2)))]:
            other = largest_root(rate * np.exp(shift[0]), mu * np.exp(shift[1]), (flat, q * flat))
            assert yours < other + 2e-3, "another rate and momentum have a smaller factor"


@pytest.mark.exercise("descent-momentum", points=3)
def test_your_ball_puts_a_curvature_at_either_end(answers, rng):
    """The roots are double at both ends:  rate κ₁ = (1 - √μ)²  and  rate κ₂ = (1 + √μ)².

    The sum of the roots of both is  √rate (√κ₁ + √κ₂) = 2,  their difference  2 √μ.
    """
    pairs = [
        10.0 ** rng.uniform(-4, 4) * np.array([1, q]) for q in 10.0 ** rng.uniform(0.1, 4, size=20)
    ]
    whole = rng.integers(1, 9, size=(5, 2)).cumsum(axis=1)
    for curvatures in [*(pair.tolist() for pair in pairs), *whole.tolist()]:
        low, high = np.sqrt(curvatures)
        wanted = (2 / (low + high)) ** 2, ((high - low) / (low + high)) ** 2
        assert_allclose(answers.heavy_ball(*curvatures), wanted, **SEVEN)


@pytest.mark.exercise("descent-momentum", points=3)
def test_your_momentum_is_zero_where_all_curvatures_are_equal(answers, rng):
    """With one curvature κ a step at the rate 1/κ is the last: the momentum is zero."""
    for curvature in 10.0 ** rng.uniform(-2, 2, size=3):
        rate, mu = answers.heavy_ball(curvature, curvature)
        assert_allclose([rate * curvature, mu], [1, 0], **SEVEN)


def bowls(rng):
    """Draw minima of either sign, rates and distances of many sizes; zero is a minimum, too."""
    for w in (0.0, *rng.normal(size=10), *(100 * rng.normal(size=5)), -3):
        yield w, *(10.0 ** rng.uniform(-4, 4, size=2)).tolist()


@pytest.mark.exercise("descent-leave", points=2)
def test_your_examples_have_their_minimum_where_asked(answers, rng):
    """The mean of the examples is w, and there are at least two of them."""
    for w, rate, distance in bowls(rng):
        examples = np.asarray(answers.targets(w, rate, distance))
        assert examples.ndim == 1
        assert np.isrealobj(examples)
        assert len(examples) >= 2
        size = abs(w) + distance / rate
        assert_allclose(sum(examples) / len(examples), w, rtol=0, atol=1e-12 * size)


@pytest.mark.exercise("descent-leave", points=2)
def test_your_examples_all_lead_away(answers, rng):
    """One step at the rate, with any of them, ends at the distance from w."""
    for w, rate, distance in bowls(rng):
        examples = np.asarray(answers.targets(w, rate, distance))
        away = abs(rate * (w - examples))
        size = rate * abs(w) + distance
        assert_allclose(away, np.full(len(examples), distance), rtol=0, atol=1e-12 * size)


@pytest.mark.exercise("descent-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "regret": "descent-line-1",
        "nearer": "descent-line-4",
        "smooth_rate": "descent-line-2",
    }
    truth = [planted(f"descent.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
