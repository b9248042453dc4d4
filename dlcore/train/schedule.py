"""Schedules: by what factor the learning rate is multiplied as training goes on.

A schedule is a function of the `progress` from 0 to 1 and of the `epoch`, a whole number.

Chapter: book/optim.md.
"""

import math
from functools import partial


def constant():
    """Keep the learning rate:  factor 1.

    >>> constant()(0.5, 0)
    1.0
    """
    return lambda progress, epoch: 1.0


def exponential(factor):
    """Multiply the learning rate by `factor` after every epoch:  factor^epoch.

    >>> exponential(0.5)(0.0, 3)
    0.125
    """
    return lambda progress, epoch: factor**epoch


def cosine(last=0.0):
    """Fall from 1 to `last` along half a wave:  last + (1 - last) (1 + cos πp) / 2.

    Source: [Loshchilov2017]_, without restarts.

    >>> cosine()(0.5, 0)
    0.5
    """
    return lambda progress, epoch: last + (1 - last) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(warmup=0.3, start=1 / 25):
    """Rise from `start` to 1 in a line, then fall to 0 along half a wave [Smith2019]_.

    The source falls in a line, too. With `start` 0 the first step changes nothing; PyTorch
    begins at 1/25, as here.

    >>> [one_cycle(warmup=0.5, start=0.5)(progress, 0) for progress in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.5, 0.75, 1.0, 0.5, 0.0]
    """
    glide = cosine()

    def factor(progress, epoch):
        if progress < warmup:
            return start + (1 - start) * (progress / warmup)
        return glide((progress - warmup) / (1 - warmup), epoch)

    return factor


SCHEDULES = {
    "constant": constant,
    "exponential": exponential,
    "cosine": cosine,
    "one-cycle": partial(one_cycle, start=0.0),  # as in every recipe's record
}
