"""Optimizers and schedules by the letters of the page.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.experiments.descent import separable_quadratic
from dlcore.train import schedule
from dlcore.train.optim import SGD


def slope(w, curvature):
    """The slope of a quadratic."""
    return separable_quadratic(np.array([curvature]))[1](np.array([w]))[0]


def with_weight_decay(w, g, decay):
    """The gradient that descent follows, read off a step of length one."""
    params = {"w": np.array([[w]])}
    SGD(1.0, weight_decay=float(decay)).step(params, {"w": np.array([[g]])})
    return w - params["w"][0, 0]


def exponential(factor, epoch):
    """The multiplier of the rate after some epochs."""
    return schedule.exponential(factor)(0.0, epoch)


def cosine(last, progress):
    """The multiplier on half a wave."""
    return schedule.cosine(last)(progress, 0)


def one_cycle(warmup, start, progress):
    """The multiplier that rises in a line and falls along half a wave."""
    return schedule.one_cycle(warmup, start)(progress, 0)
