"""Exercises on the page: how they are checked, and the programs that answer them, folded.

An exercise ends with its name, its points (unless its specification has said them) and the
command that checks it. A program of the library that an exercise of the page asks for is shown
when the reader asks for it.
"""

from functools import lru_cache
from html import escape
from pathlib import Path

from docutils.statemachine import StringList
from shown_tests import folded
from sphinx.directives.code import LiteralInclude
from sphinx_exercise.directive import ExerciseDirective

from dlcore.course.exercises.asked_for import asked_for
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.exercises.topics import topics


@lru_cache
def exercises():
    """Map the name of each exercise to it."""
    return {exercise.name: exercise for exercise in exercises_of(*topics())}


@lru_cache
def programs(topic):
    """Map the programs that the page of a topic folds to the exercises that ask for them."""
    return asked_for(topic) if topic in topics() else {}


class Exercise(ExerciseDirective):
    """An exercise whose last line says how it is called and checked."""

    def run(self):
        exercise = exercises().get(self.options.get("label", ""))
        if exercise:
            source = self.content.source(0) if self.content else ""
            points = not any("{specification}" in text for text in self.content)
            self.content.extend(StringList(["", line(exercise, points=points)], source))
        return super().run()


def line(exercise, *, points=True):
    """Write the last line of an exercise, in Markdown, with its points or without.

    >>> line(exercises()["loss-softmax"])
    '`loss-softmax`, 2 points, in `exercises/loss.py`: `dlcore check loss-softmax`'
    """
    name, topic = exercise.name, exercise.topic
    gain = f"{exercise.points} point{'' if exercise.points == 1 else 's'}, "
    return f"`{name}`, {gain if points else ''}in `exercises/{topic}.py`: `dlcore check {name}`"


class Program(LiteralInclude):
    """A program from a file, folded where an exercise of the page asks for it."""

    def run(self):
        shown = super().run()
        path = self.arguments[0].lstrip("/")
        name = self.options.get("pyobject", "")
        exercise = programs(Path(self.env.docname).name).get((path, name))
        if exercise is None:
            return shown
        words = f"try exercise <strong>{exercise}</strong> before you open it"
        summary = f'<code class="literal">{escape(name)}</code>: {words}'
        return folded(summary, *shown)


def setup(app):
    """Take the place of both directives."""
    app.setup_extension("sphinx_exercise")
    app.add_directive("exercise", Exercise, override=True)
    app.add_directive("literalinclude", Program, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
