"""The verdicts as JUnit XML, which every service that runs tests can show."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dlcore.course.grading.sanitize import one_line, sanitize

ERRORS = ("error", "timeout", "crash", "protocol", "infra")
SKIPPED = ("not attempted", "blocked")


def report(results):
    """Write a suite for each student and a case for each exercise."""
    root = Element("testsuites", name="dlcore")
    for submission in results.submissions:
        cases = [case(verdict) for verdict in results.row(submission.student)]
        counts = {
            f"{kind}s": sum(c.find(kind) is not None for c in cases)
            for kind in ("failure", "error")
        }
        skipped = sum(case.find("skipped") is not None for case in cases)
        numbers = {"tests": len(cases), **counts, "skipped": skipped}
        written = {name: str(number) for name, number in numbers.items()}
        suite = SubElement(root, "testsuite", name=one_line(submission.student), **written)
        suite.extend(cases)
        if notes := [submission.refusal, *submission.notes]:
            SubElement(suite, "system-out").text = sanitize("\n".join(filter(None, notes)))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def case(verdict):
    """Write one verdict; only a pass has nothing inside."""
    where = {"classname": verdict.topic, "time": f"{verdict.seconds:.3f}"}
    made = Element("testcase", name=verdict.exercise, **where)
    if verdict.status != "pass":
        kind = "error" if verdict.status in ERRORS else "failure"
        kind = "skipped" if verdict.status in SKIPPED else kind
        text = sanitize("\n".join((verdict.claim, *verdict.says)))
        message = one_line(verdict.says[0]) if verdict.says else verdict.status
        SubElement(made, kind, message=message, type=verdict.status).text = text
    return made
