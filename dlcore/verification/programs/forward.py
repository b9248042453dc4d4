"""Forward mode by the letters of the page.

Chapter: book/forward.md.
"""

import numpy as np

from dlcore import autodiff
from dlcore.experiments import forward
from dlcore.ops.numpy import arithmetic


def linear_jvp(J, x_dot):
    """A tangent pushed through a linear map."""
    return autodiff.jvp(lambda x: np.sum(J * x, axis=1), [0.0 * x_dot], [x_dot])[1]


def product_rule(x, z, x_dot, z_dot):
    """The tangent of a product."""
    return arithmetic.multiply.jvp(x * z, x, z, x_dot, z_dot)


def quotient_rule(x, z, x_dot, z_dot):
    """The tangent of a quotient."""
    return arithmetic.divide.jvp(x / z, x, z, x_dot, z_dot)


def first_output(w1, w2):
    """The first output of the example."""
    return forward.example(np.array([w1, w2]))[0]


def second_output(w1, w2):
    """The second output."""
    return forward.example(np.array([w1, w2]))[1]


def first_output_by_w1(w1, w2):
    """The slope of the first output by w1, in forward mode."""
    return autodiff.jacobian(forward.example, mode="forward")(np.array([w1, w2]))[0, 0]


def first_output_by_w2(w1, w2):
    """Its slope by w2."""
    return autodiff.jacobian(forward.example, mode="forward")(np.array([w1, w2]))[0, 1]
