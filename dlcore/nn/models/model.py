"""What every model is: layers in a row and a loss at their end.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.nn.sequential import Sequential
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import ShapeError


class Model:
    """Scores, loss and gradients of `layers` applied one after another.

    ========  ===================================================================
    params    every parameter by name: w1, b1, w2, …; just w, b for a single layer
    measure   the loss at the end, `cross_entropy` or `hinge`
    ========  ===================================================================
    """

    def __init__(self, *layers, measure=cross_entropy):
        self.row, self.measure = Sequential(*layers), measure
        self.layers, self.params = self.row.layers, self.row.params

    def scores(self, x):
        """Compute the scores of a batch:  (N, D) → (N, K)."""
        return self.row.forward(x)

    def loss(self, x, t, reg=0.0):
        """Return the loss and its gradients by name.

        L = measure(scores(x), t) + reg/2 Σ w²  over the weights, not the biases.
        """
        y = self.scores(x)
        loss = self.measure(y, t)
        (bar,) = self.measure.vjp(loss, y, t, 1.0)
        self.row.backward_first(bar)

        grads = self.row.grads
        if reg:
            loss = loss + self.penalize(reg, grads)
        return float(loss), grads

    def penalize(self, reg, grads):
        """Return reg/2 Σ w², and add its gradient, reg · w, to `grads`."""
        weights = {name: w for name, w in self.params.items() if w.ndim > 1}
        for name, w in weights.items():
            grads[name] += reg * w
        return reg / 2 * sum(float(np.vdot(w, w)) for w in weights.values())

    def predict(self, x, batch=1000):
        """Name the class with the highest score, for any number of examples."""
        parts = [self.scores(x[i : i + batch]).argmax(axis=1) for i in range(0, len(x), batch)]
        return np.concatenate(parts) if parts else np.empty(0, int)

    def accuracy(self, x, t):
        """Say which share of the examples is classified right."""
        return float((self.predict(x) == t).mean())

    def load(self, params):
        """Copy given parameters in, by name."""
        if set(params) != set(self.params):
            have, given = ", ".join(self.params), ", ".join(params)
            raise KeyError(f"load: the model has {have} but was given {given}")
        for name, w in self.params.items():
            if np.shape(params[name]) != w.shape:
                shapes = f"{w.shape} in the model but {np.shape(params[name])} in params"
                raise ShapeError(f"load: {name} is {shapes}")
            w[...] = params[name]
        return self
