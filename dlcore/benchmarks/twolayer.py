"""Benchmarks of networks by hand: a training step of ours beside PyTorch's, turn by turn.

Both sides start from the same arrays, float32, and do the same work: scores, loss, gradients
of the parameters, one step of plain gradient descent. PyTorch runs eagerly on two threads.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.benchmarks import torch_modules, torch_reference
from dlcore.benchmarks.timing import in_turn
from dlcore.nn import named_parameters, named_weights
from dlcore.nn.models import LinearClassifier, TwoLayer
from dlcore.ops.loss import cross_entropy
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import SGD

RATE = 1e-3
CASES = {  # name: batch, features, hidden units (none: the linear classifier)
    "softmax classifier, batch 8000": (8000, 3072, None),
    "two-layer net, 50 hidden, batch 100": (100, 3072, 50),
    "two-layer net, 100 hidden, batch 100": (100, 3072, 100),
    "two-layer net, 512 hidden, batch 100": (100, 3072, 512),
}


def ours(model, x, t):
    """A training step of dlcore."""
    optimizer = SGD(RATE)

    def step():
        _, grads = loss_and_grads(model, cross_entropy, x, t)
        optimizer.step(named_parameters(model), grads)

    return step


def floor(model, x, t):
    """The least that NumPy can do: the products of matrices of that step, and nothing else."""
    w1, *more = named_weights(model).values()
    y = x @ w1

    def step():
        hidden = x @ w1
        for w2 in more:
            scores = hidden @ w2
            hidden.T @ scores
            scores @ w2.T
        x.T @ y

    return step


def theirs(torch, model, x, t):
    """A training step of PyTorch, on a network with the same parameters."""
    network = torch_modules.counterpart(torch, model)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    return torch_reference.training_step(
        torch, network, optimizer, torch.from_numpy(x), torch.from_numpy(t)
    )


def contestants(torch, N, D, M, *, rng):
    """Build the steps that compete on one case."""
    x = rng.standard_normal((N, D), np.float32)
    t = rng.integers(10, size=N)
    models = [
        TwoLayer(D, M, 10, rng=np.random.default_rng(0), dtype=np.float32)
        if M
        else LinearClassifier(D, 10, rng=np.random.default_rng(0), dtype=np.float32)
        for _ in range(3)
    ]
    steps = {"dlcore": ours(models[0], x, t), "products alone": floor(models[1], x, t)}
    if torch is not None:
        steps["pytorch"] = theirs(torch, models[2], x, t)
    return steps


def twolayer(rounds=5):
    """Time a training step of every network; return {case: {contestant: Timing}}."""
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    return {
        name: in_turn(contestants(torch, *sizes, rng=rng), rounds) for name, sizes in CASES.items()
    }
