"""Hold what became of a class, and count it: scores, statuses, how hard each exercise was."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from dlcore.course.exercises.marks import Exercise
from dlcore.course.grading.deadline import Arrival, Deadline
from dlcore.course.grading.intake import Submission
from dlcore.course.grading.roster import Person, Roster
from dlcore.course.grading.verdict import STATUSES, Verdict, shortest

BINS = 10


@dataclass(frozen=True)
class Results:
    """The verdicts on a class, by (student, name of exercise)."""

    exercises: list[Exercise]
    submissions: list[Submission]
    verdicts: dict[tuple[str, str], Verdict]
    tier: str
    title: str = "dlcore"  # of the assignment, and of its column
    deadline: Deadline | None = None
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    roster: Roster | None = None
    people: dict[str, Person | None] = field(default_factory=dict)  # on the roster, by student
    similar: list = field(default_factory=list)

    @property
    def possible(self):
        """The points of a submission that passes everything."""
        return sum(exercise.points for exercise in self.exercises)

    def row(self, student):
        """List the verdicts on one student, in the order of the exercises."""
        return [self.verdicts[student, exercise.name] for exercise in self.exercises]

    def earned(self, student):
        """Return the points of a student's passes, or None while the grader owes a verdict."""
        row = self.row(student)
        owed = any(verdict.status == "infra" for verdict in row)
        return None if owed else shortest(sum(verdict.points for verdict in row))

    def score(self, student):
        """Return what is left of a student's points when lateness is paid for, or None."""
        earned = self.earned(student)
        arrival = self.arrivals.get(student)
        return earned if earned is None or not arrival else shortest(float(earned * arrival.kept))

    def shown(self, student):
        """Name a student as the roster does, and by the name of the submission."""
        person = self.people.get(student)
        return f"{person.name} ({student})" if person and person.name != student else student

    def submitted(self, person):
        """Return the one student that a person of the roster is, or None where that is unclear."""
        students = self.students_of.get(person, [])
        return students[0] if len(students) == 1 else None

    @cached_property
    def students_of(self):
        """Map each person to the names of the submissions that are theirs."""
        found = {}
        for student, person in self.people.items():
            if person:
                found.setdefault(person, []).append(student)
        return found

    @property
    def unknown(self):
        """List the students of whom the roster does not know."""
        return [student for student, person in self.people.items() if person is None]

    @property
    def absent(self):
        """List the people of the roster who have handed nothing in."""
        people = self.roster.people if self.roster else ()
        return [person for person in people if person not in self.students_of]

    @property
    def twice(self):
        """List the students of each person who has handed in under several names."""
        return [students for students in self.students_of.values() if len(students) > 1]

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
        tenths = [int(BINS * score // max(self.possible, 1)) for score in self.scores().values()]
        counts = Counter(min(tenth, BINS - 1) for tenth in tenths)
        return [counts[tenth] for tenth in range(BINS)]

    def owed(self):
        """List the verdicts that the grader owes."""
        return [verdict for verdict in self.verdicts.values() if verdict.status == "infra"]
