"""Make other images of the same things."""


def flip(x, rng):
    """Mirror a random half of the images (N, C, H, W) left to right:  x[n, c, h, W - 1 - w].

    Each image is mirrored with probability ½. The result is another array; `x` stays as it is.
    """
    mirrored = rng.random(len(x)) < 0.5
    y = x.copy()
    y[mirrored] = x[mirrored][..., ::-1]
    return y
