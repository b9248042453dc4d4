"""Experiments of the linear map and the linear classifier.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.autodiff.derivative import relative_error
from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment, pack
from dlcore.nn import named_parameters
from dlcore.nn.models import LinearClassifier
from dlcore.ops.linear import linear
from dlcore.train.evaluation import accuracy
from dlcore.train.optim import SGD, Momentum
from dlcore.train.schedule import one_cycle
from dlcore.train.solver import Solver

AFFINE_001 = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]


@experiment(
    "affine-forward",
    Claim("largest difference", 5e-9, "000, 001", "below"),
    Claim("relative error", 9.769849468192957e-10, "001; 000: 9.76985004799e-10", "equal", 5e-16),
    quick=True,
)
def affine_forward(seed):
    """The linear map on evenly spread numbers, printed in the sources with eight decimals."""
    x, w = np.linspace(-0.1, 0.5, 240).reshape(2, 120), np.linspace(-0.2, 0.3, 360).reshape(120, 3)
    y = linear(x, w, np.linspace(-0.3, 0.1, 3))
    error = relative_error(y, np.array(AFFINE_001))  # 5e-16 of it is rounding of 120 products
    return {"largest difference": np.abs(y - AFFINE_001).max(), "relative error": error}, {}


def fit(seed, *, std, scale, **settings):
    """Train the linear classifier on CIFAR-10 and measure it on three sets."""
    data = load("cifar10").centred(scale=scale, dtype=np.float32)
    rng = np.random.default_rng(seed)
    model = LinearClassifier(3072, 10, rng=rng, std=std, dtype=np.float32)
    history = Solver(model, data, seed=seed, **settings).train()
    test = data.test.first(1000)
    values = {
        "first loss": history.train_loss[0],
        "validation": max(history.val_accuracy),
        "test": accuracy(model, test.x, test.t),
        "full test set": accuracy(model, data.test.x, data.test.t),
    }
    picture = named_parameters(model)["w"].T.reshape(10, 3, 32, 32)
    return values, {
        "train_loss": np.array(history.train_loss),
        "val_accuracy": history.val_accuracy,
        "w": pack(picture),
    }


@experiment("softmax-001", Claim("test", 0.254, "001", "about"), data="cifar10")
def softmax_001(seed):
    """The settings of 001: five hundred steps on 8,000 raw images each, penalty 2000 Σ w²."""
    return fit(
        seed, std=1e-3, scale=1.0, optimizer=SGD(1e-5), batch_size=8000, epochs=5, l2=4000.0,
        replacement=True, steps_per_epoch=100,
    )  # fmt: skip


@experiment("softmax-tuned", Claim("test", 0.38, "tuned, wanted"), data="cifar10")
def softmax_tuned(seed):
    """The same classifier with pixels of size one, momentum, and a rate that rises and falls."""
    return fit(
        seed, std=1e-3, scale=1 / 64, optimizer=Momentum(1e-3, weight_decay=1e-3),
        schedule=one_cycle(start=0.0), batch_size=200, epochs=15,
    )  # fmt: skip
