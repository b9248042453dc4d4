"""Plausible wrong answers to the exercises of *Dropout*, each with a word of advice.

Chapter: book/dropout.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def require(p):
    """Refuse what is no probability to drop."""
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}")


@wrong("dropout-forward", "p is the probability to drop: keep where the number is at least p.")
def dropout(x, p, rng=None):
    require(p)
    return x if rng is None else x * (rng.random(x.shape) < p) / (1 - p)


@wrong("dropout-forward", "You read p as the probability to keep, in the mask and in the factor.")
def dropout(x, p, rng=None):
    require(p)
    return x if rng is None or p == 0 else x * (rng.random(x.shape) < p) / p


@wrong("dropout-forward", "What is kept is not scaled: divide by 1 - p, so that the mean is x.")
def dropout(x, p, rng=None):
    require(p)
    return x if rng is None else x * (rng.random(x.shape) >= p)


@wrong("dropout-forward", "Scale in training, by 1 / (1 - p), and leave evaluation alone.")
def dropout(x, p, rng=None):
    require(p)
    return x * (1 - p) if rng is None else x * (rng.random(x.shape) >= p)


@wrong("dropout-forward", "Without a generator nothing is dropped: return x.")
def dropout(x, p, rng=None):
    require(p)
    rng = rng or np.random.default_rng()
    return x * (rng.random(x.shape) >= p) / (1 - p)


@wrong("dropout-forward", "All examples share one mask: draw a number for each entry of x.")
def dropout(x, p, rng=None):
    require(p)
    return x if rng is None else x * (rng.random(x.shape[1:]) >= p) / (1 - p)


@wrong("dropout-forward", "A generator with a seed of your own draws the same mask in each call.")
def dropout(x, p, rng=None):
    require(p)
    return x if rng is None else x * (np.random.default_rng(0).random(x.shape) >= p) / (1 - p)


@wrong("dropout-forward", "Draw from rng: NumPy's global generator cannot be repeated by a seed.")
def dropout(x, p, rng=None):
    require(p)
    return x if rng is None else x * (np.random.random(x.shape) >= p) / (1 - p)  # noqa: NPY002


@wrong("dropout-forward", "p = 1 and what is no probability are accepted: raise ValueError.")
def dropout(x, p, rng=None):
    if rng is None:
        return x
    with np.errstate(all="ignore"):
        return x * (rng.random(x.shape) >= p) / np.subtract(1.0, p)


@wrong("dropout-forward", "Both ends are refused: nothing is dropped at p = 0, and that is right.")
def dropout(x, p, rng=None):
    require(p if p else 1)
    return x if rng is None else x * (rng.random(x.shape) >= p) / (1 - p)


@wrong("dropout-backward", "Another mask comes back: draw once, before the function is made.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x, lambda y_bar: y_bar
    y = x * (rng.random(x.shape) >= p) / (1 - p)
    return y, lambda y_bar: y_bar * (rng.random(y_bar.shape) >= p) / (1 - p)


@wrong("dropout-backward", "An entry that is kept may be negative: y > 0 is not the mask.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x, lambda y_bar: y_bar
    y = x * (rng.random(x.shape) >= p) / (1 - p)
    return y, lambda y_bar: y_bar * (y > 0) / (1 - p)


@wrong("dropout-backward", "The factor 1 / (1 - p) belongs to the backward pass, too.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x, lambda y_bar: y_bar
    kept = rng.random(x.shape) >= p
    return x * kept / (1 - p), lambda y_bar: y_bar * kept


@wrong("dropout-backward", "What was dropped receives gradient 0: apply the mask to ȳ.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x, lambda y_bar: y_bar
    kept = rng.random(x.shape) >= p
    return x * kept / (1 - p), lambda y_bar: y_bar / (1 - p)


@wrong("dropout-backward", "x does not stand in the derivative of r x / (1 - p) by x.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x, lambda y_bar: y_bar
    y = x * (rng.random(x.shape) >= p) / (1 - p)
    return y, lambda y_bar: y_bar * y


@wrong("dropout-maps", "You drop single pixels: one number is drawn for each map.")
def dropout_maps(x, p, rng=None):
    return x if rng is None else x * (rng.random(x.shape) >= p) / (1 - p)


@wrong("dropout-maps", "All images share one mask of channels: draw N C numbers.")
def dropout_maps(x, p, rng=None):
    return x if rng is None else x * (rng.random((1, x.shape[1], 1, 1)) >= p) / (1 - p)


@wrong("dropout-maps", "You drop whole images: each of their channels has a bit of its own.")
def dropout_maps(x, p, rng=None):
    return x if rng is None else x * (rng.random((len(x), 1, 1, 1)) >= p) / (1 - p)


@wrong("dropout-maps", "You drop positions in all channels: a map is x[n, c], all of it.")
def dropout_maps(x, p, rng=None):
    N, _, H, W = x.shape
    return x if rng is None else x * (rng.random((N, 1, H, W)) >= p) / (1 - p)


@wrong("dropout-maps", "What is kept is not scaled: divide by 1 - p.")
def dropout_maps(x, p, rng=None):
    return x if rng is None else x * (rng.random((*x.shape[:2], 1, 1)) >= p)


@wrong("dropout-path", "The shortcut of an example stays, whatever happens to its branch.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    kept = rng.random((len(branch), *[1] * (branch.ndim - 1))) >= p
    return (shortcut + branch) * kept / (1 - p)


@wrong("dropout-path", "The shortcut is not scaled: only the branch is divided by 1 - p.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    kept = rng.random((len(branch), *[1] * (branch.ndim - 1))) >= p
    return (shortcut + branch * kept) / (1 - p)


@wrong("dropout-path", "What is kept of the branch is not scaled: divide by 1 - p.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    kept = rng.random((len(branch), *[1] * (branch.ndim - 1))) >= p
    return shortcut + branch * kept


@wrong("dropout-path", "A branch is dropped as a whole: one number for each example.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    return shortcut + branch * (rng.random(branch.shape) >= p) / (1 - p)


@wrong("dropout-path", "One number decides for the whole batch: draw one for each example.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    return shortcut + branch * (rng.random() >= p) / (1 - p)


@wrong("dropout-ridge", "This is the loss without a mask: the variance of y is missing.")
def expected_loss(x, z, w, p):
    return float(np.sum((x @ w - z) ** 2))


@wrong("dropout-ridge", "Each weight is multiplied by its own feature: sum x² over examples first.")
def expected_loss(x, z, w, p):
    return float(np.sum((x @ w - z) ** 2) + p / (1 - p) * np.sum(w**2))


@wrong("dropout-ridge", "The factor is p / (1 - p): p alone is the share that is dropped.")
def expected_loss(x, z, w, p):
    return float(np.sum((x @ w - z) ** 2) + p * np.sum(w**2 * np.sum(x**2, axis=0)))


@wrong(
    "dropout-ridge", "The variance of one bit is p (1 - p); divided by (1 - p)² it is p / (1 - p)."
)
def expected_loss(x, z, w, p):
    return float(np.sum((x @ w - z) ** 2) + p * (1 - p) * np.sum(w**2 * np.sum(x**2, axis=0)))


@wrong("dropout-ridge", "Bits are independent: only products of a feature with itself are added.")
def expected_loss(x, z, w, p):
    return float(np.sum((x @ w - z) ** 2) + p / (1 - p) * np.sum((x @ w) ** 2))


@wrong("dropout-ridge", "The losses of all examples are summed, and not averaged.")
def expected_loss(x, z, w, p):
    penalty = p / (1 - p) * np.sum(w**2 * np.mean(x**2, axis=0))
    return float(np.mean((x @ w - z) ** 2) + penalty)


def shown(make, rng, *, p=None, training=True):
    """Call a function once; return what it was given, y and the pullback."""
    p = rng.uniform(0.2, 0.4) if p is None else p
    x = rng.uniform(1, 2, (100, 100)) * rng.choice([-1, 1], (100, 100))
    return (x, p, *make(7)(x, p, training))


@wrong("dropout-test", "A mask that is right forwards can be another one backwards: call both.")
def is_dropout(make, rng):
    x, p, y, _ = shown(make, rng)
    return bool(np.allclose(y[y != 0], x[y != 0] / (1 - p)) and abs(np.mean(y == 0) - p) < 0.05)


@wrong("dropout-test", "A mean of y that is right says nothing of the entries: look at each.")
def is_dropout(make, rng):
    x = np.ones((100, 100))
    return bool(abs(make(7)(x, 0.3, True)[0].mean() - 1) < 0.05)


@wrong("dropout-test", "You never look at evaluation, where nothing may be dropped.")
def is_dropout(make, rng):
    x, p, y, pullback = shown(make, rng)
    factor = (y != 0) / (1 - p)
    y_bar = rng.normal(size=x.shape)
    right = np.allclose(y, x * factor) and np.allclose(pullback(y_bar), y_bar * factor)
    return bool(right and abs(np.mean(y == 0) - p) < 0.05)


@wrong("dropout-test", "You look at evaluation only, where hardly anything can go wrong.")
def is_dropout(make, rng):
    x, _, y, pullback = shown(make, rng, training=False)
    return bool(np.array_equal(x, y) and np.array_equal(pullback(x), x))


@wrong("dropout-test", "With ȳ = 1 and a sum at the end, many wrong gradients look right.")
def is_dropout(make, rng):
    x, p, y, pullback = shown(make, rng)
    right = abs(np.sum(pullback(np.ones_like(x))) / x.size - 1) < 0.1
    return bool(right and abs(np.mean(y == 0) - p) < 0.05)


@wrong("dropout-wrong-lines", "The numbers count lines from 1, and the first line has one too.")
def wrong_lines():
    return [2, 3, 1]


@wrong(
    "dropout-wrong-lines", "In the first, square the whole factor p / (1 - p), then cancel 1 - p."
)
def wrong_lines():
    return [5, 4, 2]


@wrong(
    "dropout-wrong-lines",
    "In the second, ask of each line which of its terms are squares.",
)
def wrong_lines():
    return [3, 3, 2]


@wrong(
    "dropout-wrong-lines", "In the third, compare the mean product of two entries with its formula."
)
def wrong_lines():
    return [3, 4, 3]


def drop(x, p, rng):
    """Drop entries rightly."""
    return x if rng is None else x * (rng.random(x.shape) >= p) / (1 - p)


@wrong("dropout-forward", "p is checked with a generator only: evaluation raises ValueError, too.")
def dropout(x, p, rng=None):
    if rng is not None and not 0 <= p < 1:
        raise ValueError(p)
    return drop(x, p, rng)


@wrong("dropout-forward", "p is checked in evaluation only: training raises ValueError, too.")
def dropout(x, p, rng=None):
    if rng is None and not 0 <= p < 1:
        raise ValueError(p)
    return x * (rng.random(x.shape) >= p) / (1 - p or 1) if rng else x


@wrong("dropout-forward", "nan is no probability, and passes both comparisons: ask for 0 <= p < 1.")
def dropout(x, p, rng=None):
    if p < 0 or p >= 1:
        raise ValueError(p)
    return drop(x, p, rng)


@wrong("dropout-maps", "Without a generator nothing is dropped or scaled: return x.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x / (1 - p)
    return x * (rng.random((*x.shape[:2], 1, 1)) >= p) / (1 - p)


@wrong("dropout-path", "Without a generator the branch is added whole: shortcut + branch.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + (1 - p) * branch
    kept = (rng.random(len(branch)) >= p).reshape(-1, *[1] * (branch.ndim - 1))
    return shortcut + branch * kept / (1 - p)


@wrong("dropout-backward", "Without a generator x̄ is ȳ: nothing is scaled in evaluation.")
def dropout_pullback(x, p, rng=None):
    factor = 1 / (1 - p) if rng is None else (rng.random(x.shape) >= p) / (1 - p)
    return x * (1.0 if rng is None else factor), lambda y_bar: y_bar * factor
