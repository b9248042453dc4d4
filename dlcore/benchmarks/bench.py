"""Run a benchmark by its name, write its record, and print it.

Chapter: book/ledger.md.
"""

from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from dlcore.benchmarks.convnet import steps
from dlcore.benchmarks.depth import FAMILIES, networks
from dlcore.benchmarks.depthwise import depthwise
from dlcore.benchmarks.fast import convolution, judged
from dlcore.benchmarks.norm import batch_norm, beside_limits
from dlcore.benchmarks.pool import pooling
from dlcore.benchmarks.reverse import reverse
from dlcore.benchmarks.twolayer import twolayer
from dlcore.experiments.experiment import circumstances, write

BENCHES = {  # in the order of the book
    "reverse": reverse,
    "twolayer": twolayer,
    "pool": pooling,
    "conv": convolution,
    "convnet": steps,
    "norm": batch_norm,
    **{family: partial(networks, family) for family in FAMILIES},
    "depthwise": depthwise,
}
# What a benchmark finds besides: (shares of the peak, means of ratios).
JUDGED = {"conv": judged, "norm": beside_limits, "depthwise": beside_limits}


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


def run(name):
    """Run a benchmark, write its record, and return it."""
    if name not in BENCHES:
        raise ValueError(f"bench: name is {name!r}, use one of {', '.join(BENCHES)}")
    timings = BENCHES[name]()
    shares, means = JUDGED[name](timings) if name in JUDGED else ({}, {})
    found = Benchmark(timings, shares, means)
    record = {"name": f"bench-{name}", "command": f"dlcore bench {name}", **circumstances()}
    record["versions"] |= {package: installed(package) for package in ("torch", "autograd")}
    record["unit"] = "ms; ratios for a / b"
    record["values"] = found.values
    write(record["name"], record)
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


def bench(name):
    """Run a benchmark; print milliseconds a call, and how many times the first's they are."""
    found = run(name)
    console = Console(highlight=False)
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
