"""How kernels are compiled: the only place where numba is configured.

A kernel is compiled when it is first called, and kept on disk for the next time.
With ``NUMBA_DISABLE_JIT=1`` it is the plain Python that it reads as.
"""

from functools import partial

from numba import config, njit, vectorize
from numba.extending import intrinsic

kernel = partial(njit, cache=True, error_model="numpy", nogil=True)
elementwise = partial(vectorize, cache=True)


def twin(plain):
    """Let `plain` stand where nothing is compiled for a function that is spelled for LLVM."""
    return lambda spelled: plain if config.DISABLE_JIT else intrinsic(spelled)
