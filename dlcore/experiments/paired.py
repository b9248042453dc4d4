"""Paired comparisons: two settings, trained from the same seeds.

Both runs of a seed have the same first weights, order of examples and split of the data, so that
these cancel in their difference d. Of n differences the t interval and the t test assume that
they are drawn from a normal distribution; the sign-flip test assumes only that d and -d are
equally likely where the settings are equally good, but with n pairs its p is at least 2 / 2ⁿ.

Chapter: book/norm.md.
"""

from itertools import product
from typing import NamedTuple

import numpy as np


class Paired(NamedTuple):
    """The mean difference of n pairs, its interval of 95 %, and two values of p (two-sided)."""

    n: int
    mean: float
    low: float
    high: float
    p: float  # of the t test
    p_flips: float  # of the sign-flip test

    @property
    def decided(self):
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def sign_flips(differences):
    """Return the part of all 2ⁿ choices of signs whose mean is as far from 0, or farther.

    >>> sign_flips(np.array([1.0, 2.0, 3.0]))
    0.25
    """
    signs = np.array(list(product((1, -1), repeat=len(differences))))
    means = abs(signs @ differences)
    return float(np.mean(means >= abs(differences.sum()) * (1 - 1e-12)))


def paired(a, b):
    """Compare two settings by the values of their runs, seed by seed:  d = a - b.

    The interval is  mean ± t s / √n  with the quantile t of n - 1 degrees of freedom. Raises
    ValueError for fewer than two pairs, or another number of values on one side.

    >>> result = paired([3.0, 5.0, 4.0], [1.0, 2.0, 3.0])
    >>> result.mean, round(result.low, 2), round(result.high, 2), round(result.p, 3)
    (2.0, -0.48, 4.48, 0.074)
    """
    from scipy import stats  # noqa: PLC0415  an extra, only needed here

    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"paired: a has {len(a)} values and b {len(b)}, pass two or more pairs")
    d = np.subtract(a, b)
    mean, error = d.mean(), d.std(ddof=1) / np.sqrt(len(d))
    reach = stats.t.ppf(0.975, len(d) - 1) * error
    p = 2 * stats.t.sf(abs(mean) / error, len(d) - 1) if error > 0 else float(mean == 0)
    numbers = map(float, (mean, mean - reach, mean + reach, p))
    return Paired(len(d), *numbers, sign_flips(d))


def holm(ps):
    """Adjust the p values of a family, so that all its errors together are held at a level.

    The smallest of m is multiplied by m, the next one by m - 1, and so on; none is smaller than
    one before it, or larger than 1  [Holm1979]_.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(np.argsort(ps)):
        highest = max(highest, min(1.0, float((len(ps) - rank) * ps[i])))
        adjusted[i] = highest
    return adjusted
