"""The engine: both modes, on values that are traced through NumPy's own syntax."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.autodiff import check_gradients, grad, jacobian, jvp, value_and_grad, vjp
from dlcore.nn.activation import ACTIVATIONS, Activation
from dlcore.nn.linear import Linear
from dlcore.ops.activation import tanh
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy, softmax


def network(w1, w2, *, x, t):
    """A two-layer network without biases and a penalty, written in NumPy's syntax."""
    scores = np.tanh(x @ w1) @ w2
    return cross_entropy(scores, t) + 0.1 * np.sum(w1 * w1) / 2


@pytest.fixture
def problem(rng):
    """Weights, examples and labels, all sizes different."""
    x, t = rng.normal(size=(5, 4)), rng.integers(3, size=5)
    w1, w2 = rng.normal(size=(4, 6)), rng.normal(size=(6, 3))
    return (w1, w2), {"x": x, "t": t}


def test_both_modes_agree_with_differences(problem, rng):
    """Forwards, backwards and measured slopes of a whole network are the same."""
    weights, examples = problem
    check_gradients(lambda *w: network(*w, **examples), *weights, rng=rng)


def test_the_checker_names_the_entry_that_is_wrong(rng, monkeypatch):
    """A rule that spoils one entry is reported with its argument and its index."""

    def spoiled(y, x, w, b, y_bar):
        w_bar = x.T @ y_bar
        w_bar[2, 1] += 0.01
        return y_bar @ w.T, w_bar, y_bar.sum(axis=0)

    monkeypatch.setattr(linear, "vjp_rule", spoiled)
    xs = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    with pytest.raises(AssertionError, match=r"argument 1, entry \(2, 1\): vjp gives"):
        check_gradients(linear, *xs, rng=rng)


def test_a_value_used_twice_receives_from_both_uses(rng):
    """d(x · x)/dx = 2x: the cotangents are added, not overwritten."""
    x = rng.normal(size=3)
    assert_allclose(grad(lambda x: np.sum(x * x))(x), 2 * x)


def test_derivatives_of_derivatives_nest(rng):
    """d/dx Σ (d/dx Σ x³) = 6x, by reverse over reverse and by forward over reverse."""
    x, x_dot = rng.normal(size=(2, 3))
    cube = grad(lambda x: np.sum(x * x * x))
    assert_allclose(grad(lambda x: np.sum(cube(x)))(x), 6 * x)
    assert_allclose(jvp(cube, [x], [x_dot])[1], 6 * x * x_dot)


def test_an_inner_derivative_does_not_see_the_outer_tangent():
    """d/dx [x · d/dy (x + y)] = 1 at every x: with confused tangents it would be 2."""
    inner = lambda x: jvp(lambda y: x + y, [np.float64(1.0)], [np.float64(1.0)])[1]
    assert jvp(lambda x: x * inner(x), [np.float64(1.0)], [np.float64(1.0)])[1] == 1.0


def test_the_jacobian_stacks_pulled_back_unit_vectors(rng):
    """J[n, k, m, j] of softmax is zero between examples, y (δ - y) within one."""
    x = rng.normal(size=(2, 3))
    J, y = jacobian(softmax)(x), softmax(x)
    within = np.einsum("nk,kj->nkj", y, np.eye(3)) - np.einsum("nk,nj->nkj", y, y)
    assert_allclose(J, np.einsum("nkj,nm->nkmj", within, np.eye(2)), atol=1e-15)


def test_a_broadcast_array_receives_from_every_copy(rng):
    """Where x (3,) is broadcast to (2, 3):  x̄ = Σₙ ȳₙ."""
    x, z = rng.normal(size=3), rng.normal(size=(2, 3))
    _, pullback = vjp(lambda x: x * z, x)
    y_bar = rng.normal(size=(2, 3))
    assert_allclose(pullback(y_bar)[0], (y_bar * z).sum(axis=0))


def test_an_entry_picked_twice_gets_both_cotangents():
    """From y = x[[0, 0, 1]] comes x̄ = (ȳ₀ + ȳ₁, ȳ₂)."""
    _, pullback = vjp(lambda x: x[np.array([0, 0, 1])], np.array([5.0, 7.0]))
    assert_allclose(pullback(np.array([1.0, 2.0, 4.0]))[0], [3.0, 4.0])


def test_a_long_chain_needs_no_recursion():
    """Ten thousand operations in a row, forwards and backwards."""

    def chain(x):
        for _ in range(10_000):
            x = x * 1.0001
        return x

    assert_allclose(grad(chain)(np.float64(1.0)), 1.0001**10_000)


def test_a_function_that_ignores_its_argument_has_gradient_zero():
    """A constant has slope zero, in both modes."""
    x = np.ones(3)
    assert_allclose(grad(lambda x: np.float64(2.0))(x), np.zeros(3))
    assert jvp(lambda x: np.float64(2.0), [x], [x])[1] == 0.0


def test_comparison_is_made_on_the_values():
    """A program may branch on a traced value: the branch taken is differentiated."""
    f = lambda x: x * x if x > 0 else -x
    assert grad(f)(np.float64(3.0)) == 6.0
    assert grad(f)(np.float64(-3.0)) == -1.0


def test_rules_may_be_asked_for_some_arguments_only(rng):
    """The first layer needs no x̄: `wanted` leaves it uncomputed."""
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    y_bar = rng.normal(size=(5, 2))
    y, everything = linear(x, w, b), linear.vjp(linear(x, w, b), x, w, b, y_bar)
    some = linear.vjp(y, x, w, b, y_bar, argnums=(1, 2))
    assert len(some) == 2
    assert all(np.array_equal(*pair) for pair in zip(some, everything[1:], strict=True))


@pytest.mark.parametrize("name", ["linear", *ACTIVATIONS])
def test_a_layer_propagates_back_by_the_rules_of_the_tape(name, rng):
    """For every layer: x̄ and the gradients of its parameters are the pullback of its operation."""
    layer = Linear(3, 4, rng=rng) if name == "linear" else Activation(name)
    x, params = rng.normal(size=(5, 3)), layer.params.values()
    y_bar = rng.normal(size=layer.forward(x).shape)
    by_hand = [layer.backward(y_bar), *layer.grads.values()]
    _, pullback = vjp(layer.op, x, *params)
    for mine, tape in zip(by_hand, pullback(y_bar), strict=True):
        assert np.array_equal(mine, tape)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.sum(np.i0(x)), "i0: no rule for traced arrays, use one of dlcore"),
        (lambda x: x.__setitem__(0, 1.0), r"x\[0\]: x is a traced array, .* use np.where"),
        (lambda x: float(x[0]), "a traced number cannot become a plain one"),
        (np.nanmax, r"nanmax: a missing number has no slope, choose with np.where\(np.isnan"),
        (lambda x: np.sum(np.fft.fft(x)), "fft: complex numbers have no derivative here"),
        (lambda x: np.sum(np.absolute(x * 1j)), "multiply: z must hold real numbers"),
        (lambda x: np.put(x, 0, 1.0), "put: a traced array cannot be overwritten, .* np.where"),
        (lambda x: np.add(x, 1, out=np.ones(3)), r"add: out is a plain array, .* y = np.add"),
        (lambda x: np.floor(1, out=x), "floor: out is a traced array, it cannot be overwritten"),
        (lambda x: np.sum(np.array([x[0], x[1]])), r"by np.stack\(\[x, y\]\) or np.array"),
        (lambda x: np.sum(x, dtype=np.float32), "sum: dtype is not taken for traced arrays"),
        (np.add.reduce, "add.reduce: no rule for traced arrays"),
        (lambda x: np.sum(np.asarray(x)), "a traced array cannot become a plain one"),
        (lambda x: x.__iadd__(1.0), "add: out is a traced array, it cannot be overwritten"),
        (tanh, r"grad: f must return a number, got shape \(3,\); use jacobian"),
    ],
)
def test_what_has_no_derivative_says_so(f, message):
    """No rule, an overwritten array, a result with axes: each raises, none gives zeros."""
    with pytest.raises(TypeError, match=message):
        grad(f)(np.ones(3))


@pytest.mark.parametrize("dtype", [complex, int, object])
def test_only_floats_have_slopes(dtype):
    """Complex numbers, integers and objects are refused, with what to do."""
    with pytest.raises(TypeError, match=r"x must hold floats, got .*; use x.astype\(float\)"):
        grad(np.sum)(np.ones(3, dtype))


def test_an_integer_has_no_tangent():
    """Forward mode refuses it as well: a value that cannot change a little has no derivative."""
    with pytest.raises(TypeError, match="jvp: x must hold floats, got int64"):
        jvp(lambda x: x * x, [np.array(3)], [np.array(1)])


def test_value_and_gradient_come_from_one_pass(problem):
    """`value_and_grad` returns what f and `grad` return."""
    (w1, w2), examples = problem
    f = lambda w1: network(w1, w2, **examples)
    value, gradient = value_and_grad(f)(w1)
    assert value == f(w1)
    assert np.array_equal(gradient, grad(f)(w1))
