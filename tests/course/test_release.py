"""The course as students get it: no answers in it, and everything works."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from dlcore.course.exercises import skeleton, topics
from dlcore.course.exercises.hints import hints_for, hints_in, release_file
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.release import export

POSSIBLE = sum(exercise.points for exercise in exercises_of("loss"))
PAGE = """Write it. Try before you unfold its solution.

````{exercise} Sums
:label: sum
Add.
````

`````{solution} sum
:class: dropdown
```{literalinclude} /solutions/loss.py
```
`````

## Next
"""


FILE = re.compile(
    r"^(`{3,})\{code-block\} \w+\n:caption: (\S+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL
)
COMMAND = re.compile(r"^\$ dlcore (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course, released into a folder."""
    folder = tmp_path_factory.mktemp("release") / "course"
    export.release(folder)
    return folder


@pytest.fixture
def dlcore(course):
    """Run a command of the released library, in the released folder or in another one."""

    def run(*words, where=course):
        program = [sys.executable, "-c", "from dlcore.cli import main; main()", *words]
        told = os.environ | {"PYTHONPATH": str(where), "COLUMNS": "100"}
        done = subprocess.run(program, cwd=where, env=told, capture_output=True, check=False)
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    return run


def lines(text):
    """Collect the lines of an answer that could give it away."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) > 30}


def test_a_page_loses_its_solutions(course):
    """The block goes, the sentence about unfolding goes, the rest stays."""
    text = export.without_solutions(PAGE)
    assert text.startswith("Write it.\n")
    assert "solution" not in text
    assert "````{exercise} Sums\n:label: sum\nAdd.\n````\n\n## Next" in text


def test_no_file_of_a_release_is_a_solution(course):
    """There is no such folder, and no page includes from one."""
    names = [path.relative_to(course).as_posix() for path in course.rglob("*")]
    pages = [path.read_text() for path in (course / "book").glob("*.md")]
    assert [name for name in names if name.startswith("solutions") or "wrong/" in name] == []
    assert [page for page in pages if "/solutions/" in page or "{solution}" in page] == []


def test_every_tested_claim_goes_out_with_its_page(course):
    """A page whose tests stayed at home could not be built."""
    whole = lambda pattern: "".join(path.read_text() for path in sorted(course.glob(pattern)))
    tests, pages = whole("tests/**/test_*.py"), whole("book/*.md")
    named = re.findall(r"^(?:`{3,}\{tested\}|:tests:) .*", pages, re.MULTILINE)
    quoted = re.findall(r"\btest_\w+", "".join(named))
    assert quoted
    assert [name for name in quoted if f"def {name}(" not in tests] == []


@pytest.mark.parametrize("topic", topics.topics())
def test_no_line_of_an_answer_goes_out(course, topic):
    """What stands between the marks of a solution is in none of the exercises."""
    solution = (topics.ROOT / f"solutions/{topic}.py").read_text()
    answers = "\n".join(found[0] for found in skeleton.SOLUTION.finditer(solution))
    secret = lines(re.sub(r"# HINT:.*", "", answers)) - lines(skeleton.skeleton(solution))
    assert secret
    assert not secret & lines((course / f"exercises/{topic}.py").read_text())
    assert not secret & lines((course / skeleton.RELEASE_FILE).read_text().replace("\n", "\n"))


def test_exercises_go_out_as_cut(course):
    """Not as the instructor has filled them in."""
    for topic in topics.topics():
        assert (course / f"exercises/{topic}.py").read_text() == skeleton.cut(topic)


def test_hints_are_carried(course, monkeypatch):
    """Each exercise has the hints that its solution holds, without the solution."""
    solution = (topics.ROOT / "solutions/loss.py").read_text()
    here = {name: hints_in(solution, name) for name in skeleton.exercises_in(solution)}
    monkeypatch.setattr(topics, "ROOT", course)
    assert {name: hints_for("loss", name) for name in here} == here
    assert all(here.values())


def test_cuts_are_carried(course, monkeypatch):
    """A reset puts back the hole, though nothing is there to be cut."""
    fresh = skeleton.cut("loss")
    monkeypatch.setattr(topics, "ROOT", course)
    assert skeleton.cut("loss") == fresh


def test_answers_are_checked_there(dlcore, course):
    """`dlcore check` gives hints to who asks, and points to who answers."""
    code, page = dlcore("check", "loss", "--hint", "2")
    assert (code, "which number can you subtract" in page) == (1, True)
    (course / "exercises/loss.py").write_bytes((topics.ROOT / "solutions/loss.py").read_bytes())
    code, page = dlcore("check", "loss")
    (course / "exercises/loss.py").write_text(skeleton.cut("loss"))
    assert (code, f"{POSSIBLE} of {POSSIBLE} points" in page) == (0, True)


def test_a_release_is_not_released_again(dlcore, tmp_path):
    """It has no solutions to leave out."""
    code, said = dlcore("release", str(tmp_path / "again"))
    assert code == 2
    assert "this is a release already" in said


def test_a_folder_that_exists_is_not_touched(course):
    """Nobody's work is overwritten."""
    with pytest.raises(ValueError, match=r"release: .* exists, name a folder that does not"):
        export.release(course)


def test_a_mark_that_is_left_stops_the_release(tmp_path):
    """A solution that could not be cut does not go out."""
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises/loss.py").write_text("# END SOLUTION\n")
    with pytest.raises(ValueError, match=r"loss\.py holds marks of its solution"):
        export.refuse_marks(tmp_path)


@pytest.fixture(scope="module")
def own(course, tmp_path_factory):
    """A release to which somebody has added a topic, as the page on grading shows it."""
    folder = tmp_path_factory.mktemp("own") / "course"
    shutil.copytree(course, folder)
    page = (course / "book/grading.md").read_text(encoding="utf-8")
    files = {name: text for _, name, text in FILE.findall(page)}
    before, _, line = files.pop("_toc.yml").partition("\n")
    contents = (folder / "_toc.yml").read_text()
    (folder / "_toc.yml").write_text(contents.replace(f"{before}\n", f"{before}\n{line}"))
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def commands(course):
    """The commands of the page's section on a topic of one's own, in their order."""
    page = (course / "book/grading.md").read_text(encoding="utf-8")
    section = page.partition("## A topic of your own")[2].partition("\n## ")[0]
    return [shlex.split(words) for words in COMMAND.findall(section)]


@pytest.mark.sandbox
def test_a_topic_of_ones_own_is_released_checked_and_graded(dlcore, own, commands):
    """Every file and every command of the page, to the letter."""
    cut, release, grade = commands
    assert [words[0] for words in commands] == ["exercises", "release", "grade"]
    assert dlcore(*cut, where=own)[0] == dlcore(*release, where=own)[0] == 0
    term = own / release[1]
    assert not (term / "solutions").exists()
    assert "raise NotImplementedError" in (term / "exercises/clipping.py").read_text()
    assert (term / "exercises/loss.py").read_text() == skeleton.cut("loss")

    assert "0 of 3 points" in dlcore("check", "clipping", where=term)[1]
    answer = (own / "solutions/clipping.py").read_text()
    (term / "exercises/clipping.py").write_text(answer)
    assert "3 of 3 points" in dlcore("check", "clipping", where=term)[1]

    half = answer.replace("if norm > limit else gradient", "")
    for name, text in {"ada": answer, "eve": half, "mal": ""}.items():
        (own / "submissions" / name).mkdir(parents=True)
        (own / "submissions" / name / "clipping.py").write_text(text)
    (own / "course.key").write_text("0123456789abcdef" * 4)
    assert dlcore(*grade, where=own)[0] == 0
    rows = (own / "clipping/canvas.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert [row.rpartition(",")[2] for row in rows] == ["3", "3", "2", "0"]


def test_a_release_of_a_release_carries_the_hints_on(own, monkeypatch):
    """Those of topics whose solutions are not there, and those of the new one."""
    monkeypatch.setattr(topics, "ROOT", own)
    carried = json.loads(release_file(topics.topics()))["hints"]
    before = skeleton.read_release_file()["hints"]
    assert {name: carried[name] for name in before} == before
    assert len(carried["clipping-norm"]) == 2
