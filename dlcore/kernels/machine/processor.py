"""What kernels know of the processor: its registers, a cache, and one measured number.

The number is what transforms cost in Winograd's algorithm. Where registers are few, squares of
36 entries do not fit into them, and the cost is higher. `dlcore tune` measures it once for a
machine and keeps it in the user's cache; until then it is estimated from the registers.

Chapter: book/fast.md.
"""

import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from dlcore.kernels.machine.registers import PROCESSOR, REGISTERS, WIDTH

ESTIMATES = {32: 700, 16: 1600}  # multiply-adds that transforms take the time of, by registers
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")  # as Linux describes them
USUAL = 512  # KiB of the cache of second level, where nothing says how large it is


@cache
def second_level():
    """Return the bytes of the cache of second level, where small arrays stay between uses.

    >>> second_level() >= 1 << 15
    True
    """
    for index in sorted(CACHES.glob("index*")):
        with suppress(OSError, ValueError):
            if (index / "level").read_text().strip() == "2":
                return int((index / "size").read_text().strip().removesuffix("K")) << 10
    return USUAL << 10


def tuned_file():
    """Return the file in the user's cache that `dlcore tune` writes: one number a processor."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "dlcore" / "tuned.json"


def processor():
    """Name the processor and the width of its registers, as the file does."""
    return f"{PROCESSOR}, {WIDTH} bytes"


def tuned():
    """Read what was measured: {processor: multiply-adds}, empty where nothing was."""
    try:
        found = json.loads(tuned_file().read_text())
    except (OSError, ValueError, RuntimeError):  # no file, no JSON, no home
        return {}
    return found if isinstance(found, dict) else {}


@cache
def transform_cost():
    """Return what the transforms of a square cost, a channel or filter, in multiply-adds.

    It is measured by `dlcore tune`; else it is an estimate.
    """
    measured = tuned().get(processor())
    return measured if isinstance(measured, int | float) else ESTIMATES[REGISTERS]


def keep(cost):
    """Write the measured cost beside those of other processors; return the path of the file."""
    path = tuned_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tuned() | {processor(): cost}, indent=1) + "\n")
    transform_cost.cache_clear()
    return path
