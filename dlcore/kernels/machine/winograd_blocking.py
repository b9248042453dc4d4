"""Blocking for Winograd's algorithms: how many squares, images and filters at a time.

Many squares of many images make a matrix product efficient; but transformed squares take memory,
of which there shall be little beside the arrays themselves.

Chapter: book/fast.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.processor import second_level
from dlcore.kernels.machine.threads import thread_count

R = 3  # taps a side
LANES = 150  # columns that make a product efficient
COLUMNS = 128, 96, 64, 48, 32  # fewer of them, where that keeps squares in the cache
LITTLE, ROOM = 1 << 18, 5 << 20  # bytes for transformed filters, at least and at most


class Blocking(NamedTuple):
    """How outputs are cut: m × m a square, so many squares and so many images at a time."""

    m: int
    top: tuple  # rows and columns of zeros before the image
    squares: int
    images: int


def choose_blocking(x, y, m, top, channels):
    """Take as many squares, or as few images, as make a product worth its while.

    `channels` are the rows of the matrices before and after it. A column of them takes so many
    bytes, all threads at most a quarter of x and y.
    """
    N, size, room = x.shape[-1], y.shape[:2], (x.nbytes + y.nbytes) // (4 * thread_count())
    entry = (m + R - 1) ** 2 * x.itemsize
    lanes = choose_columns(channels, entry, max(16, min(LANES, room // (sum(channels) * entry))))
    images = -(-N // -(-N // lanes) // 16) * 16 if lanes < N else max(1, N)
    squares = np.prod([-(-P // m) for P in size])
    return Blocking(m, top, max(1, min(lanes // images, squares // thread_count())), images)


def choose_columns(channels, entry, most):
    """Choose how many columns a product has, so that few numbers leave the cache between steps.

    Transformed squares are written and read once more, before the product and after it. If those
    of a block do not stay in the cache of second level, they are moved twice more; and filters
    are read again for every block.
    """
    C, F = channels

    def moved(columns):
        near = (C + F) * entry * columns <= second_level() // 2
        return (0 if near else 2 * (C + F)) + C * F / columns

    return min((min(columns, most) for columns in (LANES, *COLUMNS)), key=moved)


def filter_budget(*arrays):
    """Return the bytes that transformed filters may take: a quarter of these arrays or so."""
    return max(LITTLE, min(ROOM, sum(array.nbytes for array in arrays) // 4))


def filter_chunk(F, size, room):
    """Return how many of F filters to take at a time, if one has a size in bytes."""
    return -(-F // -(-F * size // room))


def gradient_chunk(C, F, size, room):
    """Return how many channels and filters to take at a time, if their pairs have a size."""
    while C * F * size > room and max(C, F) > 1:
        C, F = (-(-C // 2), F) if C > F else (C, -(-F // 2))
    return C, F


class Block(NamedTuple):
    """A piece of work: so many squares from one on, of so many images from one on."""

    square: int
    squares: int
    image: int
    images: int


@kernel
def square_count(P, Q, m):
    """Count the squares of a map, those at its edge included."""
    return -(-P // m) * -(-Q // m)


@kernel
def corner(square, Q, m):
    """Return the first row and column of a square; squares are counted row by row."""
    row_length = -(-Q // m)
    return square // row_length * m, square % row_length * m


@kernel
def block_count(P, Q, N, blocking):
    """Count the blocks: bundles of squares times bundles of images."""
    squares = square_count(P, Q, blocking.m)
    return -(-squares // blocking.squares) * -(-N // blocking.images)


@kernel
def block_at(unit, P, Q, N, blocking):
    """Return a block by its number."""
    bundles = -(-N // blocking.images)
    square, image = unit // bundles * blocking.squares, unit % bundles * blocking.images
    squares = min(blocking.squares, square_count(P, Q, blocking.m) - square)
    return Block(square, squares, image, min(blocking.images, N - image))


@kernel
def square_offsets(corner, side, size, row, starts):
    """List where the entries of a square begin in a map of H × W pixels, -1 outside."""
    H, W = size
    for k in range(side * side):
        i, j = corner[0] + k // side, corner[1] + k % side
        starts[k] = (i * W + j) * row if 0 <= i < H and 0 <= j < W else -1
