"""The command line.  A command is a function; its signature is its command line.

Every command imports what it needs when it is called, so that the others start at once.
"""

from dlcore.cli import export, grade, learn, train, verify
from dlcore.cli.app import app, main

__all__ = ["app", "export", "grade", "learn", "main", "train", "verify"]
