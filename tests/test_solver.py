"""Training.  The claims of `book/solver.md`, in the order of the chapter."""

import threading
from itertools import combinations, pairwise
from operator import index
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.data.batches import generator_of_batch, in_background, shuffled
from dlcore.data.dataset import Examples


@pytest.fixture
def lib():
    """The library's training, imported by those who ask: its kernels take a while to load."""
    from dlcore import nn, train  # noqa: PLC0415
    from dlcore.nn.models import TwoLayer  # noqa: PLC0415
    from dlcore.ops.loss import cross_entropy  # noqa: PLC0415
    from dlcore.train import checkpoint, halving, optim, recipes, schedule, sweep  # noqa: PLC0415

    return SimpleNamespace(
        nn=nn, train=train, Solver=train.Solver, DivergedError=train.DivergedError,
        checkpoint=checkpoint, optim=optim, recipes=recipes, schedule=schedule, sweep=sweep,
        halving=halving, TwoLayer=TwoLayer, cross_entropy=cross_entropy,
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


def test_a_pair_has_half_the_mean_square_error_of_one_example(lib, blobs, formulas, oracle):
    """The mean square error over all pairs is half of that over all examples."""
    model = make(lib, blobs).model
    x, t = (array[:12] for array in blobs.train)
    g = np.array([gradient(lib, model, x[[i]], t[[i]])[2, 3] for i in range(12)])
    pairs = (g[:, None] + g) / 2
    single, pair = np.mean((g - g.mean()) ** 2), np.mean((pairs - g.mean()) ** 2)
    assert pair == pytest.approx(single / 2, rel=1e-12)
    assert oracle.program(formulas.centre)(g=g) == pytest.approx(g.mean(), rel=1e-12)


@pytest.mark.parametrize("B", [1, 2, 3, 7, 8])
def test_a_batch_without_replacement_has_a_smaller_mean_square_error(B, rng):
    """Over all batches of B among N:  mean (v - ḡ)² = 1/B · (N - B)/(N - 1) · mean (g - ḡ)²."""
    N = 8
    g = rng.normal(size=N)
    batches = [np.mean(batch) for batch in combinations(g, B)]
    factor = (N - B) / (N - 1) / B
    assert_allclose(np.mean((batches - g.mean()) ** 2), factor * g.var(), rtol=1e-12, atol=1e-15)


def test_the_schedule_sets_the_learning_rate_of_every_epoch(lib, blobs):
    """The initial learning rate times the factor:  0.1 · ½ᵉ after e epochs."""
    history = make(lib, blobs, schedule=lib.schedule.exponential(0.5)).train()
    assert history.learning_rate == [0.1, 0.05, 0.025, 0.0125]


def test_every_batch_has_a_generator_of_its_own(rng):
    """Of (seed, epoch, batch): no two begin alike, nor like those of the order and the masks."""
    triples = [(seed, epoch, batch) for seed in (0, 1, 7) for epoch in range(4) for batch in (0, 1)]
    firsts = [generator_of_batch(*triple).integers(2**62) for triple in triples]
    others = [np.random.default_rng(seed).integers(2**62) for seed in (0, 1, 7, [0, 1], [7, 1])]
    assert len({*firsts, *others}) == len(triples) + len(others)
    again = {at: generator_of_batch(*triples[at]) for at in rng.permutation(len(triples))}
    assert [again[at].integers(2**62) for at in range(len(triples))] == firsts


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_do_not_depend_on_the_number_of_threads(workers, lib, blobs):
    """Augmented here, by one thread or by several: the same bits in the same order."""
    threads = set()

    def noisy(x, rng):
        threads.add(threading.current_thread())
        return x + rng.normal(size=x.shape)

    here, there = (make(lib, blobs, augment=noisy, workers=workers) for _ in range(2))
    mine = [here.batch(item) for item in enumerate(here.rows())]
    assert threads == {threading.main_thread()}
    for (x, t), (same_x, same_t) in zip(mine, there.remaining_batches(), strict=True):
        assert_array_equal(x, same_x)
        assert_array_equal(t, same_t)
    assert len(threads) > 1


@pytest.mark.parametrize("workers", [1, 3])
def test_the_next_batches_are_made_while_this_one_is_used(workers):
    """While the first batch is used, each thread prepares one, and no further one is begun."""
    begun = [threading.Event() for _ in range(9)]

    def make(i):
        begun[i].set()
        return i

    made = in_background(make, range(9), workers=workers)
    assert next(made) == 0
    assert all(event.wait(timeout=60) for event in begun[: workers + 1])
    assert not begun[workers + 1].is_set()
    assert list(made) == list(range(1, 9))


def test_what_fails_in_the_background_fails_the_training(lib, blobs):
    """The error of the augmentation is raised in `train`, after the steps before it."""

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
    """Training accuracy one, and a loss below a hundredth of the first."""
    few = SimpleNamespace(train=digits.train.first(50), val=digits.val)
    model = lib.TwoLayer(64, 50, 10, rng=np.random.default_rng(0))
    optimizer = lib.optim.Momentum(0.05)
    history = lib.Solver(model, few, optimizer=optimizer, batch_size=10, epochs=20).train()
    assert history.train_accuracy[-1] == 1.0
    assert history.train_loss[-1] < 0.01 * history.train_loss[0]


def test_a_loss_that_is_not_finite_stops_the_run(lib, blobs):
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


def test_the_best_parameters_are_restored(lib, blobs):
    """After training the model has the parameters of the best epoch, not of the last."""
    leap = lambda progress, epoch: 1.0 if epoch < 3 else 1000.0
    solver = make(lib, blobs, schedule=leap)
    history = solver.train()
    assert max(history.val_accuracy) > history.val_accuracy[-1]
    assert lib.train.accuracy(solver.model, *blobs.val) == max(history.val_accuracy)


def test_evaluations_use_the_average_of_the_parameters(lib, blobs):
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
def test_the_variance_of_a_hit_is_that_of_the_page(sure, formulas, oracle, rng):
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


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"epochs": -1}, {"steps_per_epoch": 9}, {"workers": 0}]
)
def test_a_run_with_impossible_options_is_refused(options, lib, blobs):
    """An empty batch, negative epochs, no worker, shuffled epochs of another length."""
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"{name} (is )?{value}"):
        make(lib, blobs, **options)


def test_every_factor_of_ten_is_equally_likely(lib, rng):
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
def test_a_search_finds_the_maximum_of_a_smooth_function(on_grid, lib, rng):
    """Of -(ln rate - ln 0.03)² the best rate is 0.03: found within a factor of three halves."""
    height = lambda setting: -((np.log(setting["rate"]) - np.log(0.03)) ** 2)
    options = {"trials": 12, "rounds": 3, "on_grid": on_grid, "rng": rng}
    best, *rest = lib.sweep.search(height, {"rate": lib.sweep.Range(1e-4, 1.0)}, **options)
    assert 0.02 < best.setting["rate"] < 0.045
    assert len(rest) == 35


@pytest.mark.parametrize(("count", "epochs"), [(27, 27), (10, 30), (1, 5), (9, 2)])
def test_each_rung_has_a_third_of_the_settings_and_three_times_the_epochs(count, epochs, lib):
    """Rounded down, but never to no epoch; the last rung has all epochs and one or two settings."""
    plan = lib.halving.rungs(count, epochs)
    for (many, brief), (few, longer) in pairwise(plan):
        assert few == many // 3
        assert brief == max(1, longer // 3)
    assert plan[0].count == count
    assert plan[-1].count in (1, 2)
    assert plan[-1].epochs == epochs
    with pytest.raises(ValueError, match="count is 0, epochs 5 and factor 3"):
        lib.halving.rungs(0, 5)


def test_the_epochs_of_a_plan_are_those_of_the_page(lib):
    """3ᵀ (1 + 2 T / 3) for 3ᵀ settings and as many epochs, T from 0 to 6."""
    for T in range(7):
        epochs = lib.halving.total_epochs(lib.halving.rungs(3**T, 3**T))
        assert 3 * epochs == 3**T * (3 + 2 * T)


@pytest.fixture
def training(lib):
    """A classifier of the digits with a schedule of nine epochs, and a generator of batches."""
    chosen = lib.recipes.recipe("linear", "digits").changed(epochs=9)
    return lib.halving.Training(chosen, "digits", seed=5)


def test_the_last_rung_has_the_bits_of_an_uninterrupted_run(lib, training, rng, tmp_path):
    """Nine epochs in pieces of 1, 2 and 6: the same parameters, memory, history and generators."""
    settings = lib.sweep.random(lib.sweep.RANGES, 9, rng=rng)
    best = lib.halving.halve(training, settings, lib.halving.rungs(9, 9), folder=tmp_path)[0]
    whole = training.solver(best.setting)
    whole.train()
    assert best.epochs == 9
    assert best.accuracy == max(whole.history.val_accuracy)
    assert bits(lib, lib.halving.restored(training, best)) == bits(lib, whole)


def test_the_best_of_each_rung_go_on_and_none_that_diverged(lib, training, tmp_path):
    """Of nine rates four diverge in the first epoch; of the others the best three go on."""
    rates = [1e200, 0.05, 1e-5, 1e190, 0.001, 1e-6, 1e180, 1e170, 1e-4]
    settings = [{"learning_rate": rate} for rate in rates]
    plan = lib.halving.rungs(9, 9)
    pieces = lib.halving.halve(training, settings, plan, folder=tmp_path)
    begun = [lib.halving.Continuation(setting, b"") for setting in settings]
    alone = [lib.halving.advance(training, 1, each).accuracy for each in begun]
    alone = dict(zip(rates, alone, strict=True))
    first = sorted(rates, key=alone.get, reverse=True)
    assert [alone[rate] for rate in (1e200, 1e190, 1e180, 1e170)] == [0, 0, 0, 0]
    assert {piece.setting["learning_rate"] for piece in pieces[:3]} == {*first[:3]}
    assert [piece.epochs for piece in pieces] == [9, 3, 3, 1, 1, 1, 1, 1, 1]
    with pytest.raises(ValueError, match="has diverged, choose another"):
        lib.halving.restored(training, pieces[-1])


def test_a_setting_that_a_model_does_not_have_is_refused(lib):
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
    """At least 0.97 of the digits of the test set."""
    solver = lib.recipes.prepare(lib.recipes.recipe("twolayer", "digits"), "digits")
    solver.train()
    assert lib.train.accuracy(solver.model, *solver.data.test) >= 0.97


@pytest.mark.data
@pytest.mark.parametrize(
    ("data", "epochs", "least"),
    [pytest.param("cifar10", 2, 0.50, marks=pytest.mark.catalogue), ("mnist", 2, 0.92)],
)
def test_two_epochs_on_real_images_are_enough_to_see(data, epochs, least, lib, published):
    """A part of the tuned run is already better than the default settings."""
    recipe = lib.recipes.recipe("twolayer", data).changed(epochs=epochs)
    assert max(lib.recipes.prepare(recipe, data).train().val_accuracy) >= least


def seeds(rng):
    """Make two generators of one seed, and one of another."""
    seed = int(rng.integers(2**32))
    return [np.random.default_rng(seed + k) for k in (0, 0, 1)]


def rows_of(epoch):
    """Return the rows of all batches in their order, after a look at their numbers."""
    parts = [np.asarray(rows) for rows in epoch]
    assert all(rows.ndim == 1 and rows.dtype.kind in "iu" for rows in parts)
    return np.concatenate(parts)


@pytest.mark.exercise("solver-batches", points=2)
def test_your_batches_visit_every_example_once(answers, rng):
    """Each of N rows once, in batches of one size and a last one that may be smaller."""
    for N, batch in [*rng.integers([5, 2], [60, 9], size=(6, 2)), (3, 7), (12, 4), (1, 1), (7, 1)]:
        epoch = list(answers.batches(int(N), int(batch), rng=rng))
        rest = [N % batch] if N % batch else []
        assert [len(rows) for rows in epoch] == [batch] * (N // batch) + rest
        assert_array_equal(np.sort(rows_of(epoch)), np.arange(N))


@pytest.mark.exercise("solver-batches", points=2)
def test_your_batches_come_from_the_given_generator(answers, rng):
    """One seed gives one order, another seed another; and every epoch has its own."""
    N, batch = int(rng.integers(30, 60)), int(rng.integers(3, 9))
    first, twin, other = seeds(rng)
    orders = [rows_of(answers.batches(N, batch, rng=each)) for each in (first, first, twin, other)]
    assert_array_equal(orders[0], orders[2])
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[3])
    assert all(not np.array_equal(order, np.arange(N)) for order in orders)


@pytest.mark.exercise("solver-batches", points=2)
def test_your_orders_are_equally_likely(answers, rng):
    """Each of the six orders of three rows gets a sixth, up to five standard errors."""
    orders = [tuple(rows_of(answers.batches(3, 2, rng=rng)).tolist()) for _ in range(120)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert np.abs(np.array(counts) - 20).max() <= 5 * np.sqrt(120 * 5 / 36)


@pytest.mark.exercise("solver-batches", points=2)
def test_your_rows_go_anywhere(answers, rng):
    """Each eighth of many rows is spread over all eighths; as many move a little down as up."""
    N, batch, epochs = 800, int(rng.integers(20, 90)), 16
    orders = [rows_of(answers.batches(N, batch, rng=rng)) for _ in range(epochs)]
    cells = sum(np.histogram2d(np.arange(N), order, bins=8)[0] for order in orders)
    expected = epochs * N / 64
    assert np.abs(cells - expected).max() <= 6 * np.sqrt(expected)

    moved = np.concatenate([np.arange(N) - order for order in orders])
    down, up = (((by > 0) & (by < 3 * N / 8)).sum() for by in (moved, -moved))
    assert abs(down - up) <= 5 * np.sqrt(down + up), "not all orders are alike"


@pytest.mark.exercise("solver-batches", points=2)
def test_no_row_stays_with_its_neighbour(answers, rng):
    """In an order drawn at random a row is followed by the next one once in N times."""
    N, batch = int(rng.integers(30, 60)), int(rng.integers(3, 9))
    steps = [np.diff(rows_of(answers.batches(N, batch, rng=rng))) for _ in range(20)]
    for step in (1, -1):
        followed = sum(int((each == step).sum()) for each in steps)
        assert abs(followed - 20) <= 6 * np.sqrt(20)
    often = max(np.bincount(each % N).max() for each in steps)
    assert often <= 12, "one step from row to row is taken again and again"


@pytest.mark.exercise("solver-centre", points=1)
@pytest.mark.parametrize("kind", ["bytes", "small bytes", "floats", "short floats", "integers"])
def test_your_sets_are_centred_by_the_training_mean(kind, answers, unchanged, rng):
    """The mean of the training set, and of no other, is taken off all three."""
    high, dtype = {"bytes": (256, "u1"), "small bytes": (4, "u1"), "floats": (4, float),
                   "short floats": (4, "f4"), "integers": (4, int)}[kind]  # fmt: skip
    for axes, sizes in ((3, rng.permutation([4, 7, 9])), (rng.integers(1, 3), (1, 3, 2))):
        image = rng.permutation([2, 3, 4, 5])[:axes]
        drawn = [rng.integers(high, size=(N, *image)) for N in sizes]
        if dtype in (float, "f4"):
            drawn = [x + rng.normal(size=x.shape) for x in drawn]
        for sets in ([x.astype(dtype) for x in drawn], [x[::-1].astype(dtype) for x in drawn]):
            mean = sum(image.astype(float) for image in sets[0]) / sizes[0]
            wanted = [x.astype(float) - mean for x in sets]
            for mine, true in zip(unchanged(answers.centre, *sets), wanted, strict=True):
                assert np.asarray(mine).dtype.kind == "f"
                assert np.shape(mine) == true.shape
                assert_allclose(mine, true, rtol=0, atol=4e-6 * high)


class Bowls:
    """A loss whose steps are known: distances of two parameters from what an example asks for."""

    def __init__(self, rng, dtype=float):
        N, D, M = map(int, rng.integers([12, 2, 5], [19, 5, 8]))
        self.x, self.t = 50 * rng.normal(size=(N, D)), rng.permutation(N)
        self.params = {"w": rng.normal(size=D), "scale": rng.normal(size=(M, D)), "b": np.zeros(1)}
        self.params = {name: w.astype(dtype) for name, w in self.params.items()}
        self.start = {name: w.astype(float) for name, w in self.params.items()}
        self.kept = self.x.copy(), self.t.copy()
        self.seen = []

    def loss(self, x, t):
        """Return the loss and the gradients of a batch; remember which examples came."""
        self.seen.append(np.array(t))
        return self.slopes(self.params, x, t)

    @staticmethod
    def slopes(params, x, t):
        """Compute ½ mean ‖w - x‖² + ½ ‖scale - mean x‖² + ½ (b - mean t)², and its gradients."""
        gaps = {
            "w": params["w"] - x,
            "scale": params["scale"] - x.mean(axis=0),
            "b": params["b"] - t.mean(),
        }
        loss = 0.5 * (gaps["w"] ** 2).sum() / len(x)
        loss += 0.5 * sum((gaps[name] ** 2).sum() for name in ("scale", "b"))
        return float(loss), gaps | {"w": gaps["w"].mean(axis=0)}

    def replayed(self, rate):
        """Return the losses and the parameters of descent on the batches that came."""
        x, labels = self.kept
        place = {int(label): row for row, label in enumerate(labels)}
        params, losses = {name: w.copy() for name, w in self.start.items()}, []
        for t in self.seen:
            value, grads = self.slopes(params, x[[place[int(label)] for label in t]], t)
            losses.append(value)
            params = {name: w - rate * grads[name] for name, w in params.items()}
        return losses, params


@pytest.mark.exercise("solver-train", points=2, in_place=True)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_your_losses_are_those_of_gradient_descent(dtype, answers, rng):
    """Replayed on the batches that the loss was asked for, step by step, for all parameters."""
    for least in (0.02, 0.2):
        bowls, (batch, epochs) = Bowls(rng, dtype), map(int, rng.integers([2, 2], [7, 5]))
        rate, held = least * rng.uniform(1, 2), dict(bowls.params)
        options = {"rate": rate, "batch": batch, "epochs": epochs, "rng": rng}
        found = answers.train(bowls.loss, bowls.params, bowls.x, bowls.t, **options)
        losses, params = bowls.replayed(rate)
        near = {"rtol": 1e5 * np.finfo(dtype).eps, "atol": 1e6 * np.finfo(dtype).eps}
        assert_allclose(found, losses, **near)
        assert set(bowls.params) == set(params)
        for name, w in params.items():
            assert held[name] is bowls.params[name]
            assert_allclose(held[name], w, **near)


@pytest.mark.exercise("solver-train", points=2, in_place=True)
def test_your_epochs_visit_every_example_once(answers, rng):
    """Each epoch has every example in one of its batches, and epochs have their own orders."""
    for batch in (*map(int, rng.integers(2, 7, size=2)), 1, 50):
        bowls, epochs = Bowls(rng), int(rng.integers(2, 5))
        N, steps = len(bowls.x), -(-len(bowls.x) // batch)
        options = {"rate": 0.1, "batch": batch, "epochs": epochs, "rng": rng}
        answers.train(bowls.loss, bowls.params, bowls.x, bowls.t, **options)
        sizes = [batch] * (N // batch) + [N % batch] * (N % batch > 0)
        assert [len(rows) for rows in bowls.seen] == epochs * sizes
        orders = [np.concatenate(bowls.seen[i * steps : (i + 1) * steps]) for i in range(epochs)]
        rows = np.argsort(bowls.t)
        for order in orders:
            assert_array_equal(np.sort(order), np.arange(N))
            often = np.bincount(np.diff(rows[order]) % N).max()
            assert often < N - 2, "the order is not drawn"
        assert not np.array_equal(orders[0], orders[1])
        assert not np.array_equal(orders[0], bowls.t)


@pytest.mark.exercise("solver-train", points=2, in_place=True)
def test_your_order_comes_from_the_given_generator(answers, rng):
    """One seed gives one order of the examples, another seed another."""
    seen, seed = [], int(rng.integers(2**32))
    for generator in seeds(rng):
        bowls = Bowls(np.random.default_rng(seed))
        options = {"rate": 0.1, "batch": 3, "epochs": 2, "rng": generator}
        answers.train(bowls.loss, bowls.params, bowls.x, bowls.t, **options)
        seen.append(np.concatenate(bowls.seen))
    assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


@pytest.mark.exercise("solver-best", points=2)
def test_your_best_parameters_are_those_of_the_best_epoch(answers, rng):
    """Training goes on in the same arrays; what was kept must not move with them."""
    high, low = np.sort(rng.random(2))[::-1]
    lower = (rng.random(4) * low).tolist()
    courses = [[low, high, *lower, high, low], [high, *lower], [*lower, high], [0.0, 0.0], [low]]
    courses += [[*lower[:2], high, high], rng.random(9).tolist()]
    courses += [
        [low, *rng.uniform(0, low, size=40), high],
        [low, np.nextafter(low, 1)],
        [0.999, 1.0],
    ]
    for accuracies in courses:
        states = rng.normal(size=(len(accuracies), 2, 3))

        def epochs(accuracies=accuracies, states=states):
            params = {"w": np.empty((2, 3)), "b": np.empty(1), "scale": np.empty(3)}
            for accuracy, state in zip(accuracies, states, strict=True):
                params["w"][...], params["b"][...], params["scale"][...] = (
                    state,
                    state.sum(),
                    state[1],
                )
                yield accuracy, params
            params["w"][...] = params["b"][...] = params["scale"][...] = np.nan

        best, kept = answers.keep_best(epochs())
        assert best == max(accuracies)
        state = states[accuracies.index(best)]
        assert set(kept) == {"w", "b", "scale"}
        wanted = {"w": state, "b": [state.sum()], "scale": state[1]}
        for name, array in wanted.items():
            assert_array_equal(kept[name], array)


@pytest.mark.exercise("solver-confusion", points=1)
def test_your_confusions_are_counted_one_by_one(answers, unchanged, rng):
    """Entry (i, j): examples of class i taken for class j, however many there are."""
    for K in (*map(int, rng.integers(3, 12, size=4)), 2, 1):
        for N in (*map(int, rng.integers([30, 500], [200, 900])), 1):
            used = rng.integers(min(2, K), K + 1)  # the last classes may have no example
            t, guesses = rng.integers(used, size=(2, N))
            counts = np.zeros((K, K), int)
            for pair in zip(t, guesses, strict=True):
                counts[pair] += 1
            assert_array_equal(unchanged(answers.confusion, t, guesses, K), counts)


def evenly(numbers, low, high):
    """Return how far along from low to high numbers lie, in factors: uniform from 0 to 1."""
    return np.log(np.asarray(numbers) / low) / np.log(high / low)


def is_uniform(shares):
    """Tell whether shares lie in [0, 1], and their distribution nowhere strays too far."""
    shares = np.sort(np.asarray(shares))
    ranks = np.arange(1, len(shares) + 1) / len(shares)
    inside = shares[0] >= -1e-12 and shares[-1] <= 1 + 1e-12
    return bool(inside and np.abs(ranks - shares).max() * np.sqrt(len(shares)) < 2.8)


@pytest.mark.exercise("solver-draw", points=1)
def test_your_numbers_fall_into_every_decade_alike(answers, rng):
    """Between low and high, each factor gets its share, as Kolmogorov's test measures it."""
    for low, ratio in zip(10.0 ** rng.uniform(-5, 1, size=4), (3.0, 1e2, 1e4, 1e7), strict=True):
        count = int(rng.integers(900, 1500))
        drawn = np.asarray(answers.draw(low, low * ratio, count, rng=rng))
        assert drawn.shape == (count,)
        assert len(np.unique(drawn)) > 0.9 * count
        shares = evenly(drawn, low, low * ratio)
        alike = is_uniform(shares) and shares.min() < 0.025 and shares.max() > 0.975
        assert alike, "not every factor gets its share: draw logarithms evenly"


@pytest.mark.exercise("solver-draw", points=1)
def test_your_numbers_come_from_the_given_generator(answers, rng):
    """One seed gives one list, another seed another; asked again, other numbers come."""
    low, count = 10.0 ** rng.uniform(-5, 1), int(rng.integers(1, 9))
    first, twin, other = seeds(rng)
    lists = [answers.draw(low, 99 * low, count, rng=each) for each in (first, first, twin, other)]
    assert [np.shape(numbers) for numbers in lists] == [(count,)] * 4
    assert_array_equal(lists[0], lists[2])
    assert not set(np.ravel(lists[0])) & set(np.ravel([lists[1], lists[3]]))


@pytest.mark.exercise("solver-draw", points=1)
def test_your_numbers_are_drawn_one_by_one(answers, rng):
    """Of pairs, half have both numbers on the same side of √(low · high), and half go up."""
    pairs = [np.asarray(answers.draw(1e-3, 10.0, 2, rng=rng)) for _ in range(100)]
    same = sum(int((one < 0.1) == (other < 0.1)) for one, other in pairs)
    upwards = sum(int(one < other) for one, other in pairs)
    assert abs(same - 50) <= 5 * np.sqrt(25)
    assert abs(upwards - 50) <= 5 * np.sqrt(25)


def hill(peak, fresh=np.inf):
    """Make an accuracy between 0 and 1 with one peak, and a list of the rates it is asked for.

    After so many `fresh` rates, all are worse than those before.
    """
    asked = []

    def run(rate):
        asked.append(float(rate))
        height = 1 / (1 + abs(float(np.log(rate / peak))))
        return height if len(asked) <= fresh else 0.01 * height

    return run, asked


def wide(rng):
    """Draw a range of some factors of ten."""
    low = 10.0 ** rng.uniform(-6, -2)
    return low, low * 10.0 ** rng.uniform(2, 5)


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_narrows_around_the_best(answers, rng):
    """Round r stays within a range of ratio (high/low)^(1/2ʳ) around the best so far."""
    drawn = map(tuple, rng.integers([3, 2], [9, 5], size=(3, 2)))
    for trials, rounds in ((1, 3), (5, 1), (3, 6), *drawn):
        low, high = wide(rng)
        peak = low * (high / low) ** rng.uniform(0, 1)
        run, asked = hill(peak)
        found = answers.search(run, low, high, trials=int(trials), rounds=int(rounds), rng=rng)
        assert len(asked) == len(set(asked)) == trials * rounds
        nearest = min(asked, key=lambda rate, at=peak: abs(np.log(rate / at)))
        assert_allclose(found, nearest, rtol=1e-12)
        for r in range(1, rounds):
            best = min(asked[: trials * r], key=lambda rate, at=peak: abs(np.log(rate / at)))
            now = np.array(asked[trials * r : trials * (r + 1)])
            reach = (high / low) ** (0.5 / 2**r) * (1 + 1e-9)
            assert np.abs(np.log(now / best)).max() <= np.log(reach)


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_stays_with_the_best_of_all_rounds(answers, rng):
    """Where no later round is better, all of them lie around the best of the first."""
    low, high = wide(rng)
    middle = np.sqrt(low * high)
    run, asked = hill(middle, fresh=12)
    found = answers.search(run, low, high, trials=12, rounds=4, rng=rng)
    best = min(asked[:12], key=lambda rate: abs(np.log(rate / middle)))
    assert_allclose(found, best, rtol=1e-12)
    for r in range(1, 4):
        reach = (high / low) ** (0.5 / 2**r) * (1 + 1e-9)
        assert np.abs(np.log(np.divide(asked[12 * r : 12 * (r + 1)], best))).max() <= np.log(reach)


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_draws_every_factor_of_ten_alike(answers, rng):
    """In the first range, and in all of those that lie around the best of a hill's middle."""
    low, high = wide(rng)
    middle = np.sqrt(low * high)
    run, asked = hill(middle)
    answers.search(run, low, high, trials=200, rounds=2, rng=rng)
    rounds = []
    for r in range(2):
        best = min(asked[: 200 * r], key=lambda rate: abs(np.log(rate / middle)), default=middle)
        reach = (high / low) ** (0.5 / 2**r)
        shares = evenly(asked[200 * r : 200 * (r + 1)], best / reach, best * reach)
        alike = is_uniform(shares) and min(shares) < 0.07 and max(shares) > 0.93
        assert alike, "not every factor of the range gets its share"
        rounds.append(np.sort(shares))
    assert np.abs(rounds[0] - rounds[1]).max() > 1e-6, "each round draws rates of its own"


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_stays_inside_the_first_range(answers, rng):
    """A best rate at the edge does not pull the range across it; equal accuracies do no harm."""
    low, high = wide(rng)
    for accuracy in (lambda rate: rate / high, lambda rate: low / rate, lambda rate: 0.0):
        asked = []
        run = lambda rate, log=asked, accuracy=accuracy: log.append(float(rate)) or accuracy(rate)
        found = answers.search(run, low, high, trials=6, rounds=4, rng=rng)
        assert min(asked) >= low * (1 - 1e-12)
        assert max(asked) <= high * (1 + 1e-12)
        assert len(set(asked)) == 24
        assert np.isclose(asked, found, rtol=1e-12, atol=0).any()


@pytest.mark.exercise("solver-search", points=2)
def test_your_search_asks_the_given_generator(answers, rng):
    """One seed asks for the same rates again, another seed for others."""
    (low, high), rates = wide(rng), []
    for generator in seeds(rng):
        run, asked = hill(np.sqrt(low * high))
        answers.search(run, low, high, trials=3, rounds=2, rng=generator)
        rates.append(asked)
    assert rates[0] == rates[1]
    assert not set(rates[0]) & set(rates[2])


@pytest.mark.exercise("solver-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "solver.fair": "solver-line-10",
        "solver.pairs": "solver-line-24",
        "solver.scatter": "solver-line-21",
    }
    assert list(map(index, yours)) == [planted(name, slip)[0] for name, slip in names.items()]
