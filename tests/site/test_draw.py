"""Pictures of computations: complete, in order, in the colours of the page."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

from dlcore.autodiff import grad, vjp
from figures.computation import as_svg, draw, label, trace
from figures.layout import layout


def network(w, b):
    """A layer of sines, its size, and an edge that passes over both."""
    y = np.sin(np.ones((4, 2)) @ w + b)
    return np.sum(y * y) + np.sum(b)


@pytest.fixture
def nodes():
    """The graph of the network, each node after what it is made from."""
    return trace(network, np.ones((2, 3)), np.ones(3))


def test_every_primitive_is_a_node(nodes):
    """Inputs have their names, results the names of their primitives; all have shapes."""
    texts = sorted(" ".join(label(node)) for node in nodes)
    results = ["add 4 × 3", "add number", "matmul 4 × 3", "multiply 4 × 3", "sin 4 × 3"]
    assert texts == [*results[:2], "b 3", *results[2:], "sum number", "sum number", "w 2 × 3"]


def test_nodes_come_after_what_they_are_made_from(nodes):
    """The list is an order of the graph."""
    place = {node: i for i, node in enumerate(nodes)}
    assert all(place[parent] < place[node] for node in nodes for parent in node.parents)


def test_inputs_without_use_are_shown():
    """A function that ignores an input has it in its picture, alone."""
    assert [node.name for node in trace(lambda x, z: np.exp(x), 1.0, 2.0)] == ["x", "z", "exp"]
    assert [node.name for node in trace(lambda x: 2.0, 1.0)] == ["x"]


def test_inputs_without_names_are_counted():
    """For ``*xs`` the inputs are x0, x1, …."""
    assert [node.name for node in trace(lambda *xs: xs[0] * xs[1], 1.0, 2.0)][:2] == ["x0", "x1"]


def test_a_picture_shows_every_box_and_edge(nodes):
    """As many pairs of lines as nodes; every word of every label stands in the SVG."""
    svg = ET.fromstring(as_svg(nodes))
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(texts) == sorted(line for node in nodes for line in label(node))


def test_a_picture_has_the_colours_of_the_page(nodes):
    """No colour but that of the text, and no id that could meet another on the page."""
    svg = as_svg(nodes)
    colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg))
    assert colours <= {"currentColor", "none", "transparent"}
    assert " id=" not in svg


def test_a_picture_tells_what_it_shows():
    """A description for the ear, a caption below; both are escaped."""
    drawing = draw(network, np.ones((2, 3)), np.ones(3), alt='a "net"', caption="1 < 2")
    assert 'aria-label="a &quot;net&quot;"' in drawing._repr_svg_()
    assert "<figcaption>1 &lt; 2</figcaption>" in drawing._repr_html_()
    assert "in order: w, b, " in draw(network, np.ones((2, 3)), np.ones(3)).svg


def test_edges_run_through_no_box(nodes):
    """An edge that passes a layer bends there, away from the boxes of the layer."""
    place = {node: i for i, node in enumerate(nodes)}
    places, paths = layout({place[n]: [place[p] for p in n.parents] for n in nodes}, 1.0)
    bends = {bend for path in paths for bend in path[1:-1]}
    assert bends
    assert all(abs(x - u) >= 0.5 for x, y in places.values() for u, v in bends if v == y)
    assert all(lower[1] == upper[1] + 1 for path in paths for upper, lower in pairwise(path))


def test_a_derivative_can_be_drawn():
    """The tape's own work is made of primitives, so its graph has a picture, too."""
    gradient = [node.name for node in trace(grad(lambda x: np.sin(x) * x), 1.0)]
    assert "cos" in gradient
    walk = trace(lambda y_bar: vjp(np.exp, np.ones(2))[1](y_bar)[0], np.ones(2))
    assert [node.name for node in walk] == ["y_bar", "multiply"]
