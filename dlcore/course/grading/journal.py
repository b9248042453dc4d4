"""Keep verdicts as they come, one line each, so that no accident loses more than one.

A line holds the key of its item (made of submission, tests and environment), the verdict, and
a seal. It is on the disk before the next item is judged. A last line without an end was being
written when the power went: it is cut off. A line whose seal does not hold is not ours.
"""

import json
import os
from pathlib import Path

from dlcore.course.grading.provenance import sealed
from dlcore.course.grading.verdict import read_verdict, written

try:
    import fcntl
except ImportError:  # Windows has no such lock
    fcntl = None


class Journal:
    """A file of sealed verdicts, held by one grader at a time.

    >>> import tempfile
    >>> with Journal(Path(tempfile.mkdtemp()) / "journal.jsonl", b"course key") as journal:
    ...     journal.verdicts()
    {}
    """

    def __init__(self, path, key):
        self.path = Path(path)
        self.key = key
        self.strange = 0

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("a+b")
        self.lock()
        self.mend()
        return self

    def __exit__(self, *_):
        self.file.close()

    def lock(self):
        """Let no second grader write here; the lock dies with its process."""
        try:
            if fcntl:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.file.close()
            busy = f"journal: another grader writes {self.path}, wait for it or name another --out"
            raise ValueError(busy) from error

    def mend(self):
        """Cut off a last line that has no end."""
        self.file.seek(0)
        whole = self.file.read().rfind(b"\n") + 1
        self.file.truncate(whole)
        settle(self.path.parent)

    def verdicts(self):
        """Read the verdicts by the keys of their items; of two on one item the last counts."""
        found = {}
        self.strange = 0
        self.file.seek(0)
        for line in self.file:
            try:
                entry = json.loads(line)
                key = entry["key"]
                text = json.dumps(entry["verdict"])
                seal = entry["seal"]
                if seal != sealed(self.key, key, text):
                    raise ValueError("the seal does not hold")
                found[key] = read_verdict(text)
            except (ValueError, KeyError, TypeError, AttributeError):
                self.strange += 1
        return found

    def write(self, key, verdict):
        """Add a verdict, and return when it is on the disk."""
        text = written(verdict)
        entry = f'{{"key": "{key}", "verdict": {text}, "seal": "{sealed(self.key, key, text)}"}}\n'
        self.file.write(entry.encode("ascii"))
        self.file.flush()
        os.fsync(self.file.fileno())


def item_key(key, item, test_digests, environment):
    """Return the name under which the verdict on an item is kept: a seal on all it depends on."""
    who = (item.student, item.topic, item.exercise, item.points, item.digest)
    return sealed(key, *who, test_digests[item.topic], environment)


def settle(folder):
    """Make sure that the names in a folder are on the disk, where a system can do so."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
