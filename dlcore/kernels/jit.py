"""How kernels are compiled: the only place where numba is configured.

A kernel is compiled when it is first called, and kept on disk for the next time.
With ``NUMBA_DISABLE_JIT=1`` it is the plain Python that it reads as.
"""

from functools import partial

from numba import njit, vectorize

kernel = partial(njit, cache=True, error_model="numpy", nogil=True)
elementwise = partial(vectorize, cache=True)
