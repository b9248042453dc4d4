"""Programs as the formulas call them: by the letters of the page, topic after topic.

Most formulas name an operation of dlcore and use its own arguments. Where a program is part
of a model, of a schedule or of the tape, it is called here, and nothing is computed twice.

Chapter: book/formulas.md.
"""
