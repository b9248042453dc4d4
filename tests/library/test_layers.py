"""Layers: parameters and state by path, one reverse mode, runs that may be stopped anywhere."""

import gc
import tracemalloc
import weakref
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dlcore import nn
from dlcore.autodiff import check_gradients, vjp
from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.primitive import Primitive
from dlcore.data.dataset import Examples
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import ShapeError
from dlcore.train import SGD, AdamW, Callback, Solver, accuracy, loss_and_grads, predict
from dlcore.train.checkpoint import parts_of

N, D, M, K = 7, 4, 3, 5


class Centre(nn.Layer):
    """Subtract the mean of the batch in training, a running mean in evaluation."""

    def __init__(self, D):
        self.params = {"scale": np.ones(D), "shift": np.zeros(D)}
        self.state = {"mean": np.zeros(D)}

    def __call__(self, x, rng=None):
        mean = self.state["mean"]
        if rng is not None:
            mean = x.mean(axis=0)
            self.state["mean"][...] = 0.9 * self.state["mean"] + 0.1 * plain(mean)
        return (x - mean) * self.params["scale"] + self.params["shift"]


class Branching(nn.Layer):
    """Blocks with a shortcut around each, a branch beside them, and a mask in training."""

    def __init__(self, D, M, K, *, rng):
        self.blocks = [
            nn.Sequential(nn.Linear(D, D, rng=rng), Centre(D), nn.ReLU()) for _ in range(2)
        ]
        self.beside = {"mix": nn.Linear(D, M, rng=rng), "tanh": nn.Activation("tanh")}
        self.output = nn.Linear(D + M, K, rng=rng)

    def __call__(self, x, rng=None):
        h = x
        for block in self.blocks:
            h = h + block(h, rng)
        h = np.concatenate([h, self.beside["tanh"](self.beside["mix"](x))], axis=1)
        if rng is not None:
            h = h * ((rng.random(h.shape) < 0.8) / 0.8)
        return self.output(h)


PATHS = [
    "blocks.0.layers.0.w", "blocks.0.layers.0.b", "blocks.0.layers.1.scale",
    "blocks.0.layers.1.shift", "blocks.1.layers.0.w", "blocks.1.layers.0.b",
    "blocks.1.layers.1.scale", "blocks.1.layers.1.shift", "beside.mix.w", "beside.mix.b",
    "output.w", "output.b",
]  # fmt: skip


def branching(seed=0):
    """Build the model, with drawn numbers for every parameter and all state."""
    rng = np.random.default_rng(seed)
    model = Branching(D, M, K, rng=rng)
    for array in [*nn.named_parameters(model).values(), *nn.named_state(model).values()]:
        array[...] += rng.normal(scale=0.3, size=array.shape)
    return model


@pytest.fixture
def labelled(rng):
    """Features and labels."""
    return rng.normal(size=(N, D)), rng.integers(K, size=N)


def copies(arrays):
    """Copy named arrays."""
    return {name: np.array(array) for name, array in arrays.items()}


def assert_same(one, other):
    """Compare dictionaries of arrays, or of such dictionaries, bit by bit and in their order."""
    assert list(one) == list(other)
    for name, value in one.items():
        if isinstance(value, dict):
            assert_same(value, other[name])
        else:
            assert_array_equal(value, other[name], err_msg=name, strict=True)


def as_function(model, x, seed=None):
    """Return the model as a function of its parameters, its masks fixed by a seed."""
    paths = nn.named_parameters(model)

    def call(*values):
        rng = None if seed is None else np.random.default_rng(seed)
        with nn.using_parameters(model, dict(zip(paths, values, strict=True))):
            return model(x, rng)

    return call


# Gradients


@pytest.mark.parametrize("seed", [None, 3], ids=["evaluating", "training"])
def test_gradients_of_any_graph_agree_with_differences(seed, labelled, rng):
    """Shortcut, concatenation, state and mask: random directions, random upstream gradients."""
    model, (x, _) = branching(), labelled
    check_gradients(as_function(model, x, seed), *nn.named_parameters(model).values(), rng=rng)


@pytest.mark.parametrize("seed", [None, 3], ids=["evaluating", "training"])
def test_the_gradient_of_the_loss_agrees_with_differences(seed, labelled, rng):
    """`loss_and_grads`, penalty included, along random directions."""
    model, (x, t), h = branching(), labelled, 1e-5
    params, state = nn.named_parameters(model), copies(nn.named_state(model))

    def loss_and(model):
        masks = None if seed is None else np.random.default_rng(seed)
        return loss_and_grads(model, cross_entropy, x, t, masks, l2=0.7)

    _, grads = loss_and(model)
    assert list(grads) == PATHS
    for _ in range(5):
        dots = {path: rng.normal(size=w.shape) for path, w in params.items()}
        ahead, behind = branching(), branching()
        nn.load(ahead, {path: w + h * dots[path] for path, w in params.items()}, state)
        nn.load(behind, {path: w - h * dots[path] for path, w in params.items()}, state)
        slope = (loss_and(ahead)[0] - loss_and(behind)[0]) / (2 * h)
        claimed = sum(np.vdot(grads[path], dots[path]) for path in params)
        assert abs(slope - claimed) < 1e-7 * (1 + abs(slope))


SHAPE = (4, 2, 6, 5)
LEAVES = {
    "Linear": (partial(nn.Linear, 6, 5), (4, 6)),
    "Conv2d": (partial(nn.Conv2d, 2, 3, 3, padding=1), SHAPE),
    "Conv2d with ReLU": (partial(nn.Conv2d, 2, 3, 3, relu=True), SHAPE),
    "Conv2d without bias": (partial(nn.Conv2d, 2, 3, 3, bias=False), SHAPE),
    "MaxPool2d": (partial(nn.MaxPool2d, 2), SHAPE),
    "AvgPool2d": (partial(nn.AvgPool2d, 2), SHAPE),
    "GlobalAvgPool": (nn.GlobalAvgPool, SHAPE),
    "Flatten": (nn.Flatten, SHAPE),
    **{name: (partial(nn.Activation, name), (4, 6)) for name in nn.ACTIVATIONS},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LEAVES)
def test_hand_and_tape_agree_for_every_leaf_layer(name, dtype, rng):
    """`forward`, `backward` and `grads` are the same bits as a call on the tape."""
    make, shape = LEAVES[name]
    drawn = {"rng": rng, "dtype": dtype} if name.startswith(("Linear", "Conv2d")) else {}
    layer, x = make(**drawn), rng.normal(size=shape).astype(dtype)
    paths = nn.named_parameters(layer)

    def call(x, *values):
        with nn.using_parameters(layer, dict(zip(paths, values, strict=True))):
            return layer(x)

    y, pullback = vjp(call, x, *paths.values())
    y_bar = rng.normal(size=y.shape).astype(dtype)
    x_bar, *bars = pullback(y_bar)
    assert_array_equal(layer.forward(x), y)
    assert_array_equal(layer.backward(y_bar), x_bar)
    assert_same(layer.grads, dict(zip(paths, bars, strict=True)))
    assert layer.backward(y_bar, input_grad=False) is None
    assert_same(layer.grads, dict(zip(paths, bars, strict=True)))


# Training and evaluation


def test_evaluation_changes_nothing(labelled):
    """Without a generator: parameters and state keep their bits, and answers are the same."""
    model, (x, t) = branching(), labelled
    before = copies(nn.named_parameters(model)), copies(nn.named_state(model))
    y = model(x)
    assert_array_equal(model(x), y)
    predict(model, x)
    accuracy(model, x, t)
    loss_and_grads(model, cross_entropy, x, t)
    assert_same(nn.named_parameters(model), before[0])
    assert_same(nn.named_state(model), before[1])


def test_training_changes_all_state_and_no_parameter(labelled):
    """With a generator: both running means move, and the mask is another one every time."""
    model, (x, t) = branching(), labelled
    params, state = copies(nn.named_parameters(model)), copies(nn.named_state(model))
    rng = np.random.default_rng(0)
    first, second = (loss_and_grads(model, cross_entropy, x, t, rng)[0] for _ in range(2))
    assert first != second
    assert_same(nn.named_parameters(model), params)
    assert list(state) == ["blocks.0.layers.1.mean", "blocks.1.layers.1.mean"]
    assert all((mean != state[path]).all() for path, mean in nn.named_state(model).items())


# Stopped and resumed


class StoppedError(Exception):
    """Raised inside a run."""


class StopAt(Callback):
    """Raise after so many steps or epochs."""

    def __init__(self, *, step=None, epoch=None):
        self.at = step, epoch

    def step(self, solver):
        if len(solver.history.train_loss) == self.at[0]:
            raise StoppedError

    def epoch(self, solver):
        if solver.epoch == self.at[1]:
            raise StoppedError


def noisy(x, rng):
    """Add noise to a batch, as an augmentation does."""
    return x + rng.normal(scale=0.1, size=x.shape)


EPOCHS, EXAMPLES, BATCH = 3, 14, 4  # four steps an epoch, the last one short
WAYS = {
    "shuffled": {},
    "replacement": {"replacement": True, "steps_per_epoch": 4},
    "augmented": {"augment": noisy},
    "evaluated inside epochs": {"evaluate_every": 3, "evaluate_first": True},
}


def solver(seed, *, callbacks=(), **settings):
    """Set up a run; everything random in it comes from `seed`, but for the data."""
    rng = np.random.default_rng(0)
    examples = Examples(rng.normal(size=(EXAMPLES, D)), rng.integers(K, size=EXAMPLES))
    data = SimpleNamespace(train=examples, val=examples)
    return Solver(
        branching(seed), data, optimizer=AdamW(0.03, weight_decay=0.1), batch_size=BATCH,
        epochs=EPOCHS, l2=0.01, callbacks=callbacks, seed=seed, **settings,
    )  # fmt: skip


def outcome(run):
    """Copy everything that a run leaves behind: model, state, history, memory, generators."""
    return {
        "model": copies(nn.named_parameters(run.model)),
        "model's state": copies(nn.named_state(run.model)),
        **{part: copies(arrays) for part, arrays in parts_of(run).items() if part != "callbacks"},
    }


STOPS = [
    *({"epoch": epoch} for epoch in range(2, EPOCHS + 1)),
    *({"step": step} for step in range(2, 4 * EPOCHS + 1)),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("checkpoint_every", [None, 1, 3])
def test_a_run_stopped_anywhere_and_resumed_ends_with_the_same_bits(
    way, checkpoint_every, tmp_path
):
    """After any epoch or inside one; the fresh solver has another model and another seed."""
    whole = solver(0, **WAYS[way])
    whole.train()
    expected, tried = outcome(whole), 0
    for number, stop in enumerate(STOPS):
        path = tmp_path / f"{number}.npz"
        stopped = solver(0, callbacks=[StopAt(**stop)], **WAYS[way])
        with pytest.raises(StoppedError):
            stopped.train(path=path, checkpoint_every=checkpoint_every)
        if path.exists():
            fresh = solver(1, **WAYS[way]).resume(path)
            assert len(fresh.history.train_loss) < len(whole.history.train_loss) or "epoch" in stop
            fresh.train()
            assert_same(outcome(fresh), expected)
            tried += 1
    assert tried >= len(STOPS) - 3


# Names


def test_an_unknown_activation_is_refused():
    """The message lists the names that there are."""
    with pytest.raises(ValueError, match=r"Activation: name is 'step', use one of relu, leaky"):
        nn.Activation("step")


def test_names_are_paths():
    """Through attributes, lists and dictionaries, in the order of the attributes."""
    assert list(nn.named_parameters(branching())) == PATHS
    assert list(nn.named_layers(branching()))[:3] == ["", "blocks.0", "blocks.0.layers.0"]


def test_names_survive_the_insertion_of_a_layer_elsewhere(rng):
    """Another attribute, another entry, another block at the end: the old names name the same."""
    model = branching()
    before = nn.named_parameters(model)
    model.blocks.append(nn.Linear(D, D, rng=rng))
    model.beside = {"first": nn.Linear(D, D, rng=rng), **model.beside}
    model.__dict__ = {"front": nn.Linear(D, D, rng=rng), **vars(model)}
    after = nn.named_parameters(model)
    assert set(after) - set(before) == {
        "front.w", "front.b", "blocks.2.w", "blocks.2.b", "beside.first.w", "beside.first.b",
    }  # fmt: skip
    assert all(after[path] is array for path, array in before.items())


def test_containers_may_hold_containers(rng):
    """A dictionary of lists of tuples is walked; what is no layer is passed over."""
    model = nn.Layer()
    model.size = 3
    model.tree = {"left": [nn.ReLU(), (nn.Linear(2, 3, rng=rng), "a word")], "right": {}}
    assert list(nn.named_parameters(model)) == ["tree.left.1.0.w", "tree.left.1.0.b"]


def test_a_shared_layer_is_named_once(rng):
    """It has the name of its first place, and the gradient is that of both its uses."""
    layer = nn.Linear(D, D, rng=rng)
    shared = nn.Sequential(layer, nn.Activation("tanh"), layer)
    apart = nn.Sequential(layer, nn.Activation("tanh"), nn.Linear(D, D, rng=rng))
    nn.load(apart.layers[2], layer.params)
    assert list(nn.named_parameters(shared)) == ["layers.0.w", "layers.0.b"]
    x, t = rng.normal(size=(N, D)), rng.integers(D, size=N)
    _, once = loss_and_grads(shared, cross_entropy, x, t)
    _, twice = loss_and_grads(apart, cross_entropy, x, t)
    np.testing.assert_allclose(once["layers.0.w"], twice["layers.0.w"] + twice["layers.2.w"])


# Checkpoints of another model


def with_layer(model):
    """Give the model one more layer."""
    model.extra = nn.Linear(2, 2, rng=np.random.default_rng(0))


def with_width(model):
    """Give the model an output of another width."""
    model.output = nn.Linear(D + M, K + 1, rng=np.random.default_rng(0))


def with_state(model):
    """Give the second block one more array of state."""
    model.blocks[1].layers[1].state = {**model.blocks[1].layers[1].state, "steps": np.zeros(1)}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (with_layer, KeyError, r"the model has extra\.w but"),
        (with_width, ShapeError, r"output\.w is \(7, 6\) in the model but \(7, 5\) in"),
        (with_state, KeyError, r"the model has blocks\.1\.layers\.1\.steps but"),
    ],
)
@pytest.mark.parametrize("epoch", [0, 1])
def test_a_checkpoint_of_another_model_is_refused_and_changes_nothing(
    epoch, change, error, message, tmp_path
):
    """The first name that differs is in the message, with or without a best model so far."""
    path = tmp_path / "run.npz"
    stopped = solver(0, callbacks=[StopAt(step=2 + 4 * epoch)])
    with pytest.raises(StoppedError):
        stopped.train(path=path, checkpoint_every=1)
    other = solver(1)
    change(other.model)
    before = outcome(other)
    with pytest.raises(error, match=message):
        other.resume(path)
    assert_same(outcome(other), before)


# The tape


def test_own_parameters_are_back_even_if_the_call_raises():
    """After a call that raises, and after names that are missing, every layer has its own."""
    model = branching()
    own = nn.named_parameters(model)
    others = {path: w + 1 for path, w in own.items()}
    with pytest.raises(ShapeError):
        as_function(model, np.ones((N, D + 1)))(*others.values())
    del others["output.b"]
    with pytest.raises(KeyError, match=r"output\.b"), nn.using_parameters(model, others):
        pass
    assert list(own) == list(nn.named_parameters(model))
    assert all(w is own[path] for path, w in nn.named_parameters(model).items())


def test_no_gradient_of_the_input_is_computed(rng, monkeypatch):
    """The first layer is asked for the gradients of w and b alone, the second for all three."""
    model = nn.Sequential(nn.Linear(D, M, rng=rng), nn.ReLU(), nn.Linear(M, K, rng=rng))
    asked, rule = [], Primitive.vjp

    def watched(primitive, *args, argnums=None, **options):
        asked.append((primitive.__name__, list(argnums)))
        return rule(primitive, *args, argnums=argnums, **options)

    monkeypatch.setattr(Primitive, "vjp", watched)
    loss_and_grads(model, cross_entropy, rng.normal(size=(N, D)), rng.integers(K, size=N))
    assert asked == [
        ("cross_entropy", [0]), ("linear", [0, 1, 2]), ("relu", [0]), ("linear", [1, 2]),
    ]  # fmt: skip


class Observed(nn.Layer):
    """Pass a value on, and keep a weak reference to its array."""

    def __init__(self):
        self.seen = []

    def __call__(self, x, rng=None):
        self.seen.append(weakref.ref(plain(x)))
        return x


SIDE, LENGTH = 362, 10  # SIDE² numbers of eight bytes are a megabyte


def chain(rng):
    """Build ten layers, with a megabyte of weights and a megabyte of features each."""
    row = [nn.Linear(SIDE, SIDE, rng=rng) for _ in range(LENGTH)]
    return nn.Sequential(*(part for layer in row for part in (layer, Observed())))


def peak(call):
    """Measure the memory at its fullest, and what is left at the end, in megabytes."""
    gc.collect()
    tracemalloc.start()
    try:
        result = call()
        left, most = (size / 1e6 for size in tracemalloc.get_traced_memory())
        return result, most, left
    finally:
        tracemalloc.stop()


def test_the_tape_gives_its_arrays_back_as_it_goes(rng):
    """Ten megabytes of features are gone as ten megabytes of gradients come, and then at once."""
    model, x, t = chain(rng), rng.normal(size=(SIDE, SIDE)), rng.integers(SIDE, size=SIDE)
    params = nn.named_parameters(model)

    def keeping():
        loss, pullback = vjp(lambda *values: cross_entropy(as_function(model, x)(*values), t),
                             *params.values())  # fmt: skip
        return loss, dict(zip(params, pullback(1.0), strict=True)), pullback

    gc.disable()  # nothing waits for the collector of cycles
    try:
        (_, expected, _), kept, _ = peak(keeping)
        observers = model.layers[1::2]
        for layer in observers:
            layer.seen.clear()
        (_, grads), most, left = peak(partial(loss_and_grads, model, cross_entropy, x, t))
        alive = [ref() for layer in observers for ref in layer.seen if ref() is not None]
    finally:
        gc.enable()
    assert_same(grads, expected)
    assert [len(layer.seen) for layer in observers] == [1] * LENGTH
    assert alive == []
    size = sum(grad.nbytes for grad in grads.values()) / 1e6
    assert left < size + 0.5
    assert kept > 2 * size
    assert most < 1.5 * size


def test_a_released_pullback_is_called_once():
    """The second call raises and says what to do; without `release` it may be called again."""
    x = np.ones(3)
    _, pullback = vjp(lambda x: np.sum(np.tanh(x * x)), x, release=True)
    pullback(1.0)
    with pytest.raises(RuntimeError, match="the tape was released by the first call, record it"):
        pullback(1.0)
    _, again = vjp(lambda x: np.sum(np.tanh(x * x)), x)
    assert_array_equal(again(1.0)[0], again(1.0)[0])


# Weights


class Mixed(nn.Layer):
    """A matrix that is no weight, and a vector that is one."""

    weights = ("slope",)

    def __init__(self, D):
        self.params = {"table": np.ones((D, D)), "slope": np.ones(D)}

    def __call__(self, x, rng=None):
        return (x @ self.params["table"]) * self.params["slope"]


def test_the_penalty_counts_what_a_layer_declares_as_weights(labelled, rng):
    """Neither the number of axes nor the name decides; a layer that declares none has none."""
    model = nn.Sequential(Mixed(D), Centre(D), nn.Linear(D, K, rng=rng))
    assert list(nn.named_weights(model)) == ["layers.0.slope", "layers.2.w"]
    free, grads = loss_and_grads(model, cross_entropy, *labelled)
    charged, pulled = loss_and_grads(model, cross_entropy, *labelled, l2=0.7)
    params = nn.named_parameters(model)
    weights = {path: params[path] for path in ("layers.0.slope", "layers.2.w")}
    np.testing.assert_allclose(
        charged - free, 0.35 * sum(np.sum(w**2) for w in weights.values()), rtol=1e-12
    )
    for path in params:
        assert_array_equal(
            pulled[path], grads[path] + (0.7 * params[path] if path in weights else 0)
        )


def test_the_decay_of_a_run_counts_the_same(rng):
    """A step of a solver moves only declared weights further when weights decay."""
    x, t = rng.normal(size=(N, D)), rng.integers(K, size=N)
    data = SimpleNamespace(train=Examples(x, t), val=Examples(x, t))
    ends = []
    for decay in (0.0, 0.5):
        draw = np.random.default_rng(0)
        model = nn.Sequential(Mixed(D), Centre(D), nn.Linear(D, K, rng=draw))
        before = copies(nn.named_parameters(model))
        run = Solver(model, data, optimizer=SGD(0.1, weight_decay=decay), batch_size=None)
        run.step(x, t)
        ends.append(nn.named_parameters(model))
    further = {path for path in before if (ends[0][path] != ends[1][path]).any()}
    assert further == {"layers.0.slope", "layers.2.w"}
    for path in further:
        shrunk = ends[0][path] - 0.1 * 0.5 * before[path]
        np.testing.assert_allclose(ends[1][path], shrunk, rtol=1e-12)
