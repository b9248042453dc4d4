"""NumPy's own vocabulary, differentiable: importing this registers every rule for it.

Chapter: book/reverse.md.
"""

from dlcore.ops import arithmetic, arrays, elementary, products, reductions

__all__ = ["arithmetic", "arrays", "elementary", "products", "reductions"]
