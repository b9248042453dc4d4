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
DEPTH = 16  # terms that make a product efficient
LITTLE, ROOM = 1 << 18, 5 << 20  # bytes for transformed filters, at least and at most


class Blocking(NamedTuple):
    """How outputs are cut: m × m a square, so many squares and so many images at a time.

    The channels of the input are transformed, and their products added up, `depth` at a time.
    """

    m: int
    top: tuple  # rows and columns of zeros before the image
    squares: int
    images: int
    depth: int


def choose_blocking(x, y, m, top, channels):
    """Take as many squares, or as few images, as make a product worth its while.

    `channels` are the rows of the matrices before and after it. A column of them takes so many
    bytes, all threads at most a quarter of x and y.
    """
    N, size, room = x.shape[-1], y.shape[:2], (x.nbytes + y.nbytes) // (4 * thread_count())
    entry = (m + R - 1) ** 2 * x.itemsize
    lanes = max(16, min(LANES, room // (sum(channels) * entry)))
    images = -(-N // -(-N // lanes) // 16) * 16 if lanes < N else max(1, N)
    squares = np.prod([-(-P // m) for P in size])
    squares = max(1, min(lanes // images, squares // thread_count()))
    depth = choose_depth(*channels, entry * squares * images)
    return Blocking(m, top, squares, images, depth)


def choose_depth(C, F, row):
    """Choose how many of C channels to transform before their products are added up.

    Transformed squares are written and read once more. A row of them takes so many bytes; if
    those of all channels, and of F filters, do not stay in the cache of second level, it is a
    part of the channels, of which there must be enough to make a product efficient.
    """
    rest = 3 * second_level() // 4 // row - F
    return C if rest < DEPTH else -(-C // -(-C // rest))


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
