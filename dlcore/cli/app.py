"""The application that every command joins, and the door through which all are called."""

import sys

import typer

app = typer.Typer(
    help="A textbook of deep learning that is checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main():
    """Run a command; an error that was foreseen is one line, not a page."""
    try:
        app()
    except (ValueError, KeyError, OSError, ArithmeticError, ModuleNotFoundError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f"dlcore: {message}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("dlcore: stopped", file=sys.stderr)
        sys.exit(130)
