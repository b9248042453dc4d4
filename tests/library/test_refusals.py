"""What is broken stays out: the message names file, byte and reason, and nothing is executed.

Each case puts other bytes in the place of one file of a published layout.
"""

import gzip
import struct
import tarfile

import numpy as np
import pytest

from dlcore.data import DataError, archive, files, load, mnist
from dlcore.data.pickles import loads
from dlcore.experiments.memory import peak_memory
from tests.library.small import FILES, array, idx, labelled, lay, pickled, tar, text

BINARY = "cifar-10-batches-bin/test_batch.bin"
PICKLE = "cifar-10-batches-py/test_batch"
ARCHIVE = "cifar-10-python.tar.gz"
IMAGES = "mnist/train-images-idx3-ubyte"
LABELS = "mnist/t10k-labels-idx1-ubyte.gz"
ZEROS = np.zeros((2, 3072), np.uint8)


def batch(x=ZEROS, t=(1, 2), **lies):
    """A pickled batch, about whose matrix the options may lie."""
    return pickled(text(b"data"), array(x, **lies), labelled(t))


def nested(levels):
    """A pickle whose key is a pair of a pair of pairs: a hash of it takes 2 to the `levels`."""
    return b"\x80\x02}(U\x00q\x01" + b"h\x01h\x01\x86q\x01" * levels + b"K\x01u."


def packed(raw, change):
    """Unpack a gzipped file, change it, and pack it again."""
    return gzip.compress(change(gzip.decompress(raw)))


def member(kind):
    """An archive whose test batch is no plain file."""
    return tar({PICKLE: b""}, kind)


def resized(raw, size):
    """Change the size that the first header of an archive declares, and its checksum too."""
    header = raw[:124] + b"%011o\0" % size + raw[136:148] + b" " * 8 + raw[156:512]
    return header[:148] + b"%06o\0 " % sum(header) + header[156:] + raw[512:]


# fmt: off
BROKEN = {
    BINARY: {
        "a truncated batch": (FILES[BINARY][:-5],
            "byte 33803: the file ends within an image, which takes 3073 bytes"),
        "a batch that goes on": (FILES[BINARY] + b"!",
            "byte 36876: the file ends within an image"),
        "a label of no class": (bytes(3073) + b"\x0b" + bytes(3072),
            "byte 3073: the label 11 is none of the 10 classes"),
        "an empty file": (b"", "byte 0: it is empty"),
        "a folder for a file": (None, "byte 0: a folder stands in its place"),
    },
    BINARY.replace("test_batch", "data_batch_4"): {
        "a gap between batches": (bytes(3073), "byte 0: data_batch_3 is missing"),
    },
    BINARY.removesuffix(".bin"): {
        "a batch that is there twice": (FILES[PICKLE], "byte 0: test_batch is there twice"),
    },
    PICKLE: {
        "a pickle that calls the shell": (b"\x80\x02cos\nsystem\nU\x0etouch executed\x85R.",
            "byte 2: .*GLOBAL os system is not allowed"),
        "a pickle that makes an instance": (b"(S'touch executed'\nios\nsystem\n.",
            "byte 1: .*STRING touch executed is not allowed"),
        "a pickle that puts a name together": (b"\x80\x04U\x02osU\x06system\x93.",
            "byte 14: .*STACK_GLOBAL is not allowed"),
        "a pickle that reaches through NumPy": (b"\x80\x02cnumpy\ndtype.__class__\n.",
            "byte 2: .*GLOBAL numpy dtype.__class__ is not allowed"),
        "a name with a backslash": (b"\x80\x02cnumpy\n\\s\n.", "byte 0: this is no pickle"),
        "a pickle that loads a file": (b"\x80\x02cnumpy\nload\nU\x01x\x85R.",
            "byte 2: .*GLOBAL numpy load is not allowed"),
        "a pickle that gives a number a state": (b"\x80\x02K\x01}b.",
            "byte 5: .*no attribute '__dict__'"),
        "a pickle that calls a string": (b"\x80\x02U\x01a]R.",
            "byte 6: .*argument list must be a tuple"),
        "a pickle that takes from an empty stack": (b"\x80\x02e.",
            "byte 2: .*could not find MARK"),
        "a pickle that remembers nothing": (b"\x80\x02h\x05.", "byte 2: .*5"),
        "a key that takes forever": (nested(64),
            "byte 15: .*entry 1 of the memo is missing, or is a tuple"),
        "a key of a million nested tuples": (b"\x80\x02}N" + b"\x85" * 10**6 + b"Ns.",
            "byte 102: .*more than 100 names, tuples"),
        "a key that is a tuple": (b"\x80\x02})Ns.", "byte 3: .*EMPTY_TUPLE is not allowed"),
        "a key that is a number": (b"\x80\x02}K\x01Ns.", "byte 7: .*a key is no byte string"),
        "a tuple that is put in the memo twice": (b"\x80\x02}N\x85q\x01q\x02h\x02\x85q\x03.",
            "byte 9: .*entry 2 of the memo is missing, or is a tuple"),
        "a persistent id": (b"\x80\x02U\x01aQ.", "byte 5: .*BINPERSID is not allowed"),
        "an extension code": (b"\x80\x02\x82\x01.", "byte 2: .*EXT1 1 is not allowed"),
        "a buffer of a terabyte": (b"\x80\x05\x96" + struct.pack("<Q", 2**40),
            "byte 0: .*expected 1099511627776 bytes"),
        "a million nothings": (b"\x80\x02" + b"N" * 10**6 + b".",
            "byte 11001: .*more than 11000 instructions"),
        "a truncated pickle": (FILES[PICKLE][:-60],
            "byte 155: .*but only 36845 remain"),
        "a pickle of a list": (b"\x80\x02].", "byte 3: .*it holds a list"),
        "a pickle of nothing": (b"\x80\x02.", "byte 2: .*unpickling stack underflow"),
        "a page for a pickle": (b"<html>not found</html>", "byte 0: this is no pickle of CIFAR-10"),
        "a matrix of objects": (batch(code=b"O8"), "byte 6: data is no array of unsigned bytes"),
        "a matrix of records": (batch(code=b"V1"), "byte 6: data is no array of unsigned bytes"),
        "a type for a matrix": (batch(name=b"numpy\ndtype"), "byte 6: data is no array"),
        "a matrix of a terabyte": (batch(shape=(2**29, 3072)), "byte 6: data is no array"),
        "a matrix of negative size": (batch(shape=(-2, -3072)), "byte 6: data is no array"),
        "a matrix of other images": (batch(ZEROS[:, :784]), "byte 6: data is no array"),
        "a list for a matrix": (pickled(text(b"data"), b"]", labelled([])),
            "byte 6: data is no array"),
        "a pickle without data": (pickled(labelled([1])), "byte 23: the dictionary has no data"),
        "a pickle without labels": (pickled(text(b"data"), array(ZEROS)),
            "byte 6293: the dictionary has no labels"),
        "too few labels": (batch(t=[1]), "byte 6291: labels is no list of 2 numbers"),
        "a pickled label of no class": (batch(t=[1, 10]), "byte 6291: a label is none of the 10"),
    },
    ARCHIVE: {
        "a truncated archive": (FILES[ARCHIVE][:-9000],
            r"byte \d+: it cannot be read on \(Compressed file ended"),
        "a damaged archive": (FILES[ARCHIVE][:10] + b"\xff" * 9 + FILES[ARCHIVE][19:],
            r"byte \d+: it cannot be read on \(Error -3 while decompressing"),
        "an archive that ends early": (packed(FILES[ARCHIVE], lambda raw: raw[:90000]),
            "byte 90000: the archive ends within cifar-10-batches-py/data_batch_1"),
        "an archive without a test": (tar({"data_batch_1": FILES[PICKLE]}),
            "byte 0: test_batch is missing"),
        "a name that climbs out": (tar({"../../test_batch": b""}),
            "byte 0: ../../test_batch leads out of the archive"),
        "a name from the root": (tar({"a": b"", "/etc/test_batch": b""}),
            "byte 512: /etc/test_batch leads out of the archive"),
        "a symbolic link": (member(tarfile.SYMTYPE), "byte 0: .* is a link or a device"),
        "a hard link": (member(tarfile.LNKTYPE), "byte 0: .* is a link or a device"),
        "a device": (member(tarfile.BLKTYPE), "byte 0: .* is a link or a device"),
        "a pipe": (member(tarfile.FIFOTYPE), "byte 0: .* is a link or a device"),
        "a letter for an archive": (gzip.compress(b"Dear reader, " * 99),
            "byte 0: this is no header of a tar archive"),
        "a header that was altered": (packed(tar({"a": b""}), lambda raw: b"A" + raw[1:]),
            "byte 0: this is no header of a tar archive"),
        "a second header that was altered": (packed(tar({"a": b"", "b": b""}),
            lambda raw: raw[:512] + b"A" + raw[513:]),
            "byte 512: this is no header of a tar archive"),
        "a second member of negative size": (packed(tar({"a": b"", "b": b""}),
            lambda raw: raw[:512] + resized(raw[512:], -512)),
            "byte 512: this is no header of a tar archive"),
        "a sparse file": (member(tarfile.GNUTYPE_SPARSE),
            "byte 0: this is no header of a tar archive"),
        "a long name": (member(tarfile.GNUTYPE_LONGNAME),
            "byte 0: this is no header of a tar archive"),
        "a member of negative size": (packed(tar({"a": b""}), lambda raw: resized(raw, -512)),
            "byte 0: this is no header of a tar archive"),
        "a member of eight gigabytes": (packed(tar({"a": b""}), lambda raw: resized(raw, 2**33-1)),
            "byte 10240: the archive ends within a"),
    },
    IMAGES: {
        "a foreign file": (b"\x89PNG\r\n\x1a\n" * 9,
            "byte 0: it begins with 89504e47, not 00000803"),
        "labels for images": (idx(np.zeros(20, np.uint8)), "byte 0: it begins with 00000801"),
        "floats for bytes": (b"\0\0\x0d\x03" + bytes(12), "byte 0: it begins with 00000d03"),
        "half a head": (FILES[IMAGES][:9], "byte 9: the file ends within its head of 16 bytes"),
        "truncated images": (FILES[IMAGES][:-1], "byte 415: the file ends early"),
        "images that go on": (FILES[IMAGES] + b"?", "byte 416: the file goes on"),
        "axes beyond memory": (b"\0\0\x08\x03" + b"\xff" * 12, "byte 4: its axes .* not 1 to"),
        "axes of nothing": (b"\0\0\x08\x03" + bytes(12), "byte 4: its axes .* take 0 bytes"),
        "two shapes of images": (idx(np.zeros((20, 4, 5), np.uint8)),
            r"byte 8: training and test images differ in shape, \(4, 5\) and \(5, 4\)"),
    },
    LABELS: {
        "truncated gzip": (FILES[LABELS][:-9],
            r"byte \d+: it cannot be read on \(Compressed file ended"),
        "a wrong checksum in gzip": (FILES[LABELS][:-8] + bytes(4) + FILES[LABELS][-4:],
            r"byte \d+: it cannot be read on \(CRC check failed"),
        "a letter after gzip": (FILES[LABELS] + b"Dear reader",
            r"byte \d+: it cannot be read on \(Not a gzipped file"),
        "a digit eleven": (packed(FILES[LABELS], lambda raw: raw[:11] + b"\x0b" + raw[12:]),
            "byte 11: the label 11 is none of the 10 classes"),
        "too few digits": (gzip.compress(idx(np.zeros(8, np.uint8))),
            "byte 4: it holds 8 labels for 9 images"),
    },
}
# fmt: on
CASES = [
    pytest.param(file, raw, message, id=claim)
    for file, cases in BROKEN.items()
    for claim, (raw, message) in cases.items()
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with all layouts; what a pickle might execute, it would execute there."""
    monkeypatch.chdir(tmp_path)
    return lay(tmp_path)


def substitute(path, raw):
    """Put `raw` in the place of a file, or a folder where it is None."""
    path.unlink(missing_ok=True)
    if raw is None:
        path.mkdir()
    else:
        path.write_bytes(raw)


@pytest.mark.parametrize(("file", "raw", "message"), CASES)
def test_a_broken_file_is_refused(folder, file, raw, message):
    """The message names file, byte and reason; nothing is executed, written or lost."""
    substitute(folder / file, raw)
    before = sorted(folder.rglob("*"))
    layout = file.partition("/")[0]
    with pytest.raises(DataError, match=f"{layout}.*: {message}"):
        load("mnist" if layout == "mnist" else "cifar10", path=folder / layout)
    assert sorted(folder.rglob("*")) == before


def test_a_single_training_image_is_refused(folder):
    """It cannot be in two parts."""
    (folder / BINARY).with_name("data_batch_2.bin").unlink()
    (folder / BINARY).with_name("data_batch_1.bin").write_bytes(bytes(3073))
    with pytest.raises(DataError, match="a single training image cannot be divided, add another"):
        load("cifar10", path=folder)


def test_a_bomb_takes_no_memory(folder, monkeypatch):
    """64 MB of zeros in 64 kB of gzip: reading stops at the limit, here 1 MB."""
    for module in (files, mnist):
        monkeypatch.setattr(module, "LIMIT", 2**20)
    bomb = bytes([0, 0, 8, 3]) + struct.pack(">3I", 100, 100, 100) + bytes(2**26)
    for file in (IMAGES, ARCHIVE):
        (folder / file).write_bytes(gzip.compress(bomb))
    del bomb

    def refused():
        for name, place, message in (("mnist", "mnist", "goes on"), ("cifar10", ARCHIVE, "beyond")):
            with pytest.raises(DataError, match=message):
                load(name, path=folder / place)

    _, held = peak_memory(refused)
    assert held < 8 * 2**20  # a few copies of what is allowed


def test_a_memo_of_a_billion_places_costs_nothing():
    """The place in the memo is a number that the file chooses; it is refused before any is made."""
    raw = pickled(text(b"data") + b"r\xff\xff\xff\x7f", text(b"none"))
    with pytest.raises(DataError, match=r"byte 12: .*more than 1000 entries"):
        loads(raw, "here")


def test_comments_in_an_archive_change_no_member():
    """A header of dates and owners may name another size and another file; both are ignored."""
    comment = b"18 path=elsewhere\n" + b"12 size=999\n"
    raw = gzip.decompress(tar({"comment": comment}, tarfile.XHDTYPE))[:1024]
    raw += gzip.decompress(tar({"a": b"1234"}))
    assert list(archive.members(raw, "here")) == [("a", b"1234")]


def test_an_archive_of_empty_files_ends():
    """Every header is a step of 512 bytes."""
    raw = gzip.decompress(tar({"a": b"", "b": b""}))
    assert [name for name, _ in archive.members(raw, "here")] == ["a", "b"]
