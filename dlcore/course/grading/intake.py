"""Take submissions in: read the files that are expected, and note what else was sent.

Submissions lie in one folder, each named by its student: a folder, a zip, a tar, or, when one
topic is graded, a bare notebook or Python file. Of each topic the first of these is read:

    exercises/<topic>.py   <topic>.py   exercises/<topic>.ipynb   <topic>.ipynb

also below one folder that holds all the rest, as archives often have. Everything else stays
where it is: it reaches no disk and no import path, and is noted where a student may care.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dlcore.course.grading.archive import ArchiveError, list_entries, read_bounded
from dlcore.course.grading.notebook_code import program

SOURCE, NOTEBOOK = 2**18, 2**21  # bytes of a file that is read: 256 KB, 2 MB
PLACES = ("exercises/{}.py", "{}.py", "exercises/{}.ipynb", "{}.ipynb")
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".ipynb", ".py")
ARCHIVES = (*ENDINGS[:4], ".7z", ".bz2", ".rar", ".xz")
STARTERS = ("conftest.py", "sitecustomize.py", "usercustomize.py", "__init__.py")
PACKAGES = ("dlcore", "llvmlite", "numba", "numpy", "pytest", "scipy", "sympy")
SHADOWS = sys.stdlib_module_names | set(PACKAGES)


@dataclass
class Submission:
    """What one student handed in: a source for each topic found, notes, or a refusal."""

    student: str
    sources: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refusal: str = ""


def read_submissions(folder, topics):
    """Read every submission in `folder`, one at a time, in the order of their names."""
    for name, paths in submission_paths(folder).items():
        yield read_submission(name, paths, topics)


def submission_paths(folder):
    """Map the name of each student to what was handed in under it, in the order of the names."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"intake: {folder} is no folder, name the one that holds the submissions")
    found = {}
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        found.setdefault(student_name(path), []).append(path)
    return dict(sorted(found.items()))


def student_name(path):
    """Name the student by the name of what was sent, without the ending of an archive."""
    endings = [end for end in ENDINGS if path.name.lower().endswith(end) and not path.is_dir()]
    return path.name[: -len(max(endings, key=len))] if endings else path.name


def read_submission(name, paths, topics):
    """Read what one student sent; trouble is a refusal, never an exception."""
    submission = Submission(name)
    try:
        if len(paths) > 1:
            twice = ", ".join(path.name for path in paths)
            raise ArchiveError(f"handed in more than once ({twice}): keep one")
        if paths[0].suffix.lower() in (".py", ".ipynb") and not paths[0].is_dir():
            read_file(submission, paths[0], topics)
        else:
            read_archive(submission, list_entries(paths[0]), topics)
    except (ArchiveError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Submission(name, notes=submission.notes, refusal=reason)
    return submission


def read_file(submission, path, topics):
    """Take a single file as the answers to the only topic."""
    if len(topics) > 1:
        raise ArchiveError(f"one file cannot answer {', '.join(topics)}: send a folder or a zip")
    if path.is_symlink():
        raise ArchiveError("it is a link: hand in the file itself")
    submission.sources[topics[0]] = source_of(submission, path.name, read_bounded(path, NOTEBOOK))


def read_archive(submission, entries, topics):
    """Take the expected files out of an archive, and note the others."""
    shift = common_folder(entries)
    named = {}
    for entry in entries:
        named.setdefault(entry.name[shift:], []).append(entry)
    for topic in topics:
        here = [place.format(topic) for place in PLACES if place.format(topic) in named]
        same = [named.pop(place) for place in here]
        if here and (source := read_entry(submission, here[0], same[0])) is not None:
            submission.sources[topic] = source
        submission.notes += [f"{place} is not read: {here[0]} is there too" for place in here[1:]]
    submission.notes += remarks([same[0] for same in named.values()], topics, shift)


def common_folder(entries):
    """Return the length of the one folder that all entries lie in, as archives often have."""
    mine = [entry.name for entry in entries if not entry.name.startswith(("__MACOSX/", "."))]
    tops = {PurePosixPath(name).parts[0] for name in mine}
    if len(tops) != 1 or "exercises" in tops or not all("/" in name for name in mine):
        return 0
    return len(tops.pop()) + 1


def read_entry(submission, name, same):
    """Read an expected file; None with a note when it is no plain file."""
    if len(same) > 1:
        raise ArchiveError(f"{name} is there {len(same)} times: keep one")
    (entry,) = same
    if entry.kind == "locked":
        raise ArchiveError(f"{name} is locked by a password: pack it without")
    if entry.kind != "file":
        submission.notes.append(f"{name} is a {entry.kind}, which is not followed")
        return None
    try:
        raw = entry.read(NOTEBOOK + 1)
    except ArchiveError:
        raise
    except Exception as error:
        raise ArchiveError(f"{name} cannot be unpacked ({type(error).__name__})") from error
    return source_of(submission, name, raw)


def source_of(submission, name, raw):
    """Return the source in a file: the file itself, or the code cells of a notebook."""
    most = NOTEBOOK if name.endswith(".ipynb") else SOURCE
    if len(raw) > most:
        raise ArchiveError(
            f"{name} is larger than {most >> 10} KB: clear outputs and data out of it"
        )
    if not name.endswith(".ipynb"):
        return raw
    source, magics = program(raw)
    submission.notes += [f"{name}: dropped {magic!r}" for magic in magics]
    return source.encode("utf-8", "replace")


def remarks(unread, topics, shift=0, most=20):
    """Say of entries that are not read what their student should know."""
    names = sorted((entry.name[shift:], entry.kind) for entry in unread)
    reasons = {name: remark(name, kind, topics) for name, kind in names}
    notes = [f"{name}: {why}" for name, why in reasons.items() if why]
    silent = len(names) - len(notes)
    more = [f"{len(notes) - most} more remarks are left out"] if len(notes) > most else []
    others = [f"{silent} other {'file is' if silent == 1 else 'files are'} not read"]
    return notes[:most] + more + (others if silent else [])


def remark(name, kind, topics):
    """Say what is to be known about one file that is not read, or nothing."""
    path = PurePosixPath(name)
    wanted = [topic for topic in topics if topic == path.stem.lower().strip()]
    shadow = path.suffix == ".py" and path.stem in SHADOWS
    reasons = {
        f"a {kind} is not followed": kind in ("link", "device"),
        f"not read, wanted exercises/{path.stem.lower().strip()}.py": wanted,
        "not read: nothing but answers is ever run": path.name in STARTERS
        or path.suffix in (".pyc", ".pth", ".so", ".pyd"),
        "an archive within the submission is not opened": path.name.lower().endswith(ARCHIVES),
        f"not read, but it hides the module {path.stem} from files beside it: rename it": shadow,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
