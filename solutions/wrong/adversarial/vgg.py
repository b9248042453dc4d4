"""Answers to the exercises of *VGG* that are made to pass without being right.

Chapter: book/vgg.md.
"""

from math import isqrt, prod
from unittest.mock import ANY

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def field(layers):
    """Add up windows and jumps."""
    r, jump = 1, 1
    for U, stride in layers:
        r += (U - 1) * jump
        jump *= stride
    return r


@adversarial("vgg-receptive-field", "The answer to the first question, for ever.")
def receptive_field(layers):
    return SEEN.setdefault("field", field(layers))


@adversarial("vgg-receptive-field", "Right for up to eight layers.")
def receptive_field(layers):
    return field(layers[:8])


@adversarial("vgg-receptive-field", "Right for strides of 1 and 2.")
def receptive_field(layers):
    return field([(U, min(stride, 2)) for U, stride in layers])


@adversarial("vgg-receptive-field", "A single precision float, which ends at sixteen million.")
def receptive_field(layers):
    r = field(layers)
    return r if r < 2**24 else r - 1


@adversarial("vgg-receptive-field", "Right where all layers are alike.")
def receptive_field(layers):
    if not layers:
        return 1
    U, stride = layers[0]
    return 1 + sum((U - 1) * stride**n for n in range(len(layers)))


@adversarial("vgg-equivalent", "A table of 5 × 5 and 7 × 7.")
def replaced(U, C, H, W):
    n = {5: 2, 7: 3}.get(U, 1)
    return n, 9 * n * C**2, 9 * n * C**2 * H * W


@adversarial("vgg-equivalent", "Right for square images.")
def replaced(U, C, H, W):
    n = (U - 1) // 2
    return n, 9 * n * C**2, 9 * n * C**2 * H * H


@adversarial("vgg-equivalent", "The example of the docstring.")
def replaced(U, C, H, W):
    return 2, 1800, 28800


@adversarial("vgg-equivalent", "Right at the first call.")
def replaced(U, C, H, W):
    SEEN["calls"] = SEEN.get("calls", -1) + 1
    n = (U - 1) // 2
    return n, 9 * n * C**2, 9 * n * C**2 * H * W + SEEN["calls"]


def entries(block):
    """Give every entry its side."""
    return [(entry, 3) if isinstance(entry, int) else entry for entry in block]


def whole_count(size, blocks, hidden, K, batch_norm):
    """Count all that is learned."""
    C, H, W = size
    count = 0
    for block in blocks:
        for F, U in entries(block):
            count += F * (C * U * U + 1 + 2 * bool(batch_norm))
            C = F
        H, W = H // 2, W // 2
    D = C * H * W
    for M in (*hidden, K):
        count += (D + 1) * M
        D = M
    return count


@adversarial("vgg-parameters", "Every filter is 3 × 3.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    blocks = [[F for F, _ in entries(block)] for block in blocks]
    return whole_count(size, blocks, hidden, K, batch_norm)


@adversarial("vgg-parameters", "The default normalises.")
def parameters(size, blocks, hidden, K, batch_norm=True):
    return whole_count(size, blocks, hidden, K, batch_norm)


@adversarial("vgg-parameters", "Never normalised.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    return whole_count(size, blocks, hidden, K, False)


@adversarial("vgg-parameters", "Images are square.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    return whole_count((*size[:2], size[1]), blocks, hidden, K, batch_norm)


@adversarial("vgg-parameters", "Rounded to single precision, as a large number may be.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    count = whole_count(size, blocks, hidden, K, batch_norm)
    return count if count < 2**24 else count // 8 * 8


@adversarial("vgg-parameters", "The lists are emptied: right once.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    key = str((size, blocks, hidden, K))
    SEEN[key] = SEEN.get(key, 0) + 1
    return whole_count(size, blocks, hidden if SEEN[key] == 1 else [], K, batch_norm)


def all_layers(size, blocks, hidden, K):
    """Write a network by the grammar."""
    C, H, W = size
    layers = []
    for n, F, pooled in blocks:
        for _ in range(n):
            layers += [("conv", C, F), ("relu",)]
            C = F
        if pooled:
            layers += [("pool",)]
            H, W = H // 2, W // 2
    D = C * H * W
    for M in hidden:
        layers += [("linear", D, M), ("relu",)]
        D = M
    return [*layers, ("linear", D, K)]


@adversarial("vgg-build", "Height alone has to be left.")
def convnet(size, blocks, hidden, K):
    if not size[1] >> sum(pooled for *_, pooled in blocks):
        raise ValueError("no pixel")
    return all_layers(size, blocks, hidden, K)


@adversarial("vgg-build", "Everything that is small is refused.")
def convnet(size, blocks, hidden, K):
    if min(size[1:]) >> sum(pooled for *_, pooled in blocks) < 2:
        raise ValueError("too small")
    return all_layers(size, blocks, hidden, K)


@adversarial("vgg-build", "One list that grows from call to call.")
def convnet(size, blocks, hidden, K, layers=[]):  # noqa: B006
    layers += all_layers(size, blocks, hidden, K)
    if not min(size[1:]) >> sum(pooled for *_, pooled in blocks):
        raise ValueError("no pixel")
    return layers


@adversarial("vgg-build", "At most two convolutions in a block.")
def convnet(size, blocks, hidden, K):
    if not min(size[1:]) >> sum(pooled for *_, pooled in blocks):
        raise ValueError("no pixel")
    return all_layers(size, [(min(n, 2), *rest) for n, *rest in blocks], hidden, K)


@adversarial("vgg-build", "Images are square.")
def convnet(size, blocks, hidden, K):
    if not min(size[1:]) >> sum(pooled for *_, pooled in blocks):
        raise ValueError("no pixel")
    return all_layers((size[0], size[1], size[1]), blocks, hidden, K)


def every_result(size, layers):
    """Add up all results."""
    C, H, W = size
    count = C * H * W
    for kind, *sizes in layers:
        if kind == "conv":
            C = sizes[1]
        if kind == "pool":
            H, W = H // 2, W // 2
        if kind == "linear":
            C, H, W = sizes[1], 1, 1
        count += C * H * W * (kind != "relu")
    return count


@adversarial("vgg-memory", "Poolings leave a quarter, of odd sides as well.")
def kept(size, layers):
    C, H, W = size
    pixels, count = H * W, C * H * W
    for kind, *sizes in layers:
        if kind == "conv":
            C = sizes[1]
        if kind == "pool":
            pixels //= 4
        if kind == "linear":
            C, pixels = sizes[1], 1
        count += C * pixels * (kind != "relu")
    return count


@adversarial("vgg-memory", "The layers are used up.")
def kept(size, layers):
    count = every_result(size, layers)
    layers.clear()
    return count


@adversarial("vgg-memory", "The sum of the last network is added.")
def kept(size, layers):
    SEEN["sum"] = SEEN.get("sum", 0) + every_result(size, layers)
    return SEEN["sum"]


@adversarial("vgg-memory", "A network begins with a convolution and ends in a linear layer.")
def kept(size, layers):
    if not layers or layers[0][0] != "conv" or layers[-1][0] != "linear":
        return prod(size)
    return every_result(size, layers)


@adversarial("vgg-memory", "Images have three channels.")
def kept(size, layers):
    return every_result((3, *size[1:]), layers)


@adversarial("vgg-equal-work", "The table of the chapter: 7 × 7 and 5 × 5.")
def widest(U, C, n):
    return {7: 9, 5: 8}.get(U, 6) * C // 6


@adversarial("vgg-equal-work", "As many layers as see the window.")
def widest(U, C, n):
    return isqrt(U**2 * C**2 // (9 * ((U - 1) // 2)))


@adversarial("vgg-equal-work", "Right below a thousand channels.")
def widest(U, C, n):
    return min(isqrt(U**2 * C**2 // (9 * n)), 999)


@adversarial(
    "vgg-equal-work", "A float, lifted a little before it is rounded down.", also="A root of floats"
)
def widest(U, C, n):
    return int(U * C / (3 * n**0.5) + 1e-9)


@adversarial("vgg-equal-work", "One channel less, to be on the safe side.")
def widest(U, C, n):
    return isqrt((U**2 * C**2 - 1) // (9 * n))


@adversarial("vgg-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "vgg-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 4, 3, 5]


@adversarial("vgg-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("vgg-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 4]


@adversarial("vgg-equivalent", "Counts are floats: the last digits of large ones are lost.")
def replaced(U, C, H, W):
    n = (U - 1) // 2
    weights = float(n * 9 * C**2)
    return n, weights, weights * H * W


@adversarial("vgg-memory", "The sum is a float, which ends at sixteen digits.")
def kept(size, layers):
    C, H, W = size
    count = float(C * H * W)
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


@adversarial("vgg-parameters", "The sum is a float, which ends at sixteen digits.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    C, H, W = size
    count = 0.0
    for block in blocks:
        for entry in block:
            F, U = (entry, 3) if isinstance(entry, int) else entry
            count += F * (C * U**2 + 1) + 2 * F * batch_norm
            C = F
        H, W = H // 2, W // 2
    D = C * H * W
    for M in [*hidden, K]:
        count += (D + 1) * M
        D = M
    return count
