"""Training: batches, steps, epochs, and a record of what happened.

A run is a function of its seed: stopped anywhere and resumed from its checkpoint, it ends with
the same bits as a run that was never stopped.

Chapter: book/solver.md.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from dlcore.data.batches import drawn, generator_of_batch, in_background, shuffled
from dlcore.nn.layer import load, named_parameters, named_state, named_weights
from dlcore.ops.loss import cross_entropy
from dlcore.train import checkpoint
from dlcore.train.evaluation import accuracy
from dlcore.train.objective import loss_and_grads
from dlcore.train.schedule import constant

SAMPLE = 1000  # training examples on which the training accuracy is measured


class DivergedError(ArithmeticError):
    """The loss is infinite or no number; it is an ArithmeticError.

    The message gives the loss, the epoch and the learning rate.

    >>> issubclass(DivergedError, ArithmeticError)
    True
    """


@dataclass
class History:
    """What happened: one loss per step; accuracies and the learning rate per evaluation.

    Losses are those of the batch before the step, penalty included; accuracies go from 0 to 1;
    ``steps`` counts the steps before each evaluation.

    >>> History().train_loss
    []
    """

    train_loss: list = field(default_factory=list)
    train_accuracy: list = field(default_factory=list)
    val_accuracy: list = field(default_factory=list)
    learning_rate: list = field(default_factory=list)
    steps: list = field(default_factory=list)  # how many had been taken at each evaluation


class Solver:
    """Fit `model` to `data.train` by steps of `optimizer`, and keep the best of `data.val`.

    ===============  ================================================================
    loss_fn          of scores and labels, such as `cross_entropy` or `hinge`
    schedule         by what factor the learning rate is multiplied, see `schedule`
    batch_size       examples per step; None takes all of them, in order, at every step
    replacement      False: every epoch visits each example once, shuffled;
                     True: every batch is drawn anew, with replacement
    steps_per_epoch  with replacement; otherwise as many as cover the examples
    l2               strength of the penalty  l2/2 Σ w²  on the weights
    augment          a function (x, rng) ↦ x that alters a batch of images, see `data.augment`;
                     every batch has a generator of its own, of (seed, epoch, batch)
    workers          threads that augment the batches ahead; the bits do not depend on them
    evaluate_first   whether to evaluate before the first step, too
    evaluate_every   steps between evaluations inside an epoch; None: epochs only
    callbacks        what else is to happen, see `dlcore.train.callbacks`
    seed             of the batches, the augmentation and the masks of the model
    ===============  ================================================================

    Raises ValueError for no examples, a batch_size or workers below 1, negative epochs, or
    steps_per_epoch without replacement; ``train`` raises DivergedError where the loss is infinite
    or no number.

    >>> from dlcore import data, nn, train
    >>> digits = data.load("digits").centred(scale=1 / 16).flat()
    >>> model = nn.Linear(64, 10, rng=np.random.default_rng(0))
    >>> history = Solver(model, digits, optimizer=train.Adam(0.01), epochs=5).train()
    >>> history.val_accuracy[-1] > 0.8
    True
    """

    def __init__(
        self, model, data, *, optimizer, loss_fn=cross_entropy, schedule=None, batch_size=100,
        epochs=10, l2=0.0, augment=None, workers=1, replacement=False,
        steps_per_epoch=None, evaluate_first=False, evaluate_every=None, callbacks=(), seed=0,
    ):  # fmt: skip
        N = len(data.train.t)
        if N == 0 or epochs < 0 or (batch_size is not None and batch_size < 1):
            raise ValueError(
                f"Solver: {N} examples, batch_size {batch_size}, epochs {epochs}: use at least "
                "one example, a batch of 1 or more, and 0 epochs or more"
            )
        if workers < 1:
            raise ValueError(f"Solver: workers is {workers}, use 1 or more")
        if steps_per_epoch is not None and not replacement:
            raise ValueError(
                f"Solver: steps_per_epoch is {steps_per_epoch} but replacement is False, an epoch "
                "then visits each example once"
            )
        self.model, self.data, self.loss_fn = model, data, loss_fn
        self.parameters, self.weights = named_parameters(model), named_weights(model)
        self.optimizer, self.initial_rate = optimizer, optimizer.learning_rate
        self.schedule, self.l2 = schedule or constant(), l2
        self.augment, self.workers = augment, workers
        self.batch_size, self.whole = min(batch_size or N, N), batch_size is None
        self.epochs, self.replacement = epochs, replacement
        covering = max(N // self.batch_size, 1) if replacement else -(-N // self.batch_size)
        self.steps_per_epoch = steps_per_epoch or covering
        self.evaluate_first, self.evaluate_every = evaluate_first, evaluate_every
        self.callbacks = list(callbacks)

        self.seed = seed  # of the augmentation, with the numbers of epoch and batch
        self.rng = np.random.default_rng(seed)  # of the batches
        self.mask_rng = np.random.default_rng([seed, 1])  # of the model
        self.epoch_start = self.rng.bit_generator.state
        self.history, self.best = History(), None
        self.epoch, self.step_of_epoch = 0, 0  # done

    def rows(self):
        """Yield the rows of every batch of one epoch."""
        N = len(self.data.train.t)
        if self.whole:
            yield slice(None)
        elif self.replacement:
            for _ in range(self.steps_per_epoch):
                yield drawn(N, self.batch_size, self.rng)
        else:
            yield from shuffled(N, self.batch_size, self.rng)

    def batch(self, item):
        """Return a batch by its number and its rows, augmented by a generator of its own:  x, t."""
        number, rows = item
        x, t = self.data.train.x[rows], self.data.train.t[rows]
        if self.augment:
            x = self.augment(x, generator_of_batch(self.seed, self.epoch, number))
        return x, t

    def remaining_batches(self):
        """Begin an epoch, or the rest of one that was stopped; augment in the background."""
        self.rng.bit_generator.state = self.epoch_start
        items = islice(enumerate(self.rows()), self.step_of_epoch, None)
        if self.augment:
            return in_background(self.batch, items, workers=self.workers)
        return map(self.batch, items)

    def step(self, x, t):
        """Take one step on one batch, and record its loss as it was before the step.

        Raises DivergedError where that loss is infinite or no number.
        """
        progress = len(self.history.train_loss) / (self.steps_per_epoch * self.epochs)
        self.optimizer.learning_rate = self.initial_rate * self.schedule(progress, self.epoch)
        loss, grads = loss_and_grads(self.model, self.loss_fn, x, t, self.mask_rng, l2=self.l2)
        if not np.isfinite(loss):
            raise DivergedError(
                f"Solver: the loss is {loss} in epoch {self.epoch + 1} at learning rate "
                f"{self.optimizer.learning_rate:.3g}, try a smaller one"
            )
        self.optimizer.step(self.parameters, grads, weights=self.weights)
        self.history.train_loss.append(loss)
        self.step_of_epoch += 1

    def train(self, *, path=None, checkpoint_every=None, until=None):
        """Run the steps that are left, then put the best parameters back; return the history.

        With `until` it stops after so many epochs, and the schedule stays that of all `epochs`.
        A checkpoint is written to `path` after every epoch, and with `checkpoint_every` also
        after so many steps. It replaces the one before, unless `path` contains "{epoch}".
        Raises DivergedError where the loss is infinite or no number.
        """
        last = self.epochs if until is None else min(until, self.epochs)
        with ExitStack() as stack, np.errstate(over="ignore", invalid="ignore"):
            for callback in self.callbacks:
                stack.enter_context(callback)
                callback.begin(self)
            if self.evaluate_first and not self.history.steps:
                self.evaluate()
            while self.epoch < last:
                for x, t in self.remaining_batches():
                    self.step(x, t)
                    for callback in self.callbacks:
                        callback.step(self)
                    self.after_step(path, checkpoint_every)
                self.end_epoch(path)
        if self.best is not None:
            load(self.model, **self.best)
        return self.history

    def after_step(self, path, checkpoint_every):
        """Evaluate and write a checkpoint inside an epoch, if it is time for them."""
        taken = len(self.history.train_loss)
        if self.step_of_epoch == self.steps_per_epoch:
            return
        if self.evaluate_every and taken % self.evaluate_every == 0:
            self.evaluate()
        if path is not None and checkpoint_every and taken % checkpoint_every == 0:
            checkpoint.save(self, path)

    def end_epoch(self, path):
        """Count the epoch, evaluate, and write a checkpoint."""
        self.epoch, self.step_of_epoch = self.epoch + 1, 0
        self.epoch_start = self.rng.bit_generator.state
        self.evaluate()
        for callback in self.callbacks:
            callback.epoch(self)
        if path is not None:
            checkpoint.save(self, path)

    def evaluate(self):
        """Record both accuracies; keep parameters and state if they are the best so far."""
        data, history, model = self.data, self.history, self.model
        with ExitStack() as stack:
            for callback in self.callbacks:
                stack.enter_context(callback.evaluating(model))
            sample = data.train.x[:SAMPLE], data.train.t[:SAMPLE]
            history.train_accuracy.append(accuracy(model, *sample))
            history.val_accuracy.append(accuracy(model, data.val.x, data.val.t))
            history.learning_rate.append(self.optimizer.learning_rate)
            history.steps.append(len(history.train_loss))
            if self.best is None or history.val_accuracy[-1] > max(history.val_accuracy[:-1]):
                self.best = {"params": copies(named_parameters(model)),
                             "state": copies(named_state(model))}  # fmt: skip

    def resume(self, path):
        """Go on where the checkpoint at `path` was written; return the solver.

        Raises ValueError where the file is no checkpoint or another optimizer's, KeyError or
        ShapeError where it is another model's.
        """
        checkpoint.restore(self, path)
        return self


def copies(arrays):
    """Copy named arrays.

    >>> w = np.zeros(2)
    >>> copies({"w": w})["w"] is w
    False
    """
    return {name: array.copy() for name, array in arrays.items()}
