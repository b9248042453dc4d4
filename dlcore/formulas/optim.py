"""The rules that turn a gradient g into a step, and what each does on a quadratic.

A plus marks the value after the step:  w becomes w⁺.

Chapter: book/optim.md.
"""

import sympy as sp
from sympy import cos, pi, sqrt

from dlcore.formulas.engine.calculus import unfold
from dlcore.formulas.engine.checks import computed, grown, identity, same, solves
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import i

w, g, v, u, m, s, y = sp.symbols("w g v u m s y", real=True)
u_next = sp.Symbol("u_next", real=True)
w_next, g_next, v_next, m_next, s_next = sp.symbols("w_next g_next v_next m_next s_next", real=True)
m_hat, s_hat = sp.symbols("m_hat s_hat", real=True)
rate, decay, mu, rho = sp.symbols("rate decay momentum rho", real=True)
eps, curvature = sp.symbols("eps curvature", real=True)
beta1, beta2 = sp.symbols("beta1 beta2", real=True)
progress, warmup, start, last = sp.symbols("progress warmup start last", real=True)
factor, epoch = sp.symbols("factor epoch", real=True)
half = sp.Rational(1, 2)
weight, velocity, average = map(sp.IndexedBase, "wvm")


@formula(computed("verification.programs.optim.with_weight_decay"))
def weight_decay():
    """Weight decay adds to the gradient that of an L2 penalty; biases are left alone."""
    return sp.Eq(g_next, g + decay * w)


@formula(computed("kernels.optim.sgd_naive", decay=0))
def sgd():
    """Gradient descent steps against the gradient."""
    return sp.Eq(w_next, w - rate * g)


@formula(
    grown(
        lambda page: unfold(sgd, sp.Eq(g, curvature * w), sp.Eq(w, page.rhs)),
        weight[0],
        w=[sp.Integer(1)],
    )
)
def sgd_on_a_quadratic():
    """On ½ κ w², every step multiplies by one factor; it must lie in (-1, 1)."""
    return sp.Eq(weight[i], (1 - rate * curvature) ** i * weight[0])


@formula(computed("kernels.optim.momentum_naive", decay=0))
def momentum_velocity():
    """A velocity remembers the gradients, the older the fainter."""
    return sp.Eq(v_next, mu * v - rate * g)


@formula(computed("kernels.optim.momentum_naive", momentum_velocity, decay=0))
def momentum():
    """The weight moves by the velocity."""
    return sp.Eq(w_next, w + v_next)


@formula(grown(lambda page: unfold(momentum_velocity, sp.Eq(v, page.rhs)), 0))
def momentum_under_a_constant_gradient():
    """Under a constant gradient, from v = 0, the velocity is a geometric series."""
    return sp.Eq(velocity[i], -rate * g * (1 - mu**i) / (1 - mu))


@formula(solves(lambda page: (momentum_velocity.rhs - v).subs(v, page.rhs)))
def momentum_limit():
    """In the end it moves 1/(1 - μ) times as far per step as plain descent."""
    return sp.Eq(v, -rate * g / (1 - mu))


@formula(computed("kernels.optim.nesterov_naive", momentum_velocity, decay=0))
def nesterov():
    """Nesterov's rule moves as momentum will move in the next step, if the gradient stays."""
    return sp.Eq(w_next, w + mu * v_next - rate * g)


@formula(solves(lambda page: (page.rhs * -rate).subs(u, -v / rate) - momentum_velocity.rhs))
def momentum_buffer():
    """In PyTorch the gradients are summed as they are, without the learning rate."""
    return sp.Eq(u_next, mu * u + g)


@formula(same(unfold(momentum, momentum_velocity, sp.Eq(v, -rate * u)), momentum_buffer))
def momentum_by_buffer():
    """There the present learning rate multiplies all of them, also those of the past."""
    return sp.Eq(w_next, w - rate * u_next)


@formula(computed("kernels.optim.rmsprop_naive", inside="eps", outside=0, decay=0))
def rmsprop_size():
    """A running mean of squares remembers how large the gradients are."""
    return sp.Eq(s_next, rho * s + (1 - rho) * g**2)


@formula(computed("kernels.optim.rmsprop_naive", rmsprop_size, inside="eps", outside=0, decay=0))
def rmsprop_inside():
    """RMSProp divides by the root of that size; ε, here inside, keeps it from zero."""
    return sp.Eq(w_next, w - rate * g / sqrt(s_next + eps))


@formula(computed("kernels.optim.rmsprop_naive", rmsprop_size, inside=0, outside="eps", decay=0))
def rmsprop_outside():
    """With ε outside the root, a weight with small gradients may move much faster."""
    return sp.Eq(w_next, w - rate * g / (sqrt(s_next) + eps))


@formula(identity())
def rmsprop_places():
    """The two steps agree where s is large; where s vanishes, the first is √ε of the second."""
    inside, outside = rate * g / sqrt(s + eps), rate * g / (sqrt(s) + eps)
    return sp.Eq(inside, (sqrt(s) + eps) / sqrt(s + eps) * outside)


@formula(computed("kernels.optim.rmsprop_naive", s=0, inside=0, outside=0, decay=0))
def rmsprop_first():
    """Without ε the first step has the same length for every gradient but zero."""
    return sp.Eq(w_next, w - rate / sqrt(1 - rho) * (g / sp.Abs(g)))


@formula(computed("kernels.optim.adam_naive", decay=0, decoupled=0, steps=1, eps=0.1))
def adam_mean():
    """Adam keeps a running mean of the gradients."""
    return sp.Eq(m_next, beta1 * m + (1 - beta1) * g)


@formula(computed("kernels.optim.adam_naive", decay=0, decoupled=0, steps=1, eps=0.1))
def adam_size():
    """It keeps one of their squares, too."""
    return sp.Eq(s_next, beta2 * s + (1 - beta2) * g**2)


@formula(solves(lambda page: page.rhs.subs(m_next, adam_mean_under_a_constant_gradient.rhs) - g))
def adam_mean_unbiased():
    """Both begin at zero; after i steps the mean is divided by the weight it has gathered."""
    return sp.Eq(m_hat, m_next / (1 - beta1**i))


@formula(
    solves(lambda page: page.rhs - adam_mean_unbiased.rhs.subs({m_next: s_next, beta1: beta2}))
)
def adam_size_unbiased():
    """The size is divided by the weight it has gathered itself."""
    return sp.Eq(s_hat, s_next / (1 - beta2**i))


@formula(
    computed(
        "kernels.optim.adam_naive",
        adam_mean_unbiased,
        adam_size_unbiased,
        adam_mean,
        adam_size,
        steps="i",
        decay=0,
        decoupled=0,
    )
)
def adam():
    """The step is the mean over the root of the size."""
    return sp.Eq(w_next, w - rate * m_hat / (sqrt(s_hat) + eps))


@formula(
    computed(
        "kernels.optim.adam_naive",
        adam_mean_unbiased,
        adam_size_unbiased,
        adam_mean,
        adam_size,
        steps="i",
        decay=0,
        decoupled="decay",
    )
)
def adamw():
    """In AdamW the term of weight decay stands beside the quotient, not in it."""
    return sp.Eq(w_next, w - rate * (m_hat / (sqrt(s_hat) + eps) + decay * w))


@formula(grown(lambda page: unfold(adam_mean, sp.Eq(m, page.rhs)), 0))
def adam_mean_under_a_constant_gradient():
    """After i equal gradients the running mean is still smaller than they are."""
    return sp.Eq(average[i], (1 - beta1**i) * g)


@formula(solves(lambda page: unfold(page, adam_mean_under_a_constant_gradient).rhs - g))
def adam_mean_is_unbiased():
    """The correction is exact for a constant gradient."""
    return sp.Eq(g, average[i] / (1 - beta1**i))


@formula(
    computed(
        "kernels.optim.adam_naive", m=0, s=0, steps=1, decay=0, decoupled=0, beta1=0.9, beta2=0.99
    )
)
def adam_first():
    """The first step has the length of the rate, whatever the gradient, but for ε."""
    return sp.Eq(w_next, w - rate * g / (sp.Abs(g) + eps))


@formula(computed("verification.programs.optim.exponential"))
def exponential():
    """The rate is multiplied by γ after every epoch."""
    return sp.Eq(y, factor**epoch)


@formula(computed("verification.programs.optim.cosine"))
def cosine():
    """The factor falls from one to r along half a wave, as p runs from zero to one."""
    return sp.Eq(y, last + (1 - last) / 2 * (1 + cos(pi * progress)))


@formula(computed("verification.programs.optim.one_cycle"))
def one_cycle():
    """The rate rises in a line from a, until p is q, then falls to zero along half a wave."""
    rise = start + (1 - start) * progress / warmup
    glide = half * (1 + cos(pi * (progress - warmup) / (1 - warmup)))
    return sp.Eq(y, sp.Piecewise((rise, progress < warmup), (glide, True)))
