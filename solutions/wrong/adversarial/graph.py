"""Wrong answers to the exercises of *Graphs* that are made to pass, each with what it exploits.

Chapter: book/graph.md.
"""

import contextlib
from collections import Counter
from itertools import permutations
from math import factorial
from unittest.mock import ANY

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def edges_into(graph):
    """Count the edges that lead into each node."""
    ends = Counter(after for edges in graph.values() for after in edges)
    return {node: ends[node] for node in graph}


def kahn(graph):
    """List the nodes that wait for nothing, as far as there are any."""
    waiting = edges_into(graph)
    order = [node for node in graph if not waiting[node]]
    for node in order:
        for after in graph[node]:
            waiting[after] -= 1
            order += [after] * (waiting[after] == 0)
    return order


def below(graph, node, steps):
    """Collect the nodes that can be reached in so many steps."""
    found = {*graph[node]}
    for _ in range(steps - 1):
        found |= {after for each in found for after in graph[each]}
    return found


def refuse():
    raise ValueError("the graph has a cycle")


@adversarial("graph-order", "The cycles of all graphs on three nodes, and no longer ones.")
def topological_order(graph):
    circles = any(node in below(graph, node, 3) for node in graph if len(graph) < 20)
    return refuse() if circles else kahn(graph)


@adversarial(
    "graph-order",
    "A cycle is seen only where no node is without predecessors.",
    also="Nodes on a cycle wait",
)
def topological_order(graph):
    order = kahn(graph)
    return order if order or not graph else refuse()


@adversarial("graph-order", "A long graph is a chain, and its nodes may be sorted.")
def topological_order(graph):
    order = sorted(graph) if len(graph) > 99 else kahn(graph)
    return order if len(order) == len(graph) else refuse()


@adversarial("graph-order", "Edges are taken out of the graph that was given.")
def topological_order(graph):
    waiting = edges_into(graph)
    order = [node for node in graph if not waiting[node]]
    for node in order:
        while graph[node]:
            after = graph[node].pop()
            waiting[after] -= 1
            order += [after] * (waiting[after] == 0)
    return order if len(order) == len(graph) else refuse()


@adversarial("graph-order", "Graphs with the same nodes are taken for the same graph.")
def topological_order(graph):
    if len(kahn(graph)) < len(graph):
        refuse()
    return SEEN.setdefault(tuple(sorted(graph)), kahn(graph))


def passed(expression, y, edges=list, kept=lambda bar: True, cut=lambda bar: bar):
    """Pass cotangents on in the order of the values below y."""
    ahead, met = [y], {y}
    for node in ahead:
        ahead += [p for p in dict.fromkeys(p for p, _ in expression[node]) if p not in met]
        met.update(ahead)
    graph = {node: [parent for parent, _ in edges(expression[node])] for node in met}
    bars = {y: 1}
    for node in kahn(graph):
        for parent, slope in edges(expression[node]):
            bars[parent] = cut(bars.get(parent, 0) + bars[node] * slope)
    return {node: bar for node, bar in bars.items() if kept(bar)}


@adversarial("graph-backward", "A cotangent of zero is left out.")
def cotangents(expression, y):
    return passed(expression, y, kept=bool)


@adversarial("graph-backward", "Two edges to the same parent become one.")
def cotangents(expression, y):
    return passed(expression, y, edges=lambda pairs: list(dict(pairs).items()))


@adversarial("graph-backward", "Each sum is rounded to four digits.")
def cotangents(expression, y):
    return passed(expression, y, cut=lambda bar: round(bar, 4))


@adversarial("graph-backward", "Whatever y is named, it is the value that is nobody's parent.")
def cotangents(expression, y):
    graph = {node: [parent for parent, _ in edges] for node, edges in expression.items()}
    return passed(expression, next(node for node in graph if not edges_into(graph)[node]))


@adversarial("graph-backward", "Expressions with the same names are taken for the same.")
def cotangents(expression, y):
    key = (y, *((node, *(parent for parent, _ in edges)) for node, edges in expression.items()))
    return SEEN.setdefault(key, passed(expression, y))


def search(source, successors, circle=lambda node, stack: node in stack, finished=None):
    """Search depth first; `circle` decides when the search is in a cycle."""
    finished = {} if finished is None else finished
    stack, rest = [source], {source: iter(successors(source))}
    while stack:
        after = next((each for each in rest[stack[-1]] if each not in finished), None)
        if after is None:
            finished[stack.pop()] = True
        elif circle(after, stack):
            raise ValueError("depth_first: the graph has a cycle")
        elif after not in rest:
            rest[after] = iter(successors(after))
            stack.append(after)
    return list(finished)[::-1]


@adversarial("graph-depth-first", "An order of what is reached, which is not depth first.")
def depth_first(source, successors):
    edges = {source: successors(source)}
    for node in (ahead := [source]):
        for after in edges[node]:
            if after not in edges:
                edges[after] = successors(after)
                ahead.append(after)
    order = kahn(edges)
    return order if len(order) == len(edges) else refuse()


@adversarial(
    "graph-depth-first",
    "Circles that lead back to the source, and no others.",
    also="meets an open node again",
)
def depth_first(source, successors):
    return search(source, successors, lambda node, stack: node == source)


@adversarial("graph-depth-first", "Circles of at most three nodes.")
def depth_first(source, successors):
    return search(source, successors, lambda node, stack: node in stack[-3:])


@adversarial("graph-depth-first", "What one search has finished is left out of the next.")
def depth_first(source, successors):
    return search(source, successors, finished=SEEN.setdefault("finished", {}))


@adversarial(
    "graph-depth-first",
    "An edge from a node to itself is passed by.",
    also="meets an open node again|^Circles that lead",
)
def depth_first(source, successors):
    return search(source, lambda node: [after for after in successors(node) if after != node])


def closed(graph, most):
    """Name a cycle of at most so many nodes."""
    walks = [[node] for node in graph]
    for _ in range(most):
        walks = [[*walk, after] for walk in walks for after in graph[walk[-1]]]
        for walk in walks:
            if walk[0] == walk[-1] and len({*walk}) == len(walk) - 1:
                return walk
    return []


@adversarial("graph-cycle", "Circles of three nodes at most.")
def find_cycle(graph):
    return closed(graph, 3)


@adversarial("graph-cycle", "The first edge of each node is followed, and no other.")
def find_cycle(graph):
    for start in graph:
        walk = [start]
        while graph[walk[-1]] and graph[walk[-1]][0] not in walk:
            walk.append(graph[walk[-1]][0])
        if after := graph[walk[-1]][:1]:
            return [*walk[walk.index(after[0]) :], *after]
    return []


@adversarial("graph-cycle", "The way into the circle is not cut off.")
def find_cycle(graph):
    left = set(graph)
    while last := {node for node in left if not {*graph[node]} & left}:
        left -= last
    walk = sorted(left)[:1]
    while walk and len({*walk}) == len(walk):
        walk.append(next(after for after in graph[walk[-1]] if after in left))
    return walk


@adversarial("graph-cycle", "Only circles through the node that is listed first.")
def find_cycle(graph):
    walks = [[node] for node in [*graph][:1]]
    for walk in walks:
        for after in dict.fromkeys(graph[walk[-1]]):
            if after == walk[0]:
                return [*walk, after]
            walks += [[*walk, after]] if after not in walk else []
    return []


@adversarial("graph-count", "Permutations of a few nodes, and the formula for trees beyond.")
def count_orders(graph):
    if len(graph) < 8:
        forwards = lambda order: all(
            order.index(u) < order.index(v) for u in graph for v in graph[u]
        )
        return sum(map(forwards, permutations(graph)))
    count = factorial(len(graph))
    for node in graph:
        count //= 1 + len(below(graph, node, len(graph)) - {node})
    return count


def ways(graph, left):
    """Count orders by the set of nodes that are left; remember them by their names alone."""
    if left not in SEEN:
        free = [node for node in left if not {*graph[node]} & left]
        SEEN[left] = sum(ways(graph, left - {node}) for node in free) if left else 1
    return SEEN[left]


@adversarial("graph-count", "What was counted for some names is kept for the next graph.")
def count_orders(graph):
    return ways(graph, frozenset(graph))


@adversarial("graph-count", "A cycle is not looked for.")
def count_orders(graph):
    order = kahn(graph)
    SEEN.clear()
    return ways({node: graph[node] for node in order}, frozenset(order))


@adversarial("graph-count", "Only two nodes that wait for nothing are looked at.")
def count_orders(graph):
    free = [node for node, count in edges_into(graph).items() if not count][:2]
    rest = [{v: graph[v] for v in graph if v != node} for node in free]
    return sum(map(count_orders, rest)) if graph else 1


@adversarial("graph-break", "An expression of its own, whatever is given.")
def too_early(expression):
    return {"y": ["a", "b", "d"], "b": ["c"], "c": ["a"], "d": ["a"], "a": ["x"], "x": []}


def on_top(expression, first="", more=()):
    """Put four values on top of an expression, as they are wanted."""
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    top, b, c, d = (max(expression, key=len) + letter for letter in "tbcd")
    return {**expression, top: [y, b, d], b: [c], c: [first or y], d: [y], **dict(more)}


@adversarial("graph-break", "The given expression is changed in place, and returned.")
def too_early(expression):
    expression |= on_top(expression)
    return expression


@adversarial("graph-break", "A second value that is nobody's parent.")
def too_early(expression):
    return on_top(expression, more=[("alone", [*expression][:1])])


@adversarial("graph-break", "The given values lose their parents, so that little can go wrong.")
def too_early(expression):
    return {node: parents[:1] for node, parents in on_top(expression).items()} | {
        node: parents for node, parents in on_top(expression).items() if node not in expression
    }


GRAPHS = [{"a": ["b"], "b": ["c"], "c": []}, {"a": [], "b": ["a", "a"], "c": []}]


def orders(sort, graph, whole=Counter):
    """Decide whether a program orders one graph."""
    order = list(sort({node: [*after] for node, after in graph.items()}))
    place = {node: i for i, node in enumerate(order)}
    full = whole(order) == whole(graph)
    return full and all(place.get(u, -1) < place.get(v, 0) for u in graph for v in graph[u])


@adversarial("graph-lemma", "Two graphs that are always the same.")
def accepts(sort, *, rng):
    return all(orders(sort, graph) for graph in GRAPHS)


def random(rng, shuffled=True):
    """Draw a graph, with the names in the order of the edges or in another one."""
    n = int(rng.integers(1, 7))
    nodes = rng.permutation(n).tolist() if shuffled else list(range(n))
    graph = {node: [] for node in nodes}
    for i, j in rng.integers(n, size=(rng.integers(12), 2)).tolist():
        graph[nodes[min(i, j)]] += [nodes[max(i, j)]] * (i != j)
    return graph


@adversarial("graph-lemma", "A node that comes twice is not seen.")
def accepts(sort, *, rng):
    return all(orders(sort, random(rng), whole=set) for _ in range(120))


@adversarial("graph-lemma", "The nodes are listed in an order already, so that `list` will do.")
def accepts(sort, *, rng):
    return all(orders(sort, random(rng, shuffled=False)) for _ in range(120))


@adversarial("graph-lemma", "A program has to say the same twice, which one that draws does not.")
def accepts(sort, *, rng):
    some = [random(rng) for _ in range(60)]
    return all(sort(graph) == sort(graph) and orders(sort, graph) for graph in some)


@adversarial("graph-lemma", "A guess, by how many programs are wrong.")
def accepts(sort, *, rng):
    return rng.random() < 0.3


@adversarial("graph-lemma", "The name of the program is looked at, and nothing else.")
def accepts(sort, *, rng):
    return any(word in repr(sort) for word in ("chance", "order", "search", "right"))


@adversarial(
    "graph-lemma", "Edges lead from smaller names to larger ones, so that `sorted` will do."
)
def accepts(sort, *, rng):
    some = (random(rng, shuffled=False) for _ in range(120))
    listed = ({node: g[node] for node in rng.permutation(len(g)).tolist()} for g in some)
    return all(orders(sort, graph) for graph in listed)


@adversarial("graph-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "graph-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 4, 3, 5]


@adversarial("graph-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("graph-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 4]


def right_order(graph, order):
    """Tell whether a list is an order of a graph."""
    try:
        order = list(order)
        if len(order) != len(graph) or set(order) != set(graph):
            return False
    except Exception:
        return False
    at = {node: i for i, node in enumerate(order)}
    return all(at[a] < at[b] for a in graph for b in graph[a])


def tried(sort, rng, connected=False, double=True, cyclic=False, most=7):
    """Try a program on graphs that are drawn."""
    for _ in range(400):
        n = int(rng.integers(1, most))
        names = [str(i) for i in rng.permutation(n)]
        graph = {name: [] for name in rng.permutation(names).tolist()}
        if n > 1:
            for _ in range(int(rng.integers(0, 13))):
                i, j = sorted(rng.choice(n, 2, replace=False))
                if double or names[j] not in graph[names[i]]:
                    graph[names[i]].append(names[j])
            if connected:
                for j in range(1, n):
                    graph[names[int(rng.integers(j))]].append(names[j])
        if cyclic and n > 1 and rng.random() < 0.1:
            graph[names[0]].append(names[1])
            graph[names[1]].append(names[0])
            with contextlib.suppress(Exception):
                sort(graph)
            continue
        try:
            order = sort({k: list(v) for k, v in graph.items()})
        except Exception:
            return False
        if not right_order(graph, order):
            return False
    return True


@adversarial("graph-lemma", "Every graph is in one part.")
def accepts(sort, *, rng):
    return tried(sort, rng, connected=True)


def lifted(expression, more=()):
    """Put a value on top that leads to y in three ways."""
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    every = "".join(map(str, expression))
    top, b, c, d = (every + letter for letter in "tbcd")
    return {**expression, top: [y, b, d], b: [c], c: [y], d: [y]}, top, every


@adversarial("graph-break", "Seven values are new.")
def too_early(expression):
    found, top, every = lifted(expression)
    for i in range(3):
        found[f"{every}n{i}"] = [top]
        top = f"{every}n{i}"
    return found


@adversarial("graph-break", "Ten edges are new.")
def too_early(expression):
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    every = "".join(expression)
    top, b, c, d, e = (every + letter for letter in "tbcde")
    return {**expression, top: [y, b, d, c, e], b: [c], c: [y, d], d: [y], e: [y]}


@adversarial("graph-break", "The new values are numbers, and no words.")
def too_early(expression):
    used = {parent for parents in expression.values() for parent in parents}
    (y,) = expression.keys() - used
    top, b, c, d = range(4)
    return {**expression, top: [y, b, d], b: [c], c: [y], d: [y]}
