"""Long catalogues: `make test` runs a sample of each, `make check` all of it."""

import pytest


def sampled(cases, every):
    """Mark all cases but every so-manyth as a catalogue, which `make test` leaves out."""
    return [
        case if number % every == 0 else pytest.param(case, marks=pytest.mark.catalogue)
        for number, case in enumerate(cases)
    ]
