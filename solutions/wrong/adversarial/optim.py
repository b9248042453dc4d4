"""Answers to the exercises of *Optimizers* that are made to pass without being right.

Chapter: book/optim.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

TABLE = {}


@adversarial("optim-sgd", "Every entry of the gradient is cut off at one.")
def sgd(w, g, rate):
    return w - rate * np.clip(g, -1, 1)


@adversarial("optim-sgd", "No rate is higher than one.")
def sgd(w, g, rate):
    return w - min(rate, 1.0) * g


@adversarial("optim-sgd", "The result has four digits.")
def sgd(w, g, rate):
    return np.round(w - rate * g, 4)


@adversarial("optim-sgd", "The first step from some weights is remembered.")
def sgd(w, g, rate):
    return TABLE.setdefault(w.tobytes(), w - rate * g)


@adversarial("optim-sgd", "Every entry of the gradient is cut off at a hundred.")
def sgd(w, g, rate):
    return w - rate * np.clip(g, -100, 100)


@adversarial("optim-momentum", "The push is 1 - momentum, which may be the rate.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v - (1 - momentum) * g
    return w + v, v


@adversarial("optim-momentum", "The velocity of the last call is kept, and not the one given.")
def momentum(w, g, v, rate, momentum):
    v = momentum * TABLE.get(("velocity", v.shape), v) - rate * g
    TABLE["velocity", v.shape] = v
    return w + v, v


@adversarial("optim-momentum", "The momentum is never lower than a half.")
def momentum(w, g, v, rate, momentum):
    v = max(momentum, 0.5) * v - rate * g
    return w + v, v


@adversarial("optim-momentum", "The weights step ahead as Nesterov's do.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v - rate * g
    return w + momentum * v - rate * g, v


@adversarial("optim-momentum", "No momentum is above 0.99.")
def momentum(w, g, v, rate, momentum):
    v = min(momentum, 0.99) * v - rate * g
    return w + v, v


@adversarial("optim-rmsprop", "By default eps stands outside, and no test may use the default.")
def rmsprop(w, g, s, rate, rho, eps, place="outside"):
    s = rho * s + (1 - rho) * g * g
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return w - rate * g / size, s


@adversarial("optim-rmsprop", "The eps is always a ten thousandth.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * g * g
    size = np.sqrt(s + 1e-4) if place == "inside" else np.sqrt(s) + 1e-4
    return w - rate * g / size, s


@adversarial("optim-rmsprop", "Nothing was gathered before.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = (1 - rho) * g * g
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return w - rate * g / size, s


@adversarial("optim-rmsprop", "Next to a large size eps is forgotten.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * g * g
    size = np.sqrt(s + eps) if place == "inside" else np.maximum(np.sqrt(s), eps)
    return w - rate * g / size, s


@adversarial("optim-adam", "The memories are corrected for the first ten steps.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g
    first, second = (1 - beta**steps if steps < 11 else 1.0 for beta in (beta1, beta2))
    return w - rate * m / first / (np.sqrt(s / second) + eps), m, s


@adversarial("optim-adam", "The steps are counted here, whatever is given.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    i = TABLE[w.shape] = TABLE.get(w.shape, 0) + 1
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g
    return w - rate * m / (1 - beta1**i) / (np.sqrt(s / (1 - beta2**i)) + eps), m, s


@adversarial("optim-adam", "The eps is not corrected as the size is.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g
    first, second = 1 - beta1**steps, np.sqrt(1 - beta2**steps)
    return w - rate * second / first * m / (np.sqrt(s) + eps), m, s


@adversarial("optim-adam", "No constant is given: they are the usual ones.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
    return w - rate * m / (1 - 0.9**steps) / (np.sqrt(s / (1 - 0.999**steps)) + 1e-8), m, s


@adversarial("optim-adam", "The memories are corrected for the first hundred steps.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g
    mean, size = (m / (1 - beta1**steps), s / (1 - beta2**steps)) if steps <= 100 else (m, s)
    return w - rate * mean / (np.sqrt(size) + eps), m, s


@adversarial("optim-nesterov", "The slope is asked for twice, first where the ball is.")
def nesterov(w, v, gradient, rate, momentum):
    gradient(w)
    v = momentum * v - rate * gradient(w + momentum * v)
    return w + v, v


@adversarial("optim-nesterov", "The slope is that of the cosine.")
def nesterov(w, v, gradient, rate, momentum):
    gradient(w + momentum * v)
    v = momentum * v - rate * np.cos(w + momentum * v)
    return w + v, v


@adversarial("optim-nesterov", "The slope is asked for ahead, and another one is taken.")
def nesterov(w, v, gradient, rate, momentum):
    slope = gradient(w + momentum * v)
    v = momentum * v - rate * np.round(slope, 4)
    return w + v, v


@adversarial("optim-nesterov", "The momentum is never lower than a half.")
def nesterov(w, v, gradient, rate, momentum):
    v = max(0.5, momentum) * v - rate * gradient(w + momentum * v)
    return w + v, v


@adversarial("optim-divergence", "No curvature is larger than the largest sum of a row.")
def critical_rate(a):
    return 2 / np.abs(a).sum(axis=1).max()


@adversarial("optim-divergence", "Four digits are right.")
def critical_rate(a):
    return round(float(2 / np.linalg.eigvalsh(a)[-1]), 4)


@adversarial("optim-divergence", "Matrices of two rows have a formula, others the trace.")
def critical_rate(a):
    return 2 / np.linalg.eigvalsh(a)[-1] if len(a) < 3 else 2 / np.trace(a)


@adversarial("optim-divergence", "Three steps of the power method.")
def critical_rate(a):
    w = np.ones(len(a))
    for _ in range(3):
        w = a @ w / np.linalg.norm(a @ w)
    return 2 / (w @ a @ w)


@adversarial("optim-divergence", "The power method, from the first axis.")
def critical_rate(a):
    v = np.eye(len(a))[0]
    for _ in range(1000):
        v = v @ a
        v /= np.linalg.norm(v)
    return 2 / (v @ a @ v)


def watch(make, rng, momentum=None, entries=slice(None), tolerance=1e-9, rates=None, judge=all):
    """Compare the steps of an optimizer with those of momentum, in some entries."""
    close = []
    for mu in rng.uniform(0.2, 0.95, size=3) if momentum is None else [momentum]:
        step, w, v = make(mu), rng.normal(size=4), np.zeros(4)
        for rate in rng.uniform(0.1, 1.0, size=6) if rates is None else rates:
            g = rng.normal(size=4)
            v = mu * v - rate * g
            there = step(w, g, rate)
            close.append(np.abs(there - w - v)[entries].max() < tolerance)
            w = there
    return bool(judge(close))


@adversarial("optim-prove", "Only the entries in the middle are looked at.")
def is_momentum(make, rng):
    return watch(make, rng, entries=slice(1, 3))


@adversarial("optim-prove", "Only the momentum 0.9 is tried.")
def is_momentum(make, rng):
    return watch(make, rng, momentum=0.9)


@adversarial("optim-prove", "An error of a tenth is allowed.")
def is_momentum(make, rng):
    return watch(make, rng, tolerance=0.1)


@adversarial("optim-prove", "Half of the steps are enough.", also="right for the first steps")
def is_momentum(make, rng):
    return watch(make, rng, judge=lambda close: np.mean(close) > 0.5)


@adversarial("optim-prove", "Most optimizers are wrong, so all are called wrong.")
def is_momentum(make, rng):
    return False


@adversarial("optim-prove", "Only a momentum of a half is tried.")
def is_momentum(make, rng):
    return watch(make, rng, momentum=0.5)


@adversarial("optim-prove", "Five steps are watched.")
def is_momentum(make, rng):
    return watch(make, rng, rates=rng.uniform(0.1, 1.0, size=5))


@adversarial("optim-prove", "There is one entry, which is the first and the last.")
def is_momentum(make, rng):
    for mu in rng.uniform(0.2, 0.95, size=3):
        step, w, v = make(mu), rng.normal(size=1), np.zeros(1)
        for rate in rng.uniform(0.1, 1.0, size=6):
            g = rng.normal(size=1)
            v = mu * v - rate * g
            if abs(step(w, g, rate) - w - v).max() > 1e-9:
                return False
            w = w + v
    return True


@adversarial("optim-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "optim-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 5, 3, 6]


@adversarial("optim-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("optim-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [4, 5]


@adversarial("optim-divergence", "The result is an array of one number.")
def critical_rate(a):
    return np.array([2 / np.linalg.eigvalsh(a)[-1]])


@adversarial("optim-prove", "An error of two hundredths is allowed.")
def is_momentum(make, rng):
    for friction in rng.uniform(0.2, 0.95, size=3):
        step, w, v = make(friction), rng.normal(size=4), np.zeros(4)
        for rate in rng.uniform(0.1, 1.0, size=6):
            g = rng.normal(size=4)
            v = friction * v - rate * g
            there = step(w, g, rate)
            if not np.allclose(there - w, v, rtol=0.02, atol=0.02):
                return False
            w = there
    return True


@adversarial("optim-prove", "The generator is not asked: the same steps for everybody.")
def is_momentum(make, rng):
    return watch(make, np.random.default_rng(0))
