"""The linear layer.

Chapter: book/linear.md.
"""

from math import prod

import numpy as np

from dlcore.nn.init import he, normal
from dlcore.nn.layer import Operation
from dlcore.ops.linear import linear, linear_map


class Linear(Operation):
    """Mix D features into M:  (N, D) → (N, M).  Images are laid out flat first, D = C H W.

    ======  =======  =============================================
    w       (D, M)   drawn from N(0, std²); without `std`, from
                     N(0, 2/D), so that variance survives a ReLU
                     [He2015]_
    b       (M,)     zero; none without `bias`
    ======  =======  =============================================

    >>> Linear(3, 2, rng=np.random.default_rng(0))(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(self, D, M, *, rng, std=None, dtype=np.float64, bias=True):
        if std is None:
            w = he(D, M, rng=rng, dtype=dtype)
        else:
            w = normal((D, M), std=std, rng=rng, dtype=dtype)
        if bias:
            super().__init__(linear, weights=("w",), w=w, b=np.zeros(M, dtype))
        else:
            super().__init__(linear_map, weights=("w",), w=w)

    def __call__(self, x, rng=None):
        """Compute y = x w + b, or x w."""
        return super().__call__(flat(x))


def flat(x):
    """Lay images out as rows of features, (N, C, H, W) → (N, C H W); rows stay as they are.

    >>> flat(np.ones((2, 3, 4, 4))).shape
    (2, 48)
    """
    return x if x.ndim == 2 else x.reshape(len(x), prod(x.shape[1:]))
