"""Benchmarks of the deep networks: training steps and evaluation, beside PyTorch's.

Chapter: book/norm.md.
"""

from functools import partial

import numpy as np

from dlcore.benchmarks import torch_modules, torch_reference
from dlcore.benchmarks.convnet import ours, theirs
from dlcore.benchmarks.timing import in_turn
from dlcore.kernels.machine.layout import from_batch_last, to_batch_last
from dlcore.nn.models import VGG, DenseNet, ResNet
from dlcore.train.optim import SGD

SIZE, K = (3, 32, 32), 10
FAMILIES = {
    "vgg": {
        "VGG": partial(VGG, SIZE, K, batch_norm=True),
        "VGG without norm": partial(VGG, SIZE, K),
    },
    "resnet": {f"ResNet-{depth}": partial(ResNet, SIZE, K, depth=depth) for depth in (20, 56)},
    "densenet": {
        f"DenseNet-{depth}": partial(DenseNet, SIZE, K, depth=depth) for depth in (22, 40)
    },
}


def contestants(torch, model, x, t, rng, train):
    """Build the runs of one network: ours, and PyTorch's in both orders of memory."""
    inside = from_batch_last(to_batch_last(x))
    runs = {"dlcore": ours(model, SGD(1e-3), inside, t, rng) if train else partial(model, inside)}
    if torch is None:
        return runs
    for told, order in (("last", torch.channels_last), ("first", torch.contiguous_format)):
        if train:
            step = theirs(torch, model, torch.optim.SGD, x, t, order)
        else:
            network = torch_modules.counterpart(torch, model).to(memory_format=order).eval()
            given = torch.from_numpy(x).contiguous(memory_format=order)
            step = torch.no_grad()(partial(network, given))
        runs[f"pytorch, channels {told}"] = step
    return runs


def networks(family, rounds=5, batch=128, burst=2):
    """Time the networks of a family; return {case: {contestant: Timing}}."""
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *SIZE), np.float32)
    t = rng.integers(K, size=batch)
    table = {}
    for name, make in FAMILIES[family].items():
        model = make(rng=rng, dtype=np.float32)
        for told, train in (("training step", True), ("evaluation", False)):
            runs = contestants(torch, model, x, t, rng, train)
            table[f"{name}, {told}, batch {batch}"] = in_turn(runs, rounds, burst)
    return table
