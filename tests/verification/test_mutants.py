"""Mutants.  Every check of every formula is right about the formula, and refuses its mutants.

A mutant is a formula with one slip: a sign, a dropped term, a factor, 1/N, a transpose, an
index, a range, ≤ for ≥, ⇔ for ⇒.
"""

import pytest
import sympy as sp

from dlcore.formulas import all_derivations, all_formulas
from dlcore.formulas.engine.definitions import Definitions
from dlcore.formulas.engine.mutants import mutants_of_a_line, mutants_of_a_relation, mutations
from dlcore.formulas.engine.sample_point import SamplePoint
from dlcore.formulas.engine.symbols import N, n, total
from dlcore.verification import formulas, mutation_testing
from tests.catalogue import sampled

CHECKED = {label: row for label, row in all_formulas().items() if row.checks}
DERIVATIONS = all_derivations()
x = sp.IndexedBase("x")
a, b = sp.symbols("a b", real=True)


@pytest.mark.parametrize("label", CHECKED)
def test_every_formula_passes_its_checks(label):
    """An identity, exact calculus, another formula, or a program of the library agrees."""
    assert not formulas.check_formula(label, CHECKED[label]).mistake


@pytest.mark.parametrize("label", sampled(CHECKED, 8))
def test_every_mutant_of_a_formula_is_refused(label):
    """Or it is listed, with the reason why it says the same."""
    mutants = mutation_testing.mutants_of_a_formula(label, CHECKED[label])
    assert [each for each in mutants if not each.refused and not each.reason] == []


@pytest.mark.parametrize("label", sampled(DERIVATIONS, 8))
def test_every_mutant_of_a_line_is_refused(label):
    """It does not follow from the line before, or the next line does not follow from it."""
    mutants = mutation_testing.mutants_of_a_derivation(label, DERIVATIONS[label])
    assert [each for each in mutants if not each.refused and not each.reason] == []


def test_there_are_hundreds_of_mutants():
    """At least three hundred are made and at least ninety-nine of a hundred refused."""
    record = formulas.read()["values"]
    assert record["mutants"] >= 300
    assert record["refused"] >= 0.99 * record["mutants"]
    assert record["mutants"] == record["refused"] + record["equivalent"]


def test_checking_takes_less_than_two_minutes():
    """All equations together, and no single one more than ten, by the last record."""
    record = formulas.read()["values"]
    assert record["wrong"] == 0
    assert record["seconds"] < 120
    assert record["slowest"] < 10


def test_the_record_speaks_of_the_book_as_it_is():
    """Every equation is in it, none that is gone, each with the checks that it has."""
    table = formulas.read()["history"]["equations"]
    assert table.keys() == {*all_formulas(), *DERIVATIONS}
    kinds = {label: formulas.kinds(row) for label, row in all_formulas().items()}
    assert {label: table[label][1] for label in kinds} == kinds


@pytest.mark.parametrize("program", sorted({
    check.program for row in CHECKED.values() for check in row.checks if check.program
}))  # fmt: skip
def test_every_program_that_a_formula_names_exists(program):
    """A name is looked up; a rule belongs to an operation."""
    assert callable(formulas.find(program.removesuffix(".vjp").removesuffix(".jvp")))


def test_every_kind_of_slip_is_made():
    """A sum with a mean, a square, two indices and a condition shows all of them."""
    mean = 1 / N * total((x[n, 0] - a) ** 2, n) * sp.exp(b)
    kinds = {kind for kind, _ in mutations(mean)}
    assert kinds >= {"sign", "dropped term", "factor", "1/N", "power", "range", "transposed"}


def test_a_turned_inequality_is_a_mutant():
    """≤ becomes ≥."""
    kinds = [kind for kind, _ in mutants_of_a_relation(sp.Le(a, b + 1))]
    assert "≥ for ≤" in kinds


def test_an_arrow_with_a_second_point_is_a_mutant():
    """⇒ becomes ⇔."""
    line = next(iter(DERIVATIONS.values())).lines[0]._replace(sign="=>", expr=sp.Eq(a, b))
    assert "⇔ for ⇒" in [kind for kind, _ in mutants_of_a_line(line)]


def test_a_mutant_is_not_the_formula():
    """At random numbers it has another value."""
    square = (a - 2 * b) ** 2
    value = lambda expr: SamplePoint(0, Definitions()).value(expr)
    for _, changed in mutations(square):
        assert value(changed) != value(square)
