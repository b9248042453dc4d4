"""What letters stand for: the definitions of a derivation, read from left to right.

An index on the left is free: a definition of y[n, k] holds for every n and k, one of w[t + 1]
for every step, one of w[1] for the first step only.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import rename


class Definitions:
    """Equations, of which the more special ones are tried first.

    >>> a, t = sp.IndexedBase("a"), sp.Symbol("t", integer=True)
    >>> rules = Definitions(sp.Eq(a[t + 1], 2 * a[t]), sp.Eq(a[1], 5))
    >>> rules.meaning(a[3]), rules.meaning(a[1]), rules.meaning(a[t])
    (2*a[2], 5, None)
    """

    def __init__(self, *relations):
        equations = [each for each in relations if isinstance(each, sp.Eq)]
        self.equations = sorted(equations, key=lambda each: len(each.lhs.free_symbols))

    def find(self, entry):
        """Return what defines an entry, and what its indices are: (relation, {index: value})."""
        for relation in self.equations:
            found = match(relation.lhs, entry)
            if found is not None:
                return relation, found
        return None

    def meaning(self, entry):
        """Write an entry out, or return None where nothing defines it."""
        found = self.find(entry)
        if found is None:
            return None
        relation, at = found
        depth = max((s.name.count("'") for s in entry.atoms(sp.Symbol)), default=0)
        return rename(relation.rhs, "'" * (depth + 1)).xreplace(at)


def match(pattern, entry):
    """Find the indices that turn the left-hand side of a definition into an entry."""
    if isinstance(pattern, sp.Indexed) and isinstance(entry, sp.Indexed):
        if pattern.base.name != entry.base.name or len(pattern.indices) != len(entry.indices):
            return None
        return together(map(position, pattern.indices, entry.indices))
    if isinstance(pattern, sp.Derivative) and isinstance(entry, sp.Derivative):
        pairs = zip(pattern.args[1], entry.args[1], strict=True)
        return together([match(pattern.expr, entry.expr), *(match(a, b) for a, b in pairs)])
    if pattern.is_Symbol and entry.is_Symbol:
        return {} if pattern.name == entry.name else None
    return {} if pattern == entry else None


def together(findings):
    """Join findings; None where one is missing or two disagree."""
    joined = {}
    for finding in findings:
        if finding is None or any(joined.get(key, at) != at for key, at in finding.items()):
            return None
        joined |= finding
    return joined


def position(pattern, index):
    """Solve  pattern = index  for the letter of the pattern; a shift must lead back to it."""
    with sp.evaluate(True):
        pattern, index = (each.func(*each.args) if each.args else each for each in (pattern, index))
        if pattern.is_Integer:
            return {} if pattern == index else None
        shift, letter = pattern.as_coeff_Add()
        enough = index - shift if index.is_Integer else index.as_coeff_Add()[0] - shift
        return {letter: index - shift} if shift == 0 or enough >= 0 else None
