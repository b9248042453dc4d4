"""Checkpoints: everything that the rest of a run depends on, in one file.

The file is a NumPy archive of plain arrays; nothing in it is ever executed. It is written
beside its place and moved there in one piece, so that a run that is killed loses no checkpoint.

A file of weights alone is an archive of the same form that holds the parts "params" and "state"
and no others: what another library has trained. A model takes them over, a run cannot go on from
them. `read_weights` reads both kinds of file.

Chapter: book/solver.md.
"""

import json
import os
import zipfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dlcore.nn.layer import load, matched, named_parameters, named_state

PARTS = ("params", "state", "best_params", "best_state", "optimizer", "history", "callbacks", "run")
RUN = ("epoch", "step_of_epoch", "has_best", "seed", "epoch_start", "mask_rng")


def parts_of(solver):
    """Collect all that the rest of a run depends on, as {part: {name: array}}.

    Parameters, state, the best ones so far, the optimizer's memory, the history, what callbacks
    keep, both generators, the seed of the others, and how far the run has come.

    >>> from dlcore.train.recipes import prepare, recipe
    >>> list(parts_of(prepare(recipe("linear", "digits"), "digits"))["params"])
    ['w', 'b']
    """
    best = solver.best or {"params": {}, "state": {}}
    history = asdict(solver.history)
    return {
        "params": named_parameters(solver.model),
        "state": named_state(solver.model),
        "best_params": best["params"],
        "best_state": best["state"],
        "optimizer": solver.optimizer.state(),
        "history": {name: np.asarray(values) for name, values in history.items()},
        "callbacks": {
            f"{i}.{name}": np.asarray(value)
            for i, callback in enumerate(solver.callbacks)
            for name, value in callback.state().items()
        },
        "run": {
            "epoch": np.asarray(solver.epoch),
            "step_of_epoch": np.asarray(solver.step_of_epoch),
            "has_best": np.asarray(solver.best is not None),
            "seed": np.asarray(json.dumps(solver.seed, default=int)),
            "epoch_start": np.asarray(json.dumps(solver.epoch_start)),
            "mask_rng": np.asarray(json.dumps(solver.mask_rng.bit_generator.state)),
        },
    }


def save(solver, path):
    """Write a checkpoint of a run; in `path`, "{epoch}" becomes the number of epochs begun.

    Raises OSError where the file cannot be written; the one before it is then still there.

    >>> from tempfile import TemporaryDirectory
    >>> from dlcore.train.recipes import prepare, recipe
    >>> with TemporaryDirectory() as folder:
    ...     save(prepare(recipe("linear", "digits"), "digits"), f"{folder}/run{{epoch}}.npz")
    ...     list(read(f"{folder}/run0.npz")["params"])
    ['w', 'b']
    """
    begun = solver.epoch + (solver.step_of_epoch > 0)
    save_parts(parts_of(solver), str(path).replace("{epoch}", str(begun)))


def save_weights(path, params, state):
    """Write parameters and state, both {name: array}, as a file of weights alone.

    Raises OSError where the file cannot be written; the one before it is then still there.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_weights(f"{folder}/weights.npz", {"w": np.ones((3, 2))}, {})
    ...     read_weights(f"{folder}/weights.npz")[0]["w"].shape
    (3, 2)
    """
    save_parts({"params": params, "state": state}, path)


def save_parts(parts, path):
    """Write {part: {name: array}} to an archive.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_parts({"params": {"w": np.ones(2)}}, f"{folder}/run.npz")
    ...     read_parts(f"{folder}/run.npz")["params"]
    {'w': array([1., 1.])}
    """
    arrays = {
        f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()
    }
    with replacing(path) as file:
        np.savez(file, **arrays)


@contextmanager
def replacing(path):
    """Open a file for a ``with`` block; it takes the place of `path` when the block ends.

    An error inside the block leaves the file at `path` as it is.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/run.npz") as file:
    ...         _ = file.write(b"whole")
    ...     Path(folder, "run.npz").read_bytes()
    b'whole'
    """
    path = Path(path)
    beside = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read(path):
    """Read a checkpoint as {part: {name: array}}; raise ValueError if it is none.

    Nothing in the file is executed; the parts are those of `PARTS`. Raises OSError where the
    file cannot be read.

    >>> read("nothing.npz")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nothing.npz'
    """
    parts = read_parts(path)
    missing = [part for part in ("params", "optimizer", "history", "run") if not parts[part]]
    missing += [f"run/{name}" for name in RUN if name not in parts["run"]]
    if missing:
        raise ValueError(f"resume: {path} lacks {', '.join(missing)}, start anew")
    return parts


def read_weights(path, *, best=False):
    """Read parameters and state, both {name: array}, from a checkpoint or a file of weights.

    ``nn.load(model, *read_weights(path))`` puts them into a model. With `best` they are those that
    were best on the validation set; None takes these where there are some. Raises OSError where the
    file cannot be read, ValueError where it is no checkpoint, or has no such parameters.

    >>> from tempfile import TemporaryDirectory
    >>> from dlcore.train.recipes import prepare, recipe
    >>> with TemporaryDirectory() as folder:
    ...     save(prepare(recipe("linear", "digits"), "digits"), f"{folder}/run.npz")
    ...     params, state = read_weights(f"{folder}/run.npz")
    >>> list(params), state
    (['w', 'b'], {})
    """
    parts = read_parts(path)
    if best is None:
        best = bool(parts["best_params"])
    params, state = ("best_params", "best_state") if best else ("params", "state")
    if not parts[params]:
        raise ValueError(f"read_weights: {path} lacks {params}, pass a checkpoint that has them")
    return parts[params], parts[state]


def read_parts(path):
    """Read an archive as {part: {name: array}}; parts that it has not are empty.

    Raises OSError where the file cannot be read, ValueError where it is no archive of the parts
    in `PARTS`.

    >>> read_parts("nothing.npz")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nothing.npz'
    """
    parts = {part: {} for part in PARTS}
    try:
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            for key in file.files:
                part, _, name = key.partition("/")
                parts[part][name] = file[key]
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, TypeError) as error:
        raise ValueError(
            f"read: {path} is no checkpoint ({error}), pass one that a run has written"
        ) from None
    return parts


def restore(solver, path):
    """Put everything back; refuse a checkpoint of another model before anything is changed.

    Raises KeyError with the first name that differs, ShapeError with the first shape, and
    ValueError if the file is no checkpoint or the optimizer remembers something else.

    >>> from tempfile import TemporaryDirectory
    >>> from dlcore.train.recipes import prepare, recipe
    >>> solver = prepare(recipe("linear", "digits"), "digits")
    >>> with TemporaryDirectory() as folder:
    ...     save(solver, f"{folder}/run.npz")
    ...     restore(solver, f"{folder}/run.npz")
    """
    parts = read(path)
    run = parts["run"]
    best = {"params": parts["best_params"], "state": parts["best_state"]}
    has_best = bool(run["has_best"])
    params, state = named_parameters(solver.model), named_state(solver.model)
    matched("params", params, parts["params"])
    matched("state", state, parts["state"])
    if has_best:
        matched("the best params", params, best["params"])
        matched("the best state", state, best["state"])
    solver.optimizer.require_memory(parts["optimizer"])
    load(solver.model, parts["params"], parts["state"])
    solver.best = best if has_best else None
    solver.optimizer.restore(parts["optimizer"])
    for name, values in parts["history"].items():
        setattr(solver.history, name, values.tolist())
    for i, callback in enumerate(solver.callbacks):
        prefix = f"{i}."
        own = {key.removeprefix(prefix): value for key, value in parts["callbacks"].items()
               if key.startswith(prefix)}  # fmt: skip
        callback.restore(own)
    solver.epoch, solver.step_of_epoch = int(run["epoch"]), int(run["step_of_epoch"])
    solver.seed = json.loads(str(run["seed"]))
    solver.epoch_start = json.loads(str(run["epoch_start"]))
    solver.mask_rng.bit_generator.state = json.loads(str(run["mask_rng"]))
