"""The two-layer ConvNet of the earlier assignments: a function of a dictionary.

Chapter: book/convnet.md.
"""

from dlcore.autodiff.reverse import value_and_grad
from dlcore.compat.cs231n.chance import weights
from dlcore.compat.cs231n.classifiers.cnn import POOL, keeping_size
from dlcore.compat.cs231n.classifiers.network import penalized
from dlcore.compat.cs231n.layer_utils import conv_relu_pool_forward
from dlcore.compat.cs231n.layers import affine_forward

__all__ = ["init_two_layer_convnet", "two_layer_convnet"]


def init_two_layer_convnet(
    weight_scale=1e-3, bias_scale=0, input_shape=(3, 32, 32), num_classes=10, num_filters=32,
    filter_size=5,
):  # fmt: skip
    """Return W1 (F, C, U, U), b1, W2 (F ⌊H/2⌋ ⌊W/2⌋, K), b2, each a scale times N(0, 1).

    >>> {name: w.shape for name, w in init_two_layer_convnet().items()}
    {'W1': (32, 3, 5, 5), 'b1': (32,), 'W2': (8192, 10), 'b2': (10,)}
    """
    C, H, W = input_shape
    return {
        "W1": weights(weight_scale, num_filters, C, filter_size, filter_size),
        "b1": weights(bias_scale, num_filters),
        "W2": weights(weight_scale, num_filters * (H // 2) * (W // 2), num_classes),
        "b2": weights(bias_scale, num_classes),
    }


def convnet_scores(params, X):
    """Compute the scores of conv – relu – 2 × 2 max pool – affine,  (N, C, H, W) → (N, K).

    >>> import numpy as np
    >>> convnet_scores(init_two_layer_convnet(input_shape=(3, 8, 8)), np.ones((5, 3, 8, 8))).shape
    (5, 10)
    """
    w = params["W1"]
    maps, _ = conv_relu_pool_forward(X, w, params["b1"], keeping_size(w), POOL)
    return affine_forward(maps, params["W2"], params["b2"])[0]


def two_layer_convnet(X, model, y=None, reg=0.0):
    """Return scores (N, K); with labels y the loss, softmax + reg/2 Σ W², and its gradients.

    >>> import numpy as np
    >>> model = init_two_layer_convnet(weight_scale=0.0, input_shape=(3, 8, 8))
    >>> loss, grads = two_layer_convnet(np.ones((5, 3, 8, 8)), model, np.zeros(5, int))
    >>> round(float(loss), 4), grads["W1"].shape
    (2.3026, (32, 3, 5, 5))
    """
    if y is None:
        return convnet_scores(model, X)
    return value_and_grad(penalized(convnet_scores, reg))(model, X, y)
