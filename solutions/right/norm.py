"""Right answers to the exercises of *Normalisation* that look unusual.

Chapter: book/norm.md.
"""

from math import fsum, sqrt

import numpy as np

from dlcore.course.exercises.known_answers import right


def spread(numbers):
    """Return mean and biased variance of a list, from exact sums."""
    mean = fsum(numbers) / len(numbers)
    return mean, fsum((each - mean) ** 2 for each in numbers) / len(numbers)


def running_spread(rows):
    """Return mean and biased variance of arrays, one array after the other."""
    mean, squares = 0.0 * rows[0], 0.0 * rows[0]
    for count, row in enumerate(rows, start=1):
        change = row - mean
        mean = mean + change / count
        squares = squares + change * (row - mean)
    return mean, squares / len(rows)


def projection(x_hat):
    """Return the matrix I - 1/n - x̂ x̂ᵀ/n of a list of numbers."""
    n = len(x_hat)
    return np.eye(n) - np.ones((n, n)) / n - np.outer(x_hat, x_hat) / n


@right("norm-forward", "Column by column in lists, from exact sums.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    columns, sigmas = [], []
    for numbers in x.T.tolist():
        mean, var = spread(numbers)
        sigmas.append(sqrt(var + eps))
        columns.append([(each - mean) / sigmas[-1] for each in numbers])
    x_hat = np.array(columns).T
    return [x_hat * gamma + beta, x_hat, sigmas]


@right("norm-forward", "Welford's running mean and variance, example by example.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    mean, var = running_spread(list(x.astype(np.float64)))
    sigma = (var + eps) ** 0.5
    x_hat = np.divide(np.subtract(x, mean), sigma)
    return np.add(np.multiply(x_hat, gamma), beta), x_hat, sigma


@right("norm-backward-staged", "The mean receives nothing through the variance, as Σ d = 0.")
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    bars = {"x_hat": y_bar * gamma}
    bars["mean"] = -bars["x_hat"].sum(axis=0) / sigma
    bars["var"] = -0.5 * np.einsum("nd,nd->d", bars["x_hat"], x_hat) / sigma**2
    bars["sigma"] = 2 * sigma * bars["var"]
    bars["d"] = bars["x_hat"] / sigma + 2 / len(y_bar) * x_hat * sigma * bars["var"]
    bars["x"] = bars["d"] + bars["mean"] / len(y_bar)
    bars["gamma"], bars["beta"] = np.einsum("nd,nd->d", y_bar, x_hat), np.ones(len(y_bar)) @ y_bar
    return bars


@right("norm-backward-staged", "Feature by feature, example by example; the dictionary has more.")
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    N, D = y_bar.shape
    bars = {name: np.zeros(D) for name in ("beta", "gamma", "sigma", "var", "mean")}
    bars |= {name: np.zeros((N, D)) for name in ("x_hat", "d", "x")} | {"y": y_bar}
    for i in range(D):
        for n in range(N):
            bars["beta"][i] += y_bar[n, i]
            bars["gamma"][i] += y_bar[n, i] * x_hat[n, i]
            bars["x_hat"][n, i] = gamma[i] * y_bar[n, i]
            bars["sigma"][i] -= bars["x_hat"][n, i] * x_hat[n, i] / sigma[i]
        bars["var"][i] = bars["sigma"][i] / 2 / sigma[i]
        for n in range(N):
            share = bars["x_hat"][n, i] / sigma[i]
            bars["d"][n, i] = share + 2 * sigma[i] * x_hat[n, i] * bars["var"][i] / N
            bars["mean"][i] -= bars["d"][n, i]
        bars["x"][:, i] = bars["d"][:, i] + bars["mean"][i] / N
    return bars


@right("norm-backward", "The Jacobian of each channel, as a matrix.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    x_bar = np.empty(x_hat.shape)
    for c, scale in enumerate(gamma / sigma):
        along = projection(x_hat[:, c].ravel()) @ y_bar[:, c].ravel()
        x_bar[:, c] = scale * along.reshape(x_hat[:, c].shape)
    sums = [[np.sum(a[:, c]) for c in range(len(gamma))] for a in (y_bar * x_hat, y_bar)]
    return x_bar, *sums


@right("norm-backward", "Channels first, rows of numbers; sums divided by their number at the end.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    there = np.moveaxis(y_bar, 1, 0)
    rows, hats = (np.moveaxis(a, 1, 0).reshape(len(gamma), -1) for a in (y_bar, x_hat))
    beta_bar, gamma_bar = rows.sum(axis=1), np.vecdot(rows, hats)
    bars = rows - (beta_bar[:, None] + hats * gamma_bar[:, None]) / rows.shape[1]
    bars = (bars.T * (gamma / sigma)).T.reshape(there.shape)
    return [np.moveaxis(bars, 0, 1), gamma_bar, beta_bar]


class ListNorm:
    """A norm that holds its averages in lists, and makes arrays of them when asked."""

    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.scales = list(zip(gamma.tolist(), beta.tolist(), strict=True))
        self.eps, self.old = eps, 1 - momentum
        self.means, self.vars = [0.0] * len(gamma), [1.0] * len(gamma)

    @property
    def mean(self):
        return np.array(self.means)

    @property
    def var(self):
        return np.array(self.vars)

    def train(self, x):
        stats = []
        for c in range(x.shape[1]):
            numbers = x[:, c].ravel().tolist()
            n = len(numbers)
            stats.append(spread(numbers))
            mean, var = stats[-1]
            self.means[c] = self.old * self.means[c] + (1 - self.old) * mean
            self.vars[c] = self.old * self.vars[c] + (1 - self.old) * var * n / (n - 1)
        return self.applied(x, stats)

    def evaluate(self, x):
        return self.applied(x, list(zip(self.means, self.vars, strict=True)))

    def applied(self, x, stats):
        maps = []
        for c, (mean, var) in enumerate(stats):
            gamma, beta = self.scales[c]
            maps.append((x[:, c].astype(float) - mean) / sqrt(var + self.eps) * gamma + beta)
        return np.stack(maps, axis=1)


@right("norm-running", "Lists of numbers, and properties that make arrays of them.")
class RunningNorm(ListNorm):
    pass


@right("norm-running", "The averages are moved in place towards the new values.")
class RunningNorm:
    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.affine = [each.reshape(1, -1, 1, 1) for each in (gamma, beta)]
        self.mean, self.var = np.zeros(len(gamma)), np.ones(len(gamma))
        self.eps, self.momentum = eps, momentum

    def train(self, x):
        rows = np.concatenate([each.reshape(x.shape[1], -1) for each in x], axis=1)
        self.mean += self.momentum * (np.mean(rows, axis=1) - self.mean)
        self.var += self.momentum * (np.var(rows, axis=1, ddof=1) - self.var)
        return self.normalised(x, np.mean(rows, axis=1), np.var(rows, axis=1))

    def evaluate(self, x):
        return self.normalised(x, self.mean, self.var)

    def normalised(self, x, mean, var):
        gamma, beta = self.affine
        factor = gamma * (var + self.eps).reshape(1, -1, 1, 1) ** -0.5
        return (x - mean.reshape(1, -1, 1, 1)) * factor + beta


@right("norm-layer", "Batch norm of the transposed, with γ = 1.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    mean, var = running_spread(list(x.T.astype(float)))
    root = np.sqrt(var + eps)
    x_hat = ((x.T - mean) / root).T

    def pullback(y_bar):
        bars = (y_bar * gamma).T
        means = bars.mean(axis=0) + x_hat.T * (bars * x_hat.T).mean(axis=0)
        return ((bars - means) / root).T, np.vecdot(y_bar.T, x_hat.T), y_bar.T.sum(axis=1)

    return x_hat * gamma + beta, pullback


@right("norm-layer", "Row by row, the Jacobian of each as a matrix; lists.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    stats = [spread(row) for row in x.tolist()]
    x_hat = np.array([(row.astype(float) - mean) / sqrt(var + eps)
                      for row, (mean, var) in zip(x, stats, strict=True)])  # fmt: skip

    def pullback(y_bar):
        x_bar = [projection(row) @ (gamma * bar) / sqrt(var + eps)
                 for row, bar, (_, var) in zip(x_hat, y_bar, stats, strict=True)]  # fmt: skip
        return [x_bar, list((y_bar * x_hat).sum(axis=0)), list(y_bar.sum(axis=0))]

    return [list(gamma * row + beta) for row in x_hat], pullback


@right("norm-group", "Image by image, the channels split; numbers from exact sums.")
def group_norm(x, gamma, beta, groups, *, eps=1e-5):
    y = np.zeros(x.shape)
    for image, result in zip(x.astype(float), y, strict=True):
        for channels in np.split(np.arange(len(gamma)), groups):
            mean, var = spread(image[channels].ravel().tolist())
            result[channels] = (image[channels] - mean) / sqrt(var + eps)
    return y * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)


@right("norm-group", "Five axes, and a difference from the first number before any sum.")
def group_norm(x, gamma, beta, groups, *, eps=1e-5):
    N, C, H, W = x.shape
    parts = x.reshape(N, groups, C // groups, H, W)
    near = parts - parts.mean(axis=(2, 3, 4), keepdims=True)
    scale = 1 / np.sqrt(np.var(near, axis=(2, 3, 4), keepdims=True) + eps)
    affine = [each.reshape(groups, C // groups, 1, 1) for each in (gamma, beta)]
    return (near * scale * affine[0] + affine[1]).reshape(N, C, H, W)


@right("norm-test", "Exact sums channel by channel, at an eps of the size of the variance.")
def accepts(norm, *, rng):
    x = rng.normal(size=(2, 3, 2, 4))
    gamma, beta = rng.uniform(1, 2, size=3) * [-1, 1, 2], rng.normal(size=3)
    for shift in (0.0, 1e6 * rng.uniform(1, 2)):
        y = np.asarray(norm(x + shift, gamma, beta, 0.5))
        for c in range(3):
            numbers = (x + shift)[:, c].ravel().tolist()
            mean, var = spread(numbers)
            truth = [gamma[c] * (each - mean) / sqrt(var + 0.5) + beta[c] for each in numbers]
            if np.abs(y[:, c].ravel() - truth).max() > 1e-7:
                return False
    return True


@right(
    "norm-test", "Single precision for the large mean, double for the rest; numpy.bool at the end."
)
def accepts(norm, *, rng):
    noise, affine = rng.standard_normal((5, 2, 3, 2)), rng.standard_normal((2, 2, 1, 1))
    far, judged = (1e4 + noise).astype(np.float32), []
    for x, eps, allowed in [(noise, 1e-2, 1e-9), (far, 1e-2, 0.05), (noise / 300, 1e-3, 1e-9)]:
        mean, var = running_spread(list(np.moveaxis(x.astype(float), 1, 3).reshape(-1, 2)))
        x_hat = (x - mean.reshape(2, 1, 1)) / np.sqrt(var + eps).reshape(2, 1, 1)
        y = norm(x, affine[0].ravel(), affine[1].ravel(), eps)
        judged.append(np.abs(y - affine[0] * x_hat - affine[1]).max() < allowed)
    return np.all(judged)
