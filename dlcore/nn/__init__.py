"""Layers: operations that own their parameters."""
