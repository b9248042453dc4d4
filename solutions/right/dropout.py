"""Right answers to the exercises of *Dropout* that look unusual.

Chapter: book/dropout.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import right


def in_range(p):
    """Refuse what is no probability to drop."""
    if p < 0 or p >= 1 or np.isnan(p):
        raise ValueError("p")


@right("dropout-forward", "The bits are drawn by a binomial distribution.")
def dropout(x, p, rng=None):
    in_range(p)
    return x if rng is None else rng.binomial(1, 1 - p, x.shape) * (x / (1 - p))


@right("dropout-forward", "Entries are set to zero in a copy, the last one first.")
def dropout(x, p, rng=None):
    in_range(p)
    y = np.array(x, dtype=float)
    if rng is not None:
        y /= 1 - p
        y[(rng.random(x.size) < p)[::-1].reshape(x.shape)] = 0
    return y


@right("dropout-backward", "The positions that were dropped are kept in a list.")
def dropout_pullback(x, p, rng=None):
    shape, count = x.shape, x.size
    dropped = [] if rng is None else np.flatnonzero(rng.random(count) < p)
    scale = 1 if rng is None else 1 - p

    def apply(entries):
        out = np.array(entries, dtype=float).ravel() / scale
        out[np.asarray(dropped, dtype=int)] = 0
        return out.reshape(shape)

    return apply(x), apply


@right("dropout-backward", "The mask is packed into bits.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x.copy(), np.copy
    bits, shape, count = np.packbits(rng.random(x.size) >= p), x.shape, x.size

    def masked(entries):
        kept = np.unpackbits(bits, count=count).reshape(shape)
        return np.where(kept == 1, entries / (1 - p), 0)

    return masked(x), masked


@right("dropout-maps", "Map after map.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x.copy()
    y = np.zeros(x.shape)
    for n, c in np.ndindex(*x.shape[:2]):
        if rng.random() >= p:
            y[n, c] = x[n, c] / (1 - p)
    return y


@right("dropout-maps", "Bits of channels first, put in place by an einsum.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x
    factors = np.where(rng.random(x.shape[1::-1]) < p, 0, 1 / (1 - p))
    return np.einsum("cn,nchw->nchw", factors, x)


@right("dropout-path", "Example after example, as a list.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return branch + shortcut
    pairs = zip(shortcut, branch, strict=True)
    return np.array([one + other / (1 - p) if rng.random() >= p else one for one, other in pairs])


@right("dropout-path", "With the batch as the last axis.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    return (shortcut.T + branch.T * (rng.random(branch.shape[0]) >= p) / (1 - p)).T


@right("dropout-ridge", "A product with the matrix of the joint second moments.")
def expected_loss(x, z, w, p):
    gram = x.T @ x
    second = gram + p / (1 - p) * np.diag(np.diag(gram))
    return w @ second @ w - 2 * (x @ w) @ z + z @ z


@right("dropout-ridge", "Term by term in Python, as an array without axes.")
def expected_loss(x, z, w, p):
    total = 0.0
    for row, target in zip(x.tolist(), z.tolist(), strict=True):
        terms = [a * b for a, b in zip(row, w.tolist(), strict=True)]
        total += (sum(terms) - target) ** 2 + p * sum(term**2 for term in terms) / (1 - p)
    return np.array(total)


@right("dropout-test", "Two calls of each kind, compared by the factors that they use.")
def is_dropout(make, rng):
    x = rng.choice([-1.0, 1.0], (100, 100)) * (1 + rng.random((100, 100)))
    y_bar = rng.normal(size=x.shape)
    for p in (0.3, 0.7):
        one, other = make(11), make(11)
        (y, back), (again, _), (later, _) = one(x, p, True), other(x, p, True), one(x, p, True)
        plain, through = other(x, p, False)
        factor = y / x
        expected = np.isclose(factor, 0) | np.isclose(factor, 1 / (1 - p))
        bits = (factor > 0.5).astype(float) - (1 - p)
        pairs = abs(np.mean(bits[1:] * bits[:-1])), abs(np.mean(bits[:, 1:] * bits[:, :-1]))
        verdicts = [expected.all(), abs(bits.mean()) < 0.05, max(pairs) < 0.05]
        verdicts += [np.allclose(back(y_bar), factor * y_bar), np.array_equal(y, again)]
        verdicts += [not np.array_equal(y, later), np.array_equal(plain, x)]
        if not all([*verdicts, np.array_equal(through(y_bar), y_bar)]):
            return False
    return True


@right("dropout-test", "As a number: of all distances from dropout the largest decides.")
def is_dropout(make, rng):
    worst = 0.0
    for p in rng.uniform([0.21, 0.61], [0.39, 0.79]):
        x = np.where(rng.random((100, 100)) < 0.5, -1.5, 2.5)
        y_bar = rng.normal(size=x.shape)
        drop = make(5)
        y, back = drop(x, p, True)
        kept = np.abs(y) > 0.1
        centred = kept - (1 - p)
        shifted = [np.mean(centred * np.roll(centred, 1, axis)) for axis in (0, 1)]
        still, through = drop(x, p, False)
        worst = max(
            worst,
            np.abs(y - kept * x / (1 - p)).max(),
            np.abs(back(y_bar) - kept * y_bar / (1 - p)).max(),
            np.abs(centred.mean()) * 10,
            np.abs(shifted).max() * 10,
            np.abs(still - x).max(),
            np.abs(through(y_bar) - y_bar).max(),
            float(np.array_equal(drop(x, p, True)[0], y)),
            np.abs(make(5)(x, p, True)[0] - y).max(),
        )
    return int(worst < 0.5)
