"""Where formulas and programs meet: comparison, mutation, random input."""
