"""The linear map, the work-horse of every network.

Chapter: book/linear.md.
"""

from dlcore.autodiff.primitive import primitive
from dlcore.ops.fast import product_for
from dlcore.shapes import Bias, Features, Hidden, Weights


@primitive
def linear(x: Features, w: Weights, b: Bias) -> Hidden:
    """Mix features:  y = x w + b.

    Forwards:   ẏ = ẋ w + x ẇ + ḃ.
    Backwards:  x̄ = ȳ wᵀ,   w̄ = xᵀ ȳ,   b̄ = Σₙ ȳₙ.

    >>> linear([[1.0, 2.0]], [[3.0], [4.0]], [0.5])
    array([[11.5]])
    """
    product = product_for(x, w)
    y = product(x, w)
    y += b
    return y


@linear.defjvp
def linear_jvp(y, x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ w + x @ w_dot + b_dot


@linear.defvjp
def linear_vjp(y, x, w, b, y_bar):
    product = product_for(x, w, y_bar)
    return lambda: product(y_bar, w.T), lambda: product(x.T, y_bar), lambda: y_bar.sum(axis=0)


@primitive
def linear_map(x: Features, w: Weights) -> Hidden:
    """Mix features, without a bias:  y = x w.

    >>> linear_map([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]])
    """
    return product_for(x, w)(x, w)


@linear_map.defjvp
def linear_map_jvp(y, x, w, x_dot, w_dot):
    return x_dot @ w + x @ w_dot


@linear_map.defvjp
def linear_map_vjp(y, x, w, y_bar):
    product = product_for(x, w, y_bar)
    return lambda: product(y_bar, w.T), lambda: product(x.T, y_bar)
