"""What a convolution asks of a machine, and how to ask for less.

A machine makes so many products a second, its `peak`, and moves so many bytes a second, its
`bandwidth`. Short algorithms make m outputs of a filter with r taps from m + r - 1 products.

Chapter: book/fast.md.
"""

import sympy as sp

from dlcore.formulas import conv
from dlcore.formulas.engine import calculus
from dlcore.formulas.engine.certificates import slack
from dlcore.formulas.engine.checks import computed, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import (
    C,
    F,
    H,
    N,
    P,
    Q,
    U,
    V,
    W,
    ell,
    h,
    j,
    k,
    p,
    q,
    total,
    u,
    v,
)

work, traffic, peak, bandwidth = sp.symbols("work traffic peak bandwidth", positive=True)
intensity, time, copies, saving = sp.symbols("intensity time copies saving", positive=True)
ratio = sp.Symbol("reuse", positive=True)
x, w, y, A, B, G = map(sp.IndexedBase, ["x", "w", "y", "A", "B", "G"])
x0, x1, x2, x3 = sp.symbols("x0 x1 x2 x3", real=True)
w0, w1, w2 = sp.symbols("w0 w1 w2", real=True)
g1, g2, m1, m2, m3, m4 = sp.symbols("g1 g2 m1 m2 m3 m4", real=True)
eps, bound = sp.symbols("eps s", positive=True)
past, fresh = sp.symbols("d e", real=True)

# Where formulas are held against programs: sizes that fit.
MAPS = conv.MAPS
TILE = {"F": 3, "N": 5}
ROW = {"K": 5, "P": 2, "U": 3, "H": 4}
SQUARE = ROW | {"Q": 2, "V": 3, "W": 4}


def outputs(page):
    """Put one of the letters into both outputs of a filter with three taps."""
    letters = (
        half_of_the_sum,
        half_of_the_difference,
        first_product,
        second_product,
        third_product,
        fourth_product,
    )
    known = [page if page.lhs == each.lhs else each for each in letters]
    first = m1 + m2 + m3 - x0 * w0 - x1 * w1 - x2 * w2
    second = m2 - m3 - m4 - x1 * w0 - x2 * w1 - x3 * w2
    return sum(calculus.evaluated(calculus.unfold_all(y, known)) ** 2 for y in (first, second))


@formula(
    computed("experiments.fast.work", sizes=MAPS),
    solves(lambda page: page.rhs - 2 * conv.multiplications.rhs),
)
def operations():
    """Every product of the definition is one multiplication and one addition."""
    return sp.Eq(work, 2 * N * F * P * Q * C * U * V)


@formula(
    computed("experiments.fast.traffic", sizes=MAPS),
    computed("verification.programs.fast.bytes_moved", sizes=MAPS),
)
def least_traffic():
    """Images and filters are read once and maps written once, four bytes a number."""
    return sp.Eq(traffic, 4 * (N * C * H * W + F * C * U * V + N * F * P * Q))


@formula
def arithmetic_intensity():
    """Intensity is how many operations are done for every byte that is moved."""
    return sp.Eq(intensity, work / traffic)


@formula
def time_to_compute():
    """No machine computes faster than its peak."""
    return sp.Ge(time, work / peak)


@formula
def time_to_move():
    """No machine moves bytes faster than its bandwidth."""
    return sp.Ge(time, traffic / bandwidth)


@derivation(time_to_compute)
def flat_roof():
    """However little is moved, the rate is at most the peak."""
    quick = peak / time * slack(time_to_compute)
    yield work / time
    yield "<=", peak, "the time that products take", quick


@derivation(time_to_move, arithmetic_intensity)
def sloping_roof():
    """However fast the products are, the rate is at most intensity times bandwidth."""
    quick = work * bandwidth / (traffic * time) * slack(time_to_move)
    yield work / time
    yield "<=", bandwidth * (work / traffic), "the time that bytes take", quick
    yield "=", bandwidth * intensity, "the definition of intensity"


@formula(computed("verification.programs.fast.copies", sizes=MAPS))
def blow_up():
    """In single steps, without padding, columns hold so many copies of an image."""
    return sp.Eq(copies, P * Q * U * V / ((P + U - 1) * (Q + V - 1)))


@formula(computed("verification.programs.fast.products_per_load", sizes=TILE))
def reuse():
    """A tile of F filters and N images makes so many products of every number that it loads."""
    return sp.Eq(ratio, F * N / (F + N))


@formula(solves(outputs))
def half_of_the_sum():
    """Taps are added up once for all images."""
    return sp.Eq(g1, (w0 + w1 + w2) / 2)


@formula(solves(outputs))
def half_of_the_difference():
    """And once with the middle one turned."""
    return sp.Eq(g2, (w0 - w1 + w2) / 2)


@formula(solves(outputs))
def first_product():
    """The first of four products."""
    return sp.Eq(m1, (x0 - x2) * w0)


@formula(solves(outputs))
def second_product():
    """The second."""
    return sp.Eq(m2, (x1 + x2) * g1)


@formula(solves(outputs))
def third_product():
    """The third."""
    return sp.Eq(m3, (x2 - x1) * g2)


@formula(solves(outputs))
def fourth_product():
    """The fourth."""
    return sp.Eq(m4, (x1 - x3) * w2)


@derivation(half_of_the_sum, half_of_the_difference, first_product, second_product, third_product)
def first_output():
    """The first output is the sum of three of them."""
    yield x0 * w0 + x1 * w1 + x2 * w2
    yield "=", (x0 - x2) * w0 + x1 * w1 + x2 * (w0 + w2), "$x_2 w_0$ subtracted and added"
    halves = (x0 - x2) * w0 + (x1 + x2) * g1 + (x2 - x1) * g2
    yield "=", halves, "the sums of taps"
    yield "=", m1 + m2 + m3, "the products"


@derivation(half_of_the_sum, half_of_the_difference, second_product, third_product, fourth_product)
def second_output():
    """The second output shares two of the products with the first."""
    yield x1 * w0 + x2 * w1 + x3 * w2
    yield "=", x1 * (w0 + w2) + x2 * w1 - (x1 - x3) * w2, "$x_1 w_2$ added and subtracted"
    halves = (x1 + x2) * g1 - (x2 - x1) * g2 - (x1 - x3) * w2
    yield "=", halves, "the sums of taps"
    yield "=", m2 - m3 - m4, "the products"


@formula(computed("experiments.fast.winograd_row", sizes=ROW))
def short():
    """Image and filter are seen at K points, multiplied there, and put together again."""
    seen = total(B[k, h] * x[h], h)
    return sp.Eq(y[p], total(A[k, p] * total(G[k, u] * w[u], u) * seen, k))


@formula(computed("experiments.fast.winograd_square", sizes=SQUARE))
def squares():
    """In two dimensions, rows are treated so, and then columns."""
    filters = total(G[k, u] * G[j, v] * w[u, v], u, v)
    seen = total(B[k, h] * B[j, ell] * x[h, ell], h, ell)
    return sp.Eq(y[p, q], total(A[k, p] * A[j, q] * filters * seen, k, j))


@formula(computed("verification.programs.fast.winograd_saving", sizes=MAPS))
def products_saved():
    """Squares of P × P outputs take so many products less, for filters of U × U taps."""
    return sp.Eq(saving, (P * U / (P + U - 1)) ** 2)


@formula
def rounding_so_far():
    """After some roundings, a term is off by a part that is at most s."""
    return sp.Le(past, bound)


@formula
def rounding_above():
    """One more rounding adds at most a part ε of what there is."""
    return sp.Le(fresh, eps)


@formula
def rounding_below():
    """It takes at most a part ε of what there is."""
    return sp.Ge(fresh, -eps)


@formula
def rounding_is_small():
    """A rounding never loses everything."""
    return sp.Le(eps, 1)


@derivation(rounding_so_far, rounding_above, rounding_below, rounding_is_small)
def one_more_rounding():
    """With every rounding the bound is multiplied by 1 + ε."""
    left = slack(rounding_is_small) + slack(rounding_below)
    yield (1 + past) * (1 + fresh)
    yield (
        "<=",
        (1 + bound) * (1 + fresh),
        "$1 + e \\ge 0$",
        slack(rounding_so_far) * left,
    )
    yield (
        "<=",
        (1 + bound) * (1 + eps),
        "$e \\le \\varepsilon$",
        (1 + bound) * slack(rounding_above),
    )
