"""Plausible wrong answers to the exercises of *Normalisation*, each with a word of advice.

Chapter: book/norm.md.
"""

from types import SimpleNamespace

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def moments(x, axis=0):
    """Return mean and variance along an axis, which is kept."""
    return x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)


def forwards(advice, mean=None, sigma=None):
    """Mark a forward pass in which mean or σ is another function of x and eps."""

    @wrong("norm-forward", advice)
    def batch_norm(x, gamma, beta, *, eps=1e-5):
        center = mean(x) if mean else x.mean(axis=0)
        spread = sigma(x, eps) if sigma else np.sqrt(x.var(axis=0) + eps)
        x_hat = (x - center) / spread
        return gamma * x_hat + beta, x_hat, np.ravel(spread)


forwards(
    "Divide by N, not by N - 1: for two numbers x̂ is -1 and 1, but for eps.",
    sigma=lambda x, eps: np.sqrt(x.var(axis=0) * len(x) / max(len(x) - 1, 1) + eps),
)
forwards(
    "eps is added to v, inside the root: where all numbers are equal σ is √eps, not eps.",
    sigma=lambda x, eps: np.sqrt(x.var(axis=0)) + eps,
)
forwards(
    "Divide by σ, and not by v: numbers that are twice as large have the same x̂, but for eps.",
    sigma=lambda x, eps: x.var(axis=0) + eps,
)
forwards(
    "The statistics run over the batch, axis 0: a feature has a mean and a variance of its own.",
    mean=lambda x: x.mean(axis=1, keepdims=True),
    sigma=lambda x, eps: np.sqrt(x.var(axis=1, keepdims=True) + eps),
)
forwards(
    "eps is missing: where all numbers of a feature are equal, 0 is divided by 0.",
    sigma=lambda x, eps: np.sqrt(x.var(axis=0)),
)
forwards(
    "mean(x²) - mean(x)² cancels where the mean is large: subtract the mean, then square.",
    sigma=lambda x, eps: np.sqrt((x * x).mean(axis=0) - x.mean(axis=0) ** 2 + eps),
)
forwards("The mean is not subtracted: each column of x̂ has to sum to 0.", mean=lambda x: 0.0)


# Each stage is a function of what is given and of the cotangents before it.
STAGES = {
    "beta": lambda g, bars: g.y_bar.sum(axis=0),
    "gamma": lambda g, bars: (g.y_bar * g.x_hat).sum(axis=0),
    "x_hat": lambda g, bars: g.gamma * g.y_bar,
    "sigma": lambda g, bars: -(bars["x_hat"] * g.d).sum(axis=0) / g.sigma**2,
    "var": lambda g, bars: bars["sigma"] / (2 * g.sigma),
    "d": lambda g, bars: bars["x_hat"] / g.sigma + 2 * g.d * bars["var"] / g.N,
    "mean": lambda g, bars: -bars["d"].sum(axis=0),
    "x": lambda g, bars: bars["d"] + bars["mean"] / g.N,
}


def staged(advice, **changed):
    """Mark a staged backward pass in which some stages are others."""

    @wrong("norm-backward-staged", advice)
    def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
        given = {"y_bar": y_bar, "x_hat": x_hat, "sigma": sigma, "gamma": gamma}
        g = SimpleNamespace(**given, d=sigma * x_hat, N=len(x_hat))
        bars = {}
        for name, stage in (STAGES | changed).items():
            bars[name] = stage(g, bars)
        return bars


staged(
    "x is used by μ, too: with its share μ̄/N each column of x̄ sums to 0.",
    x=lambda g, bars: bars["d"],
)
staged(
    "d is used by v, too: add its share, 2 d v̄/N, to that of x̂.",
    d=lambda g, bars: bars["x_hat"] / g.sigma,
)
staged("γ is missing: y = γ x̂ + β propagates γ ȳ back to x̂.", x_hat=lambda g, bars: g.y_bar)
staged(
    "The factor of γ is x̂: γ̄ is the sum of ȳ x̂, and not that of ȳ d.",
    gamma=lambda g, bars: (g.y_bar * g.d).sum(axis=0),
)
staged(
    "The slope of a root is 1/(2σ): v̄ lacks its factor of a half.",
    var=lambda g, bars: bars["sigma"] / g.sigma,
)
staged(
    "v is a mean: its share of d̄ is 2 d v̄ divided by N.",
    d=lambda g, bars: bars["x_hat"] / g.sigma + 2 * g.d * bars["var"],
)


def at_once(advice, x_bar=None, gamma_bar=None, axes=None):
    """Mark a backward pass with another x̄ or γ̄, or with sums over other axes."""

    @wrong("norm-backward", advice)
    def batch_norm_backward(y_bar, x_hat, sigma, gamma):
        summed = axes or (0, *range(2, x_hat.ndim))
        column = (-1, *[1] * (x_hat.ndim - 2))
        g = SimpleNamespace(y_bar=y_bar, x_hat=x_hat)
        g.gamma, g.sigma = gamma.reshape(column), sigma.reshape(column)
        g.mean = lambda array: array.mean(axis=summed, keepdims=True)
        both = (y_bar * x_hat).sum(axis=summed)
        first = (x_bar or right_line)(g)
        return first, gamma_bar(both, sigma) if gamma_bar else both, y_bar.sum(axis=summed)


def right_line(g, factor=1):
    """Return x̄ as it is, or with a factor of the two means."""
    means = g.mean(g.y_bar) + g.x_hat * g.mean(g.y_bar * g.x_hat)
    return g.gamma / g.sigma * (g.y_bar - factor * means)


at_once(
    "The path through μ is lost: each channel of x̄ has to sum to 0.",
    lambda g: g.gamma / g.sigma * (g.y_bar - g.x_hat * g.mean(g.y_bar * g.x_hat)),
)
at_once(
    "The path through v is lost: Σ x̂ x̄ has to be nearly 0 where eps is small.",
    lambda g: g.gamma / g.sigma * (g.y_bar - g.mean(g.y_bar)),
)
at_once(
    "In evaluation that would be right; in training μ and v depend on x: subtract two means.",
    lambda g: g.gamma / g.sigma * g.y_bar,
)
at_once(
    "A channel has N H W numbers: divide its sums by all of them, and not by N.",
    lambda g: right_line(g, factor=g.x_hat[0, 0].size),
)
at_once("γ is missing in x̄: with γ = 2 it is twice as large.", lambda g: right_line(g) / g.gamma)
at_once("Divide by σ, and not by σ².", lambda g: right_line(g) / g.sigma)
at_once(
    "γ̄ is the sum of ȳ x̂: with x or its deviations it is σ times as large.",
    gamma_bar=lambda both, sigma: both * sigma,
)
at_once("The sums of an image run over height and width, too: over all axes but 1.", axes=(0,))


class Averages:
    """A norm with averages that errs in nothing; wrong ones change one of its parts."""

    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = gamma, beta
        self.eps, self.momentum = eps, momentum
        self.mean, self.var = np.zeros(len(gamma)), np.ones(len(gamma))

    def statistics(self, x):
        return x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))

    def unbiased(self, x, var):
        n = x.size // len(var)
        return var * n / (n - 1)

    def update(self, x, momentum):
        mean, var = self.statistics(x)
        self.mean = (1 - momentum) * self.mean + momentum * mean
        self.var = (1 - momentum) * self.var + momentum * self.unbiased(x, var)

    def normalised(self, x, mean, var):
        sigma = np.sqrt(var + self.eps)
        x_hat = (x - mean.reshape(-1, 1, 1)) / sigma.reshape(-1, 1, 1)
        return self.gamma.reshape(-1, 1, 1) * x_hat + self.beta.reshape(-1, 1, 1)

    def train(self, x):
        self.update(x, self.momentum)
        return self.normalised(x, *self.statistics(x))

    def evaluate(self, x):
        return self.normalised(x, self.mean, self.var)


@wrong("norm-running", "Momentum is the weight of the new value: after 0 and 1 it is m, not 1 - m.")
class RunningNorm(Averages):
    def update(self, x, momentum):
        super().update(x, 1 - momentum)


@wrong("norm-running", "The variance enters the average unbiased: multiply it by n / (n - 1).")
class RunningNorm(Averages):
    def unbiased(self, x, var):
        return var


@wrong("norm-running", "In training the biased variance divides: the unbiased one is averaged.")
class RunningNorm(Averages):
    def train(self, x):
        self.update(x, self.momentum)
        mean, var = self.statistics(x)
        return self.normalised(x, mean, self.unbiased(x, var))


@wrong("norm-running", "The averages are never updated: after a batch `mean` is still 0.")
class RunningNorm(Averages):
    def update(self, x, momentum):
        pass


@wrong("norm-running", "The averages are updated twice: the new value has the weight m (2 - m).")
class RunningNorm(Averages):
    def update(self, x, momentum):
        super().update(x, momentum * (2 - momentum))


@wrong("norm-running", "Evaluation updates the averages: it has to leave them as they are.")
class RunningNorm(Averages):
    def evaluate(self, x):
        y = super().evaluate(x)
        self.update(x, self.momentum)
        return y


@wrong("norm-running", "In evaluation an image alone has the y of a batch: take the averages.")
class RunningNorm(Averages):
    def evaluate(self, x):
        return self.normalised(x, *self.statistics(x))


@wrong("norm-running", "Training divides by the averages: x̂ of the batch has to have mean 0.")
class RunningNorm(Averages):
    def train(self, x):
        self.update(x, self.momentum)
        return super().evaluate(x)


@wrong("norm-running", "n counts the numbers of a channel, N H W, and not the images.")
class RunningNorm(Averages):
    def unbiased(self, x, var):
        return var * len(x) / max(len(x) - 1, 1)


def layers(advice, axis=1, sigma=None, x_bar=None, gamma_bar=None):
    """Mark a layer norm along another axis, or with another σ, x̄ or γ̄."""

    @wrong("norm-layer", advice)
    def layer_norm(x, gamma, beta, *, eps=1e-5):
        mean, var = moments(x, axis)
        g = SimpleNamespace(x=x, gamma=gamma)
        g.sigma = sigma(var, eps) if sigma else np.sqrt(var + eps)
        g.x_hat = (x - mean) / g.sigma
        g.mean = lambda array: array.mean(axis=axis, keepdims=True)

        def pullback(y_bar):
            rule = x_bar or right_row
            sums = gamma_bar(g, y_bar) if gamma_bar else (y_bar * g.x_hat).sum(axis=0)
            return rule(g, gamma * y_bar), sums, y_bar.sum(axis=0)

        return gamma * g.x_hat + beta, pullback


def right_row(g, bar):
    """Return x̄ as it is, from the cotangent of x̂."""
    return (bar - g.mean(bar) - g.x_hat * g.mean(bar * g.x_hat)) / g.sigma


layers("Each example has statistics of its own, along axis 1: over the batch is batch norm.", 0)
layers("eps is added to v, inside the root.", sigma=lambda var, eps: np.sqrt(var) + eps)
layers(
    "γ differs within a row: take γ ȳ into the means, do not multiply the means by γ.",
    x_bar=lambda g, bar: g.gamma * right_row(g, bar / g.gamma),
)
layers(
    "The path through μ is lost: each row of x̄ has to sum to 0.",
    x_bar=lambda g, bar: (bar - g.x_hat * g.mean(bar * g.x_hat)) / g.sigma,
)
layers(
    "The factor of γ is x̂: γ̄ is the sum of ȳ x̂, and not that of ȳ x.",
    gamma_bar=lambda g, y_bar: (y_bar * g.x).sum(axis=0),
)


def grouped(advice, sizes, axes=2, column=(-1, 1, 1)):
    """Mark a group norm that cuts images into other parts, with statistics along some axes."""

    @wrong("norm-group", advice)
    def group_norm(x, gamma, beta, groups, *, eps=1e-5):
        N, C, H, W = x.shape
        parts = x.reshape(N, *sizes(C, groups), H * W)
        mean, var = moments(parts, axes)
        x_hat = ((parts - mean) / np.sqrt(var + eps)).reshape(x.shape)
        return gamma.reshape(column) * x_hat + beta.reshape(column)


def right_parts(C, groups):
    """Cut the channels into groups of neighbours."""
    return groups, C // groups


grouped("A group holds neighbouring channels.", lambda C, groups: (C // groups, groups), (1, 3))
grouped("`groups` counts the groups.", lambda C, groups: (C // groups, groups), axes=(2, 3))
grouped("Each image has statistics of its own, without the batch.", right_parts, axes=(0, 2, 3))
grouped("That is instance norm: a group has C/groups channels, not one.", right_parts, axes=3)
grouped("The statistics of a group run over H and W, too.", right_parts, axes=2)
grouped("γ and β meet the channels if they are (C, 1, 1).", right_parts, axes=(2, 3), column=-1)
grouped("That is layer norm of a whole image: groups differ.", right_parts, axes=(1, 2, 3))

NORMAL, SMALL, FAR = (1.0, 0.0), (1e-3, 0.0), (1.0, 1e7)  # factor of normal numbers, and mean


def judging(advice, cases=(NORMAL, SMALL, FAR), channels=4, allowed=1e-6, draw=True):
    """Mark a test that tries other numbers, or allows other differences."""

    @wrong("norm-test", advice)
    def accepts(norm, *, rng):
        noise, column = rng.normal(size=(3, channels, 2, 5)), (-1, 1, 1)
        gamma, beta = rng.normal(size=(2, channels)) if draw else np.ones((2, channels))
        for factor, shift in cases:
            x = factor * noise + shift
            mean, var = moments(x, (0, 2, 3))
            x_hat = (x - mean) / np.sqrt(var + 1e-5)
            y = gamma.reshape(column) * x_hat + beta.reshape(column)
            if not np.allclose(norm(x, gamma, beta, 1e-5), y, rtol=allowed, atol=allowed):
                return False
        return True


judging("A small mean shows no cancellation: try numbers around 1e7, too.", (NORMAL, SMALL))
judging("A large variance hides eps: try numbers of 1e-3, too.", (NORMAL, FAR), allowed=1e-4)
judging("γ = β = 1 for all channels shows no fault of γ and β: draw both.", draw=False)
judging("One channel shows no exchange of channels: draw several.", channels=1)
judging("Right norms differ by roundings: allow for them.", allowed=0.0)
judging("So much is allowed that n - 1 passes for n.", allowed=0.1)


def named(advice, *numbers):
    """Mark other lines as the wrong ones."""

    @wrong("norm-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 2, 3, 1)
named("In the first, look for a mean that has become a sum.", 2, 4, 2)
named("In the second, a mean is divided by N once: see where it is divided again.", 3, 6, 2)
named("In the third, the diagonal loses x̂²/N, and does not gain it.", 3, 4, 3)


@wrong("norm-forward", "y comes first, then x̂, then σ.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    d = x - x.mean(axis=0)
    sigma = np.sqrt((d * d).mean(axis=0) + eps)
    return d / sigma, gamma * d / sigma + beta, sigma


@wrong("norm-backward", "x̄ comes first, then γ̄, then β̄.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    axes = (0, *range(2, x_hat.ndim))
    mean = lambda array: array.mean(axis=axes, keepdims=True)
    scale = (gamma / sigma).reshape(mean(x_hat).shape)
    x_bar = scale * (y_bar - mean(y_bar) - x_hat * mean(y_bar * x_hat))
    return x_bar, y_bar.sum(axis=axes), (y_bar * x_hat).sum(axis=axes)


@wrong("norm-layer", "The pullback returns x̄, γ̄ and β̄, in this order.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    d = x - x.mean(axis=1, keepdims=True)
    sigma = np.sqrt((d * d).mean(axis=1, keepdims=True) + eps)
    x_hat = d / sigma

    def pullback(y_bar):
        x_hat_bar = gamma * y_bar
        along = (x_hat_bar * x_hat).mean(axis=1, keepdims=True)
        x_bar = (x_hat_bar - x_hat_bar.mean(axis=1, keepdims=True) - x_hat * along) / sigma
        return x_bar, y_bar.sum(axis=0), (y_bar * x_hat).sum(axis=0)

    return gamma * x_hat + beta, pullback
