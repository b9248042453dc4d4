"""What differences really measure: the V of the error, and the check of the sources.

Chapter: book/derivative.md.
"""

import numpy as np

from dlcore.autodiff.derivative import EPS, central, complex_step, one_sided, relative_error
from dlcore.experiments.twolayer import toy
from dlcore.formulas import derivative as page
from dlcore.formulas.engine.oracle import program
from dlcore.nn import named_parameters
from dlcore.ops.loss import cross_entropy
from dlcore.train import loss_and_grads

STEPS = 2.0 ** -np.arange(1, 53)  # powers of two, so that 1 + h and 1 - h are exact
WAYS = {"one-sided": one_sided, "central": central, "complex": complex_step}
REG = 0.1  # the penalty of the toy network in the sources


def vee(steps=STEPS):
    """Measure the slope of exp at 1 in three ways, and bound the error as the page does.

    Returns two dicts of arrays by the name of the way: relative errors, relative bounds.
    """
    e = np.exp(1.0)
    errors = {
        name: np.array([abs(way(np.exp, 1.0, h) / e - 1) for h in steps])
        for name, way in WAYS.items()
    }
    sizes = {"c0": np.exp(steps), "c2": np.exp(steps), "c3": np.exp(steps)}  # of exp(1 + h) / e
    formulas = {"one-sided": page.one_sided_bound, "central": page.central_bound}
    bounds = {name: program(each)(h=steps, eps=EPS, **sizes) for name, each in formulas.items()}
    return errors, bounds


def differences(loss, w, step):
    """Measure the gradient of a loss that reads w: each entry is moved in its place, and back."""
    bar = np.empty_like(w)
    for entry in np.ndindex(w.shape):
        kept = w[entry]
        w[entry] = kept + step
        ahead = loss()
        w[entry] = kept - step
        bar[entry] = (ahead - loss()) / (2 * step)
        w[entry] = kept
    return bar


def toy_gradients(step):
    """Return, by name, the gradients of the toy network and their central differences."""
    model, x, t = toy()
    run = lambda: loss_and_grads(model, cross_entropy, x, t, l2=REG)
    measured = {
        name: differences(lambda: run()[0], w, step) for name, w in named_parameters(model).items()
    }
    return run()[1], measured


def toy_errors(step):
    """Compare both by the sources' relative error:  name → the largest over the entries."""
    grads, measured = toy_gradients(step)
    return {name: float(relative_error(grads[name], measured[name])) for name in grads}
