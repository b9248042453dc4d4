"""Training: batches, steps, epochs, and a record of what happened.

A run is a function of its seed: stopped after any epoch and resumed from its checkpoint,
it ends with the same bits as a run that was never stopped.

Chapter: book/solver.md.
"""

from dataclasses import dataclass, field

import numpy as np

from dlcore.data.batches import drawn, shuffled
from dlcore.train import checkpoint
from dlcore.train.schedule import constant

SAMPLE = 1000  # training examples on which the training accuracy is measured


class DivergedError(ArithmeticError):
    """The loss left the numbers."""


@dataclass
class History:
    """What happened: one loss per step; both accuracies and the rate per epoch."""

    losses: list = field(default_factory=list)
    train: list = field(default_factory=list)
    val: list = field(default_factory=list)
    rates: list = field(default_factory=list)


class Silence:
    """Watch a run without a word."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin(self, solver):
        """The run starts, or goes on."""

    def step(self, solver):
        """A step was taken."""

    def epoch(self, solver):
        """An epoch has ended."""


class Solver:
    """Fit `model` to `data.train` by steps of `rule`, and keep the best of `data.val`.

    ========  ====================================================================
    batch     examples per step; None takes all of them, in order, at every step
    draw      "shuffled": every epoch visits each example once;
              "replaced": every batch is drawn anew, with replacement
    length    steps per epoch where batches are drawn; else as many as cover the examples
    reg       strength of the penalty reg/2 Σ w²
    augment   a function (x, rng) ↦ x that alters a batch of images
    seed      of the batches and the augmentation
    ========  ====================================================================
    """

    def __init__(
        self, model, data, *, rule, schedule=None, batch=100, epochs=10, reg=0.0,
        augment=None, draw="shuffled", length=None, seed=0,
    ):  # fmt: skip
        N = len(data.train.t)
        if N == 0 or epochs < 0 or (batch is not None and batch < 1):
            raise ValueError(
                f"Solver: {N} examples, batch {batch}, epochs {epochs}: use at least one "
                "example, a batch of 1 or more, and 0 epochs or more"
            )
        if draw not in ("shuffled", "replaced"):
            raise ValueError(f'Solver: draw is {draw!r}, use "shuffled" or "replaced"')
        self.model, self.data, self.rule = model, data, rule
        self.schedule, self.rate = schedule or constant(), rule.rate
        self.batch, self.epochs, self.reg = min(batch or N, N), epochs, reg
        self.whole, self.draw, self.augment = batch is None, draw, augment
        covering = max(N // self.batch, 1) if draw == "replaced" else -(-N // self.batch)
        self.steps = length if length and draw == "replaced" else covering
        self.rng = np.random.default_rng(seed)
        self.history, self.epoch, self.best = History(), 0, None

    def batches(self):
        """Yield the rows of every batch of one epoch."""
        N = len(self.data.train.t)
        if self.whole:
            yield slice(None)
        elif self.draw == "replaced":
            for _ in range(self.steps):
                yield drawn(N, self.batch, self.rng)
        else:
            yield from shuffled(N, self.batch, self.rng)

    def step(self, rows):
        """Take one step on one batch, and return its loss as it was before the step."""
        x, t = self.data.train.x[rows], self.data.train.t[rows]
        if self.augment:
            x = self.augment(x, self.rng)
        progress = len(self.history.losses) / (self.steps * self.epochs)
        self.rule.rate = self.rate * self.schedule(progress, self.epoch)
        loss, grads = self.model.loss(x, t, self.reg)
        if not np.isfinite(loss):
            raise DivergedError(
                f"Solver: the loss is {loss} in epoch {self.epoch + 1} at rate "
                f"{self.rule.rate:.3g}, try a smaller rate"
            )
        self.rule.step(self.model.params, grads)
        return loss

    def train(self, *, path=None, watch=None):
        """Run the epochs that are left, then put the best parameters back; return the history.

        After every epoch a checkpoint is written to `path`; `watch` is told of every step.
        """
        watch = watch or Silence()
        with watch, np.errstate(over="ignore", invalid="ignore"):
            watch.begin(self)
            while self.epoch < self.epochs:
                for rows in self.batches():
                    self.history.losses.append(self.step(rows))
                    watch.step(self)
                self.epoch += 1
                self.evaluate()
                watch.epoch(self)
                if path is not None:
                    checkpoint.save(self, path)
        if self.best is not None:
            self.model.load(self.best)
        return self.history

    def evaluate(self):
        """Record both accuracies; keep the parameters if they are the best so far."""
        data, history = self.data, self.history
        history.train.append(self.model.accuracy(data.train.x[:SAMPLE], data.train.t[:SAMPLE]))
        history.val.append(self.model.accuracy(data.val.x, data.val.t))
        history.rates.append(self.rule.rate)
        if self.best is None or history.val[-1] > max(history.val[:-1]):
            self.best = {name: w.copy() for name, w in self.model.params.items()}

    def resume(self, path):
        """Go on where the checkpoint at `path` was written."""
        checkpoint.restore(self, path)
        return self
