"""What training refuses: steps, runs, settings and checkpoints that do not fit."""

import numpy as np
import pytest

from dlcore.nn import load, named_parameters
from dlcore.nn.models import TwoLayer
from dlcore.ops.linear import linear
from dlcore.shapes import ShapeError
from dlcore.train import optim

D, M, K = 5, 6, 3


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


def test_parameters_of_another_network_are_refused(rng):
    """The message names what the network has and what it was given."""
    model = TwoLayer(D, M, K, rng=rng)
    with pytest.raises(
        ShapeError, match=r"output.w is \(6, 3\) in the model but \(3, 6\) in params"
    ):
        load(model, {**named_parameters(model), "output.w": np.zeros((3, 6))})
    with pytest.raises(KeyError, match=r"the model has hidden\.w but params has not"):
        load(model, {"w": 0.0, "b": 0.0})


def test_two_factors_of_one_shape_have_no_product():
    """(M, D) times (M, D) has inner sizes D and M: NumPy refuses it, and so does `linear`."""
    factor = np.ones((M, D))
    with pytest.raises(ValueError, match="mismatch"):
        factor @ factor
    with pytest.raises(ShapeError, match="D is 5 in x but 6 in w"):
        linear(factor, factor, np.zeros(D))
