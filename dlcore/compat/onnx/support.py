"""What the operators of ONNX have in common: versions, axes, windows, and refusals."""

import numpy as np


def onnx_package(function):
    """Import the package `onnx`, an extra; raise ValueError where it is not installed.

    >>> onnx_package("export").__name__
    'onnx'
    """
    try:
        import onnx  # noqa: PLC0415 (an extra, and 0.3 seconds)
    except ImportError as error:
        raise ValueError(
            f'{function}: onnx is not installed, run  pip install "dlcore[onnx]"'
        ) from error
    return onnx


class UnsupportedError(ValueError):
    """A model asks for an operator or an attribute that we do not have; the message names it.

    >>> UnsupportedError("run: scan_1 is Scan, which is no operation of ours").args[0][:13]
    'run: scan_1 i'
    """


def versioned(function):
    """Mark an operator that means something else in another version: it takes ``version``.

    >>> versioned(lambda x, version: version).versioned
    True
    """
    function.versioned = True
    return function


def whole(values):
    """Read axes or sizes, an array or a list, as a tuple of whole numbers; None stays None.

    >>> whole(np.array([2, 3]))
    (2, 3)
    """
    return None if values is None else tuple(int(value) for value in np.ravel(values))


def window(size, kernel_shape, strides, pads, dilations, auto_pad):
    """Read the options of a window of ONNX as ours: stride, padding, dilation.

    Raises UnsupportedError for windows of more than two axes.

    >>> window((8, 8), (3, 3), None, None, None, "SAME_UPPER")["padding"]
    ((1, 1), (1, 1))
    """
    axes = len(size)
    if axes > 2:
        raise UnsupportedError(f"window: it has {axes} axes, we have windows of one and two")
    strides = strides or [1] * axes
    dilations = dilations or [1] * axes
    pads = pads or [0] * (2 * axes)
    sides = list(zip(pads[:axes], pads[axes:], strict=True))
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        sides = []
        for H, U, s, a in zip(size, kernel_shape, strides, dilations, strict=True):
            extra = max(0, (-(-H // s) - 1) * s + a * (U - 1) + 1 - H)
            small, large = extra // 2, extra - extra // 2
            sides.append((small, large) if auto_pad == "SAME_UPPER" else (large, small))
    return {"stride": tuple(strides), "padding": tuple(sides), "dilation": tuple(dilations)}


def as_images(x, options):
    """Give sequences (N, C, W) a height of one, and the options of their windows, too.

    >>> x, options = as_images(np.ones((2, 3, 5)), {"stride": (2,), "padding": ((1, 1),)})
    >>> x.shape, options["stride"], options["padding"]
    ((2, 3, 1, 5), (1, 2), ((0, 0), (1, 1)))
    """
    if x.ndim == 4:
        return x, options
    first = {"padding": (0, 0), "kernel_size": 1, "stride": 1, "dilation": 1}
    return x[:, :, None], {name: (first[name], *value) for name, value in options.items()}
