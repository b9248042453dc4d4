"""Exercises of the chapter *Normalisation*.

Features have the shape (N, D), images (N, C, H, W); gamma and beta hold one number for each
feature or channel. Arrays hold floats of either precision, in any layout in memory; eps is positive
wherever a variance may be 0. A mean may be large against the deviations from it, and results are as
exact as roundings of the least exact argument let them be. A variance is biased, the mean of the
squared deviations, unless an exercise says otherwise. No function changes the arrays that it is
given; a second call, of a pullback too, is like the first.

Chapter: book/norm.md.
"""

import numpy as np


def batch_norm(x, gamma, beta, *, eps=1e-5):
    """Exercise norm-forward.  Normalise a batch of features in training; return y, x̂ and σ.

        μ = 1/N Σₙ xₙ        v = 1/N Σₙ (xₙ - μ)²        σ = √(v + eps)
        x̂ = (x - μ) / σ      y = γ x̂ + β

    x, y and x̂ are (N, D) with N ≥ 1, σ is (D,). The backward pass needs x̂ and σ.

    >>> y, x_hat, sigma = batch_norm(np.array([[2.0], [6.0]]), np.ones(1), np.ones(1), eps=0.0)
    >>> y, sigma
    (array([[0.],
           [2.]]), array([2.]))
    """
    # BEGIN SOLUTION
    # HINT: every feature has a mean of its own: along which axis do the statistics run?
    # HINT: subtract the mean first, then square: v is the mean of d * d with d = x - μ
    # HINT: eps is added to v, inside the root; then x̂ = d / σ
    d = x - x.mean(axis=0)
    sigma = np.sqrt((d * d).mean(axis=0) + eps)
    x_hat = d / sigma
    return gamma * x_hat + beta, x_hat, sigma
    # END SOLUTION


def group_norm(x, gamma, beta, groups, *, eps=1e-5):
    """Exercise norm-group.  Normalise groups of channels of each image: (N, C, H, W).

    `groups` divides C. A group holds C/groups neighbouring channels: the first one the channels
    0, 1, … C/groups - 1. Mean and variance are taken for each image and each group, over the
    channels of the group, H and W; gamma and beta are (C,). One group is layer norm over the whole
    image; C groups are instance norm.

    >>> x = np.array([[[[1.0]], [[3.0]], [[10.0]], [[30.0]]]])
    >>> group_norm(x, np.ones(4), np.zeros(4), 2, eps=0.0).ravel()
    array([-1.,  1., -1.,  1.])
    """
    N, C, H, W = x.shape
    # BEGIN SOLUTION
    # HINT: which reshape lays the numbers of a group in a row?
    # HINT: x.reshape(N, groups, -1): the channels of a group are neighbours in memory order
    # HINT: normalise over axis 2, reshape to x.shape, then γ[:, None, None] and β[:, None, None]
    rows = x.reshape(N, groups, -1)
    d = rows - rows.mean(axis=2, keepdims=True)
    sigma = np.sqrt((d * d).mean(axis=2, keepdims=True) + eps)
    x_hat = (d / sigma).reshape(N, C, H, W)
    return gamma[:, None, None] * x_hat + beta[:, None, None]
    # END SOLUTION


def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    """Exercise norm-backward-staged.  Propagate ȳ back through batch norm, node by node.

    The graph of norm-forward has these nodes, each computed from earlier ones:

        μ = 1/N Σₙ xₙ    d = x - μ    v = 1/N Σₙ dₙ²    σ = √(v + eps)    x̂ = d / σ    y = γ x̂ + β

    Return a dictionary with the cotangents of "beta", "gamma", "x_hat", "sigma", "var" (that is v),
    "d", "mean" (that is μ) and "x": each in the shape of its node, and each the sum of what all
    nodes propagate back that use it.

    >>> bars = batch_norm_backward_staged(
    ...     np.array([[3.0], [5.0]]), np.array([[-1.0], [1.0]]), np.array([2.0]), np.array([4.0])
    ... )
    >>> bars["sigma"], bars["d"]
    (array([-4.]), array([[8.],
           [8.]]))
    """
    # BEGIN SOLUTION
    # HINT: go through the graph from y to x; d = σ x̂ can be computed again
    # HINT: d has two users, x̂ and v; x has two users, d and μ: their shares are added
    # HINT: σ̄ = -Σ x̂_bar d/σ², v̄ = σ̄ / 2σ, d̄ = x̂_bar/σ + 2 d v̄/N, μ̄ = -Σ d̄, x̄ = d̄ + μ̄/N
    N = len(x_hat)
    d = sigma * x_hat
    x_hat_bar = gamma * y_bar
    sigma_bar = -(x_hat_bar * d).sum(axis=0) / sigma**2
    var_bar = sigma_bar / (2 * sigma)
    d_bar = x_hat_bar / sigma + 2 * d * var_bar / N
    mean_bar = -d_bar.sum(axis=0)
    return {
        "beta": y_bar.sum(axis=0),
        "gamma": (y_bar * x_hat).sum(axis=0),
        "x_hat": x_hat_bar,
        "sigma": sigma_bar,
        "var": var_bar,
        "d": d_bar,
        "mean": mean_bar,
        "x": d_bar + mean_bar / N,
    }
    # END SOLUTION


def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    """Exercise norm-backward.  Propagate ȳ back through batch norm to x, γ and β at once.

    Return x_bar, gamma_bar and beta_bar. ȳ, x̂ and x_bar are features (N, D) or images
    (N, C, H, W). The statistics of images are taken for each channel over N, H and W. σ, γ,
    gamma_bar and beta_bar have the shape (D,) or (C,).

    >>> x_hat = np.array([[-1.0], [1.0]])
    >>> batch_norm_backward(np.array([[3.0], [5.0]]), x_hat, np.array([2.0]), np.array([4.0]))
    (array([[0.],
           [0.]]), array([2.]), array([8.]))
    """
    # BEGIN SOLUTION
    # HINT: put the stages into one another: which two means does x̄ subtract from ȳ?
    # HINT: x̄ = γ/σ (ȳ - mean ȳ - x̂ · mean(ȳ x̂)), with means over all axes but 1
    # HINT: axes = (0, 2, 3) for images; reshape γ/σ to (C, 1, 1), so that it meets the channels
    axes = (0, *range(2, x_hat.ndim))
    mean = lambda array: array.mean(axis=axes, keepdims=True)
    scale = (gamma / sigma).reshape(mean(x_hat).shape)
    x_bar = scale * (y_bar - mean(y_bar) - x_hat * mean(y_bar * x_hat))
    return x_bar, (y_bar * x_hat).sum(axis=axes), y_bar.sum(axis=axes)
    # END SOLUTION


def layer_norm(x, gamma, beta, *, eps=1e-5):
    """Exercise norm-layer.  Normalise each example over its features; return y and a pullback.

        μₙ = 1/D Σ_d x[n, d]    vₙ = 1/D Σ_d (x[n, d] - μₙ)²
        y[n, d] = γ[d] (x[n, d] - μₙ) / √(vₙ + eps) + β[d]

    x and y are (N, D). ``pullback(y_bar)`` returns x_bar (N, D), gamma_bar (D,) and
    beta_bar (D,), for any ȳ (N, D).

    >>> y, pullback = layer_norm(np.array([[2.0, 6.0]]), np.ones(2), np.ones(2), eps=0.0)
    >>> y, pullback(np.array([[3.0, 5.0]]))[1]
    (array([[0., 2.]]), array([-3.,  5.]))
    """
    # BEGIN SOLUTION
    # HINT: the forward pass is that of batch norm with another axis; keepdims=True keeps a column
    # HINT: γ differs within a mean: take x̂_bar = γ ȳ into the means, not ȳ
    # HINT: x̄ = (x̂_bar - mean x̂_bar - x̂ · mean(x̂_bar x̂)) / σ with means over axis 1
    d = x - x.mean(axis=1, keepdims=True)
    sigma = np.sqrt((d * d).mean(axis=1, keepdims=True) + eps)
    x_hat = d / sigma

    def pullback(y_bar):
        x_hat_bar = gamma * y_bar
        along = (x_hat_bar * x_hat).mean(axis=1, keepdims=True)
        x_bar = (x_hat_bar - x_hat_bar.mean(axis=1, keepdims=True) - x_hat * along) / sigma
        return x_bar, (y_bar * x_hat).sum(axis=0), y_bar.sum(axis=0)

    return gamma * x_hat + beta, pullback
    # END SOLUTION


class RunningNorm:
    """Exercise norm-running.  Normalise by the batch in training, by averages in evaluation.

    `train` takes images (N, C, H, W) and normalises each channel by the mean μ and the biased
    variance v of its n = N H W ≥ 2 numbers; it updates the state `mean` and `var`, both (C,), once:

        mean ← (1 - momentum) mean + momentum μ
        var  ← (1 - momentum) var + momentum v n / (n - 1)

    `evaluate` normalises images by the state, a single image of one pixel too, and changes nothing.
    Both return γ x̂ + β, where eps is added to the variance, inside the root.

    >>> norm = RunningNorm(np.ones(1), np.zeros(1))
    >>> y = norm.train(np.array([[[[1.0, 3.0]]]]))
    >>> norm.mean, norm.var
    (array([0.2]), array([1.1]))
    """

    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = gamma, beta
        self.eps, self.momentum = eps, momentum
        self.mean = np.zeros(len(gamma))
        self.var = np.ones(len(gamma))

    def train(self, x):
        """Normalise by the statistics of the batch, and update the state."""
        # BEGIN SOLUTION
        # HINT: which variance normalises the batch, and which one enters the average?
        # HINT: momentum is the weight of the new value; n counts N, H and W
        # HINT: μ and v are (C,): μ[:, None, None] meets the channels of x
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        n = x.size // len(mean)
        self.mean = (1 - self.momentum) * self.mean + self.momentum * mean
        self.var = (1 - self.momentum) * self.var + self.momentum * var * n / (n - 1)
        scale = self.gamma / np.sqrt(var + self.eps)
        centred = x - mean[:, None, None]
        return scale[:, None, None] * centred + self.beta[:, None, None]
        # END SOLUTION

    def evaluate(self, x):
        """Normalise by the state, which stays as it is."""
        # BEGIN SOLUTION
        # HINT: no statistics of x are computed: what is used instead?
        # HINT: the same formula as in training, with self.mean and self.var as they are
        # HINT: (x - mean) / √(var + eps), each reshaped to (C, 1, 1); then γ and β
        scale = self.gamma / np.sqrt(self.var + self.eps)
        centred = x - self.mean[:, None, None]
        return scale[:, None, None] * centred + self.beta[:, None, None]
        # END SOLUTION


def accepts(norm, *, rng):
    """Exercise norm-test.  Decide whether `norm` is batch norm of images, as in training.

    ``norm(x, gamma, beta, eps)`` takes images (N, C, H, W), gamma and beta (C,) and a positive
    number, and returns y. A right one computes γ x̂ + β with the statistics of each channel over N,
    H and W, and is as exact as roundings of x let it be. A wrong one has one of five faults:

    - the variance is divided by n - 1 in place of n;
    - eps is added outside of the root, or left out;
    - mean and variance are taken over other axes, or over a part of the batch;
    - the variance is computed as mean(x²) - mean(x)², or as that cut at 0;
    - γ or β is left out or exchanged, in all channels or in some, or applied elsewhere.

    Draw what you try from `rng`; return True for a right one, False for a wrong one.
    """
    # BEGIN SOLUTION
    # HINT: compute yourself what y has to be; for which x does each fault show?
    # HINT: all sizes differ; few numbers in a channel; a variance near eps; a large mean
    # HINT: np.allclose(rtol=1e-5, atol=1e-5) at three scales: 1, 1e-3, and 1 around 1e7
    noise = rng.normal(size=(3, 4, 2, 5))
    gamma, beta = rng.normal(size=(2, 4))
    for scale, shift in [(1.0, 0.0), (1e-3, 0.0), (1.0, 1e7)]:
        x = shift + scale * noise
        d = x - x.mean(axis=(0, 2, 3), keepdims=True)
        x_hat = d / np.sqrt((d * d).mean(axis=(0, 2, 3), keepdims=True) + 1e-5)
        y = gamma[:, None, None] * x_hat + beta[:, None, None]
        if not np.allclose(norm(x, gamma, beta, 1e-5), y, rtol=1e-5, atol=1e-5):
            return False
    return True
    # END SOLUTION


def wrong_lines():
    """Exercise norm-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # BEGIN SOLUTION
    # HINT: put in two numbers, 1 and 3, and compute a line and the one before it
    # HINT: one mean has lost its 1/N, one has it twice, one sign is turned
    # HINT: may a variance grow with N? do the N numbers of a trace add 1/N each, or N/N?
    return [3, 4, 2]
    # END SOLUTION
