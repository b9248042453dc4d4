"""Formulas.  What the book derives, exact calculus confirms; what is wrong, it refuses.

A formula declares its checks where it is written, and ``test_mutants.py`` runs them. Here is
what they stand on, and what ties a formula to more than its own checks.

Both sides are evaluated at exact random numbers, entry by entry, with sizes that all differ.
A backward pass is compared for an arbitrary upstream gradient, never for a sum.
"""

import importlib
import re

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from dlcore.formulas import activation, all_formulas, linear, loss, optim, pool, twolayer
from dlcore.formulas.engine.calculus import cotangent, unfold
from dlcore.formulas.engine.latex import latex
from dlcore.formulas.engine.oracle import counterexample, program, symbolic_vjp
from dlcore.formulas.engine.symbols import K, M, Norm, d, j, k, m, n, total

ONE, ZERO = sp.Integer(1), sp.Integer(0)
x, y, w = map(sp.IndexedBase, "xyw")
forwards = twolayer.probabilities, twolayer.scores, twolayer.hidden, twolayer.mixtures


def test_every_formula_of_a_module_is_in_the_register():
    """A relation that has a name in a chapter has a label, and each label has one."""
    for row in all_formulas().values():
        module = importlib.import_module(f"dlcore.formulas.{row.module}")
        relations = [name for name, each in vars(module).items() if isinstance(each, sp.Rel)]
        registered = [each.name for each in all_formulas().values() if each.module == row.module]
        assert relations == registered


def test_every_formula_has_a_sentence():
    """It begins with a capital, ends with a full stop and fits on a line of the page."""
    for row in all_formulas().values():
        assert row.sentence[0].isupper()
        assert row.sentence.endswith(".")
        assert "\n" not in row.sentence


def test_no_smoothing_is_cross_entropy(rng):
    """At s = 0 the smoothed loss is the plain one."""
    plain, smoothed = loss.cross_entropy, loss.cross_entropy_smoothed
    assert counterexample(plain, smoothed, rng, smoothing=ZERO) is None


@pytest.mark.parametrize(("forward", "name"), [("scores", "w2"), ("mixtures", "w1")])
def test_a_penalty_adds_its_own_slope(forward, name, rng):
    """w̄ of the loss is w̄ of the layer and λ w."""
    page, derived = getattr(twolayer, f"{name}_bar"), cotangent(getattr(twolayer, forward), name)
    assert counterexample(page, derived, rng, reg=ZERO) is None
    assert counterexample(page, derived, rng) is not None


@pytest.mark.parametrize("name", ["w1", "w2"])
def test_the_gradient_in_one_line_is_the_derivative_of_the_whole_network(name, rng):
    """Every line written out, from the features to the loss, and differentiated at once."""
    derived = cotangent(unfold(twolayer.loss, *forwards), name)
    sizes = {"N": 3, "D": 1, "M": 2, "K": 2}
    page = unfold(getattr(twolayer, f"{name}_gradient"), *forwards)
    assert counterexample(page, derived, rng, sizes=sizes, L_bar=ONE) is None


def test_the_slope_at_the_kink_is_zero():
    """[x > 0] at x = 0."""
    assert program(activation.relu_slope)(x=[-1.0, 0.0, 1.0]).tolist() == [0, 0, 1]
    assert program(activation.leaky_relu_slope)(x=[-1.0, 0.0, 1.0], slope=0.5)[1] == 0.5


def test_the_first_step_of_rmsprop_knows_no_slope(rng):
    """η/√(1 - ρ), from s = 0 and with ε = 0, on either side of the root."""
    for rule in (optim.rmsprop_inside, optim.rmsprop_outside):
        step = unfold(rule, optim.rmsprop_size)
        assert counterexample(step, optim.rmsprop_first, rng, s=ZERO, eps=ZERO) is None


def test_the_first_step_of_adam_has_the_length_of_the_rate(rng):
    """η g/(|g| + ε), from m = s = 0."""
    hats = optim.adam_mean_unbiased, optim.adam_size_unbiased
    step = unfold(optim.adam, *hats, optim.adam_mean, optim.adam_size)
    assert counterexample(step, optim.adam_first, rng, i=ONE, m=ZERO, s=ZERO) is None


def test_nesterovs_rule_is_the_next_step_of_momentum(rng):
    """Momentum, taken twice with the same gradient, moves by v⁺ and then by μ v⁺ - η g."""
    twice = sp.Eq(optim.v, optim.v_next)
    ahead = unfold(optim.momentum, optim.momentum_velocity, twice)
    assert counterexample(ahead, optim.nesterov, rng) is None


def test_the_rate_of_one_cycle_peaks_after_the_warmup():
    """It rises from a to 1 until p = q, and ends at 0."""
    rates = program(optim.one_cycle)(progress=[0.0, 0.25, 0.5, 1.0], warmup=0.5, start=0.2)
    assert_allclose(rates, [0.2, 0.6, 1, 0], atol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_a_backward_pass_that_says_nothing_is_refused(name, rng):
    """x̄ = 0 · ȳ would pass a check whose loss is Σ y, since Σ softmax(x) = 1."""
    derived = cotangent(getattr(loss, name), "x")
    silent = sp.Eq(derived.lhs, 0 * loss.y_bar[n, k], evaluate=False)
    assert counterexample(silent, derived, rng) is not None


@pytest.mark.parametrize("wrong", [
    loss.y[n, k] * (loss.y_bar[n, k] + total(loss.y_bar[n, j] * loss.y[n, j], j)),
    loss.y[n, k] * loss.y_bar[n, k],
    loss.y[n, k] * (loss.y_bar[n, k] - 2 * total(loss.y_bar[n, j] * loss.y[n, j], j)),
    loss.y[n, k] * (loss.y_bar[n, k] - total(loss.y_bar[n, j] * loss.y[n, j], j) / K),
    loss.y[n, k] * (loss.y_bar[n, k] - total(loss.y_bar[n, k] * loss.y[n, j], j)),
], ids=["sign", "dropped term", "factor", "mean", "index"])  # fmt: skip
def test_a_slip_in_the_softmax_rule_is_refused(wrong, rng):
    """A sign, a term, a factor, a mean for a sum, an index: none survives random numbers."""
    page = unfold(sp.Eq(loss.x_bar[n, k], wrong, evaluate=False), loss.softmax)
    assert counterexample(page, cotangent(loss.softmax, "x"), rng) is not None


def test_a_derivative_needs_fresh_indices():
    """∂(Σ_d x w)/∂w meets the d of the sum; the cotangent renames it first."""
    naive = linear.linear.rhs.diff(w[d, m])
    assert naive.has(sp.Sum)
    assert cotangent(linear.linear, "w").rhs == total(x[n, d] * sp.IndexedBase("y_bar")[n, m], n)


def test_a_sum_over_a_bracket_alone_stays(rng):
    """Σᵤ [p s + u = h] is not one everywhere: a window has an end."""
    derived = cotangent(pool.avg_row, pool.x[pool.h])
    page = sp.Eq(derived.lhs, pool.average_back.lines[-1].expr, evaluate=False)
    assert counterexample(page, derived, rng, sizes=pool.ROW) is None
    assert derived.rhs.atoms(sp.KroneckerDelta)


def test_a_formula_and_its_program_have_the_same_cotangent(rng):
    """Symbols pushed through the program give what the derived formula gives."""
    x, y_bar = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    (x_bar,) = symbolic_vjp(lambda x: program(loss.softmax)(x=x), (2, 3))(x, y_bar)
    derived = program(cotangent(loss.softmax, "x"))(x=x, y_bar=y_bar)
    assert_allclose(x_bar, derived, rtol=1e-12)


def test_the_cotangent_of_a_linear_program_is_exact(rng):
    """symbolic_vjp differentiates any program that runs on arrays of symbols."""
    x, w, b, y_bar = (rng.normal(size=shape) for shape in ((2, 4), (4, 3), (3,), (2, 3)))
    bars = symbolic_vjp(lambda x, w, b: x @ w + b, x.shape, w.shape, b.shape)(x, w, b, y_bar)
    for bar, expected in zip(bars, (y_bar @ w.T, x.T @ y_bar, y_bar.sum(axis=0)), strict=True):
        assert_allclose(bar, expected, rtol=0, atol=1e-14)


def test_a_program_reads_labels_as_indices():
    """The score at the label: x[n, t[n]]."""
    x = np.array([[1.0, 2.0, 4.0], [0.0, 8.0, 0.0]])
    picked = sp.Eq(y[n], loss.x[n, loss.t[n]], evaluate=False)
    assert program(picked)(x=x, t=np.array([2, 1])).tolist() == [4, 8]


def test_a_program_does_not_overflow():
    """Scores of ten thousand are no danger to numbers with unbounded exponents."""
    assert_allclose(program(loss.logsumexp)(x=np.array([[1e4, 1e4]])), 1e4 + np.log(2), rtol=1e-15)


def test_a_program_refuses_arrays_that_disagree():
    """The message names the axis, both sizes and both arrays."""
    with pytest.raises(ValueError, match="D is 3 in x but 4 in w"):
        program(linear.linear)(x=np.ones((2, 3)), w=np.ones((4, 5)), b=np.ones(5))
    with pytest.raises(ValueError, match="b stands in the formula, pass b="):
        program(linear.linear)(x=np.ones((2, 3)), w=np.ones((3, 5)))
    with pytest.raises(ValueError, match=r"has x\[n, d\] but x has shape \(3,\)"):
        program(linear.linear)(x=np.ones(3), w=np.ones((3, 5)), b=np.ones(5))


@pytest.mark.parametrize(("relation", "text"), [
    (linear.linear, r"y_{n,m} = \sum_{d} x_{n,d} \, w_{d,m} + b_{m}"),
    (linear.linear_x_bar, r"\bar{x}_{n,d} = \sum_{m} \bar{y}_{n,m} \, w_{d,m}"),
    (loss.softmax_jacobian,
     r"\frac{\partial y_{n,k}}{\partial x_{n,j}} = y_{n,k} ([k = j] - y_{n,j})"),
    (activation.relu_slope, "y' = [x > 0]"),
    (optim.rmsprop_inside, r"w^{+} = w - \frac{\eta g}{\sqrt{s^{+} + \varepsilon}}"),
])  # fmt: skip
def test_a_formula_is_printed_as_it_was_written(relation, text):
    """Factors keep their order, whole axes are named by their index, bars are worn."""
    assert latex(relation) == text


def test_a_sum_over_part_of_an_axis_shows_its_range():
    """Only a whole axis is understood."""
    part = sp.Sum(w[d, m], (m, 1, M - 1))
    assert latex(part) == r"\sum_{m = 1}^{M - 1} w_{d,m}"


def test_a_norm_wears_double_bars():
    """λ/2 ‖w‖²."""
    penalty = optim.half * sp.Symbol("reg") * Norm(sp.Symbol("w")) ** 2
    assert latex(penalty) == r"\frac{\lambda}{2} \lVert w \rVert^{2}"


def test_no_formula_prints_the_name_of_a_program():
    """Every name becomes a letter: y_bar, w_next, rate, momentum."""
    names = re.compile(r"_(bar|next|hat)|rate|momentum|curvature")
    assert not [row for row in all_formulas().values() if names.search(latex(row.relation))]
