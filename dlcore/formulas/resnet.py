"""Residual blocks, as sympy sees them: gradients, paths, sizes, shortcuts, counts.

One example has D features here; L counts blocks in a row, and n the blocks of one width.

Chapter: book/resnet.md.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, cotangent, grown, identity, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import (
    C,
    F,
    Indicator,
    c,
    d,
    delta,
    f,
    h,
    i,
    j,
    k,
    m,
    n,
    p,
    total,
)

x, y, z, w1, w2, x_bar, y_bar = map(sp.IndexedBase, ["x", "y", "f", "w1", "w2", "x_bar", "y_bar"])
before, behind = map(sp.IndexedBase, ["h", "a"])  # the ReLU of a branch
jacobian1, jacobian2, first, joint, sizes = map(sp.IndexedBase, ["A", "B", "mean", "e", "q"])
x_hat, x_hat_bar = map(sp.IndexedBase, ["x_hat", "x_hat_bar"])
gamma, beta, gamma_bar, beta_bar = sp.symbols("gamma beta gamma_bar beta_bar", real=True)
a, b, g, entry, branch_entry = sp.symbols("a b c x f", real=True)
std, share = sp.symbols("std s", positive=True)
L = sp.Symbol("L", integer=True, positive=True)
stride, count = sp.symbols("stride count", integer=True, positive=True)
other, third, unit = sp.symbols("d' d'' m'", integer=True)

# Where formulas are held against programs: sizes that fit.
ROW = {"C": 3, "F": 5, "H": 7, "P": 4, "stride": 2}
PATHS = {"L": 5, "k": 2}
WIDTHS = {"C": 3, "F": 5}


@formula(computed("verification.programs.resnet.hidden"))
def hidden():
    """A branch begins with a linear layer."""
    return sp.Eq(before[m], total(x[other] * w1[other, m], other))


@formula(computed("verification.programs.resnet.branch", hidden))
def branch():
    """A ReLU and a second linear layer follow."""
    return sp.Eq(z[d], total(sp.Max(0, before[m]) * w2[m, d], m))


@formula(computed("verification.programs.resnet.block", branch, hidden))
def block():
    """A residual block adds its branch to what it was given."""
    return sp.Eq(y[d], x[d] + z[d])


@derivation(block, branch, hidden)
def shares():
    """The gradient of a block, for any upstream gradient: two shares."""
    yield total(y_bar[other] * partial(y[other], x[d]), other)
    slopes = delta(other, d) + partial(z[other], x[d])
    yield "=", total(y_bar[other] * slopes, other), "a sum, differentiated term by term"
    back = total(y_bar[other] * partial(z[other], x[d]), other)
    yield "=", y_bar[d] + back, "one term has $d' = d$"


@formula(
    computed("verification.programs.resnet.block_vjp", hidden),
    cotangent(block, "x", hidden, inner=(branch, hidden)),
)
def block_x_bar():
    """The upstream gradient itself, and what the backward pass of the branch makes of it."""
    on = Indicator(before[m] > 0)
    back = total(on * w1[d, m] * total(y_bar[third] * w2[m, third], third), m)
    return sp.Eq(x_bar[d], y_bar[d] + back)


@derivation()
def two_blocks():
    """The Jacobian of two blocks in a row, whose branches have the Jacobians A and B."""
    one = delta(d, other) + jacobian2[d, other]
    yield total(one * (delta(other, third) + jacobian1[other, third]), other)
    both = total(jacobian2[d, other] * jacobian1[other, third], other)
    sums = delta(d, third) + jacobian1[d, third] + jacobian2[d, third]
    yield "=", sums + both, "multiplied out"


@derivation()
def three_blocks():
    """Three branches that multiply by a, b and c."""
    yield (1 + a) * (1 + b) * (1 + g)
    yield "=", 1 + a + b + g + a * b + a * g + b * g + a * b * g, "multiplied out"


@formula(computed("verification.programs.resnet.paths", sizes=PATHS))
def paths():
    """Through L blocks so many paths take k branches."""
    return sp.Eq(count, sp.binomial(L, k))


@formula(identity(L=sp.Integer(6)))
def all_paths():
    """Every block doubles the number of paths."""
    return sp.Eq(sp.Sum(sp.binomial(L, k), (k, 0, L)), 2**L)


@formula(identity(L=sp.Integer(6)))
def mean_length():
    """On average a path takes half of the branches."""
    return sp.Eq(sp.Sum(k * sp.binomial(L, k), (k, 0, L)) / 2**L, L / 2)


@formula(computed("verification.programs.resnet.share", sizes=PATHS))
def share_of_length():
    """The part of paths of k branches in the whole, if every branch multiplies by a."""
    return sp.Eq(share, sp.binomial(L, k) * a**k / (1 + a) ** L)


@formula
def independent():
    """Weights with mean zero, of which each is independent of all others."""
    return sp.Eq(joint[m, unit], std**2 * delta(m, unit))


@formula
def centred():
    """Their mean."""
    return sp.Eq(first[m], 0)


@derivation(independent, centred)
def mean_square():
    """The mean square of a feature and a branch over the weights of the branch's last layer."""
    mixed = 2 * entry * total(behind[m] * first[m], m)
    pairs = total(behind[m] * behind[unit] * joint[m, unit], m, unit)
    yield entry**2 + mixed + pairs
    yield "=", entry**2 + pairs, "their mean is zero"
    yield "=", entry**2 + std**2 * total(behind[m] ** 2, m), "one term has $m' = m$"


@formula(grown(lambda page: sp.Eq(sizes[i + 1], 2 * page.rhs), sizes[0], q=[sp.Integer(3)]))
def doubled():
    """A branch as large as what it is added to doubles the mean square, block after block."""
    return sp.Eq(sizes[i], 2**i * sizes[0])


@formula(grown(lambda page: sp.Eq(sizes[i + 1], page.rhs + 1), sizes[0], q=[sp.Integer(3)]))
def added():
    """A branch that ends in a normalisation adds 1."""
    return sp.Eq(sizes[i], sizes[0] + i)


@formula(
    grown(
        lambda page: sp.Eq(sizes[i + 1], (1 + 1 / L) * page.rhs),
        sizes[0],
        q=[sp.Integer(3)],
        L=sp.Integer(7),
    )
)
def scaled():
    """A branch that is divided by the root of the number of blocks adds a share of 1/L."""
    return sp.Eq(sizes[i], (1 + 1 / L) ** i * sizes[0])


@formula(solves(lambda page: page.rhs - sp.limit((1 + 1 / L) ** L * sizes[0], L, sp.oo)))
def limit():
    """Behind all L blocks, if they are many, e remains of it."""
    return sp.Eq(sizes[L], sp.E * sizes[0])


@formula
def last_norm():
    """A block whose branch ends in a normalisation, for one channel."""
    return sp.Eq(y[j], x[j] + gamma * x_hat[j] + beta)


@formula(cotangent(last_norm, "gamma"))
def gamma_back():
    """The scale receives a gradient, whatever it is."""
    return sp.Eq(gamma_bar, total(y_bar[j] * x_hat[j], j))


@formula(cotangent(last_norm, "beta"))
def beta_back():
    """So does the shift."""
    return sp.Eq(beta_bar, total(y_bar[j], j))


@formula(cotangent(last_norm, "x_hat"))
def hat_back():
    """All that comes before them in the branch receives a multiple of the scale."""
    return sp.Eq(x_hat_bar[j], gamma * y_bar[j])


@derivation()
def only_upwards():
    """A branch that ends in a ReLU, for any z."""
    yield entry
    yield "<=", entry + sp.Max(0, branch_entry), "a ReLU is never negative"


@formula(computed("verification.programs.resnet.subsampled", sizes=ROW))
def subsampled():
    """Without parameters: every s-th pixel, and zeros in the channels that are added."""
    return sp.Eq(y[f, p], total(delta(c, f) * x[c, stride * p], c))


@formula(computed("verification.programs.resnet.subsampled_vjp", sizes=ROW))
def subsampled_x_bar():
    """Pixels that were left out receive 0, and so do those of no channel."""
    return sp.Eq(x_bar[c, h], total(delta(c, f) * delta(stride * p, h) * y_bar[f, p], f, p))


@formula(computed("verification.programs.resnet.block_parameters", sizes=WIDTHS))
def block_parameters():
    """Two convolutions without biases, and two normalisations."""
    return sp.Eq(count, 9 * C * F + 9 * F**2 + 4 * F)


@formula(computed("verification.programs.resnet.projection_parameters", sizes=WIDTHS))
def projection_parameters():
    """A projection is a convolution of 1 × 1, and a normalisation."""
    return sp.Eq(count, C * F + 2 * F)


@formula(computed("verification.programs.resnet.depth", sizes={"n": 3}))
def depth():
    """A convolution, two in each of 3 n blocks, and a linear layer."""
    return sp.Eq(count, 6 * n + 2)


@derivation()
def counted():
    """Parameters of the first layer, of the blocks of each width, and of the last layer."""
    first, others = sp.Integer(13952) + 55552, sp.Integer(18560) + 73984
    yield 1114 + 4672 * n + first + others * (n - 1)
    yield "=", 1114 + 4672 * n + 69504 + 92544 * (n - 1), "added up"
    yield "=", 97216 * n + 1114 + 69504 - 92544, "multiplied out"
    yield "=", 97216 * n - 21926, "added up"


@formula(computed("verification.programs.resnet.parameters", sizes={"n": 2}))
def parameters():
    """All that a residual network for CIFAR-10 learns."""
    return sp.Eq(count, 97216 * n - 21926)
