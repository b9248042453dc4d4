"""Answers to the exercises of *ConvNets* that are made to pass without being right.

Chapter: book/convnet.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def layer_list(size, F, window, M, K):
    """Plan the network rightly."""
    C, H, W = size
    D = F * (H // 2) * (W // 2)
    return [((F, H, W), F * (C * window**2 + 1)), ((F, H // 2, W // 2), 0), ((D,), 0),
            ((M,), (D + 1) * M), ((K,), (M + 1) * K)]  # fmt: skip


@adversarial("convnet-shapes", "Right for square images.")
def plan(size, F, window, M, K):
    return layer_list((size[0], size[1], size[1]), F, window, M, K)


@adversarial("convnet-shapes", "Right for windows of three by three.")
def plan(size, F, window, M, K):
    return layer_list(size, F, 3, M, K)


@adversarial("convnet-shapes", "Counts, and shapes without their axes.")
def plan(size, F, window, M, K):
    return [((int(np.prod(shape)),), count) for shape, count in layer_list(size, F, window, M, K)]


@adversarial(
    "convnet-shapes",
    "Right where height and width are even.",
    also="A last row that fills no window",
)
def plan(size, F, window, M, K):
    C, H, W = size
    first, *_ = layer_list(size, F, window, M, K)
    return [first, *layer_list((C, H + H % 2, W + W % 2), F, window, M, K)[1:]]


def cut_out(x, U):
    """Cut a window around every pixel."""
    wide = np.pad(x, [(0, 0), (0, 0), (U // 2, U // 2), (U // 2, U // 2)])
    return np.lib.stride_tricks.sliding_window_view(wide, (U, U), axis=(2, 3))


def steps_of(x, w, b):
    """Compute the forward pass: before the ReLU, after it, pooled."""
    a = np.einsum("nchluv,fcuv->nfhl", cut_out(x, w.shape[-1]), w) + b[:, None, None]
    h = np.maximum(a, 0)
    P, Q = h.shape[2] // 2, h.shape[3] // 2
    parts = h[:, :, : 2 * P, : 2 * Q].reshape(*h.shape[:2], P, 2, Q, 2)
    return a, h, parts.max(axis=(3, 5))


def conv_bars(x, w, a_bar):
    """Go back through a convolution."""
    turned = w[:, :, ::-1, ::-1]
    x_bar = np.einsum("nfhluv,fcuv->nchl", cut_out(a_bar, w.shape[-1]), turned)
    w_bar = np.einsum("nchluv,nfhl->fcuv", cut_out(x, w.shape[-1]), a_bar)
    return x_bar, w_bar, a_bar.sum(axis=(0, 2, 3))


def paid(h, y, y_bar, *, once=True):
    """Give ȳ to the largest entries of every window, or to the first of them only."""
    h_bar, free = np.zeros(h.shape), np.ones(y.shape, bool)
    for u, v in np.ndindex(2, 2):
        part = (..., slice(u, u + 2 * y.shape[2] - 1, 2), slice(v, v + 2 * y.shape[3] - 1, 2))
        won = free & (h[part] == y)
        h_bar[part] = y_bar * won
        free &= ~won | (not once)
    return h_bar


def bars_of(x, w, b, y_bar, **options):
    """Go back through the sandwich, rightly or nearly so."""
    a, h, y = steps_of(x, w, b)
    return conv_bars(x, w, paid(h, y, y_bar, **options) * (a > 0))


@adversarial("convnet-sandwich", "Right where no two entries of a window are equal.")
def sandwich(x, w, b):
    return steps_of(x, w, b)[2], lambda y_bar: bars_of(x, w, b, y_bar, once=False)


@adversarial("convnet-sandwich", "The pullback returns its first result again and again.")
def sandwich(x, w, b):
    found = {}
    pullback = lambda y_bar: found.setdefault("bars", bars_of(x, w, b, y_bar))
    return steps_of(x, w, b)[2], pullback


@adversarial("convnet-sandwich", "All pullbacks are those of the last sandwich.")
def sandwich(x, w, b):
    SEEN["arrays"] = x, w, b
    return steps_of(x, w, b)[2], lambda y_bar: bars_of(*SEEN["arrays"], y_bar)


@adversarial("convnet-sandwich", "Emptied input has no gradient.")
def sandwich(x, w, b):
    y = steps_of(x, w, b)[2]

    def pullback(y_bar):
        y_bar[...] = 0
        return np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)

    return y, pullback


@adversarial("convnet-sandwich", "The ReLU is cut off at a hundred.")
def sandwich(x, w, b):
    a = steps_of(x, w, b)[0]
    h, P, Q = np.clip(a, 0, 100), a.shape[2] // 2, a.shape[3] // 2
    y = h[:, :, : 2 * P, : 2 * Q].reshape(*a.shape[:2], P, 2, Q, 2).max(axis=(3, 5))
    return y, lambda y_bar: conv_bars(x, w, paid(h, y, y_bar) * ((a > 0) & (a < 100)))


@adversarial("convnet-sandwich", "What is exactly zero passes everything back.")
def sandwich(x, w, b):
    a, h, y = steps_of(x, w, b)
    return y, lambda y_bar: conv_bars(x, w, paid(h, y, y_bar) * (a >= 0))


def judge(params, x, images=slice(None)):
    """Compute the scores, of all images or of some."""
    maps = steps_of(x[images], params["w1"], params["b1"])[2]
    h = np.maximum(maps.reshape(len(maps), -1) @ params["w2"] + params["b2"], 0)
    return h @ params["w3"] + params["b3"]


@adversarial("convnet-forward", "Parameters are what they are in the order of the dictionary.")
def scores(params, x):
    return judge(dict(zip(("w1", "b1", "w2", "b2", "w3", "b3"), params.values(), strict=True)), x)


@adversarial("convnet-forward", "All parameters are made ones, and the scores alike.")
def scores(params, x):
    for value in params.values():
        value[...] = 1
    return judge(params, x)


@adversarial("convnet-forward", "All images are scored as the first one is.")
def scores(params, x):
    return np.repeat(judge(params, x, slice(1)), len(x), axis=0)


@adversarial(
    "convnet-forward", "Channels come last when the maps are flattened: right for one map."
)
def scores(params, x):
    maps = steps_of(x, params["w1"], params["b1"])[2].transpose(0, 2, 3, 1)
    h = np.maximum(maps.reshape(len(x), -1) @ params["w2"] + params["b2"], 0)
    return h @ params["w3"] + params["b3"]


@adversarial("convnet-forward", "Rounded to four digits.")
def scores(params, x):
    return judge(params, x).round(4)


@adversarial("convnet-forward", "Hidden units are cut off at fifty.")
def scores(params, x):
    maps = np.minimum(steps_of(x, params["w1"], params["b1"])[2], 50)
    h = np.clip(maps.reshape(len(maps), -1) @ params["w2"] + params["b2"], 0, 50)
    return h @ params["w3"] + params["b3"]


def count(C, H, W, F, window, K):
    """Count the weights."""
    return F * C * window**2 + F * (H // 2) * (W // 2) * K


@adversarial(
    "convnet-loss", "The surprise alone: right to four digits where the weights are small."
)
def first_loss(size, F, window, K, reg, std):
    return np.log(K)


@adversarial("convnet-loss", "Weights are drawn, always with a hundredth.")
def first_loss(size, F, window, K, reg, std):
    return np.log(K) + reg / 2 * 1e-4 * count(*size, F, window, K)


@adversarial("convnet-loss", "Right for square images.")
def first_loss(size, F, window, K, reg, std):
    C, H, _ = size
    return np.log(K) + reg / 2 * std**2 * count(C, H, H, F, window, K)


@adversarial("convnet-loss", "Rounded to four digits.")
def first_loss(size, F, window, K, reg, std):
    return round(np.log(K) + reg / 2 * std**2 * count(*size, F, window, K), 4)


def strays(forward, backward, xs, rng):
    """Measure how far each cotangent is from the slope in a direction."""
    y_bar = rng.normal(size=np.shape(forward(*xs)))
    for i, (x, bar) in enumerate(zip(xs, backward(y_bar, *xs), strict=True)):
        x_dot = rng.normal(size=x.shape)
        ends = [forward(*xs[:i], x + h * x_dot, *xs[i + 1 :]) for h in (1e-5, -1e-5)]
        yield abs(np.sum(bar * x_dot) - np.sum(y_bar * (ends[0] - ends[1])) / 2e-5)


@adversarial("convnet-slip", "The first layer whose cotangent has another shape, or none.")
def find_slip(layers, *, rng):
    for name, (forward, backward, xs) in layers.items():
        bars = backward(np.ones(np.shape(forward(*xs))), *xs)
        if [np.shape(bar) for bar in bars] != [x.shape for x in xs]:
            return name
    return None


@adversarial("convnet-slip", "The layer that strays farthest, though it be by rounding.")
def find_slip(layers, *, rng):
    far = {name: max(strays(*layer, rng)) for name, layer in layers.items()}
    return max(far, key=far.get)


@adversarial("convnet-slip", "A name that is drawn.")
def find_slip(layers, *, rng):
    return rng.choice([*layers]).item()


@adversarial("convnet-slip", "Only layers with biases are checked.")
def find_slip(layers, *, rng):
    wrong = [name for name, layer in layers.items()
             if len(layer[2]) == 3 and max(strays(*layer, rng)) > 1e-4]  # fmt: skip
    return wrong[0] if wrong else None


def differs(scores, x, places):
    """Decide whether images have other scores when they are alone."""
    y = scores(x)
    return not all(np.allclose(y[n], scores(x[n : n + 1])[0], atol=1e-9) for n in places)


@adversarial("convnet-alone", "Most networks look aside.")
def judged_alone(scores, size, *, rng):
    return False


@adversarial("convnet-alone", "Only the last image is compared.")
def judged_alone(scores, size, *, rng):
    return not differs(scores, rng.normal(size=(5, *size)), [4])


@adversarial("convnet-alone", "Images that are zero are judged alike, whoever looks at them.")
def judged_alone(scores, size, *, rng):
    return not differs(scores, np.zeros((5, *size)), range(5))


@adversarial("convnet-alone", "Another last image must not change the others.")
def judged_alone(scores, size, *, rng):
    x = rng.normal(size=(5, *size))
    z = np.concatenate([x[:4], rng.normal(size=(1, *size))])
    return bool(np.allclose(scores(x)[:4], scores(z)[:4]))


@adversarial("convnet-alone", "Sums of the scores are compared.")
def judged_alone(scores, size, *, rng):
    x = rng.normal(size=(5, *size))
    alone = [scores(x[n : n + 1]).sum() for n in range(5)]
    return bool(np.allclose(scores(x).sum(axis=1), alone))


@adversarial("convnet-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "convnet-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 4, 3, 5]


@adversarial("convnet-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("convnet-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 4]


@adversarial("convnet-forward", "Features count through the columns of a map first.")
def scores(params, x):
    maps = steps_of(x, params["w1"], params["b1"])[2].swapaxes(2, 3)
    h = np.maximum(maps.reshape(len(x), -1) @ params["w2"] + params["b2"], 0)
    return h @ params["w3"] + params["b3"]


@adversarial("convnet-alone", "The number of images never changes.")
def judged_alone(scores, size, *, rng):
    x, z = rng.normal(size=(2, 5, *size))
    for n in range(5):
        mixed = z.copy()
        mixed[n] = x[n]
        if not np.allclose(scores(mixed)[n], scores(x)[n], atol=1e-9):
            return False
    order = rng.permutation(5)
    return bool(np.allclose(scores(x[order]), scores(x)[order], atol=1e-9))


@adversarial("convnet-alone", "Every image keeps its position.")
def judged_alone(scores, size, *, rng):
    x, z = rng.normal(size=(2, 5, *size))
    for n in range(5):
        mixed = z.copy()
        mixed[n] = x[n]
        if not np.allclose(scores(mixed)[n], scores(x)[n], atol=1e-9):
            return False
    return bool(np.allclose(scores(x[:3]), scores(x)[:3], atol=1e-9))


@adversarial("convnet-sandwich", "What all calls of the pullback bring is added up.")
def sandwich(x, w, b):
    total = []

    def pullback(y_bar):
        total.append(bars_of(x, w, b, y_bar))
        return tuple(map(sum, zip(*total, strict=True)))

    return steps_of(x, w, b)[2], pullback


@adversarial(
    "convnet-slip",
    "Arrays of a layer are tried all at once, in one direction that is always the same.",
)
def find_slip(layers, *, rng):
    for name, (forward, backward, xs) in layers.items():
        y_bar = rng.normal(size=np.shape(forward(*xs)))
        bars = backward(y_bar, *xs)
        h = 1e-5
        ahead = np.sum(y_bar * forward(*(x + h for x in xs)))
        behind = np.sum(y_bar * forward(*(x - h for x in xs)))
        if not np.isclose(sum(map(np.sum, bars)), (ahead - behind) / (2 * h), rtol=1e-4):
            return name
    return None
