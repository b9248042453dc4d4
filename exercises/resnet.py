# Cut from solutions/resnet.py by `dlcore exercises`: write your answers here. [0bafec4fa7f8]
"""Exercises of the chapter *Residual networks*: blocks, shortcuts, paths, sizes, counts.

Arrays are floats of 8 bytes, or of 4, and results may then have either; they are as exact as
rounding lets them be. No function changes the arrays that it is given.

Chapter: book/resnet.md.
"""

import numpy as np


def residual_block(x, branch, shortcut=None):
    """Exercise resnet-forward.  Return  y = max(0, branch(x) + shortcut(x)),  entry by entry.

    `branch` and `shortcut` are functions of one array, of any shape, which return arrays of one
    shape; that may be another one than that of x. Without a shortcut x itself is added. Call each
    function once.

    >>> residual_block(np.array([3.0, -5.0]), lambda x: np.array([-1.0, 2.0]))
    array([2., 0.])
    """
    # TODO: what is added where there is no shortcut?
    raise NotImplementedError("what is added where there is no shortcut?")


def residual_pullback(x, branch, shortcut=None):
    """Exercise resnet-backward.  Return y as above, and the function from ȳ to x̄.

    Here `branch` and `shortcut` return pairs: an array, and the function from its cotangent to
    that of x. Where the sum of branch and shortcut is 0, the slope of the ReLU is 0. Your
    function may be called several times, each time with another ȳ.
    """
    # TODO: which entries of ȳ pass the ReLU backwards?
    raise NotImplementedError("which entries of ȳ pass the ReLU backwards?")


def path_shares(scales):
    """Exercise resnet-paths.  Return which part paths of each length have in the whole.

    Block after block computes  x + a x,  with the numbers a > 0 in `scales` (L,). Multiplied out,
    the product of all 1 + a is a sum over 2^L paths; the length of a path is the number of
    branches that it takes. Return an array of L + 1 numbers: the sum over all paths of length
    0, 1, …, L, each divided by the sum over all paths. There are up to a hundred blocks.

    >>> path_shares(np.array([1.0, 1.0]))
    array([0.25, 0.5 , 0.25])
    """
    # TODO: what are the shares for one block, and what does one more block make of them?
    raise NotImplementedError(
        "what are the shares for one block, and what does one more block make of them?"
    )


def branch_scale(blocks, growth):
    """Exercise resnet-variance.  Return the factor c > 0 of every branch:  y = x + c f(x).

    With the weights of every branch drawn anew, the mean square of f(x) is that of x, and the mean
    of x f(x) is 0. Behind so many `blocks` the mean square shall be `growth` times that of the
    features before the first one, with growth > 1. Return a number.

    >>> branch_scale(1, 5.0)
    2.0
    """
    # TODO: by what does one block multiply the mean square?
    raise NotImplementedError("by what does one block multiply the mean square?")


def identity_shortcut(x, F, stride):
    """Exercise resnet-shortcut.  Return the shortcut without parameters, and its pullback.

    x has axes (N, C, H, W) with C ≤ F. y keeps the rows and columns 0, stride, 2 stride, … of
    each map, and appends F - C channels of zeros behind the others: (N, F, P, Q). Also return the
    function from ȳ (N, F, P, Q) to x̄ (N, C, H, W), which may be called several times.
    """
    # TODO: a slice with a step takes every second row
    raise NotImplementedError("a slice with a step takes every second row")


def count_parameters(n, widths, C, K, *, projection=False):
    """Exercise resnet-parameters.  Count all that a residual network learns.

    It reads C channels: a convolution of 3 × 3 with widths[0] filters, and a normalisation. For
    each of the `widths` there are n blocks, each with two convolutions of 3 × 3, and a
    normalisation behind each of the two. The average of every map, and a linear layer with biases
    for K classes follow. Convolutions have no biases, normalisations scale and shift. Shortcuts
    own nothing; with `projection` those of blocks that change the number of channels are a
    convolution of 1 × 1 and a normalisation.

    >>> count_parameters(3, (16, 32, 64), 3, 10)
    269722
    """
    # TODO: how many numbers does a convolution of 3 × 3 own, from C channels to F?
    raise NotImplementedError(
        "how many numbers does a convolution of 3 × 3 own, from C channels to F?"
    )


def wrong_lines():
    """Exercise resnet-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in numbers, and an index that is 0 or 1
    raise NotImplementedError("put in numbers, and an index that is 0 or 1")
