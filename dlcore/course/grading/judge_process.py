"""Judge in a process of its own: one line in, one line out, and no more is shared.

The grader starts the process, sends its settings and then items, and reads verdicts. When the
grader dies the process reads the end of its input and ends too. When the process dies, or is
late, the grader reads the end of its output.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass

from dlcore.course.exercises import topics
from dlcore.course.grading.provenance import environment, test_digests
from dlcore.course.grading.verdict import read_item, read_verdict, verdict_on, written
from dlcore.course.sandbox.tiers import ONE_THREAD

PATIENCE = 60  # times the seconds of one test: no honest exercise has as many tests


@dataclass(frozen=True)
class JudgeSettings:
    """What a judge has to know beforehand; two judges of the same settings judge alike."""

    topics: tuple[str, ...]
    tier: str
    key: str  # of the course, in hexadecimal digits
    seconds: float = 10.0

    def digests(self):
        """Condense the tests and the environment that these settings are judged with."""
        return {"test_digests": test_digests(self.topics), "environment": environment(self.tier)}


class JudgeProcessError(RuntimeError):
    """A process of the grader's own that ended or stood still: no fault of a submission."""


class JudgeProcess:
    """A process with a judge of its own."""

    def __init__(self, settings):
        self.settings = settings
        self.process = None
        self.impatient = False
        self.aborted = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Start the process and wait until its judge is ready."""
        command = [sys.executable, "-m", "dlcore.course.grading.judge_process"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        alone = {"start_new_session": True, "cwd": topics.ROOT}  # Ctrl-C is for the grader
        self.process = subprocess.Popen(command, env=os.environ | ONE_THREAD, **pipes, **alone)
        try:
            answer = json.loads(self.ask(json.dumps(asdict(self.settings))))
        except JudgeProcessError as error:
            raise ValueError(f"job: no judge starts ({error}), see `dlcore doctor`") from error
        if answer != self.settings.digests():
            self.stop()
            raise ValueError("job: the tests differ from the grader's, install the same course")

    def judge(self, item):
        """Return the verdict on `item`; a process that fails is replaced at the next call."""
        try:
            if self.process is None and not self.aborted:
                self.start()
            if self.aborted:
                raise JudgeProcessError("the judging process was ended")
            return read_verdict(self.ask(written(item)))
        except (JudgeProcessError, OSError):
            self.stop()
            if self.impatient:
                return verdict_on(item, "timeout", "the tests did not come to an end")
            raise

    def ask(self, line):
        """Send a line and wait for a line, but not forever."""
        self.impatient = False
        watch = threading.Timer(PATIENCE * self.settings.seconds, self.lose_patience)
        watch.start()
        try:
            self.process.stdin.write(line.encode("ascii") + b"\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        finally:
            watch.cancel()
        if not answer.endswith(b"\n"):
            raise JudgeProcessError(f"the judging process ended with {self.process.wait()}")
        return answer

    def lose_patience(self):
        """Kill the process: once, since a second try would take as long."""
        self.impatient = True
        self.process.kill()

    def abort(self):
        """End the process at once, from any thread; no other is started."""
        self.aborted = True
        if process := self.process:
            process.kill()

    def stop(self):
        """End the process: politely, then not."""
        if self.process is not None:
            process = self.process
            self.process = None
            process.stdin.close()
            try:
                process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def serve():
    """Be the process: read settings, open a judge, answer every item until the input ends."""
    from dlcore.course.grading.judge import Judge  # noqa: PLC0415  it brings pytest, which a grader may not need

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a test prints is no answer
    fields = json.loads(sys.stdin.buffer.readline())
    settings = JudgeSettings(**fields | {"topics": tuple(fields["topics"])})
    key = bytes.fromhex(settings.key)
    judge = Judge(settings.topics, tier=settings.tier, key=key, seconds=settings.seconds)
    judge.run(requests(answers, settings), lambda verdict: send(answers, written(verdict)))


def requests(answers, settings):
    """Say that the judge is ready, then yield every item of the input."""
    send(answers, json.dumps(settings.digests()))
    for line in sys.stdin.buffer:
        yield read_item(line)


def send(file, line):
    """Write a line; when nobody reads any more, end."""
    try:
        file.write(line.encode("ascii") + b"\n")
        file.flush()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    serve()
