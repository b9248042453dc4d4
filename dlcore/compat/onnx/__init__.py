"""Networks in ONNX, the exchange format of neural networks: run, write, read them."""

from dlcore.compat.onnx.export import export
from dlcore.compat.onnx.read import read
from dlcore.compat.onnx.runner import UnsupportedError, run

__all__ = ["UnsupportedError", "export", "read", "run"]
