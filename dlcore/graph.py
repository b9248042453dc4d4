"""Directed graphs and the order of their nodes.  Pure Python: no arrays here.

A graph is given by a function: ``successors(node)`` lists the ends of the edges that leave it.

Chapter: book/graph.md.
"""


class CycleError(ValueError):
    """The graph has a cycle, so its nodes have no order; ``cycle`` lists it, closed.

    It is a ValueError.

    >>> list(topological_order("a", {"a": "a"}.get))
    Traceback (most recent call last):
    dlcore.graph.CycleError: topological_order: the edges a -> a form a cycle, remove one of them
    """

    def __init__(self, function, cycle):
        super().__init__(function, cycle)
        self.function, self.cycle = function, cycle

    def __str__(self):
        loop = " -> ".join(map(str, self.cycle))
        return f"{self.function}: the edges {loop} form a cycle, remove one of them"


def topological_order(sources, successors):
    """Yield every node reachable from `sources`, each one after all its predecessors.

    Kahn's method [Kahn1962]_ counts the edges into each node, then takes a node with no
    unvisited predecessor left: O(nodes + edges). Raises CycleError if there is a cycle.

    >>> diamond = {"d": "bc", "b": "a", "c": "a", "a": ""}
    >>> "".join(topological_order("d", diamond.get))
    'dcba'
    """
    waiting_for = dict.fromkeys(sources, 0)
    frontier = list(waiting_for)
    while frontier:
        for node in successors(frontier.pop()):
            if node not in waiting_for:
                frontier.append(node)
                waiting_for[node] = 0
            waiting_for[node] += 1

    ready = [node for node, count in waiting_for.items() if count == 0]
    while ready:
        node = ready.pop()
        yield node
        del waiting_for[node]
        for successor in successors(node):
            waiting_for[successor] -= 1
            if waiting_for[successor] == 0:
                ready.append(successor)

    if waiting_for:
        raise CycleError("topological_order", cycle(waiting_for, successors))


def cycle(stuck, successors):
    """Name a cycle among `stuck` nodes, each of which waits for another of them.

    Walk backwards along the edges: the first node that comes again closes the loop.

    >>> cycle("abc", {"a": "b", "b": "ca", "c": ""}.get)
    ['a', 'b', 'a']
    """
    predecessor = {after: node for node in stuck for after in successors(node)}
    node, walked = next(iter(stuck)), {}
    while node not in walked:
        walked[node] = len(walked)
        node = predecessor[node]
    loop = list(walked)[walked[node] :]
    return [node, *reversed(loop)]


def depth_first_order(sources, successors):
    """List the same nodes by another method: each one before all that it leads to.

    A node is finished when all its successors are; the last to finish comes first
    [Tarjan1976]_. Runs in O(nodes + edges). Raises CycleError if there is a cycle.

    >>> diamond = {"d": "bc", "b": "a", "c": "a", "a": ""}
    >>> "".join(depth_first_order("d", diamond.get))
    'dcba'
    """
    finished = {}  # as keys, in the order in which they finish
    path = {}  # from a source to the node at hand, each with its edges still to follow
    for source in sources:
        if source not in finished:
            path[source] = iter(successors(source))
        while path:
            node = next(reversed(path))
            for after in path[node]:
                if after in path:
                    on_the_way = list(path)
                    loop = on_the_way[on_the_way.index(after) :]
                    raise CycleError("depth_first_order", [*loop, after])
                if after not in finished:
                    path[after] = iter(successors(after))
                    break
            else:
                finished[node] = path.popitem()
    return list(reversed(finished))
