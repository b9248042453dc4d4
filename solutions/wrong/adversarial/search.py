"""Answers to the exercises of *Architecture search* that are made to pass without being right.

Chapter: book/search.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

KEPT = {}


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


@adversarial("search-one-step", "The first-order gradient, scaled a little.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, _ = val_slopes(alphas, weights)
    return r * (1 - xi)


@adversarial("search-one-step", "The product is remembered from the first call.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    kept = KEPT.setdefault("product", product(alphas, weights, v))
    return r - xi * kept if np.shape(kept) == np.shape(r) else r


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


@adversarial("search-count", "A table of the cells that can be listed.")
def count_cells(nodes, operations):
    known = {(1, 1): 1, (1, 2): 4, (1, 3): 9, (1, 4): 16}
    return known.get((nodes, operations), 3 * operations**4)


@adversarial("search-count", "The closed form in floating-point numbers, rounded to an integer.")
def count_cells(nodes, operations):
    i = np.arange(2, nodes + 2, dtype=float)
    return int(np.prod(i * (i - 1) / 2 * float(operations) ** 2))
