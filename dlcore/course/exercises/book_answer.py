"""Show the book's solution of an exercise, as it stands in the solution's file."""

from rich.syntax import Syntax
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.exercises.reset import span
from dlcore.course.exercises.skeleton import LEFT_OVER


def book_answer(topic, exercise):
    """Return the definition that solves `exercise`, without the marks of the cut."""
    path = topics.ROOT / f"solutions/{topic}.py"
    if not path.exists():
        return Text(f"the solution of {exercise} is not part of this release")
    source = path.read_text(encoding="utf-8")
    first, last = span(source, exercise)
    lines = [line for line in source.splitlines()[first:last] if not LEFT_OVER.match(line)]
    return Syntax("\n".join(lines), "python", background_color="default")
