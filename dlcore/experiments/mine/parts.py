"""The parts of a network: the exercise that answers each, and what the library lends.

Chapter: book/mine.md.
"""

from types import SimpleNamespace
from typing import NamedTuple

from dlcore.autodiff.derivative import central
from dlcore.course.exercises import topics
from dlcore.course.exercises.answers import load
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.exercises.skeleton import cut, exercises_in
from dlcore.course.practice.lending import Lender, lent
from dlcore.course.practice.progress_file import Progress
from dlcore.experiments.mine import borrowed
from dlcore.nn.init import he
from dlcore.ops import relu, softmax


class Part(NamedTuple):
    """What a part does in the network, the exercise whose answer can do it, and its stand-in."""

    role: str
    exercise: str
    stand_in: object


PARTS = (
    Part("checks the gradient by differences", "derivative-central", central),
    Part("puts the layers in order", "graph-order", borrowed.topological_order),
    Part("turns scores into probabilities", "loss-softmax", softmax),
    Part("measures the loss, begins the backward pass", "loss-cross-entropy",
         borrowed.cross_entropy),
    Part("linear layers", "linear-forward", borrowed.linear),
    Part("linear layers, backward", "linear-backward", borrowed.linear_vjp),
    Part("nonlinearity", "activation-relu", relu),
    Part("nonlinearity, backward", "activation-relu-backward", borrowed.relu_backward),
    Part("draws the first weights", "activation-init", he),
    Part("changes the weights", "optim-momentum", borrowed.momentum),
    Part("draws the batches", "solver-batches", borrowed.batches),
    Part("subtracts the mean image", "solver-centre", borrowed.centre),
    Part("counts the mistakes", "solver-confusion", borrowed.confusion),
    Part("convolution", "conv-naive", borrowed.conv),
    Part("convolution, backward", "conv-backward", borrowed.conv_backward),
    Part("pooling", "pool-max", borrowed.max_pool),
    Part("pooling, backward", "pool-max-backward", borrowed.max_pool_backward),
    Part("batch norm", "norm-forward", borrowed.batch_norm),
    Part("batch norm, backward", "norm-backward", borrowed.batch_norm_backward),
    Part("batch norm, evaluation", "norm-running", borrowed.RunningNorm),
    Part("dropout, forward and backward", "dropout-backward", borrowed.dropout_pullback),
)  # fmt: skip


class Parts(NamedTuple):
    """Functions by the names of the answers, and the exercises whose answers are the reader's."""

    functions: SimpleNamespace
    own: tuple[str, ...]

    @property
    def lent(self):
        """List the parts that are still the book's."""
        return [part for part in PARTS if part.exercise not in self.own]


def gather(passed=None, *, folder="exercises"):
    """Gather the parts: answers where they have passed, else what the library lends.

    `passed` names exercises; None takes those of ``.progress`` that have passed as they stand.
    Answers cannot change the arrays that they are given. A file that cannot be run lends nothing.
    """
    if passed is None:
        passed = [exercise.name for exercise in Progress(topics.topics()).done()]
    homes = {exercise.name: exercise.topic for exercise in exercises_of(*topics.topics())}
    modules = {}
    functions = {}
    own = []
    for part in PARTS:
        topic = homes.get(part.exercise, "")
        name = exercises_in(cut(topic))[part.exercise] if topic else part.stand_in.__name__
        functions[name] = part.stand_in
        if topic and part.exercise in passed:
            if topic not in modules:
                modules[topic] = answers(topics.ROOT / folder / f"{topic}.py")
            if hasattr(modules[topic], name):
                functions[name] = getattr(modules[topic], name)
                own.append(part.exercise)
    return Parts(SimpleNamespace(**functions), tuple(own))


def answers(path):
    """Load a file of answers, whose functions are lent their arguments; None if it fails."""
    try:
        module = load(path)
    except (ImportError, SyntaxError, NameError, ValueError, TypeError):
        return None
    return lent(module, Lender())
