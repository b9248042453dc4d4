"""Compiled loops and their naive twins: arrays in, arrays out."""
