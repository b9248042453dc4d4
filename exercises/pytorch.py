# Cut from solutions/pytorch.py by `dlcore exercises`: write your answers here. [a39872ed6335]
"""Exercises of the chapter *PyTorch*: names, steps, decay, ε, running statistics.

PyTorch need not be installed. Arrays are floats, of 8 bytes or of 4; results may
have either. No function changes the arrays that it is given.

Chapter: book/pytorch.md.
"""

import numpy as np


def exchange(memory, next_rate, to):
    """Exercise pytorch-buffer.  Convert velocities to buffers, or back.

    `memory` maps names to arrays, shaped as the parameters are on the side
    where they are from. With to="pytorch" they are our velocities v, and the
    result are buffers u; with to="here" it is the other way round. The next
    step has the learning rate `next_rate`, and shall be the same on both sides:
    v ← momentum v - η g,  w ← w + v  here, and
    u ← momentum u + g,  w ← w - η u  there. Parameters of two axes belong to
    linear layers, whose axes PyTorch has the other way round. The names stay.

    >>> exchange({"b": np.array([-1.0, 2.0])}, 0.5, "pytorch")["b"].tolist()
    [2.0, -4.0]
    """
    # TODO: which u gives momentum v in the next step?
    raise NotImplementedError("which u gives momentum v in the next step?")


def eps_outside(s, eps):
    """Exercise pytorch-eps.  Find what outside replaces an ε inside a root.

    For each mean square s ≥ 0 return e with  √s + e = √(s + eps),  to twelve
    digits of e, also where s is much larger than eps, which is above 0.

    >>> float(eps_outside(np.array(0.0), 0.25))
    0.5
    """
    # TODO: which digits are left in √(s + eps) - √s?
    raise NotImplementedError("which digits are left in √(s + eps) - √s?")


def sgd_options(learning_rate, penalty, N, *, reduction="mean", half=True):
    """Exercise pytorch-decay.  Fold a penalty into the options of SGD.

    A program takes steps of gradient descent on batches of N examples. Its
    objective is the mean of their losses, or with reduction="sum" the sum, plus
    penalty/2 Σ w²,  or without `half` penalty Σ w².  PyTorch's program has the
    mean loss and no penalty. Return the pair of its learning rate and its
    weight decay that take the same steps. A weight decay δ adds δ w to the
    gradient.

    >>> sgd_options(0.5, 0.25, 10)
    (0.5, 0.25)
    """
    # TODO: what is the gradient of the objective?
    raise NotImplementedError("what is the gradient of the objective?")


def pytorch_sgd(
    w, gradient, learning_rates, *,
    momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0,
):  # fmt: skip
    """Exercise pytorch-sgd.  Take steps of PyTorch's SGD; list the weights.

    ``gradient(w)`` returns the gradient at the weights w, an array; it is
    called once a step. There is one step for each of the `learning_rates`.

    weight_decay · w is added to the gradient g first. The buffer u is g in the
    first step, and momentum u + (1 - dampening) g  in those that follow. The
    step is  w ← w - η u,  and with `nesterov`  w ← w - η (g + momentum u).

    >>> pytorch_sgd(1.0, lambda w: 1.0, [0.5, 0.5], momentum=0.5)
    [0.5, -0.25]
    """
    # TODO: how does the first step know that it is the first?
    raise NotImplementedError("how does the first step know that it is the first?")


def running_statistics(batches, momentum, *, convention="pytorch"):
    """Exercise pytorch-norm.  Average means and variances as a norm does.

    Return two arrays (C,): the running mean, 0 at first, and the running
    variance, 1 at first. Each batch has axes (N, C, H, W); statistics are taken
    over all but C.

    With convention="pytorch" `momentum` is the share of the new value, and the
    variance is the unbiased one; a momentum of None takes the plain average
    over all batches so far. With convention="cs231n" `momentum` is the share of
    the old value, and the variance the biased one.

    >>> mean, var = running_statistics([np.array([[[[1.0, 3.0]]]])], 0.5)
    >>> float(mean[0]), float(var[0])
    (1.0, 1.5)
    """
    # TODO: what is the share of the new value?
    raise NotImplementedError("what is the share of the new value?")


def state_dict(arrays):
    """Exercise pytorch-state-dict.  Rename our arrays, in PyTorch's layouts.

    `arrays` maps our names to arrays. A name is the path of a layer, a dot, and
    one of w, b, gamma, beta, mean, var; the path of a model that is a single
    layer is empty, and so is the dot. Behind the path PyTorch says weight for w
    and gamma, bias for b and beta, running_mean and running_var. The w of a
    linear layer has two axes, and PyTorch has them the other way round; filters
    have four, and stay. For each layer with a mean there is a
    num_batches_tracked besides, an array of shape () that holds 0 in int64.

    >>> {name: w.shape for name, w in state_dict({"a.w": np.ones((3, 2))}).items()}
    {'a.weight': (2, 3)}
    """
    # TODO: only what stands behind the last dot is replaced
    raise NotImplementedError("only what stands behind the last dot is replaced")


def wrong_lines():
    """Exercise pytorch-wrong-lines.  Return which line does not follow in each.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in numbers, no two alike
    raise NotImplementedError("put in numbers, no two alike")
