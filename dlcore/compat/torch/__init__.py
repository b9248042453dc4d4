"""Weights and optimizers of PyTorch's, converted both ways without importing it."""

from dlcore.compat.torch.files import convert, read_tensors, write_tensors
from dlcore.compat.torch.names import dictionary
from dlcore.compat.torch.optimizers import (
    counterpart_options,
    parameter_groups,
    set_learning_rate,
)
from dlcore.compat.torch.weights import (
    from_state_dict,
    load_state_dict,
    state_dict,
    to_state_dict,
)

__all__ = [
    "convert",
    "counterpart_options",
    "dictionary",
    "from_state_dict",
    "load_state_dict",
    "parameter_groups",
    "read_tensors",
    "set_learning_rate",
    "state_dict",
    "to_state_dict",
    "write_tensors",
]
