"""Plausible wrong answers to the exercises of *Sample*, each with a word of advice."""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("sample-softmax", "The sum runs over the batch: each row has a sum of its own.")
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum()


@wrong("sample-halves", "Half of seven is no whole number of things.")
def halves(size):
    return size / 2, size / 2
