"""The second tower: every formula of the book as an object that sympy can compute with.

A page prints the object, a test evaluates it. Nothing here knows the programs of dlcore.
"""

from dlcore.formulas.engine.registry import all_derivations, all_formulas

__all__ = ["all_derivations", "all_formulas"]
