"""NumPy's own vocabulary, differentiable: sums, products, exponentials, shapes."""

from dlcore.ops.numpy import arithmetic, arrays, elementary, products, reductions

__all__ = ["arithmetic", "arrays", "elementary", "products", "reductions"]
