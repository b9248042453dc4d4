"""Dropout as layers: of entries, of feature maps, and of whole examples.

With a generator, which is training, each call draws a mask of its own from it. Without one, which
is evaluation, a layer returns x itself. p is the probability to drop.

Chapter: book/dropout.md.
"""

from dlcore.nn.layer import Layer
from dlcore.ops.dropout import draw_mask, dropout, require_probability
from dlcore.shapes import ShapeError


class Dropout(Layer):
    """Drop each entry with probability p, and divide the others by 1 - p  [Srivastava2014]_.

    Raises ValueError unless 0 ≤ p < 1.

    >>> import numpy as np
    >>> x = np.ones((2, 4))
    >>> Dropout(0.5)(x, np.random.default_rng(5)).tolist()
    [[2.0, 2.0, 0.0, 2.0], [0.0, 2.0, 2.0, 0.0]]
    >>> Dropout(0.5)(x) is x
    True
    """

    def __init__(self, p=0.5):
        self.p = require_probability("Dropout", p)

    def __call__(self, x, rng=None):
        """Drop entries (N, …); without a generator, return x."""
        return dropped(x, rng, self.p, x.shape)


class Dropout2d(Layer):
    """Drop each feature map of each image with probability p:  (N, C, H, W)  [Tompson2015]_.

    Raises ValueError unless 0 ≤ p < 1; a call raises ShapeError for what has other axes.

    >>> import numpy as np
    >>> y = Dropout2d(0.5)(np.ones((1, 3, 2, 2)), np.random.default_rng(5))
    >>> y.sum(axis=(2, 3)).tolist()
    [[8.0, 8.0, 0.0]]
    """

    def __init__(self, p=0.5):
        self.p = require_probability("Dropout2d", p)

    def __call__(self, x, rng=None):
        """Drop feature maps; without a generator, return x."""
        if x.ndim != 4:
            raise ShapeError(f"Dropout2d: x must have axes (N, C, H, W), got shape {x.shape}")
        return dropped(x, rng, self.p, (*x.shape[:2], 1, 1))


class DropPath(Layer):
    """Drop each example with probability p, as the branch of a residual block  [Huang2016]_.

    In  x + drop(branch(x))  an example without a branch is passed on as it is; this is
    stochastic depth. Raises ValueError unless 0 ≤ p < 1.

    >>> import numpy as np
    >>> DropPath(0.5)(np.ones((4, 2)), np.random.default_rng(5)).tolist()
    [[2.0, 2.0], [2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]
    """

    def __init__(self, p=0.5):
        self.p = require_probability("DropPath", p)

    def __call__(self, x, rng=None):
        """Drop examples (N, …); without a generator, return x."""
        return dropped(x, rng, self.p, (len(x), *(1,) * (x.ndim - 1)))


def dropped(x, rng, p, shape):
    """Apply dropout by a mask of a shape, drawn here; without a generator return x itself.

    >>> dropped("x", None, 0.5, (1,))
    'x'
    """
    if rng is None or p == 0:
        return x
    return dropout(x, draw_mask(rng, shape, p), p=p)
