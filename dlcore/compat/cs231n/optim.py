"""Update rules as functions:  ``w, config = rule(w, dw, config)``.

The config holds the settings and what is remembered between steps, under the names of the course;
what is missing is filled in. Each rule is one step of an optimizer of `dlcore.train`. The
arrays that are passed stay as they are: in the course `sgd` changes w in place.

Chapter: book/optim.md.
"""

import numpy as np

from dlcore.train.optim import SGD, Adam, Momentum, RMSProp


def filled_in(config, **defaults):
    """Put what a config lacks into it, in place; without one, make one.

    >>> filled_in({"momentum": 0.5}, learning_rate=1e-2, momentum=0.9)
    {'momentum': 0.5, 'learning_rate': 0.01}
    """
    config = {} if config is None else config
    for name, value in defaults.items():
        config.setdefault(name, value)
    return config


def step(optimizer, w, dw, config, remembered):
    """Take one step from w; move what is remembered from the config to the optimizer and back.

    `remembered` maps the names of the optimizer to those of the config. Returns (next w, config).

    >>> config = {"velocity": np.array([2.0])}
    >>> step(Momentum(0.5, momentum=0.5), np.ones(1), np.ones(1), config, {"v": "velocity"})
    (array([1.5]), {'velocity': array([0.5])})
    """
    w = w.copy()
    optimizer.memory["w"] = {
        slot: np.array(config.get(name, np.zeros_like(w))) for slot, name in remembered.items()
    }
    optimizer.step({"w": w}, {"w": dw})
    for slot, name in remembered.items():
        config[name] = optimizer.memory["w"][slot]
    return w, config


def sgd(w, dw, config=None):
    """Step against the gradient:  w - learning_rate · dw;  the default rate is 1e-2.

    >>> sgd(np.ones(1), np.ones(1), {"learning_rate": 0.5})[0]
    array([0.5])
    """
    config = filled_in(config, learning_rate=1e-2)
    return step(SGD(config["learning_rate"]), w, dw, config, {})


def sgd_momentum(w, dw, config=None):
    """Step with momentum:  v ← momentum · v - learning_rate · dw,   w + v;  v is "velocity".

    Defaults: learning_rate 1e-2, momentum 0.9.

    >>> sgd_momentum(np.ones(1), np.ones(1), {"learning_rate": 0.5})
    (array([0.5]), {'learning_rate': 0.5, 'momentum': 0.9, 'velocity': array([-0.5])})
    """
    config = filled_in(config, learning_rate=1e-2, momentum=0.9)
    optimizer = Momentum(config["learning_rate"], momentum=config["momentum"])
    return step(optimizer, w, dw, config, {"v": "velocity"})


def rmsprop(w, dw, config=None):
    """Divide by the root of the mean square:  w - learning_rate · dw / (√cache + epsilon).

    cache ← decay_rate · cache + (1 - decay_rate) dw². Defaults: learning_rate 1e-2, decay_rate
    0.99, epsilon 1e-8. `RMSProp` has ε inside the root unless ``eps_inside_sqrt=False``.

    >>> rmsprop(np.ones(1), np.ones(1), {"learning_rate": 0.05})[0].round(4)
    array([0.5])
    """
    config = filled_in(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    optimizer = RMSProp(
        config["learning_rate"],
        rho=config["decay_rate"],
        eps=config["epsilon"],
        eps_inside_sqrt=False,
    )
    return step(optimizer, w, dw, config, {"s": "cache"})


def adam(w, dw, config=None):
    """Divide the mean by the root of the mean square, both corrected for their start.

    m and v are remembered, and the number t of steps taken, which counts this one in the
    corrections. Defaults: learning_rate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8, t 0.

    >>> w, config = adam(np.ones(1), np.ones(1), {"learning_rate": 0.5})
    >>> w.round(4), config["t"]
    (array([0.5]), 1)
    """
    config = filled_in(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    optimizer = Adam(
        config["learning_rate"],
        beta1=config["beta1"],
        beta2=config["beta2"],
        eps=config["epsilon"],
    )
    optimizer.steps = config["t"]
    w, config = step(optimizer, w, dw, config, {"m": "m", "s": "v"})
    config["t"] = optimizer.steps
    return w, config
