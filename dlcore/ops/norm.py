"""Normalisation: one formula, y = γ (x - μ)/√(v + ε) + β, over several index sets.

Statistics are those of a batch, of groups of channels, or fixed. A rule is computed by a kernel,
or in double precision, unless it is itself being differentiated.

Chapter: book/norm.md.
"""

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.kernels import norm as kernels
from dlcore.kernels.machine.layout import from_batch_last, is_channel_slice, to_batch_last
from dlcore.kernels.norm import per_channel
from dlcore.ops.precision import as_common_dtype, in_double, kernel_applies
from dlcore.shapes import Channels, PerChannel, ShapeError

EPS, RELU = {"eps": (1e-5, 0.1)}, {"relu": (False, True)}


def kernel_takes(x, *others):
    """Tell whether the kernels take x, and arrays like it: images, not empty and not traced.

    >>> kernel_takes(np.ones((2, 3, 4, 5))), kernel_takes(np.ones((2, 3)))
    (True, False)
    """
    return x.ndim == 4 and x.size > 0 and kernel_applies(x, *others)


def norm_layout(x, *others):
    """Bring images, unless they are channels of wider ones, to the order of the kernels, once.

    >>> norm_layout(np.ones((2, 3, 4, 5)))[0].strides
    (8, 16, 240, 48)
    """
    copied = kernel_takes(x) and not is_channel_slice(x)
    return [from_batch_last(to_batch_last(x)) if copied else x, *others]


def require_several(function, x):
    """Raise ShapeError where a channel has fewer than two numbers: they have no variance.

    >>> require_several("batch_norm", np.zeros((2, 3)))
    """
    count = x.size // (x.shape[1] or 1)
    if count < 2:
        raise ShapeError(
            f"{function}: a channel has {count} numbers in x of shape {x.shape}, pass at least 2, "
            "or evaluate with fixed statistics"
        )


def batch_statistics(x):
    """Return mean and biased variance of every channel, (C,) each, as plain arrays.

    x is (N, D) or (N, C, H, W). They can be passed to `batch_norm` as `known`. The numbers are
    of double precision whatever that of x.

    >>> batch_statistics(np.array([[1.0, 5.0], [3.0, 5.0]]))
    (array([2., 5.]), array([1., 0.]))
    """
    if kernel_takes(x):
        return kernels.batch_statistics(x)
    return kernels.batch_statistics_naive(x.astype(np.promote_types(x.dtype, np.float64)))


def normalized(x, mean, var, gamma, beta, eps, relu=False, shortcut=None):
    """Normalise by given statistics, then add a shortcut and apply the ReLU.

    >>> one = np.ones(1)
    >>> normalized(np.ones((1, 1)), one, one, one, one, 0.0, True, np.array([[-3.0]])).tolist()
    [[0.0]]
    """
    if kernel_takes(x):
        return kernels.normalize(x, mean, var, gamma, beta, eps, relu, shortcut)
    y = in_double(kernels.normalize_naive, x, mean, var, gamma, beta, eps)
    y = y if shortcut is None else y + shortcut
    return np.maximum(y, 0) if relu else y


@primitive(options=EPS | RELU)
def batch_norm(
    x: Channels, gamma: PerChannel, beta: PerChannel, *, eps=1e-5, known=None, relu=False
) -> Channels:
    """Normalise every channel by the statistics of the batch  [Ioffe2015]_.

    y = γ (x - μ)/σ + β,  σ = √(v + ε), with mean μ and biased variance v of a channel over all
    images and pixels.

    x is (N, D) or (N, C, H, W). `known` may be what `batch_statistics` has returned for x; the
    derivatives are the same. With `relu` the result is max(0, y), at no further pass through
    memory. Raises ShapeError where a channel has a single number.

    >>> batch_norm(np.array([[1.0], [3.0]]), np.array([1.0]), np.array([0.0]), eps=0.0).tolist()
    [[-1.0], [1.0]]
    """
    x, gamma, beta = as_common_dtype(x, gamma, beta)
    require_several("batch_norm", x)
    return normalized(x, *(known or batch_statistics(x)), gamma, beta, eps, relu)


@batch_norm.defjvp
def batch_norm_jvp(y, x, gamma, beta, x_dot, gamma_dot, beta_dot, eps=1e-5, known=None, relu=False):
    axes = kernels.all_but_channels(x)
    x_hat, sigma = kernels.standardize_naive(x, axes, eps)
    x_hat_dot = kernels.standardize_grad_naive(x_hat, sigma, x_dot, axes)
    y_dot = per_channel(gamma, x) * x_hat_dot + per_channel(gamma_dot, x) * x_hat
    y_dot = y_dot + per_channel(beta_dot, x)
    return y_dot * (y > 0) if relu else y_dot


@batch_norm.defvjp
def batch_norm_vjp(y, x, gamma, beta, y_bar, eps=1e-5, known=None, relu=False):
    """Backwards:  x̄ = γ/σ (ȳ - mean ȳ - x̂ mean(ȳ x̂)),  γ̄ = Σ ȳ x̂,  β̄ = Σ ȳ."""
    if kernel_takes(x, gamma, beta, y_bar):
        x, gamma, beta, y_bar = as_common_dtype(x, gamma, beta, y_bar)
        return kernels.batch_norm_grad(x, gamma, beta, y_bar, eps, known, relu)
    g = y_bar * (y > 0) if relu else y_bar
    return in_double(kernels.batch_norm_grad_naive, x, gamma, beta, g, eps)


def batch_norm_relu(x, gamma, beta, *, eps=1e-5, known=None):
    """Normalise every channel by the batch, and apply the ReLU:  y = max(0, γ x̂ + β).

    It is `batch_norm` with `relu`, and so are arguments and errors: ShapeError where a channel
    has a single number.

    >>> x = np.array([[1.0], [3.0]])
    >>> batch_norm_relu(x, np.array([1.0]), np.array([0.0]), eps=0.0).tolist()
    [[0.0], [1.0]]
    """
    return batch_norm(x, gamma, beta, eps=eps, known=known, relu=True)


@primitive(options=EPS)
def batch_norm_add_relu(
    x: Channels, gamma: PerChannel, beta: PerChannel, shortcut: Channels,
    *, eps=1e-5, known=None,
) -> Channels:  # fmt: skip
    """Normalise by the batch, add a shortcut, and apply the ReLU:  y = max(0, γ x̂ + β + s).

    The other arguments and the errors are those of `batch_norm`: ShapeError where a channel has
    a single number, and where the shortcut has another shape than x.

    >>> x, s = np.array([[1.0], [3.0]]), np.array([[5.0], [-5.0]])
    >>> batch_norm_add_relu(x, np.array([1.0]), np.array([0.0]), s, eps=0.0).tolist()
    [[4.0], [0.0]]
    """
    x, gamma, beta, shortcut = as_common_dtype(x, gamma, beta, shortcut)
    require_several("batch_norm_add_relu", x)
    return normalized(x, *(known or batch_statistics(x)), gamma, beta, eps, True, shortcut)


@batch_norm_add_relu.defjvp
def batch_norm_add_relu_jvp(y, *xs_and_dots, **options):
    *xs, _ = xs_and_dots[:4]
    *dots, shortcut_dot = xs_and_dots[4:]
    return (batch_norm_jvp(y, *xs, *dots, **options) + shortcut_dot) * (y > 0)


@batch_norm_add_relu.defvjp
def batch_norm_add_relu_vjp(y, x, gamma, beta, shortcut, y_bar, eps=1e-5, known=None):
    if kernel_takes(x, y, gamma, beta, y_bar):
        y, x, gamma, beta, y_bar = as_common_dtype(y, x, gamma, beta, y_bar)
        return kernels.batch_norm_grad(x, gamma, beta, y_bar, eps, known, y=y)
    g = y_bar * (y > 0)
    return *in_double(kernels.batch_norm_grad_naive, x, gamma, beta, g, eps), g


@primitive(options=EPS | RELU, domain={"var": "positive"})
def normalize(
    x: Channels, mean: PerChannel, var: PerChannel, gamma: PerChannel, beta: PerChannel,
    *, eps=1e-5, relu=False,
) -> Channels:  # fmt: skip
    """Normalise every channel by fixed statistics:  y = γ (x - μ)/√(v + ε) + β.

    So a network is evaluated after training: each image alone, whatever else is in its batch.
    With `relu` the result is max(0, y).

    >>> one = np.ones(1)
    >>> normalize(np.array([[5.0]]), 3 * one, 4 * one, 10 * one, one, eps=0.0)
    array([[11.]])
    """
    return normalized(*as_common_dtype(x, mean, var, gamma, beta), eps, relu)


@normalize.defjvp
def normalize_jvp(
    y, x, mean, var, gamma, beta, x_dot, mean_dot, var_dot, gamma_dot, beta_dot,
    eps=1e-5, relu=False,
):  # fmt: skip
    sigma = (var + eps) ** 0.5
    slope = gamma / sigma
    scale_dot = gamma_dot - slope * var_dot / (2 * sigma)
    x_hat = (x - per_channel(mean, x)) / per_channel(sigma, x)
    moved = per_channel(slope, x) * (x_dot - per_channel(mean_dot, x))
    y_dot = moved + per_channel(scale_dot, x) * x_hat + per_channel(beta_dot, x)
    return y_dot * (y > 0) if relu else y_dot


@normalize.defvjp
def normalize_vjp(y, x, mean, var, gamma, beta, y_bar, eps=1e-5, relu=False):
    if kernel_takes(x, mean, var, gamma, beta, y_bar):
        arrays = as_common_dtype(x, mean, var, gamma, beta, y_bar)
        return kernels.normalize_grad(*arrays, eps, relu)
    g = y_bar * (y > 0) if relu else y_bar
    return in_double(kernels.normalize_grad_naive, x, mean, var, gamma, beta, g, eps)


@primitive(options=EPS, domain={"var": "positive"})
def normalize_add_relu(
    x: Channels, mean: PerChannel, var: PerChannel, gamma: PerChannel, beta: PerChannel,
    shortcut: Channels, *, eps=1e-5,
) -> Channels:  # fmt: skip
    """Normalise by fixed statistics, add a shortcut, apply the ReLU:  max(0, γ x̂ + β + s).

    >>> x, one = np.array([[5.0]]), np.ones(1)
    >>> normalize_add_relu(x, 3 * one, 4 * one, one, one, np.array([[20.0]]), eps=0.0)
    array([[22.]])
    """
    *arrays, shortcut = as_common_dtype(x, mean, var, gamma, beta, shortcut)
    return normalized(*arrays, eps, True, shortcut)


@normalize_add_relu.defjvp
def normalize_add_relu_jvp(y, *xs_and_dots, **options):
    *xs, _ = xs_and_dots[:6]
    *dots, shortcut_dot = xs_and_dots[6:]
    return (normalize_jvp(y, *xs, *dots, **options) + shortcut_dot) * (y > 0)


@normalize_add_relu.defvjp
def normalize_add_relu_vjp(y, *xs_and_bar, **options):
    *xs, _, y_bar = xs_and_bar
    g = y_bar * (y > 0)
    return *normalize_vjp(y, *xs, g, **options), g


def require_groups(function, x, groups):
    """Raise ShapeError unless `groups` divides the channels, and a group has several numbers.

    >>> require_groups("group_norm", np.zeros((2, 6)), 3)
    """
    C = x.shape[1]
    if not isinstance(groups, int | np.integer) or groups < 1 or C % groups:
        raise ShapeError(
            f"{function}: groups is {groups!r} but C is {C} in x, pass a divisor of the channels"
        )
    if len(x) and x.size // (len(x) * groups) < 2:
        raise ShapeError(
            f"{function}: a group has a single number in x of shape {x.shape} with groups "
            f"{groups}, its variance is zero, pass more pixels or fewer groups"
        )


@primitive(options={"groups": (1, 3), **EPS})
def group_norm(x: Channels, gamma: PerChannel, beta: PerChannel, *, groups, eps=1e-5) -> Channels:
    """Normalise every group of channels of every image by itself:  y = γ x̂ + β  [Wu2018]_.

    The statistics are those of C / groups neighbouring channels with all their pixels; γ and β
    belong to channels. Raises ShapeError where `groups` does not divide C, and where a group
    has a single number.

    >>> x = np.array([[1.0, 3.0, 10.0, 30.0]])
    >>> group_norm(x, np.ones(4), np.zeros(4), groups=2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    require_groups("group_norm", x, groups)
    x, gamma, beta = as_common_dtype(x, gamma, beta)
    if kernel_takes(x):
        return kernels.group_norm(x, gamma, beta, groups, eps)
    return in_double(kernels.group_norm_naive, x, gamma, beta, groups, eps)


@group_norm.defjvp
def group_norm_jvp(y, x, gamma, beta, x_dot, gamma_dot, beta_dot, groups, eps=1e-5):
    parts, axes = kernels.in_groups(x, groups)
    x_hat, sigma = kernels.standardize_naive(parts, axes, eps)
    dots, _ = kernels.in_groups(x_dot, groups)
    x_hat_dot = kernels.standardize_grad_naive(x_hat, sigma, dots, axes).reshape(x.shape)
    scaled = per_channel(gamma_dot, x) * x_hat.reshape(x.shape)
    return per_channel(gamma, x) * x_hat_dot + scaled + per_channel(beta_dot, x)


@group_norm.defvjp
def group_norm_vjp(y, x, gamma, beta, y_bar, groups, eps=1e-5):
    if kernel_takes(x, gamma, beta, y_bar):
        x, gamma, beta, y_bar = as_common_dtype(x, gamma, beta, y_bar)
        return kernels.group_norm_grad(x, gamma, beta, y_bar, groups, eps)
    return in_double(kernels.group_norm_grad_naive, x, gamma, beta, y_bar, groups, eps)


def layer_norm(x, gamma, beta, *, eps=1e-5):
    """Normalise every example over all its axes:  y = γ x̂ + β  [Ba2016]_.

    γ and β belong to features (D,), or to the channels (C,) of images: it is `group_norm` with
    one group. Raises ShapeError where an example is a single number.

    >>> layer_norm(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    return group_norm(x, gamma, beta, groups=1, eps=eps)


def instance_norm(x, gamma, beta, *, eps=1e-5):
    """Normalise every channel of every image over its pixels:  y = γ x̂ + β  [Ulyanov2016]_.

    It is `group_norm` with as many groups as channels. Raises ShapeError where a channel has a
    single pixel.

    >>> x = np.array([[[1.0, 3.0], [10.0, 30.0]]])
    >>> instance_norm(x, np.ones(2), np.zeros(2), eps=0.0).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """
    return group_norm(x, gamma, beta, groups=len(gamma), eps=eps)


@primitive(options={"size": (5, 2), "alpha": (1e-4, 0.5), "k": (1.0, 2.0)})
def local_response_norm(x: Channels, *, size=5, alpha=1e-4, beta=0.75, k=1.0) -> Channels:
    """Divide every number by the size of its neighbours in channel  [Krizhevsky2012]_.

    y[n,c] = x[n,c] / (k + α/size Σ x[n,c']²)ᵝ over the channels c - ⌊size/2⌋ ≤ c' ≤
    c + ⌊(size - 1)/2⌋ that there are. As in PyTorch α is divided by `size`; the paper does not.
    Raises ValueError for a `size` that is no whole number, or below 1.

    >>> x = np.array([[1.0, 2.0]])
    >>> local_response_norm(x, size=3, alpha=3.0, beta=1.0, k=0.0).tolist()
    [[0.2, 0.4]]
    """
    if not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(f"local_response_norm: size is {size!r}, pass a whole number, at least 1")
    return in_double(kernels.local_response_norm_naive, x, size, alpha, beta, k)


@local_response_norm.defjvp
def local_response_norm_jvp(y, x, x_dot, size=5, alpha=1e-4, beta=0.75, k=1.0):
    before, after = kernels.neighbours(size)
    s = k + alpha / size * kernels.sum_of_neighbours(x**2, before, after)
    shares = kernels.sum_of_neighbours(x * x_dot, before, after)
    return x_dot * s**-beta - 2 * alpha * beta / size * x * shares * s ** (-beta - 1)


@local_response_norm.defvjp
def local_response_norm_vjp(y, x, y_bar, size=5, alpha=1e-4, beta=0.75, k=1.0):
    return (in_double(kernels.local_response_norm_grad_naive, x, y_bar, size, alpha, beta, k),)


for op in (batch_norm, batch_norm_add_relu, normalize, normalize_add_relu, group_norm):
    op.deflayout(norm_layout)
