"""HIPS autograd's own tests, run on this engine:  python tests/library/hips.py  writes the record.

The files are in the source archive of the installed version, which `make environment` downloads;
nothing of them is kept here. They run in a process of their own, where `hips_alias` takes the
place of the package. A test that is skipped has not passed.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from dlcore.course.exercises.topics import ROOT
from dlcore.experiments import experiment

FILES = ("core", "graphs", "scalar_ops", "jacobian", "wrappers", "numpy", "systematic")
COMPLEX = "computes with complex numbers; ours are real"
WORDING = "asks for the names and docstrings of HIPS's own functions"
NOT_APPLICABLE = {
    "test_graphs.py::test_complex_mutating_outgrad_from_indexing": COMPLEX,
    "test_graphs.py::test_complex_separate_real_and_imaginary": COMPLEX,
    "test_wrappers.py::test_dtypes": COMPLEX,
    "test_wrappers.py::test_wrapped_name_and_docs": WORDING,
    "test_systematic.py::test_real": COMPLEX,
    "test_systematic.py::test_real_ic": COMPLEX,
    "test_systematic.py::test_imag": COMPLEX,
    "test_systematic.py::test_conj": COMPLEX,
    "test_systematic.py::test_conjugate": COMPLEX,
    "test_systematic.py::test_angle": COMPLEX,
}


def archive():
    """Return where the source archive of the installed version lies, whether it is there or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return cache / "dlcore" / "outside" / f"autograd-{version('autograd')}.tar.gz"


def unpacked(folder):
    """Unpack the tests of the archive into a folder; return where they are."""
    with tarfile.open(archive()) as package:
        package.extractall(folder, filter="data")
    return folder / archive().name.removesuffix(".tar.gz") / "tests"


def outcomes(*selected, plant=""):
    """Run the files, or the selected tests; return {test: "passed", "failed" or "skipped"}.

    `plant` is a program that runs before them, to make something wrong.
    """
    with tempfile.TemporaryDirectory() as name:
        tests, notes = unpacked(Path(name)), Path(name) / "outcomes.json"
        path = [str(ROOT), str(ROOT / "tests" / "library")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path), "HIPS_OUTCOMES": str(notes), "HIPS_PLANT": plant,
            "PYTEST_ADDOPTS": "",
        }  # fmt: skip
        options = [
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "hips_alias",
            "-W",
            "ignore",
            "-c",
        ]
        line = [sys.executable, "-m", "pytest", *options, os.devnull, f"--rootdir={tests}"]
        named = selected or [f"test_{name}.py" for name in FILES]
        ran = subprocess.run(
            [*line, f"--rootdir={tests}", *named],
            cwd=tests,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if not notes.exists():
            raise RuntimeError(f"hips: the tests did not run\n{ran.stdout}{ran.stderr}")
        return json.loads(notes.read_text(encoding="utf-8"))


def counts(found):
    """Count what there is, what applies, and what passes."""
    applicable = {name: how for name, how in found.items() if name not in NOT_APPLICABLE}
    passed = sum(how == "passed" for how in applicable.values())
    return {"in all": len(found), "applicable": len(applicable), "passed": passed,
            "part": passed / len(applicable)}  # fmt: skip


def write_record():
    """Run all of them and write book/results/hips.json."""
    start = time.perf_counter()
    found = outcomes()
    failed = [name for name, how in found.items() if how != "passed" and name not in NOT_APPLICABLE]
    told = {
        "name": "hips", "command": "python tests/library/hips.py", "seed": 0,
        **experiment.circumstances(), "seconds": round(time.perf_counter() - start, 1),
        "values": counts(found), "theirs": {},
        "history": {"version": version("autograd"), "not applicable": NOT_APPLICABLE,
                    "not passed": failed},
    }  # fmt: skip
    print(f"{told['values']}, written to {experiment.write('hips', told)}")


if __name__ == "__main__":
    write_record()
