"""Arguments: what a test passes to answers is read by them, and not changed, on every tier.

Each claim is tried on answers in a sandbox and on answers in this process, which are lent the
same arguments.
"""

import functools
import warnings
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dlcore.course.practice.lending import Lender, lent
from dlcore.course.sandbox import arguments, connection, draws
from dlcore.course.sandbox.client import Client

ANSWERS = b"""
import warnings

import numpy as np

kept = []

def edit(x, change="x += 1"):
    exec(change)
    return x

def total(x):
    return float(np.sum(x))

def view(x):
    return x.T

def normalised(x):
    x = x.copy()
    x -= x.mean()
    x[x < 0] = 0
    return np.sort(x)

def call(f, *args, **options):
    return f(*args, **options)

def keep(x):
    kept.append(x)
    return len(kept)

def latest():
    return kept[-1]

def last(items):
    *_, item = items
    return item["w"][0]

def pullback(x):
    def back(y_bar):
        y_bar *= 2
        return y_bar
    return x, back

def draw(rng, n=1):
    return rng.normal(size=n)

def rewound(rng):
    drawn = []
    for steps in range(9):
        state = rng.bit_generator.state
        rng.bit_generator.advance(2**128 - steps)
        drawn.append(rng.normal())
        rng.bit_generator.state = state
    return drawn

def yields(xs):
    xs = sorted(xs)
    while xs:
        yield total(shortened(xs))

def shortened(xs):
    xs.pop()
    return xs

def careless(x):
    warnings.warn("old", DeprecationWarning)
    return np.log(0 * x)

class Keeper:
    def __init__(self, x):
        self.x = x

    def double(self):
        self.x *= 2

    def add(self, x):
        x += 1
        return x
"""
IN_PLACE = {
    "an array": (np.zeros((2, 3)), "x += 1"),
    "a view of every other row": (np.zeros((6, 3))[::2], "x[0, 0] = 1"),
    "an array of whole numbers": (np.arange(4), "x.sort(); x[:] = x[::-1]"),
    "an array of truth values": (np.zeros(3, bool), "np.logical_not(x, out=x)"),
    "an array without axes": (np.array(2.0), "x[...] = 1"),
    "an array that is opened by force": (np.zeros(3), "x.flags.writeable = True; x += 1"),
    "a base that is opened by force": (np.zeros(3), "x.T.base.setflags(write=True); x += 1"),
    "a list": ([3, 1, 2], "x.sort()"),
    "a list in a tuple": (([1], 2), "x[0].append(3)"),
    "a dictionary": ({"a": 1}, "x['b'] = 2"),
    "an entry of a dictionary": ({"a": 1, "b": 2}, "x['a'] = 3"),
    "the order of a dictionary": ({"a": 1, "b": 2}, "x['a'] = x.pop('a')"),
    "a set": ({1, 2}, "x.discard(1)"),
    "an array in a dictionary": ({"w": np.zeros(2)}, "x['w'] += 1"),
    "a name of a dictionary": ({"w": np.zeros(2)}, "x['w'] = x['w'] + 1"),
    "an array in a list in a tuple": (([np.zeros(2)],), "x[0][0][0] = 1"),
    "a list in a dictionary": ({"names": ["a"]}, "x['names'].clear()"),
}  # fmt: skip


@pytest.fixture(scope="module")
def zygote():
    """A process that forks workers, without a lock."""
    zygote = connection.Zygote("T0", numba=False, seconds=2.0)
    yield zygote
    zygote.close()


@pytest.fixture(params=["sandbox", "process"])
def answers(request, zygote):
    """The answers above."""
    if request.param == "sandbox":
        client = Client(connection.Connection(zygote), b"secret")
        with client.answers(ANSWERS, name="exercises.lent", path="exercises/lent.py") as found:
            yield found
    else:
        module = ModuleType("exercises.lent")
        exec(ANSWERS, vars(module))
        yield lent(module, Lender())


def copied(value):
    """Copy a value with all that it holds, for a comparison."""
    return [str(type(value)), repr(value)]


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_is_passed_stays_as_it_is(answers, name):
    """Whoever changes it is refused, and the test sees nothing of the change."""
    value, change = IN_PLACE[name]
    before = copied(value)
    with pytest.raises(ValueError, match=r"read-only|WRITEABLE"):
        answers.edit(value, change)
    assert copied(value) == before


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_is_only_read_is_returned(answers, name):
    """The refusal is for changes: the same values cross when nobody changes them."""
    value, _ = IN_PLACE[name]
    assert copied(answers.edit(value, "pass")) == copied(value)


def test_the_refusal_names_the_container(answers):
    """NumPy speaks of arrays, and the error of a list says that it is a list."""
    with pytest.raises(ValueError, match="an argument is read-only, and this list was changed"):
        answers.edit([1], "x.append(2)")


def test_a_copy_may_be_changed(answers, rng):
    """An answer that copies first computes in place as ever."""
    x = rng.normal(size=7)
    assert_array_equal(answers.normalised(x), np.sort(np.maximum(x - x.mean(), 0)))


def test_a_view_of_an_argument_may_be_returned(answers, rng):
    """It has the values, and cannot be written to by the test either."""
    x = rng.normal(size=(2, 3))
    y = answers.view(x)
    assert_array_equal(y, x.T)
    with pytest.raises(ValueError, match="read-only"):
        y[0, 0] = 1


def test_an_argument_that_is_returned_is_the_tests_own(answers):
    """The test gets back the object that it passed."""
    for value in (np.zeros(2), [1], {"a": 1}, {1}):
        assert answers.edit(value, "pass") is value


def test_an_array_that_got_another_shape_is_another_array(answers):
    """The shape of a copy is its holder's: what is returned has the new one, ours the old."""
    x = np.zeros((2, 3))
    assert answers.edit(x, "x.shape = (6,)").shape == (6,)
    assert x.shape == (2, 3)


def test_what_is_kept_follows_the_test(answers):
    """An answer that keeps an array and no copy sees what the test makes of it, as ever."""
    x = np.zeros(2)
    answers.keep(x)
    x += 7
    answers.total(x)
    assert_array_equal(answers.latest(), [7, 7])


def test_what_is_yielded_again_is_the_same_object(answers):
    """So does one that keeps a dictionary which the test goes on changing."""
    params = {"w": np.zeros(1)}

    def items():
        for step in range(3):
            params["w"][:] = step
            yield params
        params["w"][:] = -1

    assert answers.last(items()) in (-1, 2)
    assert params["w"][0] == -1


def test_what_a_function_of_the_test_returns_cannot_be_changed(answers):
    """The results of callbacks are arguments, too."""
    table = np.ones(3)
    with pytest.raises(ValueError, match="read-only"):
        answers.edit(lambda: table, "y = x(); y += 1")
    rows = [1, 2]
    with pytest.raises(ValueError, match="this list was changed"):
        answers.edit(lambda: rows, "x().reverse()")
    assert (table.tolist(), rows) == ([1, 1, 1], [1, 2])


def test_a_function_of_the_test_receives_copies(answers):
    """What it keeps of a call does not change when the answers go on with their array."""
    seen = []
    answers.edit(seen.append, "y = np.zeros(2); x(y); y += 1; x(y); x([y]); y += 1")
    assert_array_equal(seen[0], [0, 0])
    assert_array_equal(seen[1], [1, 1])
    assert_array_equal(seen[2][0], [1, 1])


@pytest.mark.parametrize("change", ["f(v, x)", "f(v, out=x)", "f(x, x)"])
def test_a_function_of_numpy_writes_nowhere(answers, change):
    """np.cos, passed by a test, takes a second argument: the array to write to."""
    x, v = np.zeros(2), np.ones(2)
    with pytest.raises((ValueError, TypeError)):
        answers.edit((np.cos, x, v), f"f, x, v = x; {change}")
    assert_array_equal(x, np.zeros(2))


def test_a_changed_container_does_not_reach_a_function_of_the_test(answers):
    """The refusal comes where it is passed on, before the function runs."""
    params, seen = {"w": 1.0}, []
    loss = lambda params: seen.append(params["w"]) or params["w"] ** 2
    with pytest.raises(ValueError, match="this dict was changed"):
        answers.edit((loss, params), "f, p = x; p['w'] = 2.0; f(p); p['w'] = 1.0")
    assert (params, seen) == ({"w": 1.0}, [])


def test_pullbacks_and_methods_are_lent_their_arguments(answers):
    """Functions that answers return, constructors and methods are called like any other."""
    y_bar = np.ones(2)
    _, back = answers.pullback(y_bar)
    keeper = answers.Keeper(y_bar)
    for changing in (lambda: back(y_bar), keeper.double, lambda: keeper.add(y_bar)):
        with pytest.raises(ValueError, match="read-only"):
            changing()
    assert_array_equal(y_bar, [1, 1])


def test_answers_may_change_what_is_their_own(answers):
    """A generator of answers that passes its list to a function of theirs is no offender."""
    assert list(answers.yields([3, 1, 2])) == [3, 1, 0]


@pytest.mark.parametrize("spoilt", ["partial", "map", "zip"])
def test_functions_and_iterators_of_any_kind_are_lent(answers, spoilt):
    """A partial function hands out what it holds; map and zip yield what they run over."""
    table = np.zeros(2)
    hold = lambda held: held
    values = {"partial": functools.partial(hold, table), "map": map(hold, [table])}
    change = "y = x() if callable(x) else next(x); y = y[0] if type(y) is tuple else y; y += 1"
    with pytest.raises(ValueError, match="read-only"):
        answers.edit(values.get(spoilt, zip([table])), change)
    assert_array_equal(table, [0, 0])


def test_the_numbers_drawn_before_cannot_be_found_out(answers):
    """Run backwards, the generator that answers receive does not show what a test has drawn."""
    rng = np.random.default_rng(3)
    secret = rng.normal()
    twin = np.random.default_rng(3)
    assert secret == answers.rewound(twin)[0]
    assert secret not in answers.rewound(rng)


def test_a_generator_that_has_drawn_nothing_can_be_compared(answers):
    """A test seeds two generators alike, passes one and draws from the other."""
    one, two = (np.random.default_rng(4) for _ in range(2))
    assert_array_equal(answers.draw(one, 5), two.normal(size=5))


def test_the_test_goes_on_from_a_secret(answers):
    """What answers could draw ahead is not what the test will draw."""
    rng, twin = (np.random.default_rng(4) for _ in range(2))
    answers.draw(rng)
    assert rng.normal() not in twin.normal(size=50)


def test_each_call_draws_its_own_numbers(answers):
    """The same generator, passed twice, is two generators; the same two tomorrow."""
    told = []
    for _ in range(2):
        rng = np.random.default_rng(4)
        told.append([float(answers.draw(rng)[0]) for _ in range(3)])
    assert told[0] == told[1]
    assert len(set(told[0])) == 3


def test_warnings_are_no_errors(answers):
    """log 0 is -inf, and what is deprecated still works; a test may raise both on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(answers.careless(np.ones(2)), [-np.inf, -np.inf])
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        answers.careless(np.ones(2))


def test_a_generator_derived_from_a_parent_is_not_handed_over():
    """The state of a child shows those of its siblings: answers get another one."""
    child = np.random.default_rng(1).spawn(1)[0].bit_generator
    before = child.state
    assert draws.hand_over(child) != before != child.state


def test_a_window_shows_every_kind_of_array():
    """Strides, empty axes, records and objects: the values are those, and none can be written."""
    records = np.zeros(2, [("a", "i4"), ("b", "f8")])
    for array in (np.arange(12.0).reshape(3, 4)[::-2, ::3], np.zeros((0, 2)), records,
                  np.array([None, "x"], object), np.array(3), np.zeros(2, "M8[s]")):  # fmt: skip
        shown = arguments.window(array)
        assert (shown.shape, shown.dtype) == (array.shape, array.dtype)
        assert repr(shown) == repr(array)
        with pytest.raises(ValueError, match="WRITEABLE"):
            shown.flags.writeable = True
