"""Commands that compute: training, sweeps, experiments, benchmarks, data."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dlcore.cli.app import STOPPED, TRAIN, app

data_app = typer.Typer(help="Say which datasets are here; fetch the others.")
app.add_typer(data_app, name="data", rich_help_panel=TRAIN)

Model = Annotated[
    str,
    typer.Argument(help="linear, twolayer, two-layer-convnet, three-layer-convnet or resnet20"),
]
Data = Annotated[str, typer.Option(help="digits, cifar10 or mnist")]
Where = Annotated[Path | None, typer.Option(help="Folder or archive with the published files.")]
Hidden = Annotated[int | None, typer.Option(help="Units of the hidden layer.")]
Cluster = Annotated[str, typer.Option(help="Address of a Dask scheduler: tcp://host:8786")]
Seed = Annotated[
    int, typer.Option(min=0, help="Of the first weights, the batches and the augmentation.")
]


@app.command(rich_help_panel=TRAIN)
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
    images: Annotated[
        int | None, typer.Option(min=0, help="Train on the first so many images; 0 takes all.")
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
        "images": images,
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
    try:
        history = solver.train(path=checkpoint)
    except KeyboardInterrupt:
        print(f"\n{kept(checkpoint, solver.epoch)}", file=sys.stderr)
        raise typer.Exit(STOPPED) from None
    seconds, test = time.perf_counter() - start, solver.data.test
    best = max(history.val_accuracy, default=float("nan"))
    on_test = accuracy(solver.model, test.x, test.t)
    print(f"validation {best:.4f}   full test set {on_test:.4f}   in {seconds:.1f} s")


def kept(checkpoint, epochs):
    """Say after an interruption what has been kept of a training, and how to go on."""
    if checkpoint is None:
        return "dlcore: nothing is kept; --checkpoint FILE keeps every epoch"
    if not epochs:
        return f"dlcore: no epoch has ended, {checkpoint} is as it was"
    held = f"{epochs} epoch{'' if epochs == 1 else 's'}"
    return f"dlcore: {checkpoint} holds {held}, the same command with --resume goes on"


@app.command(rich_help_panel=TRAIN)
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
    from dlcore.nn.accounting import account, as_text, total, unused_parameters
    from dlcore.train.architectures import undrawn
    from dlcore.train.recipes import image_size

    built, shape = undrawn(model, None if size is None else image_size(size), classes)
    rows = account(built, shape)
    print(as_text(rows))
    if more := unused_parameters(built, rows):
        with_them = total(rows, "parameters") + more
        print(f"training uses {more:,} parameters more, {with_them:,} in all")


@app.command(rich_help_panel=TRAIN)
def sweep(
    model: Model = "twolayer",
    *,
    data: Data = "digits",
    path: Where = None,
    seed: Seed = 0,
    trials: Annotated[int, typer.Option(min=1, help="Settings to try in each round.")] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, each a third as wide.")] = 2,
    epochs: Annotated[int | None, typer.Option(help="Rounds through the training set.")] = None,
    grid: Annotated[bool, typer.Option(help="Lay settings on a grid.")] = False,
    halving: Annotated[
        bool,
        typer.Option("--halving", help="One round: train all briefly, the best third longer, …"),
    ] = False,
    folder: Annotated[
        Path, typer.Option(help="Of the journal and the checkpoints of --halving.")
    ] = Path("sweep"),
    jobs: Annotated[int, typer.Option(min=1, help="Runs at once, on this machine.")] = 2,
    cluster: Cluster = "",
):
    """Look for a better learning rate and weight decay for MODEL, from coarse to fine."""
    from rich.console import Console
    from rich.table import Table

    from dlcore.train.cluster import executor_at
    from dlcore.train.recipes import recipe
    from dlcore.train.sweep import RANGES, tune, tune_by_halving

    settings = recipe(model, data).changed(**({} if epochs is None else {"epochs": epochs}))
    options = {"trials": trials, "seed": seed, "path": path}
    with executor_at(cluster, jobs=jobs, data=data, path=path) as executor:
        options["executor"] = executor
        if halving:
            found = tune_by_halving(settings, data, folder=folder, **options)
        else:
            found = tune(settings, data, rounds=rounds, on_grid=grid, **options)
    table = Table("validation", *RANGES, *["epochs"] * halving, box=None)
    for trial in found:
        chosen = [f"{trial.setting[name]:.3g}" for name in RANGES]
        table.add_row(f"{trial.accuracy:.4f}", *chosen, *[str(trial.epochs)] if halving else ())
    Console().print(table)


@app.command(rich_help_panel=TRAIN)
def reproduce(
    name: Annotated[str, typer.Argument(help="An experiment; none lists them.")] = "",
    *,
    seed: Seed = 0,
    cluster: Cluster = "",
    record: Annotated[
        bool, typer.Option("--record", help="Write to book/results, where the pages read.")
    ] = False,
):
    """Run an experiment of the book, beside the numbers that the sources print."""
    from dlcore.experiments.ledger import interrupted, listing, reproduce

    try:
        if name:
            reproduce(name, seed=seed, cluster=cluster, recorded=record)
        else:
            listing()
    except KeyboardInterrupt:
        print(f"\n{interrupted(name)}", file=sys.stderr)
        raise typer.Exit(STOPPED) from None


@app.command(rich_help_panel=TRAIN)
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Benchmarks, such as twolayer conv; none means all.")
    ] = None,
    *,
    record: Annotated[
        bool, typer.Option("--record", help="Write to book/results, where the pages read.")
    ] = False,
):
    """Time our programs beside PyTorch's, turn by turn in one process."""
    from dlcore.benchmarks.bench import bench, chosen_names, lacks

    chosen = chosen_names(names)
    for line in lacks(chosen):
        print(line, file=sys.stderr)
    for name in chosen:
        bench(name, record=record)


@app.command(rich_help_panel=TRAIN)
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
