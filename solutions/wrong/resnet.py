"""Plausible wrong answers to the exercises of *Residual networks*, each with a word of advice.

Chapter: book/resnet.md.
"""

from math import comb

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("resnet-forward", "The ReLU comes after the addition: the branch itself may be negative.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, branch(x)) + s


@wrong("resnet-forward", "No ReLU follows the addition: apply it to the sum.")
def residual_block(x, branch, shortcut=None):
    return branch(x) + (x if shortcut is None else shortcut(x))


@wrong("resnet-forward", "Nothing is added: this is the plain network.")
def residual_block(x, branch, shortcut=None):
    return np.maximum(0, branch(x))


@wrong("resnet-forward", "The two are added, and not averaged.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, (branch(x) + s) / 2)


@wrong("resnet-forward", "A ReLU is applied to each of them: apply one to their sum.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, branch(x)) + np.maximum(0, s)


@wrong("resnet-forward", "The branch reads x, and not what the shortcut has made of it.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, branch(s) + s)


@wrong("resnet-forward", "The shortcut is forgotten where one is given: add shortcut(x).")
def residual_block(x, branch, shortcut=None):
    f = branch(x)
    return np.maximum(0, f + x) if f.shape == x.shape else np.maximum(0, f)


@wrong("resnet-backward", "The path of the shortcut is forgotten: x is used twice.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s = x if shortcut is None else shortcut(x)[0]
    y = np.maximum(0, f + s)
    return y, lambda y_bar: branch_back(y_bar * (y > 0))


@wrong("resnet-backward", "The path of the branch is forgotten: add what it makes of ȳ.")
def residual_pullback(x, branch, shortcut=None):
    f, _ = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)
    return y, lambda y_bar: back(y_bar * (y > 0))


@wrong("resnet-backward", "The ReLU is behind the addition: its mask belongs to both paths.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)
    return y, lambda y_bar: branch_back(y_bar * (y > 0)) + back(y_bar)


@wrong("resnet-backward", "The mask of the ReLU is missing: where y is 0, nothing passes.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    return np.maximum(0, f + s), lambda y_bar: branch_back(y_bar) + back(y_bar)


@wrong("resnet-backward", "The mask is that of the sum: the branch alone may be negative.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)

    def pullback(y_bar):
        return branch_back(y_bar * (f > 0)) + back(y_bar * (f > 0))

    return y, pullback


@wrong("resnet-backward", "Where the sum is 0 the slope is 0: use y > 0, not y >= 0.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)

    def pullback(y_bar):
        masked = y_bar * (f + s >= 0)
        return branch_back(masked) + back(masked)

    return np.maximum(0, f + s), pullback


@wrong("resnet-backward", "The gradient goes through one path after the other: add both.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)
    return y, lambda y_bar: (branch_back(y_bar * (y > 0)) + back(y_bar * (y > 0))) / 2


@wrong("resnet-paths", "The sum over all paths is the product of 1 + a: divide by it.")
def path_shares(scales):
    shares = np.ones(1)
    for a in scales:
        shares = np.append(shares, 0) + a * np.append(0, shares)
    return shares


@wrong("resnet-paths", "Paths are weighted by their branches: this counts them only.")
def path_shares(scales):
    L = len(scales)
    return np.array([comb(L, k) / 2.0**L for k in range(L + 1)])


@wrong("resnet-paths", "Branches differ: the mean of a stands for all of them here.")
def path_shares(scales):
    L = len(scales)
    a = np.mean(scales) if L else 0.0
    return np.array([comb(L, k) * a**k / (1 + a) ** L for k in range(L + 1)])


@wrong("resnet-paths", "The lengths are in the wrong order: begin with the path of length 0.")
def path_shares(scales):
    shares = np.ones(1)
    for a in scales:
        shares = (np.append(shares, 0) * a + np.append(0, shares)) / (1 + a)
    return shares


@wrong("resnet-paths", "The path without any branch is one of them: there are L + 1 lengths.")
def path_shares(scales):
    shares = np.ones(1)
    for a in scales:
        shares = (np.append(shares, 0) + a * np.append(0, shares)) / (1 + a)
    return shares[1:] / shares[1:].sum()


@wrong("resnet-paths", "Divide by 1 + a, block after block: divided by 2 all paths weigh alike.")
def path_shares(scales):
    shares = np.ones(1)
    for a in scales:
        shares = (np.append(shares, 0) + a * np.append(0, shares)) / 2
    return shares


@wrong("resnet-variance", "The square of c adds up, and not c: take a root.")
def branch_scale(blocks, growth):
    return growth ** (1 / blocks) - 1


@wrong("resnet-variance", "Every block multiplies by 1 + c²: the shortcut's part is missing.")
def branch_scale(blocks, growth):
    return growth ** (0.5 / blocks)


@wrong("resnet-variance", "Blocks multiply, and do not add: take a root of the growth.")
def branch_scale(blocks, growth):
    return ((growth - 1) / blocks) ** 0.5


@wrong("resnet-variance", "1/√L is right in the limit of many blocks, and for a growth of e.")
def branch_scale(blocks, growth):
    return blocks**-0.5


@wrong("resnet-variance", "One block is missing: the growth is that behind all of them.")
def branch_scale(blocks, growth):
    return (growth ** (1 / (blocks + 1)) - 1) ** 0.5


@wrong("resnet-variance", "Mean squares add up: 1 + c² is not (1 + c)².")
def branch_scale(blocks, growth):
    return growth ** (0.5 / blocks) - 1


@wrong("resnet-shortcut", "Option A takes pixels: it does not average them.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    P, Q = -(-H // stride), -(-W // stride)
    y = np.zeros((N, F, P, Q), x.dtype)
    for p, q in np.ndindex(P, Q):
        rows, columns = p * stride, q * stride
        window = x[:, :, rows : rows + stride, columns : columns + stride]
        y[:, :C, p, q] = window.mean(axis=(2, 3))

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W), y_bar.dtype)
        x_bar[:, :, ::stride, ::stride] = y_bar[:, :C]
        return x_bar

    return y, pullback


@wrong("resnet-shortcut", "New channels come behind the others, and hold zeros.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, ::stride, ::stride]
    y = np.zeros((N, F, *kept.shape[2:]), x.dtype)
    y[:, F - C :] = kept

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W), y_bar.dtype)
        x_bar[:, :, ::stride, ::stride] = y_bar[:, F - C :]
        return x_bar

    return y, pullback


@wrong("resnet-shortcut", "Half of the zeros stand before the others: append all of them.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    first = (F - C) // 2
    kept = x[:, :, ::stride, ::stride]
    y = np.zeros((N, F, *kept.shape[2:]), x.dtype)
    y[:, first : first + C] = kept

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W), y_bar.dtype)
        x_bar[:, :, ::stride, ::stride] = y_bar[:, first : first + C]
        return x_bar

    return y, pullback


@wrong("resnet-shortcut", "Begin with row 0: every window's last pixel is taken here.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, stride - 1 :: stride, stride - 1 :: stride]
    y = np.zeros((N, F, *kept.shape[2:]), x.dtype)
    y[:, :C] = kept

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W), y_bar.dtype)
        x_bar[:, :, stride - 1 :: stride, stride - 1 :: stride] = y_bar[:, :C]
        return x_bar

    return y, pullback


@wrong("resnet-shortcut", "Pixels that were left out have gradient 0: ȳ is spread here.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, ::stride, ::stride]
    y = np.concatenate([kept, np.zeros((N, F - C, *kept.shape[2:]))], axis=1)

    def pullback(y_bar):
        wide = y_bar[:, :C].repeat(stride, axis=2).repeat(stride, axis=3)
        return wide[:, :, :H, :W]

    return y, pullback


@wrong("resnet-shortcut", "The step belongs to rows and columns.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, ::stride]
    y = np.concatenate([kept, np.zeros((N, F - C, *kept.shape[2:]))], axis=1)

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W), y_bar.dtype)
        x_bar[:, :, ::stride] = y_bar[:, :C]
        return x_bar

    return y, pullback


@wrong("resnet-shortcut", "The new channels hold zeros, and no copies of the others.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, ::stride, ::stride]
    y = kept[:, np.arange(F) % C]

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W), y_bar.dtype)
        x_bar[:, :, ::stride, ::stride] = y_bar[:, :C]
        return x_bar

    return y, pullback


def summed(n, widths, C, K, *, bias=0, norm=2, first=2, projected=None):
    """Count parameters, with slips to choose from."""
    count = 9 * C * widths[0] + first * widths[0]
    C = widths[0]
    for F in widths:
        for _ in range(n):
            count += 9 * C * F + 9 * F * F + 2 * (norm + bias) * F
            if projected is not None and C != F:
                count += C * F + projected * F
            C = F
    return count + (C + 1) * K


@wrong("resnet-parameters", "The convolutions have no biases: a normalisation cancels them.")
def count_parameters(n, widths, C, K, *, projection=False):
    return summed(n, widths, C, K, bias=1, first=3, projected=2 if projection else None)


@wrong("resnet-parameters", "Each normalisation owns two numbers a channel, γ and β.")
def count_parameters(n, widths, C, K, *, projection=False):
    return summed(n, widths, C, K, norm=1, first=1, projected=1 if projection else None)


@wrong("resnet-parameters", "Means and variances are state: they are not learned.")
def count_parameters(n, widths, C, K, *, projection=False):
    return summed(n, widths, C, K, norm=4, first=4, projected=4 if projection else None)


@wrong("resnet-parameters", "Shortcuts own nothing unless projections are asked for.")
def count_parameters(n, widths, C, K, *, projection=False):
    return summed(n, widths, C, K, projected=2)


@wrong("resnet-parameters", "A projection is normalised, too.")
def count_parameters(n, widths, C, K, *, projection=False):
    return summed(n, widths, C, K, projected=0 if projection else None)


@wrong("resnet-parameters", "The first block of a width reads the channels of the one before.")
def count_parameters(n, widths, C, K, *, projection=False):
    count = 9 * C * widths[0] + 2 * widths[0] + (widths[-1] + 1) * K
    return count + sum(n * (18 * F * F + 4 * F) for F in widths)


@wrong("resnet-parameters", "The linear layer has biases, one for each class.")
def count_parameters(n, widths, C, K, *, projection=False):
    return summed(n, widths, C, K, projected=2 if projection else None) - K


@wrong("resnet-wrong-lines", "The first line of a derivation is always right: count from 1.")
def wrong_lines():
    return [1, 2, 1]


@wrong("resnet-wrong-lines", "In the first, y is a sum of two: both have a slope.")
def wrong_lines():
    return [3, 3, 2]


@wrong("resnet-wrong-lines", "In the second, look for the square of x in every line.")
def wrong_lines():
    return [2, 2, 2]


@wrong("resnet-wrong-lines", "In the third, put in n = 1 and add up each line.")
def wrong_lines():
    return [2, 3, 3]
