"""What fast convolutions move and multiply, by the letters of the page.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.conv import columns
from dlcore.kernels.machine.winograd_matrices import winograd_matrices
from dlcore.ops.conv import conv2d
from dlcore.verification.programs.conv import multiplications


def bytes_moved(N, C, H, W, F, U, V):
    """The bytes of images, filters and maps."""
    x = np.ones((N, C, H, W), np.float32)
    w = np.ones((F, C, U, V), np.float32)
    return x.nbytes + w.nbytes + conv2d(x, w).nbytes


def copies(P, Q, U, V):
    """How many numbers the columns of an image hold for each of its own."""
    x = np.ones((1, 1, P + U - 1, Q + V - 1))
    return columns(x, (U, V), (1, 1), ((0, 0), (0, 0)), (1, 1), 1).size / x.size


def products_per_load(F, N):
    """The products of a tile, for each number that is loaded once."""
    products = [(("w", f), ("x", n)) for f, n in np.ndindex(F, N)]
    return len(products) / len({number for pair in products for number in pair})


def winograd_saving(P, U):
    """The products of the definition, for each one of the short algorithm."""
    return multiplications(1, 1, 1, P, P, U, U) / len(winograd_matrices(P, U)[0]) ** 2
