"""The dictionary from our optimizers to the classes and options of ``torch.optim``.

The traps, where the same word or the same call means something else:

================  ==============================================================================
learning rate     Our velocity contains it:  v ← momentum v - η g,  w ← w + v.  PyTorch's is
and momentum      multiplied by it:  b ← momentum b + g,  w ← w - η b.  For a constant η both are
                  the same, v = -η b. Under a schedule they differ from the first change of η on,
                  unless b is multiplied by the old rate over the rate that follows:
                  `set_learning_rate`.
dampening         PyTorch's velocity takes the share 1 - dampening of the gradient, but the whole
                  of the first one. Ours corresponds to dampening=0, its default.
Nesterov          The same step, in our form  w ← w + momentum v - η g.  PyTorch demands
                  momentum above 0 and dampening 0.
ε of RMSProp      Ours stands inside the root, √(s + ε), unless eps_inside_sqrt=False; PyTorch's
                  outside of it, √s + ε. No option of ``torch.optim.RMSprop`` moves it inside.
ε of Adam         Outside of the root of the corrected mean square, in both.
names             rho is alpha, (beta1, beta2) is betas.
weight decay      An optimizer of PyTorch's applies it to all its parameters: biases, scales and
of biases         shifts, too. Ours applies it to the weights that `Solver` passes; so do the two
                  groups that `parameter_groups` makes, of which the second has none.
weight decay      ``torch.optim.AdamW`` has 0.01 if none is given, our AdamW 0; here it is passed
by default        in any case.
Adam, AdamW       In both libraries Adam adds the decay to the gradient, and AdamW subtracts
                  η · weight_decay · w beside the step.
momentum of       The share of the batch's statistics in both libraries, 0.1 by default; the
norms             running variance is unbiased in both. ONNX and Keras name the share of the old.
loss              ``torch.nn.functional.cross_entropy`` is a mean over examples, as ours is; with
                  reduction="sum" the learning rate is N times too large.
================  ==============================================================================

Chapter: book/pytorch.md.
"""

from dlcore.compat.torch.names import dictionary
from dlcore.nn import named_weights
from dlcore.train.optim import SGD, Adam, AdamW, Momentum, Nesterov, RMSProp


def momentum_options(optimizer):
    """Return the options of a velocity; `Nesterov` looks ahead.

    >>> momentum_options(Nesterov(0.1))
    {'momentum': 0.9, 'dampening': 0.0, 'nesterov': True}
    """
    nesterov = isinstance(optimizer, Nesterov)
    return {"momentum": optimizer.momentum, "dampening": 0.0, "nesterov": nesterov}


def rmsprop_options(optimizer):
    """Return the options of a mean square; raise ValueError for an ε inside of the root.

    >>> rmsprop_options(RMSProp(0.1, eps_inside_sqrt=False))
    {'alpha': 0.99, 'eps': 1e-08}
    """
    if optimizer.eps_inside_sqrt:
        raise ValueError(
            "counterpart_options: eps_inside_sqrt is True but torch.optim.RMSprop adds eps to the "
            "root, use RMSProp(..., eps_inside_sqrt=False)"
        )
    return {"alpha": optimizer.rho, "eps": optimizer.eps}


def adam_options(optimizer):
    """Return the options of both means.

    >>> adam_options(Adam(0.1))
    {'betas': (0.9, 0.999), 'eps': 1e-08}
    """
    return {"betas": (optimizer.beta1, optimizer.beta2), "eps": optimizer.eps}


COUNTERPARTS = {
    SGD: ("SGD", lambda optimizer: {}),
    Momentum: ("SGD", momentum_options),
    Nesterov: ("SGD", momentum_options),
    RMSProp: ("RMSprop", rmsprop_options),
    Adam: ("Adam", adam_options),
    AdamW: ("AdamW", adam_options),
}


def counterpart_options(optimizer):
    """Return the name of a class in ``torch.optim`` and the options that make it ours.

    Raises ValueError for an optimizer that has none, such as RMSProp with ε inside of the root.

    >>> name, options = counterpart_options(Adam(0.1, weight_decay=0.01))
    >>> name, options["betas"], options["weight_decay"]
    ('Adam', (0.9, 0.999), 0.01)
    """
    if type(optimizer) not in COUNTERPARTS:
        kind, known = type(optimizer).__name__, ", ".join(each.__name__ for each in COUNTERPARTS)
        raise ValueError(f"counterpart_options: optimizer is {kind}, use one of {known}")
    name, options = COUNTERPARTS[type(optimizer)]
    common = {"lr": optimizer.learning_rate, "weight_decay": optimizer.weight_decay}
    return name, common | options(optimizer)


def parameter_groups(model, parameters):
    """Divide PyTorch's parameters into two groups, with weight decay and without.

    `parameters` maps the names of a module with our paths to its parameters, as
    ``dict(module.named_parameters())`` does. The result is the first argument of an optimizer
    whose options are `counterpart_options`. Raises KeyError with the first name that is missing.

    >>> from dlcore.nn import Linear
    >>> parameter_groups(Linear(3, 2, rng=None), {"weight": "θ₁", "bias": "θ₂"})
    [{'params': ['θ₁']}, {'params': ['θ₂'], 'weight_decay': 0.0}]
    """
    weights = named_weights(model)
    entries = [entry for entry in dictionary(model) if entry.kind == "params"]
    decaying = [parameters[entry.name] for entry in entries if entry.path in weights]
    spared = [parameters[entry.name] for entry in entries if entry.path not in weights]
    return [{"params": decaying}, {"params": spared, "weight_decay": 0.0}]


def set_learning_rate(optimizer, learning_rate):
    """Change the learning rate of an optimizer of PyTorch's; keep the velocity that of ours.

    The velocity of PyTorch's SGD is multiplied by the old rate over the rate that follows, in
    place; optimizers without one change their rate only. Raises ValueError for a rate of 0 or
    below, by which no velocity can be divided.

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> b, group = np.ones(2), {"lr": 0.4, "params": ["w"]}
    >>> state = {"w": {"momentum_buffer": b}}
    >>> set_learning_rate(SimpleNamespace(param_groups=[group], state=state), 0.1)
    >>> group["lr"], b.tolist()
    (0.1, [4.0, 4.0])
    """
    if not learning_rate > 0:
        raise ValueError(f"set_learning_rate: learning_rate is {learning_rate}, use one above 0")
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            buffer = optimizer.state.get(parameter, {}).get("momentum_buffer")
            if buffer is not None:
                buffer *= group["lr"] / learning_rate
        group["lr"] = learning_rate
