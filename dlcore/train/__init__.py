"""Training: optimizers, schedules, the solver, callbacks, checkpoints, recipes, sweeps."""

from dlcore.train.callbacks import AverageParameters, Callback, Log, ProgressBar
from dlcore.train.evaluation import accuracy, predict
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
)
from dlcore.train.solver import DivergedError, History, Solver

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "AverageParameters",
    "Callback",
    "DivergedError",
    "History",
    "Log",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "ProgressBar",
    "RMSProp",
    "Solver",
    "accuracy",
    "loss_and_grads",
    "predict",
]
