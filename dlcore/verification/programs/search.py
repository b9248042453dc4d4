"""Architecture search by the letters of the page; its gradients are in `train.search`.

Chapter: book/search.md.
"""

from itertools import combinations, product
from typing import Annotated

import numpy as np

from dlcore.autodiff import vjp
from dlcore.ops.loss import softmax
from dlcore.shapes import Array
from dlcore.train import search

Operations = Annotated[Array, "K"]
Outputs = Annotated[Array, "K D"]
Row = Annotated[Array, "D"]


def shares(alpha: Operations):
    """Softmax of the numbers of one edge."""
    return softmax(alpha[None])[0]


def mixture(p: Operations, o: Outputs):
    """The outputs of all operations, added up by their shares."""
    return p @ o


def operation_bar(p: Operations, y_bar: Row, K, D):
    """The gradient that every operation receives, by the tape."""
    _, pullback = vjp(lambda o: mixture(p, o), np.zeros((int(K), int(D))))
    return pullback(y_bar)[0]


def alpha_bar(alpha: Operations, o: Outputs, y_bar: Row):
    """The gradient of the numbers of an edge, by the tape."""
    _, pullback = vjp(lambda alpha: mixture(shares(alpha), o), alpha)
    return pullback(y_bar)[0]


def inner_step(w: Row, g: Row, xi):
    """A step of the weights."""
    return search.moved(w, -xi, g)


def linear_losses(r, mixed, v):
    """Make losses with these derivatives: training bilinear, validation linear."""
    return lambda a, w: a @ mixed @ w, lambda a, w: r @ a + v @ w


def one_step(r: Operations, B: Outputs, v: Row, xi):
    """The gradient through one step, of losses that have these derivatives."""
    train, val = linear_losses(r, B, v)
    return search.one_step(train, val, np.zeros(len(r)), np.ones(len(v)), xi)


def implicit(r: Operations, B: Outputs, u: Row):
    """The exact gradient, where the Hessian has 1, 2, 3, … on its diagonal and no other entry."""
    curvatures = 1.0 + np.arange(len(u))
    train = lambda a, w: a @ B @ w + curvatures @ (w * w) / 2
    val = lambda a, w: r @ a + (curvatures * u) @ w
    return search.implicit(train, val, np.zeros(len(r)), np.ones(len(u)))


def unrolled(xi, curvature, v, i):
    """The gradient of v w by α through i steps of training, on κ w² / 2 - α w."""

    def after_steps(a):
        w = 0.0
        for _ in range(int(i)):
            w = w - xi * (curvature * w - a)
        return v * w

    return vjp(after_steps, 0.5)[1](1.0)[0]


def by_hand(curvature, lam, b):
    """The losses that are computed by hand: of one α and one weight."""
    train = lambda a, w: curvature * np.sum((w - a) * (w - a)) / 2
    val = lambda a, w: np.sum((w - b) * (w - b)) / 2 + lam * a * a / 2
    return train, val


def best_weight(alpha):
    """Where descent on the training loss comes to rest."""
    train, _ = by_hand(1.0, 1.0, 1.0)
    return search.moved(0.0, -1.0, search.value_grads(train, alpha, 0.0)[1])


def first_order_by_hand(alpha, lam):
    """The first-order gradient of the losses by hand, at any weight."""
    _, val = by_hand(1.0, lam, 3.0)
    return search.first_order(val, alpha, 5.0)


def one_step_by_hand(alpha, w, lam, xi, curvature, b):
    """The one-step gradient of the losses by hand."""
    train, val = by_hand(curvature, lam, b)
    return search.one_step(train, val, alpha, w, xi)


def exact_by_hand(alpha, lam, b):
    """The exact gradient of the losses by hand, at the best weight."""
    train, val = by_hand(2.0, lam, b)
    return search.implicit(train, val, alpha, np.array([alpha]))


def difference(a: Operations, b: Operations, eps):
    """The central difference for a loss whose gradients ahead and behind are given."""
    middle, half = (a + b) / 2, (a - b) / 2
    train = lambda alphas, w: alphas @ (middle + half * w / eps)
    return search.mixed_difference(train, np.zeros(len(a)), 0.0, 1.0, radius=eps)


def distance(v: Row, rho):
    """How far a probe goes: read off the weights at which the gradient is asked for."""
    probes = []

    def train(alphas, w):
        probes.append(np.array(w))
        return alphas * np.sum(w)

    search.mixed_difference(train, 1.0, np.zeros(len(v)), v, radius=rho)
    return np.linalg.norm(probes[0]) / np.linalg.norm(v)


def edges(i):
    """The edges of a cell, one by one."""
    return len([(source, node) for node in range(2, 2 + int(i)) for source in range(node)])


def choices(i, K):
    """What a node can be, one by one: two of i inputs, and an operation for each."""
    pairs = combinations(range(int(i)), 2)
    return len(list(product(pairs, range(int(K)), range(int(K)))))


def cells(i, K):
    """The cells of i nodes, one by one."""
    nodes = [range(choices(node, K)) for node in range(2, 2 + int(i))]
    return sum(1 for _ in product(*nodes))
