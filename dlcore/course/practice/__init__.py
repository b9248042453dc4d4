"""The student's loop: check, watch, notebook, advice."""
