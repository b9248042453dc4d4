"""What a course has agreed on besides points: title, roster, deadline, names or none."""

import json
import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from dlcore.course.exercises.marks import exercises_of
from dlcore.course.grading.deadline import Deadline, read_deadline
from dlcore.course.grading.reports import write
from dlcore.course.grading.roster import Roster, read_roster
from dlcore.course.grading.sanitize import one_line

PLAN = "grading.json"  # in the folder of the reports: which homework they are about
NUMBERED = re.compile(r".+ \(\d+\)")  # what Canvas takes for the number of an assignment
COMPUTED = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")  # by Canvas itself


@dataclass(frozen=True)
class Terms:
    """How a class is reported on; nothing in it changes a verdict."""

    title: str = ""
    roster: Roster | None = None
    deadline: Deadline | None = None
    times: Path | None = None  # a table of moments, where those of the files do not count
    anonymous: bool = False


def read_terms(title="", roster=None, times=None, *, anonymous=False, **rule):
    """Read what a command line says; `rule` is a deadline with its late days and penalty."""
    found = read_roster(roster) if roster else None
    due = read_deadline(rule.get("deadline", ""), rule.get("late_days"), rule.get("penalty", ""))
    if times and not due:
        raise ValueError("grade: times need a deadline, give --deadline too")
    return Terms(checked_title(title, found), found, due, times, anonymous)


def checked_title(title, roster=None):
    """Return a title that can name a column; Canvas reads some words in a way of its own."""
    title = one_line(title, 100)
    known = roster.titles if roster else ()
    if title in known:
        return title.rpartition(" (")[0]
    if NUMBERED.fullmatch(title) or COMPUTED.search(title):
        raise ValueError(
            f"grade: title is {title!r}, which Canvas takes for a column of its own, write it "
            "without a number in brackets at its end, and without Score, Points or Grade"
        )
    return title


def default_title(exercises):
    """Name a homework by its topics, and where a topic is not whole by its exercises.

    >>> from dlcore.course.exercises.marks import chosen
    >>> default_title(chosen("loss, linear-forward"))
    'loss, linear-forward'
    """
    parts = []
    for topic, group in groupby(exercises, lambda exercise: exercise.topic):
        names = [exercise.name for exercise in group if exercise.points]
        whole = [exercise.name for exercise in exercises_of(topic) if exercise.points]
        parts += [topic] if names == whole else names
    return one_line(", ".join(parts), 100)


def title_of(terms, exercises, out):
    """Return the title of a homework; a folder that holds another one is not written to.

    Without a title it is that of the same exercises in the folder, or it is made of their names.
    """
    path = out / PLAN
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    same = kept.get("exercises") == [exercise.name for exercise in exercises]
    title = terms.title or (kept["title"] if same else default_title(exercises))
    if kept and kept["title"] != title:
        raise ValueError(
            f"grade: {out} holds {kept['title']!r}, name another --out for {title!r}, "
            f'or go on with --title "{kept["title"]}"'
        )
    return title


def keep_title(title, exercises, out):
    """Write down which homework a folder is about."""
    plan = {"title": title, "exercises": [exercise.name for exercise in exercises]}
    write(out / PLAN, json.dumps(plan, indent=1) + "\n")
