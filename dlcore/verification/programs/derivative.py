"""Slopes along a direction by the letters of the page.

Chapter: book/derivative.md.
"""

import numpy as np

from dlcore import autodiff


def slope_along(x_bar, x_dot):
    """How a function with this gradient moves along a direction."""
    return autodiff.jvp(lambda x: np.sum(x * x_bar), [0.0 * x_bar], [x_dot])[1]
