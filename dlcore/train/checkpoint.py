"""Checkpoints: everything that the rest of a run depends on, in one file.

The file is a NumPy archive of plain arrays; nothing in it is ever executed. It is written
beside its place and moved there in one piece, so that a run that is killed loses no checkpoint.

Chapter: book/solver.md.
"""

import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np


def save(solver, path):
    """Write the parameters, the best ones, the rule's memory, the generator and the history."""
    path = Path(path)
    parts = {
        "params": solver.model.params,
        "best": solver.best,
        "rule": solver.rule.state(),
        "history": {name: np.asarray(v, float) for name, v in asdict(solver.history).items()},
        "run": {
            "epoch": np.asarray(solver.epoch),
            "rng": np.asarray(json.dumps(solver.rng.bit_generator.state)),
        },
    }
    arrays = {f"{part}/{name}": a for part, named in parts.items() for name, a in named.items()}
    beside = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read(path):
    """Read a checkpoint as {part: {name: array}}."""
    try:
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            parts = {}
            for key in file.files:
                part, _, name = key.partition("/")
                parts.setdefault(part, {})[name] = file[key]
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise ValueError(f"resume: {path} is no checkpoint ({error}), start anew") from None
    missing = {"params", "best", "rule", "history", "run"} - set(parts)
    if missing:
        raise ValueError(f"resume: {path} lacks {', '.join(sorted(missing))}, start anew")
    return parts


def restore(solver, path):
    """Put everything back; refuse a checkpoint of another model before anything is changed."""
    parts = read(path)
    solver.model.load(parts["params"])
    solver.best = parts["best"]
    solver.rule.restore(parts["rule"])
    for name, values in parts["history"].items():
        setattr(solver.history, name, values.tolist())
    solver.epoch = int(parts["run"]["epoch"])
    solver.rng.bit_generator.state = json.loads(str(parts["run"]["rng"]))
