"""Commands for those who read and answer: the columns of the book, checks, exercises."""

from typing import Annotated

import typer

from dlcore.cli.app import PRACTISE, app, complete_topic

Topic = Annotated[
    str, typer.Argument(help="A chapter, such as loss.", autocompletion=complete_topic)
]
AnyTopic = Annotated[
    str,
    typer.Argument(
        help="A chapter, such as loss, or one exercise; none takes all.",
        autocompletion=complete_topic,
    ),
]


@app.command(rich_help_panel=PRACTISE)
def watch(
    topic: AnyTopic = "",
):
    """Watch your answers: on every save, say what became of the first pending exercise."""
    from dlcore.course.practice.watch import watch

    watch(topic or None)


@app.command(rich_help_panel=PRACTISE)
def check(
    topic: AnyTopic = "",
    *,
    k: Annotated[str, typer.Option("-k", help="Only exercises whose name contains this.")] = "",
    hint: Annotated[int, typer.Option(min=0, help="How many hints to give.")] = 0,
    solution: Annotated[str, typer.Option(help="Show the book's answer to this exercise.")] = "",
):
    """Check your answers to the exercises of TOPIC, and say why one is wrong."""
    from dlcore.course.practice.check import check

    raise typer.Exit(check(topic or None, k=k, hint=hint, solution=solution))


@app.command(rich_help_panel=PRACTISE)
def progress():
    """Show how far you are: chapters, points, time, and what to do next."""
    from dlcore.course.practice.progress import progress

    progress()


@app.command(rich_help_panel=PRACTISE)
def notebook(
    topic: Topic,
    *,
    open: Annotated[bool, typer.Option("--open", help="Open it in JupyterLab.")] = False,
):
    """Write the exercises of TOPIC as a notebook: formulas, text, and a check after each."""
    from dlcore.course.practice.notebook import notebook, open_in_jupyter
    from dlcore.verification.printed import latex_of_page

    path = notebook(topic, latex_of_page)
    print(f"exercises/{path.name}: open it in Jupyter, or here with `--open`")
    print(f"`dlcore check` and `dlcore watch` keep it in step with exercises/{path.stem}.py")
    if open:
        open_in_jupyter(path)


@app.command(rich_help_panel=PRACTISE)
def mine(
    *,
    data: Annotated[str, typer.Option(help="digits or cifar10")] = "digits",
    epochs: Annotated[int | None, typer.Option(help="Rounds through the images.")] = None,
    images: Annotated[int | None, typer.Option(help="How many images to train on.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights, batches and dropout.")] = 0,
):
    """Train a network of your own answers; what is not answered yet is lent by the book."""
    from dlcore.experiments.mine import run
    from dlcore.experiments.mine.report import report

    report(run(data=data, epochs=epochs, images=images, seed=seed, log=print))


@app.command(rich_help_panel=PRACTISE)
def exercises(
    topics: Annotated[list[str] | None, typer.Argument(help="Chapters; none cuts all.")] = None,
):
    """Cut the exercises from the solutions; a file that you have edited is never overwritten."""
    from dlcore.course.exercises.skeleton import exercises

    exercises(*(topics or ()))


@app.command(rich_help_panel=PRACTISE)
def doctor():
    """Look at this machine as the book needs it, and say what to do where something is amiss."""
    from dlcore.cli.train import datasets
    from dlcore.course.practice.doctor import doctor

    raise typer.Exit(doctor(datasets))


@app.command(rich_help_panel=PRACTISE)
def walk(topic: Topic):
    """List every file that carries TOPIC, from the chapter down to the solution."""
    from dlcore.course.exercises.topics import walk

    walk(topic)


@app.command(rich_help_panel=PRACTISE)
def formulas(
    *,
    mutate: Annotated[bool, typer.Option(help="Make mutants, and count who is refused.")] = False,
    record: Annotated[bool, typer.Option(help="Write all of it to book/results.")] = False,
    planted: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Show a derivation, such as descent.regret, and what a NAME plants."),
    ] = None,
):
    """Check every formula and every line of every derivation, and say how long it takes."""
    from dlcore.verification.tables import show, show_mutants, show_planted_error

    if planted:
        show_planted_error(*planted)
    elif mutate and not record:
        raise typer.Exit(show_mutants())
    else:
        raise typer.Exit(show(record=record))
