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
    # BEGIN SOLUTION
    # HINT: how many edges lead into each node? Which nodes may come first?
    # HINT: take a node that waits for nothing; for each of its edges, the end waits for one less
    # HINT: an edge listed twice counts twice; nodes left over at the end wait for each other
    waiting = dict.fromkeys(graph, 0)
    for after in graph.values():
        for node in after:
            waiting[node] += 1

    order = [node for node in graph if waiting[node] == 0]
    for node in order:  # grows while it is read
        for after in graph[node]:
            waiting[after] -= 1
            if waiting[after] == 0:
                order.append(after)

    if len(order) < len(graph):
        raise ValueError("topological_order: the graph has a cycle")
    return order
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: when is a cotangent complete, so that it may be passed on?
    # HINT: find the values that y depends on, and count the edges that come to each from these
    # HINT: take y; pass on along its edges, adding; a value that waits for no edge is next
    waiting, found = {y: 0}, [y]
    for node in found:
        for parent, _ in expression[node]:
            if parent not in waiting:
                found.append(parent)
            waiting[parent] = waiting.get(parent, 0) + 1

    bars, ready = {y: 1}, [y]
    for node in ready:
        for parent, slope in expression[node]:
            bars[parent] = bars.get(parent, 0) + bars[node] * slope
            waiting[parent] -= 1
            if waiting[parent] == 0:
                ready.append(parent)
    return bars
    # END SOLUTION


def find_cycle(graph):
    """Exercise graph-cycle.  List a cycle node by node, its first node again at the end.

    Any cycle will do. No other node comes twice. Without a cycle the list is empty.

    >>> cycle = find_cycle({"a": ["b"], "b": ["c"], "c": ["b"]})
    >>> list(cycle) in (["b", "c", "b"], ["c", "b", "c"])
    True
    >>> find_cycle({"a": ["b", "b"], "b": []})
    []
    """
    # BEGIN SOLUTION
    # HINT: remove, again and again, all nodes into which no edge leads; what is left?
    # HINT: each node that is left has a predecessor that is left: walk from one to the next
    # HINT: stop at the first node that comes again; cut off what was before it, and turn round
    left = set(graph)
    while first := left - {after for node in left for after in graph[node]}:
        left -= first
    if not left:
        return []
    before = {after: node for node in left for after in graph[node]}
    node, walk = next(iter(left)), []
    while node not in walk:
        walk.append(node)
        node = before[node]
    return [node, *reversed(walk[walk.index(node) :])]
    # END SOLUTION


def depth_first(source, successors):
    """Exercise graph-depth-first.  List what can be reached from source, in an order, depth first.

    ``successors(node)`` lists the ends of the edges that leave a node; ask it once for each.
    A node is finished when all its successors are, and the last to finish comes first. The
    search may take the successors of a node in any order. Use no recursion: a chain may have
    more nodes than calls can be nested. Raise a ValueError when the search finds a cycle.

    >>> depth_first("d", {"d": "bc", "c": "b", "b": "a", "a": ""}.get)
    ['d', 'c', 'b', 'a']
    """
    # BEGIN SOLUTION
    # HINT: recursion keeps a list of calls that are not finished; what has to be kept of each?
    # HINT: a stack of pairs (node, iterator over its successors); next(edges, None) goes on
    # HINT: three kinds of nodes: not met, on the stack, finished. Who meets the second kind?
    on_the_way, finished = {source}, {}
    stack = [(source, iter(successors(source)))]
    while stack:
        node, edges = stack[-1]
        after = next((each for each in edges if each not in finished), None)
        if after is None:
            stack.pop()
            finished[node] = True
        elif after in on_the_way:
            raise ValueError("depth_first: the graph has a cycle")
        else:
            on_the_way.add(after)
            stack.append((after, iter(successors(after))))
    return list(reversed(finished))
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: draw graphs without cycles: edges from earlier to later nodes of a shuffled list
    # HINT: compare the sorted list with the sorted nodes, then the two positions of every edge
    # HINT: many small graphs, some with few edges and some with many, double ones among them
    for _ in range(120):
        nodes = rng.permutation(rng.integers(1, 7)).tolist()
        graph = {node: [] for node in rng.permutation(nodes).tolist()}
        for _ in range(rng.integers(12)):
            i, j = sorted(rng.integers(len(nodes), size=2))
            graph[nodes[i]] += [nodes[j]] * int(i < j)
        order = list(sort(graph))
        if sorted(order) != sorted(graph):
            return False
        if any(order.index(u) > order.index(v) for u in graph for v in graph[u]):
            return False
    return True
    # END SOLUTION


def count_orders(graph):
    """Exercise graph-count.  Count the topological orders of a graph: 0 if it has a cycle.

    Sixteen nodes may have a trillion of them: do not list them.

    >>> count_orders({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []})
    2
    """
    # BEGIN SOLUTION
    # HINT: which nodes can come last? What is left to be counted when one of them is taken away?
    # HINT: the count depends on the set of nodes that are left, and many orders share a set
    # HINT: ways[set] = Σ ways[set without v] over all v in the set that have no successor in it
    ways = {frozenset(): 1}
    for _ in graph:
        longer = {}
        for placed, count in ways.items():
            for node in graph:
                if node not in placed and placed.issuperset(graph[node]):
                    more = placed | {node}
                    longer[more] = longer.get(more, 0) + count
        ways = longer
    return ways.get(frozenset(graph), 0)
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: breadth first goes by the fewest edges; when is a value nearer than it may be?
    # HINT: depth first enters what two branches share from the first of them, before the second
    # HINT: let a new value lead to y directly, over two values in a row, and over another one
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    every = "".join(expression)
    top, b, c, d = (every + letter for letter in "tbcd")  # longer than any name that is given
    return {**expression, top: [y, b, d], b: [c], c: [y], d: [y]}
    # END SOLUTION


def wrong_lines():
    """Exercise graph-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # BEGIN SOLUTION
    # HINT: try T = 1, 2 and 3, and count by hand
    # HINT: what does each reason allow to change, and what has changed besides?
    # HINT: one sum ends too early, one is a little too large, one has lost a term
    return [2, 4, 3]
    # END SOLUTION
