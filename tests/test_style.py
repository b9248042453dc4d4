"""The law of the sentence: what is written is short, and says what it is.

Sizes keep a module within one reading. A public name explains itself, a test's name is a
claim, and its docstring the formula behind the claim.
"""

import ast

import pytest

from dlcore.course.exercises import skeleton, topics

RULES = (".defjvp", ".defvjp")
MODULE, FUNCTION, ARGUMENTS = 350, 40, 8  # lines, lines, positional arguments of a call


def lines(node):
    """Count the lines of a function below its signature, without the docstring."""
    docstring = node.body[0] if ast.get_docstring(node) else None
    said = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return node.end_lineno - node.body[0].lineno + 1 - said


def functions(tree):
    """Map qualified names to the functions and methods of a module."""
    named = dict(skeleton.definitions(tree))
    return {name: node for name, node in named.items() if isinstance(node, ast.FunctionDef)}


def is_rule(node):
    """Tell whether a function is a derivative rule: its primitive's docstring explains it."""
    return any(ast.unparse(decorator).endswith(RULES) for decorator in node.decorator_list)


@pytest.fixture(scope="module")
def lemmas():
    """Every test of the suite, by file and name."""
    files = sorted((topics.ROOT / "tests").rglob("test_*.py"))
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    found = {
        f"{file}::{name}": node for file in trees for name, node in functions(trees[file]).items()
    }
    return {name: node for name, node in found.items() if node.name.startswith("test_")}


COLLECTIONS = {"wrong", "right"}  # folders of solutions


@pytest.mark.parametrize("folder", ["dlcore", "solutions"])
def test_modules_are_short(folder):
    """No module has more than 350 lines: beyond, it is probably two.

    Collections of known answers may have twice as many: each answer is read by itself.
    """
    files = sorted((topics.ROOT / folder).rglob("*.py"))
    names = {file: file.relative_to(topics.ROOT) for file in files}
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    most = {file: 2 * MODULE if COLLECTIONS & {*names[file].parts} else MODULE for file in files}
    assert {names[file]: lengths[file] for file in files if lengths[file] > most[file]} == {}


def test_functions_are_short(modules):
    """A function has at most 40 lines below its signature and docstring: it fits on a screen."""
    long = [
        f"{module}.{name}: {lines(node)} lines"
        for module, tree in modules.items()
        for name, node in functions(tree).items()
        if lines(node) > FUNCTION
    ]
    assert long == []


def test_calls_have_few_positional_arguments(modules):
    """Beyond eight, they are a record that has not been named yet."""
    crowded = [
        f"{module}:{node.lineno}: {len(node.args)} positional arguments"
        for module, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and len(node.args) > ARGUMENTS
    ]
    assert crowded == []


def test_public_names_explain_themselves(modules):
    """Functions and classes without an underscore have a docstring, but for derivative rules."""
    top = [(module, node) for module, tree in modules.items() for node in tree.body]
    named = [(m, node) for m, node in top if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    public = [(m, node) for m, node in named if node.name[0] != "_" and not is_rule(node)]
    assert [f"{m}.{node.name}" for m, node in public if not ast.get_docstring(node)] == []


def test_docstrings_begin_with_a_sentence(modules):
    """The first line of each ends with a full stop and has at most 88 characters."""
    documented = {module: ast.get_docstring(tree) for module, tree in modules.items()}
    for module, tree in modules.items():
        for name, node in skeleton.definitions(tree):
            documented[f"{module}.{name}"] = ast.get_docstring(node)
    first = {name: doc.partition("\n")[0] for name, doc in documented.items() if doc}
    odd = {name: line for name, line in first.items() if len(line) > 88 or line[-1] != "."}
    assert odd == {}


def test_tests_are_named_by_their_claims(lemmas):
    """A claim has a subject and a verb: three words at least, after the first."""
    assert [name for name, node in lemmas.items() if node.name.count("_") < 3] == []


def test_tests_state_their_formulas(lemmas):
    """The docstring of a test says what the name claims as a formula, or what follows from it."""
    assert [name for name, node in lemmas.items() if not ast.get_docstring(node)] == []


def test_proofs_are_short(lemmas):
    """A test has at most 30 lines below its docstring: it is read in one look."""
    assert {name: lines(node) for name, node in lemmas.items() if lines(node) > 30} == {}
