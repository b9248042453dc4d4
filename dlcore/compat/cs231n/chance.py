"""The draws of the notebooks, from NumPy's global generator (``np.random.seed``).

Everywhere else in this library a generator is an argument. A notebook of the course calls
``np.random.seed(231)`` and expects its weights, batches and masks to follow from that.
"""

import numpy as np

randn = np.random.randn
rand = np.random.rand
choice = np.random.choice


def weights(scale, *shape, dtype=float):
    """Draw first weights  scale · N(0, 1)  of a shape from the global generator.

    >>> np.random.seed(231)
    >>> weights(1.0, 2).round(4)
    array([0.4179, 1.3971])
    """
    return (scale * randn(*shape)).astype(dtype)
