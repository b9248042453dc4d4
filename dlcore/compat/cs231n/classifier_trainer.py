"""The trainer of the earlier assignments, whose models are dictionaries."""

import numpy as np

from dlcore.compat.cs231n.chance import choice
from dlcore.train.optim import SGD, Momentum, RMSProp

SAMPLE = 1000  # training images on which the training accuracy is measured


def optimizer_of(update, learning_rate, momentum):
    """Return the optimizer of a name; raise ValueError for another than the course's three.

    >>> optimizer_of("momentum", 0.1, 0.9).momentum
    0.9
    """
    if update == "sgd":
        return SGD(learning_rate)
    if update == "momentum":
        return Momentum(learning_rate, momentum=momentum)
    if update == "rmsprop":
        return RMSProp(learning_rate)
    raise ValueError(f"ClassifierTrainer: update is {update!r}, use one of sgd, momentum, rmsprop")


class ClassifierTrainer:
    """Fit a dictionary of parameters to a loss function; `train` does all.

    >>> from dlcore.compat.cs231n.classifiers.neural_net import init_two_layer_model, two_layer_net
    >>> X, y = np.eye(3), np.arange(3)
    >>> trained = ClassifierTrainer().train(
    ...     X, y, X, y, init_two_layer_model(3, 8, 3), two_layer_net, sample_batches=False,
    ...     num_epochs=5,
    ... )
    >>> len(trained[1])
    5
    """

    def train(
        self, X, y, X_val, y_val, model, loss_function, reg=0.0, learning_rate=1e-2, momentum=0,
        learning_rate_decay=0.95, update="momentum", sample_batches=True, num_epochs=30,
        batch_size=100, acc_frequency=None, verbose=False,
    ):  # fmt: skip
        """Return the best parameters, the losses, and both accuracies of every evaluation.

        ``loss_function(X, model)`` returns scores, ``loss_function(X, model, y, reg)`` the loss
        and a dictionary of gradients; ``model`` is updated in place. Batches are drawn with
        replacement; with ``sample_batches=False`` every step takes all examples and is an epoch.
        RMSProp has ε inside the root. Raises ValueError for an unknown update.
        """
        optimizer = optimizer_of(update, learning_rate, momentum)
        steps_per_epoch = max(len(y) // batch_size, 1) if sample_batches else 1
        losses, train_accuracy, val_accuracy, best = [], [], [], None
        for t in range(num_epochs * steps_per_epoch):
            rows = choice(len(y), batch_size) if sample_batches else slice(None)
            loss, grads = loss_function(X[rows], model, y[rows], reg)
            losses.append(float(loss))
            optimizer.step(model, grads)
            epoch_ends = (t + 1) % steps_per_epoch == 0
            if epoch_ends:
                optimizer.learning_rate *= learning_rate_decay
            if t == 0 or epoch_ends or (acc_frequency and t % acc_frequency == 0):
                sample = choice(len(y), min(len(y), SAMPLE))
                train_accuracy.append(accuracy(loss_function, model, X[sample], y[sample]))
                val_accuracy.append(accuracy(loss_function, model, X_val, y_val))
                if val_accuracy[-1] > max(val_accuracy[:-1], default=-1.0):
                    best = {name: w.copy() for name, w in model.items()}
                if verbose:
                    print(
                        f"Finished epoch {(t + 1) // steps_per_epoch} / {num_epochs}: "
                        f"cost {loss:f}, train: {train_accuracy[-1]:f}, val {val_accuracy[-1]:f}, "
                        f"lr {optimizer.learning_rate:e}"
                    )
        if verbose:
            print(f"finished optimization. best validation accuracy: {max(val_accuracy):f}")
        return best, losses, train_accuracy, val_accuracy


def accuracy(loss_function, model, X, y):
    """Return the fraction of examples whose label has the highest score.

    >>> accuracy(lambda X, model: X, {}, np.eye(2), np.array([0, 0]))
    0.5
    """
    return float(np.mean(loss_function(X, model).argmax(axis=1) == y))
