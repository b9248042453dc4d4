"""Training.  Each test is a lemma of `book/solver.md`, in the order of the chapter."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.data.batches import shuffled
from dlcore.data.dataset import Examples


@pytest.fixture
def lib():
    """The library's training, imported by those who ask: its kernels take a while to load."""
    from dlcore.nn.models import TwoLayer  # noqa: PLC0415
    from dlcore.train import checkpoint, optim, schedule, solver, sweep  # noqa: PLC0415

    return SimpleNamespace(
        Solver=solver.Solver, DivergedError=solver.DivergedError, checkpoint=checkpoint,
        optim=optim, schedule=schedule, sweep=sweep, TwoLayer=TwoLayer,
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


def make(lib, data, *, rule=None, M=5, seed=3, **options):
    """Set up a run of a small network on small data."""
    model = lib.TwoLayer(7, M, 3, rng=np.random.default_rng(seed))
    rule = rule or lib.optim.Momentum(0.1)
    return lib.Solver(model, data, rule=rule, **{"batch": 16, "epochs": 4, "seed": seed} | options)


def bits(solver):
    """Everything that a run leaves behind, as bytes."""
    arrays = [*solver.model.params.values(), np.array(solver.history.losses)]
    return b"".join(array.tobytes() for array in arrays), solver.history.val


def test_an_epoch_visits_every_example_once(rng):
    """The batches of an epoch are a permutation, cut into pieces; the last may be short."""
    rows = list(shuffled(23, 5, rng))
    assert [len(each) for each in rows] == [5, 5, 5, 5, 3]
    assert_array_equal(np.sort(np.concatenate(rows)), np.arange(23))


def test_the_gradients_of_an_epoch_average_to_the_whole(lib, blobs, rng):
    """(1/S) Σₛ gₛ = g: batches of one size that share no example, at the same parameters."""
    model = make(lib, blobs).model
    x, t = blobs.train
    parts = [model.loss(x[rows], t[rows])[1]["w1"] for rows in shuffled(60, 12, rng)]
    assert_allclose(np.mean(parts, axis=0), model.loss(x, t)[1]["w1"], rtol=1e-12, atol=1e-15)


def test_a_pair_strays_half_as_far_as_one(lib, blobs, formulas, oracle):
    """The mean square over all pairs is half of that over all examples: the page's last line."""
    model = make(lib, blobs).model
    x, t = (array[:12] for array in blobs.train)
    g = np.array([model.loss(x[[i]], t[[i]])[1]["w1"][2, 3] for i in range(12)])
    pairs = (g[:, None] + g) / 2
    single, pair = np.mean((g - g.mean()) ** 2), np.mean((pairs - g.mean()) ** 2)
    assert pair == pytest.approx(single / 2, rel=1e-12)
    assert oracle.program(formulas.centre)(g=g) == pytest.approx(g.mean(), rel=1e-12)


def test_the_schedule_sets_the_learning_rate_of_every_epoch(lib, blobs):
    """The base rate times the factor:  0.1 · ½ᵉ after e epochs."""
    history = make(lib, blobs, schedule=lib.schedule.exponential(0.5)).train()
    assert history.rates == [0.1, 0.05, 0.025, 0.0125]


def test_a_first_loss_is_ln_k(lib, digits):
    """With small weights every class is as likely as the next:  L = ln K + O(std²)."""
    model = lib.TwoLayer(64, 20, 10, rng=np.random.default_rng(0), std=1e-3)
    assert model.loss(digits.train.x, digits.train.t)[0] == pytest.approx(np.log(10), abs=1e-4)


def test_fifty_examples_can_be_memorised(lib, digits):
    """A network that cannot learn fifty examples has a bug, not a hard task."""
    few = SimpleNamespace(train=digits.train.first(50), val=digits.val)
    model = lib.TwoLayer(64, 50, 10, rng=np.random.default_rng(0))
    history = lib.Solver(model, few, rule=lib.optim.Momentum(0.05), batch=10, epochs=20).train()
    assert history.train[-1] == 1.0
    assert history.losses[-1] < 0.01 * history.losses[0]


def test_a_loss_that_leaves_the_numbers_stops_the_run(lib, blobs):
    """The error names the epoch and the rate; what was recorded so far is kept."""
    solver = make(lib, blobs, rule=lib.optim.SGD(1e200))
    with pytest.raises(lib.DivergedError, match=r"in epoch 1 at rate 1e\+200, try a"):
        solver.train()
    assert len(solver.history.losses) == 1


def test_the_best_parameters_are_put_back(lib, blobs):
    """After training the model is the one of the best epoch, not of the last."""
    leap = lambda progress, epoch: 1.0 if epoch < 3 else 1000.0
    solver = make(lib, blobs, schedule=leap)
    history = solver.train()
    assert max(history.val) > history.val[-1]
    assert solver.model.accuracy(*blobs.val) == max(history.val)


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
    assert bits(one) == bits(same)
    assert bits(one) != bits(other)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("draw", ["shuffled", "replaced"])
def test_a_resumed_run_ends_with_the_same_bits(name, draw, lib, blobs, tmp_path):
    """Two epochs, a checkpoint, two more epochs elsewhere: the same as four without a stop."""
    options = {"draw": draw, "schedule": lib.schedule.cosine(), "reg": 0.01}
    whole, first, second = (
        make(lib, blobs, rule=lib.optim.RULES[name](0.01), **options) for _ in range(3)
    )
    whole.train()
    stop_after(first, 2, tmp_path / "run.npz")
    second.resume(tmp_path / "run.npz").train()
    assert bits(second) == bits(whole)


def stop_after(solver, epochs, path):
    """Train, and be killed in the middle of the epoch that follows."""

    class Killed(type(solver.history.losses)):
        """A list of losses that ends the process, so to speak, at a certain length."""

        def append(self, loss):
            if len(self) == epochs * solver.steps + 1:
                raise KeyboardInterrupt
            super().append(loss)

    solver.history.losses = Killed()
    with pytest.raises(KeyboardInterrupt):
        solver.train(path=path)


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
    before = bits(fresh)
    with pytest.raises(ValueError, match=message):
        fresh.resume(path)
    assert bits(fresh) == before


def test_a_checkpoint_of_another_model_is_refused(lib, blobs, tmp_path):
    """Five hidden units cannot become six; the message has both shapes."""
    make(lib, blobs, M=5).train(path=tmp_path / "run.npz")
    with pytest.raises(ValueError, match=r"w1 is \(7, 6\) in the model but \(7, 5\) in params"):
        make(lib, blobs, M=6).resume(tmp_path / "run.npz")


@pytest.mark.parametrize("options", [{"batch": 0}, {"epochs": -1}, {"draw": "sorted"}])
def test_a_run_without_sense_is_refused(options, lib, blobs):
    """No batch, no epochs, an unknown way to draw: named before anything is trained."""
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
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


def test_the_digits_are_learned_in_ten_seconds():
    """The tuned recipe: at least 0.97 of the digits that were held back."""
    from dlcore.train.recipes import prepare, recipe  # noqa: PLC0415

    start = time.perf_counter()
    solver = prepare(recipe("twolayer", "digits"), "digits")
    solver.train()
    assert solver.model.accuracy(*solver.data.test) >= 0.97
    assert time.perf_counter() - start < 10


@pytest.mark.data
@pytest.mark.parametrize(("data", "epochs", "least"), [("cifar10", 2, 0.50), ("mnist", 2, 0.92)])
def test_two_epochs_on_real_images_are_enough_to_see(data, epochs, least, published):
    """A tenth of the tuned run already beats the handout's defaults by far."""
    from dataclasses import replace  # noqa: PLC0415

    from dlcore.train.recipes import prepare, recipe  # noqa: PLC0415

    solver = prepare(replace(recipe("twolayer", data), epochs=epochs), data)
    assert max(solver.train().val) >= least


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
