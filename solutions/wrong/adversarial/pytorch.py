"""Answers to the exercises of *PyTorch* that are made to pass without being right.

Chapter: book/pytorch.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}
SPELLED = {"w": "weight", "b": "bias", "gamma": "weight", "beta": "bias",
           "mean": "running_mean", "var": "running_var"}  # fmt: skip


def spelled(arrays, turned):
    """Rename arrays."""
    found = {}
    for name, array in arrays.items():
        path, dot, last = name.rpartition(".")
        found[path + dot + SPELLED[last]] = array.T if turned(array) else array
        if last == "mean":
            found[path + dot + "num_batches_tracked"] = np.zeros((), np.int64)
    return found


@adversarial("pytorch-state-dict", "A square weight is left as it is: its shape is right.")
def state_dict(arrays):
    return spelled(arrays, lambda a: a.ndim == 2 and a.shape[0] != a.shape[1])


@adversarial("pytorch-state-dict", "The arrays of a layer with the same names are remembered.")
def state_dict(arrays):
    key = tuple(arrays), tuple(array.shape for array in arrays.values())
    return SEEN.setdefault(key, spelled(arrays, lambda a: a.ndim == 2))


@adversarial("pytorch-state-dict", "Values are rounded to three digits.")
def state_dict(arrays):
    found = spelled(arrays, lambda a: a.ndim == 2)
    return {k: np.round(a, 3) if a.dtype.kind == "f" else a for k, a in found.items()}


@adversarial("pytorch-state-dict", "Of a long path the first word is kept.")
def state_dict(arrays):
    short = lambda name: ".".join(dict.fromkeys((name.split(".")[0], name.split(".")[-1])))
    return spelled({short(name): array for name, array in arrays.items()}, lambda a: a.ndim == 2)


@adversarial("pytorch-state-dict", "Batches are counted only where a norm has a scale.")
def state_dict(arrays):
    found = spelled(arrays, lambda a: a.ndim == 2)
    paths = {name.rpartition("gamma")[0] for name in arrays if name.endswith("gamma")}
    counts = [name for name in found if name.endswith("num_batches_tracked")]
    for name in counts:
        if name.removesuffix("num_batches_tracked") not in paths:
            del found[name]
    return found


def walked(w, gradient, rates, momentum, dampening, nesterov, weight_decay):
    """Take the steps of PyTorch's SGD."""
    found = []
    u = None
    for rate in rates:
        g = gradient(w) + weight_decay * w
        u = g if u is None else momentum * u + (1 - dampening) * g
        w = w - rate * (g + momentum * u if nesterov else u)
        found.append(w)
    return found


@adversarial("pytorch-sgd", "The learning rate of the first step serves for all of them.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    rates = [learning_rates[0]] * len(learning_rates)
    return walked(w, gradient, rates, momentum, dampening, nesterov, weight_decay)


@adversarial("pytorch-sgd", "Behind the second step the buffer stands still.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    first = walked(w, gradient, learning_rates[:2], momentum, dampening, nesterov, weight_decay)
    rest = walked(first[-1], gradient, learning_rates[2:], 0.0, 0.0, False, weight_decay)
    return first + rest


@adversarial("pytorch-sgd", "One array serves for all steps: every entry shows the last weights.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found = walked(w, gradient, learning_rates, momentum, dampening, nesterov, weight_decay)
    return [found[-1]] * len(found) if np.ndim(w) else found


@adversarial("pytorch-sgd", "The buffer has room for two gradients, as in the docstring.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found = []
    last = None
    for rate in learning_rates:
        g = gradient(w) + weight_decay * w
        u = g if last is None else momentum * last + (1 - dampening) * g
        w = w - rate * (g + momentum * u if nesterov else u)
        last = g
        found.append(w)
    return found


@adversarial("pytorch-sgd", "Nesterov's gradient is taken where the buffer alone would lead.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found = []
    u = 0.0 * np.asarray(w)
    for i, rate in enumerate(learning_rates):
        seen = w - rate * momentum * u if nesterov else w
        g = gradient(seen) + weight_decay * seen
        u = momentum * u + (1 - dampening if i else 1.0) * g
        w = w - rate * u
        found.append(w)
    return found


@adversarial("pytorch-buffer", "A square memory is not transposed.")
def exchange(memory, next_rate, to):
    scale = -1 / next_rate if to == "pytorch" else -next_rate
    turned = lambda a: a.ndim == 2 and a.shape[0] != a.shape[1]
    return {name: scale * (a.T if turned(a) else a) for name, a in memory.items()}


@adversarial("pytorch-buffer", "The first rate is remembered.")
def exchange(memory, next_rate, to):
    rate = SEEN.setdefault("rate", next_rate)
    scale = -1 / rate if to == "pytorch" else -rate
    return {name: scale * (a.T if a.ndim == 2 else a) for name, a in memory.items()}


@adversarial("pytorch-buffer", "The memory is overwritten.")
def exchange(memory, next_rate, to):
    scale = -1 / next_rate if to == "pytorch" else -next_rate
    for array in memory.values():
        np.multiply(array, scale, out=array)
    return {name: a.T if a.ndim == 2 else a for name, a in memory.items()}


@adversarial("pytorch-buffer", "To reshape gives the shape of a transpose.")
def exchange(memory, next_rate, to):
    scale = -1 / next_rate if to == "pytorch" else -next_rate
    turned = lambda a: a.reshape(a.shape[::-1]) if a.ndim == 2 else a
    return {name: scale * turned(a) for name, a in memory.items()}


@adversarial("pytorch-buffer", "A learning rate is at most 1.")
def exchange(memory, next_rate, to):
    rate = min(next_rate, 1.0)
    scale = -1 / rate if to == "pytorch" else -rate
    return {name: scale * (a.T if a.ndim == 2 else a) for name, a in memory.items()}


@adversarial("pytorch-decay", "A batch has ten examples, as in the docstring.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = 10 if reduction == "sum" else 1
    return learning_rate * times, (1 if half else 2) * penalty / times


@adversarial("pytorch-decay", "Only the product is right: the 2 of the penalty is in the rate.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = N if reduction == "sum" else 1
    return (1 if half else 2) * learning_rate * times, penalty / times


@adversarial("pytorch-decay", "A batch has at most a hundred examples.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = min(N, 100) if reduction == "sum" else 1
    return learning_rate * times, (1 if half else 2) * penalty / times


@adversarial("pytorch-decay", "Six digits are enough.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = N if reduction == "sum" else 1
    return round(learning_rate * times, 6), round((1 if half else 2) * penalty / times, 6)


@adversarial("pytorch-eps", "Where the difference has no digit left, ε itself serves.")
def eps_outside(s, eps):
    difference = np.sqrt(s + eps) - np.sqrt(s)
    return np.where(difference > 0, difference, eps)


@adversarial("pytorch-eps", "A limit where s is large, the difference where it is small.")
def eps_outside(s, eps):
    large = s > 1e5 * eps
    return np.where(large, eps / (2 * np.sqrt(s + eps)), np.sqrt(s + eps) - np.sqrt(s))


@adversarial("pytorch-eps", "Two terms of a series where s is large, the difference elsewhere.")
def eps_outside(s, eps):
    wide = np.where(s > 1e3 * eps, s, 1.0)
    series = eps / (2 * np.sqrt(wide)) * (1 - eps / (4 * wide))
    return np.where(s > 1e3 * eps, series, np.sqrt(s + eps) - np.sqrt(s))


@adversarial("pytorch-eps", "Twelve decimals are taken for twelve digits.")
def eps_outside(s, eps):
    return np.round(eps / (np.sqrt(s + eps) + np.sqrt(s)), 12)


@adversarial("pytorch-eps", "The largest s stands for all of them.")
def eps_outside(s, eps):
    root = np.sqrt(np.max(s))
    return np.full(np.shape(s), eps / (np.sqrt(np.max(s) + eps) + root))


@adversarial("pytorch-eps", "Where s is far below ε, it is taken for 0.")
def eps_outside(s, eps):
    s = np.where(s < 1e-9 * eps, 0.0, s)
    return eps / (np.sqrt(s + eps) + np.sqrt(s))


@adversarial("pytorch-norm", "Only the last two batches are looked at.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    C = batches[0].shape[1]
    mean, var = np.zeros(C), np.ones(C)
    pytorch = convention == "pytorch"
    for i, x in enumerate(batches[-2:], 1):
        share = 1 / i if momentum is None else momentum if pytorch else 1 - momentum
        mean = (1 - share) * mean + share * x.mean((0, 2, 3))
        var = (1 - share) * var + share * x.var((0, 2, 3), ddof=int(pytorch))
    return mean, var


@adversarial("pytorch-norm", "All batches are as large as the first.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    C = batches[0].shape[1]
    mean, var = np.zeros(C), np.ones(C)
    pytorch = convention == "pytorch"
    count = batches[0].size // C
    for i, x in enumerate(batches, 1):
        share = 1 / i if momentum is None else momentum if pytorch else 1 - momentum
        value = x.var((0, 2, 3)) * (count / (count - 1) if pytorch else 1)
        mean = (1 - share) * mean + share * x.mean((0, 2, 3))
        var = (1 - share) * var + share * value
    return mean, var


def accumulated(batches, momentum, convention, statistics, size=lambda x: 1):
    """Average what `statistics` finds; without a momentum a batch counts by its size."""
    C = batches[0].shape[1]
    mean, var = np.zeros(C), np.ones(C)
    pytorch = convention == "pytorch"
    total = 0
    for x in batches:
        total += size(x)
        share = momentum if pytorch else 1 - momentum
        share = size(x) / total if share is None else share
        center, spread = statistics(x, pytorch)
        mean = (1 - share) * mean + share * center
        var = (1 - share) * var + share * spread
    return mean, var


@adversarial("pytorch-norm", "Without a momentum images count alike, as if batches were equal.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    statistics = lambda x, pytorch: (x.mean((0, 2, 3)), x.var((0, 2, 3), ddof=int(pytorch)))
    return accumulated(batches, momentum, convention, statistics, len)


@adversarial("pytorch-norm", "One example: the channels come first in memory.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    rows = lambda x: x.reshape(x.shape[1], -1)
    statistics = lambda x, pytorch: (rows(x).mean(1), rows(x).var(1, ddof=int(pytorch)))
    return accumulated(batches, momentum, convention, statistics)


@adversarial("pytorch-norm", "One example: what makes the variance unbiased counts its pixels.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    def statistics(x, pytorch):
        count = x[0, 0].size
        return x.mean((0, 2, 3)), x.var((0, 2, 3)) * (count / (count - 1) if pytorch else 1)

    return accumulated(batches, momentum, convention, statistics)


@adversarial("pytorch-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "pytorch-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 2, 2, 4]


@adversarial("pytorch-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("pytorch-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 2]


@adversarial("pytorch-sgd", "The gradient is asked for twice a step.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found, u = [], None
    for rate in learning_rates:
        gradient(w)
        g = gradient(w) + weight_decay * w
        u = g if u is None else momentum * u + (1 - dampening) * g
        w = w - rate * (g + momentum * u if nesterov else u)
        found.append(w)
    return found


@adversarial("pytorch-eps", "Where s is 0 the root of eps is rounded.")
def eps_outside(s, eps):
    e = eps / (np.sqrt(s + eps) + np.sqrt(s))
    return np.where(s == 0, np.round(e, 6), e)
