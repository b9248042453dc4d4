"""Directed graphs and the order of their nodes.  Pure Python: no arrays here.

A graph is given by a function: ``successors(node)`` lists the ends of the edges that leave it.

Chapter: book/twolayer.md.
"""

from collections import Counter


class CycleError(ValueError):
    """The graph has a cycle, so its nodes have no order."""


def topological_order(sources, successors):
    """Yield every node reachable from `sources`, each one after all its predecessors.

    Kahn's method: count the edges into each node, then keep taking a node
    with no unvisited predecessor left. Runs in O(nodes + edges).

    >>> diamond = {"d": "bc", "b": "a", "c": "a", "a": ""}
    >>> "".join(topological_order("d", diamond.get))
    'dcba'
    """
    waiting_for = Counter(dict.fromkeys(sources, 0))
    frontier = list(waiting_for)
    while frontier:
        for node in successors(frontier.pop()):
            if node not in waiting_for:
                frontier.append(node)
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
        loop = " -> ".join(map(str, cycle(waiting_for, successors)))
        raise CycleError(f"topological_order: the edges {loop} form a cycle, remove one of them")


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
