"""Operations: a function, its jvp and its vjp directly under one another.

With any of them come the rules for NumPy's own vocabulary: sums, products, exponentials.
"""

from dlcore.ops import numpy

__all__ = ["numpy"]
