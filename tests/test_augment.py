"""Augmentation: the tests of the claims of `book/augment.md`, and of its exercises."""

import importlib
from functools import partial
from itertools import pairwise, product
from operator import index
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.data import augment
from dlcore.data.augment import MIRRORS, SQUARE, averaged
from dlcore.data.dataset import Examples

SHIFTS = {"zeros": augment.crop(pad=2), "reflect": augment.crop(pad=2, mode="reflect")}
EVERY = {
    "flip": augment.flip,
    "crop": SHIFTS["zeros"],
    "reflected crop": SHIFTS["reflect"],
    "cutout": augment.cutout(3),
    "rotation": augment.rotate(15),
    "contrast stretch": augment.contrast_stretch,
    "median": augment.median(2),
    "brightness": augment.brightness(),
    "contrast": augment.contrast(),
    "composed": augment.compose(augment.flip, SHIFTS["zeros"], augment.cutout(3)),
    "mixup": lambda x, rng: augment.mixup(x, np.arange(len(x)), rng, K=len(x))[0],
}
DEGREES = np.array([0, 15, 45, 90, 130, 180, 255, 270])
ONE_ROUNDING = {"rtol": 0, "atol": 1e-13}  # sums of a few numbers near one, in another order


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.augment")


@pytest.fixture
def kernels():
    """The kernels, imported by those who ask: numba takes a second to load."""
    return importlib.import_module("dlcore.kernels.augment")


@pytest.fixture
def x(rng):
    """A batch in which no two entries are equal, all sizes different."""
    return rng.permutation(3 * 2 * 5 * 4).reshape(3, 2, 5, 4) / 8.0


def evenly(counts):
    """Tell whether counts may come of equal chances, by χ²; by bad luck not once in 10⁷."""
    counts = np.ravel(counts).astype(float)
    freedom = counts.size - 1
    square = np.sum((counts - counts.mean()) ** 2) / counts.mean()
    return square < freedom + 8 * np.sqrt(2 * freedom) + 16


def tally(numbers, size):
    """Count how often each number from 0 to size - 1 occurs."""
    return np.bincount(np.ravel(numbers), minlength=size)


def batch_last(x):
    """Return the same images, which lie in memory as (H, W, C, N)."""
    return np.ascontiguousarray(x.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)


def test_a_picture_can_be_altered_by_hand():
    """Mirrored, moved and cut out: nine pixels."""
    x = np.arange(1, 10).reshape(1, 1, 3, 3)
    always = SimpleNamespace(random=np.zeros, integers=lambda *_, size: np.array([[2, 0]]))
    assert_array_equal(augment.flip(x, always)[0, 0], [[3, 2, 1], [6, 5, 4], [9, 8, 7]])
    assert_array_equal(augment.crop(pad=1)(x, always)[0, 0], [[0, 4, 5], [0, 7, 8], [0, 0, 0]])
    assert_array_equal(augment.cutout(3)(x, always)[0, 0], [[1, 2, 3], [0, 0, 6], [0, 0, 9]])


def test_the_program_mirrors_as_the_page_does(x, formulas, oracle):
    """y[n, c, h, l] = x[n, c, h, W - 1 - l]; twice is nothing."""
    page = oracle.program(formulas.mirrored)(x=x, N=3, C=2, H=5, W=4)
    assert_array_equal(augment.mirror(x), page)
    assert_array_equal(augment.mirror(page), x)


def test_each_image_is_mirrored_independently_with_probability_one_half(rng):
    """Images or mirror images, independently of the neighbour and of the call before."""
    x = rng.permutation(2000 * 6).reshape(2000, 1, 2, 3)
    calls = [augment.flip(x, rng) for _ in range(2)]
    one, two = ((y == augment.mirror(x)).all(axis=(1, 2, 3)) for y in calls)
    assert all(((y == x) | (y == augment.mirror(x))).all() for y in calls)
    assert evenly(tally(2 * one + two, 4))
    assert evenly(tally(2 * one[1:] + one[:-1], 4))


@pytest.mark.parametrize(("mode", "numpy_mode"), [("zeros", "constant"), ("reflect", "reflect")])
def test_a_crop_is_a_window_of_the_padded_image(mode, numpy_mode, rng):
    """Of pad 2, one of 25, each as often as any other: 60 · 25 images."""
    x = rng.permutation(1500 * 20).reshape(1500, 1, 5, 4) + 1
    y = augment.crop(pad=2, mode=mode)(x, rng)
    padded = np.pad(x, [(0, 0), (0, 0), (2, 2), (2, 2)], mode=numpy_mode)
    places = list(product(range(5), range(5)))
    found = [(y == padded[:, :, i : i + 5, j : j + 4]).all(axis=(1, 2, 3)) for i, j in places]
    assert_array_equal(np.sum(found, axis=0), 1)
    assert evenly(np.sum(found, axis=1))


def test_padding_comes_after_centring(lab):
    """The border is then zero, the mean image; padded before centring, it is black."""
    assert lab.border_of_crops(centred_first=True) == 0
    assert lab.border_of_crops(centred_first=False) > 10  # of pixels up to 16


def test_a_cutout_is_clipped_at_the_border(rng, formulas, oracle):
    """Its centre is every pixel equally often; the mean number of covered rows is the page's."""
    H, W, size = 6, 5, 3
    x = np.ones((60 * H * W, 2, H, W))
    hole = augment.cutout(size)(x, rng) == 0
    assert_array_equal(hole[:, 0], hole[:, 1])
    rows, columns = (hole[:, 0].any(axis=axis) for axis in (2, 1))
    assert_array_equal(hole[:, 0], rows[:, :, None] & columns[:, None, :])
    middle = [np.rint(2 * (inside @ np.arange(inside.shape[1]) / inside.sum(axis=1))).astype(int)
              for inside in (rows, columns)]  # fmt: skip
    assert evenly(tally(middle[0] * 2 * W + middle[1], 4 * H * W)[tally_of(H, W)])
    mean = oracle.program(formulas.covered_rows)(U=size, H=H, padding=1)
    assert rows.sum(axis=1).mean() == pytest.approx(mean, abs=5 * rows.sum(axis=1).std() / 42)


def tally_of(H, W):
    """List twice the middle of what is left of a square of three, for each of its middles."""
    ends = lambda size: [1, *range(2, 2 * size - 3, 2), 2 * size - 3]
    return [row * 2 * W + column for row in ends(H) for column in ends(W)]


def test_the_program_rotates_as_the_page_does(x, formulas, oracle):
    """Each pixel of the rotated image is a weighted sum of four of the image."""
    phi = 0.4
    whole = {"phi": phi, "N": 3, "C": 2, "H": 5, "W": 4, "P": 5, "Q": 4}
    places = {"h'": formulas.turned_row, "l'": formulas.turned_column}
    given = {name: oracle.program(each)(**whole) for name, each in places.items()}
    page = oracle.program(formulas.rotation)(x=x, **given, N=3, C=2, H=5, W=4, P=5, Q=4)
    assert_allclose(augment.rotated_by(x, np.full(3, np.rad2deg(phi))), page, **ONE_ROUNDING)


@pytest.mark.parametrize("shape", [(8, 3, 5, 4), (8, 1, 1, 1), (8, 2, 6, 7)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernel_rotates_as_the_definition_does(shape, dtype, rng, kernels):
    """A sum over four pixels is the sum over all, in both memory orders."""
    x, angles = rng.normal(size=shape).astype(dtype), np.deg2rad(DEGREES)
    cos, sin = np.cos(angles), np.sin(angles)
    y = kernels.rotate_naive(x, cos, sin)
    tolerance = {"rtol": 0, "atol": 16 * np.finfo(dtype).eps}  # four products of numbers near one
    assert_allclose(kernels.rotate(x, cos, sin), y, **tolerance)
    assert_allclose(kernels.rotate(batch_last(x), cos, sin), y, **tolerance)


def test_rotations_by_quarter_turns_are_exact(rng):
    """By 0, 90, 180, 270 degrees every pixel becomes a pixel: the bits of np.rot90."""
    for size, dtype in ((5, np.float32), (6, np.float64), (33, np.float64)):
        x = rng.normal(size=(4, 2, size, size)).astype(dtype)
        y = augment.rotated_by(x, 90 * np.arange(4))
        for turns in range(4):
            assert_array_equal(y[turns], np.rot90(x[turns], turns, axes=(1, 2)))


def test_scipy_rotates_in_the_same_way(rng):
    """`scipy.ndimage.rotate` of order 1, zeros outside: where it is installed."""
    ndimage = pytest.importorskip("scipy.ndimage")
    x = rng.normal(size=(len(DEGREES), 2, 6, 7))
    turned = partial(ndimage.rotate, reshape=False, order=1, mode="grid-constant")
    y = [turned(image, angle, axes=(2, 1)) for image, angle in zip(x, DEGREES, strict=True)]
    assert_allclose(augment.rotated_by(x, DEGREES), y, rtol=0, atol=1e-9)


def test_rotating_back_does_not_undo_a_rotation(rng):
    """By 15 degrees and back: interpolation has blurred the image, and corners are lost."""
    x, degrees = rng.normal(size=(1, 1, 9, 9)), np.array([15])
    back = augment.rotated_by(augment.rotated_by(x, degrees), -degrees)
    assert np.abs(back - x)[0, 0, 3:6, 3:6].max() > 0.1
    assert back[0, 0].std() < 0.8 * x[0, 0].std()


def test_brightness_adds_and_contrast_multiplies(rng):
    """y = x + b and y = m + a (x - m), for each image a number of its own."""
    x = rng.normal(size=(500, 2, 3, 4))
    added = augment.brightness(0.3)(x, rng) - x
    assert np.ptp(added, axis=(1, 2, 3)).max() < 1e-14
    assert -0.3 <= added.min() < -0.25
    assert 0.25 < added.max() <= 0.3
    y, mean = augment.contrast(0.3)(x, rng), x.mean(axis=(1, 2, 3), keepdims=True)
    factor = y.std(axis=(1, 2, 3)) / x.std(axis=(1, 2, 3))
    assert_allclose(y, mean + factor[:, None, None, None] * (x - mean), rtol=0, atol=1e-12)
    assert 0.7 - 1e-12 <= factor.min() < 0.75
    assert 1.25 < factor.max() <= 1.3 + 1e-12


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_source_its_order_and_its_precision_are_kept(name, dtype, rng):
    """x is not changed; y has its shape, dtype and memory order, and the bits of either order."""
    x = rng.normal(size=(7, 3, 6, 5)).astype(dtype)
    before = x.copy()
    x.flags.writeable = False
    y, lasting = (EVERY[name](each, np.random.default_rng(5)) for each in (x, batch_last(x)))
    assert_array_equal(x, before)
    assert not np.shares_memory(y, x)
    assert (y.dtype, y.shape, y.strides) == (x.dtype, x.shape, x.strides)
    assert lasting.strides == batch_last(x).strides
    rounding = (
        8 * np.finfo(dtype).eps * (name == "contrast")
    )  # its mean is added up in another order
    assert_allclose(lasting, y, rtol=0, atol=rounding)


def test_the_program_stretches_as_the_page_does(x, formulas, oracle):
    """(x - min)/(max - min), image by image; an image of one shade becomes zero, not 0/0."""
    names = {"low": formulas.darkest, "high": formulas.brightest}
    given = {name: oracle.program(each)(x=x) for name, each in names.items()}
    page = oracle.program(formulas.stretched)(x=x, **given)
    assert_allclose(augment.contrast_stretch(x), page, rtol=1e-14)
    assert_array_equal(augment.contrast_stretch(np.full((1, 3, 4, 4), 7.0)), 0)


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (1, 1, 1, 1), (2, 1, 2, 7)])
def test_the_kernel_takes_the_median_of_the_definition(window, shape, rng, kernels):
    """Windows of even side, images smaller than the window, whole numbers, both orders."""
    for x in (rng.normal(size=shape), rng.integers(4, size=shape).astype(np.uint8)):
        y = kernels.median_naive(x, window)
        assert_array_equal(kernels.median(x, window), y)
        assert_array_equal(kernels.median(batch_last(x), window), y)
        assert augment.median(window)(x).dtype == x.dtype


@pytest.mark.parametrize("window", [2, 3, 4])
def test_scipy_takes_the_same_median(window, rng):
    """`scipy.ndimage.median_filter` of (1, 1, window, window): where it is installed."""
    ndimage = pytest.importorskip("scipy.ndimage")
    x = rng.normal(size=(2, 3, 6, 5))
    assert_array_equal(augment.median(window)(x), ndimage.median_filter(x, (1, 1, window, window)))


def test_a_median_across_colours_makes_red_yellow(lab):
    """Channels are no neighbours: a window over three axes carries red into green."""
    errata = importlib.import_module("dlcore.experiments.errata")
    x = lab.red_square()
    wrong = errata.median(np.moveaxis(x[0], 0, -1), (2, 2, 2))
    assert augment.median(2)(x)[:, 1:].max() == 0
    assert wrong[4, 4].tolist() == [1, 1, 0]


def test_a_stretched_copy_leaves_the_range_of_the_others(lab):
    """Of pixels up to 16 three copies reach beyond 1, the stretched one never."""
    copies = lab.fourfold_digits().train.x.reshape(-1, 4, 1, 8, 8).max(axis=(0, 2, 3, 4))
    assert copies.tolist() == [16, 16, 1, 16]


def test_a_fourfold_set_repeats_every_label(rng):
    """Image, mirror image, stretched, median: four neighbours of one label."""
    x, t = rng.uniform(size=(5, 3, 6, 4)), rng.permutation(5)
    made = augment.fourfold(Examples(x, t))
    assert_array_equal(made.t.reshape(5, 4), np.tile(t[:, None], 4))
    copies = made.x.reshape(5, 4, *x.shape[1:])
    assert_array_equal(copies[:, 0], x)
    assert_array_equal(copies[:, 1], augment.mirror(x))
    assert_array_equal(copies[:, 2], augment.contrast_stretch(x))
    assert_array_equal(copies[:, 3], augment.median(2)(x))


def test_validation_and_test_stay_as_they_are(lab):
    """The training set is enlarged, and nothing else."""
    data = importlib.import_module("dlcore.data").load("digits")
    larger = lab.fourfold_digits()
    assert larger.train.N == 4 * data.train.N
    for part in ("val", "test"):
        assert_array_equal(getattr(larger, part).x, getattr(data, part).x)


def test_copies_are_on_both_sides_of_a_division_that_comes_too_late(lab):
    """Divided first no validation image has a copy in training; divided last most have."""
    assert lab.leaked(divided_first=True)[0] == 0
    copies, N = lab.leaked(divided_first=False)
    assert copies > 0.6 * N


def test_a_mixture_has_the_labels_of_both(rng):
    """y = λ x + (1 - λ) x', and the same λ for the labels: solved for λ, they agree."""
    x, t = np.eye(40, dtype=np.float32).reshape(40, 1, 5, 8), rng.integers(3, size=40)
    y, q = augment.mixup(x, t, rng, K=3, alpha=1.0)
    shares = y.reshape(40, 40)  # of every image, since each is a unit vector
    assert (y.dtype, q.dtype) == (x.dtype, x.dtype)
    assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert_allclose(q, shares @ np.eye(3)[t], rtol=0, atol=1e-6)  # of single precision
    assert (np.count_nonzero(shares, axis=1) <= 2).all()
    assert evenly(np.histogram(np.diag(shares)[np.diag(shares) < 1], bins=4, range=(0, 1))[0])


def test_the_loss_of_a_mixed_label_is_the_mixed_loss(rng):
    """-Σ q ln p at q = λ e + (1 - λ) e' is λ times one loss and 1 - λ times the other."""
    ops = importlib.import_module("dlcore.ops.loss")
    s, share = rng.normal(size=(6, 4)), rng.uniform(size=6)
    t, other = rng.integers(4, size=(2, 6))
    q = share[:, None] * np.eye(4)[t] + (1 - share[:, None]) * np.eye(4)[other]
    one, two = (ops.cross_entropy(s, each, reduction="none") for each in (t, other))
    mixed = -(q * ops.log_softmax(s)).sum(axis=1)
    assert_allclose(mixed, share * one + (1 - share) * two, rtol=1e-12)


def test_the_symmetries_of_the_square_are_a_group(rng):
    """Any two of the eight, one after the other, are one of the eight, in each row all of them."""
    x = rng.permutation(16).reshape(1, 1, 4, 4)
    images = [g(x).tobytes() for g in SQUARE]
    table = [[images.index(g(h(x)).tobytes()) for g in SQUARE] for h in SQUARE]
    assert len(set(images)) == 8
    for row, column in zip(table, np.transpose(table), strict=True):
        assert sorted(row) == sorted(column) == list(range(8))


def test_crops_and_cutouts_are_no_group(rng):
    """No other crop or cutout restores what has left an image or was set to zero."""
    x = rng.permutation(16).reshape(1, 1, 4, 4) + 1.0
    for function in (augment.crop(pad=1), augment.cutout(1)):
        versions = {function(x, rng).tobytes(): function(x, rng) for _ in range(400)}
        lost = [y for y in versions.values() if (y == 0).any()]
        back = [function(y, rng) for y in lost for _ in range(40)]
        assert lost
        assert not any(np.array_equal(y, x) for y in back)


def network(rng, size=5):
    """Make a function of images with no symmetry at all: (N, 2, size, size) to (N, 3)."""
    w, v = rng.normal(size=(2 * size * size, 7)), rng.normal(size=(7, 3))
    return lambda x: np.tanh(x.reshape(len(x), -1) @ w) @ v


@pytest.mark.parametrize("group", [MIRRORS, SQUARE], ids=["mirrors", "square"])
def test_an_average_over_a_group_is_invariant(group, rng):
    """F(gx) = F(x) for every g; without the last of the functions it is not."""
    model, x = network(rng), rng.normal(size=(4, 2, 5, 5))
    whole, part = averaged(model, group), averaged(model, group[:-1])
    for g in group[1:]:
        assert_allclose(whole(g(x)), whole(x), rtol=0, atol=1e-12)
        assert np.abs(part(g(x)) - part(x)).max() > 0.01
        assert np.abs(model(g(x)) - model(x)).max() > 0.01


def test_averaged_scores_of_a_linear_model_have_symmetric_weights(rng):
    """½ (w·x + w·mx) = ½ (w + mw)·x."""
    w, x = rng.normal(size=(5, 5)), rng.normal(size=(4, 1, 5, 5))
    scores = averaged(lambda x: np.einsum("hw,nchw->n", w, x))(x)
    assert_allclose(scores, np.einsum("hw,nchw->n", (w + w[:, ::-1]) / 2, x), rtol=0, atol=1e-13)


def test_averaging_over_a_group_does_not_raise_the_variance(rng):
    """Var F(x) ≤ Var f(x), over 400 networks, for an x drawn from an invariant distribution."""
    x = np.concatenate([g(rng.normal(size=(1, 2, 5, 5))) for g in SQUARE])
    models = [network(rng) for _ in range(400)]
    plain = np.var([model(x) for model in models], axis=0).mean()
    calm = np.var([averaged(model, SQUARE)(x) for model in models], axis=0).mean()
    assert calm < 0.5 * plain


def test_the_loss_of_the_average_is_no_larger_than_the_average_loss(rng):
    """Squared error: less by the variance over the group; cross-entropy: less, by Jensen."""
    ops = importlib.import_module("dlcore.ops.loss")
    for _ in range(200):
        s, z, t = rng.normal(size=(8, 1, 4)), rng.normal(size=4), rng.integers(4, size=1)
        m = s.mean(axis=0)
        squared = np.mean((s - z) ** 2, axis=0) - (m - z) ** 2
        assert_allclose(squared, s.var(axis=0), rtol=0, atol=1e-12)
        losses = [ops.cross_entropy(each, t) for each in s]
        assert ops.cross_entropy(m, t) <= np.mean(losses) + 1e-12


def test_a_mirrored_two_is_no_two(lab):
    """Trained without mirrored digits, a network errs on more than half of them."""
    counts = lab.taken_for(digit=2)
    assert counts[2] < 0.5 * counts.sum()


def test_flips_lower_the_accuracy_on_digits(lab):
    """Over three seeds, by more than half of one hundredth."""
    plain, flips = (lab.on_digits(each).mean() for each in (None, augment.flip))
    assert flips < plain - 0.005


def test_alternating_flips_show_both_versions_in_two_epochs(lab, rng):
    """One version of each image in the first epoch, both in the second; a half in each epoch."""
    assert lab.versions_seen(3, alternating=True).tolist() == [1, 2, 2]
    x, in_turn = lab.flags(1000), augment.alternating_flip(1000, seed=3)
    epochs = [in_turn(x, np.arange(1000), epoch) for epoch in range(6)]
    for y, following in pairwise(epochs):
        assert evenly(tally((y == x).all(axis=(1, 2, 3)), 2))
        assert_array_equal(following, augment.mirror(y))
    some = rng.permutation(1000)[:7]
    assert_array_equal(in_turn(x[some], some, 3), epochs[3][some])


def test_random_flips_show_the_second_version_late(lab, formulas, oracle):
    """2 (1 - 2⁻ᴱ) of the two after E epochs, on average, over 4,000 images."""
    seen = lab.versions_seen(6, alternating=False)
    page = [float(oracle.program(formulas.versions)(K=2, i=epoch)) for epoch in range(1, 7)]
    assert_allclose(page, [2 * (1 - 0.5**epoch) for epoch in range(1, 7)], rtol=1e-12)
    assert_allclose(seen, page, rtol=0, atol=5 * 0.5 / np.sqrt(4000))  # five standard errors


# Exercises


def kinds(rng, size):
    """Yield batches of different numbers in three precisions, all sizes different."""
    for kind in (np.float64, np.float32, np.int64):
        N, C, H, W = size[0], *rng.permutation([1, 2, 3]).tolist()[:1], *size[1:]
        yield (rng.permutation(N * C * H * W).reshape(N, C, H, W) + 1).astype(kind)


def same_images(y, x):
    """Tell of each image whether it is another one; shape and dtype have to agree."""
    assert np.shape(y) == x.shape
    assert np.asarray(y).dtype == x.dtype
    return (np.asarray(y) == x).all(axis=(1, 2, 3))


def twins(rng):
    """Make two generators that draw the same."""
    seed = int(rng.integers(2**32))
    return [np.random.default_rng(seed) for _ in range(2)]


@pytest.mark.exercise("augment-flip", points=2)
def test_your_images_are_mirrored_or_left(answers, rng):
    """No other images come out, of any dtype; one generator, seeded alike, gives the same."""
    for size in ((9, 3, 5), (7, 4, 2), (1, 2, 6)):
        for x in kinds(rng, size):
            mirrored, (one, two) = x[..., ::-1].copy(), twins(rng)
            y = answers.flip(x, one)
            assert (same_images(y, x) ^ same_images(y, mirrored)).all()
            assert same_images(answers.flip(x, two), np.asarray(y)).all()


@pytest.mark.exercise("augment-flip", points=2)
def test_your_flips_are_heads_or_tails(answers, rng):
    """Of 2,000 images a half, whatever neighbours are and earlier calls were, and their pixels."""
    for x in (rng.permutation(4000).reshape(2000, 1, 1, 2), np.tile([[[0, 1]]], (2000, 1, 1, 1))):
        mirrored = x[..., ::-1].copy()
        one, two = (same_images(answers.flip(x, rng), mirrored) for _ in range(2))
        assert evenly(tally(2 * one + two, 4))
        assert evenly(tally(2 * one[1:] + one[:-1], 4))


def windows(x, pad):
    """Show every crop of a batch: (2 pad + 1)² batches."""
    (H, W), sides = x.shape[2:], range(2 * pad + 1)
    padded = np.zeros((*x.shape[:2], H + 2 * pad, W + 2 * pad), x.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x
    return [padded[:, :, i : i + H, j : j + W] for i, j in product(sides, sides)]


@pytest.mark.exercise("augment-crop", points=2)
def test_your_crops_are_windows_of_the_padded_image(answers, rng):
    """Of any dtype and padding, also none; one generator, seeded alike, gives the same."""
    for pad in (0, 1, int(rng.integers(2, 5))):
        for x in kinds(rng, (6, *(rng.permutation(4)[:2] + 4))):
            crops, (one, two) = windows(x, pad), twins(rng)
            y = answers.crop(x, pad, one)
            assert np.any([same_images(y, crop) for crop in crops], axis=0).all()
            assert same_images(answers.crop(x, pad, two), np.asarray(y)).all()


@pytest.mark.exercise("augment-crop", points=2)
def test_your_crops_are_drawn_alike(answers, rng):
    """Each of (2 pad + 1)² as often as any other, for each image and each call anew."""
    for pad in (1, int(rng.integers(2, 4)), int(rng.integers(4, 6))):
        N, H, W = 60 * (2 * pad + 1) ** 2, pad + 2, pad + 1  # some pixel is left of every image
        x = rng.permutation(N * H * W).reshape(N, 1, H, W) + 1
        crops = windows(x, pad)
        drawn = []
        for _ in range(2):
            y = answers.crop(x, pad, rng)
            found = np.array([same_images(y, crop) for crop in crops])
            assert found.any(axis=0).all()
            drawn.append(found.argmax(axis=0))
            assert evenly(tally(drawn[-1], len(crops)))
        moves = np.array(drawn)[:, :, None] // [2 * pad + 1, 1] % (2 * pad + 1)
        assert evenly(tally(pairs(moves[0], moves[1], 2 * pad + 1), (2 * pad + 1) ** 2))
        assert evenly(tally(pairs(moves[0, 1:], moves[0, :-1], 2 * pad + 1), (2 * pad + 1) ** 2))


def pairs(one, two, size):
    """Number the pairs of two numbers below size: what they have to do with each other."""
    return (one[:, 0] * size + two[:, 0])[::2]


def holes(x, size):
    """Show every batch with a hole: one for each pixel that may be the middle."""
    reach = size // 2
    for i, j in np.ndindex(*x.shape[2:]):
        y = x.copy()
        y[:, :, max(i - reach, 0) : i + reach + 1, max(j - reach, 0) : j + reach + 1] = 0
        yield y


@pytest.mark.exercise("augment-cutout", points=2)
def test_your_holes_are_squares_around_a_pixel(answers, rng):
    """In all channels; clipped at the border; larger than the image, too; of any dtype."""
    for size in (1, 3, 2 * int(rng.integers(3, 7)) + 1):
        for x in kinds(rng, (8, *(rng.permutation(5)[:2] + 4))):
            cut, (one, two) = list(holes(x, size)), twins(rng)
            y = answers.cutout(x, size, one)
            assert np.any([same_images(y, each) for each in cut], axis=0).all()
            assert same_images(answers.cutout(x, size, two), np.asarray(y)).all()


@pytest.mark.exercise("augment-cutout", points=2)
def test_the_middles_of_your_holes_are_drawn_alike(answers, rng):
    """Each pixel as often as any other, for each image and each call anew."""
    for size in (1, 3):
        H, W = rng.permutation([4, 5, 6])[:2].tolist()
        x = rng.permutation(60 * H * W * H * W).reshape(-1, 1, H, W) + 1
        cut = list(holes(x, size))
        drawn = []
        for _ in range(2):
            y = answers.cutout(x, size, rng)
            found = np.array([same_images(y, each) for each in cut])
            assert found.any(axis=0).all()
            drawn.append(found.argmax(axis=0))
            assert evenly(tally(drawn[-1], H * W))
        row, earlier = drawn[0] // W, drawn[1] // W
        assert evenly(tally(row * H + earlier, H * H))
        assert evenly(tally((row[1:] * H + row[:-1])[::2], H * H))


def versions(x):
    """List the eight symmetries of square images, by their indices."""
    columns = x[..., ::-1]
    flips = [x, x[:, :, ::-1], columns, columns[:, :, ::-1]]
    return [np.ascontiguousarray(y) for y in [*flips, *(y.swapaxes(2, 3) for y in flips)]]


@pytest.mark.exercise("augment-average", points=2)
def test_your_average_is_that_of_all_eight(answers, rng, rounding):
    """Of models without any symmetry, of images of odd and even sides; and once more."""
    for size in rng.permutation([1, 2, 3, 4, 5])[:3].tolist():
        x, model = rng.normal(size=(3, 2, size, size)), network(rng, size)
        scores = [model(each) for each in versions(x)]
        truth = np.mean(scores, axis=0)
        for _ in range(2):
            y = answers.average(model, x)
            assert np.shape(y) == truth.shape
            assert_allclose(y, truth, **rounding(np.concatenate(scores)))


@pytest.mark.exercise("augment-average", points=2)
def test_your_average_distinguishes_the_versions(answers, rng):
    """Of a model that sees one pixel, in any corner, in single precision; large or tiny."""
    for scale in 10.0 ** rng.uniform([-9, -1, 6], [-6, 1, 9]):
        for h, w in rng.integers(4, size=(3, 2)).tolist():
            x = rng.normal(size=(2, 3, 4, 4)).astype(np.float32)
            model = lambda x, h=h, w=w, scale=scale: np.exp(x[:, :, h, w]) * scale
            truth = np.mean([model(each) for each in versions(x)], axis=0)
            assert_allclose(answers.average(model, x), truth, rtol=1e-5)


def mixtures(x, t, partners, share, K):
    """Mix image by image, and label by label, by the definition."""
    y, q = np.zeros(x.shape), np.zeros((len(t), K))
    for n, (other, lam) in enumerate(zip(partners, share, strict=True)):
        y[n] = lam * x[n].astype(float) + (1 - lam) * x[other]
        q[n, t[n]] += lam
        q[n, t[other]] += 1 - lam
    return y, q


@pytest.mark.exercise("augment-mixup", points=2)
def test_your_mixtures_are_those_of_the_definition(answers, rng):
    """Any partners, equal labels, an image with itself; classes that no image has; once more."""
    for N, C, H, W, K in ((6, 1, 2, 3, 4), (3, 3, 3, 3, 3), (9, 2, 1, 4, 3), (1, 2, 3, 1, 5)):
        for kind in (np.float64, np.float32, np.int64):
            x, t = (9 * rng.normal(size=(N, C, H, W))).astype(kind), rng.integers(K, size=N)
            partners, share = rng.integers(N, size=N), rng.uniform(size=N)
            y, q = mixtures(x, t, partners, share, K)
            tolerance = {"rtol": 0, "atol": 1e-4 if kind is np.float32 else 1e-12}  # near 30
            for _ in range(2):
                images, labels = answers.mixup(x, t, partners, share, K)
                assert np.shape(images) == y.shape
                assert_allclose(images, y, **tolerance)
                assert np.shape(labels) == q.shape
                assert_allclose(labels, q, rtol=0, atol=1e-6)


@pytest.mark.exercise("augment-mixup", points=2)
def test_your_shares_are_those_of_the_image(answers, rng):
    """λ = 1 is the image itself, λ = 0 its partner; of labels of one class nothing is lost."""
    x, t = rng.normal(size=(6, 2, 3, 4)), np.array([1, 1, 0, 2, 0, 2])
    partners = np.array([1, 0, 4, 5, 2, 3])  # of the same class
    for share in (np.ones(6), np.zeros(6), rng.uniform(size=6)):
        y, q = mixtures(x, t, partners, share, 3)
        images, labels = answers.mixup(x, t, partners, share, 3)
        assert_allclose(images, y, rtol=0, atol=1e-12)
        assert_allclose(labels, q, rtol=0, atol=1e-12)
        assert_allclose(np.sum(labels, axis=1), 1, rtol=1e-12)


def drawing(change, rng, chance=0.5):
    """Make a function that changes each image with a chance, drawn from a generator of its own."""
    own = np.random.default_rng(int(rng.integers(2**32)))

    def flip(x):
        chosen = own.random(len(x)) < chance
        y = np.array(x)
        y[chosen] = np.array(change(np.array(x)))[chosen]
        return y

    return flip


def choosing(choose):
    """Make a function that mirrors the images that are chosen by their number."""

    def flip(x):
        y, chosen = np.array(x), np.asarray(choose(len(x)), dtype=bool)
        y[chosen] = y[chosen][..., ::-1]
        return y

    return flip


def right_flips(rng):
    """List some that are right: the chance may lie on either side, and be drawn in any order."""
    own = np.random.default_rng(int(rng.integers(2**32)))
    whole = choosing(lambda N: own.permutation(N) < own.binomial(N, 0.5))
    mirror = lambda x: x[..., ::-1]
    return [drawing(mirror, rng), choosing(lambda N: own.integers(2, size=N)), whole]


def of_channel(c):
    """Mirror one channel alone."""

    def change(x):
        x[:, c] = x[:, c, :, ::-1]
        return x

    return change


def with_border(x):
    """Mirror, and lose a column."""
    x = x[..., ::-1].copy()
    x[..., 0] = 0
    return x


def once(choose):
    """Draw at the first call, and mirror the same images ever after."""
    kept = {}
    return choosing(lambda N: kept.setdefault(N, choose(N)))


def in_turn(choose):
    """Draw at the first call; mirror the others at the next one."""
    kept = {}

    def turned(N):
        kept[N] = ~kept[N] if N in kept else choose(N)
        return kept[N]

    return choosing(turned)


def wrong_flips(rng):
    """List imitations: other images, other chances, images that depend on each other."""
    own = np.random.default_rng(int(rng.integers(2**32)))
    coins = lambda N: own.random(N) < 0.5
    mirror = lambda x: x[..., ::-1]
    changes = [
        lambda x: x[:, :, ::-1],
        lambda x: x[:, ::-1],
        lambda x: x[::-1],
        lambda x: x[:, :, ::-1, ::-1],
        lambda x: np.roll(x, 1, axis=-1),
        lambda x: x[:, ::-1, :, ::-1],
        lambda x: -x[..., ::-1],
        lambda x: x[..., ::-1] + 1e-3,
        with_border,
        of_channel(0),
        of_channel(-1),
    ]
    wide, tall = (drawing(change, rng) for change in (mirror, lambda x: x[:, :, ::-1]))
    fair = drawing(mirror, rng)
    chosen = [
        np.ones,
        np.zeros,
        lambda N: np.full(N, own.random() < 0.5),
        lambda N: np.arange(N) % 2,
        lambda N: np.arange(N) < N // 2,
        lambda N: (np.arange(N) + own.integers(2)) % 2,
        lambda N: coins(N)[np.arange(N) // 2 * 2],
    ]
    return [
        *(drawing(change, rng) for change in changes),
        *map(choosing, chosen),
        *(drawing(mirror, rng, chance) for chance in (0.1, 0.25, 0.75, 0.9)),
        lambda x: wide(x).astype(np.float64),
        lambda x: np.concatenate([fair(x[:-1]), fair(x[-1:])[:, :, ::-1]]),
        lambda x: np.where(own.random((len(x), 1, 1, 1)) < 0.1, tall(x), wide(x)),
        once(coins),
        in_turn(coins),
    ]


@pytest.mark.exercise("augment-test", points=3)
def test_a_flip_is_distinguished_from_its_imitations(answers, rng):
    """Right ones and wrong ones, drawn anew, in any order, and each of them twice."""
    made = [(flip, True) for flip in 3 * right_flips(rng)]
    made += [(flip, False) for flip in wrong_flips(rng)]
    flips, truth = zip(*(made[at] for at in rng.permutation(len(made))), strict=True)
    said = [answers.is_flip(flip, rng) for flip in flips]
    assert all(np.shape(each) == () for each in said), "return True or False"
    right = all(map(np.equal, said, truth))
    assert right, "a verdict is wrong"


@pytest.mark.exercise("augment-test", points=3)
def test_your_judge_draws_from_the_generator_that_is_given(answers, seed_decides):
    """The same seed tries the same images, another seed tries others."""

    def tried(generator):
        images = []
        answers.is_flip(lambda x: (images.append(np.copy(x)), x)[1], generator)
        return images[:1]

    seed_decides(tried)


@pytest.mark.exercise("augment-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    names = {
        "symmetric_weights": "augment-line-1",
        "squared_error": "augment-line-2",
        "mixed_loss": "augment-line-1",
    }
    yours = answers.wrong_lines()
    truth = [planted(f"augment.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
