"""Commands that exchange models with other programs."""

from pathlib import Path
from typing import Annotated

import typer

from dlcore.cli.app import TRAIN, app
from dlcore.cli.train import Hidden

For = Annotated[str, typer.Option(help="What it is for: digits, cifar10 or mnist.")]
Size = Annotated[
    str | None, typer.Option(help="Channels, height and width, where not those of the data.")
]
Classes = Annotated[int | None, typer.Option(min=1, help="How many classes there are.")]


@app.command(rich_help_panel=TRAIN)
def export(
    model: Annotated[str, typer.Argument(help="linear, …, vgg-cifar: as `dlcore show` has them.")],
    *,
    onnx: Annotated[Path, typer.Option(help="File to write, in ONNX.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Of `dlcore train`; its best parameters are written.")
    ] = None,
    data: For = "digits",
    hidden: Hidden = None,
    size: Size = None,
    classes: Classes = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights, without a checkpoint.")] = 0,
):
    """Write MODEL, as it is evaluated, in the format ONNX."""
    import numpy as np

    from dlcore.compat.onnx import export
    from dlcore.nn.layer import load, named_parameters
    from dlcore.train.architectures import images_for, trained
    from dlcore.train.checkpoint import read_weights
    from dlcore.train.recipes import image_size

    shape = None if size is None else image_size(size)
    drawn = {"rng": np.random.default_rng(seed), "dtype": np.float32}
    network = trained(model, data, shape, classes, hidden, **drawn)
    shape = shape or images_for(model, data)
    if checkpoint is not None:
        load(network, *read_weights(checkpoint, best=None))
    try:
        export(network, onnx, shape)
    except NotImplementedError as error:
        raise ValueError(error) from error
    numbers = sum(array.size for array in named_parameters(network).values())
    print(f"{onnx}: {model}, {numbers:,} parameters, x (N, {', '.join(map(str, shape))})")


@app.command(rich_help_panel=TRAIN)
def convert(
    source: Annotated[Path, typer.Argument(help="A checkpoint, .npz, or .safetensors.")],
    target: Annotated[Path, typer.Argument(help="The other of the two, to be written.")],
    *,
    model: Annotated[str, typer.Option(help="Whose weights they are: linear, …, vgg-cifar.")],
    data: For = "digits",
    hidden: Hidden = None,
    size: Size = None,
    classes: Classes = None,
    best: Annotated[
        bool, typer.Option("--best", help="Take what was best on the validation set.")
    ] = False,
):
    """Convert weights of MODEL from a checkpoint to PyTorch's names in safetensors, or back."""
    from dlcore.compat.torch import convert
    from dlcore.train.architectures import trained
    from dlcore.train.recipes import image_size

    shape = None if size is None else image_size(size)
    built = trained(model, data, shape, classes, hidden)
    print(f"{target}: {convert(source, target, built, best=best)} arrays")
