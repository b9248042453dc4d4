"""How kernels are compiled: the only place where numba is configured.

A kernel is compiled when it is first called, and kept on disk for the next time. Numba compares
the file of a kernel with what it has kept, but not the files that the kernel calls or takes its
records from; so a change of any of them discards all that was kept.
With ``NUMBA_DISABLE_JIT=1`` it is the plain Python that it reads as.
"""

import hashlib
from contextlib import suppress
from functools import cache, partial, wraps
from pathlib import Path

from numba import config, njit, vectorize
from numba.extending import intrinsic

COMPILED = not config.DISABLE_JIT
KERNELS = Path(__file__).parents[1]


def discard_stale(folder):
    """Delete compiled kernels below `folder` if one of its sources differs from the last time."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        state.update(path.read_bytes())
    mark = folder / "__pycache__" / "sources.sha256"
    with suppress(OSError):  # where nothing can be written, nothing of ours is kept
        if mark.exists() and mark.read_text() == state.hexdigest():
            return
        for path in folder.rglob("*.nb[ic]"):
            path.unlink(missing_ok=True)
        mark.parent.mkdir(exist_ok=True)
        mark.write_text(state.hexdigest())


if COMPILED:
    discard_stale(KERNELS)


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

# A loop that adds up: terms may be added in another order, a register of them at a time. What a
# term is made of keeps its order if it is computed in a function of its own, a `kernel`.
summing_kernel = partial(kernel, fastmath={"reassoc"})


def intrinsic_with_fallback(plain):
    """Make a decorator for LLVM code; where nothing is compiled, `plain` takes its place."""
    return lambda typed: intrinsic(typed) if COMPILED else plain
