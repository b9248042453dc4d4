"""Choosing: the entries of one array or of another, by a condition or between bounds.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.arithmetic import unbroadcast
from dlcore.shapes import Mask, Tensor

MISSING = np._NoValue  # what NumPy's signatures say where None is a value
CHOICE = (("N D", "N D", "N D"), ("N 1", "D", "N D"))


@primitive(shapes=CHOICE)
def choice(c: Mask, x: Tensor, z: Tensor) -> Tensor:
    """Choose:  y = x where c holds, z elsewhere; c is an array of booleans.

    >>> choice(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    return np.where(c, x, z)


@choice.defjvp
def choice_jvp(y, c, x, z, x_dot, z_dot):
    return np.where(c, x_dot, z_dot)


@choice.defvjp
def choice_vjp(y, c, x, z, y_bar):
    return (
        lambda: unbroadcast(np.where(c, y_bar, 0.0), x),
        lambda: unbroadcast(np.where(c, 0.0, y_bar), z),
    )


@implements(np.where)
def where(condition, x=None, y=None):
    """Choose x where the condition holds, or is not 0, and y elsewhere.

    Alone, the condition says where it holds. Raises ValueError where one of x and y is missing.

    >>> where(np.array([1, 0]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    condition = condition if isinstance(condition, np.ndarray) else plain(condition)
    if x is None or y is None:
        return np.where(condition, *(each for each in (x, y) if each is not None))
    return choice(condition if condition.dtype.kind == "b" else condition != 0, x, y)


@implements(np.select)
def select(condlist, choicelist, default=0):
    """Choose the array whose condition is the first that holds, or `default` where none does.

    Raises ValueError where there are no conditions, or not as many as arrays, TypeError for a
    condition that does not hold booleans.

    >>> x = np.array([-2.0, 0.5, 3.0])
    >>> select([x < 0, x > 1], [-x, x * x], default=7.0)
    array([2., 7., 9.])
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        told = f"{len(condlist)} conditions for {len(choicelist)} arrays"
        raise ValueError(f"select: there are {told}, give one for each")
    np.broadcast_shapes(*map(np.shape, condlist))  # raises what NumPy raises
    np.broadcast_shapes(*map(np.shape, [*choicelist, default]))
    y = np.multiply(default, np.result_type(*map(plain, choicelist)).type(1))
    for condition, x in zip(reversed(condlist), reversed(choicelist), strict=True):
        if plain(condition).dtype.kind != "b":
            raise TypeError(f"select: a condition is {plain(condition).dtype}, it must be bool")
        y = np.where(condition, x, y)
    return y


@implements(np.clip)
def clip(x, a_min=MISSING, a_max=MISSING, *, min=MISSING, max=MISSING):
    """Keep x between a smallest and a largest value; at both of them the slope by x is 1.

    A bound may be None. Raises TypeError where one of a_min and a_max is missing, ValueError
    where they are given together with min or max.

    >>> clip(np.array([-2.0, 0.5, 3.0]), -1.0, 1.0)
    array([-1. ,  0.5,  1. ])
    """
    if a_min is MISSING and a_max is MISSING:
        a_min, a_max = (None if bound is MISSING else bound for bound in (min, max))
    elif a_min is MISSING or a_max is MISSING:
        raise TypeError("clip: a_min and a_max go together, use None for a bound that is not there")
    elif min is not MISSING or max is not MISSING:
        raise ValueError("clip: bounds are a_min and a_max, or min and max, not both")
    for bound, beyond in ((a_min, np.less), (a_max, np.greater)):
        if bound is not None:
            x = np.where(beyond(x, bound) | (np.isnan(bound) & ~np.isnan(x)), bound, x)
    return x
