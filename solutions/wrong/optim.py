"""Plausible wrong answers to the exercises of *Optimizers*, each with a word of advice.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("optim-sgd", "The step goes uphill: subtract the gradient, do not add it.")
def sgd(w, g, rate):
    return w + rate * g


@wrong("optim-sgd", "You changed w in place: w - rate * g makes a new array.")
def sgd(w, g, rate):
    w -= rate * g
    return w


@wrong("optim-sgd", "The rate is forgotten.")
def sgd(w, g, rate):
    return w - g


@wrong("optim-sgd", "You return the step, and not the new weights.")
def sgd(w, g, rate):
    return -rate * g


@wrong("optim-momentum", "The step goes uphill: subtract rate · g from the velocity.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v + rate * g
    return w + v, v


@wrong("optim-momentum", "Here v is the step itself: subtract rate · g from it, then add it to w.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v + rate * g
    return w - v, v


@wrong("optim-momentum", "The weights change by the new velocity, not by the old one.")
def momentum(w, g, v, rate, momentum):
    return w + v, momentum * v - rate * g


@wrong("optim-momentum", "No mean is taken here: subtract rate · g, without 1 - momentum.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v - (1 - momentum) * rate * g
    return w + v, v


@wrong("optim-momentum", "The rate multiplies the gradient, not the velocity as a whole.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v - g
    return w + rate * v, v


@wrong("optim-momentum", "The weights come first and the velocity second.")
def momentum(w, g, v, rate, momentum):
    v = momentum * v - rate * g
    return v, w + v


@wrong("optim-rmsprop", "The state s is a mean of squares: g has to be squared.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * np.abs(g)
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return w - rate * g / size, s


@wrong("optim-rmsprop", "The latest square has the weight 1 - rho, so that all weights sum to one.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + g * g
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return w - rate * g / size, s


@wrong("optim-rmsprop", "Under the root stands the new s, which includes this gradient.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return w - rate * g / size, rho * s + (1 - rho) * g * g


@wrong("optim-rmsprop", "Your eps always stands inside the root: look at `place`.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * g * g
    return w - rate * g / np.sqrt(s + eps), s


@wrong("optim-rmsprop", "Your eps always stands outside the root: look at `place`.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * g * g
    return w - rate * g / (np.sqrt(s) + eps), s


@wrong("optim-rmsprop", "The root is missing: divide by a size, not by its square.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * g * g
    return w - rate * g / (s + eps), s


def means(g, m, s, beta1, beta2):
    """Count the gradient in both memories."""
    return beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g


@wrong("optim-adam", "The means start at zero, and nothing corrects that: divide by 1 - betaⁱ.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = means(g, m, s, beta1, beta2)
    return w - rate * m / (np.sqrt(s) + eps), m, s


@wrong("optim-adam", "The corrected m̂ and ŝ serve one step: return m and s as the state.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = means(g, m, s, beta1, beta2)
    m = m / (1 - beta1**steps)
    s = s / (1 - beta2**steps)
    return w - rate * m / (np.sqrt(s) + eps), m, s


@wrong("optim-adam", "Here eps stands outside the root: √ŝ + eps.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = means(g, m, s, beta1, beta2)
    m_hat = m / (1 - beta1**steps)
    s_hat = s / (1 - beta2**steps)
    return w - rate * m_hat / np.sqrt(s_hat + eps), m, s


@wrong("optim-adam", "The count includes this step already: there is nothing to add to it.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = means(g, m, s, beta1, beta2)
    m_hat = m / (1 - beta1 ** (steps + 1))
    s_hat = s / (1 - beta2 ** (steps + 1))
    return w - rate * m_hat / (np.sqrt(s_hat) + eps), m, s


@wrong("optim-adam", "The correction is 1 - betaⁱ with a power: your factor never changes.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m, s = means(g, m, s, beta1, beta2)
    return w - rate * (m / (1 - beta1)) / (np.sqrt(s / (1 - beta2)) + eps), m, s


@wrong("optim-adam", "The state s is a mean of squares: g has to be squared.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * np.abs(g)
    m_hat = m / (1 - beta1**steps)
    s_hat = s / (1 - beta2**steps)
    return w - rate * m_hat / (np.sqrt(s_hat) + eps), m, s


@wrong("optim-nesterov", "The gradient is taken at w: take it ahead, at w + momentum v.")
def nesterov(w, v, gradient, rate, momentum):
    v = momentum * v - rate * gradient(w)
    return w + v, v


@wrong("optim-nesterov", "You look too far ahead: take the gradient at w + momentum v.")
def nesterov(w, v, gradient, rate, momentum):
    v = momentum * v - rate * gradient(w + v)
    return w + v, v


@wrong(
    "optim-nesterov", "The weights move twice: the step starts from w, not from the point ahead."
)
def nesterov(w, v, gradient, rate, momentum):
    ahead = w + momentum * v
    v = momentum * v - rate * gradient(ahead)
    return ahead + v, v


@wrong("optim-nesterov", "This is the chapter's program, which keeps w + momentum v as w.")
def nesterov(w, v, gradient, rate, momentum):
    g = gradient(w)
    v = momentum * v - rate * g
    return w + momentum * v - rate * g, v


@wrong(
    "optim-divergence", "At 1/curvature one step reaches the minimum: the limit is twice that rate."
)
def critical_rate(a):
    return 1 / np.linalg.eigvalsh(a)[-1]


@wrong("optim-divergence", "The steepest direction diverges first: take the largest curvature.")
def critical_rate(a):
    return 2 / np.linalg.eigvalsh(a)[0]


@wrong(
    "optim-divergence",
    "The diagonal holds the curvatures only if the matrix is diagonal: use eigenvalues.",
)
def critical_rate(a):
    return 2 / np.diag(a).max()


@wrong("optim-divergence", "This norm combines all curvatures: the largest one alone decides.")
def critical_rate(a):
    return 2 / np.linalg.norm(a)


@wrong(
    "optim-divergence",
    "A vector of ones may have no component in the steepest direction: start at random.",
)
def critical_rate(a):
    v = np.ones(len(a))
    for _ in range(1000):
        v = v @ a
        v /= np.linalg.norm(v)
    return 2 / (v @ a @ v)


def judged(make, rng, momenta=3, rates=None, steps=6, g=None, tolerance=1e-9):
    """Keep a velocity of one's own beside the optimizer, and compare after every step."""
    for mu in rng.uniform(0.2, 0.95, size=momenta):
        step = make(mu)
        w = rng.normal(size=4)
        v = np.zeros(4)
        for rate in rates or rng.uniform(0.1, 1.0, size=steps):
            slope = rng.normal(size=4) if g is None else g
            v = mu * v - rate * slope
            there = step(w, slope, rate)
            if np.abs(there - (w + v)).max() > tolerance:
                return False
            w = there
    return True


@wrong("optim-prove", "Your rate never changes, and some optimizers are wrong only when it does.")
def is_momentum(make, rng):
    return judged(make, rng, rates=[0.3] * 6)


@wrong("optim-prove", "Some optimizers are right for the first steps: watch more of them.")
def is_momentum(make, rng):
    return judged(make, rng, steps=4)


@wrong(
    "optim-prove", "The first step starts from a state of zeros, which hides errors: take several."
)
def is_momentum(make, rng):
    return judged(make, rng, steps=1)


@wrong("optim-prove", "A right optimizer may add up in another order: np.allclose, not ==.")
def is_momentum(make, rng):
    return judged(make, rng, tolerance=0.0)


@wrong("optim-prove", "Gradients of one equal their signs: draw gradients of all sizes.")
def is_momentum(make, rng):
    return judged(make, rng, g=np.ones(4))


@wrong("optim-prove", "Gradients that are all alike hide that entries are exchanged or joined.")
def is_momentum(make, rng):
    return judged(make, rng, g=np.full(4, rng.normal()))


def named(advice, *numbers):
    @wrong("optim-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 3, 4, 2)
named("You name the lines after the slips, as far as there are any.", 5, 5, 4)
named("In the first derivation the line before the arrow is right: look behind it.", 3, 5, 3)
named("In the second derivation the last move is right: look at what is sorted.", 4, 4, 3)
named("In the third derivation the mean is rightly g: look under the root after it.", 4, 5, 2)


@wrong("optim-rmsprop", "The weights come first and the state second.")
def rmsprop(w, g, s, rate, rho, eps, place="inside"):
    s = rho * s + (1 - rho) * g * g
    size = np.sqrt(s + eps) if place == "inside" else np.sqrt(s) + eps
    return s, w - rate * g / size


@wrong("optim-adam", "First the weights, then m, then s.")
def adam(w, g, m, s, rate, beta1, beta2, eps, steps):
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g * g
    m_hat, s_hat = m / (1 - beta1**steps), s / (1 - beta2**steps)
    return w - rate * m_hat / (np.sqrt(s_hat) + eps), s, m
