"""The error function, which NumPy does not have.

Chapter: book/activation.md.
"""

import math

import numpy as np

from dlcore.kernels.jit import elementwise


def erf_naive(x):
    """Integrate the bell curve:  erf x = 2/√π ∫₀ˣ exp(-s²) ds, entry by entry."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)


@elementwise(["float32(float32)", "float64(float64)"])
def erf(x):
    """The same, compiled, for float32 and float64."""
    return math.erf(x)
