"""Read the files that `export` writes, and no others: a function on our operations.

A file may come from anybody. Nothing in it is executed, it names no other file, its sizes are
bounded, and before any image is computed all its nodes are tried on a batch of no images, which
has every shape and takes no memory.
"""

from math import prod
from pathlib import Path

import numpy as np

from dlcore.compat.onnx import arrays, networks
from dlcore.compat.onnx.operators import OPERATORS
from dlcore.compat.onnx.runner import apply, read_node
from dlcore.compat.onnx.support import UnsupportedError, onnx_package, whole
from dlcore.ops.convnet import flatten
from dlcore.ops.linear import linear
from dlcore.ops.norm import layer_norm
from dlcore.ops.pool import max_pool2d
from dlcore.shapes import ShapeError

OPSET = 21  # the version of the operators that is written
FLOAT, INT64 = 1, 7  # kinds of numbers, as the format counts them
DTYPES = {FLOAT: np.dtype("<f4"), INT64: np.dtype("<i8")}
PLAIN = (1, 2, 3, 7)  # kinds of attributes: a number, a whole one, a word, whole numbers
MOST_BYTES = 2**30  # of a file
MOST_NODES = 10_000
MOST_NUMBERS = 2**24  # of a result, for one image
MOST_PIXELS = 4096  # of a side of an image; also of a window


def max_pool(x, *, kernel_shape, strides, pads, dilations):
    """Take the largest of every window, without saying where it is.

    >>> options = {"strides": [2, 2], "pads": [0] * 4, "dilations": [1, 1]}
    >>> max_pool(np.arange(4.0).reshape(1, 1, 2, 2), kernel_shape=[2, 2], **options).item()
    3.0
    """
    _, options = networks.pool_options(x, kernel_shape, strides, pads, dilations, "NOTSET", 0)
    return max_pool2d(x, **options)


def rows(x):
    """Lay images out as rows, with the batch where it is in memory.

    >>> rows(np.ones((2, 3, 4, 5))).shape
    (2, 60)
    """
    return flatten(x) if x.ndim == 4 else arrays.flatten(x)


def pad(x, amounts):
    """Surround images by zeros; raise ValueError where images themselves would be added.

    >>> pad(np.ones((1, 1)), np.array([0, 1, 0, 0])).tolist()
    [[0.0, 1.0]]
    """
    amounts = whole(amounts)
    if amounts[0] or amounts[x.ndim]:
        raise ValueError("Pad: the axis of the images is padded")
    return arrays.pad(x, amounts)


def reshape(x, sizes):
    """Arrange the numbers of every image anew; raise ValueError where there are not as many.

    >>> reshape(np.ones((5, 6)), np.array([0, 2, 3])).shape
    (5, 2, 3)
    """
    first, *sizes = whole(sizes)
    if first or min(sizes, default=1) < 1 or prod(sizes) != prod(x.shape[1:]):
        raise ValueError(f"Reshape: images of {x.shape[1:]} do not become {first, *sizes}")
    return np.reshape(x, (len(x), *sizes))


def layer_normalization(x, scale, bias, *, axis, epsilon):
    """Normalise rows of features; raise UnsupportedError for another axis than the last.

    >>> one = np.ones(2)
    >>> layer_normalization(np.array([[1.0, 3.0]]), one, one, axis=-1, epsilon=0.0).tolist()
    [[0.0, 2.0]]
    """
    if axis != -1 or x.ndim != 2:
        raise UnsupportedError(
            f"read: LayerNormalization has axis {axis} and {x.ndim} axes, export writes -1 and 2"
        )
    return layer_norm(x, scale, bias, eps=epsilon)


WINDOW = {"kernel_shape", "strides", "pads"}
ATTRIBUTES = {  # operators that are written, and their attributes
    **dict.fromkeys((
        "Abs", "Add", "Div", "Erf", "Exp", "Flatten", "Gemm", "GlobalAveragePool", "Identity",
        "Log", "MatMul", "Max", "Min", "Mul", "Neg", "Pad", "Pow", "Reciprocal", "Relu", "Reshape",
        "Sigmoid", "Slice", "Softplus", "Sqrt", "Sub", "Tanh", "Unsqueeze",
    ), frozenset()),
    "ReduceMax": {"keepdims"}, "ReduceMean": {"keepdims"}, "ReduceSum": {"keepdims"},
    "Concat": {"axis"}, "LogSoftmax": {"axis"}, "Softmax": {"axis"},
    "AveragePool": WINDOW | {"count_include_pad"}, "BatchNormalization": {"epsilon"},
    "Conv": WINDOW | {"dilations", "group"},
    "ConvTranspose": WINDOW | {"dilations", "group", "output_padding"}, "Gelu": {"approximate"},
    "GroupNormalization": {"num_groups", "epsilon"}, "LayerNormalization": {"axis", "epsilon"},
    "LeakyRelu": {"alpha"}, "LRN": {"size", "alpha", "beta", "bias"},
    "MaxPool": WINDOW | {"dilations"}, "Transpose": {"perm"},
}  # fmt: skip
FUNCTIONS = {name: OPERATORS[name] for name in ATTRIBUTES} | {
    "Flatten": rows,
    "Gemm": linear,
    "LayerNormalization": layer_normalization,
    "MaxPool": max_pool,
    "Pad": pad,
    "Reshape": reshape,
}
COUNTED = {"Pad", "ReduceMax", "ReduceMean", "ReduceSum", "Reshape", "Slice", "Unsqueeze"}


class Network:
    """A model as a file describes it: a function of images (N, *size), on our operations.

    ======  ========================================
    size    of one image, or number of features
    params  {name: array}, the arrays of the file
    ======  ========================================

    A call raises ShapeError for images of another size.
    """

    def __init__(self, size, params, nodes, ends):
        self.size, self.params, self.nodes = size, params, nodes
        self.input, self.output = ends

    def __call__(self, x):
        """Compute y for a batch."""
        if np.shape(x)[1:] != self.size or np.ndim(x) != 1 + len(self.size):
            raise ShapeError(f"Network: x is {np.shape(x)} but the file takes (N, *{self.size})")
        known = self.params | {self.input: x}
        for node in self.nodes:
            compute(node, known)
        return known[self.output]


def compute(node, known):
    """Compute one node, and add its result to what is known."""
    arguments = [known[name] for name in node.inputs]
    (known[node.outputs[0]],) = apply(node, arguments, OPSET, FUNCTIONS)


def read(path):
    """Read a file that `export` wrote; return the model as a function of x (N, *size).

    Raises UnsupportedError with the name of an operator or an attribute that `export` does not
    write, ValueError for a file that is damaged, too large, or refers to another one, and where
    the package `onnx` is not installed; OSError where it cannot be read.

    >>> read("nothing.onnx")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nothing.onnx'
    """
    onnx = onnx_package("read")
    with Path(path).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"read: {path} has more than {MOST_BYTES} bytes")
    try:
        model = onnx.ModelProto.FromString(content)
        return network(model)
    except UnsupportedError:
        raise
    except Exception as error:  # whatever a damaged file may lead to
        raise ValueError(f"read: {path} is no file that export wrote ({error})") from error


def network(model):
    """Check a model, an ``onnx.ModelProto``, and return it as a function.

    Raises UnsupportedError for an operator or attribute that `export` does not write, ValueError
    or another error for what is damaged.
    """
    graph = model.graph
    versions = [(each.domain, each.version) for each in model.opset_import]
    if versions != [("", OPSET)] or model.functions or graph.sparse_initializer:
        raise UnsupportedError(
            f"read: the operators are those of {versions}, export writes {[('', OPSET)]} alone"
        )
    if len(graph.node) > MOST_NODES:
        raise ValueError(f"it has {len(graph.node)} nodes, more than {MOST_NODES}")
    [given], [result] = graph.input, graph.output
    if (kind := given.type.tensor_type.elem_type) != FLOAT:
        raise ValueError(f"{given.name} holds numbers of kind {kind}")
    _, *axes = given.type.tensor_type.shape.dim
    size = tuple(axis.dim_value for axis in axes)
    require_bounded(given.name, size)
    params = {each.name: array_of(each) for each in graph.initializer}
    nodes = [node_of(each) for each in graph.node]
    known = try_on_nothing(nodes, given.name, size, params)
    require_images(result.name, known[result.name].shape)
    return Network(size, params, nodes, (given.name, result.name))


def array_of(tensor):
    """Read an initializer: floats or whole numbers, that lie in the file itself."""
    if tensor.data_location or tensor.external_data:
        raise ValueError(f"{tensor.name} refers to another file")
    if tensor.data_type not in DTYPES:
        raise ValueError(f"{tensor.name} holds numbers of kind {tensor.data_type}")
    shape, dtype = tuple(tensor.dims), DTYPES[tensor.data_type]
    if min(shape, default=1) < 1 or prod(shape) * dtype.itemsize != len(tensor.raw_data):
        raise ValueError(f"{tensor.name} has {len(tensor.raw_data)} bytes for the shape {shape}")
    values = np.frombuffer(tensor.raw_data, dtype).reshape(shape)
    if dtype.kind == "i" and np.abs(values.astype(float)).max() > MOST_NUMBERS:
        raise ValueError(f"{tensor.name} holds a number above {MOST_NUMBERS}")
    return values.astype(dtype.newbyteorder("="))


def node_of(proto):
    """Read a node; refuse what `export` does not write, by name."""
    operator, name = proto.op_type, proto.name
    if proto.domain or operator not in ATTRIBUTES:
        raise UnsupportedError(f"read: {name} is {operator}, which export does not write")
    for attribute in proto.attribute:
        if attribute.type not in PLAIN:
            raise ValueError(f"{name}: {attribute.name} is neither number nor word")
        if attribute.name not in ATTRIBUTES[operator]:
            raise UnsupportedError(
                f"read: {name}, {operator} has {attribute.name}, which export does not write"
            )
        if max(map(abs, (attribute.i, *attribute.ints))) > MOST_PIXELS:
            raise ValueError(f"{name}: {attribute.name} is above {MOST_PIXELS}")
    node = read_node(proto)
    if len(node.outputs) != 1:
        raise ValueError(f"{name} has {len(node.outputs)} results")
    return node


def require_bounded(name, shape):
    """Raise ValueError unless one image has at least one number, and not too many.

    >>> require_bounded("x", (3, 32, 32))
    """
    sides = shape[1:] if len(shape) == 3 else ()
    too_large = prod(shape) > MOST_NUMBERS or max(sides, default=0) > MOST_PIXELS
    if too_large or min(shape, default=0) < 1:
        raise ValueError(
            f"{name} has the shape {shape} for one image, at most {MOST_NUMBERS} numbers and "
            f"{MOST_PIXELS} pixels a side are allowed"
        )


def try_on_nothing(nodes, name, size, params):
    """Compute all nodes on a batch of no images, return what is known; raise what is wrong.

    Every result of a node that depends on the images has no entry, so that the memory is that of
    the arrays; whole numbers are taken as shapes and axes only.
    """
    known = params | {name: np.zeros((0, *size), np.float32)}
    if name in params:
        raise ValueError(f"{name} is an array and the input")
    constant = {*params}
    for node in nodes:
        [output] = node.outputs
        floats = node.inputs[:1] if node.operator in COUNTED else node.inputs
        if any(known[each].dtype != np.float32 for each in floats):
            raise ValueError(f"{node.name} computes with whole numbers")
        if output in known:
            raise ValueError(f"{output} is computed twice")
        if constant.issuperset(node.inputs):
            if node.operator != "Unsqueeze":
                raise ValueError(f"{node.name} does not depend on the images")
            constant.add(output)
        compute(node, known)
        if output not in constant:
            require_images(output, known[output].shape)
    return known


def require_images(name, shape):
    """Raise ValueError unless a result on no images has none, and is bounded.

    >>> require_images("y", (0, 10))
    """
    if not shape or shape[0]:
        raise ValueError(f"{name} has the shape {shape} for no images")
    require_bounded(name, shape[1:])
