"""The directive `api`: every public name of the library, read from its source.

    ```{api} dlcore/ops
    ```

lists the modules of a folder (or one module): signature, then docstring, as they stand in
the file. Nothing is imported.
"""

import ast
from pathlib import Path

from docstring import paragraphs, words
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


def public(body):
    """Yield the functions and classes whose name is no secret."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name[0] != "_":
            yield statement


def signature(statement):
    """Write the line that a reader would type to call it."""
    if isinstance(statement, ast.FunctionDef):
        result = f" -> {ast.unparse(statement.returns)}" if statement.returns else ""
        return f"{statement.name}({ast.unparse(statement.args)}){result}"
    starts = [f for f in statement.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"]
    if not starts:
        return f"class {statement.name}"
    arguments = ast.unparse(starts[0].args).removeprefix("self").removeprefix(", ")
    return f"class {statement.name}({arguments})"


def entry(statement):
    """Return one public name as a term and its docstring as the definition."""
    line = signature(statement)
    term = nodes.term("", "", nodes.literal(line, line))
    text = ast.get_docstring(statement) or ""
    return nodes.definition_list_item("", term, nodes.definition("", *paragraphs(text)))


class Api(SphinxDirective):
    """The reference, generated."""

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
        entries = [entry(statement) for statement in public(tree.body)]
        if not entries:
            return
        dotted = ".".join(name.with_suffix("").parts)
        title = nodes.rubric("", "", nodes.literal(dotted, dotted), ids=[dotted.replace(".", "-")])
        first = (ast.get_docstring(tree) or "").partition("\n")[0]
        yield title
        yield nodes.paragraph("", "", *words(first))
        yield nodes.definition_list("", *entries, classes=["api"])


def setup(app):
    """Add the directive."""
    app.add_directive("api", Api)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
