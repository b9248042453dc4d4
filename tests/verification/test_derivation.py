"""Derivations.  Each line follows from the one before; what does not is refused, and named.

Vectors are known by their axioms, sums have T terms, ȳ is arbitrary: nothing is shown by
an example, but an example is enough to refuse.
"""

import subprocess
import sys

import pytest
import sympy as sp

from dlcore.formulas import all_derivations, loss
from dlcore.formulas.engine.calculus import cotangent
from dlcore.formulas.engine.certificates import cauchy, convex, jensen, slack, triangle
from dlcore.formulas.engine.derivation import Derivation, Line, WrongLine
from dlcore.formulas.engine.matrices import each, entrywise, matrix, switch
from dlcore.formulas.engine.planted_error import plant_error, wrong_lines
from dlcore.formulas.engine.symbols import D, Indicator, K, M, N, Norm, d, j, k, m, n, total
from dlcore.formulas.engine.vectors import Function, T, inner, sequences, steps, t, vectors

DERIVATIONS = all_derivations()
u, v, a, b = vectors("u v a b")
w, g = sequences("w g")
rate, bound = sp.symbols("rate bound", positive=True)
x, y, z = sp.symbols("x y z", real=True)
entry, upstream, mean = map(sp.IndexedBase, ["x", "y_bar", "y"])
f = Function("f", convex=True)
step, start = sp.Eq(w[t + 1], w[t] - rate * g[t]), sp.Eq(w[1], 0)
far = lambda at: Norm(w[at] - u) ** 2


def lines(first, *rest, given=()):
    """Write a derivation down."""
    return Derivation("page", [Line(first), *(Line(e, s, *more) for s, e, *more in rest)], given)


def refuses(derivation, message):
    """Expect that its last line is named as wrong, for this reason."""
    number = len(derivation.lines)
    with pytest.raises(WrongLine, match=f"line {number} does not follow.*{message}"):
        derivation.check()
    return True


@pytest.mark.parametrize("label", DERIVATIONS)
def test_every_line_follows_from_the_one_before(label):
    """All derivations of the book, line by line."""
    derivation = DERIVATIONS[label]
    assert len(derivation.check()) == len(derivation.lines) - 1


def narrower(relation):
    """Take one off the right-hand side of a relation."""
    return relation.func(relation.lhs, relation.rhs - 1, evaluate=False)


@pytest.mark.parametrize("label", DERIVATIONS)
def test_every_line_can_be_refused(label):
    """Any line but the first, wrong by a factor or turned, is named."""
    derivation = DERIVATIONS[label]
    for number, line in enumerate(derivation.lines[1:], 2):
        wrong = sp.Add(line.expr, 1) if isinstance(line.expr, sp.Expr) else narrower(line.expr)
        turned = {"<=": ">=", ">=": "<="}.get(line.sign, line.sign)
        changed = {"sign": turned} if turned != line.sign else {"expr": wrong}
        fault = derivation.replaced(number, **changed).fault(number)
        assert f"line {number} does not follow" in str(fault)


def test_every_derivation_has_a_sentence():
    """It begins with a capital, ends with a full stop and fits on a line of the page."""
    for derivation in DERIVATIONS.values():
        assert derivation.sentence[0].isupper()
        assert derivation.sentence.endswith(".")
        assert "\n" not in derivation.sentence


# Equations


def test_a_wrong_line_is_named_with_two_values_at_a_point():
    """(x + y)² is not x² + y²; the message says where, and what both sides are there."""
    pair = lines((x + y) ** 2, ("=", x**2 + y**2))
    assert refuses(pair, r"the sides are -?[\d/.]+ and -?[\d/.]+ at x = .*, y = ")


def test_definitions_are_written_out():
    """With x = y + 1,  x² - 1 = y² + 2y; without it, not."""
    pair = (x**2 - 1, ("=", y**2 + 2 * y))
    assert lines(*pair, given=(sp.Eq(x, y + 1),)).check() == ["axioms"]
    assert refuses(lines(*pair), "the sides are")


def test_inner_products_are_known_by_their_axioms():
    """‖u + v‖² + ‖u - v‖² = 2‖u‖² + 2‖v‖²."""
    sides = Norm(u + v) ** 2 + Norm(u - v) ** 2, 2 * Norm(u) ** 2 + 2 * Norm(v) ** 2
    assert lines(sides[0], ("=", sides[1])).check() == ["axioms"]


def test_what_holds_only_where_there_are_few_dimensions_is_refused():
    """The determinant of the products of four vectors is zero in three dimensions, not in four."""
    four = (u, v, a, b)
    gram = sp.Matrix(4, 4, lambda i, j: inner(*sorted((four[i], four[j]), key=str))).det()
    assert refuses(lines(gram, ("=", sp.S.Zero)), "agree where they were computed, but not by")


def test_a_sum_of_any_length_telescopes():
    """Added up over T steps, ‖wₜ - u‖² - ‖wₜ₊₁ - u‖² is the first square less the last."""
    whole = steps(far(t) - far(t + 1))
    assert lines(whole, ("=", far(1) - far(T + 1))).check() == ["induction"]
    assert refuses(lines(whole, ("=", far(1) - far(T))), "the sides are")


def test_induction_needs_its_first_step():
    """Σₜ t = T (T + 1)/2, and not one more."""
    whole, closed = steps(t), T * (T + 1) / 2
    assert lines(whole, ("=", closed)).check() == ["induction"]
    assert refuses(lines(whole, ("=", closed + 1)), "the sides are")


# Inequalities


def test_a_square_is_never_negative():
    """x² - 2xy + y² ≥ 0 needs no certificate, x² - 2xy ≥ 0 is refused at a point."""
    assert lines((x - y) ** 2, (">=", sp.S.Zero)).check() == ["not negative"]
    assert refuses(lines(x**2 - 2 * x * y, (">=", sp.S.Zero)), "turn or correct the line")


@pytest.mark.parametrize(("left", "right", "sure"), [
    (inner(u, v), Norm(u) * Norm(v), cauchy(u, v)),
    (Norm(u + v), Norm(u) + Norm(v), triangle(u, v)),
    (f(steps(w[t]) / T), steps(f(w[t])) / T, jensen(f, w[t], (t, 1, T))),
    (f(u) + inner(f.gradient(u), v - u), f(v), convex(f, v, u)),
], ids=["Cauchy and Schwarz", "triangle", "Jensen", "tangent"])  # fmt: skip
def test_a_theorem_is_a_certificate(left, right, sure):
    """Its slack is the difference of the sides, and not negative."""
    assert lines(left, ("<=", right, "", sure)).check() == ["certificate, axioms"]
    assert refuses(lines(left, (">=", right, "", sure)), "")


def test_a_certificate_is_the_difference_itself():
    """x² ≤ x² + y² by y², not by 2y²."""
    line = "<=", x**2 + y**2, "", y**2
    assert lines(x**2, line).check() == ["certificate, axioms"]
    assert refuses(lines(x**2, (*line[:3], 2 * y**2)), "the sides differ by .*, the certificate is")


def test_a_certificate_must_not_be_negative():
    """0 ≤ z + 1000 is no theorem, although no point nearby contradicts it."""
    line = "<=", z + 1000, "", z + 1000
    assert refuses(lines(sp.S.Zero, line), "may be negative, or rests on nothing assumed")


def test_an_assumption_must_be_named():
    """‖wₜ‖² ≤ ‖wₜ‖ bound  follows from  ‖wₜ‖ ≤ bound, if that is given."""
    short = sp.Le(Norm(w[t]), bound)
    line = "<=", Norm(w[t]) * bound, "", slack(short) * Norm(w[t])
    assert lines(Norm(w[t]) ** 2, line, given=(short,)).check() == ["certificate, axioms"]
    assert refuses(lines(Norm(w[t]) ** 2, line), "")


def test_an_assumption_holds_for_every_step_and_for_no_other_letter():
    """‖wₜ‖ ≤ rate may be used at t + 1, but not for another rate."""
    short = sp.Le(Norm(w[t]), rate)
    assert slack(short, t=t + 1).meaning() == rate - Norm(w[t + 1])
    with pytest.raises(ValueError, match="rate is no index"):
        slack(short, rate=2 * rate)


def test_a_function_that_is_not_convex_has_no_tangents_below_it():
    """f(v) ≥ f(u) + ⟨∇f(u), v - u⟩ is refused for a function of which nothing is assumed."""
    any_f = Function("f")
    line = ">=", any_f(u) + inner(any_f.gradient(u), v - u), "", convex(any_f, v, u)
    assert refuses(lines(any_f(v), line), "")


def test_a_claim_carries_its_assumptions():
    """Whoever uses what was shown from w₁ = 0 has assumed w₁ = 0."""
    shown = lines(w[1], ("=", sp.S.Zero), given=(start,))
    assert start in lines(x, given=(shown.claim,)).given


# Implications


def test_a_square_loses_the_sign():
    """x = y ⇒ x² = y², but not ⇔."""
    pair = sp.Eq(x, y), sp.Eq(x**2, y**2)
    assert lines(pair[0], ("=>", pair[1])).check() == ["a multiple"]
    assert refuses(lines(pair[0], ("<=>", pair[1])), "this line holds and the one before does not")


def test_a_positive_factor_changes_no_inequality():
    """x ≤ y ⇔ rate x ≤ rate y for a positive rate; for any z, not."""
    assert lines(sp.Le(x, y), ("<=>", sp.Le(rate * x, rate * y))).check() == ["a multiple"]
    assert refuses(lines(sp.Le(x, y), ("=>", sp.Le(z * x, z * y))), "the line before holds and")


def test_nothing_is_divided_by_what_may_be_zero():
    """From z x = z y does not follow x = y; from rate x = rate y it does."""
    product = lambda factor: sp.Eq(factor * x, factor * y)
    assert lines(product(rate), ("<=>", sp.Eq(x, y))).check() == ["a multiple"]
    assert refuses(lines(product(z), ("=>", sp.Eq(x, y))), "")


def test_a_weaker_bound_follows_one_way_only():
    """x ≤ y ⇒ x ≤ y + z², but not ⇔."""
    weaker = sp.Le(x, y + z**2)
    assert lines(sp.Le(x, y), ("=>", weaker, "", z**2)).check() == ["a multiple"]
    assert refuses(lines(sp.Le(x, y), ("<=>", weaker)), "")


def test_the_slope_at_the_mean_is_not_the_mean_of_the_slopes():
    """⟨w̄ - u, ∇f(w̄)⟩ ≤ z and the mean of ⟨wₜ - u, ∇f(wₜ)⟩ ≤ z are not the same."""
    product = lambda at: inner(at - u, f.gradient(at))
    pair = sp.Le(product(steps(w[t]) / T), z), sp.Le(steps(product(w[t])) / T, z)
    assert refuses(lines(pair[0], ("<=>", pair[1])), "the line before holds and this one does not")


# Indices and matrices


def silent(definition):
    """Begin with the backward pass for an arbitrary ȳ, and end with nothing."""
    back = total(upstream[n, j] * sp.Derivative(definition.lhs.xreplace({k: j}), entry[n, k]), j)
    return lines(back, ("=", 0 * upstream[n, k]), given=(definition,))


@pytest.mark.parametrize("definition", [
    loss.softmax, sp.Eq(mean[n, k], entry[n, k] - total(entry[n, j], j) / K, evaluate=False),
], ids=["softmax", "centring"])  # fmt: skip
def test_a_backward_pass_that_says_nothing_is_refused(definition):
    """x̄ = 0 · ȳ would pass a check whose upstream gradient is one everywhere."""
    assert refuses(silent(definition), "the sides are")


def test_a_backward_pass_is_derived_for_every_upstream_gradient():
    """x̄ₖ = Σⱼ ȳⱼ ∂yⱼ/∂xₖ = yₖ (ȳₖ - Σⱼ ȳⱼ yⱼ), entry by entry."""
    first = silent(loss.softmax).lines[0].expr
    way_back = ("=", cotangent(loss.softmax, "x").rhs), ("=", loss.softmax_x_bar.rhs)
    assert lines(first, *way_back, given=(loss.softmax,)).check() == ["axioms", "axioms"]


def test_a_product_of_matrices_is_a_sum_over_what_they_share():
    """xᵀ (e w₂ᵀ ⊙ [h > 0]), entry by entry."""
    X, E, W, H = matrix("x", N, D), matrix("e", N, K), matrix("w2", M, K), matrix("h", N, M)
    e, w2, h = map(sp.IndexedBase, ["e", "w2", "h"])
    with sp.evaluate(False):
        product = X.T * each(E * W.T, switch(H))
    by_hand = total(entry[n, d] * Indicator(h[n, m] > 0) * total(e[n, k] * w2[m, k], k), n)
    assert lines(product, ("=", by_hand)).check() == ["axioms"]
    wrong = by_hand.xreplace({w2[m, k]: w2[k, m]})
    assert refuses(lines(product, ("=", wrong)), "the sides are")


def test_matrices_that_do_not_fit_cannot_be_multiplied():
    """Two factors of shape (M, D) share nothing."""
    with pytest.raises(ValueError, match=r"D is not M, between a of shape \(M, D\) and b"):
        entrywise(matrix("a", M, D) * matrix("b", M, D))


# Errors for readers to find


def test_a_planted_error_is_where_the_checker_finds_it():
    """The same name plants the same error; never in the first line; the others stay."""
    whole = lines((x + y) ** 2, ("=", x**2 + 2 * x * y + y**2), (">=", 2 * x * y + y**2, "", x**2))
    for name in map(str, range(6)):
        changed = plant_error(whole, name)
        differing = [at for at, line in enumerate(changed.lines, 1) if line != whole.lines[at - 1]]
        assert differing == [changed.wrong()]
        assert plant_error(whole, name).lines == changed.lines


def test_a_planted_error_is_false_and_not_merely_unproved():
    """x² ≤ x² + 2y² is true, although the certificate y² does not show it: it is not planted."""
    whole = lines(x**2, ("<=", x**2 + y**2, "", y**2))
    for name in map(str, range(6)):
        with pytest.raises(WrongLine) as refusal:
            plant_error(whole, name).check()
        assert refusal.value.plain


def test_planted_errors_are_on_several_lines():
    """Names choose among the lines, so that an answer cannot be guessed."""
    label = next(iter(DERIVATIONS))
    name = DERIVATIONS[label].name
    assert len(set(wrong_lines(name, *map(str, range(8))))) > 1


def test_a_wrong_line_is_looked_for_once():
    """The same question has the same answer, and it is the answer that is kept."""
    name = next(iter(DERIVATIONS.values())).name
    assert wrong_lines(name, "0") is wrong_lines(name, "0")


def test_lines_are_printed_under_one_another():
    """The sign, the expression, and the reason in a column of their own."""
    text = lines(x, ("<=", x + y**2, "a square is added", y**2)).latex()
    assert r"\le & \displaystyle x + y^{2} & \quad\text{a square is added}" in text


# On the page

PAGE = """
# Loss

```{derivation} square
```

```{derivation} square
:planted: any
```

```{math}
:class: notation
x^2
```

See {eq}`der-loss-square`.
"""
WRONG = {
    "```{derivation} cube\n```": "loss.square: line 2 does not follow from line 1",
    "```{derivation} nothing\n```": "no derivation loss.nothing",
    "$$x^2$$": "displayed equation x^2 is not checked",
    "```{math}\nx^3\n```": "displayed equation x^3 is not checked",
}
TEST = "test_every_line_follows_from_the_one_before"
MODULE = """
import sys
from dlcore.formulas.engine.derivation import Derivation, Line
import sympy as sp
x = sp.Symbol("x", real=True)
square = Derivation("loss.square", [Line((x + 1)**2), Line(x**2 + 2*x + 1, "=", "expanded")])
cube = square.replaced(2, expr=x**2 + 1)
sys.modules["dlcore.formulas.loss"] = sys.modules[__name__]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory, request):
    """Build a book of one page: once as it should be, once with every mistake."""
    pytest.importorskip("sphinx_proof", reason="install the extra `book`")

    def build(page):
        folder, root = tmp_path_factory.mktemp("site"), request.config.rootpath
        options = (
            "extensions = ['myst_parser', 'sphinx_proof', 'derivation', 'displayed', 'formula']"
        )
        more = "myst_enable_extensions = ['dollarmath']\nnumfig = True\n"
        files = {
            "conf.py": f"{options}\n{more}",
            "index.md": "# Book\n\n```{toctree}\nbook/loss\n```\n",
            "book/loss.md": page,
            "pages.py": MODULE,
            "tests/verification/test_derivation.py": f"def {TEST}():\n    pass\n",
        }
        files["conf.py"] += "import pages\n"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "sphinx", "-n", "-q", "-b", "html", ".", "_build"]
        path = f"{folder}:{root}:{root / 'book' / '_ext'}"
        done = subprocess.run(
            command,
            cwd=folder,
            env={"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        return (folder / "_build/book/loss.html").read_text(encoding="utf-8"), done.stderr

    return build


def test_a_derivation_is_printed_checked_and_labelled(site):
    """Its lines have a label and a mark; the planted copy has numbers instead."""
    page, warnings = site(PAGE)
    assert warnings == ""
    assert 'id="equation-der-loss-square"' in page
    assert page.count("expanded") == 2
    assert page.count("✓") == 1


def test_the_build_names_the_wrong_line(site):
    """Each mistake is a warning, on which the strict build fails."""
    _, warnings = site("# Loss\n\n" + "\n\n".join(WRONG))
    assert [mistake for mistake in WRONG.values() if mistake not in warnings] == []
