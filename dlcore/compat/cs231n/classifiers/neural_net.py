"""The two-layer network of the earlier assignments: a function of a dictionary."""

import numpy as np

from dlcore.autodiff.reverse import value_and_grad
from dlcore.compat.cs231n.chance import weights
from dlcore.compat.cs231n.classifiers.network import penalized
from dlcore.compat.cs231n.layer_utils import affine_relu_forward
from dlcore.compat.cs231n.layers import affine_forward

__all__ = ["init_two_layer_model", "two_layer_net"]


def init_two_layer_model(input_size, hidden_size, output_size):
    """Return W1, b1, W2, b2: weights 1e-5 · N(0, 1), biases 0.

    >>> {name: w.shape for name, w in init_two_layer_model(4, 10, 3).items()}
    {'W1': (4, 10), 'b1': (10,), 'W2': (10, 3), 'b2': (3,)}
    """
    return {
        "W1": weights(1e-5, input_size, hidden_size),
        "b1": np.zeros(hidden_size),
        "W2": weights(1e-5, hidden_size, output_size),
        "b2": np.zeros(output_size),
    }


def two_layer_scores(params, X):
    """Compute the scores  relu(X W1 + b1) W2 + b2,  (N, …) → (N, K).

    >>> two_layer_scores(init_two_layer_model(4, 10, 3), np.ones((5, 4))).shape
    (5, 3)
    """
    hidden, _ = affine_relu_forward(X, params["W1"], params["b1"])
    return affine_forward(hidden, params["W2"], params["b2"])[0]


def two_layer_net(X, model, y=None, reg=0.0):
    """Return scores (N, K); with labels y the loss, softmax + reg/2 Σ W², and its gradients.

    >>> model = {"W1": np.eye(2), "b1": np.zeros(2), "W2": np.zeros((2, 2)), "b2": np.zeros(2)}
    >>> loss, grads = two_layer_net(np.ones((1, 2)), model, np.array([0]), reg=0.1)
    >>> round(float(loss), 4), grads["b2"].tolist()
    (0.7931, [-0.5, 0.5])
    """
    if y is None:
        return two_layer_scores(model, X)
    return value_and_grad(penalized(two_layer_scores, reg))(model, X, y)
