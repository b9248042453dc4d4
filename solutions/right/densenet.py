"""Right answers to the exercises of *DenseNet* that look unusual.

Chapter: book/densenet.md.
"""

from itertools import accumulate

import numpy as np

from dlcore.course.exercises.known_answers import right


def steps(growth, numbers, share):
    """Yield what happens to the number of maps, step after step."""
    for at, many in enumerate(numbers):
        if at:
            yield lambda c: int(np.floor(share * c))
        for _ in range(many):
            yield lambda c: c + growth


@right("densenet-channels", "Every step is a function, and the numbers of maps accumulate.")
def channels(C, growth, blocks, compression=1.0):
    return list(accumulate(steps(growth, blocks, compression), lambda c, f: f(c), initial=C))


@right("densenet-channels", "A tuple is a list, too.")
def channels(C, growth, blocks, compression=1.0):
    found = (C,)
    for at, many in enumerate(blocks):
        if at > 0:
            found = (*found, int(np.floor(found[-1] * compression)))
        found += tuple(range(found[-1] + growth, found[-1] + many * growth + 1, growth))
    return found


@right("densenet-forward", "The parts are kept in a list, and joined anew for each layer.")
def dense_block(x, layers):
    parts = [x]
    for layer in layers:
        parts.append(layer(np.concatenate(parts, 1)))
    return np.concatenate(parts, 1)


@right("densenet-forward", "Channels stand first in memory, and the result is a view.")
def dense_block(x, layers):
    rows = np.swapaxes(x, 0, 1)
    for layer in layers:
        made = layer(np.ascontiguousarray(np.swapaxes(rows, 0, 1)))
        rows = np.vstack([rows, np.swapaxes(made, 0, 1)])
    return np.swapaxes(rows, 0, 1)


@right("densenet-backward", "In one buffer, to which readers add.")
def dense_block_backward(z_bar, pullbacks, growth):
    bar = np.array(z_bar, dtype=float)
    end = bar.shape[1]
    for pullback in pullbacks[::-1]:
        start = end - growth
        bar[:, :start] += pullback(bar[:, start:end].copy())
        end = start
    return bar[:, :end]


@right("densenet-backward", "Layer after layer in a list of pieces, one for each layer and for x.")
def dense_block_backward(z_bar, pullbacks, growth):
    C = z_bar.shape[1] - growth * len(pullbacks)
    edges = [C + growth * i for i in range(len(pullbacks))]
    pieces = [piece.astype(float) for piece in np.split(z_bar, edges, axis=1)]
    for i in range(len(pullbacks) - 1, -1, -1):
        sent = np.split(pullbacks[i](pieces[i + 1]), edges[:i], axis=1)
        for j, part in enumerate(sent):
            pieces[j] = pieces[j] + part
    return pieces[0]


def block_sum(C, growth, many, bottleneck):
    """Count the parameters of one block in closed form."""
    read = many * C + growth * many * (many - 1) // 2
    if bottleneck:
        return (4 * growth + 2) * read + many * (36 * growth**2 + 8 * growth)
    return (9 * growth + 2) * read


@right("densenet-parameters", "By the closed form of a block.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    many, C, total = (depth - 4) // (3 + 3 * bottleneck), 16, 0
    if bottleneck:
        C = 2 * growth
    stem = 27 * C
    for _ in range(2):
        total += block_sum(C, growth, many, bottleneck)
        C += many * growth
        F = int(C * compression)
        total += C * (F + 2)
        C = F
    total += block_sum(C, growth, many, bottleneck)
    return stem + total + 12 * (C + many * growth) + 10


@right("densenet-parameters", "From the end, with a list of all layers.")
def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    sizes, C = [], 2 * growth if bottleneck else 16
    sizes.append(C * 27)
    for block in range(3):
        for _ in range((depth - 4) // (6 if bottleneck else 3)):
            sizes.append(2 * C)
            if bottleneck:
                sizes += [C * 4 * growth, 8 * growth]
            sizes.append(9 * growth * (4 * growth if bottleneck else C))
            C += growth
        if block != 2:
            sizes += [2 * C, C * int(compression * C)]
            C = int(compression * C)
    return float(sum(sizes[::-1]) + 2 * C + 10 * C + 10)


@right("densenet-memory", "The mean of the first and the last layer, times their number.")
def memory(C, growth, layers):
    first, last = 2 * C + 2 * growth, 2 * (C + (layers - 1) * growth) + 2 * growth
    return layers * (first + last) // 2, layers * growth + C


@right("densenet-memory", "A list of two.")
def memory(C, growth, layers):
    read = layers * C + growth * (layers * (layers - 1) // 2)
    return [2 * read + 2 * growth * layers, C + layers * growth]


@right("densenet-statistics", "Each reader is projected by itself, and the results are added up.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    x_bar = np.zeros(x_hat.shape)
    for l in range(len(gammas)):  # noqa: E741
        for c in range(x_hat.shape[1]):
            hats = x_hat[:, c].astype(float)
            passed = gammas[l][c] * hats + betas[l][c] > 0
            g = np.where(passed, gammas[l][c] * z_bars[l][:, c].astype(float), 0)
            x_bar[:, c] += (g - g.mean() - hats * np.mean(g * hats)) / sigma[c]
    return x_bar


@right("densenet-statistics", "As a product with einsum, all readers at once.")
def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    scales, shifts, bars = (np.array(group, dtype=float) for group in (gammas, betas, z_bars))
    seen = np.einsum("lc,nchw->lnchw", scales, x_hat) + shifts[:, None, :, None, None]
    g = np.einsum("lc,lnchw->nchw", scales, bars * (seen > 0))
    count = g[:, 0].size
    mean = np.einsum("nchw->c", g) / count
    share = np.einsum("nchw,nchw->c", g, x_hat) / count
    rest = g - mean[:, None, None] - x_hat * share[:, None, None]
    return rest / sigma[:, None, None]
