"""Two layers.  The claims of `book/twolayer.md`, in the order of the chapter."""

import importlib
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import check_gradients, value_and_grad
from dlcore.autodiff.primitive import Primitive
from dlcore.graph import topological_order
from dlcore.nn import load, named_parameters
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy, softmax
from dlcore.train import loss_and_grads, predict

N, D, M, K = 7, 5, 6, 3
CORNERS, EXCLUSIVE = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
PATHS = {"w1": "hidden.w", "b1": "hidden.b", "w2": "output.w", "b2": "output.b"}
BY_HAND = {
    "hidden.w": [[1, 1], [1, 1]],
    "hidden.b": [0, -1],
    "output.w": [[-1, 1], [2, -2]],
    "output.b": [1, 0],
}
EDGES = {  # what is made from what, in the words of the chapter
    "L": ["y", "w1", "w2"], "y": ["h", "w2", "b2"], "h": ["a"], "a": ["x", "w1", "b1"],
}  # fmt: skip
MADE_BY = {"L": "cross_entropy", "y": "linear", "h": "relu", "a": "linear"}
SCORES_001 = [
    [-0.5328368, 0.20031504, 0.93346689],
    [-0.59412164, 0.15498488, 0.9040914],
    [-0.67658362, 0.08978957, 0.85616275],
    [-0.77092643, 0.01339997, 0.79772637],
    [-0.89110401, -0.08754544, 0.71601312],
]
LOSS_001 = 1.381919460924677  # with reg 0.1
DIFFERENCE_001 = 3.848682303e-08  # between the scores printed there and theirs, summed
HALF_A_UNIT = 5e-9  # of the eighth decimal, the last that the sources print
ROUNDED = {"rtol": 1e-12, "atol": 1e-14}  # some roundings of 1e-16, also where terms cancel


@pytest.fixture
def models():
    """The package of the models, imported by those who ask: it brings the compiler."""
    return importlib.import_module("dlcore.nn.models")


@pytest.fixture
def relu():
    """The nonlinearity, imported by those who ask."""
    return importlib.import_module("dlcore.ops.activation").relu


@pytest.fixture
def lab():
    """The experiments of the chapter, imported by those who ask."""
    return importlib.import_module("dlcore.experiments.twolayer")


def drawn(rng):
    """Draw parameters of size one, features and labels, all sizes different."""
    shapes = {"w1": (D, M), "b1": M, "w2": (M, K), "b2": K}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return params, rng.normal(size=(N, D)), rng.integers(K, size=N)


def by_letter(arrays):
    """Name parameters or gradients by the letters of the page instead of their paths."""
    return {letter: arrays[path] for letter, path in PATHS.items()}


def by_path(arrays):
    """Name parameters by their paths in the network instead of the letters of the page."""
    return {path: arrays[letter] for letter, path in PATHS.items()}


@pytest.fixture
def labelled(models, rng):
    """A network with some features and labels."""
    params, x, t = drawn(rng)
    return load(models.TwoLayer(D, M, K, rng=rng), by_path(params)), x, t


@pytest.fixture
def by_hand(models, rng):
    """The network of whole numbers."""
    return load(models.TwoLayer(2, 2, 2, rng=rng), BY_HAND)


# By hand


def test_two_hidden_units_solve_exclusive_or(by_hand):
    """At every corner the score of the right class is one, that of the other zero."""
    assert by_hand(CORNERS).tolist() == np.eye(2)[EXCLUSIVE].tolist()


def test_one_hidden_unit_does_not_solve_exclusive_or(models, rng):
    """At most three of the four points are classified rightly, by 300 random networks."""
    for _ in range(300):
        model = models.TwoLayer(2, 1, 2, rng=rng)
        for w in named_parameters(model).values():
            w[...] = rng.normal(size=w.shape)
        assert (predict(model, CORNERS) == EXCLUSIVE).sum() <= 3


def test_the_backward_pass_by_hand_comes_out(by_hand):
    """All gradients are whole numbers; that of the second unit is zero at (1, 0)."""
    forwards(by_hand, np.array([[1.0, 0], [1, 1]]))
    h_bar = by_hand.output.backward(np.array([[1.0, -1], [0, 2]]))
    a_bar = by_hand.activation.backward(h_bar)
    by_hand.hidden.backward(a_bar)
    assert (h_bar.tolist(), a_bar.tolist()) == ([[-2, 4], [2, -4]], [[-2, 0], [2, -4]])
    first, second = by_hand.hidden.grads, by_hand.output.grads
    assert second["w"].tolist() == [[1, 3], [0, 2]]
    assert first["w"].tolist() == [[0, -4], [2, -4]]
    assert (first["b"].tolist(), second["b"].tolist()) == ([0, -4], [1, 1])


# The forward pass


def forwards(model, x):
    """Call the layers one by one, from the first to the last; return what each computes."""
    a = model.hidden.forward(x)
    h = model.activation.forward(a)
    return a, h, model.output.forward(h)


@pytest.mark.parametrize("name", ["mixtures", "hidden", "scores"])
def test_the_program_says_what_the_page_says(name, labelled, formulas, oracle):
    """Entry by entry, each of the three lines is what its layer returns."""
    model, x, _ = labelled
    a, h, y = forwards(model, x)
    assert_array_equal(model(x), y)
    params = by_letter(named_parameters(model))
    page = oracle.program(getattr(formulas, name))(x=x, a=a, h=h, **params)
    assert_allclose({"mixtures": a, "hidden": h, "scores": y}[name], page, **ROUNDED)


def test_every_layer_keeps_the_number_of_examples(labelled):
    """Shapes go (N, D) → (N, M) → (N, M) → (N, K), and a prediction is (N,)."""
    model, x, _ = labelled
    assert [made.shape for made in forwards(model, x)] == [(N, M), (N, M), (N, K)]
    assert_array_equal(predict(model, x, batch_size=2), model(x).argmax(axis=1))


def test_the_toy_scores_agree_with_fifteen_printed_ones(lab):
    """Summed, they differ from fifteen printed scores by as much as another program's do."""
    model, x, _ = lab.toy()
    assert lab.SCORES_001 == SCORES_001
    assert_allclose(np.abs(model(x) - SCORES_001).sum(), DIFFERENCE_001, atol=5e-18)


def test_the_toy_scores_agree_with_those_of_another_program(lab):
    """Fifteen scores of a network without biases, printed with eight decimals."""
    model, x, _ = lab.toy_heidelberg()
    assert_allclose(model(x), lab.SCORES_003, rtol=0, atol=HALF_A_UNIT)


# What the nonlinearity adds


def test_without_a_nonlinearity_two_layers_are_one(formulas, oracle, rng):
    """(x w₁ + b₁) w₂ = x (w₁ w₂) + b₁ w₂: the two sides are the same fraction."""
    left, right = oracle.claim(formulas.flat)
    given = oracle.draw(rng, left, right)
    pair = [oracle.program(side)(**given) for side in (left, right)]
    assert_array_equal(*pair)


def test_the_scores_are_piecewise_linear_along_a_line(labelled, rng):
    """On a line x + s v the scores are affine in each of M + 1 pieces between the kinks."""
    model, x, _ = labelled
    x, v, (w1, b1, *_) = x[0], rng.normal(size=D), named_parameters(model).values()
    kinks = np.sort(-(x @ w1 + b1) / (v @ w1))
    ends = np.concatenate([[kinks[0] - 1], kinks, [kinks[-1] + 1]])
    left, right = x + ends[:-1, None] * v, x + ends[1:, None] * v
    middle = (model(left) + model(right)) / 2
    assert_allclose(model((left + right) / 2), middle, rtol=1e-11)  # some are far away


def test_a_permutation_of_the_hidden_units_changes_no_score(labelled, rng):
    """Columns of w₁, entries of b₁ and rows of w₂ are permuted alike."""
    model, x, _ = labelled
    y, order = model(x), rng.permutation(M)
    w1, b1, w2, b2 = named_parameters(model).values()
    renamed = {"w1": w1[:, order], "b1": b1[order], "w2": w2[order], "b2": b2}
    load(model, by_path(renamed))
    assert_allclose(model(x), y, **ROUNDED)


# The loss


@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_the_loss_says_what_the_page_says(reg, labelled, formulas, oracle):
    """L = -1/N Σₙ ln pₙₜ + λ/2 (Σ w₁² + Σ w₂²): the penalty has both weights and no bias."""
    model, x, t = labelled
    p = oracle.program(formulas.probabilities)(y=model(x))
    page = oracle.program(formulas.loss)(p=p, t=t, reg=reg, **by_letter(named_parameters(model)))
    loss, _ = loss_and_grads(model, cross_entropy, x, t, l2=reg)
    assert_allclose(loss, page, **ROUNDED)


def test_the_toy_loss_agrees_to_all_printed_digits(lab):
    """Sixteen digits, with the penalty."""
    model, x, t = lab.toy()
    loss, _ = loss_and_grads(model, cross_entropy, x, t, l2=0.1)
    assert_allclose(loss, LOSS_001, rtol=1e-15)


# The backward pass


def backwards(model, x, t):
    """Call the layers one by one, from the last to the first; return every gradient by name."""
    a, h, y = forwards(model, x)
    (y_bar,) = cross_entropy.vjp(None, y, t, 1.0)
    h_bar = model.output.backward(y_bar)
    a_bar = model.activation.backward(h_bar)
    x_bar = model.hidden.backward(a_bar)
    given = {"x": x, "t": t, "a": a, "h": h, "p": softmax(y), **by_letter(named_parameters(model))}
    return given, {"y_bar": y_bar, "h_bar": h_bar, "a_bar": a_bar, "x_bar": x_bar}


def kept(model, reg):
    """Collect the gradients that the two linear layers have kept, and add that of the penalty."""
    first, second = model.hidden, model.output
    return {
        "hidden.w": first.grads["w"] + reg * first.params["w"],
        "hidden.b": first.grads["b"],
        "output.w": second.grads["w"] + reg * second.params["w"],
        "output.b": second.grads["b"],
    }


@pytest.mark.parametrize(
    "name", ["y_bar", "w2_bar", "b2_bar", "h_bar", "a_bar", "w1_bar", "b1_bar"]
)
def test_each_line_of_the_backward_pass_says_what_the_page_says(name, labelled, formulas, oracle):
    """Entry by entry, the seven lines are what the layers return and keep."""
    model, x, t = labelled
    given, bars = backwards(model, x, t)
    page = oracle.program(getattr(formulas, name))(**given, **bars, reg=0.7)
    grads = {f"{letter}_bar": bar for letter, bar in by_letter(kept(model, 0.7)).items()}
    assert_allclose({**bars, **grads}[name], page, **ROUNDED)


@pytest.mark.parametrize("name", ["w2", "w1"])
def test_each_gradient_in_one_line_says_what_the_page_says(name, labelled, formulas, oracle):
    """Entry by entry, with no other gradient in between."""
    model, x, t = labelled
    given, _ = backwards(model, x, t)
    page = oracle.program(getattr(formulas, f"{name}_gradient"))(**given, reg=0.7)
    _, grads = loss_and_grads(model, cross_entropy, x, t, l2=0.7)
    assert_allclose(grads[PATHS[name]], page, **ROUNDED)


def test_the_gradients_in_matrices_are_those_of_the_program(labelled):
    """w̄₂ = hᵀ (p - q)/N + λ w₂  and  w̄₁ = xᵀ ((p - q) w₂ᵀ ⊙ [a > 0])/N + λ w₁, q = [k = tₙ]."""
    model, x, t = labelled
    given, _ = backwards(model, x, t)
    a, h, p, w1, w2 = (given[name] for name in ("a", "h", "p", "w1", "w2"))
    error = (p - np.eye(K)[t]) / N
    _, grads = loss_and_grads(model, cross_entropy, x, t, l2=0.7)
    assert_allclose(grads["output.w"], h.T @ error + 0.7 * w2, **ROUNDED)
    assert_allclose(grads["hidden.w"], x.T @ ((error @ w2.T) * (a > 0)) + 0.7 * w1, **ROUNDED)


@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_the_tape_gives_the_gradients_of_the_layers(reg, labelled):
    """Loss and gradients are the same bits, layer by layer and by the tape."""
    model, x, t = labelled
    *_, y = forwards(model, x)
    backwards(model, x, t)
    loss, grads = loss_and_grads(model, cross_entropy, x, t, l2=reg)
    squares = sum(np.vdot(w, w) for w in (model.hidden.params["w"], model.output.params["w"]))
    assert loss == cross_entropy(y, t) + reg / 2 * squares
    assert list(grads) == list(PATHS.values())
    for path, by_hand in kept(model, reg).items():
        assert_array_equal(grads[path], by_hand)


def test_the_tape_visits_the_operations_in_an_order_of_the_graph(labelled, monkeypatch):
    """A gradient is complete before it is passed on:  L, y, h, a."""
    model, x, t = labelled
    order = list(topological_order("L", lambda name: EDGES.get(name, [])))
    visited, rule = [], Primitive.vjp

    def watched(primitive, *args, **options):
        visited.append(primitive.__name__)
        return rule(primitive, *args, **options)

    monkeypatch.setattr(Primitive, "vjp", watched)
    loss_and_grads(model, cross_entropy, x, t)
    made = [name for name in order if name in MADE_BY]
    assert made == ["L", "y", "h", "a"]
    assert visited == [MADE_BY[name] for name in made]
    assert all(order.index(y) < order.index(x) for y, xs in EDGES.items() for x in xs)


@pytest.fixture
def multiplications(monkeypatch):
    """Count the multiplications in the products of the linear map: a list that grows."""
    counts = []

    def product(a, b):
        counts.append(a.shape[0] * a.shape[1] * b.shape[1])
        return a @ b

    module = importlib.import_module("dlcore.ops.linear")
    monkeypatch.setattr(module, "product_for", lambda *arrays: product)
    return counts


def test_no_gradient_is_computed_for_the_features(labelled, multiplications):
    """A step costs 2 N D M + 3 N M K multiplications; x̄ would cost N D M more."""
    model, x, t = labelled
    loss_and_grads(model, cross_entropy, x, t)
    step = sum(multiplications)
    backwards(model, x, t)
    assert step == 2 * N * D * M + 3 * N * M * K
    assert sum(multiplications) == 2 * step + N * D * M


# Three checks


def test_differences_agree_for_a_random_upstream_gradient(labelled, relu, rng):
    """⟨ȳ, ẏ⟩ = Σ ⟨w̄, ẇ⟩ for the scores, entry by entry, with ȳ drawn at random."""
    model, x, _ = labelled
    scores = lambda w1, b1, w2, b2: linear(relu(linear(x, w1, b1)), w2, b2)
    params = named_parameters(model).values()
    assert_array_equal(scores(*params), model(x))
    check_gradients(scores, *params, rng=rng)


@pytest.mark.parametrize("name", ["w1", "b1", "w2", "b2"])
def test_the_gradient_by_hand_is_the_gradient_of_the_tape(name, labelled, relu):
    """Reverse mode on the loss in one expression gives what the layers keep."""
    model, x, t = labelled
    params = by_letter(named_parameters(model))

    def loss(w):
        w1, b1, w2, b2 = {**params, name: w}.values()
        surprise = cross_entropy(linear(relu(linear(x, w1, b1)), w2, b2), t)
        return surprise + 0.35 * (np.sum(w1 * w1) + np.sum(w2 * w2))

    backwards(model, x, t)
    value, gradient = value_and_grad(loss)(params[name])
    assert_allclose(value, loss_of(params, x, t, 0.7), **ROUNDED)
    assert_allclose(gradient, by_letter(kept(model, 0.7))[name], **ROUNDED)


# The wrong version


def without_indicator(params, x, t):
    """Compute the gradients of the first layer without the factor [a > 0]."""
    h = np.maximum(0, x @ params["hidden.w"] + params["hidden.b"])
    y_bar = softmax(h @ params["output.w"] + params["output.b"])
    y_bar[np.arange(len(x)), t] -= 1
    a_bar = y_bar @ params["output.w"].T / len(x)
    return {"hidden.w": x.T @ a_bar, "hidden.b": a_bar.sum(axis=0)}


def test_without_the_indicator_the_gradient_is_wrong(labelled):
    """Where some units are zero, xᵀ (p - q) w₂ᵀ/N is not the gradient."""
    model, x, t = labelled
    _, grads = loss_and_grads(model, cross_entropy, x, t)
    _, h, _ = forwards(model, x)
    assert 0 < (h > 0).mean() < 1
    wrong = without_indicator(named_parameters(model), x, t)
    assert np.abs(wrong["hidden.w"] - grads["hidden.w"]).max() > 1e-2


def test_a_missing_indicator_is_invisible_while_every_unit_is_active(labelled):
    """With b₁ = 99 every a is positive, [a > 0] is one, and a check would pass."""
    model, x, t = labelled
    model.hidden.params["b"][...] = 99
    _, grads = loss_and_grads(model, cross_entropy, x, t)
    wrong = without_indicator(named_parameters(model), x, t)
    assert_allclose(wrong["hidden.w"], grads["hidden.w"], **ROUNDED)


# Initialisation


def descend(model, x, t, steps, rate=0.5):
    """Take some plain steps on the whole batch."""
    for _ in range(steps):
        _, grads = loss_and_grads(model, cross_entropy, x, t)
        for name, bar in grads.items():
            named_parameters(model)[name][...] -= rate * bar


def test_from_zero_weights_only_the_last_bias_is_trained(models, rng):
    """With w₁ = w₂ = 0 and b₁ = 0 these remain 0, and p becomes the class frequencies."""
    t = np.array([0, 0, 0, 0, 1, 1, 2])
    model, x = models.TwoLayer(D, M, K, rng=rng, std=0.0), rng.normal(size=(N, D))
    descend(model, x, t, 300)
    assert [name for name, w in named_parameters(model).items() if w.any()] == ["output.b"]
    assert_allclose(softmax(model(x)), np.tile([4 / 7, 2 / 7, 1 / 7], (N, 1)), atol=1e-12)


def test_equal_hidden_units_stay_equal(labelled, models, rng):
    """Equal columns of w₁ and rows of w₂ remain equal, and M units compute what 1 does."""
    model, x, t = labelled
    params = named_parameters(model)
    for name, axis in (("hidden.w", 1), ("hidden.b", 0), ("output.w", 0)):
        params[name][...] = params[name].take([0], axis)
    descend(model, x, t, 50)
    w1, b1, w2, b2 = params.values()
    one = {"w1": w1[:, :1], "b1": b1[:1], "w2": M * w2[:1], "b2": b2}
    alone = load(models.TwoLayer(D, 1, K, rng=rng), by_path(one))
    assert_allclose(alone(x), model(x), rtol=0, atol=1e-11)


# Training


def test_a_hundred_steps_learn_five_examples(lab):
    """After a hundred steps the loss is below 0.02."""
    values, history = lab.heidelberg_toy(0)
    assert len(history["train_loss"]) == 100
    assert history["train_loss"][0] > 1
    assert values["loss"] < 0.02


# Exercises


def scores_of(params, x):
    """Follow the definition, entry by entry, in floats of eight bytes."""
    w1, b1, w2, b2 = (np.asarray(params[name], float) for name in ("w1", "b1", "w2", "b2"))
    y = np.tile(b2, (len(x), 1))
    for n, m in np.ndindex(len(x), len(b1)):
        a = sum(x[n].astype(float) * w1[:, m]) + b1[m]
        for k in range(len(b2)):
            y[n, k] += max(0.0, a) * w2[m, k]
    return y


def loss_of(params, x, t, reg):
    """Add up surprises, one example at a time, and the penalty of the weights."""
    y, total = scores_of(params, x), 0.0
    for y_n, t_n in zip(y, t, strict=True):
        total += np.log(np.exp(y_n - y_n.max()).sum()) + y_n.max() - y_n[t_n]
    squares = sum((params[name].astype(float) ** 2).sum() for name in ("w1", "w2"))
    return total / len(x) + reg / 2 * squares


def gradients_of(params, x, t, reg):
    """Let every example add its share, unit by unit, in floats of eight bytes."""
    params = {name: w.astype(float) for name, w in params.items()}
    bars = {name: reg * w if w.ndim == 2 else 0 * w for name, w in params.items()}
    for x_n, t_n, y_n in zip(x.astype(float), t, scores_of(params, x), strict=True):
        p = np.exp(y_n - y_n.max())
        error = (p / p.sum() - (np.arange(len(p)) == t_n)) / len(x)
        for m, a in enumerate(x_n @ params["w1"] + params["b1"]):
            a_bar = (a > 0) * sum(error * params["w2"][m])
            bars["w2"][m] += max(0.0, a) * error
            bars["w1"][:, m] += x_n * a_bar
            bars["b1"][m] += a_bar
        bars["b2"] += error
    return bars


def toy():
    """The toy network of the sources: every number is spread evenly."""
    spread = lambda low, high, *shape: np.linspace(low, high, np.prod(shape)).reshape(shape)
    params = {"w1": spread(-0.2, 0.6, 4, 10), "b1": spread(-0.3, 0.7, 10),
              "w2": spread(-0.4, 0.1, 10, 3), "b2": spread(-0.5, 0.9, 3)}  # fmt: skip
    return params, spread(-0.2, 0.5, 5, 4), np.array([0, 1, 2, 2, 1])


def problem(rng, N=None, one="", scale=1.0, dtype=float):
    """Draw a network, features and labels; no two sizes are alike, and a size may be `one`."""
    size = dict(zip("NDMK", map(int, rng.permutation([2, 3, 4, 5, 7])), strict=False))
    size |= {"N": N or size["N"], one: 1}
    shapes = {"w1": "DM", "b1": "M", "w2": "MK", "b2": "K"}
    draw = lambda letters: rng.normal(scale=scale, size=[size[letter] for letter in letters])
    params = {name: draw(letters).astype(dtype) for name, letters in shapes.items()}
    return params, draw("NND")[0].astype(dtype), rng.integers(size["K"], size=size["N"])


def problems(rng):
    """Draw ordinary problems, one of one example, and others at the edge of what there is."""
    ordinary, single, alone = problem(rng), problem(rng, 1), problem(rng, one=rng.choice([*"DMK"]))
    params, x, t = problem(rng)
    apart = {name: np.repeat(w, 2, axis=0)[::2] for name, w in params.items()}
    return [ordinary, single, alone, (apart, x[:, ::-1], t), problem(rng, dtype=np.float32)]


def near(x):
    """Allow for roundings of floats like those of x, in any order, where terms cancel."""
    eps = np.finfo(x.dtype).eps
    return {"rtol": 2e4 * eps, "atol": 2e3 * eps}


def prices(rng):
    """Draw prices of weights: none, a low one and a high one."""
    return [0.0, rng.uniform(0.1, 0.9), rng.uniform(1.1, 3.0)]


@pytest.mark.exercise("twolayer-forward", points=2)
def test_your_scores_are_those_of_the_definition(answers, unchanged, rng):
    """y[n, k] = Σₘ max(0, Σ_d x[n, d] w1[d, m] + b1[m]) w2[m, k] + b2[k]."""
    for params, x, _ in problems(rng):
        for size in (1.0, -9.0, 1e4):
            wanted = scores_of(params, size * x)
            found = unchanged(answers.scores, params, size * x)
            assert np.shape(found) == wanted.shape
            assert_allclose(np.divide(found, size), wanted / size, **near(x))


@pytest.mark.exercise("twolayer-forward", points=2)
def test_your_scores_are_those_of_the_sources(answers):
    """They miss the fifteen printed numbers, summed, by as much as those of the sources do."""
    params, x, _ = toy()
    y = answers.scores(params, x)
    assert_allclose(y, SCORES_001, rtol=0, atol=HALF_A_UNIT)
    assert_allclose(np.abs(y - np.array(SCORES_001)).sum(), DIFFERENCE_001, rtol=0, atol=1e-13)


@pytest.mark.exercise("twolayer-loss", points=2)
def test_your_loss_is_that_of_the_definition(answers, unchanged, rng):
    """L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + reg/2 (Σ w₁² + Σ w₂²)."""
    for params, x, t in problems(rng):
        for reg in prices(rng):
            wanted = loss_of(params, x, t, reg)
            loss = unchanged(answers.loss, params, x, t, reg)
            assert np.shape(loss) == ()
            assert_allclose(loss, wanted, **near(x))


@pytest.mark.exercise("twolayer-loss", points=2)
def test_your_loss_is_that_of_the_sources(answers):
    """For the toy network with reg = 0.1, to thirteen digits."""
    assert_allclose(answers.loss(*toy(), 0.1), LOSS_001, rtol=1e-13)


@pytest.mark.exercise("twolayer-loss", points=2)
def test_your_loss_survives_huge_scores(answers, rng):
    """Scores of thousands: a wrong answer costs about the difference to the highest score."""
    for _ in range(3):
        params, x, t = problem(rng, scale=30.0)
        wanted = loss_of(params, x, t, 0.0)
        assert wanted < np.inf
        assert_allclose(answers.loss(params, x, t, 0.0), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.exercise("twolayer-backward", points=4)
@pytest.mark.parametrize("name", ["w1", "b1", "w2", "b2"])
def test_every_parameter_receives_its_gradient(answers, name, unchanged, rng):
    """The gradient of each parameter has its name and its shape; every example contributes."""
    for params, x, t in problems(rng):
        for reg in prices(rng)[1:]:
            wanted = gradients_of(params, x, t, reg)[name]
            grads = unchanged(answers.gradients, params, x, t, reg)
            assert sorted(grads) == ["b1", "b2", "w1", "w2"]
            assert np.shape(grads[name]) == wanted.shape
            assert_allclose(grads[name], wanted, **near(x))


@pytest.mark.exercise("twolayer-backward", points=4)
def test_an_inactive_unit_has_gradient_zero(answers, rng):
    """Where a < 0 for every example, w̄₁, b̄₁ and w̄₂ of the unit are zero, if reg is."""
    params, x, t = problem(rng)
    m = rng.integers(len(params["b1"]))
    params["b1"][m] = -99
    grads = answers.gradients(params, x, t, 0.0)
    assert not np.any(np.asarray(grads["w1"])[:, m])
    assert grads["b1"][m] == 0
    assert not np.any(grads["w2"][m])


@pytest.mark.exercise("twolayer-backward", points=4)
def test_a_unit_at_its_kink_has_gradient_zero(answers, rng):
    """Without features and biases a = 0 for every unit, and [a > 0] is zero."""
    params, x, t = problem(rng)
    params["b1"][...] = x[0] = 0
    wanted = gradients_of(params, x, t, 0.0)
    grads = answers.gradients(params, x, t, 0.0)
    for name in params:
        assert_allclose(grads[name], wanted[name], **near(x))


@pytest.mark.exercise("twolayer-backward", points=4)
def test_your_gradients_survive_huge_scores(answers, rng):
    """Scores of thousands are certain: p is 0 or 1, and an error is -1, 0 or 1."""
    for _ in range(3):
        params, x, t = problem(rng, scale=30.0)
        wanted = gradients_of(params, x, t, 0.0)
        grads = answers.gradients(params, x, t, 0.0)
        for name in params:
            assert_allclose(grads[name], wanted[name], rtol=1e-9, atol=1e-9)


@pytest.mark.exercise("twolayer-predict", points=1)
def test_your_prediction_is_the_highest_score(answers, unchanged, rng):
    """The prediction for xₙ is the k with the largest yₙₖ."""
    for params, x, _ in [problem(rng, 29), problem(rng, 31), *problems(rng)]:
        wanted = scores_of(params, x).argmax(axis=1)
        k = np.asarray(unchanged(answers.predict, params, x))
        assert k.dtype.kind in "iu"
        assert k.shape == wanted.shape
        assert_array_equal(k, wanted)


@pytest.mark.exercise("twolayer-predict", points=1)
def test_scores_of_any_size_can_be_compared(answers, rng):
    """Also where all of them are negative, far from zero, large or small, or hardly differ."""
    away = [(far, 1) for far in (-500, 500, -1e9, 1e9)]
    around = [(0, size) for size in (1e3, 1e-4, 1e-6)]
    for far, size in 2 * [*away, *around, (-1e14, 1e9)]:
        params, x, _ = problem(rng, 19)
        params["w2"] *= size
        params["b2"] = size * params["b2"] + far
        wanted = scores_of(params, x).argmax(axis=1)
        assert_array_equal(answers.predict(params, x), wanted)


@pytest.mark.exercise("twolayer-xor", points=2)
def test_your_network_solves_exclusive_or(answers, rng):
    """Whole numbers of the right shapes; at every corner the right class wins."""
    for M in (2, 3, *map(int, rng.integers([4, 4, 50], [50, 50, 90]))):
        params = {name: np.asarray(w, float) for name, w in answers.exclusive_or(M).items()}
        shapes = {name: w.shape for name, w in params.items()}
        assert shapes == {"w1": (2, M), "b1": (M,), "w2": (M, 2), "b2": (2,)}
        assert all(np.isfinite(w).all() and (w == np.round(w)).all() for w in params.values())
        y = scores_of(params, CORNERS)
        right, wrong = y[np.arange(4), EXCLUSIVE], y[np.arange(4), 1 - EXCLUSIVE]
        assert (right > wrong).all()


def knows(answers, unchanged, x, t, K):
    """Tell whether a network of the right shapes gives every example its label, and no other."""
    N, D = x.shape
    params = unchanged(answers.memorise, x, t, K)
    M = len(params["b1"])
    assert N >= M
    assert [np.shape(params[name]) for name in ("w1", "w2", "b2")] == [(D, M), (M, K), (K,)]
    y = scores_of(params, x)
    others = np.where(np.eye(K, dtype=bool)[t], -np.inf, y).max(axis=1)
    return (y[np.arange(N), t] > others).all()


@pytest.mark.exercise("twolayer-memory", points=4)
def test_your_network_memorises_its_examples(answers, unchanged, rng):
    """Any labels of any N different examples, with N hidden units at most."""
    sizes = rng.integers([1, 8, 12, 20], [6, 12, 20, 31])
    for N, D, K in zip(
        (1, *sizes), (3, 1, *rng.integers(2, 7, size=3)), (2, 3, 4, 5, 2), strict=True
    ):
        x = rng.normal(size=(N, D))
        assert knows(answers, unchanged, x, rng.integers(K, size=N), K)
    assert knows(answers, unchanged, x, np.full(len(x), rng.integers(2)), 3)


@pytest.mark.exercise("twolayer-memory", points=4)
def test_examples_may_share_features(answers, unchanged, rng):
    """All corners of a cube, with the parity of their bits: many agree along every axis."""
    x = rng.permutation(np.array(list(np.ndindex(2, 2, 2)), dtype=float))
    assert knows(answers, unchanged, x, x.sum(axis=1).astype(int) % 2, 2)


@pytest.mark.exercise("twolayer-memory", points=4)
def test_examples_may_have_one_length_and_one_sum(answers, unchanged, rng):
    """All orders of four numbers: neither sums nor norms distinguish them."""
    orders = np.unique([rng.permutation(4) for _ in range(60)], axis=0)
    x = rng.permutation(rng.normal(size=4)[orders])
    assert knows(answers, unchanged, x, rng.integers(3, size=len(x)), 3)


@pytest.mark.exercise("twolayer-memory", points=4)
def test_examples_may_be_one_number(answers, unchanged, rng):
    """Read as digits, from the left or from the right, to one of many bases, two rows are equal."""
    first = rng.integers(5, size=int(rng.integers(2, 5)))
    x = np.tile(first.astype(float), (11, 1))
    for row, base in enumerate((2, 3, 5, 8, 10)):
        x[2 * row, :2] += (base, -1)
        x[2 * row + 1, :2] += (-1, base)
    t = np.append(rng.integers(3, size=10), 3)
    order, names = rng.permutation(11), rng.permutation(4)
    assert knows(answers, unchanged, x[order], names[t[order]], 4)


def bent(bend, slope, passed=None):
    """Make loss and gradients of a network with some nonlinearity and its derivative."""
    passed = passed or slope

    def forwards(params, x):
        a = x @ params["w1"] + params["b1"]
        y = bend(a) @ params["w2"] + params["b2"]
        return a, y - y.max(axis=1, keepdims=True)

    def loss(params, x, t, reg):
        y = forwards(params, x)[1]
        surprise = np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(x)), t]
        return float(surprise.mean() + reg / 2 * sum((params[w] ** 2).sum() for w in ("w1", "w2")))

    def gradients(params, x, t, reg):
        a, y = forwards(params, x)
        error = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True) - np.eye(y.shape[1])[t]
        a_bar = error @ params["w2"].T * passed(a)
        bars = {"w1": x.T @ a_bar, "b1": a_bar.sum(axis=0)}
        bars |= {"w2": bend(a).T @ error, "b2": error.sum(axis=0)}
        priced = {"w1": reg, "w2": reg, "b1": 0.0, "b2": 0.0}
        return {name: bar / len(x) + priced[name] * params[name] for name, bar in bars.items()}

    return loss, gradients


rectifier = lambda a: np.maximum(0, a)
switch = lambda a: 1.0 * (a > 0)
leaky = lambda leak: (lambda a: np.where(a > 0, a, leak * a), lambda a: np.where(a > 0, 1.0, leak))
SMOOTH = [
    (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    (np.sin, np.cos),
    (lambda a: np.logaddexp(0, a), lambda a: (1 + np.tanh(a / 2)) / 2),
]


def altered(name, change):
    """Change the gradient of one parameter, by itself, the parameter, N and the penalty."""

    def alter(gradients):
        def wrong(params, x, t, reg):
            bars = gradients(params, x, t, reg)
            return bars | {name: change(bars[name], params[name], len(x), reg)}

        return wrong

    return alter


def one_entry(share, by):
    """Change the entry that has some share of all before it."""

    def change(bar, w, N, reg):
        at = np.unravel_index(int(share * bar.size), bar.shape)
        step = np.zeros(bar.shape)
        step[at] = by * max(abs(bar[at]), 0.1)
        return bar + step

    return change


def smallest_entry(bar, w, N, reg):
    """Change the entry that is nearest to zero, by as little as may be wrong."""
    return one_entry(np.abs(bar).argmin() / bar.size + 1e-9, 0.03)(bar, w, N, reg)


def slips(rng):
    """List what may be wrong with gradients: of each parameter, of the weights, of the biases."""
    names = ["w1", "b1", "w2", "b2"]
    summed = lambda bar, w, N, reg: N * (bar - reg * w * (w.ndim > 1)) + reg * w * (w.ndim > 1)
    by = lambda factor: lambda bar, w, N, reg: bar + factor * reg * w
    found = [
        altered(name, one_entry(rng.random(), step))
        for name, step in zip(names, rng.permutation([-0.1, -0.03, 0.03, 0.03]), strict=True)
    ]
    found += [altered(rng.choice(names), smallest_entry), altered(rng.choice(names), summed)]
    found += [altered(rng.choice(["w1", "w2"]), by(rng.choice([-1, 1])))]
    found += [altered(rng.choice(["b1", "b2"]), by(1))]
    found += [altered(rng.choice(names), lambda bar, w, N, reg: rng.choice([0, -1]) * bar)]
    found += [altered(name, lambda bar, w, N, reg: bar[::-1]) for name in ("w1", "b1")]
    shorter = lambda x: x[: max(1, len(x) - 1)]
    found += [lambda right: lambda params, x, t, reg: right(params, shorter(x), shorter(t), reg)]
    return found


def judged_gradients(rng):
    """List pairs of loss and gradients in a drawn order, each with the truth about it."""
    right = [bent(rectifier, switch), bent(*leaky(rng.uniform(0.05, 0.3)))]
    right += [bent(*SMOOTH[i]) for i in rng.integers(len(SMOOTH), size=rng.integers(1, 3))]
    bends = [(rectifier, switch), *SMOOTH]
    wrong = []
    for slip in slips(rng):
        loss, gradients = bent(*bends[rng.integers(len(bends))])
        wrong.append((loss, slip(gradients)))
    tenth = leaky(rng.uniform(0.05, 0.3))[1]
    wrong += [bent(rectifier, switch, passed) for passed in (np.ones_like, tenth)]
    cases = [(*pair, True) for pair in right] + [(*pair, False) for pair in wrong]
    return [cases[i] for i in rng.permutation(len(cases))]


@pytest.mark.exercise("twolayer-check", points=4)
def test_right_gradients_are_distinguished_from_wrong_ones(answers, rng):
    """Whatever the nonlinearity is: the loss is given, and differences of it decide."""
    right = True
    for *pair, truth in judged_gradients(rng):
        # a difference may step across a kink by accident: right gradients have a second try
        said = [answers.gradients_are_right(*pair, rng=rng)]
        said += [answers.gradients_are_right(*pair, rng=rng)] if truth and not said[0] else []
        assert all(np.shape(each) == () for each in said), "return True or False"
        right &= bool(np.equal(said[-1], truth))
    assert right, "a verdict is wrong"


@pytest.mark.exercise("twolayer-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "back_to_w2": "twolayer-line-5",
        "back_to_w1": "twolayer-line-2",
        "w1_in_matrices": "twolayer-line-5",
    }
    truth = [planted(f"twolayer.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
