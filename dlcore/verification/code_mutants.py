"""Make mutants of programs: copies of a source in which a single token has changed.

Tests that pass on a program ought to fail on every mutant of it that computes something else.
A mutant that computes the same is equivalent: nobody can refuse it.
"""

import ast
import io
import keyword
import tokenize
import tomllib
from dataclasses import dataclass
from hashlib import sha256

# fmt: off
OPERATORS = {
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "//", "**": "*", "@": "*",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&": "|", "|": "&",
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "//=": "/=", "@=": "*=", "<<": ">>", ">>": "<<",
}
WORDS = {
    "and": "or", "or": "and", "True": "False", "False": "True", "not": "bool", "break": "continue",
    "continue": "break", "any": "all", "all": "any", "min": "max", "max": "min", "sum": "mean",
    "mean": "sum", "zeros": "ones", "ones": "zeros", "floor": "ceil", "ceil": "floor",
    "minimum": "maximum", "maximum": "minimum", "argmin": "argmax", "argmax": "argmin",
    "exp": "expm1", "log": "log1p", "sin": "cos", "cos": "sin", "abs": "float", "append": "extend",
}
# fmt: on


@dataclass(frozen=True)
class CodeMutant:
    """A slip of one token: its place, what stood there, what stands there now, the program."""

    line: int
    column: int
    text: str
    old: str
    new: str
    source: str

    def __str__(self):
        return f"{self.text}  [{self.old} -> {self.new} at {self.column}]"


def code_mutants(source, rows=None):
    r"""Yield every mutant of a source that is a program, in the order of its tokens.

    Given the numbers of some lines, only tokens of those lines change.

    Operators, numbers, truth values and some functions are exchanged for their neighbours, a
    variable for another one of the same function. Texts, imports, names of keywords and of
    what is defined are left alone.

    >>> [str(mutant) for mutant in code_mutants("def f(a):\n    return a + 1")]
    ['return a + 1  [+ -> - at 9]', 'return a + 1  [1 -> 2 at 11]', 'return a + 1  [1 -> 0 at 11]']
    """
    lines = source.splitlines(keepends=True)
    tree = ast.parse(source)
    kept = positions_to_keep(tree)
    names = variables(tree)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for before, token, following in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if rows is not None and token.start[0] not in rows:
            continue
        if token.start in kept or (token.type == tokenize.NAME and following.string == "="):
            continue
        if before.string in ("def", "class"):
            continue
        if token.string in ("*", "**") and before.string in ("(", ","):
            continue  # keywords begin, or a sequence is unpacked
        for new in replacements(token, names):
            number, column = token.start
            text = lines[number - 1]
            changed = text[:column] + new + text[token.end[1] :]
            whole = "".join([*lines[: number - 1], changed, *lines[number:]])
            if is_program(whole):
                at = column - (len(text) - len(text.lstrip()))
                yield CodeMutant(number, at, text.strip(), token.string, new, whole)


def replacements(token, names):
    """List what may stand in the place of a token."""
    old = token.string
    if token.type == tokenize.NUMBER:
        value = ast.literal_eval(old)
        return [str(value + 1)] + [str(value - 1)] * (value == 1)
    if token.type == tokenize.OP:
        return [OPERATORS[old]] if old in OPERATORS else []
    if token.type != tokenize.NAME:
        return []
    others = names.get(token.start, ())
    chosen = (
        others[int(sha256(repr(token).encode()).hexdigest(), 16) % len(others)] if others else ""
    )
    return ([WORDS[old]] if old in WORDS else []) + [chosen] * bool(chosen)


def is_program(source):
    """Tell whether a source can be parsed."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def positions_to_keep(tree):
    """Collect the places that no mutant changes: of imports, decorators, annotations."""
    kept = set()
    for node in ast.walk(tree):
        outside = [node] if isinstance(node, ast.Import | ast.ImportFrom) else []
        outside += getattr(node, "decorator_list", [])
        outside += [part for part in (getattr(node, "annotation", None),) if part]
        for part in outside:
            rows = range(part.lineno, part.end_lineno + 1)
            kept |= {(row, column) for row in rows for column in range(120)
                     if (part.lineno, part.col_offset) <= (row, column)
                     < (part.end_lineno, part.end_col_offset)}  # fmt: skip
        kept |= {(mark.lineno, mark.col_offset - 1) for mark in getattr(node, "decorator_list", ())}
    return kept


def variables(tree):
    """Map the place of every variable that is read to the other variables of its function."""
    found = {}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        reads = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        arguments = [each.arg for each in ast.walk(function) if isinstance(each, ast.arg)]
        local = [*arguments, *(node.id for node in reads if isinstance(node.ctx, ast.Store))]
        for node in reads:
            if isinstance(node.ctx, ast.Load) and node.id in local:
                others = sorted({*local} - {node.id, "self", "_"} - {*keyword.kwlist})
                found[node.lineno, node.col_offset] = others
    return found


def equivalent(path):
    """Read which mutants compute the same, and why; without a file there are none.

    A table for each place holds lines such as  'return a + b  [a -> c at 7]' = "the reason".
    """
    table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        (place, mutant): reason for place, rows in table.items() for mutant, reason in rows.items()
    }
