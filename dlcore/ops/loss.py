"""Losses: one number that says how wrong the scores are.

Every function here subtracts a maximum before it exponentiates, so that no score is too large.

Chapter: book/loss.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import (
    Labels,
    ManyLabels,
    ManyLosses,
    ManyScores,
    Scalar,
    Scores,
    ShapeError,
    Tensor,
)

REDUCTIONS = ("mean", "sum", "none")


def require_examples(function, x):
    """Raise ShapeError for a batch of no examples: there is no average over nothing.

    >>> require_examples("hinge", np.zeros((2, 3)))
    """
    if not len(x):
        raise ShapeError(f"{function}: N is 0 in x, there is no average, pass at least one example")


def check_labels(function, x, t):
    """Raise ValueError for a label that has no column in the scores (N, K):  0 ≤ t < K.

    Raises ShapeError, too, where there are no examples.

    >>> check_labels("hinge", np.zeros((2, 3)), np.array([0, 2]))
    """
    require_examples(function, x)
    K = x.shape[1]
    if t.size and not 0 <= t.min() <= t.max() < K:
        wrong = t.min() if t.min() < 0 else t.max()
        raise ValueError(
            f"{function}: t holds label {wrong} but x has K = {K} classes, use 0 to {K - 1}"
        )


def targets(x, t, smoothing=0.0, class_weights=None, ignore_index=None):
    """Write each label as a distribution: 1 - s on the right class, and s shared by all K.

    Every class may have a weight, and an example whose label is `ignore_index` weighs nothing.

    >>> targets(np.zeros((1, 4)), np.array([2]), smoothing=0.2).round(2).tolist()
    [[0.05, 0.05, 0.85, 0.05]]
    """
    K = x.shape[1]
    counted = t != ignore_index
    right = np.expand_dims(np.where(counted, t, 0), 1)
    q = np.full(x.shape, smoothing / K, dtype=x.dtype)
    np.put_along_axis(q, right, 1 - smoothing + smoothing / K, axis=1)
    if class_weights is not None:
        q *= class_weights.reshape(K, *(1,) * (x.ndim - 2))
    return q if ignore_index is None else q * np.expand_dims(counted, 1)


@primitive
def logsumexp(x: ManyScores) -> ManyLosses:
    """Add up on the logarithmic scale:  yₙ = ln Σₖ exp xₙₖ = m + ln Σₖ exp(xₙₖ - m).

    m is the largest score of the example, so that no exponent is above zero. Classes are along
    axis 1; there may be further axes.

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
def softmax(x: ManyScores) -> ManyScores:
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
def log_softmax(x: ManyScores) -> ManyScores:
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


def check_loss_options(x, t, class_weights, ignore_index, reduction):
    """Return the class weights as an array of x's precision; refuse what does not fit.

    Raises ValueError for an unknown reduction and for a label outside 0 … K - 1 that is not to be
    ignored, ShapeError where there is not one weight for each class.

    >>> check_loss_options(np.zeros((1, 2)), np.array([1]), [0.5, 2.0], None, "mean")
    array([0.5, 2. ])
    """
    if reduction not in REDUCTIONS:
        told = ", ".join(REDUCTIONS)
        raise ValueError(f"cross_entropy: reduction is {reduction!r}, use one of {told}")
    weights = None if class_weights is None else np.asarray(class_weights, x.dtype)
    if weights is not None and weights.shape != x.shape[1:2]:
        raise ShapeError(
            f"cross_entropy: class_weights has shape {weights.shape} but K is {x.shape[1]} in x, "
            "pass one weight for each class"
        )
    check_labels("cross_entropy", x, t if ignore_index is None else t[t != ignore_index])
    return weights


def weight_of_labels(t, class_weights=None, ignore_index=None):
    """Add up what the examples weigh: as much as their class, or nothing where one is ignored.

    >>> weight_of_labels(np.array([1, -100, 0]), np.array([0.5, 2.0]), ignore_index=-100)
    2.5
    """
    counted = t[t != ignore_index]
    return float(counted.size if class_weights is None else class_weights[counted].sum())


OPTIONS = {"smoothing": (0.0, 0.1), "ignore_index": (None, 1), "reduction": REDUCTIONS}


@primitive(options=OPTIONS)
def cross_entropy(
    x: ManyScores, t: ManyLabels, *,
    smoothing=0.0, class_weights=None, ignore_index=None, reduction="mean",
) -> Tensor:  # fmt: skip
    """Average the surprise at the right labels:  y = -1/N Σₙ Σₖ qₙₖ ln softmax(x)ₙₖ, in nats.

    q is one at tₙ; with smoothing s it is 1 - s there and s/K is added everywhere [Szegedy2016]_.
    `class_weights` multiply q, class by class, and the mean is then divided by the sum of the
    weights of all labels. An example whose label is `ignore_index` counts for nothing. The
    reduction is "mean", "sum" or "none". Axes after the classes, such as those of pixels, are
    more examples. Raises ValueError for a label outside 0 … K - 1 and for another reduction,
    ShapeError for another number of weights than K and for a batch of no examples.

    >>> cross_entropy(np.zeros((2, 4)), np.array([1, 3])).round(4)
    np.float64(1.3863)
    """
    class_weights = check_loss_options(x, t, class_weights, ignore_index, reduction)
    q = targets(x, t, smoothing, class_weights, ignore_index)
    surprise = np.expand_dims(logsumexp(x), 1) - x
    losses = (q * np.where(q == 0, 0, surprise)).sum(axis=1)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / weight_of_labels(t, class_weights, ignore_index)


def cross_entropy_slope(
    x, t, *, smoothing=0.0, class_weights=None, ignore_index=None, reduction="mean"
):
    """Differentiate the loss by the scores of each example:  softmax(x) Σₖ qₖ - q.

    >>> cross_entropy_slope(np.zeros((2, 2)), np.array([0, 1])).tolist()
    [[-0.25, 0.25], [0.25, -0.25]]
    """
    class_weights = check_loss_options(plain(x), t, class_weights, ignore_index, reduction)
    q = targets(x, t, smoothing, class_weights, ignore_index)
    slope = softmax(x) * q.sum(axis=1, keepdims=True) - q
    if reduction != "mean":
        return slope
    return slope / weight_of_labels(t, class_weights, ignore_index)


@cross_entropy.defjvp
def cross_entropy_jvp(y, x, t, x_dot, **options):
    y_dot = (cross_entropy_slope(x, t, **options) * x_dot).sum(axis=1)
    return y_dot if options.get("reduction") == "none" else y_dot.sum()


@cross_entropy.defvjp
def cross_entropy_vjp(y, x, t, y_bar, **options):
    """Backwards:  x̄ = (softmax(x) - q) ȳ/N."""
    y_bar = y_bar[:, None] if options.get("reduction") == "none" else y_bar
    return (cross_entropy_slope(x, t, **options) * y_bar,)


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

    Raises ValueError for a label outside 0 … K - 1, ShapeError for a batch of no examples.

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

    Numbers of half precision are squared and added in float32. Raises ShapeError for a batch of
    no examples.

    >>> squared_error(np.array([[1.0, 2.0]]), np.array([[1.0, 5.0]]))
    np.float64(4.5)
    """
    require_examples("squared_error", x)
    dtype = np.result_type(x, z)
    gap = np.subtract(x, z, dtype=np.float32 if dtype == np.float16 else dtype)
    return ((gap**2).sum() / (2 * len(x))).astype(dtype)


@squared_error.defjvp
def squared_error_jvp(y, x, z, x_dot, z_dot):
    return ((x - z) * ((x_dot - z_dot) / len(x))).sum()


@squared_error.defvjp
def squared_error_vjp(y, x, z, y_bar):
    return (x - z) * (y_bar / len(x)), (z - x) * (y_bar / len(x))
