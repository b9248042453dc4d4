"""Right answers to the exercises of *PyTorch* that look unusual.

Chapter: book/pytorch.md.
"""

from functools import reduce

import numpy as np

from dlcore.course.exercises.known_answers import right

WORDS = [("gamma", "weight"), ("beta", "bias"), ("mean", "running_mean"), ("var", "running_var"),
         ("w", "weight"), ("b", "bias")]  # fmt: skip


@right("pytorch-state-dict", "The words of a name are a list, of which the last is replaced.")
def state_dict(arrays):
    found = {}
    for name in reversed(list(arrays)):
        *path, last = name.split(".")
        new = ".".join([*path, dict(WORDS)[last]])
        found[new] = np.einsum("ij->ji", arrays[name]) if arrays[name].ndim == 2 else arrays[name]
        if last == "mean":
            found[".".join([*path, "num_batches_tracked"])] = np.int64(0)
    return found


@right("pytorch-state-dict", "Two passes: one renames, one counts; arrays are copied.")
def state_dict(arrays):
    cut = {name: name.rfind(".") + 1 for name in arrays}
    spelled = dict(WORDS)
    found = {
        name[: cut[name]] + spelled[name[cut[name] :]]: np.ascontiguousarray(
            array.swapaxes(0, 1) if array.ndim == 2 else array
        )
        for name, array in arrays.items()
    }
    counted = [name[: cut[name]] for name in arrays if name[cut[name] :] == "mean"]
    return found | {f"{path}num_batches_tracked": np.array(0, "int64") for path in counted}


@right("pytorch-sgd", "The gradients of the past are kept, and added up anew at each step.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    past, found = [], []
    for rate in learning_rates:
        past.append(np.asarray(gradient(w) + weight_decay * w))
        later = reduce(lambda u, g: momentum * u + (1 - dampening) * g, past[1:], past[0])
        w = w - rate * (past[-1] + momentum * later if nesterov else later)
        found.append(w)
    return tuple(found)


@right("pytorch-sgd", "The surplus of the first gradient is a buffer of its own.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found = []
    u = surplus = 0.0
    for i, rate in enumerate(learning_rates):
        g = gradient(w) + weight_decay * w
        u = momentum * u + (1 - dampening) * g
        surplus = dampening * g if i == 0 else momentum * surplus
        step = g + momentum * (u + surplus) if nesterov else u + surplus
        found.append(w - rate * step)
        w = found[-1]
    return found


@right("pytorch-buffer", "One formula for both directions: a power of the rate.")
def exchange(memory, next_rate, to):
    power = {"pytorch": -1.0, "here": 1.0}[to]
    turn = lambda a: np.swapaxes(a, 0, 1) if len(a.shape) == 2 else a
    return {name: -(next_rate**power) * turn(a) for name, a in memory.items()}


@right("pytorch-buffer", "Transposed by einsum, in double precision.")
def exchange(memory, next_rate, to):
    found = {}
    for name, array in memory.items():
        wide = np.asarray(array, dtype=float)
        turned = np.einsum("dm->md", wide) if wide.ndim == 2 else wide.copy()
        found[name] = np.negative(turned / next_rate if to == "pytorch" else turned * next_rate)
    return found


@right("pytorch-decay", "The steps of both programs as a table.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    times = {"mean": 1, "sum": N}[reduction]
    slope = penalty * (2 - bool(half))
    return np.array([learning_rate * times, slope / times])


@right("pytorch-decay", "The decay is what the whole step takes of w, over the new rate.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    taken = learning_rate * penalty * (1 if half else 2)
    rate = learning_rate * (N if reduction == "sum" else 1)
    return [rate, taken / rate]


@right("pytorch-eps", "As a root times what log1p and expm1 say of the ratio.")
def eps_outside(s, eps):
    s = np.asarray(s, dtype=float)
    root = np.sqrt(np.where(s > 0, s, 1.0))
    ratio = eps / np.where(s > 0, s, 1.0)
    return np.where(s > 0, root * np.expm1(np.log1p(ratio) / 2), np.sqrt(eps))


@right("pytorch-eps", "Divided by √ε first.")
def eps_outside(s, eps):
    x = np.sqrt(np.asarray(s) / eps)
    return np.sqrt(eps) / (np.hypot(x, 1.0) + x)


@right("pytorch-norm", "Channels become rows, and the weights of all batches are computed first.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    count = len(batches)
    ours = convention == "pytorch"
    if momentum is None:
        old, weights = 0.0, np.full(count, 1 / count)
    else:
        kept = 1 - momentum if ours else momentum
        old = kept**count
        weights = (1 - kept) * kept ** np.arange(count)[::-1]
    rows = [np.moveaxis(x.astype(float), 1, 0).reshape(x.shape[1], -1) for x in batches]
    means = np.array([np.mean(each, axis=1) for each in rows])
    variances = np.array([np.var(each, axis=1, ddof=1 if ours else 0) for each in rows])
    return weights @ means, old + weights @ variances


@right("pytorch-norm", "The mean of squares less the square of the mean, batch by batch.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    C = batches[0].shape[1]
    kept = {"mean": np.zeros(C), "var": np.ones(C)}
    for i, images in enumerate(batches):
        x = np.asarray(images, dtype=float)
        count = x.size // C
        center = x.sum((0, 2, 3)) / count
        spread = ((x - center[:, None, None]) ** 2).sum((0, 2, 3))
        new = {"mean": center, "var": spread / (count - (convention == "pytorch"))}
        share = 1 / (i + 1) if momentum is None else momentum
        if momentum is not None and convention != "pytorch":
            share = 1 - momentum
        kept = {name: (1 - share) * kept[name] + share * new[name] for name in kept}
    return kept["mean"], kept["var"]
