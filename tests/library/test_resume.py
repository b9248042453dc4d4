"""A run of a net with normalisation, dropout and augmentation is a function of its seed."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dlcore import nn
from dlcore.data import flip, load
from dlcore.nn.models import VGG
from dlcore.train import Adam, Callback, Solver


class Interrupt(Callback):
    """Stop the program after so many steps."""

    def __init__(self, steps):
        self.left = steps

    def step(self, solver):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def prepared(callbacks=()):
    """A small VGG on 256 digits, in batches of 50: six steps an epoch, two epochs."""
    data = load("digits").centred(scale=1 / 16)
    data = replace(data, train=data.train.first(256))
    model = VGG((1, 8, 8), 10, blocks=((6,), (8,)), hidden=(12,), batch_norm=True, dropout=0.3,
                rng=np.random.default_rng(3), dtype=np.float32)  # fmt: skip
    return Solver(model, data, optimizer=Adam(0.01), batch_size=50, epochs=2, augment=flip,
                  callbacks=callbacks, seed=5)  # fmt: skip


def arrays(solver):
    """Parameters, state and losses of a run."""
    model = solver.model
    losses = {"loss": np.array(solver.history.train_loss)}
    return {**nn.named_parameters(model), **nn.named_state(model), **losses}


@pytest.mark.parametrize("steps", [1, 4, 6, 9])
def test_a_stopped_run_goes_on_with_the_same_bits(steps, tmp_path):
    """Stopped in the middle of an epoch or at its end; statistics, masks and images agree."""
    whole = prepared()
    whole.train()
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        prepared([Interrupt(steps + 1)]).train(path=path, checkpoint_every=steps)
    resumed = prepared().resume(path)
    assert len(resumed.history.train_loss) >= steps
    resumed.train()
    expected = arrays(whole)
    assert any(name.endswith("norm.var") for name in expected)
    for name, array in arrays(resumed).items():
        assert_array_equal(array, expected[name], err_msg=name)


def test_a_checkpoint_without_statistics_is_refused_by_name(tmp_path):
    """The message names the first array that is missing; nothing of the model has changed."""
    solver, path, less = prepared(), tmp_path / "run.npz", tmp_path / "less.npz"
    solver.train(path=path)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(less, "w") as part:
        for name in whole.namelist():
            if not name.startswith("state/"):
                part.writestr(name, whole.read(name))
    other = prepared()
    before = {name: array.copy() for name, array in arrays(other).items()}
    with pytest.raises(KeyError, match=r"features\.0\.norm\.mean"):
        other.resume(less)
    for name, array in arrays(other).items():
        assert_array_equal(array, before[name], err_msg=name)
