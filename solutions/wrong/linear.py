"""Plausible wrong answers on *The linear map*, each with a word of advice.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.autodiff import vjp
from dlcore.course.exercises.known_answers import wrong
from dlcore.ops.loss import cross_entropy


def flat(x):
    """Lay every example flat, for the wrong answers that err elsewhere."""
    return x.reshape(len(x), -1)


@wrong("linear-forward", "Flatten the images before you multiply by w.")
def linear(x, w, b):
    return x @ w + b


@wrong("linear-forward", "The bias is forgotten.")
def linear(x, w, b):
    return flat(x) @ w


@wrong("linear-forward", "Flatten an image in C order, not in F order.")
def linear(x, w, b):
    return x.reshape(len(x), -1, order="F") @ w + b


@wrong(
    "linear-forward", "The reshape mixes the examples: the first axis, of length N, has to stay."
)
def linear(x, w, b):
    return x.reshape(len(w), -1).T @ w + b


@wrong("linear-forward", "The result takes the type of x: integers truncate it.")
def linear(x, w, b):
    return (flat(x) @ w + b).astype(x.dtype)


@wrong("linear-backward", "The cotangent of the bias is a sum over the examples, not a mean.")
def linear_vjp(x, w, b, y_bar):
    return (y_bar @ w.T).reshape(x.shape), flat(x).T @ y_bar, y_bar.mean(axis=0)


@wrong(
    "linear-backward", "The cotangent of x has to get the shape of x, also where x holds images."
)
def linear_vjp(x, w, b, y_bar):
    return y_bar @ w.T, flat(x).T @ y_bar, y_bar.sum(axis=0)


@wrong("linear-backward", "The cotangent of w comes out transposed: it is xᵀ ȳ, not ȳᵀ x.")
def linear_vjp(x, w, b, y_bar):
    return (y_bar @ w.T).reshape(x.shape), y_bar.T @ flat(x), y_bar.sum(axis=0)


@wrong(
    "linear-backward", "You divided by N: if the loss is a mean, ȳ contains that factor already."
)
def linear_vjp(x, w, b, y_bar):
    N = len(x)
    return (y_bar @ w.T).reshape(x.shape), flat(x).T @ y_bar / N, y_bar.sum(axis=0) / N


@wrong("linear-backward", "Every example uses the bias: sum its cotangents over axis 0.")
def linear_vjp(x, w, b, y_bar):
    return (y_bar @ w.T).reshape(x.shape), flat(x).T @ y_bar, y_bar


def errors(x, t, w, b):
    """Return the surprises (N,), and probabilities minus truth (N, K)."""
    y = x @ w + b
    y = y - y.max(axis=1, keepdims=True)
    log_p = y - np.log(np.exp(y).sum(axis=1, keepdims=True))
    truth = np.eye(len(b))[t]
    return -log_p[np.arange(len(x)), t], np.exp(log_p) - truth


@wrong("linear-classifier", "The penalty is reg/2 Σ w², with a half.")
def classifier_loss(x, t, w, b, reg):
    surprises, y_bar = errors(x, t, w, b)
    y_bar = y_bar / len(x)
    return surprises.mean() + reg * np.sum(w * w), x.T @ y_bar + reg * w, y_bar.sum(axis=0)


@wrong("linear-classifier", "The slope of reg/2 Σ w² is reg · w, without a factor of two.")
def classifier_loss(x, t, w, b, reg):
    surprises, y_bar = errors(x, t, w, b)
    y_bar = y_bar / len(x)
    penalty = reg / 2 * np.sum(w * w)
    return surprises.mean() + penalty, x.T @ y_bar + 2 * reg * w, y_bar.sum(axis=0)


@wrong("linear-classifier", "The loss has a penalty, but the gradient of w lacks reg · w.")
def classifier_loss(x, t, w, b, reg):
    surprises, y_bar = errors(x, t, w, b)
    y_bar = y_bar / len(x)
    return surprises.mean() + reg / 2 * np.sum(w * w), x.T @ y_bar, y_bar.sum(axis=0)


@wrong("linear-classifier", "The gradient is not divided by N, although the loss is a mean.")
def classifier_loss(x, t, w, b, reg):
    surprises, y_bar = errors(x, t, w, b)
    penalty = reg / 2 * np.sum(w * w)
    return surprises.mean() + penalty, x.T @ y_bar + reg * w, y_bar.sum(axis=0)


@wrong("linear-classifier", "The bias is not penalised: its gradient has no reg · b.")
def classifier_loss(x, t, w, b, reg):
    surprises, y_bar = errors(x, t, w, b)
    y_bar = y_bar / len(x)
    penalty = reg / 2 * np.sum(w * w)
    return surprises.mean() + penalty, x.T @ y_bar + reg * w, y_bar.sum(axis=0) + reg * b


@wrong(
    "linear-classifier", "The exponentials overflow: subtract the largest score of each row first."
)
def classifier_loss(x, t, w, b, reg):
    powers = np.exp(x @ w + b)
    p = powers / powers.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(x)), t]).mean() + reg / 2 * np.sum(w * w)
    y_bar = (p - np.eye(len(b))[t]) / len(x)
    return loss, x.T @ y_bar + reg * w, y_bar.sum(axis=0)


@wrong("linear-predict", "The classes are the columns: search along axis 1, not axis 0.")
def predict(x, w, b):
    return np.argmax(x @ w + b, axis=0)


@wrong("linear-predict", "You return the largest score; its index is asked for: np.argmax.")
def predict(x, w, b):
    return np.max(x @ w + b, axis=1)


@wrong("linear-predict", "The bias is forgotten, and it may decide.")
def predict(x, w, b):
    return np.argmax(x @ w, axis=1)


@wrong("linear-predict", "Without an axis np.argmax returns one index for the whole batch.")
def predict(x, w, b):
    return np.argmax(x @ w + b)


@wrong(
    "linear-jvp", "The product ẋ ẇ is of second order: the product rule has a term for each factor."
)
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ w_dot + b_dot


@wrong("linear-jvp", "The weights have a tangent, too: the term x ẇ is missing.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ w + b_dot


@wrong("linear-jvp", "The bias has a tangent, too: it is missing.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ w + x @ w_dot


@wrong("linear-jvp", "What is added is the tangent of the bias, and not the bias itself.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return x_dot @ w + x @ w_dot + b


@wrong("linear-jvp", "The result takes the type of x: integers truncate it.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return (x_dot @ w + x @ w_dot + b_dot).astype(x.dtype)


@wrong("linear-blind", "This pullback is right: it has to be wrong for a random ȳ.")
def deceptive_softmax_vjp(y, y_bar):
    return y * (y_bar - (y_bar * y).sum(axis=1, keepdims=True))


@wrong("linear-blind", "It is always zero: for a random ȳ it must not be.")
def deceptive_softmax_vjp(y, y_bar):
    return np.zeros_like(y)


@wrong("linear-blind", "A check with ȳ = 1 detects this one: it is not zero there.")
def deceptive_softmax_vjp(y, y_bar):
    return y * y_bar


@wrong("linear-blind", "It is not linear in ȳ: doubling ȳ has to double x̄.")
def deceptive_softmax_vjp(y, y_bar):
    return y * (y_bar - (y_bar * y).sum(axis=1, keepdims=True)) ** 2


def judged(f, rule, xs, rng, draw=None, moving=None, tolerance=1e-6):
    """Compare both sides along one direction, in which some of the arguments stand still."""
    h = 1e-5
    still = [moving is not None and i not in moving for i in range(len(xs))]
    x_dots = [
        0 * x if rests else rng.normal(size=x.shape) for x, rests in zip(xs, still, strict=True)
    ]
    ahead, behind = (f(*(x + s * v for x, v in zip(xs, x_dots, strict=True))) for s in (h, -h))
    y_bar = (draw or (lambda shape: rng.normal(size=shape)))(ahead.shape)
    terms = [np.vdot(bar, v) for bar, v in zip(rule(*xs, y_bar), x_dots, strict=True)]
    measured = np.vdot(y_bar, ahead - behind) / (2 * h)
    return bool(abs(measured - sum(terms)) <= tolerance * (1 + abs(measured)))


@wrong(
    "linear-gradient-check", "An upstream gradient of ones checks a sum only: draw it at random."
)
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng, draw=np.ones)


@wrong("linear-gradient-check", "Only the first argument changes: every x in xs needs a direction.")
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng, moving=[0])


@wrong("linear-gradient-check", "A measured slope is never exact: allow for rounding.")
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng, tolerance=0.0)


@wrong("linear-gradient-check", "The tolerance is so wide that a wrong gradient passes.")
def gradient_is_right(f, rule, xs, rng):
    return judged(f, rule, xs, rng, tolerance=0.5)


def named(advice, *numbers):
    @wrong("linear-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 1, 3, 2)
named("You name the lines after the slips, as far as there are any.", 3, 4, 3)
named("In the first derivation w has its indices in order at the end: look earlier.", 4, 4, 3)
named("In the second derivation one feature is rightly left: look one line further.", 2, 3, 3)
named("In the third derivation the bracket is right: look at what it leaves.", 2, 4, 2)


@wrong("linear-classifier", "The loss comes first, then the gradients of w and of b.")
def classifier_loss(x, t, w, b, reg):
    loss = lambda w, b: cross_entropy(x @ w + b, t) + reg / 2 * np.sum(w * w)
    L, pullback = vjp(loss, w, b)
    w_bar, b_bar = pullback(1.0)
    return w_bar, b_bar, L
