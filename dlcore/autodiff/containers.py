"""Containers of arrays: a dictionary of parameters is as good an argument as one array.

A container is a dictionary, a list or a tuple, and so may its entries be. `take_apart` lists the
arrays in it and keeps the form, `Form.put_together` fills the form with others.

Chapter: book/reverse.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.autodiff.dispatch import Traced, is_traced_at, plain
from dlcore.shapes import ShapeError

CONTAINERS = (dict, list, tuple)
NUMBERS = (int, float, complex)


class Form(NamedTuple):
    """What is left of a container without its arrays; of an array alone, `kind` is None.

    >>> arrays, form = take_apart({"w": np.ones(2), "b": 0.5})
    >>> form.put_together(["one", "other"])
    {'w': 'one', 'b': 'other'}
    """

    kind: type | None
    keys: tuple
    parts: tuple

    def put_together(self, arrays):
        """Fill the form with as many arrays as were taken out, in their order."""
        return fill(self, iter(arrays))

    def arrays_alike(self, function, name, value, kinds):
        """List the arrays of a container of this form: cotangents, tangents, vectors.

        `kinds` lists (shape, dtype) of the arrays that they belong to. Raises TypeError where the
        form differs, ShapeError where a shape does: a number is not stretched to an array.
        """
        given = self.entries(function, name, value)
        pairs = zip(self.names(name), given, kinds, strict=True)
        return [fitted(function, *pair) for pair in pairs]

    def entries(self, function, name, value):
        """List the arrays of another container, in the order of this one, or raise TypeError."""
        if self.kind is None:
            return [value]
        alike = isinstance(value, dict if self.kind is dict else list | tuple)
        if not alike or {*keys_of(value)} != {*self.keys}:
            wanted = f"a {self.kind.__name__} of {', '.join(map(str, self.keys)) or 'nothing'}"
            told = f" of {', '.join(map(str, keys_of(value)))}" if alike else ""
            raise TypeError(
                f"{function}: {name} must be {wanted}, got a {type(value).__name__}{told}"
            )
        pairs = zip(self.keys, self.parts, strict=True)
        return [
            array
            for key, part in pairs
            for array in part.entries(function, f"{name}[{key!r}]", value[key])
        ]

    def names(self, name):
        """Name every array by the way to it:  params['w']."""
        if self.kind is None:
            return [name]
        pairs = zip(self.keys, self.parts, strict=True)
        return [each for key, part in pairs for each in part.names(f"{name}[{key!r}]")]


ARRAY = Form(None, (), ())


def keys_of(container):
    """List the keys of a dictionary, or the positions in a list or tuple.

    >>> keys_of(["one", "other"])
    (0, 1)
    """
    return tuple(container) if isinstance(container, dict) else tuple(range(len(container)))


def is_array_like(value):
    """Tell whether a list holds plain numbers alone, at any depth: NumPy makes an array of it.

    >>> is_array_like([[1.0, 2.0]]), is_array_like([np.ones(2)]), is_array_like([])
    (True, False, False)
    """
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return len(value) > 0 and all(map(is_array_like, value))
    return type(value) in NUMBERS


def take_apart(value):
    """List the arrays in a container, and return its form; an array is its own only one.

    A list of plain numbers counts as an array, as NumPy reads it.

    >>> take_apart([np.ones(1), (2.0, np.zeros(1))])[0]
    [array([1.]), 2.0, array([0.])]
    """
    if not isinstance(value, CONTAINERS) or is_array_like(value):
        return [value], ARRAY
    return take_apart_container(value)


def take_apart_container(container):
    """List the arrays in a container that is one by its own right, and return its form.

    >>> take_apart_container((1.0, 2.0))[0]
    [1.0, 2.0]
    """
    arrays, parts, keys = [], [], keys_of(container)
    for key in keys:
        inside, part = take_apart(container[key])
        arrays += inside
        parts.append(part)
    kind = dict if isinstance(container, dict) else type(container)
    return arrays, Form(kind, keys, tuple(parts))


def fill(form, arrays):
    """Build a container of this form from an iterator of arrays.

    >>> fill(take_apart((1.0, [np.ones(2)]))[1], iter("ab"))
    ('a', ['b'])
    """
    if form.kind is None:
        return next(arrays)
    parts = [fill(part, arrays) for part in form.parts]
    if form.kind is dict:
        return dict(zip(form.keys, parts, strict=True))
    return form.kind(*parts) if hasattr(form.kind, "_fields") else form.kind(parts)


def float_arrays_of(function, xs):
    """List the arrays in the arguments of a derivative, and return their form.

    Raises TypeError, with the entry, where an array does not hold floats: integers have no
    derivative.

    >>> float_arrays_of("grad", ({"w": 2.0},))[0]
    [array(2.)]
    """
    arrays, form = take_apart_container(tuple(xs))
    arrays = [x if isinstance(x, Traced) else np.asarray(x) for x in arrays]
    if any(x.dtype.kind != "f" for x in arrays):
        names = [name for part in form.parts for name in part.names("x")]
        name, x = next(
            pair for pair in zip(names, arrays, strict=True) if pair[1].dtype.kind != "f"
        )
        raise TypeError(
            f"{function}: {name} must hold floats, got {x.dtype}; use {name}.astype(float)"
        )
    return arrays, form


def results_of(function, y):
    """List the arrays in the result of a function, and return their form.

    Raises TypeError, with the entry, where f returned nothing, or something other than floats.

    >>> results_of("grad", (np.ones(2), 3.0))[0]
    [array([1., 1.]), 3.0]
    """
    ends, form = take_apart_container(y) if isinstance(y, CONTAINERS) else ([y], ARRAY)
    for i, end in enumerate(ends):
        if not (isinstance(end, float) or plain(end).dtype.kind == "f"):
            kind = f"an array of {end.dtype}" if np.ndim(end) else type(end).__name__
            raise TypeError(
                f"{function}: {form.names('f(x)')[i]} is {'nothing' if end is None else kind}, "
                "return floats; what has no derivative is returned beside them with has_aux=True"
            )
    return ends, form


def run(function, f, xs, has_aux):
    """Call f; separate the result that is differentiated from the one that is handed through.

    Raises TypeError where `has_aux` is set and f returned no pair, and where f writes a traced
    number into a plain array, which NumPy reports in its own words.

    >>> run("grad", lambda x: (x * x, "seen"), [3.0], has_aux=True)
    (9.0, 'seen')
    """
    try:
        y = f(*xs)
    except ValueError as error:
        if isinstance(error.__cause__, TypeError) and "array element" in str(error):
            raise TypeError(f"{function}: {error.__cause__}") from error
        raise
    if not has_aux:
        return y, None
    if not isinstance(y, tuple) or len(y) != 2:
        raise TypeError(f"{function}: f must return a pair (y, aux), got {type(y).__name__}")
    return y


def without_level(value, level):
    """Take the tracing of one level off every array of a container.

    >>> without_level({"a": 2.0}, level=1)
    {'a': 2.0}
    """
    arrays, form = take_apart(value)
    return form.put_together([a.value if is_traced_at(a, level) else a for a in arrays])


def kinds_of(arrays):
    """List shape and dtype of every array.

    >>> kinds_of([np.ones((2, 3))])
    [((2, 3), dtype('float64'))]
    """
    return [(np.shape(array), plain(array).dtype) for array in arrays]


def fitted(function, name, given, kind):
    """Return a cotangent or a tangent in the dtype of the array that it belongs to.

    Raises ShapeError where it has another shape.

    >>> fitted("jvp", "x_dot", 1, ((), np.dtype(float)))
    np.float64(1.0)
    """
    shape, dtype = kind
    if np.shape(given) != shape:
        raise ShapeError(
            f"{function}: {name} has shape {np.shape(given)} but belongs to an array of shape "
            f"{shape}, pass equal shapes"
        )
    return given if isinstance(given, Traced) else np.asarray(given, dtype)[()]


def owner(array):
    """Return the array that holds the memory of a view.

    >>> x = np.ones(4)
    >>> owner(x[1:]) is x
    True
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def separate(arrays, given):
    """Copy arrays that share memory with each other, or with what the caller has given.

    >>> y_bar = np.ones(2)
    >>> one, other = separate([y_bar, y_bar], [y_bar])
    >>> one is other, one is y_bar
    (False, False)
    """
    taken = [owner(array) for array in given if isinstance(array, np.ndarray)]
    ids, kept = {id(array) for array in taken}, []
    for array in arrays:
        if isinstance(array, np.ndarray):
            if id(owner(array)) in ids or not array.flags.writeable:
                array = array.copy()  # noqa: PLW2901
            ids.add(id(owner(array)))
        kept.append(array)
    return kept
