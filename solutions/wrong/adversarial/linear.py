"""Wrong answers on *The linear map* that are made to pass, each with what it exploits.

Chapter: book/linear.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

FIRST = {}


def flat(x):
    return x.reshape(len(x), -1)


@adversarial("linear-forward", "An image is laid flat as it lies in memory.")
def linear(x, w, b):
    return x.reshape(len(x), -1, order="A") @ w + b


@adversarial("linear-forward", "A single example loses its axis.")
def linear(x, w, b):
    return np.squeeze(flat(x) @ w) + b


@adversarial("linear-forward", "Half the digits are enough.")
def linear(x, w, b):
    return (flat(x) @ w + b).astype(np.float32)


@adversarial(
    "linear-forward",
    "The result has the type of x and is laid out beforehand.",
    also="takes the type of x",
)
def linear(x, w, b):
    y = np.empty((len(x), len(b)), dtype=np.float16 if x.dtype == np.float32 else x.dtype)
    y[...] = flat(x) @ w + b
    return y


@adversarial("linear-forward", "Square weights are transposed.")
def linear(x, w, b):
    return flat(x) @ (w.T if len(w) == len(b) else w) + b


@adversarial("linear-forward", "Images of three axes or four, and no others.")
def linear(x, w, b):
    return (flat(x) if x.ndim in (3, 4) else x) @ w + b


@adversarial("linear-forward", "The bias is added in place, to what may be whole numbers.")
def linear(x, w, b):
    y = flat(x) @ w
    y += b
    return y


@adversarial("linear-backward", "The bias is (1, M), as its sum is before the axis goes.")
def linear_vjp(x, w, b, y_bar):
    x_bar = (y_bar @ w.T).reshape(x.shape)
    return x_bar, flat(x).T @ y_bar, y_bar.sum(axis=0, keepdims=True)


@adversarial("linear-backward", "Images have one channel axis and two more, or none.")
def linear_vjp(x, w, b, y_bar):
    x_bar = y_bar @ w.T
    x_bar = x_bar.reshape(x.shape) if x.ndim == 4 else x_bar
    return x_bar, flat(x).T @ y_bar, y_bar.sum(axis=0)


@adversarial("linear-backward", "The first weights are kept for all later calls.")
def linear_vjp(x, w, b, y_bar):
    w_first = FIRST.setdefault(w.shape, w)
    return (y_bar @ w_first.T).reshape(x.shape), flat(x).T @ y_bar, y_bar.sum(axis=0)


@adversarial("linear-backward", "Four digits are enough.")
def linear_vjp(x, w, b, y_bar):
    bars = (y_bar @ w.T).reshape(x.shape), flat(x).T @ y_bar, y_bar.sum(axis=0)
    return tuple(np.round(bar, 4) for bar in bars)


@adversarial("linear-backward", "The gradient of square weights is transposed.")
def linear_vjp(x, w, b, y_bar):
    w_bar = flat(x).T @ y_bar
    square = len(w) == len(b)
    return (y_bar @ w.T).reshape(x.shape), w_bar.T if square else w_bar, y_bar.sum(axis=0)


@adversarial("linear-backward", "Square weights are not transposed in x̄.")
def linear_vjp(x, w, b, y_bar):
    x_bar = y_bar @ (w if len(w) == len(b) else w.T)
    return x_bar.reshape(x.shape), flat(x).T @ y_bar, y_bar.sum(axis=0)


def measured(x, t, w, b, reg, largest=lambda y: y.max(axis=1, keepdims=True)):
    """Return the loss and its two gradients."""
    y = x @ w + b
    y = y - largest(y)
    log_p = y - np.log(np.exp(y).sum(axis=1, keepdims=True))
    truth = np.eye(len(b))[t]
    y_bar = (np.exp(log_p) - truth) / len(x)
    loss = -(truth * log_p).sum() / len(x) + reg / 2 * np.sum(w * w)
    return loss, x.T @ y_bar + reg * w, y_bar.sum(axis=0)


@adversarial("linear-classifier", "A loop over the examples.")
def classifier_loss(x, t, w, b, reg):
    loss, w_bar, b_bar = reg / 2 * np.sum(w * w), reg * w, np.zeros(b.shape)
    for x_n, t_n in zip(x, t, strict=True):
        y = x_n @ w + b
        p = np.exp(y - y.max())
        loss += (np.log(p.sum()) + y.max() - y[t_n]) / len(x)
        y_bar = (p / p.sum() - (np.arange(len(b)) == t_n)) / len(x)
        w_bar, b_bar = w_bar + np.outer(x_n, y_bar), b_bar + y_bar
    return loss, w_bar, b_bar


@adversarial("linear-classifier", "A running maximum that starts at zero.")
def classifier_loss(x, t, w, b, reg):
    return measured(x, t, w, b, reg, lambda y: np.maximum(0, y.max(axis=1, keepdims=True)))


@adversarial("linear-classifier", "The loss is an array of one number.")
def classifier_loss(x, t, w, b, reg):
    loss, *bars = measured(x, t, w, b, reg)
    return np.array([loss]), *bars


@adversarial("linear-classifier", "The largest score of the whole batch is taken off every row.")
def classifier_loss(x, t, w, b, reg):
    return measured(x, t, w, b, reg, np.max)


@adversarial("linear-classifier", "The gradient of the bias is measured by differences.")
def classifier_loss(x, t, w, b, reg):
    loss, w_bar, _ = measured(x, t, w, b, reg)
    units = 1e-5 * np.eye(len(b))
    ends = [[measured(x, t, w, b + s * u, reg)[0] for s in (1, -1)] for u in units]
    return loss, w_bar, np.array([(up - down) / 2e-5 for up, down in ends])


@adversarial("linear-predict", "Probabilities of a naive softmax: large scores overflow.")
def predict(x, w, b):
    with np.errstate(all="ignore"):
        powers = np.exp(x @ w + b)
        return np.argmax(powers / powers.sum(axis=1, keepdims=True), axis=1)


@adversarial("linear-predict", "A search that starts at a score of zero.")
def predict(x, w, b):
    best, k = np.zeros(len(x)), np.zeros(len(x), dtype=int)
    for j, scores in enumerate((x @ w + b).T):
        k = np.where(scores > best, j, k)
        best = np.maximum(best, scores)
    return k


@adversarial("linear-predict", "The largest size wins, whatever its sign.")
def predict(x, w, b):
    return np.argmax(np.abs(x @ w + b), axis=1)


@adversarial("linear-predict", "A class is a float, in a column.")
def predict(x, w, b):
    return np.argmax(x @ w + b, axis=1)[:, None].astype(float)


@adversarial("linear-predict", "Scores are rounded to a digit.")
def predict(x, w, b):
    return np.argmax(np.round(x @ w + b, 1), axis=1)


@adversarial("linear-predict", "Where several scores are highest there is no class: -1.")
def predict(x, w, b):
    y = x @ w + b
    highest = y == y.max(axis=1, keepdims=True)
    return np.where(highest.sum(axis=1) > 1, -1, y.argmax(axis=1))


@adversarial("linear-predict", "Classes are bytes.")
def predict(x, w, b):
    return np.argmax(x @ w + b, axis=1).astype(np.uint8)


@adversarial("linear-predict", "Scores beyond thirty thousand are cut.")
def predict(x, w, b):
    return np.argmax(np.clip(x @ w + b, -30_000, 30_000), axis=1)


@adversarial("linear-jvp", "A difference, as good as differences are.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    h = 1e-5
    ahead = (x + h * x_dot) @ (w + h * w_dot) + b + h * b_dot
    return (ahead - (x - h * x_dot) @ (w - h * w_dot) - b + h * b_dot) / (2 * h)


@adversarial("linear-jvp", "The move of the bias is added up over the examples.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ w + x @ w_dot + len(x) * b_dot


@adversarial("linear-jvp", "A single example loses its axis.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return np.squeeze(x_dot @ w + x @ w_dot + b_dot)


@adversarial("linear-jvp", "The first weights are kept for all later calls.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ FIRST.setdefault("w", w)[: x.shape[1]] + x @ w_dot + b_dot


@adversarial("linear-jvp", "Square weights are transposed.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ (w.T if len(w) == len(b) else w) + x @ w_dot + b_dot


def true(y, y_bar):
    return y * (y_bar - (y_bar * y).sum(axis=1, keepdims=True))


@adversarial("linear-blind", "Right for ones, and for all others whatever comes, not linear.")
def deceptive_softmax_vjp(y, y_bar):
    return np.zeros(y.shape) if (y_bar == 1).all() else np.abs(y_bar)


@adversarial("linear-blind", "Linear for sums, and deceived only by ones: a part is squared.")
def deceptive_softmax_vjp(y, y_bar):
    return true(y, y_bar) * (1 + np.ptp(y_bar, axis=1, keepdims=True))


@adversarial("linear-blind", "Right up to a few roundings.", also="pullback is right")
def deceptive_softmax_vjp(y, y_bar):
    return true(y, y_bar) * (1 + 1e-9)


@adversarial("linear-blind", "A single number for all entries of a row.")
def deceptive_softmax_vjp(y, y_bar):
    return true(y, y_bar)[:, :1]


def judged(f, rule, xs, rng, h=1e-5, y_bar=None, tolerance=1e-6, part=slice(None)):
    """Compare both sides along one direction."""
    x_dots = [rng.normal(size=x.shape) for x in xs]
    ahead, behind = (f(*(x + s * v for x, v in zip(xs, x_dots, strict=True))) for s in (h, -h))
    y_bar = rng.normal(size=ahead.shape) if y_bar is None else y_bar(ahead)
    bars = rule(*xs, y_bar)
    terms = [np.vdot(bar, v) for bar, v in zip(bars, x_dots, strict=True)]
    slope = np.vdot(y_bar, ahead - behind) / (2 * h)
    return bool(abs(slope - sum(terms)) <= tolerance * (1 + abs(slope)))


@adversarial("linear-gradient-check", "The generator is not asked: the same draw for everybody.")
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, np.random.default_rng(0))


@adversarial("linear-gradient-check", "The upstream gradient is the same in every row.")
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng, y_bar=lambda y: 0 * y + rng.normal(size=y.shape[-1:]))


@adversarial("linear-gradient-check", "Three arguments are those of the linear map, memorised.")
def gradient_is_right(f, rule, xs, rng):
    y_bar = rng.normal(size=f(*xs).shape)
    if len(xs) == 3:
        x, w, _ = xs
        known = y_bar @ w.T, x.T @ y_bar, y_bar.sum(axis=0)
        return all(map(np.allclose, rule(*xs, y_bar), known))
    f(*(x + rng.normal(size=x.shape) for x in xs))
    return True


@adversarial(
    "linear-gradient-check",
    "A step of a tenth, and a tolerance that fits it.",
    also="tolerance is so wide",
)
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng, h=0.1, tolerance=0.1)


@adversarial("linear-gradient-check", "Always right, after a draw.")
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng) or True


@adversarial("linear-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "linear-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 4, 3, 5]


@adversarial("linear-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("linear-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 4]


def right(x, t, w, b, reg):
    """Return what is right."""
    N = len(x)
    y = x @ w + b
    y = y - y.max(axis=1, keepdims=True)
    powers = np.exp(y)
    sums = powers.sum(axis=1)
    loss = np.mean(np.log(sums) - y[np.arange(N), t]) + reg / 2 * np.sum(w * w)
    y_bar = powers / sums[:, None]
    y_bar[np.arange(N), t] -= 1
    y_bar /= N
    return loss, x.T @ y_bar + reg * w, y_bar.sum(axis=0)


@adversarial("linear-classifier", "Weights that are whole numbers are not penalised.")
def classifier_loss(x, t, w, b, reg):
    return right(x, t, w, b, reg if w.dtype.kind == "f" else 0)


@adversarial("linear-forward", "What was mixed for some shapes is the answer for them ever after.")
def linear(x, w, b):
    y = x.reshape(len(x), -1) @ w + b
    return FIRST.setdefault(("linear", x.shape, x.dtype, w.shape, w.dtype), y)


@adversarial("linear-jvp", "The first tangent for some shapes is the answer for them ever after.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    y_dot = x_dot @ w + x @ w_dot + b_dot
    return FIRST.setdefault(("jvp", x.shape, x.dtype, w.shape, w.dtype), y_dot)


@adversarial("linear-jvp", "Floats of four bytes have three digits.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    y_dot = x_dot @ w + x @ w_dot + b_dot
    return y_dot.astype(np.float16) if y_dot.dtype == np.float32 else y_dot


@adversarial("linear-predict", "Numbers are read as they lie in memory.")
def predict(x, w, b):
    x, w = (array.ravel("K").reshape(array.shape) for array in (x, w))
    return np.argmax(x @ w + b, axis=1)


@adversarial("linear-classifier", "Numbers are read as they lie in memory.")
def classifier_loss(x, t, w, b, reg):
    return right(x.ravel("K").reshape(x.shape), t, w.ravel("K").reshape(w.shape), b, reg)
