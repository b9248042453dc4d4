"""What every layer is: an operation together with its parameters and their gradients.

Chapter: book/linear.md.
"""


class Layer:
    """An operation y = op(x, *params) that owns `params`, and `grads` of the same names.

    ``forward`` computes y and keeps what the way back will need;
    ``backward`` receives ȳ = ∂L/∂y, stores a gradient for every parameter, returns x̄.
    """

    def __init__(self, op, options=None, **params):
        self.op, self.options, self.params, self.grads = op, options or {}, params, {}

    def forget(self):
        """Let go of what the last pass has kept, so that the next one finds its memory free."""
        self.memory = self.y = None

    def forward(self, x):
        """Compute y = op(x, *params)."""
        self.memory = x, *self.params.values()
        self.y = self.op(*self.memory, **self.options)
        return self.y

    def backward(self, y_bar):
        """Receive ȳ, keep the gradients of the parameters, return x̄."""
        x_bar, *bars = self.op.vjp(self.y, *self.memory, y_bar, **self.options)
        self.grads = dict(zip(self.params, bars, strict=True))
        return x_bar

    def backward_first(self, y_bar):
        """Do the same for a layer that nothing comes before: x̄ would interest nobody."""
        wanted = range(1, 1 + len(self.params))
        bars = self.op.vjp(self.y, *self.memory, y_bar, wanted=wanted, **self.options)
        self.grads = dict(zip(self.params, bars, strict=True))
