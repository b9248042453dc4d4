"""Experiments of the chapter on convolution.

Chapter: book/conv.md.
"""

import importlib
from math import prod

import numpy as np

from dlcore.autodiff.derivative import relative_error
from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment
from dlcore.kernels.conv import conv2d_naive
from dlcore.ops.conv import conv2d, conv2d_bias_relu

GREY = np.array([0.299, 0.587, 0.114])  # how bright red, green and blue are to the eye
SOBEL = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])  # blurs downwards, subtracts to the right
PRINTED = [
    [[[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
     [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
     [[0.50813986, 0.54309974], [0.64082444, 0.67101435]]],
    [[[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
     [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
     [[2.36270298, 2.36904306], [2.38090835, 2.38247847]]],
]  # fmt: skip


def handout():
    """The images, filters and biases of 001: every number is spread evenly."""
    x = np.linspace(-0.1, 0.5, 96).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, 144).reshape(3, 3, 4, 4)
    return x, w, np.linspace(-0.1, 0.2, 3)


@experiment(
    "conv-forward",
    Claim("relative error", 2.212148e-08, "001, printed maps", "equal", 5e-15),
    quick=True,
)
def conv_forward(seed):
    """The convolution of 001, stride 2 and padding 1, beside the maps that it prints."""
    y = conv2d_bias_relu(*handout(), stride=2, padding=1, relu=False)
    return {"relative error": relative_error(y, PRINTED)}, {}


def photograph():
    """Load the portrait of Grace Hopper that comes with matplotlib: (1, 3, 480, 480), 0 to 1."""
    image = importlib.import_module("matplotlib.image")
    book = importlib.import_module("matplotlib.cbook")
    with book.get_sample_data("grace_hopper.jpg") as file:
        pixels = image.imread(file, format="jpg")[:480, 16:496]
    return np.moveaxis(pixels / 255.0, -1, 0)[None]


def coloured(window):
    """Let a filter for grey images see colours by brightness:  (U, V)  to  (1, 3, U, V)."""
    return (GREY[:, None, None] * window)[None]


def twice(pattern, size, places):
    """Put a pattern into an empty image at several positions:  (1, 1, H, W)."""
    x = np.zeros((1, 1, *size))
    U, V = pattern.shape
    for i, j in places:
        x[0, 0, i : i + U, j : j + V] += pattern
    return x


def nines():
    """Draw two nines, a three and an eight on a square; return it with the map for a nine."""
    nine, three, eight = (load("digits").train.x[at, 0] / 16 for at in (25, 15, 10))
    x = twice(nine, (24, 24), [(2, 3), (13, 14)])
    x += twice(three, (24, 24), [(2, 14)]) + twice(eight, (24, 24), [(14, 2)])
    return x, conv2d(x, (nine - nine.mean())[None, None], padding="same")


def as_matrix(w, size):
    """Write a convolution of one channel as a matrix: a row a position, a column a pixel."""
    H, W = size
    alone = np.eye(H * W).reshape(H * W, 1, H, W)
    return conv2d(alone, w[None, None]).reshape(H * W, -1).T


def input_grad_flipped(y_bar, w):
    """Compute x̄ at stride one as a convolution of ȳ with the filters flipped."""
    U, V = w.shape[2:]
    w = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d(y_bar, w, padding=(U - 1, V - 1))


def input_grad_unflipped(y_bar, w):
    """Convolve ȳ with the filters as they are, which is wrong."""
    U, V = w.shape[2:]
    return conv2d(y_bar, w.transpose(1, 0, 2, 3), padding=(U - 1, V - 1))


class Counting(float):
    """A number that counts how often any of its kind is multiplied."""

    count = 0

    def __mul__(self, other):
        """Multiply, and count."""
        Counting.count += 1
        return float(self) * float(other)


def products(x, w):
    """Count the products of the definition, for images and filters of these shapes."""
    ones = (np.array([Counting(1)] * prod(shape), dtype=object).reshape(shape) for shape in (x, w))
    Counting.count = 0
    conv2d_naive(*ones)
    return Counting.count
