"""Layers and models: operations that own their parameters, and what is built from them."""

from dlcore.nn.activation import ACTIVATIONS, Activation, ReLU
from dlcore.nn.containers import Sequential
from dlcore.nn.conv import Conv2d, ConvTranspose2d
from dlcore.nn.convnet import ConvReLUPool, Flatten
from dlcore.nn.dropout import Dropout, Dropout2d, DropPath
from dlcore.nn.layer import (
    Layer,
    Operation,
    load,
    named_layers,
    named_parameters,
    named_state,
    named_weights,
    using_parameters,
)
from dlcore.nn.linear import Linear
from dlcore.nn.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm
from dlcore.nn.pool import AvgPool2d, GlobalAvgPool, MaxPool2d

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "ConvReLUPool",
    "ConvTranspose2d",
    "DropPath",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "GlobalAvgPool",
    "GroupNorm",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "Linear",
    "LocalResponseNorm",
    "MaxPool2d",
    "Operation",
    "ReLU",
    "Sequential",
    "load",
    "named_layers",
    "named_parameters",
    "named_state",
    "named_weights",
    "using_parameters",
]
