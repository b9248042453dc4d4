"""Commands for those who teach: grade a class, pack an autograder, release a course."""

from pathlib import Path
from typing import Annotated

import typer

from dlcore.cli.app import TEACH, app

Key = Annotated[Path, typer.Option(help="The course key, from which scored inputs are drawn.")]
Pair = tuple[str, str]


@app.command(rich_help_panel=TEACH)
def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder; names in it are students.")],
    *,
    exercises: Annotated[str, typer.Option(help="Topics or exercises: loss,optim-momentum")],
    key_file: Key,
    out: Annotated[Path, typer.Option(help="Folder of the journal and the reports.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the journal.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Judges at once.")] = 1,
    isolation: Annotated[str, typer.Option(help="auto, T2, T1 or T0.")] = "auto",
    accept_no_isolation: Annotated[bool, typer.Option("--accept-no-isolation")] = False,
    scheduler: Annotated[str, typer.Option(help="Address of a Dask scheduler.")] = "",
    explain: Annotated[Pair | None, typer.Option(help="Replay: STUDENT EXERCISE.")] = None,
    title: Annotated[str, typer.Option(help="Of the assignment, such as 'Homework 2'.")] = "",
    roster: Annotated[Path | None, typer.Option(help="CSV of Canvas or Moodle.")] = None,
    deadline: Annotated[str, typer.Option(help="2026-03-01 23:59+01:00; UTC if no zone.")] = "",
    late_days: Annotated[int | None, typer.Option(help="Days late that cost nothing.")] = None,
    penalty: Annotated[str, typer.Option(help="Off for each day late, such as 10%.")] = "",
    times: Annotated[Path | None, typer.Option(help="CSV of student and time.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Ids, no names.")] = False,
):  # fmt: skip
    """Grade every submission in SUBMISSIONS, and write what became of it to a folder."""
    from dataclasses import replace
    from functools import partial

    from dlcore.course.grading import grade
    from dlcore.course.grading.cluster import judge_on_cluster
    from dlcore.course.grading.terms import read_terms
    from dlcore.train.cluster import connected

    rule = {"deadline": deadline, "late_days": late_days, "penalty": penalty}
    try:
        terms = read_terms(title, roster, times, anonymous=anonymous, **rule)
        grading = grade.grading_run(
            submissions, exercises, key_file, isolation, accept_no_isolation, out
        )
    except KeyboardInterrupt:
        raise typer.Exit(grade.stop(out)) from None
    grading = replace(grading, terms=terms)
    if explain:
        raise typer.Exit(grade.explain(grading, *explain))
    judges = {"jobs": jobs}
    if scheduler:
        connect = partial(connected, scheduler)
        judges["judge_files"] = partial(judge_on_cluster, connect, grading.settings)
    raise typer.Exit(grade.grade(grading, resume=resume, **judges))


@app.command(rich_help_panel=TEACH)
def gradescope(
    topics: Annotated[list[str], typer.Argument(help="Chapters whose exercises are graded.")],
    *,
    key_file: Key,
    out: Annotated[Path, typer.Option(help="The zip to write.")] = Path("autograder.zip"),
):
    """Write the autograder of TOPICS for Gradescope, as one zip."""
    from dlcore.course.grading.autograder import pack

    pack(topics, key_file, out)


@app.command(rich_help_panel=TEACH)
def release(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]):
    """Write the course as students get it to FOLDER: no solutions, no wrong answers."""
    from dlcore.course.release.export import release

    release(folder)
