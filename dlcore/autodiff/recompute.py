"""Less memory for more time: a part of a program runs once more in the backward pass.

Chapter: book/reverse.md.
"""

from contextlib import contextmanager
from functools import wraps

import numpy as np

from dlcore.autodiff.arguments import at_places
from dlcore.autodiff.containers import CONTAINERS, results_of, take_apart, take_apart_container
from dlcore.autodiff.dispatch import plain, top_trace
from dlcore.autodiff.forward import jvp
from dlcore.autodiff.reverse import vjp

GENERATORS = np.random.Generator | np.random.RandomState


def checkpoint(f, *, state=()):
    """Return f, of which a tape keeps the arguments only; the backward pass runs f again.

    The arrays that are differentiated must be arguments of f, containers if you like. In the
    second run generators among the arguments start where they started in the first. `state` names
    what f uses besides and changes: other generators, and arrays that it overwrites, such as
    running statistics. Afterwards all of them are as the first run left them. Raises TypeError
    where f uses another traced array; the pullback raises RuntimeError where the second run gives
    another result than the first.

    >>> from dlcore import grad
    >>> grad(lambda x: checkpoint(np.sin)(x) * x)(0.0)
    np.float64(0.0)
    """

    @wraps(f, updated=())
    def recomputed(*args, **options):
        arrays, form = take_apart_container((*args, options))
        if top_trace(arrays) is None:
            return require_plain(f(*args, **options))

        def run(*arrays):
            *args, options = form.put_together(arrays)
            return f(*args, **options)

        segment = Segment(run, len(arrays))
        segment.remember([a for a in arrays if isinstance(a, GENERATORS)] + take_apart(state)[0])
        return segment.unpack(segment(*arrays))

    return recomputed


class Segment:
    """A part of a program that takes the place of a primitive: its rules run it once more.

    >>> segment = Segment(np.sin, 1)
    >>> segment.vjp(np.float64(0.0), np.float64(0.0), np.float64(1.0), argnums=[0])
    (np.float64(1.0),)
    """

    def __init__(self, f, many):
        self.f, self.many = f, many
        self.form, self.shapes, self.before = None, (), []

    def remember(self, changing):
        """Keep what generators and arrays are before the first run."""
        self.before = [(each, snapshot(each)) for each in changing]

    def __call__(self, *arrays):
        """Compute y, or let the trace among the arguments record it."""
        trace = top_trace(arrays)
        if trace is not None:
            return trace.record(self, arrays, {})
        return require_plain(self.pack(*arrays))

    def pack(self, *arrays):
        """Run f, and lay its results end to end where it has several."""
        y = self.f(*arrays)
        ends, self.form = results_of("checkpoint", y)
        self.shapes = [np.shape(end) for end in ends]
        if not isinstance(y, CONTAINERS):
            return y
        return np.concatenate([np.reshape(end, (-1,)) for end in ends])

    def unpack(self, y):
        """Cut apart what `pack` has laid end to end."""
        if self.form.kind is None:
            return y
        stops = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        ranges = zip([0, *stops], [*stops, None], self.shapes, strict=True)
        parts = [np.reshape(y[start:stop], shape) for start, stop, shape in ranges]
        return self.form.put_together(parts)

    def positions(self, arrays):
        """Name the positions of the arguments that hold floats."""
        return [i for i, x in enumerate(arrays) if plain_kind(x) == "f"]

    def laid_out(self, arrays):
        """Return the arguments as they are: no memory order is wanted of them."""
        return arrays

    def jvp(self, y, *arrays_and_dots):
        """Run f on dual numbers:  ẏ."""
        arrays, dots = arrays_and_dots[: self.many], arrays_and_dots[self.many :]
        places = self.positions(arrays)
        xs, f_of_xs = [arrays[i] for i in places], at_places(self.pack, places, arrays)

        def push(*xs_and_dots):
            with replayed(self.before):
                return jvp(f_of_xs, xs_and_dots[: len(xs)], xs_and_dots[len(xs) :])[1]

        return checkpoint(push)(*xs, *dots)

    def vjp(self, y, *arrays_and_bar, argnums):
        """Record f now, and pull ȳ back:  x̄ᵢ, for the arguments at `argnums`."""
        *arrays, y_bar = arrays_and_bar
        xs, f_of_xs = [arrays[i] for i in argnums], at_places(self.pack, argnums, arrays)

        def pull(*xs_and_bar):
            *xs, y_bar = xs_and_bar
            with replayed(self.before):
                again, pullback = vjp(f_of_xs, *xs, release=True)
            require_same(again, y)
            return pullback(y_bar)

        return checkpoint(pull)(*xs, y_bar)


def require_plain(y):
    """Return a result of plain arrays; raise TypeError where one of them is traced.

    >>> require_plain((1.0, 2.0))
    (1.0, 2.0)
    """
    if top_trace(take_apart(y)[0]) is not None:
        raise TypeError(
            "checkpoint: f uses a traced array that is none of its arguments, pass it as one"
        )
    return y


def require_same(again, y):
    """Raise RuntimeError where a second run gave another result than the first.

    >>> require_same(np.float64(2.0), np.float64(2.0))
    """
    if not np.array_equal(plain(again), plain(y), equal_nan=True):
        raise RuntimeError(
            "checkpoint: f gave another result when it ran again, name the generators that it "
            "draws from and the arrays that it changes in `state`"
        )


def plain_kind(value):
    """Name the kind of the numbers in an array, as NumPy's letter; "" for what is no array.

    >>> plain_kind(2.0), plain_kind(np.arange(3)), plain_kind([2.0])
    ('f', 'i', '')
    """
    return "f" if isinstance(value, float) else getattr(getattr(value, "dtype", None), "kind", "")


def snapshot(changing):
    """Return what a generator or an array is at this moment.

    >>> snapshot(np.ones(2))
    array([1., 1.])
    """
    if isinstance(changing, np.random.Generator):
        return changing.bit_generator.state
    return changing.get_state() if isinstance(changing, np.random.RandomState) else changing.copy()


def put_back(changing, before):
    """Let a generator or an array be again what it was at a moment.

    >>> x = np.ones(2)
    >>> put_back(x, np.zeros(2))
    >>> x
    array([0., 0.])
    """
    if isinstance(changing, np.random.Generator):
        changing.bit_generator.state = before
    elif isinstance(changing, np.random.RandomState):
        changing.set_state(before)
    else:
        changing[...] = before


@contextmanager
def replayed(before):
    """Go back to an earlier moment inside a ``with`` block.

    >>> x = np.ones(2)
    >>> with replayed([(x, np.zeros(2))]):
    ...     x.tolist()
    [0.0, 0.0]
    >>> x
    array([1., 1.])
    """
    now = [(changing, snapshot(changing)) for changing, _ in before]
    try:
        for changing, was in before:
            put_back(changing, was)
        yield
    finally:
        for changing, was in now:
            put_back(changing, was)
