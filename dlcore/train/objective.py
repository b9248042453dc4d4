"""What training minimises: a loss and a penalty on the weights, and their gradients.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.autodiff.reverse import vjp
from dlcore.nn.layer import filled, named_weights, parameter_slots


def loss_and_grads(model, loss_fn, x, t, rng=None, *, l2=0.0):
    """Return the loss of a batch, and its gradient with respect to each parameter by name.

        L = loss_fn(model(x, rng), t) + l2/2 Σ w²   over the weights, not the biases

    The tape frees each array as soon as it has been used; x itself receives no gradient.

    >>> from dlcore import nn, ops
    >>> model = nn.Linear(3, 2, rng=np.random.default_rng(0), std=0.0)
    >>> loss_and_grads(model, ops.cross_entropy, np.ones((1, 3)), np.array([0]))[1]["b"]
    array([-0.5,  0.5])
    """
    slots = parameter_slots(model)

    def loss_of(*values):
        with filled(slots, values):
            return loss_fn(model(x, rng), t)

    loss, pullback = vjp(loss_of, *(slot.value for slot in slots), release=True)
    bars = pullback(1.0)
    grads = {slot.path: bar for slot, bar in zip(slots, bars, strict=True)}
    if l2:
        loss = loss + penalize(named_weights(model), l2, grads)
    return float(loss), grads


def penalize(weights, l2, grads):
    """Return l2/2 Σ w², and put the gradient of the sum, g + l2 · w, into `grads`.

    >>> grads = {"w": np.array([1.0, 0.0])}
    >>> penalize({"w": np.array([3.0, 4.0])}, 0.5, grads), grads["w"].tolist()
    (6.25, [2.5, 2.0])
    """
    for name, w in weights.items():
        total = l2 * w
        total += grads[name]
        grads[name] = total
    return l2 / 2 * sum(float(np.vdot(w, w)) for w in weights.values())
