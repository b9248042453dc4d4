"""Look at the machine as the book needs it, and say what to do where something is amiss."""

import os
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.sandbox import tiers

SIGNS = {"well": ("✓", "green"), "worth knowing": ("!", "yellow"), "amiss": ("✗", "red")}


class Sign(NamedTuple):
    """What one look found: a key of `SIGNS`, and what to do about it."""

    about: str
    state: str
    says: str
    remedy: str = ""


def python():
    """Look at the interpreter: its version, and whether it is the project's own."""
    version = platform.python_version()
    own = sys.prefix != sys.base_prefix
    says = f"{version}, {sys.executable}"
    remedy = "" if own else "`make environment` makes one of the project's own: .venv/bin/dlcore"
    return Sign("Python", "well" if own else "worth knowing", says, remedy)


def packages():
    """Compare the packages that are installed with what the project asks for."""
    wrong = []
    for line in metadata.requires("dlcore") or ():
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            have = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            have = "missing"
        if have == "missing" or not need.specifier.contains(have, prereleases=True):
            wrong.append(f"{need.name} is {have}, needed is {need.specifier}")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "numba", "sympy"))
    if wrong:
        return Sign("Packages", "amiss", "; ".join(wrong), "run `make environment`")
    return Sign("Packages", "well", versions)


def names():
    """Look for files that would be imported in the place of a library of the same name."""
    libraries = set(sys.stdlib_module_names) | set(metadata.packages_distributions()) - {"dlcore"}
    places = dict.fromkeys((Path.cwd(), topics.ROOT, topics.ROOT / "exercises"))
    known = set(topics.topics())
    found = [
        path
        for place in places
        for path in sorted(place.glob("*.py"))
        if path.stem in libraries - known
    ]
    if not found:
        return Sign("File names", "well", "no file hides a library")
    says = ", ".join(map(str, found))
    return Sign("File names", "amiss", f"{says} hides a library", "give the file another name")


def cache():
    """See whether compiled kernels can be kept, so that they are compiled only once."""
    place = os.environ.get("NUMBA_CACHE_DIR") or topics.ROOT / "dlcore/kernels/__pycache__"
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return Sign("Kernel cache", "well", str(place))
    except OSError as error:
        remedy = "set NUMBA_CACHE_DIR to a folder that you may write to"
        return Sign("Kernel cache", "amiss", str(error), remedy)


def exercises():
    """See whether every topic has its file of exercises."""
    missing = [t for t in topics.topics() if not (topics.ROOT / f"exercises/{t}.py").exists()]
    if missing:
        return Sign(
            "Exercises", "amiss", f"none for {', '.join(missing)}", "run `dlcore exercises`"
        )
    return Sign("Exercises", "well", f"{len(topics.topics())} files in {topics.ROOT / 'exercises'}")


def isolation():
    """Say how well submissions of others could be confined here; one's own need nothing."""
    holds = [tier for tier in tiers.TIERS[1:] if not tiers.self_test(tier)]
    if holds:
        plural = "" if len(holds) > 1 else "s"
        return Sign("Isolation", "well", f"{' and '.join(holds)} hold{plural} against canaries")
    remedy = "only graders need it: use Linux, or a container with Landlock and seccomp"
    return Sign("Isolation", "worth knowing", "no tier holds against its canaries", remedy)


def doctor(*others):
    """Print what every look found; return 1 where something is amiss, 0 otherwise."""
    looks = (python, packages, names, cache, exercises, isolation, *others)
    signs = [look() for look in looks]
    table = Table.grid(padding=(0, 2))
    for sign in signs:
        mark, style = SIGNS[sign.state]
        table.add_row(Text(mark, style=style), Text(sign.about, style="bold"), Text(sign.says))
        if sign.remedy:
            table.add_row("", "", Text(sign.remedy, style="yellow"))
    Console(highlight=False).print(table)
    return int(any(sign.state == "amiss" for sign in signs))
