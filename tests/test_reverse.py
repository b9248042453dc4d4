"""Reverse mode.  The claims of `book/reverse.md`, in the order of the chapter."""

import importlib
from itertools import pairwise
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import (
    check_gradients,
    checkpoint,
    directional,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    registry,
    value_and_grad,
    vjp,
)
from dlcore.autodiff.dispatch import levels
from dlcore.autodiff.primitive import Primitive
from dlcore.autodiff.reverse import Variable
from dlcore.graph import topological_order
from dlcore.ops.numpy import arithmetic, elementary
from dlcore.shapes import Tensor
from tests.comparing import agree, all_locked, locked

W = np.array([0.5, -0.5])  # where the example of the picture is differentiated
F1 = 8.415007619  # its first output there, to the last decimal
HALF_A_UNIT = 5e-10
ROUNDED = {"rtol": 1e-12, "atol": 1e-14}  # some roundings of 1e-16, also where terms cancel
OPERATIONS = [
    arithmetic.add, arithmetic.subtract, arithmetic.multiply, elementary.sin, elementary.exp,
    elementary.tanh,
]  # fmt: skip


@pytest.fixture
def lab():
    """The counters of the chapter, imported by the tests that use them."""
    return importlib.import_module("dlcore.experiments.reverse")


def layer(h, w):
    """A part of a program, whose values are kept or computed again."""
    return np.tanh(h @ w) * h


@pytest.fixture
def example():
    """The two functions of the picture, imported by the tests that use them."""
    return importlib.import_module("dlcore.experiments.forward").example


class Parameter:
    """A weight with a gradient to which every backward pass adds."""

    def __init__(self, value):
        self.value, self.grad = np.asarray(value), 0.0

    def backward(self, f):
        """Add the gradient of f to the stored one."""
        self.grad = self.grad + grad(f)(self.value)


def test_the_case_by_hand_comes_out():
    """For a = x·x and y = a(a + 1) at x = 3:  y = 90 and x̄ = 114."""
    y, pullback = vjp(lambda x: x * x * (x * x + 1.0), np.float64(3.0))
    assert (y, pullback(1.0)) == (90.0, (114.0,))


def test_the_derivative_by_hand_is_that_of_calculus(formulas, oracle, rng):
    """x̄ = 2x (2x² + 1), on seven random numbers."""

    def program(x):
        a = x * x
        return np.sum(a * (a + 1.0))

    x = rng.normal(size=7)
    assert_allclose(grad(program)(x), oracle.program(formulas.by_hand)(x=x), **ROUNDED)


def test_an_adjoint_sums_over_its_users(formulas, oracle):
    """v̄ₖ = [k = K - 1] + Σⱼ v̄ⱼ ∂vⱼ/∂vₖ, with x, a, a + 1 and y of the case by hand at x = 3."""
    v_bar, s = np.array([114.0, 19.0, 9.0, 1.0]), np.zeros((4, 4))
    s[1, 0], s[2, 1], s[3, 1], s[3, 2] = 6.0, 1.0, 10.0, 9.0  # ∂vⱼ/∂vₖ
    assert_array_equal(oracle.program(formulas.adjoint)(v_bar=v_bar, s=s), v_bar)
    v_bar[1] -= 10.0  # without the share that the product passes to a
    assert not np.array_equal(oracle.program(formulas.adjoint)(v_bar=v_bar, s=s), v_bar)


def test_the_tape_records_what_is_traced(rng):
    """For y = x z with a constant z, y has the one parent x, and pulls back z ȳ for it alone."""
    x, z, y_bar = rng.normal(size=(3, 4))
    variable = Variable(x, next(levels))
    y = variable * z
    assert [parent is variable for parent in y.parents] == [True]
    assert_array_equal(y.pullback(y_bar), [z * y_bar])


def test_every_node_is_visited_once(lab):
    """Sixty doublings have 2⁶⁰ paths and sixty nodes:  x̄ = 2⁶⁰, after sixty additions."""

    def doubled(x):
        for _ in range(60):
            x = x + x
        return x

    cost = lab.costs(doubled, np.float64(1.0))
    assert grad(doubled)(np.float64(1.0)) == 2.0**60
    assert cost["reverse"][0] == 2 * cost["function"][0]


def test_a_pullback_is_linear_and_may_be_called_again(rng):
    """2 pull(ȳ) - pull(z̄) = pull(2ȳ - z̄), and a second call returns what the first did."""
    x, y_bar, z_bar = rng.normal(size=(3, 5))
    _, pullback = vjp(lambda x: np.sin(x) * np.sum(x), x)
    (one,), (other,) = pullback(y_bar), pullback(z_bar)
    assert_allclose(pullback(2 * y_bar - z_bar)[0], 2 * one - other, **ROUNDED)
    assert_array_equal(pullback(y_bar)[0], one)


def test_a_jvp_is_the_jacobian_times_a_tangent(example, formulas, oracle, rng):
    """ẏ = J ẋ, entry by entry, with the Jacobian that differences measure."""
    w_dot = rng.normal(size=2)
    J = np.stack([directional(example, [W], [unit]) for unit in np.eye(2)], axis=1)
    page = oracle.program(formulas.pushforward)(J=J, x_dot=w_dot)
    assert_allclose(jvp(example, [W], [w_dot])[1], page, rtol=1e-8)  # differences


def test_a_vjp_is_a_cotangent_times_the_jacobian(example, formulas, oracle, rng):
    """x̄ = Jᵀ ȳ, entry by entry, with the Jacobian that differences measure."""
    y_bar = rng.normal(size=2)
    J = np.stack([directional(example, [W], [unit]) for unit in np.eye(2)], axis=1)
    page = oracle.program(formulas.pullback)(J=J, y_bar=y_bar)
    assert_allclose(vjp(example, W)[1](y_bar)[0], page, rtol=1e-8)  # differences


def test_both_modes_agree_on_the_inner_product(example, formulas, oracle, rng):
    """⟨ȳ, ẏ⟩ = ⟨x̄, ẋ⟩ for a random tangent ẋ and a random cotangent ȳ."""
    x_dot, y_bar = rng.normal(size=(2, 2))
    (_, y_dot), (x_bar,) = jvp(example, [W], [x_dot]), vjp(example, W)[1](y_bar)
    left, right = map(oracle.program, oracle.claim(formulas.worth))
    at_outputs, at_inputs = left(y_bar=y_bar, y_dot=y_dot), right(x_bar=x_bar, x_dot=x_dot)
    assert_allclose(at_outputs, at_inputs, **ROUNDED)


def fewest(sizes):
    """Count the multiplications of the best order for matrices of these sizes in a row."""
    first, last = sizes[0], sizes[-1]
    inner = range(1, len(sizes) - 1)
    ways = [fewest(sizes[: i + 1]) + first * sizes[i] * last + fewest(sizes[i:]) for i in inner]
    return min(ways, default=0)


def test_from_the_left_takes_the_fewest_multiplications(rng):
    """For a row times matrices of sizes from two to eight; not where a size is one."""
    for _ in range(200):
        sizes = [1, *rng.integers(2, 9, size=rng.integers(2, 7)).tolist()]
        assert fewest(sizes) == sum(rows * columns for rows, columns in pairwise(sizes[1:]))
    assert fewest([1, 1, 10, 1]) == 11 < 1 * 10 + 10 * 1


def test_the_backward_passes_end_with_the_jacobian(lab, example):
    """The last adjoints of w₁ and w₂ are the rows of J, one row for each backward pass."""
    last = {}
    values = {name: value for name, (value, _) in lab.run(W, np.zeros(2)).items()}
    for i, end in enumerate(("f1", "f2")):
        last |= {(i, name): bar for name, _, bar, _ in lab.back(values, end)}
    rows = [[last[i, name] for name in ("w1", "w2")] for i in range(2)]
    assert_allclose(rows, jacobian(example)(W), **ROUNDED)
    assert_allclose(values["f1"], F1, rtol=0, atol=HALF_A_UNIT)


def test_rows_and_columns_are_one_matrix(rng):
    """Both modes fill the same J, of the axes of y and then those of x."""
    w = rng.normal(size=(4, 3))
    f = lambda x: np.tanh(x @ w) * np.sum(x)
    x = rng.normal(size=(2, 4))
    by_rows, by_columns = jacobian(f)(x), jacobian(f, mode="forward")(x)
    assert by_rows.shape == (2, 3, 2, 4)
    assert_allclose(by_rows, by_columns, **ROUNDED)


@pytest.mark.parametrize(("mode", "rule", "calls"), [("reverse", "vjp", 3), ("forward", "jvp", 5)])
def test_rows_take_one_backward_pass_per_output(mode, rule, calls, rng, monkeypatch):
    """A Jacobian of three outputs and five inputs: three backward passes, or five tangents."""
    tanh, seen = elementary.tanh, []
    original = getattr(tanh, f"{rule}_rule")
    monkeypatch.setattr(tanh, f"{rule}_rule", lambda *args: (seen.append(1), original(*args))[1])
    jacobian(lambda x: np.tanh(x)[:3] * x[0], mode=mode)(rng.normal(size=5))
    assert len(seen) == calls


@pytest.mark.parametrize("name", ["function", "reverse", "forward"])
@pytest.mark.parametrize("D", [2, 7, 60])
def test_the_cost_of_a_product_is_what_the_page_says(D, name, lab, formulas, oracle, rng):
    """D - 1 multiplications; with all derivatives 3 (D - 1) in reverse, 4 D (D - 1) forwards."""
    cost = lab.costs(lab.product, *rng.normal(size=D))[name][0]
    assert cost == oracle.program(getattr(formulas, f"{name}_price"))(D=D)


def drawn(rng, many):
    """Draw a program of `many` operations, each on numbers that are there already."""
    plan = [(rng.choice(OPERATIONS), rng.integers(i + 5, size=2)) for i in range(many)]

    def f(*xs):
        values = [*xs]
        for op, at in plan:
            values.append(op(*(values[i] for i in at[: len(op.arguments)])))
            values[-1] = np.sin(values[-1])  # keeps numbers small
        return sum(values)

    return f


def dearest(lab, op):
    """Count the operations of a rule, and one addition for every parent."""
    xs = np.ones(len(op.arguments))
    return lab.count(op.vjp, op(*xs), *xs, np.float64(1.0))[0] + len(xs)


@pytest.mark.parametrize("many", [1, 10, 100, 1000])
def test_value_and_gradient_cost_a_bounded_multiple_of_the_value(many, lab, formulas, rng):
    """c̄ ≤ (1 + r) c, where no rule takes more than r operations, its additions included."""
    r = max(dearest(lab, op) for op in OPERATIONS)
    cost = lab.costs(drawn(rng, many), *rng.normal(size=5))
    given = {formulas.c: cost["function"][0], formulas.c_bar: cost["reverse"][0]}
    assert cost["reverse"][0] > cost["function"][0]
    assert formulas.cheap.subs({**given, formulas.r: r}) == True  # noqa: E712 (sympy's own)


def test_the_tape_grows_and_forward_mode_does_not(lab):
    """Reverse mode holds an array for every operation, forward mode a few in all."""
    reverse = [lab.memory("reverse", length) for length in (10, 30)]
    forward = [lab.memory("forward", length) for length in (10, 30)]
    assert 20 <= reverse[1] - reverse[0] < 20.5  # what the tape records besides is small
    assert forward[1] - forward[0] < 0.5


def test_recomputing_changes_no_bit_of_a_gradient(rng):
    """Value and gradients of three layers, each computed again, are those of the whole tape."""
    x, w = rng.normal(size=(5, 4)), rng.normal(size=(4, 4))
    chain = lambda step: lambda x, w: np.sum(step(step(step(x, w), w), w) ** 2)
    value, bars = value_and_grad(chain(layer), (0, 1))(x, w)
    again, other = value_and_grad(chain(checkpoint(layer)), (0, 1))(x, w)
    assert again == value
    assert_array_equal(other[0], bars[0])
    assert_array_equal(other[1], bars[1])


def test_memory_falls_from_the_length_to_its_root(lab):
    """For 100 sines in ten pieces of ten: 20 arrays and a few, in place of 100."""
    assert lab.gradient_memory(100) > 100
    assert lab.gradient_memory(100, 10) < 28


def test_random_numbers_are_drawn_again(rng):
    """A generator among the arguments repeats its numbers, and ends in the state of one run."""
    x = rng.normal(size=(6, 7))
    drop = lambda x, draws: x * (draws.random(x.shape) < 0.5)
    results, ends = [], []
    for step in (drop, checkpoint(drop)):
        draws = np.random.default_rng(5)
        f = lambda x, step=step, draws=draws: np.sum(step(step(x, draws) ** 2, draws))
        results.append(grad(f)(x))
        ends.append(draws.random())
    assert_array_equal(*results)
    assert ends[0] == ends[1]


def test_a_broadcast_array_receives_the_sum_over_its_copies(formulas, oracle, rng, rounding):
    """For y = x + b:  b̄ₘ = Σₙ ȳₙₘ."""
    x, y_bar, b = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=3)
    _, b_bar = vjp(lambda x, b: x + b, x, b)[1](y_bar)
    assert_allclose(b_bar, oracle.program(formulas.unstretched)(y_bar=y_bar), **rounding(y_bar))


@pytest.mark.parametrize("shape", [(), (3,), (1, 3), (4, 1), (2, 1, 1), (2, 4, 3)])
def test_summing_is_the_transpose_of_broadcasting(shape, rng):
    """⟨ȳ, broadcast ẋ⟩ = ⟨sum ȳ, ẋ⟩, whichever axes are added or of size one."""
    x_dot, y_bar = rng.normal(size=shape), rng.normal(size=(2, 4, 3))
    x_bar = arithmetic.unbroadcast(y_bar, x_dot)
    assert np.shape(x_bar) == shape
    assert_allclose(np.sum(y_bar * x_dot), np.sum(x_bar * x_dot), **ROUNDED)


def test_the_tape_computes_what_the_layers_compute(rng):
    """The gradient of a two-layer network by its layers and by the tape, for every parameter."""
    model = importlib.import_module("dlcore.nn.models").TwoLayer(5, 6, 3, rng=rng, std=1.0)
    loss = importlib.import_module("dlcore.experiments.reverse").loss
    cross_entropy = importlib.import_module("dlcore.ops.loss").cross_entropy
    first, relu, second = model.hidden, model.activation, model.output
    x, t = rng.normal(size=(7, 5)), rng.integers(3, size=7)
    params = (*first.params.values(), *second.params.values())
    value, pullback = vjp(lambda *params: loss(*params, x=x, t=t, reg=0.7), *params)
    y = second.forward(relu.forward(first.forward(x)))
    (y_bar,) = cross_entropy.vjp(None, y, t, 1.0)
    first.backward(relu.backward(second.backward(y_bar)), input_grad=False)
    w1, w2 = first.params["w"], second.params["w"]
    penalty = 0.35 * (np.sum(w1 * w1) + np.sum(w2 * w2))
    assert_allclose(value, cross_entropy(y, t) + penalty, **ROUNDED)
    first.grads["w"] += 0.7 * w1
    second.grads["w"] += 0.7 * w2
    by_layers = (*first.grads.values(), *second.grads.values())
    for bar, by_layer in zip(pullback(1.0), by_layers, strict=True):
        assert_allclose(bar, by_layer, **ROUNDED)


def test_a_dictionary_of_parameters_has_a_dictionary_of_gradients(rng):
    """∇f has the form of its argument, and each array of it is the gradient by that one alone."""
    x, b, *w = rng.normal(size=(3, 4)), rng.normal(size=4), *rng.normal(size=(2, 4, 4))
    f = lambda p: np.sum(layer(layer(x, p["w"][0]) + p["b"], p["w"][1]))
    bars = grad(f)({"w": w, "b": b})
    assert (list(bars), len(bars["w"])) == (["w", "b"], 2)
    assert_array_equal(bars["b"], grad(lambda b: f({"w": w, "b": b}))(b))
    assert_array_equal(bars["w"][1], grad(lambda v: f({"w": [w[0], v], "b": b}))(w[1]))


def test_a_kept_gradient_grows_until_it_is_cleared():
    """Twice the same call gives twice the gradient; cleared in between, it gives it again."""
    w, f = Parameter(3.0), lambda w: w * w
    w.backward(f)
    assert w.grad == 6.0
    w.backward(f)
    assert w.grad == 12.0
    w.grad = 0.0
    w.backward(f)
    assert w.grad == 6.0


def test_grad_returns_the_same_gradient_again(rng):
    """`grad` stores nothing: the same weights give the same gradient at a second call."""
    w = rng.normal(size=(2, 3))
    slope = grad(lambda w: np.sum(np.sin(w) * w))
    assert_array_equal(slope(w), slope(w))


def test_a_gradient_can_be_differentiated(rng):
    """Of Σ x⁴:  4x³, then 12x², then 24x, each the gradient of the sum of the one before."""
    x = rng.normal(size=3)
    f = lambda x: np.sum(x * x * x * x)
    for truth in (4 * x**3, 12 * x**2, 24 * x):
        slope = grad(f)
        assert_allclose(slope(x), truth, **ROUNDED)
        f = lambda x, slope=slope: np.sum(slope(x))


def test_a_hessian_is_multiplied_without_being_formed(formulas, oracle, rng):
    """u = H v, by forward mode over reverse mode; H itself is symmetric."""
    w, x, v = rng.normal(size=(4, 4)), *rng.normal(size=(2, 4))
    f = lambda x: np.sum(np.tanh(x @ w) * x)
    H = hessian(f)(x)
    assert_allclose(H, H.T, **ROUNDED)
    assert_allclose(hvp(f, x, v), oracle.program(formulas.hessian_times)(hessian=H, v=v), **ROUNDED)


def test_a_rule_for_the_whole_is_right_where_the_parts_overflow(lab, rng):
    """The derivative of ln cosh x is ±1 at ±1000, where that of its parts is NaN."""
    check_gradients(lab.log_cosh, np.linspace(-2, 2, 5), rng=rng)
    x = np.array([-1000.0, 1000.0])
    assert_array_equal(grad(lambda x: np.sum(lab.log_cosh(x)))(x), [-1, 1])
    assert_array_equal(jvp(lab.log_cosh, [x], [np.ones(2)])[1], [-1, 1])
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(grad(lambda x: np.sum(np.log(np.cosh(x))))(x)).all()


def eighths(rng, *size):
    """Draw some eighths, none of them zero: their sums and products are exact."""
    return (rng.choice([-1, 1], size=size) * rng.integers(1, 17, size=size) / 8).tolist()


@pytest.mark.exercise("reverse-tape", points=4)
def test_a_node_used_twice_adds_up(answers, rng):
    """For a = x·x and y = a·a + a:  ȳ = 1, ā = 2a + 1, x̄ = 2x (2a + 1); alone x has the bar 1."""
    for i, number in enumerate([3, *eighths(rng, 3)]):
        x = answers.Node(number)
        x.backward()
        assert x.bar == 1
        a = x * x
        y = a * a + a if i % 2 else a + a * a
        y.backward()
        square = number * number
        bars = 1, 2 * square + 1, 2 * number * (2 * square + 1)
        assert (y.bar, a.bar, x.bar) == bars
        (x * x + x * x).backward()
        assert x.bar == 4 * number, "nodes of equal values are not the same"
        assert (y.value, a.value, x.value) == (square * square + square, square, number)


def written(rng, leaves, length):
    """Draw a program: at each step the sum of two results, or the product of one with a leaf."""
    steps = []
    for made in range(leaves, leaves + length):
        adds, near = rng.random() < 0.5, made - 1 - int(rng.integers(3))
        steps.append((adds, near, int(rng.integers(made if adds else leaves))))
    return steps


def followed(steps, values):
    """Extend a list of leaves by the results of a program."""
    values = [*values]
    for adds, i, j in steps:
        values.append(values[i] + values[j] if adds else values[i] * values[j])
    return values


def slopes_below(steps, values):
    """Map each result that the last one was made from to the slope of the last one along it."""
    bars = {len(values) - 1: 1.0}
    for made in range(len(values) - 1, len(values) - 1 - len(steps), -1):
        adds, i, j = steps[made - len(values) + len(steps)]
        if made in bars:
            bars[i] = bars.get(i, 0) + bars[made] * (1 if adds else values[j])
            bars[j] = bars.get(j, 0) + bars[made] * (1 if adds else values[i])
    return bars


@pytest.mark.exercise("reverse-tape", points=4)
def test_a_drawn_program_has_the_slopes_of_calculus(answers, rng):
    """Every node below y is compared, exactly, for some of the nodes of a random program."""
    for _ in range(3):
        leaves, steps = eighths(rng, 4), written(rng, 4, 20)
        values = followed(steps, leaves)
        nodes = followed(steps, [answers.Node(leaf) for leaf in leaves])
        for cut in (20, 12, 20):
            top = 4 + cut
            nodes[top - 1].backward()
            bars = slopes_below(steps[:cut], values[:top])
            assert {k: nodes[k].bar for k in bars} == bars
            assert [node.value for node in nodes[:5]] == values[:5]


@pytest.mark.exercise("reverse-tape", points=4)
def test_neither_depth_nor_sharing_is_expensive(answers):
    """More than a thousand additions in a row, then a hundred doublings:  x̄ = 2¹⁰⁰ · 1101."""
    x = answers.Node(1.0)
    y = x
    for _ in range(1100):
        y = y + x
    for _ in range(100):
        y = y + y
    y.backward()
    assert x.bar == 2.0**100 * 1101


@pytest.mark.exercise("reverse-tape", points=4)
def test_a_second_backward_pass_starts_afresh(answers, rng):
    """Called again on y, or on z after y, each time the bars are those of one walk."""
    number, other = eighths(rng, 2)
    x, w = answers.Node(number), answers.Node(other)
    y = x * x
    z = y * x + w
    for _ in range(2):
        y.backward()
        assert (x.bar, y.bar) == (2 * number, 1)
        y.backward()
        assert (x.bar, y.bar) == (2 * number, 1)
        z.backward()
        assert (x.bar, y.bar, z.bar, w.bar) == (3 * number * number, number, 1, 1)


def composed(x, w, y_bar):
    """Return y, x̄ and w̄ of y = u · tanh u with u = x w, sum by sum."""
    u = np.einsum("nd,d->n", x, w)
    slope = np.tanh(u) + u / np.cosh(u) ** 2
    u_bar = y_bar * slope
    return u * np.tanh(u), np.einsum("n,d->nd", u_bar, w), np.einsum("n,nd->d", u_bar, x)


@pytest.mark.exercise("reverse-vjp", points=2)
def test_the_pullback_is_the_transpose_of_the_slope(answers, rng):
    """x̄ = ū wᵀ and w̄ = xᵀ ū with ū = ȳ (tanh u + u (1 - tanh² u)); every ȳ has its own."""
    N, D = rng.permutation([4, 5, 7])[:2].tolist()
    for n, d, size in [(N, D, 1), (1, D, 1), (N, 1, 1), (N, N, 1), (N, D, 3), (N, D, 0)]:
        x, w, *bars = all_locked(rng.normal(size=(d, n)).T, size * rng.normal(size=d),
                                 *rng.normal(size=(3, n)))  # fmt: skip
        y, pullback = answers.composed_vjp(x, w)
        agree(composed(x, w, bars[0])[0], ROUNDED, y)
        for y_bar in (*bars, bars[0]):
            for yours, truth in zip(pullback(y_bar), composed(x, w, y_bar)[1:], strict=True):
                agree(truth, {"rtol": 1e-10, "atol": 1e-12}, yours)


@pytest.mark.exercise("reverse-vjp", points=2)
def test_two_pullbacks_do_not_disturb_each_other(answers, rng):
    """The first remembers its own x and w, of whole numbers or of others, when a second is made."""
    xs, ws = (
        all_locked(rng.normal(size=(3, 4)), rng.integers(-2, 3, size=(3, 4))),
        rng.normal(size=(2, 4)),
    )
    y_bars = rng.normal(size=(2, 3))
    (_, first), (_, second) = (answers.composed_vjp(x, w) for x, w in zip(xs, ws, strict=True))
    for k in (1, 0, 1):
        bars = (first, second)[k](y_bars[k])
        for yours, truth in zip(bars, composed(xs[k], ws[k], y_bars[k])[1:], strict=True):
            agree(truth, {"rtol": 1e-10, "atol": 1e-12}, yours)


def stretched(rng):
    """Draw shapes, before and after NumPy has broadcast an array."""
    fixed = [((), (2, 4, 3)), ((1,), (5,)), ((3,), (3,)), ((1, 3), (1, 3)), ((1, 1), (2, 3, 4)),
             ((4, 1), (4, 3)), ((2, 1, 3), (2, 4, 3)), ((1, 4, 1), (5, 4, 3))]  # fmt: skip
    for _ in range(12):
        after = tuple(rng.integers(1, 6, size=rng.integers(1, 5)).tolist())
        before = tuple(1 if rng.random() < 0.4 else size for size in after)
        fixed.append((before[rng.integers(len(after)) :], after))
    return fixed


@pytest.mark.exercise("reverse-unbroadcast", points=2)
def test_every_copy_contributes(answers, rng):
    """⟨ȳ, broadcast ẋ⟩ = ⟨x̄, ẋ⟩ for every ẋ, and x̄ has the shape of ẋ."""
    for before, after in stretched(rng):
        y_bar = rng.normal(size=after[::-1]).T
        place = np.broadcast_to(np.arange(np.prod(before, dtype=int)).reshape(before), after)
        sums = np.bincount(place.ravel(), weights=y_bar.ravel()).reshape(before)
        agree(sums, {"rtol": 1e-12, "atol": 1e-13}, answers.unbroadcast(locked(y_bar), before))


@pytest.mark.exercise("reverse-unbroadcast", points=2)
def test_what_was_not_stretched_is_left_alone(answers, rng):
    """Axes of size one that met axes of size one stay, with their numbers, whole ones too."""
    for y_bar in (rng.normal(size=(1, 3, 1)), rng.integers(-9, 10, size=(1, 3, 1))):
        agree(y_bar, {"rtol": 0, "atol": 0}, answers.unbroadcast(locked(y_bar), (1, 3, 1)))
        agree(y_bar[0], {"rtol": 0, "atol": 0}, answers.unbroadcast(y_bar, (3, 1)))


class LinearProgram:
    """A program with a Jacobian that is drawn, and a count of its runs and its backward passes."""

    def __init__(self, rng, of_y, of_x):
        self.jacobian = rng.normal(size=of_y + of_x)
        self.axes = len(of_x), len(of_y)
        self.calls = []

    def run(self, x):
        """Return y = J x."""
        self.calls.append("run")
        return np.tensordot(self.jacobian, x, axes=self.axes[0])

    def vjp(self, f, x):
        """Return y and a pullback, as the engine does for one argument."""
        y = f(x)
        return y, lambda y_bar: self.walk(np.asarray(y_bar), np.shape(y))

    def walk(self, y_bar, shape):
        """Return the tuple (x̄,)."""
        assert y_bar.shape == shape, f"ȳ has the shape {y_bar.shape}, and y has {shape}"
        self.calls.append("walk")
        return (np.tensordot(y_bar, self.jacobian, axes=self.axes[1]),)


@pytest.mark.exercise("reverse-jacobian", points=2)
def test_rows_are_filled_in_their_positions(answers, rng):
    """J has the axes of y, then those of x; one run, and one walk for each entry of y."""
    a, b, c = rng.permutation([2, 3, 4]).tolist()
    for of_y, of_x in [((a,), (b,)), ((a, b), (c,)), ((b,), (a, c)), ((1,), (1, 3)), ((), (a, b)),
                       ((a, 1, b), (b, c)), ((b, b), (b, b))]:  # fmt: skip
        program = LinearProgram(rng, of_y, of_x)
        J = answers.jacobian(program.vjp, program.run, locked(rng.normal(size=of_x)))
        agree(program.jacobian, {"rtol": 1e-14, "atol": 0}, J)
        walks = int(np.prod(of_y, dtype=int))
        assert program.calls == ["run", *["walk"] * walks]


@pytest.mark.exercise("reverse-jacobian", points=2)
def test_the_jacobian_of_a_number_is_its_gradient(answers, rng):
    """Of the engine's own: where y has no axes, J has those of x alone."""
    x, w = rng.normal(size=(3, 2)), rng.normal(size=(2, 4))
    J = answers.jacobian(vjp, lambda x: np.sum(x * x), x)
    agree(2 * x, ROUNDED, J)
    rows = answers.jacobian(vjp, lambda x: np.sin(x @ w), x)
    slopes = np.einsum("nk,dk,nm->nkmd", np.cos(x @ w), w, np.eye(3))
    agree(slopes, ROUNDED, rows)


@pytest.mark.exercise("reverse-hvp", points=3)
def test_the_product_does_not_depend_on_the_length(answers, rng):
    """For f = Σ sin x + ½ xᵀ A x:  H v = A v - v sin x, for short and long v."""
    for length in (1e-8, 1.0, 1e8, 10 ** rng.uniform(-7, 7)):
        a, x, v = rng.normal(size=(5, 5)), rng.normal(size=5), length * rng.normal(size=5)
        a = a + a.T
        truth = a @ v - np.sin(x) * v
        product = answers.hvp(lambda x, a=a: np.cos(x) + a @ x, *all_locked(x, v))
        agree(truth, {"rtol": 0, "atol": 1e-6 * np.linalg.norm(truth)}, product)


@pytest.mark.exercise("reverse-hvp", points=3)
def test_the_product_has_the_axes_of_x(answers, rng):
    """For f = Σ cosh(s x):  H v = s² v cosh(s x), with x of two axes, or of one number."""
    for shape in ((2, 3), (1,), (1, 4)):
        x, v, s = *rng.normal(size=(2, *shape)), rng.uniform(1, 2, size=shape)
        truth = s * s * v * np.cosh(s * x)
        product = answers.hvp(lambda x, s=s: s * np.sinh(s * x), *all_locked(x, v))
        agree(truth, {"rtol": 0, "atol": 1e-6 * np.linalg.norm(truth)}, product)


@pytest.mark.exercise("reverse-hvp", points=3)
def test_a_vector_of_zeros_gives_zeros(answers, rng):
    """H 0 = 0, without a division by zero."""
    x, v = all_locked(rng.normal(size=(2, 3)), np.zeros((2, 3)))
    agree(np.zeros((2, 3)), {"rtol": 0, "atol": 0}, answers.hvp(np.cos, x, v))


@pytest.mark.exercise("reverse-hvp", points=3)
def test_a_difference_is_taken_on_both_sides(answers, rng):
    """Two gradients, as far from x on one side as on the other, along v."""
    x, v, seen = *all_locked(*rng.normal(size=(2, 4))), []
    answers.hvp(lambda x: (seen.append(np.copy(x)), np.sin(x))[1], x, v)
    assert len(seen) == 2
    step = seen[0] - x
    assert_allclose(step, x - seen[1], rtol=1e-6)  # rounding of x ± h
    assert_allclose(
        step / np.linalg.norm(step), np.sign(step @ v) * v / np.linalg.norm(v), rtol=1e-5
    )


def taught(rules):
    """Make a primitive of an answer, and strike it from the register."""

    def swish(x: Tensor) -> Tensor:
        return rules(x)

    op = Primitive(swish)
    registry.remove(op)
    op.defjvp(rules.jvp)
    op.defvjp(rules.vjp)
    return op


def inclines(x):
    """Return the first and the second slope of x σ(x)."""
    s = 1 / (1 + np.exp(-x))
    return s + x * s * (1 - s), s * (1 - s) * (2 + x * (1 - 2 * s))


def somewhere(rng):
    """Draw arrays for a function, small and large numbers, and zeros among them."""
    x = np.append(rng.normal(size=10), [0.0, -0.0, 8.0, -8.0, *rng.uniform(-30, 30, size=6)])
    return all_locked(x.reshape(4, 5), x[:3], np.zeros(1), rng.normal(size=(1, 2, 3)))


@pytest.mark.exercise("reverse-rule", points=3)
def test_the_tangent_is_the_slope(answers, rng):
    """ẏ = y' ẋ with y' = σ + x σ (1 - σ); at x = 0 it is ẋ / 2."""
    swish, xs = answers.Swish(), somewhere(rng)
    ys = [x / (1 + np.exp(-x)) for x in xs]
    for x, y in [*zip(xs, ys, strict=True)][::-1]:
        x_dot = locked(rng.normal(size=x.shape))
        agree(y, {"rtol": 1e-12, "atol": 1e-14}, swish(x))
        agree(inclines(x)[0] * x_dot, {"rtol": 1e-11, "atol": 1e-13}, swish.jvp(y, x, x_dot))


@pytest.mark.exercise("reverse-rule", points=3)
def test_the_cotangent_is_its_transpose(answers, rng):
    """x̄ = y' ȳ, in a tuple; at x = 0 it is ȳ / 2."""
    swish, xs = answers.Swish(), somewhere(rng)
    ys = [x / (1 + np.exp(-x)) for x in xs]
    for x, y in [*zip(xs, ys, strict=True)][::-1]:
        y_bar = locked(rng.normal(size=x.shape))
        (x_bar,) = swish.vjp(y, x, y_bar)
        agree(inclines(x)[0] * y_bar, {"rtol": 1e-11, "atol": 1e-13}, x_bar)


@pytest.mark.exercise("reverse-rule", points=3)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_engine_can_differentiate_the_rules(answers, mode, rng):
    """The second derivative, through the jvp or the vjp rule alone: σ (1 - σ) (2 + x (1 - 2σ))."""
    swish, x = taught(answers.Swish()), np.append(rng.normal(size=5), 0.0)
    ones = np.ones(6)
    slopes = {
        "forward": lambda x: jvp(swish, [x], [ones])[1],
        "reverse": lambda x: vjp(swish, x)[1](ones)[0],
    }
    slope = slopes[mode]
    _, second = jvp(slope, [x], [ones])
    agree(inclines(x)[1], {"rtol": 1e-10, "atol": 1e-12}, second)
    agree(second, {"rtol": 1e-10, "atol": 1e-12}, vjp(slope, x)[1](ones)[0])


def two_tapes(f, x):
    """Walk one tape back, adding and overwriting; return both slopes, and the uses of x."""
    variable = Variable(x, next(levels))
    y = f(variable)
    assert isinstance(y, Variable), "y does not depend on x: return what is computed from x"
    added, kept, uses = {y: 1.0}, {y: 1.0}, 0
    for node in topological_order([y], lambda node: node.parents):
        if node.parents:
            uses += sum(parent is variable for parent in node.parents)
            kept |= zip(node.parents, node.pullback(kept[node]), strict=True)
            for parent, bar in zip(node.parents, node.pullback(added[node]), strict=True):
                added[parent] = added.get(parent, 0.0) + bar
    return added[variable], kept[variable], uses


@pytest.mark.exercise("reverse-break", points=2)
def test_the_overwriting_tape_is_misled(answers, rng):
    """Its slope is off by half of the true one at least, which is larger than 1; x is used once."""
    for x in [1.0, 2.0, *rng.uniform(1, 2, size=6)]:
        truth, said, uses = two_tapes(answers.misleading, np.float64(x))
        assert uses == 1, f"x goes into {uses} operations"
        assert 1 < truth < np.inf, "the slope must be larger than 1, and finite"
        assert said != truth, "the tape is right, for no result is used twice: use one twice"
        assert abs(said - truth) >= 0.5 * truth * (1 - 1e-12), f"it says {said}, for {truth}"


@pytest.mark.exercise("reverse-break", points=2)
def test_the_true_slope_is_that_of_the_program(answers, rng):
    """Differences of plain numbers measure the slope that a tape adds up."""
    for x in rng.uniform(1.01, 1.99, size=3):
        ends = [answers.misleading(np.float64(x + h)) for h in (1e-6, -1e-6)]
        truth, *_ = two_tapes(answers.misleading, np.float64(x))
        assert_allclose((ends[0] - ends[1]) / 2e-6, truth, rtol=1e-4)


@pytest.mark.exercise("reverse-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "reverse.weighed": "reverse-line-11",
        "reverse.brackets": "reverse-line-8",
        "reverse.walk": "reverse-line-4",
    }
    assert list(map(index, yours)) == [planted(name, slip)[0] for name, slip in names.items()]
