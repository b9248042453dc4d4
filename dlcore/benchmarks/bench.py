"""Run a benchmark by its name, write its record, and print it.

Chapter: book/ledger.md.
"""

from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from dlcore.benchmarks.augment import augmentation
from dlcore.benchmarks.busy import beside_busy_process
from dlcore.benchmarks.convnet import steps
from dlcore.benchmarks.depth import FAMILIES, networks
from dlcore.benchmarks.depthwise import depthwise
from dlcore.benchmarks.fast import convolution, judged
from dlcore.benchmarks.norm import batch_norm, beside_limits
from dlcore.benchmarks.pool import pooling
from dlcore.benchmarks.resident import resident
from dlcore.benchmarks.reverse import reverse
from dlcore.benchmarks.twolayer import twolayer
from dlcore.experiments.experiment import circumstances, write

BENCHES = {  # in the order of the book
    "reverse": reverse,
    "twolayer": twolayer,
    "pool": pooling,
    "conv": convolution,
    "busy": beside_busy_process,
    "convnet": steps,
    "norm": batch_norm,
    "augment": augmentation,
    **{family: partial(networks, family) for family in FAMILIES},
    "resident": dict,  # nothing is timed
    "depthwise": depthwise,
}
# What a benchmark finds besides: (shares of the peak, other numbers).
JUDGED = {"conv": judged, "norm": beside_limits, "depthwise": beside_limits, "resident": resident}
# What follows where a package is missing, and what to do about it.
CONSEQUENCES = {
    "torch": "so only our own times are measured: `python -m pip install torch` brings PyTorch's",
    "autograd": "which the benchmark `reverse` needs: `python -m pip install autograd`",
}


class Benchmark(NamedTuple):
    """What a benchmark measured, and what follows from it.

    `timings` and `shares` are {case: {contestant: …}}, `means` is {what: number}.
    """

    timings: dict
    shares: dict
    means: dict

    @property
    def values(self):
        """Name every number as records do: milliseconds, ratios, shares and means."""
        milliseconds = {
            f"{case}, {contestant}": 1e3 * timing.median
            for case, timings in self.timings.items()
            for contestant, timing in timings.items()
        }
        shares = {
            f"{case}, {contestant}, share of the peak": share
            for case, shares in self.shares.items()
            for contestant, share in shares.items()
        }
        return milliseconds | ratios(self.timings) | shares | self.means


def chosen_names(names):
    """Return the names of benchmarks, or all of them; refuse others before anything is timed.

    >>> chosen_names(["conv", "pool"])
    ['conv', 'pool']
    """
    for name in names or ():
        if name not in BENCHES:
            raise ValueError(f"bench: name is {name!r}, use one of {', '.join(BENCHES)}")
    return names or list(BENCHES)


def lacks(names):
    """Say, a line each, which packages some benchmarks would need and do not find."""
    needed = {"autograd" if name == "reverse" else "torch" for name in names if name in BENCHES}
    missing = sorted(package for package in needed if installed(package) is None)
    return [f"bench: {package} is missing, {CONSEQUENCES[package]}" for package in missing]


def run(name, *, record=True):
    """Run a benchmark, write what was measured, and return it."""
    chosen_names([name])
    timings = BENCHES[name]()
    shares, means = JUDGED[name](timings) if name in JUDGED else ({}, {})
    found = Benchmark(timings, shares, means)
    measured = {"name": f"bench-{name}", "command": f"dlcore bench {name}", **circumstances()}
    measured["versions"] |= {package: installed(package) for package in ("torch", "autograd")}
    measured["unit"] = "ms; ratios for a / b"
    measured["values"] = found.values
    write(measured["name"], measured, recorded=record)
    return found


def installed(package):
    """Return the version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def ratios(table):
    """Divide every contestant's median by the first's, in every case."""
    found = {}
    for case, timings in table.items():
        first, *others = timings
        for other in others:
            ratio = timings[other].median / timings[first].median
            found[f"{case}, {other} / {first}"] = ratio
    return found


def bench(name, *, record=False):
    """Run a benchmark; print milliseconds a call, and how many times the first's they are."""
    found = run(name, record=record)
    console = Console(highlight=False)
    if found.timings:
        console.print("milliseconds a call: median (quartiles), times the first's", style="dim")
    for case, timings in found.timings.items():
        table = Table.grid(padding=(0, 2))
        first = next(iter(timings.values()))
        for contestant, t in timings.items():
            spread = f"{1e3 * t.median:9.2f}  ({1e3 * t.low:.2f}–{1e3 * t.high:.2f})"
            share = found.shares.get(case, {}).get(contestant)
            peak = f"{share:.0%} of the peak" if share else ""
            table.add_row(f"  {contestant:24}", spread, f"{t.median / first.median:6.2f}", peak)
        console.print(f"\n{case}", style="bold")
        console.print(table)
    for what, number in found.means.items():
        console.print(f"\n{what}: {number:.2f}")
