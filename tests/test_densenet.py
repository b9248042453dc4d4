"""Dense networks.  The claims of `book/densenet.md`, in the order of the chapter."""

import importlib
import re
from functools import partial
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import vjp
from dlcore.course.exercises.topics import ROOT
from dlcore.experiments.memory import peak_memory
from dlcore.nn.models import DenseNet
from dlcore.nn.models.densenet import DenseLayer
from dlcore.ops.densenet import dense_block_shared
from dlcore.ops.norm import batch_norm_relu, batch_statistics
from dlcore.train import loss_and_grads
from tests.comparing import agree, locked, single, turned

FEW_ROUNDINGS = {"rtol": 0, "atol": 1e-12}  # sums of some hundred numbers near one


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.densenet")


@pytest.fixture(scope="module")
def slips():
    """A small block, and wrong versions of it."""
    return importlib.import_module("dlcore.verification.wrong_blocks")


def test_a_block_is_run_by_hand(slips):
    """One map, two layers of growth 1 with weights 2, and -1 and 1:  z = 3, 6, 3."""
    block = slips.Block([np.array([[2.0]]), np.array([[-1.0], [1.0]])])
    z = block.forward(np.array([[3.0]]))
    assert_array_equal(z, [[3, 6, 3]])
    assert_array_equal(block.backward(z, np.array([[0.0, 0, 1]])), [[1]])
    assert_array_equal(block.backward(z, np.array([[1.0, 1, 1]])), [[4]])


def test_the_gradient_of_a_concatenation_is_a_split(rng):
    """Every part receives its own maps of z̄, and the parts together are z̄, bit by bit."""
    parts = [rng.normal(size=(2, C, 3, 5)) for C in (4, 1, 6)]
    z, pullback = vjp(lambda *parts: np.concatenate(parts, axis=1), *parts)
    z_bar = rng.normal(size=z.shape)
    bars = pullback(z_bar)
    assert [bar.shape for bar in bars] == [part.shape for part in parts]
    assert_array_equal(np.concatenate(bars, axis=1), z_bar)


def test_the_gradient_of_a_map_is_the_sum_over_its_uses(slips, rng):
    """Four layers and the result each have a copy of x: the five gradients add up to x̄."""
    weights, x, z_bar = slips.draw_block(rng)

    def with_copies(*copies):
        made = []
        for w, copy in zip(weights, copies, strict=False):
            made.append(np.maximum(np.concatenate([copy, *made], axis=1), 0) @ w)
        return np.concatenate([copies[-1], *made], axis=1)

    z, pullback = vjp(with_copies, *(5 * [x]))
    block = slips.Block(weights)
    assert_allclose(block.forward(x), z, **FEW_ROUNDINGS)
    assert_allclose(block.backward(z, z_bar), sum(pullback(z_bar)), rtol=1e-12, atol=1e-9)


PUBLISHED = {
    "DenseNet-40": ({"depth": 40}, 1_019_722),
    "DenseNet-BC-100": ({"depth": 100, "bottleneck": True, "compression": 0.5}, 769_162),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_closed_forms_give_the_published_numbers(name, lab, formulas, oracle):
    """12 layers or 16 bottlenecks a block, k = 12: the formula, a loop, and a walk of the model."""
    options, published = PUBLISHED[name]
    relation, i = formulas.net_parameters, 12
    if "bottleneck" in options:
        relation, i = formulas.compressed_parameters, 16
    assert oracle.program(relation)(growth=12, i=i) == published
    assert lab.COUNTS[name]() == published
    parameters = nn.named_parameters(DenseNet(growth=12, rng=None, **options))
    assert sum(array.size for array in parameters.values()) == published


def test_other_defaults_give_other_numbers(lab):
    """All counts differ: a number of parameters shows a wrong default."""
    counts = {name: count() for name, count in lab.COUNTS.items()}
    assert len({*counts.values()}) == len(counts) == 6
    assert all(count != counts["DenseNet-40"] for count in list(counts.values())[1:])


def test_statistics_of_a_concatenation_are_concatenated(rng):
    """Mean and variance of each map are the same, bit by bit, whatever stands beside it."""
    parts = [rng.normal(size=(5, C, 4, 3)) + rng.normal(size=(1, C, 1, 1)) for C in (3, 1, 4)]
    whole = batch_statistics(np.concatenate(parts, axis=1))
    apart = [batch_statistics(part) for part in parts]
    for found, each in zip(whole, zip(*apart, strict=True), strict=True):
        assert_array_equal(found, np.concatenate(each))


@pytest.mark.parametrize("readers", [1, 2, 7])
def test_one_projection_serves_all_readers(readers, formulas, oracle, rng):
    """x̄ summed over norms with random γ, β and z̄ is that of the page, for one map."""
    x, eps = rng.normal(size=11) + 3, 1e-3
    gamma, beta = rng.normal(size=(2, readers))
    z_bar = rng.normal(size=(11, readers))
    one = np.ones(1)
    apart = 0
    for scale, shift, bar in zip(gamma, beta, z_bar.T, strict=True):
        xs = x[:, None], scale * one, shift * one
        y = batch_norm_relu(*xs, eps=eps)
        _, pullback = vjp(lambda x, xs=xs: batch_norm_relu(x, *xs[1:], eps=eps), xs[0])
        apart = apart + pullback(bar[:, None])[0][:, 0]
        assert y.shape == (11, 1)
    sigma = np.sqrt(x.var() + eps)
    x_hat = (x - x.mean()) / sigma
    back = oracle.program(formulas.hat_back)
    x_hat_bar = back(x_hat=x_hat, gamma=gamma, beta=beta, z_bar=z_bar)
    page = oracle.program(formulas.one_projection)(x_hat=x_hat, x_hat_bar=x_hat_bar, std=sigma)
    assert_allclose(apart, page, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 5, 6, 4), (7, 1, 3, 3), (3, 4, 1, 5)])
def test_the_buffer_computes_what_the_layers_compute(shape, lab, rng):
    """z, x̄ and all gradients of a block of four layers, for a random z̄."""
    C, growth, n = shape[1], 3, 4
    block = lab.block_of(C, growth, n, rng=rng)
    parameters = nn.named_parameters(block)
    for array in parameters.values():
        array[...] += rng.normal(scale=0.3, size=array.shape)
    x = rng.normal(size=shape) + 2
    z_bar = rng.normal(size=(shape[0], C + n * growth, *shape[2:]))
    z, pull = vjp(lambda x: block(x, rng), x)
    (x_bar,) = pull(z_bar)
    _, grads = loss_and_grads(block, lambda z, t: np.sum(z * z_bar), x, None, rng)
    maps, pullback = dense_block_shared(x, lab.triples(block))
    assert_allclose(maps.z, z, **FEW_ROUNDINGS)
    for _ in range(2):
        bar, triples = pullback(z_bar)
        assert_allclose(bar, x_bar, rtol=1e-9, atol=1e-10)
        for i, (gamma_bar, beta_bar, w_bar) in enumerate(triples):
            layer = f"layers.{i}.conv"
            assert_allclose(gamma_bar, grads[f"{layer}.norm.gamma"], rtol=1e-9, atol=1e-10)
            assert_allclose(beta_bar, grads[f"{layer}.norm.beta"], rtol=1e-9, atol=1e-10)
            assert_allclose(w_bar, grads[f"{layer}.conv.w"], rtol=1e-9, atol=1e-10)


def test_memory_is_linear_in_one_buffer(lab, rng):
    """Twice as many layers: about twice the memory, where copies take more than 2.7 times."""
    held = {lab.by_tape: [], lab.by_buffer: []}
    for n in (8, 16):
        block = lab.block_of(2, 6, n, rng=rng)
        x, z_bar = rng.normal(size=(2, 2, 24, 24)), rng.normal(size=(2, 2 + 6 * n, 24, 24))
        for run, peaks in held.items():
            run(block, x, z_bar, rng)
            peaks.append(peak_memory(partial(run, block, x, z_bar, rng))[1])
    ratio = {run: peaks[1] / peaks[0] for run, peaks in held.items()}
    assert ratio[lab.by_buffer] < 2.1
    assert ratio[lab.by_tape] > 2.7


FOUND_BY = {
    "as the page defines it": "",
    "added, not concatenated": "number of maps",
    "reads the last features only": "reads all maps",
    "a gradient overwritten": "slope, drawn upstream",
    "off by k": "slope, drawn upstream",
    "gradients not zeroed": "two equal steps",
    "prefix written": "prefix, bit by bit",
}


@pytest.mark.parametrize("seed", range(5))
def test_every_wrong_block_fails_a_check(slips, seed):
    """The first check that it fails is the one of the page, for five sets of random weights."""
    assert {version: slips.found_by(version, seed) for version in slips.VERSIONS} == FOUND_BY


def test_a_second_forward_pass_updates_statistics_twice(rng):
    """Once more with the same batch is one update with the share 1 - (1 - α)²."""
    once, twice = (DenseLayer(3, 2, rng=rng) for _ in range(2))
    wider = once.conv.norm.momentum
    once.conv.norm.momentum = 1 - (1 - wider) ** 2
    x = rng.normal(size=(4, 3, 5, 6))
    once(x, rng)
    for _ in range(2):
        twice(x, rng)
    for name, array in once.conv.norm.state.items():
        assert_allclose(twice.conv.norm.state[name], array, rtol=1e-12)
    assert not np.allclose(twice.conv.norm.state["mean"], wider * x.mean((0, 2, 3)))


def test_the_networks_of_the_family_cost_the_same(lab):
    """Steps times products for one image agree within the products of one step."""
    each = {name: lab.work(build(rng=None), (3, 32, 32)) for name, build in lab.NETWORKS.items()}
    works = [lab.steps_of(name) * products for name, products in each.items()]
    assert max(works) - min(works) < max(each.values())


def test_the_small_networks_cost_the_same(lab):
    """Products for one image: within two parts in a hundred."""
    works = [lab.work(build(rng=None), (1, 8, 8)) for build in lab.SMALL.values()]
    assert max(works) < 1.02 * min(works)


def test_every_recorded_loss_of_the_digits_ends_in_one_order():
    """In each of the five runs: residual, plain, dense."""
    record = importlib.import_module("dlcore.experiments.experiment").record
    runs = record("densenet-digits")["history"]["losses"]
    last = {name: np.array(losses)[:, -1] for name, losses in runs.items()}
    assert len(last["dense"]) == 5
    assert (last["residual"] < last["plain"]).all()
    assert (last["plain"] < last["dense"]).all()


ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", re.MULTILINE)


def namespace(column, names):
    """Return what the code of a column uses, where its library is there."""
    if column == "here":
        return {"np": np, "nn": nn, **names}
    if column == "PyTorch":
        torch = pytest.importorskip("torch", reason="install the extra `bench`")
        return {"torch": torch, **{name: torch.from_numpy(x) for name, x in names.items()}}
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    return {"jnp": jnp, **{name: jnp.asarray(x) for name, x in names.items()}}


@pytest.mark.parametrize("column", ["here", "PyTorch", "JAX"])
def test_the_code_of_the_summary_runs(column, rng):
    """Each row computes the same in every library that is there."""
    names = {"x": rng.normal(size=(2, 3, 4, 6)), "y": rng.normal(size=(2, 2, 4, 6))}
    names["z_bar"] = rng.normal(size=(2, 5, 4, 6))
    ours, theirs = namespace("here", names), namespace(column, names)
    rows = ROW.findall((ROOT / "book/densenet.md").read_text(encoding="utf-8"))
    assert len(rows) == 2
    for row in rows:
        wanted = eval(row[0], ours)
        found = eval(row[["here", "PyTorch", "JAX"].index(column)], theirs)
        parts = zip(found, wanted, strict=True) if isinstance(wanted, list) else [(found, wanted)]
        for each, expected in parts:
            assert_allclose(np.asarray(each), expected, rtol=1e-6)  # JAX is single


# Exercises


KINDS = [np.copy, single, turned]


def counted(C, growth, blocks, compression):
    """List the channels by the definition."""
    found = [C]
    for number, layers in enumerate(blocks):
        found += [int(compression * found[-1])] if number else []
        found += [found[-1] + growth * (i + 1) for i in range(layers)]
    return found


@pytest.mark.exercise("densenet-channels", points=1)
def test_your_channels_grow_and_are_compressed(answers, rng):
    """Blocks of different lengths, one of them empty; all maps are kept unless it is said."""
    shares = [1.0, 0.5, 0.25, 0.75, float(rng.uniform(0.3, 0.9))]
    for share in shares + shares:
        C, growth = rng.integers((5, 1), (40, 20)).tolist()
        for count in (1, 2, 4):
            blocks = rng.integers(0, 6, size=count).tolist()
            truth = counted(C, growth, blocks, share)
            plain = counted(C, growth, blocks, 1.0)
            said, short = (
                answers.channels(C, growth, blocks, share),
                answers.channels(C, growth, blocks),
            )
            assert list(said) == truth, "a list of channels is wrong"
            assert list(short) == plain, "without compression all maps are kept"


class Mix:
    """A layer  z ↦ tanh(Σ_c w[k, c] z[c]), for the maps that there are; it counts its calls."""

    def __init__(self, w):
        self.w, self.calls = w, 0

    def __call__(self, z):
        self.calls += 1
        c = min(self.w.shape[1], np.shape(z)[1])
        return np.tanh(np.einsum("nchw,kc->nkhw", np.asarray(z)[:, :c], self.w[:, :c]))


def blocks(rng, kind):
    """Draw batches and weights of blocks of no to five layers, two of every shape."""
    for n in rng.permutation([0, 1, 2, 3, 5]).tolist():
        C, N, H, W = rng.permutation([2, 3, 4, 5]).tolist()
        added = rng.integers(1, 5, size=n).tolist()
        for _ in range(2):
            weights = []
            for k in added:
                c = C + sum(len(w) for w in weights)
                weights.append(rng.normal(size=(k, c)) / np.sqrt(c))
            yield locked(kind(rng.normal(size=(N, C, H, W)))), weights


def run(x, weights):
    """Run a block by the definition."""
    parts = [x]
    for w in weights:
        parts.append(Mix(w)(np.concatenate(parts, axis=1)))
    return np.concatenate(parts, axis=1)


@pytest.mark.exercise("densenet-forward", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_layers_read_all_maps_before_them(answers, kind, rng):
    """x first, then what each layer adds; and once more, when other blocks have been run."""
    drawn = [(x, weights, run(x, weights)) for x, weights in blocks(rng, kind)]
    near = {"rtol": 0, "atol": 1e-4 if kind is single else 1e-12}  # sums of some twenty terms
    for x, weights, truth in 2 * drawn:
        agree(truth, near, answers.dense_block(x, [Mix(w) for w in weights]))


@pytest.mark.exercise("densenet-forward", points=2)
def test_your_layers_are_called_once(answers, rng):
    """A layer with batch norm would update its statistics as often as it is called."""
    for x, weights in blocks(rng, np.copy):
        layers = [Mix(w) for w in weights]
        answers.dense_block(x, layers)
        assert [layer.calls for layer in layers] == [1] * len(layers), "a layer was not called once"


class Pull:
    """A pullback  ȳ ↦ factor Σ_k ȳ[k] w[k, c]  that counts its calls."""

    def __init__(self, w, factor):
        self.w, self.factor, self.calls = w, factor, 0

    def __call__(self, y_bar):
        self.calls += 1
        k = min(len(self.w), np.shape(y_bar)[1])
        return self.factor * np.einsum("nkhw,kc->nchw", np.asarray(y_bar)[:, :k], self.w[:k])


def pulled(z_bar, weights, factors):
    """Pull a gradient back by the definition: every reader adds to each map that it has read."""
    bar = z_bar.astype(float)
    for w, factor in reversed(list(zip(weights, factors, strict=True))):
        k, c = w.shape
        bar[:, :c] += factor * np.einsum("nkhw,kc->nchw", bar[:, c : c + k], w)
    return bar[:, : z_bar.shape[1] - sum(len(w) for w in weights)]


def backward_cases(rng, kind):
    """Draw pullbacks of blocks and a gradient of all their maps, two of every shape."""
    for n in rng.permutation([0, 1, 2, 3, 4]).tolist():
        C, k, N, H, W = rng.permutation([1, 2, 3, 4, 5]).tolist()
        widths = [C + i * k for i in range(n)]
        for _ in range(2):
            weights = [rng.normal(size=(k, c)) for c in widths]
            factors = [rng.normal(size=(N, c, H, W)) for c in widths]
            z_bar = locked(kind(rng.normal(size=(N, C + n * k, H, W))))
            yield z_bar, weights, factors, k


@pytest.mark.exercise("densenet-backward", points=3)
@pytest.mark.parametrize("kind", KINDS)
def test_your_gradients_are_sums_over_all_readers(answers, kind, rng):
    """x̄ of blocks of no to four layers, for a drawn z̄; and once more after other blocks."""
    drawn = [(*case, pulled(*case[:3])) for case in backward_cases(rng, kind)]
    for z_bar, weights, factors, k, truth in 2 * drawn:
        pullbacks = [Pull(*each) for each in zip(weights, factors, strict=True)]
        eps = np.finfo(z_bar.dtype).eps  # hundreds of roundings of the largest entry
        tolerance = {"rtol": 0, "atol": float(200 * eps * (1 + np.abs(truth).max()) * 100)}
        agree(truth, tolerance, answers.dense_block_backward(z_bar, pullbacks, k))
        assert [each.calls for each in pullbacks] == [1] * len(pullbacks), "call each once"


def counted_parameters(depth, growth, bottleneck, compression):
    """Count the parameters array by array."""
    C = 2 * growth if bottleneck else 16
    n = (depth - 4) // (6 if bottleneck else 3)
    count = C * 3 * 9
    for block in range(3):
        for _ in range(n):
            wide = 4 * growth if bottleneck else C
            count += (2 * C + wide * C if bottleneck else 0) + 2 * wide + growth * wide * 9
            C += growth
        if block < 2:
            F = int(compression * C)
            count, C = count + 2 * C + F * C, F
    return count + 2 * C + C * 10 + 10


@pytest.mark.exercise("densenet-parameters", points=2)
def test_your_parameters_are_those_of_the_network(answers, rng):
    """With and without bottlenecks and compression, for drawn depths and growth rates."""
    for _ in range(12):
        n, growth = rng.integers((1, 1), (20, 40)).tolist()
        share = float(rng.choice([0.5, rng.uniform(0.3, 0.9)]))
        for bottleneck in (False, True):
            depth = (6 if bottleneck else 3) * n + 4
            compressed = counted_parameters(depth, growth, bottleneck, share)
            whole = counted_parameters(depth, growth, bottleneck, 1.0)
            options = {"bottleneck": True} if bottleneck else {}
            given = answers.parameters(depth, growth, compression=share, **options)
            assert given == compressed, "a number of parameters is wrong"
            given = answers.parameters(depth, growth, **options)
            assert given == whole, "without compression a number of parameters is wrong"


@pytest.mark.exercise("densenet-memory", points=2)
def test_your_memory_is_that_of_every_layer(answers, rng):
    """Counted layer by layer where there are few, and by the first layers where there are many."""
    for _ in range(20):
        C, growth, n = rng.integers((1, 1, 0), (70, 50, 40)).tolist()
        copies = sum(2 * (C + i * growth) + 2 * growth for i in range(n))
        assert tuple(answers.memory(C, growth, n)) == (copies, C + n * growth), "a count is wrong"
    for _ in range(5):
        C, growth, n = rng.integers((1, 1, 10**8), (70, 50, 10**9)).tolist()
        copies = n * (2 * C + 2 * growth) + growth * n * (n - 1)
        said = tuple(answers.memory(C, growth, n))
        assert said == (copies, C + n * growth), "a count is wrong for many layers"


def normalised_by(x, gamma, beta):
    """Normalise with the statistics of x, scale, shift, and apply the ReLU."""
    d = x - x.mean(axis=(0, 2, 3), keepdims=True)
    x_hat = d / np.sqrt((d * d).mean(axis=(0, 2, 3), keepdims=True))
    return np.maximum(gamma[:, None, None] * x_hat + beta[:, None, None], 0)


def shared_cases(rng, kind):
    """Draw maps, and what their readers scale, shift and receive; x̄ is found by autodiff."""
    for readers in rng.permutation([1, 2, 3, 6]).tolist():
        sizes = rng.permutation([2, 3, 4, 5]).tolist()
        for _ in range(2):  # other maps of the same shape
            yield shared_case(rng, kind, readers, *sizes)


def shared_case(rng, kind, readers, C, N, H, W):
    """Draw the maps and the readers of one case."""
    x = rng.normal(size=(N, C, H, W)) * rng.uniform(0.3, 3, size=(1, C, 1, 1)) + 1
    gammas, betas = rng.normal(size=(2, readers, C))
    z_bars = [rng.normal(size=x.shape) for _ in range(readers)]
    x_bar = 0
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        _, pullback = vjp(lambda x, g=gamma, b=beta: normalised_by(x, g, b), x)
        x_bar = x_bar + pullback(z_bar)[0]
    sigma = x.std(axis=(0, 2, 3))
    x_hat = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / sigma[:, None, None]
    lists = [[locked(kind(each)) for each in group] for group in (gammas, betas, z_bars)]
    return (locked(kind(x_hat)), locked(kind(sigma)), *lists), x_bar


@pytest.mark.exercise("densenet-statistics", points=3)
@pytest.mark.parametrize("kind", KINDS)
def test_your_projection_serves_all_readers(answers, kind, rng):
    """x̄ is the sum of what all readers pull back; and once more after other maps."""
    tolerance = {"rtol": 0, "atol": 1e-3 if kind is single else 1e-9}
    for args, x_bar in 2 * list(shared_cases(rng, kind)):
        agree(x_bar, tolerance, answers.shared_backward(*args))


@pytest.mark.exercise("densenet-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    names = {
        "one_more_layer": "densenet-line-1",
        "around_the_blocks": "densenet-line-5",
        "projections_add_up": "densenet-line-2",
    }
    truth = [planted(f"densenet.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, answers.wrong_lines())) == truth
