"""k nearest neighbours: remember everything, compare with everything."""

import numpy as np

__all__ = ["KNearestNeighbor"]


class KNearestNeighbor:
    """Predict the class that is most frequent among the k nearest training images.

    Distances are Euclidean,  dₙₘ = ‖xₙ - x'ₘ‖,  (N, M) for N images and M training images. Of
    classes that are equally frequent the smallest label wins. Raises ValueError for another
    `num_loops` than 0, 1 and 2.

    >>> knn = KNearestNeighbor()
    >>> knn.train(np.array([[0.0], [1.0], [9.0]]), np.array([4, 4, 7]))
    >>> knn.predict(np.array([[8.0], [2.0]]), k=1)
    array([7, 4])
    """

    def train(self, X, y):
        """Remember the images X (M, D) and their labels y (M,)."""
        self.X_train, self.y_train = X, y

    def predict(self, X, k=1, num_loops=0):
        """Return the labels (N,) of images X (N, D); raise ValueError for another num_loops."""
        ways = (
            self.compute_distances_no_loops,
            self.compute_distances_one_loop,
            self.compute_distances_two_loops,
        )
        if num_loops not in range(len(ways)):
            raise ValueError(f"KNearestNeighbor: num_loops is {num_loops!r}, use 0, 1 or 2")
        return self.predict_labels(ways[num_loops](X), k=k)

    def compute_distances_two_loops(self, X):
        """Compute one distance after another."""
        dists = np.empty((len(X), len(self.X_train)))
        for n, m in np.ndindex(dists.shape):
            dists[n, m] = np.linalg.norm(X[n] - self.X_train[m])
        return dists

    def compute_distances_one_loop(self, X):
        """Compute one row of distances after another."""
        return np.stack([np.linalg.norm(self.X_train - x, axis=1) for x in X])

    def compute_distances_no_loops(self, X):
        """Compute all by one matrix product:  d² = ‖x‖² - 2 x · x' + ‖x'‖².

        Rounding may leave a square below zero; it counts as zero.
        """
        squares = (X * X).sum(axis=1)[:, None] + (self.X_train * self.X_train).sum(axis=1)
        return np.sqrt(np.maximum(squares - 2 * X @ self.X_train.T, 0))

    def predict_labels(self, dists, k=1):
        """Return the most frequent label among the k nearest, of distances (N, M)."""
        nearest = np.argsort(dists, axis=1, kind="stable")[:, :k]
        return np.array([np.bincount(labels).argmax() for labels in self.y_train[nearest]])
