"""What a dataset is: images with labels, in three parts that never mix."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dlcore.data.files import refused
from dlcore.shapes import Array, Images, Labels


class Examples(NamedTuple):
    """Images x (N, C, H, W) and the class t (N,) of each."""

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
        """Hold the last one in `parts` back for validation:  train, val."""
        if self.N < 2:
            raise refused(place, 0, "a single training image cannot be divided", "add another")
        N = self.N - -(-self.N // parts)
        return self.first(N), Examples(self.x[N:], self.t[N:])


@dataclass(frozen=True)
class Dataset:
    """Examples to learn from, to choose by and to be judged by.

    =======  ==============================================================
    train    the parameters are learned from these
    val      the settings are chosen by these
    test     the result is told from these, once
    mean     the mean image of `train` that was subtracted, in pixels;
             None as long as the pixels are as published
    credit   whom to thank
    =======  ==============================================================
    """

    name: str
    classes: tuple[str, ...]
    train: Examples
    val: Examples
    test: Examples
    mean: Array | None = None
    credit: str = ""

    def centred(self, *, scale=1.0, dtype=np.float32):
        """Subtract the mean image:  x ← scale · (x - mean of train)."""
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
        """Apply `change` to the images of all three parts."""
        parts = {part: getattr(self, part) for part in ("train", "val", "test")}
        return replace(self, **{part: Examples(change(x), t) for part, (x, t) in parts.items()})

    def summary(self):
        """Describe the dataset in two lines: what it holds, and whom to thank."""
        counts = f"{self.train.N:,} + {self.val.N:,} + {self.test.N:,}"
        shape = " × ".join(map(str, self.train.x.shape[1:]))
        return (
            f"{self.name}: {counts} images (training + validation + test), "
            f"{shape}, {len(self.classes)} classes\n{self.credit}"
        )
