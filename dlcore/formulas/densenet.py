"""Dense blocks, as sympy sees them: channels, parameters, memory, shared normalised maps.

On this page i counts the layers of a block that reads C maps, and k is the growth rate. The
numbers of one map over all images and pixels are x_n, and M layers read the map.

Chapter: book/densenet.md.
"""

import sympy as sp

from dlcore.formulas import norm
from dlcore.formulas.engine import symbols
from dlcore.formulas.engine.checks import computed, cotangent, grown
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import C, D, d, delta, i, k, m, n, total

x, y, z, x_bar, y_bar, z_bar = map(sp.IndexedBase, ["x", "y", "z", "x_bar", "y_bar", "z_bar"])
g, x_hat, x_hat_bar = map(sp.IndexedBase, ["g", "x_hat", "x_hat_bar"])
gamma, beta, means, maps, sizes_of = map(sp.IndexedBase, ["gamma", "beta", "mean", "C", "A"])
growth = sp.Symbol("growth", integer=True, positive=True)
count = sp.Symbol("count", integer=True, positive=True)
sigma = sp.Symbol("std", positive=True)
other = sp.Symbol("n'", integer=True)

# Where formulas are held against programs: sizes that differ, and fit.
ROWS = {"N": 2, "D": 3, "M": 4, "K": 7}
SETS = {"N": 4, "M": 3}
BLOCK = {"C": 5, "growth": 3, "i": 4}
NET = {"growth": 4, "i": 3}
BOTTLENECKS = {"growth": 4, "i": 2}
FEW = sp.Integer(5)  # maps where a sequence is held against its rule


@formula(computed("verification.programs.densenet.concatenation", sizes=ROWS))
def concatenation():
    """The maps of one array, and behind them those of the other."""
    return sp.Eq(z[n, k], total(delta(k, d) * x[n, d], d) + total(delta(k, D + m) * y[n, m], m))


@formula(computed("verification.programs.densenet.first_part", sizes=ROWS))
def first_back():
    """The first array receives the first part of the gradient."""
    return sp.Eq(x_bar[n, d], total(delta(k, d) * z_bar[n, k], k))


@formula(
    cotangent(concatenation, "y", sizes=ROWS),
    computed("verification.programs.densenet.second_part", sizes=ROWS),
)
def second_back():
    """The second array receives the rest."""
    return sp.Eq(y_bar[n, m], total(delta(k, D + m) * z_bar[n, k], k))


@derivation(concatenation)
def mean_of_concatenation():
    """The means of a concatenation are the means of its parts, one behind the other."""
    yield norm.average(z[n, k])
    first, second = total(delta(k, d) * x[n, d], d), total(delta(k, D + m) * y[n, m], m)
    yield "=", norm.average(first) + norm.average(second), "a sum of two"
    own = total(delta(k, d) * norm.average(x[n, d]), d)
    others = total(delta(k, D + m) * norm.average(y[n, m]), m)
    yield "=", own + others, "a mean is taken map by map"


@formula(
    grown(lambda page: sp.Eq(maps[i + 1], page.rhs + growth), C, C=FEW),
    computed("verification.programs.densenet.channels", sizes=BLOCK),
)
def channels():
    """Every layer adds as many maps."""
    return sp.Eq(maps[i], C + i * growth)


@formula(computed("verification.programs.densenet.layer_parameters", sizes=BLOCK))
def layer_parameters():
    """A scale and a shift for each map that is read, and k filters of 3 × 3."""
    return sp.Eq(count, (9 * growth + 2) * C)


@formula(
    grown(
        lambda page: sp.Eq(sizes_of[i + 1], page.rhs + (9 * growth + 2) * (C + i * growth)),
        0,
        C=FEW,
    ),
    computed("verification.programs.densenet.block_parameters", sizes=BLOCK),
)
def block_parameters():
    """A block of i layers."""
    return sp.Eq(sizes_of[i], (9 * growth + 2) * (i * C + growth * (i * (i - 1) / 2)))


@derivation()
def one_more_layer():
    """The parameters of a block with one layer more."""
    each = 9 * growth + 2
    yield each * (i * C + growth * (i * (i - 1) / 2)) + each * (C + i * growth)
    yield "=", each * (i * C + growth * (i * (i - 1) / 2) + C + i * growth), "one factor"
    yield "=", each * ((i + 1) * C + growth * (i * (i - 1) / 2 + i)), "sorted"
    yield "=", each * ((i + 1) * C + growth * ((i + 1) * i / 2)), "and the bracket"


@formula(computed("verification.programs.densenet.transition_parameters", sizes=BLOCK))
def transition_parameters():
    """A norm, and a convolution of 1 × 1 to as many maps."""
    return sp.Eq(count, C**2 + 2 * C)


@formula(computed("verification.programs.densenet.net_parameters", sizes=NET))
def net_parameters():
    """Three blocks of i layers, for images of three channels and ten classes."""
    blocks = (9 * growth + 2) * (48 * i + 3 * growth * (i * (3 * i - 1) / 2))
    return sp.Eq(count, blocks + 5 * (i * growth) ** 2 + 138 * (i * growth) + 1210)


@derivation()
def three_blocks():
    """The parameters of three blocks, each of which reads what the one before has made."""
    pairs = growth * (i * (i - 1) / 2)
    read = 16 + (16 + i * growth) + (16 + 2 * (i * growth))
    yield (9 * growth + 2) * (i * read + 3 * pairs)
    yield "=", (9 * growth + 2) * (48 * i + 3 * (i**2 * growth) + 3 * pairs), "three numbers"
    whole = 48 * i + 3 * growth * (i * (3 * i - 1) / 2)
    yield "=", (9 * growth + 2) * whole, "$2 i^2 + i (i - 1)$ is $i (3 i - 1)$"


@derivation()
def around_the_blocks():
    """First convolution, two transitions, the norm and the linear layer at the end."""
    first, second, last = (16 + s * (i * growth) for s in (1, 2, 3))
    squares = first**2 + second**2
    yield 27 * 16 + squares + 2 * (first + second) + 12 * last + 10
    yield "=", 432 + squares + 2 * (32 + 3 * (i * growth)) + 12 * last + 10, "the norms"
    yield "=", squares + 42 * (i * growth) + 698, "sorted"
    yield "=", 5 * (i * growth) ** 2 + 138 * (i * growth) + 1210, "and the squares"


@formula(
    grown(
        lambda page: sp.Eq(
            sizes_of[i + 1],
            page.rhs + (4 * growth + 2) * (C + i * growth) + 36 * growth**2 + 8 * growth,
        ),
        0,
        C=FEW,
    ),
    computed("verification.programs.densenet.bottleneck_parameters", sizes=BLOCK),
)
def bottleneck_parameters():
    """With bottlenecks only filters of 1 × 1 grow with what is read."""
    narrow = i * (36 * growth**2 + 8 * growth)
    wide = (4 * growth + 2) * (i * C + growth * (i * (i - 1) / 2))
    return sp.Eq(sizes_of[i], wide + narrow)


@formula(computed("verification.programs.densenet.compressed_parameters", sizes=BOTTLENECKS))
def compressed_parameters():
    """Three blocks of i bottlenecks, half of the maps kept by transitions; i k divisible by 4."""
    read = i * (sp.Rational(7, 2) * growth + sp.Rational(5, 4) * (i * growth))
    pairs = 3 * growth * (i * (i - 1) / 2)
    first, second = 2 * growth + i * growth, growth + sp.Rational(3, 2) * (i * growth)
    last = growth / 2 + sp.Rational(7, 4) * (i * growth)
    transitions = (first**2 + second**2) / 2 + 2 * (first + second)
    blocks = (4 * growth + 2) * (read + pairs) + 3 * i * (36 * growth**2 + 8 * growth)
    return sp.Eq(count, blocks + transitions + 54 * growth + 12 * last + 10)


@formula(
    grown(
        lambda page: sp.Eq(sizes_of[i + 1], page.rhs + 2 * (C + i * growth) + 2 * growth), 0, C=FEW
    ),
    computed("verification.programs.densenet.copied", sizes=BLOCK),
)
def copied():
    """Where every layer has a concatenation and normalised maps of its own."""
    return sp.Eq(sizes_of[i], 2 * i * C + growth * (i * (i + 1)))


@formula(computed("verification.programs.densenet.shared", sizes=BLOCK))
def shared():
    """In one buffer every map is kept once."""
    return sp.Eq(count, C + i * growth)


@formula(computed("verification.programs.densenet.consumed", norm.normalized, *norm.FORWARD[1:],
                  sizes=SETS))  # fmt: skip
def consumed():
    """A layer reads a map through a scale and a shift of its own, and a ReLU."""
    return sp.Eq(z[n, m], sp.Max(0, gamma[m] * x_hat[n] + beta[m]))


@formula(cotangent(consumed, "x_hat", inner=(), sizes=SETS))
def hat_back():
    """The normalised map receives from all layers that read it."""
    passed = symbols.Indicator(gamma[m] * x_hat[n] + beta[m] > 0)
    return sp.Eq(x_hat_bar[n], total(gamma[m] * passed * z_bar[n, m], m))


@formula(
    computed("verification.programs.densenet.consumed_vjp", hat_back, *norm.FORWARD, sizes=SETS)
)
def one_projection():
    """The mean and the part along the normalised map are taken off once, from the sum."""
    return sp.Eq(x_bar[n], 1 / sigma * norm.without_mean_and_hats(x_hat_bar))


@derivation()
def projections_add_up():
    """What M norms send back, each by itself, and what one norm sends back for all of them."""
    seen = lambda at: g[at, m]
    along = norm.average(seen(other) * x_hat[other], other)
    each = seen(n) - norm.average(seen(other), other) - x_hat[n] * along
    yield total(1 / sigma * each, m)
    summed = lambda at: total(g[at, m], m)
    mean = total(norm.average(seen(other), other), m)
    yield "=", 1 / sigma * (summed(n) - mean - x_hat[n] * total(along, m)), "three sums"
    mean = norm.average(summed(other), other)
    along = norm.average(summed(other) * x_hat[other], other)
    yield "=", 1 / sigma * (summed(n) - mean - x_hat[n] * along), "sums change places"
