"""Print a formula as a book would.

Factors and terms keep the order in which they were written, sums along a whole axis name
nothing but their index, conditions stand in brackets, ``y_bar`` wears a bar.
"""

# ruff: noqa: N802 (sympy finds the methods of a printer by the names of its classes)

import re

import sympy as sp
from sympy.printing.latex import LatexPrinter

from dlcore.formulas.engine.symbols import NAMES, Indicator, Norm, axis

ACCENTS = {"bar": "bar", "dot": "dot", "hat": "hat", "mean": "bar"}
WORDS = {
    "log": r"\ln",
    "sin": r"\sin",
    "cos": r"\cos",
    "tanh": r"\tanh",
    "erf": r"\operatorname{erf}",
}


def latex(formula):
    r"""Print a formula as a book would.

    >>> from dlcore.formulas import linear
    >>> print(latex(linear.linear_w_bar))
    \bar{w}_{d,m} = \sum_{n} x_{n,d} \, \bar{y}_{n,m}
    """
    return Book().doprint(formula)


def letter(name, indexed=False):
    r"""Turn a name into a letter with its accent and its number.

    >>> letter("y_bar"), letter("beta1"), letter("w1", indexed=True), letter("v_next")
    ('\\bar{y}', '\\beta_{1}', 'w^{(1)}', 'v^{+}')
    >>> letter("x_hat_bar")
    '\\bar{\\hat{x}}'
    """
    head, *marks = name.split("_")
    stem, number, primes = re.fullmatch(r"([A-Za-z]+)(\d*)('*)", head).groups()
    text = NAMES.get(stem, stem if len(stem) == 1 else rf"\mathrm{{{stem}}}")
    for mark in filter(ACCENTS.get, marks):
        text = rf"\{ACCENTS[mark]}{{{text}}}"
    if number:
        text += rf"^{{({number})}}" if indexed else f"_{{{number}}}"
    raised = "^{+}" * ("next" in marks) + "^{*}" * ("star" in marks)
    return text + primes + raised + "'" * ("prime" in marks)


def spine(expr, kind):
    """List the factors of a product, or the terms of a sum, from left to right."""
    if not isinstance(expr, kind):
        return [expr]
    first, *rest = expr.args
    return [*spine(first, kind), *rest]


def unsigned(expr):
    """Split a leading minus from an expression:  -a b  is  (True, a b)."""
    if expr.is_Number:
        return bool(expr < 0), abs(expr)
    if not expr.is_Mul:
        return False, expr
    first, *rest = spine(expr, sp.Mul)
    minus, first = unsigned(first)
    head = [] if minus and first == 1 else [first]
    return minus, sp.Mul(*head, *rest, evaluate=False)


def split(factor):
    """Split a factor into what stands above the bar and what stands below it."""
    if factor.is_Rational:
        return sp.Integer(factor.p), sp.Integer(factor.q)
    if factor.is_Pow and factor.exp.is_Number and factor.exp < 0:
        base, power = factor.args
        return sp.S.One, base if power == -1 else sp.Pow(base, -power, evaluate=False)
    return factor, sp.S.One


def fractions(expr):
    """Cut a product into (above, below): a divisor divides what stands before it, if anything."""
    above, below = [], []
    for over, under in map(split, spine(expr, sp.Mul)):
        wide = isinstance(over, sp.Add | sp.Sum | sp.Derivative)
        if below and under == 1 and (above or wide):
            yield above, below
            above, below = [], []
        above += [over] if over != 1 else []
        below += [under] if under != 1 else []
    yield above, below


def bracket(text):
    """Put brackets around a text, tall ones around tall text."""
    return rf"\left( {text} \right)" if re.search(r"\\(frac|sum)", text) else f"({text})"


class Book(LatexPrinter):
    """sympy's printer, with the manners of a book."""

    def group(self, expr, last=True):
        """Print a factor, in brackets where it would run into its neighbours."""
        text = self._print(expr)
        runs_on = isinstance(expr, sp.Sum | sp.log | sp.tanh | sp.sin | sp.cos) and not last
        return bracket(text) if expr.is_Add or runs_on or unsigned(expr)[0] else text

    def product(self, factors, alone=True):
        """Set factors side by side, with a little air after an index."""
        if not factors or (alone and len(factors) < 2):
            return self._print(factors[0]) if factors else "1"
        *most, end = factors
        text = ""
        for piece in [*(self.group(factor, last=False) for factor in most), self.group(end)]:
            tight = not text.endswith(("}", "]")) or re.match(r"[(\[]|\\(left|sum)", piece)
            word = re.search(r"\\mathrm\{\w{2,}\}$", text)
            apart = text and (piece[0].isdigit() or (word and piece.startswith(r"\mathrm")))
            space = r" \cdot " if apart else " " if tight else r" \, "
            text += space + piece
        return text.lstrip()

    def _print_Mul(self, expr):
        """Print a product, its divisors below bars."""
        minus, expr = unsigned(expr)
        if minus:
            return "-" + self.group(expr)
        texts = []
        for above, below in fractions(expr):
            if below:
                texts.append(rf"\frac{{{self.product(above)}}}{{{self.product(below)}}}")
            else:
                texts.append(self.product(above, alone=not texts))
        return " ".join(texts).replace(r"} \frac", r"} \, \frac")

    def _print_Add(self, expr, order=None):
        """Print terms in their order, but never a negative number first."""
        first, *rest = spine(expr, sp.Add)
        terms = [*rest, first] if first.is_Number and first < 0 else [first, *rest]
        terms = map(unsigned, terms)
        text = "".join((" - " if minus else " + ") + self.group(term) for minus, term in terms)
        return re.sub("^ - ", "-", text.removeprefix(" + "))

    def _print_Pow(self, expr):
        """Print a power, a root or a divisor."""
        base, power = expr.args
        if power.is_Number and power < 0:
            return self._print_Mul(expr)
        if power == sp.Rational(1, 2):
            return rf"\sqrt{{{self._print(base)}}}"
        if isinstance(base, sp.tanh):
            return self.word(base, f"^{{{self._print(power)}}}")
        text = self._print(base)
        closed = isinstance(base, sp.Symbol | sp.Indexed | sp.Abs | Norm)
        closed = closed or (base.is_Integer and base > 0)
        plain = closed and ("^" not in text or isinstance(base, sp.Abs | Norm))
        return f"{text if plain else bracket(text)}^{{{self._print(power)}}}"

    def _print_Sum(self, expr):
        """Print a sum: whole axes by their index, a condition on the last one below the sign."""
        term = expr.function
        under = []
        signs = ""
        for index, low, high in expr.limits:
            if low == 0 and axis(index) is not None and high == axis(index) - 1:
                under.append(self._print(index))
            else:
                signs += rf"\sum_{{{index} = {self._print(low)}}}^{{{self._print(high)}}} "
        first, *rest = spine(term, sp.Mul)
        if under and isinstance(first, Indicator):
            under[-1] = self._print(first.args[0])
            term = sp.Mul(*rest, evaluate=False)
        return signs + (rf"\sum_{{{','.join(under)}}} " if under else "") + self.group(term)

    def _print_Largest(self, expr):
        """Print the largest along whole axes, by their indices."""
        under = ",".join(self._print(index) for index, *_ in expr.limits)
        return rf"\max_{{{under}}} {self.group(expr.function)}"

    def word(self, expr, power=""):
        """Print a function of one argument."""
        name = expr.func.__name__
        argument = expr.args[0]
        text = self._print(argument)
        bare = name != "erf" and not argument.is_Add and not unsigned(argument)[0]
        return f"{WORDS[name]}{power}" + (f" {text}" if bare else bracket(text))

    _print_log = _print_tanh = _print_sin = _print_cos = _print_erf = word

    def _print_exp(self, expr):
        text = re.sub(r"\\frac{([^ ]+)}{(\w+)}", r"\1 / \2", self._print(expr.args[0]))
        return f"e^{{{text}}}"

    def _print_Max(self, expr):
        return r"\max" + bracket(", ".join(map(self._print, expr.args)))

    def _print_Abs(self, expr):
        return rf"\lvert {self._print(expr.args[0])} \rvert"

    def _print_Norm(self, expr):
        return rf"\lVert {self._print(expr.args[0])} \rVert"

    def applied(self, function, argument):
        """Print  f(x)."""
        return self._print(function) + bracket(self._print(argument))

    def _print_MatrixSymbol(self, expr):
        return letter(expr.name, indexed=True)

    def _print_Transpose(self, expr):
        text = self._print(expr.arg)
        closed = expr.arg.is_symbol and "^" not in text
        return (text if closed else f"{{{text}}}") + r"^{\mathsf{T}}"

    def _print_MatAdd(self, expr):
        minus = [term.is_MatMul and term.args[0] == -1 for term in expr.args]
        terms = [-term if less else term for term, less in zip(expr.args, minus, strict=True)]
        pairs = sorted(zip(minus, map(self._print, terms), strict=True))
        text = "".join((" - " if less else " + ") + term for less, term in pairs)
        return re.sub("^ - ", "-", text.removeprefix(" + "))

    def _print_MatMul(self, expr):
        return " ".join(map(self.factor, expr.args))

    def _print_HadamardProduct(self, expr):
        return r" \odot ".join(map(self.factor, expr.args))

    def factor(self, expr):
        """Print a factor of a product of matrices."""
        text = self._print(expr)
        wide = expr.is_MatAdd or expr.is_Add or isinstance(expr, sp.HadamardProduct)
        return bracket(text) if wide else text

    def _print_Indicator(self, expr):
        return f"[{self._print(expr.args[0])}]"

    def _print_KroneckerDelta(self, expr):
        return f"[{' = '.join(map(self._print, expr.args))}]"

    def _print_Derivative(self, expr):
        above, below = map(self._print, (expr.expr, *expr.variables))
        if isinstance(expr.expr, sp.Symbol | sp.Indexed):
            return rf"\frac{{\partial {above}}}{{\partial {below}}}"
        return rf"\frac{{\partial}}{{\partial {below}}} " + bracket(above)

    def _print_Symbol(self, expr, style="plain"):
        return letter(expr.name)

    def _print_Indexed(self, expr):
        indices = ",".join(map(self._print, expr.indices))
        return f"{letter(expr.base.name, indexed=True)}_{{{indices}}}"
