"""Hand random numbers over: answers draw their own, and cannot find out those of a test.

The state of a generator shows all that it has drawn, since each step can be taken back. It is
handed over as it is only by a generator that has drawn nothing yet: a test may make a second
one from the same seed, and compare. Otherwise the answers draw from a generator whose seed is
condensed from the state and a key, which leads only one way. In both cases the test's own
goes on from another seed of that kind.
"""

import hashlib
import hmac
import json

import numpy as np


def hand_over(bits, key=b""):
    """Return the state that answers go on from; `bits`, of the test, goes on from a secret.

    >>> one, two = (np.random.PCG64(5) for _ in range(2))
    >>> hand_over(one) == two.state, one.state == two.state
    (True, False)
    """
    state = json.dumps(bits.state, default=np.ndarray.tolist).encode()
    theirs = bits.state if is_fresh(bits) else seeded(key, b"lent", state).state
    bits.state = seeded(key, b"kept", state, type(bits)).state
    return theirs


def is_fresh(bits):
    """Tell whether a generator has drawn nothing since it was seeded, other than by a parent."""
    seed = getattr(bits, "seed_seq", None)
    if type(bits) is not np.random.PCG64 or type(seed) is not np.random.SeedSequence:
        return False
    return not seed.spawn_key and bits.state == np.random.PCG64(seed).state


def seeded(key, use, state, kind=np.random.PCG64):
    """Make random bits whose seed depends on a key, a use and a state, and shows none of them."""
    seed = hmac.digest(key, use + state, hashlib.sha256)
    return kind(int.from_bytes(seed))
