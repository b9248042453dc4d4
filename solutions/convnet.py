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
    # BEGIN SOLUTION
    # HINT: how many weights has one filter, and what else has it?
    # HINT: what does pooling leave of an odd number of rows?
    # HINT: a linear layer from D to M has D M weights and M biases
    P, Q = H // 2, W // 2
    D = F * P * Q
    return [
        ((F, H, W), F * (C * window * window + 1)),
        ((F, P, Q), 0),
        ((D,), 0),
        ((M,), (D + 1) * M),
        ((K,), (M + 1) * K),
    ]
    # END SOLUTION


def first_loss(size, F, window, K, reg, std):
    """Exercise convnet-loss.  Predict the loss of the two-layer ConvNet before training.

    Weights are drawn from N(0, std²), biases are zero, and `std` is so small that all scores
    are nearly zero. The loss is the mean cross-entropy plus reg/2 Σ w² over the weights.
    """
    C, H, W = size
    # BEGIN SOLUTION
    # HINT: which probability has each of K classes, and what is minus its logarithm?
    # HINT: what is w² on average, and how many weights are there?
    # HINT: filters C U² F, and the linear layer F ⌊H/2⌋ ⌊W/2⌋ K
    weights = F * C * window**2 + F * (H // 2) * (W // 2) * K
    return np.log(K) + reg / 2 * std**2 * weights
    # END SOLUTION


def sandwich(x, w, b):
    """Exercise convnet-sandwich.  Convolve, apply the ReLU, pool; return y and the pullback.

    The pullback takes ȳ to x̄, w̄ and b̄. Use the functions that are given above. Of several largest
    entries of a window the first one receives the gradient.

    >>> y, pullback = sandwich(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), np.array([2.0]))
    >>> y, pullback(np.array([[[[5.0]]]]))[2]
    (array([[[[3.]]]]), array([5.]))
    """
    # BEGIN SOLUTION
    # HINT: give names to both results in between: the pullback needs them
    # HINT: backwards the last function comes first, and each needs the input that it had
    # HINT: pool_backward(y_bar, h), then relu_backward(…, a), then conv_backward(…, x, w)
    a = conv(x, w, b)
    h = relu(a)
    return pool(h), lambda y_bar: conv_backward(relu_backward(pool_backward(y_bar, h), a), x, w)
    # END SOLUTION


def scores(params, x):
    """Exercise convnet-forward.  Compute the scores of the three-layer ConvNet: (N, K).

        conv – relu – pool – flatten – linear – relu – linear

    `params` holds w1 (F, C, U, U), b1 (F,), w2 (D, M), b2 (M,), w3 (M, K), b3 (K,). Features count
    through the channels, in each through its rows, in each row from the left.
    """
    # BEGIN SOLUTION
    # HINT: six steps, and five of them are one call or one product
    # HINT: flattening keeps the first axis and joins the others: which shape is that?
    # HINT: h = pool(relu(conv(…))); h = h.reshape(len(x), -1); then as in the two-layer network
    h = pool(relu(conv(x, params["w1"], params["b1"]))).reshape(len(x), -1)
    h = relu(h @ params["w2"] + params["b2"])
    return h @ params["w3"] + params["b3"]
    # END SOLUTION


def find_slip(layers, *, rng):
    """Exercise convnet-slip.  Name the layer whose backward pass is wrong, or return None.

    `layers` maps names to triples: ``forward(*xs)`` is y and right; ``backward(y_bar, *xs)`` is a
    tuple of one gradient for each of `xs`, and may be wrong; `xs` are arrays to try them on, near
    which there are no kinks. At most one layer is wrong, and by much. Names and order are any.
    """
    # BEGIN SOLUTION
    # HINT: a backward pass is right if Σ ⟨x̄, ẋ⟩ = ⟨ȳ, ẏ⟩ for every direction and every ȳ
    # HINT: draw ȳ and one ẋ; measure ⟨ȳ, f(x + h ẋ) - f(x - h ẋ)⟩ / 2h and compare
    # HINT: one array at a time, the others held still; h = 1e-5 or so, and not Σ y for a loss
    for name, (forward, backward, xs) in layers.items():
        y_bar = rng.normal(size=np.shape(forward(*xs)))
        bars = backward(y_bar, *xs)
        for i, (x, x_bar) in enumerate(zip(xs, bars, strict=True)):
            x_dot, h = rng.normal(size=x.shape), 1e-5
            moved = [[*xs[:i], x + step * x_dot, *xs[i + 1 :]] for step in (h, -h)]
            ahead, behind = (np.sum(y_bar * forward(*each)) for each in moved)
            if not np.isclose(np.sum(x_bar * x_dot), (ahead - behind) / (2 * h), rtol=1e-4):
                return name
    return None
    # END SOLUTION


def judged_alone(scores, size, *, rng):
    """Exercise convnet-alone.  Decide whether the scores of an image depend on it alone.

    ``scores(x)`` takes images (N, C, H, W) of the `size` (C, H, W), for any N, to scores (N, K).
    Return True if they do. Otherwise they depend on other images of the batch, on their number, or
    on the position of the image among them, and random images show it: return False.
    """
    # BEGIN SOLUTION
    # HINT: what may happen to the scores of an image when another one beside it changes?
    # HINT: ask for a batch of several images at once, then for each of them alone
    # HINT: compare all of them, with room for rounding; not the last or the first only
    x = rng.normal(size=(5, *size))
    alone = np.concatenate([scores(x[n : n + 1]) for n in range(5)])
    return bool(np.allclose(scores(x), alone, atol=1e-9))
    # END SOLUTION


def wrong_lines():
    """Exercise convnet-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # BEGIN SOLUTION
    # HINT: try a row with two positions, and a filter of one tap
    # HINT: is it a sum or a mean? on which side of its kink does a ReLU have slope one?
    # HINT: a pixel at h lies under the tap u at position p: which of the three is the sum?
    return [3, 4, 3]
    # END SOLUTION
