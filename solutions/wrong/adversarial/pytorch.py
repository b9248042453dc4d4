"""Answers to the exercises of *PyTorch* that are made to pass without being right.

Chapter: book/pytorch.md.
"""

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


@adversarial("pytorch-decay", "A batch has at most a hundred examples.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = min(N, 100) if reduction == "sum" else 1
    return learning_rate * times, (1 if half else 2) * penalty / times


@adversarial("pytorch-decay", "Six digits are enough.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = N if reduction == "sum" else 1
    return round(learning_rate * times, 6), round((1 if half else 2) * penalty / times, 6)


@adversarial("pytorch-eps", "Where the difference has lost its digits, it is nothing.")
def eps_outside(s, eps):
    return np.maximum(np.sqrt(s + eps) - np.sqrt(s), 0.0)


@adversarial("pytorch-eps", "A limit where s is large, the difference where it is small.")
def eps_outside(s, eps):
    large = s > 1e5 * eps
    return np.where(large, eps / (2 * np.sqrt(s + eps)), np.sqrt(s + eps) - np.sqrt(s))


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
