"""The laboratory: every experiment and every benchmark of the book, by name."""

from importlib import import_module

TOPICS = ("loss", "linear", "twolayer", "optim", "solver")  # modules that declare experiments


def experiments():
    """Map the name of every experiment to it, in the order of the book."""
    for topic in TOPICS:
        import_module(f"dlcore.lab.{topic}")
    return import_module("dlcore.lab.experiment").EXPERIMENTS
