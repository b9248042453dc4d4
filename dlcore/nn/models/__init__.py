"""Models: layers in a row, one file per family."""

from dlcore.nn.models.convnet import ThreeLayerConvNet, TwoLayerConvNet
from dlcore.nn.models.linear import LinearClassifier
from dlcore.nn.models.mlp import MLP
from dlcore.nn.models.twolayer import TwoLayer

__all__ = ["MLP", "LinearClassifier", "ThreeLayerConvNet", "TwoLayer", "TwoLayerConvNet"]
