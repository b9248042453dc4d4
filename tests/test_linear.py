"""Linear.  The claims of `book/linear.md`, in the order of the chapter."""

import importlib
from itertools import permutations
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import check_gradients, directional, grad, vjp
from dlcore.nn import Activation, Linear, load, named_parameters, using_parameters
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy, softmax
from dlcore.shapes import ShapeError
from dlcore.train import loss_and_grads
from tests.comparing import agree, all_locked

AFFINE = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]  # 000, 001
HALF_A_UNIT = 5e-9  # of the eighth decimal, the last that is printed


@pytest.fixture
def example(rng):
    """Features, weights, a bias and an upstream gradient, all sizes different."""
    N, D, M = 4, 6, 5
    return (rng.normal(size=shape) for shape in ((N, D), (D, M), (M,), (N, M)))


@pytest.fixture
def classifier():
    """The class LinearClassifier, imported by those who ask: its package brings the compiler."""
    return importlib.import_module("dlcore.nn.models.linear").LinearClassifier


@pytest.fixture
def labelled(classifier, rng):
    """A linear classifier with some features and labels."""
    N, D, K = 7, 5, 3
    model = classifier(D, K, rng=rng, std=1.0)
    model.params["b"][...] = rng.normal(size=K)
    return model, rng.normal(size=(N, D)), rng.integers(K, size=N)


def test_the_case_by_hand_comes_out():
    """Forwards y = x w + b, backwards x̄, w̄ and b̄, in whole numbers."""
    x, w, b = np.array([[1.0, 2, 0], [0, 1, 3]]), np.array([[1.0, 0], [2, -1], [0, 1]]), [1.0, 0]
    y, y_bar = linear(x, w, np.array(b)), np.array([[1.0, 2], [0, -1]])
    assert y.tolist() == [[6, -2], [3, 2]]
    x_bar, w_bar, b_bar = linear.vjp(y, x, w, b, y_bar)
    assert x_bar.tolist() == [[1, 0, 2], [0, 1, -1]]
    assert w_bar.tolist() == [[1, 2], [2, 3], [0, -3]]
    assert b_bar.tolist() == [1, 1]


def test_the_program_says_what_the_page_says(example, formulas, oracle, rounding):
    """Entry by entry:  y[n, m] = Σ_d x[n, d] w[d, m] + b[m]."""
    x, w, b, _ = example
    page = oracle.program(formulas.linear)(x=x, w=w, b=b)
    assert_allclose(linear(x, w, b), page, **rounding(x, w))


def test_published_numbers_come_out():
    """The affine layer on evenly spread numbers, to the last decimal that is printed."""
    assert importlib.import_module("dlcore.experiments.linear").AFFINE_001 == AFFINE
    x, w = np.linspace(-0.1, 0.5, 240).reshape(2, 120), np.linspace(-0.2, 0.3, 360).reshape(120, 3)
    assert_allclose(linear(x, w, np.linspace(-0.3, 0.1, 3)), AFFINE, rtol=0, atol=HALF_A_UNIT)


def test_sizes_that_do_not_meet_are_refused():
    """Features and weights must agree about D, and the message names both sizes."""
    with pytest.raises(ShapeError, match=r"linear: D is 6 in x but 8 in w"):
        linear(np.zeros((4, 6)), np.zeros((8, 5)), np.zeros(5))
    with pytest.raises(ShapeError, match=r"x must have axes \(N, D\), got shape \(4, 1, 2, 3\)"):
        linear(np.zeros((4, 1, 2, 3)), np.zeros((6, 5)), np.zeros(5))


def test_a_column_of_ones_is_a_bias(example, rounding):
    """[x 1] [w; b] = x w + b."""
    x, w, b, _ = example
    longer, taller = np.column_stack([x, np.ones(len(x))]), np.vstack([w, b])
    assert_allclose(longer @ taller, linear(x, w, b), **rounding(longer, taller))


def test_the_tangent_says_what_the_page_says(example, formulas, oracle, rng, rounding):
    """ẏ = ẋ w + x ẇ + ḃ, entry by entry."""
    x, w, b, _ = example
    x_dot, w_dot, b_dot = (rng.normal(size=each.shape) for each in (x, w, b))
    page = oracle.program(formulas.linear_jvp)(x=x, w=w, x_dot=x_dot, w_dot=w_dot, b_dot=b_dot)
    y_dot = linear.jvp(None, x, w, b, x_dot, w_dot, b_dot)
    assert_allclose(y_dot, page, **rounding(np.hstack([x_dot, x]), np.vstack([w, w_dot])))


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_sums_may_be_sorted_by_argument(name, formulas, oracle, rng):
    """The order of finite sums is free: both sides are the same fraction, at random fractions."""
    share = getattr(formulas, f"share_of_{name}")
    assert oracle.counterexample(*oracle.claim(share), rng) is None


def test_the_three_parts_add_up(formulas, oracle, rng):
    """⟨ȳ, ẏ⟩ is the part of x plus that of w plus that of b."""
    shares = [getattr(formulas, f"share_of_{name}") for name in "xwb"]
    given = oracle.draw(rng, formulas.linear_jvp, *shares)
    y_dot = oracle.program(formulas.linear_jvp)(**given)
    whole, _ = map(oracle.program, oracle.claim(formulas.adjoint))
    parts = [oracle.program(oracle.claim(share)[1])(**given) for share in shares]
    assert whole(y_bar=given["y_bar"], y_dot=y_dot) == sum(parts)


def test_forward_and_backward_are_adjoint(example, formulas, oracle, rng, rounding):
    """⟨ȳ, ẏ⟩ = ⟨x̄, ẋ⟩ + ⟨w̄, ẇ⟩ + ⟨b̄, ḃ⟩, by the program's own two rules."""
    *xs, y_bar = example
    x_dots = [rng.normal(size=x.shape) for x in xs]
    y_dot, bars = linear.jvp(None, *xs, *x_dots), linear.vjp(None, *xs, y_bar)
    left, right = map(oracle.program, oracle.claim(formulas.adjoint))
    named = zip("xwb", bars, x_dots, strict=True)
    front = {f"{name}_{mark}": a for name, *both in named
             for mark, a in zip(("bar", "dot"), both, strict=True)}  # fmt: skip
    assert_allclose(left(y_bar=y_bar, y_dot=y_dot), right(**front), **rounding(y_bar, y_dot))


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_the_backward_pass_says_what_the_page_says(name, example, formulas, oracle, rounding):
    """x̄ = ȳ wᵀ,   w̄ = xᵀ ȳ,   b̄ = Σₙ ȳₙ, entry by entry."""
    x, w, b, y_bar = example
    page = oracle.program(getattr(formulas, f"linear_{name}_bar"))(x=x, w=w, y_bar=y_bar)
    bar = linear.vjp(None, x, w, b, y_bar)["xwb".index(name)]
    assert_allclose(bar, page, **rounding(np.append(x, w), y_bar))


def test_symbolic_differentiation_finds_the_same_backward_pass(example, oracle, rounding):
    """The program is run on symbols, and Σ ȳ y differentiated by each of them."""
    x, w, b, y_bar = (array[:2, :3] if array.ndim > 1 else array[:3] for array in example)
    pullback = oracle.symbolic_vjp(linear.__wrapped__, x.shape, (3, 3), (3,))
    w = np.vstack([w, w[:1]])
    for bar, exact in zip(linear.vjp(None, x, w, b, y_bar), pullback(x, w, b, y_bar), strict=True):
        assert_allclose(bar, exact, **rounding(np.append(x, w), y_bar))


def test_only_one_product_has_the_shape_of_a_gradient(example):
    """Of all products of two of x, w, ȳ and their transposes, (N, D) is ȳ wᵀ, (D, M) is xᵀ ȳ."""
    x, w, _, y_bar = example
    named = {"x": x, "xᵀ": x.T, "w": w, "wᵀ": w.T, "ȳ": y_bar, "ȳᵀ": y_bar.T}
    meet = [(a, b) for a, b in permutations(named, 2) if named[a].shape[1] == len(named[b])]
    shapes = {f"{a} {b}": (named[a] @ named[b]).shape for a, b in meet}
    assert [name for name, shape in shapes.items() if shape == x.shape] == ["ȳ wᵀ"]
    assert [name for name, shape in shapes.items() if shape == w.shape] == ["xᵀ ȳ"]


class Counted:
    """A number that counts how often numbers are multiplied, and knows nothing else."""

    products = 0

    def __mul__(self, other):
        Counted.products += 1
        return self

    def __add__(self, other):
        return self


def test_the_backward_pass_takes_twice_the_products(monkeypatch):
    """N D M multiplications forwards, 2 N D M backwards."""
    monkeypatch.setattr(Counted, "products", 0)
    N, D, M = 2, 3, 5
    x, w, b, y_bar = (np.full(shape, Counted()) for shape in ((N, D), (D, M), M, (N, M)))
    linear.__wrapped__(x, w, b)
    assert Counted.products == N * D * M
    linear.vjp(None, x, w, b, y_bar)
    assert Counted.products == N * D * M + 2 * N * D * M


def test_a_layer_returns_the_shape_it_was_given(rng):
    """Images (N, C, H, W) count as rows of D = C H W features; x̄ has their shape again."""
    layer, x = Linear(42, 5, rng=rng), rng.normal(size=(4, 3, 2, 7))
    y_bar, rows = rng.normal(size=(4, 5)), x.reshape(4, 42)
    y, pullback = vjp(layer, x)
    assert_array_equal(y, layer.forward(rows))
    assert_array_equal(pullback(y_bar)[0], layer.backward(y_bar).reshape(x.shape))


LEAVES = {
    "Linear": lambda rng: Linear(6, 5, rng=rng),
    "ReLU": lambda rng: Activation("relu"),
    "tanh": lambda rng: Activation("tanh"),
}


@pytest.mark.parametrize("name", LEAVES)
def test_layer_and_tape_run_the_same_rule(name, rng):
    """Back-propagation by hand and reverse mode return the same bits, for every leaf layer."""
    layer, x = LEAVES[name](rng), rng.normal(size=(4, 6))
    params = named_parameters(layer)

    def call(x, *values):
        with using_parameters(layer, dict(zip(params, values, strict=True))):
            return layer(x)

    y, pullback = vjp(call, x, *params.values())
    y_bar = rng.normal(size=y.shape)
    assert_array_equal(layer.forward(x), y)
    by_hand = layer.backward(y_bar), *layer.grads.values()
    for one, other in zip(by_hand, pullback(y_bar), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("reg", [0.0, 0.5])
def test_the_classifier_says_what_the_page_says(reg, labelled, formulas, oracle, rounding):
    """L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + λ/2 Σ w², with y from its own formula."""
    model, x, t = labelled
    y = oracle.program(formulas.scores)(x=x, **model.params)
    assert_allclose(model(x), y, **rounding(x, model.params["w"]))
    page = oracle.program(formulas.classifier_loss)(y=y, t=t, w=model.params["w"], reg=reg)
    loss, _ = loss_and_grads(model, cross_entropy, x, t, l2=reg)
    assert_allclose(loss, page, rtol=1e-14)


@pytest.mark.parametrize("name", ["w", "b"])
def test_the_gradient_of_the_classifier_says_what_the_page_says(
    name, labelled, formulas, oracle, rounding
):
    """w̄ = 1/N xᵀ (p - [k = t]) + λ w,   b̄ = 1/N Σₙ (pₙ - [k = tₙ])."""
    model, x, t = labelled
    p = oracle.program(formulas.probabilities)(y=model(x))
    page = oracle.program(getattr(formulas, f"classifier_{name}_bar"))
    bar = page(x=x, p=p, t=t, w=model.params["w"], reg=0.5)
    _, grads = loss_and_grads(model, cross_entropy, x, t, l2=0.5)
    assert_allclose(grads[name], bar, **rounding(np.append(x, 1.0), p))


def test_the_gradient_by_hand_is_the_gradient_of_the_tape(labelled):
    """A layer's own w̄ and b̄ are, bit by bit, those of the model, and ∂L/∂w and ∂L/∂b."""
    model, x, t = labelled
    w, b = model.params.values()
    layer = load(Linear(*w.shape, rng=np.random.default_rng(0)), model.params)
    y = layer.forward(x)
    (y_bar,) = cross_entropy.vjp(None, y, t, 1.0)
    layer.backward(y_bar, input_grad=False)
    _, grads = loss_and_grads(model, cross_entropy, x, t, l2=0.5)
    assert_array_equal(layer.grads["w"] + 0.5 * w, grads["w"])
    assert_array_equal(layer.grads["b"], grads["b"])
    loss = lambda w, b: cross_entropy(linear(x, w, b), t) + 0.25 * np.sum(w * w)
    assert_allclose(grads["w"], grad(loss)(w, b), rtol=0, atol=1e-15)
    assert_allclose(grads["b"], grad(lambda b: loss(w, b))(b), rtol=0, atol=1e-15)


def test_at_a_stationary_point_a_template_is_a_mixture_of_pictures(labelled, formulas, oracle):
    """Where w̄ = 0:  w = 1/λN Σₙ xₙ ([k = tₙ] - pₙₖ)."""
    model, x, t = labelled
    for _ in range(500):
        _, grads = loss_and_grads(model, cross_entropy, x, t, l2=0.5)
        for name, bar in grads.items():
            model.params[name] -= 0.5 * bar
    p = softmax(model(x))
    mixture = oracle.program(formulas.template)(x=x, p=p, t=t, reg=0.5)
    assert_allclose(model.params["w"], mixture, rtol=0, atol=1e-12)


def test_the_region_of_a_class_is_convex(rng):
    """If class k wins at x and at z, then at (1 - a) x + a z too, for 0 ≤ a ≤ 1."""
    x, z, a = rng.normal(size=(300, 6)), rng.normal(size=(300, 6)), rng.uniform(size=(300, 1))
    w, b = rng.normal(size=(6, 4)), rng.normal(size=4)
    winner = lambda x: linear(x, w, b).argmax(axis=1)
    alike = winner(x) == winner(z)
    assert alike.any()
    assert_array_equal(winner((1 - a) * x + a * z)[alike], winner(x)[alike])


def test_no_linear_classifier_computes_exclusive_or(rng):
    """(0, 0) + (1, 1) = (0, 1) + (1, 0): both classes have the same summed scores."""
    x, t = np.array([[0.0, 0], [1, 1], [0, 1], [1, 0]]), np.array([0, 0, 1, 1])
    for _ in range(300):
        y = linear(x, rng.normal(size=(2, 2)), rng.normal(size=2))
        assert_allclose(y[0] + y[1], y[2] + y[3], rtol=0, atol=1e-14)
        assert (y.argmax(axis=1) == t).sum() <= 3


def test_the_sum_of_a_softmax_has_gradient_zero(rng):
    """Σₖ yₙₖ = 1 whatever x is, so ȳ = 1 gives x̄ = y (1 - Σⱼ yⱼ) = 0."""
    x = rng.normal(size=(4, 3))
    (x_bar,) = softmax.vjp(softmax(x), x, np.ones((4, 3)))
    assert_allclose(x_bar, 0, atol=1e-15)


def centre(x):
    """Subtract from every feature its mean over the batch."""
    return x - x.mean(axis=0)


def linear_rule(x, w, b, y_bar):
    """The right backward pass of the linear map."""
    return y_bar @ w.T, x.T @ y_bar, y_bar.sum(axis=0)


def softmax_rule(x, y_bar):
    """The right backward pass of softmax."""
    y = softmax(x)
    return (y * (y_bar - (y * y_bar).sum(axis=1, keepdims=True)),)


def centre_rule(x, y_bar):
    """The right backward pass of `centre`."""
    return (y_bar - y_bar.mean(axis=0),)


def changed(change):
    """The backward pass of the linear map, of a changed ȳ instead of ȳ."""
    return linear, lambda x, w, b, y_bar: linear_rule(x, w, b, change(y_bar))


def mean(y_bar, axis):
    """Replace every entry by the mean along an axis."""
    return 0 * y_bar + y_bar.mean(axis=axis, keepdims=True)


# fmt: off
RIGHT = {
    "linear": (linear, linear_rule),
    "softmax": (softmax, softmax_rule),
    "centre": (centre, centre_rule),
}
WRONG = {
    "linear: y_bar is forgotten": changed(np.ones_like),
    "linear: the examples come back in reverse order": changed(np.flipud),
    "linear: y_bar is averaged over the batch too early":
        changed(lambda y_bar: mean(y_bar, axis=0)),
    "linear: y_bar is laid out in the wrong order":
        changed(lambda y_bar: y_bar.T.reshape(y_bar.shape)),
    "softmax: the sign is wrong":
        (softmax, lambda x, y_bar: (-softmax_rule(x, y_bar)[0],)),
    "softmax: the factor y is missing":
        (softmax, lambda x, y_bar: (softmax_rule(x, y_bar)[0] / softmax(x),)),
    "softmax: a plain mean for the weighted one":
        (softmax, lambda x, y_bar: (softmax(x) * (y_bar - mean(y_bar, axis=1)),)),
    "centre: the mean runs along the wrong axis":
        (centre, lambda x, y_bar: (y_bar - mean(y_bar, axis=1),)),
    "centre: always zero":
        (centre, lambda x, y_bar: (np.zeros_like(x),)),
}
# fmt: on


def inputs(f, rng):
    """Draw arguments for a function of the tables above, all sizes different."""
    shapes = ((4, 6), (6, 5), (5,)) if f is linear else ((4, 5),)
    return [rng.normal(size=shape) for shape in shapes]


def accepts(f, rule, xs, y_bar, rng):
    """Compare ⟨ȳ, ẏ⟩, measured by differences, with Σᵢ ⟨x̄ᵢ, ẋᵢ⟩."""
    x_dots = [rng.normal(size=x.shape) for x in xs]
    measured = np.vdot(y_bar, directional(f, xs, x_dots))
    claimed = sum(map(np.vdot, rule(*xs, y_bar), x_dots))
    return bool(abs(measured - claimed) < 1e-6 * (1 + abs(measured)))


@pytest.mark.parametrize("name", WRONG)
def test_a_sum_of_outputs_accepts_a_wrong_backward_pass(name, rng):
    """With the loss Σ y, that is ȳ = 1, differences agree with the wrong backward pass."""
    f, rule = WRONG[name]
    xs = inputs(f, rng)
    assert accepts(f, rule, xs, np.ones_like(f(*xs)), rng)


@pytest.mark.parametrize("name", [*RIGHT, *WRONG])
def test_a_random_upstream_gradient_accepts_only_the_right_ones(name, rng):
    """With a random ȳ, each wrong backward pass is refused, and none of the right ones."""
    f, rule = (RIGHT | WRONG)[name]
    xs = inputs(f, rng)
    assert accepts(f, rule, xs, rng.normal(size=f(*xs).shape), rng) == (name in RIGHT)


def test_the_check_names_the_entry_that_is_wrong(example, rng, monkeypatch):
    """One entry of w̄ that is off by a thousandth is found, and named."""

    def lie(y, x, w, b, y_bar):
        x_bar, w_bar, b_bar = linear_rule(x, w, b, y_bar)
        w_bar[3, 2] *= 1.001
        return x_bar, w_bar, b_bar

    *xs, _ = example
    check_gradients(linear, *xs, rng=rng)
    monkeypatch.setattr(linear, "vjp_rule", lie)
    with pytest.raises(AssertionError, match=r"argument 1, entry \(3, 2\)"):
        check_gradients(linear, *xs, rng=rng)


def test_the_check_refuses_a_wrong_sign(rng, monkeypatch):
    """Softmax with a wrong sign in its backward pass, which a sum would accept, is refused."""
    x = rng.normal(size=(4, 5))
    check_gradients(softmax, x, rng=rng)
    monkeypatch.setattr(softmax, "vjp_rule", lambda y, x, y_bar: (-softmax_rule(x, y_bar)[0],))
    with pytest.raises(AssertionError, match="argument 0"):
        check_gradients(softmax, x, rng=rng)


def features(rng):
    """Draw x, w, b and ȳ: rows and images, one example, one feature; whole and single numbers.

    Once all sizes are equal, and some times numbers of different kinds meet. Sizes come twice.
    """
    N, C, D, M = rng.permutation([2, 3, 5, 7]).tolist()
    for shape in 2 * [(N, D), (N, C, 2, D), (1, C, 1, 2, D), (N, 1), (1, D), (D, N), (M, M)]:
        x = rng.normal(size=shape)
        w, b = rng.normal(size=(x[0].size, M)), rng.normal(size=M)
        yield all_locked(x, w, b, rng.normal(size=(len(x), M)))
    x, w, b, y_bar = (rng.normal(size=s) for s in [(N, C, D), (C * D, M), (M,), (N, M)])
    yield all_locked(np.asfortranarray(x), w.T.copy().T, b, y_bar)
    whole = [np.round(9 * array).astype(int) for array in (x, w, b, y_bar)]
    yield all_locked(*whole)
    yield all_locked(whole[0].reshape(N, -1), w, b, y_bar)
    yield all_locked(x.reshape(N, -1), *whole[1:])
    yield all_locked(whole[0].reshape(N, -1), whole[1], b, whole[3])
    yield all_locked(*(array.astype(np.float32) for array in (x, w, b, y_bar)))
    yield all_locked(*(array.astype(np.float32) for array in (x.reshape(N, -1), w, b, y_bar)))
    yield all_locked(np.asfortranarray(x.reshape(N, -1)), w.T.copy().T, b, y_bar)


def rows(x):
    """Lay each example flat, one after the other."""
    return np.array([[entry.item() for entry in np.nditer(each, order="C")] for each in x])


def close(*factors):
    """Return a tolerance for sums of products: of roundings of the least exact factor."""
    eps = max(np.finfo(np.result_type(factor, np.float16)).eps for factor in factors)
    size = np.prod([np.linalg.norm(factor) for factor in factors])
    return {"rtol": 0, "atol": float(4 * eps * (1 + size))}


@pytest.mark.exercise("linear-forward", points=2)
def test_features_are_mixed(answers, rng):
    """Each entry is a sum of products:  y[n, m] = Σ_d x[n, d] w[d, m] + b[m]."""
    for x, w, b, _ in features(rng):
        flat = rows(x).tolist()
        truth = [[sum(s * c for s, c in zip(row, column, strict=True)) + offset
                  for column, offset in zip(w.T.tolist(), b.tolist(), strict=True)]
                 for row in flat]  # fmt: skip
        agree(np.array(truth), close(x, w), answers.linear(x, w, b))


@pytest.mark.exercise("linear-forward", points=2)
def test_images_are_laid_flat(answers, rng, rounding):
    """An image (C, H, W) counts as a row of C H W features, the last axis running fastest."""
    C, H, W, M = rng.permutation([2, 3, 5, 7]).tolist()
    x, w, b = rng.normal(size=(4, W, H, C)).T, rng.normal(size=(C * H * W, M)), rng.normal(size=M)
    x = np.moveaxis(x, -1, 0)
    expected = np.tensordot(x, w.reshape(C, H, W, M), axes=3) + b
    agree(expected, rounding(x, w), answers.linear(x, w, b))


@pytest.mark.exercise("linear-forward", points=2)
def test_your_affine_layer_gives_the_numbers_of_the_sources(answers):
    """Two inputs of shape (4, 5, 6), three outputs, eight decimals."""
    x, w = np.linspace(-0.1, 0.5, 240), np.linspace(-0.2, 0.3, 360).reshape(120, 3)
    y = answers.linear(x.reshape(2, 4, 5, 6), w, np.linspace(-0.3, 0.1, 3))
    assert_allclose(y, AFFINE, rtol=0, atol=HALF_A_UNIT)


@pytest.mark.exercise("linear-backward", points=3)
@pytest.mark.parametrize("name", ["x_bar", "w_bar", "b_bar"])
def test_each_cotangent_is_the_share_of_its_argument(answers, name, rng):
    """⟨ȳ, ẏ⟩ = ⟨x̄, ẋ⟩ + ⟨w̄, ẇ⟩ + ⟨b̄, ḃ⟩ decides what x̄, w̄ and b̄ are, each in its shape."""
    for x, w, b, y_bar in features(rng):
        truth = {
            "x_bar": np.einsum("nm,dm->nd", y_bar, w).reshape(x.shape),
            "w_bar": np.einsum("nd,nm->dm", rows(x), y_bar),
            "b_bar": np.einsum("nm->m", y_bar),
        }
        yours = dict(zip(truth, answers.linear_vjp(x, w, b, y_bar), strict=True))
        agree(truth[name], close(np.append(x, w), y_bar), yours[name])


def surprise(x, t, w, b, reg):
    """The loss of the linear classifier, example by example, and its gradient."""
    w_bar, b_bar, loss = reg * w, np.zeros(b.shape), reg / 2 * (w**2).sum()
    for x_n, t_n in zip(x, t, strict=True):
        p = np.exp(x_n @ w + b) / np.exp(x_n @ w + b).sum()
        error = (p - (np.arange(len(b)) == t_n)) / len(x)
        loss -= np.log(p[t_n]) / len(x)
        w_bar, b_bar = w_bar + np.outer(x_n, error), b_bar + error
    return loss, w_bar, b_bar


def classified(rng):
    """Draw arguments of the loss: one example, one class, whole numbers, penalty and none."""
    N, D, K = rng.permutation([3, 5, 7]).tolist()
    for n, k, reg in [(N, K, 0.0), (N, K, float(rng.uniform(0.2, 2))), (1, K, 0.9), (N, 1, 0.6)]:
        x, w, b = rng.normal(size=(n, D)), rng.normal(size=(D, k)), rng.normal(size=k)
        yield *all_locked(x, rng.integers(k, size=n), w, b), reg
    x, w, b = (rng.integers(-2, 3, size=s) for s in [(N, D), (D, K), (K,)])
    yield *all_locked(x, np.full(N, K - 1), w, b), 0.3
    yield *all_locked(x, rng.integers(K, size=N), w + 0.25, b - 60.0), 1
    x, w = np.asfortranarray(rng.normal(size=(N, D))), rng.normal(size=(K, D)).T
    yield *all_locked(x, rng.integers(K, size=N), w, rng.normal(size=2 * K)[::2]), 0.5


@pytest.mark.exercise("linear-classifier", points=4)
@pytest.mark.parametrize("name", ["loss", "w_bar", "b_bar"])
def test_loss_and_gradient_are_those_of_the_definition(answers, name, rng):
    """L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + reg/2 Σ w²,  w̄ = ∂L/∂w,  b̄ = ∂L/∂b."""
    for case in classified(rng):
        truth = dict(zip(["loss", "w_bar", "b_bar"], surprise(*case), strict=True))
        yours = dict(zip(truth, answers.classifier_loss(*case), strict=True))
        agree(truth[name], {"rtol": 1e-10, "atol": 1e-12}, yours[name])  # sums in another order


@pytest.mark.exercise("linear-classifier", points=4)
def test_an_ignorant_classifier_is_surprised_by_the_number_of_classes(answers, rng):
    """Weights and biases of 0 give L = ln K, and w̄ = 1/N xᵀ (1/K - [k = t])."""
    K = int(rng.integers(2, 7))
    x, t, q = rng.normal(size=(8, 5)), np.arange(8) % K, np.eye(K)
    loss, w_bar, _ = answers.classifier_loss(x, t, np.zeros((5, K)), np.zeros(K), 3.0)
    assert_allclose(loss, np.log(K), rtol=1e-14)
    assert_allclose(w_bar, x.T @ (1 / K - q[t]) / 8, rtol=0, atol=1e-14)


@pytest.mark.exercise("linear-classifier", points=4)
def test_huge_scores_do_no_harm(answers, rng):
    """Scores of ±s: a right answer costs 0, a wrong one the difference of the scores."""
    s = float(rng.uniform(800, 9000))
    x, w = np.array([[1.0], [-1.0]]), np.array([[s, -s]])
    loss, *bars = answers.classifier_loss(x, np.array([0, 0]), w, np.zeros(2), 0.0)
    assert_allclose(loss, s, rtol=1e-12)
    assert_allclose(bars[0], [[0.5, -0.5]], rtol=1e-12)


@pytest.mark.exercise("linear-classifier", points=4)
def test_a_shift_of_all_scores_of_an_example_is_free(answers):
    """Scores near -5000 in both examples, or near 5000 in one of them:  L = ln(1 + e)."""
    w = np.array([[5000.0, 4999.0]])
    for sign, t in ((-1.0, 0), (1.0, 1)):
        x = np.array([[sign], [-1.0]])
        loss, *_ = answers.classifier_loss(x, np.array([t, 0]), w, np.zeros(2), 0.0)
        assert_allclose(loss, np.log(1 + np.e), rtol=1e-10)


@pytest.mark.exercise("linear-classifier", points=4)
def test_many_examples_are_no_loop(answers, rng):
    """Seven hundred thousand examples of six kinds count as the six kinds, weighed."""
    x = rng.integers(-1, 2, size=(700_000, 1), dtype=np.int8)
    t = rng.integers(2, size=len(x), dtype=np.uint8)
    w, b, sums = rng.normal(size=(1, 2)), rng.normal(size=2), [0.0, 0.0, 0.0]
    for kind, many in enumerate(np.bincount(2 * (x[:, 0] + 1) + t).tolist()):
        case = surprise(np.array([[kind // 2 - 1.0]]), np.array([kind % 2]), w, b, 0.0)
        sums = [total + many / len(x) * part for total, part in zip(sums, case, strict=True)]
    for yours, truth in zip(answers.classifier_loss(x, t, w, b, 0.0), sums, strict=True):
        agree(truth, {"rtol": 1e-7, "atol": 1e-9}, yours)


@pytest.mark.exercise("linear-predict", points=1)
def test_the_highest_score_names_the_class(answers, rng):
    """The prediction for xₙ is the k with the largest yₙₖ, also where all scores are negative."""
    N, D, K = rng.permutation([4, 5, 23]).tolist()
    for n, d, k, shift in [(N, D, K, 0), (N, D, K, -50), (1, D, K, 9), (N, D, 1, 0), (N, 1, K, 0),
                           (30, D, 400, 0)]:  # fmt: skip
        x, w, b = rng.normal(size=(n, d)), rng.normal(size=(d, k)), 3 * rng.normal(size=k) + shift
        wanted = [max(range(k), key=lambda k: x_n @ w[:, k] + b[k]) for x_n in x]
        named = np.asarray(answers.predict(*all_locked(x, w, b)))
        agree(np.array(wanted), {"rtol": 0, "atol": 0}, named)
        assert named.dtype.kind in "iu", "classes are integers"


@pytest.mark.exercise("linear-predict", points=1)
def test_the_highest_score_may_be_large_and_shared(answers, rng):
    """Of whole numbers up to 10⁵ and more; where two scores are highest, either class will do."""
    x, w = rng.integers(-300, 301, size=(30, 6)), rng.integers(-60, 61, size=(6, 4))
    w[:, 3] = w[:, 0]
    b = rng.integers(-99, 100, size=4)
    b[3] = b[0]
    scores = x @ w + b
    for scale in (1, 1.0, 2.0 ** rng.integers(15, 30), 2.0**500):
        k = np.asarray(answers.predict(*all_locked(x, w * scale, b * scale)))
        assert np.isin(k, range(4)).all(), "classes count from 0 to K - 1"
        assert_array_equal(scores[np.arange(30), k], scores.max(axis=1))


@pytest.mark.exercise("linear-predict", points=1)
def test_the_highest_score_is_found_in_any_array(answers, rng):
    """Floats of four bytes that hold whole numbers, in columns and with gaps."""
    for _ in range(2):
        x, w = rng.integers(-9, 10, size=(30, 12)), rng.integers(-9, 10, size=(12, 5))
        b = rng.integers(-9, 10, size=10)
        scores = x[:, ::2] @ w[::2] + b[::2]
        x, w, b = (np.asfortranarray(array.astype(np.float32)) for array in (x, w, b))
        k = np.asarray(answers.predict(*all_locked(x[:, ::2], w[::2], b[::2])))
        assert_array_equal(scores[np.arange(30), k], scores.max(axis=1))


@pytest.mark.exercise("linear-predict", points=1)
def test_the_highest_score_may_be_so_by_little(answers, rng):
    """All scores of an example are nearly equal; the biases decide, by 1e-9."""
    x, w = rng.normal(size=(3, 4)), np.tile(rng.normal(size=(4, 1)), 9)
    place = int(rng.integers(9))
    b = rng.normal() + 1e-9 * (np.arange(9) == place)
    assert_array_equal(answers.predict(*all_locked(x, w, b)), [place] * 3)


@pytest.mark.exercise("linear-jvp", points=2)
def test_tangents_add_up_what_each_argument_does(answers, rng):
    """ẏ is the slope of t ↦ (x + t ẋ)(w + t ẇ) + b + t ḃ at t = 0."""
    for x, w, b, _ in features(rng):
        if x.ndim == 2:
            x_dot, w_dot, b_dot = all_locked(np.cos(x + 1), np.sin(w * 3), np.sin(b) + rng.normal())
            truth = np.einsum("nd,dm->nm", x_dot, w) + np.einsum("nd,dm->nm", x, w_dot) + b_dot
            y_dot = answers.linear_jvp(x, w, b, x_dot, w_dot, b_dot)
            agree(truth, close(np.append(x, x_dot), np.append(w, w_dot)), y_dot)


@pytest.mark.exercise("linear-blind", points=2)
def test_a_sum_is_deceived(answers, rng):
    """For ȳ = 1 the answer is the true x̄: zero."""
    for shape in ((4, 5), (1, 3), (6, 2)):
        y = softmax(rng.normal(size=shape))
        agree(np.zeros(shape), {"atol": 1e-12}, answers.deceptive_softmax_vjp(y, np.ones(shape)))


@pytest.mark.exercise("linear-blind", points=2)
def test_a_random_upstream_gradient_is_not_deceived(answers, rng):
    """For a random ȳ it differs from the true x̄, and is not zero; it is linear in ȳ."""
    rule = answers.deceptive_softmax_vjp
    for shape in ((4, 5), (1, 3), (6, 2)):
        y = softmax(rng.normal(size=shape))
        g, h = rng.normal(size=(2, *shape))
        truth = y * (g - (g * y).sum(axis=1, keepdims=True))
        yours = np.asarray(rule(y, g))
        assert np.abs(yours).max() > 1e-3, "it is always zero"
        assert np.abs(yours - truth).max() > 1e-3, "it is right"
        u, v, one = rng.normal(size=3)
        sums = u * yours + v * np.asarray(rule(y, h))
        agree(sums, {"rtol": 0, "atol": 1e-11}, rule(y, u * g + v * h + one))


def slightly(rule, i, size=0.01):
    """Make the i-th cotangent of a rule wrong by a part of it."""
    return lambda *args: [bar * (1 + size * (j == i)) for j, bar in enumerate(rule(*args))]


def judgements(rng):
    """Draw programs, arguments, and ways back that are right."""
    N, D, M = rng.permutation([2, 3, 4, 5, 6])[:3].tolist()
    s = rng.uniform(0.5, 2)
    scaled = lambda x, z: s * np.tanh(x) * z
    scaled_rule = lambda x, z, b: (s * b * z / np.cosh(x) ** 2, (s * b * np.tanh(x)).sum(axis=0))
    outer_rule = lambda x, z, y_bar: (y_bar @ z, x @ y_bar)
    programs = [
        (linear, linear_rule, [(N, D), (D, M), (M,)]),
        (softmax, softmax_rule, [(N, D)]),
        (centre, centre_rule, [(M, D)]),
        (scaled, scaled_rule, [(N, M), (M,)]),
        (np.outer, outer_rule, [(M,), (D,)]),
    ]
    for f, rule, shapes in programs:
        yield f, rule, [*all_locked(*(rng.normal(size=shape) for shape in shapes))]


def mistakes(rng):
    """Draw programs, arguments, and ways back that are wrong, each argument in its turn."""
    for f, rule, xs in judgements(rng):
        for i in range(len(xs)):
            size = rng.choice([-1, 1]) * 10 ** rng.uniform(-1.9, 0)
            yield f, slightly(rule, i, size), xs
    for f, rule in WRONG.values():
        yield f, rule, [*all_locked(*inputs(f, rng))]


def nameless(f, rule):
    """Wrap a program and a rule, so that their names do not show which they are."""

    def program(*xs):
        return f(*xs)

    def way_back(*args):
        return rule(*args)

    return program, way_back


@pytest.mark.exercise("linear-gradient-check", points=4)
def test_your_check_accepts_right_gradients_alone(answers, rng):
    """A right one is accepted at every draw; of a wrong one some draw may be unlucky, not two."""
    wrong, right = [*mistakes(rng)], [*judgements(rng), *judgements(rng)]
    truth = rng.permutation([False] * len(wrong) + [True] * len(right)).tolist()
    told = []
    for is_right in truth:
        f, rule, xs = (right if is_right else wrong).pop()
        pair, seeds = nameless(f, rule), rng.integers(1 << 62, size=2).tolist()
        judge = lambda seed, pair=pair, xs=xs: bool(
            answers.gradient_is_right(*pair, xs, np.random.default_rng(seed))
        )
        told.append(judge(seeds[0]) and judge(seeds[1]))
    if told != truth:
        pytest.fail("at least one of about thirty ways back was judged wrongly")


@pytest.mark.exercise("linear-gradient-check", points=4)
def test_your_check_draws_from_the_generator_that_is_given(answers, rng):
    """The same seed draws the same ẋ and ȳ, another seed draws others."""
    one, other = rng.integers(1 << 62, size=2).tolist()
    x, drawn = rng.normal(size=(3, 4)), []
    for seed in (one, one, other):
        tried, met = [], []
        f = lambda x, met=met: (met.append(np.copy(x)), np.sin(x))[1]
        rule = lambda x, y_bar, tried=tried: (tried.append(np.copy(y_bar)), [y_bar * np.cos(x)])[1]
        verdict = answers.gradient_is_right(f, rule, [x], np.random.default_rng(seed))
        assert verdict, "a sine was refused"
        moved = next(each for each in met if not np.array_equal(each, x))
        drawn.append(np.append(tried[0], moved))
    assert np.array_equal(drawn[0], drawn[1]), "the same seed does not draw the same"
    assert (drawn[0] != drawn[2]).all(), "another seed does not draw anything else"


@pytest.mark.exercise("linear-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "back_to_x": "linear-line-3",
        "back_to_w": "linear-line-4",
        "back_to_b": "linear-line-2",
    }
    truth = [planted(f"linear.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
