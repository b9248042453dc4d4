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
