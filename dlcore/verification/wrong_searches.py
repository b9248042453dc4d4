"""Searches with slips, and the checks that find them.

Chapter: book/search.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.autodiff import grad
from dlcore.nn.search import edges, strongest_edges
from dlcore.ops.loss import softmax
from dlcore.train.search import (
    halves,
    mixed_difference,
    moved,
    one_step_differences,
    stepped_grads,
    value_grads,
)
from dlcore.verification.wrong_versions import failed_checks

NAMES = ("none", "max_pool_3x3", "skip_connect", "sep_conv_3x3")
RADIUS = 0.01


# The gradient


def with_plus(train, val, alphas, weights, xi):
    """Add the product, where it has to be subtracted."""
    r, v = stepped_grads(train, val, alphas, weights, xi)
    return moved(r, xi, mixed_difference(train, alphas, weights, v))


def probe_of_any_length(train, val, alphas, weights, xi):
    """Leave the length of v out of the distance of the probes."""
    r, v = stepped_grads(train, val, alphas, weights, xi)
    return moved(r, -xi, mixed_difference(train, alphas, weights, v, radius=RADIUS * length(v)))


def before_the_step(train, val, alphas, weights, xi):
    """Take the gradients of the validation loss at the weights before the step."""
    r, v = value_grads(val, alphas, weights)
    return moved(r, -xi, mixed_difference(train, alphas, weights, v))


def weights_left_there(train, val, alphas, weights, xi):
    """Probe in place, and forget to put the weights back."""
    r, v = stepped_grads(train, val, alphas, weights, xi)
    eps = RADIUS / length(v)
    by_alphas = lambda: grad(lambda a: train(a, weights))(alphas)
    weights += eps * v
    ahead = by_alphas()
    weights -= 2 * eps * v
    return moved(r, -xi / (2 * eps), moved(ahead, -1.0, by_alphas()))


def length(v):
    """Return the length of a vector."""
    return float(np.sqrt(np.vdot(v, v)))


# The cell


def with_none(alphas, names, nodes):
    """Let "none" be the strongest operation of an edge."""
    renamed = ["nothing" if name == "none" else name for name in names]
    pairs = strongest_edges(alphas, renamed, nodes)
    return tuple(("none" if name == "nothing" else name, source) for name, source in pairs)


def twice_from_one_edge(alphas, names, nodes):
    """Take the two strongest operations of a node, of one edge or of two."""
    shares = softmax(alphas)
    shares[:, names.index("none")] = -1
    rows, pairs = edges(nodes), []
    for node in range(2, 2 + nodes):
        own = [(shares[row, o], names[o], source) for row, (end, source) in enumerate(rows)
               if end == node for o in range(len(names))]  # fmt: skip
        pairs += [(name, source) for _, name, source in sorted(own, reverse=True)[:2]]
    return tuple(pairs)


# The images, and the report


def all_images(N, rng):
    """Train the weights on all images, those for the alphas included."""
    _, second = halves(N, rng)
    return rng.permutation(N), second


def report(*, mixed, trained, random):
    """Report the mean accuracy of networks trained anew, and that of random ones beside it.

    `mixed` is the accuracy of the network of all operations; `trained` and `random` list those of
    networks that were built from cells and trained from their first weights.

    >>> report(mixed=0.75, trained=[0.5, 1.0], random=[0.25])
    {'found': 0.75, 'random': 0.25}
    """
    return {"found": float(np.mean(trained)), "random": float(np.mean(random))}


def of_the_mixture(*, mixed, trained, random):
    """Report the accuracy of the network of all operations, which nobody is going to use."""
    return report(mixed=mixed, trained=[mixed], random=random)


def without_random_cells(*, mixed, trained, random):
    """Report no random cells."""
    return {"found": report(mixed=mixed, trained=trained, random=random)["found"]}


class Version(NamedTuple):
    """The parts of a search: gradient, choice of a cell, split of the images, report."""

    gradient: object = one_step_differences
    choose: object = strongest_edges
    split: object = halves
    report: object = report


VERSIONS = {
    "as the page defines it": Version(),
    "plus in the place of minus": Version(gradient=with_plus),
    "probe of any length": Version(gradient=probe_of_any_length),
    "v before the step": Version(gradient=before_the_step),
    "weights not put back": Version(gradient=weights_left_there),
    '"none" may win': Version(choose=with_none),
    "two operations of one edge": Version(choose=twice_from_one_edge),
    "validation images train the weights": Version(split=all_images),
    "accuracy of the mixture": Version(report=of_the_mixture),
    "no random cells": Version(report=without_random_cells),
}


def has_the_gradient(version, rng):
    """Of losses with one α and one weight it is -1/4, as it was computed by hand."""
    train = lambda a, w: np.sum((w - a) * (w - a))
    val = lambda a, w: np.sum((w - 4) * (w - 4)) / 2 + np.sum(a * a) / 2
    found = version.gradient(train, val, np.array([1.0]), np.array([2.0]), 0.25)
    return np.allclose(found, -0.25, rtol=0, atol=1e-9)


def is_homogeneous(version, rng):
    """A loss c times as large has a gradient c times as large, though its v is long."""
    train = lambda a, w: a @ np.tanh(w)
    alphas, weights, slope = rng.normal(size=(3, 5))
    found = [
        version.gradient(train, lambda a, w, c=c: c * (slope @ w), alphas, weights, 0.5)
        for c in (1.0, 1000.0)
    ]
    return np.allclose(1000 * found[0], found[1], rtol=1e-6)


def keeps_the_weights(version, rng):
    """The weights afterwards are those before, bit by bit."""
    train, val = lambda a, w: a @ np.sin(w), lambda a, w: a @ np.cos(w)
    alphas, weights = rng.normal(size=(2, 5))
    before = weights.copy()
    version.gradient(train, val, alphas, weights, 0.5)
    return np.array_equal(before, weights)


def never_chooses_none(version, rng):
    """Where "none" has the largest share of every edge, it is left aside."""
    alphas = rng.normal(size=(len(edges(3)), len(NAMES)))
    alphas[:, NAMES.index("none")] = 5
    return "none" not in dict(version.choose(alphas, NAMES, 3))


def has_two_inputs(version, rng):
    """Where one edge has the two strongest operations, a node still has two inputs."""
    alphas = rng.uniform(-1, 1, size=(len(edges(3)), len(NAMES)))
    alphas[[row for row, (_, source) in enumerate(edges(3)) if source == 1], 2:] = 3
    sources = [source for _, source in version.choose(alphas, NAMES, 3)]
    return all(sources[k] != sources[k + 1] for k in range(0, 6, 2))


def keeps_images_apart(version, rng):
    """No image trains both the weights and the alphas, and none is left out."""
    first, second = version.split(101, rng)
    return not {*first} & {*second} and {*first} | {*second} == {*range(101)}


def speaks_of_trained_networks(version, rng):
    """The accuracy that is reported is the mean of those of networks trained anew."""
    said = version.report(mixed=0.9, trained=[0.6, 0.7, 0.8], random=[0.65])
    return np.isclose(said["found"], 0.7)


def has_a_baseline(version, rng):
    """Random cells, trained in the same way, are reported beside it."""
    return "random" in version.report(mixed=0.9, trained=[0.7], random=[0.65])


CHECKS = {
    "a quadratic": has_the_gradient,
    "a long v": is_homogeneous,
    "bits of the weights": keeps_the_weights,
    'alphas for "none"': never_chooses_none,
    "alphas for one edge": has_two_inputs,
    "numbers of the images": keeps_images_apart,
    "networks trained anew": speaks_of_trained_networks,
    "random cells": has_a_baseline,
}


def found_by(version, seed=0):
    """List the checks that a version of a search fails."""
    return failed_checks(CHECKS, VERSIONS[version], seed)
