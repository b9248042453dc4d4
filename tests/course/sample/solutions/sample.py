"""Exercises of the chapter *Sample*."""

import numpy as np


def softmax(scores):
    """Exercise sample-softmax.  Turn scores into probabilities."""
    # BEGIN SOLUTION
    # HINT: subtract the largest score of each "row" first
    # HINT: exponentiate, then divide each row by its sum
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    # END SOLUTION


def halves(size):
    """Exercise sample-halves.  Split a number of things in two."""
    half = None
    # BEGIN SOLUTION
    # HINT: which operator drops the remainder?
    half = size // 2
    # END SOLUTION
    return half, size - half
