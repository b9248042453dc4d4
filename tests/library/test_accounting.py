"""Accounting: what a model is made of, read off one call on no images."""

import numpy as np
import pytest

from dlcore import nn
from dlcore.nn.accounting import account, as_text, total
from dlcore.nn.models import LinearClassifier, ThreeLayerConvNet, TwoLayer, TwoLayerConvNet
from dlcore.ops.conv import conv2d_bias_relu

SIZE = (3, 14, 12)


class Branches(nn.Layer):
    """A shortcut and a concatenation, with state that is not learned."""

    def __init__(self, *, rng):
        self.convs = [nn.Conv2d(3, 3, 3, padding=1, relu=True, rng=rng) for _ in range(2)]
        self.narrow = {"first": nn.Conv2d(6, 4, 5, stride=2, rng=rng)}
        self.state = {"seen": np.zeros(7)}

    def __call__(self, x, rng=None):
        """Compute relu(conv(x)) + x beside x, convolved with stride two."""
        y = self.convs[1](self.convs[0](x)) + x
        return self.narrow["first"](np.concatenate([x, y], axis=1))


def models(rng):
    """One model of each family, by the shape of what it takes."""
    return [
        (LinearClassifier(15, 4, rng=rng), (15,)),
        (TwoLayer(504, 6, 4, rng=rng), SIZE),
        (TwoLayerConvNet(SIZE, 5, 4, rng=rng), SIZE),
        (ThreeLayerConvNet(SIZE, 5, 6, 4, rng=rng, kernel_size=3), SIZE),
        (Branches(rng=rng), SIZE),
    ]


@pytest.mark.parametrize("which", range(5))
def test_rows_tell_the_shapes_that_a_call_has(which, rng):
    """The last row has the shape of the scores; parameters are those of the model, all of them."""
    model, size = models(rng)[which]
    rows = account(model, size)
    assert rows[0].shape == size
    assert rows[-1].shape == model(rng.normal(size=(2, *size))).shape[1:]
    assert total(rows, "parameters") == sum(w.size for w in nn.named_parameters(model).values())


def test_multiplications_are_those_of_the_loops(rng):
    """C U V products for each of the F P Q entries of a map, D M for a linear layer."""
    conv = nn.Conv2d(3, 4, (5, 2), stride=(2, 1), padding=1, rng=rng)
    F, P, Q = conv(np.zeros((1, *SIZE))).shape[1:]
    assert [row.multiplications for row in account(conv, SIZE)] == [0, F * P * Q * 3 * 5 * 2]
    linear = account(nn.Linear(15, 4, rng=rng), (15,))
    assert [row.multiplications for row in linear] == [0, 60]


def reach(function, x):
    """The rows and columns of x that the middle entry of the result depends on, by trial."""
    y = function(x)
    middle = (0, 0, *(n // 2 for n in y.shape[2:]))
    moved = np.zeros(x.shape[2:], bool)
    for h, w in np.ndindex(moved.shape):
        other = x.copy()
        other[0, :, h, w] += 1.0
        moved[h, w] = function(other)[middle] != y[middle]
    return tuple(int(np.ptp(np.flatnonzero(moved.any(axis=axis)))) + 1 for axis in (1, 0))


def test_the_receptive_field_is_what_one_number_depends_on(rng):
    """Every pixel is changed in turn; two networks with strides, dilation, pools, branches."""
    row = nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), rng=rng), nn.AvgPool2d(2),
        nn.Conv2d(3, 2, 3, dilation=2, rng=rng), nn.AvgPool2d((3, 2), stride=1),
    )  # fmt: skip
    for model, size in ((row, (2, 17, 19)), (Branches(rng=rng), (3, 17, 19))):
        x = rng.uniform(1.0, 2.0, size=(1, *size))
        for name in nn.named_weights(model):
            np.abs(nn.named_parameters(model)[name], out=nn.named_parameters(model)[name])
        assert account(model, size)[-1].receptive_field == reach(model, x)


def test_branches_are_seen_through_together(rng):
    """One sees three rows, the other five columns: their sum depends on 3 × 5 pixels."""

    class Cross(nn.Layer):
        """A tall and a wide filter, side by side."""

        def __init__(self):
            self.tall = nn.Conv2d(2, 1, (3, 1), padding="same", rng=rng)
            self.wide = nn.Conv2d(2, 1, (1, 5), padding="same", rng=rng)

        def __call__(self, x, rng=None):
            """Add both."""
            return self.tall(x) + self.wide(x)

    assert account(Cross(), (2, 9, 9))[-1].receptive_field == (3, 5)


def test_a_layer_that_is_used_twice_is_counted_once(rng):
    """It has two rows, with its work in both, its parameters and its state in the first."""
    shared = nn.Conv2d(3, 3, 3, padding=1, rng=rng)
    shared.state = {"seen": np.zeros(7)}
    rows = account(nn.Sequential(shared, nn.ReLU(), shared), SIZE)
    assert [row.path for row in rows] == ["input", "layers.0", "layers.1", "layers.0"]
    assert [row.parameters for row in rows] == [0, 84, 0, 0]
    assert [row.state for row in rows] == [0, 7, 0, 0]
    assert rows[1].multiplications == rows[3].multiplications > 0


def test_primitives_of_a_container_are_a_row_of_its_own(rng):
    """The addition and the concatenation of branches belong to the model; its state is counted."""
    rows = account(Branches(rng=rng), SIZE)
    assert [row.path for row in rows] == ["input", "convs.0", "convs.1", "model", "narrow.first"]
    assert rows[3].operations.split(" + ")[0] == "add"
    assert rows[3].shape == (6, 14, 12)
    assert total(rows, "state") == 7


def test_accounting_leaves_a_model_as_it_was(rng):
    """Classes, parameters and state are the same afterwards, also when the call fails."""
    model = Branches(rng=rng)
    kept = {name: array.copy() for name, array in nn.named_parameters(model).items()}
    with pytest.raises(ValueError, match="C is 4 in x but 3 in w"):
        account(model, (4, 14, 12))
    account(model, SIZE)
    assert {type(layer) for layer in nn.named_layers(model).values()} == {Branches, nn.Conv2d}
    assert all(np.array_equal(kept[k], w) for k, w in nn.named_parameters(model).items())


def test_nothing_is_computed_to_count():
    """A network of a hundred million weights is counted without one of them being drawn."""
    net = nn.Sequential(
        nn.Conv2d(3, 512, 3, padding=1, relu=True, rng=None), nn.Flatten(),
        nn.Linear(512 * 112 * 112, 4096, rng=None),
    )  # fmt: skip
    rows = account(net, (3, 112, 112))
    assert total(rows, "parameters") == 512 * 28 + (512 * 112 * 112 + 1) * 4096
    assert net.layers[2].params["w"].base.size == 1


def test_the_table_has_a_line_for_each_row_and_one_for_the_sums(rng):
    """Numbers are grouped in thousands, columns are as wide as their widest entry."""
    lines = as_text(account(TwoLayer(504, 6, 4, rng=rng), SIZE)).splitlines()
    assert len(lines) == 1 + 4 + 1
    assert lines[2].split() == ["hidden", "Linear", "6", "3,030", "3,024", "6", "–"]
    assert lines[-1].split() == ["in", "all", "3,058", "3,048", "520"]


def test_the_fused_convolution_is_counted_as_its_parts(rng):
    """Bias and ReLU add no multiplication, and keep no maps of their own."""
    fused = nn.Conv2d(3, 4, 3, relu=True, rng=rng)
    apart = nn.Sequential(nn.Conv2d(3, 4, 3, rng=rng), nn.ReLU())
    assert fused.op is conv2d_bias_relu
    assert total(account(fused, SIZE), "multiplications") == total(
        account(apart, SIZE), "multiplications"
    )
