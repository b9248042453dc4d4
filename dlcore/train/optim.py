"""Optimizers: what turns a gradient into a step, in order of increasing complexity.

An optimizer owns what it remembers of every parameter: nothing, a velocity, a mean square.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.kernels import optim as kernels
from dlcore.kernels.machine.threads import parallel_for
from dlcore.ops.precision import has_kernel
from dlcore.shapes import ShapeError

LARGE = 1 << 17  # entries that are worth a thread


class Optimizer:
    """An interface: update parameters in place,  ``step(params, grads)``,  both by name.

    =============  ================================================================
    learning_rate  the step size; a schedule may set it before any step
    weight_decay   the gradient of a weight becomes  g + weight_decay · w
    steps          how many steps were taken
    =============  ================================================================

    Parameters and gradients are contiguous arrays of one shape. Those of half precision are
    updated, and remembered, in float32 and rounded once a step. ``step`` raises KeyError for a
    parameter without a gradient, ShapeError for shapes that differ, TypeError for a parameter that
    holds no float16, float32 or float64, ValueError for a view that is not contiguous; ``update``
    raises NotImplementedError where it is not defined.

    >>> from dlcore.train import OPTIMIZERS
    >>> all(issubclass(each, Optimizer) for each in OPTIMIZERS.values())
    True
    """

    remembers = ()  # what is kept of each parameter, by name, zero at first

    def __init__(self, learning_rate, *, weight_decay=0.0):
        self.learning_rate, self.weight_decay, self.steps = learning_rate, weight_decay, 0
        self.memory = {}

    def step(self, params, grads, *, weights=None):
        """Take one step against the gradients.

        Weight decay applies to the names in `weights`; to every parameter if that is None. Raises
        KeyError, ShapeError, TypeError or ValueError, before anything is changed, where no step can
        be taken.
        """
        for name, w in params.items():
            require_step(name, w, grads[name])
        self.steps += 1
        for name, w in params.items():
            computed = w.dtype if has_kernel(w.dtype) else np.dtype(np.float32)
            if name not in self.memory:
                self.memory[name] = {slot: np.zeros(w.shape, computed) for slot in self.remembers}
            decays = weights is None or name in weights
            arrays = (w, grads[name], *self.memory[name].values())
            flat = [a.reshape(-1).astype(computed, copy=False) for a in arrays]
            self.update_in_parts(flat, computed.type(self.weight_decay if decays else 0.0))
            if w.dtype != computed:
                w[...] = flat[0].reshape(w.shape)

    def update_in_parts(self, flat, weight_decay):
        """Update one parameter; a large one by several threads, each entry the same way."""

        def update_part(start, stop):
            self.update(*(array[start:stop] for array in flat), weight_decay=weight_decay)

        parallel_for(update_part, flat[0].size, least=LARGE)

    def update(self, w, g, *memory, weight_decay):
        """Update one parameter, laid out flat; raise NotImplementedError if it is not defined."""
        raise NotImplementedError(f"{type(self).__name__}: define update(self, w, g, ...)")

    def state(self):
        """List everything that the next step depends on, as named arrays."""
        arrays = {
            f"{name}.{slot}": array.copy()
            for name, memory in self.memory.items()
            for slot, array in memory.items()
        }
        return {
            "steps": np.asarray(self.steps),
            "learning_rate": np.asarray(self.learning_rate),
            **arrays,
        }

    def require_memory(self, state):
        """Raise ValueError for what an optimizer with another memory has listed."""
        slots = sorted({key.rpartition(".")[2] for key in state if "." in key})
        if int(state["steps"]) and slots != sorted(self.remembers):
            own, given = (", ".join(names) or "nothing" for names in (self.remembers, slots))
            raise ValueError(
                f"restore: {type(self).__name__} remembers {own} but the optimizer of the "
                f"checkpoint {given}"
            )

    def restore(self, state):
        """Take over what `state` listed; raise ValueError if its memory is of another kind."""
        self.require_memory(state)
        self.steps, self.learning_rate = int(state["steps"]), float(state["learning_rate"])
        self.memory = {}
        for key in state:
            name, dot, slot = key.rpartition(".")
            if dot:
                self.memory.setdefault(name, {})[slot] = np.array(state[key])


def require_step(name, w, g):
    """Refuse what a step in place would miss, or would read beyond.

    Raises ShapeError for shapes that differ, TypeError for a parameter of another precision than
    float16, float32 and float64, ValueError for a view that is not contiguous.

    >>> require_step("w", np.zeros((3, 2)), np.ones((3, 2)))
    """
    if g.shape != w.shape:
        raise ShapeError(
            f"step: {name} has shape {w.shape} but its gradient {g.shape}, pass equal shapes"
        )
    if not (w.dtype.kind == "f" and w.dtype.itemsize in (2, 4, 8) and w.dtype.isnative):
        raise TypeError(f"step: {name} holds {w.dtype.str}, pass float16, float32 or float64")
    if not w.flags.c_contiguous:
        raise ValueError(f"step: {name} is a view with strides {w.strides}, pass a copy of it")


class SGD(Optimizer):
    """Gradient descent, on a batch:  w ← w - η g,  η the learning rate  [Robbins1951]_.

    >>> w = np.array([1.0, 2.0])
    >>> SGD(0.5).step({"w": w}, {"w": np.array([1.0, 0.0])})
    >>> w
    array([0.5, 2. ])
    """

    def update(self, w, g, *, weight_decay):
        kernels.sgd(w, g, self.learning_rate, weight_decay)


class Momentum(Optimizer):
    """Gradient descent with momentum:  v ← momentum v - η g,   w ← w + v  [Polyak1964]_.

    >>> w, optimizer = np.array([1.0]), Momentum(0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.step({"w": w}, {"w": np.array([1.0])})
    >>> w
    array([-0.25])
    """

    remembers = ("v",)

    def __init__(self, learning_rate, *, momentum=0.9, weight_decay=0.0):
        super().__init__(learning_rate, weight_decay=weight_decay)
        self.momentum = momentum

    def update(self, w, g, v, *, weight_decay):
        kernels.momentum(w, g, v, self.learning_rate, self.momentum, weight_decay)


class Nesterov(Momentum):
    """Momentum that looks ahead:  v ← momentum v - η g,   w ← w + momentum v - η g.

    Source: [Nesterov1983]_; compared with `Momentum` in [Sutskever2013]_.

    >>> w = np.array([1.0])
    >>> Nesterov(0.5, momentum=0.5).step({"w": w}, {"w": np.array([1.0])})
    >>> w
    array([0.25])
    """

    def update(self, w, g, v, *, weight_decay):
        kernels.nesterov(w, g, v, self.learning_rate, self.momentum, weight_decay)


class RMSProp(Optimizer):
    """Divide by the root of the mean square:  s ← rho s + (1 - rho) g²  [Tieleman2012]_.

    With `eps_inside_sqrt`  w ← w - η g / √(s + ε),  without  w ← w - η g / (√s + ε).

    >>> w = np.array([1.0])
    >>> RMSProp(0.1, rho=0.75).step({"w": w}, {"w": np.array([8.0])})
    >>> w.round(4)
    array([0.8])
    """

    remembers = ("s",)

    def __init__(
        self, learning_rate, *, rho=0.99, eps=1e-8, eps_inside_sqrt=True, weight_decay=0.0
    ):
        super().__init__(learning_rate, weight_decay=weight_decay)
        self.rho, self.eps, self.eps_inside_sqrt = rho, eps, eps_inside_sqrt

    def update(self, w, g, s, *, weight_decay):
        inside, outside = (self.eps, 0.0) if self.eps_inside_sqrt else (0.0, self.eps)
        kernels.rmsprop(w, g, s, self.learning_rate, self.rho, inside, outside, weight_decay)


class Adam(Optimizer):
    """Momentum over the root mean square, both corrected for their start [Kingma2015]_.

    m ← β₁ m + (1 - β₁) g,   s ← β₂ s + (1 - β₂) g²
    w ← w - η m̂ / (√ŝ + ε),  with  m̂ = m / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ)  at step t

    >>> w = np.array([1.0])
    >>> Adam(0.1).step({"w": w}, {"w": np.array([8.0])})
    >>> w.round(4)
    array([0.9])
    """

    remembers = ("m", "s")

    def __init__(self, learning_rate, *, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
        super().__init__(learning_rate, weight_decay=weight_decay)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def constants(self):
        """The numbers that every entry's update shares."""
        return self.learning_rate, self.beta1, self.beta2, self.eps, self.steps

    def update(self, w, g, m, s, *, weight_decay):
        kernels.adam(w, g, m, s, *self.constants(), weight_decay, 0.0)


class AdamW(Adam):
    """Adam whose weight decay does not pass through the gradient [Loshchilov2019]_.

    w ← w - η · weight_decay · w beside the step, where Adam would divide it by √s.

    >>> w = np.array([1.0])
    >>> AdamW(0.1, weight_decay=0.5).step({"w": w}, {"w": np.array([0.0])})
    >>> w.round(4)
    array([0.95])
    """

    def update(self, w, g, m, s, *, weight_decay):
        kernels.adam(w, g, m, s, *self.constants(), 0.0, weight_decay)


OPTIMIZERS = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}
