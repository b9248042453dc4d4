"""Files of tensors: safetensors, the format without programs in it, and our checkpoints.

Pickles are neither read nor written. Files are read and written by the package `safetensors`,
which is installed with the extra of the same name.

Chapter: book/pytorch.md.
"""

from pathlib import Path

import numpy as np

from dlcore.compat.torch.weights import from_state_dict, to_state_dict
from dlcore.train.checkpoint import read_weights, replacing, save_weights

DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}  # as the file spells them, and as NumPy does
CHECKPOINT, TENSORS = ".npz", ".safetensors"


def package():
    """Import the package `safetensors`; raise ModuleNotFoundError where it is not installed.

    >>> package().__name__
    'safetensors'
    """
    try:
        import safetensors.numpy  # noqa: PLC0415  an extra
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "convert: the package safetensors is missing, install the extra `safetensors`"
        ) from None
    return safetensors


def read_tensors(path):
    """Read a file of safetensors as {name: array}; nothing in it is executed.

    Raises OSError where the file cannot be read, ValueError where it is no such file, and for an
    array that holds no float32, float64 or int64; and what `package` raises.

    >>> read_tensors("nothing.safetensors")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nothing.safetensors'
    """
    raw, safetensors = Path(path).read_bytes(), package()
    try:
        found = safetensors.deserialize(raw)
    except safetensors.SafetensorError as error:
        raise ValueError(f"read_tensors: {path} is no safetensors file ({error})") from None
    tensors = {}
    for name, tensor in found:
        if tensor["dtype"] not in DTYPES:
            raise ValueError(
                f"read_tensors: {name} holds {tensor['dtype']}, store one of {', '.join(DTYPES)}"
            )
        array = np.frombuffer(tensor["data"], DTYPES[tensor["dtype"]])
        tensors[name] = array.reshape(tensor["shape"])
    return tensors


def write_tensors(path, tensors):
    """Write {name: array} as a file of safetensors, in one piece.

    Raises OSError where the file cannot be written; the one before it is then still there; and
    what `package` raises.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_tensors(f"{folder}/w.safetensors", {"w": np.ones((2, 3))})
    ...     read_tensors(f"{folder}/w.safetensors")["w"].shape
    (2, 3)
    """
    safetensors = package()
    contiguous = {name: np.array(tensor, order="C") for name, tensor in tensors.items()}
    with replacing(path) as file:
        file.write(safetensors.numpy.save(contiguous, metadata={"format": "pt"}))


def convert(source, target, model, *, best=False):
    """Convert the weights of a model from one file to another; return the number of arrays.

    The ends of the names say which way:  .npz → .safetensors  or  .safetensors → .npz.  The model
    gives names and shapes, its own weights play no part. `best` takes those of a run that were
    best on its validation set. What is written from safetensors is a file of weights alone, see
    `dlcore.train.checkpoint`. Raises ValueError for other names, and what reading the files and
    `to_state_dict` or `from_state_dict` raise.

    >>> convert("run.npz", "run.npz", None)
    Traceback (most recent call last):
    ValueError: convert: run.npz to run.npz, use .npz to .safetensors or .safetensors to .npz
    """
    ends = Path(source).suffix, Path(target).suffix
    if ends == (CHECKPOINT, TENSORS):
        tensors = to_state_dict(model, *read_weights(source, best=best))
        write_tensors(target, tensors)
        return len(tensors)
    if ends != (TENSORS, CHECKPOINT):
        raise ValueError(
            f"convert: {source} to {target}, use {CHECKPOINT} to {TENSORS} or {TENSORS} to "
            f"{CHECKPOINT}"
        )
    if best:
        raise ValueError(f"convert: best is True but {source} holds one set of weights, leave it")
    params, state = from_state_dict(model, read_tensors(source))
    save_weights(target, params, state)
    return len(params) + len(state)
