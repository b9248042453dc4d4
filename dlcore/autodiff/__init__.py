"""Differentiation: primitives with two rules each, and the two modes that compose them.

This floor knows no operation and no layer: operations register their own rules.
"""

from dlcore.autodiff.derivative import check_gradients, directional
from dlcore.autodiff.forward import jvp
from dlcore.autodiff.primitive import Primitive, primitive, registry
from dlcore.autodiff.reverse import grad, jacobian, value_and_grad, vjp

__all__ = [
    "Primitive",
    "check_gradients",
    "directional",
    "grad",
    "jacobian",
    "jvp",
    "primitive",
    "registry",
    "value_and_grad",
    "vjp",
]
