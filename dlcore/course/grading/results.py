"""Hold what became of a class, and count it: scores, statuses, how hard each exercise was."""

from collections import Counter
from dataclasses import dataclass

from dlcore.course.exercises.marks import Exercise
from dlcore.course.grading.intake import Submission
from dlcore.course.grading.verdict import STATUSES, Verdict

BINS = 10


@dataclass(frozen=True)
class Results:
    """The verdicts on a class, by (student, name of exercise)."""

    exercises: list[Exercise]
    submissions: list[Submission]
    verdicts: dict[tuple[str, str], Verdict]
    tier: str

    @property
    def possible(self):
        """The points of a submission that passes everything."""
        return sum(exercise.points for exercise in self.exercises)

    def row(self, student):
        """List the verdicts on one student, in the order of the exercises."""
        return [self.verdicts[student, exercise.name] for exercise in self.exercises]

    def score(self, student):
        """Return the points of a student, or None while the grader owes a verdict."""
        row = self.row(student)
        owed = any(verdict.status == "infra" for verdict in row)
        return None if owed else sum(verdict.points for verdict in row if earned(verdict))

    def scores(self):
        """Return the scores of all students who have one."""
        students = [submission.student for submission in self.submissions]
        scores = {student: self.score(student) for student in students}
        return {student: score for student, score in scores.items() if score is not None}

    def statuses(self, exercise=None):
        """Count the statuses, of one exercise or of all, in the order of their table."""
        statuses = [v.status for v in self.verdicts.values() if exercise in (None, v.exercise)]
        counts = Counter(statuses)
        return {status: counts[status] for status in STATUSES if counts[status]}

    def share(self, exercise):
        """Return the share of judged submissions that pass an exercise."""
        counts = self.statuses(exercise)
        judged = sum(counts.values()) - counts.get("infra", 0)
        return counts.get("pass", 0) / judged if judged else 0.0

    def histogram(self):
        """Count the scores in tenths of what is possible; the last tenth has both its ends."""
        tenths = [BINS * score // max(self.possible, 1) for score in self.scores().values()]
        counts = Counter(min(tenth, BINS - 1) for tenth in tenths)
        return [counts[tenth] for tenth in range(BINS)]

    def owed(self):
        """List the verdicts that the grader owes."""
        return [verdict for verdict in self.verdicts.values() if verdict.status == "infra"]


def earned(verdict):
    """Tell whether points were earned: by an explicit pass alone."""
    return verdict.status == "pass"
