"""What the primitives of evaluation are in ONNX: one rule for each.

A rule receives a `Call`, writes nodes, and returns the name of the last one's result. The first
axis of every result is that of the images; its length is nowhere written down.
"""

from inspect import Parameter, signature

import numpy as np

from dlcore.autodiff.dispatch import Traced
from dlcore.nn.layer import joined
from dlcore.ops import activation, conv, linear, loss, norm, pool
from dlcore.ops.convnet import flatten
from dlcore.ops.numpy import arithmetic, arrays, elementary, joining, moving, reductions
from dlcore.ops.window import normalize_padding, pair

RULES = {}  # primitive -> function of a Call


def translates(*primitives):
    """Return a decorator: the function writes the nodes of these primitives.

    >>> RULES[norm.normalize].__name__
    'write_batch_norm'
    """

    def register(rule):
        RULES.update(dict.fromkeys(primitives, rule))
        return rule

    return register


class Call:
    """A call of a primitive in a model that is traced, and the graph of its nodes.

    =========  ================================================================
    primitive  what was called
    path       of the layer that called it
    args       its arguments: values of the graph, which have a name, or arrays
    options    its options, the defaults too
    y          what it returned, an array
    =========  ================================================================
    """

    def __init__(self, graph, primitive, path, args, options, y):
        self.graph, self.primitive, self.path = graph, primitive, path
        self.args, self.y = args, y
        parameters = signature(primitive.function).parameters.values()
        named = {p.name: p.default for p in parameters if p.kind is Parameter.KEYWORD_ONLY}
        self.options = named | options

    @property
    def title(self):
        """What is computed where, as an error says it."""
        return f"{self.path or 'model'} computes {self.primitive.__name__}"

    def refusal(self, reason):
        """Return the error for a call that ONNX has no node for."""
        return NotImplementedError(f"export: {self.title}, {reason}")

    def inputs(self):
        """Name all arguments; arrays become initializers."""
        names = [p.name for p in self.primitive.arguments]
        names += names[-1:] * (len(self.args) - len(names))  # the last may stand for several
        return [self.input(arg, name) for arg, name in zip(self.args, names, strict=True)]

    def input(self, arg, name):
        """Name one argument."""
        if isinstance(arg, Traced):
            return arg.name
        return self.graph.array(np.asarray(arg, np.float32), joined(self.path, name), key=id(arg))

    def integers(self, values, name):
        """Make an initializer of whole numbers, such as a shape."""
        return self.graph.array(np.array(values, np.int64), joined(self.path, name))

    def node(self, operator, inputs, **attributes):
        """Add a node; return the name of its result."""
        return self.graph.node(operator, inputs, attributes, self)

    def with_relu(self, y):
        """Add a ReLU, if the options say so."""
        return self.node("Relu", [y]) if self.options["relu"] else y


SAME = {  # primitives that are one node without attributes
    activation.relu: "Relu", activation.sigmoid: "Sigmoid", activation.softplus: "Softplus",
    activation.erf: "Erf", elementary.tanh: "Tanh", elementary.exp: "Exp",
    elementary.log: "Log", elementary.sqrt: "Sqrt", elementary.absolute: "Abs",
    elementary.negative: "Neg", elementary.reciprocal: "Reciprocal", arithmetic.add: "Add",
    arithmetic.subtract: "Sub", arithmetic.multiply: "Mul", arithmetic.divide: "Div",
    arithmetic.power: "Pow", arithmetic.maximum: "Max", arithmetic.minimum: "Min",
    arithmetic.matmul: "MatMul", linear.linear: "Gemm", linear.linear_map: "MatMul",
    flatten: "Flatten",
}  # fmt: skip


@translates(*SAME)
def write_same(call):
    """Write one node with the arguments as its inputs."""
    return call.node(SAME[call.primitive], call.inputs())


@translates(activation.leaky_relu)
def write_leaky_relu(call):
    """Write LeakyRelu:  the slope is called alpha."""
    return call.node("LeakyRelu", call.inputs(), alpha=float(call.options["slope"]))


@translates(activation.gelu)
def write_gelu(call):
    """Write Gelu, exact or by tanh."""
    return call.node("Gelu", call.inputs(), approximate=call.options["approximate"])


@translates(loss.softmax, loss.log_softmax)
def write_softmax(call):
    """Write Softmax or LogSoftmax along the axis of the classes."""
    operator = "Softmax" if call.primitive is loss.softmax else "LogSoftmax"
    return call.node(operator, call.inputs(), axis=1)


def pads(padding):
    """List the rows and columns before the image, then those after it.

    >>> pads(((1, 2), (3, 4)))
    [1, 3, 2, 4]
    """
    return [side[end] for end in (0, 1) for side in padding]


@translates(conv.conv2d, conv.conv2d_bias_relu)
def write_conv(call):
    """Write Conv, and a ReLU where it ends in one."""
    function, options = call.primitive.__name__, call.options
    x, w, *_ = call.args
    stride, dilation = (pair(function, name, options[name]) for name in ("stride", "dilation"))
    window = w.shape[2:]
    padding = normalize_padding(function, options["padding"], x.shape[2:], window, stride, dilation)
    y = call.node(
        "Conv", call.inputs(), kernel_shape=[*window], strides=[*stride], pads=pads(padding),
        dilations=[*dilation], group=int(options["groups"]),
    )  # fmt: skip
    return y if call.primitive is conv.conv2d else call.with_relu(y)


@translates(conv.conv2d_input_grad)
def write_conv_transpose(call):
    """Write ConvTranspose, which has another name where it is the gradient of a convolution."""
    function, options = call.primitive.__name__, call.options
    maps, w = call.args
    stride, dilation = (pair(function, name, options[name]) for name in ("stride", "dilation"))
    size, window = call.y.shape[2:], w.shape[2:]
    padding = normalize_padding(function, options["padding"], size, window, stride, dilation)
    axes = zip(size, maps.shape[2:], stride, padding, dilation, window, strict=True)
    more = [H + sum(pad) - (P - 1) * s - a * (U - 1) - 1 for H, P, s, pad, a, U in axes]
    return call.node(
        "ConvTranspose", call.inputs(), kernel_shape=[*window], strides=[*stride],
        pads=pads(padding), dilations=[*dilation], output_padding=more,
        group=int(options["groups"]),
    )  # fmt: skip


@translates(conv.add_bias)
def write_bias(call):
    """Write Add, the bias with axes of length one for the pixels."""
    x, b = call.inputs()
    axes = call.integers([1, 2], "axes")
    return call.with_relu(call.node("Add", [x, call.node("Unsqueeze", [b, axes])]))


@translates(pool.max_pool2d, pool.avg_pool2d)
def write_pool(call):
    """Write MaxPool or AveragePool; what ceil_mode adds is padding."""
    function, options, size = call.primitive.__name__, call.options, call.args[0].shape[2:]
    kernel_size, stride = options["kernel_size"], options["stride"]
    dilation = options.get("dilation", 1)
    _, settled, dilation = pool.normalize_pool_options(
        function, size, kernel_size, stride, options["padding"], dilation, options["ceil_mode"]
    )
    window, stride, padding = settled
    attributes = {"kernel_shape": [*window], "strides": [*stride], "pads": pads(padding)}
    if call.primitive is pool.max_pool2d:
        return call.node("MaxPool", call.inputs(), dilations=[*dilation], **attributes)
    asked = normalize_padding(function, options["padding"], size, window, stride, dilation)
    counted = options["count_include_pad"] and any(pads(asked))
    if counted and padding != asked:
        raise call.refusal(
            "in which the padding counts but not what ceil_mode adds, ONNX counts both or none"
        )
    return call.node("AveragePool", call.inputs(), count_include_pad=int(counted), **attributes)


@translates(pool.global_avg_pool)
def write_global_pool(call):
    """Write GlobalAveragePool, and Flatten for the axes of length one that it leaves."""
    return call.node("Flatten", [call.node("GlobalAveragePool", call.inputs())])


@translates(norm.normalize, norm.normalize_add_relu)
def write_batch_norm(call):
    """Write BatchNormalization, then the sum with a shortcut, then the ReLU."""
    x, mean, var, gamma, beta, *shortcut = call.inputs()
    inputs = [x, gamma, beta, mean, var]
    y = call.node("BatchNormalization", inputs, epsilon=float(call.options["eps"]))
    if shortcut:
        return call.node("Relu", [call.node("Add", [y, *shortcut])])
    return call.with_relu(y)


@translates(norm.group_norm)
def write_group_norm(call):
    """Write GroupNormalization; of a row of features in one group LayerNormalization."""
    groups, eps = int(call.options["groups"]), float(call.options["eps"])
    if len(call.y.shape) > 2:
        return call.node("GroupNormalization", call.inputs(), num_groups=groups, epsilon=eps)
    if groups > 1:
        raise call.refusal("of rows of features in groups, which ONNX has for images only")
    return call.node("LayerNormalization", call.inputs(), axis=-1, epsilon=eps)


@translates(norm.local_response_norm)
def write_local_response_norm(call):
    """Write LRN:  k is called bias."""
    options = call.options
    if options["size"] % 2 == 0 or len(call.y.shape) != 4:
        raise call.refusal(
            f"with size {options['size']} on {len(call.y.shape)} axes, ONNX has it for odd sizes "
            "and images"
        )
    alpha, beta, k = (float(options[name]) for name in ("alpha", "beta", "k"))
    size = int(options["size"])
    return call.node("LRN", call.inputs(), size=size, alpha=alpha, beta=beta, bias=k)


@translates(arrays.reshape)
def write_reshape(call):
    """Write Reshape:  the 0 keeps the axis of the images."""
    if call.options["order"] != "C":
        raise call.refusal(f"with order {call.options['order']!r}, ONNX has only 'C'")
    shape = call.integers([0, *call.y.shape[1:]], "shape")
    return call.node("Reshape", [*call.inputs(), shape])


@translates(arrays.transpose)
def write_transpose(call):
    """Write Transpose."""
    many, axes = len(call.y.shape), call.options["axes"]
    perm = range(many)[::-1] if axes is None else [int(axis) % many for axis in axes]
    return call.node("Transpose", call.inputs(), perm=[*perm])


REDUCTIONS = {
    reductions.sum: "ReduceSum", reductions.mean: "ReduceMean", reductions.max: "ReduceMax",
}  # fmt: skip


@translates(*REDUCTIONS)
def write_reduction(call):
    """Write ReduceSum, ReduceMean or ReduceMax along axes that are not that of the images."""
    axes = np.atleast_1d(call.options["axis"]) % len(call.args[0].shape)
    inputs = [*call.inputs(), call.integers(axes, "axes")]
    return call.node(REDUCTIONS[call.primitive], inputs, keepdims=int(call.options["keepdims"]))


@translates(arrays.getitem)
def write_slice(call):
    """Write Slice:  subsampling and crops, without single indices."""
    shape, key = call.args[0].shape, call.options["key"]
    key = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(each, slice) or each is Ellipsis for each in key):
        raise call.refusal("by indices that are not slices, pick entries by slices")
    if Ellipsis in key:
        at = key.index(Ellipsis)
        key = (*key[:at], *[slice(None)] * (len(shape) - len(key) + 1), *key[at + 1 :])
    if any((each.step or 1) < 0 for each in key):
        raise call.refusal("by slices with a negative step, take positive ones")
    axes = [axis for axis, each in enumerate(key) if each != slice(None)]
    if not axes:
        return call.node("Identity", call.inputs())
    starts, ends, steps = zip(*(key[axis].indices(shape[axis]) for axis in axes), strict=True)
    parts = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
    numbers = [call.integers(values, name) for name, values in parts.items()]
    return call.node("Slice", [*call.inputs(), *numbers])


@translates(joining.joined)
def write_concat(call):
    """Write Concat; zeros before and after what is computed are Pad."""
    axis = call.options["axis"] % len(call.y.shape)
    computed = [i for i, arg in enumerate(call.args) if isinstance(arg, Traced)]
    first, last = computed[0], computed[-1] + 1
    outside = [*call.args[:first], *call.args[last:]]
    if len(computed) < last - first or any(np.any(each) for each in outside):
        raise call.refusal("with an array that is no zeros at either end")
    inside = [arg.name for arg in call.args[first:last]]
    y = call.node("Concat", inside, axis=axis) if len(inside) > 1 else inside[0]
    before = sum(each.shape[axis] for each in call.args[:first])
    after = sum(each.shape[axis] for each in call.args[last:])
    return write_pad(call, y, {axis: (before, after)})


def write_pad(call, x, sides):
    """Write Pad with zeros, for {axis: (before, after)}; nothing where nothing is added."""
    axes = range(len(call.y.shape))
    amounts = pads([sides.get(axis, (0, 0)) for axis in axes])
    return call.node("Pad", [x, call.integers(amounts, "pads")]) if any(amounts) else x


@translates(moving.arranged)
def write_zeros_around(call):
    """Write Pad, where the entries are all of x in a box, with zeros around it."""
    (x,) = call.args
    numbers = np.asarray(call.options["index"])
    found = np.argwhere(numbers)
    starts, ends = found.min(axis=0), found.max(axis=0) + 1
    box = numbers[tuple(map(slice, starts, ends))]
    if not np.array_equal(box, 1 + np.arange(x.size).reshape(x.shape)):
        raise call.refusal("which moves entries; of those ONNX has zeros around an array")
    after = np.array(numbers.shape) - ends
    sides = {i: (int(starts[i]), int(after[i])) for i in range(numbers.ndim)}
    return write_pad(call, x.name, sides)
