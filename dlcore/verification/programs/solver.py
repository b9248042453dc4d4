"""The accuracy by the letters of the page.

Chapter: book/solver.md.
"""

import numpy as np

from dlcore import train
from dlcore.verification.programs.linear import classifier


def accuracy(m):
    """The share of hits, where the right scores are larger than the others by these margins."""
    scores = np.stack([m, 0.0 * m], axis=1)
    return train.accuracy(classifier(np.eye(2), np.zeros(2)), scores, np.zeros(len(m), int))
