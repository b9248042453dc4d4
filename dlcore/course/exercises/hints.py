"""Know the hints and the cuts also where no solutions are.

A course as students get it has no solutions; what is to be known of them is carried in
``exercises/release.json``: the hints of each exercise, and each file as it was cut.
"""

import json

from dlcore.course.exercises import topics
from dlcore.course.exercises.skeleton import cut, exercises_in, hints, read_release_file


def hints_for(topic, exercise):
    """List the hints of an exercise, in their order."""
    solution = topics.ROOT / f"solutions/{topic}.py"
    if not solution.exists():
        return read_release_file()["hints"].get(exercise, [])
    return hints_in(solution.read_text(encoding="utf-8"), exercise)


def hints_in(solution, exercise):
    r"""List the hints that a solution holds for an exercise, or for a part of it.

    >>> hole = "    # BEGIN SOLUTION\n    # HINT: go down\n    w = 1\n    # END SOLUTION\n"
    >>> hints_in('def step(w):\n    "Exercise sgd-step.  Go."\n' + hole, "sgd-step")
    ['go down']
    """
    name = exercises_in(solution).get(exercise, "")
    owned = [found for owner, found in hints(solution).items() if within(owner, name)]
    return [hint for found in owned for hint in found]


def within(owner, name):
    """Tell whether the definition `owner` is, or lies in, the definition `name`."""
    return owner == name or owner.startswith(f"{name}.")


def release_file(topic_names):
    """Write what a release of `topic_names` carries, as text.

    A topic without solutions was released before: what was carried then is carried on.
    """
    before = read_release_file()["hints"]
    carried = {"hints": {}, "cuts": {topic: cut(topic) for topic in topic_names}}
    for topic, text in carried["cuts"].items():
        path = topics.ROOT / f"solutions/{topic}.py"
        solution = path.read_text(encoding="utf-8") if path.exists() else ""
        for exercise in exercises_in(text):
            found = hints_in(solution, exercise) if solution else before.get(exercise, [])
            carried["hints"][exercise] = found
    return json.dumps(carried, ensure_ascii=False, indent=1) + "\n"
