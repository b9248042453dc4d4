"""The bundled digits: 1,797 handwritten digits of 8 × 8 pixels, each pixel from 0 to 16.

They are the test half of *Optical Recognition of Handwritten Digits* by E. Alpaydin and
C. Kaynak (UCI Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49), licensed
CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). The pixels and labels are theirs,
unchanged; ``DIGITS.md`` beside this file says how they are stored.
"""

from pathlib import Path

import numpy as np

from dlcore.data.dataset import Dataset, Examples

FILE = Path(__file__).with_name("digits.npz")
CREDIT = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, "
    "UCI Machine Learning Repository, CC BY 4.0"
)


def load(*, seed=0):
    """Return the digits, dealt into 70 % training, 10 % validation and 20 % test images."""
    with np.load(FILE, allow_pickle=False) as file:
        x, t = file["x"], file["t"].astype(np.int64)
    train, val, test = (
        Examples(x[rows], t[rows]) for rows in dealt(t, rng=np.random.default_rng(seed))
    )
    return Dataset("digits", tuple("0123456789"), train, val, test, credit=CREDIT)


def dealt(t, *, rng):
    """Deal the examples like cards to ten hands, so that every hand holds every class alike.

    The cards are shuffled, sorted by class and dealt in turn: of no class has one hand two
    cards more than another. Seven hands are for training, one for validation, two for test.
    """
    shuffled = rng.permutation(t.size)
    cards = shuffled[np.argsort(t[shuffled], kind="stable")]
    hand = np.arange(t.size) % 10
    return tuple(np.sort(cards[part]) for part in (hand < 7, hand == 7, hand > 7))
