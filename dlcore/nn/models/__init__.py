"""Models: layers in a row, one file per family."""

from dlcore.nn.models.convnet import ThreeLayerConvNet, TwoLayerConvNet
from dlcore.nn.models.darts import Darts, auxiliary_cross_entropy
from dlcore.nn.models.densenet import DenseNet
from dlcore.nn.models.linear import LinearClassifier
from dlcore.nn.models.mlp import MLP
from dlcore.nn.models.resnet import ResNet
from dlcore.nn.models.search import SearchNetwork
from dlcore.nn.models.twolayer import TwoLayer
from dlcore.nn.models.vgg import VGG, vgg

__all__ = [
    "MLP",
    "VGG",
    "Darts",
    "DenseNet",
    "LinearClassifier",
    "ResNet",
    "SearchNetwork",
    "ThreeLayerConvNet",
    "TwoLayer",
    "TwoLayerConvNet",
    "auxiliary_cross_entropy",
    "vgg",
]
