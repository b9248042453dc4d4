"""Take the names out of a class: ids in their place, and one table that knows both.

An id is drawn from the course key and from who the person is, so that it is the same in every
homework, and nobody without the key can tell whose it is.
"""

import re
from dataclasses import replace

from dlcore.course.grading.provenance import sealed
from dlcore.course.grading.roster import Person, Roster

DIGITS = 10


def identity(student, person):
    """Return what a person is known by for good, or else the name of the submission."""
    held = person.held if person else {}
    known = (held[what] for what in ("id", "number", "login", "email", "name") if what in held)
    return next(known, student)


def anonymous_id(key, word):
    """Return the id of whom a word identifies.

    >>> anonymous_id(b"a key of the course", "ada")
    's-dd9b946753'
    """
    return f"s-{sealed(key, 'anonymous', word)[:DIGITS]}"


def anonymised(results, key):
    """Return a class without names, and rows (id, submission, name) that lead back to them."""
    people = results.roster.people if results.roster else ()
    faces = {person: bare(anonymous_id(key, identity("", person))) for person in people}
    ids = {}
    rows = []
    for submission in results.submissions:
        student = submission.student
        person = results.people.get(student)
        first = not person or results.students_of[person][0] == student
        word = identity(student, person) if first else f"{student} again"
        ids[student] = anonymous_id(key, word)
        rows.append((ids[student], student, person.name if person else ""))
    rows += [(faces[person].name, "", person.name) for person in results.absent]
    return nameless(results, ids, faces), rows


def nameless(results, ids, faces):
    """Put ids in the place of names, in all that a class holds."""
    submissions = [nameless_submission(each, ids[each.student]) for each in results.submissions]
    verdicts = {
        (ids[student], exercise): nameless_verdict(verdict, ids[student])
        for (student, exercise), verdict in results.verdicts.items()
        if student in ids
    }
    return replace(
        results,
        submissions=sorted(submissions, key=lambda submission: submission.student),
        verdicts=verdicts,
        arrivals={ids[student]: arrival for student, arrival in results.arrivals.items()},
        people={ids[student]: faces.get(person) for student, person in results.people.items()},
        roster=Roster("list", ("name",), (*faces.values(),)) if results.roster else None,
        similar=[pair.renamed(ids) for pair in results.similar],
    )


def nameless_submission(submission, found):
    """Put an id in the place of a name in what is noted of a submission."""
    hide = lambda text: without(text, submission.student, found)
    notes = [hide(note) for note in submission.notes]
    return replace(submission, student=found, notes=notes, refusal=hide(submission.refusal))


def nameless_verdict(verdict, found):
    """Put an id in the place of a name in what is said of an exercise."""
    says = tuple(without(said, verdict.student, found) for said in verdict.says)
    return replace(verdict, student=found, says=says)


def bare(name):
    """Return a person of whom nothing is known but an id."""
    return Person((name,), {"name": name})


def without(text, student, found):
    """Put an id in the place of a name wherever a text holds it as a word.

    >>> without("eve.zip never came from eve", "eve", "s-1")
    's-1.zip never came from s-1'
    """
    return re.sub(rf"(?<!\w){re.escape(student)}(?!\w)", found, text)
