"""A textbook of deep learning that is checked.

With the package come the rules for NumPy's own vocabulary, so that every derivative finds them.
"""

from dlcore import ops

__all__ = ["ops"]
