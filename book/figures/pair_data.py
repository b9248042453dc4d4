"""The lines of a training step here and in PyTorch, with what was recorded of each.

Chapter: book/pytorch.md.
"""

from dlcore.experiments.experiment import record
from dlcore.experiments.line_pairs import LINES


def training_steps():
    """Pair the lines of all networks; the values are those of the last record."""
    found = record("pytorch-parity")["history"]["lines"]
    programs = {
        name: [
            {"here": line.here, "there": line.there, "note": f"{line.says} {held(value)}".strip()}
            for line, value in zip(lines, found[name], strict=True)
        ]
        for name, lines in LINES.items()
    }
    return {"heads": ("here", "in PyTorch"), "programs": programs}


def held(value):
    """Say what both sides hold after a line, and how far apart they are.

    >>> held({"shape": [6, 4], "first": -1.25, "apart": 0.0})
    'Both hold (6, 4) numbers, the first is −1.25; they are equal.'
    >>> held({"shape": [], "first": 0.5, "apart": 2.5e-16})
    'Both hold 0.5; they differ by 2.5e-16 of it.'
    """
    if not value:
        return ""
    first = f"{value['first']:.6g}".replace("-", "−")
    shape = ", ".join(map(str, value["shape"]))
    told = f"({shape}) numbers, the first is {first}" if shape else first
    largest = "the largest" if shape else "it"
    apart = f"differ by {value['apart']:.1e} of {largest}" if value["apart"] else "are equal"
    return f"Both hold {told}; they {apart}."
