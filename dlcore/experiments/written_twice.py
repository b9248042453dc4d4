"""Models that are written twice, here and in PyTorch, compared in one step and in many.

Chapter: book/pytorch.md.
"""

import importlib
from functools import partial

import numpy as np

from dlcore import nn
from dlcore.compat.torch import (
    counterpart_options,
    dictionary,
    models,
    parameter_groups,
    set_learning_rate,
    state_dict,
)
from dlcore.nn.models import LinearClassifier, ResNet, TwoLayer, TwoLayerConvNet
from dlcore.ops.loss import cross_entropy
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import SGD, Adam, AdamW, Momentum, Nesterov, RMSProp

SIZE, K = (3, 8, 12), 4  # of small images, no two numbers alike
D, M, F = 288, 7, 5
N = 6

# Each model of ours, and the function that writes it in PyTorch.
WRITTEN_TWICE = {
    "softmax": (
        partial(LinearClassifier, D, K, std=0.1),
        partial(models.linear_classifier, D=D, K=K),
    ),
    "two-layer": (partial(TwoLayer, D, M, K), partial(models.two_layer, D=D, M=M, K=K)),
    "ConvNet": (
        partial(TwoLayerConvNet, SIZE, F, K),
        partial(models.two_layer_convnet, size=SIZE, F=F, K=K),
    ),
    "ResNet-20": (partial(ResNet, SIZE, K, depth=20), partial(models.resnet, K=K)),
}
RUNS = {
    "SGD": SGD(0.05, weight_decay=0.02),
    "momentum": Momentum(0.05, momentum=0.8, weight_decay=0.02),
    "Nesterov": Nesterov(0.05, momentum=0.8, weight_decay=0.02),
    "RMSProp": RMSProp(0.01, rho=0.95, eps=1e-4, eps_inside_sqrt=False, weight_decay=0.02),
    "Adam": Adam(0.01, beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.02),
    "AdamW": AdamW(0.01, beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.2),
}
STEPS = (1, 50)


def package():
    """Import PyTorch; raise ModuleNotFoundError where it is not installed."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "pytorch: the package torch is missing, install the extra `bench`"
        ) from None


def pair(torch, name, rng, dtype=np.float64):
    """Build a model of ours, all arrays random, and its counterpart with the same arrays."""
    build, write = WRITTEN_TWICE[name]
    model = build(rng=rng, dtype=dtype)
    for path, array in (nn.named_parameters(model) | nn.named_state(model)).items():
        array[...] += rng.normal(scale=0.1, size=array.shape)
        if path.endswith(".var"):
            array[...] = np.abs(array)
    return model, counterpart(torch, write, model)


def counterpart(torch, write, model):
    """Write a model in PyTorch, and load our arrays by their names, all of them."""
    module = write(torch)
    tensors = {name: torch.tensor(array) for name, array in state_dict(model).items()}
    module.to(next(iter(tensors.values())).dtype).load_state_dict(tensors, strict=True)
    return module


def batch(rng, dtype=np.float64):
    """Draw images and labels."""
    return rng.normal(size=(N, *SIZE)).astype(dtype), rng.integers(K, size=N)


def apart(ours, theirs):
    """Return the largest difference of two arrays, relative to the largest entry."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def parity(torch, name, rng):
    """Compare scores, loss, gradients and running statistics of one training step.

    Returns relative differences by their names. Scores are those of an evaluation.
    """
    model, module = pair(torch, name, rng)
    x, t = batch(rng)
    scores = module.eval()(torch.from_numpy(x)).detach().numpy()
    found = {"scores": apart(model(x), scores)}
    loss, grads = loss_and_grads(model, cross_entropy, x, t, rng)
    theirs = loss_of(torch, module.train(), x, t)
    theirs.backward()
    found["loss"] = abs(loss - theirs.item()) / theirs.item()
    parameters = dict(module.named_parameters())
    largest = max(np.abs(bar).max() for bar in grads.values())
    pairs = [(grads[each.path], each.turned(parameters[each.name].grad.numpy()))
             for each in dictionary(model) if each.kind == "params"]  # fmt: skip
    found["gradients"] = max(np.abs(bar - other).max() for bar, other in pairs) / largest
    buffers = dict(module.named_buffers())
    state = nn.named_state(model)
    found["statistics"] = max(
        (apart(state[each.path], buffers[each.name].numpy())
         for each in dictionary(model) if each.kind == "state"), default=0.0,
    )  # fmt: skip
    return found


def loss_of(torch, module, x, t):
    """Return PyTorch's mean cross-entropy of a batch."""
    return torch.nn.functional.cross_entropy(module(torch.from_numpy(x)), torch.from_numpy(t))


def optimizers(torch, model, module, optimizer, **changes):
    """Return a fresh optimizer of ours and its counterpart; `changes` are options of that."""
    kind, options = counterpart_options(optimizer)
    groups = changes.pop("groups", parameter_groups)(model, dict(module.named_parameters()))
    return fresh(optimizer), getattr(torch.optim, kind)(groups, **options | changes)


def fresh(optimizer):
    """Return an optimizer with the same options that has taken no step."""
    ours = type(optimizer).__new__(type(optimizer))
    vars(ours).update(vars(optimizer), memory={}, steps=0)
    return ours


def steps_apart(torch, name, optimizer, rates, rng, **changes):
    """Take steps on both sides, on the same batches; return how far the arrays are apart.

    `rates` are the learning rates of the steps. `changes` make PyTorch's side wrong: options of
    its optimizer, an optimizer of `ours` that is another one, or other functions in the place of
    `groups`, `set_rate`, `loss`, `clear` and `module_of`.
    """
    model, module = pair(torch, name, rng)
    another = changes.pop("ours", optimizer)
    set_rate = changes.pop("set_rate", set_learning_rate)
    loss = changes.pop("loss", loss_of)
    clear = changes.pop("clear", lambda other: other.zero_grad())
    changes.pop("module_of", lambda module: None)(module)
    _, other = optimizers(torch, model, module, optimizer, **changes)
    ours = fresh(another)
    for rate in rates:
        x, t = batch(rng)
        ours.learning_rate = rate
        _, grads = loss_and_grads(model, cross_entropy, x, t, rng)
        ours.step(nn.named_parameters(model), grads, weights=nn.named_weights(model))
        set_rate(other, rate)
        clear(other)
        loss(torch, module, x, t).backward()
        other.step()
    found = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    return max(
        apart(array, found[key])
        for key, array in state_dict(model).items()
        if not key.endswith("num_batches_tracked")
    )
