"""Dropout: a mask of bits, and its product with an array.

A mask holds one bit for every entry, 1 where the entry is kept. The bits of eight examples share
a byte: bit n % 8 of byte n // 8 along the first axis is that of example n. A mask of N examples
has ⌈N / 8⌉ bytes there, and 1/8 of a byte for an entry of x; an array of booleans has 1.

Where an axis of a mask has length 1, all entries along it share a bit: (⌈N / 8⌉, C, 1, 1) is a
mask of whole feature maps.

Chapter: book/dropout.md.
"""

from math import prod

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import (
    aligned,
    as_contiguous,
    empty_maps,
    from_batch_last,
    is_batch_last,
    to_batch_last,
)
from dlcore.kernels.machine.threads import parallel_for

BITS = 8  # of a byte, for so many examples
LARGE = 1 << 15  # entries that make a second thread worthwhile


def pack_naive(kept):
    """Put the zeros and ones of eight examples into a byte:  Σ kept[n] 2^(n % 8)."""
    bits = np.zeros((-(-len(kept) // BITS), *kept.shape[1:]), np.uint8)
    for n in range(len(kept)):
        bits[n // BITS] += kept[n].astype(np.uint8) << n % BITS
    return bits


def pack(kept):
    """The same by NumPy; for images the bits lie batch last."""
    if kept.ndim == 4:
        rows = kept.transpose(2, 3, 1, 0)
        return from_batch_last(np.packbits(rows, axis=-1, bitorder="little"))
    return np.packbits(kept, axis=0, bitorder="little")


def unpack(bits, N):
    """Read a mask of N examples as zeros and ones:  bit n % 8 of bits[n // 8]."""
    n = np.arange(N)
    place = (n % BITS).reshape(-1, *(1,) * (bits.ndim - 1))
    return (bits[n // BITS] >> place & 1).astype(np.uint8)


def draw_bits(rng, shape, p):
    """Draw a mask for an array of a shape: each bit is 0 with probability p.

    The numbers are drawn in the order of memory, which is batch last for images. They have 24
    binary digits, so p is rounded to as many.
    """
    if len(shape) == 4:
        N, C, H, W = shape
        return pack(from_batch_last(rng.random((H, W, C, N), dtype=np.float32) >= p))
    return pack(rng.random(shape, dtype=np.float32) >= p)


def dropout_naive(x, bits, p):
    """Keep the entries whose bit is 1, and scale them:  y = x kept / (1 - p)."""
    return x * unpack(bits, len(x)) / (1 - p)


@kernel
def drop_rows(start, stop, y, x, bits, scale):
    """Fill rows of y, of features (N, D): a row reads the same bit of all bytes."""
    zero = x.dtype.type(0)
    for n in range(start, stop):
        byte, bit = n // 8, n % 8
        for d in range(x.shape[1]):
            y[n, d] = x[n, d] * (scale if bits[byte, d] >> bit & 1 else zero)


@kernel
def drop_row(y, x, bits, factors):
    """Fill one row of numbers: a byte chooses the factors of eight of them from a table."""
    for byte in range(x.size // 8):
        eight = factors[bits[byte]]
        for k in range(8):
            y[8 * byte + k] = x[8 * byte + k] * eight[k]
    for n in range(x.size - x.size % 8, x.size):
        y[n] = x[n] * factors[bits[n // 8], n % 8]


@kernel
def drop_image_rows(start, stop, y, x, bits, factors):
    """Fill rows of y, of images (H, W, C, N), one after another of C channels."""
    for h in range(start, stop):
        for w in range(x.shape[1]):
            for c in range(x.shape[2]):
                drop_row(y[h, w, c], x[h, w, c], bits[h, w, c], factors)


def factor_table(scale):
    """List the eight factors that each byte stands for:  0 or `scale`,  (256, 8)."""
    every_byte = np.arange(256, dtype=np.uint8)[:, None]
    return scale * np.unpackbits(every_byte, axis=1, bitorder="little").astype(scale.dtype)


def dropout(x, bits, p):
    """The same, with no array of booleans in between; images that lie batch last stay so."""
    scale, bits = x.dtype.type(1 / (1 - p)), np.broadcast_to(bits, (len(bits), *x.shape[1:]))
    if x.ndim == 4 and is_batch_last(x):
        y = empty_maps(*x.shape, x.dtype)
        into, rows, bits = to_batch_last(y), to_batch_last(x), bits.transpose(2, 3, 1, 0)
        fill, factors = drop_image_rows, factor_table(scale)
    else:
        y = aligned(x.shape, x.dtype)
        flat = prod(x.shape[1:])
        into, rows, bits = (e.reshape(len(e), flat) for e in (y, as_contiguous(x), bits))
        fill, factors = drop_rows, scale
    least = max(1, LARGE * len(rows) // max(x.size, 1))
    parallel_for(fill, len(rows), into, rows, bits, factors, least=least)
    return y
