"""What tests of answers share: arrays that are stored in other ways, and how results are compared.

The truth and the tolerance stand before the result: both are known before an answer is called.
"""

import numpy as np
from numpy.testing import assert_allclose


def agree(truth, tolerance, found):
    """Compare numbers within a tolerance, and shapes exactly."""
    assert_allclose(found, truth, **tolerance)
    shapes = np.shape(found), np.shape(truth)
    assert shapes[0] == shapes[1], f"the shape is {shapes[0]}, wanted {shapes[1]}"


def locked(array):
    """Make an array that nobody can overwrite."""
    array.flags.writeable = False
    return array


def all_locked(*arrays):
    """Make arrays that nobody can overwrite."""
    return tuple(map(locked, arrays))


def single(array):
    """Cut an array to single precision."""
    return array.astype(np.float32)


def turned(array):
    """Return the same numbers, whose last axis is the first in memory."""
    return np.asfortranarray(array)


def scattered(array):
    """Return the same numbers, whose rows are the columns of memory."""
    return array.swapaxes(-1, -2).copy().swapaxes(-1, -2)
