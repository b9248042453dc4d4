# Cut from solutions/norm.py by `dlcore exercises`: write your answers here. [e2b27c4c9c1a]
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
    # TODO: every feature has a mean of its own: along which axis do the statistics run?
    raise NotImplementedError(
        "every feature has a mean of its own: along which axis do the statistics run?"
    )


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
    # TODO: which reshape lays the numbers of a group in a row?
    raise NotImplementedError("which reshape lays the numbers of a group in a row?")


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
    # TODO: go through the graph from y to x; d = σ x̂ can be computed again
    raise NotImplementedError("go through the graph from y to x; d = σ x̂ can be computed again")


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
    # TODO: put the stages into one another: which two means does x̄ subtract from ȳ?
    raise NotImplementedError(
        "put the stages into one another: which two means does x̄ subtract from ȳ?"
    )


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
    # TODO: the forward pass is that of batch norm with another axis; keepdims=True keeps a column
    raise NotImplementedError(
        "the forward pass is that of batch norm with another axis; keepdims=True keeps a column"
    )


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
        # TODO: which variance normalises the batch, and which one enters the average?
        raise NotImplementedError(
            "which variance normalises the batch, and which one enters the average?"
        )

    def evaluate(self, x):
        """Normalise by the state, which stays as it is."""
        # TODO: no statistics of x are computed: what is used instead?
        raise NotImplementedError("no statistics of x are computed: what is used instead?")


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
    # TODO: compute yourself what y has to be; for which x does each fault show?
    raise NotImplementedError(
        "compute yourself what y has to be; for which x does each fault show?"
    )


def wrong_lines():
    """Exercise norm-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # TODO: put in two numbers, 1 and 3, and compute a line and the one before it
    raise NotImplementedError(
        "put in two numbers, 1 and 3, and compute a line and the one before it"
    )
