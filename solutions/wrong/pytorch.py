"""Plausible wrong answers to the exercises of *PyTorch*, each with a word of advice.

Chapter: book/pytorch.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong

LAST = {"w": "weight", "b": "bias", "gamma": "weight", "beta": "bias",
        "mean": "running_mean", "var": "running_var"}  # fmt: skip


def is_linear(last, array):
    """Decide whether an array is the weight of a linear layer."""
    return last == "w" and array.ndim == 2


def renamed(arrays, *, names=LAST, turn=np.transpose, turned=is_linear, count=0):
    """Rename arrays; the options are slips, and `count` None leaves the numbers of batches out."""
    found = {}
    for name, array in arrays.items():
        path, dot, last = name.rpartition(".")
        found[path + dot + names[last]] = turn(array) if turned(last, array) else array
        if last == "mean" and count is not None:
            found[path + dot + "num_batches_tracked"] = np.asarray(count)
    return found


@wrong("pytorch-state-dict", "PyTorch keeps the weights of a linear layer as (M, D): transpose.")
def state_dict(arrays):
    return renamed(arrays, turned=lambda last, array: False)


@wrong("pytorch-state-dict", "Filters have the same axes in both libraries: leave them alone.")
def state_dict(arrays):
    return renamed(arrays, turned=lambda last, array: last == "w")


@wrong("pytorch-state-dict", "To transpose is to exchange axes; to reshape leaves the order.")
def state_dict(arrays):
    return renamed(arrays, turn=lambda array: array.reshape(array.shape[::-1]))


@wrong("pytorch-state-dict", "Every layer with a mean needs its num_batches_tracked, too.")
def state_dict(arrays):
    return renamed(arrays, count=None)


@wrong("pytorch-state-dict", "A number of batches is a whole number: np.zeros((), np.int64).")
def state_dict(arrays):
    return renamed(arrays, count=0.0)


@wrong("pytorch-state-dict", "There is one number of batches for a layer, not one a channel.")
def state_dict(arrays):
    found = renamed(arrays)
    for name in found:
        if name.endswith("num_batches_tracked"):
            mean = name.replace("num_batches_tracked", "running_mean")
            found[name] = np.zeros(found[mean].shape, np.int64)
    return found


@wrong("pytorch-state-dict", "PyTorch's names are running_mean and running_var, not mean and var.")
def state_dict(arrays):
    return renamed(arrays, names=LAST | {"mean": "mean", "var": "var"})


@wrong("pytorch-state-dict", "The scale of a norm is its weight, the shift its bias.")
def state_dict(arrays):
    return renamed(arrays, names=LAST | {"gamma": "gamma", "beta": "beta"})


@wrong("pytorch-state-dict", "The scale is the weight and the shift the bias: not the reverse.")
def state_dict(arrays):
    return renamed(arrays, names=LAST | {"gamma": "bias", "beta": "weight"})


@wrong("pytorch-state-dict", "Replace the last word only: a path may hold the same letters.")
def state_dict(arrays):
    found = {}
    for name, array in arrays.items():
        renaming = {word: LAST.get(word, word) for word in name.split(".")}
        new = ".".join(renaming[word] for word in name.split("."))
        found[new] = array.T if name.endswith("w") and array.ndim == 2 else array
        if name.endswith("mean"):
            found[new.replace("running_mean", "num_batches_tracked")] = np.zeros((), np.int64)
    return found


def steps(w, gradient, rates, momentum, dampening, nesterov, weight_decay, *, first=1.0, share=None,
          beside=False, forget=False, undecayed=False):  # fmt: skip
    """Take the steps of PyTorch's SGD; the options are slips."""
    found = []
    u = None
    share = 1 - dampening if share is None else share
    for rate in rates:
        slope = gradient(w)
        g = slope if beside else slope + weight_decay * w
        u = first * g if u is None or forget else momentum * u + share * g
        step = (slope if undecayed else g) + momentum * u if nesterov else u
        w = w - rate * step - (rate * weight_decay * w if beside else 0.0)
        found.append(w)
    return found


@wrong("pytorch-sgd", "The learning rate multiplies the whole buffer, not the gradient alone.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found = []
    u = None
    for rate in learning_rates:
        g = rate * (gradient(w) + weight_decay * w)
        u = g if u is None else momentum * u + (1 - dampening) * g
        w = w - (g + momentum * u if nesterov else u)
        found.append(w)
    return found


@wrong("pytorch-sgd", "The first buffer is the whole gradient: dampening begins with the second.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return steps(w, gradient, learning_rates, *options, first=1 - dampening)


@wrong("pytorch-sgd", "Dampening is what the gradient loses: its share is 1 - dampening.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return steps(w, gradient, learning_rates, *options, share=dampening or 1.0)


@wrong("pytorch-sgd", "The buffer is a sum and no mean: the gradient is not taken times 1 - μ.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return steps(w, gradient, learning_rates, *options, share=(1 - momentum) * (1 - dampening))


@wrong("pytorch-sgd", "In SGD the decay belongs to the gradient, and so enters the buffer.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return steps(w, gradient, learning_rates, *options, beside=True)


@wrong("pytorch-sgd", "The buffer is kept from step to step.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return steps(w, gradient, learning_rates, *options, forget=True)


@wrong("pytorch-sgd", "Nesterov's step has the gradient with its decay, not without.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return steps(w, gradient, learning_rates, *options, undecayed=True)


@wrong("pytorch-sgd", "With nesterov the step is g + momentum u: the option changes it.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    return steps(w, gradient, learning_rates, momentum, dampening, False, weight_decay)


@wrong("pytorch-sgd", "List the weights behind each step; those before the first are no part.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    options = momentum, dampening, nesterov, weight_decay
    return [w, *steps(w, gradient, learning_rates, *options)]


@wrong("pytorch-sgd", "Return new weights: w -= … changes the array of the caller.")
def pytorch_sgd(
    w, gradient, learning_rates, *, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):
    found = []
    u = None
    for rate in learning_rates:
        g = gradient(w) + weight_decay * w
        u = g if u is None else momentum * u + (1 - dampening) * g
        w -= rate * (g + momentum * u if nesterov else u)
        found.append(w)
    return found


def converted(memory, scale, turned):
    """Scale a memory, and transpose what is to be turned."""
    return {k: scale * (a.T if turned(a) else a) for k, a in memory.items()}


def two_axes(array):
    """Decide whether an array belongs to a linear layer."""
    return array.ndim == 2


@wrong("pytorch-buffer", "A buffer has the layout of its parameter: transpose those of two axes.")
def exchange(memory, next_rate, to):
    scale = -1 / next_rate if to == "pytorch" else -next_rate
    return converted(memory, scale, lambda array: False)


@wrong("pytorch-buffer", "Our velocity points downhill, the buffer uphill: the sign changes.")
def exchange(memory, next_rate, to):
    scale = 1 / next_rate if to == "pytorch" else next_rate
    return converted(memory, scale, two_axes)


@wrong(
    "pytorch-buffer", "Our velocity contains the rate: divide by it when you convert to PyTorch's."
)
def exchange(memory, next_rate, to):
    return converted(memory, -next_rate if to == "pytorch" else -1 / next_rate, two_axes)


@wrong("pytorch-buffer", "To convert back, multiply by the learning rate; do not divide again.")
def exchange(memory, next_rate, to):
    return converted(memory, -1 / next_rate, two_axes)


@wrong("pytorch-buffer", "Filters have four axes and the same order of them on both sides.")
def exchange(memory, next_rate, to):
    scale = -1 / next_rate if to == "pytorch" else -next_rate
    return converted(memory, scale, lambda array: array.ndim > 1)


@wrong("pytorch-buffer", "Only the layout is right: a velocity contains the learning rate.")
def exchange(memory, next_rate, to):
    return converted(memory, 1.0, two_axes)


@wrong("pytorch-buffer", "The sign is right, but the learning rate has been left out.")
def exchange(memory, next_rate, to):
    return converted(memory, -1.0, two_axes)


@wrong("pytorch-buffer", "The names stay as they are: they are not converted here.")
def exchange(memory, next_rate, to):
    scale = -1 / next_rate if to == "pytorch" else -next_rate
    found = converted(memory, scale, two_axes)
    return {name.replace(".w", ".weight").replace(".b", ".bias"): a for name, a in found.items()}


@wrong("pytorch-decay", "The slope of penalty w² is 2 penalty w: without half there is a 2.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    if reduction == "sum":
        return learning_rate * N, penalty / N
    return learning_rate, penalty


@wrong("pytorch-decay", "The slope of penalty/2 w² is penalty w: the half is used up.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = penalty / 2 if half else penalty
    if reduction == "sum":
        return learning_rate * N, decay / N
    return learning_rate, decay


@wrong("pytorch-decay", "The 2 belongs to the penalty without half, not to the one with it.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = 2 * penalty if half else penalty
    if reduction == "sum":
        return learning_rate * N, decay / N
    return learning_rate, decay


@wrong("pytorch-decay", "With the rate N times as large, the decay must be divided by N.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = penalty if half else 2 * penalty
    return (learning_rate * N if reduction == "sum" else learning_rate), decay


@wrong("pytorch-decay", "The gradient of a sum is N times that of the mean: multiply the rate.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = penalty if half else 2 * penalty
    if reduction == "sum":
        return learning_rate / N, decay * N
    return learning_rate, decay


@wrong("pytorch-decay", "A sum of losses is not a mean: both numbers depend on N.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    return learning_rate, penalty if half else 2 * penalty


@wrong("pytorch-decay", "SGD multiplies the decay by the learning rate itself: do not do it.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = penalty if half else 2 * penalty
    if reduction == "sum":
        return learning_rate * N, learning_rate * decay
    return learning_rate, learning_rate * decay


@wrong("pytorch-decay", "First the learning rate, then the weight decay.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = penalty if half else 2 * penalty
    if reduction == "sum":
        return decay / N, learning_rate * N
    return decay, learning_rate


@wrong("pytorch-decay", "With a mean nothing depends on N: the cases are the other way round.")
def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    decay = penalty if half else 2 * penalty
    if reduction == "mean":
        return learning_rate * N, decay / N
    return learning_rate, decay


@wrong("pytorch-eps", "Of the difference of two numbers that are nearly equal no digit is left.")
def eps_outside(s, eps):
    return np.sqrt(s + eps) - np.sqrt(s)


@wrong("pytorch-eps", "√ε is right where s is 0 only.")
def eps_outside(s, eps):
    return np.full(np.shape(s), np.sqrt(eps))


@wrong("pytorch-eps", "The same ε does not do: outside of the root it has the unit of √s.")
def eps_outside(s, eps):
    return np.full(np.shape(s), eps)


@wrong("pytorch-eps", "ε/(2 √(s + ε)) is a limit, for s much larger than ε.")
def eps_outside(s, eps):
    return eps / (2 * np.sqrt(s + eps))


@wrong("pytorch-eps", "The sum of the roots is divided by, once: ε over it, not ε times it.")
def eps_outside(s, eps):
    return eps * (np.sqrt(s + eps) + np.sqrt(s))


@wrong("pytorch-eps", "The root of a sum is not the sum of the roots.")
def eps_outside(s, eps):
    return eps / (np.sqrt(s) + np.sqrt(eps) + np.sqrt(s))


@wrong("pytorch-eps", "Single precision has seven digits, and twelve are asked for.")
def eps_outside(s, eps):
    s = np.float32(s)
    return np.float64(np.float32(eps) / (np.sqrt(s + np.float32(eps)) + np.sqrt(s)))


@wrong("pytorch-eps", "Take the root of s, too: s + e is not √s + e.")
def eps_outside(s, eps):
    return np.sqrt(s + eps) - s


def averages(batches, momentum, convention, *, ddof=None, swapped=False, known=True, start=1.0,
             none=lambda i: 1 / i, axis=(0, 2, 3), power=1.0, first=0.0):  # fmt: skip
    """Average statistics; the options are slips."""
    C = batches[0].shape[1]
    mean, var = np.full(C, first), np.full(C, start)
    pytorch = (convention == "pytorch") != swapped if known else True
    for i, x in enumerate(batches, 1):
        share = none(i) if momentum is None else momentum if pytorch else 1 - momentum
        unbiased = convention == "pytorch" if ddof is None else ddof
        value = x.var(axis=axis, ddof=int(unbiased)) ** power
        mean = (1 - share) * mean + share * x.mean(axis=axis)
        var = (1 - share) * var + share * value
    return mean, var


@wrong("pytorch-norm", "PyTorch's running variance is the unbiased one: ddof=1.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, ddof=0)


@wrong("pytorch-norm", "The variance of CS231n is the biased one: ddof=0.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, ddof=1)


@wrong("pytorch-norm", "Momentum is the share of the new value in PyTorch, of the old in CS231n.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, swapped=True)


@wrong("pytorch-norm", "The conventions differ in the share, too, not in the variance alone.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, known=False)


@wrong("pytorch-norm", "The running variance is 1 at first.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, start=0.0)


@wrong("pytorch-norm", "The running mean is 0 at first.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, first=1.0)


@wrong("pytorch-norm", "Without a momentum every batch counts alike: the share is 1/i.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, none=lambda i: 0.1)


@wrong("pytorch-norm", "In a plain average the first value has no share: the first batch has 1/1.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, none=lambda i: 1 / (i + 1))


@wrong("pytorch-norm", "Statistics are taken over examples and pixels, one number a channel.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    mean, var = averages(batches, momentum, convention, axis=0)
    return mean.mean(axis=(1, 2)), var.mean(axis=(1, 2))


@wrong("pytorch-norm", "The variance is averaged, not the standard deviation.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    return averages(batches, momentum, convention, power=0.5)


@wrong("pytorch-wrong-lines", "Count the lines from 1, not from 0.")
def wrong_lines():
    return [2, 1, 1]


@wrong("pytorch-wrong-lines", "In the first one put u = 1, g = 0: lines 1 and 2 are the same.")
def wrong_lines():
    return [2, 2, 2]


@wrong("pytorch-wrong-lines", "In the second one put w = 1: line 2 has lost the weight.")
def wrong_lines():
    return [3, 3, 2]


@wrong("pytorch-wrong-lines", "In the last one put i = 1: line 1 is the mean of r and x.")
def wrong_lines():
    return [3, 2, 3]


@wrong("pytorch-norm", "The mean comes first, and the variance second.")
def running_statistics(batches, momentum, *, convention="pytorch"):
    mean, var = np.zeros(batches[0].shape[1]), np.ones(batches[0].shape[1])
    pytorch = convention == "pytorch"
    new = momentum if pytorch else 1 - momentum
    for i, x in enumerate(batches, 1):
        share = 1 / i if new is None else new
        mean = mean + share * (x.mean(axis=(0, 2, 3)) - mean)
        var = var + share * (x.var(axis=(0, 2, 3), ddof=int(pytorch)) - var)
    return var, mean
