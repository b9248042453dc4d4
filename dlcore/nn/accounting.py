"""What a model is made of: shapes, parameters, multiplications, memory, receptive fields.

The model is called once, on a batch of no images: every shape is right, and nothing is
computed. A tracer follows the call through the primitives, so that any graph will do.

Chapter: book/convnet.md.
"""

from contextlib import contextmanager
from itertools import groupby
from math import prod
from typing import NamedTuple

import numpy as np

from dlcore.autodiff.dispatch import Traced, is_traced_at, levels, lower
from dlcore.nn.layer import named_layers, named_parameters
from dlcore.ops.window import pair

CONVOLUTIONS = ("conv2d", "conv2d_bias_relu")
POOLS = ("max_pool2d", "avg_pool2d")
VIEWS = ("reshape", "transpose", "ravel")  # no memory of their own
WHOLE = ("linear", "matmul", "flatten", "global_avg_pool", "group_norm")  # sees all pixels


class Row(NamedTuple):
    """What one layer does in one call, for one image.

    ===============  ==============================================================
    path             to the layer, as in the names of its parameters
    layer            its class
    operations       the primitives that it calls, joined by " + "
    shape            of its result, without the batch
    parameters       numbers that are learned; a layer that is used twice counts once
    state            numbers that are kept, but not learned
    multiplications  in convolutions and products of matrices, padding included
    activations      numbers in the results of its primitives, which training keeps
    receptive_field  (rows, columns) of the image that one number depends on;
                     None where it is all of it, or where there is no image
    ===============  ==============================================================

    >>> from dlcore.nn import Conv2d
    >>> account(Conv2d(1, 4, 3, rng=None), (1, 8, 8))[1].receptive_field
    (3, 3)
    """

    path: str
    layer: str
    operations: str
    shape: tuple[int, ...]
    parameters: int = 0
    state: int = 0
    multiplications: int = 0
    activations: int = 0
    receptive_field: tuple[int, int] | None = None


class Field(NamedTuple):
    """What pixels one number depends on, and how far neighbours are apart in the image.

    >>> Field((1, 1), (1, 1)).seen_through((3, 3), (2, 2), (1, 1))
    Field(size=(3, 3), jump=(2, 2))
    """

    size: tuple[int, int]
    jump: tuple[int, int]

    def seen_through(self, kernel_size, stride, dilation):
        """Return the field of a window:  size + (U - 1) dilation jump,  and  jump stride."""
        windows = zip(self.size, self.jump, kernel_size, dilation, strict=True)
        size = tuple(s + (U - 1) * e * j for s, j, U, e in windows)
        return Field(size, tuple(j * s for j, s in zip(self.jump, stride, strict=True)))


class Shape(Traced):
    """A result on no images, with the receptive field of its numbers."""

    __slots__ = ("field", "record_call")

    def __init__(self, value, level, field, record_call):
        self.value, self.level, self.field, self.record_call = value, level, field, record_call

    def record(self, primitive, args, options):
        """Apply a primitive to arrays of no images, and record what it did."""
        xs = lower(args, self.level)
        y = primitive(*xs, **options)
        fields = [arg.field for arg in args if is_traced_at(arg, self.level)]
        field = field_of(primitive.__name__, fields, xs, options)
        self.record_call(primitive.__name__, y, multiplications(primitive.__name__, xs, y), field)
        return Shape(y, self.level, field, self.record_call)


def field_of(name, fields, xs, options):
    """Return the receptive field of a result, from those of its arguments; None: everything.

    >>> field_of("max_pool2d", [Field((3, 3), (1, 1))], [], {"kernel_size": 2})
    Field(size=(4, 4), jump=(2, 2))
    """
    if name in WHOLE or None in fields:
        return None
    sizes = zip(*(field.size for field in fields), strict=True)
    field = fields[0]._replace(size=tuple(map(max, sizes)))
    if name in CONVOLUTIONS:
        stride, dilation = (pair(name, key, options.get(key, 1)) for key in ("stride", "dilation"))
        return field.seen_through(xs[1].shape[2:], stride, dilation)
    if name in POOLS:
        kernel_size = pair(name, "kernel_size", options["kernel_size"])
        stride = options.get("stride")
        stride = kernel_size if stride is None else pair(name, "stride", stride)
        return field.seen_through(kernel_size, stride, (1, 1))
    return field


def multiplications(name, xs, y):
    """Count the products of one image.

    >>> multiplications("linear", [np.zeros((0, 6)), np.zeros((6, 2))], np.zeros((0, 2)))
    12
    """
    if name in CONVOLUTIONS:
        return xs[1].size * prod(y.shape[2:])
    if name in ("linear", "matmul"):
        return xs[0].shape[-1] * prod(y.shape[1:])
    return 0


@contextmanager
def watched_calls(model, stack):
    """Keep the path of the layer that is at work on top of `stack`, inside a ``with`` block."""
    layers = named_layers(model)
    classes = {path: type(layer) for path, layer in layers.items()}

    def watch(path, own):
        def call(layer, *args, **options):
            stack.append((path, object()))
            try:
                return own.__call__(layer, *args, **options)
            finally:
                stack.pop()

        return type(own.__name__, (own,), {"__call__": call})

    try:
        for path, layer in layers.items():
            layer.__class__ = watch(path, classes[path])
        yield
    finally:
        for path, layer in layers.items():
            layer.__class__ = classes[path]


def account(model, size):
    """List what every layer of a model does with an image of `size`: a row for each call.

    `size` is (C, H, W), or (D,) for a row of features. The first row is the image itself; the
    columns are those of `Row`. Raises what the model raises for an image of another size.

    >>> from dlcore.nn.models import LinearClassifier
    >>> [row.multiplications for row in account(LinearClassifier(6, 2, rng=None), (6,))]
    [0, 12]
    """
    calls, stack = [], []

    def record_call(name, y, count, field):
        calls.append((stack[-1], name, y.shape[1:], count, field))

    dtype = next(iter(named_parameters(model).values()), np.zeros(1)).dtype
    field = Field((1, 1), (1, 1)) if len(size) == 3 else None
    x = Shape(np.zeros((0, *size), dtype), next(levels), field, record_call)
    with watched_calls(model, stack):
        model(x)
    rows = [
        Row("input", "", "", tuple(size), activations=prod(size), receptive_field=size_of(field))
    ]
    layers, counted = named_layers(model), set()
    for (path, _), group in groupby(calls, key=lambda call: call[0]):
        rows.append(row_of(path, layers[path], list(group), first=path not in counted))
        counted.add(path)
    return rows


def size_of(field):
    """Return the size of a receptive field; None where there is none.

    >>> size_of(Field((3, 3), (1, 1)))
    (3, 3)
    """
    return None if field is None else field.size


def row_of(path, layer, calls, *, first):
    """Sum up the primitives that a layer called, one after another."""
    _, names, shapes, counts, fields = zip(*calls, strict=True)
    return Row(
        path=path or "model",
        layer=type(layer).__name__,
        operations=" + ".join(names),
        shape=shapes[-1],
        parameters=sum(array.size for array in layer.params.values()) if first else 0,
        state=sum(array.size for array in layer.state.values()) if first else 0,
        multiplications=sum(counts),
        activations=sum(
            prod(shape) for name, shape in zip(names, shapes, strict=True) if name not in VIEWS
        ),
        receptive_field=size_of(fields[-1]),
    )


def total(rows, column):
    """Add up one column.

    >>> from dlcore.nn import Linear
    >>> total(account(Linear(6, 2, rng=None), (6,)), "parameters")
    14
    """
    return sum(getattr(row, column) for row in rows)


def unused_parameters(model, rows):
    """Count the parameters of layers that no row stands for: evaluation does not call them.

    >>> from dlcore.nn import Linear
    >>> model = Linear(6, 2, rng=None)
    >>> unused_parameters(model, account(model, (6,)))
    0
    """
    return sum(w.size for w in named_parameters(model).values()) - total(rows, "parameters")


def side_text(size):
    """Write a size as its side if it is square; as "–" where there is none."""
    if size is None:
        return "–"
    rows, columns = size
    return f"{rows}" if rows == columns else f"{rows}×{columns}"


def as_cells(rows):
    """List heads, rows and sums of a table, as words.

    >>> from dlcore.nn import Linear
    >>> as_cells(account(Linear(6, 2, rng=None), (6,)))[2]
    ['model', 'Linear', '2', '14', '12', '2', '–']
    """
    heads = ["path", "layer", "shape", "parameters", "multiplications", "activations", "field"]
    lines = [heads]
    for row in rows:
        field = side_text(row.receptive_field)
        lines.append([
            row.path, row.layer, "×".join(map(str, row.shape)), f"{row.parameters:,}",
            f"{row.multiplications:,}", f"{row.activations:,}", field,
        ])  # fmt: skip
    sums = [f"{total(rows, column):,}" for column in heads[3:6]]
    lines.append(["in all", "", "", *sums, ""])
    if kept := total(rows, "state"):
        lines.append(["state", "", "", f"{kept:,}", "", "", ""])
    return lines


def as_text(rows):
    """Write the rows as a table of plain text, with their sums.

    >>> from dlcore.nn import Linear
    >>> print(as_text(account(Linear(6, 2, rng=None), (6,))))
    path    layer   shape  parameters  multiplications  activations  field
    input               6           0                0            6      –
    model   Linear      2          14               12            2      –
    in all                         14               12            8
    """
    lines = as_cells(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    align = [str.ljust, str.ljust, *[str.rjust] * 5]
    return "\n".join(
        "  ".join(
            put(cell, width) for put, cell, width in zip(align, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
