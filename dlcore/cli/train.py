"""Commands that compute: training, sweeps, experiments, benchmarks, data."""

from pathlib import Path
from typing import Annotated

import typer

from dlcore.cli.app import app

data_app = typer.Typer(help="Say which datasets are here; fetch the others.")
app.add_typer(data_app, name="data")

Model = Annotated[
    str,
    typer.Argument(help="linear, twolayer, two-layer-convnet, three-layer-convnet or resnet20"),
]
Data = Annotated[str, typer.Option(help="digits, cifar10 or mnist")]
Where = Annotated[Path | None, typer.Option(help="Folder or archive with the published files.")]
Hidden = Annotated[int | None, typer.Option(help="Units of the hidden layer.")]
Seed = Annotated[int, typer.Option(help="Of the first weights, the batches and the augmentation.")]


@app.command()
def train(
    model: Model = "twolayer",
    *,
    data: Data = "digits",
    path: Where = None,
    seed: Seed = 0,
    hidden: Hidden = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, momentum, rmsprop, adam, …")] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "--lr", help="Step size.")
    ] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine, one-cycle, …")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples per step.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Rounds through the training set.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of the optimizer.")] = None,
    l2: Annotated[float | None, typer.Option(help="Strength of the penalty l2/2 sum w².")] = None,
    flip: Annotated[bool | None, typer.Option(help="Mirror a random half of the images.")] = None,
    crop: Annotated[
        int | None, typer.Option(min=0, help="Move images by so many pixels at most.")
    ] = None,
    average: Annotated[
        float, typer.Option(help="Decay of an average of the parameters; 0 takes none.")
    ] = 0.0,
    log_every: Annotated[
        int, typer.Option(min=0, help="Print a line every so many steps; 0 draws a bar.")
    ] = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="File to write after every epoch; {epoch} in its name keeps all."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on where the checkpoint was written.")] = False,
):
    """Train MODEL, starting from the settings tuned for it; any of them may be changed."""
    from dlcore.train.callbacks import AverageParameters, Log, ProgressBar
    from dlcore.train.recipes import prepare, recipe

    given = {
        "hidden": hidden,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "batch_size": batch_size,
        "epochs": epochs,
        "weight_decay": weight_decay,
        "l2": l2,
        "flip": flip,
        "crop": crop,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    settings = recipe(model, data).changed(**changes)
    callbacks = [AverageParameters(average)] if average else []
    callbacks.append(Log(log_every) if log_every else ProgressBar())
    solver = prepare(settings, data, seed=seed, path=path, callbacks=callbacks)
    print(solver.data.summary(), settings, sep="\n")
    if resume:
        if checkpoint is None or not checkpoint.exists():
            raise FileNotFoundError(
                f"train: checkpoint is {checkpoint}, name a file to resume from"
            )
        solver.resume(checkpoint)
    report(solver, checkpoint)


def report(solver, checkpoint):
    """Train, then say how good the best parameters are."""
    import time

    from dlcore.train.evaluation import accuracy

    start = time.perf_counter()
    history = solver.train(path=checkpoint)
    seconds, test = time.perf_counter() - start, solver.data.test
    best = max(history.val_accuracy, default=float("nan"))
    on_test = accuracy(solver.model, test.x, test.t)
    print(f"validation {best:.4f}   full test set {on_test:.4f}   in {seconds:.1f} s")


@app.command()
def show(
    model: Annotated[
        str, typer.Argument(help="linear, twolayer, …, vgg-d, vgg-cifar; a wrong name lists all")
    ] = "twolayer",
    *,
    size: Annotated[
        str | None,
        typer.Option(help="Channels, height and width: 3x32x32; by default as published."),
    ] = None,
    classes: Annotated[int | None, typer.Option(min=1, help="How many classes there are.")] = None,
):
    """Show what MODEL is made of: shapes, parameters, products, memory, receptive fields."""
    from dlcore.nn.accounting import account, as_text
    from dlcore.train.architectures import undrawn
    from dlcore.train.recipes import image_size

    built, shape = undrawn(model, None if size is None else image_size(size), classes)
    print(as_text(account(built, shape)))


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
):
    """Look for a better learning rate and weight decay for MODEL, from coarse to fine."""
    from rich.console import Console
    from rich.table import Table

    from dlcore.train.recipes import recipe
    from dlcore.train.sweep import RANGES, tune

    settings = recipe(model, data).changed(**({} if epochs is None else {"epochs": epochs}))
    options = {"trials": trials, "rounds": rounds, "on_grid": grid, "jobs": jobs}
    table = Table("validation", *RANGES, box=None)
    for accuracy, setting in tune(settings, data, seed=seed, path=path, **options):
        table.add_row(f"{accuracy:.4f}", *(f"{setting[name]:.3g}" for name in RANGES))
    Console().print(table)


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


@app.command()
def tune():
    """Measure once by which algorithm this machine convolves fastest."""
    from dlcore.benchmarks.tune import tune

    tune()


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
