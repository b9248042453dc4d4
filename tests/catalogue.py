"""Long catalogues: `make test` runs a sample of each, `make check` all of it.

Where all cases are one test, its sample is another one, marked `sample`: `make check` leaves it
out, because every case of it is among all cases.
"""

import pytest


def sampled(cases, every):
    """Mark all cases but every so-manyth as a catalogue, which `make test` leaves out."""
    return [
        case if number % every == 0 else pytest.param(case, marks=pytest.mark.catalogue)
        for number, case in enumerate(cases)
    ]
