"""Gradient descent: one step, and bounds on what T steps reach.

Points w_t have slopes v_t, t = 1 … T; u is any point, mostly the lowest. B bounds the
distance to it, ρ the slopes, κ the curvature, which is at least κ/q where there is a q;
e is the height above the minimum.

Chapter: book/descent.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas.engine.certificates import convex, jensen, slack, smooth, strong
from dlcore.formulas.engine.checks import computed, proved, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import Norm, i
from dlcore.formulas.engine.vectors import Function, T, inner, sequences, steps, t, vectors

w, v = sequences("w v")
u, z = vectors("u z")
rate, rho, B = sp.symbols("rate rho B", positive=True)
curvature, q = sp.symbols("curvature q", positive=True)
e = sp.Symbol("e", real=True)
f = Function("f", convex=True)
bent = Function("f", convex=True, smooth=curvature)
bowl = Function("f", strong=curvature / q, smooth=curvature)


def far(k):
    """The square of the distance of a point from u."""
    return Norm(w[k] - u) ** 2


def mean(term):
    """The average over all T steps."""
    return 1 / T * steps(term)


@formula(computed("verification.programs.descent.step"))
def step():
    """A step goes against the gradient; the learning rate says how far."""
    return sp.Eq(w[t + 1], w[t] - rate * v[t])


@derivation()
def lowest():
    """A quadratic model has a single minimum, a step against the gradient."""
    fall = Norm(v[t]) ** 2 / (2 * curvature)
    yield inner(v[t], z - w[t]) + curvature / 2 * Norm(z - w[t]) ** 2
    completed = curvature / 2 * Norm(z - (w[t] - v[t] / curvature)) ** 2
    yield "=", completed - fall, "the square is completed"
    yield ">=", -fall, "a square is never negative", completed


@derivation(step)
def distance():
    """The square of the distance from any u after a step."""
    yield far(t + 1)
    yield "=", Norm((w[t] - u) - rate * v[t]) ** 2, "the step"
    yield (
        "=",
        far(t) - 2 * rate * inner(w[t] - u, v[t]) + rate**2 * Norm(v[t]) ** 2,
        "multiplied out",
    )


@derivation(step)
def regret():
    """For any directions v the sum of the inner products is at most this."""
    cost = rate / 2 * steps(Norm(v[t]) ** 2)
    yield steps(inner(w[t] - u, v[t]))
    each = (far(t) - far(t + 1)) / (2 * rate) + rate / 2 * Norm(v[t]) ** 2
    yield "=", steps(each), "solved for the product"
    yield "=", (far(1) - far(T + 1)) / (2 * rate) + cost, "the sum telescopes"
    yield "<=", far(1) / (2 * rate) + cost, "a square is dropped", far(T + 1) / (2 * rate)


@formula
def origin():
    """Descent starts at zero."""
    return sp.Eq(w[1], 0)


@derivation(regret.claim, origin)
def regret_from_zero():
    """From zero the distance to u is the length of u."""
    cost = rate / 2 * steps(Norm(v[t]) ** 2)
    yield steps(inner(w[t] - u, v[t]))
    yield "<=", far(1) / (2 * rate) + cost, "as above", slack(regret.claim)
    yield "=", Norm(u) ** 2 / (2 * rate) + cost, "the start is zero"


@formula
def slopes():
    """Each slope is the gradient at its point."""
    return sp.Eq(v[t], f.gradient(w[t]))


@formula
def near():
    """The start is no further than B from u."""
    return sp.Le(Norm(w[1] - u), B)


@formula
def steep():
    """No subgradient is longer than ρ."""
    return sp.Le(Norm(v[t]), rho)


@derivation(slopes)
def height():
    """The average is no higher than the products are on average."""
    yield f(mean(w[t])) - f(u)
    yield "<=", mean(f(w[t])) - f(u), "Jensen", jensen(f, w[t], (t, 1, T))
    yield "=", mean(f(w[t]) - f(u)), "the same under the sum"
    tangents = mean(convex(f, u, w[t]))
    yield "<=", mean(inner(w[t] - u, v[t])), "$f$ lies above its tangents", tangents


@derivation(height.claim, regret.claim, near, steep)
def rate_of_average():
    """The average is above the minimum by at most two terms: start, and subgradients."""
    yield f(mean(w[t])) - f(u)
    yield "<=", mean(inner(w[t] - u, v[t])), "as above", slack(height.claim)
    both = far(1) / (2 * rate * T) + rate / (2 * T) * steps(Norm(v[t]) ** 2)
    yield "<=", both, "true for any $v_t$", slack(regret.claim) / T
    room = slack(near) * (B + Norm(w[1] - u)) / (2 * rate * T)
    room += rate / (2 * T) * steps(slack(steep) * (rho + Norm(v[t])))
    bound = B**2 / (2 * rate * T) + rate * rho**2 / 2
    yield "<=", bound, "$\\lVert w_1 - u \\rVert \\le B, \\; \\lVert v_t \\rVert \\le \\rho$", room


@formula(proved(rate_of_average))
def rate_bound():
    """The first term falls with the learning rate, the second grows with it."""
    return sp.Eq(e, B**2 / (2 * rate * T) + rate * rho**2 / 2)


@derivation()
def best():
    """No rate makes the bound less than this, and one makes it this."""
    above = rate / 2 * (B / (rate * sqrt(T)) - rho) ** 2
    yield B**2 / (2 * rate * T) + rate * rho**2 / 2
    yield "=", B * rho / sqrt(T) + above, "the square is completed"
    yield ">=", B * rho / sqrt(T), "a square is never negative", above


@formula(solves(lambda page: rate_bound.rhs.subs(rate, page.rhs) - best_bound.rhs))
def best_rate():
    """There the square vanishes."""
    return sp.Eq(rate, B / (rho * sqrt(T)))


@formula(proved(best))
def best_bound():
    """Half of the error takes four times the steps."""
    return sp.Eq(e, B * rho / sqrt(T))


@formula(computed("verification.programs.descent.shared_bound", sizes={"T": 5, "B": 2}))
def shared_bound():
    """A subgradient that shares its ties is off by little more than half of that."""
    return sp.Eq(e, B * rho / sqrt(T) * (T + 1) / (2 * T))


@formula
def bent_slopes():
    """Each slope is the gradient, of a function whose curvature is at most κ."""
    return sp.Eq(v[t], bent.gradient(w[t]))


@formula
def sure_rate():
    """The rate is one over the largest curvature."""
    return sp.Eq(rate, 1 / curvature)


@derivation(step, sure_rate, bent_slopes)
def falls():
    """Each step lowers the function by the square of the gradient at least."""
    move = w[t + 1] - w[t]
    yield bent(w[t + 1])
    bound = bent(w[t]) + inner(v[t], move) + curvature / 2 * Norm(move) ** 2
    yield "<=", bound, "the curvature is at most $\\kappa$", smooth(bent, w[t + 1], w[t])
    yield "=", bent(w[t]) - Norm(v[t]) ** 2 / (2 * curvature), "the step"


@derivation(step, sure_rate, bent_slopes, falls.claim)
def nearer():
    """What is left above the minimum is bounded by the decrease of the distance."""
    fall = Norm(v[t]) ** 2 / (2 * curvature)
    yield bent(w[t + 1]) - bent(u)
    yield "<=", bent(w[t]) - bent(u) - fall, "a step lowers $f$", slack(falls.claim)
    tangent = inner(w[t] - u, v[t]) - fall
    yield "<=", tangent, "$f$ lies above its tangents", convex(bent, u, w[t])
    yield "=", curvature / 2 * (far(t) - far(t + 1)), "the distance after a step"


@derivation(step, sure_rate, bent_slopes, falls.claim, nearer.claim)
def smooth_rate():
    """Of a function whose curvature is bounded, the last point is this near to the minimum."""
    fallen = slack(falls.claim, t=i + 1) + Norm(v[i + 1]) ** 2 / (2 * curvature)
    falling = 1 / T * steps(i * fallen, i, 0, T - 1)
    yield bent(w[T + 1]) - bent(u)
    yield "<=", mean(bent(w[t + 1]) - bent(u)), "$f(w_t)$ never increases", falling
    paid = mean(curvature / 2 * (far(t) - far(t + 1)))
    yield "<=", paid, "as above", mean(slack(nearer.claim))
    half = curvature / (2 * T)
    yield "=", half * (far(1) - far(T + 1)), "the sum telescopes"
    yield "<=", half * far(1), "a square is dropped", half * far(T + 1)


@formula(proved(smooth_rate, {Norm(w[1] - u): B}))
def smooth_bound():
    """Half of the error takes twice the steps."""
    return sp.Eq(e, curvature * B**2 / (2 * T))


@formula
def bowl_slopes():
    """Each slope is the gradient, of a function with a curvature from κ/q to κ."""
    return sp.Eq(v[t], bowl.gradient(w[t]))


@formula
def bottom():
    """Nothing is lower than u."""
    return sp.Ge(bowl(w[t]), bowl(u))


@derivation(step, sure_rate, bowl_slopes, bottom)
def closer():
    """Each step takes one part in q of the square of the distance at least."""
    kept = (1 - 1 / q) * far(t)
    square = Norm(v[t]) ** 2 / curvature**2
    yield far(t + 1)
    yield "=", far(t) - 2 / curvature * inner(w[t] - u, v[t]) + square, "the step"
    above, after = (kept - 2 / curvature * (bowl(w[k]) - bowl(u)) for k in (t, t + 1))
    bent_up = 2 / curvature * strong(bowl, u, w[t])
    yield "<=", above + square, "curvature $\\ge \\kappa / q$", bent_up
    yield "<=", after, "a step lowers $f$", 2 / curvature * smooth(bowl, w[t + 1], w[t])
    yield "<=", kept, "$u$ is a minimum", 2 / curvature * slack(bottom, t=t + 1)
