"""Kill mutants: every formula and every line of a derivation, slip included, is refused.

A mutant that survives says the same as the formula, or its check is blind. The first kind is
listed below with the reason; of the second there is none.

Chapter: book/formulas.md.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from dlcore.formulas import all_derivations, all_formulas
from dlcore.formulas.engine.latex import latex
from dlcore.formulas.engine.mutants import chosen, mutants_of_a_line, mutants_of_a_relation
from dlcore.verification.formulas import refuted

PER_FORMULA = 5
PER_LINE = 4

# Mutants that say the same: where they are, what they print, and why.
EQUIVALENT = {
    ("der-activation-spread", r"1: \sum_{d,d'} e_{d',d} \, x_{d} \, x_{d'}"):
        "the mean product of two weights does not ask which is named first",
    ("der-activation-spread", r"2: = \sum_{d,d'} \sigma^{2} [d = d'] \, x_{d'} \, x_{d'}"):
        "where the bracket is not zero, both indices are the same",
    ("der-norm-hats-add-up", r"1: \frac{1}{N} \sum_{n} \hat{x}_{n}"):
        "what adds up to zero has the mean zero",
    ("der-norm-gradients-add-up", r"1: \frac{1}{N} \sum_{n} \bar{x}_{n}"):
        "what adds up to zero has the mean zero",
    ("eq-densenet-first-back", r"\bar{x}_{n,d} = \sum_{k = 0}^{K - 2} [k = d] \, \bar{z}_{n,k}"):
        "the last column is never one of the first array",
    ("eq-norm-projection", r"\sum_{n''} P_{n,n''} \, P_{n'',n'} = P_{n',n}"):
        "a projection is symmetric",
    ("der-norm-projected-twice", r"1: \sum_{n''} P_{n'',n} \, P_{n'',n'}"):
        "a projection is symmetric",
    ("der-norm-projected-twice",
     (r"2: = P_{n',n} - \frac{1}{N} \sum_{n''} P_{n'',n'} "
      r"- \hat{x}_{n} \, \frac{1}{N} \sum_{n''} \hat{x}_{n''} \, P_{n'',n'}")):
        "a projection is symmetric",
    ("der-dropout-square-of-score",
     r"1: \sum_{d,d'} e_{d',d} \, w_{d} \, x_{n,d} \, w_{d'} \, x_{n,d'}"):
        "the mean product of two factors does not ask which is named first",
    ("der-search-alpha-sum",
     r"1: \frac{1}{K} \sum_{k} p_{k} \sum_{d} \bar{y}_{d} (o_{k,d} - y_{d})"):
        "what adds up to zero has the mean zero",
    ("der-search-alpha-sum",
     (r"2: = \frac{1}{D} \sum_{d} \bar{y}_{d} "
      r"\left( \sum_{k} p_{k} \, o_{k,d} - y_{d} \sum_{k} p_{k} \right)")):
        "every bracket is zero",
    ("der-search-alpha-sum",
     (r"2: = \sum_{d = 0}^{D - 2} \bar{y}_{d} "
      r"\left( \sum_{k} p_{k} \, o_{k,d} - y_{d} \sum_{k} p_{k} \right)")):
        "every bracket is zero",
}  # fmt: skip


class Mutant(NamedTuple):
    """A slip: of what kind, in which equation, what it looks like, and whether it was refused."""

    label: str
    kind: str
    printed: str
    refused: bool

    @property
    def reason(self):
        """Why it may live, if it may."""
        return EQUIVALENT.get((self.label, self.printed), "")


def mutants_of_a_formula(label, row, seed=0):
    """Hold some mutants of a formula against its checks."""
    for kind, relation in chosen(mutants_of_a_relation(row.relation), PER_FORMULA):
        refused = any(fails(check, relation, seed) for check in row.checks)
        yield Mutant(label, kind, latex(relation), refused)


def fails(check, relation, seed):
    """Tell whether a check refuses a relation, or cannot even compute it."""
    try:
        return refuted(check, relation, np.random.default_rng(seed)) is not None
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError):
        return True


def mutants_of_a_derivation(label, derivation):
    """Change some lines of a derivation, one at a time."""
    for number, line in enumerate(derivation.lines, 1):
        for kind, changed in chosen(mutants_of_a_line(line), PER_LINE):
            whole = derivation.replaced(number, **changed._asdict())
            printed = f"{number}: {changed.latex}"
            yield Mutant(label, kind, printed, broken(whole, number))


def broken(derivation, number):
    """Tell whether a line does not follow, or the next one does not follow from it."""
    numbers = range(2, len(derivation.lines) + 1)
    return any(derivation.fault(at) for at in (number, number + 1) if at in numbers)


def all_mutants():
    """Make and judge the mutants of everything that has a check."""
    for label, row in all_formulas().items():
        if row.checks:
            yield from mutants_of_a_formula(label, row)
    for label, derivation in all_derivations().items():
        yield from mutants_of_a_derivation(label, derivation)


def table(mutants):
    """Count the mutants by kind:  {kind: (refused, made)}, the most frequent kinds first."""
    made = Counter(each.kind for each in mutants)
    refused = Counter(each.kind for each in mutants if each.refused)
    return {kind: (refused[kind], number) for kind, number in made.most_common()}


def kills(mutants):
    """Summarize for the record: how many were made, how many refused, how many are equivalent."""
    alive = [each for each in mutants if not each.refused]
    return {
        "mutants": len(mutants),
        "refused": len(mutants) - len(alive),
        "equivalent": sum(bool(each.reason) for each in alive),
    }
