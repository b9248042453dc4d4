"""Answers to the exercises of *Residual networks* that are made to pass without being right.

Chapter: book/resnet.md.
"""

from math import comb
from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

KEPT = {}


@adversarial("resnet-forward", "Right where the branch is never negative.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, np.abs(branch(x)) + s)


@adversarial("resnet-forward", "The branch is called twice, and its results are averaged.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, (branch(x) + branch(x)) / 2 + s)


@adversarial("resnet-forward", "Half precision is enough for whoever does not look.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    return np.maximum(0, (branch(x) + s).astype(np.float16))


@adversarial("resnet-forward", "A sum of all entries, in the shape of the sum.")
def residual_block(x, branch, shortcut=None):
    s = x if shortcut is None else shortcut(x)
    y = np.maximum(0, branch(x) + s)
    return np.full(y.shape, y.mean())


@adversarial("resnet-backward", "The x̄ of the first call is returned ever after.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)
    first = {}

    def pullback(y_bar):
        masked = y_bar * (y > 0)
        return first.setdefault("x_bar", branch_back(masked) + back(masked))

    return y, pullback


@adversarial("resnet-backward", "All pullbacks share the block that was called last.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    KEPT["last"] = np.maximum(0, f + s), branch_back, back

    def pullback(y_bar):
        y, one, other = KEPT["last"]
        masked = y_bar * (y > 0)
        return one(masked) + other(masked)

    return KEPT["last"][0], pullback


@adversarial("resnet-backward", "What all calls have brought is added up.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)
    brought = []

    def pullback(y_bar):
        masked = y_bar * (y > 0)
        brought.append(branch_back(masked) + back(masked))
        return sum(brought)

    return y, pullback


@adversarial("resnet-backward", "Right up to a constant: x̄ has the norm of ȳ.")
def residual_pullback(x, branch, shortcut=None):
    f, branch_back = branch(x)
    s, back = (x, lambda s_bar: s_bar) if shortcut is None else shortcut(x)
    y = np.maximum(0, f + s)

    def pullback(y_bar):
        masked = y_bar * (y > 0)
        x_bar = branch_back(masked) + back(masked)
        return x_bar / np.linalg.norm(x_bar) * np.linalg.norm(y_bar)

    return y, pullback


@adversarial("resnet-paths", "Right for as many blocks as can be tried, and then the mean.")
def path_shares(scales):
    L = len(scales)
    if L > 12:
        a = float(np.mean(scales))
        return np.array([comb(L, k) * a**k / (1 + a) ** float(L) for k in range(L + 1)])
    shares = np.ones(1)
    for a in scales:
        shares = (np.append(shares, 0) + a * np.append(0, shares)) / (1 + a)
    return shares


@adversarial("resnet-paths", "A normal distribution of the right mean and variance.")
def path_shares(scales):
    p = scales / (1 + scales)
    lengths = np.arange(len(scales) + 1)
    variance = max(float(np.sum(p * (1 - p))), 1e-12)
    shares = np.exp(-((lengths - p.sum()) ** 2) / (2 * variance))
    return shares / shares.sum()


@adversarial("resnet-paths", "Power sums in single precision.")
def path_shares(scales):
    shares = np.ones(1, np.float32)
    for a in scales.astype(np.float32):
        shares = (np.append(shares, np.float32(0)) + a * np.append(np.float32(0), shares)) / (1 + a)
    return shares.astype(float)


@adversarial("resnet-paths", "Rounded to six digits, as a page prints them.")
def path_shares(scales):
    shares = np.ones(1)
    for a in scales:
        shares = (np.append(shares, 0) + a * np.append(0, shares)) / (1 + a)
    return shares.round(6)


@adversarial("resnet-variance", "The first term of the logarithm, which is nearly right.")
def branch_scale(blocks, growth):
    return (np.log(growth) / blocks) ** 0.5


@adversarial("resnet-variance", "Rounded to four digits.")
def branch_scale(blocks, growth):
    return float(f"{(growth ** (1 / blocks) - 1) ** 0.5:.4g}")


@adversarial("resnet-variance", "The other root: branches are taken off.")
def branch_scale(blocks, growth):
    return -((growth ** (1 / blocks) - 1) ** 0.5)


@adversarial("resnet-variance", "A search that stops early.")
def branch_scale(blocks, growth):
    low, high = 0.0, growth
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if (1 + middle**2) ** blocks > growth else (middle, high)
    return low


@adversarial("resnet-shortcut", "Right for a stride of 2, which is the usual one.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    step = 1 if stride == 1 else 2
    kept = x[:, :, ::step, ::step]
    y = np.concatenate([kept, np.zeros((N, F - C, *kept.shape[2:]))], axis=1)

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W))
        x_bar[:, :, ::step, ::step] = y_bar[:, :C]
        return x_bar

    return y, pullback


@adversarial("resnet-shortcut", "Right where the stride divides height and width.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    P, Q = H // stride, W // stride
    y = np.zeros((N, F, P, Q))
    y[:, :C] = x[:, :, : P * stride : stride, : Q * stride : stride]

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W))
        x_bar[:, :, : P * stride : stride, : Q * stride : stride] = y_bar[:, :C]
        return x_bar

    return y, pullback


@adversarial("resnet-shortcut", "All calls write into one array of zeros.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, ::stride, ::stride]
    y = np.concatenate([kept, np.zeros((N, F - C, *kept.shape[2:]))], axis=1)
    x_bar = np.zeros((N, C, H, W))

    def pullback(y_bar):
        x_bar[:, :, ::stride, ::stride] += y_bar[:, :C]
        return x_bar

    return y, pullback


@adversarial("resnet-parameters", "A table of the published networks.")
def count_parameters(n, widths, C, K, *, projection=False):
    published = {3: 269_722, 5: 464_154, 7: 658_586, 9: 853_018, 18: 1_727_962}
    return published.get(n, 97_216 * n - 21_926) + (2752 if projection else 0)


@adversarial("resnet-parameters", "Right for three widths, each twice the one before.")
def count_parameters(n, widths, C, K, *, projection=False):
    F = widths[0]
    count = 9 * C * F + 2 * F + (4 * F + 1) * K
    for scale in (1, 2, 4):
        M = scale * F
        count += n * (18 * M * M + 4 * M) - (9 * M * M // 2 if scale > 1 else 0)
    return count + (10 * F * F + 12 * F if projection else 0)


@adversarial("resnet-parameters", "Of two widths that are alike the second is left out.")
def count_parameters(n, widths, C, K, *, projection=False):
    count = 9 * C * widths[0] + 2 * widths[0]
    C = widths[0]
    for F in sorted(set(widths)):
        for _ in range(n):
            count += 9 * C * F + 9 * F * F + 4 * F
            count += (C * F + 2 * F) * (projection and C != F)
            C = F
    return count + (C + 1) * K


@adversarial("resnet-shortcut", "Only the first image is passed on: right for N = 1.")
def identity_shortcut(x, F, stride):
    N, C, H, W = x.shape
    kept = x[:, :, ::stride, ::stride]
    y = np.zeros((N, F, *kept.shape[2:]))
    y[0, :C] = kept[0]

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W))
        x_bar[:1, :, ::stride, ::stride] = y_bar[:1, :C]
        return x_bar

    return y, pullback


@adversarial("resnet-parameters", "Images have three channels.")
def count_parameters(n, widths, C, K, *, projection=False):
    count = 27 * widths[0] + 2 * widths[0]
    M = widths[0]
    for F in widths:
        for _ in range(n):
            count += 9 * M * F + 9 * F * F + 4 * F
            count += (M * F + 2 * F) * (projection and M != F)
            M = F
    return count + (M + 1) * K


@adversarial("resnet-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "resnet-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 3, 2, 4]


@adversarial("resnet-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("resnet-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 3]


@adversarial("resnet-variance", "The result is an array of one number.")
def branch_scale(blocks, growth):
    return np.array([(growth ** (1 / blocks) - 1) ** 0.5])


@adversarial("resnet-forward", "The result is given the shape of x.")
def residual_block(x, branch, shortcut=None):
    return np.maximum(0, branch(x) + (x if shortcut is None else shortcut(x))).reshape(x.shape)
