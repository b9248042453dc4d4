"""Optimizers on a quadratic ½ κ w²: what their steps come to.

κ is the curvature, κ₁ that of a direction which is no steeper. Points w_t have velocities v_t.

Chapter: book/optim.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas import optim
from dlcore.formulas.engine.certificates import slack
from dlcore.formulas.engine.checks import computed, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import i
from dlcore.formulas.engine.vectors import T, steps, t
from dlcore.formulas.optim import beta1, eps, g, rho

w, v = map(sp.IndexedBase, "wv")
rate, curvature, curvature1 = sp.symbols("rate curvature curvature1", positive=True)
mu = optim.mu
size = sp.Symbol("s", nonnegative=True)
room = sp.Symbol("eps", positive=True)
# The letters of a single step, in a walk of many.
here = {optim.w: w[t], optim.v: v[t], optim.v_next: v[t + 1], g: curvature * w[t], optim.rate: rate}


@formula(computed("verification.programs.optim.slope"))
def slope():
    """The gradient of a parabola is proportional to the weight."""
    return sp.Eq(g, optim.curvature * optim.w)


@derivation(optim.sgd, slope)
def one_factor():
    """A step of descent on a parabola."""
    yield optim.w_next
    yield "=", optim.w - optim.rate * g, "the step"
    yield "=", optim.w - optim.rate * optim.curvature * optim.w, "the gradient"
    yield "=", (1 - optim.rate * optim.curvature) * optim.w, "$w$ taken out"


@formula
def flatter():
    """Some other direction is no steeper."""
    return sp.Le(curvature1, curvature)


@derivation(flatter)
def largest_rate():
    """A learning rate at which one direction does not grow suits every flatter one."""
    yield sp.Le((1 - rate * curvature) ** 2, 1)
    yield "<=>", sp.Le(rate**2 * curvature**2, 2 * rate * curvature), "multiplied out"
    yield "<=>", sp.Le(rate * curvature, 2), "$\\eta\\kappa$ is positive"
    yield "=>", sp.Le(rate * curvature1, 2), "$\\kappa_1 \\le \\kappa$", rate * slack(flatter)
    yield "<=>", sp.Le((1 - rate * curvature1) ** 2, 1), "as above"


@derivation()
def geometric():
    """A sum of powers, times what makes its terms cancel."""
    yield steps(mu ** (t - 1))
    yield "=", steps(mu ** (t - 1) - mu**t) / (1 - mu), "$1 - \\mu$ above and below"
    yield "=", (1 - mu**T) / (1 - mu), "the sum telescopes"


@formula(solves(lambda page: optim.momentum_velocity.rhs.subs(here) - page.rhs))
def push():
    """The gradient of a parabola changes the velocity."""
    return sp.Eq(v[t + 1], mu * v[t] - rate * curvature * w[t])


@formula(solves(lambda page: optim.momentum.rhs.subs(here) - page.rhs))
def move():
    """The velocity moves the weight."""
    return sp.Eq(w[t + 1], w[t] + v[t + 1])


@derivation(push, move)
def two_steps():
    """The velocity is the last step, so that a recursion of the weights alone is left."""
    pushed = rate * curvature * w[t + 1]
    yield w[t + 2]
    yield "=", w[t + 1] + v[t + 2], "the next weight"
    yield "=", w[t + 1] + mu * v[t + 1] - pushed, "the next velocity"
    yield "=", w[t + 1] + mu * (w[t + 1] - w[t]) - pushed, "the last step was $v_{t+1}$"
    yield "=", (1 + mu - rate * curvature) * w[t + 1] - mu * w[t], "sorted"


@formula
def no_mean():
    """The mean begins at zero."""
    return sp.Eq(optim.m, 0)


@formula
def no_size():
    """So does the size."""
    return sp.Eq(optim.s, 0)


@derivation(optim.rmsprop_size, no_size)
def first_of_rmsprop():
    """The first step of RMSProp, without ε."""
    yield optim.rate * g / sqrt(optim.s_next)
    yield "=", optim.rate * g / sqrt((1 - rho) * g**2), "the memory begins at zero"
    yield "=", optim.rate / sqrt(1 - rho) * (g / sp.Abs(g)), "the root of a square"


@formula
def first():
    """The first step has the number one."""
    return sp.Eq(i, 1)


@derivation(optim.adam_mean, optim.adam_mean_unbiased, no_mean, first)
def first_mean():
    """The mean of a single gradient."""
    yield optim.m_hat
    yield "=", optim.m_next / (1 - beta1), "$i = 1$"
    yield "=", (1 - beta1) * g / (1 - beta1), "the memory begins at zero"
    yield "=", g, "the weight cancels"


@derivation(
    optim.adam_mean_unbiased,
    optim.adam_size_unbiased,
    optim.adam_mean,
    optim.adam_size,
    no_mean,
    no_size,
    first,
)
def first_of_adam():
    """The first step of Adam: mean and size are those of one gradient."""
    yield optim.rate * optim.m_hat / (sqrt(optim.s_hat) + eps)
    yield "=", optim.rate * g / (sqrt(optim.s_hat) + eps), "the mean is $g$"
    yield "=", optim.rate * g / (sqrt(g**2) + eps), "the size is $g^2$"
    yield "=", optim.rate * g / (sp.Abs(g) + eps), "the root of a square"


@derivation()
def longer():
    """Where the step with ε outside of the root is the shorter one."""
    yield sp.Ge((sqrt(size) + room) ** 2, size + room)
    yield "<=>", sp.Ge(2 * room * sqrt(size) + room**2, room), "multiplied out"
    yield "<=>", sp.Ge(2 * sqrt(size) + room, 1), "$\\varepsilon$ is positive"
