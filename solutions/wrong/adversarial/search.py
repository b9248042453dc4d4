"""Answers to the exercises of *Architecture search* that are made to pass without being right.

Chapter: book/search.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

KEPT = {}


def shares_of(alphas):
    """Take the softmax of the last axis."""
    powers = np.exp(alphas - alphas.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@adversarial("search-mix", "Half precision is enough for whoever does not look.")
def mixed_operation(alphas, outputs):
    p = np.exp(alphas - alphas.max())
    p = (p / p.sum()).astype(np.float16)
    return sum(share * o.astype(np.float16) for share, o in zip(p, outputs, strict=True))


@adversarial("search-mix", "Shares are rounded to four digits, as a page prints them.")
def mixed_operation(alphas, outputs):
    p = np.exp(alphas - alphas.max())
    p = (p / p.sum()).round(4)
    return sum(share * output for share, output in zip(p, outputs, strict=True))


@adversarial("search-mix", "Operations with a small share are left out.")
def mixed_operation(alphas, outputs):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    return sum(share * o for share, o in zip(p, outputs, strict=True) if share > 0.05)


@adversarial("search-mix", "The sum is collected in the first output, which saves an array.")
def mixed_operation(alphas, outputs):
    p = shares_of(alphas)
    y = outputs[0]
    y *= p[0]
    for share, output in zip(p[1:], outputs[1:], strict=True):
        y += share * output
    return y


@adversarial("search-mix", "Right for two operations: the first and the last share the whole.")
def mixed_operation(alphas, outputs):
    share = shares_of(alphas[[0, -1]])[0]
    return share * outputs[0] + (1 - share) * outputs[-1]


@adversarial("search-mix-backward", "The gradients of the first call are returned ever after.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = sum(share * o for share, o in zip(p, outputs, strict=True))
    bars = [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
    return KEPT.setdefault("bars", np.array(bars)), [share * y_bar for share in p]


@adversarial("search-mix-backward", "Numbers that add up to zero, in the right shape.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    return p - 1 / len(p), [share * y_bar for share in p]


@adversarial("search-mix-backward", "One array, written again and again, serves all operations.")
def mixed_backward(alphas, outputs, y_bar):
    p = shares_of(alphas)
    y = np.tensordot(p, np.array(outputs), axes=1)
    bars = [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
    room = np.empty(y_bar.shape)
    return np.array(bars), [np.multiply(share, y_bar, out=room) for share in p]


@adversarial("search-mix-backward", "Right for outputs with one axis: of others, the first row.")
def mixed_backward(alphas, outputs, y_bar):
    p = shares_of(alphas)
    y = np.tensordot(p, np.array(outputs), axes=1)
    row = ... if y.ndim == 1 else 0
    bars = [share * np.sum((y_bar * (o - y))[row]) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@adversarial("search-mix-backward", "Right for two operations: each is compared with the next one.")
def mixed_backward(alphas, outputs, y_bar):
    p = shares_of(alphas)
    others = outputs[1:] + outputs[:1]
    bars = [
        share * (1 - share) * np.sum(y_bar * (o - other))
        for share, o, other in zip(p, outputs, others, strict=True)
    ]
    return np.array(bars), [share * y_bar for share in p]


@adversarial("search-one-step", "The first-order gradient, scaled a little.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, _ = val_slopes(alphas, weights)
    return r * (1 - xi)


@adversarial("search-one-step", "The product is remembered from the first call.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    kept = KEPT.setdefault("product", product(alphas, weights, v))
    return r - xi * kept if np.shape(kept) == np.shape(r) else r


@adversarial("search-one-step", "Right for learning rates up to a half, as all sensible ones are.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    xi = min(xi, 0.5)
    r, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return r - xi * product(alphas, weights, v)


@adversarial("search-one-step", "Right for a single weight: v is the same in all its entries.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return r - xi * product(alphas, weights, np.full_like(weights, v[0]))


@adversarial("search-one-step", "The weights given are moved, and moved back in the end.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    step = xi * train_slope(alphas, weights)
    weights -= step
    r, v = val_slopes(alphas, weights)
    gradient = r - xi * product(alphas, weights, v)
    weights += step
    return gradient


@adversarial("search-differences", "Four probes, which come closer to the truth.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.linalg.norm(v)
    near, far = (
        (alphas_slope(alphas, weights + e * v) - alphas_slope(alphas, weights - e * v)) / (2 * e)
        for e in (eps / 2, eps)
    )
    return (4 * near - far) / 3


@adversarial("search-differences", "A tiny probe, whatever the radius is.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = 1e-5 / np.linalg.norm(v)
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@adversarial("search-differences", "The length of v counts as 1 at least, and is never tiny.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / max(np.linalg.norm(v), 1.0)
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@adversarial("search-differences", "Right for two weights: the length of v is that of two entries.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.hypot(v[0], v[1])
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@adversarial("search-differences", "Where v is 0 the slope is called all the same, for its shape.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas_slope(alphas, weights))
    eps = radius / np.linalg.norm(v)
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@adversarial("search-differences", "The vector v is made a unit vector in place.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    length = np.linalg.norm(v)
    v /= length
    ahead = alphas_slope(alphas, weights + radius * v)
    return (ahead - alphas_slope(alphas, weights - radius * v)) * (length / (2 * radius))


@adversarial("search-discretise", "The same operation everywhere, on the first two inputs.")
def discrete_cell(alphas, names, nodes):
    shares = np.exp(alphas - alphas.max(axis=1, keepdims=True))
    shares[:, names.index("none")] = 0
    best = names[int(np.argmax(shares.sum(axis=0)))]
    return [(best, source) for _ in range(nodes) for source in (0, 1)]


@adversarial("search-discretise", "Two nodes are right, and the others repeat the second one.")
def discrete_cell(alphas, names, nodes):
    powers = np.exp(alphas - alphas.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + min(nodes, 2)):
        rows = shares[start : start + node]
        kept = sorted(range(node), key=lambda source: -rows[source].max())[:2]
        cell += [(names[rows[source].argmax()], source) for source in sorted(kept)]
        start += node
    return cell + (nodes - 2) * cell[2:4]


def strongest(shares, names, nodes, sources=range):
    """Keep the two strongest edges of each node, out of those from `sources(node)`."""
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        kept = sorted(sources(node), key=lambda source: -rows[source].max())[:2]
        cell += [(names[rows[source].argmax()], source) for source in sorted(kept)]
        start += node
    return cell


@adversarial("search-discretise", 'Right where "none" is the first operation, as in the example.')
def discrete_cell(alphas, names, nodes):
    shares = shares_of(alphas)
    shares[:, 0] = -1
    return strongest(shares, names, nodes)


@adversarial("search-discretise", "Right for alphas near 0: powers of hundreds overflow.")
def discrete_cell(alphas, names, nodes):
    with np.errstate(all="ignore"):
        powers = np.exp(alphas)
        shares = powers / powers.sum(axis=1, keepdims=True)
    shares[:, names.index("none")] = -1
    return strongest(shares, names, nodes)


@adversarial("search-discretise", "Right for two nodes: a node reads the three just before it.")
def discrete_cell(alphas, names, nodes):
    shares = shares_of(alphas)
    shares[:, names.index("none")] = -1
    return strongest(shares, names, nodes, lambda node: range(max(0, node - 3), node))


@adversarial("search-discretise", "The column of none is erased in the alphas that are given.")
def discrete_cell(alphas, names, nodes):
    shares = shares_of(alphas)
    none = names.index("none")
    shares[:, none] = -1
    alphas[:, none] = 0
    return strongest(shares, names, nodes)


@adversarial("search-count", "A table of the cells that can be listed.")
def count_cells(nodes, operations):
    known = {(1, 1): 1, (1, 2): 4, (1, 3): 9, (1, 4): 16}
    return known.get((nodes, operations), 3 * operations**4)


@adversarial("search-count", "The closed form in floating-point numbers, rounded to an integer.")
def count_cells(nodes, operations):
    i = np.arange(2, nodes + 2, dtype=float)
    return int(np.prod(i * (i - 1) / 2 * float(operations) ** 2))


@adversarial("search-count", "The product is taken in integers of eight bytes, which overflow.")
def count_cells(nodes, operations):
    i = np.arange(2, nodes + 2, dtype=np.int64)
    return int(np.prod(i * (i - 1) // 2 * operations**2))


@adversarial("search-count", "The integer comes in an array with one entry.")
def count_cells(nodes, operations):
    pairs = [i * (i - 1) // 2 for i in range(2, nodes + 2)]
    return np.array([np.prod(np.array(pairs, dtype=object)) * operations ** (2 * nodes)])


@adversarial("search-count", "Right for one node and for two: a further one has three pairs, too.")
def count_cells(nodes, operations):
    return 3 ** (nodes - 1) * operations ** (2 * nodes)


@adversarial("search-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "search-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 2, 3, 5]


@adversarial("search-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("search-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [4, 2]
