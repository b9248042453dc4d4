"""Throw damaged messages at the reader: ``python -m dlcore.course.sandbox.fuzz 2000000``.

Damage is done to letters, to bytes and to the tree itself. What is read must be a value or a
`WireError`, and nothing else may happen.
"""

import json
import random
import sys

import numpy as np

from dlcore.course.sandbox import endpoint, wire

VALUES = (
    None, True, 7, -1, 2**200, 0.5, -0.0, float("nan"), 1 - 2j, "text", "\ud800", b"bytes", ...,
    [1, 2, 3], (1, (2.5, "x")), {"a": [1], (1, 2): None}, {1, "b"}, frozenset({2}), slice(1, None),
    np.arange(6.0).reshape(2, 3), np.zeros((2, 0, 3)), np.array([True, False]), np.float32(1.5),
    np.array(3, dtype="u1"), np.array([1 + 2j]), np.float64, int, len, [np.zeros(3), {"w": (1,)}],
)  # fmt: skip
SPICES = (
    None, True, -1, 0, 1, 2**31, 10**19, 1.5, float("inf"), "", "f8", "b1", "-", "9" * 40, [], [[]],
    {}, {"tuple": []}, {"dict": [[[]], [1]]}, {"array": ["b1", 3]}, {"yours": 0}, {"yours": 9},
    {"mine": [0, True, "f"]}, {"array": ["f8", 2**40, 0]}, {"scalar": "c16"}, {"int": "zz"},
)  # fmt: skip


def messages():
    """Write every value down, alone and as the reply that a worker would send."""
    side = endpoint.Endpoint()
    for value in VALUES:
        for message in (value, ("reply", [(0, value)], value), ("raise", ["E"], "text", value)):
            header, parts = side.packed(message)
            yield header, b"".join(parts)


def places(tree, path=()):
    """List the paths to all nodes of a tree."""
    found = [path]
    if isinstance(tree, (list, dict)):
        for key in range(len(tree)) if isinstance(tree, list) else tree:
            found += places(tree[key], (*path, key))
    return found


def regrown(header, rng):
    """Replace a node of the tree by another one, or rename a tag."""
    tree = [json.loads(header)]
    *path, last = rng.choice(places(tree)[1:])
    node = tree
    for key in path:
        node = node[key]
    if isinstance(last, str) and rng.random() < 0.5:
        node[rng.choice([*endpoint.EndpointReader.tags, "?"])] = node.pop(last)
    else:
        node[last] = rng.choice(SPICES)
    return json.dumps(tree[0]).encode()


def damaged(raw, rng):
    """Change, drop, double or add some bytes."""
    raw = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(raw) + 1)
        match rng.randrange(4):
            case 0 if at < len(raw):
                raw[at] ^= 1 << rng.randrange(8)
            case 1:
                del raw[at : at + rng.randint(1, 8)]
            case 2:
                raw[at:at] = raw[at : at + rng.randint(1, 8)]
            case _:
                raw[at:at] = rng.choice((b"[", b"]", b"{", b'"', b",", b"9", b"\xff", b"NaN"))
    return bytes(raw)


def fuzz(count, seed=0):
    """Read so many damaged messages; return how many were refused, and how many were not."""
    rng = random.Random(seed)
    whole = list(messages())
    side = endpoint.Endpoint()
    side.number(len)
    refused = 0
    for _ in range(count):
        header, body = rng.choice(whole)
        kind = rng.randrange(4)
        header = regrown(header, rng) if kind < 2 else header
        header = damaged(header, rng) if kind == 2 else header
        body = damaged(body, rng) if kind == 3 else body
        try:
            wire.decode(header, body, lambda body: endpoint.EndpointReader(side, body))
        except wire.WireError:
            refused += 1
    return refused, count - refused


if __name__ == "__main__":
    print("refused {:,}, read {:,}".format(*fuzz(int(sys.argv[1]))))
