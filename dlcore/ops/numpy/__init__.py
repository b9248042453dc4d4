"""NumPy's own vocabulary, differentiable: sums, products, exponentials, shapes, matrices."""

from dlcore.ops.numpy import (
    arithmetic,
    arrays,
    choosing,
    conversion,
    elementary,
    joining,
    linalg,
    moving,
    norms,
    pairs,
    products,
    reductions,
    refused,
    sampled,
    spectrum,
)

__all__ = [
    "arithmetic",
    "arrays",
    "choosing",
    "conversion",
    "elementary",
    "joining",
    "linalg",
    "moving",
    "norms",
    "pairs",
    "products",
    "reductions",
    "refused",
    "sampled",
    "spectrum",
]
