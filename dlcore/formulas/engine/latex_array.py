"""Print the lines of a derivation under one another, with their reasons to the right."""

from dlcore.formulas.engine.latex import latex

SPACE = "1.1em"  # between two lines
SIGNS = {
    "": "",
    "=": "=",
    "<=": r"\le",
    ">=": r"\ge",
    "=>": r"\Rightarrow",
    "<=>": r"\Leftrightarrow",
}


def latex_array(lines, numbered=False):
    r"""Set lines in columns: a number if asked for, the sign, the expression, the reason.

    >>> import sympy as sp
    >>> from collections import namedtuple
    >>> Line = namedtuple("Line", "expr sign reason")
    >>> x = sp.Symbol("x")
    >>> print(latex_array([Line(x, "", ""), Line(2 * x, "<=", "x is positive")]))
    \begin{array}{lll}
     & \displaystyle x & \\[1.1em]
    \le & \displaystyle 2 x & \quad\text{x is positive}
    \end{array}
    """
    rows = []
    for number, line in enumerate(lines, 1):
        sign = SIGNS[line.sign]
        reason = line.reason
        cells = [rf"\text{{{number}}}\quad"] if numbered else []
        cells += [sign, rf"\displaystyle {latex(line.expr)}"]
        cells += [rf"\quad\text{{{reason}}}" if reason else ""]
        rows.append(" & ".join(cells).rstrip())
    columns = "r" * numbered + "lll"
    body = f" \\\\[{SPACE}]\n".join(rows)
    return f"\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}"
