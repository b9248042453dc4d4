"""Layers made of answers, and the network that they form.

Each layer keeps what its backward pass needs. With `draws`, a source of generators, a layer
trains; without it evaluates.

Chapter: book/mine.md.
"""

import numpy as np


class Draws:
    """A source of generators, a fresh one at every call: nobody can tell what others draw.

    >>> one, two = Draws(0), Draws(0)
    >>> one().integers(100) == two().integers(100), one().integers(100) == two().integers(100)
    (np.True_, np.True_)
    """

    def __init__(self, seed):
        self.seed = seed
        self.count = 0

    def __call__(self):
        self.count += 1
        return np.random.default_rng([self.seed, self.count])


class Layer:
    """A layer without parameters; `parts` are the functions that it is made of."""

    def __init__(self, parts):
        self.parts = parts
        self.params = {}
        self.grads = {}


class Convolution(Layer):
    """Filters of U × U, as many as there are to be maps; the sides are padded."""

    def __init__(self, parts, C, F, U, stride, *, draws):
        super().__init__(parts)
        drawn = parts.he(C * U * U, F, rng=draws())
        self.params["w"] = np.ascontiguousarray(drawn.T).reshape(F, C, U, U)
        self.options = {"stride": stride, "padding": U // 2}

    def forward(self, x, draws):
        self.x = x
        return self.parts.conv(x, self.params["w"], **self.options)

    def backward(self, y_bar):
        w = self.params["w"]
        x_bar, self.grads["w"] = self.parts.conv_backward(self.x, w, y_bar, **self.options)
        return x_bar


class Norm(Layer):
    """Batch norm of images; an answer's own class keeps the averages for the evaluation."""

    def __init__(self, parts, C):
        super().__init__(parts)
        self.params = {"gamma": np.ones(C), "beta": np.zeros(C)}
        self.running = parts.RunningNorm(*self.params.values())

    def forward(self, x, draws):
        self.running.gamma, self.running.beta = self.params.values()
        if draws is None:
            return self.running.evaluate(x)
        self.running.train(x)
        features, self.shape = by_channel(x), x.shape
        y, self.x_hat, self.sigma = self.parts.batch_norm(features, *self.params.values())
        return as_images(y, self.shape)

    def backward(self, y_bar):
        gamma = self.params["gamma"]
        bars = self.parts.batch_norm_backward(by_channel(y_bar), self.x_hat, self.sigma, gamma)
        x_bar, self.grads["gamma"], self.grads["beta"] = bars
        return as_images(x_bar, self.shape)


def by_channel(x):
    """Lay images (N, C, H, W) out as features (N H W, C)."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def as_images(y, shape):
    """Undo `by_channel`, for images of a shape."""
    N, C, H, W = shape
    return np.moveaxis(np.asarray(y).reshape(N, H, W, C), -1, 1)


class Relu(Layer):
    """The nonlinearity."""

    def forward(self, x, draws):
        self.x = x
        return self.parts.relu(x)

    def backward(self, y_bar):
        return self.parts.relu_backward(y_bar, self.x)


class Pool(Layer):
    """The largest of every window of 2 × 2."""

    def forward(self, x, draws):
        self.x = x
        return self.parts.max_pool(x, 2, 2)

    def backward(self, y_bar):
        return self.parts.max_pool_backward(self.x, y_bar, 2, 2)


class Linear(Layer):
    """Features or images, to M units."""

    def __init__(self, parts, D, M, *, draws):
        super().__init__(parts)
        self.params = {"w": np.asarray(parts.he(D, M, rng=draws())), "b": np.zeros(M)}

    def forward(self, x, draws):
        self.x = x
        return self.parts.linear(x.reshape(len(x), -1), *self.params.values())

    def backward(self, y_bar):
        x = self.x.reshape(len(self.x), -1)
        x_bar, *bars = self.parts.linear_vjp(x, *self.params.values(), y_bar)
        self.grads = dict(zip(self.params, bars, strict=True))
        return np.asarray(x_bar).reshape(self.x.shape)


class Dropout(Layer):
    """Entries that are dropped in training, with probability p."""

    def __init__(self, parts, p):
        super().__init__(parts)
        self.p = p

    def forward(self, x, draws):
        y, self.pullback = self.parts.dropout_pullback(x, self.p, draws and draws())
        return y

    def backward(self, y_bar):
        return self.pullback(y_bar)


class Network:
    """conv – norm – relu – pool – linear – relu – dropout – linear,  for images (C, H, W)."""

    def __init__(self, parts, size, K, *, F=6, U=3, stride=1, M=48, p=0.2, draws):
        C, H, W = size
        D = F * ((H - 1) // stride + 1) // 2 * (((W - 1) // stride + 1) // 2)
        layers = {
            "conv": Convolution(parts, C, F, U, stride, draws=draws),
            "norm": Norm(parts, F),
            "relu1": Relu(parts),
            "pool": Pool(parts),
            "linear1": Linear(parts, D, M, draws=draws),
            "relu2": Relu(parts),
            "dropout": Dropout(parts, p),
            "linear2": Linear(parts, M, K, draws=draws),
        }
        follows = dict(zip(layers, [[name] for name in [*layers][1:]] + [[]], strict=True))
        shuffled = {name: follows[name] for name in sorted(layers)}
        self.parts = parts
        self.layers = {name: layers[name] for name in parts.topological_order(shuffled)}

    def forward(self, x, draws=None):
        """Compute the scores of images."""
        for layer in self.layers.values():
            x = layer.forward(x, draws)
        return x

    def loss(self, x, t, draws):
        """Return the loss of a batch in training; afterwards every layer knows its gradients."""
        loss, y_bar = self.parts.cross_entropy(self.forward(x, draws), t)
        for layer in reversed(self.layers.values()):
            y_bar = layer.backward(y_bar)
        return float(loss)

    @property
    def params(self):
        """Map the path of every parameter, such as conv.w, to it."""
        return self.named("params")

    @property
    def grads(self):
        """Map the path of every parameter to its gradient."""
        return self.named("grads")

    def named(self, kind):
        """Map paths to the arrays of one kind, of all layers."""
        return {
            f"{name}.{key}": array
            for name, layer in self.layers.items()
            for key, array in getattr(layer, kind).items()
        }

    def set(self, path, array):
        """Put an array in the place of a parameter."""
        name, _, key = path.partition(".")
        self.layers[name].params[key] = array
