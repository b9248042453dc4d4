"""What the book's directives do with a page: print what exists, and refuse what does not."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

from dlcore.course.exercises.topics import ROOT

EXTENSIONS = ROOT / "book" / "_ext"
CONFIGURATION = """
extensions = ["myst_parser", "sphinx_proof", "api", "claim", "formula",
    "result", "specification", "typeset"]
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "typeset"
numfig = True
"""
TESTS = '''
import pytest

def test_squares_are_positive():
    """For all x:  x² ≥ 0."""
    assert (-1) ** 2 > 0

def test_cubes_may_be_negative():
    """(-1)³ = -1."""
    assert (-1) ** 3 < 0

@pytest.mark.exercise("loss-square", points=2)
def test_your_square_is_a_product(answers):
    """x² = x x."""
    assert answers.square(3) == 9
'''
SOLUTIONS = '''
def square(x, *, twice=False):
    """Exercise loss-square.  Multiply x by itself.

    >>> square(3)
    9
    """
    return x * x
'''
GOOD = """
# Loss

```{tested} test_squares_are_positive
on one number
```

```{formula} square
:check: test_squares_are_positive
```

Cubes differ.

```{tested} test_cubes_may_be_negative
on $-1$ alone
```

````{theorem} Squares of reals
:tests: test_cubes_may_be_negative
A square is not negative.

```{proof}
Two factors have the same sign.
```
````

```{specification} loss-square
:minutes: 5
:difficulty: 2
```

```{offers} dlcore/nn
```

```{api} dlcore/nn
```

Measured: {result}`run:loss:.2f`. See {eq}`eq-loss-square` and
{prf:ref}`thm-loss-squares-of-reals`.

$$x^2$$
"""
BAD = {
    "```{tested} test_squares_are_odd\non one\n```": "test_loss.py has no test test_squares",
    "```{tested} conv::test_x\non it\n```": "tests/test_conv.py has no test test_x",
    "```{formula} cube\n:check: test_squares_are_positive\n```": "no formula loss.cube",
    "```{formula} square\n:check: test_nothing\n```": "has no test test_nothing",
    "```{formula} square\n```": "tests/test_loss.py has no test",
    "A figure: {result}`run:nothing`.": "no result run:nothing",
    "A figure: {result}`nothing:loss`.": "no result nothing:loss",
    "A figure: {result}`run:loss:.2q`.": "no result run:loss:.2q",
    "$$\\nothing$$": "Undefined control sequence: \\nothing",
    "```{api} dlcore/nothing\n```": "no module in dlcore/nothing",
    "```{offers} dlcore/nothing\n```": "dlcore/nothing offers no names",
    "```{theorem} A claim\nIt holds.\n```": "theorem 'A claim' has no proof",
    "```{tested} test_squares_are_negative\non two\n```": "has no test test_squares_are_negative",
    "```{tested} test_squares_are_positive\n```": "does not say on what it was tested",
    "```{specification} loss-cube\n```": "loss.py has no exercise loss-cube",
}
PACKAGE = """
from dlcore.nn.linear import ORDERS, Linear

__all__ = ["ORDERS", "Linear"]
"""
LAYERS = '''
"""Linear layers."""
ORDERS = {"C": 0, "F": 1}

class Linear:
    """Mix features.

    >>> Linear(3, 2)
    """

    def __init__(self, D, M):
        pass
'''
MARKS = """
from collections import namedtuple
Exercise = namedtuple("Exercise", "name points")

def exercises_of(topic):
    return [Exercise("loss-square", 2)]
"""
FORMULAS = "import sympy as sp\nx, y = sp.symbols('x y')\nsquare = sp.Eq(y, x**2)\n"


def build(folder, page):
    """Build a book of one page; return the page, and every warning."""
    files = {
        "conf.py": CONFIGURATION,
        "index.md": "# Book\n\n```{toctree}\nbook/loss\n```\n",
        "book/loss.md": page,
        "book/results/run.json": json.dumps({"command": "run it", "values": {"loss": 0.125}}),
        "tests/test_loss.py": TESTS,
        "solutions/loss.py": SOLUTIONS,
        "dlcore/__init__.py": "",
        "dlcore/course/exercises/marks.py": MARKS,
        "dlcore/formulas/__init__.py": "",
        "dlcore/nn/__init__.py": PACKAGE,
        "dlcore/nn/linear.py": LAYERS,
        "dlcore/formulas/loss.py": FORMULAS,
        "dlcore/formulas/engine/latex.py": "from sympy import latex\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-n", "-q", "-b", "html", ".", "_build"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{EXTENSIONS}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return (folder / "_build/book/loss.html").read_text(encoding="utf-8"), done.stderr


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A page without a mistake, and the warnings."""
    pytest.importorskip("sphinx_proof", reason="install the extra `book`")
    return build(tmp_path_factory.mktemp("good"), GOOD)


@pytest.fixture(scope="module")
def warnings(tmp_path_factory):
    """The warnings about a page with every mistake."""
    pytest.importorskip("sphinx_proof", reason="install the extra `book`")
    return build(tmp_path_factory.mktemp("bad"), "# Loss\n\n" + "\n\n".join(BAD))[1]


def test_a_right_page_has_no_warnings(good):
    """The strict build accepts what is right."""
    assert good[1] == ""


def test_a_formula_leads_to_its_test(good):
    """The mark beside the equation is a link to the test that checks it."""
    page, _ = good
    assert 'id="equation-eq-loss-square"' in page
    assert re.search(r'href="#test-loss-squares-are-positive" title="Checked[^>]*>✓?<?', page)


def test_a_tested_sentence_has_a_mark_that_opens_its_test(good):
    """The mark says on what the sentence was tried; the source is folded below."""
    _, fold = re.findall(r'<details class="tested".*?</details>', good[0], re.DOTALL)[:2]
    assert 'id="test-loss-cubes-may-be-negative"' in fold
    assert re.search(r"<summary>Tested on .*math.* alone</summary>", fold)
    assert "test_cubes_may_be_negative" in fold
    assert "tests/test_loss.py" in fold


def test_a_theorem_has_its_proof_inside(good):
    """The proof begins with its word and ends with a square; the label is made of the title."""
    page, _ = good
    assert 'id="thm-loss-squares-of-reals"' in page
    assert re.search(r"Proof.</em> Two factors have the same sign.<span[^>]*> ∎</span>", page)


def test_a_specification_is_that_of_the_skeleton(good):
    """Points, difficulty, minutes; signature and docstring, without the solution."""
    text = re.sub("<[^>]+>", "", good[0])
    assert "2 points · ★★ · 5 minutes" in text
    assert "def square(x, *, twice=False):" in text
    assert "Multiply x by itself." in text
    assert "return x * x" not in text


def test_a_result_is_read_from_its_file(good):
    """The role prints the value in the format asked for, and names the command."""
    assert 'title="run it">0.12</abbr>' in good[0]


def test_a_package_shows_what_it_offers(good):
    """A name leads to its entry, with module and first sentence; a dictionary to its module."""
    rows = re.findall(r"<tr.*?</tr>", good[0], re.DOTALL)
    [linear] = [row for row in rows if ">Linear<" in row]
    [orders] = [row for row in rows if ">ORDERS<" in row]
    assert 'href="#dlcore-nn-linear-Linear"' in linear
    assert "dlcore.nn.linear" in linear
    assert "Mix features." in linear
    assert 'href="#dlcore-nn-linear"' in orders
    assert re.search("By name: .*C.*, .*F.*[.]", orders)


def test_a_module_shows_its_public_names(good):
    """Signature and docstring of each, below an id to which the table leads."""
    page, _ = good
    _, _, entry = page.partition('<dt id="dlcore-nn-linear-Linear">')
    assert re.sub("<[^>]+>", "", entry).startswith("class Linear(D, M)")
    assert 'id="dlcore-nn-linear"' in page
    assert 'id="dlcore-nn"' in page


@pytest.mark.parametrize("mistake", BAD.values())
def test_a_mistake_is_a_warning(warnings, mistake):
    """Each names the page, and the strict build fails on it."""
    lines = [line for line in warnings.splitlines() if mistake in line]
    assert lines
    assert all("loss.md" in line for line in lines)


def test_the_cache_is_named_after_the_code(tmp_path):
    """Another program, another cache; the same program, the same cache."""
    spec = importlib.util.spec_from_file_location("codecache", EXTENSIONS / "codecache.py")
    codecache = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(codecache)
    names = []
    for text in ("a = 1", "a = 2", "a = 1"):
        (tmp_path / "dlcore").mkdir(exist_ok=True)
        (tmp_path / "dlcore" / "a.py").write_text(text)
        names.append(codecache.fingerprint(tmp_path))
    assert names[0] == names[2] != names[1]
