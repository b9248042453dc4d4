"""Versions of dropout with slips, and the checks that find them.

Chapter: book/dropout.md.
"""

import numpy as np

from dlcore.verification.wrong_versions import failed_checks


def by_mask(draw, *, scale=None, evaluate=False, backward=None):
    """Make a dropout (x, p, rng) ↦ (y, pullback) of a mask; the options are slips.

    `scale` may replace the factor 1 / (1 - p); with `evaluate` evaluation draws a mask, too;
    ``backward(kept, y, p)`` may replace the mask of the backward pass.
    """

    def dropout(x, p, rng=None):
        if rng is None and not evaluate:
            return x, lambda y_bar: y_bar
        kept = draw(x, p, rng or np.random.default_rng(0))
        factor = 1 / (1 - p) if scale is None else scale(p)
        y = x * kept * factor
        again = backward or (lambda kept, y, p: kept)
        return y, lambda y_bar: y_bar * again(kept, y, p) * factor

    return dropout


def entries(x, p, rng):
    """Draw one bit for each entry."""
    return rng.random(x.shape) >= p


FRESH = np.random.default_rng(1)
VERSIONS = {
    "as the page defines it": by_mask(entries),
    "p is the probability to keep": by_mask(lambda x, p, rng: rng.random(x.shape) < p),
    "not divided by 1 - p": by_mask(entries, scale=lambda p: 1),
    "active in evaluation": by_mask(entries, evaluate=True),
    "another mask in the backward pass": by_mask(
        entries, backward=lambda kept, y, p: FRESH.random(y.shape) >= p
    ),
    "mask from y > 0": by_mask(entries, backward=lambda kept, y, p: y > 0),
    "one mask for the whole batch": by_mask(lambda x, p, rng: rng.random(x.shape[1:]) >= p),
    "one bit for each example": by_mask(lambda x, p, rng: rng.random((len(x), 1)) >= p),
    "reseeded in each call": by_mask(
        lambda x, p, rng: np.random.default_rng(7).random(x.shape) >= p
    ),
}


def drops_enough(dropout, rng):
    """Count the zeros among 10,000 entries:  p, within five standard deviations."""
    p, x = 0.3, rng.uniform(1, 2, (100, 100))
    zeros = np.mean(dropout(x, p, rng)[0] == 0)
    return abs(zeros - p) < 5 * np.sqrt(p * (1 - p) / x.size)


def keeps_the_mean(dropout, rng):
    """Average 10,000 ones:  1, within five standard deviations of p / (1 - p) each."""
    p, x = 0.3, np.ones((100, 100))
    return abs(dropout(x, p, rng)[0].mean() - 1) < 5 * np.sqrt(p / (1 - p) / x.size)


def leaves_evaluation_alone(dropout, rng):
    """Without a generator y is x, bit by bit."""
    x = rng.normal(size=(5, 4))
    return np.array_equal(dropout(x, 0.3)[0], x)


def uses_its_mask_backwards(dropout, rng):
    """Since y = a x entry by entry, x̄ is a ȳ, for drawn x of both signs and drawn ȳ."""
    x, y_bar = rng.normal(size=(2, 20, 10))
    y, pullback = dropout(x, 0.3, rng)
    return np.allclose(pullback(y_bar), y / x * y_bar)


def drops_independently(dropout, rng):
    """Neighbours in a row, and in a column, are both dropped with probability p²."""
    p = 0.3
    zeros = dropout(np.ones((100, 100)), p, rng)[0] == 0
    pairs = [zeros[1:] & zeros[:-1], zeros[:, 1:] & zeros[:, :-1]]
    return all(abs(each.mean() - p**2) < 0.03 for each in pairs)


def differs_in_the_next_call(dropout, rng):
    """Two calls with one generator draw two masks."""
    x = np.ones((20, 10))
    return not np.array_equal(dropout(x, 0.3, rng)[0], dropout(x, 0.3, rng)[0])


CHECKS = {
    "zeros": drops_enough,
    "mean": keeps_the_mean,
    "evaluation": leaves_evaluation_alone,
    "backward": uses_its_mask_backwards,
    "neighbours": drops_independently,
    "next call": differs_in_the_next_call,
}


def found_by(version, seed=0):
    """List the checks that a version of dropout fails."""
    return failed_checks(CHECKS, VERSIONS[version], seed)
