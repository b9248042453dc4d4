"""Run what students wrote where it can harm nobody, and ask it questions from outside.

The modules that run inside import only the standard library and the files beside them.
"""
