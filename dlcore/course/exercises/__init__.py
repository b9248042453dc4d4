"""Topics, exercises, skeletons, hints: what all others need to know of a course."""
