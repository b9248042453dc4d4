"""An experiment: a run with a name, and the numbers of the sources that it answers.

`reproduce` runs one and writes what came out, with all that is needed to do it again: to the
user's cache, or on request to ``book/results/<name>.json``. The pages print the files there, and
never a number typed by hand.

Chapter: book/ledger.md.
"""

import base64
import json
import platform
import time
import zlib
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlcore.data.sources import cache
from dlcore.train.cluster import LocalExecutor

RESULTS = Path(__file__).parents[2] / "book" / "results"
EXPERIMENTS = {}


class Claim(NamedTuple):
    """A number that a source prints, and how ours is to stand to it.

    =========  ==================================================================
    relation   "equal" within `tolerance`, "at least", "below", or "about": within
               `tolerance`, or else within three standard errors of an accuracy p
               that is counted on 1,000 images, √(p (1 - p) / 1000)
    tolerance  of what is equal, half a unit in the last place that the source prints,
               or the rounding of the sum; of what is drawn, four standard deviations
               of the difference of two draws
    =========  ==================================================================
    """

    key: str  # of the value that the experiment returns
    theirs: float
    source: str
    relation: str = "at least"
    tolerance: float = 0.0

    def holds(self, ours):
        """Tell whether our number keeps the claim."""
        if self.relation == "equal":
            return abs(ours - self.theirs) <= self.tolerance
        if self.relation == "about":
            error = self.tolerance or 3 * (self.theirs * (1 - self.theirs) / 1000) ** 0.5
            return abs(ours - self.theirs) <= error
        return ours >= self.theirs if self.relation == "at least" else ours < self.theirs


class Experiment(NamedTuple):
    """A function of the seed that returns values, and a history for the figures.

    A `quick` one is run anew whenever the ledger is printed; of the others the record is. One
    that is `divided` takes an executor besides, and hands it its parts one by one.
    """

    name: str
    run: object
    claims: tuple
    data: str | None
    quick: bool
    divided: bool = False

    @property
    def title(self):
        """What is done, in the words of the function that does it."""
        return self.run.__doc__.partition("\n")[0]

    @property
    def command(self):
        """The command that prints these numbers."""
        return f"dlcore reproduce {self.name}"

    @property
    def path(self):
        """Where the record of the last run is kept."""
        return RESULTS / f"{self.name}.json"


def experiment(name, *claims, data=None, quick=False, divided=False):
    """Declare an experiment; use it as a decorator."""

    def declare(run):
        EXPERIMENTS[name] = Experiment(name, run, claims, data, quick, divided)
        return run

    return declare


def processor():
    """Name the processor, if the machine does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def circumstances():
    """Note what a run depends on besides its code: versions, processor, date."""
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba")},
        },
        "processor": processor(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def folder_of_results(*, recorded):
    """Return where results go: to the book if they are to be recorded, else to the cache."""
    return RESULTS if recorded else cache() / "results"


def write(name, record, *, recorded=True):
    """Write a record, small enough to read; return the path."""
    path = folder_of_results(recorded=recorded) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1, default=shorten) + "\n")
    return path


def shorten(value):
    """Write arrays as lists with six significant digits."""
    if isinstance(value, np.ndarray):
        return [shorten(row) for row in value] if value.ndim > 1 else [
            float(f"{number:.6g}") for number in value
        ]  # fmt: skip
    return value.item()


def pack(w):
    """Write an array as a picture, 256 shades from its smallest to its largest entry."""
    shades = np.round(255 * (w - w.min()) / np.ptp(w)).astype(np.uint8)
    text = base64.b64encode(zlib.compress(shades.tobytes(), 9)).decode()
    return {"shape": list(w.shape), "shades": text}


def unpack(picture):
    """Read what `pack` wrote, as shades from 0 to 255.

    >>> unpack(pack(np.array([[0.0, 0.5], [1.0, 0.25]])))
    array([[  0, 128],
           [255,  64]], dtype=uint8)
    """
    shades = zlib.decompress(base64.b64decode(picture["shades"]))
    return np.frombuffer(shades, np.uint8).reshape(picture["shape"])


def outcome(run, seed):
    """Run an experiment on whichever machine this is; say what came out, and on what."""
    return *run(seed), circumstances()


def run_by(experiment, seed, executor):
    """Run an experiment by an executor: its parts, or all of it as one task."""
    if experiment.divided:
        return *experiment.run(seed, executor=executor), circumstances()
    [(_, found)] = executor.results(partial(outcome, experiment.run), [seed])
    return found


def reproduce_one(experiment, seed=0, *, executor=None, recorded=False):
    """Run an experiment, here or by an executor, and write what came out.

    Returns it and the path of the file.
    """
    start = time.perf_counter()
    values, history, where = run_by(experiment, seed, executor or LocalExecutor())
    runs = history.get("runs", ()) if experiment.divided else ()  # some were done earlier
    seconds = max(time.perf_counter() - start, sum(run["seconds"] for run in runs))
    found = {
        "name": experiment.name,
        "command": experiment.command + (f" --seed {seed}" if seed else ""),
        "seed": seed,
        **where,
        "seconds": round(seconds, 1),
        "values": {key: float(value) for key, value in values.items()},
        "theirs": {claim.key: {"value": claim.theirs, "source": claim.source}
                   for claim in experiment.claims},
        "history": history,
    }  # fmt: skip
    return found, write(experiment.name, found, recorded=recorded)


def record(name):
    """Read the record of an experiment."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def values_of(experiment):
    """Return what an experiment gives: run anew if it is quick, else from its record, else {}."""
    if experiment.quick:
        return experiment.run(0)[0]
    return record(experiment.name)["values"] if experiment.path.exists() else {}
