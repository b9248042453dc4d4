"""The reference: a public name explains itself, by its errors and by an example that runs."""

import ast
import doctest
import inspect
import re
import sys
import textwrap
from importlib import import_module

import pytest

import dlcore
from dlcore.autodiff import Primitive
from dlcore.course.exercises.topics import ROOT
from dlcore.nn import ConvReLUPool, Layer
from dlcore.ops import conv2d, cross_entropy, relu

PACKAGES = (
    "dlcore", "dlcore.autodiff", "dlcore.compat.cs231n", "dlcore.compat.cs231n.classifiers",
    "dlcore.data", "dlcore.nn", "dlcore.nn.models", "dlcore.ops", "dlcore.train",
)  # fmt: skip
NEVER = {  # errors of the functions that these call, which their arguments cannot cause
    "available": {"ValueError"},  # it loads the datasets whose names it knows
    "check_gradients": {"TypeError"},  # it converts its arguments to floats
    "hessian": {"ValueError"},  # it passes a mode that there is
}


def names(package):
    """List the names that a package offers, by loading on demand or in its ``__all__``."""
    module = import_module(package)
    return dir(module) if "__dir__" in vars(module) else module.__all__


@pytest.fixture(scope="module")
def offered():
    """The functions, primitives and classes of all packages, by the names that readers type."""
    things = {
        f"{package}.{name}": getattr(import_module(package), name)
        for package in PACKAGES
        for name in names(package)
    }
    explained = lambda thing: inspect.isroutine(thing) or inspect.isclass(thing)
    return {
        name: thing
        for name, thing in things.items()
        if explained(thing) or isinstance(thing, Primitive)
    }


def failures(name, thing):
    """Run the examples of a docstring in the module that defines it; return what went wrong."""
    scope = dict(vars(sys.modules[thing.__module__]))
    examples = doctest.DocTestParser().get_doctest(thing.__doc__ or "", scope, name, None, 0)
    if not examples.examples:
        return "no example"
    said = []
    doctest.DocTestRunner(verbose=False).run(examples, out=said.append)
    return "".join(said)


def has_source(thing):
    """Tell whether this is a function that was written, and not made by `dataclass`, say."""
    return inspect.isfunction(thing) and not thing.__code__.co_filename.startswith("<")


def functions(thing):
    """List the functions behind a name: itself, or the methods of a class."""
    members = vars(thing).values() if inspect.isclass(thing) else [thing]
    found = [inspect.unwrap(getattr(member, "fget", member)) for member in members]
    return [each for each in found if has_source(each) and each.__module__ == thing.__module__]


def floor(thing):
    """Name the package on which a function or class stands:  dlcore.ops.conv  is  dlcore.ops."""
    return ".".join(thing.__module__.split(".")[:2])


def raised(function, known=()):
    """Find the errors that a function makes, and the functions of its floor that it calls."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    nodes = list(ast.walk(tree))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    called = {call.id for call in calls if isinstance(call, ast.Name)}
    caught = {
        part.id
        for node in nodes
        if isinstance(node, ast.ExceptHandler) and node.type
        for part in ast.walk(node.type)
        if isinstance(part, ast.Name)
    }
    own = {name for name in called if name.endswith("Error")}
    others = set()
    for name in called - own - {function.__name__, *known}:
        thing = function.__globals__.get(name)
        if callable(thing) and floor(thing) == floor(function):
            start = thing.__init__ if inspect.isclass(thing) else inspect.unwrap(thing)
            if has_source(start):
                others |= raised(start, (*known, function.__name__, name))
    return own | (others - caught)


def unsaid(thing):
    """List the errors that a name raises and that neither it nor its methods speak of."""
    text = " ".join([thing.__doc__ or "", *(each.__doc__ or "" for each in functions(thing))])
    errors = set().union(*map(raised, functions(thing))) - NEVER.get(thing.__name__, set())
    return {error for error in errors if not re.search(rf"\b{error}\b", text)}


def test_every_public_name_has_an_example_that_runs(offered):
    """The lines after ``>>>`` print what stands below them."""
    wrong = {name: failures(name, thing) for name, thing in offered.items()}
    assert {name: said for name, said in wrong.items() if said} == {}


def test_every_public_name_says_which_errors_it_raises(offered):
    """Those of its own statements, and those of the functions that check its arguments."""
    missing = {name: unsaid(thing) for name, thing in offered.items()}
    assert {name: errors for name, errors in missing.items() if errors} == {}


@pytest.mark.parametrize(
    ("thing", "errors"),
    [
        (relu, set()),
        (cross_entropy, {"ValueError", "ShapeError"}),
        (conv2d, {"ValueError", "ShapeError"}),
        (ConvReLUPool, {"ValueError"}),
        (Layer, {"NotImplementedError"}),
    ],
    ids=["relu", "cross_entropy", "conv2d", "ConvReLUPool", "Layer"],
)
def test_errors_are_found_where_they_are_raised(thing, errors):
    """In a body, in a function that it calls, in a function that this one calls, in a method."""
    assert set().union(*map(raised, functions(thing))) == errors


def test_a_docstring_that_is_wrong_is_noticed():
    """One without an example, one whose example prints something else, one without its error."""

    def short(x):
        """Return x."""
        raise ValueError("short: x is not wanted")

    def wrong(x):
        """Return x.

        >>> 1 + 1
        3
        """

    assert failures("short", short) == "no example"
    assert "Expected:\n    3\nGot:\n    2" in failures("wrong", wrong)
    assert unsaid(short) == {"ValueError"}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_lists_can_be_had(package):
    """Each name is an attribute, and none is private."""
    module = import_module(package)
    assert [name for name in names(package) if not hasattr(module, name)] == []
    assert [name for name in names(package) if name.startswith("_")] == []


@pytest.mark.parametrize("package", ["dlcore", "dlcore.ops"])
def test_a_name_that_is_not_there_is_refused_with_all_that_are(package):
    """The message of the AttributeError lists what ``dir`` lists."""
    message = f"{package} has no gradient, it has {', '.join(dir(import_module(package)))}"
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        getattr(import_module(package), "gradient")  # noqa: B009 (the access is the claim)


def test_the_front_door_offers_packages_and_derivatives():
    """`dlcore.grad` is that of `dlcore.autodiff`; so are its neighbours."""
    assert {"nn", "ops", "train", "data", "autodiff"} <= {*dir(dlcore)}
    derivatives = ("grad", "value_and_grad", "vjp", "jvp", "hvp", "jacobian", "hessian")
    assert {name: getattr(dlcore, name) for name in derivatives} == {
        name: getattr(dlcore.autodiff, name) for name in derivatives
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_page_lists_what_a_package_offers(package, monkeypatch):
    """Its table is read from the source, and names the module that defines each."""
    pytest.importorskip("sphinx", reason="install the extra `book`")
    monkeypatch.syspath_prepend(ROOT / "book/_ext")
    source = import_module("api").Source(ROOT)
    table = {name: source.find(dotted) for name, dotted in source.offered(package).items()}
    assert {*table} == {*names(package)}
    for name, (_, module, sentence) in table.items():
        thing = getattr(import_module(package), name)
        if not isinstance(thing, dict | list):
            assert module == (thing.__name__ if inspect.ismodule(thing) else thing.__module__)
            assert sentence == thing.__doc__.partition("\n")[0]
