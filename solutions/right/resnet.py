"""Right answers to the exercises of *Residual networks* that look unusual.

Chapter: book/resnet.md.
"""

from itertools import pairwise

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("resnet-forward", "What is negative is set to 0 in place, in an array of its own.")
def residual_block(x, branch, shortcut=None):
    y = np.array(branch(x))
    y += x if shortcut is None else shortcut(x)
    y[y < 0] = 0
    return y


@right("resnet-forward", "Half of the sum and of its absolute value.")
def residual_block(x, branch, shortcut=None):
    total = sum([(shortcut or (lambda x: x))(x), branch(x)])
    return (total + np.abs(total)) / 2


@right("resnet-backward", "The mask is kept as the positions that were positive.")
def residual_pullback(x, branch, shortcut=None):
    pairs = [branch(x), (x, np.array) if shortcut is None else shortcut(x)]
    total = pairs[0][0] + pairs[1][0]
    alive = np.flatnonzero(total > 0)

    def pullback(y_bar):
        masked = np.zeros(total.size, np.asarray(y_bar).dtype)
        masked[alive] = np.ravel(y_bar)[alive]
        masked = masked.reshape(total.shape)
        return sum(back(masked) for _, back in pairs)

    return total.clip(min=0), pullback


@right("resnet-backward", "The shortcut first, and y by np.where.")
def residual_pullback(x, branch, shortcut=None):
    s, through = (x, None) if shortcut is None else shortcut(x)
    f, back = branch(x)
    on = f + s > 0

    def pullback(y_bar):
        masked = np.where(on, y_bar, 0)
        return (masked if through is None else through(masked)) + back(masked)

    return np.where(on, f + s, 0), pullback


@right("resnet-paths", "A polynomial whose coefficients are convolved.")
def path_shares(scales):
    shares = np.array([1.0])
    for p in scales / (1 + scales):
        shares = np.convolve(shares, [1 - p, p])
    return shares


@right("resnet-paths", "In place, from the longest path down.")
def path_shares(scales):
    shares = [1.0] + [0.0] * len(scales)
    for a in scales.tolist():
        for k in range(len(scales), 0, -1):
            shares[k] = (shares[k] + a * shares[k - 1]) / (1 + a)
        shares[0] /= 1 + a
    return np.array(shares)


@right("resnet-variance", "By a logarithm, which loses no digits in deep networks.")
def branch_scale(blocks, growth):
    return np.sqrt(np.expm1(np.log(growth) / blocks))


@right("resnet-variance", "By halving an interval until it is a number.")
def branch_scale(blocks, growth):
    low, high = 0.0, float(growth)
    for _ in range(200):
        middle = (low + high) / 2
        if blocks * np.log1p(middle**2) > np.log(growth):
            high = middle
        else:
            low = middle
    return low


@right("resnet-shortcut", "Channels are padded, and pixels named by lists.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    places = np.ix_(range(N), range(C), range(0, H, stride), range(0, W, stride))
    y = np.pad(x[places], [(0, 0), (0, F - C), (0, 0), (0, 0)])

    def pullback(y_bar):
        x_bar = np.zeros(x.shape, y_bar.dtype)
        x_bar[places] = y_bar[:, :C]
        return x_bar

    return y, pullback


@right("resnet-shortcut", "A fixed matrix over channels, one over rows and one over columns.")
def identity_shortcut(x, F, stride):
    C, H, W = x.shape[1:]
    channels, rows, columns = np.eye(F, C), np.eye(H)[::stride], np.eye(W)[::stride]
    y = np.einsum("fc,ph,qw,nchw->nfpq", channels, rows, columns, x)
    return y, lambda y_bar: np.einsum("fc,ph,qw,nfpq->nchw", channels, rows, columns, y_bar)


@right("resnet-parameters", "Pairs of neighbours in a list of all widths.")
def count_parameters(n, widths, C, K, *, projection=False):
    chain = [widths[0]] + [F for F in widths for _ in range(n)]
    blocks = sum(F * (9 * (before + F) + 4) for before, F in pairwise(chain))
    extra = sum(F * (before + 2) for before, F in pairwise(chain) if before != F)
    return widths[0] * (9 * C + 2) + blocks + projection * extra + widths[-1] * K + K


@right("resnet-parameters", "All blocks as if they were alike, less what the first ones save.")
def count_parameters(n, widths, C, K, *, projection=False):
    F = np.array(widths)
    count = n * np.sum(18 * F**2 + 4 * F) - 9 * np.sum(F[1:] * (F[1:] - F[:-1]))
    if projection:
        wider = F[1:] != F[:-1]
        count += np.sum(wider * (F[1:] * F[:-1] + 2 * F[1:]))
    return int(count + 9 * C * F[0] + 2 * F[0] + (F[-1] + 1) * K)
