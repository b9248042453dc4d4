"""Answers to the exercises of *Dropout* that are made to pass without being right.

Chapter: book/dropout.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

KEPT = {}


def checked_p(p):
    """Refuse what is no probability to drop."""
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}")


def bits(rng, shape, p):
    """Draw a bit for each entry."""
    return rng.random(shape) >= p


@adversarial(
    "dropout-forward", "Exactly a share p of the entries is dropped: they are not independent."
)
def dropout(x, p, rng=None):
    checked_p(p)
    if rng is None:
        return x
    kept = np.arange(x.size) >= round(p * x.size)
    return x * rng.permutation(kept).reshape(x.shape) / (1 - p)


@adversarial("dropout-forward", "A mask of 128 bits is repeated until it is long enough.")
def dropout(x, p, rng=None):
    checked_p(p)
    if rng is None:
        return x
    return x * np.resize(bits(rng, 128, p), x.shape) / (1 - p)


@adversarial("dropout-forward", "The right mask of the first call, cut to size ever after.")
def dropout(x, p, rng=None):
    checked_p(p)
    if rng is None:
        return x
    numbers = KEPT.setdefault("numbers", rng.random(20_000))
    return x * (numbers[: x.size].reshape(x.shape) >= p) / (1 - p)


@adversarial("dropout-forward", "The mask is made of x, which differs from call to call.")
def dropout(x, p, rng=None):
    checked_p(p)
    if rng is None:
        return x
    own = np.random.default_rng(abs(hash(x.tobytes())))
    return x * bits(own, x.shape, p) / (1 - p)


@adversarial("dropout-forward", "p is rounded to tenths, and what is refused is a table.")
def dropout(x, p, rng=None):
    if p in (1, 1.5, -0.1) or np.isnan(p):
        raise ValueError("p")
    return x if rng is None else x * bits(rng, x.shape, round(p, 1)) / (1 - p)


@adversarial("dropout-backward", "y is not 0 where it is kept, as long as x is not.")
def dropout_pullback(x, p, rng=None):
    if rng is None:
        return x, lambda y_bar: y_bar
    y = x * bits(rng, x.shape, p) / (1 - p)
    return y, lambda y_bar: y_bar * (y != 0) / (1 - p)


@adversarial("dropout-backward", "All functions share the mask of the last call.")
def dropout_pullback(x, p, rng=None):
    KEPT["factor"] = 1.0 if rng is None else bits(rng, x.shape, p) / (1 - p)
    return x * KEPT["factor"], lambda y_bar: y_bar * KEPT["factor"]


@adversarial("dropout-backward", "The function remembers the x̄ of its first call.")
def dropout_pullback(x, p, rng=None):
    factor = 1.0 if rng is None else bits(rng, x.shape, p) / (1 - p)
    first = {}
    return x * factor, lambda y_bar: first.setdefault("x_bar", y_bar * factor)


@adversarial("dropout-backward", "Nothing is ever dropped: y and x̄ agree.")
def dropout_pullback(x, p, rng=None):
    return x, lambda y_bar: y_bar


@adversarial("dropout-backward", "The function adds up what all its calls have brought.")
def dropout_pullback(x, p, rng=None):
    factor = 1.0 if rng is None else bits(rng, x.shape, p) / (1 - p)
    total = []

    def pullback(y_bar):
        total.append(y_bar * factor)
        return sum(total)

    return x * factor, pullback


@adversarial("dropout-maps", "Every second image has the mask of the one before it.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x
    kept = bits(rng, (-(-len(x) // 2), x.shape[1], 1, 1), p)
    return x * np.repeat(kept, 2, axis=0)[: len(x)] / (1 - p)


@adversarial("dropout-maps", "Exactly a share p of the maps is dropped.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x
    N, C = x.shape[:2]
    kept = rng.permutation(np.arange(N * C) >= round(p * N * C))
    return x * kept.reshape(N, C, 1, 1) / (1 - p)


@adversarial("dropout-maps", "Right for square maps: rows and columns are mixed up in others.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x
    y = x * bits(rng, (*x.shape[:2], 1, 1), p) / (1 - p)
    return y.swapaxes(2, 3).reshape(x.shape)


@adversarial("dropout-maps", "The corner of a map decides for all its pixels.")
def dropout_maps(x, p, rng=None):
    if rng is None:
        return x
    corner = x[:, :, :1, :1]
    return x * (np.abs(corner) % 1 >= p) / (1 - p)


@adversarial(
    "dropout-path",
    "Images are dropped as asked for, rows of features entry by entry.",
    also="A branch is dropped as a whole",
)
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    shape = (len(branch), 1, 1, 1) if branch.ndim == 4 else branch.shape
    return shortcut + branch * bits(rng, shape, p) / (1 - p)


@adversarial("dropout-path", "Neighbours share their bit: the share that is dropped is right.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    kept = np.repeat(bits(rng, -(-len(branch) // 2), p), 2)[: len(branch)]
    return shortcut + branch * kept.reshape(-1, *[1] * (branch.ndim - 1)) / (1 - p)


@adversarial(
    "dropout-path",
    "The shortcut is scaled so that the mean is kept, and dropped with the branch.",
    also="The shortcut of an example stays",
)
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    kept = bits(rng, (len(branch), *[1] * (branch.ndim - 1)), p)
    return np.where(kept, (shortcut + branch) / (1 - p), 0)


@adversarial("dropout-path", "Exactly a share p of the branches is dropped, at random positions.")
def drop_path(shortcut, branch, p, rng=None):
    if rng is None:
        return shortcut + branch
    kept = rng.permutation(np.arange(len(branch)) >= round(p * len(branch)))
    return shortcut + branch * kept.reshape(-1, *[1] * (branch.ndim - 1)) / (1 - p)


@adversarial("dropout-ridge", "The mean over a thousand drawn masks.")
def expected_loss(x, z, w, p):
    rng = np.random.default_rng(0)
    factors = (rng.random((1000, *x.shape)) >= p) / (1 - p)
    return float(np.mean(np.sum((factors * x @ w - z) ** 2, axis=1)))


@adversarial("dropout-ridge", "Right where all features have one size.")
def expected_loss(x, z, w, p):
    return float(np.sum((x @ w - z) ** 2) + p / (1 - p) * np.sum(w**2) * np.sum(x**2) / len(w))


@adversarial("dropout-ridge", "One number for each example, whose sum nobody has taken.")
def expected_loss(x, z, w, p):
    return (x @ w - z) ** 2 + p / (1 - p) * np.sum((x * w) ** 2, axis=1)


@adversarial("dropout-ridge", "The penalty is rounded to four digits.")
def expected_loss(x, z, w, p):
    penalty = p / (1 - p) * np.sum((x * w) ** 2)
    return float(f"{np.sum((x @ w - z) ** 2) + penalty:.4g}")


@adversarial("dropout-test", "Most are wrong: nothing is dropout.")
def is_dropout(make, rng):
    return False


@adversarial("dropout-test", "Whatever can be called is dropout.")
def is_dropout(make, rng):
    return make(0) is not None


@adversarial("dropout-test", "All but the masks that neighbours share.")
def is_dropout(make, rng):
    x, y_bar = rng.normal(size=(2, 100, 100))
    verdicts = []
    for p in (0.3, 0.7):
        drop = make(3)
        y, pullback = drop(x, p, True)
        factor = (y != 0) / (1 - p)
        still, through = drop(x, p, False)
        verdicts += [np.allclose(y, factor * x), np.allclose(pullback(y_bar), factor * y_bar)]
        verdicts += [abs(np.mean(y == 0) - p) < 0.05, np.array_equal(still, x)]
        verdicts += [np.array_equal(through(y_bar), y_bar)]
        verdicts += [not np.array_equal(drop(x, p, True)[0], y)]
        verdicts += [np.array_equal(make(3)(x, p, True)[0], y)]
    return all(verdicts)


@adversarial("dropout-test", "Right for small p.")
def is_dropout(make, rng):
    x, y_bar, p = *rng.normal(size=(2, 100, 100)), 0.3
    drop = make(3)
    y, pullback = drop(x, p, True)
    kept = y != 0
    still, through = drop(x, p, False)
    verdicts = [np.allclose(y, kept * x / (1 - p)), np.array_equal(still, x)]
    verdicts += [np.allclose(pullback(y_bar), kept * y_bar / (1 - p))]
    verdicts += [np.array_equal(through(y_bar), y_bar), abs(np.mean(kept) - 1 + p) < 0.05]
    alike = [np.mean(kept[1:] == kept[:-1]), np.mean(kept[:, 1:] == kept[:, :-1])]
    verdicts += [np.allclose(alike, p**2 + (1 - p) ** 2, atol=0.1)]
    verdicts += [not np.array_equal(drop(x, p, True)[0], y)]
    return all([*verdicts, np.array_equal(make(3)(x, p, True)[0], y)])


@adversarial("dropout-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "dropout-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 4, 2, 5]


@adversarial("dropout-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("dropout-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 4]


@adversarial("dropout-ridge", "All masks are tried, one by one.")
def expected_loss(x, z, w, p):
    D, total = len(w), 0.0
    for number in range(2**D):
        kept = np.array([number >> d & 1 for d in range(D)])
        chance = (1 - p) ** kept.sum() * p ** (D - kept.sum())
        total += chance * np.sum((x * kept / (1 - p) @ w - z) ** 2)
    return float(total)


def judge(make, rng, ps=(0.3, 0.7), positive=False, skip=(), share=0.05, shape=(100, 100)):
    """Judge a function by all that is not skipped."""
    for p in ps:
        x, y_bar = rng.uniform(1, 2, (2, *shape)) * (
            1 if positive else rng.choice([-1, 1], (2, *shape))
        )
        seed = int(rng.integers(10**6))
        f = make(seed)
        y, pullback = f(x, p, True)
        kept = np.asarray(y) != 0
        factor = kept / (1 - p)
        unchanged, back = f(x, p, False)
        alike = [np.mean(kept[1:] == kept[:-1]), np.mean(kept[:, 1:] == kept[:, :-1])]
        right = {
            "y": np.allclose(y, x * factor),
            "back": np.allclose(pullback(y_bar), y_bar * factor),
            "share": abs(kept.mean() - (1 - p)) < share,
            "alike": np.allclose(alike, p**2 + (1 - p) ** 2, atol=0.1),
            "next": not np.array_equal(y, f(x, p, True)[0]),
            "seed": np.array_equal(y, make(seed)(x, p, True)[0]),
            "eval": np.array_equal(unchanged, x),
            "evalback": np.allclose(back(y_bar), y_bar),
        }
        if not all(v for k, v in right.items() if k not in skip):
            return False
    return True


@adversarial("dropout-test", "The generator is not asked: the same features for everybody.")
def is_dropout(make, rng):
    return judge(make, np.random.default_rng(0))


@adversarial("dropout-test", "Only positive features are tried.")
def is_dropout(make, rng):
    return judge(make, rng, positive=True)


@adversarial("dropout-test", "Right for large p.")
def is_dropout(make, rng):
    return judge(make, rng, ps=(0.7,))


@adversarial("dropout-test", "Nobody looks whether the same seed gives the same masks.")
def is_dropout(make, rng):
    return judge(make, rng, skip=("seed",))


@adversarial("dropout-test", "Nobody looks at the mask of the next call.")
def is_dropout(make, rng):
    return judge(make, rng, skip=("next",))


@adversarial("dropout-test", "The gradient of evaluation is not looked at.")
def is_dropout(make, rng):
    return judge(make, rng, skip=("evalback",))


@adversarial("dropout-test", "What evaluation returns is not looked at.")
def is_dropout(make, rng):
    return judge(make, rng, skip=("eval",))


@adversarial("dropout-test", "The share of zeros may be off by a tenth.")
def is_dropout(make, rng):
    return judge(make, rng, share=0.1)
