"""The application that every command joins, and the door through which all are called."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
import typer.core

PRACTISE, TRAIN, TEACH = "Read and practise", "Train", "Teach"  # the groups of `dlcore --help`
STOPPED = 130  # the exit code of what was interrupted
USAGE_ERROR = typer.BadParameter.__base__  # of all errors in a command line, the common class


class Grouped(typer.core.TyperGroup):
    """The commands in the order of their groups, in each as they were declared."""

    def list_commands(self, ctx):
        groups = PRACTISE, TRAIN, TEACH
        return sorted(self.commands, key=lambda name: groups.index(self.group(name)))

    def group(self, name):
        """Return the group of a command."""
        return self.commands[name].rich_help_panel


app = typer.Typer(
    cls=Grouped,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def print_version(asked: bool):
    """Print the version of the library, and end."""
    if asked:
        print(f"dlcore {version('dlcore')}")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
):
    """A textbook of deep learning that is checked. Begin with `dlcore watch`."""


def main():
    """Run a command; an error that was foreseen is one line, not a page."""
    try:
        code = app(prog_name="dlcore", standalone_mode=False)
    except USAGE_ERROR as error:
        fail(usage(error))
    except (ValueError, KeyError, OSError, ArithmeticError, ModuleNotFoundError) as error:
        fail(error.args[0] if isinstance(error, KeyError) else error)
    if code == STOPPED:
        print("dlcore: stopped", file=sys.stderr)
    sys.exit(code)


def usage(error):
    """Say on one line what is wrong with a command line, and where its help is."""
    command = error.ctx.command_path if error.ctx else "dlcore"
    suggest_longer_names(error)
    said = error.format_message().replace("\n", " ").rstrip(".")
    remedy = f" See `{command} --help`" if said.endswith("?") else f", see `{command} --help`"
    return said and said + remedy


def suggest_longer_names(error):
    """Let an option that is unknown stand for those whose names end with it, if there are any."""
    word = getattr(error, "option_name", "").lstrip("-")
    names = [name for param in error.ctx.command.params for name in param.opts] if word else []
    if longer := [name for name in names if name.endswith(f"-{word}")]:
        error.possibilities = longer


def fail(message):
    """Print a message, if there is one, and end with the exit code of errors."""
    if message:
        print(f"dlcore: {message}", file=sys.stderr)
    sys.exit(2)


def complete_topic(incomplete: str):
    """List the chapters that begin as a word does, for the completion of the shell."""
    from dlcore.course.exercises.topics import topics

    return [topic for topic in topics() if topic.startswith(incomplete)]
