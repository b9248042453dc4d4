"""CIFAR-10 as the notebooks load it, read by `dlcore.data`.

Pixels are float32 here and float64 in the course, which takes twice the memory.
"""

import numpy as np

from dlcore.data import load


def load_CIFAR10(ROOT=None):  # noqa: N802 (the name of the course)
    """Return X (50000, 32, 32, 3) and y of the training images, then those of the test images.

    `ROOT` names the folder of the batches; without it they are searched as `dlcore.data.load`
    does. Raises DataError where there are none: ``dlcore data fetch cifar10`` gets them.
    """
    data = load("cifar10", path=ROOT)
    X_train = np.concatenate([data.train.x, data.val.x])
    y_train = np.concatenate([data.train.t, data.val.t])
    channels_last = lambda x: x.transpose(0, 2, 3, 1).astype(np.float32)
    return channels_last(X_train), y_train, channels_last(data.test.x), data.test.t


def get_CIFAR10_data(  # noqa: N802 (the name of the course)
    num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True, ROOT=None
):
    """Return a dictionary of X_train, y_train, X_val, y_val, X_test and y_test.

    Images are (N, 3, 32, 32). Validation images follow the training images in the order of the
    batches; the mean image of the training images is subtracted from all. Raises DataError as
    `load_CIFAR10` does.
    """
    X, y, X_test, y_test = load_CIFAR10(ROOT)
    val = slice(num_training, num_training + num_validation)
    parts = {
        "train": (X[:num_training], y[:num_training]),
        "val": (X[val], y[val]),
        "test": (X_test[:num_test], y_test[:num_test]),
    }
    mean = parts["train"][0].mean(axis=0, dtype=np.float64) if subtract_mean else 0.0
    data = {}
    for name, (images, labels) in parts.items():
        centred = np.subtract(images, mean, dtype=np.float32)
        data[f"X_{name}"] = centred.transpose(0, 3, 1, 2).copy()
        data[f"y_{name}"] = labels
    return data
