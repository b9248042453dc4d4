"""Commands that compute: training, sweeps, experiments, benchmarks, data."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dlcore.cli.app import app

data_app = typer.Typer(help="Say which datasets are here; fetch the others.")
app.add_typer(data_app, name="data")

Model = Annotated[
    str, typer.Argument(help="linear, twolayer, two-layer-convnet or three-layer-convnet")
]
Data = Annotated[str, typer.Option(help="digits, cifar10 or mnist")]
Where = Annotated[Path | None, typer.Option(help="Folder or archive with the published files.")]
Seed = Annotated[int, typer.Option(help="Of the first weights, the batches and the flips.")]


@app.command()
def train(
    model: Model = "twolayer",
    *,
    data: Data = "digits",
    path: Where = None,
    seed: Seed = 0,
    hidden: Annotated[int | None, typer.Option(help="Units of the hidden layer.")] = None,
    rule: Annotated[str | None, typer.Option(help="sgd, momentum, rmsprop, adam, …")] = None,
    rate: Annotated[float | None, typer.Option(help="Step size.")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine, one-cycle, …")] = None,
    batch: Annotated[int | None, typer.Option(help="Examples per step.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Rounds through the training set.")] = None,
    decay: Annotated[float | None, typer.Option(help="Weight decay of the rule.")] = None,
    reg: Annotated[float | None, typer.Option(help="Strength of the penalty reg/2 sum w².")] = None,
    flips: Annotated[bool | None, typer.Option(help="Mirror a random half of the images.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Write it every epoch.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on where the checkpoint was written.")] = False,
):  # fmt: skip
    """Train MODEL, starting from the settings tuned for it; any of them may be changed."""
    from dlcore.train.recipes import prepare, recipe

    given = {"hidden": hidden, "rule": rule, "rate": rate, "schedule": schedule, "batch": batch,
             "epochs": epochs, "decay": decay, "reg": reg, "flips": flips}  # fmt: skip
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = replace(recipe(model, data), **chosen)
    solver = prepare(settings, data, seed=seed, path=path)
    print(solver.data.summary(), settings, sep="\n")
    if resume:
        if checkpoint is None or not checkpoint.exists():
            raise FileNotFoundError(
                f"train: checkpoint is {checkpoint}, name a file to resume from"
            )
        solver.resume(checkpoint)
    report(solver, checkpoint)


def report(solver, checkpoint):
    """Train under a progress bar, then say how good the best parameters are."""
    import time

    from dlcore.train.progress import Bar

    start = time.perf_counter()
    history = solver.train(path=checkpoint, watch=Bar())
    seconds, test = time.perf_counter() - start, solver.data.test
    best = max(history.val, default=float("nan"))
    accuracy = solver.model.accuracy(test.x, test.t)
    print(f"validation {best:.4f}   full test set {accuracy:.4f}   in {seconds:.1f} s")


@app.command()
def sweep(
    model: Model = "twolayer",
    *,
    data: Data = "digits",
    path: Where = None,
    seed: Seed = 0,
    trials: Annotated[int, typer.Option(help="Settings to try in each round.")] = 8,
    rounds: Annotated[int, typer.Option(help="Rounds, each a third as wide.")] = 2,
    epochs: Annotated[int | None, typer.Option(help="Rounds through the training set.")] = None,
    grid: Annotated[bool, typer.Option(help="Lay settings on a grid.")] = False,
    jobs: Annotated[int, typer.Option(help="Runs at once.")] = 2,
):  # fmt: skip
    """Look for a better rate and weight decay for MODEL, from coarse to fine."""
    from dlcore.train.sweeps import tune

    tune(model, data, path=path, seed=seed, trials=trials, rounds=rounds, epochs=epochs,
         on_grid=grid, jobs=jobs)  # fmt: skip


@app.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="An experiment; none lists them.")] = "",
    *,
    seed: Seed = 0,
):
    """Run an experiment of the book, beside the numbers that the sources print."""
    from dlcore.experiments.ledger import listing, reproduce

    reproduce(name, seed=seed) if name else listing()


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Benchmarks, such as twolayer conv; none means all.")
    ] = None,
):
    """Time our programs beside PyTorch's, turn by turn in one process."""
    from dlcore.benchmarks.bench import BENCHES, bench

    for name in names or BENCHES:
        bench(name)


def datasets():
    """Look for the datasets, as `dlcore doctor` does."""
    from dlcore.course.practice.doctor import Sign
    from dlcore.data.sources import available

    rows = list(available())
    here = ", ".join(name for name, _, counts, _ in rows if counts)
    missing = [name for name, _, counts, _ in rows if not counts]
    remedy = f"`dlcore data fetch {missing[0]}`, for the experiments on it" if missing else ""
    return Sign("Data", "worth knowing" if missing else "well", here, remedy)


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context, *, path: Where = None):
    """Say which datasets are here; fetch the others."""
    from dlcore.data.commands import show

    if context.invoked_subcommand is None:
        show(path=path)


@data_app.command()
def fetch(name: Annotated[str, typer.Argument(help="cifar10 or mnist")]):
    """Download NAME into your cache, and check what arrives."""
    from dlcore.data.commands import fetch

    fetch(name)
