"""Mutants of programs: each differs by one token, and tests notice those of the solutions."""

import ast

import pytest

from dlcore.course.exercises.topics import ROOT
from dlcore.experiments.experiment import record
from dlcore.verification import code_trials
from dlcore.verification.code_mutants import CodeMutant, code_mutants, equivalent

PROGRAM = '''
import math as maths

def area(width, height, *, scale=1.0):
    """Multiply, and do not add: 1 + 1."""
    if width < 0 or not height:
        return 0
    return scale * width * height
'''


def test_every_mutant_is_another_program():
    """One line differs, in what it says, and Python can read it."""
    lines = PROGRAM.splitlines()
    for mutant in code_mutants(PROGRAM):
        changed = mutant.source.splitlines()
        differ = [i for i in range(len(lines)) if lines[i] != changed[i]]
        assert differ == [mutant.line - 1]
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(PROGRAM))


def test_mutants_of_some_lines_are_those_of_the_whole_program():
    """In the same order, and no other."""
    every = list(code_mutants(PROGRAM))
    assert 0 < len(list(code_mutants(PROGRAM, [6]))) < len(every)
    for rows in ([6], [4, 8], range(1, 20), []):
        assert list(code_mutants(PROGRAM, rows)) == [each for each in every if each.line in rows]


def test_mutants_change_what_is_computed():
    """A default, a comparison, a connective, a number, a sign and a variable; no text, no name."""
    slips = {(mutant.old, mutant.new) for mutant in code_mutants(PROGRAM)}
    assert slips >= {("1.0", "2.0"), ("<", "<="), ("or", "and"), ("0", "1"), ("*", "/")}
    assert any(old == "width" and new in ("height", "scale") for old, new in slips)
    assert not {"maths", "area", "import", "1"} & {old for old, _ in slips}


def test_what_is_defined_stays():
    """It is not made a product: Python would refuse that before any test; nor is a name changed."""
    assert [mutant.new for mutant in code_mutants("@a\ndef sum(): pass")] == []


def test_a_mutant_lies_in_the_innermost_function():
    """Its tests are those that call it; a default belongs to the function, too."""
    source = "class A:\n    def f(x=1):\n        def g():\n            return 2\n        return g"
    names = dict(code_trials.qualified(ast.parse(source)))
    assert [*names] == ["A.f", "A.f.<locals>.g"]
    assert (names["A.f"].lineno, names["A.f.<locals>.g"].lineno) == (2, 3)


def test_a_finding_rests_on_the_module_and_the_test_that_refused():
    """With another test it rests on other grounds, and that of a survivor on all sources."""
    path = "dlcore/nn/init.py"
    grounds = [
        code_trials.grounds(path, refused_by)
        for refused_by in ("tests/test_linear.py::test_a", "tests/test_linear.py::test_b", "",
                           "tests/test_conv.py::test_a", "no test ran")
    ]  # fmt: skip
    assert grounds[0] == grounds[1]
    assert len({*grounds}) == 4


PATH = "dlcore/nn/init.py"
RIGHT = (ROOT / PATH).read_text(encoding="utf-8")


class Answers(code_trials.Server):
    """A server that runs nothing: tests fail on any program, or on all but the right one."""

    def __init__(self, always="", on_mutants=""):
        self.sound, self.always, self.on_mutants = {}, always, on_mutants

    def ask(self, path, source, tests):
        """Return the first of the tests that fails."""
        failing = [self.always] if source == RIGHT else [self.always, self.on_mutants]
        return next((test for test in tests if test in failing), "")


def test_a_test_that_fails_on_the_right_program_refuses_nothing():
    """The next one that fails on the mutant does, or none."""
    mutant = CodeMutant(1, 0, "x", "1", "2", f"{RIGHT}#")
    assert Answers("t::a", "t::b").refusal(PATH, mutant, ["t::a", "t::b"]) == "t::b"
    assert Answers("t::a").refusal(PATH, mutant, ["t::a", "t::b"]) == ""


def test_where_nothing_can_run_nothing_is_refused():
    """What is said in place of a failed test is an error if the right program gets it, too."""
    mutant = CodeMutant(1, 0, "x", "1", "2", f"{RIGHT}#")
    broken = Answers()
    broken.ask = lambda path, source, tests: "pytest ended with 4"
    with pytest.raises(RuntimeError, match=r"t::a cannot run on dlcore/nn/init\.py as it is"):
        broken.refusal(PATH, mutant, ["t::a"])
    broken.ask = lambda path, source, tests: "" if source == RIGHT else "SyntaxError: line 1"
    assert broken.refusal(PATH, mutant, ["t::a"]) == "SyntaxError: line 1"


def trial(refused_by, reason, path="a.py"):
    """Make a trial of some mutant."""
    return code_trials.CodeTrial(path, CodeMutant(1, 0, "x", "1", "2", "2"), refused_by, reason)


def test_equivalent_mutants_do_not_count():
    """Of four, two refused and one that computes the same, two thirds are refused."""
    judged = [trial("t::a", ""), trial("t::b", "never read"), trial("", "the same"), trial("", "")]
    values, history = code_trials.summary(judged)
    assert values == {"modules": 1, "mutants": 4, "refused": 2, "equivalent": 1, "part": 2 / 3}
    assert history["modules"] == {"a.py": (4, 2, 1)}
    assert "66.7% of those" in code_trials.table(values, history)


def test_the_record_keeps_its_bounds():
    """Nearly all mutants of the core that compute something else are refused."""
    told = record("code-mutants")
    made, refused, equal = map(sum, zip(*told["history"]["modules"].values(), strict=True))
    values = told["values"]
    assert (values["mutants"], values["refused"], values["equivalent"]) == (made, refused, equal)
    assert values["part"] == refused / (made - equal) >= code_trials.SHARE


def test_what_is_listed_as_equivalent_is_a_mutant():
    """Every entry names a mutant of the module as it is, and has a reason."""
    listed = equivalent(ROOT / code_trials.EQUIVALENT)
    assert all(listed.values())
    made = set()
    for path in {path for path, _ in listed}:
        source = (ROOT / path).read_text(encoding="utf-8")
        texts = {mutant.rpartition("  [")[0] for place, mutant in listed if place == path}
        rows = [n for n, line in enumerate(source.splitlines(), 1) if line.strip() in texts]
        made |= {(path, str(mutant)) for mutant in code_mutants(source, rows)}
    assert listed.keys() <= made
