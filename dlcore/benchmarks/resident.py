"""Benchmark of memory: what a process has resident while it trains a DenseNet-40.

Every contestant is a process of its own: what it loads, compiles and keeps counts, too. PyTorch
has the memory settings of the C library that it finds when it is used by itself.

Chapter: book/densenet.md.
"""

import ctypes
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from dlcore.benchmarks import torch_reference
from dlcore.benchmarks.convnet import ours, theirs
from dlcore.kernels.machine.layout import (
    MMAP_THRESHOLD,
    TRIM_THRESHOLD,
    from_batch_last,
    to_batch_last,
)
from dlcore.nn.models import DenseNet
from dlcore.train.optim import SGD

SIZE, K, DEPTH, BATCH, STEPS = (3, 32, 32), 10, 40, 64, 2
ORDERS = {"pytorch, channels last": "channels_last", "pytorch, channels first": "contiguous_format"}
USUAL = 128 * 1024  # bytes: both settings of the C library of Linux, unless a program changes them


def step_of(contestant):
    """Set up a training step of a contestant: "dlcore", or PyTorch in an order of memory."""
    rng = np.random.default_rng(0)
    model = DenseNet(SIZE, K, depth=DEPTH, rng=rng, dtype=np.float32)
    x = rng.standard_normal((BATCH, *SIZE), np.float32)
    t = rng.integers(K, size=BATCH)
    if contestant == "dlcore":
        return ours(model, SGD(1e-3), from_batch_last(to_batch_last(x)), t, rng)
    with suppress(AttributeError, OSError, TypeError):  # other C libraries have no such function
        for setting in (MMAP_THRESHOLD, TRIM_THRESHOLD):
            ctypes.CDLL(None).mallopt(setting, USUAL)
    torch = torch_reference.torch_or_none()
    return theirs(torch, model, torch.optim.SGD, x, t, getattr(torch, ORDERS[contestant]))


def most_resident():
    """Return the megabytes that this process has had resident at most."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes, on macOS


def resident(_):
    """Train in a process for each contestant; return no shares, and megabytes."""
    contestants = ["dlcore"] + [*ORDERS] * (torch_reference.torch_or_none() is not None)
    held = {}
    for contestant in contestants:
        command = [sys.executable, "-m", __name__, contestant]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        held[contestant] = float(told.stdout)
    case = f"DenseNet-{DEPTH}, batch {BATCH}, MB resident at most"
    megabytes = {f"{case}, {contestant}": each for contestant, each in held.items()}
    least = [held[order] for order in contestants[1:]]
    share = (
        {f"{case}, dlcore / pytorch's smaller order": held["dlcore"] / min(least)} if least else {}
    )
    return {}, megabytes | share


if __name__ == "__main__":
    step = step_of(sys.argv[1])
    for _ in range(STEPS):
        step()
    print(most_resident())
