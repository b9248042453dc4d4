"""Plausible wrong answers to the exercises of *Architecture search*, each with a word of advice.

Chapter: book/search.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("search-mix", "The shares of a softmax add up to 1; those of a sigmoid do not.")
def mixed_operation(alphas, outputs):
    p = 1 / (1 + np.exp(-alphas))
    return sum(share * output for share, output in zip(p, outputs, strict=True))


@wrong("search-mix", "The powers are to be divided by their sum.")
def mixed_operation(alphas, outputs):
    p = np.exp(alphas - alphas.max())
    return sum(share * output for share, output in zip(p, outputs, strict=True))


@wrong("search-mix", "Powers of large numbers overflow: subtract the largest alpha first.")
def mixed_operation(alphas, outputs):
    with np.errstate(all="ignore"):
        p = np.exp(alphas) / np.sum(np.exp(alphas))
    return sum(share * output for share, output in zip(p, outputs, strict=True))


@wrong("search-mix", "A mixture weighs all operations: this takes the strongest one alone.")
def mixed_operation(alphas, outputs):
    return outputs[int(np.argmax(alphas))]


@wrong("search-mix", "The alphas are not the shares: take their softmax first.")
def mixed_operation(alphas, outputs):
    return sum(alpha * output for alpha, output in zip(alphas, outputs, strict=True))


@wrong("search-mix", "Shares are not divided by the number of operations once more.")
def mixed_operation(alphas, outputs):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    return np.mean([share * output for share, output in zip(p, outputs, strict=True)], axis=0)


@wrong("search-mix", "All operations weigh alike here: the alphas are not used.")
def mixed_operation(alphas, outputs):
    return sum(outputs) / len(outputs)


@wrong("search-mix", "The softmax is over the operations, and not over the entries of an output.")
def mixed_operation(alphas, outputs):
    scaled = [alpha * output for alpha, output in zip(alphas, outputs, strict=True)]
    p = [np.exp(each - each.max()) for each in scaled]
    return sum(share / share.sum() * o for share, o in zip(p, outputs, strict=True))


@wrong("search-mix-backward", "A share grows at the cost of all others: subtract the mixture y.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    bars = [share * np.sum(y_bar * o) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@wrong("search-mix-backward", "The slope of softmax has its share as a factor.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = sum(share * o for share, o in zip(p, outputs, strict=True))
    return np.array([np.sum(y_bar * (o - y)) for o in outputs]), [share * y_bar for share in p]


@wrong("search-mix-backward", "Every output receives its share of the gradient, and not all of it.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = sum(share * o for share, o in zip(p, outputs, strict=True))
    bars = [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [y_bar.copy() for _ in p]


@wrong("search-mix-backward", "This is the gradient of a sigmoid: the shares depend on each other.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    bars = [share * (1 - share) * np.sum(y_bar * o) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@wrong("search-mix-backward", "Add up over all entries, and do not average over them.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = sum(share * o for share, o in zip(p, outputs, strict=True))
    bars = [share * np.mean(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@wrong("search-mix-backward", "The sign is turned: an operation better than the mixture gains.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = sum(share * o for share, o in zip(p, outputs, strict=True))
    bars = [share * np.sum(y_bar * (y - o)) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@wrong("search-mix-backward", "The mixture is weighed by the shares: this is the plain mean.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = np.mean(outputs, axis=0)
    bars = [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@wrong("search-mix-backward", "Powers of large numbers overflow: subtract the largest alpha first.")
def mixed_backward(alphas, outputs, y_bar):
    with np.errstate(all="ignore"):
        p = np.exp(alphas) / np.sum(np.exp(alphas))
        y = sum(share * o for share, o in zip(p, outputs, strict=True))
        bars = [share * np.sum(y_bar * (o - y)) for share, o in zip(p, outputs, strict=True)]
    return np.array(bars), [share * y_bar for share in p]


@wrong("search-one-step", "The product is subtracted: the step goes against the gradient.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return r + xi * product(alphas, weights, v)


@wrong("search-one-step", "The validation loss is that of the stepped weights.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights)
    return r - xi * product(alphas, weights, v)


@wrong("search-one-step", "This is the first-order gradient: the step depends on the alphas, too.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, _ = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return r


@wrong("search-one-step", "The step begins at the weights: that is where the product is taken.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    stepped = weights - xi * train_slope(alphas, weights)
    r, v = val_slopes(alphas, stepped)
    return r - xi * product(alphas, stepped, v)


@wrong("search-one-step", "The step has the factor xi, and so has the product.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return r - product(alphas, weights, v)


@wrong("search-one-step", "The step goes against the gradient of training: weights - xi * slope.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, v = val_slopes(alphas, weights + xi * train_slope(alphas, weights))
    return r - xi * product(alphas, weights, v)


@wrong("search-one-step", "The product is with v, the gradient of validation, not of training.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    slope = train_slope(alphas, weights)
    r, _ = val_slopes(alphas, weights - xi * slope)
    return r - xi * product(alphas, weights, slope)


@wrong("search-one-step", "The gradient by the alphas themselves is missing: add r.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    _, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return -xi * product(alphas, weights, v)


@wrong("search-one-step", "Both gradients of validation belong to the stepped weights.")
def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    r, _ = val_slopes(alphas, weights)
    _, v = val_slopes(alphas, weights - xi * train_slope(alphas, weights))
    return r - xi * product(alphas, weights, v)


@wrong("search-differences", "Divide the radius by the length of v, or a long v probes far away.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    ahead = alphas_slope(alphas, weights + radius * v)
    return (ahead - alphas_slope(alphas, weights - radius * v)) / (2 * radius)


@wrong("search-differences", "Divide by 2 eps: the probes stand on both sides.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.sqrt(np.sum(v * v))
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / eps


@wrong("search-differences", "Divide by 2 eps and not by twice the distance: v is no unit vector.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.sqrt(np.sum(v * v))
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * radius)


@wrong("search-differences", "A difference to one side is off by eps: probe on both sides.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.sqrt(np.sum(v * v))
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights)) / eps


@wrong("search-differences", "Both probes stand at the same weights: the second has a minus.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.sqrt(np.sum(v * v))
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights + eps * v)) / (2 * eps)


@wrong("search-differences", "Where v is 0 its length is no divisor: return zeros.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    with np.errstate(all="ignore"):
        eps = radius / np.sqrt(np.sum(v * v))
        ahead = alphas_slope(alphas, weights + eps * v)
        return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@wrong("search-differences", "The length is a root: the sum of squares is its square.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.sum(v * v)
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@wrong("search-differences", "The length of v is Euclidean: its largest entry is shorter.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.abs(v).max()
    ahead = alphas_slope(alphas, weights + eps * v)
    return (ahead - alphas_slope(alphas, weights - eps * v)) / (2 * eps)


@wrong("search-differences", "The sides are exchanged: ahead less behind.")
def product_by_differences(alphas, weights, v, alphas_slope, radius):
    if not np.any(v):
        return np.zeros_like(alphas)
    eps = radius / np.sqrt(np.sum(v * v))
    ahead = alphas_slope(alphas, weights + eps * v)
    return (alphas_slope(alphas, weights - eps * v) - ahead) / (2 * eps)


def softmax_of_rows(alphas):
    powers = np.exp(alphas - alphas.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def two_best(shares, names, nodes):
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        kept = sorted(range(node), key=lambda source: -rows[source].max())[:2]
        cell += [(names[rows[source].argmax()], source) for source in sorted(kept)]
        start += node
    return cell


@wrong("search-discretise", '"none" is no operation of a cell: leave it aside before the choice.')
def discrete_cell(alphas, names, nodes):
    return two_best(softmax_of_rows(alphas), names, nodes)


@wrong("search-discretise", "Edges are compared by shares: alphas of two edges have no scale.")
def discrete_cell(alphas, names, nodes):
    numbers = alphas.astype(float)
    numbers[:, names.index("none")] = -np.inf
    return two_best(numbers, names, nodes)


@wrong("search-discretise", 'The softmax includes "none": a large share of it makes an edge weak.')
def discrete_cell(alphas, names, nodes):
    left = [o for o, name in enumerate(names) if name != "none"]
    return two_best(softmax_of_rows(alphas[:, left]), [names[o] for o in left], nodes)


@wrong("search-discretise", "Two operations of one edge are one input: keep two different edges.")
def discrete_cell(alphas, names, nodes):
    shares = softmax_of_rows(alphas)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        best = np.argsort(-rows, axis=None)[:2]
        pairs = [divmod(int(place), len(names)) for place in best]
        cell += [(names[o], source) for source, o in sorted(pairs)]
        start += node
    return cell


@wrong("search-discretise", "The first two edges are kept: keep the two strongest ones.")
def discrete_cell(alphas, names, nodes):
    shares = softmax_of_rows(alphas)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        cell += [(names[rows[source].argmax()], source) for source in (0, 1)]
        start += node
    return cell


@wrong("search-discretise", "The smaller input comes first, and not the stronger one.")
def discrete_cell(alphas, names, nodes):
    shares = softmax_of_rows(alphas)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        kept = sorted(range(node), key=lambda source: -rows[source].max())[:2]
        cell += [(names[rows[source].argmax()], source) for source in kept]
        start += node
    return cell


@wrong("search-discretise", "The softmax is taken over the operations of an edge, row by row.")
def discrete_cell(alphas, names, nodes):
    powers = np.exp(alphas - alphas.max(axis=0))
    shares = powers / powers.sum(axis=0)
    shares[:, names.index("none")] = -1
    return two_best(shares, names, nodes)


@wrong("search-discretise", "A node keeps two edges, and not all that are stronger than the mean.")
def discrete_cell(alphas, names, nodes):
    shares = softmax_of_rows(alphas)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        strong = [s for s in range(node) if rows[s].max() >= rows.max(axis=1).mean()]
        cell += [(names[rows[source].argmax()], source) for source in strong]
        start += node
    return cell


@wrong("search-discretise", "The two weakest edges are kept: sort from the largest share down.")
def discrete_cell(alphas, names, nodes):
    shares = softmax_of_rows(alphas)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        kept = sorted(range(node), key=lambda source: rows[source].max())[:2]
        cell += [(names[rows[source].argmax()], source) for source in sorted(kept)]
        start += node
    return cell


@wrong("search-count", "Each of the two edges has its operation: the number is squared.")
def count_cells(nodes, operations):
    count = 1
    for i in range(2, nodes + 2):
        count *= i * (i - 1) // 2 * operations
    return count


@wrong("search-count", "The order of the two inputs does not matter: divide by 2.")
def count_cells(nodes, operations):
    count = 1
    for i in range(2, nodes + 2):
        count *= i * (i - 1) * operations**2
    return count


@wrong("search-count", "The two inputs are different nodes: i (i - 1) / 2 pairs.")
def count_cells(nodes, operations):
    count = 1
    for i in range(2, nodes + 2):
        count *= i * (i + 1) // 2 * operations**2
    return count


@wrong("search-count", "Every node may read all nodes before it, and not the cell's inputs alone.")
def count_cells(nodes, operations):
    return operations ** (2 * nodes)


@wrong("search-count", "Nodes are chosen one after the other: multiply, and do not add.")
def count_cells(nodes, operations):
    return sum(i * (i - 1) // 2 * operations**2 for i in range(2, nodes + 2))


@wrong("search-count", "The last node is missing: there are as many factors as nodes.")
def count_cells(nodes, operations):
    count = 1
    for i in range(2, nodes + 1):
        count *= i * (i - 1) // 2 * operations**2
    return count


@wrong("search-count", "A node keeps two edges, and not all: an edge without operation is none.")
def count_cells(nodes, operations):
    return operations ** (nodes * (nodes + 3) // 2)


@wrong("search-count", "A float has 16 digits: count in integers.")
def count_cells(nodes, operations):
    count = 1.0
    for i in range(2, nodes + 2):
        count *= i * (i - 1) / 2 * operations**2
    return count


@wrong("search-count", '"none" is not among the operations: do not take one off.')
def count_cells(nodes, operations):
    count = 1
    for i in range(2, nodes + 2):
        count *= i * (i - 1) // 2 * (operations - 1) ** 2
    return count


@wrong("search-wrong-lines", "Count from 1: the line below the first one is line 2.")
def wrong_lines():
    return [3, 2, 2]


@wrong("search-wrong-lines", "The first line of a derivation is given, and cannot be wrong.")
def wrong_lines():
    return [1, 1, 1]


@wrong("search-wrong-lines", "In the second one, put in two shares and look at the bracket.")
def wrong_lines():
    return [4, 3, 3]


@wrong("search-wrong-lines", "In the third one, look at the factor of the product with v.")
def wrong_lines():
    return [4, 2, 2]


@wrong("search-mix-backward", "First the gradient of the alphas, then those of the outputs.")
def mixed_backward(alphas, outputs, y_bar):
    p = np.exp(alphas - alphas.max())
    p = p / p.sum()
    y = sum(share * output for share, output in zip(p, outputs, strict=True))
    bar = [share * np.sum(y_bar * (output - y)) for share, output in zip(p, outputs, strict=True)]
    return [share * y_bar for share in p], np.array(bar)


def right(alphas, names, nodes):
    """Return what is right."""
    powers = np.exp(alphas - alphas.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    shares[:, names.index("none")] = -1
    cell, start = [], 0
    for node in range(2, 2 + nodes):
        rows = shares[start : start + node]
        kept = sorted(range(node), key=lambda source: -rows[source].max())[:2]
        cell += [(names[rows[source].argmax()], source) for source in sorted(kept)]
        start += node
    return cell


@wrong("search-discretise", "A pair is the name of the operation, then its input.")
def discrete_cell(alphas, names, nodes):
    return [(source, name) for name, source in right(alphas, names, nodes)]
