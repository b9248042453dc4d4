"""Write a model in ONNX: trace one evaluation through its primitives, translate each.

The model is evaluated on two batches that differ in number and values; what the graph would have to
know of either is refused. Parameters and state are initializers, named by their paths.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlcore.autodiff.dispatch import Traced, levels, lower
from dlcore.compat.onnx.support import onnx_package
from dlcore.compat.onnx.translate import RULES, Call
from dlcore.nn.accounting import watched_calls
from dlcore.nn.layer import joined, named_parameters, named_state

OPSET, IR = 21, 10  # versions of the operators and of the format
BATCHES = (2, 3)  # numbers of images of the two evaluations


class Written(NamedTuple):
    """A node of the graph: what it does, from what, to what; `title` says what it stands for."""

    operator: str
    inputs: list[str]
    output: str
    attributes: dict
    title: str


class Graph:
    """The nodes and arrays that a model is written as; every name is used once.

    >>> from dlcore.nn import Linear
    >>> graph = Graph(Linear(3, 2, rng=None))
    >>> graph.input, graph.fresh("x"), graph.fresh("w")
    ('x', 'x_1', 'w_1')
    """

    def __init__(self, model):
        own = named_parameters(model) | named_state(model)
        self.paths = {id(array): path for path, array in reversed(own.items())}
        self.used = {*own}
        self.input = self.fresh("x")
        self.nodes, self.arrays = [], {}

    def fresh(self, name):
        """Return a name that is not taken, and take it."""
        free, count = name, 0
        while free in self.used:
            count += 1
            free = f"{name}_{count}"
        self.used.add(free)
        return free

    def array(self, values, name, key=None):
        """Add an initializer; `key` is the identity of a parameter, which has a name of its own."""
        name = self.paths.get(key) or self.fresh(name)
        self.arrays[name] = values
        return name

    def node(self, operator, inputs, attributes, call):
        """Add a node that a call of a layer stands for; return the name of its result."""
        output = self.fresh(joined(call.path, operator))
        self.nodes.append(Written(operator, [*inputs], output, attributes, call.title))
        return output


class Value(Traced):
    """A result for a batch of images, which has a name in the graph."""

    __slots__ = ("graph", "name", "stack")

    def __init__(self, value, level, name, graph, stack):
        self.value, self.level, self.name = value, level, name
        self.graph, self.stack = graph, stack

    def record(self, primitive, args, options):
        """Apply a primitive, and add its nodes to the graph."""
        y = primitive(*lower(args, self.level), **options)
        call = Call(self.graph, primitive, self.stack[-1][0], args, options, y)
        if primitive not in RULES:
            raise call.refusal("which has no translation to ONNX")
        if np.shape(y)[:1] != (len(self),):
            raise call.refusal(
                f"whose result {np.shape(y)} for {len(self)} images has no axis of images first"
            )
        return Value(y, self.level, RULES[primitive](call), self.graph, self.stack)


def traced(model, x):
    """Evaluate a model on a batch; return the graph, and the result as a value of it.

    Raises NotImplementedError for what cannot be translated.

    >>> from dlcore.nn import Linear
    >>> graph, y = traced(Linear(3, 2, rng=np.random.default_rng(0)), np.ones((2, 3)))
    >>> [(node.operator, node.inputs, node.output) for node in graph.nodes]
    [('Gemm', ['x', 'w', 'b'], 'Gemm')]
    """
    graph, stack = Graph(model), [("", None)]
    images = Value(x, next(levels), graph.input, graph, stack)
    with watched_calls(model, stack), np.errstate(all="ignore"):  # x is drawn, not an image
        y = model(images)
    if not isinstance(y, Value):
        raise NotImplementedError(
            f"export: the model returns {type(y).__name__} that does not depend on the images"
        )
    return graph, y


def require_equal(graph, other):
    """Raise NotImplementedError at the first node where the graphs of two batches differ.

    >>> from dlcore.nn import Linear
    >>> require_equal(Graph(Linear(3, 2, rng=None)), Graph(Linear(3, 2, rng=None)))
    """
    for mine, theirs in zip(graph.nodes, other.nodes, strict=False):
        constants = [name for name in mine.inputs if name in graph.arrays]
        if mine != theirs or not all(
            np.array_equal(graph.arrays[name], other.arrays[name], equal_nan=True)
            for name in constants
        ):
            raise NotImplementedError(
                f"export: {mine.title}, with an option or an array that depends on the images or "
                "on their number"
            )
    fewer, more = sorted((graph.nodes, other.nodes), key=len)
    if len(fewer) < len(more):
        title = more[len(fewer)].title
        raise NotImplementedError(f"export: {title}, for some images or numbers of them only")


def as_proto(model, size):
    """Write a model as an ``onnx.ModelProto``: from "x" (N, *size) to "y" (N, …), in float32.

    Raises NotImplementedError with the primitive and the path of the layer for what cannot be
    translated, ValueError where the package `onnx` is not installed.

    >>> from dlcore.nn import Linear
    >>> proto = as_proto(Linear(3, 2, rng=np.random.default_rng(0)), (3,))
    >>> [array.name for array in proto.graph.initializer]
    ['w', 'b']
    """
    onnx = onnx_package("export")
    dtype = next(iter(named_parameters(model).values()), np.zeros(1)).dtype
    rng = np.random.default_rng(0)
    batches = (rng.normal(size=(N, *size)).astype(dtype) for N in BATCHES)
    (graph, y), (other, y_other) = (traced(model, x) for x in batches)
    require_equal(graph, other)
    if (y.name, y.shape[1:]) != (y_other.name, y_other.shape[1:]):
        raise NotImplementedError("export: the result of the model depends on the images")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node(each.operator, each.inputs, [each.output], each.output, **each.attributes)
        for each in graph.nodes
    ]
    output = graph.fresh("y")
    nodes.append(helper.make_node("Identity", [y.name], [output], output))
    written = helper.make_graph(
        nodes,
        type(model).__name__,
        [helper.make_tensor_value_info(graph.input, float32, ["N", *size])],
        [helper.make_tensor_value_info(output, float32, ["N", *y.shape[1:]])],
        [onnx.numpy_helper.from_array(array, name) for name, array in graph.arrays.items()],
    )
    versions = [helper.make_opsetid("", OPSET)]
    return helper.make_model(written, producer_name="dlcore", opset_imports=versions, ir_version=IR)


def export(model, path, size):
    """Write a model to a file in ONNX, as it is evaluated; the number of images N is free.

    `size` is (C, H, W), or (D,) for rows of features. The file computes in float32. Its input is
    "x", its output "y", and its initializers have the names of `named_parameters` and
    `named_state`. Raises NotImplementedError with the primitive and the path of the layer for what
    cannot be translated, ValueError where the package `onnx` is not installed, OSError
    where the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from dlcore.compat.onnx import read
    >>> from dlcore.nn import Linear
    >>> model = Linear(3, 2, rng=np.random.default_rng(0), dtype=np.float32)
    >>> x = np.ones((5, 3), np.float32)
    >>> with TemporaryDirectory() as folder:
    ...     export(model, f"{folder}/linear.onnx", (3,))
    ...     np.array_equal(read(f"{folder}/linear.onnx")(x), model(x))
    True
    """
    Path(path).write_bytes(as_proto(model, size).SerializeToString())
