"""Training: optimizers, schedules, the solver and what it writes."""
