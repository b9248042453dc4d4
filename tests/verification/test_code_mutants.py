"""Mutants of programs: each differs by one token, and tests notice those of the solutions."""

import ast

from dlcore.verification.code_mutants import code_mutants

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


def test_mutants_change_what_is_computed():
    """A default, a comparison, a connective, a number, a sign and a variable; no text, no name."""
    slips = {(mutant.old, mutant.new) for mutant in code_mutants(PROGRAM)}
    assert slips >= {("1.0", "2.0"), ("<", "<="), ("or", "and"), ("0", "1"), ("*", "/")}
    assert any(old == "width" and new in ("height", "scale") for old, new in slips)
    assert not {"maths", "area", "import", "1"} & {old for old, _ in slips}
