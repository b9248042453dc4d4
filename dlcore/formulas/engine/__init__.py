"""What formulas stand on: derivations, certificates, evaluation, LaTeX, mutants."""
