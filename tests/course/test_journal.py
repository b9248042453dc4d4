"""The journal: what is written stays, what is torn is cut off, what is foreign is not taken."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from dlcore.course.exercises import topics
from dlcore.course.grading.journal import Journal, item_key
from dlcore.course.grading.verdict import (
    Item,
    digest,
    lasting,
    read_item,
    read_verdict,
    verdict_on,
    written,
)

KEY = b"a key of the course"
ITEM = Item("eve\udcff", "loss", "loss-softmax", 2, b"x = 1\n", digest(b"x = 1\n"))
PASS = verdict_on(ITEM, "pass", claim="Rows sum to one", seconds=0.5, host="here")
FAIL = verdict_on(ITEM, "fail", "the value is \u2603, wanted \ud800")


@pytest.fixture
def path(tmp_path):
    """Where the journal is."""
    return tmp_path / "out/journal.jsonl"


def kept(path, key=KEY):
    """Read a journal: its verdicts, and how many lines are strange."""
    with Journal(path, key) as journal:
        return journal.verdicts(), journal.strange


def write(path, *pairs, key=KEY):
    """Write keys and verdicts."""
    with Journal(path, key) as journal:
        for name, found in pairs:
            journal.write(name, found)


@pytest.mark.parametrize("record", [ITEM, replace(ITEM, source=None)])
def test_items_are_read_as_they_were_written(record):
    """Bytes of any kind, also those of a missing file, survive a line of ASCII."""
    assert read_item(written(record)) == record
    assert written(record).isascii()


@pytest.mark.parametrize("record", [PASS, FAIL])
def test_verdicts_are_read_as_they_were_written(record):
    """Half a character survives; seconds and host are left out of what lasts."""
    assert read_verdict(written(record)) == record
    assert "here" not in lasting(record)
    assert lasting(record) == lasting(replace(record, seconds=9.0, host="there"))


def test_what_is_written_is_read(path):
    """Of two verdicts on one item the last one counts."""
    write(path, ("k", FAIL), ("l", FAIL), ("k", PASS))
    assert kept(path) == ({"k": PASS, "l": FAIL}, 0)


def test_every_line_is_on_the_disk_before_the_next(path, monkeypatch):
    """One fsync for each verdict, after its line has been written."""
    sizes = []
    monkeypatch.setattr(os, "fsync", lambda file: sizes.append(os.fstat(file).st_size))
    write(path, ("k", PASS), ("l", PASS), ("m", PASS))
    lengths = [len(line) for line in path.read_bytes().splitlines(keepends=True)]
    assert sizes[-3:] == [sum(lengths[:count]) for count in (1, 2, 3)]


def test_a_torn_last_line_is_cut_off(path):
    """Wherever the power goes, the lines before stay, and a new line begins afresh."""
    write(path, ("k", PASS))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole + whole[:size].replace(b'"k"', b'"l"'))
        assert kept(path) == ({"k": PASS}, 0)
        assert path.read_bytes() == whole


def test_a_verdict_that_another_key_wrote_is_not_taken(path):
    """The seal needs the course key; a line without it is counted as strange."""
    write(path, ("k", PASS), key=b"the key of another course")
    write(path, ("l", FAIL))
    assert kept(path) == ({"l": FAIL}, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["verdict"] | {"points": 9},
        lambda entry: entry["verdict"] | {"status": "pass", "more": 1},
        lambda entry: [],
        lambda entry: None,
    ],
)
def test_a_line_that_was_changed_is_not_taken(path, change):
    """A student who can write to the journal cannot write a pass."""
    write(path, ("k", FAIL))
    entry = json.loads(path.read_text())
    path.write_text(json.dumps(entry | {"verdict": change(entry)}) + "\n[]\nnonsense\n\xff\n")
    assert kept(path) == ({}, 4)


def test_a_verdict_of_another_item_is_not_taken(path):
    """The seal covers the key of the item: a pass cannot be moved to another one."""
    write(path, ("k", PASS))
    path.write_text(path.read_text().replace('"k"', '"l"'))
    assert kept(path) == ({}, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"student": "mal"},
        {"exercise": "loss-hinge"},
        {"points": 3},
        {"digest": digest(b"x = 2\n")},
    ],
)
def test_a_key_knows_its_item(other):
    """Whoever hands in other bytes, or is asked another exercise, has another key."""
    settings = {"test_digests": {"loss": "a"}, "environment": "b"}
    assert item_key(KEY, ITEM, **settings) != item_key(KEY, replace(ITEM, **other), **settings)


def test_a_key_knows_tests_and_environment():
    """When either changes, or the course key does, every item is another."""
    settings = [({"loss": "a"}, "b"), ({"loss": "c"}, "b"), ({"loss": "a"}, "c")]
    keys = [item_key(KEY, ITEM, *pair) for pair in settings]
    assert len({*keys, item_key(b"another", ITEM, *settings[0])}) == 4


@pytest.mark.skipif(os.name != "posix", reason="no locks here")
def test_two_graders_do_not_share_a_journal(path):
    """The second is told to wait; when the first is gone, so is its lock."""
    with Journal(path, KEY), pytest.raises(ValueError, match="another grader writes"):
        Journal(path, KEY).__enter__()
    assert kept(path) == ({}, 0)


WRITER = """
import sys
from dlcore.course.grading.journal import Journal
from tests.course.test_journal import KEY, PASS
with Journal(sys.argv[1], KEY) as journal:
    for number in range(10**6):
        journal.write(str(number), PASS)
        print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="no kill here")
def test_a_killed_writer_loses_nothing_that_it_wrote(path, rng):
    """`kill -9` at five random moments: all that was said to be written is read."""
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, cwd=topics.ROOT, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.05))
            writer.kill()
            last = len(writer.stdout.read().split())
        found, strange = kept(path)
        assert strange == 0
        assert {str(number) for number in range(last + 1)} <= found.keys()
