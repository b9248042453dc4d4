"""Commands that put the tests to the test."""

from typing import Annotated

import typer

from dlcore.cli.app import TEACH, app

verify = typer.Typer(help="Try whether the tests notice slips.", no_args_is_help=True)
app.add_typer(verify, name="verify", rich_help_panel=TEACH)


@verify.callback()
def group():
    """Try whether the tests notice slips."""


@verify.command()
def mutants(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters; none takes all.")] = None,
    *,
    solutions: Annotated[bool, typer.Option(help="Of the solutions to exercises.")] = False,
    code: Annotated[bool, typer.Option(help="Of the numeric core, drawn by the seed.")] = False,
    count: Annotated[int, typer.Option(help="How many of each module of the core.", min=1)] = 12,
    seed: Annotated[int, typer.Option(help="Which ones.", min=0)] = 0,
    record: Annotated[bool, typer.Option(help="Write it to book/results.")] = False,
):
    """Change single tokens of programs, and list the changes that no test refuses."""
    from dlcore.verification import code_trials, mutants_of_answers

    if solutions == code:
        raise ValueError("verify: say --solutions or --code, as in `dlcore verify mutants --code`")
    if solutions:
        raise typer.Exit(mutants_of_answers.report(names or ()))
    raise typer.Exit(code_trials.report(per_module=count, seed=seed, record=record))


@verify.command()
def answers(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters; none takes all.")] = None,
    *,
    details: Annotated[bool, typer.Option(help="List what did not come out right.")] = False,
    record: Annotated[bool, typer.Option(help="Write it to book/results.")] = False,
):
    """Try known answers: no wrong one is accepted, no right one refused, no cause is false."""
    from dlcore.verification import causes

    raise typer.Exit(causes.report(names or (), details=details, record=record))
