"""Losses: one number that says how wrong the scores are.

Every function here subtracts a maximum before it exponentiates, so that no score is too large.

Chapter: book/loss.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Labels, Losses, Scalar, Scores


def check_labels(function, x, t):
    """Raise ValueError for a label that has no column in the scores (N, K):  0 ≤ t < K.

    >>> check_labels("hinge", np.zeros((2, 3)), np.array([0, 2]))
    """
    K = x.shape[1]
    if t.size and not 0 <= t.min() <= t.max() < K:
        wrong = t.min() if t.min() < 0 else t.max()
        raise ValueError(
            f"{function}: t holds label {wrong} but x has K = {K} classes, use 0 to {K - 1}"
        )


def targets(x, t, smoothing=0.0):
    """Write each label as a distribution: 1 - s on the right class, and s shared by all K.

    >>> targets(np.zeros((1, 4)), np.array([2]), smoothing=0.2).round(2).tolist()
    [[0.05, 0.05, 0.85, 0.05]]
    """
    N, K = x.shape
    q = np.full((N, K), smoothing / K, dtype=x.dtype)
    q[np.arange(N), t] += 1 - smoothing
    return q


@primitive
def logsumexp(x: Scores) -> Losses:
    """Add up on the logarithmic scale:  yₙ = ln Σₖ exp xₙₖ = m + ln Σₖ exp(xₙₖ - m).

    m is the largest score of the example, so that no exponent is above zero.

    >>> logsumexp(np.array([[1000.0, 1000.0]])).round(4).tolist()
    [1000.6931]
    """
    m = x.max(axis=1)
    return m + np.log(np.exp(x - m[:, None]).sum(axis=1))


@logsumexp.defjvp
def logsumexp_jvp(y, x, x_dot):
    return (np.exp(x - y[:, None]) * x_dot).sum(axis=1)


@logsumexp.defvjp
def logsumexp_vjp(y, x, y_bar):
    return (np.exp(x - y[:, None]) * y_bar[:, None],)


@primitive
def softmax(x: Scores) -> Scores:
    """Turn scores into probabilities:  yₙₖ = exp xₙₖ / Σⱼ exp xₙⱼ  [Bridle1990]_.

    >>> softmax(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """
    y = np.exp(x - x.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    return y


@softmax.defjvp
def softmax_jvp(y, x, x_dot):
    return y * (x_dot - (y * x_dot).sum(axis=1)[:, None])


@softmax.defvjp
def softmax_vjp(y, x, y_bar):
    return (y * (y_bar - (y * y_bar).sum(axis=1)[:, None]),)


@primitive
def log_softmax(x: Scores) -> Scores:
    """Turn scores into log-probabilities:  yₙₖ = xₙₖ - ln Σⱼ exp xₙⱼ.

    >>> log_softmax(np.array([[0.0, 0.0]])).round(4).tolist()
    [[-0.6931, -0.6931]]
    """
    return x - logsumexp(x)[:, None]


@log_softmax.defjvp
def log_softmax_jvp(y, x, x_dot):
    return x_dot - (np.exp(y) * x_dot).sum(axis=1)[:, None]


@log_softmax.defvjp
def log_softmax_vjp(y, x, y_bar):
    return (y_bar - np.exp(y) * y_bar.sum(axis=1)[:, None],)


@primitive(options={"smoothing": (0.0, 0.1)})
def cross_entropy(x: Scores, t: Labels, *, smoothing=0.0) -> Scalar:
    """Average the surprise at the right labels:  y = -1/N Σₙ Σₖ qₙₖ ln softmax(x)ₙₖ, in nats.

    q is one at tₙ; with smoothing s it is 1 - s there and s/K is added everywhere [Szegedy2016]_.
    Raises ValueError for a label outside 0 … K - 1.

    >>> cross_entropy(np.zeros((2, 4)), np.array([1, 3])).round(4)
    np.float64(1.3863)
    """
    check_labels("cross_entropy", x, t)
    surprise = logsumexp(x)
    right = x[np.arange(len(x)), t]
    if smoothing:
        right = (1 - smoothing) * right + smoothing * x.mean(axis=1)
    return (surprise - right).mean()


@cross_entropy.defjvp
def cross_entropy_jvp(y, x, t, x_dot, smoothing=0.0):
    return ((softmax(x) - targets(x, t, smoothing)) * x_dot).sum() / len(x)


@cross_entropy.defvjp
def cross_entropy_vjp(y, x, t, y_bar, smoothing=0.0):
    """Backwards:  x̄ = (softmax(x) - q) ȳ/N."""
    return ((softmax(x) - targets(x, t, smoothing)) * (y_bar / len(x)),)


def violations(x, t, margin):
    """Say how far each wrong class comes too close:  max(0, xₙₖ - xₙₜ + margin), 0 at k = t.

    >>> violations(np.array([[3.0, 2.5, 1.0]]), np.array([0]), margin=1.0)
    array([[0. , 0.5, 0. ]])
    """
    rows = np.arange(len(x))
    close = np.maximum(0, x - x[rows, t][:, None] + margin)
    close[rows, t] = 0
    return close


def blame(x, t, margin):
    """Differentiate the violations: 1 for a class too close, minus their count at the label.

    >>> blame(np.array([[3.0, 2.5, 1.0]]), np.array([0]), margin=1.0)
    array([[-1.,  1.,  0.]])
    """
    guilty = (violations(plain(x), t, margin) > 0).astype(x.dtype)
    guilty[np.arange(len(x)), t] = -guilty.sum(axis=1)
    return guilty


@primitive(options={"margin": (1.0, 0.5)})
def hinge(x: Scores, t: Labels, *, margin=1.0) -> Scalar:
    """Require a margin:  y = 1/N Σₙ Σ_{k ≠ tₙ} max(0, xₙₖ - xₙₜ + margin)  [Weston1999]_.

    Raises ValueError for a label outside 0 … K - 1.

    >>> hinge(np.array([[3.0, 2.5, 1.0]]), np.array([0]))
    np.float64(0.5)
    """
    check_labels("hinge", x, t)
    return violations(x, t, margin).sum() / len(x)


@hinge.defjvp
def hinge_jvp(y, x, t, x_dot, margin=1.0):
    return (blame(x, t, margin) * x_dot).sum() / len(x)


@hinge.defvjp
def hinge_vjp(y, x, t, y_bar, margin=1.0):
    """Backwards: one of the subgradients; at a kink the class counts as far enough."""
    return (blame(x, t, margin) * (y_bar / len(x)),)


@primitive
def squared_error(x: Scores, z: Scores) -> Scalar:
    """Compare with the values z that are asked for:  y = 1/2N Σₙₖ (xₙₖ - zₙₖ)².

    >>> squared_error(np.array([[1.0, 2.0]]), np.array([[1.0, 5.0]]))
    np.float64(4.5)
    """
    return ((x - z) ** 2).sum() / (2 * len(x))


@squared_error.defjvp
def squared_error_jvp(y, x, z, x_dot, z_dot):
    return ((x - z) * (x_dot - z_dot)).sum() / len(x)


@squared_error.defvjp
def squared_error_vjp(y, x, z, y_bar):
    return (x - z) * (y_bar / len(x)), (z - x) * (y_bar / len(x))
