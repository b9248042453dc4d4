"""Which arrays the compiled kernels take: float32 and float64, plain and aligned.

The module imports no kernel, so that operations without one load no compiler.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import Traced


def as_common_dtype(*arrays):
    """Convert arrays to one precision, aligned, and in the byte order of this machine.

    >>> [array.dtype.name for array in as_common_dtype(np.ones(2), np.ones(3, np.float32))]
    ['float64', 'float64']
    """
    common = np.result_type(*arrays).newbyteorder("=")
    return [
        array if array.dtype == common and array.flags.aligned else np.require(array, common, "A")
        for array in arrays
    ]


def has_kernel(dtype):
    """Tell whether there are kernels for this precision: float32 and float64.

    >>> has_kernel(np.dtype("float32")), has_kernel(np.dtype("float16"))
    (True, False)
    """
    return dtype.itemsize in (4, 8)


def kernel_applies(*arrays):
    """Tell whether kernels may take these arrays: of such a precision, and none is traced.

    >>> kernel_applies(np.ones(2), np.ones(3)), kernel_applies(np.ones(2, np.float16))
    (True, False)
    """
    traced = any(isinstance(array, Traced) for array in arrays)
    return not traced and all(has_kernel(array.dtype) for array in arrays)


def in_double(function, *arguments):
    """Compute a program in double precision; round what it returns to that of the first array.

    Nothing is converted where an argument is traced.

    >>> in_double(np.add, np.float32([1.0]), np.float64([2.0])).dtype
    dtype('float32')
    """
    if any(isinstance(each, Traced) for each in arguments):
        return function(*arguments)
    arrays = [each for each in arguments if isinstance(each, np.ndarray)]
    dtype, wide = arrays[0].dtype, np.result_type(np.float64, *arrays)
    found = function(
        *(each.astype(wide) if isinstance(each, np.ndarray) else each for each in arguments)
    )
    if isinstance(found, tuple):
        return tuple(each.astype(dtype) for each in found)
    return found.astype(dtype)
