"""Pooling: every window of every channel becomes one number.

Zeros around the image count in an average, as in PyTorch's default; in a maximum there is
nothing around the image. Of several largest entries the first one, row by row, receives ȳ.

Chapter: book/pool.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.primitive import primitive
from dlcore.kernels import pool as kernels
from dlcore.ops.precision import as_common_dtype, has_kernel
from dlcore.ops.window import (
    cached,
    entries_that_count,
    normalize_padding,
    padded_for_last_window,
    pair,
    require_fit,
    require_positions,
    taps,
    taps_inside,
)
from dlcore.shapes import Images, Means, Pooled, ShapeError

ONE = (1, 1)
OPTIONS = {
    "kernel_size": (2, (5, 2)),
    "stride": (None, (2, 1)),
    "padding": (0, ((1, 0), (1, 1))),
}
BACK = {"kernel_size": ((5, 2),), "stride": (1,)}
APART = {"dilation": (1, (1, 2))}
COUNTING = {"count_include_pad": (True, False)}


@cached
def normalize_pool_options(
    function, size, kernel_size, stride, padding, dilation=1, ceil_mode=False
):
    """Translate and check the options; return (P, Q) and the options as the kernels take them.

    With `ceil_mode` a last window is added that begins in the image and ends outside: it is as if
    more were padded. Raises ValueError for an option that is no whole number or pair, ShapeError
    where no window fits into the padded image or one lies in the padding alone.

    >>> normalize_pool_options("max_pool2d", (4, 4), 2, None, 0)
    ((2, 2), ((2, 2), (2, 2), ((0, 0), (0, 0))), (1, 1))
    """
    kernel_size = pair(function, "kernel_size", kernel_size)
    stride = kernel_size if stride is None else pair(function, "stride", stride)
    dilation = pair(function, "dilation", dilation)
    padding = normalize_padding(function, padding, size, kernel_size, stride, dilation)
    for letter, H, U, pad in zip("HW", size, kernel_size, padding, strict=True):
        if max(pad) >= U or not H:
            raise ShapeError(
                f"{function}: {letter} is {H} and the padding {pad}, a window of {U} would see "
                "nothing of the image, pad less"
            )
    if ceil_mode:
        axes = zip(size, kernel_size, stride, padding, dilation, strict=True)
        padding = tuple(padded_for_last_window(*axis) for axis in axes)
    places = require_fit(function, size, kernel_size, stride, padding, dilation)
    if dilation != ONE and not taps_inside(size, (kernel_size, stride, padding), dilation).all():
        raise ShapeError(
            f"{function}: a window of {kernel_size} with dilation {dilation} has no tap in the "
            f"image of {size}, pad less"
        )
    return places, (kernel_size, stride, padding), dilation


def first_maxima(x, y, settled, dilation):
    """Yield, tap by tap, windows and pixels, and where this tap is the first maximum.

    >>> x = np.array([[[[1.0, 2.0], [4.0, 4.0]]]])
    >>> y = x.max(axis=(2, 3), keepdims=True)
    >>> [found.item() for *_, found in first_maxima(x, y, ((2, 2), (2, 2), ((0, 0),) * 2), ONE)]
    [False, False, True, False]
    """
    free = np.ones(y.shape, bool)
    for windows, pixels in taps(x.shape[2:], y.shape[2:], settled, dilation):
        tap = x[pixels]
        found = free[windows] & ((tap == y[windows]) | np.isnan(tap))
        free[windows] &= ~found
        yield windows, pixels, found


def max_pool_dilated(x, places, settled, dilation):
    """Take the largest of every window whose taps lie apart, tap by tap.

    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> max_pool_dilated(x, (1, 1), ((2, 2), (2, 2), ((0, 0), (0, 0))), (2, 2)).item()
    8.0
    """
    y = np.full((*x.shape[:2], *places), -np.inf, x.dtype)
    for windows, pixels in taps(x.shape[2:], places, settled, dilation):
        y[windows] = np.maximum(y[windows], x[pixels])
    return y


@primitive(options=OPTIONS | APART)
def max_pool2d(
    x: Images, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False
) -> Pooled:
    """Take the largest of every window:  y[n,c,p,q] = max over u, v of x[n,c,p s+u,q s+v].

    `kernel_size` and `stride` are a number or a pair for height and width, `padding` also a pair
    of pairs or "same"; `stride` None is `kernel_size`. With a `dilation` a, entries lie a apart;
    with `ceil_mode` a last window may reach over the end. The gradient goes to the first of
    several largest entries. Raises ValueError for an option of another kind, ShapeError where no
    window fits or one lies in the padding alone.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)[0, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    (x,) = as_common_dtype(x)
    places, settled, dilation = normalize_pool_options(
        "max_pool2d", x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode
    )
    if not x.size:
        return np.zeros((*x.shape[:2], *places), x.dtype)
    if dilation != ONE:
        return max_pool_dilated(x, places, settled, dilation)
    pool = kernels.max_pool if has_kernel(x.dtype) else kernels.max_pool_naive
    return pool(x, *settled)


@max_pool2d.defjvp
def max_pool2d_jvp(y, x, x_dot, **options):
    return max_pool2d_gather(x_dot, x, **options)


@max_pool2d.defvjp
def max_pool2d_vjp(y, x, y_bar, **options):
    return (max_pool2d_input_grad(y_bar, x, known=plain(y), **options),)


def max_pool2d_indices(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Say where `max_pool2d` found each maximum:  H-th row and W-th column as  h W + w.

    x (N, C, H, W) → integers (N, C, P, Q). The options and errors are those of `max_pool2d`,
    ValueError and ShapeError.

    >>> max_pool2d_indices(np.array([[[[1.0, 2.0], [4.0, 3.0]]]]), kernel_size=2).item()
    2
    """
    H, W = x.shape[2:]
    pixels = np.broadcast_to(np.arange(H * W, dtype=float).reshape(H, W), x.shape)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    return max_pool2d_gather(pixels, plain(x), kernel_size=kernel_size, **options).astype(int)


@primitive(options=OPTIONS | APART)
def max_pool2d_gather(
    x_dot: Images, x: Images, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False
) -> Pooled:
    """Take from ẋ the entry that is the largest of x in every window: the jvp of `max_pool2d`.

    The options are those of `max_pool2d`, and so are its errors, ValueError and ShapeError.

    >>> x = np.array([[[[1.0, 2.0], [4.0, 3.0]]]])
    >>> max_pool2d_gather(10 * x, x, kernel_size=2).item()
    40.0
    """
    options = {
        "kernel_size": kernel_size, "stride": stride, "padding": padding,
        "dilation": dilation, "ceil_mode": ceil_mode,
    }  # fmt: skip
    _, settled, dilation = normalize_pool_options("max_pool2d", x.shape[2:], *options.values())
    y = max_pool2d(x, **options)
    y_dot = np.zeros(y.shape, x_dot.dtype)
    for windows, pixels, found in first_maxima(x, y, settled, dilation):
        y_dot[windows] = np.where(found, x_dot[pixels], y_dot[windows])
    return y_dot


@max_pool2d_gather.defjvp
def max_pool2d_gather_jvp(y_dot, x_dot, x, z_dot, z, **options):
    return max_pool2d_gather(z_dot, x, **options)


@max_pool2d_gather.defvjp
def max_pool2d_gather_vjp(y_dot, x_dot, x, g, **options):
    return lambda: max_pool2d_input_grad(g, x, **options), lambda: np.zeros_like(x)


@primitive(options=BACK)
def max_pool2d_input_grad(
    y_bar: Pooled, x: Images, *,
    kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, known=None,
) -> Images:  # fmt: skip
    """Add ȳ to the first of the largest entries of each window: the vjp of `max_pool2d`.

    The options and errors are those of `max_pool2d`; `known` may be its result. Raises
    ShapeError also where ȳ does not have the (P, Q) of the options.

    >>> x = np.array([[[[1.0, 2.0], [4.0, 3.0]]]])
    >>> max_pool2d_input_grad(np.ones((1, 1, 1, 1)), x, kernel_size=2)[0, 0].tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    y_bar, x = as_common_dtype(y_bar, x)
    places, settled, dilation = normalize_pool_options(
        "max_pool2d_input_grad", x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode
    )
    require_positions("max_pool2d_input_grad", y_bar, places)
    if not x.size:
        return np.zeros_like(x)
    if dilation != ONE:
        return max_pool_dilated_grad(x, y_bar, settled, dilation)
    if not has_kernel(x.dtype):
        return kernels.max_pool_grad_naive(known, x, y_bar, *settled)
    y = kernels.max_pool(x, *settled) if known is None else known
    return kernels.max_pool_grad(y, x, y_bar, *settled)


def max_pool_dilated_grad(x, y_bar, settled, dilation):
    """Add ȳ to the first of the largest entries of windows whose taps lie apart.

    >>> x, one = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 1, 1))
    >>> options = ((2, 2), (2, 2), ((0, 0), (0, 0)))
    >>> np.argmax(max_pool_dilated_grad(x, one, options, (2, 2)))
    np.int64(8)
    """
    x_bar = np.zeros_like(x)
    y = max_pool_dilated(x, y_bar.shape[2:], settled, dilation)
    for windows, pixels, found in first_maxima(x, y, settled, dilation):
        x_bar[pixels] += np.where(found, y_bar[windows], 0)
    return x_bar


@max_pool2d_input_grad.defjvp
def max_pool2d_input_grad_jvp(x_bar, y_bar, x, y_bar_dot, x_dot, **options):
    return max_pool2d_input_grad(y_bar_dot, x, **options)


@max_pool2d_input_grad.defvjp
def max_pool2d_input_grad_vjp(x_bar, y_bar, x, g, known=None, **options):
    return lambda: max_pool2d_gather(g, x, **options), lambda: np.zeros_like(x)


@primitive(options=OPTIONS | COUNTING)
def avg_pool2d(
    x: Images, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
) -> Pooled:
    """Average every window:  y[n,c,p,q] = 1/UV Σ_{u,v} x[n,c,p s+u,q s+v].

    The options and errors are those of `max_pool2d`: ValueError for an option of another kind,
    ShapeError where no window fits or one lies in the padding alone. Zeros of the padding count,
    unless `count_include_pad` is false; what `ceil_mode` adds never counts.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)[0, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    (x,) = as_common_dtype(x)
    places, settled, _ = normalize_pool_options(
        "avg_pool2d", x.shape[2:], kernel_size, stride, padding, 1, ceil_mode
    )
    if not x.size:
        return np.zeros((*x.shape[:2], *places), x.dtype)
    pool = kernels.avg_pool if has_kernel(x.dtype) else kernels.avg_pool_naive
    y = pool(x, *settled)
    more = entries_that_count(x.shape[2:], settled, padding, ceil_mode, count_include_pad)
    return y if more is None else y * more.astype(y.dtype)


@avg_pool2d.defjvp
def avg_pool2d_jvp(y, x, x_dot, **options):
    return avg_pool2d(x_dot, **options)


@avg_pool2d.defvjp
def avg_pool2d_vjp(y, x, y_bar, **options):
    return (avg_pool2d_input_grad(y_bar, size=x.shape[2:], **options),)


@primitive(options={"size": ((11, 10),), **BACK, **COUNTING})
def avg_pool2d_input_grad(
    y_bar: Pooled, *,
    size, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
) -> Images:  # fmt: skip
    """Add ȳ / UV to every entry of a window, in images of (H, W): the vjp of `avg_pool2d`.

    The options and errors are those of `avg_pool2d`; `size` is (H, W). Raises ShapeError also
    where ȳ does not have the (P, Q) of the options, ValueError where `size` is no pair.

    >>> avg_pool2d_input_grad(np.ones((1, 1, 1, 1)), size=(2, 2), kernel_size=2)[0, 0].tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """
    (y_bar,) = as_common_dtype(y_bar)
    size = pair("avg_pool2d_input_grad", "size", size, least=0)
    places, settled, _ = normalize_pool_options(
        "avg_pool2d_input_grad", size, kernel_size, stride, padding, 1, ceil_mode
    )
    require_positions("avg_pool2d_input_grad", y_bar, places)
    if not y_bar.size:
        return np.zeros((*y_bar.shape[:2], *size), y_bar.dtype)
    more = entries_that_count(size, settled, padding, ceil_mode, count_include_pad)
    y_bar = y_bar if more is None else y_bar * more.astype(y_bar.dtype)
    back = kernels.avg_pool_grad if has_kernel(y_bar.dtype) else kernels.avg_pool_grad_naive
    return back(y_bar, size, *settled)


@avg_pool2d_input_grad.defjvp
def avg_pool2d_input_grad_jvp(x_bar, y_bar, y_bar_dot, **options):
    return avg_pool2d_input_grad(y_bar_dot, **options)


@avg_pool2d_input_grad.defvjp
def avg_pool2d_input_grad_vjp(x_bar, y_bar, g, size, **options):
    return (avg_pool2d(g, **options),)


@primitive
def global_avg_pool(x: Images) -> Means:
    """Average whole channels:  y[n,c] = 1/HW Σ_{h,l} x[n,c,h,l]  [Lin2014]_.

    Raises ShapeError for images without a pixel.

    >>> global_avg_pool(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[1.5, 5.5]])
    """
    if not x.shape[2] * x.shape[3]:
        raise ShapeError(f"global_avg_pool: H, W is {x.shape[2:]} in x, pass at least one pixel")
    return np.mean(x, axis=(2, 3))


@global_avg_pool.defjvp
def global_avg_pool_jvp(y, x, x_dot):
    return np.mean(x_dot, axis=(2, 3))


@global_avg_pool.defvjp
def global_avg_pool_vjp(y, x, y_bar):
    H, W = x.shape[2:]
    return (y_bar[:, :, None, None] * np.full((H, W), 1 / (H * W), y.dtype),)
