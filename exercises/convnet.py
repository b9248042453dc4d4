# Cut from solutions/convnet.py by `dlcore exercises`: write your answers here. [2ee744674ae2]
"""Exercises of the chapter *ConvNets*: sizes, a block, the whole network, and its checks.

Images x have the shape (N, C, H, W), filters w the shape (F, C, U, U), U odd. The pieces below are
given; they are right, and you need not change them. Results are as exact as rounding lets them be.
No function changes the arrays it is given; a second call, of a pullback too, is like the first.

Chapter: book/convnet.md.
"""

import numpy as np


def windows(x, U):
    """Cut a window of U × U around every pixel: (N, C, H, W, U, U), with zeros outside."""
    around = U // 2, U // 2
    padded = np.pad(x, [(0, 0), (0, 0), around, around])
    return np.lib.stride_tricks.sliding_window_view(padded, (U, U), axis=(2, 3))


def conv(x, w, b):
    """Convolve with filters and add biases; the padding keeps height and width."""
    return np.einsum("nchluv,fcuv->nfhl", windows(x, w.shape[-1]), w) + b[:, None, None]


def conv_backward(y_bar, x, w):
    """Pull ȳ back through `conv`, whose input was x: x̄, w̄ and b̄."""
    flipped = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    x_bar = conv(y_bar, flipped, np.zeros(x.shape[1]))
    w_bar = np.einsum("nchluv,nfhl->fcuv", windows(x, w.shape[-1]), y_bar)
    return x_bar, w_bar, y_bar.sum(axis=(0, 2, 3))


def relu(x):
    """Keep what is positive."""
    return np.maximum(x, 0)


def relu_backward(y_bar, x):
    """Pull ȳ back through `relu`, whose input was x."""
    return y_bar * (x > 0)


def pool(x):
    """Keep the largest of every window of 2 × 2; a last odd row or column is left out."""
    N, C, H, W = x.shape
    P, Q = H // 2, W // 2
    return x[:, :, : 2 * P, : 2 * Q].reshape(N, C, P, 2, Q, 2).max(axis=(3, 5))


def pool_backward(y_bar, x):
    """Pull ȳ back through `pool`, whose input was x: the first of the largest receives it."""
    x_bar, free, y = np.zeros(x.shape), np.ones(y_bar.shape, bool), pool(x)
    for u, v in np.ndindex(2, 2):
        part = ..., slice(u, u + 2 * y.shape[2] - 1, 2), slice(v, v + 2 * y.shape[3] - 1, 2)
        found = free & (x[part] == y)
        x_bar[part] = y_bar * found
        free &= ~found
    return x_bar


def plan(size, F, window, M, K):
    """Exercise convnet-shapes.  List shape and number of parameters of each layer: five pairs.

    The layers are  conv (and relu) – pool – flatten – linear (and relu) – linear,  for an image of
    `size` (C, H, W), with F filters of `window` × `window`, M hidden units and K classes.

    >>> plan((1, 4, 6), 2, 3, 5, 7)[:3]
    [((2, 4, 6), 20), ((2, 2, 3), 0), ((12,), 0)]
    """
    C, H, W = size
    # TODO: how many weights has one filter, and what else has it?
    raise NotImplementedError("how many weights has one filter, and what else has it?")


def first_loss(size, F, window, K, reg, std):
    """Exercise convnet-loss.  Predict the loss of the two-layer ConvNet before training.

    Weights are drawn from N(0, std²), biases are zero, and `std` is so small that all scores
    are nearly zero. The loss is the mean cross-entropy plus reg/2 Σ w² over the weights.
    """
    C, H, W = size
    # TODO: which probability has each of K classes, and what is minus its logarithm?
    raise NotImplementedError(
        "which probability has each of K classes, and what is minus its logarithm?"
    )


def sandwich(x, w, b):
    """Exercise convnet-sandwich.  Convolve, apply the ReLU, pool; return y and the pullback.

    The pullback takes ȳ to x̄, w̄ and b̄. Use the functions that are given above. Of several largest
    entries of a window the first one receives the gradient.

    >>> y, pullback = sandwich(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), np.array([2.0]))
    >>> y, pullback(np.array([[[[5.0]]]]))[2]
    (array([[[[3.]]]]), array([5.]))
    """
    # TODO: give names to both results in between: the pullback needs them
    raise NotImplementedError("give names to both results in between: the pullback needs them")


def scores(params, x):
    """Exercise convnet-forward.  Compute the scores of the three-layer ConvNet: (N, K).

        conv – relu – pool – flatten – linear – relu – linear

    `params` holds w1 (F, C, U, U), b1 (F,), w2 (D, M), b2 (M,), w3 (M, K), b3 (K,). Features count
    through the channels, in each through its rows, in each row from the left.
    """
    # TODO: six steps, and five of them are one call or one product
    raise NotImplementedError("six steps, and five of them are one call or one product")


def find_slip(layers, *, rng):
    """Exercise convnet-slip.  Name the layer whose backward pass is wrong, or return None.

    `layers` maps names to triples: ``forward(*xs)`` is y and right; ``backward(y_bar, *xs)`` is a
    tuple of one gradient for each of `xs`, and may be wrong; `xs` are arrays to try them on, near
    which there are no kinks. At most one layer is wrong, and by much. Names and order are any.
    """
    # TODO: a backward pass is right if Σ ⟨x̄, ẋ⟩ = ⟨ȳ, ẏ⟩ for every direction and every ȳ
    raise NotImplementedError(
        "a backward pass is right if Σ ⟨x̄, ẋ⟩ = ⟨ȳ, ẏ⟩ for every direction and every ȳ"
    )


def judged_alone(scores, size, *, rng):
    """Exercise convnet-alone.  Decide whether the scores of an image depend on it alone.

    ``scores(x)`` takes images (N, C, H, W) of the `size` (C, H, W), for any N, to scores (N, K).
    Return True if they do. Otherwise they depend on other images of the batch, on their number, or
    on the position of the image among them, and random images show it: return False.
    """
    # TODO: what may happen to the scores of an image when another one beside it changes?
    raise NotImplementedError(
        "what may happen to the scores of an image when another one beside it changes?"
    )


def wrong_lines():
    """Exercise convnet-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # TODO: try a row with two positions, and a filter of one tap
    raise NotImplementedError("try a row with two positions, and a filter of one tap")
