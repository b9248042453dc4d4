"""Convolution: one operation with its derivative rules, and several algorithms behind it.

The sum is linear in x and in w. Both gradients are such sums too, so the three operations are
closed under differentiation: the rules of each are the other two.

Chapter: book/conv.md.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.kernels import conv as kernels
from dlcore.kernels import fast
from dlcore.kernels.machine.layout import from_batch_last, to_batch_last
from dlcore.ops.precision import as_common_dtype, has_kernel, kernel_applies
from dlcore.ops.window import (
    cached,
    normalize_padding,
    pair,
    require_fit,
    require_positions,
)
from dlcore.shapes import Filters, Images, Maps, Offsets, ShapeError


class ConvAlgorithm(NamedTuple):
    """Three functions of one signature each, as `dlcore.kernels.conv` describes them.

    >>> CONV_ALGORITHMS["naive"].forward.__name__
    'conv2d_naive'
    """

    forward: object
    input_grad: object
    weight_grad: object


CONV_ALGORITHMS = {
    "naive": ConvAlgorithm(
        kernels.conv2d_naive, kernels.conv2d_input_grad_naive, kernels.conv2d_weight_grad_naive
    ),
    "im2col": ConvAlgorithm(
        kernels.conv2d_im2col, kernels.conv2d_input_grad_im2col, kernels.conv2d_weight_grad_im2col
    ),
    "loops": ConvAlgorithm(
        kernels.conv2d_loops, kernels.conv2d_input_grad_loops, kernels.conv2d_weight_grad_loops
    ),
    "tile": ConvAlgorithm(
        fast.conv2d_tile, fast.conv2d_input_grad_tile, fast.conv2d_weight_grad_tile
    ),
    "depthwise": ConvAlgorithm(
        fast.conv2d_depthwise,
        fast.conv2d_input_grad_depthwise,
        fast.conv2d_weight_grad_depthwise,
    ),
    "winograd": ConvAlgorithm(
        fast.conv2d_winograd,
        fast.conv2d_input_grad_winograd,
        fast.conv2d_weight_grad_winograd,
    ),
}
ANY_PRECISION = ("naive", "im2col")  # the others know float32 and float64

forced = ContextVar("forced", default=None)


@contextmanager
def use_algorithm(name):
    """Compute every convolution inside a ``with`` block by one algorithm of `CONV_ALGORITHMS`.

    The default chooses by shapes and precision. "naive" and "im2col" take every precision; where
    another one cannot, "im2col" takes its place. Raises ValueError for an unknown name.

    >>> with use_algorithm("naive"):
    ...     conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3))).item()
    9.0
    """
    if name not in CONV_ALGORITHMS:
        raise ValueError(
            f"use_algorithm: name is {name!r}, use one of {', '.join(CONV_ALGORITHMS)}"
        )
    token = forced.set(name)
    try:
        yield
    finally:
        forced.reset(token)


class ConvPlan(NamedTuple):
    """What is settled before any number is read: (P, Q), the options, and the algorithm."""

    size: tuple
    options: tuple
    algorithm: ConvAlgorithm


@cached
def plan_conv(function, problem, stride, padding, dilation, groups):
    """Translate and check the options of a convolution, and choose its algorithm.

    `problem` is what the arrays and the context say: the shapes of x and w, their dtype, and the
    algorithm that `use_algorithm` asks for. Equal calls return the same plan, from a cache.
    Raises what `normalize_conv_options` raises.

    >>> problem = (1, 1, 8, 8), (4, 1, 3, 3), np.dtype("float64"), None
    >>> plan_conv("conv2d", problem, 2, "same", 1, 1).size
    (4, 4)
    """
    x, w, dtype, asked = problem
    size, options = normalize_conv_options(function, x, w, stride, padding, dilation, groups)
    name = asked or choose_algorithm(x, w, size, options, dtype)
    if name not in ANY_PRECISION and not has_kernel(dtype):
        name = "im2col"
    return ConvPlan(size, options, CONV_ALGORITHMS[name])


def choose_algorithm(x, w, size, options, dtype):
    """Choose the algorithm for images of shape x and filters of shape w.

    One for each channel alone, if there are as many groups as channels and filters. Winograd's
    for filters of 3 × 3 at stride one, if there are many channels and the precision is single
    [Lavin2016]_; the register tile for all others.
    """
    if fast.depthwise_applies(x, w, options[-1]):
        return "depthwise"
    return "winograd" if fast.winograd_pays(x, w, size, options, dtype) else "tile"


def normalize_conv_options(function, x, w, stride, padding, dilation, groups):
    """Translate and check the options; return (P, Q) and the options as the kernels take them.

    Raises ValueError for an option of another kind, ShapeError where the filter does not fit into
    the padded image or `groups` does not divide F.

    >>> normalize_conv_options("conv2d", (1, 1, 8, 8), (4, 1, 3, 3), 1, 1, 1, 1)
    ((8, 8), ((1, 1), ((1, 1), (1, 1)), (1, 1), 1))
    """
    if not isinstance(groups, int | np.integer) or groups < 1:
        raise ValueError(f"{function}: groups is {groups!r}, pass a whole number, at least 1")
    if w[0] % groups:
        raise ShapeError(
            f"{function}: F is {w[0]} in w but groups is {groups}, which must divide it"
        )
    size, kernel_size = x[2:], w[2:]
    stride = pair(function, "stride", stride)
    dilation = pair(function, "dilation", dilation)
    padding = normalize_padding(function, padding, size, kernel_size, stride, dilation)
    places = require_fit(function, size, kernel_size, stride, padding, dilation)
    return places, (stride, padding, dilation, int(groups))


CONV = {
    "stride": (1, (2, 1)),
    "padding": ("same", ((1, 0), (0, 2))),
    "dilation": (1, (1, 2)),
    "groups": (1, 3),
}
BACK = {
    "stride": ((2, 1),),
    "padding": (((4, 2), (1, 0)),),
    "dilation": ((1, 2),),
    "groups": (1, 3),
}


@primitive(options=CONV)
def conv2d(x: Images, w: Filters, *, stride=1, padding=0, dilation=1, groups=1) -> Maps:
    """Correlate images with filters:  y[n,f,p,q] = Σ_{c,u,v} x[n,c,p+u,q+v] w[f,c,u,v].

    `stride` between windows, `dilation` between the entries of a filter: a number or a pair.
    `padding` with zeros: a number, a pair for height and width, a pair of pairs, or "same". With
    `groups`, a filter reads the channels of its own group. Raises ValueError for an option of
    another kind, ShapeError where the filter does not fit or `groups` does not divide F.

    >>> conv2d(np.ones((2, 3, 8, 8)), np.ones((4, 3, 5, 5)), padding="same").shape
    (2, 4, 8, 8)
    """
    x, w = as_common_dtype(x, w)
    problem = x.shape, w.shape, x.dtype, forced.get()
    plan = plan_conv("conv2d", problem, stride, padding, dilation, groups)
    if not (x.size and w.size):
        return np.zeros((len(x), len(w), *plan.size), x.dtype)
    return plan.algorithm.forward(x, w, *plan.options)


@conv2d.deflayout
def conv2d_layout(x, *others):
    """Images are brought to the order of the kernels once, for forward and backward pass."""
    return [from_batch_last(to_batch_last(x)) if kernel_applies(x) else x, *others]


@conv2d.defjvp
def conv2d_jvp(y, x, w, x_dot, w_dot, **options):
    return conv2d(x_dot, w, **options) + conv2d(x, w_dot, **options)


@conv2d.defvjp
def conv2d_vjp(y, x, w, y_bar, **options):
    return (
        lambda: conv2d_input_grad(y_bar, w, size=x.shape[2:], **options),
        lambda: conv2d_weight_grad(x, y_bar, kernel_size=w.shape[2:], **options),
    )


@primitive(options={"size": ((11, 10),), **BACK})
def conv2d_input_grad(
    y_bar: Maps, w: Filters, *, size, stride=1, padding=0, dilation=1, groups=1
) -> Images:
    """Pull ȳ back to images of a `size`:  x̄[n,c,h,l] = Σ_{f,p,q} ȳ[n,f,p,q] w[f,c,h-p,l-q].

    The options and errors are those of `conv2d`; `size` is (H, W). Raises ShapeError also where
    ȳ does not have the (P, Q) of the options, ValueError where `size` is no pair.

    >>> conv2d_input_grad(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), size=(2, 2)).tolist()
    [[[[1.0, 1.0], [1.0, 1.0]]]]
    """
    y_bar, w = as_common_dtype(y_bar, w)
    shape = len(y_bar), w.shape[1] * groups, *pair("conv2d_input_grad", "size", size, least=0)
    problem = shape, w.shape, w.dtype, forced.get()
    plan = plan_conv("conv2d_input_grad", problem, stride, padding, dilation, groups)
    require_positions("conv2d_input_grad", y_bar, plan.size)
    if not (y_bar.size and w.size):
        return np.zeros(shape, y_bar.dtype)
    return plan.algorithm.input_grad(y_bar, w, shape[2:], *plan.options)


@conv2d_input_grad.defjvp
def conv2d_input_grad_jvp(x_bar, y_bar, w, y_bar_dot, w_dot, **options):
    return conv2d_input_grad(y_bar_dot, w, **options) + conv2d_input_grad(y_bar, w_dot, **options)


@conv2d_input_grad.defvjp
def conv2d_input_grad_vjp(x_bar, y_bar, w, g, size, **options):
    return (
        lambda: conv2d(g, w, **options),
        lambda: conv2d_weight_grad(g, y_bar, kernel_size=w.shape[2:], **options),
    )


@primitive(options={"kernel_size": ((5, 2),), **BACK})
def conv2d_weight_grad(
    x: Images, y_bar: Maps, *, kernel_size, stride=1, padding=0, dilation=1, groups=1
) -> Filters:
    """Pull ȳ back to a `kernel_size`:  w̄[f,c,u,v] = Σ_{n,p,q} ȳ[n,f,p,q] x[n,c,p+u,q+v].

    The options and errors are those of `conv2d`; `kernel_size` is (U, V). Raises ShapeError also
    where ȳ does not have the (P, Q) of the options, ValueError where `kernel_size` is no pair.

    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> conv2d_weight_grad(x, np.ones((1, 1, 1, 1)), kernel_size=(2, 2)).tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    x, y_bar = as_common_dtype(x, y_bar)
    N, C = x.shape[:2]
    kernel_size = pair("conv2d_weight_grad", "kernel_size", kernel_size)
    shape = y_bar.shape[1], C // max(1, groups), *kernel_size
    problem = x.shape, shape, x.dtype, forced.get()
    plan = plan_conv("conv2d_weight_grad", problem, stride, padding, dilation, groups)
    require_positions("conv2d_weight_grad", y_bar, plan.size)
    if not (x.size and y_bar.size):
        return np.zeros(shape, x.dtype)
    return plan.algorithm.weight_grad(x, y_bar, kernel_size, *plan.options)


@conv2d_weight_grad.defjvp
def conv2d_weight_grad_jvp(w_bar, x, y_bar, x_dot, y_bar_dot, **options):
    return conv2d_weight_grad(x_dot, y_bar, **options) + conv2d_weight_grad(x, y_bar_dot, **options)


@conv2d_weight_grad.defvjp
def conv2d_weight_grad_vjp(w_bar, x, y_bar, g, kernel_size, **options):
    return (
        lambda: conv2d_input_grad(y_bar, g, size=x.shape[2:], **options),
        lambda: conv2d(x, g, **options),
    )


@primitive(options={"relu": (False, True)})
def add_bias(x: Maps, b: Offsets, *, relu=False) -> Maps:
    """Add a bias to every map:  y = x + b,  or with `relu`  max(0, x + b).

    >>> x = np.array([-3.0, 1.0]).reshape(1, 1, 1, 2)
    >>> add_bias(x, np.array([1.0]), relu=True).tolist()
    [[[[0.0, 2.0]]]]
    """
    return biased(x, b, relu)


def biased(x, b, relu, overwrite=False):
    """Add the bias, by the kernel if there is one; x may be overwritten if `overwrite`."""
    x, b = as_common_dtype(x, b)
    if not has_kernel(x.dtype):
        return kernels.add_bias_naive(x, b, relu)
    return kernels.add_bias(x, b, relu, overwrite)


@add_bias.defjvp
def add_bias_jvp(y, x, b, x_dot, b_dot, relu=False):
    y_dot = x_dot + b_dot[:, None, None]
    return y_dot * (y > 0) if relu else y_dot


@add_bias.defvjp
def add_bias_vjp(y, x, b, y_bar, relu=False):
    """A kernel computes it, unless it is itself being differentiated."""
    back = kernels.add_bias_grad if kernel_applies(y, y_bar) else kernels.add_bias_grad_naive
    return back(y, y_bar, relu)


@primitive(options={**CONV, "relu": (False, True)})
def conv2d_bias_relu(
    x: Images, w: Filters, b: Offsets,
    *, stride=1, padding=0, dilation=1, groups=1, relu=True,
) -> Maps:  # fmt: skip
    """Convolve, add a bias to every map, and apply the ReLU unless `relu` is False.

    y = max(0, x ⋆ w + b),  or  x ⋆ w + b:  bias and ReLU are one pass through memory.

    The options are those of `conv2d`, and so are the errors: ValueError for an option of another
    kind, ShapeError where the filter does not fit or `groups` does not divide F.

    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((2, 1, 3, 3)), np.array([1.0, -10.0])
    >>> conv2d_bias_relu(x, w, b).ravel()
    array([10.,  0.])
    """
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return biased(conv2d(x, w, **options), b, relu, overwrite=True)


conv2d_bias_relu.deflayout(conv2d_layout)


@conv2d_bias_relu.defjvp
def conv2d_bias_relu_jvp(y, x, w, b, x_dot, w_dot, b_dot, relu=True, **options):
    return add_bias_jvp(y, x, b, conv2d_jvp(y, x, w, x_dot, w_dot, **options), b_dot, relu)


@conv2d_bias_relu.defvjp
def conv2d_bias_relu_vjp(y, x, w, b, y_bar, relu=True, **options):
    bar, b_bar = add_bias_vjp(y, x, b, y_bar, relu)
    return *conv2d_vjp(y, x, w, bar, **options), b_bar
