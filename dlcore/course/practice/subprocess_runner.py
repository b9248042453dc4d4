"""Try answers in a process of its own, forked from one that has imported the tools.

Whatever an answer does to its process, the one that watches goes on; and since the tools
are there already, the tests begin at once. A pool of processes would do as well, but it does
not say with which code its process ended.
"""

import ast
import multiprocessing
from types import SimpleNamespace

from dlcore.course.exercises import topics
from dlcore.course.practice.runner import run

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
context = multiprocessing.get_context(METHOD)


def preload(topic_names):
    """Import what the tests of `topic_names` import, in the process that is forked.

    What they import from each other pytest finds: on another path `tests` may be another folder.
    """
    names = {"dlcore.course.practice.runner"}
    for topic in topic_names:
        tree = ast.parse((topics.ROOT / f"tests/test_{topic}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.module.startswith("tests."):
                names.add(node.module)
    context.set_forkserver_preload(sorted(names))


def run_in_subprocess(topic_names, k=""):
    """Run scored tests in a process of their own; return outcomes, and what is broken."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=send_outcomes, args=(sender, topics.ROOT, topic_names, k), daemon=True
    )
    process.start()
    sender.close()
    try:
        outcomes, broken = receiver.recv()
    except EOFError:
        process.join()
        outcomes = []
        broken = [f"the process of your answers died: exit code {process.exitcode}"]
    finally:
        process.kill()
        process.join()
        receiver.close()
    return SimpleNamespace(outcomes=outcomes, broken=broken)


def send_outcomes(sender, root, topic_names, k):
    """Run the tests in this process, and send what they said."""
    topics.ROOT = root
    tests_run = run(topic_names, k=k)
    sender.send((tests_run.outcomes, tests_run.broken))
