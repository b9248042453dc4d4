"""HIPS autograd by alias: its own tests import this engine under its name.

A plugin of pytest (``-p hips_alias``). Whatever only HIPS has is written here and nowhere in the
library: its names for derivatives, its gradient checker, lists of traced numbers as arrays, and
its older ways of declaring a rule. Its checker tries complex arguments beside real ones; here
these are left out, for the engine computes with real numbers.
"""

import json
import os
import sys
from functools import wraps
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import dlcore
from dlcore.autodiff import checkpoint, registry
from dlcore.autodiff.containers import take_apart
from dlcore.autodiff.dispatch import Traced, implementations
from dlcore.autodiff.primitive import Primitive
from dlcore.shapes import Tensor

STEP = 1e-6
TOLERANCE = 1e-6  # of a difference, absolute or relative


def with_leaves(x):
    """Make arrays of the numbers in a container: to HIPS each is an argument of its own."""
    arrays, form = take_apart(x)
    if isinstance(x, list | tuple) and form.kind is None:
        return type(x)(map(with_leaves, x))
    return form.put_together([np.float64(a) if isinstance(a, float) else a for a in arrays])


def of_one_argument(operator):
    """Let an operator on functions of one argument take functions of several, and `argnum`."""

    def named(f, argnum=0, *extra, **settings):
        def operate(*args, **options):
            places = [argnum] if isinstance(argnum, int) else list(argnum)

            def g(x):
                filled = list(args)
                for place, each in zip(places, [x] if isinstance(argnum, int) else x, strict=True):
                    filled[place] = each
                return f(*filled, **options)

            chosen = tuple(args[place] for place in places)
            x = chosen[0] if isinstance(argnum, int) else chosen
            return operator(g, with_leaves(x), *extra, **settings)

        return operate

    return named


def vjp(f, x):
    """Return y and the pullback; where y is a truth value HIPS takes it for a constant number."""

    def numbers(x):
        y = f(x)
        return np.float64(y) if isinstance(y, bool | np.bool_) else y

    y, pullback = dlcore.vjp(numbers, x)
    return y, lambda y_bar: pullback(y_bar)[0]


def ones(y):
    """Return ones in the form and the shapes of y."""
    arrays, form = take_apart(y)
    return form.put_together([np.ones_like(array) for array in arrays])


def make_vjp(f, x):
    """Return the pullback, then y."""
    y, pullback = vjp(f, x)
    return pullback, y


def make_jvp(f, x):
    """Return a function of the direction."""
    return lambda x_dot: dlcore.jvp(f, [x], [x_dot])


def grad(f, x):
    """Differentiate a function of one result, in whatever shape."""
    y, pullback = vjp(f, x)
    if np.size(y) != 1:
        raise TypeError("grad: f must return one number")
    return pullback(ones(y))


def value_and_grad(f, x):
    """Return y, and its gradient."""
    y, pullback = vjp(f, x)
    return y, pullback(ones(y))


def elementwise_grad(f, x):
    """Sum the rows of the Jacobian."""
    return value_and_grad(f, x)[1]


def make_hvp(f, x):
    """Return the product with the Hessian as a function of v, then the gradient."""
    return (lambda v: dlcore.hvp(f, x, v)), dlcore.grad(f)(x)


def hessian_tensor_product(f, argnum=0):
    """Return the product of the Hessian with the last argument."""
    return lambda *args: dlcore.jvp(dlcore.grad(f, argnum), [args[0]], [args[-1]])[1]


def tensor_jacobian_product(f, argnum=0):
    """Return the product of the last argument with the Jacobian."""

    def weighted(*args):
        *args, v = args
        return np.tensordot(v, f(*args), axes=np.ndim(v))

    return dlcore.jacobian(weighted, argnums=argnum)


def make_ggnvp(f, g=lambda y: np.sum(y * y) / 2):
    """Return the product with Jᵀ H J, where H is the Hessian of g at f(x)."""

    def at(x):
        def multiply(v):
            y, y_dot = dlcore.jvp(f, [x], [v])
            return vjp(f, x)[1](dlcore.hvp(g, y, y_dot))

        return multiply

    return at


def drawn_like(x):
    """Draw an array for every array of a container."""
    arrays, form = take_apart(x)
    return form.put_together([np.float64(np.random.randn(*np.shape(a))) for a in arrays])  # noqa: NPY002


def combined(function, *containers):
    """Apply a function to the arrays of several containers of one form."""
    taken = [take_apart(each)[0] for each in containers]
    return take_apart(containers[0])[1].put_together(list(map(function, *taken)))


def inner(x, z):
    """Multiply two containers:  Σ x z."""
    return sum(
        float(np.sum(np.multiply(a, b)))
        for a, b in zip(take_apart(x)[0], take_apart(z)[0], strict=True)
    )


def close(one, other):
    """Say whether two numbers agree as well as differences can."""
    return abs(one - other) < TOLERANCE or abs(one - other) < TOLERANCE * abs(one + other)


def measured(f, x, x_dot):
    """Measure the slope of f at x along a direction, from both sides."""
    ahead, behind = (
        f(combined(lambda a, b, h=h: a + h * b, x, x_dot)) for h in (STEP / 2, -STEP / 2)
    )
    return combined(lambda a, b: (np.float64(a) - np.float64(b)) / STEP, ahead, behind)


def check_equivalent(one, other):
    """Compare two containers: their forms, shapes and values."""
    pairs = zip(take_apart(one)[0], take_apart(other)[0], strict=True)
    assert take_apart(one)[1] == take_apart(other)[1]
    for a, b in pairs:
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)


def check_one_argument(f, x, modes=("fwd", "rev"), order=2):
    """Compare both modes with differences, and again for the functions that they compute."""
    x_dot, y_bar = drawn_like(x), drawn_like(f(x))
    slope = measured(f, x, x_dot)
    if "fwd" in modes:
        y_dot = make_jvp(f, x)(x_dot)[1]
        assert close(inner(y_dot, y_bar), inner(slope, y_bar))
        assert [*map(np.shape, take_apart(y_dot)[0])] == [*map(np.shape, take_apart(y_bar)[0])]
    if "rev" in modes:
        x_bar = make_vjp(f, x)[0](y_bar)
        assert close(inner(x_bar, x_dot), inner(slope, y_bar))
        assert [*map(np.shape, take_apart(x_bar)[0])] == [*map(np.shape, take_apart(x_dot)[0])]
    if order > 1:
        again = {
            "fwd": (lambda x, v: make_jvp(f, x)(v)[1], x_dot),
            "rev": (lambda x, v: make_vjp(f, x)[0](v), y_bar),
        }
        for mode in modes:
            rule, v = again[mode]
            check_grads(rule, (0, 1), modes, order - 1)(x, v)


check_grads = of_one_argument(check_one_argument)


def has_complex(value):
    """Tell whether there are complex numbers in an argument."""
    if isinstance(value, list | tuple):
        return any(map(has_complex, value))
    return np.iscomplexobj(value)


def combo_check(f, *settings, **more):
    """Check f for all combinations of real arguments and of options."""
    check = check_grads(f, *settings, **more)

    def over(*lists, **options):
        for args in product(*lists):
            for chosen in product(*options.values()):
                if not has_complex(args):
                    check(*args, **dict(zip(options, chosen, strict=True)))

    return over


def quick_grad_check(f, first, rest=()):
    """Check f as a function of its first argument."""
    check_grads(f)(first, *rest)


class Declared:
    """A function whose rules are declared one argument at a time, in HIPS's older ways."""

    def __init__(self, f):
        names = f.__code__.co_varnames[: f.__code__.co_argcount]
        f.__annotations__ = dict.fromkeys(names, Tensor)
        self.rules, self.op = {}, Primitive(f)
        registry.remove(self.op)
        self.op.defvjp(self.pull)

    def __call__(self, *args):
        return self.op(*args)

    def pull(self, y, *args):
        """Apply the rule of every argument."""
        *xs, y_bar = args
        return [lambda i=i: self.rules[i](y_bar, y, *xs) for i in range(len(xs))]

    def defgrad(self, rule, argnum=0):
        """Declare a function that returns the pullback."""
        self.rules[argnum] = lambda y_bar, y, *xs: rule(y, *xs)(y_bar)

    def defvjp(self, rule, argnum=0):
        """Declare the pullback itself, which is also told of two spaces."""
        self.rules[argnum] = lambda y_bar, y, *xs: rule(y_bar, y, None, None, *xs)

    def defvjp_is_zero(self, argnums=(0,)):
        """Declare that nothing depends on some arguments."""
        for argnum in argnums:
            self.rules[argnum] = lambda y_bar, y, *xs, i=argnum: np.zeros_like(xs[i])


def array(entries, *args, **options):
    """Make an array of numbers of which some are traced."""
    if isinstance(entries, list | tuple) and any(isinstance(e, Traced) for e in flattened(entries)):
        return implementations[np.array](entries)
    return entries if isinstance(entries, Traced) else np.array(entries, *args, **options)


def flattened(entries):
    """List the entries of nested lists."""
    nested = isinstance(entries, list | tuple)
    return [e for entry in entries for e in flattened(entry)] if nested else [entries]


def taking_lists(function):
    """Let a function take lists of traced numbers for arrays."""

    @wraps(function)
    def call(*args, **options):
        return function(*(array(a) if isinstance(a, list | tuple) else a for a in args), **options)

    return call


def where(condition, x=None, y=None):
    """Choose one of two values, or entries of two arrays."""
    if x is None:
        return np.where(condition)
    choose_one = isinstance(condition, bool) and not isinstance(x, np.ndarray)
    return (x if condition else y) if choose_one else np.where(condition, x, y)


def make_diagonal(x, offset=0, axis1=0, axis2=1):
    """Put the entries along the last axis of x on the diagonals of matrices."""
    return np.expand_dims(x, -1) * np.eye(np.shape(x)[-1])


class Rows:
    """Lay arrays end to end along the first axis:  np.r_[x, z]."""

    axis = 0

    def __getitem__(self, parts):
        parts = parts if isinstance(parts, tuple) else (parts,)
        if not any(isinstance(part, Traced) for part in parts):
            return (np.r_ if self.axis == 0 else np.c_)[parts]
        parts = [np.r_[part] if isinstance(part, slice) else part for part in parts]
        return np.concatenate(parts, axis=self.axis)


class Columns(Rows):
    """Lay arrays end to end along the last axis:  np.c_[x, z]."""

    axis = -1


def module(name, **contents):
    """Put a module with these contents under a name of HIPS's."""
    made = ModuleType(name)
    vars(made).update(contents)
    sys.modules[name] = made
    return made


def install():
    """Take the place of autograd."""
    lists = ("mean", "std", "var", "append", "max", "min")
    vocabulary = {**vars(np), **{name: taking_lists(getattr(np, name)) for name in lists}}
    vocabulary |= {"array": array, "where": where, "make_diagonal": make_diagonal}
    vocabulary |= {"r_": Rows(), "c_": Columns(), "row_stack": np.vstack}
    numpy = module("autograd.numpy", **vocabulary)
    numpy.random = module("autograd.numpy.random", **vars(np.random))
    n_ary = {each.__name__: of_one_argument(each)
             for each in (grad, value_and_grad, elementwise_grad, make_hvp, make_jvp)}  # fmt: skip
    jacobian = of_one_argument(lambda f, x: dlcore.jacobian(f)(x))
    hessian = of_one_argument(lambda f, x: dlcore.hessian(f)(x))
    module(
        "autograd", **n_ary, jacobian=jacobian, hessian=hessian,
        grad_and_aux=of_one_argument(lambda f, x: dlcore.grad(f, has_aux=True)(x)),
        hessian_tensor_product=hessian_tensor_product, checkpoint=checkpoint, numpy=numpy,
        tensor_jacobian_product=tensor_jacobian_product, make_ggnvp=make_ggnvp, __path__=[],
    )  # fmt: skip
    module("autograd.core", make_vjp=make_vjp, primitive=Declared)
    module("autograd.wrap_util", unary_to_nary=of_one_argument)
    module("autograd.tracer", isbox=lambda x: isinstance(x, Traced))
    module("autograd.util", quick_grad_check=quick_grad_check)
    module("autograd.test_util", check_grads=check_grads, combo_check=combo_check,
           check_equivalent=check_equivalent)  # fmt: skip


if notes := os.environ.get("HIPS_OUTCOMES"):
    install()
    exec(os.environ["HIPS_PLANT"])
outcomes = {}


def pytest_runtest_logreport(report):
    """Note how a test ended; what is skipped has not passed."""
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    """Write down how every test ended."""
    Path(notes).write_text(json.dumps(outcomes), encoding="utf-8")
