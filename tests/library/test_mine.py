"""The network of answers: which parts are the reader's; it does not matter whose they are."""

import numpy as np
import pytest

from dlcore.course.exercises import topics
from dlcore.experiments.mine import PARTS, gather, run, training
from dlcore.experiments.mine.report import PartsPage, report, what_next

SMALL = {"images": 40, "epochs": 1}


@pytest.fixture(scope="module")
def borrowed():
    """What comes of a short training when every part is lent."""
    return run(gather([]), **SMALL)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.exercise)
def test_a_part_is_the_same_whoever_has_written_it(part, borrowed):
    """One part by the book's solution, the others lent: the losses agree up to rounding."""
    parts = gather([part.exercise], folder="solutions")
    assert parts.own == (part.exercise,)
    result = run(parts, **SMALL)
    assert np.allclose(result.losses, borrowed.losses, rtol=1e-9, atol=0)
    assert np.array_equal(result.confusion, borrowed.confusion)
    assert result.test_accuracy == borrowed.test_accuracy


def test_the_gradient_is_that_of_the_loss(borrowed):
    """Backward pass and central difference agree along a random direction, to seven digits."""
    assert borrowed.gap < 1e-7


def test_a_wrong_part_shows_in_the_gradient():
    """A ReLU that passes every gradient on is noticed before training."""
    parts = gather([])
    parts.functions.relu_backward = lambda y_bar, x: y_bar
    assert run(parts, **SMALL).gap > 1e-3


def test_two_epochs_are_enough_for_the_digits():
    """More than nine of ten are named, and every test image is counted once."""
    result = run(gather([]))
    assert result.test_accuracy > 0.9
    assert result.confusion.sum() == 358
    assert len(result.mistakes) == 358 - np.trace(result.confusion)
    assert [m.probability for m in result.mistakes] == sorted(
        (m.probability for m in result.mistakes), reverse=True
    )


def test_only_what_has_passed_is_the_readers(clone):
    """A course of other exercises has no part of the network."""
    assert gather().own == ()
    assert len(gather().lent) == len(PARTS)


def test_a_file_that_cannot_be_run_lends_nothing(tmp_path):
    """The network is trained all the same, with the book's part."""
    (tmp_path / "loss.py").write_text("def softmax(scores:")
    parts = gather(["loss-softmax"], folder=tmp_path)
    assert parts.own == ()
    assert parts.functions.softmax(np.zeros((1, 2))).tolist() == [[0.5, 0.5]]


def test_every_part_is_an_exercise_of_the_book():
    """Its name is that of an exercise, and no two parts share one."""
    exercises = [part.exercise for part in PARTS]
    assert len({*exercises}) == len(PARTS)
    assert {name.partition("-")[0] for name in exercises} <= {*topics.topics()}


def test_an_interruption_judges_the_network_as_it_stands(monkeypatch):
    """After the first epoch of three, a line has its accuracy, the last the interruption."""
    epochs = training.trained

    def interrupted(*args):
        yield next(epochs(*args))
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "trained", interrupted)
    lines = []
    result = run(gather([]), images=40, epochs=3, log=lines.append)
    assert len(result.val_accuracy) == 1
    assert lines[-1] == "stopped: the network is judged as it stands"


def test_the_report_shows_parts_curve_filters_and_mistakes(borrowed, capsys):
    """And names the exercise that comes next."""
    report(borrowed)
    page = capsys.readouterr().out
    assert f"0 of {len(PARTS)} parts are yours" in page
    assert "· the book's" in page
    assert "taken for" in page
    assert "next: derivative-central, with `dlcore watch derivative-central`" in page
    everything = borrowed.parts._replace(own=tuple(part.exercise for part in PARTS))
    assert "every part is yours" in what_next(borrowed._replace(parts=everything))


@pytest.mark.parametrize("wrong", [{"data": "mnist"}, {"epochs": 0}, {"images": 0}])
def test_a_wrong_setting_is_refused_by_its_name(wrong):
    """The name of the setting and its value stand in the message."""
    [(name, value)] = wrong.items()
    with pytest.raises(ValueError, match=f"{name} is {value!r}"):
        run(gather([]), **wrong)


def test_a_page_says_whose_each_part_is():
    """One row for each part, in their order; one answer makes one of them the reader's."""
    rows = PartsPage(gather([PARTS[1].exercise], folder="solutions")).rows()
    assert [row[:2] for row in rows] == [(part.role, part.exercise) for part in PARTS]
    assert [whose for *_, whose in rows].count("yours") == 1
    assert rows[1][2] == "yours"
