"""Errata.  Each test catches a slip of the sources, and lets the right form through."""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.autodiff import jacobian
from dlcore.experiments import errata
from dlcore.experiments import forward as autodiff
from dlcore.experiments import optim as races
from dlcore.ops.conv import conv2d
from dlcore.ops.linear import linear
from dlcore.shapes import ShapeError


def test_a_value_must_belong_to_the_function_that_is_differentiated():
    """001: the printed f₁ is not that of the program whose Jacobian stands beside it."""
    w, printed = np.array([1.0, 2.0]), 24521.662861313
    assert_allclose(autodiff.slip(w), printed, rtol=2e-12)  # the printed digits end there
    assert autodiff.example(w)[0] > 1e20 * printed


@pytest.mark.parametrize(
    ("w", "printed"),
    [
        ((1.0, 2.0), (24521.662861313, 2.73105857863)),
        ((1.01, 2.0), (25200.8058793246, 2.75302014923886)),
        ((1.0, 2.01), (26411.9854338567, 2.74105857863)),
    ],
)
def test_all_printed_values_belong_to_the_other_function(w, printed):
    """001: with exp w₂ in the place of exp 2w₂ all three values of f₁ come out; f₂ is right."""
    ours = autodiff.slip(np.array(w)), autodiff.example(np.array(w))[1]
    assert_allclose(ours, printed, rtol=2e-12)  # the printed digits end there


def test_the_jacobians_of_both_functions_differ_widely():
    """001: the derivatives of f₁ are those for exp 2w₂; for exp w₂ they are 10²⁰ times smaller."""
    w = np.array([1.0, 2.0])
    ours, other = (jacobian(f, mode="forward")(w) for f in (autodiff.example, autodiff.slip))
    assert (other < 1e-20 * ours[0]).all()


@pytest.fixture(scope="module")
def descent():
    """The formulas of descent."""
    return importlib.import_module("dlcore.formulas.descent")


def refused(derivation):
    """Say what the checker holds against the second line of a derivation."""
    with pytest.raises(ValueError, match="line 2 does not follow from line 1") as found:
        derivation.check()
    return str(found.value)


def test_an_average_of_slopes_is_no_slope_at_the_average(formulas, descent):
    """001 marks as ⇔ what is two bounds of one height; by Jensen the second holds on its own."""
    f, slope, w = np.square, lambda w: 2 * w, np.array([1.0, -1.0])
    assert (w.mean() * slope(w.mean()), (w * slope(w)).mean()) == (0, 2)
    refused(formulas.averaged)
    descent.height.check()
    assert f(w.mean()) <= (w * slope(w)).mean()


def test_a_bound_on_a_bound_goes_one_way(formulas):
    """001: with B and ρ in their places the line before need not hold: ⇒, not ⇔."""
    refused(formulas.bounded("<=>"))
    formulas.bounded("=>").check()


def test_a_factor_beside_a_root_does_not_cancel(formulas):
    """001: T stands beside the root that should divide it; the sides differ by a factor T²."""
    assert "the sides are" in refused(formulas.chosen(slip=True))
    formulas.chosen(slip=False).check()


def test_a_start_that_is_not_named_is_no_zero(formulas, descent):
    """001 writes ‖w*‖ for the distance from the start without saying that w₁ = 0."""
    assert "the sides are" in refused(formulas.started())
    formulas.started(descent.origin).check()


def test_a_convex_function_may_have_many_minimisers():
    """001: f(w) = max(0, |w| - 1) lies below its chords, and is least on all of [-1, 1]."""
    f, w = lambda w: np.maximum(0, np.abs(w) - 1), np.linspace(-3, 3, 61)
    chords = (f(w)[:, None] + f(w)) / 2 - f((w[:, None] + w) / 2)
    assert chords.min() > -1e-15  # the last digit of numbers near one
    assert np.sum(f(w) == f(w).min()) == 21


def test_a_strictly_convex_function_has_one_minimiser():
    """With λ/2 w² added, every chord lies above the curve, and one w is least."""
    f, w = lambda w: np.maximum(0, np.abs(w) - 1) + 0.05 * w**2, np.linspace(-3, 3, 61)
    chords = (f(w)[:, None] + f(w)) / 2 - f((w[:, None] + w) / 2)
    assert chords[~np.eye(61, dtype=bool)].min() > 0
    assert np.sum(f(w) == f(w).min()) == 1


def test_where_epsilon_stands_decides_the_third_digit():
    """000 and its handout: √s + ε gives the one printed loss, √(s + ε) the other."""
    outside, inside = (
        run(0)[0]["loss in step 100"]
        for run in (races.toy_rmsprop_outside, races.toy_rmsprop_inside)
    )
    assert_allclose([outside, inside], [0.429848, 0.439368], rtol=0, atol=5e-7)
    assert abs(outside - inside) > 5e-3


def test_two_factors_of_one_shape_cannot_be_multiplied(rng):
    """003: both factors (M, D) is refused; (N, M)ᵀ times (N, K) is what the gradient needs."""
    o1, error = rng.normal(size=(2, 5)), rng.normal(size=(2, 3))
    with pytest.raises(ShapeError, match="D is 4 in x but 5 in w"):
        linear(np.ones((5, 4)), np.ones((5, 4)), np.zeros(4))
    assert linear(o1.T, error, np.zeros(3)).shape == (5, 3)


def test_a_switch_is_no_matrix_factor(rng):
    """003: without ⊙ the product with I(o₁ > 0) is one of matrices, and has no meaning."""
    x, o1, error, w2 = (rng.normal(size=shape) for shape in ((2, 4), (2, 5), (2, 3), (5, 3)))
    with pytest.raises(ValueError, match="mismatch"):
        x.T @ ((error @ w2.T) @ (o1 > 0))
    assert (x.T @ ((error @ w2.T) * (o1 > 0))).shape == (4, 5)


@pytest.mark.parametrize("slip", [True, False])
def test_test_images_must_be_moved_before_they_are_returned(slip, rng):
    """001: x_test is moved and X_test returned; a convolution with 3 channels refuses that."""
    x, w = errata.loaded(rng.normal(size=(2, 6, 7, 3)), slip=slip), rng.normal(size=(4, 3, 3, 3))
    if slip:
        with pytest.raises(ShapeError, match="C is 6 in x but 3 in w"):
            conv2d(x, w)
    else:
        assert conv2d(x, w).shape == (2, 4, 4, 5)


def test_a_size_formula_needs_its_minus():
    """002: (W F + 2P)/S + 1 finds windows where there are none; (W - F + 2P)/S + 1 counts."""
    for W, F, P, S in ((9, 3, 0, 1), (9, 5, 2, 1), (11, 3, 1, 2)):
        image, window = (np.ones((1, 1, side, side)) for side in (W, F))
        *_, counted = conv2d(image, window, stride=S, padding=P).shape
        assert counted == (W - F + 2 * P) / S + 1
        assert counted < (W * F + 2 * P) / S + 1


def test_no_input_has_all_the_sides_of_the_printed_table():
    """004: three rows belong to an image of 32², all others to one of 224²."""
    rows = {size: errata.layers(size, (10,))[:-1] for size in range(32, 257, 32)}
    sides = {size: [row.shape[1] for row in rows[size]] for size in rows}
    fits = {size: np.equal(found, errata.SIDES_004) for size, found in sides.items()}
    assert not any(fit.all() for fit in fits.values())
    assert np.flatnonzero(fits[32]).tolist() == [0, 1, 2]
    assert np.flatnonzero(fits[224]).tolist() == list(range(3, 19))


def test_the_weights_of_the_printed_table_belong_to_the_larger_image():
    """Behind an image of 32² the first linear layer has 512 inputs; 004 counts 7² times as many."""
    small, large = (errata.layers(size, (4096, 4096, 1000)) for size in (32, 224))
    of_small, of_large = (list(map(errata.weights, rows)) for rows in (small, large))
    assert tuple(of_large[-3:]) == errata.FLAT_004
    assert of_small[-3] * 7 * 7 == of_large[-3]
    assert of_small[:-3] == of_large[:-3]


def test_the_printed_memory_is_that_of_no_network():
    """004: as printed the rows add up to 8,798,696 numbers; its networks keep fewer, or more.

    On 32² with 500-500-10 units they are 311,794, with 15,221,464 weights; on 224² with
    4096-4096-1000 units 15,237,608. The printed weights, 138,344,128, are those of the second.
    """
    small, large = errata.layers(32, (500, 500, 10)), errata.layers(224, (4096, 4096, 1000))
    assert errata.kept_as_printed(large) == 8_798_696
    assert [sum(map(errata.kept, rows)) for rows in (small, large)] == [311_794, 15_237_608]
    assert [sum(map(errata.weights, rows)) for rows in (small, large)] == [15_221_464, 138_344_128]


def test_copies_must_have_their_axes_back_before_they_are_kept(rng):
    """004: three copies of four are listed with channels last, and cannot be stacked."""
    image = rng.normal(size=(3, 5, 6))
    with pytest.raises(ValueError, match="same shape"):
        np.stack(errata.fourfold(image, back="late"))
    assert np.stack(errata.fourfold(image, back="early")).shape == (4, 3, 5, 6)


def test_a_median_over_three_axes_mixes_the_channels():
    """004: where every channel is constant, a filter of the plane changes nothing."""
    image = np.broadcast_to([3.0, 2.0, 1.0], (5, 6, 3))
    assert_allclose(errata.median(image, (2, 2, 1)), image, rtol=0)
    assert (errata.median(image, (2, 2, 2)) != image).any()


def test_the_log_has_three_times_the_steps_of_the_listing():
    """002: one epoch of 49,000 images in batches of 50 takes 980 steps; the log counts to 2,940."""
    assert errata.steps(49_000, 50, epochs=1) == 980
    assert errata.steps(49_000, 50, epochs=3) == 2940
