"""Training.  Each test is a lemma of `book/solver.md`, in the order of the chapter."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.data.batches import in_background, shuffled
from dlcore.data.dataset import Examples


@pytest.fixture
def lib():
    """The library's training, imported by those who ask: its kernels take a while to load."""
    from dlcore import nn, train  # noqa: PLC0415
    from dlcore.nn.models import TwoLayer  # noqa: PLC0415
    from dlcore.ops.loss import cross_entropy  # noqa: PLC0415
    from dlcore.train import checkpoint, optim, recipes, schedule, sweep  # noqa: PLC0415

    return SimpleNamespace(
        nn=nn, train=train, Solver=train.Solver, DivergedError=train.DivergedError,
        checkpoint=checkpoint, optim=optim, recipes=recipes, schedule=schedule, sweep=sweep,
        TwoLayer=TwoLayer, cross_entropy=cross_entropy,
    )  # fmt: skip


@pytest.fixture
def blobs(rng):
    """Three clouds of points in seven dimensions: 60 to learn from, 30 to choose by."""
    centres = rng.normal(size=(3, 7))

    def cloud(N):
        t = rng.integers(3, size=N)
        return Examples(centres[t] + 0.7 * rng.normal(size=(N, 7)), t)

    return SimpleNamespace(train=cloud(60), val=cloud(30))


@pytest.fixture
def digits():
    """The bundled digits, centred, with pixels of size one."""
    from dlcore.data import load  # noqa: PLC0415

    return load("digits").centred(scale=1 / 8)


def make(lib, data, *, optimizer=None, model=None, M=5, seed=3, **options):
    """Set up a run of a small network on small data."""
    model = model or lib.TwoLayer(7, M, 3, rng=np.random.default_rng(seed))
    defaults = {"batch_size": 16, "epochs": 4, "seed": seed}
    optimizer = optimizer or lib.optim.Momentum(0.1)
    return lib.Solver(model, data, optimizer=optimizer, **defaults | options)


def bits(lib, solver):
    """Everything that a run leaves behind: arrays as bytes, the states of its generators."""
    parts = {
        "params": lib.nn.named_parameters(solver.model),
        "state": lib.nn.named_state(solver.model),
        "optimizer": solver.optimizer.state(),
        "history": vars(solver.history),
        **{f"best {part}": named for part, named in (solver.best or {}).items()},
    }
    arrays = {
        (part, name): np.asarray(array).tobytes()
        for part, named in parts.items()
        for name, array in named.items()
    }
    return arrays, solver.epoch_start, solver.mask_rng.bit_generator.state


def kill_at(lib, solver, steps, **options):
    """Train, and be killed when so many steps are taken."""

    class Killed(lib.train.Callback):
        """What ends the process, so to speak."""

        def step(self, solver):
            if len(solver.history.train_loss) == steps:
                raise KeyboardInterrupt

    solver.callbacks.append(Killed())
    with pytest.raises(KeyboardInterrupt):
        solver.train(**options)


def gradient(lib, model, x, t):
    """Compute the gradient of the cross-entropy by the weights of the hidden layer."""
    return lib.train.loss_and_grads(model, lib.cross_entropy, x, t)[1]["hidden.w"]


def test_an_epoch_visits_every_example_once(rng):
    """The batches of an epoch are a permutation, cut into pieces; the last may be short."""
    rows = list(shuffled(23, 5, rng))
    assert [len(each) for each in rows] == [5, 5, 5, 5, 3]
    assert_array_equal(np.sort(np.concatenate(rows)), np.arange(23))


def test_the_gradients_of_an_epoch_average_to_the_whole(lib, blobs, rng):
    """(1/S) Σₛ gₛ = g: batches of one size that share no example, at the same parameters."""
    model = make(lib, blobs).model
    x, t = blobs.train
    parts = [gradient(lib, model, x[rows], t[rows]) for rows in shuffled(60, 12, rng)]
    whole = gradient(lib, model, x, t)
    assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-12, atol=1e-15)


def test_a_pair_strays_half_as_far_as_one(lib, blobs, formulas, oracle):
    """The mean square over all pairs is half of that over all examples: the page's last line."""
    model = make(lib, blobs).model
    x, t = (array[:12] for array in blobs.train)
    g = np.array([gradient(lib, model, x[[i]], t[[i]])[2, 3] for i in range(12)])
    pairs = (g[:, None] + g) / 2
    single, pair = np.mean((g - g.mean()) ** 2), np.mean((pairs - g.mean()) ** 2)
    assert pair == pytest.approx(single / 2, rel=1e-12)
    assert oracle.program(formulas.centre)(g=g) == pytest.approx(g.mean(), rel=1e-12)


def test_the_schedule_sets_the_learning_rate_of_every_epoch(lib, blobs):
    """The base rate times the factor:  0.1 · ½ᵉ after e epochs."""
    history = make(lib, blobs, schedule=lib.schedule.exponential(0.5)).train()
    assert history.learning_rate == [0.1, 0.05, 0.025, 0.0125]


def test_batches_are_made_in_the_background_in_the_same_order(lib, blobs):
    """Augmented by another thread, they are those of a run that makes them itself."""
    threads = []

    def noisy(x, rng):
        threads.append(threading.current_thread())
        return x + rng.normal(size=x.shape)

    here, there = (make(lib, blobs, augment=noisy) for _ in range(2))
    pairs = zip(here.batches(), there.remaining_batches(), strict=True)
    for (x, t), (same_x, same_t) in pairs:
        assert_array_equal(x, same_x)
        assert_array_equal(t, same_t)
    assert threading.main_thread() in threads
    assert set(threads) != {threading.main_thread()}


def test_the_next_batch_is_made_while_this_one_is_used():
    """Nobody has asked for the second batch when it is begun."""
    begun = threading.Event()

    def batches():
        yield "first"
        begun.set()
        yield "second"

    made = in_background(batches())
    assert next(made) == "first"
    assert begun.wait(timeout=60)
    assert list(made) == ["second"]


def test_what_fails_in_the_background_fails_the_training(lib, blobs):
    """The error of the augmentation arrives in `train`, after the steps before it."""

    def fails(x, rng):
        if len(x) == 12:  # the short last batch of an epoch
            raise OSError("no such image")
        return x

    solver = make(lib, blobs, augment=fails)
    with pytest.raises(OSError, match="no such image"):
        solver.train()
    assert len(solver.history.train_loss) == 3


def rows_of_biases(lib):
    """Make a linear layer whose bias and scale are matrices of one row."""

    class Rows(lib.nn.Layer):
        weights = ("w",)

        def __init__(self):
            w = np.random.default_rng(0).normal(size=(7, 3))
            self.params = {"w": w, "b": np.ones((1, 3)), "scale": np.ones((1, 3))}

        def __call__(self, x, rng=None):
            return (x @ self.params["w"]) * self.params["scale"] + self.params["b"]

    return Rows()


def test_the_l2_penalty_applies_to_weights_by_what_they_are(lib, blobs):
    """L + l2/2 Σ w² and g + l2 · w for what a layer calls its weights, whatever its shape."""
    model = lib.nn.Sequential(rows_of_biases(lib))
    assert list(lib.nn.named_weights(model)) == ["layers.0.w"]
    loss, grads = lib.train.loss_and_grads(model, lib.cross_entropy, *blobs.train)
    with_l2, pulled = lib.train.loss_and_grads(model, lib.cross_entropy, *blobs.train, l2=0.7)
    w = model.layers[0].params["w"]
    assert with_l2 == pytest.approx(loss + 0.7 / 2 * np.sum(w * w), rel=1e-12)
    assert_allclose(pulled["layers.0.w"], grads["layers.0.w"] + 0.7 * w, rtol=1e-12)
    for name in ("layers.0.b", "layers.0.scale"):
        assert_array_equal(pulled[name], grads[name])


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_weight_decay_applies_to_weights_by_what_they_are(name, lib, blobs):
    """One step with and without weight decay differs in w, and not in a bias of one row."""
    models = []
    for weight_decay in (0.0, 0.7):
        optimizer = lib.optim.OPTIMIZERS[name](0.1, weight_decay=weight_decay)
        solver = make(lib, blobs, model=rows_of_biases(lib), optimizer=optimizer)
        solver.step(*blobs.train)
        models.append(solver.model.params)
    plain, decayed = models
    assert not np.array_equal(plain["w"], decayed["w"])
    assert_array_equal(plain["b"], decayed["b"])
    assert_array_equal(plain["scale"], decayed["scale"])


def test_a_first_loss_is_ln_k(lib, digits):
    """With small weights every class is as likely as the next:  L = ln K + O(std²)."""
    model = lib.TwoLayer(64, 20, 10, rng=np.random.default_rng(0), std=1e-3)
    first, _ = lib.train.loss_and_grads(model, lib.cross_entropy, *digits.train)
    assert first == pytest.approx(np.log(10), abs=1e-4)


def test_fifty_examples_can_be_memorised(lib, digits):
    """A network that cannot learn fifty examples has a bug, not a hard task."""
    few = SimpleNamespace(train=digits.train.first(50), val=digits.val)
    model = lib.TwoLayer(64, 50, 10, rng=np.random.default_rng(0))
    optimizer = lib.optim.Momentum(0.05)
    history = lib.Solver(model, few, optimizer=optimizer, batch_size=10, epochs=20).train()
    assert history.train_accuracy[-1] == 1.0
    assert history.train_loss[-1] < 0.01 * history.train_loss[0]


def test_a_loss_that_leaves_the_numbers_stops_the_run(lib, blobs):
    """The error names the epoch and the learning rate; what was recorded so far is kept."""
    solver = make(lib, blobs, optimizer=lib.optim.SGD(1e200))
    with pytest.raises(lib.DivergedError, match=r"in epoch 1 at learning rate 1e\+200, try"):
        solver.train()
    assert len(solver.history.train_loss) == 1


def test_a_log_has_a_line_every_so_many_steps(lib, blobs):
    """Step, epoch and the loss of that step, every third of eight steps."""
    lines = []
    log = lib.train.Log(every=3, output=lines.append)
    losses = make(lib, blobs, epochs=2, callbacks=[log]).train().train_loss
    assert lines == [
        f"step 3/8  epoch 1/2  loss {losses[2]:.4f}",
        f"step 6/8  epoch 2/2  loss {losses[5]:.4f}",
    ]


def test_evaluations_are_recorded_with_the_number_of_steps(lib, blobs):
    """Before the first step, every third of four steps an epoch, and at the end of each."""
    options = {"evaluate_first": True, "evaluate_every": 3, "epochs": 3}
    solver, rarely = make(lib, blobs, **options), make(lib, blobs, epochs=3)
    at_first = lib.train.accuracy(solver.model, *blobs.val)
    history, plain = solver.train(), rarely.train()
    assert history.steps == [0, 3, 4, 6, 8, 9, 12]
    assert history.val_accuracy[0] == at_first
    assert {len(values) for name, values in vars(history).items() if name != "train_loss"} == {7}
    assert plain.steps == [4, 8, 12]
    assert plain.val_accuracy == [history.val_accuracy[i] for i in (2, 4, 6)]
    assert plain.train_loss == history.train_loss


def test_the_best_parameters_are_put_back(lib, blobs):
    """After training the model is the one of the best epoch, not of the last."""
    leap = lambda progress, epoch: 1.0 if epoch < 3 else 1000.0
    solver = make(lib, blobs, schedule=leap)
    history = solver.train()
    assert max(history.val_accuracy) > history.val_accuracy[-1]
    assert lib.train.accuracy(solver.model, *blobs.val) == max(history.val_accuracy)


def test_an_average_of_the_parameters_is_what_evaluations_see(lib, blobs):
    """a ← decay · a + (1 - decay) · w after every step; steps go on from w, a is kept as best."""
    seen, averages = [], []

    class Watched(lib.train.Callback):
        """What the steps leave, and what an evaluation sees."""

        def step(self, solver):
            seen.append(copies(solver.model))

        def evaluating(self, model):
            averages.append(copies(model))
            return super().evaluating(model)

    def copies(model):
        return {name: w.copy() for name, w in lib.nn.named_parameters(model).items()}

    average = lib.train.AverageParameters(0.8)
    solver = make(lib, blobs, callbacks=[average, Watched()])
    expected, steps = copies(solver.model), make(lib, blobs).train().train_loss
    history = solver.train()
    assert history.train_loss == steps
    for i, params in enumerate(seen, 1):
        expected = {name: 0.8 * a + 0.2 * params[name] for name, a in expected.items()}
        if i % solver.steps_per_epoch == 0:
            for name, a in averages[i // solver.steps_per_epoch - 1].items():
                assert_allclose(a, expected[name], rtol=1e-12)
    best = averages[int(np.argmax(history.val_accuracy))]
    for name, w in lib.nn.named_parameters(solver.model).items():
        assert_array_equal(w, best[name])
    assert lib.train.accuracy(solver.model, *blobs.val) == max(history.val_accuracy)


@pytest.mark.parametrize("sure", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_a_hit_scatters_by_what_is_uncertain(sure, formulas, oracle, rng):
    """1/N Σₙ (hitₙ - a)² = a (1 - a) ≤ 1/4."""
    m = rng.permutation(np.where(np.arange(20) < 20 * sure, 1.0, -1.0)) * rng.uniform(1, 2, 20)
    a = float(oracle.program(formulas.accuracy)(m=m))
    assert a == pytest.approx(sure)
    assert np.var(m > 0) == pytest.approx(a * (1 - a))
    assert np.var(m > 0) <= 1 / 4 + 1e-15


def test_a_run_is_a_function_of_its_seed(lib, blobs):
    """The same seed gives the same bits, another seed others."""
    one, same, other = (make(lib, blobs, seed=seed) for seed in (3, 3, 4))
    for solver in (one, same, other):
        solver.train()
    assert bits(lib, one) == bits(lib, same)
    assert bits(lib, one) != bits(lib, other)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("replacement", [False, True], ids=["shuffled", "replaced"])
def test_a_resumed_run_ends_with_the_same_bits(name, replacement, lib, blobs, tmp_path):
    """Two epochs, a checkpoint, two more epochs elsewhere: the same as four without a stop."""
    options = {"replacement": replacement, "schedule": lib.schedule.cosine(), "l2": 0.01}
    whole, first, second = (
        make(lib, blobs, optimizer=lib.optim.OPTIMIZERS[name](0.01), **options) for _ in range(3)
    )
    whole.train()
    kill_at(lib, first, 2 * first.steps_per_epoch + 1, path=tmp_path / "run.npz")
    second.resume(tmp_path / "run.npz").train()
    assert bits(lib, second) == bits(lib, whole)


def noise(x, rng):
    """Augment a batch: add noise that depends on the generator."""
    return x + 0.1 * rng.normal(size=x.shape)


def with_masks_and_state(lib):
    """Make a network that drops units at random and centres x by a running mean."""

    class Masked(lib.nn.Layer):
        def __init__(self):
            rng = np.random.default_rng(3)
            self.hidden, self.relu = lib.nn.Linear(7, 5, rng=rng), lib.nn.ReLU()
            self.output, self.state = lib.nn.Linear(5, 3, rng=rng), {"mean": np.zeros(7)}

        def __call__(self, x, rng=None):
            if rng is None:
                return self.output(self.relu(self.hidden(x - self.state["mean"])))
            mean = self.state["mean"]
            mean += 0.1 * (x.mean(axis=0) - mean)
            y = self.relu(self.hidden(x - x.mean(axis=0)))
            return self.output(y * 2 * (rng.random(y.shape) < 0.5))

    return Masked()


@pytest.mark.parametrize("replacement", [False, True], ids=["shuffled", "replaced"])
@pytest.mark.parametrize("kind", ["plain", "augmented", "masks and state", "averaged"])
def test_a_run_stopped_inside_an_epoch_ends_with_the_same_bits(
    kind, replacement, lib, blobs, tmp_path
):
    """Killed after any of nine steps and resumed, in epochs of three or four steps."""

    def fresh():
        return make(
            lib, blobs, epochs=3, replacement=replacement, evaluate_every=2,
            optimizer=lib.optim.Adam(0.01, weight_decay=0.1), schedule=lib.schedule.one_cycle(),
            augment=noise if kind == "augmented" else None,
            model=with_masks_and_state(lib) if kind == "masks and state" else None,
            callbacks=[lib.train.AverageParameters(0.8)] if kind == "averaged" else [],
        )  # fmt: skip

    whole, path = fresh(), tmp_path / "run.npz"
    whole.train()
    for steps in range(2, 10):
        kill_at(lib, fresh(), steps, path=path, checkpoint_every=1)
        resumed = fresh().resume(path)
        assert len(resumed.history.train_loss) == steps - 1
        resumed.train()
        assert bits(lib, resumed) == bits(lib, whole)


def test_a_checkpoint_is_kept_of_every_epoch_or_of_the_last(lib, blobs, tmp_path):
    """With {epoch} in the path there is one of the end of each; without, only the last."""
    whole = make(lib, blobs)
    whole.train(path=tmp_path / "all" / "run-{epoch}.npz", checkpoint_every=1)
    make(lib, blobs).train(path=tmp_path / "last" / "run.npz")
    names = {path.name for path in (tmp_path / "all").iterdir()}
    assert names == {f"run-{epoch}.npz" for epoch in (1, 2, 3, 4)}
    assert [path.name for path in (tmp_path / "last").iterdir()] == ["run.npz"]
    for epoch in (1, 2, 3, 4):
        again = make(lib, blobs).resume(tmp_path / "all" / f"run-{epoch}.npz")
        assert (again.epoch, again.step_of_epoch) == (epoch, 0)
        again.train()
        assert bits(lib, again) == bits(lib, whole)


def test_a_checkpoint_is_written_whole_or_not_at_all(lib, blobs, tmp_path, monkeypatch):
    """A process that dies while it writes leaves the checkpoint before it."""
    solver, path = make(lib, blobs), tmp_path / "run.npz"
    solver.train(path=path)
    before = path.read_bytes()

    def die(file, **arrays):
        file.write(b"half a che")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", die)
    with pytest.raises(KeyboardInterrupt):
        lib.checkpoint.save(solver, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], "is no checkpoint"),
        (lambda whole: b"", "is no checkpoint"),
        (lambda whole: b"cnumpy\nsavez\n.", "is no checkpoint"),
    ],
)
def test_a_damaged_checkpoint_is_refused(damage, message, lib, blobs, tmp_path):
    """Truncated, empty or foreign: an error, nothing executed, nothing changed."""
    solver, path = make(lib, blobs), tmp_path / "run.npz"
    solver.train(path=path)
    path.write_bytes(damage(path.read_bytes()))
    fresh = make(lib, blobs)
    before = bits(lib, fresh)
    with pytest.raises(ValueError, match=message):
        fresh.resume(path)
    assert bits(lib, fresh) == before


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (lambda lib: lib.TwoLayer(7, 6, 3, rng=np.random.default_rng(0)), ValueError,
         r"hidden.w is \(7, 6\) in the model but \(7, 5\) in params"),
        (rows_of_biases, KeyError, "the model has w but params has not"),
        (with_masks_and_state, KeyError, "the model has mean but state has not"),
    ],
    ids=["shape", "parameter", "state"],
)  # fmt: skip
def test_a_checkpoint_of_another_model_is_refused(other, error, message, lib, blobs, tmp_path):
    """The message has the first name that differs; nothing is changed."""
    make(lib, blobs).train(path=tmp_path / "run.npz")
    fresh = make(lib, blobs, model=other(lib))
    before = bits(lib, fresh)
    with pytest.raises(error, match=message):
        fresh.resume(tmp_path / "run.npz")
    assert bits(lib, fresh) == before
    assert fresh.best is None


@pytest.mark.parametrize(
    ("name", "memory"), [("sgd", "nothing"), ("rmsprop", "s"), ("adam", "m, s")]
)
def test_a_checkpoint_of_another_optimizer_is_refused(name, memory, lib, blobs, tmp_path):
    """A velocity is no mean square; nothing is changed."""
    make(lib, blobs, optimizer=lib.optim.Momentum(0.1)).train(path=tmp_path / "run.npz")
    fresh = make(lib, blobs, optimizer=lib.optim.OPTIMIZERS[name](0.1))
    before = bits(lib, fresh)
    with pytest.raises(ValueError, match=f"remembers {memory} but .* of the checkpoint v"):
        fresh.resume(tmp_path / "run.npz")
    assert bits(lib, fresh) == before


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"epochs": -1}, {"steps_per_epoch": 9}])
def test_a_run_without_sense_is_refused(options, lib, blobs):
    """No batch, no epochs, shuffled epochs of another length: named before any training."""
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"{name} (is )?{value}"):
        make(lib, blobs, **options)


def test_every_factor_of_ten_is_drawn_alike(lib, rng):
    """From 10⁻³ to 10¹, each of four decades gets a quarter, up to five standard errors."""
    drawn = np.array([lib.sweep.Range(1e-3, 10.0).draw(rng) for _ in range(4000)])
    counts, _ = np.histogram(np.log10(drawn), bins=[-3, -2, -1, 0, 1])
    assert counts.sum() == 4000
    assert np.abs(counts - 1000).max() <= 5 * np.sqrt(4000 * 0.25 * 0.75)


def test_a_finer_range_stays_inside_the_old_one(lib, rng):
    """Around c with zoom z: from max(low, c/r) to min(high, c·r), r = (high/low)^(1/2z)."""
    old = lib.sweep.Range(1e-3, 1.0)
    for _ in range(50):
        new = old.around(old.draw(rng), zoom=3.0)
        assert old.low <= new.low < new.high <= old.high
        assert new.high / new.low <= (old.high / old.low) ** (1 / 3) * (1 + 1e-12)


@pytest.mark.parametrize("on_grid", [False, True])
def test_a_sweep_finds_the_top_of_a_hill(on_grid, lib, rng):
    """Of -(ln rate - ln 0.03)² the best rate is 0.03: found within a factor of three halves."""
    hill = lambda setting: -((np.log(setting["rate"]) - np.log(0.03)) ** 2)
    options = {"trials": 12, "rounds": 3, "on_grid": on_grid, "rng": rng}
    best, *rest = lib.sweep.search(hill, {"rate": lib.sweep.Range(1e-4, 1.0)}, **options)
    assert 0.02 < best.setting["rate"] < 0.045
    assert len(rest) == 35


def test_a_setting_that_a_model_has_not_is_refused(lib):
    """The message names the model, the setting, and those that there are."""
    linear, twolayer = (lib.recipes.recipe(name, "digits") for name in ("linear", "twolayer"))
    with pytest.raises(
        ValueError, match=r"linear has no hidden, it has std, .*learning_rate.*flip"
    ):
        linear.changed(epochs=2, hidden=3)
    changed = twolayer.changed(epochs=2, hidden=3)
    assert (changed.epochs, changed.settings["hidden"]) == (2, 3)
    assert twolayer.settings["hidden"] != 3


def test_the_tuned_network_learns_the_digits(lib):
    """At least 0.97 of the digits that were held back."""
    solver = lib.recipes.prepare(lib.recipes.recipe("twolayer", "digits"), "digits")
    solver.train()
    assert lib.train.accuracy(solver.model, *solver.data.test) >= 0.97


@pytest.mark.data
@pytest.mark.parametrize(
    ("data", "epochs", "least"),
    [pytest.param("cifar10", 2, 0.50, marks=pytest.mark.catalogue), ("mnist", 2, 0.92)],
)
def test_two_epochs_on_real_images_are_enough_to_see(data, epochs, least, lib, published):
    """A tenth of the tuned run already beats the handout's defaults by far."""
    recipe = lib.recipes.recipe("twolayer", data).changed(epochs=epochs)
    assert max(lib.recipes.prepare(recipe, data).train().val_accuracy) >= least


@pytest.mark.exercise("solver-batches", points=2)
def test_your_batches_visit_every_example_once(answers, rng):
    """Each of 23 rows once, in batches of 5 and a last one of 3, in a new order every time."""
    epochs = [answers.batches(23, 5, rng=rng) for _ in range(2)]
    for epoch in epochs:
        assert [len(rows) for rows in epoch] == [5, 5, 5, 5, 3]
        assert_array_equal(np.sort(np.concatenate(epoch)), np.arange(23))
    first, second = map(np.concatenate, epochs)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.arange(23))


@pytest.mark.exercise("solver-batches", points=2)
def test_your_batches_fit_any_number_of_examples(answers, rng):
    """One batch where N is at most the batch; none left over where it divides N."""
    sizes = lambda N, batch: [len(rows) for rows in answers.batches(N, batch, rng=rng)]
    assert sizes(3, 7) == [3]
    assert sizes(12, 4) == [4, 4, 4]
    assert sizes(1, 1) == [1]


@pytest.mark.exercise("solver-centre", points=1)
def test_your_sets_are_centred_by_the_training_mean(answers, rng):
    """The mean of the training set, and of no other, is taken off all three."""
    sets = [rng.integers(256, size=(N, 2, 3, 4)).astype(np.uint8) for N in (9, 5, 7)]
    before = [x.copy() for x in sets]
    mean = sum(image.astype(float) for image in before[0]) / 9
    for x, centred in zip(before, answers.centre(*sets), strict=True):
        assert_allclose(centred, x.astype(float) - mean, rtol=0, atol=1e-9)
    assert all(np.array_equal(*pair) for pair in zip(sets, before, strict=True))


class Bowl:
    """A loss whose minimum is known: the mean squared distance of w from the examples x."""

    def __init__(self, D):
        self.w, self.seen = np.zeros(D), []
        self.params = {"w": self.w}

    def loss(self, x, t):
        """Return ½ mean ‖w - x‖² and its gradient; remember which examples came."""
        self.seen.append(t)
        gap = self.w - x
        return 0.5 * (gap**2).sum(axis=1).mean(), {"w": gap.mean(axis=0)}


@pytest.mark.exercise("solver-train", points=2)
def test_your_losses_are_those_of_gradient_descent(answers, rng):
    """Replayed on the batches that the loss was asked for, step by step."""
    x, t = rng.normal(size=(11, 3)), np.arange(11)
    bowl, mine, losses = Bowl(3), answers, []
    returned = mine.train(bowl.loss, bowl.params, x, t, rate=0.3, batch=4, epochs=3, rng=rng)
    w = np.zeros(3)
    for rows in bowl.seen:
        losses.append(0.5 * ((w - x[rows]) ** 2).sum(axis=1).mean())
        w -= 0.3 * (w - x[rows].mean(axis=0))
    assert_allclose(returned, losses, rtol=1e-12)
    assert_allclose(bowl.w, w, rtol=1e-12)


@pytest.mark.exercise("solver-train", points=2)
def test_your_epochs_visit_every_example_once(answers, rng):
    """Three epochs of 11 examples in batches of 4: each example three times, orders differ."""
    x, t, bowl = rng.normal(size=(11, 3)), np.arange(11), Bowl(3)
    answers.train(bowl.loss, bowl.params, x, t, rate=0.3, batch=4, epochs=3, rng=rng)
    epochs = [np.concatenate(bowl.seen[i : i + 3]) for i in (0, 3, 6)]
    assert [len(rows) for rows in bowl.seen] == 3 * [4, 4, 3]
    for epoch in epochs:
        assert_array_equal(np.sort(epoch), t)
    assert not np.array_equal(epochs[0], epochs[1])


@pytest.mark.exercise("solver-best", points=2)
def test_your_best_parameters_are_those_of_the_best_epoch(answers, rng):
    """Training goes on in the same arrays; what was kept must not move with them."""
    scores, states = [0.2, 0.7, 0.4, 0.7, 0.3], rng.normal(size=(5, 5))

    def epochs():
        params = {"w": np.empty(5), "b": np.empty(1)}
        for accuracy, state in zip(scores, states, strict=True):
            params["w"][:], params["b"][:] = state, state.sum()
            yield accuracy, params
        params["w"][:] = np.nan

    best, kept = answers.keep_best(epochs())
    assert best == 0.7
    assert_array_equal([*kept["w"], *kept["b"]], [*states[1], states[1].sum()])


@pytest.mark.exercise("solver-confusion", points=1)
def test_your_confusions_are_counted_one_by_one(answers, rng):
    """Entry (i, j): examples of class i taken for class j, however many there are."""
    t, guesses = rng.integers(4, size=(2, 70))
    counts = np.zeros((4, 4), int)
    for pair in zip(t, guesses, strict=True):
        counts[pair] += 1
    assert_array_equal(answers.confusion(t, guesses, 4), counts)


@pytest.mark.exercise("solver-draw", points=1)
def test_your_numbers_fall_into_every_decade_alike(answers, rng):
    """From 10⁻³ to 10¹, each of four decades gets a quarter, up to five standard errors."""
    drawn = np.asarray(answers.draw(1e-3, 10.0, 4000, rng=rng))
    assert drawn.shape == (4000,)
    counts, _ = np.histogram(np.log10(drawn), bins=[-3, -2, -1, 0, 1])
    assert counts.sum() == 4000
    assert np.abs(counts - 1000).max() <= 5 * np.sqrt(4000 * 0.25 * 0.75)


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_narrows_around_the_best(answers, rng):
    """Round r stays within a range of ratio (high/low)^(1/2ʳ) around the best so far."""
    asked, peak = [], np.exp(rng.uniform(np.log(1e-3), np.log(0.1)))
    run = lambda rate: asked.append(rate) or -abs(np.log(rate / peak))
    found = answers.search(run, 1e-4, 1.0, trials=9, rounds=3, rng=rng)
    assert len(asked) == 27
    assert found == min(asked, key=lambda rate: abs(np.log(rate / peak)))
    for r in (1, 2):
        before, now = asked[: 9 * r], asked[9 * r : 9 * r + 9]
        best, reach = min(before, key=lambda rate: abs(np.log(rate / peak))), 1e4 ** (0.5 / 2**r)
        assert best / reach * (1 - 1e-9) <= min(now)
        assert max(now) <= best * reach * (1 + 1e-9)


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_draws_every_factor_of_ten_alike(answers, rng):
    """Of 400 rates from 10⁻⁴ to 1, half are below 10⁻², up to five standard errors."""
    asked = []
    answers.search(lambda rate: asked.append(rate) or 0.0, 1e-4, 1.0, trials=400, rounds=1, rng=rng)
    assert abs(sum(rate < 1e-2 for rate in asked) - 200) <= 5 * np.sqrt(400 * 0.25)


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_stays_inside_the_first_range(answers, rng):
    """A best rate at the edge does not pull the range across it."""
    asked = []
    run = lambda rate: asked.append(rate) or rate
    answers.search(run, 1e-3, 1.0, trials=6, rounds=4, rng=rng)
    assert min(asked) >= 1e-3
    assert max(asked) <= 1.0


@pytest.mark.exercise("solver-wrong-lines", points=2)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "solver.fair": "solver-line-10",
        "solver.pairs": "solver-line-24",
        "solver.scatter": "solver-line-21",
    }
    assert list(yours) == [planted(name, slip)[0] for name, slip in names.items()]
