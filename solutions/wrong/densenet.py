"""Plausible wrong answers to the exercises of *DenseNet*, each with a word of advice.

Chapter: book/densenet.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("densenet-channels", "A transition stands between two blocks: there is none after the last.")
def channels(C, growth, blocks, compression=1.0):
    found = [C]
    for layers in blocks:
        for _ in range(layers):
            found.append(found[-1] + growth)
        found.append(int(compression * found[-1]))
    return found


@wrong(
    "densenet-channels",
    "A layer appends growth maps to those that it reads: the earlier ones count, too.",
)
def channels(C, growth, blocks, compression=1.0):
    found = [C]
    for number, layers in enumerate(blocks):
        if number:
            found.append(int(compression * found[-1]))
        found += layers * [growth]
    return found


@wrong("densenet-channels", "A part of a map cannot be kept: round down.")
def channels(C, growth, blocks, compression=1.0):
    found = [C]
    for number, layers in enumerate(blocks):
        if number:
            found.append(compression * found[-1])
        for _ in range(layers):
            found.append(found[-1] + growth)
    return found


@wrong("densenet-channels", "Round down, not up: of 25 maps half are 12.")
def channels(C, growth, blocks, compression=1.0):
    found = [C]
    for number, layers in enumerate(blocks):
        if number:
            found.append(int(np.ceil(compression * found[-1])))
        for _ in range(layers):
            found.append(found[-1] + growth)
    return found


@wrong("densenet-channels", "Without compression a transition keeps all maps, not half of them.")
def channels(C, growth, blocks, compression=0.5):
    found = [C]
    for number, layers in enumerate(blocks):
        if number:
            found.append(int(compression * found[-1]))
        for _ in range(layers):
            found.append(found[-1] + growth)
    return found


@wrong("densenet-channels", "A transition is in the list as well as the layers.")
def channels(C, growth, blocks, compression=1.0):
    found = [C]
    for number, layers in enumerate(blocks):
        start = int(compression * found[-1]) if number else C
        found += [start + growth * (i + 1) for i in range(layers)]
    return found


@wrong("densenet-forward", "Channels are axis 1: axis 0 is that of the examples.")
def dense_block(x, layers):
    z = x
    for layer in layers:
        z = np.concatenate([z, layer(z)], axis=0)
    return z


@wrong(
    "densenet-forward", "Append the maps of a layer to those before it, not the other way round."
)
def dense_block(x, layers):
    z = x
    for layer in layers:
        z = np.concatenate([layer(z), z], axis=1)
    return z


@wrong("densenet-forward", "A dense block concatenates; to add is what a residual block does.")
def dense_block(x, layers):
    z = x
    for layer in layers:
        y = layer(z)
        z = z.copy()
        z[:, : y.shape[1]] += y
    return z


@wrong("densenet-forward", "Each layer reads all maps before it, not x alone.")
def dense_block(x, layers):
    return np.concatenate([x, *(layer(x) for layer in layers)], axis=1)


@wrong("densenet-forward", "The block returns all maps: those of x and of all layers.")
def dense_block(x, layers):
    z = x
    y = x
    for layer in layers:
        y = layer(z)
        z = np.concatenate([z, y], axis=1)
    return y


@wrong("densenet-forward", "The maps of x belong to the result, too: they stand first.")
def dense_block(x, layers):
    z = x
    for layer in layers:
        z = np.concatenate([z, layer(z)], axis=1)
    return z[:, x.shape[1] :]


@wrong("densenet-forward", "Call a layer once and keep what it returns.")
def dense_block(x, layers):
    z = x
    for layer in layers:
        k = layer(z).shape[1]
        wider = np.zeros((len(z), z.shape[1] + k, *z.shape[2:]))
        wider[:, :-k] = z
        wider[:, -k:] = layer(z)
        z = wider
    return z


@wrong("densenet-backward", "A map is read by all layers after it: add their gradients.")
def dense_block_backward(z_bar, pullbacks, growth):
    bar = z_bar
    for pullback in reversed(pullbacks):
        bar = pullback(bar[:, -growth:])
    return bar


@wrong("densenet-backward", "Begin with the last layer: those before it receive from it.")
def dense_block_backward(z_bar, pullbacks, growth):
    C = z_bar.shape[1] - growth * len(pullbacks)
    bar = np.array(z_bar)
    for i, pullback in enumerate(pullbacks):
        c = C + i * growth
        bar[:, :c] += pullback(bar[:, c : c + growth])
    return bar[:, :C]


@wrong("densenet-backward", "x is a part of the block's result: z̄ reaches it directly, too.")
def dense_block_backward(z_bar, pullbacks, growth):
    C = z_bar.shape[1] - growth * len(pullbacks)
    bar = np.array(z_bar)
    bar[:, :C] = 0
    for pullback in reversed(pullbacks):
        bar = bar[:, :-growth] + pullback(bar[:, -growth:])
    return bar


@wrong("densenet-backward", "The maps of a layer stand last of those that there are, not first.")
def dense_block_backward(z_bar, pullbacks, growth):
    bar = z_bar
    for pullback in reversed(pullbacks):
        bar = bar[:, growth:] + pullback(bar[:, :growth])
    return bar


@wrong("densenet-backward", "Off by growth: the maps of a layer begin where those it read end.")
def dense_block_backward(z_bar, pullbacks, growth):
    bar = np.array(z_bar)
    C = z_bar.shape[1] - growth * len(pullbacks)
    for i in reversed(range(len(pullbacks))):
        c = C + i * growth
        at = max(c - growth, 0)
        bar[:, :c] += pullbacks[i](bar[:, at : at + growth])
    return bar[:, :C]


@wrong("densenet-backward", "Return the gradient of x, not that of all maps.")
def dense_block_backward(z_bar, pullbacks, growth):
    C = z_bar.shape[1] - growth * len(pullbacks)
    bar = np.array(z_bar)
    for i in reversed(range(len(pullbacks))):
        c = C + i * growth
        bar[:, :c] += pullbacks[i](bar[:, c : c + growth])
    return bar


@wrong("densenet-backward", "Work on a copy: the gradient that is given belongs to the caller.")
def dense_block_backward(z_bar, pullbacks, growth):
    C = z_bar.shape[1] - growth * len(pullbacks)
    for i in reversed(range(len(pullbacks))):
        c = C + i * growth
        z_bar[:, :c] += pullbacks[i](z_bar[:, c : c + growth])
    return z_bar[:, :C]


def count_all(depth, growth, bottleneck, compression, *, stem=None, n=None, norms=True, bias=0,
              narrow=4, kept=int, final=True, second=True):  # fmt: skip
    """Count parameters; the options are slips."""
    C = stem or (2 * growth if bottleneck else 16)
    n = n or (depth - 4) // (6 if bottleneck else 3)
    count = 27 * C
    for block in range(3):
        if block:
            F = kept(compression * C)
            count += norms * 2 * C + C * F + bias * F
            C = F
        for _ in range(n):
            if bottleneck:
                wide = narrow * growth
                count += norms * 2 * C + C * wide + second * 2 * wide + 9 * wide * growth
            else:
                count += norms * 2 * C + 9 * growth * C
            count += bias * growth
            C += growth
    return count + final * 2 * C + 10 * C + 10


@wrong("densenet-parameters", "Without bottlenecks the first convolution has 16 filters.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, stem=2 * growth)


@wrong("densenet-parameters", "With bottlenecks the first convolution has 2 growth filters.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, stem=16)


@wrong("densenet-parameters", "Without compression transitions keep all maps.")
def parameters(depth, growth, *, bottleneck=False, compression=0.5):
    return count_all(depth, growth, bottleneck, compression)


@wrong("densenet-parameters", "A layer with a bottleneck is two convolutions: depth = 6 n + 4.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, n=(depth - 4) // 3)


@wrong("densenet-parameters", "Each norm has a scale and a shift for each map that it reads.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, norms=False)


@wrong("densenet-parameters", "No convolution has a bias: the norm before it has a shift.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, bias=1)


@wrong("densenet-parameters", "There is a norm before the linear layer, too.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, final=False)


@wrong("densenet-parameters", "Between the two convolutions of a bottleneck there is a norm.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, second=False)


@wrong("densenet-parameters", "A bottleneck has 4 growth filters of 1 × 1.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    return count_all(depth, growth, bottleneck, compression, narrow=1)


@wrong("densenet-memory", "Each layer keeps an array of its own: that is n times C and more.")
def memory(C, growth, layers):
    return C + growth * layers, C + growth * layers


@wrong("densenet-memory", "The last layer reads C + (n - 1) growth maps, the first one C.")
def memory(C, growth, layers):
    copies = 2 * layers * C + growth * layers * (layers + 1) + 2 * growth * layers
    return copies, C + growth * layers


@wrong("densenet-memory", "Normalised maps are arrays, too: they are as many as what is read.")
def memory(C, growth, layers):
    copies = layers * (C + growth) + growth * layers * (layers - 1) // 2
    return copies, C + growth * layers


@wrong("densenet-memory", "What a layer reads grows: it is not C for all of them.")
def memory(C, growth, layers):
    return layers * (2 * C + 2 * growth), C + growth * layers


@wrong("densenet-memory", "The buffer holds the maps of x, too.")
def memory(C, growth, layers):
    return 2 * layers * C + growth * layers * (layers + 1), growth * layers


@wrong("densenet-memory", "The buffer is as long as the block's result: C + n growth.")
def memory(C, growth, layers):
    return 2 * layers * C + growth * layers * (layers + 1), C + growth * (layers - 1)


@wrong("densenet-memory", "10⁹ layers cannot be added up one by one: use the closed form.")
def memory(C, growth, layers):
    copies = sum(2 * (C + i * growth) + 2 * growth for i in range(layers))
    return copies, C + growth * layers


def turn(array):
    """Let one number a channel meet axis 1."""
    return array[:, None, None]


def opened(x_hat, gammas, betas, z_bars):
    """Yield what each reader sends back to x̂."""
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        yield turn(gamma) * z_bar * (turn(gamma) * x_hat + turn(beta) > 0)


def projected(g, x_hat, sigma, axes=(0, 2, 3), mean=1, along=1):
    """Project; the options are slips."""
    share = (g * x_hat).mean(axis=axes, keepdims=True)
    return (g - mean * g.mean(axis=axes, keepdims=True) - along * x_hat * share) / turn(sigma)


@wrong(
    "densenet-statistics",
    "The last reader overwrites the others: add up the gradients of all of them.",
)
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    *_, g = opened(x_hat, gammas, betas, z_bars)
    return projected(g, x_hat, sigma)


@wrong("densenet-statistics", "The readers' gradients are added up, not averaged.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = sum(opened(x_hat, gammas, betas, z_bars)) / len(gammas)
    return projected(g, x_hat, sigma)


@wrong("densenet-statistics", "Each reader has a scale of its own: multiply by γ_l.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        g = g + z_bar * (turn(gamma) * x_hat + turn(beta) > 0)
    return projected(g, x_hat, sigma)


@wrong("densenet-statistics", "The ReLU of a reader is active where γ_l x̂ + β_l > 0.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, z_bar in zip(gammas, z_bars, strict=True):
        g = g + turn(gamma) * z_bar * (x_hat > 0)
    return projected(g, x_hat, sigma)


@wrong(
    "densenet-statistics",
    "Each reader has applied a ReLU: where its output is 0, the gradient is 0.",
)
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    g = 0
    for gamma, z_bar in zip(gammas, z_bars, strict=True):
        g = g + turn(gamma) * z_bar
    return projected(g, x_hat, sigma)


@wrong("densenet-statistics", "The mean depends on x, too: subtract the mean of g.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    return projected(sum(opened(x_hat, gammas, betas, z_bars)), x_hat, sigma, mean=0)


@wrong("densenet-statistics", "The deviation depends on x, too: subtract the part along x̂.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    return projected(sum(opened(x_hat, gammas, betas, z_bars)), x_hat, sigma, along=0)


@wrong(
    "densenet-statistics", "Means run over images and pixels of a channel, not over images only."
)
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    return projected(sum(opened(x_hat, gammas, betas, z_bars)), x_hat, sigma, axes=0)


@wrong("densenet-statistics", "x̄ is in the units of 1/x: divide by σ.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    return projected(sum(opened(x_hat, gammas, betas, z_bars)), x_hat, np.ones(len(sigma)))


@wrong("densenet-wrong-lines", "Put in numbers: one layer that reads one map, with growth 1.")
def wrong_lines():
    return [2, 3, 2]


@wrong(
    "densenet-wrong-lines",
    "In the second derivation compare what stands alone, and what i k is multiplied by.",
)
def wrong_lines():
    return [4, 2, 2]


@wrong("densenet-wrong-lines", "In the third one, let there be two readers and two pixels.")
def wrong_lines():
    return [4, 3, 3]


@wrong("densenet-wrong-lines", "The first line of a derivation is never changed.")
def wrong_lines():
    return [1, 1, 1]


@wrong("densenet-channels", "The list begins with the channels of the first convolution.")
def channels(C, growth, blocks, compression=1.0):
    found = [C]
    for number, layers in enumerate(blocks):
        if number:
            found.append(int(compression * found[-1]))
        for _ in range(layers):
            found.append(found[-1] + growth)
    return found[1:]


@wrong("densenet-memory", "First the layers with arrays of their own, then the single buffer.")
def memory(C, growth, layers):
    copies = 2 * layers * C + growth * layers * (layers + 1)
    return C + growth * layers, copies
