"""PyTorch as the reference: it runs eagerly, with as many threads as ours.

Networks with our parameters are built by `torch_modules.counterpart`.

Chapter: book/twolayer.md.
"""

THREADS = 2


def torch_or_none():
    """Import PyTorch and fix its threads; None where it is not installed."""
    try:
        import torch  # noqa: PLC0415  an optional dependency
    except ImportError:
        return None
    torch.set_num_threads(THREADS)
    return torch


def training_step(torch, network, optimizer, x, t):
    """A training step of PyTorch: scores, loss, gradients, one step of the optimizer."""

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), t).backward()
        optimizer.step()

    return step
