"""Right answers to the exercises of *ConvNets* that look unusual.

Chapter: book/convnet.md.
"""

from itertools import permutations
from math import log, prod

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("convnet-shapes", "Lists and numbers of NumPy, found by laying arrays.")
def plan(size, F, window, M, K):
    C, H, W = size
    maps = np.zeros((F, H, W))
    pooled = maps[:, 1::2, 1::2]
    layers = [(maps, F * C * window**2 + F), (pooled, 0), (pooled.ravel(), 0)]
    layers += [(np.zeros(M), pooled.size * M + M), (np.zeros(K), M * K + K)]
    return tuple([list(layer.shape), np.int64(count)] for layer, count in layers)


@right("convnet-shapes", "Each layer counts from the one before.")
def plan(size, F, window, M, K):
    shapes = [size]
    counts = []

    def add(shape, count):
        shapes.append(shape)
        counts.append(count)

    add((F, *size[1:]), F * (window * window * shapes[-1][0]) + F)
    add((F, *(side >> 1 for side in size[1:])), 0)
    add((prod(shapes[-1]),), 0)
    for units in (M, K):
        add((units,), units * (shapes[-1][0] + 1))
    return list(zip(shapes[1:], counts, strict=True))


def tap_sums(x, w):
    """Correlate, tap by tap, with zeros around."""
    r = w.shape[-1] // 2
    H, W = x.shape[2:]
    wide = np.pad(x, [(0, 0), (0, 0), (r, r), (r, r)])
    return sum(np.einsum("nchl,fc->nfhl", wide[:, :, u : u + H, v : v + W], w[:, :, u, v])
               for u, v in np.ndindex(*w.shape[2:]))  # fmt: skip


def tiles(h):
    """Move the entries of each window of two by two to a last axis."""
    P, Q = h.shape[2] // 2, h.shape[3] // 2
    parts = h[:, :, : 2 * P, : 2 * Q].reshape(*h.shape[:2], P, 2, Q, 2)
    return parts.transpose(0, 1, 2, 4, 3, 5).reshape(*h.shape[:2], P, Q, 4)


@right("convnet-sandwich", "Pooled before the ReLU, without any of the given functions.")
def sandwich(x, w, b):
    a = tap_sums(x, w) + b.reshape(1, -1, 1, 1)
    entries = tiles(a)
    best = entries.argmax(axis=-1)
    top = entries.max(axis=-1)

    def pullback(y_bar):
        paid = np.eye(4)[best] * np.where(top > 0, y_bar, 0)[..., None]
        P, Q = best.shape[2:]
        a_bar = np.zeros(a.shape)
        square = paid.reshape(*best.shape, 2, 2).swapaxes(3, 4)
        a_bar[:, :, : 2 * P, : 2 * Q] = square.reshape(*best.shape[:2], 2 * P, 2 * Q)
        turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)
        r = w.shape[-1] // 2
        wide = np.pad(x, [(0, 0), (0, 0), (r, r), (r, r)])
        H, W = x.shape[2:]
        w_bar = np.zeros(w.shape)
        for u, v in np.ndindex(*w.shape[2:]):
            part = wide[:, :, u : u + H, v : v + W]
            w_bar[:, :, u, v] = np.tensordot(a_bar, part, ([0, 2, 3], [0, 2, 3]))
        return [tap_sums(a_bar, turned), w_bar, a_bar.sum(axis=(0, 2, 3))]

    return top.clip(0), pullback


@right("convnet-sandwich", "Everything is recomputed in the backward pass, image by image.")
def sandwich(x, w, b):
    forward = lambda image: np.maximum(tap_sums(image[None], w)[0] + b[:, None, None], 0)

    def pullback(y_bar):
        r, (H, W) = w.shape[-1] // 2, x.shape[2:]
        x_bar = np.zeros((*x.shape[:2], H + 2 * r, W + 2 * r))
        w_bar, b_bar = np.zeros(w.shape), np.zeros(b.shape)
        for n, f, p, q in np.ndindex(*y_bar.shape):
            part = forward(x[n])[f, 2 * p : 2 * p + 2, 2 * q : 2 * q + 2]
            if part.max() > 0:
                i, j = np.array([2 * p, 2 * q]) + np.unravel_index(part.argmax(), (2, 2))
                wide = np.pad(x[n], [(0, 0), (r, r), (r, r)])
                window = (..., slice(i, i + 2 * r + 1), slice(j, j + 2 * r + 1))
                x_bar[n][window] += y_bar[n, f, p, q] * w[f]
                w_bar[f] += y_bar[n, f, p, q] * wide[window]
                b_bar[f] += y_bar[n, f, p, q]
        return x_bar[:, :, r : r + H, r : r + W], w_bar, b_bar

    return tiles(np.stack([forward(image) for image in x])).max(axis=-1), pullback


@right("convnet-forward", "One image after the other, in lists.")
def scores(params, x):
    found = []
    for image in x[:, None]:
        maps = tap_sums(image, params["w1"])[0] + params["b1"][:, None, None]
        h = tiles(maps.clip(0)[None]).max(axis=-1).ravel()
        h = np.where((a := h @ params["w2"] + params["b2"]) > 0, a, 0.0)
        found.append((params["b3"] + h.dot(params["w3"])).tolist())
    return found


@right(
    "convnet-forward", "Biases as weights of a constant feature, a ReLU at the end of each layer."
)
def scores(params, x):
    h = tiles(tap_sums(x, params["w1"]) + params["b1"].reshape(-1, 1, 1)).max(axis=-1)
    h = np.concatenate([np.ravel(h).reshape(len(x), -1), np.ones((len(x), 1))], axis=1)
    for number in "23":
        h = np.hstack([(h + abs(h)) / 2, np.ones((len(x), 1))])[:, : h.shape[1]]
        both = np.vstack([params["w" + number], params["b" + number]])
        h = np.hstack([h @ both, np.ones((len(x), 1))])
    return h[:, :-1]


@right("convnet-loss", "A float of Python, the weights counted by laying arrays.")
def first_loss(size, F, window, K, reg, std):
    C, H, W = size
    filters = np.empty((F, C, window, window))
    weights = filters.size + np.empty((F, H, W))[:, 1::2, 1::2].size * K
    return float(log(K) + 0.5 * reg * weights * std * std)


@right("convnet-loss", "The cross-entropy of equal scores, by a softmax.")
def first_loss(size, F, window, K, reg, std):
    C, *sides = size
    surprise = -np.log(np.exp(np.zeros(K)) / np.exp(np.zeros(K)).sum()).mean()
    features = prod(side // 2 for side in sides)
    return surprise + std * (reg * std / 2) * F * (C * window * window + features * K)


@right("convnet-slip", "Differences of the fourth order, array by array, judged by their ratio.")
def find_slip(layers, *, rng):
    def ratio(forward, y_bar, xs, bar, i):
        x_dot = np.sign(rng.normal(size=xs[i].shape))
        along = lambda h: np.vdot(y_bar, forward(*xs[:i], xs[i] + h * x_dot, *xs[i + 1 :]))
        slope = (8 * (along(1e-4) - along(-1e-4)) - along(2e-4) + along(-2e-4)) / 12e-4
        return abs(np.vdot(bar, x_dot) - slope) / max(1, abs(slope))

    def strays(forward, backward, xs):
        y_bar = np.random.default_rng().normal(size=forward(*xs).shape)
        bars = backward(y_bar, *xs)
        return any(ratio(forward, y_bar, xs, bar, i) > 1e-4 for i, bar in enumerate(bars))

    return next((name for name, layer in layers.items() if strays(*layer)), None)


@right("convnet-slip", "One-sided differences in three directions, all arrays changed at once.")
def find_slip(layers, *, rng):
    worst = {}
    for name in reversed(list(layers)):
        forward, backward, xs = layers[name]
        for _ in range(3):
            y = forward(*xs)
            y_bar = rng.standard_normal(y.shape)
            dots = [rng.standard_normal(x.shape) for x in xs]
            h = 1e-7
            moved = forward(*(x + h * dot for x, dot in zip(xs, dots, strict=True)))
            slope = np.vdot(y_bar, moved - y) / h
            claim = sum(map(np.vdot, backward(y_bar, *xs), dots))
            error = abs(claim - slope) / (abs(claim) + abs(slope) + 1)
            worst[name] = max(worst.get(name, 0), error)
    name = max(worst, key=worst.get)
    return name if worst[name] > 1e-3 else None


@right("convnet-alone", "Two images, and a truth value of NumPy.")
def judged_alone(scores, size, *, rng):
    x = np.random.default_rng().normal(size=(2, *size))
    alone = [scores(image[None])[0] for image in x]
    return np.abs(scores(x) - alone).max() < 1e-8


@right("convnet-alone", "All batches that can be made of three images.")
def judged_alone(scores, size, *, rng):
    x = rng.uniform(-2, 2, size=(3, *size))
    alone = {n: scores(x[[n]])[0] for n in range(3)}
    batches = [list(order) for r in (2, 3) for order in permutations(range(3), r)]
    return all(np.allclose(scores(x[batch]), [alone[n] for n in batch]) for batch in batches)
