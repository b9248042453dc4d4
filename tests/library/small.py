"""Small files in the published layouts of CIFAR-10 and MNIST, written byte by byte.

The test images are random. What the tests break, and what they compare with, comes from here.
"""

import gzip
import io
import struct
import tarfile

import numpy as np


def text(raw):
    """A byte string in a pickle of Python 2."""
    if len(raw) < 256:
        return b"U%c" % len(raw) + raw
    return b"T" + struct.pack("<i", len(raw)) + raw


def number(n):
    """A whole number in a pickle."""
    return b"J" + struct.pack("<i", n)


def array(x, *, shape=None, code=b"u1", name=b"numpy.core.multiarray\n_reconstruct"):
    """A matrix in a pickle of Python 2; the options are wrong about it."""
    N, D = shape or x.shape
    dtype = b"cnumpy\ndtype\nq\x09" + text(code) + b"K\x00K\x01\x87Rq\x0a(K\x03U\x01|NNN"
    dtype += number(-1) + number(-1) + b"K\x00tb"
    head = b"c" + name + b"\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87R(K\x01"
    return head + number(N) + number(D) + b"\x86" + dtype + b"\x89" + text(x.tobytes()) + b"tb"


def pickled(*items):
    """A dictionary in a pickle of Python 2, from keys and values in turn."""
    return b"\x80\x02}q\x01(" + b"".join(items) + b"u."


def labelled(t):
    """The entry `labels` of such a dictionary."""
    return text(b"labels") + b"]q\x04(" + b"".join(b"K%c" % label for label in t) + b"e"


def tar(contents, kind=tarfile.REGTYPE):
    """A gzipped tar archive of `contents`, a dictionary of names and bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for name, raw in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(raw), kind, "elsewhere"
            archive.addfile(member, io.BytesIO(raw))
    return file.getvalue()


def idx(x):
    """An array of bytes as MNIST stores it."""
    return bytes([0, 0, 8, x.ndim]) + struct.pack(f">{x.ndim}I", *x.shape) + x.tobytes()


def small_files():
    """Every published layout, with 31 + 29 training images and 12 test images of CIFAR-10."""
    rng, made, packed = np.random.default_rng(7), {}, {"py": {}, "bin": {}}
    for name, N in (("data_batch_1", 31), ("data_batch_2", 29), ("test_batch", 12)):
        x, t = rng.integers(0, 256, (N, 3072), np.uint8), rng.integers(0, 10, N, np.uint8)
        batch = pickled(text(b"batch_label"), text(b"1"), text(b"data"), array(x), labelled(t))
        packed["py"][f"cifar-10-batches-py/{name}"] = batch
        packed["bin"][f"cifar-10-batches-bin/{name}.bin"] = np.column_stack([t, x]).tobytes()
    for half, N in (("train", 20), ("t10k", 9)):
        x, t = rng.integers(0, 256, (N, 5, 4), np.uint8), rng.integers(0, 10, N, np.uint8)
        made[f"mnist/{half}-images-idx3-ubyte"] = idx(x)
        made[f"mnist/{half}-labels-idx1-ubyte.gz"] = gzip.compress(idx(t))
    made |= packed["py"] | packed["bin"]
    made["cifar-10-python.tar.gz"] = tar({"cifar-10-batches-py/readme.html": b"-"} | packed["py"])
    return made | {"cifar-10-binary.tar.gz": tar(packed["bin"])}


FILES = small_files()


def lay(folder):
    """Lay every layout out in `folder`."""
    for name, raw in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder
