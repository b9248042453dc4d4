"""Who takes the course, as Canvas or Moodle exports it, and whose a submission is.

Read are Canvas's gradebook export, Moodle's grading worksheet and its list of participants, and
any table with such columns. A submission is named by its file: an id, a login, an email or a
name, or what the two systems make of them when all submissions are downloaded at once.
"""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

# What a column is called, in lower case, by what it holds; the first that is there counts.
COLUMNS = {
    "id": ("id", "user id", "canvas id"),
    "number": ("sis user id", "id number", "student id", "integration id"),
    "login": ("sis login id", "username", "login"),
    "email": ("email address", "email"),
    "participant": ("identifier",),
    "name": ("student", "full name", "name"),
    "first": ("first name", "firstname"),
    "last": ("last name", "surname", "lastname"),
}
CANVAS = re.compile(r"(?P<name>.+?)(?:_LATE)?_(?P<id>\d+)_\d+_.+")
MOODLE = re.compile(r"(?P<name>.+?)_(?P<participant>\d+)_assignsubmission_\w*")
PARTICIPANT = re.compile(r"participant[ _](\d+)", re.IGNORECASE)
NOBODY = ("Points Possible", "Student, Test")  # what Canvas has in the places of names
MOST = 2**24  # bytes of a roster


@dataclass(frozen=True)
class Person:
    """A row of a roster: its cells as they stand there, and what identifies a person."""

    cells: tuple[str, ...]
    held: dict[str, str] = field(compare=False)  # by the names of `COLUMNS`

    @property
    def name(self):
        """The name, or what else is there to call a person by."""
        whole = f"{self.held.get('first', '')} {self.held.get('last', '')}".strip()
        found = (self.held.get(each) for each in ("name", "login", "email", "id", "participant"))
        return self.held.get("name") or whole or next(filter(None, found), "")

    def called(self):
        """Yield what a submission may be called, each with how much it is to be trusted."""
        for column in ("id", "number", "login", "email"):
            yield 0, self.held.get(column, "")
        yield 1, PARTICIPANT.sub(r"participant \1", self.held.get("participant", ""))
        for column in ("login", "email"):
            yield 2, self.held.get(column, "").partition("@")[0]
        for name in {self.name, f"{self.held.get('first', '')} {self.held.get('last', '')}"}:
            last, comma, first = name.partition(",")
            yield 3, f"{first} {last}" if comma else name
            yield 3, f"{last} {first}" if comma else " ".join(reversed(name.split(" ", 1)))
            yield 4, "".join(re.findall(r"\w", f"{last}{first}" if comma else turned(name)))


@dataclass(frozen=True)
class Roster:
    """The people of a course, in their order, and the heads of their columns."""

    kind: str  # canvas, worksheet or list
    head: tuple[str, ...]
    people: tuple[Person, ...]
    titles: tuple[str, ...] = ()  # heads of the assignments that Canvas has

    def match(self, names):
        """Map each name of a submission to its person, or to None."""
        index = {}
        for place, person in enumerate(self.people):
            for level, key in person.called():
                if folded(key):
                    index.setdefault((level, folded(key)), set()).add(place)
        return {name: self.find(name, index) for name in names}

    def find(self, name, index):
        """Return the person whom a name means, if it is one and no other."""
        for level, key in candidates(name):
            if len(found := index.get((level, folded(key)), ())) == 1:
                return self.people[next(iter(found))]
            if found:
                return None  # two people are called so
        return None


def turned(name):
    """Put the last word of a name first, as Canvas does in the names of files."""
    *first, last = name.split() or [""]
    return "".join((last, *first))


def candidates(name):
    """Yield the keys that the name of a submission may hold, the most trusted first."""
    if found := MOODLE.fullmatch(name):
        yield 1, f"participant {found['participant']}"
        yield from ((level, found["name"]) for level in (0, 2, 3))
    if found := PARTICIPANT.match(name):
        yield 1, f"participant {found[1]}"
    if found := CANVAS.fullmatch(name):
        yield 0, found["id"]
        yield 4, found["name"]
    yield from ((level, name) for level in (0, 2, 3, 4))


def folded(text):
    """Return a text without case, accents, and marks between its words.

    >>> folded("  Lovelace,_Ada "), folded("Å. Müller-Lüdenscheid")
    ('lovelace ada', 'a muller ludenscheid')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split()) if "@" not in bare else bare.strip()


def read_roster(path):
    """Read the table at `path`; which system has written it is seen in its heads."""
    rows = read_table(path, "roster")
    head = tuple(cell.strip() for cell in rows[0]) if rows else ()
    columns = known_columns(head)
    if not set(columns) & {*COLUMNS} - {"first", "last"}:
        wanted = ", ".join(names[0] for names in COLUMNS.values())
        raise ValueError(
            f"grade: roster {path} begins with {', '.join(head) or 'nothing'}, "
            f"give it one of {wanted}"
        )
    people = []
    for row in rows[1:]:
        cells = tuple((*row, *[""] * len(head))[: len(head)])
        held = {
            what: cells[place].strip() for what, place in columns.items() if cells[place].strip()
        }
        if held and not held.get("name", "").startswith(NOBODY):
            people.append(Person(cells, held))
    return Roster(kind_of(head), head, tuple(people), assignments(head))


def known_columns(head):
    """Map what identifies people to the places of its columns."""
    places = {name.casefold(): place for place, name in reversed([*enumerate(head)])}
    found = {what: [places[name] for name in names if name in places]
             for what, names in COLUMNS.items()}  # fmt: skip
    return {what: where[0] for what, where in found.items() if where}


def kind_of(head):
    """Tell by the heads of a table which export it is."""
    if {"ID", "Section"} <= {*head} and {"Student", "LastName"} & {*head}:
        return "canvas"
    return "worksheet" if {"Identifier", "Grade"} <= {*head} else "list"


def assignments(head):
    """List the heads that Canvas gives to assignments: a title, and its number in brackets."""
    return tuple(name for name in head if re.fullmatch(r".+ \(\d+\)", name))


def read_table(path, option):
    """Read a CSV file in UTF-8, with or without its mark, separated by commas or semicolons."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"grade: {option} is {path}, which is no file")
    if path.stat().st_size > MOST:
        raise ValueError(f"grade: {option} {path} is larger than {MOST >> 20} MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"grade: {option} {path} is not in UTF-8, export it as UTF-8") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        return [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row
        ]
    except csv.Error as error:
        raise ValueError(f"grade: {option} {path} is no table ({error})") from None
