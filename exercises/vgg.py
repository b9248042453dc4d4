# Cut from solutions/vgg.py by `dlcore exercises`: write your answers here. [a9286d339787]
"""Exercises of the chapter *VGG*: receptive fields, counts, and the grammar of ConvNets.

Convolutions have filters of U × U, move by a stride of 1 and keep height and width. Every pooling
is 2 × 2 with a stride of 2; a last row or column that fills no window is left out. All sizes are
whole numbers, and all counts are exact, however large.

Chapter: book/vgg.md.
"""

from math import isqrt, prod


def receptive_field(layers):
    """Exercise vgg-receptive-field.  Return on how many rows of the image one number depends.

    Layers are pairs (kernel_size, stride), the first one reads the image. Count the rows from the
    first one to the last one, the padding included. Without a layer it is 1.

    >>> receptive_field([(3, 1), (3, 1)])
    5
    """
    # TODO: on how many rows does a window of 3 depend, if each of the 3 depends on r rows?
    raise NotImplementedError(
        "on how many rows does a window of 3 depend, if each of the 3 depends on r rows?"
    )


def replaced(U, C, H, W):
    """Exercise vgg-equivalent.  Replace a convolution of U × U by a stack of 3 × 3.

    All layers have C channels in and out, and no biases; U is odd, 3 or more. Return (n, weights,
    products): how many layers see U × U pixels, the weights of all of them, and their products
    on one image of (H, W), padding included.

    >>> replaced(5, 10, 4, 4)
    (2, 1800, 28800)
    """
    # TODO: each layer of 3 × 3 adds as much to the receptive field; how much?
    raise NotImplementedError("each layer of 3 × 3 adds as much to the receptive field; how much?")


def widest(U, C, n):
    """Exercise vgg-equal-work.  Return how wide a stack may be for the work of one layer.

    The layer has filters of U × U, with C channels in and out. The stack has n layers of 3 × 3,
    with F channels in and out, and the same positions. Return the largest F for which the stack
    takes at most as many products as the layer.

    >>> widest(7, 27, 3)
    36
    """
    # TODO: write down both numbers of products; the positions cancel
    raise NotImplementedError("write down both numbers of products; the positions cancel")


def convnet(size, blocks, hidden, K):
    """Exercise vgg-build.  List the layers of a network, as the grammar has them.

        [[conv – relu] · n – pool?] · m – [linear – relu] · k – linear

    `size` is (C, H, W). `blocks` are triples (n, F, pooled): n convolutions of F filters, 0 ≤ n,
    then a pooling if `pooled` is True. Return a list of tuples: ("conv", C, F), ("pool",),
    ("relu",) and ("linear", D, M), in order. Raise ValueError if a pooling leaves no pixel.

    >>> convnet((1, 4, 6), [(1, 5, True)], [7], 2)[:4]
    [('conv', 1, 5), ('relu',), ('pool',), ('linear', 30, 7)]
    """
    # TODO: three loops: over blocks, over the convolutions of a block, over hidden layers
    raise NotImplementedError(
        "three loops: over blocks, over the convolutions of a block, over hidden layers"
    )


def parameters(size, blocks, hidden, K, batch_norm=False):
    """Exercise vgg-parameters.  Count all numbers that a network learns.

    `size` is (C, H, W). For each block `blocks` lists the filters of its convolutions, F or (F, U);
    F alone means 3 × 3. A pooling ends every block. `hidden` are the units of the linear layers
    before the last one, which has K. All layers have biases; with `batch_norm` every convolution
    is followed by a scale and a shift for each of its maps.

    >>> parameters((1, 2, 2), [[3]], [], 2)
    38
    """
    # TODO: F filters of U × U that read C channels are F (C U² + 1) numbers
    raise NotImplementedError("F filters of U × U that read C channels are F (C U² + 1) numbers")


def kept(size, layers):
    """Exercise vgg-memory.  Count the numbers that a forward pass keeps for one image.

    `size` is (C, H, W); layers are tuples as those of `convnet`, any of them. Count the image
    and the result of every convolution, pooling and linear layer. A ReLU works in place.

    >>> kept((1, 4, 4), [("conv", 1, 3), ("relu",), ("pool",), ("linear", 12, 2)])
    78
    """
    # TODO: a convolution changes the number of channels alone
    raise NotImplementedError("a convolution changes the number of channels alone")


def wrong_lines():
    """Exercise vgg-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. The first line of each
    is right.
    """
    # TODO: put in numbers: i = 2, N = 1, and 2 for every other letter
    raise NotImplementedError("put in numbers: i = 2, N = 1, and 2 for every other letter")
