"""Plausible wrong answers to the exercises of *Graphs*, each with a word of advice.

Chapter: book/graph.md.
"""

import contextlib
from math import factorial

from dlcore.course.exercises.known_answers import wrong


def kahn(graph, waiting, whole=True):
    """Take the nodes that wait for nothing, one after the other, and refuse to stop early."""
    order = [node for node in graph if waiting[node] == 0]
    for node in order:
        for after in graph[node]:
            waiting[after] -= 1
            if waiting[after] == 0:
                order.append(after)
    if whole and len(order) < len(graph):
        raise ValueError("topological_order: the graph has a cycle")
    return order


def edges_into(graph, count=list):
    """Count the edges into each node; with `count` a set, double edges count once."""
    counts = dict.fromkeys(graph, 0)
    for edges in graph.values():
        for after in count(edges):
            counts[after] = counts.get(after, 0) + 1
    return counts


@wrong("graph-order", "An edge that is listed twice counts twice, in both of the loops.")
def topological_order(graph):
    return kahn(graph, edges_into(graph, count=set))


@wrong("graph-order", "Nodes on a cycle wait for each other: if some are left, raise a ValueError.")
def topological_order(graph):
    return kahn(graph, edges_into(graph), whole=False)


@wrong("graph-order", "This order is read backwards: the successors come first.")
def topological_order(graph):
    return kahn(graph, edges_into(graph))[::-1]


@wrong("graph-order", "The nearest come first here: a node has to wait for all its predecessors.")
def topological_order(graph):
    whole = kahn(graph, edges_into(graph))
    waiting = edges_into(graph)
    return discovered(graph, *(v for v in whole if not waiting[v]))


def discovered(graph, *sources):
    """List the nodes as a search from some sources meets them, the nearest first."""
    found = list(sources)
    for node in found:
        for parent in graph[node]:
            if parent not in found:
                found.append(parent)
    return found


def passed(expression, y, listed=None, add=True):
    """Pass cotangents on, in a right order of the values or in another one."""
    graph = {node: [parent for parent, _ in edges] for node, edges in expression.items()}
    order = listed(graph, y) if listed else kahn(graph, edges_into(graph))
    bars = {y: 1}
    for node in order:
        if node not in bars:
            continue
        for parent, slope in expression[node]:
            sum_so_far = bars.get(parent, 0) if add else 0
            bars[parent] = sum_so_far + bars[node] * slope
    return bars


@wrong(
    "graph-backward", "A value that is used twice receives two gradients: add, do not overwrite."
)
def cotangents(expression, y):
    return passed(expression, y, add=False)


@wrong(
    "graph-backward",
    "A cotangent is passed on before it is complete: count the edges that are left.",
)
def cotangents(expression, y):
    return passed(expression, y, discovered)


@wrong("graph-backward", "Every path is followed separately, and there may be 2¹⁰⁰⁰ of them.")
def cotangents(expression, y):
    bars = {}

    def tell(node, bar):
        bars[node] = bars.get(node, 0) + bar
        for parent, slope in expression[node]:
            tell(parent, bar * slope)

    tell(y, 1)
    return bars


@wrong("graph-backward", "Values that y does not depend on have no cotangent, not even zero.")
def cotangents(expression, y):
    return dict.fromkeys(expression, 0) | passed(expression, y)


@wrong("graph-backward", "An edge of slope 0 is an edge: what it leads to has the cotangent 0.")
def cotangents(expression, y):
    edges = {node: [edge for edge in expression[node] if edge[1]] for node in expression}
    return passed(edges, y)


def finishing(node, successors, met, refuse=True):
    """Yield what is below a node as it finishes; `met` says what has been met."""
    stack = [(node, iter(successors(node)))]
    while stack:
        node, rest = stack[-1]
        met[node] = "open"
        after = next((each for each in rest if met.get(each) != "done"), None)
        if after is None:
            met[node] = "done"
            stack.pop()
            yield node
        elif after not in met:
            stack.append((after, iter(successors(after))))
        elif refuse:
            raise ValueError("depth_first: the graph has a cycle")


@wrong("graph-depth-first", "You ask for the same successors again and again: keep them.")
def depth_first(source, successors):
    if successors(source):
        return list(finishing(source, successors, {}))[::-1]
    return [source]


@wrong("graph-depth-first", "You list nodes as they are met: the last one to finish comes first.")
def depth_first(source, successors):
    met = {}
    for _ in finishing(source, successors, met):
        pass
    return list(met)


@wrong("graph-depth-first", "You list the first to finish first: reverse the list.")
def depth_first(source, successors):
    return list(finishing(source, successors, {}))


@wrong(
    "graph-depth-first",
    "A search that meets an open node again has found a cycle: raise a ValueError.",
)
def depth_first(source, successors):
    return list(finishing(source, successors, {}, refuse=False))[::-1]


def stuck(graph):
    """Take away, again and again, the nodes into which no edge leads; return what is left."""
    left = set(graph)
    while first := left - {after for node in left for after in graph[node]}:
        left -= first
    return sorted(left)


def back(graph):
    """Walk against the edges between stuck nodes until one comes again; return the circle."""
    before = {v: u for u in stuck(graph) for v in graph[u]}
    walk = stuck(graph)[:1]
    if not walk:
        return []
    node = before[walk[-1]]
    while node not in walk:
        walk.append(node)
        node = before[node]
    return walk[walk.index(node) :]


@wrong("graph-cycle", "The first node has to come again at the end.")
def find_cycle(graph):
    return back(graph)[::-1]


@wrong("graph-cycle", "You walked against the edges: reverse the list.")
def find_cycle(graph):
    return [*back(graph), *back(graph)[:1]]


@wrong("graph-cycle", "These are all the nodes that are stuck: name one cycle, in its order.")
def find_cycle(graph):
    return [*stuck(graph), *stuck(graph)[:1]]


@wrong("graph-cycle", "You find cycles of two nodes at most: they may be longer.")
def find_cycle(graph):
    for u in graph:
        for v in graph[u]:
            if u in graph[v]:
                return [u, v, u]
    return []


@wrong("graph-count", "Your orders are listed, one by one: count what is left, by sets of nodes.")
def count_orders(graph):
    last = [node for node in graph if not set(graph[node]) & graph.keys()]
    shorter = ({v: graph[v] for v in graph if v != node} for node in last)
    return sum(map(count_orders, shorter)) if graph else 1


@wrong("graph-count", "All permutations are counted: an edge leads forwards in half of them only.")
def count_orders(graph):
    return factorial(len(graph))


@wrong("graph-count", "An edge does not always halve the number of orders: two may imply the same.")
def count_orders(graph):
    return factorial(len(graph)) >> sum(len(set(after)) for after in graph.values())


@wrong("graph-count", "You return whether there is an order: count how many there are.")
def count_orders(graph):
    return int(len(kahn(graph, edges_into(graph), whole=False)) == len(graph))


@wrong("graph-count", "A node that leads to itself comes after itself: there is no order.")
def count_orders(graph):
    last = [node for node in graph if not ({*graph[node]} - {node}) & graph.keys()]
    shorter = ({v: graph[v] for v in graph if v != node} for node in last)
    return sum(map(count_orders, shorter)) if graph else 1


def extended(expression, top, *between):
    """Put a value on top of an expression, with some of those that lead to it from there."""
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    long = max(expression, key=len)
    named = lambda names: [y if name == "y" else long + name for name in names]
    new = {long + node: named(parents) for node, parents in between}
    return {**expression, long: named(top), **new}


@wrong("graph-break", "This is the chapter's example, which is right in one of its listings.")
def too_early(expression):
    return extended(expression, "yb", ("b", "y"))


@wrong("graph-break", "Nothing new is reached in two ways here, so every order serves.")
def too_early(expression):
    return extended(expression, "b", ("b", "y"))


@wrong("graph-break", "Breadth first fails, but depth first is right with the long path first.")
def too_early(expression):
    return extended(expression, "yb", ("b", "c"), ("c", "y"))


@wrong("graph-break", "No edge may come twice.")
def too_early(expression):
    return extended(expression, "yybd", ("b", "c"), ("c", "y"), ("d", "y"))


@wrong("graph-break", "Depth first fails, but breadth first is right: all paths are equally long.")
def too_early(expression):
    return extended(expression, "bd", ("b", "y"), ("d", "y"))


@wrong("graph-break", "A name that the given expression has already loses its parents.")
def too_early(expression):
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    new = {"t": [y, "b", "d"], "b": ["c"], "c": [y], "d": [y]}
    return {**expression, **new}


@wrong("graph-break", "A name is taken: made of a name that is given, it may be given, too.")
def too_early(expression):
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    top, b, c, d = (y + letter for letter in "tbcd")
    return {**expression, top: [y, b, d], b: [c], c: [y], d: [y]}


def tried(sort, rng, double=True, whole=True, forwards=True):
    """Try a program on random graphs; the options are what may be left out."""
    for _ in range(120):
        nodes = rng.permutation(rng.integers(1, 7)).tolist()
        graph = {node: [] for node in rng.permutation(nodes).tolist()}
        for i, j in rng.integers(len(nodes), size=(rng.integers(12), 2)).tolist():
            if i < j and (double or nodes[j] not in graph[nodes[i]]):
                graph[nodes[i]].append(nodes[j])
        order = list(sort(graph))
        pairs = [(u, v) for u in graph for v in graph[u] if {u, v} <= {*order}]
        if forwards and any(order.index(u) > order.index(v) for u, v in pairs):
            return False
        if whole and sorted(order) != sorted(graph):
            return False
    return True


@wrong("graph-lemma", "You look at the edges only: every node has to be there, and once.")
def accepts(sort, *, rng):
    return tried(sort, rng, whole=False)


@wrong("graph-lemma", "You look at the nodes only: every edge has to lead forwards.")
def accepts(sort, *, rng):
    return tried(sort, rng, forwards=False)


@wrong("graph-lemma", "No edge of yours is double, and some programs fail on double ones alone.")
def accepts(sort, *, rng):
    return tried(sort, rng, double=False)


@wrong("graph-lemma", "A graph has many orders: do not compare with one of them.")
def accepts(sort, *, rng):
    return list(sort({0: [1, 2], 2: [3], 1: [3], 3: []})) == [0, 1, 2, 3]


def named(advice, *numbers):
    @wrong("graph-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 1, 3, 2)
named("You name the lines after the slips: each follows from what is wrong.", 3, 5, 4)
named("In the first derivation T edges have T differences: count those of the sum.", 3, 4, 3)
named("In the third, compare the last line with three diamonds, counted by hand.", 2, 4, 2)


@wrong("graph-order", "A recursion ends before a chain of ten thousand nodes does: keep a list.")
def topological_order(graph):
    done, order = {}, []

    def visit(node):
        if done.get(node) == 1:
            raise ValueError
        if node in done:
            return
        done[node] = 1
        for successor in graph[node]:
            visit(successor)
        done[node] = 2
        order.append(node)

    for node in graph:
        visit(node)
    return order[::-1]


@wrong("graph-cycle", "Without a cycle the list is empty: None is no list.")
def find_cycle(graph):
    state, path = {}, []

    def visit(node):
        state[node] = 1
        path.append(node)
        for s in graph[node]:
            if state.get(s) == 1:
                return [*path[path.index(s) :], s]
            if s not in state and (found := visit(s)):
                return found
        state[node] = 2
        path.pop()
        return None

    for node in graph:
        if node not in state and (found := visit(node)):
            return found
    return None


@wrong(
    "graph-depth-first", "A recursion ends before a long chain does: keep the open nodes in a list."
)
def depth_first(source, successors):
    state, order = {}, []

    def visit(node):
        state[node] = 1
        for s in successors(node):
            if state.get(s) == 1:
                raise ValueError
            if s not in state:
                visit(s)
        state[node] = 2
        order.append(node)

    visit(source)
    return order[::-1]


@wrong("graph-lemma", "Give it acyclic graphs alone: a right program refuses the others.")
def accepts(sort, *, rng):
    with contextlib.suppress(Exception):
        sort({0: [1], 1: [0]})
    return tried(sort, rng)
