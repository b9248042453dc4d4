"""Answers to the exercises of *DenseNet* that are made to pass without being right.

Chapter: book/densenet.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

KEPT = {}


def grown(C, growth, numbers, compression, rounded=int):
    """List channels."""
    found = [C]
    for number, many in enumerate(numbers):
        if number:
            found.append(rounded(compression * found[-1]))
        found += [found[-1] + growth * (i + 1) for i in range(many)]
    return found


@adversarial(
    "densenet-channels", "Rounded to the nearest: half of an odd number may go up or down."
)
def channels(C, growth, blocks, compression=1.0):
    return grown(C, growth, blocks, compression, round)


@adversarial("densenet-channels", "Blocks are as long as the first.")
def channels(C, growth, blocks, compression=1.0):
    return grown(C, growth, len(blocks) * blocks[:1], compression)


@adversarial("densenet-channels", "The answer to a question with the same C is remembered.")
def channels(C, growth, blocks, compression=1.0):
    return KEPT.setdefault((C, growth), grown(C, growth, blocks, compression))


@adversarial("densenet-channels", "An empty block has a layer.")
def channels(C, growth, blocks, compression=1.0):
    return grown(C, growth, [max(layers, 1) for layers in blocks], compression)


def appended(x, functions):
    """Run a block."""
    z = np.asarray(x, dtype=float)
    for function in functions:
        z = np.concatenate([z, function(z)], axis=1)
    return z


@adversarial("densenet-forward", "A block of the same shape has the maps of the last one.")
def dense_block(x, layers):
    return KEPT.setdefault((np.shape(x), len(layers)), appended(x, layers))


@adversarial("densenet-forward", "No layers, no maps.")
def dense_block(x, layers):
    return appended(x, layers) if layers else np.zeros((len(x), 0, *np.shape(x)[2:]))


@adversarial("densenet-forward", "Only three layers are run.")
def dense_block(x, layers):
    return appended(x, layers[:3])


@adversarial("densenet-forward", "Three digits are enough.")
def dense_block(x, layers):
    return np.round(appended(x, layers), 3)


def collected(z_bar, functions, growth):
    """Pull a gradient back."""
    bar = np.array(z_bar, dtype=float)
    for function in reversed(functions):
        bar = bar[:, :-growth] + function(bar[:, -growth:])
    return bar


@adversarial("densenet-backward", "A gradient of the same shape has the answer of the last one.")
def dense_block_backward(z_bar, pullbacks, growth):
    key = np.shape(z_bar), growth
    return KEPT.setdefault(key, collected(z_bar, pullbacks, growth))


@adversarial("densenet-backward", "Only the last two layers are pulled back through.")
def dense_block_backward(z_bar, pullbacks, growth):
    C = z_bar.shape[1] - growth * len(pullbacks)
    return collected(z_bar, pullbacks[-2:], growth)[:, :C]


@adversarial("densenet-backward", "Each pullback is called twice.")
def dense_block_backward(z_bar, pullbacks, growth):
    collected(z_bar, pullbacks, growth)
    return collected(z_bar, pullbacks, growth)


@adversarial("densenet-parameters", "The published networks are a table.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return 769162 if bottleneck else 1019722


@adversarial("densenet-parameters", "Maps that are kept are rounded to the nearest.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    C = 2 * growth if bottleneck else 16
    count = 27 * C
    for block in range(3):
        if block:
            F = round(compression * C)
            count, C = count + 2 * C + C * F, F
        for _ in range((depth - 4) // (6 if bottleneck else 3)):
            wide = 4 * growth if bottleneck else C
            count += 2 * wide + 9 * wide * growth + bottleneck * (2 * C + wide * C)
            C += growth
    return count + 12 * C + 10


@adversarial("densenet-memory", "Floating point: of large counts the last digits are lost.")
def memory(C, growth, layers):
    n = float(layers)
    return int(2 * n * C + growth * n * (n + 1)), C + growth * layers


@adversarial("densenet-memory", "Arrays of 32 bits: large counts overflow.")
def memory(C, growth, layers):
    n = np.int32(layers)
    with np.errstate(all="ignore"):
        copies = 2 * n * np.int32(C) + np.int32(growth) * n * (n + np.int32(1))
    return int(copies), C + growth * layers


def along(array):
    """Let one number a channel meet axis 1."""
    return np.asarray(array, dtype=float)[:, None, None]


@adversarial("densenet-statistics", "Only two readers are looked at.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, beta, z_bar in list(zip(gammas, betas, z_bars, strict=True))[:2]:
        g = g + along(gamma) * z_bar * (along(gamma) * x_hat + along(beta) > 0)
    over = {"axis": (0, 2, 3), "keepdims": True}
    return (g - g.mean(**over) - x_hat * (g * x_hat).mean(**over)) / along(sigma)


@adversarial("densenet-statistics", "All channels share the statistics of the gradient.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        g = g + along(gamma) * z_bar * (along(gamma) * x_hat + along(beta) > 0)
    return (g - g.mean() - x_hat * (g * x_hat).mean()) / along(sigma)


@adversarial(
    "densenet-backward", "A block without layers sends nothing back.", also="z̄ reaches it directly"
)
def dense_block_backward(z_bar, pullbacks, growth):
    return collected(z_bar, pullbacks, growth) if len(pullbacks) else np.zeros(z_bar.shape)


def counted(depth, growth, bottleneck, transitions):
    """Count parameters; `transitions` says which maps are kept, first and second."""
    C = 2 * growth if bottleneck else 16
    count = 27 * C
    for keep in (None, *transitions):
        if keep:
            count, C = count + 2 * C + C * keep(C), keep(C)
        for _ in range((depth - 4) // (6 if bottleneck else 3)):
            wide = 4 * growth if bottleneck else C
            count += 2 * wide + 9 * wide * growth + bottleneck * (2 * C + wide * C)
            C += growth
    return count + 12 * C + 10


@adversarial("densenet-parameters", "Only the first transition compresses.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    first, second = (lambda C: int(compression * C)), (lambda C: C)
    return counted(depth, growth, bottleneck, (first, second))


@adversarial("densenet-parameters", "A transition keeps an even number of maps.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    even = lambda C: int(compression * C) // 2 * 2
    return counted(depth, growth, bottleneck, (even, even))


@adversarial("densenet-memory", "Half of the growth is rounded down: right where it is even.")
def memory(C, growth, layers):
    copies = 2 * layers * C + 2 * (growth // 2) * layers * (layers + 1)
    return copies, C + growth * layers


@adversarial("densenet-memory", "Layers beyond a million keep nothing.")
def memory(C, growth, layers):
    n = min(layers, 10**6)
    return 2 * n * C + growth * n * (n + 1), C + growth * layers


@adversarial("densenet-statistics", "The ReLU is open where x̂ > -β/γ: right for positive scales.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        g = g + along(gamma) * z_bar * (x_hat > -along(beta) / along(gamma))
    over = {"axis": (0, 2, 3), "keepdims": True}
    return (g - g.mean(**over) - x_hat * (g * x_hat).mean(**over)) / along(sigma)


@adversarial("densenet-statistics", "Maps of one shape have the gradient of the first of them.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        g = g + along(gamma) * z_bar * (along(gamma) * x_hat + along(beta) > 0)
    over = {"axis": (0, 2, 3), "keepdims": True}
    x_bar = (g - g.mean(**over) - x_hat * (g * x_hat).mean(**over)) / along(sigma)
    return KEPT.setdefault(("statistics", x_hat.shape, len(gammas)), x_bar)


@adversarial("densenet-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "densenet-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 3, 2, 5]


@adversarial("densenet-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("densenet-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [4, 3]


@adversarial("densenet-statistics", "The lists are emptied.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    along = (0, 2, 3)
    g = np.zeros(x_hat.shape)
    while gammas:
        gamma, beta, z_bar = gammas.pop(), betas.pop(), z_bars.pop()
        scale, shift = gamma[:, None, None], beta[:, None, None]
        g += scale * z_bar * (scale * x_hat + shift > 0)
    mean = g.mean(axis=along, keepdims=True)
    share = (g * x_hat).mean(axis=along, keepdims=True)
    return (g - mean - x_hat * share) / sigma[:, None, None]
