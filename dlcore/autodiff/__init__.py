"""Differentiation: primitives with two rules each, and the two modes that compose them.

This floor knows no operation and no layer: operations register their own rules.
"""

from dlcore.autodiff.derivative import check_gradients, directional
from dlcore.autodiff.forward import jvp
from dlcore.autodiff.primitive import Primitive, primitive, registry
from dlcore.autodiff.recompute import checkpoint
from dlcore.autodiff.reverse import grad, value_and_grad, vjp
from dlcore.autodiff.second import hessian, hvp, jacobian

__all__ = [
    "Primitive",
    "check_gradients",
    "checkpoint",
    "directional",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "primitive",
    "registry",
    "value_and_grad",
    "vjp",
]
