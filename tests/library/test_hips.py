"""What others' tests say: HIPS autograd's own suite, on this engine."""

import hashlib
import tomllib

import numpy as np
import pytest

from dlcore.course.exercises.topics import ROOT
from dlcore.experiments.experiment import record
from tests.library import hips, hips_alias

pytestmark = pytest.mark.outside
MOST = 0.95  # of the tests that apply


@pytest.fixture(scope="module", autouse=True)
def archive():
    """The source archive, which `make environment` downloads."""
    pytest.importorskip("autograd", reason="install the extra `test`")
    if not hips.archive().exists():
        pytest.skip(f"{hips.archive()} is not there, run `make environment`")
    return hips.archive()


@pytest.fixture(scope="module")
def found():
    """How every test of the seven files ended."""
    return hips.outcomes()


def test_the_files_are_those_of_the_lock(archive):
    """The archive has the sum that the lock names, where the locked version is installed."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    [package] = [each for each in lock["package"] if each["name"] == "autograd"]
    if archive.name == f"autograd-{package['version']}.tar.gz":
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert package["sdist"]["hash"] == f"sha256:{digest}"


@pytest.mark.catalogue
def test_nearly_all_that_applies_passes(found):
    """At least 95 of 100 tests that apply pass, and what does not apply is there by its name."""
    assert set(found) >= set(hips.NOT_APPLICABLE)
    assert hips.counts(found)["part"] >= MOST


@pytest.mark.catalogue
def test_the_record_says_what_the_run_says(found):
    """The counts on the page are those of this engine:  python tests/library/hips.py."""
    told = record("hips")
    assert told["values"] == hips.counts(found)
    assert told["history"]["not applicable"] == hips.NOT_APPLICABLE
    applicable = {name for name in found if name not in hips.NOT_APPLICABLE}
    assert {*told["history"]["not passed"]} == {n for n in applicable if found[n] != "passed"}


PLANTS = {  # the rules of the sine, wrong by one part in a thousand
    "vjp_rule": "lambda *args: tuple(1.001 * bar for bar in rule(*args))",
    "jvp_rule": "lambda *args: 1.001 * rule(*args)",
}


@pytest.mark.parametrize("rule", PLANTS)
def test_a_wrong_rule_fails_their_test(rule):
    """A sine whose rule is wrong by a thousandth fails their test of it; that of exp passes."""
    names = [f"test_scalar_ops.py::test_{name}" for name in ("sin", "exp")]
    plant = f"from dlcore.ops.numpy.elementary import sin\nrule = sin.{rule}\n"
    assert [*hips.outcomes(*names).values()] == ["passed", "passed"]
    wrong = hips.outcomes(*names, plant=f"{plant}sin.{rule} = {PLANTS[rule]}")
    assert [*wrong.values()] == ["failed", "passed"]


def test_only_complex_arguments_are_left_out():
    """The checker tries every combination of real arguments, and no other."""
    tried = []
    plain = lambda x, z: (tried.append((np.ndim(x), np.ndim(z))), x * z)[1]
    hips_alias.combo_check(plain, [0, 1], order=1)([1.5, np.ones(2), 1j], [2.0, np.ones(2) * 1j])
    assert {*tried} == {(0, 0), (1, 0)}
