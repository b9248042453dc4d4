"""Converting: the same numbers in another precision, or rounded to integers.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implementations, implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

SINCE_2_1 = [np.astype] if hasattr(np, "astype") else []  # NumPy has a function for the method


@primitive(shapes=[("N D",)], options={"dtype": (np.float64,)})
def as_precision(x: Tensor, *, dtype) -> Tensor:
    """Convert to floats of another precision; the cotangent comes back in that of x.

    >>> as_precision(np.array([0.5], np.float32), dtype=np.float64)
    array([0.5])
    """
    return np.asarray(x).astype(dtype)[()]


@as_precision.defjvp
def as_precision_jvp(y, x, x_dot, dtype):
    return as_precision(x_dot, dtype=dtype)


@as_precision.defvjp
def as_precision_vjp(y, x, y_bar, dtype):
    return (as_precision(y_bar, dtype=np.result_type(x)),)


@implements(*SINCE_2_1)
def astype(x, dtype, *, copy=True):
    """Convert to another kind of number: floats have the slope 1, integers the slope 0.

    Integers and truth values are constant between jumps: a plain array is returned, as by a
    comparison. Raises TypeError for a kind of number that is not real.

    >>> astype(np.array([0.5, 1.5], np.float32), float), astype(np.array([0.5, 1.5]), int)
    (array([0.5, 1.5]), array([0, 1]))
    """
    kind = np.dtype(dtype).kind
    if kind == "f":
        return as_precision(x, dtype=dtype)
    if kind not in "biu":
        raise TypeError(f"astype: dtype is {np.dtype(dtype)}, use floats, integers or bool")
    return plain(x).astype(dtype)[()]


implementations[np.ndarray.astype] = astype
