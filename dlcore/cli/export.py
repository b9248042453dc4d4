"""Commands that write models for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from dlcore.cli.app import app
from dlcore.cli.train import Model


@app.command()
def export(
    model: Model,
    *,
    onnx: Annotated[Path, typer.Option(help="File to write, in ONNX.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Of `dlcore train`; its best parameters are written.")
    ] = None,
    size: Annotated[
        str, typer.Option(help="Channels, height and width of an image: 3x32x32")
    ] = "3x32x32",
    classes: Annotated[int, typer.Option(min=1, help="How many classes there are.")] = 10,
    data: Annotated[
        str, typer.Option(help="Build the model as it is trained on digits, cifar10 or mnist.")
    ] = "",
    hidden: Annotated[
        int | None, typer.Option(help="Units of the hidden layer, with --data.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the weights, without a checkpoint.")] = 0,
):
    """Write MODEL, as it is evaluated, in the format ONNX."""
    import numpy as np

    from dlcore.compat.onnx import export
    from dlcore.nn.layer import load, named_parameters
    from dlcore.train.checkpoint import best_of
    from dlcore.train.recipes import build, image_size, recipe

    shape = image_size(size)
    changes = {} if hidden is None else {"hidden": hidden}
    if changes and not data:
        raise ValueError(f"export: hidden is {hidden}, say by --data what the model is trained on")
    settings = recipe(model, data).changed(**changes).settings if data else {}
    rng = np.random.default_rng(seed)
    network = build(model, shape, classes, rng=rng, dtype=np.float32, **settings)
    if checkpoint is not None:
        load(network, **best_of(checkpoint))
    try:
        export(network, onnx, shape)
    except NotImplementedError as error:
        raise ValueError(error) from error
    numbers = sum(array.size for array in named_parameters(network).values())
    print(f"{onnx}: {model}, {numbers:,} parameters, x (N, {', '.join(map(str, shape))})")
