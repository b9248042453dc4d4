"""Programs as the formulas call them: by the letters of the page.

Most formulas name an operation of dlcore and use its own arguments. Where a program is part
of a model, of a schedule or of the tape, it is called here, and nothing is computed twice.

Chapter: book/formulas.md.
"""

import numpy as np

from dlcore import autodiff
from dlcore.experiments import forward, graph, reverse
from dlcore.nn.models.linear import LinearClassifier
from dlcore.nn.models.twolayer import TwoLayer
from dlcore.ops import activation
from dlcore.ops.linear import linear
from dlcore.ops.loss import log_softmax, softmax
from dlcore.ops.numpy import arithmetic
from dlcore.train import schedule
from dlcore.train.optim import SGD


def surprise(x, t):
    """The surprise at the right label."""
    return -log_softmax(x)[np.arange(len(t)), t]


def probabilities(y):
    """Softmax."""
    return softmax(y)


def classifier(w, b):
    """A linear classifier with these parameters."""
    model = LinearClassifier(*w.shape, rng=np.random.default_rng(0))
    model.params["w"][...], model.params["b"][...] = w, b
    return model


def scores(x, w, b):
    """What the classifier says."""
    return classifier(w, b).scores(x)


def classifier_loss(x, t, w, b, reg):
    """How wrong it is."""
    return classifier(w, b).loss(x, t, float(reg))[0]


def classifier_w_bar(x, t, w, b, reg):
    """The gradient of its weights."""
    return classifier(w, b).loss(x, t, float(reg))[1]["w"]


def classifier_b_bar(x, t, w, b):
    """The gradient of its offsets."""
    return classifier(w, b).loss(x, t, 0.0)[1]["b"]


def network(**params):
    """A two-layer network with these parameters."""
    sizes = *params["w1"].shape, params["b2"].shape[0]
    model = TwoLayer(*sizes, rng=np.random.default_rng(0))
    for name, array in params.items():
        model.params[name][...] = array
    return model


def mixtures(x, w1, b1):
    """The first layer."""
    return linear(x, w1, b1)


def hidden(x, w1, b1):
    """What its units keep."""
    return activation.relu(linear(x, w1, b1))


def network_scores(x, w1, b1, w2, b2):
    """What the network says."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).scores(x)


def network_loss(x, t, w1, b1, w2, b2, reg):
    """How wrong it is."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).loss(x, t, float(reg))[0]


def network_w1_bar(x, t, w1, b1, w2, b2, reg):
    """The gradient of its first weights."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).loss(x, t, float(reg))[1]["w1"]


def network_w2_bar(x, t, w1, b1, w2, b2, reg):
    """The gradient of its second weights."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).loss(x, t, float(reg))[1]["w2"]


def two_linear(x, w1, b1, w2, b2):
    """A linear map after a linear map."""
    return linear(linear(x, w1, b1), w2, b2)


def slope(name):
    """Ask the way back of an activation for its slope, with an upstream gradient of one."""

    def prime(x):
        f, x = getattr(activation, name), np.atleast_1d(x)
        return f.vjp(f(x), x, np.ones_like(x))[0][0]

    return prime


relu_slope, tanh_slope, sigmoid_slope = map(slope, ("relu", "tanh", "sigmoid"))
softplus_slope, gelu_slope = map(slope, ("softplus", "gelu"))


def leaky_relu_slope(x, slope):
    """The same, of the leaky rectifier."""
    x = np.atleast_1d(x)
    f = activation.leaky_relu
    return f.vjp(f(x, slope=slope), x, np.ones_like(x), slope=slope)[0][0]


def way_back(y_bar, y_prime):
    """The cotangent behind a function whose slope is known: a leaky rectifier's, at -1."""
    x, f = np.array([-1.0]), activation.leaky_relu
    return f.vjp(f(x, slope=y_prime), x, np.array([y_bar]), slope=y_prime)[0][0]


def decayed(w, g, decay):
    """The gradient that descent follows, read off a step of length one."""
    params = {"w": np.array([[w]])}
    SGD(1.0, decay=float(decay)).step(params, {"w": np.array([[g]])})
    return w - params["w"][0, 0]


def exponential(factor, epoch):
    """The multiplier of the rate after some epochs."""
    return schedule.exponential(factor)(0.0, epoch)


def cosine(last, progress):
    """Half a wave."""
    return schedule.cosine(last)(progress, 0)


def one_cycle(warmup, progress):
    """Up in a line, down along half a wave."""
    return schedule.one_cycle(warmup)(progress, 0)


def dot(x_bar, x_dot):
    """How a function with this gradient moves along a direction."""
    return autodiff.jvp(lambda x: np.sum(x * x_bar), [0.0 * x_bar], [x_dot])[1]


def times(J, x_dot):
    """A tangent pushed through a linear map."""
    return autodiff.jvp(lambda x: np.sum(J * x, axis=1), [0.0 * x_dot], [x_dot])[1]


def pullback(J, y_bar):
    """A cotangent pulled back through one."""
    return autodiff.vjp(lambda x: np.sum(J * x, axis=1), np.zeros(J.shape[1]))[1](y_bar)[0]


def product_rule(x, z, x_dot, z_dot):
    """The tangent of a product."""
    return arithmetic.multiply.jvp(x * z, x, z, x_dot, z_dot)


def quotient_rule(x, z, x_dot, z_dot):
    """The tangent of a quotient."""
    return arithmetic.divide.jvp(x / z, x, z, x_dot, z_dot)


def first(w1, w2):
    """The first output of the sources' example."""
    return forward.example(np.array([w1, w2]))[0]


def second(w1, w2):
    """The second output."""
    return forward.example(np.array([w1, w2]))[1]


def first_by_w1(w1, w2):
    """Its slopes, forwards."""
    return autodiff.jacobian(forward.example, mode="forward")(np.array([w1, w2]))[0, 0]


def first_by_w2(w1, w2):
    """The other one."""
    return autodiff.jacobian(forward.example, mode="forward")(np.array([w1, w2]))[0, 1]


def by_hand(x):
    """The slope of x² (x² + 1), by the tape."""
    return autodiff.grad(lambda x: x * x * (x * x + 1.0))(np.float64(x))


def unstretched(y_bar):
    """The cotangent of offsets that were stretched over the examples."""
    b = np.zeros(y_bar.shape[1])
    return autodiff.vjp(lambda b: b + np.zeros(y_bar.shape), b)[1](y_bar)[0]


def price(mode):
    """Count the operations of a product of D numbers."""
    return lambda D: reverse.prices(reverse.product, *np.arange(1.0, D + 1.0))[mode][0]


function_price, reverse_price, forward_price = map(price, ("function", "reverse", "forward"))


def accuracy(m):
    """The share of hits, where the right scores are larger than the others by these margins."""
    scores = np.stack([m, 0.0 * m], axis=1)
    return classifier(np.eye(2), np.zeros(2)).accuracy(scores, np.zeros(len(m), int))


def calls(diamonds):
    """Count the calls of a recursion from the top of a stack of diamonds."""
    tower = graph.Counted(graph.diamonds(diamonds))
    graph.recursive(tower, diamonds, 1, {})
    return tower.asked


def calls_above(t):
    """The same with one diamond more."""
    return calls(t + 1)
