"""Callbacks: what else happens while a solver trains.

Chapter: book/solver.md.
"""

from contextlib import contextmanager, nullcontext

from dlcore.nn.layer import load, named_parameters, named_state


class Callback:
    """An interface: a context around a run, and methods that are called on the way.

    The solver calls ``begin`` once, ``step`` and ``epoch`` after each, and evaluates inside
    ``evaluating``; a checkpoint keeps what ``state`` lists. By default each of them does nothing.

    >>> class Count(Callback):
    ...     steps = 0
    ...     def step(self, solver):
    ...         self.steps += 1
    >>> with Count() as count:
    ...     count.step(solver=None)
    >>> count.steps
    1
    """

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def begin(self, solver):
        """The run starts, or goes on."""

    def step(self, solver):
        """A step was taken."""

    def epoch(self, solver):
        """An epoch has ended, and was evaluated."""

    def evaluating(self, model):
        """Return a context in which the model is evaluated."""
        return nullcontext()

    def state(self):
        """List what a checkpoint must keep, as named arrays."""
        return {}

    def restore(self, state):
        """Take over what `state` listed."""


class ProgressBar(Callback):
    """Draw a bar that moves with the steps, and print a line for every epoch.

    Loss and accuracies are those of `History`.

    >>> bar = ProgressBar()
    >>> bar.state()
    {}
    """

    def __init__(self):
        from rich.progress import (  # noqa: PLC0415 (most runs have no bar)
            BarColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), transient=True
        )

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def begin(self, solver):
        done, total = len(solver.history.train_loss), solver.epochs * solver.steps_per_epoch
        self.task = self.bar.add_task("training", completed=done, total=total)

    def step(self, solver):
        recent = solver.history.train_loss[-50:]
        loss = sum(recent) / len(recent)
        text = f"epoch {solver.epoch + 1}/{solver.epochs}  loss {loss:.3f}"
        self.bar.update(self.task, advance=1, description=text)

    def epoch(self, solver):
        history = solver.history
        recent = history.train_loss[-solver.steps_per_epoch :]
        self.bar.console.print(
            f"epoch {solver.epoch:>3}/{solver.epochs}  loss {sum(recent) / len(recent):7.4f}  "
            f"training {history.train_accuracy[-1]:.3f}  "
            f"validation {history.val_accuracy[-1]:.3f}  "
            f"lr {history.learning_rate[-1]:.1e}",
            highlight=False,
        )


class Log(Callback):
    """Print a line every so many steps: step, epoch, and the loss of that step.

    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(train_loss=[2.5, 1.25])
    >>> Log(every=2).step(SimpleNamespace(history=history, epoch=0, epochs=3, steps_per_epoch=4))
    step 2/12  epoch 1/3  loss 1.2500
    """

    def __init__(self, every=100, output=print):
        self.every, self.output = every, output

    def step(self, solver):
        losses, total = solver.history.train_loss, solver.epochs * solver.steps_per_epoch
        if len(losses) % self.every == 0:
            epoch = f"epoch {solver.epoch + 1}/{solver.epochs}"
            self.output(f"step {len(losses)}/{total}  {epoch}  loss {losses[-1]:.4f}")


class AverageParameters(Callback):
    """Evaluate, and keep as the best, an exponential moving average of the parameters.

    After every step  a ← decay · a + (1 - decay) · w;  a begins as the first parameters. Steps go
    on from w [PolyakJuditsky1992]_. Raises ValueError unless 0 ≤ decay < 1.

    >>> AverageParameters(0.9).decay
    0.9
    """

    def __init__(self, decay=0.99):
        if not 0 <= decay < 1:
            raise ValueError(f"AverageParameters: decay is {decay}, use 0 to below 1")
        self.decay, self.average = decay, {}

    def begin(self, solver):
        if not self.average:
            parameters = named_parameters(solver.model)
            self.average = {name: w.copy() for name, w in parameters.items()}

    def step(self, solver):
        for name, w in named_parameters(solver.model).items():
            average = self.average[name]
            average *= self.decay
            average += (1 - self.decay) * w

    @contextmanager
    def evaluating(self, model):
        """Exchange the parameters for their average, for as long as the model is evaluated."""
        own = {name: w.copy() for name, w in named_parameters(model).items()}
        load(model, self.average, named_state(model))
        try:
            yield
        finally:
            load(model, own, named_state(model))

    def state(self):
        return self.average

    def restore(self, state):
        self.average = {name: array.copy() for name, array in state.items()}
