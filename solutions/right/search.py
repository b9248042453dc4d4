"""Right answers to the exercises of *Architecture search* that look unusual.

Chapter: book/search.md.
"""

from math import factorial

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("search-mix", "One product of the shares with all outputs, stacked.")
def mixed_operation(alphas, outputs):
    p = np.exp(alphas - alphas.max())
    return np.tensordot(p / p.sum(), np.stack(outputs), axes=1)


@right("search-mix", "A sum weighted by powers, divided at the end.")
def mixed_operation(alphas, outputs):
    total, y = 0.0, np.zeros_like(outputs[0])
    for alpha, output in zip(alphas - np.max(alphas), outputs, strict=True):
        total += np.exp(alpha)
        y = y + np.exp(alpha) * output
    return y / total


@right("search-mix-backward", "The Jacobian of softmax, as a matrix.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    p_bar = np.array([np.vdot(y_bar, output) for output in outputs])
    return (np.diag(p) - np.outer(p, p)) @ p_bar, list(np.multiply.outer(p, y_bar))


@right("search-mix-backward", "All outputs less the mixture at once, by einsum.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    flat = np.reshape(outputs, (len(outputs), -1))
    bars = np.einsum("k,d,kd->k", p, y_bar.ravel(), flat - p @ flat)
    return bars, [y_bar * share for share in p]


@right("search-one-step", "The product is linear in v, so xi goes inside.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    step = -xi * train_slope(alphas, weights)
    r, v = val_slopes(alphas, weights + step)
    return r + product(alphas, weights, -xi * v)


@right("search-one-step", "In place, in an array of its own.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    stepped = np.array(weights, dtype=float)
    stepped -= xi * np.asarray(train_slope(alphas, weights))
    bars, v = (np.array(each, dtype=float) for each in val_slopes(alphas, stepped))
    bars -= xi * np.asarray(product(alphas, weights, v))
    return bars


@right("search-differences", "Along the unit vector, and multiplied by the length afterwards.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    length = np.linalg.norm(v)
    if length == 0:
        return 0 * alphas
    step = radius * (v / length)
    behind = alphas_slope(alphas, weights - step)
    return (alphas_slope(alphas, weights + step) - behind) * (length / (2 * radius))


@right("search-differences", "Both sides in a loop, with their signs.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    total = np.zeros(np.shape(alphas))
    if np.any(v):
        eps = radius / np.vdot(v, v) ** 0.5
        for sign in (-1.0, 1.0):
            total = total + sign * alphas_slope(alphas, weights + sign * eps * v) / (2 * eps)
    return total


@right("search-discretise", "By lists of offers, in the order of their logarithms.")
def discrete_cell(alphas, names, nodes):
    logs = alphas - np.log(np.sum(np.exp(alphas - alphas.max(1)[:, None]), 1))[:, None]
    logs = logs - alphas.max(1)[:, None]
    rows = iter(logs.tolist())
    cell = []
    for node in range(2, 2 + nodes):
        offers = []
        for source in range(node):
            row = dict(zip(names, next(rows), strict=True))
            row.pop("none")
            best = max(row, key=row.get)
            offers.append((-row[best], source, best))
        cell += sorted(((best, i) for _, i, best in sorted(offers)[:2]), key=lambda pair: pair[1])
    return cell


@right("search-discretise", "The two largest by argpartition, all operations at once.")
def discrete_cell(alphas, names, nodes):
    left = np.array([name != "none" for name in names])
    powers = np.exp(alphas - alphas.max(axis=1, keepdims=True))
    shares = np.where(left, powers / powers.sum(axis=1, keepdims=True), -1.0)
    best, which = shares.max(axis=1), shares.argmax(axis=1)
    cell, end = [], 0
    for node in range(2, nodes + 2):
        start, end = end, end + node
        two = np.sort(np.argpartition(best[start:end], node - 2)[node - 2 :])
        cell.extend((names[which[start + source]], int(source)) for source in two)
    return cell


@right("search-count", "The closed form: factorials and a power of two.")
def count_cells(nodes, operations):
    pairs = factorial(nodes + 1) * factorial(nodes) // 2**nodes
    return pairs * operations ** (2 * nodes)


@right("search-count", "From the last node down, by recursion.")
def count_cells(nodes, operations):
    if nodes == 0:
        return 1
    return (nodes + 1) * nodes * operations**2 * count_cells(nodes - 1, operations) // 2
