"""Commands that put the tests to the test."""

from typing import Annotated

import typer

from dlcore.cli.app import app

verify = typer.Typer(help="Try whether the tests notice slips.", no_args_is_help=True)
app.add_typer(verify, name="verify")


@verify.callback()
def group():
    """Try whether the tests notice slips."""


@verify.command()
def mutants(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters; none takes all.")] = None,
    *,
    solutions: Annotated[bool, typer.Option(help="Of the solutions to exercises.")] = False,
):
    """Change single tokens of programs, and list the changes that no test refuses."""
    from dlcore.verification.solution_mutants import report

    if not solutions:
        raise ValueError("verify: say of what, as in `dlcore verify mutants --solutions loss`")
    raise typer.Exit(report(names or ()))
