"""The optimizers of the sources, on their toy network.

A hundred full-batch steps at learning rate 0.1. The sources print the loss that is seen in
step 100, before its update, so after 99 of them.

Chapter: book/optim.md.
"""

from contextlib import suppress

import numpy as np

from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment
from dlcore.experiments.twolayer import as_data, toy
from dlcore.nn.models import TwoLayer
from dlcore.train.optim import SGD, Momentum, RMSProp
from dlcore.train.solver import DivergedError, Solver


def path(optimizer, slope, start, steps):
    """Follow an optimizer from `start` against the gradient `slope`, (D,) → (steps + 1, D)."""
    w = np.array(start, dtype=float)
    points = [w.copy()]
    for _ in range(steps):
        optimizer.step({"w": w}, {"w": slope(w)})
        points.append(w.copy())
    return np.stack(points)


def train_toy(optimizer):
    """Train the toy network with one optimizer; return the loss of every step."""
    model, x, t = toy()
    solver = Solver(
        model, as_data(x, t), optimizer=optimizer, batch_size=None, epochs=100, l2=0.001
    )
    losses = solver.train().train_loss
    return {"loss in step 100": losses[-1]}, {"train_loss": np.array(losses)}


def digits_accuracy(optimizer, seed):
    """Train a small network on the digits for four epochs; return its validation accuracy.

    A run that diverges has accuracy 0.
    """
    data = load("digits").centred(scale=1 / 8)
    model = TwoLayer(64, 32, 10, rng=np.random.default_rng(seed))
    solver = Solver(model, data, optimizer=optimizer, batch_size=50, epochs=4, seed=seed)
    with suppress(DivergedError):
        return solver.train().val_accuracy[-1]
    return 0.0


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
    return train_toy(RMSProp(0.1, eps_inside_sqrt=True))


@experiment("toy-rmsprop-outside", printed(0.429848, "000"), quick=True)
def toy_rmsprop_outside(seed):
    """RMSProp that divides by √s + ε."""
    return train_toy(RMSProp(0.1, eps_inside_sqrt=False))
