"""Updates of the weights, in place.

Each twin reads as the chapter's formula, one array operation after another. Its kernel
does the same to one entry at a time, so that every array is read once, not once a line.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel


def sgd_naive(w, g, rate, decay):
    """Step against the gradient:  w ← w - rate · (g + decay w)."""
    w -= rate * (g + decay * w)


@kernel
def sgd(w, g, rate, decay):
    """The same, entry by entry."""
    for i in range(w.size):
        w[i] -= rate * (g[i] + decay * w[i])


def momentum_naive(w, g, v, rate, momentum, decay):
    """Step by a running sum:  v ← momentum v - rate · (g + decay w),   w ← w + v."""
    v *= momentum
    v -= rate * (g + decay * w)
    w += v


@kernel
def momentum(w, g, v, rate, momentum, decay):
    """The same, entry by entry."""
    for i in range(w.size):
        v[i] = momentum * v[i] - rate * (g[i] + decay * w[i])
        w[i] += v[i]


def nesterov_naive(w, g, v, rate, momentum, decay):
    """Momentum, its gradient taken ahead.

    v ← momentum v - rate g,   w ← w + momentum v - rate g
    """
    step = rate * (g + decay * w)
    v *= momentum
    v -= step
    w += momentum * v - step


@kernel
def nesterov(w, g, v, rate, momentum, decay):
    """The same, entry by entry."""
    for i in range(w.size):
        step = rate * (g[i] + decay * w[i])
        v[i] = momentum * v[i] - step
        w[i] += momentum * v[i] - step


def rmsprop_naive(w, g, s, rate, rho, inside, outside, decay):
    """Divide the gradient by the root of a running mean of squares.

    s ← rho s + (1 - rho) g²,   w ← w - rate g / (√(s + inside) + outside)
    """
    g = g + decay * w
    s *= rho
    s += (1 - rho) * g * g
    w -= rate * g / (np.sqrt(s + inside) + outside)


@kernel
def rmsprop(w, g, s, rate, rho, inside, outside, decay):
    """The same, entry by entry."""
    for i in range(w.size):
        slope = g[i] + decay * w[i]
        s[i] = rho * s[i] + (1 - rho) * slope * slope
        w[i] -= rate * slope / (np.sqrt(s[i] + inside) + outside)


def adam_naive(w, g, m, s, rate, beta1, beta2, eps, steps, decay, decoupled):
    """Divide a running mean by a root mean square, both corrected for their start.

    m ← beta1 m + (1 - beta1) g,   s ← beta2 s + (1 - beta2) g²
    w ← w - rate · m/(1 - beta1ᵗ) / (√(s/(1 - beta2ᵗ)) + eps) - rate · decoupled · w
    """
    g = g + decay * w
    m *= beta1
    m += (1 - beta1) * g
    s *= beta2
    s += (1 - beta2) * g * g

    m_hat, s_hat = m / (1 - beta1**steps), s / (1 - beta2**steps)
    w -= rate * (m_hat / (np.sqrt(s_hat) + eps) + decoupled * w)


@kernel
def adam(w, g, m, s, rate, beta1, beta2, eps, steps, decay, decoupled):
    """The same, entry by entry."""
    m_scale, s_scale = 1 / (1 - beta1**steps), 1 / (1 - beta2**steps)
    for i in range(w.size):
        slope = g[i] + decay * w[i]
        m[i] = beta1 * m[i] + (1 - beta1) * slope
        s[i] = beta2 * s[i] + (1 - beta2) * slope * slope
        step = m[i] * m_scale / (np.sqrt(s[i] * s_scale) + eps)
        w[i] -= rate * (step + decoupled * w[i])
