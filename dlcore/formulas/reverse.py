"""Adjoints, the two products of a Jacobian, and the price of both modes, in sympy.

Chapter: book/reverse.md.
"""

import sympy as sp

from dlcore.formulas.letters import D, K, d, delta, j, k, m, n, total
from dlcore.formulas.registry import formula

x, x_bar = sp.symbols("x x_bar", real=True)
v_bar, s, J, H, u, v = map(sp.IndexedBase, ["v_bar", "s", "J", "H", "u", "v"])
bar_x, bar_y, dot_x, dot_y = map(sp.IndexedBase, ["x_bar", "y_bar", "x_dot", "y_dot"])
bar_b = sp.IndexedBase("b_bar")
c, c_bar, c_dot, r = sp.symbols("c c_bar c_dot r", real=True)
other = sp.Symbol("d'", integer=True)


@formula
def by_hand():
    """The slope of y = a (a + 1) with a = x²: that of a along x, times that of y along a."""
    return sp.Eq(x_bar, 2 * x * (2 * x**2 + 1))


@formula
def adjoint():
    """A node hears from all nodes that used it; the last node starts with a one."""
    return sp.Eq(v_bar[k], delta(k, K - 1) + total(v_bar[j] * s[j, k], j))


@formula
def pushforward():
    """Forwards, a tangent meets the columns of the Jacobian."""
    return sp.Eq(dot_y[m], total(J[m, d] * dot_x[d], d))


@formula
def pullback():
    """Backwards, a cotangent meets its rows."""
    return sp.Eq(bar_x[d], total(bar_y[m] * J[m, d], m))


@formula
def worth():
    """A change is worth the same, weighed at the outputs or at the inputs."""
    return sp.Eq(total(bar_y[m] * dot_y[m], m), total(bar_x[d] * dot_x[d], d))


@formula
def function_price():
    """A product of D numbers takes one multiplication less than it has factors."""
    return sp.Eq(c, D - 1)


@formula
def reverse_price():
    """Each of them is done once, and pulled back to both of its factors."""
    return sp.Eq(c_bar, 3 * (D - 1))


@formula
def forward_price():
    """Forwards each takes three multiplications and one addition, in every one of D runs."""
    return sp.Eq(c_dot, 4 * D * (D - 1))


@formula
def cheap():
    """Value and gradient cost at most 1 + r times the value."""
    return sp.Le(c_bar, (1 + r) * c)


@formula
def unstretched():
    """An entry that was stretched over the examples hears from all of its copies."""
    return sp.Eq(bar_b[m], total(bar_y[n, m], n))


@formula
def hessian_times():
    """A Hessian times a vector: how the gradient moves along it."""
    return sp.Eq(u[d], total(H[d, other] * v[other], other))
