"""What strangers send: the expected files are read, and nothing else gets anywhere."""

import gzip
import io
import json
import os
import stat
import tarfile
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from dlcore.course.grading import archive, intake
from dlcore.course.grading.notebook_code import program
from tests.library.small import tar

SOURCE = b"def softmax(scores):\n    return scores\n"


NOISE = np.random.default_rng(7).bytes(2**18 + 1)


def zipped(contents, **options):
    """A zip archive of (name, bytes) pairs; a name may be there twice."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, raw in contents:
            archive.writestr(name, raw, **options)
    return file.getvalue()


def linked(name, target):
    """A zip archive with a symbolic link, as Unix writes it."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped([(info, target)])


def locked(raw):
    """Set the bit in the directory of a zip archive that says: there is a password."""
    start = raw.index(b"PK\x01\x02")
    return raw[: start + 8] + b"\x01" + raw[start + 9 :]


def notebook(*sources, kind="code"):
    """A notebook of code cells."""
    cells = [{"cell_type": kind, "source": source} for source in sources]
    return json.dumps({"cells": cells}).encode()


@pytest.fixture
def take(tmp_path):
    """Hand in bytes under a file name, or a folder of files; return what is taken in."""

    def hand_in(name, sent, topics=("loss",)):
        path = tmp_path / "class" / name
        path.parent.mkdir(exist_ok=True)
        for inner, raw in sent.items() if isinstance(sent, dict) else [("", sent)]:
            file = path / inner if inner else path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
        (submission,) = intake.read_submissions(tmp_path / "class", topics)
        return submission

    return hand_in


@pytest.mark.parametrize("inner", ["loss.py", "exercises/loss.py", "hw1/exercises/loss.py"])
def test_every_archive_is_read_alike(take, inner, tmp_path):
    """A folder, a zip, a tar and a gzipped tar of the same file are the same submission."""
    packed = tar({inner: SOURCE})
    archives = {"eve": {inner: SOURCE}, "eve.zip": zipped([(inner, SOURCE)]),
               "eve.tar.gz": packed, "eve.tar": gzip.decompress(packed)}  # fmt: skip
    for name, sent in archives.items():
        submission = take(name, sent)
        assert submission == intake.Submission("eve", {"loss": SOURCE})
        (tmp_path / "class").rename(tmp_path / name.replace(".", "-"))


def test_the_exercises_folder_comes_first(take):
    """Of two files for one topic the expected one is read, and the other is named."""
    submission = take("eve", {"loss.py": b"old", "exercises/loss.py": SOURCE})
    assert submission.sources == {"loss": SOURCE}
    assert submission.notes == ["loss.py is not read: exercises/loss.py is there too"]


def test_a_bare_file_answers_one_topic(take):
    """eve.py is the file of the only topic graded; with two topics it cannot be."""
    assert take("eve.py", SOURCE).sources == {"loss": SOURCE}
    assert "send a folder or a zip" in take("eve.py", SOURCE, ["loss", "optim"]).refusal


def test_a_notebook_is_its_code_cells(take):
    """In order, without magics, which are listed; prose and other languages are left out."""
    cells = ["%matplotlib inline\nimport numpy as np", "%%bash\nrm -rf /", ["x = 1\n", "!ls"]]
    submission = take("eve.ipynb", notebook(*cells))
    lines = submission.sources["loss"].decode().split("\n")
    assert lines == ["# %%", "pass  # %matplotlib inline", "import numpy as np", "# %%", "# %%",
                     "x = 1", "pass  # !ls", ""]  # fmt: skip
    assert [note.partition("dropped ")[2] for note in submission.notes] == [
        "'%matplotlib inline'", "'%%bash'", "'!ls'"]  # fmt: skip
    compile(submission.sources["loss"], "loss", "exec")


def test_prose_is_no_code(take):
    """A notebook of prose alone is an empty program."""
    assert take("eve.ipynb", notebook("x = 1", kind="markdown")).sources == {"loss": b"\n"}


ONE = [("loss.py", SOURCE)]
# fmt: off
REFUSED = {
    "eve.zip": {
        "a name that climbs out": (zipped([("../../loss.py", SOURCE)]), "leads out of"),
        "a name of another system": (zipped([("..\\loss.py", SOURCE)]), "leads out of"),
        "a drive": (zipped([("C:/loss.py", SOURCE)]), "leads out of"),
        "an empty name": (zipped([("./.", b"x")]), "leads out of"),
        "a bomb beside the answers": (zipped([*ONE, ("bomb", bytes(2**24))]), "it unpacks from"),
        "a book for an answer": (zipped([("loss.py", NOISE)]),
            "loss.py is larger than 256 KB: clear outputs and data out of it"),
        "a crowd": (zipped([(f"{n}.txt", b"") for n in range(20_001)]), "more than 20000 files"),
        "two of a name": (zipped([*ONE, ("loss.py", b"x = 1")]), "loss.py is there 2 times"),
        "a locked file": (locked(zipped(ONE)), "loss.py is locked by a password"),
        "an unusual packing": (zipped(ONE, compress_type=zipfile.ZIP_BZIP2), "an unusual way"),
        "a truncated zip": (zipped(ONE)[:-30], "it is no folder, zip, tar or tar.gz"),
        "a damaged zip": (zipped(ONE).replace(b"PK\x03\x04", b"PK\x03\x05"),
            "loss.py cannot be unpacked (BadZipFile)"),
        "an empty file": (b"", "it is no folder, zip, tar or tar.gz"),
    },
    "eve.tgz": {
        "a name that climbs out": (tar({"../loss.py": SOURCE}), "leads out of"),
        "a name from the root": (tar({"/etc/loss.py": SOURCE}), "leads out of"),
        "a bomb": (gzip.compress(bytes(2**24)), "it unpacks from"),
        "a crowd": (tar(dict.fromkeys(map(str, range(20_001)), b"")), "more than 20000 files"),
        "a truncated file": (tar({"loss.py": SOURCE})[:-40], "the archive is broken (EOFError)"),
        "half a tar": (gzip.decompress(tar({"loss.py": bytes(9000)}))[:2000],
            "the archive is broken (ReadError)"),
    },
    "eve.docx": {
        "no archive at all": (b"dear grader", "it is no folder, zip, tar or tar.gz"),
    },
    "eve.ipynb": {
        "no JSON": (b"{", "the notebook is broken (JSONDecodeError)"),
        "a deep nest": (b"[" * 10**6, "the notebook is broken (RecursionError)"),
        "a number for a cell": (b'{"cells": [{"cell_type": "code", "source": 7}]}',
            "the notebook is broken (TypeError)"),
    },
}
# fmt: on


CASES = [(name, case) for name, cases in REFUSED.items() for case in cases]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_hostile_archive_is_refused_with_its_reason(take, name, case):
    """The reason is a sentence, and no source is taken."""
    sent, reason = REFUSED[name][case]
    submission = take(name, sent)
    assert submission.sources == {}
    assert reason in submission.refusal


@pytest.mark.parametrize("name", ["eve.zip", "eve.tar", "eve.ipynb"])
def test_a_damaged_archive_raises_nothing(take, rng, name):
    """Of 200 archives with three wrong bytes each, every one is read or refused."""
    sound = {"eve.zip": zipped(ONE), "eve.tar": gzip.decompress(tar(dict(ONE))),
             "eve.ipynb": notebook("x = 1")}[name]  # fmt: skip
    for _ in range(200):
        raw = bytearray(sound)
        for place in rng.integers(len(raw) if name != "eve.tar" else 600, size=3):
            raw[place] = rng.integers(256)
        submission = take(name, bytes(raw))
        assert bool(submission.refusal) + bool(submission.sources) + bool(submission.notes) > 0


def test_bombs_need_no_memory(take):
    """256 MB in 256 KB cost what an archive may take, unpacked and once more to be copied."""
    bomb = gzip.compress(bytes(2**28))
    tracemalloc.start()
    take("eve.tgz", bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * archive.PACKED


IGNORED = {
    "conftest.py": "nothing but answers is ever run",
    "sitecustomize.py": "nothing but answers is ever run",
    "exercises/__pycache__/loss.cpython-311.pyc": "nothing but answers is ever run",
    "inner.zip": "an archive within the submission is not opened",
    "timeit.py": "it hides the module timeit",
    "exercises/numpy.py": "it hides the module numpy",
    "Loss.py": "wanted exercises/loss.py",
    "notes.txt": "1 other file is not read",
}


@pytest.mark.parametrize("name", IGNORED)
def test_other_files_are_noted_and_not_read(take, name):
    """The answers count, whatever lies beside them."""
    submission = take("eve.zip", zipped([("exercises/loss.py", SOURCE), (name, b"import os")]))
    assert submission.sources == {"loss": SOURCE}
    assert len(submission.notes) == 1
    assert IGNORED[name] in submission.notes[0]


@pytest.mark.parametrize(
    "sent", [linked("loss.py", b"/etc/passwd"), tar({"loss.py": b""}, tarfile.SYMTYPE)]
)
def test_a_link_is_not_followed(take, sent):
    """The topic is missing, and the note says why."""
    submission = take("eve.zip", sent)
    assert submission.sources == {}
    assert submission.notes == ["loss.py is a link, which is not followed"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links and pipes here")
def test_links_and_pipes_in_a_folder_are_not_opened(take, tmp_path):
    """Neither the file of an answer, nor its folder, nor the submission may lead elsewhere."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/loss.py").write_bytes(SOURCE)
    (tmp_path / "class/eve").mkdir(parents=True)
    (tmp_path / "class/eve/exercises").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "class/eve/loss.py")
    (submission,) = intake.read_submissions(tmp_path / "class", ["loss"])
    assert submission.sources == {}
    assert sorted(submission.notes) == ["exercises: a link is not followed",
                                   "loss.py is a device, which is not followed"]  # fmt: skip


def test_a_submission_that_is_a_link_is_refused(tmp_path):
    """It could name the solutions."""
    (tmp_path / "class").mkdir()
    for name in ("ada", "eve.py", "mal.zip"):
        (tmp_path / "class" / name).symlink_to(tmp_path)
    for submission in intake.read_submissions(tmp_path / "class", ["loss"]):
        assert submission.refusal.startswith("it is a link")


def test_who_hands_in_twice_is_asked_which(take, tmp_path):
    """A folder and an archive of one name are one student."""
    take("eve.zip", zipped([("loss.py", SOURCE)]))
    assert "handed in more than once (eve, eve.zip)" in take("eve", {"loss.py": SOURCE}).refusal


def test_nothing_is_written_anywhere(take, tmp_path):
    """The folder of submissions is the same after as before."""
    take("eve.zip", zipped([("loss.py", SOURCE), ("dir/conftest.py", b"")]))
    assert [path.name for path in tmp_path.rglob("*")] == ["class", "eve.zip"]


def test_a_folder_that_is_none_is_refused():
    """The message says what to name."""
    with pytest.raises(ValueError, match="nowhere is no folder, name the one that holds"):
        list(intake.read_submissions("nowhere", ["loss"]))


def test_a_line_of_a_notebook_ends_where_pythons_does():
    """U+2028, a form feed and the like are letters of a text, and stay in it."""
    code = "x = 'a\u2028b\x0cc\x85d'\r\n%time\ny = 1"
    cell = {"cell_type": "code", "source": [code]}
    text, dropped = program(json.dumps({"cells": [cell]}))
    assert text == "# %%\nx = 'a\u2028b\x0cc\x85d'\npass  # %time\ny = 1\n"
    assert dropped == ["%time"]
