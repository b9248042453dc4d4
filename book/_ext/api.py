"""The reference, read from the source: nothing is imported.

    ```{api} dlcore/ops
    ```

lists the modules of a folder (or one module): every public name with its signature, then its
docstring, as they stand in the file.

    ```{offers} dlcore
    ```

is the table of the names that a package offers to those who import it, in its ``__all__`` or by
loading on demand: each with the module where it lives, and the first sentence of its docstring.
"""

import ast
from pathlib import Path

from docstring import paragraphs, row, words
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


def public(body):
    """Yield the functions and classes whose name is no secret."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name[0] != "_":
            yield statement


class Plain(ast.NodeTransformer):
    """Write  Annotated[X, …]  as  X: the options of a command have a help of their own."""

    def visit_Subscript(self, node):
        """Replace what is annotated by its type."""
        self.generic_visit(node)
        annotated = ast.unparse(node.value) == "Annotated" and isinstance(node.slice, ast.Tuple)
        return node.slice.elts[0] if annotated else node


def signature(statement):
    """Write the line that a reader would type to call it."""
    if isinstance(statement, ast.FunctionDef):
        result = f" -> {ast.unparse(statement.returns)}" if statement.returns else ""
        return f"{statement.name}({ast.unparse(Plain().visit(statement.args))}){result}"
    starts = [f for f in statement.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"]
    if not starts:
        return f"class {statement.name}"
    arguments = ast.unparse(Plain().visit(starts[0].args)).removeprefix("self").removeprefix(", ")
    return f"class {statement.name}({arguments})"


def anchor(dotted):
    """Return the id of a name on the page."""
    return dotted.replace(".", "-")


def entry(dotted, statement):
    """Return one public name as a term and its docstring as the definition."""
    line = signature(statement)
    term = nodes.term("", "", nodes.literal(line, line), ids=[anchor(dotted)])
    text = ast.get_docstring(statement) or ""
    return nodes.definition_list_item("", term, nodes.definition("", *paragraphs(text)))


def first_sentence(node):
    """Return the first line of a docstring."""
    return (ast.get_docstring(node) or "").partition("\n")[0]


class Api(SphinxDirective):
    """The public names of a folder, module by module."""

    required_arguments = 1

    def run(self):
        root = Path(self.env.srcdir)
        place = root / self.arguments[0]
        paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
        if not paths:
            logger.warning("no module in %s", self.arguments[0], location=self.get_location())
        return [part for path in paths for part in self.module(path, path.relative_to(root))]

    def module(self, path, name):
        """Yield the heading, the docstring and the names of one module."""
        self.env.note_dependency(str(path))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        dotted = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
        entries = [entry(f"{dotted}.{each.name}", each) for each in public(tree.body)]
        if not entries and path.name != "__init__.py":
            return
        yield nodes.rubric("", "", nodes.literal(dotted, dotted), ids=[anchor(dotted)])
        yield nodes.paragraph("", "", *words(first_sentence(tree)))
        if entries:
            yield nodes.definition_list("", *entries, classes=["api"])


class Source:
    """The modules below a folder, by their dotted names; `read` holds the text of each path."""

    def __init__(self, root):
        self.root, self.read = root, {}

    def module(self, dotted):
        """Return the path and the syntax tree of a module or package; None where there is none."""
        place = self.root.joinpath(*dotted.split("."))
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                self.read[path] = path.read_text(encoding="utf-8")
                return path, ast.parse(self.read[path])
        return None

    def offered(self, package):
        """Map the names that a package offers to where they are, modules first."""
        if (found := self.module(package)) is None:
            return {}
        _, tree = found
        imported, listed = imports(tree), {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazily":
                modules, names = map(ast.literal_eval, node.args[1:])
                owners = {name: module for module, each in names.items() for name in each}
                listed = {name: f"{package}.{name}" for name in sorted(modules)}
                return listed | {
                    name: f"{package}.{owners[name]}.{name}" for name in sorted(owners)
                }
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                listed = {name: imported[name] for name in ast.literal_eval(node.value)}
        return listed

    def find(self, dotted):
        """Return what to link to, the module that defines a name, and what is said of it first."""
        owner, _, name = dotted.rpartition(".")
        path, tree = self.module(owner)
        for statement in tree.body:
            if getattr(statement, "name", None) == name:
                return dotted, owner, first_sentence(statement)
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
                line = self.read[path].splitlines()[statement.lineno - 1]
                return owner, owner, description(statement.value, line)
        if (origin := imports(tree).get(name, dotted)) != dotted:
            return self.find(origin)
        return dotted, dotted, first_sentence(self.module(dotted)[1])


def imports(tree):
    """Map the names that a module imports from others to where they come from."""
    return {
        alias.asname or alias.name: f"{statement.module}.{alias.name}"
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def description(value, line):
    """Describe a dictionary by its keys, and anything else by the comment on its line.

    >>> description(ast.parse("{'sgd': SGD, 'adam': Adam}", mode="eval").body, "")
    'By name: `sgd`, `adam`.'
    >>> description(ast.parse("[]", mode="eval").body, "registry = []  # every primitive")
    'A list: every primitive.'
    """
    if isinstance(value, ast.Dict):
        return f"By name: {', '.join(f'`{ast.literal_eval(key)}`' for key in value.keys)}."
    return f"A {type(value).__name__.lower()}: {line.partition('# ')[2]}."


def named(name, target, module, sentence):
    """Return the row of one name, which leads to its entry on the page."""
    link = nodes.reference("", "", nodes.literal(name, name), refid=anchor(target), internal=True)
    return row([link], [nodes.literal(module, module)], words(sentence))


class Offers(SphinxDirective):
    """The names that a package offers, as a table."""

    required_arguments = 1

    def run(self):
        source = Source(Path(self.env.srcdir))
        offered = source.offered(self.arguments[0].replace("/", "."))
        if not offered:
            where = self.get_location()
            logger.warning("%s offers no names", self.arguments[0], location=where)
        rows = [named(name, *source.find(dotted)) for name, dotted in offered.items()]
        for path in source.read:
            self.env.note_dependency(str(path))
        heads = row(*([nodes.Text(head)] for head in ("Name", "Defined in", "What it is")))
        widths = [nodes.colspec(colwidth=width) for width in (20, 25, 55)]
        parts = *widths, nodes.thead("", heads), nodes.tbody("", *rows)
        return [
            nodes.table(
                "",
                nodes.tgroup("", *parts, cols=len(widths)),
                classes=["offers"],
            )
        ]


def setup(app):
    """Add the directives."""
    app.add_directive("api", Api)
    app.add_directive("offers", Offers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
