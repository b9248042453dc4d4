"""The solver of the course: it fits any model that has ``params`` and ``loss(X, y)``.

Chapter: book/solver.md.
"""

from pathlib import Path

import numpy as np

from dlcore.compat.cs231n import optim
from dlcore.compat.cs231n.chance import choice

RULES = {rule.__name__: rule for rule in (optim.sgd, optim.sgd_momentum, optim.rmsprop, optim.adam)}


class Solver:
    """Fit `model` to data["X_train"], data["y_train"]; keep the best of "X_val", "y_val".

    =================  ============================================================
    update_rule        the name of a function of `optim`
    optim_config       its settings; every parameter gets a copy of its own
    lr_decay           factor of the learning rate after every epoch
    batch_size         examples per step, drawn with replacement
    num_epochs         an epoch has ⌊N / batch_size⌋ steps, at least one
    num_train_samples  images on which the training accuracy is measured, drawn
    num_val_samples    the same for validation; None: all of them
    checkpoint_name    files NAME_epoch_1.npz, … with the parameters of each epoch
    print_every        steps between two lines, unless `verbose` is False
    =================  ============================================================

    ``model.loss(X)`` returns scores (N, K), ``model.loss(X, y)`` the loss and a dictionary of
    gradients with the names of ``model.params``. The results are loss_history, one number a step;
    train_acc_history and val_acc_history, before the second step and after every epoch;
    best_val_acc and best_params. Checkpoints hold arrays, and no pickle as in the course. Raises
    ValueError for an unknown update rule.

    >>> from dlcore.compat.cs231n.classifiers.fc_net import TwoLayerNet
    >>> np.random.seed(0)
    >>> X, y = np.eye(4), np.arange(4)
    >>> data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    >>> model = TwoLayerNet(4, 20, 4, weight_scale=0.5)
    >>> solver = Solver(
    ...     model, data, update_rule="adam", optim_config={"learning_rate": 0.05}, verbose=False,
    ...     num_epochs=100,
    ... )
    >>> solver.train()
    >>> solver.best_val_acc
    1.0
    """

    def __init__(
        self, model, data, *, update_rule="sgd", optim_config=None, lr_decay=1.0, batch_size=100,
        num_epochs=10, num_train_samples=1000, num_val_samples=None, checkpoint_name=None,
        print_every=10, verbose=True,
    ):  # fmt: skip
        if update_rule not in RULES:
            told = ", ".join(RULES)
            raise ValueError(f"Solver: update_rule is {update_rule!r}, use one of {told}")
        self.model, self.data = model, data
        self.X_train, self.y_train = data["X_train"], data["y_train"]
        self.X_val, self.y_val = data["X_val"], data["y_val"]
        self.update_rule, self.lr_decay = RULES[update_rule], lr_decay
        self.batch_size, self.num_epochs = batch_size, num_epochs
        self.num_train_samples, self.num_val_samples = num_train_samples, num_val_samples
        self.checkpoint_name = checkpoint_name
        self.print_every, self.verbose = print_every, verbose
        self.optim_configs = {name: dict(optim_config or {}) for name in model.params}
        self.epoch = 0
        self.best_val_acc, self.best_params = 0.0, {}
        self.loss_history, self.train_acc_history, self.val_acc_history = [], [], []

    def train(self):
        """Run all steps, then put the best parameters back."""
        steps_per_epoch = max(len(self.y_train) // self.batch_size, 1)
        steps = self.num_epochs * steps_per_epoch
        for t in range(steps):
            self.step()
            if t % self.print_every == 0:
                self.say(f"(Iteration {t + 1} / {steps}) loss: {self.loss_history[-1]:f}")
            epoch_ends = (t + 1) % steps_per_epoch == 0
            if epoch_ends:
                self.end_epoch()
            if epoch_ends or t == 0:
                self.evaluate()
            if epoch_ends and self.checkpoint_name is not None:
                self.save()
        if self.best_params:
            self.model.params = self.best_params

    def step(self):
        """Update every parameter by the gradient of one batch."""
        rows = choice(len(self.y_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[rows], self.y_train[rows])
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            updated = self.update_rule(w, grads[name], self.optim_configs[name])
            self.model.params[name], self.optim_configs[name] = updated

    def end_epoch(self):
        """Count the epoch, and multiply the learning rates."""
        self.epoch += 1
        for config in self.optim_configs.values():
            config["learning_rate"] *= self.lr_decay

    def evaluate(self):
        """Record both accuracies; keep the parameters if they are the best so far."""
        train = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train)
        self.val_acc_history.append(val)
        self.say(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train:f}; val_acc: {val:f}")
        if val > self.best_val_acc:
            self.best_val_acc = val
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        """Return the fraction of examples that are classified right, of all or of some drawn."""
        if num_samples is not None and num_samples < len(y):
            rows = choice(len(y), num_samples)
            X, y = X[rows], y[rows]
        starts = range(0, len(y), batch_size)
        scores = [self.model.loss(X[start : start + batch_size]) for start in starts]
        return float(np.mean(np.concatenate(scores).argmax(axis=1) == y))

    def save(self):
        """Write the parameters of this epoch."""
        path = Path(f"{self.checkpoint_name}_epoch_{self.epoch}.npz")
        self.say(f'Saving checkpoint to "{path}"')
        np.savez(path, **self.model.params)

    def say(self, line):
        """Print a line, if lines are asked for."""
        if self.verbose:
            print(line)
