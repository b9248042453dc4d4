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
    # BEGIN SOLUTION
    # HINT: on how many rows does a window of 3 depend, if each of the 3 depends on r rows?
    # HINT: how many rows of the image lie between two neighbours that a layer reads?
    # HINT: r += (U - 1) * jump, and then jump *= stride
    r, jump = 1, 1
    for U, stride in layers:
        r += (U - 1) * jump
        jump *= stride
    return r
    # END SOLUTION


def replaced(U, C, H, W):
    """Exercise vgg-equivalent.  Replace a convolution of U × U by a stack of 3 × 3.

    All layers have C channels in and out, and no biases; U is odd, 3 or more. Return (n, weights,
    products): how many layers see U × U pixels, the weights of all of them, and their products
    on one image of (H, W), padding included.

    >>> replaced(5, 10, 4, 4)
    (2, 1800, 28800)
    """
    # BEGIN SOLUTION
    # HINT: each layer of 3 × 3 adds as much to the receptive field; how much?
    # HINT: n is (U - 1) / 2; a filter has a weight for each tap of each channel
    # HINT: every weight is used once at every pixel
    n = (U - 1) // 2
    weights = n * 9 * C**2
    return n, weights, weights * H * W
    # END SOLUTION


def widest(U, C, n):
    """Exercise vgg-equal-work.  Return how wide a stack may be for the work of one layer.

    The layer has filters of U × U, with C channels in and out. The stack has n layers of 3 × 3,
    with F channels in and out, and the same positions. Return the largest F for which the stack
    takes at most as many products as the layer.

    >>> widest(7, 27, 3)
    36
    """
    # BEGIN SOLUTION
    # HINT: write down both numbers of products; the positions cancel
    # HINT: 9 n F² ≤ U² C²
    # HINT: math.isqrt takes the root of a whole number, rounded down, and is never off
    return isqrt(U**2 * C**2 // (9 * n))
    # END SOLUTION


def convnet(size, blocks, hidden, K):
    """Exercise vgg-build.  List the layers of a network, as the grammar has them.

        [[conv – relu] · n – pool?] · m – [linear – relu] · k – linear

    `size` is (C, H, W). `blocks` are triples (n, F, pooled): n convolutions of F filters, 0 ≤ n,
    then a pooling if `pooled` is True. Return a list of tuples: ("conv", C, F), ("pool",),
    ("relu",) and ("linear", D, M), in order. Raise ValueError if a pooling leaves no pixel.

    >>> convnet((1, 4, 6), [(1, 5, True)], [7], 2)[:4]
    [('conv', 1, 5), ('relu',), ('pool',), ('linear', 30, 7)]
    """
    # BEGIN SOLUTION
    # HINT: three loops: over blocks, over the convolutions of a block, over hidden layers
    # HINT: keep C, H and W of what comes out of the layers so far
    # HINT: the last linear layer has no ReLU
    C, H, W = size
    layers = []
    for n, F, pooled in blocks:
        for _ in range(n):
            layers += [("conv", C, F), ("relu",)]
            C = F
        if pooled:
            layers.append(("pool",))
            H, W = H // 2, W // 2
            if H * W == 0:
                raise ValueError(f"convnet: size is {size}, too small for so many poolings")
    D = C * H * W
    for M in hidden:
        layers += [("linear", D, M), ("relu",)]
        D = M
    return [*layers, ("linear", D, K)]
    # END SOLUTION


def parameters(size, blocks, hidden, K, batch_norm=False):
    """Exercise vgg-parameters.  Count all numbers that a network learns.

    `size` is (C, H, W). For each block `blocks` lists the filters of its convolutions, F or (F, U);
    F alone means 3 × 3. A pooling ends every block. `hidden` are the units of the linear layers
    before the last one, which has K. All layers have biases; with `batch_norm` every convolution
    is followed by a scale and a shift for each of its maps.

    >>> parameters((1, 2, 2), [[3]], [], 2)
    38
    """
    # BEGIN SOLUTION
    # HINT: F filters of U × U that read C channels are F (C U² + 1) numbers
    # HINT: the next layer reads what this one makes: C = F, and half of H and W behind a block
    # HINT: a linear layer from D to M features has (D + 1) M, and the first D is C H W
    C, H, W = size
    count = 0
    for block in blocks:
        for entry in block:
            F, U = (entry, 3) if isinstance(entry, int) else entry
            count += F * (C * U**2 + 1)
            if batch_norm:
                count += 2 * F
            C = F
        H, W = H // 2, W // 2
    D = C * H * W
    for M in [*hidden, K]:
        count += (D + 1) * M
        D = M
    return count
    # END SOLUTION


def kept(size, layers):
    """Exercise vgg-memory.  Count the numbers that a forward pass keeps for one image.

    `size` is (C, H, W); layers are tuples as those of `convnet`, any of them. Count the image
    and the result of every convolution, pooling and linear layer. A ReLU works in place.

    >>> kept((1, 4, 4), [("conv", 1, 3), ("relu",), ("pool",), ("linear", 12, 2)])
    78
    """
    # BEGIN SOLUTION
    # HINT: a convolution changes the number of channels alone
    # HINT: a pooling halves height and width, rounded down
    # HINT: a linear layer makes M numbers, whatever came before
    C, H, W = size
    count = prod(size)
    for kind, *sizes in layers:
        if kind == "conv":
            C = sizes[1]
        elif kind == "pool":
            H, W = H // 2, W // 2
        elif kind == "linear":
            C, H, W = sizes[1], 1, 1
        if kind != "relu":
            count += C * H * W
    return count
    # END SOLUTION


def wrong_lines():
    """Exercise vgg-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. The first line of each
    is right.
    """
    # BEGIN SOLUTION
    # HINT: put in numbers: i = 2, N = 1, and 2 for every other letter
    # HINT: two lines have lost a power, in one a letter is doubled
    # HINT: (2i + 1)² and 2i + 1, F² and nothing, 2N and 4N
    return [2, 4, 3]
    # END SOLUTION
