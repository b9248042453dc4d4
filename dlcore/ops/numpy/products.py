"""Products of many arrays, written in index notation.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implements
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor


def dissect(subscripts):
    """Split "nd,dm->nm" into the indices of the operands and those of the result.

    Raises TypeError without an arrow, with an ellipsis, or with an index twice in an operand.

    >>> dissect("nd,dm->nm")
    (['nd', 'dm'], 'nm')
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    operands = left.split(",")
    if not arrow or "." in left or any(len(set(each)) < len(each) for each in operands):
        raise TypeError(
            f"einsum: {subscripts!r} has no rule for traced arrays, write every index, no index "
            "twice in an operand, and an arrow"
        )
    return operands, right


@primitive(
    shapes=[("N D", "D M"), ("N D", "N M")],
    options={"subscripts": ("ij,kl->jk", "ij,kl->", "ij,kl->lij")},
)
def sum_of_products(*xs: Tensor, subscripts) -> Tensor:
    """Multiply and add, in the notation of `numpy.einsum`.

    >>> sum_of_products(np.array([1.0, 2.0]), np.array([3.0, 4.0]), subscripts="i,i->")
    np.float64(11.0)
    """
    return np.einsum(subscripts, *xs)


@sum_of_products.defjvp
def sum_of_products_jvp(y, *xs_and_dots, subscripts):
    """Forwards:  the product rule, one operand at a time."""
    half = len(xs_and_dots) // 2
    xs, dots = xs_and_dots[:half], xs_and_dots[half:]
    terms = [
        sum_of_products(*xs[:i], dot, *xs[i + 1 :], subscripts=subscripts)
        for i, dot in enumerate(dots)
    ]
    total, *more = terms
    for term in more:
        total = total + term
    return total


@sum_of_products.defvjp
def sum_of_products_vjp(y, *xs_and_bar, subscripts):
    """Backwards:  the same sum with ȳ for the operand, and ones for an index of its own."""
    *xs, y_bar = xs_and_bar
    operands, result = dissect(subscripts)

    def pull(i):
        others = [*operands[:i], *operands[i + 1 :], result]
        alone = [index for index in operands[i] if not any(index in other for other in others)]
        ones = np.ones([np.shape(xs[i])[operands[i].index(index)] for index in alone], y.dtype)
        inputs = ",".join([*others, "".join(alone)])
        arrays = (*xs[:i], *xs[i + 1 :], y_bar, ones)
        return sum_of_products(*arrays, subscripts=f"{inputs}->{operands[i]}")

    return [lambda i=i: pull(i) for i in range(len(xs))]


@implements(np.einsum)
def einsum(subscripts, *xs):
    """Multiply and add, in index notation, with the arrow and every index written out.

    Raises TypeError without an arrow, with an ellipsis, or with an index twice in an operand.

    >>> einsum("nd,dm->nm", np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    """
    dissect(subscripts)
    return sum_of_products(*xs, subscripts=subscripts)


@implements(np.outer)
def outer(x, z):
    """Multiply every entry of one vector with every entry of another:  y[i, j] = x[i] z[j].

    >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    return np.ravel(x)[:, None] * np.ravel(z)[None, :]


@implements(np.vdot, np.inner)
def vdot(x, z):
    """Multiply two vectors:  Σ x z.

    >>> vdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    return np.sum(np.ravel(x) * np.ravel(z))
