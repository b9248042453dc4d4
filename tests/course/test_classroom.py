"""A class that nobody takes, small enough for the suite; that of the guide has 200 students."""

from dataclasses import replace

import pytest

from dlcore.experiments import classroom

FEW = {"right": 2, "wrong": 6, "untouched": 1, "broken": 5}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The verdicts on a small class, on the tier that works everywhere in Linux."""
    folder = tmp_path_factory.mktemp("class")
    classroom.enrol(folder, FEW)
    out = tmp_path_factory.mktemp("graded")
    return classroom.graded(folder, out, "T1", jobs=2)[0]


def of(judged, kind):
    """List the verdicts on one kind of student."""
    return [verdict for (student, _), verdict in judged.items() if student.startswith(kind)]


@pytest.mark.sandbox
def test_right_answers_are_paid_in_full(judged):
    """Two students, every exercise of two topics."""
    verdicts = of(judged, "right")
    assert len(verdicts) == 2 * len(classroom.graded_ones(classroom.TOPICS))
    assert all(verdict.points == verdict.possible for verdict in verdicts)


@pytest.mark.sandbox
def test_wrong_answers_are_not_paid(judged):
    """Each loses the points of its exercise, and keeps those of all others."""
    assert classroom.overpaid(judged) == []
    lost = [verdict for verdict in of(judged, "wrong") if not verdict.points]
    assert len(lost) == FEW["wrong"]


@pytest.mark.sandbox
def test_archives_that_are_broken_are_rejected(judged):
    """Those that cannot be opened, and the bomb; a link and a path that climbs are not followed."""
    statuses = {verdict.status for verdict in of(judged, "broken")}
    assert statuses <= {"rejected", "missing"}


@pytest.mark.sandbox
def test_an_overpaid_wrong_answer_is_found(judged):
    """Were one of them paid, the count would say so."""
    who, verdict = next(pair for pair in judged.items() if pair[0][0] == "untouched-000")
    paid = {who: replace(verdict, points=2)}
    assert classroom.overpaid(paid) == [who]
