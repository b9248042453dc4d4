"""NumPy's functions and those that stand in for them: the same calls, the same answers.

For each function hundreds of calls are drawn; each is made with plain arrays, in forward mode,
in reverse mode, and in one inside of the other, and compared with NumPy's own answer: value,
shape and dtype, or the kind of refusal. What a call returns is differentiated too.
"""

import operator
import warnings
from inspect import signature
from typing import NamedTuple

import numpy as np
import pytest

from dlcore.autodiff import directional, grad, hessian, jvp, vjp
from dlcore.autodiff.calls import Translation
from dlcore.autodiff.derivative import STEP
from dlcore.autodiff.dispatch import Traced, implementations, plain
from dlcore.ops import erf, gelu
from tests.library.numpy_calls import draw

CALLS = 40  # of each function; many times more among the catalogues
MODES = ("plain", "forward", "reverse", "nested")
KINDS = (np.exceptions.AxisError, np.linalg.LinAlgError, IndexError, ValueError, TypeError,
         ArithmeticError)  # fmt: skip
DIGITS = {np.float64: 1e-11, np.float32: 2e-4, np.float16: 2e-2}
LIMITS = {("svd", "full_matrices")}  # at their defaults these have no rule for every argument
WITHOUT_SLOPE = {"slogdet": "Singular matrix", "cross": "vectors must have length 3"}
BY_HAND = {np.array, np.asarray, operator.getitem}  # not called by their arguments alone
FUNCTIONS = sorted(
    {f for f in implementations if str(getattr(f, "__module__", "")).startswith("numpy")} - BY_HAND,
    key=lambda f: f"{f.__module__} {f.__name__}",
)


def flat(y):
    """List the arrays of a result that may be a tuple or a list; a number becomes an array."""
    ys = y if isinstance(y, tuple | list) else [y]
    return [each if hasattr(each, "dtype") else np.asarray(each) for each in ys]


class Refusal(NamedTuple):
    """An error: its kind, and what it says."""

    kind: type
    message: str


def attempt(f, /, *args, **options):
    """Return the result of a call, or its refusal."""
    try:
        return f(*args, **options)
    except KINDS as error:
        return Refusal(next(kind for kind in KINDS if isinstance(error, kind)), str(error))


def in_mode(mode, call, xs):
    """Make the call with traced arrays; return its arrays as NumPy would have them."""
    results = []

    def f(*xs):
        args, options = call.at(xs)
        ys = flat(call.function(*args, **options))
        results.extend(ys)
        return total(ys, call)

    if mode == "plain":
        args, options = call.at(xs)
        if isinstance(call.function, np.ufunc):
            args, options = args[: call.function.nin], {}
        return flat(implementations[call.function](*args, **options))
    if mode == "forward":
        jvp(f, xs, xs)
    elif mode == "reverse":
        vjp(f, *xs)
    else:
        jvp(lambda *xs: vjp(f, *xs)[1](np.float64(1.0))[0], xs, xs)
    return [plain(y) if isinstance(y, Traced) else y for y in results]


def total(ys, call):
    """Add up the entries of all results, each with a weight of its own."""
    sums = []
    for y in ys:
        if np.result_type(plain(y)).kind == "f":
            weights = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
            sums.append(np.sum(y * weights))
    loss = np.float64(0.0)
    for each in sums:
        loss = loss + each
    return loss


def difference(ours, theirs):
    """Say how the results of two calls differ, or nothing."""
    if len(ours) != len(theirs):
        return f"{len(ours)} results, NumPy has {len(theirs)}"
    for y, z in zip(ours, theirs, strict=True):
        if np.shape(y) != np.shape(z):
            return f"shape {np.shape(y)}, NumPy has {np.shape(z)}"
        if np.asarray(y).dtype != np.asarray(z).dtype:
            return f"dtype {np.asarray(y).dtype}, NumPy has {np.asarray(z).dtype}"
        digits = DIGITS.get(np.asarray(z).dtype.type, 0.0)
        if not np.allclose(y, z, rtol=digits, atol=digits, equal_nan=True):
            return f"value {y!r}, NumPy has {z!r}"
    return None


def named(message, call):
    """Tell whether a refusal names the function and a parameter that the call passed."""
    function, _, rest = message.partition(": ")
    names = list(signature(call.function).parameters)
    passed = {*names[: len(call.args)], *call.options}
    parameter, *_ = rest.split() or [""]
    limited = parameter in passed or (function, parameter) in LIMITS
    return function == call.function.__name__ and limited


def has_no_slope(message, call):
    """Tell whether a refusal is one of the few that a derivative has and NumPy has not."""
    return WITHOUT_SLOPE.get(call.function.__name__, message + "!") in message


def complaint(call, mode):
    """Compare one call in one mode with NumPy's answer; say what is wrong, or nothing."""
    xs = [call.arrays()[i] for i in call.traced]
    args, options = call.at(xs)
    if mode == "plain" and isinstance(call.function, np.ufunc):
        args, options = args[: call.function.nin], {}
    theirs = attempt(call.function, *args, **options)
    ours = attempt(in_mode, mode, call, xs)
    if isinstance(ours, Refusal) and ours.kind is TypeError and named(ours.message, call):
        return None
    if isinstance(ours, Refusal) and has_no_slope(ours.message, call):
        return None
    if isinstance(ours, Refusal) or isinstance(theirs, Refusal):
        kinds = [getattr(each, "kind", None) for each in (ours, theirs)]
        said = [each if isinstance(each, Refusal) else "an answer" for each in (ours, theirs)]
        return None if kinds[0] is kinds[1] else f"{said[0]}, NumPy has {said[1]}"
    return difference(ours, flat(theirs))


@pytest.mark.parametrize("count", [CALLS, pytest.param(10 * CALLS, marks=pytest.mark.catalogue)])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_call_is_answered_as_by_numpy(function, count, rng):
    """Value, shape and dtype are NumPy's, or the call is refused for the same kind of reason."""
    found = complaints(function, count, rng)
    assert not found, f"{len(found)} complaints about {count} calls, such as {found[:5]}"


def complaints(function, count, rng):
    """Make random calls in every mode; list what is wrong."""
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(count):
            call = draw(function, rng)
            found += [f"{mode} {call}: {what}" for mode in MODES if (what := complaint(call, mode))]
    return found


def slope_of(function, xs, x_dots):
    """Measure the slope of NumPy's own function along a direction, and how far it may be off.

    None where there is a kink: half a step then gives another slope.
    """
    whole, half = (directional(function, xs, x_dots, step=step) for step in (STEP, STEP / 2))
    near = np.allclose(whole, half, rtol=1e-4, atol=1e-5)
    return (half, 1e-5 + 1e-5 * abs(half) + 4 * abs(whole - half)) if near else None


def gradients(call, rng):
    """Return the traced arrays, a direction, and functions of them: a number and its slope."""
    xs = [call.arrays()[i] for i in call.traced]
    x_dots = [np.empty_like(x) for x in xs]  # in the same memory order, for order "A"
    for x_dot in x_dots:
        x_dot[...] = rng.normal(size=x_dot.shape)

    def f(*xs):
        args, options = call.at(xs)
        return total(flat(call.function(*args, **options)), call)

    def along(*xs):
        bars = vjp(f, *xs)[1](np.float64(1.0))
        return sum(np.sum(bar * x_dot) for bar, x_dot in zip(bars, x_dots, strict=True))

    return xs, x_dots, f, along


def slopes(call, rng):
    """List what our derivatives are and what differences of NumPy's own function say.

    There are the slope forwards, that of the gradients, and the slope of their slope.
    """
    xs, x_dots, f, along = gradients(call, rng)
    slope = slope_of(f, xs, x_dots)
    if slope is None:
        return []
    found = [("forward", jvp(f, xs, x_dots)[1], slope), ("reverse", along(*xs), slope)]
    second = slope_of(along, xs, x_dots)
    if second is not None:
        found.append(("second order", jvp(along, xs, x_dots)[1], second))
    return found


def wrong_slopes(function, count, rng):
    """Differentiate random calls; list what differs from differences, and how much was compared."""
    found, compared = [], 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        while count:
            call = draw(function, rng, np.float64)
            outcome = attempt(slopes, call, rng)
            count -= 1
            if isinstance(outcome, Refusal):
                continue
            compared += len(outcome)
            found += [
                f"{call}: {order} gives {ours}, differences give {theirs}"
                for order, ours, (theirs, allowed) in outcome
                if not abs(ours - theirs) <= allowed
            ]
    return found, compared


@pytest.mark.parametrize("count", [CALLS, pytest.param(5 * CALLS, marks=pytest.mark.catalogue)])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_call_has_the_slopes_of_numpys_function(function, count, rng):
    """In both modes, to second order, they are what differences of NumPy's own function say."""
    found, compared = wrong_slopes(function, count, rng)
    assert not found, f"{len(found)} wrong slopes, such as {found[:5]}"
    assert compared >= 3  # one call, in three ways, if no more


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_cotangents_keep_shape_and_precision(function, dtype, rng):
    """Where all numbers are float32, or float16, so are the gradients, of the shapes of the x."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(20):
            call = draw(function, rng, dtype)
            xs, _, f, _ = gradients(call, rng)
            y = attempt(lambda call=call: flat(call.function(*call.args, **call.options)))
            if isinstance(y, Refusal) or {z.dtype for z in y if z.dtype.kind == "f"} != {dtype}:
                continue
            bars = attempt(lambda f=f, xs=xs: vjp(f, *xs)[1](dtype(1.0)))
            if isinstance(bars, Refusal):
                assert named(bars.message, call) or has_no_slope(bars.message, call), bars
            else:
                assert [(bar.shape, bar.dtype) for bar in bars] == [(x.shape, dtype) for x in xs]


BY_NAME = [f for f in FUNCTIONS if isinstance(implementations[f], Translation)]


@pytest.mark.parametrize("function", BY_NAME, ids=lambda f: f.__name__)
def test_a_parameter_is_taken_or_refused_by_name(function):
    """Of every parameter that NumPy declares we have the default, or say that it is not taken."""
    translation = implementations[function]
    refused = translation.untaken()
    mine = signature(translation.ours).parameters
    for parameter in signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name in refused:
            with pytest.raises(TypeError, match=f"^{function.__name__}: {parameter.name} is not"):
                translation(**{parameter.name: object()})
        elif parameter.default is not parameter.empty:
            default = mine[translation.names[parameter.name]].default
            unsaid = (np._NoValue, parameter.empty)
            alike = parameter.default is default or parameter.default == default
            assert alike or default in unsaid or parameter.default is np._NoValue


@pytest.mark.parametrize("function", [np.add, np.exp, np.matmul], ids=lambda f: f.__name__)
@pytest.mark.parametrize("option", [{"dtype": np.float32}, {"casting": "unsafe"}, {"order": "F"}])
def test_an_option_of_a_ufunc_is_refused_by_name(function, option):
    """Every entry is computed, in the precision that its arguments have."""
    x = [np.eye(3)] * function.nin
    message = f"^{function.__name__}: {next(iter(option))} is not taken"
    with pytest.raises(TypeError, match=message):
        vjp(lambda *x: function(*x, **option), *x)


SLIPS = {  # a function that stands in for NumPy's, with a small mistake
    np.cumsum: lambda x, axis=None: np.flip(np.cumsum(np.flip(x, axis), axis), axis),
    np.ravel: lambda x, order="C": np.reshape(x, (-1,), "C"),
    np.moveaxis: lambda x, source, destination: np.transpose(x),
    np.var: lambda x, axis=None, *, ddof=0, keepdims=False: np.var(
        x, axis, ddof=-ddof, keepdims=keepdims
    ),
    np.ptp: lambda x, axis=None, *, keepdims=True: (
        np.max(x, axis, keepdims=keepdims) - np.min(x, axis, keepdims=keepdims)
    ),
    np.linalg.vector_norm: lambda x, *, axis=None, keepdims=False, ord=2: np.linalg.norm(
        x, ord if ord == 2 else None, axis, keepdims
    ),
    np.trace: lambda x, offset=0, axis1=0, axis2=1: np.sum(
        np.diagonal(np.where(np.isnan(x), x, plain(x)), offset, axis1, axis2), axis=-1
    ),
    np.sinc: lambda x: np.sin(np.pi * x) / (np.pi * x),
}


@pytest.mark.parametrize("function", SLIPS, ids=lambda f: f.__name__)
def test_a_planted_slip_is_found(function, rng, monkeypatch):
    """A swapped order, a wrong sign, another default: the comparison complains about each."""
    original = implementations[function]
    slip = Translation(function, SLIPS[function])
    inside = []

    def slipped(*args, **options):  # the function itself may be needed inside of the slip
        if inside:
            return original(*args, **options)
        inside.append(True)
        try:
            return slip(*args, **options)
        finally:
            inside.pop()

    monkeypatch.setitem(implementations, function, slipped)
    found = complaints(function, CALLS, rng) or wrong_slopes(function, CALLS, rng)[0]
    assert found


X, M = np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
A, B = np.arange(12.0).reshape(2, 2, 3), np.arange(24.0).reshape(2, 3, 4)
ANSWERS = {  # calls that were once answered wrongly
    "a number times an array": (lambda x: np.dot(2.0, x), X),
    "dot of arrays with three axes": (lambda x: np.dot(x, B), A),
    "inner of matrices": (lambda x: np.inner(x, x), M),
    "reshape in Fortran's order": (lambda x: np.reshape(x, (3, 2), "F"), M),
    "keepdims by position": (lambda x: np.sum(x, 0, None, None, True), M),
    "keepdims of max by position": (lambda x: np.max(x, 0, None, True), M),
    "negative axes of transpose": (lambda x: np.transpose(x, (-1, 0)), M),
    "the method clip": (lambda x: x.clip(1.5), X),
    "a norm along the third axis": (lambda x: np.linalg.norm(x, 1, 2), A),
    "the largest of no numbers": (lambda x: np.linalg.norm(x, np.inf), np.zeros(0)),
}
REFUSALS = {  # calls that were once answered, and NumPy refuses
    "concatenate": (lambda x: np.concatenate([x, x], 2), np.exceptions.AxisError),
    "stack": (lambda x: np.stack([x, x], 4), np.exceptions.AxisError),
    "moveaxis": (lambda x: np.moveaxis(x, 0, 2), np.exceptions.AxisError),
    "flip": (lambda x: np.flip(x, 2), np.exceptions.AxisError),
    "expand_dims": (lambda x: np.expand_dims(x, 5), np.exceptions.AxisError),
    "squeeze": (lambda x: np.squeeze(x, 0), ValueError),
    "broadcast_to": (lambda x: np.broadcast_to(x[:, :1], (2,)), ValueError),
    "a dtype by position": (lambda x: np.sum(x, 0, np.float64), TypeError),
    "an array to write into": (lambda x: np.take(x, [0], out=np.zeros(1)), TypeError),
}


def forwards(f, x):
    """Compute f with a traced argument, in forward mode."""
    return jvp(f, [x], [x])[0]


def backwards(f, x):
    """Compute f with a traced argument, in reverse mode."""
    return vjp(f, x)[0]


@pytest.mark.parametrize("run", [forwards, backwards])
@pytest.mark.parametrize("name", ANSWERS)
def test_numpys_answer_is_ours(name, run):
    """Value and shape are those of NumPy, whatever the syntax of the call."""
    f, x = ANSWERS[name]
    assert np.array_equal(run(f, x), f(x))
    assert np.shape(run(f, x)) == np.shape(f(x))


@pytest.mark.parametrize("run", [forwards, backwards])
@pytest.mark.parametrize("name", REFUSALS)
def test_numpys_refusal_is_ours(name, run):
    """An axis that does not exist is no other axis, and a longer one is not dropped."""
    f, kind = REFUSALS[name]
    with pytest.raises(kind):
        run(f, M)


def test_an_array_is_made_of_entries():
    """np.array and np.asarray look into lists when they are told for whom:  like=x."""
    f = lambda x: np.array([[x[0], 1.0], [2 * x[1], x[2]]], ndmin=3, like=x)
    assert np.array_equal(backwards(f, X), [[[1.0, 1.0], [4.0, 3.0]]])
    assert np.array_equal(grad(lambda x: np.sum(np.asarray([x[0], x[1]], like=x)))(X), [1, 1, 0])


@pytest.mark.parametrize(
    "convert",
    [
        np.int64,
        lambda x: np.asarray(x, np.int64),
        lambda x: x.astype(np.int64),
        lambda x: np.array(x, bool),
    ],
)
def test_integers_made_of_traced_numbers_are_plain(convert):
    """They are constant between jumps: as labels they pick, and have no slope of their own."""
    plain_key = convert(X - 1.5)
    chosen = []

    def f(x):
        chosen.append(convert(x - 1.5))
        return np.sum(x * x[chosen[0]])

    assert np.array_equal(grad(f)(X), grad(lambda x: np.sum(x * x[plain_key]))(X))
    assert isinstance(chosen[0], np.ndarray)
    assert chosen[0].dtype == plain_key.dtype


@pytest.mark.parametrize("start", [np.float16, np.float32])
def test_a_wider_precision_is_narrowed_in_the_backward_pass(start):
    """The slope is computed in the precision that the numbers were given in between."""
    x = X.astype(start)
    y, pullback = vjp(lambda x: np.sin(x.astype(np.float64)), x)
    y_bar = np.array([1.0, 2.0, 3.0])
    assert y.dtype == np.float64
    assert pullback(y_bar)[0].dtype == start
    assert np.array_equal(pullback(y_bar)[0], (np.cos(x.astype(float)) * y_bar).astype(start))


def test_a_complex_precision_is_refused():
    """The numbers of a traced array are real."""
    with pytest.raises(TypeError, match="astype: dtype is complex128, use floats"):
        grad(lambda x: np.sum(x.astype(complex)))(X)


def test_an_index_is_a_letter():
    """There are 52 numbers for indices, as NumPy has it."""
    for index in (-1, 52):
        with pytest.raises(ValueError, match="use numbers from 0 to 51"):
            backwards(lambda x, index=index: np.einsum(x, [0, index], [0]), M)


def test_bounds_have_two_names_and_may_be_missing():
    """`min` and `max` are a_min and a_max; between NaN and anything there is no number."""
    clip = implementations[np.clip]
    assert np.array_equal(clip(X, min=1.5, max=2.5), [1.5, 2.0, 2.5])
    assert np.array_equal(clip(X, min=1.5), [1.5, 2.0, 3.0])
    assert np.isnan(backwards(lambda x: np.clip(x, np.nan, 2.0), X)).all()


@pytest.mark.parametrize("given", [{"x": X}, {"y": X}])
def test_a_choice_is_between_two(given):
    """Either both arrays are given or none, as NumPy has it."""
    with pytest.raises(ValueError, match="both"):
        implementations[np.where](X > 1, **given)


def test_an_array_may_be_filled_with_a_traced_number():
    """It has the slope of every entry:  x̄₀ = ȳ₀ + ȳ₁ + ȳ₂."""
    y, pullback = vjp(lambda x: np.full_like(x, x[0]), X)
    assert np.array_equal(y, [1.0, 1.0, 1.0])
    assert np.array_equal(pullback(np.array([1.0, 2.0, 4.0]))[0], [7.0, 0.0, 0.0])


@pytest.mark.parametrize(("num", "endpoint"), [(1, True), (0, True), (0, False)])
def test_one_point_has_no_step(num, endpoint):
    """Then it is NaN, a plain number, whatever the shape of the ends."""
    given = {"num": num, "endpoint": endpoint, "retstep": True}
    points, step = implementations[np.linspace](X, 2 * X, **given)
    assert np.array_equal(points, np.linspace(X, 2 * X, **given)[0])
    assert isinstance(step, float)
    assert np.isnan(step)


def test_the_slope_of_a_power_of_zero_is_zero_again():
    """0ᶻ is 0 for all z > 0, of every order, though the slope by the base is infinite for z < 1."""
    assert orders(lambda z: np.power(0.0, z), 0.5) == [0, 0, 0]
    slope = lambda z: jvp(lambda z: np.power(0.0, z), [z], [np.float64(1.0)])[1]
    assert grad(slope)(np.float64(0.5)) == 0


def test_each_entry_of_a_power_has_its_own_slope():
    """That of x⁰ at x = 0 is 0; an entry beside it keeps z xᶻ⁻¹."""
    slope = grad(lambda x: np.sum(np.power(x, np.array([0.0, 3.0, 1.0]))))
    assert np.array_equal(slope(np.array([0.0, 2.0, 0.0])), [0, 12, 1])


def test_what_is_not_chosen_keeps_its_shape(rng):
    """Each of two choices that were broadcast receives a gradient of its own shape."""
    condition, y_bar = rng.random((4, 3)) < 0.5, rng.normal(size=(4, 3))
    _, pullback = vjp(lambda x, z: np.where(condition, x, z), np.zeros(3), np.zeros((4, 1)))
    x_bar, z_bar = pullback(y_bar)
    assert np.array_equal(x_bar, np.where(condition, y_bar, 0).sum(axis=0))
    assert np.array_equal(z_bar, np.where(condition, 0, y_bar).sum(axis=1, keepdims=True))


def test_an_entry_of_a_plain_array_is_not_assigned():
    """What is said names the line to write instead."""

    def f(x):
        y = np.zeros(3)
        y[0] = x[0]

    with pytest.raises(TypeError, match=r"in place of y\[i\] = x write"):
        grad(f)(X)


def orders(f, x):
    """Return the first, second and third derivative of a function of one number."""
    found = []
    for _ in range(3):
        f = grad(f)
        found.append(f(np.float64(x)))
    return found


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (lambda x: x**1, [1, 0, 0]),
        (lambda x: x**2, [0, 2, 0]),
        (lambda x: x**3, [0, 0, 6]),
        (lambda x: x**0, [0, 0, 0]),
        (lambda x: 0.0 ** (x + 1), [0, 0, 0]),
        (lambda x: np.logaddexp(x, 0.0), [1 / 2, 1 / 4, 0]),
        (np.sinc, [0, -(np.pi**2) / 3, 0]),
    ],
)
def test_derivatives_at_zero_are_right(f, slopes):
    """The exponent that falls below 0 has the factor 0, and a tie is smooth in ln(eˣ + eᶻ)."""
    assert np.allclose(orders(f, 0.0), slopes, atol=1e-12)


def test_a_slope_by_both_base_and_exponent_is_mixed():
    """∂²/∂x∂z xᶻ = xᶻ⁻¹ (1 + z ln x), which is 1/x for z = 0."""
    by_x = lambda z: grad(lambda x: x**z)(np.float64(2.0))
    for z in (0.0, 1.0, 2.5):
        assert np.isclose(grad(by_x)(np.float64(z)), 2.0 ** (z - 1) * (1 + z * np.log(2.0)))


def test_a_tangent_that_is_zero_for_the_moment_is_not_left_out():
    """d/dw d/dx 2^(w x) = ln 2 at w = 0, though the tangent of the exponent is 0 there."""
    slope = lambda w: jvp(lambda x: 2.0 ** (w * x), [np.float64(3.0)], [np.float64(1.0)])[1]
    assert np.isclose(grad(slope)(np.float64(0.0)), np.log(2.0))


@pytest.mark.parametrize(
    "f", [np.std, np.linalg.norm, np.linalg.vector_norm, lambda x: np.linalg.norm(x, 3)]
)
def test_a_length_of_zero_has_gradient_zero(f):
    """At 0 no direction is special: the gradient is 0, as PyTorch has it, and so is the next."""
    assert np.array_equal(grad(f)(np.zeros(3)), np.zeros(3))
    assert np.array_equal(grad(lambda x: np.sum(grad(f)(x)))(np.zeros(3)), np.zeros(3))


def test_a_number_at_its_bound_is_inside():
    """Clipped to [0, 1], the slope is 1 at 0 and at 1; a bound has slope 1 beyond."""
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert np.array_equal(grad(lambda x: np.sum(np.clip(x, 0.0, 1.0)))(x), [0, 1, 1, 1, 0])
    assert grad(lambda low: np.sum(np.clip(x, low, 1.0)))(np.float64(0.0)) == 1.0


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.maximum(x, 0.5),
        lambda x: np.minimum(0.5, x),
        lambda x: np.clip(x, 0, 0.5),
        lambda x: 2.0**x,
        lambda x: x**0,
        np.sinc,
        erf,
        gelu,
    ],
)
def test_a_plain_number_widens_no_cotangent(f, dtype):
    """A number of Python's takes the precision of an array, in the backward pass too."""
    x = np.array([0.0, 0.25, 1.0], dtype)
    y, pullback = vjp(f, x)
    assert (y.dtype, pullback(np.ones_like(y))[0].dtype) == (dtype, dtype)
    assert jvp(f, [x], [np.ones_like(x)])[1].dtype == dtype


@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_traced_array_shows_its_value(shape):
    """Its text names the class, the value and the level; a number can be formatted."""
    shown = []
    grad(lambda x: shown.append((str(x), f"{np.sum(x):.2f}")) or np.sum(x))(np.ones(shape))
    assert repr(np.ones(shape))[:-1] in shown[0][0]
    assert shown[0][0].startswith("Variable(")
    assert shown[0][1] == f"{np.prod(shape):.2f}"


def test_the_values_of_a_degenerate_matrix_have_slopes():
    """For x = 1, with equal eigenvalues: the trace of x² has the gradient 2."""
    f = lambda x: np.sum(np.linalg.eigh(x).eigenvalues ** 2)
    assert np.allclose(grad(f)(np.eye(3)), 2 * np.eye(3))
    assert np.allclose(grad(lambda x: np.sum(np.linalg.svd(x)[1]))(np.eye(3)), np.eye(3))


def test_the_determinant_of_a_singular_matrix_has_slopes():
    """Where x⁻¹ is missing the cofactors remain; they are differentiated too."""
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert np.allclose(grad(np.linalg.det)(x), [[6.0, -3.0], [-2.0, 1.0]])
    second = hessian(np.linalg.det)(x)
    assert np.allclose(second[0, 0], [[0, 0], [0, 1]])
