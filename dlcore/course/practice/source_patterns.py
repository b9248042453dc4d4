"""Name slips that can be read off the text of an answer: a return too few, or too early."""

import ast

from dlcore.course.exercises.skeleton import definitions, exercises_in

LOOPS = (ast.For, ast.While)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def pattern_in(source, exercise, in_place=False):
    """Return a sentence on the definition of an exercise in a text, or nothing.

    What an exercise of changes `in_place` returns is not looked at.
    """
    try:
        node = dict(definitions(ast.parse(source)))[exercises_in(source)[exercise]]
    except (SyntaxError, KeyError, ValueError):
        return ""
    return pattern(node, in_place)


def pattern(node, in_place=False):
    r"""Return a sentence on a function, or on the first method of a class that earns one.

    >>> pattern(ast.parse("def f(x):\n    for y in x:\n        z = y\n        return z").body[0])
    'the `return` in line 4 is inside of the loop, which ends in its first round'
    """
    if isinstance(node, ast.ClassDef):
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
        return next(filter(None, map(early_return, methods)), "")
    return early_return(node) or ("" if in_place else no_return(node))


def early_return(function):
    """Name a return that stands in a loop without a condition and ends its first round."""
    for loop in (each for each in within(function) if isinstance(each, LOOPS)):
        goes_on = any(isinstance(each, ast.Continue) for each in within(loop))
        for line in loop.body:
            if isinstance(line, ast.Return) and not goes_on:
                where = f"the `return` in line {line.lineno} is inside of the loop"
                return f"{where}, which ends in its first round"
    return ""


def no_return(function):
    """Tell when a function that computes something never returns anything."""
    inside = list(within(function))
    yields = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in inside)
    returns = [each for each in inside if isinstance(each, ast.Return) and each.value]
    raises = isinstance(function.body[-1], ast.Raise)
    return (
        "" if yields or returns or raises else f"{function.name} has no `return`: it returns None"
    )


def within(node):
    """Yield the nodes below a function, but not those of functions inside of it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, SCOPES):
            yield from within(child)
