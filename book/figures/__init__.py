"""The helpers that draw the book: charts, graphs, steppers, sliders, rooflines.

A page takes what it needs:  ``from figures import curves, draw``.  The module that holds a name
is loaded when the name is first asked for, so a page loads only the helpers that it draws with.
"""

from importlib import import_module

MODULES = {
    "architecture": ("house",),
    "cells": ("cell", "choosing"),
    "charts": ("bars", "confusion", "curves", "dots", "heatmap", "panels", "points"),
    "computation": ("draw",),
    "crease_sliders": ("move_creases",),
    "drawing": ("DIVERGING", "FAINT", "INK", "PALETTE", "canvas", "colours", "show"),
    "exploring": ("explore",),
    "fields": ("grow_field",),
    "full_length": ("confused", "rising"),
    "graphs": ("gallery", "layered"),
    "images": ("channels_last", "image_grid", "tiles", "weight_grid"),
    "labels": ("label_ends",),
    "machine": ("register_tile", "spans"),
    "networks": ("network", "side_by_side"),
    "normalizing": ("normalize_four",),
    "optimizer_race": ("race_optimizers",),
    "pairing": ("line_by_line",),
    "planes": ("regions", "triangle", "valley"),
    "playground": ("train_networks",),
    "rooflines": ("beside", "ladder", "roofline"),
    "sliding": ("choose_options",),
    "softmax_sliders": ("move_scores",),
    "stepping": ("steps",),
    "windows": ("row_windows",),
}
HOMES = {name: module for module, names in MODULES.items() for name in names}


def __getattr__(name):
    """Load the module that holds a name, and return what the name stands for."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)


def __dir__():
    """List the names that a page may import."""
    return sorted(HOMES)
