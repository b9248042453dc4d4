"""The rules of the sources, on their toy network.

A hundred full-batch steps at rate 0.1. The sources print the loss that is seen in
step 100, before its update, so after 99 of them.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.experiments.experiment import Claim, experiment
from dlcore.experiments.twolayer import as_data, toy
from dlcore.train.optim import SGD, Momentum, RMSProp
from dlcore.train.solver import Solver


def path(rule, slope, start, steps):
    """Follow a rule from `start` against the gradient `slope`, (D,) → (steps + 1, D).

    The point is stored as a matrix of one row, so that weight decay pulls it.
    """
    w = np.array([start], dtype=float)
    points = [w.copy()]
    for _ in range(steps):
        rule.step({"w": w}, {"w": slope(w)})
        points.append(w.copy())
    return np.concatenate(points)


def train_toy(rule):
    """Train the toy network with one rule; return the loss of every step."""
    model, x, t = toy()
    solver = Solver(model, as_data(x, t), rule=rule, batch=None, epochs=100, reg=0.001)
    losses = solver.train().losses
    return {"loss in step 100": losses[-1]}, {"losses": np.array(losses)}


def printed(value, source):
    """A loss printed with six decimals."""
    return Claim("loss in step 100", value, source, "equal", 5e-7)


@experiment("toy-sgd", printed(0.940686, "000, 001"), quick=True)
def toy_sgd(seed):
    """Gradient descent."""
    return train_toy(SGD(0.1))


@experiment("toy-momentum", printed(0.494394, "000, 001"), quick=True)
def toy_momentum(seed):
    """Momentum 0.9."""
    return train_toy(Momentum(0.1, momentum=0.9))


@experiment("toy-rmsprop-inside", printed(0.439368, "001"), quick=True)
def toy_rmsprop_inside(seed):
    """RMSProp that divides by √(s + ε)."""
    return train_toy(RMSProp(0.1, place="inside"))


@experiment("toy-rmsprop-outside", printed(0.429848, "000"), quick=True)
def toy_rmsprop_outside(seed):
    """RMSProp that divides by √s + ε."""
    return train_toy(RMSProp(0.1, place="outside"))
