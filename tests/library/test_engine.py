"""The engine at its edges: containers, several arguments, recomputation, and what is refused."""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import (
    Primitive,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    registry,
    value_and_grad,
    vjp,
)
from dlcore.shapes import ShapeError, Tensor

W = np.ones(3)


def network(params, x):
    """Two layers, their parameters in a dictionary with a list in it."""
    hidden, output = params["layers"]
    return np.tanh(x @ hidden["w"] + hidden["b"]) @ output["w"] * params["scale"]


@pytest.fixture
def params(rng):
    """Parameters of `network`, in containers in containers."""
    hidden = {"w": rng.normal(size=(4, 5)), "b": rng.normal(size=5)}
    return {"layers": [hidden, {"w": rng.normal(size=(5, 2))}], "scale": np.float64(0.7)}


# Containers


def test_both_modes_take_and_return_containers(params, rng):
    """⟨ȳ, ẏ⟩ = ⟨x̄, ẋ⟩, for arguments in a dictionary and results in a tuple."""
    f = lambda params, x: (network(params, x), {"square": x * params["scale"]})
    x, x_dot = rng.normal(size=(2, 3, 4))
    dots = {"layers": [{"w": params["layers"][0]["w"] * 2, "b": np.ones(5)},
                       {"w": np.ones((5, 2))}], "scale": 3.0}  # fmt: skip
    y_bar = (rng.normal(size=(3, 2)), {"square": rng.normal(size=(3, 4))})
    y, y_dot = jvp(f, [params, x], [dots, x_dot])
    bars, x_bar = vjp(f, params, x)[1](y_bar)
    assert_array_equal(y[1]["square"], f(params, x)[1]["square"])
    ahead = np.vdot(y_bar[0], y_dot[0]) + np.vdot(y_bar[1]["square"], y_dot[1]["square"])
    first, second = bars["layers"]
    back = np.vdot(x_bar, x_dot) + np.vdot(second["w"], np.ones((5, 2))) + 3.0 * bars["scale"]
    back += np.vdot(first["w"], dots["layers"][0]["w"]) + np.sum(first["b"])
    assert_allclose(ahead, back, rtol=1e-12)


def test_a_hessian_product_takes_a_dictionary(rng):
    """For f = Σ w² b:  H (v, u) = (2 b v + 2 w u, Σ 2 w v), in a dictionary."""
    w, v = rng.normal(size=(2, 3))
    f = lambda p: np.sum(p["w"] * p["w"] * p["b"])
    product = hvp(f, {"w": w, "b": 3.0}, {"w": v, "b": 0.5})
    assert_allclose(product["w"], 2 * 3.0 * v + 2 * w * 0.5)
    assert_allclose(product["b"], np.sum(2 * w * v))


def test_a_list_of_plain_numbers_is_an_array():
    """It is what NumPy makes of it; a list that holds arrays is a container."""
    assert_array_equal(grad(lambda x: np.sum(x * x))([1.0, 2.0]), [2.0, 4.0])
    assert grad(lambda x: x[0] * x[1])([np.float64(3.0), np.float64(5.0)]) == [5.0, 3.0]


def test_a_named_tuple_stays_one():
    """Containers keep their type: a named tuple of arrays has one of gradients."""
    row = importlib.import_module("collections").namedtuple("row", "x z")
    assert grad(lambda pair: pair.x * pair.z)(row(np.float64(3.0), 5.0)) == row(5.0, 3.0)


# Several arguments, results beside


def test_the_positions_say_by_what_is_differentiated():
    """Of x z²:  z² at 0, 2xz at 1 or -1, both at (0, 1), in their order."""
    f = lambda x, z: x * z * z
    assert grad(f)(3.0, 5.0) == 25
    assert grad(f, 1)(3.0, 5.0) == grad(f, -1)(3.0, 5.0) == 30
    assert grad(lambda x, z, c: f(x, z) + c, -1)(3.0, 5.0, 2.0) == 1
    assert grad(f, (1, 0))(3.0, 5.0) == (30, 25)
    assert value_and_grad(f, (0,))(3.0, 5.0) == (75, (25,))
    assert jacobian(f, argnums=(0, 1))(3.0, 5.0) == (25, 30)
    assert hessian(f, argnums=1)(3.0, 5.0) == 6
    assert hessian(f, argnums=(0, 1))(3.0, 5.0) == ((0, 10), (10, 6))


@pytest.mark.parametrize(
    ("argnums", "error", "message"),
    [
        (2, ValueError, "grad: argnums is 2 but f has 2 arguments"),
        ((0, -2), ValueError, r"grad: argnums is \(0, -2\), name every position once"),
        ("w", TypeError, "grad: argnums is 'w', use a position or a tuple of them"),
        (True, TypeError, "grad: argnums is True, use a position"),
    ],
)
def test_a_position_that_is_not_there_is_refused(argnums, error, message):
    """Positions are whole numbers, each of an argument, each once."""
    with pytest.raises(error, match=message):
        grad(lambda x, z: x * z, argnums)(1.0, 2.0)


def test_options_reach_the_function():
    """Keyword arguments are handed on, and are constants."""
    assert grad(lambda x, *, power: x**power)(3.0, power=2) == 6


def test_what_is_returned_beside_is_handed_through():
    """With has_aux f returns (y, aux): aux may be anything, and its arrays are plain."""
    f = lambda x: (np.sum(x * x), {"half": x / 2, "class": np.argmax(x), "name": "x"})
    x = np.array([1.0, 3.0])
    slope, aux = grad(f, has_aux=True)(x)
    (y, again), other = value_and_grad(f, has_aux=True)(x)
    assert_array_equal(slope, other)
    assert (y, aux["class"], aux["name"]) == (10.0, 1, "x")
    for half in (aux["half"], again["half"], vjp(f, x, has_aux=True)[2]["half"]):
        assert_array_equal(half, x / 2)
        assert type(half) is np.ndarray
    assert type(jvp(f, [x], [x], has_aux=True)[2]["half"]) is np.ndarray


# What is refused


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (None, r"f\(x\) is nothing"),
        (True, r"f\(x\) is bool"),
        ("loss", r"f\(x\) is str"),
        (3, r"f\(x\) is int"),
        (np.arange(3), r"f\(x\) is an array of int64"),
        (np.ones(2) * 1j, r"f\(x\) is an array of complex128"),
        ((1.0, None), r"f\(x\)\[1\] is nothing"),
        ({"loss": 1.0, "right": [2.0, False]}, r"f\(x\)\['right'\]\[1\] is bool"),
    ],
)
def test_a_result_without_a_slope_is_refused(y, told):
    """Nothing, yes or no, words and whole numbers have no derivative: not one of zeros either."""
    for run in (lambda: vjp(lambda x: y, 1.0), lambda: jvp(lambda x: y, [1.0], [1.0])):
        with pytest.raises(TypeError, match=f"{told}, return floats; .* with has_aux=True"):
            run()
    with pytest.raises(TypeError, match=told):
        grad(lambda x: y)(1.0)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (
            lambda: vjp(np.sum, np.ones(3))[1](np.ones(3)),
            r"pullback: y_bar has shape \(3,\) .* \(\)",
        ),
        (
            lambda: vjp(np.exp, np.ones((2, 3)))[1](1.0),
            r"y_bar has shape \(\) .* of shape \(2, 3\)",
        ),
        (lambda: vjp(np.exp, np.ones((2, 3)))[1](np.ones(3)), r"y_bar has shape \(3,\)"),
        (lambda: jvp(np.exp, [np.ones(3)], [1.0]), r"jvp: x_dots\[0\] has shape \(\) .* \(3,\)"),
        (lambda: jvp(np.exp, [np.ones(3)], [np.ones((2, 3))]), r"x_dots\[0\] has shape \(2, 3\)"),
        (lambda: hvp(np.sum, np.ones(3), 1.0), r"hvp: v has shape \(\) .* \(3,\)"),
        (
            lambda: hvp(lambda p: p["w"], {"w": 1.0}, {"w": np.ones(2)}),
            r"v\['w'\] has shape \(2,\)",
        ),
    ],
)
def test_a_direction_of_another_shape_is_refused(run, message):
    """Cotangents, tangents and vectors are not stretched: both shapes are in the message."""
    with pytest.raises(ShapeError, match=message):
        run()


def test_a_direction_of_another_form_is_refused():
    """A dictionary needs a dictionary with the same keys, a tuple one of its length."""
    _, pullback = vjp(lambda x: {"a": x, "b": x}, 1.0)
    with pytest.raises(TypeError, match="y_bar must be a dict of a, b, got a dict of a"):
        pullback({"a": 1.0})
    with pytest.raises(TypeError, match="y_bar must be a dict of a, b, got a float"):
        pullback(1.0)
    with pytest.raises(TypeError, match="x_dots must be a tuple of 0, 1, got a tuple of 0"):
        jvp(np.add, [1.0, 2.0], [1.0])


def test_the_entry_that_holds_no_floats_is_named():
    """Whole numbers in a container are refused with the way to them."""
    with pytest.raises(TypeError, match=r"x\['w'\]\[1\] must hold floats, got int64"):
        grad(lambda p: p["w"][0])({"w": [np.ones(2), np.arange(2)]})


def test_a_gradient_of_several_results_is_refused():
    """`grad` takes one number; a container of numbers is none."""
    with pytest.raises(TypeError, match="grad: f must return a number, got tuple"):
        grad(lambda x: (x, x))(1.0)
    with pytest.raises(TypeError, match="jacobian: x is a dict, use vjp or jvp for it"):
        jacobian(lambda p: p["w"])({"w": 1.0})
    with pytest.raises(TypeError, match="vjp: f must return a pair"):
        vjp(lambda x: x, 1.0, has_aux=True)


def test_an_entry_of_a_plain_array_cannot_be_traced():
    """For y[0] = x[0] the message is ours, and says what to write."""

    def overwriting(x):
        y = np.zeros(3)
        y[0] = x[0]
        return np.sum(y)

    for run in (lambda: grad(overwriting)(np.ones(3)), lambda: jvp(overwriting, [W], [W])):
        with pytest.raises(TypeError, match=r"in place of y\[i\] = x write y = np.stack"):
            run()


def test_a_primitive_without_a_rule_says_so():
    """What is missing is named, and how to declare it."""

    def double(x: Tensor) -> Tensor:
        return 2 * x

    op = Primitive(double)
    registry.remove(op)
    with pytest.raises(TypeError, match="double: has no vjp rule, declare it with defvjp"):
        grad(op)(1.0)
    with pytest.raises(TypeError, match="double: has no jvp rule, declare it with defjvp"):
        jvp(op, [1.0], [1.0])


def test_a_traced_array_shows_its_value():
    """Printed or formatted, in either mode, it shows what it holds."""
    shown = []
    f = lambda x: (shown.extend([str(x), f"{x[0]:.2f}"]), np.sum(x))[1]
    grad(f)(np.array([1.5, 2.0]))
    jvp(f, [np.array([1.5, 2.0])], [np.ones(2)])
    assert all("1.5" in text for text in shown[::2])
    assert shown[1::2] == ["1.50", "1.50"]


def test_a_method_is_the_same_in_both_modes(rng):
    """x.dot(z) is the product, not the tangent:  ẏ = ⟨x̄, ẋ⟩."""
    x, z, x_dot = rng.normal(size=(3, 4))
    assert_array_equal(grad(lambda x: x.dot(z))(x), z)
    assert_allclose(jvp(lambda x: x.dot(x), [x], [x_dot])[1], 2 * x @ x_dot)


# Results of their own


def test_gradients_share_no_memory(rng):
    """Of x + z, and of x itself: changing one changes neither the other nor ȳ."""
    y_bar, x = rng.normal(size=(2, 4, 3))
    functions = (np.add, lambda x, z: x, lambda x, z: (x + z).reshape(4, 3), lambda x, z: x.T.T)
    for f in functions:
        kept = y_bar.copy()
        one, other = vjp(f, x, x)[1](y_bar)
        before = other.copy()
        one += 1.0
        assert_array_equal(other, before)
        assert_array_equal(y_bar, kept)


def test_tangents_share_no_memory(rng):
    """So it is forwards: ẏ of the identity is not the caller's ẋ."""
    x, x_dot = rng.normal(size=(2, 3))
    kept, (one, other) = x_dot.copy(), jvp(lambda x: (x, x), [x], [x_dot])[1]
    one += 1.0
    assert_array_equal(other, kept)
    assert_array_equal(x_dot, kept)


def test_a_gradient_can_be_changed_in_place():
    """A rule may return a view for reading only; what the caller receives is an array."""

    def total(x: Tensor) -> Tensor:
        return np.sum(x)

    op = Primitive(total)
    registry.remove(op)
    op.defvjp(lambda y, x, y_bar: (np.broadcast_to(y_bar, np.shape(x)),))
    bar = grad(op)(np.ones(3))
    bar += 1.0
    assert_array_equal(bar, [2.0, 2.0, 2.0])


def test_directions_take_the_precision_of_their_arrays():
    """A float64 cotangent or tangent of float32 numbers is float32."""
    x = np.ones(3, np.float32)
    assert vjp(np.exp, x)[1](np.ones(3))[0].dtype == np.float32
    assert jvp(np.exp, [x], [np.ones(3)])[1].dtype == np.float32


# No examples


def test_a_network_takes_a_batch_of_no_examples(rng):
    """All its derivatives are there and empty; the gradients of its parameters are zero."""
    model = importlib.import_module("dlcore.nn.models").TwoLayer(5, 6, 3, rng=rng)
    x = np.zeros((0, 5))
    for mode in ("reverse", "forward"):
        assert jacobian(model, mode)(x).shape == (0, 3, 0, 5)
    w1, w2 = rng.normal(size=(5, 6)), rng.normal(size=(6, 3))
    bars = grad(lambda w1, w2: np.sum(np.tanh(x @ w1) @ w2), (0, 1))(w1, w2)
    assert [np.count_nonzero(bar) for bar in bars] == [0, 0]


@pytest.mark.parametrize("name", ["cross_entropy", "hinge", "squared_error"])
def test_an_average_over_no_examples_is_refused(name):
    """It would be 0/0, and its gradient zero."""
    loss = getattr(importlib.import_module("dlcore.ops.loss"), name)
    t = np.zeros((0, 3)) if name == "squared_error" else np.zeros(0, int)
    with pytest.raises(ShapeError, match=f"{name}: N is 0 in x, there is no average"):
        grad(lambda x: loss(x, t))(np.zeros((0, 3)))
