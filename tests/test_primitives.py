"""Two lemmas for every operation, present and future, and a proof that they can fail.

`primitive` runs over the registry, its options over those declared, its arguments over its
signature. All sizes are different, so that a swapped axis cannot pass.
"""

import importlib
import inspect
import pkgutil
from itertools import product

import numpy as np
import pytest

import dlcore.ops
from dlcore.autodiff import directional, jvp, registry
from dlcore.autodiff.derivative import STEP
from dlcore.shapes import claim

for module in pkgutil.iter_modules(dlcore.ops.__path__):
    importlib.import_module(f"dlcore.ops.{module.name}")
importlib.import_module("dlcore.experiments.reverse")  # which has one of its own, ln cosh

SIZES = {"N": 4, "C": 3, "H": 11, "W": 10, "F": 6, "P": 7, "Q": 9, "U": 5, "V": 2}
SIZES |= {"D": 6, "M": 8, "K": 9, "1": 1, "3": 3}
FURTHER = (2, 5)  # what dots at the end of a signature stand for


def cases():
    """List every primitive with every shape and every option that it declares."""
    for primitive in registry:
        options = [dict(zip(primitive.options, values, strict=True))
                   for values in product(*primitive.options.values())]  # fmt: skip
        for axes, chosen in product(primitive.shapes or [None], options):
            words = [primitive.__name__, *(axes or ()), *map(str, chosen.items())]
            yield pytest.param((primitive, axes, chosen), id=" ".join(words))


@pytest.fixture(params=cases())
def case(request):
    """A primitive, the axes of its arguments where the signature leaves them open, its options."""
    return request.param


def length(axis, options):
    """Look up the size of an axis:  C/groups is a part of C."""
    letter, _, divisor = axis.partition("/")
    return SIZES[letter] // options.get(divisor, 1)


def shapes(primitive, axes, options):
    """Give every argument its shape: from its annotation, or from the declared `axes`."""
    claims = [claim(p.name, p.annotation) for p in primitive.arguments]
    claims *= len(axes) if primitive.many else 1
    texts = [
        each.axes if each.axes is not None else tuple(given.split())
        for each, given in zip(claims, axes or [""] * len(claims), strict=True)
    ]
    return claims, [
        tuple(length(axis, options) for axis in text if axis != "...")
        + FURTHER * (text[-1:] == ("...",))
        for text in texts
    ]


def arguments(primitive, axes, options, rng):
    """Draw an array for each argument, in its domain; labels for those that are integers."""
    drawn = []
    for each, shape in zip(*shapes(primitive, axes, options), strict=True):
        x = rng.normal(size=shape)
        far = np.copysign(0.1 + np.abs(x), x)
        domain = {"real": x, "nonzero": far, "positive": np.abs(far)}
        domain |= {"inside": 0.9 * np.tanh(x), "outside": 1 + np.abs(far)}
        if x.ndim > 1:
            domain["definite"] = x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-2])
        discrete = {"iu": rng.integers(SIZES["K"], size=shape), "b": x > 0}
        smooth = domain[primitive.domain.get(each.name, "real")]
        drawn.append(discrete.get(each.kind, smooth))
    return drawn


def fill(xs, places, changed):
    """Put changed arrays in their places among `xs`."""
    full = list(xs)
    for i, x in zip(places, changed, strict=True):
        full[i] = x
    return full


def near_kink(f, xs, x_dots):
    """Tell whether a kink lies within the step of a difference: half a step gives another slope."""
    slopes = (directional(f, xs, x_dots, step=step) for step in (STEP, STEP / 2))
    return not np.allclose(*slopes, rtol=1e-5, atol=1e-6)


def measure_both(primitive, axes, options, rng):
    """Return (ẏ, its measurement) and (⟨ȳ, ẏ⟩, Σ ⟨x̄ᵢ, ẋᵢ⟩), for random directions and ȳ.

    There is no slope at a kink, such as that of a ReLU: arguments near one are drawn again.
    """
    xs = arguments(primitive, axes, options, rng)
    places = primitive.positions(xs)
    smooth = [xs[i] for i in places]
    x_dots = [rng.normal(size=np.shape(x)) for x in smooth]
    y = primitive(*xs, **options)
    y_bar = rng.normal(size=np.shape(y))

    of_the_smooth = lambda *changed: primitive(*fill(xs, places, changed), **options)
    if near_kink(of_the_smooth, smooth, x_dots):
        return measure_both(primitive, axes, options, rng)
    y_dot = primitive.jvp(y, *xs, *x_dots, **options)
    x_bars = primitive.vjp(y, *xs, y_bar, **options)
    assert [np.shape(bar) for bar in x_bars] == [np.shape(x) for x in smooth]
    inner = sum(np.vdot(bar, dot) for bar, dot in zip(x_bars, x_dots, strict=True))
    return (y_dot, directional(of_the_smooth, smooth, x_dots)), (np.vdot(y_bar, y_dot), inner)


def agree_with_differences(y_dot, slope):
    """Allow the truncation and round-off of a central difference."""
    np.testing.assert_allclose(y_dot, slope, rtol=1e-6, atol=1e-7)


def agree_exactly(ahead, back):
    """Allow round-off only: both sides are the same sum in another order."""
    np.testing.assert_allclose(ahead, back, rtol=1e-10, atol=1e-12)


def test_the_jvp_is_the_slope(case, rng):
    """f(x + h ẋ) - f(x - h ẋ)  =  2 h ẏ + O(h³)."""
    agree_with_differences(*measure_both(*case, rng)[0])


def test_the_vjp_is_the_transpose_of_the_jvp(case, rng):
    """⟨ȳ, ẏ⟩  =  ⟨x̄₁, ẋ₁⟩ + … + ⟨x̄ₖ, ẋₖ⟩."""
    agree_exactly(*measure_both(*case, rng)[1])


def measure_again(primitive, axes, options, rng):
    """Return the tangent of x̄ along a direction, forwards over backwards, and its measurement."""
    xs = arguments(primitive, axes, options, rng)
    places = primitive.positions(xs)
    y_bar = rng.normal(size=np.shape(primitive(*xs, **options)))

    def way_back(*smooth):
        full = fill(xs, places, smooth)
        return primitive.vjp(primitive(*full, **options), *full, y_bar, **options)[0]

    smooth = [xs[i] for i in places]
    x_dots = [rng.normal(size=np.shape(x)) for x in smooth]
    if near_kink(way_back, smooth, x_dots):
        return measure_again(primitive, axes, options, rng)
    return jvp(way_back, smooth, x_dots)[1], directional(way_back, smooth, x_dots)


def test_the_rules_can_be_differentiated_again(case, rng):
    """The slope of x̄ along a direction, forwards over backwards, is the measured one."""
    agree_with_differences(*measure_again(*case, rng))


LIES = {  # given a rule, the same rule wrong by one part in a thousand
    "jvp_rule": lambda truth: lambda *args, **options: 1.001 * truth(*args, **options),
    "vjp_rule": lambda truth: (
        lambda *args, **options: [
            1.001 * (bar() if callable(bar) else bar) for bar in truth(*args, **options)
        ]
    ),
}


@pytest.mark.parametrize("rule", LIES)
def test_a_small_lie_is_noticed(case, rule, rng, monkeypatch):
    """A rule that is wrong by one part in a thousand breaks one of the two lemmas."""
    monkeypatch.setattr(case[0], rule, LIES[rule](getattr(case[0], rule)))
    slope, adjoint = measure_both(*case, rng)
    lemma, sides = {
        "jvp_rule": (agree_with_differences, slope),
        "vjp_rule": (agree_exactly, adjoint),
    }[rule]
    with pytest.raises(AssertionError):
        lemma(*sides)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_numbers_keep_their_precision(case, dtype, rng):
    """float32 in, float32 out, forwards and backwards: no rule widens its numbers in secret.

    Where an option names the precision of y, the cotangents of the x keep theirs.
    """
    primitive, axes, options = case
    drawn = arguments(primitive, axes, options, rng)
    xs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in drawn]
    made = options.get("dtype", dtype)
    y = primitive(*xs, **options)
    x_bars = primitive.vjp(y, *xs, np.ones(np.shape(y), made), **options)
    y_dot = primitive.jvp(y, *xs, *(xs[i] for i in primitive.positions(xs)), **options)
    assert {np.asarray(a).dtype for a in (y, y_dot)} == {np.dtype(made)}
    assert {np.asarray(a).dtype for a in x_bars} == {np.dtype(dtype)}


def test_every_primitive_has_a_formula_and_both_rules():
    """A primitive without a rule would fail where a reader first differentiates it."""
    for primitive in registry:
        assert inspect.getdoc(primitive)
        assert callable(primitive.jvp_rule)
        assert callable(primitive.vjp_rule)
