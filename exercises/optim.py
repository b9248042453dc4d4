# Cut from solutions/optim.py by `dlcore exercises`: write your answers here. [09c944b935d2]
"""Exercises of the chapter *Optimizers*: from a gradient to the next weights.

Weights w, gradients g and memories v, m, s have one shape, which may be any; what is returned has
it, too. Floats may have 4 bytes instead of 8; results may then have either. A function returns what
comes after the step, does not change the arrays that it is given, and remembers nothing.

Chapter: book/optim.md.
"""

import numpy as np


def sgd(w, g, rate):
    """Exercise optim-sgd.  Step against the gradient:  w ← w - rate g.

    >>> sgd(np.array([3.0, 5.0]), np.array([1.0, -1.0]), 2.0)
    array([1., 7.])
    """
    # TODO: the gradient points uphill; which way is down?
    raise NotImplementedError("the gradient points uphill; which way is down?")


def critical_rate(a):
    """Exercise optim-divergence.  Find the learning rate above which descent diverges.

    The function is  ½ w a wᵀ,  with a symmetric positive definite matrix a (D, D); its
    gradient is w a. Below that rate, descent converges from everywhere. Return a number with
    five digits or more.

    >>> round(critical_rate(np.array([[4.0, 0.0], [0.0, 1.0]])), 12)
    0.5
    """
    # TODO: in one dimension the factor 1 - rate · curvature must stay above -1
    raise NotImplementedError("in one dimension the factor 1 - rate · curvature must stay above -1")


def momentum(w, g, v, rate, momentum):
    """Exercise optim-momentum.  Step by a running sum of gradients; return (w, v).

        v ← momentum v - rate g        w ← w + v

    >>> w, v = momentum(np.array([3.0]), np.array([2.0]), np.array([4.0]), 0.5, 0.25)
    >>> w, v
    (array([3.]), array([0.]))
    """
    # TODO: what is left of the old velocity, and what does the gradient add to it?
    raise NotImplementedError(
        "what is left of the old velocity, and what does the gradient add to it?"
    )


def nesterov(w, v, gradient, rate, momentum):
    """Exercise optim-nesterov.  Take the gradient ahead, then step; return (w, v).

        v ← momentum v - rate · gradient(w + momentum v)        w ← w + v

    ``gradient`` is a function of an array like w, and is called once.
    """
    # TODO: where would w be after this step if the gradient were zero?
    raise NotImplementedError("where would w be after this step if the gradient were zero?")


def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    """Exercise optim-rmsprop.  Divide by a root mean square; return (w, s) after the step.

        s ← rho s + (1 - rho) g²
        w ← w - rate g / √(s + eps)        when place is "inside"
        w ← w - rate g / (√s + eps)        when place is "outside"

    >>> rmsprop(np.array([1.0]), np.array([2.0]), np.array([0.0]), 0.5, 0.75, 0.0)
    (array([0.]), array([1.]))
    """
    # TODO: which s stands under the root: the one before the gradient is counted, or after?
    raise NotImplementedError(
        "which s stands under the root: the one before the gradient is counted, or after?"
    )


def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    """Exercise optim-adam.  Divide a mean by a root mean square; return (w, m, s).

        m ← beta1 m + (1 - beta1) g        s ← beta2 s + (1 - beta2) g²
        m̂ = m / (1 - beta1ⁱ)               ŝ = s / (1 - beta2ⁱ)
        w ← w - rate m̂ / (√ŝ + eps)

    Here i is `steps`, which counts this step, too: it is 1 at the first.
    """
    # TODO: both memories are running means; of what?
    raise NotImplementedError("both memories are running means; of what?")


def is_momentum(make, rng):
    """Exercise optim-prove.  Judge whether an optimizer is momentum, by watching it.

    ``make(momentum)`` returns a fresh optimizer, a function ``step(w, g, rate)`` that
    remembers what it needs and returns the next weights. Return True if every step is

        v ← momentum v - rate g        w ← w + v        from v = 0

    up to rounding, else False. What is wrong shows within six steps, by one part in a hundred or
    more, but not under all circumstances: some are wrong only when the rate changes, some in the
    first or the last entry, and some are right for one value of the momentum. Draw from `rng`.
    """
    # TODO: what must not stay constant, if no mistake is to hide: rate, g, momentum?
    raise NotImplementedError(
        "what must not stay constant, if no mistake is to hide: rate, g, momentum?"
    )


def wrong_lines():
    """Exercise optim-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in numbers: rate 1, curvature 1, and for the velocity 1/2
    raise NotImplementedError("put in numbers: rate 1, curvature 1, and for the velocity 1/2")
