"""Experiments of dense networks: counts, memory, three networks side by side.

Chapter: book/densenet.md.
"""

from functools import partial

import numpy as np

from dlcore.autodiff import vjp
from dlcore.data import load
from dlcore.data.augment import compose, crop, flip
from dlcore.experiments.depth import split
from dlcore.experiments.experiment import Claim, experiment
from dlcore.experiments.family import Comparison, family
from dlcore.experiments.memory import peak_memory
from dlcore.nn import Sequential, named_parameters
from dlcore.nn.accounting import account, total
from dlcore.nn.models import DenseNet, ResNet
from dlcore.nn.models.densenet import DenseLayer, arrays_of
from dlcore.ops.densenet import dense_block_shared
from dlcore.train.evaluation import accuracy
from dlcore.train.optim import Nesterov
from dlcore.train.schedule import one_cycle
from dlcore.train.solver import Solver

# Numbers of parameters, and of what is kept


def parameters(depth, growth, *, bottleneck=False, compression=1.0, stem=None, halves=None):
    """Count the parameters of a DenseNet of three blocks by hand; `stem`, `halves` are slips.

    `stem` replaces the filters of the first convolution, `halves` says that layers count once
    or twice, whatever they are made of.

    >>> parameters(40, 12), parameters(100, 12, bottleneck=True, compression=0.5)
    (1019722, 769162)
    """
    C = stem or (2 * growth if bottleneck else 16)
    n = (depth - 4) // (3 * (halves or (2 if bottleneck else 1)))
    count = 27 * C
    for block in range(3):
        for _ in range(n):
            narrow = 4 * growth
            if bottleneck:
                count += 2 * C + narrow * C + 2 * narrow + 9 * growth * narrow
            else:
                count += 2 * C + 9 * growth * C
            C += growth
        if block < 2:
            kept = int(compression * C)
            count += 2 * C + C * kept
            C = kept
    return count + 2 * C + 10 * (C + 1)


BC = {"bottleneck": True, "compression": 0.5}
COUNTS = {
    "DenseNet-40": partial(parameters, 40, 12),
    "2k filters at first": partial(parameters, 40, 12, stem=24),
    "half of the maps kept": partial(parameters, 40, 12, compression=0.5),
    "both": partial(parameters, 40, 12, stem=24, compression=0.5),
    "DenseNet-BC-100": partial(parameters, 100, 12, **BC),
    "too many bottlenecks": partial(parameters, 100, 12, halves=1, **BC),
}


def block_of(C, growth, n, *, rng, dtype=np.float64):
    """Build the layers of a dense block."""
    drawn = {"rng": rng, "dtype": dtype}
    return Sequential(*(DenseLayer(C + i * growth, growth, **drawn) for i in range(n)))


def triples(block):
    """List what `dense_block_shared` takes for the layers of a block: scale, shift, filters."""
    return [arrays_of(layer) for layer in block.layers]


DEPTHS = (3, 6, 12, 24)
C, GROWTH, N, SIDE = 16, 12, 2, 16  # of the block whose memory is measured


@experiment(
    "densenet-memory",
    Claim("copies, 24 layers over 12", 3.0, "this book's aim"),
    Claim("shared, 24 layers over 12", 2.1, "this book's aim", "below"),
)
def densenet_memory(seed):
    """Memory of a dense block forwards and backwards, with copies and in one buffer."""
    rng = np.random.default_rng(seed)
    numbers = N * SIDE**2 * 8  # bytes of one map over the batch, in double precision
    held = {"copies": [], "shared": []}
    for n in DEPTHS:
        block = block_of(C, GROWTH, n, rng=rng)
        x = rng.normal(size=(N, C, SIDE, SIDE))
        z_bar = rng.normal(size=(N, C + n * GROWTH, SIDE, SIDE))
        for way, run in (("copies", by_tape), ("shared", by_buffer)):
            run(block, x, z_bar, rng)  # what is compiled and kept is not counted
            _, peak = peak_memory(partial(run, block, x, z_bar, rng))
            held[way].append(peak / numbers)
    values = {}
    for way, peaks in held.items():
        for n, peak in zip(DEPTHS, peaks, strict=True):
            values[f"{way}, {n} layers"] = peak
        values[f"{way}, 24 layers over 12"] = peaks[-1] / peaks[-2]
    return values, {"depths": list(DEPTHS), **held}


def by_tape(block, x, z_bar, rng):
    """Compute z and x̄ by the layers and the tape."""
    z, pullback = vjp(lambda x: block(x, rng), x)
    return z, pullback(z_bar)[0]


def by_buffer(block, x, z_bar, rng):
    """Compute z and x̄ in one buffer."""
    maps, pullback = dense_block_shared(x, triples(block))
    return maps.z, pullback(z_bar)[0]


def work(model, size):
    """Count the products that a model takes for one image."""
    return total(account(model, size), "multiplications")


# Three networks side by side


SMALL = {
    "plain": partial(ResNet, (1, 8, 8), 10, depth=8, shortcut="none"),
    "residual": partial(ResNet, (1, 8, 8), 10, depth=8),
    "dense": partial(DenseNet, (1, 8, 8), 10, depth=13, growth=8),
}
SEEDS, SMALL_EPOCHS, SMALL_BATCH = range(5), 4, 63


@experiment(
    "densenet-digits",
    Claim("work, dense over residual", 1.02, "this book's aim", "below"),
    Claim("parameters, dense over residual", 0.6, "this book's aim", "below"),
)
def densenet_digits(seed):
    """Plain, residual and dense networks of equal work on the bundled digits, five seeds."""
    data = load("digits").centred(scale=1 / 16)
    values, losses, tests = {}, {}, {}
    for name, build in SMALL.items():
        runs = [small_run(build, data, seed + each) for each in SEEDS]
        losses[name] = np.array([loss for loss, _ in runs])
        tests[name] = [test for _, test in runs]
        values[f"test, {name}"] = np.mean(tests[name])
        values[f"work, {name}"] = work(build(rng=None), (1, 8, 8))
        values[f"parameters, {name}"] = sum(
            array.size for array in named_parameters(build(rng=None)).values()
        )
    for metric in ("work", "parameters"):
        share = values[f"{metric}, dense"] / values[f"{metric}, residual"]
        values[f"{metric}, dense over residual"] = share
    return values, {"losses": losses, "tests": tests}


def small_run(build, data, seed):
    """Train one of the small networks; return the mean loss of each epoch, and the accuracy."""
    model = build(rng=np.random.default_rng(seed), dtype=np.float32)
    optimizer = Nesterov(0.05, weight_decay=1e-4)
    solver = Solver(
        model, data, optimizer=optimizer, schedule=one_cycle(), batch_size=SMALL_BATCH,
        epochs=SMALL_EPOCHS, seed=seed,
    )  # fmt: skip
    history = solver.train()
    loss = np.reshape(history.train_loss, (SMALL_EPOCHS, -1)).mean(axis=1)
    return loss, accuracy(model, data.test.x, data.test.t)


# Networks of equal work on CIFAR-10, and shallow ones beside them

NETWORKS = {
    "plain-20": partial(ResNet, depth=20, shortcut="none"),
    "ResNet-20": partial(ResNet, depth=20),
    "DenseNet-22": partial(DenseNet, depth=22, growth=12),
}
SHALLOW = {
    "plain-8": partial(ResNet, depth=8, shortcut="none"),
    "ResNet-8": partial(ResNet, depth=8),
}
IMAGES, BATCH = 45_000, 125
EPOCHS = 3  # of ResNet-20; the others take as many steps as cost the same
LAST = 100  # steps over which the training loss is averaged at the end


def steps_of(name):
    """Count the steps of a network that take the products of some epochs of ResNet-20.

    A shallow network takes as many steps as ResNet-20.

    >>> steps_of("plain-20"), steps_of("plain-8"), steps_of("DenseNet-22")
    (1080, 1080, 600)
    """
    size, build = (3, 32, 32), NETWORKS["ResNet-20"]
    budget = EPOCHS * IMAGES // BATCH * work(build(rng=None), size)
    return budget // work(NETWORKS.get(name, build)(rng=None), size)


@family(
    "plain-residual-dense",
    {name: {"network": name, "epochs": EPOCHS} for name in NETWORKS | SHALLOW},
    [
        Comparison("test", "ResNet-20", "plain-20", "residual tests better than plain"),
        Comparison("train_loss", "plain-20", "ResNet-20", "residual trains better than plain"),
        Comparison("train_loss", "ResNet-8", "ResNet-20", "20 residual layers train better than 8"),
        Comparison("train_loss", "plain-8", "plain-20", "20 plain layers train better than 8"),
        Comparison("test", "DenseNet-22", "plain-20", "dense tests better than plain"),
        Comparison("test", "DenseNet-22", "ResNet-20", "dense tests better than residual"),
        Comparison("train_loss", "ResNet-20", "DenseNet-22", "dense trains better than residual"),
    ],
)
def plain_residual_dense(setting, seed):
    """Plain, residual and dense networks on CIFAR-10: equal work, or equal numbers of steps."""
    name = setting["network"]
    data = split(seed, IMAGES).centred(scale=1 / 64)
    model = (NETWORKS | SHALLOW)[name](rng=np.random.default_rng(seed), dtype=np.float32)
    solver = Solver(
        model, data, optimizer=Nesterov(0.1, weight_decay=5e-4), schedule=one_cycle(),
        batch_size=BATCH, epochs=1, replacement=True, steps_per_epoch=steps_of(name),
        augment=compose(flip, crop(4)), seed=seed,
    )  # fmt: skip
    history = solver.train()
    return {
        "test": accuracy(model, data.test.x, data.test.t),
        "train_loss": np.mean(history.train_loss[-LAST:]),
    }
