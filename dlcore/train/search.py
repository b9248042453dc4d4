"""Gradients of an architecture, and the search that follows them [Liu2019]_.

A loss is a function of two arguments, ``loss(alphas, weights)``: each an array, or a dictionary
of arrays. The gradient that is wanted is that of the validation loss at the weights that training
would reach, by the alphas.

Chapter: book/search.md.
"""

from contextlib import contextmanager

import numpy as np

from dlcore.autodiff import grad, hessian, jvp, value_and_grad, vjp
from dlcore.data.batches import shuffled
from dlcore.nn.layer import filled, named_parameters, named_state, named_weights, parameter_slots
from dlcore.ops.loss import cross_entropy
from dlcore.ops.loss import softmax as softmax_of
from dlcore.shapes import ShapeError
from dlcore.train.schedule import constant

RADIUS = 0.01  # how far a probe goes in the space of the weights [Liu2019]_


def first_order(val_loss, alphas, weights):
    """Return the gradient of the validation loss by the alphas, the weights held fixed.

    ᾱ = ∇_α L_val(α, w). Raises TypeError where the loss is no number.

    >>> first_order(lambda a, w: a * a + a * w, 3.0, 4.0)
    np.float64(10.0)
    """
    return grad(lambda a: val_loss(a, weights))(alphas)


def one_step(train_loss, val_loss, alphas, weights, xi):
    """Return the gradient of the validation loss through one step [Liu2019]_.

    ᾱ = ∇_α L_val(α, w⁺) - ξ ∇²_{αw} L_train(α, w) v,  with
    w⁺ = w - ξ ∇_w L_train(α, w)  and  v = ∇_w L_val(α, w⁺)

    The product with v is exact, forward over reverse mode; nothing that is
    passed is changed. Raises TypeError where a loss is no number.

    >>> train = lambda a, w: (w - a) ** 2
    >>> val = lambda a, w: (w - 4) ** 2 / 2 + a * a / 2
    >>> one_step(train, val, 1.0, 2.0, 0.25)
    np.float64(-0.25)
    """
    r, v = stepped_grads(train_loss, val_loss, alphas, weights, xi)
    return moved(r, -xi, mixed_product(train_loss, alphas, weights, v))


def one_step_differences(train_loss, val_loss, alphas, weights, xi, *, radius=RADIUS):
    """Return the same gradient, with the product as a central difference [Liu2019]_.

    The probes are  w ± ε v  with  ε = radius / ‖v‖. Each takes a gradient by the alphas, so two
    more backward passes are needed and no second derivative. Raises TypeError where a loss is no
    number, ValueError for a radius that is not above 0.

    >>> train, val = lambda a, w: (w - a) ** 2, lambda a, w: (w - 4) ** 2 / 2 + a * a / 2
    >>> one_step_differences(train, val, 1.0, 2.0, 0.25).round(6)
    np.float64(-0.25)
    """
    r, v = stepped_grads(train_loss, val_loss, alphas, weights, xi)
    product = mixed_difference(train_loss, alphas, weights, v, radius=radius)
    return moved(r, -xi, product)


def implicit(train_loss, val_loss, alphas, weights):
    """Return the exact gradient at weights that minimise the training loss [Lorraine2020]_.

    ᾱ = ∇_α L_val - ∇²_{αw} L_train u,  where u solves  ∇²_w L_train u = ∇_w L_val.  `weights` is
    an array of some entries, since the Hessian is formed. Raises numpy.linalg.LinAlgError where
    it cannot be inverted, ShapeError for weights that are no vector.

    >>> train = lambda a, w: np.sum((w - a) ** 2)
    >>> val = lambda a, w: np.sum((w - 4) ** 2) / 2 + a * a / 2
    >>> float(implicit(train, val, 1.0, np.array([1.0])))
    -2.0
    """
    if np.ndim(weights) != 1:
        raise ShapeError(
            f"implicit: weights have {np.ndim(weights)} axes, pass one vector of all weights"
        )
    r, v = value_grads(val_loss, alphas, weights)
    u = np.linalg.solve(hessian(lambda w: train_loss(alphas, w))(weights), v)
    return moved(r, -1.0, mixed_product(train_loss, alphas, weights, u))


def value_grads(loss, alphas, weights):
    """Return the gradients of a loss by the alphas and by the weights.

    >>> [float(bar) for bar in value_grads(lambda a, w: a * w, 3.0, 4.0)]
    [4.0, 3.0]
    """
    return tuple(vjp(loss, alphas, weights)[1](1.0))


def stepped_grads(train_loss, val_loss, alphas, weights, xi):
    """Return r and v, the gradients of the validation loss at the stepped weights.

    >>> train, val = lambda a, w: w * w, lambda a, w: a * w
    >>> r, v = stepped_grads(train, val, 3.0, 4.0, 0.25)
    >>> float(r), float(v)
    (2.0, 3.0)
    """
    g = grad(lambda w: train_loss(alphas, w))(weights)
    return value_grads(val_loss, alphas, moved(weights, -xi, g))


def mixed_product(loss, alphas, weights, v):
    """Multiply mixed second derivatives by v, exactly:  ∇²_{αw} L v.

    It is the derivative along v of the gradient by the alphas; see
    [Pearlmutter1994]_.

    >>> mixed_product(lambda a, w: a * w * w, 3.0, 4.0, 1.0)
    np.float64(8.0)
    """
    by_alphas = lambda w: grad(lambda a: loss(a, w))(alphas)
    return jvp(by_alphas, [weights], [v])[1]


def mixed_difference(loss, alphas, weights, v, *, radius=RADIUS):
    """Approximate that product by a central difference, off by the order of ε².

    (∇_α L(α, w + ε v) - ∇_α L(α, w - ε v)) / 2ε,  with  ε = radius / ‖v‖;  0 where v is 0. Raises
    ValueError for a radius that is not above 0.

    >>> mixed_difference(lambda a, w: a * w * w, 3.0, 4.0, 1.0).round(6)
    np.float64(8.0)
    """
    if not radius > 0:
        raise ValueError(f"mixed_difference: radius is {radius}, use a number above 0")
    length = np.sqrt(sum(float(np.vdot(part, part)) for part in arrays_of(v)))
    if length == 0:
        return moved(alphas, -1.0, alphas)
    eps = radius / length
    ahead, behind = (
        grad(lambda a, side=side: loss(a, moved(weights, side * eps, v)))(alphas)
        for side in (1.0, -1.0)
    )
    difference = moved(ahead, -1.0, behind)
    return moved(difference, 1 / (2 * eps) - 1, difference)


def moved(x, step, direction):
    """Return  x + step · direction  for arrays, numbers, and dictionaries of them.

    >>> moved({"w": 3.0}, 0.5, {"w": 4.0})
    {'w': 5.0}
    """
    if isinstance(x, dict):
        return {name: moved(part, step, direction[name]) for name, part in x.items()}
    return x + np.result_type(x).type(step) * direction if np.ndim(x) else x + step * direction


def arrays_of(x):
    """List the arrays of a dictionary, or the one array itself.

    >>> arrays_of({"w": 3.0, "b": 4.0})
    [3.0, 4.0]
    """
    return list(x.values()) if isinstance(x, dict) else [x]


# The search


def loss_of(model, x, t, rng=None, *, loss_fn=cross_entropy):
    """Return the loss of a batch as a function of the alphas and the weights of a model.

    `model` is called as any layer, and keeps its alphas in the attribute `alphas`, apart from its
    parameters: a dictionary of arrays. The function takes both by name and leaves the model's own
    as they are.

    >>> from dlcore import nn
    >>> model = nn.Linear(3, 2, rng=np.random.default_rng(0), std=0.0)
    >>> model.alphas = {}
    >>> loss = loss_of(model, np.ones((1, 3)), np.zeros(1, int))
    >>> round(float(loss({}, named_parameters(model))), 4)
    0.6931
    """
    slots = parameter_slots(model)

    def loss(alphas, weights):
        with filled(slots, [weights[slot.path] for slot in slots]), using_alphas(model, alphas):
            return loss_fn(model(x, rng), t)

    return loss


@contextmanager
def using_alphas(model, alphas):
    """Let a model mix by other alphas for a while."""
    own = model.alphas
    model.alphas = alphas
    try:
        yield
    finally:
        model.alphas = own


@contextmanager
def unchanged_state(model):
    """Put the running statistics of a model back afterwards: a probe is no training."""
    before = {name: array.copy() for name, array in named_state(model).items()}
    try:
        yield
    finally:
        for name, array in named_state(model).items():
            array[...] = before[name]


def halves(N, rng):
    """Split the numbers of N images at random: for the weights, and for the alphas.

    >>> first, second = halves(7, np.random.default_rng(0))
    >>> sorted([*first, *second]) == list(range(7)), len(first)
    (True, 3)
    """
    order = rng.permutation(N)
    return order[: N // 2], order[N // 2 :]


class Search:
    """Alternate steps of the alphas and of the weights, on two halves of the images.

    ================  ===============================================================
    model             a layer with the attribute `alphas`, {name: array}
    x, t              images and labels; half of them train the weights, and the other
                      half, which is the validation set of the search, the alphas
    alpha_optimizer   of the alphas; Adam(3e-4, beta1=0.5, weight_decay=1e-3) as published
    weight_optimizer  of the weights
    gradient          "first-order", "one-step" or "differences"; the last two look through
                      a step with the weights' learning rate
    schedule          by what factor the weights' learning rate is multiplied
    journal           one dictionary for each finished epoch
    ================  ===============================================================

    Raises ValueError for another `gradient`, or for less than two images.
    """

    def __init__(
        self, model, x, t, *, alpha_optimizer, weight_optimizer, gradient="first-order",
        batch_size=64, epochs=10, schedule=None, seed=0,
    ):  # fmt: skip
        if gradient not in GRADIENTS:
            raise ValueError(f"Search: gradient is {gradient!r}, use {', '.join(GRADIENTS)}")
        if len(t) < 2:
            raise ValueError(f"Search: there are {len(t)} images, pass two or more")
        self.model, self.x, self.t = model, x, t
        self.alpha_optimizer, self.weight_optimizer = alpha_optimizer, weight_optimizer
        self.initial_rate, self.schedule = weight_optimizer.learning_rate, schedule or constant()
        self.gradient, self.batch_size, self.epochs = GRADIENTS[gradient], batch_size, epochs
        self.rng = np.random.default_rng(seed)
        self.weight_rows, self.alpha_rows = halves(len(t), self.rng)
        self.journal = []

    def batches(self):
        """Yield pairs of rows for one epoch: for the weights and for the alphas."""
        size = min(self.batch_size, len(self.weight_rows))
        pairs = zip(
            shuffled(len(self.weight_rows), size, self.rng),
            shuffled(len(self.alpha_rows), size, self.rng),
            strict=False,
        )
        for weight_batch, alpha_batch in pairs:
            yield self.weight_rows[weight_batch], self.alpha_rows[alpha_batch]

    def run(self):
        """Search for all epochs that are left; return the journal."""
        for epoch in range(len(self.journal), self.epochs):
            pairs = list(self.batches())
            losses = []
            for step, rows in enumerate(pairs):
                progress = (epoch + step / len(pairs)) / self.epochs
                factor = self.schedule(progress, epoch)
                self.weight_optimizer.learning_rate = self.initial_rate * factor
                losses.append(self.step(*rows))
            self.journal.append(self.described(np.mean(losses, axis=0)))
        return self.journal

    def step(self, weight_rows, alpha_rows):
        """Take a step of the alphas, then one of the weights; return both losses."""
        model, rng = self.model, self.rng
        train = loss_of(model, self.x[weight_rows], self.t[weight_rows], rng)
        val = loss_of(model, self.x[alpha_rows], self.t[alpha_rows], rng)
        weights = named_parameters(model)
        with unchanged_state(model):
            xi = self.weight_optimizer.learning_rate
            val_loss, bars = self.gradient(train, val, model.alphas, weights, xi)
        self.alpha_optimizer.step(model.alphas, bars)
        loss, grads = value_and_grad(lambda w: train(model.alphas, w))(weights)
        self.weight_optimizer.step(weights, grads, weights=named_weights(model))
        return float(loss), float(val_loss)

    def described(self, losses):
        """Describe an epoch: both mean losses, and the shares of every edge."""
        shares = {name: softmax_of(a).tolist() for name, a in self.model.alphas.items()}
        return {"train_loss": losses[0], "val_loss": losses[1], "shares": shares}


def loss_and_first_order(train, val, alphas, weights, xi):
    """Return the validation loss and its gradient of first order, from one forward pass."""
    return value_and_grad(lambda a: val(a, weights))(alphas)


def loss_besides(gradient):
    """Make the function that returns the validation loss and a gradient through a step."""
    return lambda train, val, alphas, weights, xi: (
        val(alphas, weights),
        gradient(train, val, alphas, weights, xi),
    )


GRADIENTS = {
    "first-order": loss_and_first_order,
    "one-step": loss_besides(one_step),
    "differences": loss_besides(one_step_differences),
}
