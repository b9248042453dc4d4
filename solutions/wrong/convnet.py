"""Plausible wrong answers to the exercises of *ConvNets*, each with a word of advice.

Chapter: book/convnet.md.
"""

import numpy as np

from dlcore.course.exercises import topics
from dlcore.course.exercises.answers import load
from dlcore.course.exercises.known_answers import wrong

given = load(topics.ROOT / "solutions/convnet.py")  # the pieces that everybody is given


def planned(size, F, window, M, K, *, up=False, biases=1, halved=True, channels=True):
    """Plan the network, with one thing or another done wrongly."""
    C, H, W = size
    P, Q = (-(-H // 2), -(-W // 2)) if up else (H // 2, W // 2)
    P, Q = (P, Q) if halved else (H, W)
    D = F * P * Q
    taps = (C if channels else 1) * window * window
    filters = F * (taps + biases)
    first = (D + biases) * M
    last = (M + biases) * K
    shapes = (F, H, W), (F, P, Q), (D,), (M,), (K,)
    return list(zip(shapes, (filters, 0, 0, first, last), strict=True))


@wrong("convnet-shapes", "The biases are parameters too: one for every filter and every unit.")
def plan(size, F, window, M, K):
    return planned(size, F, window, M, K, biases=0)


@wrong("convnet-shapes", "A last row that fills no window is left out: round down, not up.")
def plan(size, F, window, M, K):
    return planned(size, F, window, M, K, up=True)


@wrong("convnet-shapes", "Pooling halves height and width.")
def plan(size, F, window, M, K):
    return planned(size, F, window, M, K, halved=False)


@wrong("convnet-shapes", "A filter has a weight for every channel of the image, not for one.")
def plan(size, F, window, M, K):
    return planned(size, F, window, M, K, channels=False)


def stacked(x, w, b, pullback):
    """Compute the right forward pass, and return another backward pass with it."""
    a = given.conv(x, w, b)
    h = given.relu(a)
    return given.pool(h), lambda y_bar: pullback(a, h, y_bar)


@wrong(
    "convnet-sandwich",
    "The backward pass lacks the ReLU: where its input is not positive, the gradient is 0.",
)
def sandwich(x, w, b):
    def pullback(a, h, y_bar):
        return given.conv_backward(given.pool_backward(y_bar, h), x, w)

    return stacked(x, w, b, pullback)


@wrong(
    "convnet-sandwich",
    "The gradient of the ReLU depends on the sign of its input, not on that of ȳ.",
)
def sandwich(x, w, b):
    def pullback(a, h, y_bar):
        h_bar = given.relu(given.pool_backward(y_bar, h))
        return given.conv_backward(h_bar, x, w)

    return stacked(x, w, b, pullback)


@wrong("convnet-sandwich", "The gradient of a bias is a sum over all positions of all images.")
def sandwich(x, w, b):
    def pullback(a, h, y_bar):
        a_bar = given.relu_backward(given.pool_backward(y_bar, h), a)
        x_bar, w_bar, _ = given.conv_backward(a_bar, x, w)
        return x_bar, w_bar, a_bar.sum(axis=0)[:, 0, 0]

    return stacked(x, w, b, pullback)


@wrong("convnet-sandwich", "The pullback is to return x̄, w̄ and b̄, in this order.")
def sandwich(x, w, b):
    def pullback(a, h, y_bar):
        a_bar = given.relu_backward(given.pool_backward(y_bar, h), a)
        x_bar, w_bar, b_bar = given.conv_backward(a_bar, x, w)
        return w_bar, b_bar, x_bar

    return stacked(x, w, b, pullback)


@wrong("convnet-sandwich", "Every pixel of a window receives ȳ: only the largest is to receive it.")
def sandwich(x, w, b):
    def pullback(a, h, y_bar):
        h_bar = y_bar.repeat(2, axis=2).repeat(2, axis=3)
        return given.conv_backward(given.relu_backward(h_bar, a), x, w)

    return stacked(x, w, b, pullback)


def output(params, maps, nonlinearity=given.relu):
    """Judge pooled maps, or what was made of them."""
    features = maps.reshape(len(maps), -1)
    return nonlinearity(features @ params["w2"] + params["b2"]) @ params["w3"] + params["b3"]


def pooled(params, x):
    """Compute the pooled maps."""
    return given.pool(given.relu(given.conv(x, params["w1"], params["b1"])))


@wrong("convnet-forward", "The ReLU between the two linear layers is missing.")
def scores(params, x):
    return output(params, pooled(params, x), nonlinearity=lambda h: h)


@wrong("convnet-forward", "Do not apply a ReLU to the scores.")
def scores(params, x):
    return given.relu(output(params, pooled(params, x)))


@wrong("convnet-forward", "The biases of the filters are missing.")
def scores(params, x):
    return output(params, pooled({**params, "b1": 0 * params["b1"]}, x))


@wrong("convnet-forward", "Images are mixed: keep the first axis when you flatten.")
def scores(params, x):
    return output(params, pooled(params, x).transpose(1, 2, 3, 0).reshape(len(x), -1))


@wrong("convnet-loss", "Biases are zero and not penalised: only the weights are.")
def first_loss(size, F, window, K, reg, std):
    C, H, W = size
    count = F * (C * window**2 + 1) + (F * (H // 2) * (W // 2) + 1) * K
    return np.log(K) + reg / 2 * std**2 * count


def weights(size, F, window, K):
    """Count the weights."""
    C, H, W = size
    return F * C * window**2 + F * (H // 2) * (W // 2) * K


@wrong("convnet-loss", "The penalty is reg/2 times the sum of squares: a half is missing.")
def first_loss(size, F, window, K, reg, std):
    return np.log(K) + reg * std**2 * weights(size, F, window, K)


@wrong("convnet-loss", "The mean of w² is std², not std.")
def first_loss(size, F, window, K, reg, std):
    return np.log(K) + reg / 2 * std * weights(size, F, window, K)


@wrong("convnet-loss", "The cross-entropy at a probability of 1/K is ln K, which is positive.")
def first_loss(size, F, window, K, reg, std):
    return np.log(1 / K) + reg / 2 * std**2 * weights(size, F, window, K)


@wrong("convnet-loss", "Pooling halves height and width before the linear layer.")
def first_loss(size, F, window, K, reg, std):
    C, H, W = size
    return np.log(K) + reg / 2 * std**2 * (F * C * window**2 + F * H * W * K)


def found(layers, rng, *, along=None, loss=None, arguments=None):
    """Name the first layer whose backward pass disagrees, for given directions and a given ȳ."""
    for name, (forward, backward, xs) in layers.items():
        shape = np.shape(forward(*xs))
        y_bar = rng.normal(size=shape) if loss is None else loss(shape)
        bars = backward(y_bar, *xs)
        for i, (x, x_bar) in list(enumerate(zip(xs, bars, strict=True)))[arguments]:
            x_dot = rng.normal(size=x.shape) if along is None else along(x)
            moved = [[*xs[:i], x + h * x_dot, *xs[i + 1 :]] for h in (1e-5, -1e-5)]
            ends = [np.sum(y_bar * forward(*each)) for each in moved]
            if abs(np.sum(x_bar * x_dot) - (ends[0] - ends[1]) / 2e-5) > 1e-4:
                return name
    return None


every = slice(None)


@wrong("convnet-slip", "Only the first array is checked: weights and biases have cotangents too.")
def find_slip(layers, *, rng):
    return found(layers, rng, arguments=slice(1))


@wrong("convnet-slip", "With ȳ all ones many slips are invisible: draw it at random.")
def find_slip(layers, *, rng):
    return found(layers, rng, along=np.ones_like, loss=np.ones, arguments=every)


@wrong("convnet-slip", "The first array is left out: the cotangent of the images may be wrong.")
def find_slip(layers, *, rng):
    return found(layers, rng, arguments=slice(1, None))


@wrong("convnet-slip", "Where every layer is right the answer is None, and not the last name.")
def find_slip(layers, *, rng):
    return found(layers, rng, arguments=every) or list(layers)[-1]


@wrong("convnet-slip", "The last layer is not tried: go through all of them.")
def find_slip(layers, *, rng):
    return found(dict(list(layers.items())[:-1]), rng, arguments=every)


@wrong("convnet-alone", "Shapes say nothing: compare the scores themselves.")
def judged_alone(scores, size, *, rng):
    return scores(rng.normal(size=(5, *size))).shape == (
        5,
        scores(rng.normal(size=(1, *size))).size,
    )


@wrong("convnet-alone", "Equal images have equal neighbours: draw images that differ.")
def judged_alone(scores, size, *, rng):
    x = np.repeat(rng.normal(size=(1, *size)), 5, axis=0)
    return bool(np.allclose(scores(x)[0], scores(x)[1]))


@wrong("convnet-alone", "Only the first image is compared: the others may depend on the batch.")
def judged_alone(scores, size, *, rng):
    x = rng.normal(size=(5, *size))
    return bool(np.allclose(scores(x)[:1], scores(x[:1])))


@wrong(
    "convnet-alone", "The scores follow the order of the images: restore the order, then compare."
)
def judged_alone(scores, size, *, rng):
    x = rng.normal(size=(5, *size))
    return bool(np.allclose(scores(x), scores(x[::-1])))


@wrong(
    "convnet-alone", "Only the first class is compared: the other scores may depend on the batch."
)
def judged_alone(scores, size, *, rng):
    x = rng.normal(size=(5, *size))
    alone = [scores(x[n : n + 1])[0, 0] for n in range(5)]
    return bool(np.allclose(scores(x)[:, 0], alone))


@wrong("convnet-wrong-lines", "The numbers count lines from 1, and the first line has one too.")
def wrong_lines():
    return [2, 3, 2]


@wrong("convnet-wrong-lines", "Lines are counted from the top, the first one included.")
def wrong_lines():
    return [4, 5, 4]


@wrong(
    "convnet-wrong-lines", "In the second a unit is active in one line, and inactive in the next."
)
def wrong_lines():
    return [3, 3, 3]


@wrong("convnet-wrong-lines", "In the third look at the pixel that the tap u lies on.")
def wrong_lines():
    return [3, 4, 4]


@wrong("convnet-sandwich", "Return y first, then the pullback.")
def sandwich(x, w, b):
    a = given.conv(x, w, b)
    h = given.relu(a)
    return lambda y_bar: given.conv_backward(
        given.relu_backward(given.pool_backward(y_bar, h), a), x, w
    ), given.pool(h)
