# Cut from solutions/graph.py by `dlcore exercises`: write your answers here. [eb54fb1a83fb]
"""Exercises of the chapter *Computation graphs*: orders, cycles, and backward passes.

A graph is a dictionary that maps every node to a list of its successors. A successor may be
listed twice: these are two edges. No function changes the graph that it is given.

Chapter: book/graph.md.
"""


def topological_order(graph):
    """Exercise graph-order.  Return a list of all nodes, each one after all its predecessors.

    Raise a ValueError when there is no such order. A chain may have ten thousand nodes.

    >>> topological_order({"a": [], "b": ["a", "a"], "c": ["b", "a"]})
    ['c', 'b', 'a']
    """
    # TODO: how many edges lead into each node? Which nodes may come first?
    raise NotImplementedError("how many edges lead into each node? Which nodes may come first?")


def cotangents(expression, y):
    """Exercise graph-backward.  Map every value below y to its cotangent  x̄ = ∂y/∂x.

        ȳ = 1,        x̄ = Σ z̄ · ∂z/∂x  over all edges z → x

    `expression` maps each value to a list of pairs: a value that it was computed from, and the
    slope along this edge. Among the values below y is y itself. The expression holds values
    that y does not depend on: they have no cotangent. A cotangent that is 0 is one. Use every
    edge once: there may be 2¹⁰⁰⁰ paths to a value, and thousands of edges on each.

    >>> cotangents({"x": [], "y": [("x", 3), ("x", 3)], "z": [("x", 5)]}, "y")
    {'y': 1, 'x': 6}
    """
    # TODO: when is a cotangent complete, so that it may be passed on?
    raise NotImplementedError("when is a cotangent complete, so that it may be passed on?")


def find_cycle(graph):
    """Exercise graph-cycle.  List a cycle node by node, its first node again at the end.

    Any cycle will do. No other node comes twice. Without a cycle the list is empty.

    >>> cycle = find_cycle({"a": ["b"], "b": ["c"], "c": ["b"]})
    >>> list(cycle) in (["b", "c", "b"], ["c", "b", "c"])
    True
    >>> find_cycle({"a": ["b", "b"], "b": []})
    []
    """
    # TODO: remove, again and again, all nodes into which no edge leads; what is left?
    raise NotImplementedError(
        "remove, again and again, all nodes into which no edge leads; what is left?"
    )


def depth_first(source, successors):
    """Exercise graph-depth-first.  List what can be reached from source, in an order, depth first.

    ``successors(node)`` lists the ends of the edges that leave a node; ask it once for each.
    A node is finished when all its successors are, and the last to finish comes first. The
    search may take the successors of a node in any order. Use no recursion: a chain may have
    more nodes than calls can be nested. Raise a ValueError when the search finds a cycle.

    >>> depth_first("d", {"d": "bc", "c": "b", "b": "a", "a": ""}.get)
    ['d', 'c', 'b', 'a']
    """
    # TODO: recursion keeps a list of calls that are not finished; what has to be kept of each?
    raise NotImplementedError(
        "recursion keeps a list of calls that are not finished; what has to be kept of each?"
    )


def accepts(sort, *, rng):
    """Exercise graph-lemma.  Decide whether a program returns an order for every acyclic graph.

    ``sort(graph)`` is to return a list of all nodes, each once and after its predecessors. Give
    it acyclic graphs alone. You will be shown programs that are right, some of which draw one
    of the orders by chance, and more that are wrong: some only for graphs with two edges
    between the same nodes, or in several parts. Each of the wrong ones fails on one in ten, or
    more, of the graphs with up to six nodes and a dozen edges. You may draw from `rng`.

    >>> import numpy as np
    >>> accepts(sorted, rng=np.random.default_rng(0))
    False
    """
    # TODO: draw graphs without cycles: edges from earlier to later nodes of a shuffled list
    raise NotImplementedError(
        "draw graphs without cycles: edges from earlier to later nodes of a shuffled list"
    )


def count_orders(graph):
    """Exercise graph-count.  Count the topological orders of a graph: 0 if it has a cycle.

    Sixteen nodes may have a trillion of them: do not list them.

    >>> count_orders({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []})
    2
    """
    # TODO: which nodes can come last? What is left to be counted when one of them is taken away?
    raise NotImplementedError(
        "which nodes can come last? What is left to be counted when one of them is taken away?"
    )


def too_early(expression):
    """Exercise graph-break.  Extend an expression until every order of discovery fails on it.

    `expression` maps each value, a word, to a list of its parents. One value is nobody's
    parent, and has parents itself. Return a larger expression of the same kind: the given
    values keep their parents, at most six values and nine edges are new, no edge comes twice,
    and again one value alone is nobody's parent.

    A search from this value discovers the values breadth first, the nearest first, or depth
    first: a value, then all that its first parent leads to, then all that its second does. Both
    are to be wrong for the backward pass, in whatever order the parents are listed.

    >>> too_early({"y": ["x"], "x": []})["y"]
    ['x']
    """
    # TODO: breadth first goes by the fewest edges; when is a value nearer than it may be?
    raise NotImplementedError(
        "breadth first goes by the fewest edges; when is a value nearer than it may be?"
    )


def wrong_lines():
    """Exercise graph-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: try T = 1, 2 and 3, and count by hand
    raise NotImplementedError("try T = 1, 2 and 3, and count by hand")
