"""Masks of dropout: what the layers and the operation refuse, and what they say then."""

import numpy as np
import pytest

from dlcore import nn
from dlcore.ops.dropout import draw_mask, dropout
from dlcore.shapes import ShapeError

every_layer = pytest.mark.parametrize("layer", [nn.Dropout, nn.Dropout2d, nn.DropPath])


@every_layer
@pytest.mark.parametrize("p", [1, 1.5, -0.1, np.nan])
def test_what_is_no_probability_to_drop_is_refused(layer, p):
    """At p = 1 nothing would be left to be divided by 0; the message says what p is."""
    with pytest.raises(ValueError, match=f"p is {p}, the probability to drop, use 0 to below 1"):
        layer(p)


def test_what_has_no_maps_is_refused():
    """Dropout2d asks for four axes."""
    with pytest.raises(ShapeError, match=r"Dropout2d: x must have axes \(N, C, H, W\)"):
        nn.Dropout2d(0.5)(np.ones((3, 4)))


def test_a_mask_that_does_not_fit_is_refused(rng):
    """The message says how one is drawn."""
    x = rng.normal(size=(9, 4))
    for shape in ((17, 4), (9, 3), (9,), (9, 4, 1)):
        with pytest.raises(
            ShapeError, match=r"dropout: mask has shape .*but x \(9, 4\), draw it by"
        ):
            dropout(x, draw_mask(rng, shape, 0.5), p=0.5)
    with pytest.raises(ShapeError, match="draw_mask: shape is"):
        draw_mask(rng, (), 0.5)
