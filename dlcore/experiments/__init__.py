"""The laboratory: every experiment and every benchmark of the book, by name."""

from importlib import import_module

# The modules that declare experiments, in the order of the book.
TOPICS = (
    "graph",
    "forward",
    "loss",
    "linear",
    "activation",
    "twolayer",
    "optim",
    "solver",
    "conv",
    "pool",
    "fast",
    "startup",
    "convnet",
    "grading",
    "classroom",
)


def experiments():
    """Map the name of every experiment to it, in the order of the book."""
    for topic in TOPICS:
        import_module(f"dlcore.experiments.{topic}")
    return import_module("dlcore.experiments.experiment").EXPERIMENTS
