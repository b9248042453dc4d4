"""What the collections of wrong versions share: the checks that a version fails, by name.

Chapter: book/dropout.md.
"""

import numpy as np


def failed_checks(checks, version, seed=0):
    """List the names of the checks that a version fails; each gets a generator of its own.

    >>> checks = {"small": lambda number, rng: number < 3, "one": lambda number, rng: number == 1}
    >>> failed_checks(checks, 5), failed_checks(checks, 2), failed_checks(checks, 1)
    (['small', 'one'], ['one'], [])
    """
    failed = []
    for name, check in checks.items():
        if not check(version, np.random.default_rng(seed)):
            failed.append(name)
    return failed
