"""What crosses between two processes that do not trust each other, and how it comes across."""

import collections
import json
import marshal
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dlcore.course.sandbox import client, connection, errors, frame, fuzz, grants, limits, wire
from dlcore.course.sandbox.wire import WireError

SUBMISSION = b"""
import numpy as np

kept = []

def add(x, y=1):
    x += y

def apply(f, *xs):
    return [f(x) for x in xs]

def keep(x):
    kept.append(x)

def same(x):
    return x

def swap(params):
    params["w"] = 0 * params["w"]
    params["b"] -= 1
    params["names"].append("new")

def flatten(x):
    x.reshape(-1)[0] = 9

def at_first(items):
    first, *_ = items
    return first["w"][0], first["step"]

def force(x):
    x.flags.writeable = True
    x += 1

def count():
    n = 0
    while True:
        n += 1
        yield n

def say(rng):
    print("spoken")
    return rng.normal()

class Agreeing(np.ndarray):
    __eq__ = __ne__ = lambda self, other: np.True_

class Lying(float):
    __eq__ = lambda self, other: True
    __hash__ = float.__hash__
    __sub__ = __rsub__ = lambda self, other: 0.0

class Pair:
    def __init__(self, value):
        self.value = value
    def __add__(self, other):
        return Pair(self.value + getattr(other, "value", other))
    __radd__ = __add__
    __eq__ = lambda self, other: True

agreeing, lying = np.zeros(3).view(Agreeing), Lying(2.0)
"""
VALUES = {  # by names that are the same in every process: sets and objects print differently
    f"{i} {type(value).__name__}": value for i, value in enumerate(fuzz.VALUES) if value is not len
}


def crossed(value):
    """Write a value down and read it back."""
    header, parts = wire.encode(value)
    return wire.decode(header, b"".join(parts))


def alike(x, y):
    """Compare two values by types, bits and order."""
    if type(x) is not type(y):
        return False
    if isinstance(x, np.ndarray):
        return (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())
    if isinstance(x, (list, tuple)):
        return len(x) == len(y) and all(map(alike, x, y))
    if isinstance(x, dict):
        return alike([*x.items()], [*y.items()])
    return repr(x) == repr(y) or x == y


@pytest.fixture(scope="module")
def zygote():
    """A process that forks workers, without a lock."""
    zygote = connection.Zygote("T0", seconds=1.0)
    yield zygote
    zygote.close()


@pytest.fixture
def answers(zygote):
    """The submission above, in a worker, for a test that lets it change its arguments."""
    trusted = client.Client(connection.Connection(zygote), b"secret", in_place=True)
    named = {"name": "exercises.wire", "path": "exercises/wire.py"}
    with trusted.answers(SUBMISSION, **named) as found:
        yield found


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_across_as_it_is(name):
    """decode(encode(x)) = x, with its type, its order and the sign of its zeros."""
    assert alike(crossed(VALUES[name]), VALUES[name])


@pytest.mark.parametrize("code", limits.CODES)
def test_every_kind_of_number_keeps_its_bits(code, rng):
    """All fourteen dtypes, with axes of any length, zero included."""
    for shape in [(), (3,), (2, 0), (4, 3, 2)]:
        x = np.asarray(rng.integers(0, 2, size=shape)).astype(f"<{code}")
        assert alike(crossed(x), x)


def test_arrays_arrive_closed():
    """What the trusted side reads cannot be written to."""
    with pytest.raises(ValueError, match="read-only"):
        crossed(np.zeros(3))[0] = 1


@pytest.mark.parametrize(
    "value",
    [np.array([None]), np.array(["a"]), np.zeros(2, "i4,f4"), np.zeros(2, "M8[s]"), object(), len],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}",
)
def test_what_is_no_plain_value_stays(value):
    """Arrays of objects, of strings and of records, and all that would need a pickle."""
    with pytest.raises(WireError, match="write: "):
        wire.encode(value)


def test_a_value_cannot_grow_without_end():
    """Depth, length of strings, size of arrays and of integers are bounded."""
    deep = [[]]
    deep[0].append(deep)
    for value in (deep, "a" * (limits.STRING + 1), 1 << limits.BITS, np.zeros(limits.BODY, "i1")):
        with pytest.raises(WireError, match="write: "):
            wire.encode([value, np.zeros(99)])


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b'{"array":["f8",2]}', b"\0" * 8),
        (b'{"array":["f8",1]}', b"\0" * 32),
        (b'{"array":["b1",16]}', b"\2" * 16),
        (b'{"array":["O",1]}', b"\0" * 16),
        (b'{"array":["f8",-1]}', b""),
        (b'{"array":["f8",true]}', b"\0" * 16),
        (b'{"array":["u1",4294967296,4294967296]}', b""),
        (b'{"array":["u1",0,67108864,67108864]}', b""),
        (b'{"dict":[[[]],[1]]}', b""),
        (b'{"dict":[[1,2],[1]]}', b""),
        (b'{"tuple":1}', b""),
        (b'{"tuple":[],"set":[]}', b""),
        (b'{"pickle":"gASVAA=="}', b""),
        (b'{"complex":["1",2]}', b""),
        (b"9" * 50, b""),
        (b"[" * 5000, b""),
        (b"[" * 900 + b"]" * 900, b""),
        (b"[" + b"0," * limits.NODES + b"0]", b""),
        ('"é"'.encode(), b""),
        (b"", b""),
    ],
    ids=lambda part: part[:24],
)
def test_nonsense_is_refused(header, body):
    """Buffers that are too short or too long, strange types, numbers that wrap around."""
    with pytest.raises(WireError, match="read: "):
        wire.decode(header, body)


def test_keys_that_collide_are_few():
    """A dictionary whose keys share a hash would take the square of its length."""
    tuples = [[*range(9), i] for i in range(limits.ODD + 1)]
    keys = json.dumps([{"tuple": key} for key in tuples])
    header = f'{{"dict":[{keys},{json.dumps([0] * len(tuples))}]}}'.encode()
    with pytest.raises(WireError, match="keys are neither strings nor short numbers"):
        wire.decode(header, b"")


def test_integers_whose_hashes_collide_are_few():
    """Multiples of 2⁶¹ - 1 have the hash 0; short ones are few, and long ones are counted."""
    whole = [{"int": f"{k * (2**61 - 1):x}"} for k in range(20, limits.ODD + 21)]
    zeros = [0] * len(whole)
    for tree in (whole, {"set": whole}, {"dict": [whole, zeros]}):
        with pytest.raises(WireError, match="read: more than"):
            wire.decode(json.dumps(tree).encode(), b"")
    assert len(wire.decode(json.dumps(whole[:9]).encode(), b"")) == 9


@pytest.mark.parametrize(
    "place",
    [[[1, 2, 3]], [(1, 2, 3)], [7], [(-1, "f")], [(True, "f")], [(1 << 60000, "f")], [(1, 2)],
     [(1, "f")] * (errors.FRAMES + 1)],
    ids=["list", "triple", "number", "negative", "truth value", "long", "no name", "many"],
)  # fmt: skip
def test_the_lines_of_an_error_are_checked(place):
    """Few pairs, each of a small number and a name, which is cut and cleaned."""
    with pytest.raises(WireError, match="read: "):
        errors.spots(place)
    ((line, name),) = errors.spots([(3, "\x1b[31m" + "f" * 1000)])
    assert (line, len(name), name[0]) == (3, errors.NAME, "�")


def test_damaged_messages_raise_nothing_else():
    """Every one of them is a value or a WireError, and most are errors."""
    refused, read = fuzz.fuzz(5000, seed=1)
    assert refused > read > 0


def test_the_head_of_a_message_is_checked():
    """Other letters, or more bytes than will be read, are refused before anything is read."""
    magic, *rest = frame.MAGIC, 1, 0, 7
    assert frame.lengths(frame.HEAD.pack(magic, *rest)) == (7, 1, 0)
    for head in (
        frame.HEAD.pack(b"http", *rest),
        frame.HEAD.pack(magic, limits.HEADER + 1, 0, 0),
        frame.HEAD.pack(magic, 0, limits.BODY + 1, 0),
        struct.pack("<4s", magic),
    ):
        with pytest.raises(WireError, match="read: "):
            frame.lengths(head)


def test_an_argument_is_changed_in_place(answers, rng):
    """x += 1 over there is seen here, however the array lies in memory."""
    x = rng.normal(size=(6, 4))
    for view in (x, x.T, x[::2], x[1:, ::3]):
        before = view.copy()
        answers.add(view)
        assert_array_equal(view, before + 1)


def test_memory_is_laid_out_as_it_was(answers):
    """A view of all numbers in a row exists for contiguous arrays, and for no others."""
    x = np.zeros((3, 4))
    answers.flatten(x)
    answers.flatten(x[:, 1:])
    assert x.sum() == 9


def test_an_array_that_is_closed_stays_closed(answers):
    """The answer meets the error that it would meet here."""
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        answers.add(x)


def test_a_closed_array_cannot_be_forced(answers):
    """NumPy refuses to open the copy of it, too."""
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="cannot set WRITEABLE flag to True"):
        answers.force(x)
    assert_array_equal(x, np.zeros(3))


def test_containers_are_changed_in_place(answers):
    """The dictionary, its list and its arrays are the same objects afterwards."""
    w, b, names = np.ones(2), np.ones(3), ["old"]
    params = {"w": w, "b": b, "names": names}
    answers.swap(params)
    assert_array_equal(b, np.zeros(3))
    assert_array_equal(w, np.ones(2))
    assert_array_equal(params["w"], np.zeros(2))
    assert params["b"] is b
    assert params["names"] is names == ["old", "new"]


def test_the_same_object_comes_back(answers):
    """An array, a list and a function of a test have their identity on both sides."""
    for value in (np.zeros(2), [1], {"a": 1}, lambda x: x):
        assert answers.same(value) is value


def test_what_is_yielded_again_is_the_same_object(answers):
    """Who keeps the dictionary and no copy keeps what it becomes."""
    params = {"w": np.zeros(1), "step": 0}

    def items():
        for step in range(3):
            params["w"][:] = params["step"] = step
            yield params

    assert answers.at_first(items()) == (2, 2)


def test_functions_of_a_test_run_here(answers):
    """They are called back, count their calls, and their exceptions come back as themselves."""
    asked = []
    assert answers.apply(lambda x: asked.append(x) or x + 1, 1, 2.5) == [2, 3.5]
    assert asked == [1, 2.5]
    error = LookupError("mine")

    def fail(x):
        raise error

    with pytest.raises(LookupError) as caught:
        answers.apply(fail, 1)
    assert caught.value is error


def test_an_array_of_its_own_kind_is_a_plain_one(answers):
    """An ndarray that agrees with everything agrees with nothing any more."""
    assert type(answers.agreeing) is np.ndarray
    assert (answers.agreeing != 1).all()
    assert (type(answers.lying), answers.lying) == (float, 2.0)


def test_an_object_has_no_say_in_its_equality(answers):
    """It can be computed with; it cannot be compared, hashed or taken for true."""
    pair = 1.5 + answers.Pair(2)
    assert pair.value == 3.5
    for refused in (lambda: pair == 3.5, lambda: pair != 3.5, lambda: {pair}, lambda: bool(pair)):
        with pytest.raises(TypeError, match="an object of type Pair was returned"):
            refused()
    with pytest.raises(TypeError, match="no array"):
        np.asarray(pair)


def test_an_endless_generator_ends(answers, monkeypatch):
    """So many items are pulled, and no more."""
    monkeypatch.setattr("dlcore.course.sandbox.remote.PULLS", 20)
    with pytest.raises(RuntimeError, match="more than 20 items"):
        list(answers.count())


def test_what_will_be_drawn_is_not_known(answers):
    """The worker has the generator as it was; here it goes on from a secret."""
    rng, twin, other = (np.random.default_rng(5) for _ in range(3))
    known = other.normal(size=9)
    assert answers.say(rng) == answers.say(twin) == known[0]
    after = rng.normal()
    assert after == twin.normal()
    assert after not in known


def test_what_is_printed_is_kept(answers):
    """It can be read when the worker has ended."""
    answers.say(np.random.default_rng(0))
    line = answers._client.connection
    line.end()
    assert line.printed == "spoken\n"


@pytest.mark.parametrize(
    ("operation", "args"),
    [
        ("getattr", (max, "__self__")),
        ("getattr", (max, "mro")),
        ("call", (print, 1)),
        ("system", (max,)),
        ("mul", (collections.deque([1]), 10**9)),
        ("ufunc", ("save", "__call__", max)),
        ("ufunc", ("add", "outer", max)),
        ("function", ("save", max)),
        ("function", ("sum", [1])),
    ],
    ids=str,
)
def test_little_is_granted_to_a_submission(operation, args):
    """Objects that were not given, private names, functions that write, memory without end."""
    owned = lambda value: value is max or isinstance(value, collections.deque)
    with pytest.raises((TypeError, AttributeError)):
        grants.permitted(operation, args, {}, owned)


def test_large_results_are_refused_before_they_are_computed():
    """A watched array times another one, or an integer squared again and again."""

    class Watched:
        value, size = 1, 5000

    wide, long = Watched(), Watched()
    long.value, long.size = 1 << 5000, 1
    for pair, refusal in (((wide, wide), MemoryError), ((long, 2), OverflowError)):
        for name in ("mul", "ufunc"):
            before = ("multiply", "__call__") if name == "ufunc" else ()
            with pytest.raises(refusal):
                grants.permitted(name, (*before, *pair), {}, lambda x: isinstance(x, Watched))


def test_the_clock_stops_for_those_who_wait(zygote, tmp_path, monkeypatch):
    """Seconds in a queue for the processor are not counted; sleep is, and so is all work."""
    line, account = connection.Connection(zygote), tmp_path / "schedstat"
    monkeypatch.setattr(line, "tasks", lambda: [account])
    line.waited = 25.0
    for computed, queued, own in ((2, 20, 5), (8, 20, 8), (0, 0, 25)):
        account.write_text(f"{computed * 10**9} {queued * 10**9} 7")
        assert line.own_seconds() == own
    line.end()


def test_the_accounts_of_a_worker_are_its_own(zygote):
    """The kernel says which process writes; its first thread is named like the process."""
    line = connection.Connection(zygote)
    assert line.tasks()[0].parent.name == str(line.pid)
    assert line.pid != zygote.process.pid
    line.end()


def test_a_submission_is_compiled_once(zygote):
    """What the first worker has compiled is handed to the next one as it came, and not read."""
    compiled, named = {}, {"name": "exercises.wire", "path": "exercises/wire.py"}
    for _ in range(2):
        trusted = client.Client(connection.Connection(zygote), b"secret")
        with trusted.answers(b"def one():\n    return 1\n", **named, compiled=compiled) as found:
            assert found.one() == 1
    source, program = compiled.popitem()
    assert marshal.loads(program).co_filename == "exercises/wire.py"
    compiled[source] = b"what a submission may have written"
    trusted = client.Client(connection.Connection(zygote), b"secret")
    garbled = trusted.answers(source, **named, compiled=compiled)
    with pytest.raises((ValueError, EOFError, TypeError)), garbled:
        pass


def test_a_long_program_is_compiled_anew(zygote):
    """It would be sent to and fro; a test sees no difference."""
    source = b"x = [" + b"0.5, 'a', " * 50_000 + b"]\nz = 3\n"
    compiled, named = {}, {"name": "exercises.wire", "path": "exercises/wire.py"}
    trusted = client.Client(connection.Connection(zygote), b"secret")
    with trusted.answers(source, **named, compiled=compiled) as found:
        assert found.z == 3
    assert not compiled
