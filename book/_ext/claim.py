"""The directives `theorem`, `proof` and `tested`: what is proved, and what is tried.

    ````{theorem} Gibbs' inequality
    :tests: test_true_frequencies_minimise_the_cross_entropy
    For all distributions p and q …

    ```{proof}
    By the concavity of the logarithm …
    ```
    ````

A theorem has its proof inside; the tests that try it besides are folded below. Its label is made
of the title, ``thm-loss-gibbs-inequality``, unless ``:label:`` gives another; ``:kind:`` may say
that it is a lemma or a corollary.

    ```{tested} test_only_differences_of_scores_count
    on five random examples of three classes
    ```

This is the mark after a sentence that a test tries. It says on what, and opens the test.
Several tests are separated by spaces, and ``other::test_name`` is in another file of tests.
"""

import re
from types import MappingProxyType

from docutils import nodes
from docutils.parsers.rst import directives
from shown_tests import file_of_tests, find_test, label, locate
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_proof.directive import ElementDirective

KINDS = ("theorem", "lemma", "corollary")
END = " ∎"

logger = logging.getLogger(__name__)


class Fold(nodes.Element):
    """Something that opens on a click or a key, without any script."""


class Summary(nodes.Inline, nodes.TextElement):
    """The line of a fold that is always seen."""


def slug(title):
    """Turn a title into a part of a label.

    >>> slug("Gibbs' inequality")
    'gibbs-inequality'
    """
    return "-".join(re.findall(r"[a-z0-9]+", title.lower().replace("'", "")))


def announce(env, anchors):
    """Remember on which page the marks of some tests are."""
    known = env.__dict__.setdefault("claim_anchors", {})
    known.update(dict.fromkeys(anchors, env.docname))


def fold_of_tests(directive, references, summary):
    """Return the sources of some tests behind one line, which has their anchors."""
    fold = Fold(classes=["tested"])
    fold += Summary("", "", *summary)
    for reference in references:
        topic, name = locate(directive, reference)
        found = find_test(directive, topic, name)
        if found is not None:
            fold["ids"].append(label(topic, name))
            path = file_of_tests(directive, topic).relative_to(directive.env.srcdir).as_posix()
            fold += nodes.paragraph("", "", nodes.literal(path, path), classes=["where"])
            fold += nodes.literal_block(found[1], found[1], language="python")
    announce(directive.env, fold["ids"])
    return fold


class Theorem(ElementDirective):
    """A claim with its proof in prose."""

    required_arguments, optional_arguments = 1, 0
    option_spec = MappingProxyType(
        {
            "kind": lambda argument: directives.choice(argument, KINDS),
            "label": str.strip,
            "tests": str.split,
        }
    )

    def run(self):
        tests = self.options.get("tests", [])
        title = self.arguments[0].strip()
        name = f"thm-{self.env.docname.rpartition('/')[2]}-{slug(title)}"
        self.name = f"prf:{self.options.get('kind', 'theorem')}"
        self.options = {"label": self.options.get("label", name)}
        [box] = super().run()
        box["classes"].append("proved")
        if not any("proof-text" in part["classes"] for part in box.findall(nodes.container)):
            logger.warning("theorem %r has no proof", title, location=self.get_location())
        if tests:
            box[-1] += fold_of_tests(self, tests, [nodes.Text("Tested as well")])
        return [box]


class Proof(SphinxDirective):
    """The proof of a theorem."""

    has_content = True

    def run(self):
        proof = nodes.container(classes=["proof-text"])
        self.state.nested_parse(self.content, self.content_offset, proof)
        if not proof.children or not isinstance(proof[0], nodes.paragraph):
            proof.insert(0, nodes.paragraph())
        proof[0].insert(0, nodes.Text(" "))
        proof[0].insert(0, nodes.emphasis("", "Proof."))
        if not isinstance(proof[-1], nodes.paragraph):
            proof += nodes.paragraph(classes=["alone"])
        proof[-1] += nodes.inline("", END, classes=["qed"])
        return [proof]


class Tested(SphinxDirective):
    """The mark of a sentence that a test tries: on what, and how."""

    has_content = True
    required_arguments, final_argument_whitespace = 1, True

    def run(self):
        on_what = " ".join(line.strip() for line in self.content)
        if not on_what:
            logger.warning(
                "%s does not say on what it was tested",
                self.arguments[0],
                location=self.get_location(),
            )
        words, messages = self.state.inline_text(f"Tested {on_what}", self.lineno)
        return [fold_of_tests(self, self.arguments[0].split(), words), *messages]


def open_fold(translator, node):
    """Write the beginning of a fold; each further anchor is an empty element before it."""
    first, *more = node["ids"] or [""]
    translator.body += [f'<span id="{anchor}"></span>' for anchor in more]
    translator.body.append(f'<details class="{" ".join(node["classes"])}" id="{first}">')


def close_fold(translator, node):
    """Write the end of a fold."""
    translator.body.append("</details>\n")


def forget(app, env, docname):
    """Forget the marks of a page that is read again."""
    known = env.__dict__.setdefault("claim_anchors", {})
    for anchor in [anchor for anchor, page in known.items() if page == docname]:
        del known[anchor]


def setup(app):
    """Add the directives and the nodes that they make."""
    app.add_node(Fold, html=(open_fold, close_fold))
    app.add_node(
        Summary,
        html=(
            lambda translator, node: translator.body.append("<summary>"),
            lambda translator, node: translator.body.append("</summary>"),
        ),
    )
    app.add_directive("theorem", Theorem)
    app.add_directive("proof", Proof)
    app.add_directive("tested", Tested)
    app.connect("env-purge-doc", forget)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
