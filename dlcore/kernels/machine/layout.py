"""Memory layout: images lie in memory batch last, (H, W, C, N).

Their public shape is (N, C, H, W). In memory each pixel is a matrix of C rows, a row holds one
channel of all N images, and every load of a register reads numbers that are used together. Only
the strides differ; NumPy's element-wise functions keep them.

Chapter: book/fast.md.
"""

import ctypes
import mmap
import tracemalloc
from contextlib import suppress
from math import prod
from weakref import finalize

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.threads import parallel_for
from dlcore.kernels.machine.tile import Matrix, transpose_block

LINE = 64  # bytes of a cache line
LARGE = 31 << 20  # bytes: larger arrays are rare, as the C library of Linux sees it
KEPT = 1 << 30  # bytes of large arrays that are kept when they are freed

# What the C library of Linux is asked for by number: from which size on arrays have pages of
# their own, and how many freed bytes at the end of its heap it keeps.
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1


def keep_freed_memory():
    """Ask the C library to keep freed memory for the next arrays, up to a size.

    Otherwise it returns memory to the system, which clears its pages before it is used again,
    and that takes longer than to write them. Larger arrays keep their pages by `large_memory`.
    """
    with suppress(AttributeError, OSError, TypeError):  # other C libraries have no such function
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(MMAP_THRESHOLD, LARGE + (1 << 20))
        mallopt(TRIM_THRESHOLD, KEPT)


keep_freed_memory()
kept_pages = []  # of large arrays that were freed, the oldest first
PRIVATE = hasattr(mmap, "MAP_ANONYMOUS")  # whether the system has memory that no file stands for


def keep_pages(pages):
    """Keep the pages of an array that is freed; of more than is kept, free the oldest."""
    kept_pages.append(pages)
    while sum(map(len, [*kept_pages])) > KEPT:
        with suppress(IndexError):  # another thread may have taken the last ones
            kept_pages.pop(0)


def large_memory(size):
    """Allocate bytes for a large array; when it is freed, one of about its size takes them.

    That is one of at least half the size. It takes the smallest kept pages that it fits into.
    """
    fitting = [pages for pages in kept_pages if size <= len(pages) <= 2 * size]
    for pages in sorted(fitting, key=len):
        with suppress(ValueError):  # another thread may have taken them
            kept_pages.remove(pages)
            break
    else:
        pages = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a system without large pages
                pages.madvise(mmap.MADV_HUGEPAGE)
    memory = np.frombuffer(pages, np.uint8)
    finalize(memory, keep_pages, pages).atexit = False
    return memory


def aligned(shape, dtype, allocate=np.empty):
    """Allocate an array that begins with a cache line: empty, or by `np.zeros`.

    A large empty one takes the pages of a freed one. While memory is traced NumPy allocates it,
    and the trace counts it.
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    reuse = allocate is np.empty and size > LARGE and PRIVATE and not tracemalloc.is_tracing()
    memory = large_memory(size + LINE) if reuse else allocate(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return np.ndarray(shape, dtype, memory, start)


def empty_maps(N, C, H, W, dtype):
    """Allocate images of public shape (N, C, H, W) in memory order (H, W, C, N)."""
    return from_batch_last(aligned((H, W, C, N), dtype))


def from_batch_last(x):
    """View an array (H, W, C, N) as images (N, C, H, W)."""
    return x.transpose(3, 2, 0, 1)


def contiguous_copy(x):
    """Copy an array of any strides into a contiguous one."""
    y = aligned(x.shape, x.dtype)
    np.copyto(y, x)
    return y


def as_contiguous(x):
    """Return a contiguous array: x itself, or a copy."""
    return x if x.flags.c_contiguous else contiguous_copy(x)


@kernel
def swap_rows(start, stop, y, x):
    """Exchange the first two of three axes:  y[i, j] = x[j, i], rows by rows of y."""
    for i in range(start, stop):
        for j in range(y.shape[1]):
            for n in range(y.shape[2]):
                y[i, j, n] = x[j, i, n]


def swap_leading_axes(x):
    """Exchange the first two of three axes, and make the result contiguous."""
    y = aligned((x.shape[1], x.shape[0], x.shape[2]), x.dtype)
    parallel_for(swap_rows, len(y), y, as_contiguous(x))
    return y


def is_batch_last(x):
    """Tell whether images (N, C, H, W) lie in memory as (H, W, C, N), contiguous."""
    view = x.transpose(2, 3, 1, 0)
    return view.flags.c_contiguous and view.flags.aligned


def is_channel_slice(x):
    """Tell whether images lie batch last, or are neighbouring channels of images that do."""
    H, W, C, N = (view := x.transpose(2, 3, 1, 0)).shape
    row = N * x.itemsize
    rows, columns, channels, images = view.strides
    order = (rows, channels, images) == (W * columns, row, x.itemsize)
    return order and columns >= C * row and columns % row == 0 and view.flags.aligned


def channel_rows(x):
    """View images as (H W, C, N): a matrix for every pixel, whose first C rows are theirs.

    Neighbouring channels of wider images are not copied: the matrices are those of the wider
    ones, from the first of the channels on, and the last matrix ends behind the array. So no
    more than C rows may be read or written.

    >>> wide = empty_maps(2, 7, 4, 5, np.float64)
    >>> channel_rows(wide[:, 1:4]).shape, channel_rows(np.ones((2, 3, 4, 5))).shape
    ((20, 7, 2), (20, 3, 2))
    """
    N, C, H, W = x.shape
    if not is_channel_slice(x):
        return to_batch_last(x).reshape(H * W, C, N)
    columns, row = x.strides[3], N * x.itemsize
    strides = columns, row, x.itemsize
    return np.lib.stride_tricks.as_strided(x, (H * W, columns // row, N), strides)


def batch_last_to_chwn(x):
    """Copy images that lie as (H, W, C, N) into an array (C, H, W, N)."""
    N, C, H, W = x.shape
    return swap_leading_axes(x.transpose(2, 3, 1, 0).reshape(H * W, C, N)).reshape(C, H, W, N)


def chwn_to_batch_last(x):
    """Copy an array (C, H, W, N) into images (N, C, H, W) that lie as (H, W, C, N)."""
    C, H, W, N = x.shape
    return from_batch_last(swap_leading_axes(x.reshape(C, H * W, N)).reshape(H, W, C, N))


@kernel
def rows_to_batch_last(start, stop, y, x):
    """Transpose rows start … stop of images (N, C, H, W) into rows of (H, W, C, N)."""
    N, C, H, W = x.shape
    lanes = WIDTH // x.itemsize
    for h in range(start, stop):
        for w in range(0, W, lanes):
            for c in range(C):
                for n in range(0, N, lanes):
                    block = Matrix(x, ((n * C + c) * H + h) * W + w, C * H * W, 1)
                    into = Matrix(y, ((h * W + w) * C + c) * N + n, C * N, 1)
                    transpose_block(into, block, min(lanes, N - n), min(lanes, W - w))


def to_batch_last(x):
    """Return images (N, C, H, W) as a contiguous array (H, W, C, N): a view if they are one."""
    view = x.transpose(2, 3, 1, 0)
    if is_batch_last(x):
        return view
    if not (x.flags.c_contiguous and x.flags.aligned and x.dtype.char in "fd"):
        return contiguous_copy(view)
    y = aligned(view.shape, x.dtype)
    parallel_for(rows_to_batch_last, view.shape[0], y, x)
    return y
