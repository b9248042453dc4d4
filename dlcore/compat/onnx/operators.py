"""The operators of ONNX that are operations of ours: a table of functions.

Each takes the inputs of a node, and its attributes by name.
"""

import numpy as np

from dlcore.compat.onnx import arrays, networks, norms
from dlcore.ops import activation

OPERATORS = {
    "Abs": np.abs, "Acos": np.arccos, "Acosh": np.arccosh, "Add": arrays.binary(np.add),
    "Asin": np.arcsin, "Asinh": np.arcsinh, "Atan": np.arctan, "Atanh": np.arctanh,
    "Ceil": np.ceil, "Clip": arrays.clip, "Concat": arrays.concat, "Cos": np.cos,
    "Cosh": np.cosh, "CumSum": arrays.cumsum, "Det": np.linalg.det,
    "Div": arrays.binary(arrays.divide), "Einsum": arrays.einsum, "Erf": activation.erf,
    "Exp": np.exp, "Expand": arrays.expand, "Flatten": arrays.flatten, "Floor": np.floor,
    "Identity": lambda x: x, "Log": np.log, "MatMul": np.matmul, "Max": arrays.folded(np.maximum),
    "Mean": arrays.mean_of, "Min": arrays.folded(np.minimum), "Mod": arrays.mod,
    "Mul": arrays.binary(np.multiply), "Neg": np.negative, "Pad": arrays.pad,
    "Pow": arrays.binary(arrays.power), "Reciprocal": lambda x: 1 / x,
    "Reshape": arrays.reshape, "Round": np.rint, "Sign": np.sign, "Sin": np.sin,
    "Sinh": np.sinh, "Slice": arrays.cut, "Split": arrays.split, "Sqrt": np.sqrt,
    "Squeeze": arrays.squeeze, "Sub": arrays.binary(np.subtract), "Sum": arrays.folded(np.add),
    "Tan": np.tan, "Tile": np.tile, "Transpose": arrays.transpose, "Trilu": arrays.trilu,
    "Unsqueeze": arrays.unsqueeze, "Where": np.where,
    "Constant": arrays.constant, "Gather": arrays.gather,
    "GatherElements": arrays.gather_elements,
    **{f"Reduce{name}": rule for name, rule in arrays.REDUCTIONS.items()},
    "AveragePool": networks.average_pool, "Conv": networks.conv,
    "ConvTranspose": networks.conv_transpose, "Gelu": activation.gelu, "Gemm": networks.gemm,
    "GlobalAveragePool": networks.global_average_pool,
    "GlobalMaxPool": networks.global_max_pool, "LeakyRelu": networks.leaky_relu,
    "LogSoftmax": networks.log_softmax_along, "MaxPool": networks.max_pool,
    "NegativeLogLikelihoodLoss": networks.negative_log_likelihood, "Relu": activation.relu,
    "Sigmoid": activation.sigmoid, "Softmax": networks.softmax_along,
    "SoftmaxCrossEntropyLoss": networks.softmax_cross_entropy,
    "Softplus": activation.softplus, "Tanh": np.tanh,
    "BatchNormalization": norms.batch_normalization, "Dropout": norms.dropout,
    "GroupNormalization": norms.group_normalization,
    "InstanceNormalization": norms.instance_normalization,
    "LayerNormalization": norms.layer_normalization, "LRN": norms.lrn,
}  # fmt: skip
