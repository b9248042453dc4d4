"""One training step twice, line by line: each line beside its counterpart, and its value.

A line may be run on both sides. Each side has names of its own; both have the sizes, the images x
and the labels t. What a line has computed is the value of the name that it assigns, or of `watch`.

Chapter: book/pytorch.md.
"""

import re
from typing import NamedTuple

import numpy as np

from dlcore import nn, ops
from dlcore.compat.torch import models, state_dict
from dlcore.experiments import written_twice
from dlcore.nn.models import LinearClassifier, ResNet, TwoLayer, TwoLayerConvNet
from dlcore.train import Momentum, loss_and_grads

ASSIGNED = re.compile(r"^(\w+) = ")
INDEX = re.compile(r"\.(\d+)")


class Line(NamedTuple):
    """A line of ours, its counterpart, and what is to be known about the two.

    `watch` are two expressions that are compared, where no name is assigned.
    """

    here: str
    there: str
    says: str
    watch: tuple = ()

    @property
    def watched(self):
        """The two expressions whose values are compared, or nothing."""
        name = ASSIGNED.match(self.there)
        return self.watch or ((name[1],) * 2 if name and ASSIGNED.match(self.here) else ())


WEIGHTS = Line(
    "tensors = state_dict(model)",
    "module.load_state_dict(tensors)",
    "All arrays of ours, under PyTorch's names and in its layouts: a weight of a linear layer is "
    "transposed.",
)
OPTIMIZER = Line(
    "optimizer = Momentum(0.1, momentum=0.9)",
    "optimizer = SGD(module.parameters(), 0.1, momentum=0.9)",
    "There momentum is an option of SGD, and an optimizer owns the parameters that it changes.",
    watch=("optimizer.learning_rate", 'optimizer.param_groups[0]["lr"]'),
)
LOSS = Line(
    "loss = cross_entropy(y, t)",
    "loss = F.cross_entropy(y, t)",
    "Both take scores, not probabilities, and both return the mean over the batch.",
)
GRADIENTS = Line(
    "_, grads = loss_and_grads(model, cross_entropy, x, t)",
    "optimizer.zero_grad(); loss.backward()",
    "Here gradients are returned. There they are added to what stands in .grad: clear it first.",
)
STEP = Line(
    "optimizer.step(named_parameters(model), grads)",
    "optimizer.step()",
    "Both change the parameters in place.",
)
SCORES_AFTER = Line(
    "y = model(x)", "y = module(x)", "The scores after the step: both sides have taken the same."
)


def gradient_of(path, transposed=".T"):
    """Compare the gradient of a weight; that of a linear layer is transposed, too."""
    name = f"{path}.w".lstrip(".")
    attribute = INDEX.sub(r"[\1]", f"{path}.weight".lstrip("."))
    says = "The gradient has the layout of its weight."
    return Line(f'g = grads["{name}"]', f"g = module.{attribute}.grad{transposed}", says)


def training_step(path, transposed=".T"):
    """List the lines that follow the loss in every network."""
    return [OPTIMIZER, GRADIENTS, gradient_of(path, transposed), STEP, SCORES_AFTER]


FLAT = "Images are laid out flat first: channels, then rows, then columns, on both sides."
LINES = {
    "softmax": [
        Line(
            "model = LinearClassifier(D, K, rng=rng)",
            "module = linear_classifier(torch, D, K)",
            "Here a generator draws the weights; there a global one does, by another law.",
        ),
        WEIGHTS,
        Line("y = model(x)", "y = module(x)", FLAT),
        LOSS,
        *training_step(""),
    ],
    "two-layer": [
        Line(
            "model = TwoLayer(D, M, K, rng=rng)",
            "module = two_layer(torch, D, M, K)",
            "Layers have the same paths on both sides: hidden, output.",
        ),
        WEIGHTS,
        Line("h = model.hidden(x)", "h = module.hidden(x.flatten(1))", FLAT),
        Line("h = relu(h)", "h = torch.relu(h)", "At 0 both have the slope 0."),
        Line("y = model.output(h)", "y = module.output(h)", "The scores of the classes."),
        LOSS,
        *training_step("hidden"),
    ],
    "ConvNet": [
        Line(
            "model = TwoLayerConvNet(SIZE, FILTERS, K, rng=rng)",
            "module = two_layer_convnet(torch, SIZE, FILTERS, K)",
            "Images are (N, C, H, W) and filters (F, C, U, V) on both sides.",
        ),
        WEIGHTS,
        Line(
            "h = model.conv(x)",
            "h = F.max_pool2d(torch.relu(module.conv(x)), 2)",
            "One pass here; three operations there.",
        ),
        Line("y = model.output(model.flatten(h))", "y = module.output(h.flatten(1))", FLAT),
        LOSS,
        *training_step("conv", ""),
    ],
    "ResNet-20": [
        Line(
            "model = ResNet(SIZE, K, rng=rng)",
            "module = resnet(torch, K)",
            "Twenty layers with weights, nine residual blocks.",
        ),
        WEIGHTS,
        Line(
            "y = model(x)",
            "y = module.eval()(x)",
            "Without a generator a model evaluates. A module begins in the mode of training.",
        ),
        Line(
            "y = model(x, rng)",
            "y = module.train()(x)",
            "In training the statistics are those of the batch, and the running ones move.",
        ),
        LOSS,
        OPTIMIZER,
        Line(
            "_, grads = loss_and_grads(model, cross_entropy, x, t, rng)",
            "optimizer.zero_grad(); F.cross_entropy(module(x), t).backward()",
            "Both run forwards once more, so the running statistics move again on both sides.",
        ),
        gradient_of("blocks.3.conv1", ""),
        STEP,
        Line(
            'r = model.blocks[3].norm1.state["var"]',
            "r = module.blocks[3].norm1.running_var",
            "Running variances are unbiased on both sides, and momentum is the share of the new.",
        ),
        Line(
            "y = model(x)", "y = module.eval()(x)", "The scores after the step, in an evaluation."
        ),
    ],
}


def sizes():
    """Return the sizes that both sides use, by their names."""
    names = {name: getattr(written_twice, name) for name in ("SIZE", "K", "D", "M")}
    return names | {"FILTERS": written_twice.F}


def names_here(x, t, rng):
    """Return the names that our lines may use."""
    return sizes() | {
        "x": x, "t": t, "rng": rng, "state_dict": state_dict, "relu": ops.relu,
        "cross_entropy": ops.cross_entropy, "loss_and_grads": loss_and_grads,
        "named_parameters": nn.named_parameters, "Momentum": Momentum,
        "LinearClassifier": LinearClassifier, "TwoLayer": TwoLayer,
        "TwoLayerConvNet": TwoLayerConvNet, "ResNet": ResNet,
    }  # fmt: skip


def names_there(torch, x, t):
    """Return the names that PyTorch's lines may use."""
    written = ("linear_classifier", "two_layer", "two_layer_convnet", "resnet")
    names = {name: getattr(models, name) for name in written}
    names |= {"torch": torch, "F": torch.nn.functional, "SGD": torch.optim.SGD}
    return sizes() | names | {"x": torch.from_numpy(x), "t": torch.from_numpy(t)}


def values(torch, name, rng):
    """Run the lines of a network on both sides; return what each computes, and how far apart.

    Of each line:  {"shape", "first", "apart"},  or {} where nothing is compared.
    """
    x, t = written_twice.batch(rng)
    here, there = names_here(x, t, rng), names_there(torch, x, t)
    found = []
    for line in LINES[name]:
        exec(line.here, here)
        if line is WEIGHTS:
            there["module"].double()
            there["tensors"] = {k: torch.tensor(w) for k, w in here["tensors"].items()}
        exec(line.there, there)
        found.append({})
        if line.watched and "module" not in line.watched:
            ours = np.asarray(eval(line.watched[0], here), dtype=float)
            theirs = np.asarray(numbers(eval(line.watched[1], there)), dtype=float)
            found[-1] = {
                "shape": list(ours.shape),
                "first": float(ours.flat[0]),
                "apart": written_twice.apart(ours, theirs),
            }
    return found


def numbers(value):
    """Return the numbers of a tensor, or a number itself."""
    return value.detach().numpy() if hasattr(value, "detach") else value
