"""The classifiers of the assignments: linear ones, neighbours, networks."""

from dlcore.compat.cs231n.classifiers.cnn import ThreeLayerConvNet
from dlcore.compat.cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from dlcore.compat.cs231n.classifiers.k_nearest_neighbor import KNearestNeighbor
from dlcore.compat.cs231n.classifiers.linear_classifier import LinearSVM, Softmax

__all__ = [
    "FullyConnectedNet",
    "KNearestNeighbor",
    "LinearSVM",
    "Softmax",
    "ThreeLayerConvNet",
    "TwoLayerNet",
]
