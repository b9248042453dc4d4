'''Cut the exercises from the solutions, and never touch what a reader has written.

A solution marks what the reader is to find:

    def softmax(scores):
        """Exercise loss-softmax.  Turn scores into probabilities."""
        # BEGIN SOLUTION
        # HINT: subtract the largest score of each row first
        # HINT: then exponentiate, and divide each row by its sum
        ...
        # END SOLUTION

The cut replaces the marked lines by the first hint. The first line of the cut file carries
a fingerprint of the others: while the two agree, nobody has written there.
'''

import ast
import hashlib
import json
import re

from dlcore.course.exercises import topics

SOLUTION = re.compile(
    r"^(?P<indent> *)# BEGIN SOLUTION\n"
    r"(?P<hints>(?: *# HINT: [^\n]+\n)+)"
    r"(?:(?! *# BEGIN SOLUTION)[^\n]*\n)*?"
    r" *# END SOLUTION$",
    re.MULTILINE,
)
LEFT_OVER = re.compile(r"^ *# (BEGIN SOLUTION|END SOLUTION|HINT:).*$", re.MULTILINE)
HEADER = re.compile(r"# Cut from .* \[(?P<fingerprint>[0-9a-f]{12})\]\n")
WIDTH = 100
RELEASE_FILE = "exercises/release.json"


def skeleton(source):
    r"""Replace every marked solution in `source` by its first hint.

    >>> print(skeleton("# BEGIN SOLUTION\n# HINT: add one\ny = x + 1\n# END SOLUTION"))
    # TODO: add one
    raise NotImplementedError("add one")
    """
    cut = SOLUTION.sub(hole, source)
    if left_over := LEFT_OVER.search(cut):
        line = cut.count("\n", 0, left_over.start()) + 1
        raise ValueError(
            f"skeleton: line {line} of the cut is {left_over[0].strip()!r}, write "
            "# BEGIN SOLUTION, one # HINT: or more, the solution, # END SOLUTION"
        )
    return cut


def hole(solution):
    """Write what stands in the place of one marked solution: a TODO that raises its hint."""
    indent = solution["indent"]
    hint = hint_lines(solution["hints"])[0]
    message = repr(hint) if '"' in hint else f'"{hint}"'
    refusal = f"{indent}raise NotImplementedError({message})"
    if len(refusal) > WIDTH:
        refusal = f"{indent}raise NotImplementedError(\n{indent}    {message}\n{indent})"
    return f"{indent}# TODO: {hint}\n{refusal}"


def hint_lines(hints):
    """Take the sentences out of a block of hint lines."""
    return [line.partition("# HINT: ")[2].strip() for line in hints.splitlines()]


def definitions(node, prefix=""):
    """Yield (qualified name, node) of every function and class below `node`, outer ones first."""
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield prefix + child.name, child
            yield from definitions(child, f"{prefix}{child.name}.")


def hints(source):
    """Collect all hints of a solution, by the qualified name of the function they help with."""
    found = {}
    defined = list(definitions(ast.parse(source)))
    for solution in SOLUTION.finditer(source):
        line = source.count("\n", 0, solution.start()) + 1
        names = [name for name, node in defined if node.lineno <= line <= node.end_lineno]
        found.setdefault(names[-1] if names else "", []).extend(hint_lines(solution["hints"]))
    return found


def exercises_in(source):
    r"""Map each exercise to the function or class whose docstring begins with its name.

    >>> exercises_in('def softmax(x):\n    "Exercise loss-softmax.  Divide by the sum."')
    {'loss-softmax': 'softmax'}
    """
    docstrings = {name: ast.get_docstring(node) for name, node in definitions(ast.parse(source))}
    labels = {name: re.match(r"Exercise ([\w-]+)\.", doc or "") for name, doc in docstrings.items()}
    return {label[1]: name for name, label in labels.items() if label}


def fingerprint(body):
    """Condense a text to twelve hexadecimal digits."""
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def cut(topic):
    """Return the text of `exercises/<topic>.py` as cut from the solution: header and skeleton."""
    solution = topics.ROOT / f"solutions/{topic}.py"
    if not solution.exists() and topic in read_release_file()["cuts"]:
        return read_release_file()["cuts"][topic]
    body = skeleton(solution.read_text(encoding="utf-8"))
    title = f"# Cut from solutions/{topic}.py by `dlcore exercises`: write your answers here."
    return f"{title} [{fingerprint(body)}]\n{body}"


def read_release_file():
    """Read the hints and the cuts that a course without solutions carries in their place."""
    path = topics.ROOT / RELEASE_FILE
    empty = {"hints": {}, "cuts": {}}
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty


def untouched(text):
    """Tell whether a file is as it was cut: its header knows the fingerprint of its body."""
    header = HEADER.match(text)
    return bool(header) and header["fingerprint"] == fingerprint(text[header.end() :])


def stale(text, fresh):
    """Tell whether a file was cut from another solution than the `fresh` cut was."""
    header = HEADER.match(text)
    return not header or header["fingerprint"] != HEADER.match(fresh)["fingerprint"]


def exercises(*topic_names: str, check: bool = False):
    """Cut the exercises of TOPICS, or of all; files that hold answers are left alone."""
    behind = False
    for topic in [
        topics.require(topic, by="exercises") for topic in topic_names
    ] or topics.topics():
        path = topics.ROOT / f"exercises/{topic}.py"
        fresh = cut(topic)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        behind |= stale(text, fresh)
        if not check and text != fresh and (not text or untouched(text)):
            path.parent.mkdir(exist_ok=True)
            path.write_text(fresh, encoding="utf-8", newline="\n")
            print(f"exercises/{topic}.py is cut from its solution")
        else:
            print(f"exercises/{topic}.py {condition(text, fresh)}")
    if check and behind:
        raise SystemExit(1)


def condition(text, fresh):
    """Say what an exercise file is, compared with a fresh cut."""
    if text == fresh:
        return "is up to date"
    if not text:
        return "is missing"
    if untouched(text):
        return "is behind its solution"
    changed = ", but the solution has changed since it was cut" if stale(text, fresh) else ""
    return f"holds answers and is left alone{changed}"
