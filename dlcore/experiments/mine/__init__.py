"""A network of the reader's own answers; what is not answered is borrowed.

Chapter: book/mine.md.
"""

from dlcore.experiments.mine import report
from dlcore.experiments.mine.parts import PARTS, Parts, gather
from dlcore.experiments.mine.training import Result, run

__all__ = ["PARTS", "Parts", "Result", "gather", "report", "run"]
