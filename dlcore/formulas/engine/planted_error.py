"""Plant an error in a derivation, for a reader to find; the checker knows where it is.

The error is chosen by a name, always the same one by the same name. It is a slip that an
author could make, and a point shows that the line is wrong, not merely unproved.
"""

import importlib
from functools import cache
from hashlib import sha256

from dlcore.formulas.engine.mutants import mutants_of_a_line


def plant_error(derivation, name):
    """Change one line of a derivation, the one and the way that the name decides.

    The first line is never changed: nothing stands before it that it could contradict.
    """
    numbers = range(2, len(derivation.lines) + 1)
    key = lambda *words: sha256(repr((name, *words)).encode()).digest()
    for number in sorted(numbers, key=key):
        line = derivation.lines[number - 1]
        slips = [slip for _, slip in mutants_of_a_line(line) if slip.latex != line.latex]
        for slip in sorted(slips, key=lambda slip: key(number, slip.latex)):
            changed = derivation.replaced(number, **slip._asdict())
            mistake = changed.fault(number)
            if mistake is not None and mistake.plain:
                return changed
    raise ValueError(f"plant_error: no change of {derivation.name} is refused, give it more lines")


@cache
def wrong_lines(derivation, *names):
    """Let the checker name the wrong line of each planted derivation:  "descent.regret".

    It takes a good part of a second, and always finds the same: the answer is kept.
    """
    topic, _, name = derivation.rpartition(".")
    whole = getattr(importlib.import_module(f"dlcore.formulas.{topic}"), name)
    return tuple(plant_error(whole, each).wrong() for each in names)
