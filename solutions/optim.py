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
    # BEGIN SOLUTION
    # HINT: the gradient points uphill; which way is down?
    # HINT: `w -= …` would change the array of the caller; an expression makes a fresh one
    # HINT: w - rate * g
    return w - rate * g
    # END SOLUTION


def critical_rate(a):
    """Exercise optim-divergence.  Find the learning rate above which descent diverges.

    The function is  ½ w a wᵀ,  with a symmetric positive definite matrix a (D, D); its
    gradient is w a. Below that rate, descent converges from everywhere. Return a number with
    five digits or more.

    >>> round(critical_rate(np.array([[4.0, 0.0], [0.0, 1.0]])), 12)
    0.5
    """
    # BEGIN SOLUTION
    # HINT: in one dimension the factor 1 - rate · curvature must stay above -1
    # HINT: in D dimensions, along which directions is w a parallel to w?
    # HINT: np.linalg.eigvalsh(a) lists the eigenvalues of a symmetric matrix, largest last
    return 2 / float(np.linalg.eigvalsh(a)[-1])
    # END SOLUTION


def momentum(w, g, v, rate, momentum):
    """Exercise optim-momentum.  Step by a running sum of gradients; return (w, v).

        v ← momentum v - rate g        w ← w + v

    >>> w, v = momentum(np.array([3.0]), np.array([2.0]), np.array([4.0]), 0.5, 0.25)
    >>> w, v
    (array([3.]), array([0.]))
    """
    # BEGIN SOLUTION
    # HINT: what is left of the old velocity, and what does the gradient add to it?
    # HINT: does the weight change by the old velocity, or by the next one?
    # HINT: v = momentum * v - rate * g, then w + v
    v = momentum * v - rate * g
    return w + v, v
    # END SOLUTION


def nesterov(w, v, gradient, rate, momentum):
    """Exercise optim-nesterov.  Take the gradient ahead, then step; return (w, v).

        v ← momentum v - rate · gradient(w + momentum v)        w ← w + v

    ``gradient`` is a function of an array like w, and is called once.
    """
    # BEGIN SOLUTION
    # HINT: where would w be after this step if the gradient were zero?
    # HINT: gradient takes an array like w, and returns the gradient there
    # HINT: v = momentum * v - rate * gradient(w + momentum * v)
    v = momentum * v - rate * gradient(w + momentum * v)
    return w + v, v
    # END SOLUTION


def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    """Exercise optim-rmsprop.  Divide by a root mean square; return (w, s) after the step.

        s ← rho s + (1 - rho) g²
        w ← w - rate g / √(s + eps)        when place is "inside"
        w ← w - rate g / (√s + eps)        when place is "outside"

    >>> rmsprop(np.array([1.0]), np.array([2.0]), np.array([0.0]), 0.5, 0.75, 0.0)
    (array([0.]), array([1.]))
    """
    # BEGIN SOLUTION
    # HINT: which s stands under the root: the one before the gradient is counted, or after?
    # HINT: g * g squares every entry; how much does it weigh, so that the weights sum to one?
    # HINT: size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    s = rho * s + (1 - rho) * g * g
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return w - rate * g / size, s
    # END SOLUTION


def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    """Exercise optim-adam.  Divide a mean by a root mean square; return (w, m, s).

        m ← beta1 m + (1 - beta1) g        s ← beta2 s + (1 - beta2) g²
        m̂ = m / (1 - beta1ⁱ)               ŝ = s / (1 - beta2ⁱ)
        w ← w - rate m̂ / (√ŝ + eps)

    Here i is `steps`, which counts this step, too: it is 1 at the first.
    """
    # BEGIN SOLUTION
    # HINT: both memories are running means; of what?
    # HINT: the corrected m̂ and ŝ serve this step only: the memory goes on without them
    # HINT: m_hat, s_hat = m / (1 - beta1**steps), s / (1 - beta2**steps)
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g * g
    m_hat, s_hat = m / (1 - beta1**steps), s / (1 - beta2**steps)
    return w - rate * m_hat / (np.sqrt(s_hat) + eps), m, s
    # END SOLUTION


def is_momentum(make, rng):
    """Exercise optim-prove.  Judge whether an optimizer is momentum, by watching it.

    ``make(momentum)`` returns a fresh optimizer, a function ``step(w, g, rate)`` that
    remembers what it needs and returns the next weights. Return True if every step is

        v ← momentum v - rate g        w ← w + v        from v = 0

    up to rounding, else False. What is wrong shows within six steps, by one part in a hundred or
    more, but not under all circumstances: some are wrong only when the rate changes, some in the
    first or the last entry, and some are right for one value of the momentum. Draw from `rng`.
    """
    # BEGIN SOLUTION
    # HINT: what must not stay constant, if no mistake is to hide: rate, g, momentum?
    # HINT: keep a velocity of your own beside the optimizer, and compare after every step
    # HINT: np.allclose, not ==: a right optimizer may add up in another order
    for mu in rng.uniform(0.2, 0.95, size=3):
        step, w, v = make(mu), rng.normal(size=4), np.zeros(4)
        for rate in rng.uniform(0.1, 1.0, size=6):
            g = rng.normal(size=4)
            v = mu * v - rate * g
            there = step(w, g, rate)
            if not np.allclose(there, w + v, rtol=1e-9, atol=1e-9):
                return False
            w = there
    return True
    # END SOLUTION


def wrong_lines():
    """Exercise optim-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: put in numbers: rate 1, curvature 1, and for the velocity 1/2
    # HINT: one inequality is turned, one letter is dropped, one power has become another
    # HINT: what has the unit of a gradient, and what that of its root?
    return [4, 5, 3]
    # END SOLUTION
