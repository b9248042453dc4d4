"""The three-layer ConvNet."""

import numpy as np

from dlcore.compat.cs231n.chance import weights
from dlcore.compat.cs231n.classifiers.network import Network
from dlcore.compat.cs231n.layer_utils import affine_relu_forward, conv_relu_pool_forward
from dlcore.compat.cs231n.layers import affine_forward

__all__ = ["ThreeLayerConvNet"]

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


def keeping_size(w):
    """Return the ``conv_param`` with which filters (F, C, U, U), U odd, keep height and width.

    >>> keeping_size(np.zeros((32, 3, 7, 7)))
    {'stride': 1, 'pad': 3}
    """
    return {"stride": 1, "pad": (w.shape[2] - 1) // 2}


class ThreeLayerConvNet(Network):
    """Scores by  conv – relu – 2 × 2 max pool – affine – relu – affine,  and softmax.

    X (N, C, H, W) → (N, K).

    Params: W1 (F, C, U, U), b1, W2 (F ⌊H/2⌋ ⌊W/2⌋, M), b2, W3 (M, K), b3; weights weight_scale ·
    N(0, 1), biases 0. The penalty is  reg/2 Σ W².  `filter_size` U is odd.

    >>> net = ThreeLayerConvNet((3, 8, 8), num_filters=4, filter_size=3, hidden_dim=6)
    >>> loss, grads = net.loss(np.ones((2, 3, 8, 8)), np.array([1, 2]))
    >>> {name: g.shape for name, g in grads.items() if name[0] == "W"}
    {'W1': (4, 3, 3, 3), 'W2': (64, 6), 'W3': (6, 10)}
    """

    def __init__(
        self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100,
        num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32,
    ):  # fmt: skip
        C, H, W = input_dim
        draw = lambda *shape: weights(weight_scale, *shape, dtype=dtype)
        params = {
            "W1": draw(num_filters, C, filter_size, filter_size),
            "b1": np.zeros(num_filters, dtype),
            "W2": draw(num_filters * (H // 2) * (W // 2), hidden_dim),
            "b2": np.zeros(hidden_dim, dtype),
            "W3": draw(hidden_dim, num_classes),
            "b3": np.zeros(num_classes, dtype),
        }
        super().__init__(params, reg=reg, dtype=dtype)

    def scores(self, params, X, mode):
        """Compute scores (N, K)."""
        w = params["W1"]
        maps, _ = conv_relu_pool_forward(X, w, params["b1"], keeping_size(w), POOL)
        hidden, _ = affine_relu_forward(maps, params["W2"], params["b2"])
        return affine_forward(hidden, params["W3"], params["b3"])[0]
