"""How kernels are compiled: the only place where numba is configured.

A kernel is compiled when it is first called, and kept on disk for the next time.
With ``NUMBA_DISABLE_JIT=1`` it is the plain Python that it reads as.
"""

from functools import cache, partial, wraps

from numba import config, njit, vectorize
from numba.extending import intrinsic

COMPILED = not config.DISABLE_JIT


def compile_lazily(compiler, *given):
    """Make a decorator that compiles a function when it is called for the first time."""

    def decorate(plain):
        compiled = cache(lambda: compiler(*given)(plain))

        @wraps(plain)
        def call(*arrays):
            return compiled()(*arrays)

        return call

    return decorate


kernel = partial(njit, cache=True, error_model="numpy", nogil=True)
elementwise = partial(compile_lazily, partial(vectorize, cache=True))


def intrinsic_with_fallback(plain):
    """Make a decorator for LLVM code; where nothing is compiled, `plain` takes its place."""
    return lambda typed: intrinsic(typed) if COMPILED else plain
