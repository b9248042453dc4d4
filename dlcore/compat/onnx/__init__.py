"""Run networks that are written in ONNX, the exchange format of neural networks."""

from dlcore.compat.onnx.runner import UnsupportedError, run

__all__ = ["UnsupportedError", "run"]
