"""Adjoints, the two products of a Jacobian, and the price of both modes, in sympy.

Chapter: book/reverse.md.
"""

import numpy as np
import sympy as sp

from dlcore.formulas.engine.certificates import slack
from dlcore.formulas.engine.checks import computed, identity, proved, same
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import D, K, M, d, delta, j, k, m, n, total
from dlcore.formulas.engine.vectors import T, steps, t

x, x_bar = sp.symbols("x x_bar", real=True)
v_bar, s, J, H, u, v = map(sp.IndexedBase, ["v_bar", "s", "J", "hessian", "u", "v"])
bar_x, bar_y, dot_x, dot_y = map(sp.IndexedBase, ["x_bar", "y_bar", "x_dot", "y_dot"])
bar_b, b = map(sp.IndexedBase, ["b_bar", "b"])
c, c_bar, c_dot, r = sp.symbols("c c_bar c_dot r", real=True)
other = sp.Symbol("d'", integer=True)


@formula(computed("verification.programs.reverse.polynomial_slope"))
def by_hand():
    """The slope of y = a (a + 1) with a = x²: that of a along x, times that of y along a."""
    return sp.Eq(x_bar, 2 * x * (2 * x**2 + 1))


def example():
    """Differentiate y = a (a + 1), a = x², at x = 3, by each of its nodes: v̄ and s."""
    nodes = sp.symbols("v:4")
    made = [sp.Integer(3), nodes[0] ** 2, nodes[1] + 1, nodes[1] * nodes[2]]
    walk = list(zip(nodes, made, strict=True))[::-1]
    bars = []
    y = nodes[-1]
    for node, meaning in walk:
        bars.insert(0, y.diff(node).subs(walk))
        y = y.subs(node, meaning)
    slopes = [[y.diff(node).subs(walk) for node in nodes] for y in made]
    return {"v_bar": np.array(bars), "s": np.array(slopes)}


@formula(same(sp.Eq(v_bar[k], v_bar[k], evaluate=False), sizes={"K": 4}, **example()))
def adjoint():
    """A node receives from all nodes that used it; the last node starts with a one."""
    return sp.Eq(v_bar[k], delta(k, K - 1) + total(v_bar[j] * s[j, k], j))


@formula(computed("verification.programs.forward.linear_jvp"))
def pushforward():
    """Forwards, a tangent meets the columns of the Jacobian."""
    return sp.Eq(dot_y[m], total(J[m, d] * dot_x[d], d))


@formula(computed("verification.programs.reverse.pullback"))
def pullback():
    """Backwards, a cotangent meets its rows."""
    return sp.Eq(bar_x[d], total(bar_y[m] * J[m, d], m))


@formula(identity(pushforward, pullback))
def worth():
    """A change is worth the same, weighed at the outputs or at the inputs."""
    return sp.Eq(total(bar_y[m] * dot_y[m], m), total(bar_x[d] * dot_x[d], d))


@derivation(pushforward, pullback)
def weighed():
    """From the outputs to the inputs; J is met by columns, then by rows."""
    yield total(bar_y[m] * dot_y[m], m)
    yield "=", total(bar_y[m] * total(J[m, d] * dot_x[d], d), m), "forwards"
    yield "=", total(total(bar_y[m] * J[m, d], m) * dot_x[d], d), "the sums change places"
    yield "=", total(bar_x[d] * dot_x[d], d), "backwards"


@formula
def some_in():
    """There is more than one input."""
    return sp.Ge(D, 2)


@formula
def some_out():
    """There is more than one result."""
    return sp.Ge(K, 2)


@derivation(some_in, some_out)
def brackets():
    """A row times two matrices, against the two matrices multiplied with each other."""
    few, many = slack(some_in), slack(some_out)
    yield K * M + M * D
    yield "=", M * K * D - M * ((K - 1) * (D - 1) - 1), "multiplied out"
    yield "<=", M * K * D, "neither factor is below one", M * (few * many + few + many)


@formula(computed("verification.programs.reverse.function_operations"))
def function_price():
    """A product of D numbers takes one multiplication less than it has factors."""
    return sp.Eq(c, D - 1)


@formula(computed("verification.programs.reverse.reverse_operations"))
def reverse_price():
    """Each of them is done once, and pulled back to both of its factors."""
    return sp.Eq(c_bar, 3 * (D - 1))


@formula(computed("verification.programs.reverse.forward_operations"))
def forward_price():
    """Forwards each takes three multiplications and one addition, in every one of D runs."""
    return sp.Eq(c_dot, 4 * D * (D - 1))


@formula
def dear():
    """No rule takes more than r operations."""
    return sp.Le(b[t], r)


@derivation(dear)
def walk():
    """Every operation once, and its rule once."""
    yield steps(1 + b[t])
    yield "<=", steps(1 + r), "no rule takes more", steps(slack(dear))
    yield "=", (1 + r) * T, "each term is the same"


@formula(proved(walk, {T: c}))
def cheap():
    """Value and gradient cost at most 1 + r times the value."""
    return sp.Le(c_bar, (1 + r) * c)


@formula(computed("verification.programs.reverse.broadcast_vjp"))
def unstretched():
    """An entry that was broadcast over the examples receives from all of its copies."""
    return sp.Eq(bar_b[m], total(bar_y[n, m], n))


@formula(computed("verification.programs.forward.linear_jvp", J="hessian", x_dot="v"))
def hessian_times():
    """A Hessian times a vector: how the gradient moves along it."""
    return sp.Eq(u[d], total(H[d, other] * v[other], other))
