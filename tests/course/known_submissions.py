"""Make submissions of known answers: what a student would hand in who had written one of them.

The answers of a file share its imports and its helpers. A submission is the text of the solution,
then these, then a single answer without its mark, so that its names take the place of the
book's. A judge in another process can import it: it names nothing that is here alone.
"""

import ast
from functools import cache

from dlcore.course.exercises import known_answers, topics
from dlcore.course.grading.verdict import Item, digest

KINDS = {
    "wrong": ("solutions/wrong", known_answers.load_wrong),
    "adversarial": ("solutions/wrong/adversarial", known_answers.load_adversarial),
    "right": ("solutions/right", known_answers.load_right),
}
MARKS = ("wrong", "adversarial", "right", "known")


def load(kind, topic):
    """List the known answers of a kind to a topic."""
    return KINDS[kind][1](topic)


@cache
def parse(kind, topic):
    """Return the text of a file of known answers and its nodes: shared ones, marked ones."""
    path = topics.ROOT / KINDS[kind][0] / f"{topic}.py"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    _, *body = ast.parse(text or "'empty'").body  # the first node is the docstring
    answers = [node for node in body if is_marked(node)]
    return text, [node for node in body if node not in answers and not is_here(node)], answers


def is_marked(node):
    """Tell whether a node is a known answer:  @wrong(…),  @right(…)."""
    marks = [mark for mark in getattr(node, "decorator_list", ()) if isinstance(mark, ast.Call)]
    return any(ast.unparse(mark.func) in MARKS for mark in marks)


def is_here(node):
    """Tell whether a node imports the marks, which a submission does not need."""
    return isinstance(node, ast.ImportFrom) and node.module == known_answers.__name__


def helpers(kind, topic):
    """Name what the shared nodes of a file define, besides imports."""
    targets = [
        target
        for node in parse(kind, topic)[1]
        for target in getattr(node, "targets", [node])
        if not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = [name for target in targets for name in ast.walk(target)]
    assigned = {
        node.id for node in names if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return assigned | {node.name for node in targets if hasattr(node, "name")}


def submissions(kind, topic):
    """Yield each known answer with its item, as it would be handed in."""
    text, shared, answers = parse(kind, topic)
    solution = (topics.ROOT / f"solutions/{topic}.py").read_text(encoding="utf-8")
    before = [ast.get_source_segment(text, node) for node in shared]
    for answer, node in zip(load(kind, topic), answers, strict=True):
        parts = [solution, *before, ast.get_source_segment(text, node)]
        source = "\n\n\n".join(parts).encode()
        yield answer, Item(kind, topic, answer.exercise, 1, source, digest(source))
