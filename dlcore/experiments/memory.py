"""The memory that a call takes at its fullest, as Python's own allocation trace counts it."""

import tracemalloc


def peak_memory(call):
    """Return the result of a call, and the bytes that it held at its fullest.

    What was held before the call does not count. A trace that is running already goes on.

    >>> zeros, held = peak_memory(lambda: bytes(10**6))
    >>> 10**6 <= held < 1.01 * 10**6
    True
    """
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        result = call()
        _, peak = tracemalloc.get_traced_memory()
        return result, peak - before
    finally:
        if not running:
            tracemalloc.stop()
