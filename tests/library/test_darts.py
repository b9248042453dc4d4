"""Networks of cells: their numbers of parameters, their operations, and PyTorch's networks.

Chapter: book/search.md.
"""

import importlib
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import check_gradients, vjp
from dlcore.nn.accounting import account, total, unused_parameters
from dlcore.nn.layer import filled, parameter_slots
from dlcore.nn.models import Darts, SearchNetwork, auxiliary_cross_entropy
from dlcore.nn.models.darts import BothScores, Cell
from dlcore.nn.models.search import SearchCell
from dlcore.nn.search import (
    DARTS_V2,
    OPERATIONS,
    FactorizedReduce,
    Genotype,
    Identity,
    MixedOperation,
    Zero,
    discretise,
    edges,
    operation,
)
from dlcore.ops.loss import cross_entropy, softmax
from dlcore.shapes import ShapeError

FEW = "none", "max_pool_3x3", "skip_connect", "sep_conv_3x3"


def size_of(model):
    """Count the parameters of a model."""
    return sum(array.size for array in nn.named_parameters(model).values())


def perturbed(model, rng):
    """Move all parameters, so that none is 0 or 1; return the model."""
    for array in nn.named_parameters(model).values():
        array[...] += rng.normal(scale=0.1, size=array.shape)
    return model


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (Darts, 3_349_342),
        (partial(Darts, auxiliary=True), 3_825_768),
        (SearchNetwork, 1_930_618),
    ],
    ids=["evaluation", "with auxiliary head", "search"],
)
def test_the_networks_have_the_published_numbers_of_parameters(make, parameters):
    """C = 36 and 20 cells; C = 16 and 8 cells while a search runs; α is no parameter."""
    assert size_of(make(rng=None)) == parameters


def test_what_only_training_uses_is_counted_apart():
    """Evaluation does not call the auxiliary head: 476,426 parameters."""
    model = Darts(auxiliary=True, rng=None)
    rows = account(model, (3, 32, 32))
    assert total(rows, "parameters") == 3_349_342
    assert unused_parameters(model, rows) == 476_426


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_all_operations_of_an_edge_make_the_same_shape(name, stride, rng):
    """(N, C, H, W) → (N, C, ⌈H/s⌉, ⌈W/s⌉), odd sides too: they can be added."""
    layer = operation(name, 4, stride, rng=rng)
    y = layer(rng.normal(size=(3, 4, 7, 10)), rng)
    assert y.shape == (3, 4, -(-7 // stride), -(-10 // stride))


def test_a_separable_convolution_is_applied_twice(rng):
    """ReLU, depthwise, 1 × 1, norm, and all of it again; only the first has the stride."""
    first, second = operation("sep_conv_5x5", 4, 2, rng=rng).layers
    assert first.depthwise.options["stride"] == 2
    assert second.depthwise.options["stride"] == 1
    assert first.depthwise.params["w"].shape == second.depthwise.params["w"].shape == (4, 1, 5, 5)
    dilated = operation("dil_conv_5x5", 4, 2, rng=rng)
    assert dilated.depthwise.options == {"stride": 2, "padding": 4, "dilation": 2, "groups": 4}


def test_padding_does_not_count_in_an_average(rng):
    """Ones stay ones at the border."""
    y = operation("avg_pool_3x3", 2, 1, rng=rng)(np.ones((1, 2, 4, 5)))
    assert_allclose(y, np.ones((1, 2, 4, 5)), rtol=1e-15)


@pytest.mark.parametrize("at", [(0, 0), (1, 1), (6, 6), (5, 3)])
def test_a_reduction_reads_the_pixels_of_both_parities(at):
    """A 1 in 7 × 7: maps of the first half see (2p, 2q), those of the second (2p + 1, 2q + 1)."""
    layer = FactorizedReduce(1, 2, rng=None)
    for conv in (layer.conv1, layer.conv2):
        conv.params["w"] = np.ones((1, 1, 1, 1))
    x = np.zeros((1, 1, 7, 7))
    x[0, 0, at[0], at[1]] = 1.0
    seen = layer(x)[0] * np.sqrt(1 + 1e-5)  # the norm evaluates with a variance of 1
    wanted = np.zeros((2, 4, 4))
    wanted[at[0] % 2, at[0] // 2, at[1] // 2] = 1.0
    assert_allclose(seen, wanted, rtol=1e-12)


def test_only_the_inputs_of_a_reduction_are_halved(rng):
    """Edges between nodes have a stride of 1: their inputs are halved already."""
    cell = Cell(DARTS_V2, (3, 5), 2, reduction=True, rng=rng)
    halved = [layer(np.zeros((1, 2, 8, 8))).shape[2] == 4 for layer in cell.operations]
    assert halved == [i < 2 for _, i in DARTS_V2.reduce]
    assert cell(np.zeros((2, 3, 8, 8)), np.zeros((2, 5, 8, 8))).shape == (2, 8, 4, 4)
    mixed = SearchCell((3, 5), 2, 2, FEW, reduction=True, rng=rng)
    halved = [each(np.zeros((1, 2, 8, 8)), np.ones(4)).shape[2] == 4 for each in mixed.mixed]
    assert halved == [i < 2 for _, i in edges(2)]


def test_a_node_is_the_sum_of_its_operations(rng):
    """By the genotype, node for node; maps of all four are concatenated."""
    cell = Cell(DARTS_V2, (3, 4), 2, rng=rng)
    s0, s1 = rng.normal(size=(3, 3, 6, 5)), rng.normal(size=(3, 4, 6, 5))
    states = [cell.preprocess0(s0), cell.preprocess1(s1)]
    for node in range(4):
        pairs = [*zip(cell.operations, DARTS_V2.normal, strict=True)][2 * node : 2 * node + 2]
        states.append(sum(layer(states[i]) for layer, (_, i) in pairs))
    assert_allclose(cell(s0, s1), np.concatenate(states[2:], axis=1), rtol=1e-12)


def test_drop_path_spares_identities(rng):
    """An identity is never dropped; another operation is, for whole images, or divided by 1 - p."""
    cell = Cell(DARTS_V2, (4, 4), 4, rng=rng)
    x = rng.normal(size=(64, 4, 3, 3))
    kinds = set()
    for e, layer in enumerate(cell.operations):
        states, kept = [x] * 6, layer(x, rng)
        y = cell.edge(e, states, rng, 0.25)
        factors = {round(float(f), 9) for f in np.einsum("ncpq,ncpq->n", y, kept)
                   / np.einsum("ncpq,ncpq->n", kept, kept)}  # fmt: skip
        wanted = {1.0} if isinstance(layer, Identity) else {0.0, round(1 / 0.75, 9)}
        assert factors == wanted
        kinds.add(isinstance(layer, Identity))
        assert cell.edge(e, states, None, 0.25) is not None
    assert kinds == {True, False}


def test_evaluation_drops_nothing(rng):
    """Without a generator the rate of drop-path has no effect."""
    model = Darts((3, 8, 8), 4, C=2, cells=3, drop_path=0.9, rng=rng)
    x = rng.normal(size=(5, 3, 8, 8))
    y = model(x)
    model.drop_path = 0.0
    assert_array_equal(model(x), y)


def test_evaluation_scores_every_image_alone(rng):
    """Scores of a batch are those of its images one by one, once statistics are kept."""
    model = Darts((3, 8, 8), 4, C=2, cells=4, rng=rng)
    x = rng.normal(size=(5, 3, 8, 8))
    model(x, rng)
    alone = np.concatenate([model(x[n : n + 1]) for n in range(5)])
    assert_allclose(model(x), alone, rtol=1e-9, atol=1e-9)


def test_the_auxiliary_loss_is_added_in_training_only(rng):
    """L = L(scores) + 0.4 L(auxiliary);  evaluation returns scores alone."""
    model = Darts((3, 32, 32), 4, C=2, cells=3, auxiliary=True, rng=rng)
    x, t = rng.normal(size=(3, 3, 32, 32)), rng.integers(4, size=3)
    y = model(x, rng)
    assert isinstance(y, BothScores)
    loss = cross_entropy(y.scores, t) + 0.4 * cross_entropy(y.auxiliary, t)
    assert_allclose(auxiliary_cross_entropy(y, t), loss, rtol=1e-12)
    scores = model(x)
    assert scores.shape == (3, 4)
    assert auxiliary_cross_entropy(scores, t) == cross_entropy(scores, t)
    with pytest.raises(ValueError, match="maps are 2 × 2 but at least 8 × 8"):
        Darts((3, 8, 8), 4, C=2, cells=3, auxiliary=True, rng=None)


# The search


def test_a_mixed_operation_is_a_weighted_sum(rng):
    """y = Σ w[o] o(x), in training and in evaluation; pools are normalised."""
    mixed = MixedOperation(2, 2, rng=rng)
    x, weights = rng.normal(size=(4, 2, 7, 6)), softmax(rng.normal(size=(1, 8)))[0]
    for given in (rng, None):
        terms = [w * o(x, given) for w, o in zip(weights, mixed.operations, strict=True)]
        assert_allclose(mixed(x, weights, given), sum(terms), rtol=1e-12)
    assert isinstance(mixed.operations[0], Zero)
    pooled = mixed.operations[1](x, rng)
    assert_allclose(np.mean(pooled, axis=(0, 2, 3)), 0.0, atol=1e-12)


def test_the_search_has_no_scale_besides_its_weights():
    """No norm inside a cell has γ or β; the one of the stem has."""
    names = nn.named_parameters(SearchNetwork(C=4, cells=3, rng=None))
    assert [name for name in names if "gamma" in name] == ["stem.layers.1.gamma"]


def test_the_gradient_by_alpha_is_that_of_differences(rng):
    """Of the loss of a batch, by both α; a row that is shifted as a whole changes nothing."""
    model = SearchNetwork((3, 8, 8), 4, C=2, cells=3, nodes=2, names=FEW, rng=rng)
    x, t = rng.normal(size=(5, 3, 8, 8)), rng.integers(4, size=5)
    loss = lambda normal, reduce: cross_entropy(model(x, rng, alphas_of(normal, reduce)), t)
    alphas = [rng.normal(size=(5, 4)) for _ in range(2)]
    check_gradients(loss, *alphas, rng=rng, order=1)
    assert_allclose(loss(alphas[0] + 3.0, alphas[1]), loss(*alphas), rtol=1e-12)
    assert loss(alphas[1], alphas[0]) != loss(*alphas)
    for bar in vjp(loss, *alphas)[1](1.0):
        assert_allclose(bar.sum(axis=1), 0.0, atol=1e-12)


def alphas_of(normal, reduce):
    """Name the parameters of both kinds of cells."""
    return {"normal": normal, "reduce": reduce}


def test_none_is_never_chosen_and_inputs_differ(rng):
    """Whatever α is: 500 draws, in which `none` is often the largest."""
    for _ in range(500):
        alphas = rng.normal(scale=3.0, size=(2, 14, 8))
        alphas[:, :, 0] += 2.0
        for pairs in discretise(*alphas)[::2]:
            assert len(pairs) == 8
            assert all(name != "none" for name, _ in pairs)
            for node in range(4):
                (_, i), (_, j) = pairs[2 * node : 2 * node + 2]
                assert i != j
                assert max(i, j) < 2 + node


def test_an_edge_is_judged_by_its_weight_with_none_in_the_sum():
    """Row 0 has the larger α but a smaller weight: `none` takes its part of the softmax."""
    names = "none", "skip_connect", "sep_conv_3x3"
    alphas = np.array([[9.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.5, 0.0]])
    rows = np.concatenate([np.zeros((2, 3)), alphas])
    found = discretise(rows, rows, names, 2).normal[2:]
    assert found == (("skip_connect", 2), ("sep_conv_3x3", 1))


def test_normal_and_reduction_cells_are_chosen_by_their_own_alpha():
    """Two designed α, two cells."""
    names = "none", "skip_connect", "sep_conv_3x3"
    first, second = np.zeros((2, 2, 3))
    first[:, 1], second[:, 2] = 1.0, 1.0
    genotype = discretise(first, second, names, 1)
    assert genotype == Genotype(
        (("skip_connect", 0), ("skip_connect", 1)), (2,),
        (("sep_conv_3x3", 0), ("sep_conv_3x3", 1)), (2,),
    )  # fmt: skip


def test_what_a_search_finds_can_be_built(rng):
    """A network from the genotype of a search network has its scores."""
    search = SearchNetwork((3, 8, 8), 4, C=2, cells=3, nodes=2, names=FEW, rng=rng)
    model = Darts((3, 8, 8), 4, genotype=search.genotype(), C=2, cells=3, rng=rng)
    assert model(np.ones((2, 3, 8, 8))).shape == (2, 4)


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ValueError, lambda: operation("conv", 4, 1, rng=None), "name is 'conv', use one of none"),
        (ValueError, lambda: FactorizedReduce(4, 3, rng=None), "F is 3, two convolutions"),
        (ValueError, lambda: discretise([[0.0]] * 2, [[0.0]] * 2, ("none",), 1), "besides none"),
        (
            ShapeError,
            lambda: discretise(np.zeros((2, 2)), np.zeros((3, 2)), FEW[1:3], 1),
            r"alphas_reduce has shape \(3, 2\) but 1 nodes and 2 operations make \(2, 2\)",
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused(error, call, message):
    """The message names the argument, its value, and what there is."""
    with pytest.raises(error, match=message):
        call()


# The same networks in PyTorch


@pytest.fixture
def torch():
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch", reason="install the extra `bench`")


def compare_gradients(model, theirs, bars, tolerance=1e-6):
    """Compare gradients by the names of our parameters: to a part of the largest entry."""
    found = dict(theirs.named_parameters())
    largest = max(np.abs(bar).max() for bar in bars.values())
    dictionary = importlib.import_module("dlcore.compat.torch.names").dictionary
    for entry in dictionary(model):
        if entry.kind == "params":
            grad = entry.turned(found[entry.name].grad.numpy())
            assert_allclose(bars[entry.path], grad, atol=tolerance * largest, err_msg=entry.path)


def gradients(model, loss, *others):
    """Return the value of a function of a model, its gradients by name, and those by others."""
    slots = parameter_slots(model)

    def value(*arrays):
        with filled(slots, arrays[len(others) :]):
            return loss(*arrays[: len(others)])

    y, pullback = vjp(value, *others, *(slot.value for slot in slots))
    bars = pullback(1.0)
    named = dict(zip((slot.path for slot in slots), bars[len(others) :], strict=True))
    return float(y), named, bars[: len(others)]


@pytest.mark.parametrize("size", [(3, 32, 32), (2, 12, 10)], ids=["auxiliary", "odd sides"])
def test_pytorch_computes_the_same_scores_and_gradients(size, torch, rng):
    """DARTS_V2 with C = 4 and 5 cells in double precision, random upstream gradient: to 1e-6."""
    modules = importlib.import_module("dlcore.benchmarks.torch_modules")
    auxiliary = size[1] == 32
    model = perturbed(Darts(size, 4, C=4, cells=5, auxiliary=auxiliary, rng=rng), rng)
    theirs = modules.counterpart(torch, model)
    x, upstream = rng.normal(size=(3, *size)), rng.normal(size=(2, 3, 4))
    weighted = lambda y: sum(
        (part * bar).sum() for part, bar in zip(y if auxiliary else (y,), upstream, strict=False)
    )
    value, bars, (x_bar,) = gradients(model, lambda x: weighted(model(x, rng)), x)
    upstream = torch.from_numpy(upstream)
    images = torch.from_numpy(x).requires_grad_()
    expected = weighted(theirs(images))
    expected.backward()
    assert_allclose(value, expected.item(), rtol=1e-6)
    compare_gradients(model, theirs, bars)
    assert_allclose(x_bar, images.grad, atol=1e-6 * np.abs(x_bar).max())
    scores = theirs.eval()(torch.from_numpy(x)).detach().numpy()
    assert_allclose(model(x), scores, atol=1e-6 * np.abs(scores).max())


def test_pytorch_searches_with_the_same_gradients(torch, rng):
    """The continuous network, all eight operations: gradients by α and by the weights, to 1e-6."""
    modules = importlib.import_module("dlcore.benchmarks.torch_modules")
    model = SearchNetwork((3, 8, 8), 4, C=4, cells=3, nodes=2, rng=rng)
    theirs = modules.counterpart(torch, perturbed(model, rng))
    x, upstream = rng.normal(size=(3, 3, 8, 8)), rng.normal(size=(3, 4))
    alphas = rng.normal(size=(2, 5, 8))
    loss = lambda normal, reduce: (model(x, rng, alphas_of(normal, reduce)) * upstream).sum()
    value, bars, alpha_bars = gradients(model, loss, *alphas)
    tensors = [torch.from_numpy(array).requires_grad_() for array in alphas]
    y = theirs(torch.from_numpy(x), alphas_of(*tensors))
    expected = (y * torch.from_numpy(upstream)).sum()
    expected.backward()
    assert_allclose(value, expected.item(), rtol=1e-6)
    compare_gradients(model, theirs, bars)
    for bar, tensor in zip(alpha_bars, tensors, strict=True):
        assert_allclose(bar, tensor.grad, atol=1e-6 * np.abs(bar).max())
