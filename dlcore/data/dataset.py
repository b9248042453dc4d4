"""What a dataset is: images with labels, in three parts that never mix."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dlcore.data.files import refused
from dlcore.shapes import Array, Images, Labels


class Examples(NamedTuple):
    """Images x (N, C, H, W) and the class t (N,) of each, int64 from 0 to K - 1.

    >>> x, t = np.zeros((5, 3, 32, 32), np.uint8), np.arange(5)
    >>> examples = Examples(x, t)
    >>> examples.N, examples.first(2).x.shape
    (5, (2, 3, 32, 32))
    """

    x: Images
    t: Labels

    @property
    def N(self):  # noqa: N802 (capitals count)
        """The number of examples; ``len`` would count x and t."""
        return self.t.size

    def first(self, N):
        """Return the first N examples, or all where there are fewer."""
        return Examples(self.x[:N], self.t[:N])

    def divided(self, parts, place):
        """Hold the last N / parts examples back for validation, rounded up:  train, val.

        Raises DataError, which names `place`, where there are fewer than two.

        >>> whole = Examples(np.zeros((10, 1, 8, 8)), np.zeros(10, int))
        >>> [part.N for part in whole.divided(4, "here")]
        [7, 3]
        """
        if self.N < 2:
            raise refused(place, 0, "a single training image cannot be divided", "add another")
        N = self.N - -(-self.N // parts)
        return self.first(N), Examples(self.x[N:], self.t[N:])


@dataclass(frozen=True)
class Dataset:
    """Images with labels in three parts: training, validation and test.

    =======  ==============================================================
    classes  the K names of the classes, in the order of their labels
    train    the parameters are learned from these `Examples`
    val      the hyperparameters are chosen by these
    test     the result is measured on these, once
    mean     the mean image of `train` that was subtracted, in pixels;
             None as long as the pixels are as published
    credit   the authors, and the licence
    =======  ==============================================================

    A dataset does not change: every method returns another one.

    >>> from dlcore.data import load
    >>> data = load("digits").centred(scale=1 / 16).flat()
    >>> data.train.x.shape, data.train.x.dtype
    ((1260, 64), dtype('float32'))
    >>> bool(abs(data.train.x.mean(axis=0)).max() < 1e-6)
    True
    """

    name: str
    classes: tuple[str, ...]
    train: Examples
    val: Examples
    test: Examples
    mean: Array | None = None
    credit: str = ""

    def centred(self, *, scale=1.0, dtype=np.float32):
        """Subtract the mean image from all parts:  x ← scale · (x - mean of train).

        The mean is computed in float64 and rounded to `dtype`, which is that of the result.
        Raises ValueError where a mean has been subtracted already.
        """
        if self.mean is not None:
            raise ValueError(f"centred: {self.name} has lost its mean already, load it anew")
        mean = self.train.x.mean(axis=0).astype(dtype)

        def centre(x):
            x = np.subtract(x, mean, dtype=dtype)
            return x if scale == 1.0 else np.multiply(x, scale, out=x)

        return replace(self.each(centre), mean=mean)

    def flat(self):
        """Lay every image out as one row of features:  (N, C, H, W) → (N, D)."""
        return self.each(lambda x: x.reshape(len(x), -1))

    def each(self, change):
        """Apply the function `change` to the images of all three parts.

        >>> from dlcore.data import load
        >>> load("digits").each(lambda x: x / 16.0).test.x.max()
        np.float64(1.0)
        """
        parts = {part: getattr(self, part) for part in ("train", "val", "test")}
        return replace(self, **{part: Examples(change(x), t) for part, (x, t) in parts.items()})

    def summary(self):
        """Describe the dataset in two lines: what it holds, and the credit."""
        counts = f"{self.train.N:,} + {self.val.N:,} + {self.test.N:,}"
        shape = " × ".join(map(str, self.train.x.shape[1:]))
        return (
            f"{self.name}: {counts} images (training + validation + test), "
            f"{shape}, {len(self.classes)} classes\n{self.credit}"
        )
