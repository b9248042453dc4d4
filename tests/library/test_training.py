"""What training refuses: steps, runs, settings and checkpoints that do not fit."""

import numpy as np
import pytest

from dlcore.shapes import ShapeError
from dlcore.train import optim


def test_a_gradient_of_another_shape_is_refused():
    """Nothing has moved when the error is raised, not even the parameters before it."""
    params = {"b": np.ones(3), "w": np.ones((3, 2))}
    grads = {"b": np.ones(3), "w": np.ones((2, 3))}
    with pytest.raises(ShapeError, match=r"step: w has shape \(3, 2\) but its gradient \(2, 3\)"):
        optim.SGD(0.1).step(params, grads)
    assert (params["b"] == 1).all()


def test_a_parameter_that_cannot_be_changed_in_place_is_refused():
    """A transposed view would be copied, and the step lost without a word."""
    with pytest.raises(ValueError, match="step: w is a view with strides"):
        optim.SGD(0.1).step({"w": np.ones((3, 2)).T}, {"w": np.ones((2, 3))})
