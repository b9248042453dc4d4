"""Benchmarks of the two ConvNets: a training step of ours beside PyTorch's.

Chapter: book/convnet.md.
"""

import numpy as np

from dlcore.benchmarks import torch_modules, torch_reference
from dlcore.benchmarks.timing import in_turn
from dlcore.experiments.convnet import SIZE, three_layer, two_layer
from dlcore.kernels.machine.layout import from_batch_last, to_batch_last
from dlcore.nn import named_parameters
from dlcore.ops.loss import cross_entropy
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import SGD, Adam


def ours(model, optimizer, x, t, rng=None):
    """A training step of dlcore; a model with masks or batch statistics takes a generator."""

    def step():
        _, grads = loss_and_grads(model, cross_entropy, x, t, rng)
        optimizer.step(named_parameters(model), grads)

    return step


def theirs(torch, model, optimizer, x, t, order):
    """A training step of PyTorch, in one order of memory."""
    network = torch_modules.counterpart(torch, model).to(memory_format=order)
    x = torch.from_numpy(x).contiguous(memory_format=order)
    optimizer = optimizer(network.parameters(), lr=1e-3)
    return torch_reference.training_step(torch, network, optimizer, x, torch.from_numpy(t))


def steps(rounds=5, batch=50):
    """Time a training step of both networks; return {case: {contestant: Timing}}."""
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *SIZE), np.float32)
    t = rng.integers(10, size=batch)
    table = {}
    for name, make, optimizer in (("two", two_layer, SGD), ("three", three_layer, Adam)):
        model = make(rng=rng, dtype=np.float32)
        runs = {"dlcore": ours(model, optimizer(1e-3), from_batch_last(to_batch_last(x)), t)}
        runs["dlcore, with conversion"] = ours(model, optimizer(1e-3), x, t)
        if torch is not None:
            other = getattr(torch.optim, optimizer.__name__)
            for told, order in (("last", "channels_last"), ("first", "contiguous_format")):
                step = theirs(torch, model, other, x, t, getattr(torch, order))
                runs[f"pytorch, channels {told}"] = step
        table[f"{name}-layer ConvNet, batch {batch}, {optimizer.__name__}"] = in_turn(runs, rounds)
    return table
