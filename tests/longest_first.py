"""A plugin for pytest: begin with the files that take longest, so that short ones fill the end.

``make test`` gives whole files to its workers. One that takes minutes and begins last would keep
a single worker busy while the others have ended. Whatever is not in the list keeps its place.
"""

from pathlib import Path

HERE = Path(__file__).parent
LONGEST = [
    "site/test_site.py",
    "fuzz/test_fuzz_kernels.py",
    "course/test_attacks.py",
    "course/test_wrong.py",
    "verification/test_mutants.py",
    "course/test_judge.py",
    "library/test_numpy.py",
    "course/test_known_answers.py",
    "verification/test_answer_mutants.py",
    "test_architecture.py",
    "course/test_cluster.py",
    "library/test_rungs.py",
    "course/test_poison.py",
    "verification/test_derivation.py",
]
PLACES = {HERE / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items):
    """Sort by file, and change nothing inside a file."""
    items.sort(key=lambda item: PLACES.get(item.path, len(PLACES)))
