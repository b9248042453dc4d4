"""The product of matrices, by the order in which a batch lies in memory.

Convolutions leave the batch last in memory: the columns of features (N, D) are contiguous. BLAS
would need another order and threads of its own; the register tile takes them as they are.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.ops.precision import kernel_applies


def in_columns(x):
    """Tell whether the columns of a matrix are contiguous, and its rows are not.

    >>> in_columns(np.ones((2, 3)).T), in_columns(np.ones((2, 3)))
    (True, False)
    """
    return x.flags.f_contiguous and not x.flags.c_contiguous


def product_for(x, *others):
    """Choose how to multiply with a batch x (N, D) or its transpose: the order of x decides.

    Where the columns of x are contiguous it is the register tile, and a product with N rows
    has contiguous columns again; else it is NumPy's product.

    >>> product_for(np.ones((2, 3))) is np.matmul
    True
    >>> product_for(np.ones((3, 2)).T)(np.ones((2, 3)), np.ones((3, 1))).tolist()
    [[3.0], [3.0]]
    """
    if not (kernel_applies(x, *others) and in_columns(x)):
        return np.matmul

    from dlcore.kernels.machine.gemm import matmul  # noqa: PLC0415 (loads the compiler)

    def multiply(a, b):
        if len(a) == len(x):
            return matmul(b.T, np.asfortranarray(a).T).T
        return matmul(a, b)

    return multiply
