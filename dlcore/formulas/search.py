"""Architecture search, as sympy sees it: mixtures, gradients, differences, counts.

K counts operations here, and α has one number for each. The weights are w_d, the gradient of
the training loss by them is g_d, and B_{k,d} are its derivatives by α_k. The validation loss has
the gradients r_k by α and v_d by the weights; u solves H u = v with the Hessian H of training.

Chapter: book/search.md.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, cotangent, grown, proved, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import K, d, delta, i, j, k, total

alpha, p, o, y, y_bar = map(sp.IndexedBase, ["alpha", "p", "o", "y", "y_bar"])
o_bar, alpha_bar = map(sp.IndexedBase, ["o_bar", "alpha_bar"])
w, w_next, g, r, v, u, c = map(sp.IndexedBase, ["w", "w_next", "g", "r", "v", "u", "c"])
mixed_by, hessian, response = map(sp.IndexedBase, ["B", "hessian", "J"])
cells_of, e_of, ahead, behind = map(sp.IndexedBase, ["A", "e", "a", "b"])
xi, eps, radius = sp.symbols("xi eps rho", positive=True)
curvature, lam, target = sp.symbols("curvature lam b", positive=True)
share, share_bar, weight, weight_star = sp.symbols("alpha alpha_bar w w_star", real=True)
u_of, slope_v = sp.symbols("u v", real=True)
even0, odd1, even2, odd3, even4 = sp.symbols("c0 c1 c2 c3 c4", real=True)
count = sp.Symbol("count", integer=True, positive=True)
other, third = sp.symbols("d' k'", integer=True)

# Where formulas are held against programs: sizes that differ.
SIZES = {"K": 4, "D": 3}
CELLS = {"i": 2, "K": 3}


def quadratic_slope(entry):
    """The gradient of a quadratic training loss: linear in α and in the weights."""
    by_weights = total(hessian[entry, other] * w[other], other)
    return c[entry] + total(mixed_by[third, entry] * alpha[third], third) + by_weights


@formula(computed("verification.programs.search.shares", sizes=SIZES))
def shares():
    """Softmax makes shares of the numbers of an edge: positive, and one in total."""
    return sp.Eq(p[k], sp.exp(alpha[k]) / total(sp.exp(alpha[j]), j))


@formula(computed("verification.programs.search.mixture", sizes=SIZES))
def mixture():
    """A mixed operation adds up what all operations make of its input, by their shares."""
    return sp.Eq(y[d], total(p[k] * o[k, d], k))


@formula(
    cotangent(mixture, "o"),
    computed("verification.programs.search.operation_bar", sizes=SIZES),
)
def operation_back():
    """Every operation receives its share of the upstream gradient."""
    return sp.Eq(o_bar[k, d], p[k] * y_bar[d])


@derivation(mixture, shares)
def alpha_back():
    """The gradient of α, for any upstream gradient."""
    product = lambda term: total(y_bar[d] * term, d)
    yield product(partial(y[d], alpha[k]))
    softmax = total(p[j] * (delta(j, k) - p[k]) * o[j, d], j)
    yield "=", product(softmax), "the slope of softmax"
    yield "=", product(p[k] * (o[k, d] - total(p[j] * o[j, d], j))), "one term has $j = k$"
    yield "=", p[k] * product(o[k, d] - y[d]), "the sum is $y_d$"


@formula(
    cotangent(mixture, "alpha", mixture, shares, inner=(shares,)),
    computed("verification.programs.search.alpha_bar", mixture, shares, sizes=SIZES),
)
def alpha_x_bar():
    """An operation is weighed up by what it would do better than the mixture."""
    return sp.Eq(alpha_bar[k], p[k] * total(y_bar[d] * (o[k, d] - y[d]), d))


@derivation(mixture, shares)
def alpha_sum():
    """All gradients of an edge together."""
    yield total(p[k] * total(y_bar[d] * (o[k, d] - y[d]), d), k)
    apart = total(p[k] * o[k, d], k) - y[d] * total(p[k], k)
    yield "=", total(y_bar[d] * apart, d), "the sums change places"
    yield "=", sp.Integer(0), "shares add up to one, and mix $y_d$"


@formula(computed("verification.programs.search.inner_step", sizes=SIZES))
def inner_step():
    """One step of the weights against the gradient of the training loss."""
    return sp.Eq(w_next[d], w[d] - xi * g[d])


@formula
def training_slope():
    """A quadratic training loss has a gradient that is linear in both."""
    return sp.Eq(g[d], quadratic_slope(d))


@derivation(inner_step, training_slope)
def stepped():
    """The gradient of the validation loss through one step of the weights."""
    chain = lambda slopes: r[k] + total(v[d] * slopes, d)
    yield chain(partial(w_next[d], alpha[k]))
    yield "=", chain(-xi * partial(g[d], alpha[k])), "$w$ is fixed, the step is not"
    yield "=", r[k] - xi * total(mixed_by[k, d] * v[d], d), "the derivative of $g_d$ by $\\alpha_k$"


@formula(
    proved(stepped),
    computed("verification.programs.search.one_step", sizes=SIZES),
)
def one_step():
    """The first-order gradient, less the product of a matrix of second derivatives with v."""
    return sp.Eq(alpha_bar[k], r[k] - xi * total(mixed_by[k, d] * v[d], d))


@formula
def stationary():
    """Where the gradient of training stays zero while α changes, the weights respond by J."""
    return sp.Eq(mixed_by[k, d], -total(hessian[d, other] * response[other, k], other))


@formula
def adjoint():
    """A linear system with the transposed Hessian has the solution u."""
    return sp.Eq(v[d], total(u[other] * hessian[other, d], other))


@derivation(stationary, adjoint)
def implicit():
    """The gradient of the validation loss at the best weights, which depend on α."""
    yield r[k] + total(v[d] * response[d, k], d)
    inside = total(hessian[other, d] * response[d, k], d)
    yield "=", r[k] + total(u[other] * inside, other), "$u$ solves the system"
    yield "=", r[k] - total(mixed_by[k, d] * u[d], d), "the weights stay stationary"


@formula(
    proved(implicit),
    computed("verification.programs.search.implicit", sizes=SIZES),
)
def exact():
    """The solution u of a linear system stands in the place of ξ v."""
    return sp.Eq(alpha_bar[k], r[k] - total(mixed_by[k, d] * u[d], d))


@derivation()
def unrolled():
    """What steps of gradient descent on one weight of curvature κ add up to."""
    shrink = 1 - xi * curvature
    yield xi * sp.Sum(shrink**j, (j, 0, i - 1))
    yield "=", xi * ((1 - shrink**i) / (1 - shrink)), "a geometric sum"
    yield "=", (1 - shrink**i) / curvature, "$1 - (1 - \\xi\\kappa) = \\xi\\kappa$"


@formula(computed("verification.programs.search.unrolled", sizes={"i": 3}))
def unrolled_weight():
    """What the matrix of second derivatives is multiplied by after i steps, for one weight."""
    return sp.Eq(u_of, (1 - (1 - xi * curvature) ** i) / curvature * slope_v)


@formula(computed("verification.programs.search.best_weight"))
def best_weight():
    """The training loss κ (w - α)² / 2 is least at w = α."""
    return sp.Eq(weight_star, share)


@formula(computed("verification.programs.search.first_order_by_hand"))
def first_order_by_hand():
    """The first-order gradient of (w - b)² / 2 + λ α² / 2 leaves the weight out."""
    return sp.Eq(share_bar, lam * share)


@formula(computed("verification.programs.search.one_step_by_hand"))
def one_step_by_hand():
    """The one-step gradient has the part ξ κ of what the weight does, at the stepped weight."""
    after = weight - xi * curvature * (weight - share)
    return sp.Eq(share_bar, lam * share + xi * curvature * (after - target))


@formula(computed("verification.programs.search.exact_by_hand"))
def exact_by_hand():
    """The exact gradient has all of it, at the best weight."""
    return sp.Eq(share_bar, lam * share + share - target)


@formula(
    solves(lambda page: one_step_by_hand.rhs.subs(weight, share).subs(share, page.rhs)),
)
def one_step_ends():
    """Where descent by the one-step gradient comes to rest, the weight being the best one."""
    part = xi * curvature
    return sp.Eq(share, part * target / (lam + part))


@formula(solves(lambda page: exact_by_hand.rhs.subs(share, page.rhs)))
def exact_ends():
    """Where the validation loss of the best weight is least."""
    return sp.Eq(share, target / (lam + 1))


@formula(computed("verification.programs.search.difference", sizes=SIZES))
def difference():
    """The product with v, by two gradients of the training loss at weights to either side."""
    return sp.Eq(e_of[k], (ahead[k] - behind[k]) / (2 * eps))


@formula(computed("verification.programs.search.distance", sizes=SIZES))
def distance():
    """The probe goes as far in weight space whatever the length of v is."""
    return sp.Eq(eps, radius / sp.sqrt(total(v[d] ** 2, d)))


def along(step):
    """The gradient of α_k along v, up to the fourth power of the step."""
    return even0 + odd1 * step + even2 * step**2 + odd3 * step**3 + even4 * step**4


@derivation()
def difference_error():
    """The central difference of a polynomial of degree four."""
    yield (along(eps) - along(-eps)) / (2 * eps)
    yield "=", (2 * odd1 * eps + 2 * odd3 * eps**3) / (2 * eps), "even powers cancel"
    yield "=", odd1 + odd3 * eps**2, "divided"


@formula(computed("verification.programs.search.edges", sizes=CELLS))
def edges():
    """Node after node, counted from two inputs of the cell on, reads all that came before."""
    return sp.Eq(count, i * (i + 3) / 2)


@formula(computed("verification.programs.search.choices", sizes=CELLS))
def choices():
    """A node with i candidates for its inputs takes two, with one of K operations on each."""
    return sp.Eq(count, i * (i - 1) / 2 * K**2)


@formula(
    grown(
        lambda page: sp.Eq(cells_of[i + 1], page.rhs * (i + 2) * (i + 1) / 2 * K**2),
        1,
        K=sp.Integer(3),
    ),
    computed("verification.programs.search.cells", sizes=CELLS),
)
def cells():
    """So many cells have i nodes."""
    return sp.Eq(cells_of[i], sp.factorial(i + 1) * sp.factorial(i) / 2**i * K ** (2 * i))
