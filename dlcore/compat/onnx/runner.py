"""Run a graph of ONNX: its nodes in order, each by an operation of ours.

The file is read by the package `onnx`, which is installed with the extra of the same name.
"""

from collections import namedtuple

import numpy as np

from dlcore.compat.onnx.operators import OPERATORS
from dlcore.compat.onnx.support import UnsupportedError

Node = namedtuple("Node", "name operator attributes inputs outputs")


def run(model, inputs):
    """Compute the outputs of an ONNX model, a list, for its `inputs`, a list of arrays.

    `model` is an ``onnx.ModelProto``, as ``onnx.load`` returns it. Raises UnsupportedError with the
    name of the first operator that we do not have, and for an attribute that we do not take.

    >>> run(onnx.load("network.onnx"), [x])  # doctest: +SKIP
    [array([[0.1, 0.9]])]
    """
    from onnx import numpy_helper  # noqa: PLC0415 (an extra, and 0.3 seconds)

    graph = model.graph
    version = max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    known = {"": None}
    known |= {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    given = [each.name for each in graph.input if each.name not in known]
    if len(given) != len(inputs):
        raise ValueError(f"run: the model has inputs {given}, {len(inputs)} arrays were passed")
    known |= dict(zip(given, inputs, strict=True))
    for proto in graph.node:  # ONNX demands that they are sorted topologically
        node = read_node(proto)
        arguments = [known[name] for name in node.inputs]
        results = apply(node, arguments, version)
        known |= dict(zip(node.outputs, results, strict=False))
    return [known[each.name] for each in graph.output]


def read_node(proto):
    """Read a node: what it is called, what it does, by which attributes, from what to what."""
    from onnx import helper, numpy_helper  # noqa: PLC0415 (an extra, and 0.3 seconds)

    attributes = {each.name: helper.get_attribute_value(each) for each in proto.attribute}
    for name, value in attributes.items():
        if hasattr(value, "raw_data"):
            attributes[name] = numpy_helper.to_array(value)
        elif isinstance(value, bytes):
            attributes[name] = value.decode()
    inputs, outputs = list(proto.input), list(proto.output)
    return Node(proto.name or outputs[0], proto.op_type, attributes, inputs, outputs)


def apply(node, arguments, version, operators=OPERATORS):
    """Return the results of a node, a list; those that we do not compute are refused.

    `operators` maps names to functions. Raises UnsupportedError for an operator, an attribute or an
    output that we do not have.
    """
    if node.operator not in operators:
        raise UnsupportedError(
            f"run: {node.name} is {node.operator}, which is no operation of ours"
        )
    function = operators[node.operator]
    options = node.attributes
    if getattr(function, "versioned", False):
        options = options | {"version": version}
    if node.operator == "Split" and not len(arguments) > 1 and "split" not in options:
        options = {"num_outputs": len(node.outputs)} | options
    try:
        results = function(*arguments, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise UnsupportedError(f"run: {node.name}, {node.operator}: {error}") from error
    results = results if isinstance(results, tuple | list) else (results,)
    if len(results) < len([name for name in node.outputs if name]):
        raise UnsupportedError(
            f"run: {node.name}, {node.operator}: {len(node.outputs)} outputs are asked for, "
            f"we compute {len(results)}"
        )
    return [np.asarray(each) if np.isscalar(each) else each for each in results]
