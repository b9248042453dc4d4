"""The grader's run: intake, judge, journal, verdicts, reports."""
