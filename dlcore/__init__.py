"""A textbook of deep learning that is checked.

>>> import dlcore
>>> dlcore.grad(lambda x: x * x)(3.0)
np.float64(6.0)

What a reader may use is loaded when it is first used; ``dir(dlcore)`` lists it. With the package
come the derivative rules for NumPy's own functions.
"""

from dlcore import ops
from dlcore.lazy import lazily

__all__ = ["ops"]

__getattr__, __dir__ = lazily(
    __name__,
    ("autodiff", "data", "graph", "kernels", "nn", "ops", "shapes", "train"),
    {
        "autodiff": (
            "check_gradients", "grad", "hessian", "hvp", "jacobian", "jvp", "primitive",
            "value_and_grad", "vjp",
        ),
    },
)  # fmt: skip
