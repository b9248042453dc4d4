"""Pack the grader of some topics for Gradescope, and be that grader.

The zip holds two scripts, as their documentation asks, and the course beside them: the library,
the tests of the topics, the course key. There, each submission is judged at tier T1 in their
container. Where T1 does not hold, the result says so and holds no score.
"""

import json
import sys
import zipfile
from functools import partial
from itertools import chain
from pathlib import Path

from dlcore.course.exercises import topics
from dlcore.course.exercises.hints import release_file
from dlcore.course.exercises.marks import chosen
from dlcore.course.exercises.skeleton import RELEASE_FILE, cut
from dlcore.course.grading.batch import file_jobs, judge_all
from dlcore.course.grading.grade import grading_run
from dlcore.course.grading.intake import read_submission
from dlcore.course.grading.judge_process import JudgeProcess
from dlcore.course.grading.provenance import read_key
from dlcore.course.grading.reports import gradescope, write
from dlcore.course.grading.results import Results

TIER = "T1"
KEY, PLAN = "course.key", "plan.json"
ALWAYS = ("pyproject.toml", "uv.lock", "README.md", "LICENSE", "_toc.yml")
DATE = (2020, 1, 1, 0, 0, 0)  # of every file in the zip: the same course is the same zip

SETUP = """#!/bin/sh
# Install what the grader needs. AUTOGRADER names the folder that holds source/.
set -eu
cd "${AUTOGRADER:-/autograder}/source"
found=""
for name in python3.13 python3.12 python3.11 python3; do
  if "$name" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    found="$name"
    break
  fi
done
if [ -z "$found" ]; then
  apt-get update && apt-get install -y python3.11 python3.11-venv
  found=python3.11
fi
"$found" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
.venv/bin/uv sync --frozen --inexact --no-install-project
"""

RUN = """#!/bin/sh
# Grade submission/ and write results/results.json. AUTOGRADER names the folder of both.
set -eu
home="${AUTOGRADER:-/autograder}"
cd "$home/source"
exec .venv/bin/python -m dlcore.course.grading.autograder "$home"
"""


def pack(topic_names, key_file, out):
    """Write the autograder of `topic_names` into the zip `out`."""
    exercises = [exercise for exercise in chosen(",".join(topic_names)) if exercise.points]
    key = read_key(Path(key_file))
    named = dict.fromkeys(exercise.topic for exercise in exercises)
    plan = {"exercises": [exercise.name for exercise in exercises]}
    written = {"setup.sh": SETUP, "run_autograder": RUN, PLAN: json.dumps(plan), KEY: key}
    written |= {RELEASE_FILE: release_file(named)} | {
        f"exercises/{topic}.py": cut(topic) for topic in named
    }
    for path in needed(named):
        written[path.relative_to(topics.ROOT).as_posix()] = path.read_bytes()

    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in written.items():
            info = zipfile.ZipInfo(name, DATE)
            mode = 0o755 if name in ("setup.sh", "run_autograder") else 0o600
            info.create_system = 3
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    print(f"{out} grades {len(exercises)} exercises of {', '.join(named)}; it holds the course key")


def needed(topic_names):
    """List the files that judge `topic_names`: the library, the helpers of tests, the tests."""
    library = sorted(path for path in (topics.ROOT / "dlcore").rglob("*") if is_source(path))
    tests = sorted((topics.ROOT / "tests").glob("*.py"))
    helpers = [path for path in tests if not path.name.startswith("test_")]
    judging = [topics.ROOT / f"tests/test_{topic}.py" for topic in topic_names]
    always = [topics.ROOT / name for name in ALWAYS]
    return [path for path in (*always, *library, *helpers, *judging) if path.exists()]


def is_source(path):
    """Tell whether a file belongs to the library: no cache does."""
    return path.is_file() and "__pycache__" not in path.parts


def run(home, open_judge=None):
    """Grade the one submission below `home`; return 0 when every verdict is given."""
    home = Path(home)
    target = home / "results/results.json"
    write(target, gradescope.ungraded("the grader has not finished"))
    try:
        results = graded(home, open_judge)
    except Exception as error:
        write(target, gradescope.ungraded(f"{error}"))
        raise
    write(target, gradescope.report(results, "submission"))
    return 1 if results.owed() else 0


def graded(home, open_judge):
    """Judge the exercises of the plan that lies beside this package."""
    plan = json.loads((topics.ROOT / PLAN).read_text(encoding="utf-8"))
    words = ",".join(plan["exercises"])
    key = topics.ROOT / KEY
    if open_judge:
        grading = grading_run(home, words, key, "T0", True, home)
    else:
        grading = grading_run(home, words, key, TIER, False, home)
    topic_names = list(grading.settings.topics)
    submission = read_submission("submission", [home / "submission"], topic_names)
    checked, files = file_jobs(submission, grading.exercises, {})
    judged = judge_all(files, open_judge or partial(JudgeProcess, grading.settings))
    verdicts = {(item.student, item.exercise): verdict for item, verdict in chain(checked, judged)}
    return Results(grading.exercises, [submission], verdicts, grading.settings.tier)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
