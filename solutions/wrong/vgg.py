"""Plausible wrong answers to the exercises of *VGG*, each with a word of advice.

Chapter: book/vgg.md.
"""

from math import isqrt, prod

from dlcore.course.exercises.known_answers import wrong


@wrong("vgg-receptive-field", "Behind a stride neighbours are further apart: multiply by the jump.")
def receptive_field(layers):
    return 1 + sum(U - 1 for U, _ in layers)


@wrong("vgg-receptive-field", "Add U - 1: the row in the middle is seen already.")
def receptive_field(layers):
    r, jump = 1, 1
    for U, stride in layers:
        r += U * jump
        jump *= stride
    return r


@wrong("vgg-receptive-field", "A layer's own stride spreads what comes behind it, not itself.")
def receptive_field(layers):
    r, jump = 1, 1
    for U, stride in layers:
        jump *= stride
        r += (U - 1) * jump
    return r


@wrong("vgg-receptive-field", "Jumps are multiplied, not added up.")
def receptive_field(layers):
    r, jump = 1, 1
    for U, stride in layers:
        r += (U - 1) * jump
        jump += stride - 1
    return r


@wrong("vgg-receptive-field", "One row sees itself without any layer: begin with 1.")
def receptive_field(layers):
    r, jump = 0, 1
    for U, stride in layers:
        r += (U - 1) * jump
        jump *= stride
    return r


@wrong("vgg-receptive-field", "The first layer reads the image; you began with the last one.")
def receptive_field(layers):
    r, jump = 1, 1
    for U, stride in reversed(layers):
        r += (U - 1) * jump
        jump *= stride
    return r


@wrong("vgg-receptive-field", "This is the product of the windows; their overlap counts once.")
def receptive_field(layers):
    return prod(U for U, _ in layers)


def stack_of(U):
    """Count layers of 3 × 3 that see U × U."""
    return (U - 1) // 2


@wrong("vgg-equivalent", "Each layer adds two rows: n is (U - 1) / 2.")
def replaced(U, C, H, W):
    weights = (U - 2) * 9 * C**2
    return U - 2, weights, weights * H * W


@wrong("vgg-equivalent", "U / 3 rounded up is too few: windows overlap, each adds two rows.")
def replaced(U, C, H, W):
    n = -(-U // 3)
    return n, 9 * n * C**2, 9 * n * C**2 * H * W


@wrong("vgg-equivalent", "A filter reads all C channels, and there are C filters: C².")
def replaced(U, C, H, W):
    n = stack_of(U)
    return n, 9 * n * C, 9 * n * C * H * W


@wrong("vgg-equivalent", "The layers have no biases.")
def replaced(U, C, H, W):
    n = stack_of(U)
    weights = n * (9 * C**2 + C)
    return n, weights, weights * H * W


@wrong("vgg-equivalent", "These are the weights of one layer: there are n of them.")
def replaced(U, C, H, W):
    return stack_of(U), 9 * C**2, 9 * C**2 * H * W


@wrong("vgg-equivalent", "This is what the layer of U × U costs, not the stack.")
def replaced(U, C, H, W):
    return stack_of(U), U**2 * C**2, U**2 * C**2 * H * W


@wrong("vgg-equivalent", "The padding keeps the size: every weight is used at all H W pixels.")
def replaced(U, C, H, W):
    n = stack_of(U)
    return n, 9 * n * C**2, 9 * n * C**2 * (H - 2) * (W - 2)


def sides_and_filters(entry):
    """Split an entry of a block."""
    return (entry, 3) if isinstance(entry, int) else entry


def owned(size, blocks, hidden, K, *, conv, linear, side=lambda n: n // 2):
    """Add up conv(C, F, U) and linear(D, M)."""
    C, H, W = size
    count = 0
    for block in blocks:
        for F, U in map(sides_and_filters, block):
            count += conv(C, F, U)
            C = F
        H, W = side(H), side(W)
    D = C * H * W
    for M in [*hidden, K]:
        count += linear(D, M)
        D = M
    return count


def conv_numbers(C, F, U):
    """Count weights and biases of a convolution."""
    return F * (C * U**2 + 1)


def linear_numbers(D, M):
    """Count weights and biases of a linear layer."""
    return (D + 1) * M


@wrong("vgg-parameters", "Every layer has biases, F of them or M of them.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: F * (C * U**2 + 2 * batch_norm)
    return owned(size, blocks, hidden, K, conv=conv, linear=lambda D, M: D * M)


@wrong("vgg-parameters", "A filter has a tap for each of U × U pixels in every channel.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: F * (C * U + 1 + 2 * batch_norm)
    return owned(size, blocks, hidden, K, conv=conv, linear=linear_numbers)


@wrong("vgg-parameters", "Running statistics are kept, not learned: two numbers a map, not four.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: conv_numbers(C, F, U) + 4 * F * batch_norm
    return owned(size, blocks, hidden, K, conv=conv, linear=linear_numbers)


@wrong("vgg-parameters", "With normalisation the biases stay: every layer has them.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: F * (C * U**2 + (2 if batch_norm else 1))
    return owned(size, blocks, hidden, K, conv=conv, linear=linear_numbers)


@wrong("vgg-parameters", "Every pooling halves height and width: the first D is far smaller.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: conv_numbers(C, F, U) + 2 * F * batch_norm
    return owned(size, blocks, hidden, K, conv=conv, linear=linear_numbers, side=lambda n: n)


@wrong("vgg-parameters", "An odd side is halved and rounded down.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: conv_numbers(C, F, U) + 2 * F * batch_norm
    half = lambda n: -(-n // 2)
    return owned(size, blocks, hidden, K, conv=conv, linear=linear_numbers, side=half)


@wrong("vgg-parameters", "The last linear layer, to K scores, is missing.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    conv = lambda C, F, U: conv_numbers(C, F, U) + 2 * F * batch_norm
    whole = owned(size, blocks, hidden, K, conv=conv, linear=linear_numbers)
    D = hidden[-1] if hidden else 0
    return whole - linear_numbers(D, K)


def sentence(size, blocks, hidden, K, *, last=(), refuse=True, side=lambda n: n // 2):
    """Write a network; `last` follows the last linear layer."""
    C, H, W = size
    layers = []
    for n, F, pooled in blocks:
        for _ in range(n):
            layers += [("conv", C, F), ("relu",)]
            C = F
        if pooled:
            layers += [("pool",)]
            H, W = side(H), side(W)
    if refuse and not H * W:
        raise ValueError("no pixel is left")
    D = C * H * W
    for M in hidden:
        layers += [("linear", D, M), ("relu",)]
        D = M
    return [*layers, ("linear", D, K), *last]


@wrong("vgg-build", "The last linear layer has no ReLU: scores may be negative.")
def convnet(size, blocks, hidden, K):
    return sentence(size, blocks, hidden, K, last=[("relu",)])


@wrong("vgg-build", "A pooling that leaves no pixel is to be refused with ValueError.")
def convnet(size, blocks, hidden, K):
    return sentence(size, blocks, hidden, K, refuse=False)


@wrong("vgg-build", "The next convolution reads F channels: set C = F behind each one.")
def convnet(size, blocks, hidden, K):
    own = sentence(size, blocks, hidden, K)
    return [("conv", size[0], each[2]) if each[0] == "conv" else each for each in own]


@wrong("vgg-build", "A block without pooled has no pooling: look at the third entry.")
def convnet(size, blocks, hidden, K):
    return sentence(size, [(n, F, True) for n, F, _ in blocks], hidden, K)


@wrong("vgg-build", "The first linear layer reads the halved maps: D is C H W behind all blocks.")
def convnet(size, blocks, hidden, K):
    return sentence(size, blocks, hidden, K, side=lambda n: n)


@wrong("vgg-build", "Every convolution has its ReLU, not every block.")
def convnet(size, blocks, hidden, K):
    C, (H, W) = size[0], size[1:]
    layers = []
    for n, F, pooled in blocks:
        for _ in range(n):
            layers.append(("conv", C, F))
            C = F
        layers += [("relu",)]
        if pooled:
            layers.append(("pool",))
            H, W = H // 2, W // 2
    if not H * W:
        raise ValueError("no pixel is left")
    return [*layers, *sentence((C, H, W), [], hidden, K)]


@wrong("vgg-build", "A block may have no convolution at all: 0 ≤ n.")
def convnet(size, blocks, hidden, K):
    return sentence(size, [(max(n, 1), F, pooled) for n, F, pooled in blocks], hidden, K)


def walked(size, layers, *, counts=("conv", "pool", "linear"), image=True, side=lambda n: n // 2):
    """Add up the results of some kinds of layers."""
    C, H, W = size
    count = C * H * W if image else 0
    for kind, *sizes in layers:
        if kind == "conv":
            C = sizes[1]
        if kind == "pool":
            H, W = side(H), side(W)
        if kind == "linear":
            C, H, W = sizes[1], 1, 1
        if kind in counts:
            count += C * H * W
    return count


@wrong("vgg-memory", "The image is kept, too: the first convolution needs it backwards.")
def kept(size, layers):
    return walked(size, layers, image=False)


@wrong("vgg-memory", "A ReLU works in place: it keeps nothing of its own.")
def kept(size, layers):
    return walked(size, layers, counts=("conv", "relu", "pool", "linear"))


@wrong("vgg-memory", "What a pooling makes is kept as well.")
def kept(size, layers):
    return walked(size, layers, counts=("conv", "linear"))


@wrong("vgg-memory", "An odd side is halved and rounded down.")
def kept(size, layers):
    return walked(size, layers, side=lambda n: -(-n // 2))


@wrong("vgg-memory", "A pooling halves height and width: a quarter of the numbers is left.")
def kept(size, layers):
    return walked(size, layers, side=lambda n: n)


@wrong("vgg-memory", "The results of linear layers are missing.")
def kept(size, layers):
    return walked(size, layers, counts=("conv", "pool"))


@wrong("vgg-memory", "Weights are no results: count what comes out of each layer.")
def kept(size, layers):
    weights = {"conv": 9, "linear": 1}
    return prod(size) + sum(weights.get(kind, 0) * prod(sizes) for kind, *sizes in layers)


@wrong("vgg-equal-work", "All n layers work: divide by n as well.")
def widest(U, C, n):
    return U * C // 3


@wrong("vgg-equal-work", "Both channels of a layer are F: the work grows as F², take the root.")
def widest(U, C, n):
    return U**2 * C // (9 * n)


@wrong("vgg-equal-work", "Round down: one channel more is too much work.")
def widest(U, C, n):
    return isqrt(U**2 * C**2 // (9 * n)) + 1


@wrong("vgg-equal-work", "Round down, not to the nearest: the work may not exceed the layer's.")
def widest(U, C, n):
    return round((U**2 * C**2 / (9 * n)) ** 0.5)


@wrong("vgg-equal-work", "A root of floats is off for large numbers: use math.isqrt.")
def widest(U, C, n):
    return int(U * C / (3 * n**0.5))


@wrong("vgg-equal-work", "A filter has 9 taps, not 3.")
def widest(U, C, n):
    return isqrt(U**2 * C**2 // (3 * n))


@wrong("vgg-wrong-lines", "The numbers count lines from 1, and the first line has one, too.")
def wrong_lines():
    return [1, 3, 2]


@wrong("vgg-wrong-lines", "In the first, put in i = 1, and compute both sides of the second line.")
def wrong_lines():
    return [3, 4, 3]


@wrong("vgg-wrong-lines", "In the second, put in i = 0 and N = 1 from line to line.")
def wrong_lines():
    return [2, 3, 3]


@wrong("vgg-wrong-lines", "In the third, count how often F stands in each line.")
def wrong_lines():
    return [2, 4, 4]


@wrong("vgg-equivalent", "First the number of layers, then the weights, then the products.")
def replaced(U, C, H, W):
    n = (U - 1) // 2
    weights = n * 9 * C**2
    return n, weights * H * W, weights
