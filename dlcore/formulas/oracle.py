"""Turn a formula into a program that computes what the page says, entry by entry.

Sums are plain sums and numbers have thirty digits, so the program can neither overflow nor
round; it is the referee of the fast one. Exact numbers give exact values.
"""

import numpy as np
import sympy as sp

from dlcore.formulas.letters import LABELS, axis

DIGITS = 30
SIZES = {"N": 2, "D": 4, "M": 5, "K": 3}


def program(relation):
    """Return a program of the right-hand side's letters, passed by name.

    An index of the left-hand side runs along its axis; a number on the left makes a number,
    or an array where its letters are arrays.

    >>> from dlcore.formulas import loss
    >>> program(loss.softmax)(x=np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """

    def run(**letters):
        given = {name: numbers(value) for name, value in letters.items()}
        sizes = measure(relation, given)
        indices = [index for index in places(relation.lhs) if axis(index) is not None]
        y = np.empty(shape := [sizes[axis(index)] for index in indices], dtype=object)
        for at in np.ndindex(*shape):
            y[at] = value(relation.rhs, {**given, **sizes, **dict(zip(indices, at))})
        return y
    return run
