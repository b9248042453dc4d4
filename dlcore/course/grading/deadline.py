"""When a submission came, and what it costs to be late.

A moment without a time zone is in UTC, and a date alone means the end of that day. A day late
begins with its first second: what comes one minute after the deadline is one day late, what
comes 25 hours after it two.
"""

import math
import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dlcore.course.grading.archive import ENTRIES
from dlcore.course.grading.intake import submission_paths
from dlcore.course.grading.roster import read_table

DAY = timedelta(days=1)
MOMENT = re.compile(r"(.*?)(?: ([A-Za-z]+(?:/[\w+-]+)*))?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Deadline:
    """A moment, and the rule for what comes after it."""

    moment: datetime
    free: int | None = None  # days that cost nothing
    penalty: Fraction | None = None  # of the points, for each day that is not free

    def days(self, moment):
        """Count the days, begun ones too, by which a moment is late."""
        return max(0, math.ceil((moment - self.moment) / DAY))

    def kept(self, days):
        """Return the share of its points that a submission keeps when it is so many days late.

        >>> rule = Deadline(moment("2026-03-01 12:00"), free=1, penalty=Fraction(1, 4))
        >>> [str(rule.kept(days)) for days in range(4)]
        ['1', '1', '3/4', '1/2']
        """
        beyond = max(0, days - (self.free or 0))
        if self.penalty is not None:
            return max(Fraction(0), 1 - beyond * self.penalty)
        return Fraction(0) if self.free is not None and beyond else Fraction(1)

    def __str__(self):
        """Say the rule in a sentence."""
        rules = []
        if self.free:
            rules.append(f"{days_text(self.free)} free")
        if self.penalty is not None:
            rules.append(f"{float(100 * self.penalty):g} % of the points for each day late")
        elif self.free is not None:
            rules.append("no points after that")
        else:
            rules.append("late submissions are named, and keep their points")
        return f"{self.moment:%Y-%m-%d %H:%M %Z}, {', then '.join(rules)}"


@dataclass(frozen=True)
class Arrival:
    """When a submission came, by how many days it is late, and the share that it keeps."""

    moment: datetime
    days: int
    kept: Fraction

    def __str__(self):
        """Say it in a sentence."""
        late = f", {days_text(self.days)} late" if self.days else ", in time"
        cost = "" if self.kept == 1 else f": keeps {float(100 * self.kept):g} % of its points"
        return f"handed in {self.moment:%Y-%m-%d %H:%M:%S %Z}{late}{cost}"


def days_text(count):
    """Write a number of days."""
    return "1 day" if count == 1 else f"{count} days"


def read_deadline(words, late_days=None, penalty=""):
    """Read the deadline, and its rule, from a command line; no words are no deadline."""
    if not words:
        if late_days is not None or penalty:
            raise ValueError("grade: late-days and penalty need a deadline, give --deadline too")
        return None
    if late_days is not None and late_days < 0:
        raise ValueError(f"grade: late-days is {late_days}, give 0 or more")
    return Deadline(moment(words), late_days, share(penalty) if penalty else None)


def share(words):
    """Read a percentage:  10 or 10%.

    >>> share("12.5 %")
    Fraction(1, 8)
    """
    number = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%?\s*", words)
    if not number or not 0 < Fraction(number[1]) <= 100:
        raise ValueError(f"grade: penalty is {words}, give percents for a day, such as 10%")
    return Fraction(number[1]) / 100


def moment(words):
    """Read a time: a date in ISO 8601, and an offset or the name of a time zone, else UTC.

    >>> moment("2026-03-01 23:59 +01:00").isoformat(), moment("2026-03-01").isoformat()
    ('2026-03-01T23:59:00+01:00', '2026-03-01T23:59:59+00:00')
    """
    whole = re.sub(r" (?=[+-]\d\d:?\d\d$)", "", words.strip())
    text, zone = MOMENT.fullmatch(whole).groups()
    try:
        read = datetime.fromisoformat(f"{text} 23:59:59" if DATE.fullmatch(text) else text)
        place = ZoneInfo(zone) if zone and zone != "UTC" else UTC
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(
            f"grade: {words!r} is no moment ({error}), write 2026-03-01 23:59+01:00 "
            "or 2026-03-01 23:59 Europe/Berlin"
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=place)


def arrivals(deadline, folder, students, times_file=None):
    """Map each student to an arrival, by the times in a file or else on the disk."""
    if deadline is None:
        return {}
    times = read_times(times_file) if times_file else modified(Path(folder))
    if unknown := [student for student in students if student not in times]:
        few = ", ".join(unknown[:10])
        raise ValueError(f"grade: times {times_file} has no line for {few}; add one for each")
    zone = deadline.moment.tzinfo
    arrived = {}
    for student in students:
        days = deadline.days(times[student])
        arrived[student] = Arrival(times[student].astimezone(zone), days, deadline.kept(days))
    return arrived


def read_times(path):
    """Read a table of two columns: the name of a submission, and its moment."""
    rows = read_table(path, "times")
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if not {"student", "time"} <= {*head}:
        raise ValueError(f"grade: times {path} begins with {', '.join(head)}, wanted student, time")
    name, when = head.index("student"), head.index("time")
    return {row[name].strip(): moment(row[when]) for row in rows[1:] if len(row) > max(name, when)}


def modified(folder):
    """Map each student to the moment at which the newest of what was handed in was changed."""
    newest = {
        student: max(map(latest, paths)) for student, paths in submission_paths(folder).items()
    }
    return {student: datetime.fromtimestamp(when, UTC) for student, when in newest.items()}


def latest(path):
    """Return the newest time of change of a file, or of the files in a folder."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_mtime
    times = []
    for place, _, names in os.walk(path):
        infos = [Path(place, name).lstat() for name in names]
        times += [info.st_mtime for info in infos if stat.S_ISREG(info.st_mode)]
        if len(times) > ENTRIES:
            break
    return max(times, default=path.lstat().st_mtime)
