"""Steps that have one name here and in PyTorch, as sympy sees them.

A velocity here is v, the buffer there is u; a plus marks what stands after the step, and η⁺ is the
learning rate of the next step.

Chapter: book/pytorch.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas.engine.checks import computed, grown, identity, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import N, i

w, w_next, g, v, u, u_next, s = sp.symbols("w w_next g v u u_next s", real=True)
rate, rate_next = sp.symbols("rate rate_next", positive=True)
mu, dampening, alpha = sp.symbols("momentum dampening alpha", real=True)
decay, eps, curvature = sp.symbols("decay eps curvature", positive=True)
b, m, r, x, decay_next = sp.symbols("b m r x decay_next", real=True)
buffers, gaps, running = map(sp.IndexedBase, ["u", "e", "r"])

STEPS = {"i": 4}
FIRST = {"m": 0, "s": 0, "steps": 1, "beta1": 0.8, "beta2": 0.95}  # the first step of Adam


@formula(computed("verification.programs.pytorch.buffer"))
def buffer():
    """The buffer takes a share of the gradient, which dampening makes smaller."""
    return sp.Eq(u_next, mu * u + (1 - dampening) * g)


@formula(computed("verification.programs.pytorch.buffer_step", buffer))
def buffer_step():
    """The learning rate multiplies the buffer, after the gradients have been added up."""
    return sp.Eq(w_next, w - rate * u_next)


@derivation()
def constant_rate():
    """The velocity after a step, if it was -η u before, at the same learning rate."""
    yield mu * (-rate * u) - rate * g
    yield "=", -rate * (mu * u + g), "the rate is a common factor"


@derivation()
def after_a_change():
    """The weight here minus the weight there, after the first step at another rate."""
    here = w + (mu * (-rate * u) - rate_next * g)
    there = w - rate_next * (mu * u + g)
    yield here - there
    yield "=", rate_next * (mu * u) - rate * (mu * u), "$w$ and the gradient cancel"
    yield "=", mu * (rate_next - rate) * u, "a common factor"


@formula(
    grown(lambda page: sp.Eq(gaps[i + 1], page.rhs + mu ** (i + 1) * (rate_next - rate) * u), 0),
    computed("verification.programs.pytorch.gap", sizes=STEPS),
)
def gap():
    """After i steps at the next rate the weights are apart by a geometric sum."""
    return sp.Eq(gaps[i], mu * (1 - mu**i) / (1 - mu) * ((rate_next - rate) * u))


@formula(solves(lambda page: rate * u - rate_next * page.rhs))
def rescaled():
    """The buffer is multiplied by the old rate over the next one, and nothing parts."""
    return sp.Eq(u_next, rate / rate_next * u)


@formula(
    grown(lambda page: sp.Eq(buffers[i + 1], mu * page.rhs + (1 - dampening) * g), {1: g}),
    computed("verification.programs.pytorch.dampened", sizes=STEPS),
)
def dampened():
    """The first gradient enters as a whole; under a constant one its surplus fades."""
    share = (1 - dampening) / (1 - mu)
    return sp.Eq(buffers[i], (share + (1 - share) * mu ** (i - 1)) * g)


@formula(identity())
def eps_outside():
    """What must be added outside of a root to equal an ε inside depends on the mean square."""
    return sp.Eq(sqrt(s**2 + eps), s + eps / (sqrt(s**2 + eps) + s))


@formula(computed("kernels.optim.adam_naive", decoupled=0, **FIRST))
def adam_first():
    """The first step of Adam with the decay in the gradient: both are divided by their size."""
    return sp.Eq(w_next, w - rate * (g + decay * w) / (sp.Abs(g + decay * w) + eps))


@formula(computed("kernels.optim.adam_naive", decay=0, decoupled="decay", **FIRST))
def adamw_first():
    """The first step of AdamW: the decay stands beside the quotient."""
    return sp.Eq(w_next, w - rate * (g / (sp.Abs(g) + eps) + decay * w))


@derivation()
def sum_or_mean():
    """A step on the sum of N losses, with a decay, written as a step on their mean."""
    yield w - rate * (N * g + decay * w)
    yield "=", w - rate * N * g - rate * decay * w, "the bracket is opened"
    yield "=", w - rate * N * (g + decay / N * w), "the rate times $N$ is a common factor"


@formula(solves(lambda page: curvature * (page.rhs - m) + decay * page.rhs))
def decayed_bias():
    """A bias whose loss is least at m ends nearer to zero, if it decays."""
    return sp.Eq(b, curvature / (curvature + decay) * m)


@formula(
    grown(
        lambda page: sp.Eq(running[i + 1], (1 - alpha) * page.rhs + alpha * m),
        running[0],
        r=[sp.Integer(2)],
    )
)
def forgotten():
    """After i batches with the mean m, of the first value a power is left."""
    return sp.Eq(running[i], (1 - alpha) ** i * running[0] + (1 - (1 - alpha) ** i) * m)


@derivation()
def average_of_all():
    """The mean of i values is r; with one more value x it is another."""
    yield (i * r + x) / (i + 1)
    yield "=", ((i + 1) * r + x - r) / (i + 1), "add $r$, and take it off"
    yield "=", r + (x - r) / (i + 1), "so the share of the new value is $1/(i+1)$"
