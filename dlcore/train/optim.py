"""Rules that turn a gradient into a step, in order of increasing complexity.

A rule owns what it remembers of every parameter: nothing, a velocity, a recent size.
Weight decay pulls weights, arrays with two axes or more, towards zero; biases are left alone.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.kernels import optim as kernels
from dlcore.kernels.machine.threads import parallel_for
from dlcore.shapes import ShapeError

LARGE = 1 << 17  # entries that are worth a thread


class Rule:
    """Update parameters in place:  ``step(params, grads)``, both by name.

    ======  ================================================================
    rate    the step size; a schedule may set it before any step
    decay   weight decay: the gradient becomes g + decay · w
    steps   how many steps were taken
    ======  ================================================================
    """

    remembers = ()  # what is kept of each parameter, by name, zero at first

    def __init__(self, rate, *, decay=0.0):
        self.rate, self.decay, self.steps = rate, decay, 0
        self.memory = {}

    def step(self, params, grads):
        """Take one step, against the gradients."""
        for name, w in params.items():
            require_step(name, w, grads[name])
        self.steps += 1
        for name, w in params.items():
            if name not in self.memory:
                self.memory[name] = {slot: np.zeros_like(w) for slot in self.remembers}
            decay = self.decay if w.ndim > 1 else 0.0
            flat = [a.reshape(-1) for a in (w, grads[name], *self.memory[name].values())]
            self.spread(flat, w.dtype.type(decay))

    def spread(self, flat, decay):
        """Update one parameter; a large one by several threads, each entry the same way."""
        work = lambda i, j: self.update(*(array[i:j] for array in flat), decay=decay)
        parallel_for(work, flat[0].size, least=LARGE)

    def update(self, w, g, *memory, decay):
        """Update one parameter, laid out flat."""
        raise NotImplementedError

    def state(self):
        """List everything that the next step depends on, as named arrays."""
        arrays = {
            f"{name}.{slot}": array.copy()
            for name, memory in self.memory.items()
            for slot, array in memory.items()
        }
        return {"steps": np.asarray(self.steps), "rate": np.asarray(self.rate), **arrays}

    def restore(self, state):
        """Take over what `state` listed."""
        self.steps, self.rate = int(state["steps"]), float(state["rate"])
        self.memory = {}
        for key in state:
            name, dot, slot = key.rpartition(".")
            if dot:
                self.memory.setdefault(name, {})[slot] = np.array(state[key])


def require_step(name, w, g):
    """Refuse what a step in place would miss, or would read beyond."""
    if g.shape != w.shape:
        raise ShapeError(
            f"step: {name} has shape {w.shape} but its gradient {g.shape}, pass equal shapes"
        )
    if not w.flags.c_contiguous:
        raise ValueError(f"step: {name} is a view with strides {w.strides}, pass a copy of it")


class SGD(Rule):
    """Gradient descent, on a batch:  w ← w - rate · g."""

    def update(self, w, g, *, decay):
        kernels.sgd(w, g, self.rate, decay)


class Momentum(Rule):
    """A heavy ball:  v ← momentum v - rate · g,   w ← w + v  [Polyak1964]_."""

    remembers = ("v",)

    def __init__(self, rate, *, momentum=0.9, decay=0.0):
        super().__init__(rate, decay=decay)
        self.momentum = momentum

    def update(self, w, g, v, *, decay):
        kernels.momentum(w, g, v, self.rate, self.momentum, decay)


class Nesterov(Momentum):
    """Momentum that looks ahead:  v ← momentum v - rate · g,   w ← w + momentum v - rate · g."""

    def update(self, w, g, v, *, decay):
        kernels.nesterov(w, g, v, self.rate, self.momentum, decay)


class RMSProp(Rule):
    """Divide by the recent size of the gradient:  s ← rho s + (1 - rho) g².

    `place` says where ε stands:  "inside"  w ← w - rate g / √(s + ε),
    "outside"  w ← w - rate g / (√s + ε).
    """

    remembers = ("s",)

    def __init__(self, rate, *, rho=0.99, eps=1e-8, place="inside", decay=0.0):
        if place not in ("inside", "outside"):
            raise ValueError(f'RMSProp: place is {place!r}, use "inside" or "outside"')
        super().__init__(rate, decay=decay)
        self.rho, self.eps, self.place = rho, eps, place

    def update(self, w, g, s, *, decay):
        inside, outside = (self.eps, 0.0) if self.place == "inside" else (0.0, self.eps)
        kernels.rmsprop(w, g, s, self.rate, self.rho, inside, outside, decay)


class Adam(Rule):
    """Momentum over recent size, both freed of their bias towards zero [Kingma2015]_."""

    remembers = ("m", "s")

    def __init__(self, rate, *, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
        super().__init__(rate, decay=decay)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def constants(self):
        """The numbers that every entry's update shares."""
        return self.rate, self.beta1, self.beta2, self.eps, self.steps

    def update(self, w, g, m, s, *, decay):
        kernels.adam(w, g, m, s, *self.constants(), decay, 0.0)


class AdamW(Adam):
    """Adam whose weight decay does not pass through the gradient [Loshchilov2019]_.

    w ← w - rate · decay · w beside the step, where Adam would divide it by the recent size.
    """

    def update(self, w, g, m, s, *, decay):
        kernels.adam(w, g, m, s, *self.constants(), 0.0, decay)


RULES = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}
