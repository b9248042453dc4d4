"""Parameters and state under PyTorch's names, and back.

A state dict is a dictionary of arrays of NumPy here; ``torch.from_numpy`` makes tensors of them.

Chapter: book/pytorch.md.
"""

import numpy as np

from dlcore.compat.torch.names import counts, dictionary
from dlcore.nn import load, named_parameters, named_state
from dlcore.nn.layer import NOTHING, matched
from dlcore.shapes import ShapeError

PRECISIONS = (np.dtype(np.float32), np.dtype(np.float64))


def state_dict(model):
    """Return parameters and state of a model under PyTorch's names, in PyTorch's layouts.

    The arrays share the memory of the model. Raises ValueError for another precision than float32
    and float64.

    >>> from dlcore.nn.models import TwoLayer
    >>> tensors = state_dict(TwoLayer(12, 8, 10, rng=np.random.default_rng(0)))
    >>> {name: tensor.shape for name, tensor in tensors.items() if "hidden" in name}
    {'hidden.weight': (8, 12), 'hidden.bias': (8,)}
    """
    return to_state_dict(model, named_parameters(model), named_state(model))


def load_state_dict(model, tensors):
    """Copy the arrays of a state dict of PyTorch's into a model; return the model.

    Nothing is copied unless all names and shapes agree. Raises what `from_state_dict` raises.

    >>> from dlcore.nn import Linear
    >>> model = Linear(2, 1, rng=np.random.default_rng(0))
    >>> tensors = {"weight": np.array([[1.0, 2.0]]), "bias": np.zeros(1)}
    >>> load_state_dict(model, tensors)(np.array([[3.0, 4.0]]))
    array([[11.]])
    """
    return load(model, *from_state_dict(model, tensors))


def to_state_dict(model, params, state=NOTHING):
    """Rename parameters and state for PyTorch; names and shapes are those of the model.

    Norms have seen 0 batches: PyTorch asks for that number, and we count none. Raises KeyError
    with the first name that differs, ShapeError with the first shape, ValueError for another
    precision than float32 and float64.

    >>> from dlcore.nn import BatchNorm
    >>> model = BatchNorm(3)
    >>> list(to_state_dict(model, model.params, model.state))
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """
    given = {"params": params, "state": state}
    matched("params", named_parameters(model), params)
    matched("state", named_state(model), state)
    tensors = {}
    for entry in dictionary(model):
        array = given[entry.kind][entry.path]
        require_precision("to_state_dict", entry.path, array)
        tensors[entry.name] = entry.turned(array)
    return tensors | {name: np.zeros((), np.int64) for name in counts(model)}


def from_state_dict(model, tensors):
    """Rename the arrays of a state dict for us: return parameters and state by our names.

    The numbers of batches that norms have seen are dropped, and may be missing. Raises KeyError
    with the first name that is missing or surplus, ShapeError with the first shape that differs,
    ValueError for another precision than float32 and float64, or for a number of batches that
    is no whole number in int64.

    >>> from dlcore.nn import Linear
    >>> tensors = {"weight": np.zeros((2, 3)), "bias": np.zeros(2)}
    >>> params, state = from_state_dict(Linear(3, 2, rng=None), tensors)
    >>> params["w"].shape, state
    ((3, 2), {})
    """
    own = {"params": named_parameters(model), "state": named_state(model)}
    entries, uncounted = dictionary(model), counts(model)
    require_names(entries, uncounted, tensors)
    for name in uncounted:
        require_count(name, tensors.get(name, np.zeros((), np.int64)))
    found = {"params": {}, "state": {}}
    for entry in entries:
        tensor = np.asarray(tensors[entry.name])
        require_precision("from_state_dict", entry.name, tensor)
        expected = entry.turned(own[entry.kind][entry.path]).shape
        if tensor.shape != expected:
            raise ShapeError(
                f"from_state_dict: {entry.name} is {tensor.shape} in tensors but {expected} in the "
                f"model, where it is {entry.path}"
            )
        found[entry.kind][entry.path] = entry.turned(tensor)
    return found["params"], found["state"]


def require_names(entries, uncounted, tensors):
    """Raise KeyError with the first name that tensors lack, or have and the model has not.

    >>> require_names([], ["norm.num_batches_tracked"], {})
    """
    for entry in entries:
        if entry.name not in tensors:
            raise KeyError(
                f"from_state_dict: the model has {entry.path} but tensors has no {entry.name}"
            )
    known = {entry.name for entry in entries}.union(uncounted)
    for name in tensors:
        if name not in known:
            raise KeyError(f"from_state_dict: tensors has {name} but the model has not")


def require_precision(function, name, array):
    """Raise ValueError for another precision than float32 and float64.

    >>> require_precision("to_state_dict", "w", np.ones(3))
    """
    if array.dtype not in PRECISIONS:
        raise ValueError(f"{function}: {name} holds {array.dtype}, pass float32 or float64")


def require_count(name, count):
    """Raise ValueError for a number of batches that is no whole number in int64.

    >>> require_count("norm.num_batches_tracked", np.array(3))
    """
    count = np.asarray(count)
    if count.dtype != np.int64 or count.shape != ():
        raise ValueError(
            f"from_state_dict: {name} holds {count.dtype} of shape {count.shape}, pass one int64"
        )
