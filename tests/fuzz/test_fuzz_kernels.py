"""Fuzzing of the kernels: guard bands around buffers, on this processor and on others.

A sample runs with the suite. The catalogues are marked: many trials of every kind, all of them
under Python's debugging allocator, and all on processors that this one can play.

Chapter: book/fast.md.
"""

import os
import subprocess
import sys

import pytest

from dlcore.course.exercises import topics
from dlcore.kernels.machine.jit import COMPILED
from dlcore.verification import fuzz_kernels

pytest.importorskip("hypothesis", reason="Hypothesis draws the cases")

SAMPLE, CATALOGUE = (6, 30) if COMPILED else (3, 12)  # trials of each kind
IMAGES = fuzz_kernels.IMAGES if COMPILED else 4
TRIALS = int(os.environ.get("DLCORE_FUZZ_TRIALS", "200"))  # under the debugging allocator
PROCESSORS = {
    "interpreted": {"NUMBA_DISABLE_JIT": "1"},
    "avx2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+sse4.2,+avx,+avx2,+fma"},
    "sse2": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse,+sse2"},
}
FILES = "tests/library/test_kernels.py", "tests/fuzz/test_fuzz_kernels.py"

every_kind = pytest.mark.parametrize("kind", fuzz_kernels.KINDS, ids=" ".join)


def run(*command, **environment):
    """Run Python with other settings; return what it did."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0", **environment}
    given = {"cwd": topics.ROOT, "env": env, "capture_output": True, "text": True}
    return subprocess.run([sys.executable, *command], check=False, **given)


def run_tests(chosen, processor):
    """Run the chosen tests of the kernels as on another processor."""
    options = "-qx", "-p", "no:cacheprovider", "-k", chosen
    done = run("-m", "pytest", *options, *FILES, **PROCESSORS[processor])
    assert done.returncode == 0, done.stdout[-2000:]


@every_kind
def test_a_sample_stays_inside_its_buffers(kind):
    """On a few cases, nothing around an array is read or written, and the twin agrees."""
    fuzz_kernels.fuzz(*kind, SAMPLE, images=IMAGES)


@pytest.mark.catalogue
@every_kind
def test_nothing_beyond_a_buffer_is_touched(kind):
    """On many cases, nothing around an array is read or written, and the twin agrees."""
    fuzz_kernels.fuzz(*kind, CATALOGUE, seed=1, images=IMAGES)


def test_a_wrong_kernel_is_found_and_its_case_is_small(monkeypatch):
    """A product that is one too large fails, and what is reported is a matrix of one entry."""
    monkeypatch.setattr(fuzz_kernels, "matmul", lambda w, x: w @ x + 1)
    with pytest.raises(AssertionError, match="Mismatched elements: 1 / 1 "):
        fuzz_kernels.fuzz("matrix product", "float64", 10, images=4)


def test_a_write_beyond_a_buffer_is_found(monkeypatch):
    """A band that has changed is reported when the trial is over."""

    def write_behind(case):
        case.aligned((3, 4), case.dtype).base[fuzz_kernels.BAND + 12] = 0

    monkeypatch.setitem(fuzz_kernels.TRIALS, "bias", write_behind)
    with pytest.raises(AssertionError, match="beyond the end of a buffer"):
        fuzz_kernels.fuzz("bias", "float64", 1)


@pytest.mark.catalogue
@pytest.mark.skipif(not COMPILED, reason="nothing is allocated by kernels")
def test_nothing_beyond_what_kernels_allocate_is_touched():
    """Python's debugging allocator surrounds that with bytes, and checks them on release."""
    done = run("-X", "dev", "-m", "dlcore.verification.fuzz_kernels", str(TRIALS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{TRIALS} trials of {len(fuzz_kernels.KINDS)} kinds, 0 failed\n"


def test_without_hypothesis_the_fuzzer_says_so():
    """The command names what it lacks, and fails."""
    hide = "import importlib.util, sys; importlib.util.find_spec = lambda name: None; "
    main = "from dlcore.verification import fuzz_kernels; sys.exit(fuzz_kernels.main())"
    done = run("-c", hide + main)
    assert done.returncode == 1
    assert "Hypothesis is not installed" in done.stderr


def test_the_tile_is_the_same_on_an_old_processor():
    """With a quarter of a register, in single precision."""
    run_tests("the_tile and 6-float32", "sse2")


@pytest.mark.catalogue
@pytest.mark.parametrize("processor", PROCESSORS)
def test_other_processors_compute_the_same(processor):
    """Without compiler, with half a register and with a quarter, tile and trials hold."""
    run_tests("the_tile or beyond_a_buffer_is_touched", processor)
