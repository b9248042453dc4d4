"""Say what can be said of a submission before anything of it is run.

An answer that is not there, or is no text, needs no judge but a sentence of advice.
"""

import codecs
import io
import tokenize

from dlcore.course.grading.verdict import Item, digest, verdict_on

MARKS = {
    "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}


def items(submission, exercises):
    """List what is to be judged of a submission, in the order of `exercises`."""
    made = []
    for exercise in exercises:
        source = submission.sources.get(exercise.topic)
        item = Item(
            student=submission.student,
            topic=exercise.topic,
            exercise=exercise.name,
            points=exercise.points,
            source=source,
            digest=digest(source),
            partial=exercise.partial,
        )
        made.append(item)
    return made


def precheck(item, submission):
    """Return the verdict on an item that no judge needs to see, or None."""
    if submission.refusal:
        return verdict_on(item, "rejected", submission.refusal)
    if item.source is None:
        near = [note for note in submission.notes if item.topic in note.lower()]
        return verdict_on(item, "missing", f"no exercises/{item.topic}.py was handed in", *near)
    trouble = unreadable(item.source)
    return verdict_on(item, "error", f"{item.topic}.py: {trouble}") if trouble else None


def unreadable(source):
    r"""Say why bytes are no Python text, and what to do; or say nothing.

    >>> unreadable(b"x = 1\ny = \x00")
    'line 2 holds a NUL byte: save the file as plain text'
    >>> unreadable("x = 1".encode("utf-16"))
    'it is written in UTF-16: save it as UTF-8'
    """
    for name, marks in MARKS.items():
        if source.startswith(marks):
            return f"it is written in {name}: save it as UTF-8"
    if b"\0" in source:
        return (
            f"line {line_of(source, source.index(0))} holds a NUL byte: save the file as plain text"
        )
    if not source.strip():
        return "it is empty: hand in the file that holds your answers"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        if encoding.startswith("utf-8"):
            source.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"line {line_of(source, error.start)} is not in UTF-8: save the file as UTF-8"
    except SyntaxError:
        return "line 1 or 2 names an encoding that is unknown: save the file as UTF-8"
    return ""


def line_of(source, place):
    """Count the lines up to a place."""
    return source.count(b"\n", 0, place) + 1
