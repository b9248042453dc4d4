"""Fully connected networks of any depth, with normalisation and dropout."""

import numpy as np

from dlcore.compat.cs231n.chance import weights
from dlcore.compat.cs231n.classifiers.network import Network
from dlcore.compat.cs231n.layers import (
    affine_forward,
    batchnorm_forward,
    dropout_forward,
    layernorm_forward,
    relu_forward,
)

__all__ = ["FullyConnectedNet", "TwoLayerNet"]

NORMS = {None: None, "batchnorm": batchnorm_forward, "layernorm": layernorm_forward}


class FullyConnectedNet(Network):
    """Hidden layers of affine – [norm] – relu – [dropout], then affine and softmax.

    ==================  =================================================================
    params              W1, b1, …; with normalisation also gamma1, beta1, … of every
                        hidden layer; weights weight_scale · N(0, 1), the others 0 and 1
    normalization       "batchnorm", "layernorm" or None
    dropout_keep_ratio  the probability to keep a unit; 1 is no dropout. `dropout` is the
                        name that it had before
    reg                 strength of the penalty  reg/2 Σ W²
    seed                of the masks: every call draws the same ones
    ==================  =================================================================

    X is (N, …) with `input_dim` numbers an example. The running statistics are in ``bn_params``.
    Raises ValueError for another normalisation.

    >>> net = FullyConnectedNet([5, 4], input_dim=3, num_classes=2, normalization="batchnorm")
    >>> list(net.params)
    ['W1', 'b1', 'gamma1', 'beta1', 'W2', 'b2', 'gamma2', 'beta2', 'W3', 'b3']
    >>> loss, grads = net.loss(np.ones((6, 3)), np.zeros(6, int))
    >>> grads["W3"].shape
    (4, 2)
    """

    def __init__(
        self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout_keep_ratio=1,
        normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None, *,
        dropout=None,
    ):  # fmt: skip
        if normalization not in NORMS:
            raise ValueError(
                f"FullyConnectedNet: normalization is {normalization!r}, use batchnorm, layernorm "
                "or None"
            )
        self.norm = NORMS[normalization]
        sizes = [input_dim, *hidden_dims, num_classes]
        self.num_layers = len(sizes) - 1
        params = {}
        for layer in range(1, self.num_layers + 1):
            D, M = sizes[layer - 1 : layer + 1]
            params[f"W{layer}"] = weights(weight_scale, D, M, dtype=dtype)
            params[f"b{layer}"] = np.zeros(M, dtype)
            if self.norm and layer < self.num_layers:
                params[f"gamma{layer}"] = np.ones(M, dtype)
                params[f"beta{layer}"] = np.zeros(M, dtype)
        super().__init__(params, reg=reg, dtype=dtype)
        self.bn_params = [{} for _ in hidden_dims]
        self.dropout_param = {"p": dropout_keep_ratio if dropout is None else dropout}
        if seed is not None:
            self.dropout_param["seed"] = seed

    def scores(self, params, X, mode):
        """Compute scores (N, K); in "train" mode masks are drawn and running statistics move."""
        x = X
        for layer in range(1, self.num_layers):
            x, _ = affine_forward(x, params[f"W{layer}"], params[f"b{layer}"])
            if self.norm:
                param = self.bn_params[layer - 1]
                param["mode"] = mode
                x, _ = self.norm(x, params[f"gamma{layer}"], params[f"beta{layer}"], param)
            x, _ = relu_forward(x)
            if self.dropout_param["p"] != 1:
                x, _ = dropout_forward(x, {**self.dropout_param, "mode": mode})
        last = self.num_layers
        return affine_forward(x, params[f"W{last}"], params[f"b{last}"])[0]


class TwoLayerNet(FullyConnectedNet):
    """One hidden layer:  affine – relu – affine – softmax,  in float64; params W1, b1, W2, b2.

    >>> net = TwoLayerNet(input_dim=12, hidden_dim=5, num_classes=3)
    >>> net.loss(np.ones((4, 3, 2, 2))).shape
    (4, 3)
    """

    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        super().__init__(
            [hidden_dim], input_dim, num_classes, reg=reg, weight_scale=weight_scale, dtype=float
        )
