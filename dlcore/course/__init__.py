"""The third tower: topics, exercises cut from solutions, and answers checked.

It imports nothing else of dlcore: a check starts at once, and owes nothing to what it checks.
"""
