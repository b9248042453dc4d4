"""PyTorch's rules in NumPy, by the letters of the page.

Chapter: book/pytorch.md.
"""

import numpy as np

from dlcore.train.optim import Momentum


def buffer(u, g, momentum, dampening):
    """The buffer of PyTorch's SGD behind any step but the first."""
    return momentum * u + (1 - dampening) * g


def buffer_step(w, u, g, rate, momentum, dampening):
    """The weight behind that step."""
    return w - rate * buffer(u, g, momentum, dampening)


def pytorch_sgd(w, gradient, rates, *, momentum=0.0, dampening=0.0, nesterov=False):
    """List the weights behind every step of PyTorch's SGD; its first buffer is the gradient."""
    found = []
    u = None
    for rate in rates:
        g = gradient(w)
        u = g if u is None else buffer(u, g, momentum, dampening)
        w = w - rate * (g + momentum * u if nesterov else u)
        found.append(w)
    return found


def gap(u, rate, rate_next, momentum, i):
    """Our weight minus PyTorch's, i steps behind a change of the rate; gradients are the same."""
    optimizer = Momentum(float(rate_next), momentum=float(momentum))
    here = {"w": np.zeros(1)}
    optimizer.memory["w"] = {"v": np.array([-rate * u], dtype=float)}
    there = 0.0
    for step in range(i):
        g = np.cos(step)
        optimizer.step(here, {"w": np.array([g])})
        u = buffer(u, g, momentum, 0.0)
        there -= rate_next * u
    return here["w"][0] - there


def dampened(g, momentum, dampening, i):
    """The buffer behind i steps under a constant gradient, read off the last step."""
    options = {"momentum": momentum, "dampening": dampening}
    weights = [0.0, *pytorch_sgd(0.0, lambda w: g, [1.0] * i, **options)]
    return weights[-2] - weights[-1]
