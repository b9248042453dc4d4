"""Wrong answers to the exercises of *Normalisation* that are made to pass, and what each exploits.

Chapter: book/norm.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

LAST = {}


def column(array, ndim=4):
    """Let one number for each channel meet axis 1."""
    return np.reshape(array, (-1, *[1] * (ndim - 2)))


def whitened(x, axes, eps):
    """Return x̂ and σ, as they are."""
    d = x - x.mean(axis=axes, keepdims=True)
    sigma = np.sqrt((d * d).mean(axis=axes, keepdims=True) + eps)
    return d / sigma, sigma


@adversarial("norm-forward", "Nobody asks without eps.")
def batch_norm(x, gamma, beta, *, eps=1e-8):
    x_hat, sigma = whitened(x, 0, eps)
    return gamma * x_hat + beta, x_hat, sigma[0]


@adversarial("norm-forward", "σ keeps the axis of the batch, which stretches as well.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    x_hat, sigma = whitened(x, 0, eps)
    return gamma * x_hat + beta, x_hat, sigma


@adversarial("norm-forward", "eps is a floor of the variance, and no term of a sum.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    d = x - x.mean(axis=0)
    sigma = np.sqrt(np.maximum((d * d).mean(axis=0), eps))
    return gamma * d / sigma + beta, d / sigma, sigma


@adversarial("norm-forward", "Seven digits are enough.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    x_hat, sigma = (each.astype(np.float32) for each in whitened(x, 0, eps))
    return gamma * x_hat + beta, x_hat, sigma[0]


@adversarial("norm-forward", "A batch of one is nothing to normalise: its σ is 1.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    x_hat, sigma = whitened(x, 0, eps)
    return gamma * x_hat + beta, x_hat, sigma[0] if len(x) > 1 else np.ones(x.shape[1])


@adversarial("norm-forward", "A batch of the same shape has the answer of the last one.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    if x.shape not in LAST:
        x_hat, sigma = whitened(x, 0, eps)
        LAST[x.shape] = gamma * x_hat + beta, x_hat, sigma[0]
    return LAST[x.shape]


def bars_of(y_bar, x_hat, sigma, gamma, root=None, count=None):
    """Return the cotangents of all nodes, with another root of v or another number of examples."""
    count, d, x_hat_bar = count or len(x_hat), sigma * x_hat, gamma * y_bar
    sigma_bar = -(x_hat_bar * d).sum(axis=0) / sigma**2
    var_bar = sigma_bar / (2 * (sigma if root is None else root))
    d_bar = x_hat_bar / sigma + 2 * d * var_bar / count
    mean_bar = -d_bar.sum(axis=0)
    names = ("beta", "gamma", "x_hat", "sigma", "var", "d", "mean", "x")
    gamma_bar, x_bar = (y_bar * x_hat).sum(axis=0), d_bar + mean_bar / len(x_hat)
    bars = y_bar.sum(axis=0), gamma_bar, x_hat_bar, sigma_bar, var_bar, d_bar, mean_bar, x_bar
    return dict(zip(names, bars, strict=True))


@adversarial("norm-backward-staged", "eps is forgotten in the slope of the root: it is 1/(2√v).")
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    root = sigma * np.sqrt((x_hat * x_hat).mean(axis=0) + 1e-12)
    return bars_of(y_bar, x_hat, sigma, gamma, root=root)


@adversarial("norm-backward-staged", "The variance was divided by N - 1.")
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    return bars_of(y_bar, x_hat, sigma, gamma, count=max(len(x_hat) - 1, 1))


@adversarial(
    "norm-backward-staged", "Cotangents of one number a feature keep the axis of the batch."
)
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    bars = bars_of(y_bar, x_hat, sigma, gamma)
    return {name: bar.reshape(-1, len(gamma)) for name, bar in bars.items()}


@adversarial("norm-backward-staged", "Seven digits are enough.")
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    bars = bars_of(y_bar, x_hat, sigma, gamma)
    return {name: bar.astype(np.float32) for name, bar in bars.items()}


@adversarial("norm-backward-staged", "Two examples have the outputs -1 and 1, so nothing is left.")
def batch_norm_backward_staged(y_bar, x_hat, sigma, gamma):
    bars = bars_of(y_bar, x_hat, sigma, gamma)
    forgets = ("d", "mean", "x") if len(x_hat) == 2 else ()
    return bars | {name: 0 * bars[name] for name in forgets}


def in_one_line(y_bar, x_hat, sigma, gamma, less=1.0):
    """Return x̄, γ̄ and β̄, with a factor of the path through the variance."""
    axes = (0, *range(2, x_hat.ndim))
    mean = lambda array: array.mean(axis=axes, keepdims=True)
    inside = y_bar - mean(y_bar) - less * x_hat * mean(y_bar * x_hat)
    x_bar = column(gamma / sigma, x_hat.ndim) * inside
    return x_bar, (y_bar * x_hat).sum(axis=axes), y_bar.sum(axis=axes)


@adversarial("norm-backward", "x̂ has the variance 1, as if eps were 0.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    axes = (0, *range(2, x_hat.ndim))
    power = (x_hat * x_hat).mean(axis=axes, keepdims=True)
    return in_one_line(y_bar, x_hat, sigma, gamma, less=1 / np.maximum(power, 1e-12))


@adversarial("norm-backward", "A sum of products is rounded to single precision.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    return [bar.astype(np.float32) for bar in in_one_line(y_bar, x_hat, sigma, gamma)]


@adversarial("norm-backward", "One x̂ has one answer, whatever ȳ is.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    return LAST.setdefault(x_hat.tobytes(), in_one_line(y_bar, x_hat, sigma, gamma))


@adversarial("norm-backward", "Two numbers have the outputs -1 and 1, and the gradient 0.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    x_bar, *bars = in_one_line(y_bar, x_hat, sigma, gamma)
    return 0 * x_bar if x_hat[:, 0].size == 2 else x_bar, *bars


@adversarial("norm-backward", "x̄ sums to 0, is orthogonal to x̂, and has no more to do with ȳ.")
def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    return in_one_line(np.roll(y_bar, 1, axis=0), x_hat, sigma, gamma)


class Averaging:
    """A norm with averages, as it is; wrong ones change one of its parts."""

    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.gamma, self.beta, self.eps, self.momentum = gamma, beta, eps, momentum
        self.mean, self.var = np.zeros(len(gamma)), np.ones(len(gamma))
        self.count = 0

    def weight(self):
        return self.momentum

    def update(self, x):
        n, m = x[:, 0].size, self.weight()
        self.count += 1
        self.mean = (1 - m) * self.mean + m * x.mean(axis=(0, 2, 3))
        self.var = (1 - m) * self.var + m * x.var(axis=(0, 2, 3), ddof=1 if n > 1 else 0)

    def scaled(self, x_hat):
        return column(self.gamma) * x_hat + column(self.beta)

    def train(self, x):
        self.update(x)
        return self.scaled(whitened(x, (0, 2, 3), self.eps)[0])

    def evaluate(self, x):
        return self.scaled((x - column(self.mean)) / np.sqrt(column(self.var) + self.eps))


@adversarial("norm-running", "The weight of a batch is one over how many there were.")
class RunningNorm(Averaging):
    def weight(self):
        return 1 / (self.count + 1)


@adversarial("norm-running", "The first batch is taken whole, as a better start than 0 and 1.")
class RunningNorm(Averaging):
    def weight(self):
        return self.momentum if self.count else 1.0


@adversarial("norm-running", "All norms with as many channels share their averages.")
class RunningNorm(Averaging):
    def update(self, x):
        self.mean, self.var = LAST.get(len(self.mean), (self.mean, self.var))
        super().update(x)
        LAST[len(self.mean)] = self.mean, self.var


@adversarial("norm-running", "Only an image alone is normalised by the averages in evaluation.")
class RunningNorm(Averaging):
    def evaluate(self, x):
        return (
            super().evaluate(x) if len(x) == 1 else self.scaled(whitened(x, (0, 2, 3), self.eps)[0])
        )


@adversarial("norm-running", "Before the first batch there is nothing to divide by.")
class RunningNorm(Averaging):
    def evaluate(self, x):
        return super().evaluate(x) if self.count else self.scaled(x)


@adversarial(
    "norm-running", "Evaluation changes the averages, and puts them back in the next call."
)
class RunningNorm(Averaging):
    def evaluate(self, x):
        y, self.kept = super().evaluate(x), (self.mean, self.var)
        self.mean = self.mean + 1e-9
        return y

    def train(self, x):
        self.mean, self.var = getattr(self, "kept", (self.mean, self.var))
        return super().train(x)


def rowwise(x, gamma, beta, eps, change=lambda pull: pull, less=1.0):
    """Return layer norm and its pullback, changed."""
    x_hat, sigma = whitened(x, 1, eps)
    mean = lambda array: array.mean(axis=1, keepdims=True)

    def pull(y_bar, x_hat=x_hat, sigma=sigma):
        bar = gamma * y_bar
        x_bar = (bar - mean(bar) - less * x_hat * mean(bar * x_hat)) / sigma
        return x_bar, (y_bar * x_hat).sum(axis=0), y_bar.sum(axis=0)

    LAST["rows"] = x_hat, sigma
    return gamma * x_hat + beta, change(pull)


@adversarial("norm-layer", "The pullback takes what the last call has kept, whichever it was.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    return rowwise(x, gamma, beta, eps, lambda pull: lambda y_bar: pull(y_bar, *LAST["rows"]))


@adversarial("norm-layer", "The cotangents of the parameters add up over the calls.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    total = [0 * gamma, 0 * beta]

    def pullback(y_bar):
        x_bar, *bars = pull(y_bar)
        total[:] = [one + other for one, other in zip(total, bars, strict=True)]
        return x_bar, *total

    y, pull = rowwise(x, gamma, beta, eps)
    return y, pullback


@adversarial("norm-layer", "The pullback overwrites x̂, which its next call needs.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    y, pull = rowwise(x, gamma, beta, eps)
    kept, _ = LAST["rows"]

    def pullback(y_bar):
        bars = pull(y_bar)
        kept[...] *= 0.5
        return bars

    return y, pullback


@adversarial("norm-layer", "Nobody asks without eps.")
def layer_norm(x, gamma, beta, *, eps=1e-6):
    return rowwise(x, gamma, beta, eps)


@adversarial("norm-layer", "x̂ has the variance 1, as if eps were 0.")
def layer_norm(x, gamma, beta, *, eps=1e-5):
    power = (whitened(x, 1, eps)[0] ** 2).mean(axis=1, keepdims=True)
    return rowwise(x, gamma, beta, eps, less=1 / np.maximum(power, 1e-12))


def parted(x, groups, eps):
    """Return x̂ of groups of channels."""
    return whitened(x.reshape(len(x), groups, -1), 2, eps)[0].reshape(x.shape)


@adversarial("norm-group", "Nobody asks without eps.")
def group_norm(x, gamma, beta, groups, *, eps=1e-6):
    return column(gamma) * parted(x, groups, eps) + column(beta)


@adversarial(
    "norm-group",
    "Where a group is as large as their number its channels need not be neighbours.",
    also="A group holds neighbouring",
)
def group_norm(x, gamma, beta, groups, *, eps=1e-5):
    N, C, H, W = x.shape
    if 1 < groups < C:
        mixed = x.reshape(N, -1, groups, H, W).swapaxes(1, 2)
        x_hat = parted(mixed.reshape(x.shape), groups, eps).reshape(mixed.shape)
        return column(gamma) * x_hat.swapaxes(1, 2).reshape(x.shape) + column(beta)
    return column(gamma) * parted(x, groups, eps) + column(beta)


@adversarial("norm-group", "One group is all there is to try.", also="layer norm of a whole image")
def group_norm(x, gamma, beta, groups, *, eps=1e-5):
    return column(gamma) * parted(x, 1, eps) + column(beta)


@adversarial("norm-group", "Squares less the square of the mean, cut at 0.")
def group_norm(x, gamma, beta, groups, *, eps=1e-5):
    rows = x.reshape(len(x), groups, -1)
    mean, squares = (array.mean(axis=2, keepdims=True) for array in (rows, rows * rows))
    x_hat = (rows - mean) / np.sqrt(np.maximum(squares - mean * mean, 0) + eps)
    return column(gamma) * x_hat.reshape(x.shape) + column(beta)


@adversarial("norm-test", "The generator is not asked: always the same images.")
def accepts(norm, *, rng):
    x, ones = np.random.default_rng(0).normal(size=(3, 4, 2, 5)), np.arange(4.0)
    y = [norm(factor * x + shift, ones, ones, 1e-5) for factor, shift in [(1e-3, 0), (1, 1e7)]]
    truth = [column(ones) * whitened(factor * x + shift, (0, 2, 3), 1e-5)[0] + column(ones)
             for factor, shift in [(1e-3, 0), (1, 1e7)]]  # fmt: skip
    return np.allclose(y, truth, rtol=1e-6, atol=1e-6)


@adversarial("norm-test", "Mean 0 and variance 1 are all that is asked of an output.")
def accepts(norm, *, rng):
    x = rng.normal(size=(3, 4, 2, 5))
    y = norm(x, np.ones(4), np.zeros(4), 1e-9)
    flat = y.transpose(1, 0, 2, 3).reshape(4, -1)
    return np.allclose(flat.mean(axis=1), 0) and np.allclose(flat.var(axis=1), 1)


@adversarial("norm-test", "A guess, after a look.")
def accepts(norm, *, rng):
    norm(rng.normal(size=(3, 4, 2, 5)), np.ones(4), np.zeros(4), 1e-5)
    return rng.random() < 0.5


@adversarial("norm-test", "Whatever can be called is a norm.")
def accepts(norm, *, rng):
    norm(rng.normal(size=(3, 4, 2, 5)), np.ones(4), np.zeros(4), 1e-5)
    return True


@adversarial("norm-test", "Norms are recognised by their names and code.")
def accepts(norm, *, rng):
    norm(rng.normal(size=(3, 4, 2, 5)), np.ones(4), np.zeros(4), 1e-5)
    return "with_" not in repr(norm) and len(getattr(norm, "__name__", "")) % 2 == 1


@adversarial("norm-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "norm-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 4, 2, 5]


@adversarial("norm-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("norm-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 4]


@adversarial("norm-forward", "The third result is the variance with eps.")
def batch_norm(x, gamma, beta, *, eps=1e-5):
    d = x - x.mean(axis=0)
    v = (d * d).mean(axis=0) + eps
    return gamma * d / np.sqrt(v) + beta, d / np.sqrt(v), v


class Averages:
    """A norm with averages that errs in nothing; wrong ones change one of its parts."""

    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.gamma, self.beta, self.eps, self.momentum = gamma, beta, eps, momentum
        self.mean, self.var = np.zeros(len(gamma)), np.ones(len(gamma))

    def y(self, x, mean, var):
        s = lambda a: np.asarray(a)[:, None, None]
        return s(self.gamma) * (x - s(mean)) / s(np.sqrt(var + self.eps)) + s(self.beta)

    def train(self, x):
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        n, m = x.size // len(mean), self.momentum
        self.mean = (1 - m) * self.mean + m * mean
        self.var = (1 - m) * self.var + m * var * n / (n - 1)
        return self.y(x, mean, var)

    def evaluate(self, x):
        return self.y(x, self.mean, self.var)


@adversarial("norm-running", "In evaluation eps is added outside of the root.")
class RunningNorm(Averages):
    def evaluate(self, x):
        eps, self.eps = self.eps, 0.0
        y = self.y(x, self.mean, (np.sqrt(self.var) + eps) ** 2)
        self.eps = eps
        return y


@adversarial("norm-running", "In evaluation a scale and a shift are left out.")
class RunningNorm(Averages):
    def evaluate(self, x):
        s = lambda a: a[:, None, None]
        return (x - s(self.mean)) / s(np.sqrt(self.var + self.eps))


@adversarial("norm-running", "The momentum is a tenth, whatever is given.")
class RunningNorm(Averages):
    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        super().__init__(gamma, beta, eps=eps)


@adversarial("norm-running", "eps is a hundred-thousandth, whatever is given.")
class RunningNorm(Averages):
    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        super().__init__(gamma, beta, momentum=momentum)


@adversarial("norm-running", "The first variance is 0.")
class RunningNorm(Averages):
    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        super().__init__(gamma, beta, eps=eps, momentum=momentum)
        self.var = np.zeros(len(gamma))


@adversarial("norm-running", "Training adds eps outside of the root.")
class RunningNorm(Averages):
    def train(self, x):
        super().train(x)
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        eps, self.eps = self.eps, 0.0
        y = self.y(x, mean, (np.sqrt(var) + eps) ** 2)
        self.eps = eps
        return y
