"""Statistics that are kept: running averages, the pooling of batches, folding.

A share α of a running average is replaced by every batch, and ρ = 1 - α is kept.

Chapter: book/norm.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas import norm
from dlcore.formulas.engine.checks import computed
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import K, N, c, f, j, k, n, p, q, total, u, v
from dlcore.formulas.engine.vectors import T, steps
from dlcore.formulas.engine.vectors import t as step
from dlcore.formulas.norm import average, gamma, mu, other, var, x_bar, x_hat, y_bar

x, w, b, r, w_next, b_next = map(sp.IndexedBase, ["x", "w", "b", "r", "w_next", "b_next"])
means, variances, gammas, betas = map(sp.IndexedBase, ["mean", "var", "gamma", "beta"])
g, w_bar = sp.IndexedBase("g"), sp.IndexedBase("w_bar")
old, value, r_next, overall, share = sp.symbols("r x r_next m s", real=True)
eps, alpha, rho = sp.symbols("eps alpha rho", positive=True)

# Where formulas are held against programs: sizes that differ.
FILTERS = {"F": 3, "C": 2, "U": 2, "V": 4}
SHARDS = {"K": 2, "N": 3}


@formula(computed("verification.programs.norm.running_mean"))
def running():
    """A running average moves towards what is new by a share of the distance."""
    return sp.Eq(r_next, (1 - alpha) * old + alpha * value)


@formula(computed("verification.programs.norm.running_variance", norm.mean))
def running_variance():
    """The running variance takes the unbiased variance of the batch."""
    unbiased = N / (N - 1) * average((x[n] - mu) ** 2)
    return sp.Eq(r_next, (1 - alpha) * old + alpha * unbiased)


@formula(computed("verification.programs.norm.running_kept"))
def running_kept():
    """The other convention names the share that is kept."""
    return sp.Eq(r_next, rho * old + (1 - rho) * value)


@formula
def recursion():
    """The same rule, step after step."""
    return sp.Eq(r[step + 1], rho * r[step] + (1 - rho) * x[step + 1])


@derivation(recursion)
def running_closed():
    """What a running average remembers of every batch."""
    yield r[T]
    remembered = steps((1 - rho) * rho ** (T - step) * x[step])
    yield "=", rho**T * r[0] + remembered, "by induction"


@derivation()
def noise_left():
    """The squares of the shares that the last T batches have, the last one first."""
    yield steps(((1 - rho) * rho ** (step - 1)) ** 2)
    fall = rho ** (2 * step - 2) - rho ** (2 * step)
    yield "=", (1 - rho) / (1 + rho) * steps(fall), "$1 - \\rho^2$ above and below"
    yield "=", (1 - rho) / (1 + rho) * (1 - rho ** (2 * T)), "the sum telescopes"


@formula
def half_step():
    """A smaller share."""
    return sp.Eq(share, 1 - sqrt(1 - alpha))


@derivation(half_step)
def updated_twice():
    """Two updates with one batch, each with the smaller share."""
    yield (1 - share) * ((1 - share) * old + share * value) + share * value
    yield "=", (1 - share) ** 2 * old + (1 - (1 - share) ** 2) * value, "multiplied out"
    yield "=", (1 - alpha) * old + alpha * value, "the smaller share"


@derivation(norm.mean)
def pairs():
    """The variance is half of the mean square of all differences."""
    yield average((x[n] - mu) ** 2)
    yield "=", average(x[n] ** 2) - mu**2, "multiplied out"
    square = total((x[n] - x[other]) ** 2, n, other)
    yield "=", 1 / (2 * N**2) * square, "every pair, twice"


@formula
def group_mean():
    """The mean of batch k."""
    return sp.Eq(means[k], 1 / N * total(x[k, n], n))


@formula
def group_variance():
    """The variance of batch k."""
    return sp.Eq(variances[k], 1 / N * total((x[k, n] - means[k]) ** 2, n))


@formula
def overall_mean():
    """The mean of all batches."""
    return sp.Eq(overall, 1 / K * total(means[k], k))


@derivation(group_variance, group_mean, overall_mean)
def pooled():
    """The variance of all numbers of K batches."""
    yield 1 / (K * N) * total((x[k, n] - overall) ** 2, n, k)
    between = 1 / K * total((means[k] - overall) ** 2, k)
    yield "=", 1 / K * total(variances[k], k) + between, "$x_{k,n} - \\mu_k$ adds up to 0"


@formula
def shard_gradient():
    """The gradient of a shard with respect to one weight is the mean over its examples."""
    return sp.Eq(w_bar[k], 1 / N * total(g[k, n], n))


@derivation(shard_gradient)
def sharded():
    """The mean of the gradients of K shards of one size is the gradient of the batch."""
    yield 1 / K * total(w_bar[k], k)
    yield "=", 1 / K * total(1 / N * total(g[k, n], n), k), "the mean of a shard"
    yield "=", 1 / (K * N) * total(g[k, n], n, k), "all have the same size"


@formula
def pooled_variance():
    """The variance of all numbers, from what each process knows of its own."""
    between = 1 / K * total((means[k] - overall) ** 2, k)
    return sp.Eq(var, 1 / K * total(variances[k], k) + between)


SHARED = (pooled_variance, overall_mean, group_variance, group_mean)


@formula(computed("verification.programs.norm.synchronised", *SHARED, sizes=SHARDS))
def synchronised():
    """Numbers of every process, in units of the deviation of all of them."""
    return sp.Eq(x_hat[k, n], (x[k, n] - overall) / sqrt(var + eps))


@formula(
    computed("verification.programs.norm.synchronised_vjp", synchronised, *SHARED, sizes=SHARDS)
)
def synchronised_back():
    """Two more means of all processes take off what a gradient has in common with 1 and x̂."""
    level = 1 / K * total(1 / N * total(y_bar[j, other], other), j)
    along = 1 / K * total(1 / N * total(y_bar[j, other] * x_hat[j, other], other), j)
    left = y_bar[k, n] - level - x_hat[k, n] * along
    return sp.Eq(x_bar[k, n], gamma / sqrt(var + eps) * left)


@formula(computed("verification.programs.norm.folded_weights", sizes=FILTERS))
def folded_w():
    """Scale and deviation go into the filters."""
    return sp.Eq(w_next[f, c, u, v], gammas[f] / sqrt(variances[f] + eps) * w[f, c, u, v])


@formula(computed("verification.programs.norm.folded_bias", sizes=FILTERS))
def folded_b():
    """What is left goes into the biases."""
    factor = gammas[f] / sqrt(variances[f] + eps)
    return sp.Eq(b_next[f], betas[f] + factor * (b[f] - means[f]))


@derivation(folded_w, folded_b)
def folding():
    """A convolution and a normalisation by fixed statistics are one convolution."""
    seen = x[n, c, p + u, q + v]
    factor = gammas[f] / sqrt(variances[f] + eps)
    yield factor * (total(w[f, c, u, v] * seen, c, u, v) + b[f] - means[f]) + betas[f]
    taken = total(factor * w[f, c, u, v] * seen, c, u, v)
    yield "=", taken + (betas[f] + factor * (b[f] - means[f])), "multiplied out"
    yield "=", total(w_next[f, c, u, v] * seen, c, u, v) + b_next[f], "other filters, other biases"
