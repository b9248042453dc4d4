"""The result of one submission as Gradescope reads it: ``results.json``.

Everything is plain text. Before anything is judged a file is written that says so and holds no
score: whatever happens after, there is never a score that nobody gave.
"""

import json

from dlcore.course.grading.sanitize import sanitize

FORMATS = {"output_format": "text", "test_output_format": "text", "test_name_format": "text"}
SHOWN = {"visibility": "visible", "stdout_visibility": "hidden"}


def ungraded(reason):
    """Write that a submission is not graded, and why; it holds no score."""
    output = f"This submission is not graded: {reason}."
    return written({"output": sanitize(output), **FORMATS, **SHOWN, "tests": []})


def report(results, student):
    """Write the score of a student and a case for each exercise, if none is owed."""
    row = results.row(student)
    score = results.score(student)
    if score is None:
        return ungraded("the grader failed, and this is no fault of yours; run it again")
    (submission,) = [each for each in results.submissions if each.student == student]
    lines = [f"{score} of {results.possible} points", submission.refusal, *submission.notes]
    seconds = round(sum(verdict.seconds for verdict in row), 3)
    head = {
        "score": score,
        "execution_time": seconds,
        "output": sanitize("\n".join(filter(None, lines))),
    }
    tests = [case(number, verdict) for number, verdict in enumerate(row, 1)]
    return written({**head, **FORMATS, **SHOWN, "tests": tests})


def case(number, verdict):
    """Describe one exercise."""
    says = (verdict.status, verdict.claim, *verdict.says)
    return {
        "name": verdict.exercise,
        "number": str(number),
        "score": verdict.points,
        "max_score": verdict.possible,
        "status": "passed" if verdict.status == "pass" else "failed",
        "output": sanitize("\n".join(filter(None, says))),
        "visibility": "visible",
    }


def written(result):
    """Write a result as JSON, in ASCII."""
    return json.dumps(result, indent=1, ensure_ascii=True) + "\n"
