"""The rules that turn a gradient g into a step, and what each does on simple ground.

A plus marks the value after the step:  w becomes w⁺.

Chapter: book/optim.md.
"""

import sympy as sp
from sympy import cos, pi, sqrt

from dlcore.formulas.letters import i
from dlcore.formulas.registry import formula

w, g, v, u, m, s, y = sp.symbols("w g v u m s y", real=True)
u_next = sp.Symbol("u_next", real=True)
w_next, g_next, v_next, m_next, s_next = sp.symbols("w_next g_next v_next m_next s_next", real=True)
m_hat, s_hat = sp.symbols("m_hat s_hat", real=True)
rate, decay, mu, rho = sp.symbols("rate decay momentum rho", real=True)
eps, curvature = sp.symbols("eps curvature", real=True)
beta1, beta2 = sp.symbols("beta1 beta2", real=True)
progress, warmup, last, factor, epoch = sp.symbols("progress warmup last factor epoch", real=True)
half = sp.Rational(1, 2)
weight, velocity, average = map(sp.IndexedBase, "wvm")


@formula
def weight_decay():
    """Weight decay adds to the gradient a pull towards zero; biases are left alone."""
    return sp.Eq(g_next, g + decay * w)


@formula
def sgd():
    """Gradient descent steps against the gradient."""
    return sp.Eq(w_next, w - rate * g)


@formula
def sgd_on_a_quadratic():
    """On ½ κ w², every step shrinks the weight by one factor; it must lie in (-1, 1)."""
    return sp.Eq(weight[i], (1 - rate * curvature) ** i * weight[0])


@formula
def momentum_velocity():
    """A velocity remembers the gradients, the older the fainter."""
    return sp.Eq(v_next, mu * v - rate * g)


@formula
def momentum():
    """The weight moves by the velocity."""
    return sp.Eq(w_next, w + v_next)


@formula
def momentum_under_a_constant_gradient():
    """Pushed i times by one gradient, from rest, the ball gains speed, ever less of it."""
    return sp.Eq(velocity[i], -rate * g * (1 - mu**i) / (1 - mu))


@formula
def momentum_limit():
    """In the end it moves 1/(1 - μ) times as far per step as plain descent."""
    return sp.Eq(v, -rate * g / (1 - mu))


@formula
def nesterov():
    """Nesterov's rule moves as momentum will move in the next step, if the gradient stays."""
    return sp.Eq(w_next, w + mu * v_next - rate * g)


@formula
def momentum_buffer():
    """Elsewhere the gradients are gathered as they are, without the rate."""
    return sp.Eq(u_next, mu * u + g)


@formula
def momentum_by_buffer():
    """There the rate of today is applied to all of them, also to those of yesterday."""
    return sp.Eq(w_next, w - rate * u_next)


@formula
def rmsprop_size():
    """A running mean of squares remembers how large the gradients are."""
    return sp.Eq(s_next, rho * s + (1 - rho) * g**2)


@formula
def rmsprop_inside():
    """RMSProp divides by the root of that size; ε, here inside, keeps it from zero."""
    return sp.Eq(w_next, w - rate * g / sqrt(s_next + eps))


@formula
def rmsprop_outside():
    """With ε outside the root, a weight whose gradients vanish may move much faster."""
    return sp.Eq(w_next, w - rate * g / (sqrt(s_next) + eps))


@formula
def rmsprop_places():
    """The two steps agree where s is large; where s vanishes, the first is √ε of the second."""
    inside, outside = rate * g / sqrt(s + eps), rate * g / (sqrt(s) + eps)
    return sp.Eq(inside, (sqrt(s) + eps) / sqrt(s + eps) * outside)


@formula
def rmsprop_first():
    """Without ε the first step has the same length for every weight, however steep."""
    return sp.Eq(w_next, w - rate / sqrt(1 - rho) * (g / sp.Abs(g)))


@formula
def adam_mean():
    """Adam keeps a running mean of the gradients."""
    return sp.Eq(m_next, beta1 * m + (1 - beta1) * g)


@formula
def adam_size():
    """It keeps one of their squares, too."""
    return sp.Eq(s_next, beta2 * s + (1 - beta2) * g**2)


@formula
def adam_mean_unbiased():
    """Both begin at zero; after i steps the mean is divided by the weight it has gathered."""
    return sp.Eq(m_hat, m_next / (1 - beta1**i))


@formula
def adam_size_unbiased():
    """The size is divided by the weight it has gathered itself."""
    return sp.Eq(s_hat, s_next / (1 - beta2**i))


@formula
def adam():
    """The step is the mean over the root of the size."""
    return sp.Eq(w_next, w - rate * m_hat / (sqrt(s_hat) + eps))


@formula
def adamw():
    """In AdamW the pull of weight decay stands beside the quotient, not in it."""
    return sp.Eq(w_next, w - rate * (m_hat / (sqrt(s_hat) + eps) + decay * w))


@formula
def adam_mean_under_a_constant_gradient():
    """Shown the same gradient i times, the running mean still falls short of it."""
    return sp.Eq(average[i], (1 - beta1**i) * g)


@formula
def adam_mean_is_unbiased():
    """The division makes up for exactly what is missing."""
    return sp.Eq(g, average[i] / (1 - beta1**i))


@formula
def adam_first():
    """The first step has the length of the rate, whatever the gradient, but for ε."""
    return sp.Eq(w_next, w - rate * g / (sp.Abs(g) + eps))


@formula
def exponential():
    """The rate is multiplied by γ after every epoch."""
    return sp.Eq(y, factor**epoch)


@formula
def cosine():
    """The rate glides from one down to r along half a wave, as p runs from zero to one."""
    return sp.Eq(y, last + (1 - last) / 2 * (1 + cos(pi * progress)))


@formula
def one_cycle():
    """The rate rises in a straight line until p is q, then glides to zero along half a wave."""
    glide = half * (1 + cos(pi * (progress - warmup) / (1 - warmup)))
    return sp.Eq(y, sp.Piecewise((progress / warmup, progress < warmup), (glide, True)))
