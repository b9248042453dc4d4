"""The doctor: what a machine lacks is said, with what to do about it."""

import sys

import pytest

from dlcore.course.practice import doctor


def test_a_file_that_hides_a_library_is_named(tmp_path, monkeypatch):
    """A `timeit.py` or `numpy.py` beside the answers breaks imports elsewhere."""
    monkeypatch.chdir(tmp_path)
    for name in ("timeit.py", "numpy.py", "mine.py"):
        (tmp_path / name).touch()
    sign = doctor.names()
    assert sign.state == "amiss"
    assert ("timeit.py" in sign.says, "numpy.py" in sign.says) == (True, True)
    assert "mine.py" not in sign.says


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    """Numba would compile every kernel anew, and say nothing."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file/cache"))
    sign = doctor.cache()
    assert sign.state == "amiss"
    assert "NUMBA_CACHE_DIR" in sign.remedy


def test_a_package_that_is_too_old_is_named(monkeypatch):
    """With the version that is here and the one that is needed."""
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["numpy>=99", "absent-package>=1"])
    sign = doctor.packages()
    assert sign.state == "amiss"
    assert "needed is >=99" in sign.says
    assert "absent-package is missing" in sign.says


def test_another_interpreter_is_worth_knowing(monkeypatch):
    """Outside of an environment of its own the project works, but shares its packages."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert doctor.python().state == "worth knowing"


def test_exercises_that_were_not_cut_are_named(clone):
    """The remedy is the command that cuts them."""
    sign = doctor.exercises()
    assert (sign.state, sign.remedy) == ("amiss", "run `dlcore exercises`")
    assert "sample" in sign.says


@pytest.mark.parametrize(
    ("through", "state", "says"),
    [
        ({}, "well", "T1 and T2 hold"),
        ({"T2": ["no bwrap"]}, "well", "T1 holds"),
        ({"T1": ["read"], "T2": ["read"]}, "worth knowing", "no tier holds"),
    ],
)
def test_the_tiers_that_hold_are_named(through, state, says, monkeypatch):
    """A reader needs none; a grader does, and is told where to find one."""
    monkeypatch.setattr(doctor.tiers, "self_test", lambda tier: through.get(tier, []))
    sign = doctor.isolation()
    assert (sign.state, says in sign.says) == (state, True)


@pytest.mark.parametrize(("state", "code"), [("well", 0), ("worth knowing", 0), ("amiss", 1)])
def test_the_exit_code_says_whether_something_is_amiss(state, code, monkeypatch, capsys):
    """Every sign is printed, and its remedy under it."""
    looks = ("python", "packages", "names", "cache", "exercises", "isolation")
    for name in looks:
        sign = doctor.Sign(name, "well", "fine")
        monkeypatch.setattr(doctor, name, lambda sign=sign: sign)
    assert doctor.doctor(lambda: doctor.Sign("Weather", state, "rain", "wait")) == code
    printed = capsys.readouterr().out
    assert all(word in printed for word in (*looks, "Weather", "rain", "wait"))
