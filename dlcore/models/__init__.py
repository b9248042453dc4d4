"""Models: layers in a row, one file per family."""

from dlcore.models.convnet import ThreeLayerConvNet, TwoLayerConvNet
from dlcore.models.linear import LinearClassifier
from dlcore.models.twolayer import TwoLayer

__all__ = ["LinearClassifier", "ThreeLayerConvNet", "TwoLayer", "TwoLayerConvNet"]
