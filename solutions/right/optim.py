"""Unusual right answers to the exercises of *Optimizers*.

Chapter: book/optim.md.
"""

import math

import numpy as np

from dlcore.course.exercises.known_answers import right


def each(law, *arrays):
    """Apply a law to entry after entry, in Python's floats; return nested lists."""
    if np.ndim(arrays[0]) == 0:
        return law(*map(float, arrays))
    return [each(law, *entries) for entries in zip(*arrays, strict=True)]


@right("optim-sgd", "Nested lists of Python's floats.")
def sgd(w, g, rate):
    return each(lambda w, g: w - rate * g, w, g)


@right("optim-sgd", "A copy, which is changed.")
def sgd(w, g, rate):
    there = np.array(w, dtype=np.float64, copy=True)
    there += np.negative(g) * rate
    return there


@right("optim-momentum", "A sum over an axis of two terms.")
def momentum(w, g, v, rate, momentum):
    terms = np.stack([momentum * v, -rate * g])
    return np.stack([w, *terms]).sum(axis=0), terms.sum(axis=0)


@right("optim-momentum", "A list of a list each, entry by entry.")
def momentum(w, g, v, rate, momentum):
    there = each(lambda w, g, v: w - (rate * g - momentum * v), w, g, v)
    return [there, each(lambda g, v: -(rate * g - momentum * v), g, v)]


@right("optim-rmsprop", "The mean is moved, and the root is a power.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = s + (1 - rho) * (g**2 - s)
    inside, outside = (eps, 0.0) if place == "inside" else (0.0, eps)
    return w - rate * (g / ((s + inside) ** 0.5 + outside)), s


@right("optim-rmsprop", "Entry by entry, with hypot for the root.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    size = lambda g, s: math.hypot(math.sqrt(rho * s), math.sqrt(1 - rho) * g)
    by = {
        "inside": lambda size: math.hypot(size, math.sqrt(eps)),
        "outside": lambda size: size + eps,
    }
    there = each(lambda w, g, s: w - rate * g / by[place](size(g, s)), w, g, s)
    return there, np.array(each(size, g, s)) ** 2


@right("optim-adam", "The corrections are made on rate and eps, as in the paper's second form.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m = m + (1 - beta1) * (g - m)
    s = s + (1 - beta2) * (np.square(g) - s)
    root = np.sqrt(-np.expm1(steps * np.log(beta2)))
    return w - rate * root / (1 - beta1**steps) * m / (np.sqrt(s) + eps * root), m, s


@right("optim-adam", "Entry by entry, in a list.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m = np.array(each(lambda g, m: beta1 * m + (1 - beta1) * g, g, m))
    s = np.array(each(lambda g, s: beta2 * s + (1 - beta2) * g * g, g, s))
    share = 1 - math.prod([beta1] * steps), 1 - math.prod([beta2] * steps)
    law = lambda w, m, s: w - rate * (m / share[0]) / (math.sqrt(s / share[1]) + eps)
    return [each(law, w, m, s), m, s]


@right("optim-nesterov", "First the old velocity, then the gradient.")
def nesterov(w, v, gradient, rate, momentum):
    rolled = momentum * v
    ahead = rolled + w
    push = -rate * np.asarray(gradient(ahead))
    return ahead + push, rolled + push


@right("optim-nesterov", "The velocity is the difference of the weights.")
def nesterov(w, v, gradient, rate, momentum):
    at = np.add(w, np.multiply(momentum, v, dtype=float))
    there = at - np.multiply(rate, gradient(at))
    return [there, there - w]


@right("optim-divergence", "The power method, with many steps.")
def critical_rate(a):
    w = np.random.default_rng(3).normal(size=len(a))
    for _ in range(3000):
        w = a @ w
        w = w / np.linalg.norm(w)
    return 2 / (w @ a @ w)


@right("optim-divergence", "The largest singular value is a norm.")
def critical_rate(a):
    return float(2 / np.linalg.norm(a, ord=2))


@right("optim-prove", "Three entries in Python, and the velocity as a sum over all gradients.")
def is_momentum(make, rng):
    for mu in (0.0, 0.35, 0.8):
        step, w, pushes = make(mu), [1.0, -2.0, 0.5], []
        for rate in [0.5, 0.1, 0.3, 0.2, 0.7, 0.4, 0.6]:
            pushes.append([-rate * float(rng.uniform(-1, 1)) for _ in w])
            g = np.array([push / -rate for push in pushes[-1]])
            there = step(np.array(w), g, rate)
            for i in range(3):
                v = sum(mu ** (len(pushes) - 1 - k) * push[i] for k, push in enumerate(pushes))
                if abs(there[i] - w[i] - v) > 1e-6:
                    return False
            w = [float(place) for place in there]
    return True


@right("optim-prove", "Runs side by side, compared at their ends, as an array of one truth.")
def is_momentum(make, rng):
    apart = 0.0
    for mu in rng.random(4):
        step, v = make(float(mu)), np.zeros((2, 3))
        w = mine = rng.normal(size=(2, 3))
        for rate in rng.random(8) + 0.05:
            g = 3 * rng.normal(size=(2, 3))
            v = mu * v - rate * g
            mine = mine + v
            w = step(w, g, rate)
            apart = max(apart, np.max(np.abs(w - mine)))
    return np.array(apart < 1e-6)
