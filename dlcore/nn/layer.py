"""What every layer is: a function that owns parameters and state, named by their path.

A layer is called as ``layer(x, rng)``: with a generator it is training, without one it is
evaluating and changes nothing. Layers are found in the attributes of other layers, and in
lists, tuples and dictionaries there; a parameter is named by the way to it, ``blocks.2.conv.w``.

Chapter: book/linear.md.
"""

from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from dlcore.shapes import ShapeError

NOTHING = MappingProxyType({})
OWN = ("params", "state", "weights", "options")  # attributes that hold none


class Layer:
    """An interface: parameters (learned), state (kept, not learned), and a call.

    =========  ==================================================================
    params     {name: array}, learned; an optimizer changes the arrays in place
    state      {name: array}, such as running statistics; training changes them
    weights    names of the parameters that weight decay and L2 penalty pull to
               zero; biases, scales and shifts are none
    =========  ==================================================================

    >>> from dlcore.nn import Linear
    >>> list(Linear(3, 2, rng=None).params), Linear(3, 2, rng=None).weights
    (['w', 'b'], ('w',))
    """

    params = state = NOTHING
    weights = ()

    def __call__(self, x, rng=None):
        """Compute y; with a generator as training does, without one as evaluation does.

        Raises NotImplementedError where a layer does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__}: define __call__(self, x, rng=None)")

    def children(self):
        """List (name, layer) of the layers that attributes hold, by themselves or in containers.

        >>> from dlcore.nn import ReLU, Sequential
        >>> [name for name, layer in Sequential(ReLU(), ReLU()).children()]
        ['layers.0', 'layers.1']
        """
        found = []
        for name, value in vars(self).items():
            if isinstance(value, HOLDERS) and name not in OWN:
                found += [(name, value)] if isinstance(value, Layer) else contents(name, value)
        return found


HOLDERS = (Layer, list, tuple, dict)  # what may be a layer, or hold some


class Operation(Layer):
    """A layer that is one operation:  y = op(x, *params, **options).

    ``forward`` and ``backward`` are back-propagation by hand, one layer at a time; the tape of
    `dlcore.autodiff` needs neither. ``backward`` receives ȳ = ∂L/∂y, keeps a gradient for every
    parameter in `grads`, and returns x̄.

    >>> Operation(np.multiply, factor=np.array([2.0, 5.0]))(np.ones(2))
    array([2., 5.])
    """

    def __init__(self, op, options=None, *, weights=(), **params):
        self.op, self.options = op, options or {}
        self.params, self.weights = params, weights

    def children(self):
        """List no layers: an operation is made of none."""
        return []

    def __call__(self, x, rng=None):
        """Compute y = op(x, *params)."""
        return self.op(x, *self.params.values(), **self.options)

    def forward(self, x):
        """Compute y = op(x, *params), and keep what the backward pass needs."""
        self.inputs = self.op.laid_out([x, *self.params.values()])
        self.y = self.op(*self.inputs, **self.options)
        return self.y

    def backward(self, y_bar, *, input_grad=True):
        """Receive ȳ, keep the gradients of the parameters, return x̄; None if not asked for it."""
        argnums = range(0 if input_grad else 1, 1 + len(self.params))
        bars = self.op.vjp(self.y, *self.inputs, y_bar, argnums=argnums, **self.options)
        x_bar, bars = (bars[0], bars[1:]) if input_grad else (None, bars)
        self.grads = dict(zip(self.params, bars, strict=True))
        return x_bar


def contents(name, container):
    """List the layers in a list, a tuple or a dictionary:  (name.0, …)  or  (name.key, …).

    >>> from dlcore.nn import ReLU
    >>> [name for name, layer in contents("blocks", {"first": ReLU(), "rest": [ReLU()]})]
    ['blocks.first', 'blocks.rest.0']
    """
    items = container.items() if isinstance(container, dict) else enumerate(container)
    found = []
    for key, value in items:
        path = f"{name}.{key}"
        if isinstance(value, HOLDERS):
            found += [(path, value)] if isinstance(value, Layer) else contents(path, value)
    return found


def named_layers(model):
    """Map paths to layers: the model itself, with the path "", and all layers inside it.

    Layers come in the order of their attributes. A layer that is used several times, with
    parameters in common, has the name of the first.

    >>> from dlcore.nn import ReLU, Sequential
    >>> list(named_layers(Sequential(ReLU(), Sequential(ReLU()))))
    ['', 'layers.0', 'layers.1', 'layers.1.layers.0']
    """
    found, seen, ahead = {}, set(), [("", model)]
    while ahead:
        path, layer = ahead.pop()
        if id(layer) not in seen:
            seen.add(id(layer))
            found[path] = layer
            inside = reversed(layer.children())
            ahead += [(joined(path, name), child) for name, child in inside]
    return found


def joined(path, name):
    """Name an array of the layer at a path; those of the model itself have no prefix."""
    return f"{path}.{name}" if path else name


def named(model, kind):
    """Map paths to the arrays of one kind, "params" or "state".

    >>> from dlcore.nn import Linear
    >>> list(named(Linear(3, 4, rng=None), "params"))
    ['w', 'b']
    """
    return {
        joined(path, name): array
        for path, layer in named_layers(model).items()
        for name, array in getattr(layer, kind).items()
    }


def named_parameters(model):
    """Map the path of every parameter to its array, the very one that the layer uses.

    >>> from dlcore.nn import Linear, ReLU, Sequential
    >>> rng = np.random.default_rng(0)
    >>> list(named_parameters(Sequential(Linear(3, 4, rng=rng), ReLU(), Linear(4, 2, rng=rng))))
    ['layers.0.w', 'layers.0.b', 'layers.2.w', 'layers.2.b']
    """
    return named(model, "params")


def named_state(model):
    """Map the path of every array that is kept but not learned to it.

    >>> from dlcore.nn import Linear
    >>> named_state(Linear(3, 4, rng=None))
    {}
    """
    return named(model, "state")


def named_weights(model):
    """Map the paths of the weights, as their layers declare them, to their arrays.

    >>> from dlcore.nn import Linear, Sequential
    >>> list(named_weights(Sequential(Linear(3, 4, rng=None))))
    ['layers.0.w']
    """
    return {
        joined(path, name): layer.params[name]
        for path, layer in named_layers(model).items()
        for name in layer.weights
    }


class Slot(NamedTuple):
    """Where a parameter is kept: its path, and the entry of a dictionary.

    >>> Slot("hidden.w", {"w": 3.0}, "w").value
    3.0
    """

    path: str
    owner: dict
    name: str

    @property
    def value(self):
        """The parameter."""
        return self.owner[self.name]


def parameter_slots(model):
    """List where every parameter of a model is kept, in the order of `named_parameters`.

    >>> from dlcore.nn import Linear, Sequential
    >>> [slot.path for slot in parameter_slots(Sequential(Linear(3, 4, rng=None)))]
    ['layers.0.w', 'layers.0.b']
    """
    return [
        Slot(joined(path, name), layer.params, name)
        for path, layer in named_layers(model).items()
        for name in layer.params
    ]


@contextmanager
def filled(slots, values):
    """Put other values in the place of parameters inside a ``with`` block: traced ones, say.

    >>> owner = {"w": 3.0}
    >>> with filled([Slot("hidden.w", owner, "w")], [5.0]):
    ...     owner["w"]
    5.0
    >>> owner["w"]
    3.0
    """
    own = [slot.owner[slot.name] for slot in slots]
    try:
        for slot, value in zip(slots, values, strict=True):
            slot.owner[slot.name] = value
        yield
    finally:
        for slot, value in zip(slots, own, strict=True):
            slot.owner[slot.name] = value


def using_parameters(model, params):
    """Let a model compute with other parameters inside a ``with`` block.

    `params` maps every path of `named_parameters` to what takes its place; the model's own are
    put back in any case. Raises KeyError with the first path that is missing.

    >>> from dlcore.nn import Linear
    >>> model = Linear(1, 1, rng=None)
    >>> with using_parameters(model, {"w": np.array([[3.0]]), "b": np.array([1.0])}):
    ...     model(np.array([[2.0]])).item()
    7.0
    """
    slots = parameter_slots(model)
    return filled(slots, [params[slot.path] for slot in slots])


def load(model, params, state=NOTHING):
    """Copy given parameters and state into a model, by name; return the model.

    Nothing is copied unless all names and shapes agree. Raises KeyError with the first name
    that differs, ShapeError with the first shape. The arrays keep their dtype.

    >>> from dlcore.nn import Linear
    >>> model = Linear(2, 1, rng=np.random.default_rng(0))
    >>> load(model, {"w": np.ones((2, 1)), "b": np.zeros(1)})(np.array([[3.0, 4.0]]))
    array([[7.]])
    """
    pairs = [
        *matched("params", named_parameters(model), params),
        *matched("state", named_state(model), state),
    ]
    for own, given in pairs:
        own[...] = given
    return model


def matched(kind, own, given):
    """Pair the arrays of a model with those given; refuse a name or shape that differs.

    Raises KeyError with the first name that differs, ShapeError with the first shape.

    >>> matched("params", {"b": np.zeros(1)}, {"b": np.ones(1)})
    [(array([0.]), array([1.]))]
    """
    for name in [*own, *given]:
        if name not in given:
            raise KeyError(f"load: the model has {name} but {kind} has not")
        if name not in own:
            raise KeyError(f"load: {kind} has {name} but the model has not")
        if np.shape(given[name]) != np.shape(own[name]):
            shapes = f"{np.shape(own[name])} in the model but {np.shape(given[name])} in {kind}"
            raise ShapeError(f"load: {name} is {shapes}")
    return [(own[name], given[name]) for name in own]
