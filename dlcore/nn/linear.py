"""The linear layer.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.nn.init import he, normal
from dlcore.nn.layer import Layer
from dlcore.ops.fast import fitting
from dlcore.ops.linear import linear


class Linear(Layer):
    """Mix D features into M:  (N, D) → (N, M).  Images are laid out flat first, D = C H W.

    ======  =======  =============================================
    w       (D, M)   drawn from N(0, std²); without `std`, from
                     N(0, 2/D), so that variance survives
                     a rectifier [He2015]_
    b       (M,)     zero
    ======  =======  =============================================
    """

    def __init__(self, D, M, *, rng, std=None, dtype=np.float64):
        if std is None:
            w = he(D, M, rng=rng, dtype=dtype)
        else:
            w = normal((D, M), std=std, rng=rng, dtype=dtype)
        super().__init__(linear, w=w, b=np.zeros(M, dtype))

    def forward(self, x):
        """Compute y = x w + b."""
        self.shape = x.shape
        x = x.reshape(len(x), -1)
        self.op = fitting(x)
        return super().forward(x)

    def backward(self, y_bar):
        """Receive ȳ, keep w̄ and b̄, return x̄ in the shape in which x came."""
        return super().backward(y_bar).reshape(self.shape)
