"""Cross-entropy with its options, against the definition, one example after the other."""

from itertools import product
from math import exp, log

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.autodiff import directional, grad
from dlcore.ops.loss import REDUCTIONS, cross_entropy, log_softmax, logsumexp, softmax
from dlcore.shapes import ShapeError

N, K = 7, 5
OPTIONS = list(product((0.0, 0.2), (False, True), (None, 3), REDUCTIONS))


def example_loss(row, label, q, weights):
    """Return  -Σₖ wₖ qₖ ln softmax(row)ₖ  for one row of scores."""
    surprise = log(sum(map(exp, row)))
    return sum(weights[k] * q[k] * (surprise - row[k]) for k in range(K) if q[k])


def cross_entropy_naive(x, t, *, smoothing, class_weights, ignore_index, reduction):
    """Go through the examples; the mean is divided by the weights of their labels."""
    weights = np.ones(K) if class_weights is None else class_weights
    losses, total = [], 0.0
    for row, label in zip(x, t, strict=True):
        q = [smoothing / K + (1 - smoothing) * (k == label) for k in range(K)]
        counts = label != ignore_index
        losses.append(example_loss(row, label, q, weights) if counts else 0.0)
        total += weights[label] if counts else 0.0
    return {"none": losses, "sum": sum(losses), "mean": sum(losses) / total}[reduction]


@pytest.fixture(params=OPTIONS, ids=str)
def given(request, rng):
    """Scores (N, K), labels, and options of cross-entropy."""
    smoothing, weighted, ignore_index, reduction = request.param
    t = np.append(rng.integers(K, size=N - 2), [3, 1])
    options = {"smoothing": smoothing, "ignore_index": ignore_index, "reduction": reduction,
               "class_weights": rng.uniform(0.5, 2.0, size=K) if weighted else None}  # fmt: skip
    return rng.normal(size=(N, K)), t, options


def test_cross_entropy_is_its_definition(given):
    """With and without smoothing, class weights, ignored labels, in each reduction."""
    x, t, options = given
    assert_allclose(cross_entropy(x, t, **options), cross_entropy_naive(x, t, **options))


def test_the_slope_is_that_of_the_definition(given, rng):
    """Along a random direction, for a random upstream gradient."""
    x, t, options = given
    y_bar = rng.normal(size=np.shape(cross_entropy(x, t, **options)))
    x_dot = rng.normal(size=x.shape)
    x_bar = grad(lambda x: np.sum(y_bar * cross_entropy(x, t, **options)))(x)
    naive = lambda x: np.array(cross_entropy_naive(x, t, **options))
    assert_allclose(
        np.vdot(x_bar, x_dot), np.vdot(y_bar, directional(naive, [x], [x_dot])), rtol=1e-7
    )


def test_further_axes_are_more_examples(given, rng):
    """Scores (N, K, 2, 3) are those of 6 N examples."""
    _, _, options = given
    x, t = rng.normal(size=(N, K, 2, 3)), rng.integers(K, size=(N, 2, 3))
    flat = cross_entropy(x.transpose(0, 2, 3, 1).reshape(-1, K), t.ravel(), **options)
    assert_allclose(np.ravel(cross_entropy(x, t, **options)), np.ravel(flat))


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp])
def test_classes_are_along_axis_one(function, rng):
    """Whatever axes come after them."""
    x = rng.normal(size=(N, K, 2, 3))
    for i, j in np.ndindex(2, 3):
        assert_allclose(function(x)[..., i, j], function(x[..., i, j]))


def test_an_impossible_wrong_class_costs_nothing():
    """A score of -∞ has probability zero; it is no NaN where the label is another one."""
    x = np.array([[0.0, -np.inf, 0.0]])
    assert cross_entropy(x, np.array([2])) == pytest.approx(log(2))
    assert_allclose(grad(lambda x: cross_entropy(x, np.array([2])))(x), [[0.5, 0.0, -0.5]])


def test_an_ignored_example_may_hold_anything(rng):
    """Its scores have gradient zero, and its label may lie outside the classes."""
    x, t = rng.normal(size=(3, K)), np.array([2, -100, 0])
    x_bar = grad(lambda x: cross_entropy(x, t, ignore_index=-100))(x)
    assert_allclose(x_bar[1], 0)
    kept = cross_entropy(x[[0, 2]], t[[0, 2]])
    assert_allclose(cross_entropy(x, t, ignore_index=-100), kept)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"reduction": "max"}, "reduction is 'max', use one of mean, sum, none"),
        ({"class_weights": np.ones(K + 1)}, r"class_weights has shape \(6,\) but K is 5 in x"),
        ({"ignore_index": 1}, "t holds label 9 but x has K = 5 classes"),
    ],
)
def test_wrong_options_are_refused(options, told, rng):
    """By name, with both values."""
    with pytest.raises(ValueError, match=told):
        cross_entropy(rng.normal(size=(2, K)), np.array([1, 9]), **options)


def test_labels_of_other_places_are_refused(rng):
    """Every pixel has a label of its own."""
    with pytest.raises(ShapeError, match=r"the rest is \(2, 3\) in x but \(2,\) in t"):
        cross_entropy(rng.normal(size=(N, K, 2, 3)), rng.integers(K, size=(N, 2)))


def test_a_label_without_a_score_is_refused():
    """Labels count from 0 to K - 1; the message names the label and K."""
    with pytest.raises(ValueError, match="t holds label 3 but x has K = 3 classes, use 0 to 2"):
        cross_entropy(np.zeros((2, 3)), np.array([0, 3]))


def test_every_example_needs_its_label():
    """N is the same in scores and labels."""
    with pytest.raises(ShapeError, match="cross_entropy: N is 2 in x but 3 in t"):
        cross_entropy(np.zeros((2, 4)), np.array([0, 3, 1]))
