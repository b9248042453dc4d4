"""Put the hole of one exercise back, and keep what stood there."""

import ast

from dlcore.course.exercises import topics
from dlcore.course.exercises.skeleton import cut, definitions, exercises_in


def reset(topic, exercise):
    """Replace the answer to `exercise` by its hole; say where the whole file is kept.

    Where the file cannot be read as Python, all of it is cut anew.
    """
    path = topics.ROOT / f"exercises/{topic}.py"
    fresh = cut(topic)
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else fresh
    kept = backup(path)
    try:
        path.write_text(swap(text, fresh, exercise), encoding="utf-8", newline="\n")
    except (SyntaxError, KeyError):
        path.write_text(fresh, encoding="utf-8", newline="\n")
        exercise = f"exercises/{path.name}"
    return f"{exercise} is as it was cut; your answer is kept in exercises/{kept.name}"


def backup(path):
    """Copy a file to the first free name beside it, such as loss.py.1, and return that."""
    number = 1
    while (kept := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    kept.write_bytes(path.read_bytes() if path.exists() else b"")
    return kept


def swap(text, fresh, exercise):
    """Put the definition of an exercise from one text in the place of its answer in another."""
    first, last = span(text, exercise)
    start, stop = span(fresh, exercise)
    lines = text.splitlines(keepends=True)
    hole = fresh.splitlines(keepends=True)[start:stop]
    return "".join([*lines[:first], *hole, *lines[last:]])


def span(source, exercise):
    """Find the lines, from the first to the one behind the last, that define an exercise."""
    node = dict(definitions(ast.parse(source)))[exercises_in(source)[exercise]]
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
    return first - 1, node.end_lineno
