"""The vocabulary: every array shape in the book, named once.

Capitals count, small letters contain: ``x`` is an array, ``N`` is a number.

===========  ==========================================================
N            examples in a batch
C, F         channels in; channels out, one per filter
H, W         height and width in
P, Q         height and width out
U, V         height and width of a filter
D, M         features in, features out
K            classes
===========  ==========================================================

A signature says which axes an array must have; `checked` holds every call to it. An axis
may be a part of one: ``C/groups`` is as long as C divided by the option of that name. Dots
at the end stand for further axes, the same ones in all arrays of a signature.
"""

from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Integers = NDArray[np.integer]
Booleans = NDArray[np.bool_]

# fmt: off
Features = Annotated[Array, "N D"]        # a batch of feature vectors
Hidden   = Annotated[Array, "N M"]        # what a linear layer makes of them
Weights  = Annotated[Array, "D M"]        # a linear map, acting from the right
Bias     = Annotated[Array, "M"]          # one offset per mixture
Scores   = Annotated[Array, "N K"]        # one score per class
Losses   = Annotated[Array, "N"]          # one number per example
Labels   = Annotated[Integers, "N"]       # the right class of each example
ManyScores = Annotated[Array, "N K ..."]  # the same, for every pixel, say
ManyLosses = Annotated[Array, "N ..."]
ManyLabels = Annotated[Integers, "N ..."]
Images   = Annotated[Array, "N C H W"]    # a batch of images, channels first
Filters  = Annotated[Array, "F C/groups U V"]  # a bank of filters
Offsets  = Annotated[Array, "F"]          # one offset per filter
Maps     = Annotated[Array, "N F P Q"]    # a batch of feature maps
Pooled   = Annotated[Array, "N C P Q"]    # images with fewer pixels
Channels = Annotated[Array, "N C ..."]    # channels, each a number or a whole map
PerChannel = Annotated[Array, "C"]        # one number for each of them
Means    = Annotated[Array, "N C"]        # one number per channel
Scalar   = Annotated[Array, ""]           # a number
Tensor   = Annotated[Array, "..."]        # any shape at all
Mask     = Annotated[Booleans, "..."]     # yes or no, for every entry
Bits     = Annotated[Integers, "..."]     # the same, eight examples in a byte
# fmt: on


KEPT = 4096  # combinations of shapes that a function remembers to be right


class ShapeError(ValueError):
    """Two axes that share a letter differ in size, or an array has other axes than declared.

    It is a ValueError. The message names the function, the letter or the argument, both values
    and both arrays.

    >>> from dlcore.ops import squared_error
    >>> squared_error(np.ones((5, 3)), np.ones((5, 4)))
    Traceback (most recent call last):
    dlcore.shapes.ShapeError: squared_error: K is 3 in x but 4 in z (axes (N, K), shape (5, 4))
    """


class Claim(NamedTuple):
    """What a signature says of one array: its name, its axes, and the kind of its numbers.

    >>> Claim("x", ("N", "D"), "f").letters
    '(N, D)'
    """

    name: str
    axes: tuple[str, ...] | None  # None where any shape will do
    kind: str  # the kinds of numbers allowed, in NumPy's letters

    @property
    def letters(self):
        """Spell the axes as an error does:  (N, D)."""
        return "(" + ", ".join(self.axes) + ")"


KINDS = {Array: "f", Integers: "iu", Booleans: "b"}
WORDS = {"f": "floats", "iu": "integers", "b": "booleans", "fiub": "real numbers"}


def claim(name, annotation):
    """Read an annotation such as ``Annotated[Array, "N D"]``; None where it declares no array.

    >>> claim("x", Features)
    Claim(name='x', axes=('N', 'D'), kind='f')
    """
    if not hasattr(annotation, "__metadata__"):
        return None
    axes = annotation.__metadata__[0]
    kind = KINDS[annotation.__origin__]
    if axes == "...":
        return Claim(name, None, "fiub" if kind == "f" else kind)
    return Claim(name, tuple(axes.split()), kind)


def contract(function):
    """List the claims on the positional arguments of `function`, and the one on its result.

    >>> def norms(x: Features, *, order=2) -> Losses: ...
    >>> inputs, output = contract(norms)
    >>> [claim.letters for claim in (*inputs, output)]
    ['(N, D)', '(N)']
    """
    declared = signature(function)
    inputs = [
        claim(name, parameter.annotation)
        for name, parameter in declared.parameters.items()
        if parameter.kind is not Parameter.KEYWORD_ONLY
    ]
    return inputs, claim("the result", declared.return_annotation)


def checked(function):
    """Hold every call of `function` to the shapes that its signature declares.

    Raises ShapeError where axes disagree, TypeError where an array holds numbers of another kind:
    floats, or integers for labels and booleans for masks. Lists are converted to arrays.

    >>> @checked
    ... def product(x: Features, w: Weights) -> Hidden:
    ...     return x @ w
    >>> product(np.ones((8, 3)), np.ones((4, 5)))
    Traceback (most recent call last):
    dlcore.shapes.ShapeError: product: D is 3 in x but 4 in w (axes (D, M), shape (4, 5))
    """
    inputs, output = contract(function)
    defaults = {name: p.default for name, p in signature(function).parameters.items()}
    divisors = [name for name in defaults if divides(name, inputs)]
    passed = {}  # shapes and kinds of arguments -> those of the result, all of which were right

    def checked_call(args, options):
        """Check every claim, letter by letter."""
        sizes, parts = {}, defaults | options
        claims = inputs if len(inputs) == len(args) else spread(inputs, args)
        pairs = zip(claims, args, strict=True)
        args = [fit(function, claim, arg, sizes, parts) for claim, arg in pairs]
        return fit(function, output, function(*args, **options), sizes, parts)

    @wraps(function)
    def call(*args, **options):
        key = shapes_and_kinds(args)
        if divisors and key is not None:
            counts = [options.get(name, defaults[name]) for name in divisors]
            key = (key, *counts) if all(type(count) is int for count in counts) else None
        if key in passed:
            y = function(*args, **options)
            if shapes_and_kinds([y]) == passed[key]:
                return y
        y = checked_call(args, options)
        if key is not None and len(passed) < KEPT:
            passed[key] = shapes_and_kinds([y])
        return y

    return call


def divides(name, claims):
    """Tell whether an option divides an axis of a claim, as groups in ``C/groups``.

    >>> divides("groups", [claim("w", Filters)]), divides("stride", [claim("w", Filters)])
    (True, False)
    """
    axes = [axis for claim in claims if claim and claim.axes for axis in claim.axes]
    return any(axis.partition("/")[2] == name for axis in axes)


def shapes_and_kinds(values):
    """List shape and kind of number of each array; None if one of the values is no array.

    >>> shapes_and_kinds([np.ones((2, 3)), np.arange(2)])
    (((2, 3), 'f'), ((2,), 'i'))
    """
    try:
        return tuple([(value.shape, value.dtype.kind) for value in values])
    except AttributeError:
        return None


def spread(inputs, args):
    """Let the last claim hold for every further argument, as for ``*xs``.

    >>> spread(["first", "rest"], [1, 2, 3])
    ['first', 'rest', 'rest']
    """
    return inputs[: len(args)] + inputs[-1:] * (len(args) - len(inputs))


def fit(function, claim, value, sizes, parts):
    """Return `value` as an array that keeps `claim`, given the letters' `sizes` so far.

    Raises TypeError where it holds numbers of another kind, ShapeError where its shape disagrees.

    >>> fit(np.exp, Claim("x", ("N",), "f"), [0.5, 2.0], {}, {})
    array([0.5, 2. ])
    """
    if claim is None:
        return value
    if not hasattr(value, "shape"):
        if claim.axes is None and isinstance(value, int | float):
            return value  # a number takes the precision of the arrays that it meets
        value = np.asarray(value)
    if value.dtype.kind not in claim.kind:
        wanted = WORDS[claim.kind]
        raise TypeError(f"{function.__name__}: {claim.name} must hold {wanted}, got {value.dtype}")
    if claim.axes is not None:
        measure(function, claim, value.shape, sizes, parts)
    return value


def measure(function, claim, shape, sizes, parts):
    """Compare `shape` with the axes claimed, and record the size of every letter in `sizes`.

    `parts` holds the options by which an axis may be divided, as in ``C/groups``. Raises
    ShapeError where the number of axes or the size of a letter disagrees.

    >>> sizes = {}
    >>> measure(np.exp, Claim("x", ("N", "D"), "f"), (8, 3), sizes, {})
    >>> sizes
    {'N': (8, 'x'), 'D': (3, 'x')}
    """
    axes, lengths = claim.axes, shape
    if axes and axes[-1] == "..." and len(shape) >= len(axes) - 1:
        axes = (*axes[:-1], "the rest")
        lengths = (*shape[: len(axes) - 1], shape[len(axes) - 1 :])
    if len(lengths) != len(axes):
        raise ShapeError(
            f"{function.__name__}: {claim.name} must have axes {claim.letters}, got shape {shape}"
        )
    for axis, size in zip(axes, lengths, strict=True):
        letter, _, divisor = axis.partition("/")
        count = parts.get(divisor, 1)
        known, where = sizes.setdefault(letter, (size * count, claim.name))
        if known != size * count:
            told = size if count == 1 else f"{size} · {count} {divisor}"
            raise ShapeError(
                f"{function.__name__}: {letter} is {known} in {where} but {told} in {claim.name} "
                f"(axes {claim.letters}, shape {shape})"
            )
