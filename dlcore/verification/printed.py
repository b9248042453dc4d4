"""The formulas that a page prints, in LaTeX, in the order of the page.

Chapter: book/formulas.md.
"""

import re
from importlib import import_module

from dlcore.course.exercises import topics
from dlcore.formulas.engine.latex import latex

PRINTED = re.compile(r"^`{3}\{formula\} +(\S+)$", re.MULTILINE)


def latex_of_page(topic):
    r"""List the formulas of a chapter in LaTeX; none where the course is without its page.

    >>> latex_of_page("linear")[0]
    'y_{n,m} = \\sum_{d} x_{n,d} \\, w_{d,m} + b_{m}'
    """
    path = topics.ROOT / f"book/{topic}.md"
    names = PRINTED.findall(path.read_text(encoding="utf-8")) if path.exists() else []
    found = []
    for name in dict.fromkeys(names):
        home, _, formula = name.rpartition(".")
        module = import_module(f"dlcore.formulas.{home or topic}")
        found.append(latex(getattr(module, formula)))
    return found
