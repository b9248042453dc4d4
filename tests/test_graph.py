"""Directed graphs: an order exists where there is no cycle, and a cycle is named."""

from itertools import pairwise

import pytest

from dlcore.graph import CycleError, topological_order


def random_graph(rng, nodes, edges):
    """Draw a graph without cycles: edges lead from smaller to larger names of a shuffled list."""
    names = rng.permutation(nodes)
    graph = {int(name): [] for name in names}
    for _ in range(edges):
        i, j = sorted(rng.choice(nodes, 2, replace=False))
        graph[int(names[i])].append(int(names[j]))
    return graph


def test_every_node_comes_after_its_predecessors(rng):
    """For each edge u → v:  position(u) < position(v)."""
    graph = random_graph(rng, nodes=60, edges=200)
    position = {node: i for i, node in enumerate(topological_order(graph, graph.get))}
    assert len(position) == 60
    assert all(position[u] < position[v] for u in graph for v in graph[u])


def test_only_what_can_be_reached_is_listed():
    """A node that no source leads to is not there."""
    graph = {"a": "b", "b": "", "c": "b"}
    assert list(topological_order("a", graph.get)) == ["a", "b"]


def test_a_cycle_is_named_node_by_node(rng):
    """The message is a walk along edges that ends where it began."""
    graph = random_graph(rng, nodes=30, edges=60)
    graph |= {"x": ["y"], "y": ["z"], "z": ["x", *graph], "w": ["x"]}
    with pytest.raises(CycleError, match=r"the edges .* form a cycle") as caught:
        list(topological_order(["w"], graph.get))
    loop = str(caught.value).split("edges ")[1].split(" form")[0].split(" -> ")
    assert loop[0] == loop[-1]
    assert set(loop) == {"x", "y", "z"}
    assert all(after in graph[before] for before, after in pairwise(loop))


def test_a_long_chain_needs_no_recursion():
    """A hundred thousand nodes in a row, far beyond the limit of recursion."""
    length = 100_000
    assert sum(1 for _ in topological_order([0], lambda n: [n + 1] if n < length else [])) == (
        length + 1
    )


def test_a_node_used_twice_counts_both_edges():
    """The product x · x has two edges to x: x comes once, after both."""
    graph = {"y": ["x", "x"], "x": []}
    assert list(topological_order(["y"], graph.get)) == ["y", "x"]
