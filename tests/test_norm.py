"""Normalisation.  Each test is a lemma of `book/norm.md`, in the order of the chapter."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

# Exercises


def agree(found, truth, tolerance):
    """Compare numbers within a tolerance, and shapes exactly."""
    assert_allclose(found, truth, **tolerance)
    shapes = np.shape(found), np.shape(truth)
    assert shapes[0] == shapes[1], f"the shape is {shapes[0]}, wanted {shapes[1]}"


def locked(*arrays):
    """Make arrays that nobody can overwrite."""
    for array in arrays:
        array.flags.writeable = False
    return arrays


def single(array):
    """Cut an array to single precision."""
    return array.astype(np.float32)


def turned(array):
    """Return the same numbers, whose last axis is the first in memory."""
    return np.asfortranarray(array)


def far(array):
    """Move numbers of size one so far that their mean is a hundred thousand deviations."""
    return array + 1e5


def flat(array):
    """Shrink numbers of size one until their variance is about 10⁻⁶, below eps."""
    return 1e-3 * array + 0.5


def equal(array):
    """Make all numbers of the first row of an array equal, and of its first column, too."""
    copy = array.copy()
    copy[0] = copy[:, 0] = 0.75
    return copy


KINDS = [np.copy, single, turned, far, flat, equal]


def normalised(x, axes, eps):
    """Return x̂ and σ by the definition, with the statistics along `axes` kept as axes."""
    d = x - x.mean(axis=axes, keepdims=True)
    sigma = np.sqrt((d * d).mean(axis=axes, keepdims=True) + eps)
    return d / sigma, sigma


def exact(x, sigma, *factors):
    """Return a tolerance for results that are so many roundings of x away, divided by σ."""
    eps = max(np.finfo(array.dtype).eps for array in (x, *factors))
    size = np.prod([1 + np.abs(factor).max() for factor in factors])
    return {"rtol": 0, "atol": float(40 * eps * size * (1 + np.abs(x).max() / sigma.min()))}


def along(array, ndim=4):
    """Reshape one number for each channel, so that it meets axis 1 of features or images."""
    return array.reshape(-1, *[1] * (ndim - 2))


def pulled_back(f, x, y_bar):
    """Return the slopes of Σ ȳ f(x) along every entry of x, but for rounding.

    f(x + i h) = f(x) + i h f'(x) + O(h²), and of h = 10⁻³⁰ nothing is left of h².
    """
    x_bar = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[entry] += 1e-30j
        x_bar[entry] = np.sum(y_bar * f(moved)).imag / 1e-30
    return x_bar


def options(rng):
    """Draw an eps: as an argument, and as what is used. Without an argument it is 1e-5."""
    eps = float(10 ** rng.uniform(-4, 0))
    return [({}, 1e-5), ({"eps": eps}, eps)]


def features(rng, kind):
    """Draw x, γ and β: of many examples, of two, of one; of one feature; sizes exchanged."""
    N, D = rng.permutation([3, 4, 5, 6, 7])[:2].tolist()
    for shape in [(N, D), (2, D), (1, D), (N, 1), (D, N)]:
        x = kind(rng.normal(size=shape) + rng.uniform(-2, 2))
        gamma, beta = rng.normal(size=(2, shape[1])).astype(x.dtype)
        yield locked(x, gamma, beta)


def forward(x, gamma, beta, eps):
    """Return y, x̂ and σ of a batch of features, and their tolerances."""
    x_hat, sigma = normalised(x.astype(float), (0,), eps)
    wide, narrow = exact(x, sigma, gamma, beta), exact(x, sigma)
    return [(gamma * x_hat + beta, wide), (x_hat, narrow), (sigma[0], narrow)]


@pytest.mark.exercise("norm-forward", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_features_are_normalised_over_the_batch(answers, kind, rng):
    """y = γ x̂ + β, x̂ = (x - μ)/σ and σ = √(v + eps), and once more after other batches."""
    asked = []
    for case in features(rng, kind):
        for given, eps in options(rng):
            asked.append((case, given, forward(*case, eps)))
    for case, given, truth in 2 * asked:
        for found, (wanted, tolerance) in zip(
            answers.batch_norm(*case, **given), truth, strict=True
        ):
            agree(found, wanted, tolerance)


def tails(x, gamma, eps):
    """Map each node of batch norm to its value, and to y as a function of it, for β = 0."""
    mean = x.mean(axis=0)
    d = x - mean
    var = (d * d).mean(axis=0)
    sigma = np.sqrt(var + eps)
    from_d = lambda d: gamma * d / np.sqrt((d * d).mean(axis=0) + eps)
    return {
        "beta": (0 * mean, lambda beta: gamma * d / sigma + beta),
        "gamma": (gamma, lambda gamma: gamma * d / sigma),
        "x_hat": (d / sigma, lambda x_hat: gamma * x_hat),
        "sigma": (sigma, lambda sigma: gamma * d / sigma),
        "var": (var, lambda var: gamma * d / np.sqrt(var + eps)),
        "d": (d, from_d),
        "mean": (mean, lambda mean: from_d(x - mean)),
        "x": (x, lambda x: from_d(x - x.mean(axis=0))),
    }


NODES = [*tails(np.ones((2, 1)), np.ones(1), 1.0)]


def sums(sigma, *factors):
    """Return a tolerance for sums of products that are divided by σ, or by σ² if that is small."""
    eps = max(np.finfo(factor.dtype).eps for factor in factors)
    size = np.prod([1 + np.linalg.norm(factor) for factor in factors])
    return {"rtol": 0, "atol": float(8 * eps * size / min(1, sigma.min()) ** 2)}


def given_back(kind, x, gamma, eps, rng):
    """Draw ȳ for features or images; return what a backward pass is given, and its tolerance."""
    x_hat, sigma = normalised(x.astype(float), (0, *range(2, x.ndim)), eps)
    store = kind if kind in (single, turned) else np.copy
    arrays = [rng.normal(size=x.shape), x_hat, sigma.ravel(), gamma]
    return locked(*map(store, arrays)), sums(sigma, *arrays[:2], gamma)


@pytest.mark.exercise("norm-backward-staged", points=3)
@pytest.mark.parametrize("node", NODES)
def test_each_node_receives_the_slope_along_it(answers, node, rng):
    """The cotangent of a node z is ∂/∂z Σ ȳ y, where all nodes change that are computed from z."""
    asked = []
    for kind in (np.copy, single, turned, flat, equal):
        for x, gamma, _ in features(rng, kind):
            eps = float(10 ** rng.uniform(-4, 0))
            arrays, tolerance = given_back(kind, x, gamma, eps, rng)
            value, f = tails(x.astype(float), gamma.astype(float), eps)[node]
            asked.append((arrays, pulled_back(f, value, arrays[0]), tolerance))
    for arrays, truth, tolerance in 2 * asked:
        agree(answers.batch_norm_backward_staged(*arrays)[node], truth, tolerance)


def images(rng, kind):
    """Draw x, γ and β: of several images, of one; of one channel; of one pixel; of two numbers."""
    N, C, H, W = rng.permutation([2, 3, 4, 5]).tolist()
    for shape in [
        (N, C, H, W),
        (1, C, H, W),
        (N, 1, W, H),
        (N, C, 1, 1),
        (C, N, H, 1),
        (2, C, 1, 1),
    ]:
        x = kind(rng.normal(size=shape) + rng.uniform(-2, 2))
        gamma, beta = rng.normal(size=(2, shape[1])).astype(x.dtype)
        yield locked(x, gamma, beta)


def pulled_back_to_all(x, gamma, eps, y_bar):
    """Return x̄, γ̄ and β̄ of batch norm of features or images."""
    axes, ndim = (0, *range(2, x.ndim)), x.ndim
    gamma, x_hat = gamma.astype(float), normalised(x.astype(float), axes, eps)[0]
    return [
        pulled_back(lambda x: along(gamma, ndim) * normalised(x, axes, eps)[0], x, y_bar),
        pulled_back(lambda gamma: along(gamma, ndim) * x_hat, gamma, y_bar),
        pulled_back(lambda beta: x_hat + along(beta, ndim), gamma, y_bar),
    ]


@pytest.mark.exercise("norm-backward", points=3)
@pytest.mark.parametrize("shapes", [features, images])
def test_your_line_is_the_slope_of_the_forward_pass(answers, shapes, rng):
    """x̄, γ̄ and β̄ are the slopes of Σ ȳ y, for any ȳ; of images each channel has n = N H W."""
    asked = []
    for kind in (np.copy, single, turned, flat, equal):
        for x, gamma, _ in shapes(rng, kind):
            eps = float(10 ** rng.uniform(-4, 0))
            arrays, tolerance = given_back(kind, x, gamma, eps, rng)
            asked.append((arrays, pulled_back_to_all(x, gamma, eps, arrays[0]), tolerance))
    for arrays, truth, tolerance in 2 * asked:
        for found, wanted in zip(answers.batch_norm_backward(*arrays), truth, strict=True):
            agree(found, wanted, tolerance)


class Expected:
    """What a norm with running averages has to return and to hold, by the definition."""

    def __init__(self, gamma, beta, eps=1e-5, momentum=0.1):
        self.gamma, self.beta, self.eps, self.momentum = gamma, beta, eps, momentum
        self.mean, self.var = np.zeros(len(gamma)), np.ones(len(gamma))

    def train(self, x):
        """Return y and its tolerance, and update the state."""
        x_hat, sigma = normalised(x.astype(float), (0, 2, 3), self.eps)
        n, m = x[:, 0].size, self.momentum
        squares = (x.astype(float) - along(self.channel_means(x))) ** 2
        self.mean = (1 - m) * self.mean + m * self.channel_means(x)
        self.var = (1 - m) * self.var + m * squares.sum(axis=(0, 2, 3)) / (n - 1)
        return self.scaled(x_hat), exact(x, sigma, self.gamma, self.beta)

    def evaluate(self, x):
        """Return y and its tolerance."""
        sigma = np.sqrt(self.var + self.eps)
        x_hat = (x.astype(float) - along(self.mean)) / along(sigma)
        return self.scaled(x_hat), exact(x, sigma, self.gamma, self.beta)

    def channel_means(self, x):
        """Return the mean of every channel."""
        return x.astype(float).mean(axis=(0, 2, 3))

    def scaled(self, x_hat):
        """Return γ x̂ + β."""
        return along(self.gamma) * x_hat + along(self.beta)


def settings(rng):
    """Draw the options of a norm with averages: none, one, both."""
    eps, momentum = float(10 ** rng.uniform(-3, 0)), float(rng.uniform(0.2, 0.4))
    return [{}, {"momentum": momentum}, {"eps": eps}, {"eps": eps, "momentum": 1 - momentum}]


def batches(rng, C, kind):
    """Draw batches of images with C channels: several images, one, one pixel each, two numbers."""
    N, H, W = rng.permutation([2, 3, 4]).tolist()
    for shape in [(N, C, H, W), (1, C, W, H), (H, C, 1, 1), (2, C, 1, 1), (W, C, N, H)]:
        yield locked(kind(rng.normal(size=shape) + rng.uniform(-2, 2)))[0]


def state_like(x):
    """Return a tolerance for averages of x and of the squares of its deviations."""
    return {"rtol": 0, "atol": float(40 * np.finfo(x.dtype).eps * (1 + np.abs(x).max()) * 4)}


@pytest.mark.exercise("norm-running", points=4)
@pytest.mark.parametrize("kind", KINDS)
def test_your_averages_move_once_with_each_batch(answers, kind, rng):
    """μ and the unbiased variance enter with the weight momentum; y has the biased variance."""
    for given in settings(rng):
        C = int(rng.integers(2, 6))
        gamma, beta = locked(*rng.normal(size=(2, C)))
        expected = Expected(gamma, beta, **given)
        steps = [(x, *expected.train(x), expected.mean, expected.var)
                 for x in batches(rng, C, kind)]  # fmt: skip
        norm = answers.RunningNorm(gamma, beta, **given)
        for x, y, tolerance, mean, var in steps:
            agree(norm.train(x), y, tolerance)
            agree(norm.mean, mean, state_like(x))
            agree(norm.var, var, state_like(x))


@pytest.mark.exercise("norm-running", points=4)
@pytest.mark.parametrize("kind", [np.copy, single, turned, flat])
def test_your_evaluation_takes_the_averages_and_keeps_them(answers, kind, rng):
    """Before any batch they are 0 and 1; each image alone has the result that it has in a batch."""
    for given in settings(rng):
        C = int(rng.integers(2, 6))
        gamma, beta = locked(*rng.normal(size=(2, C)))
        expected = Expected(gamma, beta, **given)
        norm = answers.RunningNorm(gamma, beta, **given)
        for x, other in zip(batches(rng, C, kind), batches(rng, C, kind), strict=True):
            y, tolerance = expected.evaluate(x)
            for _ in range(2):
                before = np.copy(norm.mean), np.copy(norm.var)
                agree(norm.evaluate(x), y, tolerance)
                agree(norm.evaluate(x[:1, :, :1, :1]), y[:1, :, :1, :1], tolerance)
                after = norm.mean, norm.var
                assert all(map(np.array_equal, after, before)), "evaluation changed the averages"
            agree(norm.train(other), *expected.train(other))


@pytest.mark.exercise("norm-running", points=4)
def test_your_norms_have_averages_of_their_own(answers, rng):
    """Two of them, trained in turns, hold what each of them was given."""
    for C in rng.permutation([1, 2, 3, 5]).tolist():
        scales = [locked(*rng.normal(size=(2, C))) for _ in range(2)]
        expected = [Expected(*each, momentum=m) for each, m in zip(scales, (0.3, 0.6), strict=True)]
        norms = [answers.RunningNorm(*each, momentum=m)
                 for each, m in zip(scales, (0.3, 0.6), strict=True)]  # fmt: skip
        for i, x in enumerate(batches(rng, C, np.copy)):
            agree(norms[i % 2].train(x), *expected[i % 2].train(x))
        for norm, wanted in zip(norms, expected, strict=True):
            agree(norm.mean, wanted.mean, state_like(x))
            agree(norm.var, wanted.var, state_like(x))
            agree(norm.evaluate(x), *wanted.evaluate(x))


def layer_back(x, gamma, eps, y_bar):
    """Return x̄, γ̄ and β̄ of layer norm."""
    x_hat, _ = normalised(x.astype(float), (1,), eps)
    gamma = gamma.astype(float)
    return [
        pulled_back(lambda x: gamma * normalised(x, (1,), eps)[0], x, y_bar),
        pulled_back(lambda gamma: gamma * x_hat, gamma, y_bar),
        pulled_back(lambda beta: x_hat + beta, gamma, y_bar),
    ]


def layers(rng, kind):
    """Draw layer norms: arguments and options, y, two ȳ with their cotangents, both tolerances."""
    store = single if kind is single else np.copy
    for x, gamma, beta in features(rng, kind):
        for given, eps in options(rng):
            x_hat, sigma = normalised(x.astype(float), (1,), eps)
            y_bars = locked(*(store(rng.normal(size=x.shape)) for _ in range(2)))
            back = [(y_bar, layer_back(x, gamma, eps, y_bar)) for y_bar in y_bars]
            tolerance = exact(x, sigma, gamma, beta)
            loose = sums(sigma, x, x_hat, gamma, *y_bars)
            yield ((x, gamma, beta), given), (gamma * x_hat + beta, tolerance), (back, loose)


@pytest.mark.exercise("norm-layer", points=3)
@pytest.mark.parametrize("kind", KINDS)
def test_your_examples_are_normalised_one_by_one(answers, kind, rng):
    """y = γ x̂ + β with the statistics of each row; x̄, γ̄ and β̄ are the slopes of Σ ȳ y."""
    for (args, given), wanted, (back, tolerance) in list(layers(rng, kind)):
        y, pullback = answers.layer_norm(*args, **given)
        agree(y, *wanted)
        for y_bar, bars in back:
            for found, truth in zip(pullback(y_bar), bars, strict=True):
                agree(found, truth, tolerance)


@pytest.mark.exercise("norm-layer", points=3)
def test_your_pullbacks_remember_their_own_batch(answers, rng):
    """Also when other batches have been normalised since, and when they are called again."""
    drawn = list(layers(rng, np.copy))
    pullbacks = [answers.layer_norm(*args, **given)[1] for (args, given), *_ in drawn]
    for (*_, (back, tolerance)), pullback in 2 * list(zip(drawn, pullbacks, strict=True)):
        for y_bar, bars in back:
            for found, truth in zip(pullback(y_bar), bars, strict=True):
                agree(found, truth, tolerance)


def grouped(x, gamma, beta, groups, eps):
    """Return group norm by the definition, image by image and group by group; its tolerance."""
    y, sigmas = np.empty(x.shape), []
    size = x.shape[1] // groups
    for n in range(len(x)):
        for i in range(0, x.shape[1], size):
            part = x[n, i : i + size].astype(float)
            d = part - part.mean()
            sigmas.append(np.sqrt((d * d).mean() + eps))
            y[n, i : i + size] = d / sigmas[-1]
    return along(gamma) * y + along(beta), exact(x, np.array(sigmas), gamma, beta)


def group_cases(rng, kind):
    """Draw images and groups: one group, several, one for each channel; images of one pixel."""
    for H, W, N in [*rng.permutation([[2, 3, 4], [3, 5, 2], [4, 2, 1]]).tolist(), (1, 1, 3)]:
        groups, size = rng.permutation([2, 3]).tolist()
        C = groups * size
        for many in (groups, 1, C):
            x = kind(rng.normal(size=(N, C, H, W)) + 3 * rng.normal(size=(N, C, 1, 1)))
            gamma, beta = rng.normal(size=(2, C)).astype(x.dtype)
            yield *locked(x, gamma, beta), many


@pytest.mark.exercise("norm-group", points=2)
@pytest.mark.parametrize("kind", KINDS)
def test_your_groups_are_neighbouring_channels(answers, kind, rng):
    """Each image and each group of C/groups channels has its own μ and v, each channel its γ, β."""
    asked = []
    for case in group_cases(rng, kind):
        for given, eps in options(rng):
            asked.append((case, given, grouped(*case, eps)))
    for case, given, wanted in 2 * asked:
        agree(answers.group_norm(*case, **given), *wanted)


def scaled(x_hat, gamma, beta):
    """Return γ x̂ + β, each channel with its own numbers."""
    return along(gamma) * x_hat + along(beta)


def moments(x, axes=(0, 2, 3), **more):
    """Return mean and variance along some axes, which are kept."""
    return x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, **more)


def two_passes(x, gamma, beta, eps):
    """Normalise as the formula reads."""
    mean, var = moments(x)
    return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)


def one_line(x, gamma, beta, eps):
    """Normalise by a product and a sum for each channel."""
    mean, var = moments(x)
    scale = along(gamma) / np.sqrt(var + eps)
    return scale * (x - mean) + along(beta)


def channel_by_channel(x, gamma, beta, eps):
    """Normalise each channel apart, in reverse order."""
    y = np.empty(x.shape)
    for c in reversed(range(x.shape[1])):
        d = x[:, c] - x[:, c].mean()
        y[:, c] = gamma[c] * d * ((d * d).mean() + eps) ** -0.5 + beta[c]
    return y


def pooled(x, gamma, beta, eps):
    """Take the variance as the mean of the images' variances and the variance of their means."""
    means, variances = moments(x, axes=(2, 3))
    mean = means.mean(axis=0)
    var = variances.mean(axis=0) + means.var(axis=0)
    return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)


def shifted(x, gamma, beta, eps):
    """Subtract a first guess of the mean, then take the mean of the squares."""
    d = x - x.mean(axis=(0, 2, 3), keepdims=True)
    rest, squares = (power.mean(axis=(0, 2, 3), keepdims=True) for power in (d, d * d))
    return scaled((d - rest) / np.sqrt(squares - rest * rest + eps), gamma, beta)


RIGHT = [two_passes, one_line, channel_by_channel, pooled, shifted]


def with_variance(change):
    """Make a norm whose variance is another function of x."""

    def norm(x, gamma, beta, eps):
        mean, var = moments(x)
        return scaled((x - mean) / np.sqrt(change(x, mean, var) + eps), gamma, beta)

    return norm


def with_sigma(sigma):
    """Make a norm whose σ is another function of v and eps."""

    def norm(x, gamma, beta, eps):
        mean, var = moments(x)
        return scaled((x - mean) / sigma(var, eps), gamma, beta)

    return norm


def with_axes(mean_axes, var_axes=None):
    """Make a norm whose mean and variance are taken over other axes."""

    def norm(x, gamma, beta, eps):
        mean = moments(x, mean_axes)[0]
        var = moments(x, var_axes or mean_axes)[1]
        return scaled((x - mean) / np.sqrt(var + eps), gamma, beta)

    return norm


def with_scale(scale):
    """Make a norm that applies γ and β in another way."""

    def norm(x, gamma, beta, eps):
        mean, var = moments(x)
        return scale((x - mean) / np.sqrt(var + eps), gamma, beta)

    return norm


def count(x):
    """Count the numbers of a channel."""
    return x[:, 0].size


def squares_less_square(x, mean, var):
    """Return mean(x²) - mean(x)²."""
    return (x * x).mean(axis=(0, 2, 3), keepdims=True) - mean * mean


WRONG = {
    "n - 1": [
        with_variance(lambda x, mean, var: var * count(x) / max(count(x) - 1, 1)),
        with_variance(lambda x, mean, var: moments(x, ddof=1)[1] if count(x) > 1 else var),
    ],
    "eps": [
        with_sigma(lambda var, eps: np.sqrt(var) + eps),
        with_sigma(lambda var, eps: np.sqrt(var) + np.sqrt(eps)),
        with_sigma(lambda var, eps: np.sqrt(np.maximum(var, np.finfo(float).tiny))),
    ],
    "axes": [
        with_axes((0,)),
        with_axes((2, 3)),
        with_axes((1, 2, 3)),
        with_axes((0, 1, 2, 3)),
        with_axes((0, 2)),
        with_axes((0, 3)),
        with_axes((0, 2, 3), (0,)),
        with_axes((0, 2, 3), (2, 3)),
        with_axes((2, 3), (0, 2, 3)),
        with_axes((0, 2, 3), (0, 1, 2, 3)),
    ],
    "cancellation": [
        with_variance(squares_less_square),
        with_variance(lambda *args: np.maximum(squares_less_square(*args), 0)),
        with_variance(lambda *args: np.abs(squares_less_square(*args))),
    ],
    "scale": [
        with_scale(lambda x_hat, gamma, beta: along(gamma) * x_hat),
        with_scale(lambda x_hat, gamma, beta: x_hat + along(beta)),
        with_scale(lambda x_hat, gamma, beta: along(gamma) * (x_hat + along(beta))),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, beta, gamma)),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma[::-1], beta)),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma, beta[::-1])),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma[:1], beta)),
        with_scale(lambda x_hat, gamma, beta: scaled(x_hat, gamma, beta.mean(keepdims=True))),
        lambda x, gamma, beta, eps: two_passes(scaled(x, gamma, beta), 1 + 0 * gamma, beta, eps),
    ],
}


def nameless(norm):
    """Wrap a norm, so that its name does not tell which it is."""

    def norm_of_images(x, gamma, beta, eps):
        return norm(np.asarray(x), np.asarray(gamma), np.asarray(beta), eps)

    return norm_of_images


@pytest.mark.exercise("norm-test", points=4)
@pytest.mark.parametrize("fault", WRONG)
def test_your_test_tells_right_norms_from_wrong_ones(answers, fault, rng):
    """Whoever computes the formula is accepted; whoever has one of the five faults is refused."""
    norms = [(norm, False) for norm in WRONG[fault]] + [(norm, True) for norm in RIGHT]
    order = [norms[i] for i in rng.permutation(len(norms))]
    seeds = rng.integers(1 << 62, size=len(order)).tolist()
    verdicts = [bool(answers.accepts(nameless(norm), rng=np.random.default_rng(seed)))
            for (norm, _), seed in zip(order, seeds, strict=True)]  # fmt: skip
    if verdicts != [truth for _, truth in order]:
        pytest.fail("at least one norm was judged wrongly")


@pytest.mark.exercise("norm-test", points=4)
def test_your_test_draws_from_the_generator_that_is_given(answers, rng):
    """The same seed tries the same images, another seed tries others."""
    one, other = rng.integers(1 << 62, size=2).tolist()
    drawn, verdicts = [], []
    for seed in (one, one, other):
        tried = []
        norm = lambda x, *rest, tried=tried: (tried.append(np.copy(x)), two_passes(x, *rest))[1]
        verdicts.append(answers.accepts(norm, rng=np.random.default_rng(seed)))
        drawn.append(tried[:1])
    assert all(verdicts), "a right norm was refused"
    assert all(drawn), "norm was not tried"
    assert np.array_equal(drawn[0], drawn[1]), "the same seed does not draw the same"
    assert not np.array_equal(drawn[0], drawn[2]), "another seed does not draw anything else"
