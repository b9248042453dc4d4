"""PyTorch.  The claims of `book/pytorch.md`, in the order of the chapter."""

import decimal
import importlib
import json
import re
from operator import index
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn, ops
from dlcore.autodiff import grad
from dlcore.compat.torch import set_learning_rate, state_dict
from dlcore.course.exercises.topics import ROOT
from dlcore.experiments.experiment import Claim
from dlcore.nn.models import ResNet, TwoLayer
from dlcore.ops.linear import linear
from dlcore.train import SGD, Adam, AdamW, Momentum, RMSProp, loss_and_grads
from tests.comparing import agree, locked, single

FEW_ROUNDINGS = {"rtol": 1e-12, "atol": 1e-13}  # a few sums and products of numbers near one
COUNTED = "num_batches_tracked"


@pytest.fixture(scope="module")
def twice():
    """The models that are written twice."""
    return importlib.import_module("dlcore.experiments.written_twice")


@pytest.fixture(scope="module")
def traps():
    """The traps on the way."""
    return importlib.import_module("dlcore.experiments.traps")


@pytest.fixture(scope="module")
def pairs():
    """The lines of a training step, on both sides."""
    return importlib.import_module("dlcore.experiments.line_pairs")


@pytest.fixture(scope="module")
def programs():
    """PyTorch's rules in NumPy, by the letters of the page."""
    return importlib.import_module("dlcore.verification.programs.pytorch")


@pytest.fixture(scope="module")
def record():
    """Read the record of an experiment."""
    return importlib.import_module("dlcore.experiments.experiment").record


@pytest.fixture
def torch():
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch", reason="install the extra `bench`")


def test_two_steps_are_taken_by_hand(programs):
    """g = 1, μ = ½, rates 1 and ½:  w = -1, -2 here, and -1, -7/4 in PyTorch."""
    there = programs.pytorch_sgd(0.0, lambda w: 1.0, [1.0, 0.5], momentum=0.5)
    here, optimizer = np.zeros(1), Momentum(1.0, momentum=0.5)
    for rate, expected in ((1.0, -1.0), (0.5, -2.0)):
        optimizer.learning_rate = rate
        optimizer.step({"w": here}, {"w": np.ones(1)})
        assert here == expected
    assert there == [-1, -7 / 4]


# The same models


@pytest.mark.torch
@pytest.mark.parametrize("name", ["softmax", "two-layer", "ConvNet", "ResNet-20"])
def test_both_sides_compute_the_same_training_step(name, twice, torch, rng):
    """Scores, loss, gradients and running statistics, to 1e-6 of the largest entry."""
    assert max(twice.parity(torch, name, rng).values()) < 1e-6


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["SGD", "momentum", "Nesterov", "RMSProp", "Adam", "AdamW"])
def test_optimizers_of_both_sides_take_the_same_steps(kind, twice, torch, rng):
    """Of the two-layer network: 1 and 50 steps with weight decay, to 1e-6."""
    run = twice.RUNS[kind]
    for steps in (1, 50):
        rates = [run.learning_rate] * steps
        assert twice.steps_apart(torch, "two-layer", run, rates, rng) < 1e-6


def test_the_record_of_the_steps_is_that_of_equal_programs(record, twice, pairs):
    """Every model, optimizer and line is in it, and nothing is above 1e-6."""
    history = record("pytorch-parity")["history"]
    assert history["lines"].keys() == pairs.LINES.keys()
    for key in ("training step", "1 steps", "50 steps"):
        assert history[key].keys() == twice.WRITTEN_TWICE.keys()
        assert max(max(row.values()) for row in history[key].values()) < 1e-6
    for name, rows in history["lines"].items():
        assert len(rows) == len(pairs.LINES[name])
        assert max(row.get("apart", 0.0) for row in rows) < 1e-6


def test_the_lines_of_this_side_run(pairs, twice, rng):
    """Of each network, one after another; what is compared is a number or an array."""
    for lines in pairs.LINES.values():
        x, t = twice.batch(rng)
        names = pairs.names_here(x, t, rng)
        for line in lines:
            exec(line.here, names)
            if line.watched and "module" not in line.watched:
                assert np.isfinite(eval(line.watched[0], names)).all()


@pytest.mark.torch
def test_the_lines_of_both_sides_compute_the_same(pairs, torch, rng):
    """Run line by line, to 1e-6 of the largest entry."""
    for name in pairs.LINES:
        assert max(each.get("apart", 0.0) for each in pairs.values(torch, name, rng)) < 1e-6


# Names and layouts


@pytest.mark.torch
def test_images_are_laid_out_flat_in_the_same_order(torch, rng):
    """Channels, then rows, then columns: no weight behind a flattened image is permuted."""
    x = rng.normal(size=(2, 3, 4, 5))
    assert_array_equal(nn.Flatten()(x), torch.from_numpy(x).flatten(1).numpy())


# Momentum


@pytest.mark.torch
def test_the_rules_of_this_chapter_are_those_of_pytorch(programs, torch, rng):
    """On a quadratic with the slopes κ w: every option, a rate that changes, few roundings."""
    curvature, rates = rng.uniform(0.5, 2, size=3), [0.3, 0.3, 0.1, 0.2, 0.2]
    for options in ({}, {"momentum": 0.8}, {"momentum": 0.8, "dampening": 0.5},
                    {"momentum": 0.8, "nesterov": True}):  # fmt: skip
        w = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
        ours = programs.pytorch_sgd(w.numpy().copy(), lambda w: curvature * w, rates, **options)
        optimizer = torch.optim.SGD([w], 1.0, **options)
        for rate, expected in zip(rates, ours, strict=True):
            optimizer.param_groups[0]["lr"] = rate
            w.grad = torch.tensor(curvature) * w
            optimizer.step()
            assert_allclose(w.numpy(), expected, **FEW_ROUNDINGS)


def test_both_conventions_agree_while_the_rate_is_constant(programs, rng):
    """Twenty steps on a quadratic: our velocity against PyTorch's buffer."""
    curvature, w = rng.uniform(0.5, 2, size=3), rng.normal(size=3)
    there = programs.pytorch_sgd(w, lambda w: curvature * w, [0.2] * 20, momentum=0.7)
    here, optimizer = {"w": w.copy()}, Momentum(0.2, momentum=0.7)
    for expected in there:
        optimizer.step(here, {"w": curvature * here["w"]})
        assert_allclose(here["w"], expected, **FEW_ROUNDINGS)


def test_a_change_of_the_rate_leaves_a_gap(programs, formulas, oracle):
    """After i steps it is the page's sum, and in the end μ/(1 - μ) (η⁺ - η) u."""
    values = {"u": 2.0, "rate": 0.4, "rate_next": 0.1, "momentum": 0.5}
    page = oracle.program(formulas.gap)
    for i in (0, 1, 5):
        assert_allclose(programs.gap(**values, i=i), page(**values, i=i), **FEW_ROUNDINGS)
    assert_allclose(programs.gap(**values, i=60), 1.0 * (0.1 - 0.4) * 2.0, **FEW_ROUNDINGS)


def test_a_rescaled_buffer_closes_the_gap(formulas, oracle):
    """`set_learning_rate` multiplies it as the page does."""
    group, buffer = {"lr": 0.4, "params": ["w"]}, np.array([2.0, -3.0])
    state = {"w": {"momentum_buffer": buffer}}
    page = oracle.program(formulas.rescaled)(u=buffer.copy(), rate=0.4, rate_next=0.1)
    set_learning_rate(SimpleNamespace(param_groups=[group], state=state), 0.1)
    assert_allclose(buffer, page, **FEW_ROUNDINGS)


def test_dampening_by_the_momentum_makes_a_mean(programs):
    """With τ = μ the buffer of a constant gradient is that gradient, from the first step on."""
    for i in range(1, 6):
        assert_allclose(programs.dampened(3.0, 0.8, 0.8, i), 3.0, **FEW_ROUNDINGS)


# Adaptive steps and decay


def test_no_number_outside_of_the_root_replaces_one_inside(formulas):
    """What it would have to be falls from √ε at s = 0 to about ε/(2 √s) where s is large."""

    def needed(s, eps):
        page = formulas.eps_outside.rhs.subs({formulas.s: s**0.5, formulas.eps: eps})
        return float(page) - s**0.5

    assert_allclose(needed(0.0, 1e-8), 1e-4)
    assert_allclose(needed(1.0, 1e-8), 1e-8 / 2, rtol=1e-6)


def test_a_small_gradient_distinguishes_the_two_positions():
    """Where s = 0 the first step with ε inside is √ε of the one with ε outside, for tiny g."""
    steps = {}
    for inside in (True, False):
        w = np.array([0.0])
        RMSProp(1.0, rho=0.0, eps=1e-8, eps_inside_sqrt=inside).step(
            {"w": w}, {"w": np.array([1e-12])}
        )
        steps[inside] = w[0]
    assert_allclose(steps[True], 1e-4 * steps[False], rtol=1e-3)


def test_in_adam_the_first_step_forgets_how_large_the_decay_is():
    """Without a gradient and for w ≫ ε: it is η, for any decay; in AdamW it is η δ w."""
    for decay in (1e-4, 1e-2, 1.0):
        adam, adamw = np.array([3.0]), np.array([3.0])
        Adam(0.1, weight_decay=decay).step({"w": adam}, {"w": np.zeros(1)})
        AdamW(0.1, weight_decay=decay).step({"w": adamw}, {"w": np.zeros(1)})
        assert_allclose(3 - adam, 0.1, rtol=1e-3)
        assert_allclose(3 - adamw, 0.1 * decay * 3, rtol=1e-9)


def test_a_decayed_bias_ends_short_of_its_target(formulas, oracle):
    """Gradient descent on κ (b - m)²/2 with weight decay ends where the page says."""
    b, optimizer = np.array([0.0]), SGD(0.1, weight_decay=0.5)
    for _ in range(400):
        optimizer.step({"b": b}, {"b": 2.0 * (b - 3.0)})
    page = oracle.program(formulas.decayed_bias)(curvature=2.0, decay=0.5, m=3.0)
    assert_allclose(b, page, rtol=1e-9)
    assert_allclose(page, 2.4)


def test_a_sum_is_a_mean_with_another_rate_and_another_decay(rng):
    """Ten steps of the two-layer network on the sum; η N and δ/N on the mean."""
    x, t = rng.normal(size=(6, 5)), rng.integers(3, size=6)
    models = [TwoLayer(5, 4, 3, rng=np.random.default_rng(1), std=0.5) for _ in range(2)]
    total = lambda scores, t: len(t) * ops.cross_entropy(scores, t)
    runs = (total, SGD(0.01, weight_decay=0.6)), (ops.cross_entropy, SGD(0.06, weight_decay=0.1))
    for model, (loss_fn, optimizer) in zip(models, runs, strict=True):
        for _ in range(10):
            _, grads = loss_and_grads(model, loss_fn, x, t)
            optimizer.step(nn.named_parameters(model), grads, weights=nn.named_weights(model))
    for w, other in zip(*(nn.named_parameters(each).values() for each in models), strict=True):
        assert_allclose(w, other, **FEW_ROUNDINGS)


# Normalisation


def test_a_share_of_one_over_i_is_the_plain_average(rng):
    """What momentum=None means in PyTorch, with the momentum of ours set before every batch."""
    norm, means = nn.BatchNorm(3, affine=False), []
    for i in range(1, 6):
        x = rng.normal(size=(4, 3, 2, 5)) + i
        norm.momentum = 1 / i
        norm(x, rng)
        means.append(x.mean(axis=(0, 2, 3)))
        assert_allclose(norm.state["mean"], np.mean(means, axis=0), **FEW_ROUNDINGS)


def test_a_swapped_share_forgets_at_once(formulas, oracle):
    """After 5 batches a share of 0.1 keeps 0.9⁵ of the first value, one of 0.9 only 0.1⁵."""
    page = oracle.program(formulas.forgotten)
    for alpha, left in ((0.1, 0.9**5), (0.9, 0.1**5)):
        assert_allclose(page(alpha=alpha, i=5, r=[1.0], m=0.0), left, **FEW_ROUNDINGS)


# The traps, run


TRAPS = (
    "rate outside of the velocity", "dampening", "no look-ahead", "ε inside of the root",
    "decay of biases", "decay beside the gradient", "decay by default", "sum of losses",
    "softmax twice", "gradients not cleared", "share that is kept", "mode of evaluation",
)  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize("name", TRAPS)
def test_every_trap_ends_elsewhere(name, traps, torch):
    """By the dictionary both sides are within 1e-6 after twelve steps, in the trap they are not."""
    assert traps.trap_apart(torch, name, "right") < 1e-6
    assert traps.trap_apart(torch, name, "wrong") > 1e-4


def test_the_record_of_the_traps_has_all_of_them(record, traps):
    """Right below 1e-6, wrong above 1e-4."""
    found = record("pytorch-traps")["history"]["traps"]
    assert tuple(found) == tuple(traps.TRAPS) == TRAPS
    assert max(row["right"] for row in found.values()) < 1e-6
    assert min(row["wrong"] for row in found.values()) > 1e-4


# The numbers of the sources, and files


@pytest.fixture
def training():
    """What is known of the training on both sides: the experiment, and its record."""
    known = importlib.import_module("dlcore.experiments").experiments()["pytorch-training"]
    if not known.path.exists():
        pytest.skip("not recorded: dlcore reproduce pytorch-training")
    return known, json.loads(known.path.read_text(encoding="utf-8"))["values"]


def test_both_sides_give_the_numbers_of_the_sources(training):
    """Softmax, the two-layer network and the ConvNet, each within the claim of its experiment."""
    known, values = training
    assert {claim.theirs for claim in known.claims} == {0.254, 0.515, 0.501}
    assert [claim.key for claim in known.claims if not claim.holds(values[claim.key])] == []


RECORDED = {
    "softmax, test": ("softmax-001", "test"),
    "two-layer, validation": ("two-layer-001", "validation"),
    "ConvNet, validation": ("two-layer-convnet-001", "validation"),
}


@pytest.mark.parametrize("key", RECORDED)
def test_our_side_is_the_run_of_its_own_chapter(key, training, record):
    """Same seed, settings and batches: rounding alone differs, and a long run amplifies it.

    Two runs then differ by no more than three standard errors of a mean of 1,000 images.
    """
    name, metric = RECORDED[key]
    recorded = record(name)["values"][metric]
    assert Claim("", recorded, "", "about").holds(training[1][f"{key}, here"])


def test_both_programs_read_what_is_written_for_them(record):
    """ResNet-20: scores of PyTorch and of onnxruntime within 1e-5, and back within 1e-5."""
    values = record("pytorch-files")["values"]
    names = ("PyTorch's scores", "onnxruntime's scores", "scores of PyTorch's file")
    assert max(values[name] for name in names) < 1e-5
    assert values["arrays"] == len(state_dict(ResNet(rng=None)))


ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", re.MULTILINE)


def namespace(column, names):
    """Return the names that the code of a column uses, with the arrays in its library."""
    if column == "here":
        return names | {"ops": ops, "grad": grad, "linear": linear}
    if column == "PyTorch":
        torch = pytest.importorskip("torch", reason="install the extra `bench`")
        return {k: torch.from_numpy(a) for k, a in names.items()} | {
            "torch": torch, "F": torch.nn.functional
        }  # fmt: skip
    jax = pytest.importorskip("jax", reason="JAX is in no extra")
    return {k: jax.numpy.asarray(a) for k, a in names.items()} | {"jax": jax, "jnp": jax.numpy}


@pytest.mark.parametrize(
    "column", ["here", pytest.param("PyTorch", marks=pytest.mark.torch), "JAX"]
)
def test_the_code_of_the_dictionary_runs(column, rng):
    """Each row computes the same in every library that is there."""
    names = {"x": rng.normal(size=(4, 6)), "w": rng.normal(size=(6, 3)), "b": rng.normal(size=3)}
    names["t"] = rng.integers(3, size=4)
    ours, theirs = namespace("here", names), namespace(column, names)
    rows = ROW.findall((ROOT / "book/pytorch.md").read_text(encoding="utf-8"))
    assert len(rows) == 5
    for row in rows:
        wanted = eval(row[0], ours)
        found = eval(row[["here", "PyTorch", "JAX"].index(column)], theirs)
        assert_allclose(np.asarray(found), wanted, rtol=1e-6, atol=1e-6)  # JAX is single


LISTING = re.compile(r"^~~~python\n(.+?)^~~~$", re.MULTILINE | re.DOTALL)


def test_the_network_in_jax_takes_our_steps(rng):
    """The listing of the page: losses and weights of three steps, in single precision."""
    jax = pytest.importorskip("jax", reason="JAX is in no extra")
    names = {}
    [listing] = LISTING.findall((ROOT / "book/pytorch.md").read_text(encoding="utf-8"))
    assert len(listing.splitlines()) <= 34
    exec(listing, names)
    model, optimizer = TwoLayer(5, 4, 3, rng=rng, std=0.5), Momentum(0.1, momentum=0.9)
    own = nn.named_parameters(model)
    params = {
        layer: {k: own[f"{layer}.{k}"].copy() for k in "wb"} for layer in ("hidden", "output")
    }
    velocity = jax.tree.map(np.zeros_like, params)
    x, t = rng.normal(size=(6, 5)), rng.integers(3, size=6)
    for _ in range(3):
        params, velocity, loss = names["step"](params, velocity, x, t)
        expected, grads = loss_and_grads(model, ops.cross_entropy, x, t)
        optimizer.step(own, grads)
        assert_allclose(loss, expected, rtol=1e-5)
    for path, w in own.items():
        layer, _, name = path.partition(".")
        assert_allclose(params[layer][name], w, rtol=1e-4, atol=1e-5)


# Exercises


KINDS = [np.copy, single, np.asfortranarray]


def near(kind):
    """Allow the roundings of a precision, for numbers of at most a few hundreds."""
    return {"rtol": 1e-4, "atol": 1e-4} if kind is single else {"rtol": 1e-9, "atol": 1e-11}


PATHS = ["", "w.", "mean.", "blocks.0.", "a.gamma."]


def named_arrays(rng, kind):
    """Draw the arrays of some layers, and PyTorch's; paths are names of arrays, too."""
    sizes = rng.permutation([2, 3, 4, 5]).tolist()
    draw = lambda *shape: locked(kind(rng.normal(size=shape)))
    layers = {
        "linear": {"w": draw(*sizes[:2]), "b": draw(sizes[1])},
        "square": {"w": draw(3, 3), "b": draw(3)},
        "conv": {"w": draw(*sizes)},
        "norm": {name: draw(sizes[0]) for name in ("gamma", "beta", "mean", "var")},
        "still": {name: draw(sizes[2]) for name in ("mean", "var")},
    }
    spelled = {"w": "weight", "b": "bias", "gamma": "weight", "beta": "bias",
               "mean": "running_mean", "var": "running_var"}  # fmt: skip
    for path, kind_of in zip(rng.permutation(PATHS), layers, strict=True):
        arrays = {f"{path}{name}": array for name, array in layers[kind_of].items()}
        truth = {}
        for name, array in layers[kind_of].items():
            turned = name == "w" and kind_of in ("linear", "square")
            truth[f"{path}{spelled[name]}"] = np.einsum("ij->ji", array) if turned else array
        if "mean" in layers[kind_of]:
            truth[f"{path}{COUNTED}"] = np.zeros((), np.int64)
        yield arrays, truth


@pytest.mark.exercise("pytorch-state-dict", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_names_and_layouts_are_those_of_pytorch(answers, kind, rng):
    """Of single layers and of all together, whatever the paths are called."""
    parts = [pair for _ in range(2) for pair in named_arrays(rng, kind)]
    whole = list(named_arrays(rng, kind))
    both = [{k: a for part in whole for k, a in part[side].items()} for side in (0, 1)]
    for arrays, truth in [*parts, both]:
        found = answers.state_dict(arrays)
        assert sorted(found) == sorted(truth), "the names differ"
        for name, array in truth.items():
            agree(array, {"rtol": 0}, found[name])
            if name.endswith(COUNTED):
                assert np.asarray(found[name]).dtype == np.int64, "a number of batches is no int64"


def stepped(w, curvature, rates, options):
    """Take the steps of PyTorch's SGD by its definition; the weights behind each."""
    momentum, dampening, nesterov, decay = (
        options.get(name, 0.0) for name in ("momentum", "dampening", "nesterov", "weight_decay")
    )
    past, found = [], []
    for rate in rates:
        past.append(curvature * w + decay * w)
        share = lambda k: 1.0 if k == 0 else 1 - dampening
        last = len(past) - 1
        u = sum(momentum ** (last - k) * share(k) * g for k, g in enumerate(past))
        w = w - rate * (past[-1] + momentum * u if nesterov else u)
        found.append(w)
    return found


def sgd_cases(rng, kind):
    """Draw weights, slopes, learning rates and options; every option alone, and with others."""
    for names in ("", "m", "md", "mn", "mw", "mdw", "mnw", "w"):
        w, curvature = kind(rng.normal(size=(3, 4))), kind(rng.uniform(0.5, 1.5, size=(3, 4)))
        rates = rng.uniform(0.05, 0.4, size=4).tolist()
        options = {"momentum": rng.uniform(0.4, 0.8), "dampening": rng.uniform(0.2, 0.7),
                   "nesterov": True, "weight_decay": rng.uniform(0.1, 0.5)}  # fmt: skip
        chosen = {name: value for name, value in options.items() if name[0] in names}
        yield locked(w), locked(curvature), rates, chosen


@pytest.mark.exercise("pytorch-sgd", points=3)
@pytest.mark.parametrize("kind", KINDS)
def test_your_steps_are_those_of_pytorch(answers, kind, rng):
    """For every option, rates that change, and runs that follow each other."""
    for w, curvature, rates, options in 2 * list(sgd_cases(rng, kind)):
        calls = []
        slope = lambda w, k=curvature, calls=calls: calls.append(1) or k * w
        found = answers.pytorch_sgd(w, slope, rates, **options)
        truth = stepped(w, curvature, rates, options)
        assert len(found) == len(truth), "there is one entry for each step"
        for each, expected in zip(found, truth, strict=True):
            agree(expected, near(kind), each)
        assert len(calls) == len(rates), "the gradient is called once a step"


@pytest.mark.exercise("pytorch-buffer", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_memory_takes_the_same_step(answers, kind, rng):
    """Both ways, for parameters of one, two and four axes; the rate is that of the next step."""
    shapes = {"hidden.w": (3, 4), "square.w": (3, 3), "conv.w": (2, 3, 4, 5), "hidden.b": (4,)}
    for low, high in ((0.05, 0.5), (0.5, 1), (1.5, 3)):
        memory = {name: locked(kind(rng.normal(size=shape))) for name, shape in shapes.items()}
        rate = rng.uniform(low, high)
        for to, scale in (("pytorch", -1 / rate), ("here", -rate)):
            found = answers.exchange(memory, rate, to)
            assert sorted(found) == sorted(shapes), "the names stay"
            for name, array in memory.items():
                turned = np.einsum("ij->ji", array) if len(shapes[name]) == 2 else array
                agree(scale * turned, near(kind), found[name])


@pytest.mark.exercise("pytorch-decay", points=2)
def test_your_options_take_the_same_steps(answers, rng):
    """Of a mean and of a sum, with half of the penalty and with all of it."""
    for _ in range(10):
        rate, penalty, N = rng.uniform(0.01, 1), rng.uniform(0.1, 5), int(rng.integers(2, 300))
        for half in (True, False):
            slope = 1 if half else 2
            for reduction, times in (("mean", 1), ("sum", N)):
                found = answers.sgd_options(rate, penalty, N, reduction=reduction, half=half)
                truth = (rate * times, slope * penalty / times)
                assert_allclose(found, truth, rtol=1e-12)
        assert_allclose(answers.sgd_options(rate, penalty, N), (rate, penalty), rtol=1e-12)


@pytest.mark.exercise("pytorch-eps", points=2)
@pytest.mark.parametrize("ratio", [0.0, 1e-12, 1e-3, 1.0, 1e4, 1e6, 1e12, 1e20])
def test_your_number_has_twelve_digits(answers, ratio, rng):
    """For s that is zero, small, and so large that s + ε is s in double precision."""
    eps = 10 ** rng.uniform(-9, -2)
    s = locked(ratio * eps * rng.uniform(1, 3, size=(2, 3)))
    truth = [[float(exact_eps(float(each), eps)) for each in row] for row in s]
    agree(np.array(truth), {"rtol": 1e-12}, answers.eps_outside(s, eps))


def exact_eps(s, eps):
    """Take the difference of two roots with fifty digits."""
    with decimal.localcontext(prec=50):
        s, eps = decimal.Decimal(s), decimal.Decimal(eps)
        return (s + eps).sqrt() - s.sqrt()


def averaged(batches, momentum, convention):
    """Average statistics by the definition: the weight of every batch, and of the first value."""
    pytorch = convention == "pytorch"
    results = []
    for first, ddof in ((0.0, None), (1.0, int(pytorch))):
        old, r = 1.0, first
        for i, x in enumerate(batches, 1):
            rows = x.astype(float).transpose(1, 0, 2, 3).reshape(x.shape[1], -1)
            mean = rows.sum(axis=1) / rows.shape[1]
            squares = ((rows - mean[:, None]) ** 2).sum(axis=1)
            value = mean if ddof is None else squares / (rows.shape[1] - ddof)
            old = 1 - 1 / i if momentum is None else 1 - momentum if pytorch else momentum
            r = old * r + (1 - old) * value
        results.append(r)
    return results


@pytest.mark.exercise("pytorch-norm", points=3)
@pytest.mark.parametrize("kind", KINDS)
def test_your_statistics_are_those_of_the_convention(answers, kind, rng):
    """Of one to four batches, whose sizes differ; both conventions, and the plain average."""
    for count in (1, 2, 4):
        C, H, W = rng.permutation([2, 3, 4]).tolist()
        sizes = rng.permutation([2, 3, 4, 5]).tolist()[:count]
        batches = [
            locked(kind(rng.normal(size=(n, C, H, W)) + rng.normal(size=(1, C, 1, 1))))
            for n in sizes
        ]
        momentum = rng.uniform(0.1, 0.4)
        cases = [(momentum, "pytorch"), (momentum, "cs231n"), (None, "pytorch")]
        for share, convention in 2 * cases:
            found = answers.running_statistics(batches, share, convention=convention)
            for each, truth in zip(found, averaged(batches, share, convention), strict=True):
                agree(truth, near(kind), each)
        found = answers.running_statistics(batches, momentum)
        truth = averaged(batches, momentum, "pytorch")
        for each, expected in zip(found, truth, strict=True):
            agree(expected, near(kind), each)


@pytest.mark.exercise("pytorch-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    names = {
        "after_a_change": "pytorch-line-2",
        "sum_or_mean": "pytorch-line-6",
        "average_of_all": "pytorch-line-3",
    }
    truth = [planted(f"pytorch.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, answers.wrong_lines())) == truth
