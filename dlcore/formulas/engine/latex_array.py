"""Print the lines of a derivation under one another, each with its reason."""

from dlcore.formulas.engine.latex import latex

SPACE = "1.1em"  # between two lines
NEAR = "0.3em"  # from a line to the reason below it
STRUT = r"\rule{0pt}{1.1em}"  # keeps a reason off the denominator above it
SIGNS = {
    "": "",
    "=": "=",
    "<=": r"\le",
    ">=": r"\ge",
    "=>": r"\Rightarrow",
    "<=>": r"\Leftrightarrow",
}


def latex_array(lines, numbered=False, stacked=False):
    r"""Set lines in columns: a number if asked for, the sign, the expression, the reason.

    Stacked, the reason of a line stands below its expression, for narrow pages.

    >>> import sympy as sp
    >>> from collections import namedtuple
    >>> Line = namedtuple("Line", "expr sign reason")
    >>> x = sp.Symbol("x")
    >>> print(latex_array([Line(x, "", ""), Line(2 * x, "<=", "x is positive")]))
    \begin{array}{lll}
     & \displaystyle x & \\[1.1em]
    \le & \displaystyle 2 x & \quad\text{x is positive}
    \end{array}
    >>> print(latex_array([Line(x, "", ""), Line(2 * x, "<=", "x is positive")], stacked=True))
    \begin{array}{ll}
     & \displaystyle x \\[1.1em]
    \le & \displaystyle 2 x \\[0.3em]
    & \rule{0pt}{1.1em}\text{\small x is positive}
    \end{array}
    """
    rows = []
    for number, line in enumerate(lines, 1):
        sign = SIGNS[line.sign]
        reason = line.reason
        cells = [rf"\text{{{number}}}\quad"] if numbered else []
        cells += [sign, rf"\displaystyle {latex(line.expr)}"]
        if stacked:
            reason = rf"{STRUT}\text{{\small {line.reason}}}"
            below = rf" \\[{NEAR}]" + "\n" + "& " * (len(cells) - 1) + reason
            rows.append(" & ".join(cells) + (below if line.reason else ""))
        else:
            cells += [rf"\quad\text{{{reason}}}" if reason else ""]
            rows.append(" & ".join(cells).rstrip())
    columns = "r" * numbered + ("ll" if stacked else "lll")
    body = f" \\\\[{SPACE}]\n".join(rows)
    return f"\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}"
