"""Benchmarks: every timing of the book, beside what a user would take instead."""
