"""Data: images come in whole, in three parts that never mix, whatever layout holds them.

The layouts are small ones (`tests/library/small.py`); the publishers' own files are read where
DLCORE_DATA names a folder with them.
"""

import gzip
from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.data import Examples, augment, cifar10, digits, drawn, flip, load, mnist, shuffled
from dlcore.data.pickles import loads, matrix
from tests.library.small import FILES, array, labelled, lay, pickled, text


@pytest.fixture
def folder(tmp_path):
    """A folder with all layouts."""
    return lay(tmp_path)


def parts(data):
    """Training, validation, test."""
    return data.train, data.val, data.test


def assert_same(these, those):
    """The same pixels and labels in all three parts."""
    for a, b in zip(chain(*parts(these)), chain(*parts(those)), strict=True):
        assert_array_equal(a, b)


def test_the_digits_are_bundled_whole():
    """1,797 images of 8 × 8 pixels from 0 to 16, in a file below 200 kB."""
    x = np.concatenate([part.x for part in parts(load("digits"))])
    assert x.shape == (1797, 1, 8, 8)
    assert (x.dtype, x.min(), x.max()) == (np.uint8, 0, 16)
    assert digits.FILE.stat().st_size < 200_000


def test_the_digits_are_dealt_once_each(rng):
    """Training, validation and test: every example is in one of them, and in one only."""
    t = rng.integers(0, 10, 1234)
    assert_array_equal(np.sort(np.concatenate(digits.dealt(t, rng=rng))), np.arange(1234))


def test_every_class_is_dealt_evenly():
    """A class of n has 7 n / 10, n / 10 and 2 n / 10 examples, up to one for every hand."""
    counts = np.array([np.bincount(part.t, minlength=10) for part in parts(load("digits"))])
    hands = np.array([[7], [1], [2]])
    assert np.all(abs(counts - counts.sum(axis=0) * hands / 10) <= hands)


def test_the_deal_follows_its_seed():
    """The same seed deals the same digits, another seed deals others."""
    assert_same(digits.load(seed=3), digits.load(seed=3))
    assert not np.array_equal(digits.load(seed=3).test.x, digits.load(seed=4).test.x)


def test_the_digits_are_credited():
    """Their licence asks for the names and for itself, wherever they are shown."""
    beside = digits.FILE.with_name("DIGITS.md").read_text(encoding="utf-8")
    for credit in (load("digits").summary(), digits.__doc__, beside):
        assert "Alpaydin" in credit
        assert "CC BY 4.0" in credit


def test_the_training_images_have_mean_zero():
    """Σₙ (xₙ - mean) = 0, and the other parts lose the same mean, theirs or not."""
    raw, data = load("digits"), load("digits").centred(scale=0.5, dtype=np.float64)
    assert_allclose(data.train.x.mean(axis=0), 0, atol=1e-13)  # 1,260 roundings of numbers ≤ 8
    assert_allclose(data.test.x, 0.5 * (raw.test.x - raw.train.x.mean(axis=0)), atol=1e-13)
    assert_array_equal(data.mean, raw.train.x.mean(axis=0))


def test_a_mean_is_subtracted_once():
    """Centring twice would lose the mean image, so it is refused."""
    with pytest.raises(ValueError, match="centred: digits has lost its mean already"):
        load("digits").centred().centred()


def test_flat_images_keep_their_pixels():
    """Feature c H W + h W + w of a row is the pixel (c, h, w)."""
    data = load("digits")
    assert data.flat().val.x.shape == (179, 64)
    assert_array_equal(data.flat().val.x[:, 8 * 5 + 2], data.val.x[:, 0, 5, 2])


def test_the_first_examples_are_a_part():
    """The sources judge by the first 1,000 test images; fewer are all."""
    test = load("digits").test
    assert test.first(100).N == 100
    assert_array_equal(test.first(100).t, test.t[:100])
    assert test.first(1000).N == test.N


def test_an_epoch_visits_every_example_once(rng):
    """Batches of 7 out of 23: three full ones and a short one, together everything."""
    rows = list(shuffled(23, 7, rng))
    assert [len(batch) for batch in rows] == [7, 7, 7, 2]
    assert_array_equal(np.sort(np.concatenate(rows)), np.arange(23))


def test_two_epochs_differ(rng):
    """The order is drawn anew from `rng` each time."""
    assert not np.array_equal(next(shuffled(1000, 1000, rng)), next(shuffled(1000, 1000, rng)))


def test_lots_are_drawn_with_replacement(rng):
    """300 lots of 20 cannot be all different, and leave none of 20 out but once in 10⁵."""
    lots = drawn(20, 300, rng)
    assert lots.shape == (300,)
    assert_array_equal(np.unique(lots), np.arange(20))


def test_an_image_is_mirrored_or_left(rng):
    """yₙ = xₙ or yₙ = its mirror image, and both happen; x is not touched."""
    x = rng.normal(size=(40, 3, 5, 4))
    before, y = x.copy(), flip(x, rng)
    same, mirror = ((y == z).all(axis=(1, 2, 3)) for z in (before, before[..., ::-1]))
    assert np.all(same ^ mirror)
    assert 0 < mirror.sum() < 40
    assert_array_equal(x, before)


def test_a_mirror_undoes_itself(rng):
    """The same lots, drawn twice, give the images back."""
    x, seed = rng.normal(size=(11, 2, 3, 6)), 5
    twice = flip(flip(x, np.random.default_rng(seed)), np.random.default_rng(seed))
    assert_array_equal(twice, x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: augment.crop(mode="edge"), "mode is 'edge' and pad 4, use zeros, reflect"),
        (lambda: augment.crop(pad=-1), "pad -1, use zeros, reflect, and 0 or more"),
        (lambda: augment.cutout(-3), "size is -3, use 0 or more"),
        (lambda: augment.rotate(step=7), "step is 7, use degrees that divide 360"),
        (lambda: augment.rotate(step=0), "step is 0, use degrees that divide 360"),
        (lambda: augment.median(0), "window is 0, use 1 or more"),
    ],
)
def test_an_augmentation_without_sense_is_refused(make, message):
    """Before it meets an image: what was given, and what may be."""
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ["rotate", "contrast_stretch", "brightness", "contrast", "mixup"])
def test_whole_numbers_are_not_cut_off(name, rng):
    """Bytes cannot hold what comes out, and are refused by name; they can be mirrored or moved."""
    x = rng.integers(256, size=(3, 1, 4, 4), dtype=np.uint8)
    ways = {
        "contrast_stretch": augment.contrast_stretch,
        "mixup": lambda x, rng: augment.mixup(x, np.zeros(3, int), rng, K=2),
    }
    way = ways[name] if name in ways else getattr(augment, name)()
    with pytest.raises(TypeError, match=f"{name}: x has dtype uint8, use float32 or float64"):
        way(x, rng)
    for kept in (flip, augment.crop(pad=1), augment.cutout(3), augment.median(3)):
        assert kept(x, rng).dtype == np.uint8


@pytest.mark.parametrize(
    ("source", "train", "val"), [(cifar10, 49_000, 1_000), (mnist, 50_000, 10_000)]
)
def test_the_published_images_divide_as_in_the_sources(source, train, val):
    """50,000 = 49,000 + 1,000 photographs, and 60,000 = 50,000 + 10,000 digits."""
    whole = Examples(np.empty((train + val, 0)), np.empty(train + val))
    assert tuple(part.N for part in whole.divided(source.PARTS, "here")) == (train, val)


@pytest.mark.parametrize("layout", cifar10.LAYOUTS)
def test_every_layout_holds_the_same_images(folder, layout):
    """Binary or pickled, folder or archive: the arrays are equal."""
    assert_same(load("cifar10", path=folder / layout), cifar10.load(folder / cifar10.LAYOUTS[0]))


def test_a_fiftieth_of_cifar10_is_for_validation(folder):
    """60 training images: the last two, rounded up, are held back, in the order of the files."""
    data = load("cifar10", path=folder)
    raw = np.frombuffer(FILES["cifar-10-batches-bin/data_batch_2.bin"], np.uint8).reshape(29, 3073)
    assert (data.train.N, data.val.N, data.test.N) == (58, 2, 12)
    assert_array_equal(data.val.t, raw[-2:, 0])
    assert_array_equal(data.val.x.reshape(2, -1), raw[-2:, 1:])


def test_an_archive_is_read_without_unpacking(folder):
    """No file appears beside it."""
    before = sorted(folder.rglob("*"))
    load("cifar10", path=folder / "cifar-10-python.tar.gz")
    assert sorted(folder.rglob("*")) == before


def test_a_sixth_of_mnist_is_for_validation(folder):
    """20 training images: the last four, rounded up, are held back."""
    data = load("mnist", path=folder)
    assert (data.train.N, data.val.N, data.test.N) == (16, 4, 9)
    assert data.val.x.shape == (4, 1, 5, 4)
    assert data.val.x.tobytes() == FILES["mnist/train-images-idx3-ubyte"][-80:]


def test_gzip_changes_no_image(folder):
    """A file that is gzipped, or is not, holds the same."""
    plain = load("mnist", path=folder)
    for file in list((folder / "mnist").glob("*images*")):
        file.with_suffix(".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert_same(load("mnist", path=folder / "mnist"), plain)


@pytest.mark.parametrize("fortran", [b"\x88", b"\x89"])
def test_columns_before_rows_is_a_matrix_too(fortran):
    """NumPy writes a transposed array column by column, and says so."""
    x = np.arange(6, dtype=np.uint8).reshape(2, 3)
    written = x.T if fortran == b"\x88" else x
    raw = array(np.ascontiguousarray(written), shape=(2, 3)).replace(b"\x89", fortran)
    batch = loads(pickled(text(b"data"), raw), "here")
    assert_array_equal(matrix(batch[b"data"]), x)


@pytest.mark.parametrize("name", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_both_names_of_numpys_core_are_known(name):
    """NumPy 2 has renamed the module; the files have not."""
    raw = array(np.zeros((2, 3072), np.uint8), name=name.encode() + b"\n_reconstruct")
    assert cifar10.pickled(pickled(text(b"data"), raw, labelled([3, 4])), "here").N == 2


@pytest.mark.data
def test_both_published_layouts_of_cifar10_agree(published):
    """The binary and the pickled 60,000 images are equal, pixel by pixel."""
    these, those = (load("cifar10", path=published / name) for name in cifar10.LAYOUTS[:2])
    assert_same(these, those)


@pytest.mark.data
def test_cifar10_is_split_as_the_sources_do(published):
    """49,000 images to learn from, 1,000 to choose by, 10,000 to be judged by."""
    data = load("cifar10", path=published)
    assert (data.train.N, data.val.N, data.test.N) == (49_000, 1_000, 10_000)
    assert_array_equal(np.bincount(data.test.t), [1000] * 10)
    learned = np.concatenate([data.train.t, data.val.t])
    assert_array_equal(np.bincount(learned), [5000] * 10)


@pytest.mark.data
def test_a_local_mnist_may_hold_any_number_of_images(published):
    """A sixth, rounded up, is held back, however many there are."""
    data = load("mnist", path=published)
    assert data.val.N == -(-(data.train.N + data.val.N) // 6)
    assert data.test.x.shape == (10_000, 1, 28, 28)
    assert_array_equal(np.unique(data.train.t), np.arange(10))
