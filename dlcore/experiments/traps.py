"""Traps on the way to PyTorch: one word or one call that means something else there.

Chapter: book/pytorch.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.experiments.written_twice import RUNS, steps_apart
from dlcore.train.optim import SGD, AdamW, Momentum, RMSProp

STEPS = 12


class Trap(NamedTuple):
    """A slip in PyTorch's program, and one of ours that it does not belong to.

    `run` is our optimizer, `changes` is what `steps_apart` takes to make PyTorch's side wrong.
    """

    run: object
    changes: dict
    model: str = "two-layer"


def only_the_rate(optimizer, rate):
    """Change the learning rate as a schedule of PyTorch's does: the velocity stays."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def one_group(model, parameters):
    """Pass all parameters to the optimizer, as most programs do."""
    return list(parameters.values())


def sum_of_losses(torch, module, x, t):
    """Add up the losses of a batch where their mean is meant."""
    scores = module(torch.from_numpy(x))
    return torch.nn.functional.cross_entropy(scores, torch.from_numpy(t), reduction="sum")


def of_probabilities(torch, module, x, t):
    """Pass probabilities where scores are meant: the softmax is taken twice."""
    probabilities = module(torch.from_numpy(x)).softmax(1)
    return torch.nn.functional.cross_entropy(probabilities, torch.from_numpy(t))


def keep(optimizer):
    """Leave the gradients of the last step where they are."""


def share_that_is_kept(module):
    """Pass the share of the old statistics as the momentum of all norms."""
    for norm in module.modules():
        if hasattr(norm, "running_mean"):
            norm.momentum = 0.9


def evaluating(module):
    """Leave the module in the mode of an evaluation."""
    module.eval()


INSIDE = RMSProp(0.01, rho=0.95, eps=1e-4, weight_decay=0.02)
TRAPS = {
    "rate outside of the velocity": Trap(RUNS["momentum"], {"set_rate": only_the_rate}),
    "dampening": Trap(RUNS["momentum"], {"dampening": 0.8}),
    "no look-ahead": Trap(RUNS["Nesterov"], {"nesterov": False}),
    "ε inside of the root": Trap(RUNS["RMSProp"], {"ours": INSIDE}),
    "decay of biases": Trap(RUNS["SGD"], {"groups": one_group}),
    "decay beside the gradient": Trap(RUNS["Adam"], {"decoupled_weight_decay": True}),
    "decay by default": Trap(AdamW(0.01, weight_decay=0.0), {"weight_decay": 0.01}),
    "sum of losses": Trap(RUNS["SGD"], {"loss": sum_of_losses}),
    "softmax twice": Trap(RUNS["SGD"], {"loss": of_probabilities}),
    "gradients not cleared": Trap(RUNS["SGD"], {"clear": keep}),
    "share that is kept": Trap(Momentum(0.05), {"module_of": share_that_is_kept}, "ResNet-20"),
    "mode of evaluation": Trap(SGD(1e-4), {"module_of": evaluating}, "ResNet-20"),
}


def trap_apart(torch, name, side, seed=0):
    """Return how far apart the steps end by the dictionary, "right", or in the trap, "wrong".

    Both runs draw the same weights and batches, and their learning rate falls to a tenth.
    """
    trap = TRAPS[name]
    rates = trap.run.learning_rate * np.linspace(1, 0.1, STEPS)
    changes = dict(trap.changes) if side == "wrong" else {}
    rng = np.random.default_rng(seed)
    return steps_apart(torch, trap.model, trap.run, rates, rng, **changes)
