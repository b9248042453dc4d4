"""Calls of NumPy's functions, drawn at random: what a parameter may be, and what it may not.

A parameter is passed by position or by name. Among its values are axes that do not exist, that
are negative or repeated, empty arrays and arrays without axes, and numbers of three precisions.
"""

from inspect import Parameter, signature
from typing import NamedTuple

import numpy as np

SHAPES = [(), (1,), (3,), (4,), (0,), (2, 3), (3, 3), (1, 3), (3, 1), (0, 3), (2, 1, 3), (2, 3, 4)]
AXIS = [None, 0, 1, -1, -2, 2, -3, 5, -4, (0,), (0, 1), (0, -1), (1, 1), (0, 5), (), 1.5]
SINGLE = [0, 1, -1, -2, 2, -3, 5, -4]
MATRICES = [(3, 3), (2, 2), (1, 1), (2, 3, 3), (2, 3), (3,), (0, 0)]
THREES = [(3,), (2, 3), (3, 3), (1, 3), (4,), (2, 1, 3)]
KEYS = [0, 2, [0, 2, 1], [[0, -1], [1, 1]], -1, 7, [], True]

POOLS = {  # values for a parameter of this name
    "axis": AXIS, "axis1": SINGLE, "axis2": SINGLE, "axisa": SINGLE, "axisb": SINGLE,
    "axisc": SINGLE, "keepdims": [False, True, 1], "dtype": [None, np.float64, np.float32],
    "out": [None], "initial": [0.0, 2.0], "where": [True], "order": ["C", "F", "A", "K", None],
    "ddof": [0, 1, 0.5], "correction": [0, 1], "mean": [0.0], "casting": ["same_kind", "unsafe"],
    "copy": [None, True], "subok": [True, False], "axes": [None],
    "shape": [-1, (-1,), (3, -1), 6, (2, 3), (3, 2), (7,), (-1, -1), (0, -1), (), (2, 3, 4), (3,)],
    "source": [0, 1, -1, (0, 1), (0, 0), 4], "destination": [0, 1, -1, -2, (1, 0), (-1, 0), 4],
    "a_min": [None, -0.5, 0.0, [-1.0, 0.0, 0.5]], "a_max": [None, 0.5, 1.0, -1.0],
    "min": [None, -0.5], "max": [None, 0.5], "n": [0, 1, 2, 3, -1], "k": [0, 1, -1, 2, -5],
    "offset": [0, 1, -1, 3, -4], "prepend": [0.0, [[1.0], [2.0]], [1.0, 2.0]],
    "append": [0.0, [[1.0], [2.0]], [1.0, 2.0]], "kind": [None, "stable", "heapsort"],
    "stable": [None, True], "shift": [1, -1, 0, 5, (1, 2), (1,)], "pad_width": [1, (1, 2),
    ((1, 0), (0, 2)), 0, -1, ((1,), (2,))], "mode": ["constant", "edge", "reflect", "wrap",
    "symmetric", "mean", "odd"], "repeats": [2, 0, [1, 2, 0], -1, [1, 2]], "reps": [2, (2, 1),
    (1, 2, 3), 0, ()], "indices_or_sections": [1, 2, 3, [1, 2], [0, 5], 0], "indices": KEYS,
    "left": [None, 7.0], "right": [None, -7.0], "period": [None, 2.0], "deg": [False],
    "UPLO": ["L", "U", "X"], "upper": [False, True], "hermitian": [False], "ord": [None, 2, "fro",
    1, np.inf, -np.inf, -1, "nuc", 0, 3, 2.5, -2, "xyz"], "full_matrices": [True, False],
    "compute_uv": [True, False], "optimize": [False, True], "obj": [0, [0, 1], 5, slice(1, 2)],
    "new_shape": [4, (2, 3), (2, 5), 0], "weights": [None], "returned": [False],
    "decimals": [0, 2], "nan": [0.0, 1.0], "posinf": [None, 5.0], "neginf": [None, -5.0],
    "overwrite_input": [False], "window_shape": [1, 2, (2, 2), 9], "writeable": [False],
    "ndmin": [0, 2], "ndmax": [0], "device": [None], "edge_order": [1], "dx": [1.0, 0.5],
    "lengths": [None], "condition": [[True, False, True], [False], [True, True]],
    "start": [0, 1, -1, 4], "sorter": [None], "side": ["left", "right"], "bias": [False],
    "rowvar": [True, False], "sparse": [False, True], "indexing": ["ij", "xy"],
    "fill_value": [2.0], "step": [1], "stop": [1], "kth": [0, 1, -1, 2, [0, 2], 9],
    "num": [0, 1, 2, 5, -1, 2.5], "endpoint": [True, False], "retstep": [False, True],
    "default": [0, 0.5, np.float64(2.0)],
}  # fmt: skip


class Call(NamedTuple):
    """A call: a function, its arguments, and the arrays among them that are to be traced."""

    function: object
    args: list
    options: dict
    traced: list  # positions among the arrays of the call, in their order

    def arrays(self):
        """List the arrays of the call that may be traced: floats, in lists too."""
        found = []
        self.rebuild(lambda x: found.append(x) or x)
        return found

    def rebuild(self, change):
        """Return arguments and options with every array of floats put through `change`."""

        def visit(value):
            if isinstance(value, list) and any(isinstance(each, np.ndarray) for each in value):
                return [visit(each) for each in value]
            floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
            return change(value) if floats else value

        args = [visit(value) for value in self.args]
        return args, {name: visit(value) for name, value in self.options.items()}

    def at(self, changed):
        """Return arguments and options with the traced arrays replaced."""
        replaced = dict(zip(self.traced, changed, strict=True))
        places = iter(range(len(self.arrays())))

        def change(x):
            place = next(places)
            return replaced.get(place, x)

        return self.rebuild(change)

    def __repr__(self):
        said = [said_of(value) for value in self.args]
        said += [f"{name}={said_of(value)}" for name, value in self.options.items()]
        return f"{self.function.__name__}({', '.join(said)}), traced {self.traced}"


def said_of(value):
    """Write an argument down: small arrays as they are, others by dtype and shape."""
    if isinstance(value, list):
        return f"[{', '.join(map(said_of, value))}]"
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}"
    return getattr(value, "__name__", None) or repr(value)


SHAPES_OF = {  # other shapes for the arrays of a function
    **dict.fromkeys(
        ("det", "inv", "slogdet", "cholesky", "eigh", "eigvalsh", "matrix_power"), MATRICES
    ),
    "cross": THREES,
    "interp": [(4,)],
}
ARRAYS = {  # the parameters that hold arrays, where it is not the first alone
    "dot": 2, "inner": 2, "vdot": 2, "outer": 2, "kron": 2, "cross": 2, "tensordot": 2,
    "where": 3, "solve": 2, "append": 2, "interp": 3, "vecdot": 2, "broadcast_arrays": 3,
    "atleast_1d": 2, "atleast_2d": 2, "atleast_3d": 2, "meshgrid": 2, "convolve": 2,
    "linspace": 2,
}  # fmt: skip
UNTAKEN = {"dtype", "out", "initial", "where", "casting", "subok", "mean", "order", "axes"}
GUFUNC = {"axis", "axes", "keepdims"}  # only some of the ufuncs have them
SHIFT = {"arccosh": 4.0}  # into the domain of a function, when its slopes are measured
FINITE = {
    "inner",
    "dot",
    "vdot",
    "tensordot",
    "matmul",
    "vecdot",
    "einsum",
    "kron",
    "multi_dot",
    "svd",
    "svdvals",
    "norm",
    "matrix_norm",
    "eigh",
    "eigvalsh",
    "interp",
    "matrix_power",
}
LISTS = {"concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "multi_dot"}
SUBSCRIPTS = {  # with the shapes of the operands
    "ij,jk->ik": [(2, 3), (3, 4)], "ij,jk": [(2, 3), (3, 4)], "ii->i": [(3, 3)], "ii": [(3, 3)],
    "i,i->": [(3,), (3,)], "...ij,...jk->...ik": [(2, 2, 3), (3, 4)], "ji": [(2, 3)],
    "ij->": [(2, 3)], "i,j,k->kij": [(2,), (3,), (4,)], "...i->...": [(2, 3, 4)],
    "iij->j": [(3, 3, 2)], "ij,ij->i": [(2, 3), (1, 3)], "ij,jk->il": [(2, 3), (3, 4)],
    "i,i": [(2,), (3,)], "i...,i...->...": [(2, 3), (2, 1)], "ij->ii": [(2, 2)],
}  # fmt: skip


def floats(shape, rng, kind):
    """Draw numbers, all over the line or with those at which a function may be special."""
    if not kind.special:
        return rng.normal(size=shape)
    odd = [0.0, 1.0, -1.0, 2.0, 0.5, -0.5]
    return rng.choice(odd if kind.finite else [*odd, np.inf, -np.inf, np.nan, 800.0], shape)


class Kind(NamedTuple):
    """Which numbers the arrays of a call hold."""

    dtype: type | None = None  # of all floats; None for a random one
    special: bool = False  # numbers at which functions are special, such as 0 and infinity
    finite: bool = False  # without infinity and NaN, with which LAPACK does nothing of use


def draw_array(shapes, rng, kind):
    """Draw an array of one of the shapes: float64 mostly, in C order or another."""
    shape = shapes[rng.integers(len(shapes))]
    dtype = kind.dtype or rng.choice([np.float64, np.float64, np.float32, np.float16])
    x = np.asarray(floats(shape, rng, kind), dtype)
    return np.asfortranarray(x) if x.ndim > 1 and rng.random() < 0.3 else x


def related(x, shapes, rng, kind):
    """Draw an array to go with `x`: of its shape, of one that broadcasts, or of any."""
    near = [x.shape, x.shape, x.shape[1:], x.shape[::-1], (1,), ()]
    y = draw_array(near if rng.random() < 0.7 else shapes, rng, kind)
    y = y.astype(x.dtype) if rng.random() < 0.7 else y
    whole = kind.dtype is None and rng.random() < 0.1
    return (y > 0).astype(rng.choice([bool, np.int64])) if whole else y


def draw(function, rng, dtype=None):
    """Draw a call of `function`; with a `dtype` all its floats have it, and none is special."""
    name = function.__name__
    special = dtype is None and rng.random() < 0.2
    kind = Kind(dtype, special, special and name in FINITE)
    if name == "einsum":
        subscripts = rng.choice(list(SUBSCRIPTS))
        arrays = [draw_array([shape], rng, kind) for shape in SUBSCRIPTS[subscripts]]
        written = interleaved if rng.random() < 0.3 else lambda text, xs: [text, *xs]
        return traced(function, written(str(subscripts), arrays), {}, rng)
    arrays = arrays_for(function, rng, kind)
    if dtype is not None and name in SHIFT:
        arrays = [x + dtype(SHIFT[name]) for x in arrays]
    args, options = parameters(function, arrays, rng, usual=dtype is not None)
    if name == "gradient" and args:
        args += spacings(args[0], rng)
    call = traced(function, args, options, rng)
    return call if call.traced else draw(function, rng, dtype)


def interleaved(subscripts, arrays):
    """Write index notation as lists of numbers, one after every array, and one for the result."""

    def numbers(letters):
        letters = letters.replace("...", ".")
        return [Ellipsis if letter == "." else ord(letter) - ord("a") for letter in letters]

    left, arrow, right = subscripts.partition("->")
    pairs = zip(arrays, left.split(","), strict=True)
    args = [each for x, letters in pairs for each in (x, numbers(letters))]
    return [*args, numbers(right)] if arrow else args


def spacings(f, rng):
    """Draw the spacing of samples: none, numbers, or the coordinates of three."""
    coordinates = np.cumsum(np.exp(rng.normal(size=3))).astype(np.result_type(f, np.float16))
    several = [(), (), (0.5,), (0.5, 2.0), (coordinates,), (2.0, coordinates)]
    return several[rng.integers(len(several))]


def arrays_for(function, rng, kind):
    """Draw the arrays that a function is about, which are its first arguments."""
    name = function.__name__
    shapes = SHAPES_OF.get(name, SHAPES)
    arrays = [draw_array(shapes, rng, kind)]
    many = ARRAYS.get(name, getattr(function, "nin", 1))
    if name in LISTS or name == "select":
        many = int(rng.integers(1, 4))
    arrays += [related(arrays[0], shapes, rng, kind) for _ in range(many - 1)]
    if name in LISTS:
        arrays = [arrays]
    if name == "where" and rng.random() < 0.7:
        arrays[0] = arrays[0] > 0
    if name == "select":
        conditions = [related(x, [x.shape], rng, kind) for x in arrays]
        some = rng.random() < 0.1
        arrays = [[each if some else each > 0 for each in conditions], arrays]
    if name == "interp":
        arrays[1] = np.cumsum(np.exp(rng.normal(size=4))).astype(arrays[0].dtype)
    return arrays


def parameters(function, arrays, rng, *, usual):
    """Give some parameters a value each, by position as far as a random one, then by name.

    The `usual` ones do without those that no rule covers.
    """
    declared = list(signature(function).parameters.values())
    if declared[0].kind is Parameter.VAR_POSITIONAL:
        declared, args = declared[1:], list(arrays)
        arrays, by_position = [], 0
    else:
        args, by_position = [], int(rng.integers(0, len(declared) + 1))
    options = {}
    for i, p in enumerate(declared):
        if p.kind is Parameter.POSITIONAL_ONLY or i < len(arrays):
            wanted = True
        else:
            wanted = p.default is Parameter.empty or rng.random() < 0.4
        if p.kind in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL):
            continue
        if p.name in ("signature", "like") or (p.name in GUFUNC and isinstance(function, np.ufunc)):
            continue
        given = arrays[i] if i < len(arrays) else pick(function, p, rng)
        if usual and p.name in UNTAKEN:
            given = np.float64 if p.default is Parameter.empty else p.default
        positional = p.kind is Parameter.POSITIONAL_ONLY or i < by_position
        if positional and len(args) == i and p.kind is not Parameter.KEYWORD_ONLY:
            args.append(given)
        elif wanted:
            options[p.name] = given
    return args, options


def pick(function, parameter, rng):
    """Draw a value for a parameter from the pool of its name."""
    pool = POOLS_OF.get((function.__name__, parameter.name), POOLS.get(parameter.name))
    if pool is None:
        raise KeyError(f"{function.__name__}: no values for {parameter.name}")
    return pool[rng.integers(len(pool))]


POOLS_OF = {
    ("transpose", "axes"): [None, (1, 0), (0,), (-1, 0), (0, 0), (2, 0, 1), (0, 3), (), (0, 1)],
    ("swapaxes", "axis1"): SINGLE,
    ("expand_dims", "axis"): [0, 1, -1, -2, 5, (0, 1), (0, -1), (0, 0), 3],
    ("reshape", "order"): ["C", "F", "A", "K", "Z"],
    ("broadcast_to", "shape"): [(3,), (2, 3), (4, 2, 3), 3, (), (0,), (3, 3), (1, 1), (-1, 3)],
    ("tensordot", "axes"): [2, 1, 0, (0, 0), ([0], [0]), ([0, 1], [0, 1]), (-1, 0), (5, 0), 3],
    ("repeat", "axis"): [None, 0, 1, -1, 5],
    ("roll", "axis"): [None, 0, 1, -1, 5, (0, 1), (0, 0)],
    ("sort", "order"): [None],
    ("take", "mode"): ["raise", "wrap", "clip", "xyz"],
    ("take_along_axis", "indices"): [np.array([0]), np.array([[0, 1]]), np.array([[0], [1]])],
    ("array", "order"): ["K"],
    ("array", "copy"): [True],
    ("matrix_power", "n"): [0, 1, 2, 3, -1, 5],
    ("round", "out"): [None],
    ("rot90", "axes"): [(0, 1), (1, 0), (0, 0), (0, 5)],
    ("rollaxis", "axis"): SINGLE,
    ("convolve", "mode"): ["full", "same", "valid"],
    ("trapezoid", "x"): [None],
    ("gradient", "axis"): [None, 0, -1, 2, (0, 1), (1, 1), ()],
    ("gradient", "edge_order"): [1, 2, 3],
    ("astype", "dtype"): [np.float64, np.float32, np.float16, "float64", np.int64, bool, str],
    ("astype", "copy"): [True, False],
    ("partition", "axis"): [None, 0, 1, -1, 5],
    ("partition", "order"): [None],
    ("partition", "kind"): ["introselect", "quicksort"],
    ("linspace", "axis"): SINGLE,
    ("vector_norm", "ord"): [2, 1, np.inf, -np.inf, 0, 3],
    ("matrix_norm", "ord"): ["fro", "nuc", 1, 2, -1, -2, np.inf],
    ("sliding_window_view", "axis"): [None, 0, -1, (0, 1)],
}


def traced(function, args, options, rng):
    """Choose which arrays of a call are traced: one at least."""
    call = Call(function, args, options, [])
    count = len(call.arrays())
    chosen = [i for i in range(count) if rng.random() < 0.7] or list(range(count))[:1]
    return call._replace(traced=chosen)
