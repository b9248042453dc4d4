"""Stacks of small convolutions, as sympy sees them: receptive fields, weights, work.

On this page n counts the N layers of a stack, and i blocks, or layers where all are alike.

Chapter: book/vgg.md.
"""

import sympy as sp

from dlcore.formulas.engine.checks import computed, grown, proved
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import C, D, F, H, K, M, N, P, Q, U, W, i, n, total

kernels, jumps, field_at = map(sp.IndexedBase, "kjr")
r, r_next, jump, jump_next = sp.symbols("r r_next j j_next", positive=True)
s, count = sp.symbols("stride count", integer=True, positive=True)
ratio = sp.Symbol("ratio", positive=True)

MAPS = {"C": 3, "P": 4, "Q": 5, "U": 5, "i": 2}
BLOCK = {"C": 3, "F": 4, "N": 3}


@formula(computed("verification.programs.vgg.field_step", sizes={"U": 3}))
def field_step():
    """A window of U rows sees U - 1 rows more than one row does, each a jump further."""
    return sp.Eq(r_next, r + (U - 1) * jump)


@formula(computed("verification.programs.vgg.jump_step"))
def jump_step():
    """Neighbours of the result are a stride apart in what the layer reads."""
    return sp.Eq(jump_next, s * jump)


@formula(computed("verification.programs.vgg.receptive_field", sizes={"N": 4}))
def receptive_field():
    """Through N layers the receptive field grows by a term for each."""
    return sp.Eq(r, 1 + total((kernels[n] - 1) * jumps[n], n))


@formula(grown(lambda page: sp.Eq(field_at[i + 1], page.rhs + (U - 1)), 1, U=sp.Integer(5)))
def stacked():
    """Alike layers with a stride of 1 add as much, each of them."""
    return sp.Eq(field_at[i], 1 + i * (U - 1))


@formula(
    grown(lambda page: sp.Eq(field_at[i + 1], page.rhs + 2**i * (2 * N + 1)), 1, N=sp.Integer(3))
)
def blocks():
    """Blocks of N convolutions of 3 × 3 and a pooling of 2 × 2."""
    return sp.Eq(field_at[i], 1 + (2 * N + 1) * (2**i - 1))


@derivation()
def one_more_block():
    """The receptive field behind i + 1 blocks, from that behind i of them."""
    yield 1 + (2 * N + 1) * (2**i - 1) + N * (2 * 2**i) + 2**i
    yield "=", 1 + (2 * N + 1) * (2**i - 1) + (2 * N + 1) * 2**i, "$2^i$ is taken out"
    yield "=", 1 + (2 * N + 1) * (2**i - 1 + 2**i), "and the bracket"
    yield "=", 1 + (2 * N + 1) * (2 ** (i + 1) - 1), "$2^i + 2^i = 2^{i + 1}$"


@derivation()
def as_wide():
    """How many layers of 3 × 3 see as much as one of U × U."""
    yield sp.Eq(1 + 2 * i, U)
    yield "<=>", sp.Eq(2 * i, U - 1), "1 is taken from both"
    yield "<=>", sp.Eq(i, (U - 1) / 2), "halved"


@formula(computed("verification.programs.vgg.weights_of_one", sizes=MAPS))
def weights_of_one():
    """One convolution of U × U from C channels to as many, without its biases."""
    return sp.Eq(count, U**2 * C**2)


@formula(computed("verification.programs.vgg.weights_of_stack", sizes=MAPS))
def weights_of_stack():
    """So many convolutions of 3 × 3."""
    return sp.Eq(count, i * 9 * C**2)


@derivation()
def saving():
    """The weights of i layers of 3 × 3 beside those of the one layer that sees as much."""
    yield i * (9 * C**2) / ((2 * i + 1) ** 2 * C**2)
    yield "=", 9 * i / (2 * i + 1) ** 2, "the channels cancel"
    yield "=", 9 * i / (4 * i**2 + 4 * i + 1), "squared"
    yield "=", 9 / (4 * i + 4 + 1 / i), "divided by $i$"


@formula(proved(saving))
def share():
    """The part of the weights that the stack needs."""
    return sp.Eq(ratio, 9 * i / (2 * i + 1) ** 2)


@formula(computed("verification.programs.vgg.work_of_stack", sizes=MAPS))
def work_of_stack():
    """Every weight of a convolution is used once at every position."""
    return sp.Eq(count, i * 9 * C**2 * P * Q)


@derivation()
def same_work():
    """The work of a 3 × 3 convolution behind a pooling, with twice as many channels."""
    yield 9 * (2 * F) * (2 * F) * (H / 2) * (W / 2)
    yield "=", 9 * (4 * F**2) * (H / 2) * (W / 2), "weights"
    yield "=", 9 * (4 * F**2) * (H * W / 4), "positions"
    yield "=", 9 * F**2 * H * W, "multiplied"


@formula(computed("verification.programs.vgg.block_parameters", sizes=BLOCK))
def block_parameters():
    """N convolutions of F filters each, the first of which reads C channels."""
    return sp.Eq(count, F * (9 * C + 1) + (N - 1) * F * (9 * F + 1))


@formula(
    computed("verification.programs.vgg.classifier_parameters", sizes={"D": 7, "M": 4, "K": 3})
)
def classifier_parameters():
    """Two hidden layers of M units each, and the scores."""
    return sp.Eq(count, (D + 1) * M + (M + 1) * M + (M + 1) * K)


@derivation()
def norm_share():
    """Scale and shift of F maps, beside weights and biases of the convolution that makes them."""
    yield 2 * F / (F * (9 * C + 1))
    yield "=", 2 / (9 * C + 1), "the filters cancel"
