"""What a run shows while it runs: a bar, and a line per epoch.

Chapter: book/solver.md.
"""

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from dlcore.train.solver import Silence


class Bar(Silence):
    """Draw a bar that moves with the steps, and print a line for every epoch."""

    def __init__(self):
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), transient=True
        )

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def begin(self, solver):
        """Set the bar to the steps that are done."""
        done, total = solver.epoch * solver.steps, solver.epochs * solver.steps
        self.task = self.bar.add_task("training", completed=done, total=total)

    def step(self, solver):
        """Move the bar; say the mean loss of the last steps."""
        recent = solver.history.losses[-50:]
        words = f"epoch {solver.epoch + 1}/{solver.epochs}  loss {sum(recent) / len(recent):.3f}"
        self.bar.update(self.task, advance=1, description=words)

    def epoch(self, solver):
        """Print a line: loss, accuracies, rate."""
        history, steps = solver.history, solver.steps
        loss = sum(history.losses[-steps:]) / steps
        self.bar.console.print(
            f"epoch {solver.epoch:>3}/{solver.epochs}  loss {loss:7.4f}  "
            f"training {history.train[-1]:.3f}  validation {history.val[-1]:.3f}  "
            f"rate {history.rates[-1]:.1e}",
            highlight=False,
        )
