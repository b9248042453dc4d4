"""The normal form: two expressions that the axioms make equal are written alike.

Inner products are expanded over sums, ‖u‖² is ⟨u, u⟩, definitions are written out, and a product
of sums is one sum over several indices. What is left are letters, inner products of letters,
and sums of their products in a fixed order.
"""

from itertools import groupby, islice, permutations, product

import sympy as sp

from dlcore.formulas.engine.calculus import slope, unfold_all
from dlcore.formulas.engine.certificates import Slack
from dlcore.formulas.engine.symbols import Norm, axis
from dlcore.formulas.engine.vectors import Gradient, Inner, Value, Vector, is_vector


class Normalizer:
    """The rules of arithmetic and of inner products, and the definitions of a derivation.

    >>> from dlcore.formulas.engine.definitions import Definitions
    >>> u, v = Vector("u"), Vector("v")
    >>> Normalizer(Definitions()).normalize(Norm(u + v) ** 2 - Norm(u - v) ** 2)
    4*Inner(u, v)
    """

    def __init__(self, definitions):
        self.definitions = definitions

    def normalize(self, expr):
        """Write an expression in its normal form."""
        with sp.evaluate(True):
            return self.reduce(sp.sympify(expr))

    def reduce(self, expr):
        """Reduce the parts of an expression first, then what joins them."""
        if isinstance(expr, Slack):
            return self.reduce(expr.meaning())
        if isinstance(expr, sp.Symbol | sp.Indexed | Gradient | Value | sp.Derivative):
            return self.letter(expr)
        if isinstance(expr, Inner | Norm):
            pairs = [self.combination(arg) for arg in expr.args]
            dot = self.multiply(pairs[0], pairs[-1])
            return sp.sqrt(dot) if isinstance(expr, Norm) else dot
        if isinstance(expr, sp.Sum):
            function, limits = from_one(expr)
            return self.add_up(self.reduce(function), [self.limit(each) for each in limits])
        if not expr.args:
            return expr
        whole = expr.func(*map(self.reduce, expr.args))
        return self.expand(whole) if isinstance(whole, sp.Expr) else whole

    def letter(self, expr):
        """Write a letter out, if something defines it."""
        if isinstance(expr, sp.Indexed):
            expr = expr.base[tuple(map(self.reduce, expr.indices))]
        if isinstance(expr, Gradient | Value):
            expr = expr.func(expr.args[0], self.vector(expr.args[1]))
        meaning = self.definitions.meaning(expr)
        if meaning is None and isinstance(expr, sp.Derivative):
            meaning = slope(unfold_all(expr.expr, self.definitions.equations), *expr.variables)
        return expr if meaning is None else self.reduce(meaning)

    def limit(self, limit):
        """Reduce the ends of a range."""
        index, low, high = limit
        return index, self.reduce(low), self.reduce(high)

    def vector(self, expr):
        """Write a vector in its normal form: letters with their coefficients."""
        parts = self.combination(expr)
        return sp.Add(*(self.add_up(factor * atom, limits) for factor, atom, limits in parts))

    def combination(self, expr):
        """Take a vector apart:  [(coefficient, letter, sums over it)]."""
        if isinstance(expr, Vector | Gradient | sp.Indexed):
            whole = self.letter(expr)
            known = isinstance(whole, Vector | Gradient | sp.Indexed)
            return [(sp.S.One, whole, ())] if known else self.combination(whole)
        if isinstance(expr, sp.Add):
            return [part for term in expr.args for part in self.combination(term)]
        if isinstance(expr, sp.Sum):
            function, limits = from_one(expr)
            limits = tuple(map(self.limit, limits))
            return [(c, atom, (*over, *limits)) for c, atom, over in self.combination(function)]
        if isinstance(expr, sp.Mul):
            (one,) = [arg for arg in expr.args if is_vector(arg)] or [sp.S.Zero]
            factor = self.reduce(sp.Mul(*(arg for arg in expr.args if not is_vector(arg))))
            return [(factor * c, atom, over) for c, atom, over in self.combination(one)]
        if expr == 0:
            return []
        raise ValueError(f"combination: {expr} is no vector, name its letters with vectors()")

    def multiply(self, left, right):
        """Multiply two vectors, term by term."""
        terms = []
        for (factor, u, over), (other, v, along) in product(left, right):
            core, limits = with_fresh_indices(other * Inner(u, v), along, inside=v)
            terms.append(self.add_up(factor * core, [*over, *limits]))
        return sp.Add(*terms)

    def expand(self, expr):
        """Multiply out, and turn every product of sums into one sum."""
        expr = sp.expand(expr)
        if not expr.has(sp.Sum):
            return sort_inner_products(expr)
        return sp.Add(*(self.close(*split_off_sums(term)) for term in sp.Add.make_args(expr)))

    def add_up(self, term, limits):
        """Add up a reduced term over some ranges."""
        terms = []
        for part in sp.Add.make_args(sp.expand(term)):
            core, own = split_off_sums(part)
            terms.append(self.close(core, [*own, *limits]))
        return sp.Add(*terms)

    def close(self, core, limits):
        """Write a sum of one product in its normal form."""
        for at, (index, low, high) in enumerate(limits):
            rest = [*limits[:at], *limits[at + 1 :]]
            used = core.free_symbols.union(*(sp.Tuple(*limit).free_symbols for limit in rest))
            if index not in used:
                return self.add_up((high - low + 1) * core, rest)
            for delta in core.atoms(sp.KroneckerDelta) if axis(index) is not None else ():
                if index in delta.args and delta in sp.Mul.make_args(core):
                    other = delta.args[1 - delta.args.index(index)]
                    return self.add_up((core / delta).xreplace({index: other}), rest)
            if axis(index) is None and (ends := extra_terms(high)) is not None:
                more, fewer = ends
                whole = [] if high.is_Integer else [(index, low, high - more + fewer)]
                inner = self.add_up(core, [*rest, *whole]) if whole else 0
                last = high - more + fewer
                added = [self.at(core, index, last + step) for step in range(1, more + 1)]
                taken = [self.at(core, index, last - step) for step in range(fewer)]
                return inner + self.add_up(sp.Add(*added) - sp.Add(*taken), rest)
        return canonical_sum(core, limits)

    def at(self, core, index, place):
        """Put an index in its place, and reduce what can then be written out."""
        return self.reduce(core.subs(index, place))


def from_one(whole):
    """Let every sum over steps start at one."""
    function = whole.function
    limits = []
    for index, low, high in whole.limits:
        if axis(index) is None and low != 1:
            function = function.subs(index, index + low - 1)
            limits.append((index, sp.S.One, high - low + 1))
        else:
            limits.append((index, low, high))
    return function, limits


def extra_terms(high):
    """Say how many terms a sum to T + c has more, or fewer, than one to T; None if as many."""
    if high.is_Integer:
        return int(high), 0
    shift = high.as_coeff_Add()[0]
    if not shift.is_Integer or shift == 0:
        return None
    return max(int(shift), 0), max(-int(shift), 0)


def with_fresh_indices(core, limits, inside=None):
    """Give the indices of sums fresh names, so that two sums can stand in one."""
    names = {index: sp.Dummy(index.name.rstrip("'"), integer=True) for index, *_ in limits}
    limits = [tuple(sp.sympify(each).xreplace(names) for each in limit) for limit in limits]
    return core.xreplace(names), limits


def split_off_sums(term):
    """Take the sums off a product:  (Σ a)² b  is  a a' b, summed over two indices."""
    factors = []
    limits = []
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if isinstance(base, sp.Sum) and power.is_Integer and power > 0:
            for _ in range(power):
                core, own = with_fresh_indices(base.function, base.limits)
                factors.append(core)
                limits += own
        else:
            factors.append(factor)
    return sp.Mul(*factors), limits


def canonical_sum(core, limits):
    """Name the indices of a sum so that equal sums look equal; constants leave it."""
    bound = {index for index, *_ in limits}
    factors = sp.Mul.make_args(core)
    outside = sp.Mul(*(factor for factor in factors if not bound & factor.free_symbols))
    core = sp.Mul(*(factor for factor in factors if bound & factor.free_symbols))
    if not limits:
        return sort_inner_products(outside)
    rank = lambda limit: (str(axis(limit[0]) or "t"), str(limit[2]))
    groups = [list(group) for _, group in groupby(sorted(limits, key=rank), rank)]
    depth = max((s.name.count("'") for s in core.atoms(sp.Symbol) - bound), default=0)
    choices = []
    for order in islice(product(*map(permutations, groups)), 24):
        chosen = [limit for group in order for limit in group]
        names = {
            limit[0]: canonical_index(limit[0], 5 + depth + at) for at, limit in enumerate(chosen)
        }
        ranges = [sp.Tuple(*limit).xreplace(names) for limit in chosen]
        choices.append(sp.Sum(sort_inner_products(core.xreplace(names)), *ranges))
    return outside * min(choices, key=str)


def canonical_index(index, primes):
    """Write the canonical name of an index of a sum."""
    letter = {"N": "n", "D": "d", "M": "m", "K": "k"}.get(str(axis(index)), "t")
    return sp.Symbol(letter + "'" * primes, integer=True)


def sort_inner_products(expr):
    """Write every inner product with its vectors in a fixed order."""
    return expr.replace(Inner, lambda u, v: Inner(*sorted((u, v), key=sp.default_sort_key)))
