"""A recursion on graphs, its calls counted, by the letters of the page.

Chapter: book/graph.md.
"""

from dlcore.experiments import graph


def calls(diamonds):
    """Count the calls of a recursion from the top of a stack of diamonds."""
    tower = graph.Counted(graph.diamonds(diamonds))
    graph.recursive(tower, diamonds, 1, {})
    return tower.asked


def calls_above(t):
    """The same with one more diamond."""
    return calls(t + 1)
