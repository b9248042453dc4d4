"""Weights on the way to PyTorch and back: names, layouts, files, and steps of its optimizers."""

import importlib
import json
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import data, nn
from dlcore.compat.torch import (
    convert,
    counterpart_options,
    dictionary,
    from_state_dict,
    load_state_dict,
    parameter_groups,
    read_tensors,
    set_learning_rate,
    state_dict,
    write_tensors,
)
from dlcore.nn.models import (
    MLP,
    VGG,
    DenseNet,
    LinearClassifier,
    ResNet,
    ThreeLayerConvNet,
    TwoLayer,
    TwoLayerConvNet,
)
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import ShapeError
from dlcore.train import OPTIMIZERS, Solver
from dlcore.train.checkpoint import read_weights, save, save_weights
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSProp

C, H, W, K, N = 2, 8, 12, 3, 5
D = C * H * W
MODELS = {
    "linear": partial(LinearClassifier, D, K, std=0.1),
    "twolayer": partial(TwoLayer, D, 7, K),
    "mlp": partial(MLP, D, (9, 7), K),
    "two-layer-convnet": partial(TwoLayerConvNet, (C, H, W), 4, K),
    "three-layer-convnet": partial(ThreeLayerConvNet, (C, H, W), 4, 7, K),
    "vgg": partial(VGG, (C, H, W), K, blocks=((4,), (5, 6)), hidden=(7,), batch_norm=True),
    "vgg-lrn": partial(VGG, (C, H, W), K, blocks=((6, "lrn"), (7,)), hidden=(), pool="average"),
    "resnet": partial(ResNet, (C, H, W), K, depth=8),
    "projections": partial(ResNet, (C, H, W), K, depth=8, shortcut="projection"),
    "plain": partial(ResNet, (C, H, W), K, depth=8, shortcut="none"),
    "densenet": partial(DenseNet, (C, H, W), K, depth=7, growth=3, blocks=2),
    "bottlenecks": partial(
        DenseNet, (C, H, W), K, depth=7, growth=3, blocks=2, bottleneck=True, compression=0.5
    ),
}


def made(name, rng, dtype=np.float64):
    """Make a model whose parameters and state are all random; no two arrays are alike."""
    model = MODELS[name](rng=rng, dtype=dtype)
    for path, array in arrays(model).items():
        array[...] += rng.normal(scale=0.1, size=array.shape)
        if path.endswith(".var"):
            array[...] = np.abs(array)
    return model


def arrays(model):
    """Parameters and state of a model, by our names."""
    return nn.named_parameters(model) | nn.named_state(model)


def assert_same_bits(model, other):
    """All arrays have the same names, dtypes and bits."""
    ours, theirs = arrays(model), arrays(other)
    assert ours.keys() == theirs.keys()
    for path, array in ours.items():
        assert array.dtype == theirs[path].dtype
        assert_array_equal(array, theirs[path], err_msg=path)


# Names and layouts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_weights_return_with_the_same_bits(name, dtype, rng):
    """By way of a state dict, into a model that was drawn otherwise."""
    model, other = made(name, rng, dtype), MODELS[name](rng=rng, dtype=dtype)
    assert load_state_dict(other, state_dict(model)) is other
    assert_same_bits(model, other)


def test_a_residual_block_has_these_names():
    """The paths are ours, the last words and the layouts PyTorch's."""
    shapes = {name: array.shape for name, array in state_dict(MODELS["resnet"](rng=None)).items()}
    block = {name.removeprefix("blocks.1."): shape for name, shape in shapes.items()
             if name.startswith("blocks.1.")}  # fmt: skip
    norm = {"weight": (32,), "bias": (32,), "running_mean": (32,), "running_var": (32,),
            "num_batches_tracked": ()}  # fmt: skip
    assert block == {
        "conv1.weight": (32, 16, 3, 3),
        **{f"norm1.{name}": shape for name, shape in norm.items()},
        "conv2.weight": (32, 32, 3, 3),
        **{f"norm2.{name}": shape for name, shape in norm.items()},
    }
    assert shapes["output.weight"] == (K, 64)


def test_only_the_weights_of_linear_layers_are_transposed(rng):
    """PyTorch's filters have our order of axes, transposed and grouped ones, too."""
    layers = {
        nn.Linear(3, 4, rng=rng): True,
        LinearClassifier(3, 4, rng=rng): True,
        nn.Conv2d(4, 6, (3, 5), groups=2, rng=rng): False,
        nn.ConvTranspose2d(4, 6, (3, 5), groups=2, rng=rng): False,
        nn.ConvReLUPool(3, 4, 5, rng=rng): False,
    }
    for layer, transposed in layers.items():
        w = layer.params["w"]
        assert_array_equal(state_dict(layer)["weight"], w.T if transposed else w)
        assert_array_equal(state_dict(layer)["bias"], layer.params["b"])


@pytest.mark.parametrize(
    "layer",
    [nn.BatchNorm(6), nn.GroupNorm(2, 6), nn.LayerNorm(6), nn.InstanceNorm(6)],
    ids=lambda layer: type(layer).__name__,
)
def test_scales_are_weights_and_shifts_are_biases(layer, rng):
    """Of every norm."""
    layer.params["gamma"][...], layer.params["beta"][...] = rng.normal(size=(2, 6))
    tensors = state_dict(layer)
    assert_array_equal(tensors["weight"], layer.params["gamma"])
    assert_array_equal(tensors["bias"], layer.params["beta"])


def test_a_layer_that_is_not_in_the_table_is_refused():
    """With its path and its class."""

    class Scale(nn.Layer):
        params = {"w": np.ones(3)}  # noqa: RUF012

    with pytest.raises(ValueError, match=r"layers\.1 is Scale, whose arrays have no names"):
        dictionary(nn.Sequential(nn.ReLU(), Scale()))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda t: t.pop("output.bias"), KeyError, r"output\.b but tensors has no output\.bias"),
        (lambda t: t.update(extra=np.ones(3)), KeyError, "tensors has extra but the model has not"),
        (
            lambda t: t.update({"output.weight": t["output.weight"].T}),
            ShapeError,
            r"output\.weight is \(64, 3\) in tensors but \(3, 64\) in the model",
        ),
        (
            lambda t: t.update({"norm.bias": t["norm.bias"].astype(np.float16)}),
            ValueError,
            r"norm\.bias holds float16, pass float32 or float64",
        ),
        (
            lambda t: t.update({"norm.running_var": np.ones(16, np.int64)}),
            ValueError,
            r"norm\.running_var holds int64",
        ),
        (
            lambda t: t.update({"norm.num_batches_tracked": np.ones(())}),
            ValueError,
            r"norm\.num_batches_tracked holds float64 of shape \(\), pass one int64",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, error, words, rng):
    """Missing, surplus, of another shape or precision; nothing of the model has changed."""
    model, same = made("resnet", rng), MODELS["resnet"](rng=rng)
    load_state_dict(same, state_dict(model))
    tensors = state_dict(made("resnet", rng))
    change(tensors)
    with pytest.raises(error, match=words):
        load_state_dict(model, tensors)
    assert_same_bits(model, same)


def test_numbers_of_batches_are_dropped_and_may_be_missing(rng):
    """We count none, and PyTorch reads them only for norms without a momentum."""
    model = made("resnet", rng)
    tensors = state_dict(model)
    counted = {name: np.array(17) if "tracked" in name else array for name, array in
               tensors.items()}  # fmt: skip
    bare = {name: array for name, array in tensors.items() if "tracked" not in name}
    for given in (counted, bare):
        params, state = from_state_dict(model, given)
        assert params.keys() == nn.named_parameters(model).keys()
        assert state.keys() == nn.named_state(model).keys()


# Files


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_files_return_with_the_same_bits(name, dtype, tmp_path, rng):
    """Weights → safetensors → weights, converted by a model whose own weights are not drawn."""
    pytest.importorskip("safetensors")
    model = made(name, rng, dtype)
    first, tensors, last = (tmp_path / name for name in ("a.npz", "b.safetensors", "c.npz"))
    save_weights(first, nn.named_parameters(model), nn.named_state(model))
    undrawn = MODELS[name](rng=None)
    assert convert(first, tensors, undrawn) == len(state_dict(model))
    assert convert(tensors, last, undrawn) == len(arrays(model))
    other = MODELS[name](rng=rng, dtype=dtype)
    nn.load(other, *read_weights(last))
    assert_same_bits(model, other)
    assert all(array.dtype == dtype for array in read_weights(last)[0].values())


def test_a_checkpoint_has_the_last_weights_and_the_best(tmp_path, rng):
    """Both can be converted; a run cannot go on from weights alone, and says what is missing."""
    pytest.importorskip("safetensors")
    solver = small_run(rng)
    best = {path: array.copy() for path, array in nn.named_parameters(solver.model).items()}
    solver.best = {"params": best, "state": nn.named_state(solver.model)}
    solver.model.params["w"][...] += 1
    run, tensors, weights = (tmp_path / name for name in ("run.npz", "t.safetensors", "w.npz"))
    save(solver, run)
    convert(run, tensors, solver.model)
    assert_array_equal(read_tensors(tensors)["weight"], solver.model.params["w"].T)
    convert(run, tensors, solver.model, best=True)
    assert_array_equal(read_tensors(tensors)["weight"], best["w"].T)
    convert(tensors, weights, solver.model)
    with pytest.raises(ValueError, match="lacks optimizer, history, run"):
        solver.resume(weights)
    with pytest.raises(ValueError, match="lacks best_params"):
        read_weights(weights, best=True)


def small_run(rng):
    """A linear classifier of the digits, before its first step."""
    digits = data.load("digits").centred(scale=1 / 16)
    return Solver(LinearClassifier(64, 10, rng=rng), digits, optimizer=SGD(0.1))


def damaged(raw):
    """Yield what is no safetensors file, made of the bytes of one that is."""
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    yield b""
    yield raw[:7]
    yield raw[: len(raw) // 2]
    yield raw[:-1]
    yield raw + b"\0"
    yield (2**62).to_bytes(8, "little") + raw[8:]
    yield raw[:8] + b"[" + raw[9:]
    for change in ({"shape": [2, 10**9]}, {"data_offsets": [0, 10**9]}, {"dtype": "F99"}):
        text = json.dumps({**header, "weight": {**header["weight"], **change}}).encode()
        yield len(text).to_bytes(8, "little") + text + raw[8 + length :]
    rng = np.random.default_rng(0)
    for size in (1, 8, 9, 100, 10_000):
        yield rng.bytes(size)


def test_what_is_no_safetensors_file_is_refused(tmp_path, rng):
    """Truncated, changed, or random bytes: a ValueError that names the file."""
    pytest.importorskip("safetensors")
    whole, path = tmp_path / "whole.safetensors", tmp_path / "damaged.safetensors"
    write_tensors(whole, state_dict(LinearClassifier(3, 2, rng=rng)))
    assert read_tensors(whole).keys() == {"weight", "bias"}
    for raw in damaged(whole.read_bytes()):
        path.write_bytes(raw)
        with pytest.raises(ValueError, match=r"damaged\.safetensors is no safetensors file"):
            read_tensors(path)


@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.uint8, np.bool_])
def test_another_precision_is_refused_by_name(dtype, tmp_path):
    """Half precision and whole numbers, but for the numbers of batches."""
    numpy = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "half.safetensors"
    numpy.save_file({"weight": np.ones((2, 3), dtype)}, path)
    with pytest.raises(ValueError, match=r"weight holds .*, store one of F32, F64, I64"):
        read_tensors(path)


@pytest.mark.parametrize(
    ("source", "target", "best", "words"),
    [
        ("run.npz", "run.pt", False, "use .npz to .safetensors or .safetensors to .npz"),
        ("run.pt", "run.npz", False, "run.pt to .*run.npz"),
        ("run.safetensors", "run.npz", True, "best is True but .* holds one set of weights"),
        ("array.npy.npz", "run.safetensors", False, "array.npy.npz is no checkpoint"),
        ("noise.npz", "run.safetensors", False, "noise.npz is no checkpoint"),
        ("other.npz", "run.safetensors", False, "other.npz is no checkpoint"),
    ],
)
def test_other_files_are_refused_by_name(source, target, best, words, tmp_path, rng):
    """Nothing is written."""
    np.save(tmp_path / "array.npy", np.ones(3))
    (tmp_path / "array.npy").rename(tmp_path / "array.npy.npz")
    (tmp_path / "noise.npz").write_bytes(rng.bytes(1000))
    np.savez(tmp_path / "other.npz", **{"weights/w": np.ones(3)})
    with pytest.raises(ValueError, match=words):
        convert(tmp_path / source, tmp_path / target, LinearClassifier(3, 2, rng=rng), best=best)
    assert not (tmp_path / target).exists()


# The same network in PyTorch


@pytest.fixture
def torch():
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch", reason="install the extra `bench`")


def counterpart(torch, model):
    """Build a model of PyTorch's modules; all names of its state dict are those of ours."""
    modules = importlib.import_module("dlcore.benchmarks.torch_modules")
    theirs = modules.counterpart(torch, model)
    assert theirs.state_dict().keys() == state_dict(model).keys()
    return theirs


def batch(rng, dtype=np.float64):
    """Draw images and labels."""
    return rng.normal(size=(N, C, H, W)).astype(dtype), rng.integers(K, size=N)


def assert_close(ours, theirs, relative, told=""):
    """Entries differ by at most `relative` of the largest."""
    assert_allclose(ours, theirs, rtol=0, atol=relative * np.abs(theirs).max(), err_msg=told)


@pytest.mark.parametrize(("dtype", "relative"), [(np.float64, 1e-6), (np.float32, 1e-5)])
@pytest.mark.parametrize("name", MODELS)
def test_pytorch_computes_the_same_scores(name, dtype, relative, torch, rng):
    """With the running statistics of the file; the names are accepted strictly."""
    model = made(name, rng, dtype)
    x, _ = batch(rng, dtype)
    scores = counterpart(torch, model).eval()(torch.from_numpy(x)).detach().numpy()
    assert scores.dtype == dtype
    assert_close(model(x), scores, relative)


@pytest.mark.parametrize("name", MODELS)
def test_pytorch_computes_the_same_loss_gradients_and_statistics(name, torch, rng):
    """Of a training step in double precision, by the names of the dictionary."""
    model = made(name, rng)
    theirs = counterpart(torch, model)
    x, t = batch(rng)
    loss, grads = loss_and_grads(model, cross_entropy, x, t, rng)
    expected = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(t))
    expected.backward()
    assert_allclose(loss, expected.item(), rtol=1e-6)
    parameters, buffers = dict(theirs.named_parameters()), dict(theirs.named_buffers())
    largest = max(np.abs(grad).max() for grad in grads.values())
    for entry in dictionary(model):
        if entry.kind == "params":
            bar = entry.turned(parameters[entry.name].grad.numpy())
            assert_allclose(grads[entry.path], bar, atol=1e-6 * largest, err_msg=entry.name)
        else:
            state = nn.named_state(model)[entry.path]
            assert_close(state, buffers[entry.name].numpy(), 1e-6, entry.name)


def test_a_file_is_loaded_by_pytorch_and_one_of_its_files_by_us(torch, tmp_path, rng):
    """Both ways through `safetensors.torch`, all names accepted, the same scores."""
    safetensors = pytest.importorskip("safetensors.torch")
    model, other = made("resnet", rng), made("resnet", rng)
    x, _ = batch(rng)
    theirs = counterpart(torch, other)
    write_tensors(tmp_path / "ours.safetensors", state_dict(model))
    theirs.load_state_dict(safetensors.load_file(tmp_path / "ours.safetensors"), strict=True)
    assert_close(model(x), theirs.eval()(torch.from_numpy(x)).detach().numpy(), 1e-6)
    theirs.train()(torch.from_numpy(x))  # moves the running statistics
    safetensors.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    load_state_dict(other, read_tensors(tmp_path / "theirs.safetensors"))
    assert_close(other(x), theirs.eval()(torch.from_numpy(x)).detach().numpy(), 1e-6)


# Optimizers

RUNS = {
    "sgd": SGD(0.05, weight_decay=0.02),
    "momentum": Momentum(0.05, momentum=0.8, weight_decay=0.02),
    "nesterov": Nesterov(0.05, momentum=0.8, weight_decay=0.02),
    "rmsprop": RMSProp(0.01, rho=0.95, eps=1e-4, eps_inside_sqrt=False, weight_decay=0.02),
    "adam": Adam(0.01, beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.02),
    "adamw": AdamW(0.01, beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.2),
}


def trained_both(torch, name, optimizer, rates, rng, **changes):
    """Train a model and its counterpart on the same batches; return our arrays and PyTorch's.

    `rates` are the learning rates of the steps, `changes` what is made wrong: options of PyTorch's
    optimizer, `groups` or `set_rate`.
    """
    model = made(name, rng)
    theirs = counterpart(torch, model)
    parameters = dict(theirs.named_parameters())
    kind, options = counterpart_options(optimizer)
    groups = changes.pop("groups", parameter_groups)(model, parameters)
    set_rate = changes.pop("set_rate", set_learning_rate)
    other = getattr(torch.optim, kind)(groups, **options | changes)
    ours = type(optimizer).__new__(type(optimizer))
    vars(ours).update(vars(optimizer), memory={}, steps=0)
    for rate in rates:
        x, t = batch(rng)
        ours.learning_rate = rate
        _, grads = loss_and_grads(model, cross_entropy, x, t, rng)
        ours.step(nn.named_parameters(model), grads, weights=nn.named_weights(model))
        set_rate(other, rate)
        other.zero_grad()
        scores = theirs(torch.from_numpy(x))
        torch.nn.functional.cross_entropy(scores, torch.from_numpy(t)).backward()
        other.step()
    found = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    return state_dict(model), found


def difference(ours, theirs):
    """Return the largest difference of two state dicts, relative to the largest entry of each."""
    return max(
        np.abs(array - theirs[name]).max() / np.abs(theirs[name]).max()
        for name, array in ours.items()
        if "tracked" not in name
    )


def test_every_optimizer_has_a_run():
    """By its name in the library's table."""
    assert {name: type(optimizer) for name, optimizer in RUNS.items()} == OPTIMIZERS


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize("optimizer", RUNS)
def test_steps_of_pytorch_end_in_the_same_weights(optimizer, steps, torch, rng):
    """With decay, and batch normalisation in training; statistics agree, too."""
    run = RUNS[optimizer]
    ours, theirs = trained_both(torch, "vgg", run, [run.learning_rate] * steps, rng)
    assert difference(ours, theirs) < 1e-6


@pytest.mark.parametrize("optimizer", RUNS)
def test_steps_agree_while_the_learning_rate_changes(optimizer, torch, rng):
    """If the velocity is rescaled with it."""
    run = RUNS[optimizer]
    rates = run.learning_rate * np.linspace(1, 0.1, 12)
    ours, theirs = trained_both(torch, "twolayer", run, rates, rng)
    assert difference(ours, theirs) < 1e-6


def only_the_rate(optimizer, rate):
    """Change the learning rate as a schedule of PyTorch's does: the velocity stays."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def one_group(model, parameters):
    """Pass all parameters, as most programs do."""
    return list(parameters.values())


TRAPS = {
    "the rate changes outside of the velocity": ("momentum", {"set_rate": only_the_rate}),
    "a share of the gradient enters": ("momentum", {"dampening": 0.8}),
    "no look ahead": ("nesterov", {"nesterov": False}),
    "biases decay": ("sgd", {"groups": one_group}),
    "decay enters the gradient": ("adam", {"decoupled_weight_decay": True}),
    "decay by default": ("adamw", {"weight_decay": 0.01}),
    "a larger ε": ("rmsprop", {"eps": 1e-2}),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_leads_elsewhere(trap, torch, rng):
    """Each would pass unnoticed in a single run: the weights differ, by far more than rounding."""
    name, changes = TRAPS[trap]
    run = RUNS[name]
    rates = run.learning_rate * np.linspace(1, 0.1, 12)
    ours, theirs = trained_both(torch, "twolayer", run, rates, rng, **changes)
    assert difference(ours, theirs) > 1e-4


def test_an_optimizer_without_a_counterpart_is_refused():
    """RMSProp as it is by default, and one of a reader's own."""
    with pytest.raises(ValueError, match="eps_inside_sqrt is True but torch"):
        counterpart_options(RMSProp(0.1))

    class Own(Optimizer):
        pass

    with pytest.raises(ValueError, match="optimizer is Own, use one of SGD, Momentum"):
        counterpart_options(Own(0.1))


@pytest.mark.parametrize("rate", [0.0, -0.1, float("nan")])
def test_a_rate_that_divides_nothing_is_refused(rate):
    """A velocity cannot be divided by 0; before anything is changed."""
    with pytest.raises(ValueError, match=r"learning_rate is .*, use one above 0"):
        set_learning_rate(None, rate)
