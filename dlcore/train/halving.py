"""Successive halving: many settings are trained briefly, the best of them further.

On every rung the best third, say, is kept, and each of them goes on from its checkpoint until it
has been trained three times as long [Jamieson2016]_. The schedule is that of the whole training
from the start: a run that reaches the top has taken the very steps of a run that was never
stopped.

A checkpoint is the only state: an executor receives its bytes with the setting, and sends back
those of the next one. They lie in a folder of the client beside a journal of finished pieces, so
that whoever repeats the search does what is missing and nothing else.

Chapter: book/solver.md.
"""

import hashlib
import json
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from dlcore.train.checkpoint import replacing
from dlcore.train.cluster import LocalExecutor
from dlcore.train.journal import Journal
from dlcore.train.recipes import Recipe, prepare
from dlcore.train.solver import DivergedError


class Rung(NamedTuple):
    """How many settings are trained, and until which epoch."""

    count: int
    epochs: int


class Piece(NamedTuple):
    """A setting as far as it was trained: its epochs, and the best validation accuracy so far.

    A run that has diverged has accuracy 0.
    """

    accuracy: float
    setting: dict
    epochs: int
    seconds: float
    checkpoint: Path | None


class Training(NamedTuple):
    """What is trained: a recipe, the name of the data, the folder of its files, and the seed."""

    recipe: Recipe
    data: str
    seed: int = 0
    path: str | None = None

    def solver(self, setting):
        """Set up the run of a setting."""
        recipe = self.recipe.changed(**setting)
        return prepare(recipe, self.data, seed=self.seed, path=self.path)

    def key(self, setting):
        """Name the checkpoint of a setting: nothing else has this name.

        >>> from dlcore.train.recipes import recipe
        >>> training = Training(recipe("linear", "digits"), "digits")
        >>> training.key({"l2": 0.1}) == training.key({"l2": 0.2})
        False
        """
        chosen = self.recipe.changed(**setting).chosen()
        told = json.dumps([self.recipe.build.__name__, chosen, self.data, self.seed], default=list)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def rungs(count, epochs, *, factor=3):
    """List the rungs for `count` settings, of which the last have all `epochs`.

    On rung k there are count / factorᵏ settings, rounded down. Raises ValueError
    for no setting, no epochs, or a factor below 2.

    >>> rungs(9, 9)
    [Rung(count=9, epochs=1), Rung(count=3, epochs=3), Rung(count=1, epochs=9)]
    """
    if count < 1 or epochs < 1 or factor < 2:
        given = f"count is {count}, epochs {epochs} and factor {factor}"
        raise ValueError(f"rungs: {given}, use at least 1, 1 and 2")
    counts = [count]
    while counts[-1] >= factor:
        counts.append(counts[-1] // factor)
    top = len(counts) - 1
    lengths = [max(1, epochs // factor ** (top - k)) for k in range(top + 1)]
    return [Rung(*pair) for pair in zip(counts, lengths, strict=True)]


def total_epochs(plan):
    """Count the epochs of a plan, where every run goes on from its checkpoint.

    >>> total_epochs(rungs(27, 27)), total_epochs([Rung(27, 27)])
    (81, 729)
    """
    begun = [0, *(rung.epochs for rung in plan)]
    return sum(rung.count * (rung.epochs - begun[k]) for k, rung in enumerate(plan))


def halve(training, settings, plan, *, folder, executor=None):
    """Train all settings until the first rung, the best ones until the next, and so on.

    The plan is that of `rungs`; a plan of one rung trains every setting to the end, which is a
    random search where the settings were drawn. Journal and checkpoints lie in `folder`, and what
    was finished there is not done again. Returns the last `Piece` of every setting: those that
    came farther first, and the better ones before the others. Of equals the one that was better
    before is kept, or listed earlier; a run that has diverged never is. Raises ValueError where
    the plan begins with another number of settings.

    >>> from dlcore.train.recipes import recipe
    >>> training = Training(recipe("linear", "digits").changed(epochs=3), "digits")
    >>> settings = [{"learning_rate": rate} for rate in (1e-5, 0.05, 1e-4)]
    >>> with TemporaryDirectory() as folder:
    ...     pieces = halve(training, settings, rungs(3, 3), folder=folder)
    >>> [(piece.setting["learning_rate"], piece.epochs) for piece in pieces]
    [(0.05, 3), (0.0001, 1), (1e-05, 1)]
    """
    if len(settings) != plan[0].count:
        raise ValueError(
            f"halve: there are {len(settings)} settings but {plan[0].count} on the first rung, "
            "make the plan by rungs(len(settings), epochs)"
        )
    executor = executor or LocalExecutor()
    ranked = [Piece(0.0, setting, 0, 0.0, None) for setting in settings]
    left = []
    for rung in plan:
        left = ranked[rung.count :] + left
        chosen = [piece.setting for piece in ranked[: rung.count]]
        pieces = train_rung(training, chosen, rung.epochs, Path(folder), executor)
        pieces.sort(key=lambda piece: -piece.accuracy)
        ranked = [piece for piece in pieces if piece.accuracy > 0]
        left = [piece for piece in pieces if piece.accuracy == 0] + left
    return ranked + left


def train_rung(training, settings, epochs, folder, executor):
    """Train settings until some epoch, if the journal does not have them.

    Returns the pieces.
    """
    journal = Journal(folder / "journal.jsonl")
    names = [training.key(setting) for setting in settings]
    files = [folder / f"{name}.npz" for name in names]
    done = {(line["name"], line["epochs"]): line for line in journal.lines()}
    missing = [i for i, name in enumerate(names) if (name, epochs) not in done]
    tasks = (Continuation(settings[i], content(files[i])) for i in missing)
    train = partial(advance, training, epochs)
    for number, result in executor.results(train, tasks):
        i, name = missing[number], names[missing[number]]
        if result.state:
            with replacing(files[i]) as file:
                file.write(result.state)
        done[name, epochs] = {
            "name": name, "epochs": epochs, "setting": settings[i],
            "accuracy": result.accuracy, "seconds": result.seconds,
        }  # fmt: skip
        journal.note(done[name, epochs])
    lines = [done[name, epochs] for name in names]
    return [
        Piece(line["accuracy"], setting, epochs, line["seconds"], file)
        for line, setting, file in zip(lines, settings, files, strict=True)
    ]


class Continuation(NamedTuple):
    """A setting, and the bytes of the checkpoint from which it goes on; none at the beginning."""

    setting: dict
    state: bytes


class Advance(NamedTuple):
    """What has become of it: its accuracy, the seconds that it took, and the next checkpoint."""

    accuracy: float
    seconds: float
    state: bytes


def content(path):
    """Read the bytes of a file; none where it does not exist.

    >>> content(Path("/nowhere/run.npz"))
    b''
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def advance(training, epochs, begun):
    """Train a setting until some epoch; return its `Advance`.

    The accuracy is the best one on the validation set in these epochs. Raises ValueError for a
    setting that the recipe does not have.

    >>> from dlcore.train.recipes import recipe
    >>> training = Training(recipe("linear", "digits").changed(epochs=2), "digits")
    >>> first = advance(training, 1, Continuation({"l2": 0.001}, b""))
    >>> second = advance(training, 2, Continuation({"l2": 0.001}, first.state))
    >>> first.accuracy < second.accuracy
    True
    """
    start = time.perf_counter()
    accuracy, state = 0.0, begun.state
    solver = training.solver(begun.setting)
    with TemporaryDirectory() as folder:
        path = Path(folder, "run.npz")
        if state:
            path.write_bytes(state)
            solver.resume(path)
        with suppress(DivergedError):
            solver.train(path=path, until=epochs)
            accuracy, state = max(solver.history.val_accuracy[:epochs]), path.read_bytes()
    return Advance(accuracy, round(time.perf_counter() - start, 2), state)


def restored(training, piece):
    """Return the solver of a piece, whose model has its best parameters.

    Raises ValueError for a run that has diverged.
    """
    if piece.accuracy == 0:
        raise ValueError(f"restored: the run of {piece.setting} has diverged, choose another")
    solver = training.solver(piece.setting).resume(piece.checkpoint)
    solver.train(until=piece.epochs)  # nothing is left to do but to put the best parameters back
    return solver
