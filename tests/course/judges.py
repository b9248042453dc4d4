"""A judge that believes what a submission says of itself, for tests of all that is around it.

# softmax: pass            the exercise loss-softmax has the status pass
# import: timeout          loading the file has
"""

import re
import time

from dlcore.course.grading.verdict import verdict_on

TOLD = re.compile(rb"# ([\w-]+): ([\w ]+)")


def verdicts(judge, *items):
    """Return the verdicts of a judge on some items."""
    found = []
    judge.run(items, found.append)
    return found


class TrustingJudge:
    """A judge to be opened: it reads statuses from comments, and counts what it is asked."""

    def __init__(self, delay=0.0, asked=None):
        self.delay, self.asked = delay, [] if asked is None else asked

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def abort(self):
        """Take no more time."""
        self.delay = 0.0

    def judge(self, item):
        time.sleep(self.delay)
        self.asked.append((item.student, item.exercise))
        told = {name.decode(): status.decode() for name, status in TOLD.findall(item.source)}
        if "import" in told:
            return verdict_on(item, told["import"], "still running at import")
        status = told.get(item.exercise.removeprefix(f"{item.topic}-"), "not attempted")
        said = re.findall(rb"#! (.*)", item.source)
        says = [line.decode("utf-8", "surrogateescape") for line in said]
        return verdict_on(item, status, *says, claim="It is so", seconds=0.25, host="here")
