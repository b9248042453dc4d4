"""Right answers to the exercises of *VGG* that look unusual.

Chapter: book/vgg.md.
"""

import math
from itertools import pairwise

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("vgg-receptive-field", "From the last layer back to the image.")
def receptive_field(layers):
    rows = 1
    for U, stride in list(layers)[::-1]:
        rows = (rows - 1) * stride + U
    return rows


@right("vgg-receptive-field", "By recursion, the first layer last.")
def receptive_field(layers):
    if not layers:
        return 1
    (U, stride), *rest = layers
    return (receptive_field(rest) - 1) * stride + U


@right("vgg-equivalent", "Layers are added until the window is covered, a list instead of a tuple.")
def replaced(U, C, H, W):
    n, rows = 0, 1
    while rows < U:
        rows += 2
        n += 1
    weights = sum(C * C * 3 * 3 for _ in range(n))
    return [n, weights, weights * W * H]


@right("vgg-equivalent", "An array of whole numbers.")
def replaced(U, C, H, W):
    n = U // 2
    return np.array([n, n * (3 * C) ** 2, n * (3 * C) ** 2 * H * W], dtype=np.int64)


@right("vgg-parameters", "Arrays of no numbers are made, and their sizes added up.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    shapes, (C, H, W) = [], size
    for block in blocks:
        for entry in block:
            F, U = entry if np.ndim(entry) else (entry, 3)
            shapes += [(F, C, U, U), (F,), *([(F,), (F,)] if batch_norm else [])]
            C = F
    H, W = (side >> len(blocks) for side in (H, W))
    D = C * H * W
    for M in (*hidden, K):
        shapes += [(D, M), (M,)]
        D = M
    return sum(map(math.prod, shapes))


@right("vgg-parameters", "Block after block by recursion.")
def parameters(size, blocks, hidden, K, batch_norm=False):
    C, H, W = size
    if not blocks:
        sizes = [C * H * W, *hidden, K]
        return sum(D * M + M for D, M in pairwise(sizes))
    own = 0
    for entry in blocks[0]:
        F, U = (entry, 3) if not isinstance(entry, tuple) else entry
        own += F * C * U**2 + (3 if batch_norm else 1) * F
        C = F
    return own + parameters((C, H // 2, W // 2), blocks[1:], hidden, K, batch_norm)


@right("vgg-build", "A generator whose layers are put in a tuple.")
def convnet(size, blocks, hidden, K):
    def made():
        channels, sides = size[0], np.array(size[1:])
        for n, F, pooled in blocks:
            for k in range(n):
                yield "conv", F if k else channels, F
                yield ("relu",)
            channels = F if n else channels
            if pooled:
                yield ("pool",)
                sides = sides // 2
        if not sides.all():
            raise ValueError("nothing is left")
        D = int(channels * sides.prod())
        for M in hidden:
            yield "linear", D, M
            yield ("relu",)
            D = M
        yield "linear", D, K

    return tuple(made())


@right("vgg-build", "Shapes are followed by recursion, lists instead of tuples.")
def convnet(size, blocks, hidden, K):
    C, H, W = size
    if not H * W:
        raise ValueError(f"{size} has no pixel")
    for at, (n, F, pooled) in enumerate(blocks):
        rest = list(blocks[at + 1 :])
        if n:
            following = convnet((F, H, W), [(n - 1, F, pooled), *rest], hidden, K)
            return [["conv", C, F], ["relu"], *following]
        if pooled:
            return [["pool"], *convnet((C, H // 2, W // 2), rest, hidden, K)]
    if hidden:
        first = [["linear", C * H * W, hidden[0]], ["relu"]]
        return first + convnet((hidden[0], 1, 1), [], list(hidden[1:]), K)
    return [["linear", C * H * W, K]]


@right("vgg-memory", "Shapes first, then their products.")
def kept(size, layers):
    shapes = [tuple(size)]
    for layer in layers:
        C, *sides = shapes[-1]
        if layer[0] == "conv":
            shapes.append((layer[2], *sides))
        if layer[0] == "pool":
            shapes.append((C, *(side >> 1 for side in sides)))
        if layer[0] == "linear":
            shapes.append((layer[-1],))
    return sum(math.prod(shape) for shape in shapes)


@right("vgg-memory", "By recursion, a number of NumPy.")
def kept(size, layers):
    own = np.int64(math.prod(size))
    if not layers:
        return own
    (kind, *sizes), *rest = layers
    C, H, W = size
    after = {"conv": lambda: (sizes[1], H, W), "pool": lambda: (C, H // 2, W // 2),
             "linear": lambda: (sizes[1], 1, 1), "relu": lambda: size}[kind]()  # fmt: skip
    return kept(after, rest) + own * (kind != "relu")


@right("vgg-equal-work", "Looked for by halving.")
def widest(U, C, n):
    low, high = 0, U * C + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if 9 * n * middle**2 <= (U * C) ** 2 else (low, middle)
    return low


@right("vgg-equal-work", "A float that is put right afterwards.")
def widest(U, C, n):
    F = int(U * C / (3 * math.sqrt(n)))
    F += 2
    while 9 * n * F * F > U * U * C * C:
        F -= 1
    return F
