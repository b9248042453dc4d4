"""Exercises on the page: how they are called and checked; what they ask for is folded."""

import os
import re
import subprocess
import sys
from html import unescape

import pytest

from dlcore.course.exercises import topics
from dlcore.course.exercises.asked_for import asked_for
from dlcore.course.exercises.marks import exercises_of

ROOT = topics.ROOT
SITE = ROOT / "_build" / "html"
CONFIGURATION = """
extensions = ["myst_parser", "practice"]
numfig = True
"""
PAGE = """
# Exercises

```{{literalinclude}} /{path}
:pyobject: {name}
```

```{{literalinclude}} /dlcore/shapes.py
:pyobject: ShapeError
```

````{{exercise}} Write it
:label: {exercise}
It is asked for above.
````

````{{exercise}} Another
:label: unknown
It has no test.
````
"""
# Programs of the book that are answers, whatever else the pages come to show.
ANSWERS = {"loss-softmax", "linear-forward", "optim-momentum", "conv-naive"}


@pytest.fixture(scope="module")
def chapter():
    """A chapter that shows a program which one of its exercises asks for; program, exercise."""
    found = ((topic, asked_for(topic)) for topic in topics.topics())
    topic, programs = next(each for each in found if each[1])
    return topic, *next(iter(programs.items()))


@pytest.fixture(scope="module")
def page(chapter, tmp_path_factory):
    """The page of that chapter with two programs and two exercises alone, as it is built."""
    pytest.importorskip("sphinx_exercise", reason="install the extra `book`")
    folder = tmp_path_factory.mktemp("book")
    topic, (path, name), exercise = chapter
    for copied in (path, "dlcore/shapes.py"):
        (folder / copied).parent.mkdir(parents=True, exist_ok=True)
        (folder / copied).write_bytes((ROOT / copied).read_bytes())
    (folder / "book").mkdir()
    (folder / "conf.py").write_text(CONFIGURATION)
    (folder / "index.md").write_text(f"# Book\n\n```{{toctree}}\nbook/{topic}\n```\n")
    text = PAGE.format(path=path, name=name, exercise=exercise)
    (folder / f"book/{topic}.md").write_text(text)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(folder), "_build"]
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "book/_ext")))
    subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, check=True)
    return (folder / f"_build/book/{topic}.html").read_text(encoding="utf-8")


def opened(page):
    """Return what a reader sees of a page before anything is unfolded."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"(?s)<details.*?</details>", "", page)))


def without_specifications(page):
    """Leave out of a page what follows the points of an exercise: its signature and docstring."""
    return re.sub(r'(?s)<p class="facts">[^<]*</p>.*?</pre>', "", page)


def test_a_program_that_an_exercise_asks_for_is_folded(page, chapter):
    """It names the exercise, and another program stays open."""
    _, (_, name), exercise = chapter
    own = name.rpartition(".")[2]
    assert not re.search(rf"(?:def|class) {own}\b", opened(page))
    assert re.search(rf"(?:def|class) {own}\b", unescape(re.sub(r"<[^>]+>", "", page)))
    assert "class ShapeError" in opened(page)
    assert f"try exercise <strong>{exercise}</strong> before you open it" in page


def test_an_exercise_says_how_it_is_called_and_checked(page, chapter):
    """Name, points, file and command; one that no test scores has none of them."""
    topic, _, name = chapter
    [exercise] = [each for each in exercises_of(topic) if each.name == name]
    points = f"{exercise.points} point{'' if exercise.points == 1 else 's'}"
    line = f"{name}, {points}, in exercises/{topic}.py: dlcore check {name}"
    assert line in opened(page)
    assert "dlcore check unknown" not in page


def test_the_answers_that_pages_show_are_found():
    """By their names, as softmax; by their likeness, as the naive convolution."""
    found = {exercise for topic in topics.topics() for exercise in asked_for(topic).values()}
    assert found >= ANSWERS


@pytest.mark.site
@pytest.mark.parametrize("topic", topics.topics())
def test_no_page_shows_an_answer_that_is_asked_for(topic):
    """In the built book each of these programs opens on a click, and not before."""
    path = SITE / f"book/{topic}.html"
    if not path.exists():
        pytest.skip("the book has not been built, run `make book`")
    seen = opened(without_specifications(path.read_text(encoding="utf-8")))
    for file, name in asked_for(topic):
        source = (ROOT / file).read_text(encoding="utf-8")
        [head] = re.findall(rf"^ *((?:def|class) {name.rpartition('.')[2]}\b.*)$", source, re.M)[:1]
        assert head not in seen, f"{file}: {name} is printed above its exercise"
