"""The directives `chapter-head`, `chapter-map`, `route`: what each chapter asks, needs and takes.

Question, prerequisites, difficulty and the minutes of exercises of a chapter are in its front
matter, and nowhere else:

    chapter:
      question: How wrong is a prediction?
      needs: [ground]
      difficulty: 1
      exercises: 60

The minutes of reading are counted from the words and displayed formulas of the page. A route is an
order in which chapters can be read, so that the prerequisites of each come before it:

    ```{route} A first course
    ground loss linear
    ```
"""

import re
from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE, FORMULAS_A_MINUTE = 150, 2  # of a text that is read with a pencil
FORMULA = re.compile(r"\{(?:formula|derivation|math)\}")
FENCED = re.compile(
    r"^(`{3,})\{(?!theorem|proof|note|tip)[^\n]*\n.*?^\1 *$", re.MULTILINE | re.DOTALL
)
FILE = re.compile(r"^ *- file: *book/(\S+)", re.MULTILINE)

logger = logging.getLogger(__name__)


def front_matter(text):
    r"""Return what a page says of itself as a chapter; an empty dictionary where it says nothing.

    >>> front_matter("---\nchapter: {difficulty: 1}\n---\n# A title")
    {'difficulty': 1}
    """
    head = text.split("---\n", 2)[1] if text.startswith("---\n") else ""
    return (yaml.safe_load(head) or {}).get("chapter", {})


def reading_minutes(text):
    """Estimate how long a page takes to read, in steps of five minutes.

    >>> reading_minutes("word " * 1500)
    10
    """
    words = len(FENCED.sub("", text).split())
    minutes = words / WORDS_A_MINUTE + len(FORMULA.findall(text)) / FORMULAS_A_MINUTE
    return max(5, 5 * round(minutes / 5))


def title(text):
    """Return the title of a page."""
    return re.search(r"^# (.*)", text, re.MULTILINE)[1]


def duration(minutes):
    """Write minutes as hours where they are many.

    A number and its unit stay in one line.

    >>> duration(105).replace("\u00a0", "_"), duration(45) == "45\u00a0min"
    ('1_h 45_min', True)
    """
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours}\u00a0h"] if hours else []
    return " ".join([*parts, f"{rest}\u00a0min"]) if rest or not hours else parts[0]


def link(name, text=""):
    """Return a reference to a page of the book."""
    options = {"refdomain": "std", "reftype": "doc", "reftarget": f"/book/{name}"}
    shown = nodes.inline("", text)
    return addnodes.pending_xref("", shown, refexplicit=bool(text), refwarn=True, **options)


def joined(parts):
    """Put commas between nodes."""
    return [each for part in parts for each in (nodes.Text(", "), part)][1:]


class ChapterHead(SphinxDirective):
    """The lines that open a chapter: what it needs, takes, and how hard it is."""

    def run(self):
        text = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        chapter = front_matter(text)
        if not chapter:
            logger.warning("no `chapter:` in the front matter", location=self.get_location())
            return []
        question = nodes.paragraph("", chapter["question"], classes=["question"])
        stars = "★" * chapter["difficulty"]
        spent = f"{duration(reading_minutes(text))} of reading, "
        spent += f"{duration(chapter['exercises'])} of exercises"
        needs = joined([link(name) for name in chapter["needs"]]) or [nodes.Text("nothing")]
        facts = nodes.paragraph("", "", classes=["facts"])
        facts += [nodes.emphasis("", "Needs"), nodes.Text(" "), *needs]
        facts += [nodes.Text(f" · {spent} · "), nodes.inline("", stars, classes=["difficulty"])]
        walk = f"dlcore walk {self.env.docname.rpartition('/')[2]}"
        facts += [nodes.Text(" · "), nodes.literal(walk, walk)]
        return [nodes.container("", question, facts, classes=["chapter-head"])]


class ChapterMap(SphinxDirective):
    """The table of all chapters in their order."""

    HEADS = ("chapter", "question", "needs", "reading", "exercises", "difficulty")

    def run(self):
        root = Path(self.env.srcdir)
        names = FILE.findall((root / "_toc.yml").read_text(encoding="utf-8"))
        rows = [self.head()]
        for name in names:
            path = root / "book" / f"{name}.md"
            text = path.read_text(encoding="utf-8")
            self.env.note_dependency(str(path))
            if chapter := front_matter(text):
                rows.append(self.row(name, text, chapter))
        group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in self.HEADS))
        group["cols"] = len(self.HEADS)
        group += [nodes.thead("", rows[0]), nodes.tbody("", *rows[1:])]
        return [nodes.table("", group, classes=["chapter-map"])]

    def head(self):
        """Name the columns."""
        cells = [nodes.entry("", nodes.paragraph("", word)) for word in self.HEADS]
        return nodes.row("", *cells)

    def row(self, name, text, chapter):
        """Write what a chapter says of itself."""
        cells = [
            [link(name, title(text))],
            [nodes.Text(chapter["question"])],
            joined([link(need, need) for need in chapter["needs"]]),
            [nodes.Text(duration(reading_minutes(text)))],
            [nodes.Text(duration(chapter["exercises"]))],
            [nodes.Text("★" * chapter["difficulty"])],
        ]
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


class Route(SphinxDirective):
    """An order of chapters, with the time that it takes."""

    has_content = True
    required_arguments, final_argument_whitespace = 1, True

    def run(self):
        names = " ".join(self.content).split()
        reading = exercises = 0
        for at, name in enumerate(names):
            path = Path(self.env.srcdir) / "book" / f"{name}.md"
            self.env.note_dependency(str(path))
            text = path.read_text(encoding="utf-8")
            chapter = front_matter(text)
            reading += reading_minutes(text)
            exercises += chapter.get("exercises", 0)
            if missing := set(chapter.get("needs", ())) - {*names[:at]}:
                message = "route %r: %s needs %s, which does not come before it"
                where = self.get_location()
                logger.warning(
                    message, self.arguments[0], name, *sorted(missing)[:1], location=where
                )
        steps = [link(name) for name in names]
        shown = [each for step in steps for each in (nodes.Text(" → "), step)][1:]
        hours = f" ({round(reading / 60)} h of reading, {round(exercises / 60)} h of exercises): "
        title_of_route = nodes.strong("", self.arguments[0])
        return [nodes.paragraph("", "", title_of_route, nodes.Text(hours), *shown)]


def setup(app):
    """Add the directives."""
    app.add_directive("route", Route)
    app.add_directive("chapter-head", ChapterHead)
    app.add_directive("chapter-map", ChapterMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
