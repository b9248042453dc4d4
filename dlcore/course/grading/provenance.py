"""Say what a verdict depends on besides the submission, in a few digits.

Two machines with the same digits judge alike; a journal of other digits is judged again.
"""

import hashlib
import hmac
import json
import platform
from importlib import metadata

from dlcore.course.exercises import topics
from dlcore.course.exercises.skeleton import cut

PACKAGES = ("numpy", "numba", "llvmlite", "pytest")
APART = (
    "dlcore/cli",
    "dlcore/course/grading/reports",
    "dlcore/experiments",
    "dlcore/benchmarks",
    "dlcore/verification",
    "dlcore/formulas",
)


def test_digests(topic_names):
    """Condense the file that judges each topic, the helpers beside it, and the holes."""
    files = sorted((topics.ROOT / "tests").glob("*.py"))
    helpers = [path for path in files if not path.name.startswith("test_")]
    judging = lambda topic: [*helpers, topics.ROOT / f"tests/test_{topic}.py"]
    return {topic: digest_of(judging(topic), [cut(topic)]) for topic in topic_names}


def environment(tier):
    """Condense the library, the interpreter and the packages that judge, and the isolation."""
    library = sorted((topics.ROOT / "dlcore").rglob("*.py"))
    inside = [path for path in library if not relative(path).startswith(APART)]
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    machine = [platform.python_version(), platform.system(), platform.machine()]
    return digest_of(inside, [tier, *machine, *versions])


def digest_of(paths, words=()):
    """Condense names and contents of files, and words, to sixteen hexadecimal digits."""
    whole = hashlib.sha256(json.dumps(list(words)).encode())
    for path in paths:
        raw = path.read_bytes()
        whole.update(f"{relative(path)} {len(raw)}\n".encode() + raw)
    return whole.hexdigest()[:16]


def relative(path):
    """Name a path as seen from the root of the repository."""
    return path.relative_to(topics.ROOT).as_posix()


def sealed(key, *words):
    """Return a seal on `words` that only who has the course key can make."""
    return hmac.new(key, json.dumps(words).encode(), hashlib.sha256).hexdigest()


def read_key(path):
    """Read the course key, from which every scored input is drawn."""
    if not path.is_file():
        raise ValueError(
            f"grade: key-file is {path}, which is no file; make one with "
            f'`python -c "import secrets; print(secrets.token_hex(32))" > {path}`'
        )
    key = path.read_bytes().strip()
    if len(key) < 16:
        raise ValueError(f"grade: key-file {path} holds {len(key)} bytes, give it 16 or more")
    return key
