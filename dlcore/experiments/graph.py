"""Graphs to put in order: expressions, every small digraph, the library's own imports.

An expression is a dictionary: each value, with its edges to the values that it was computed
from. An edge is a pair (parent, slope), and the slope is the derivative along it.

Chapter: book/graph.md.
"""

import ast
import timeit
from collections import Counter
from functools import cache, partial
from itertools import combinations, pairwise, product
from pathlib import Path

from dlcore.experiments.experiment import experiment
from dlcore.graph import CycleError, depth_first_order, topological_order

PACKAGE = Path(__file__).parents[1]
SORTS = topological_order, depth_first_order


def square(x):
    """Return y = x · x:  two edges lead to x, each with the slope x."""
    return {"y": [("x", x), ("x", x)], "x": []}


def shared(x):
    """Return a = x · x,  b = a + 1,  y = a · b:  two paths lead from y to a."""
    a = x * x
    b = a + 1
    return {"y": [("a", b), ("b", a)], "b": [("a", 1)], "a": [("x", x), ("x", x)], "x": []}


def diamonds(n):
    """Stack n diamonds: value i is the sum of two copies of value i - 1, and value 0 is x."""
    tower = {0: []}
    for i in range(1, n + 1):
        left, right = f"left {i}", f"right {i}"
        tower |= {left: [(i - 1, 1)], right: [(i - 1, 1)], i: [(left, 1), (right, 1)]}
    return tower


def chain(n):
    """Add 1 to x, n times: n edges in a row."""
    return {i: [(i - 1, 1)] for i in range(1, n + 1)} | {0: []}


def fan(n):
    """Add n numbers that depend on nothing: n edges that leave one value."""
    return {n: [(i, 1) for i in range(n)]} | {i: [] for i in range(n)}


def parents(expression):
    """Return the function that lists the parents of a value."""
    return lambda node: [parent for parent, _ in expression[node]]


def overwriting(expression, order):
    """Pass the cotangents on; where two of them arrive, keep the second."""
    bars = {order[0]: 1}
    for node in order:
        for parent, slope in expression[node]:
            bars[parent] = bars[node] * slope
    return bars


def backward(expression, order):
    """Pass the cotangents on; where two of them arrive, add them."""
    bars = {order[0]: 1}
    for node in order:
        for parent, slope in expression[node]:
            bars[parent] = bars.get(parent, 0) + bars[node] * slope
    return bars


def discovery(expression, y):
    """List the values in the order in which a search from y meets them, the nearest first."""
    order = [y]
    for node in order:
        for parent, _ in expression[node]:
            if parent not in order:
                order.append(parent)
    return order


def recursive(expression, node, bar, bars):
    """Pass every cotangent on as soon as it arrives: one call for each path from y."""
    bars[node] = bars.get(node, 0) + bar
    for parent, slope in expression[node]:
        recursive(expression, parent, bar * slope, bars)


def steps(expression, order):
    """Return what is at each value when its step comes, and which edges come too late."""
    graph = parents(expression)
    place = {node: i for i, node in enumerate(order)}
    late = [(u, v) for u in order for v in graph(u) if place[u] > place[v]]
    stands = {node: backward(expression, order[: i + 1])[node] for node, i in place.items()}
    return {node: f"step {place[node] + 1}: {bar}" for node, bar in stands.items()}, late


class Counted(dict):
    """A dictionary that counts how often it is asked for an entry."""

    asked = 0

    def __getitem__(self, key):
        self.asked += 1
        return super().__getitem__(key)


def digraphs(n):
    """Return every directed graph on the nodes 0 … n - 1, as a tuple of lists of successors."""
    others = [[j for j in range(n) if j != i] for i in range(n)]
    lists = [[list(some) for k in range(n) for some in combinations(each, k)] for each in others]
    return product(*lists)


def leads_back(graph):
    """Tell whether a walk along the edges returns to its start; no order is sought for it.

    Node by node, allow walks to pass through v:  u reaches w if u reaches v and v reaches w.
    """
    reach = [sum(1 << after for after in set(edges)) for edges in graph]
    for v, u in product(range(len(graph)), repeat=2):
        reach[u] |= reach[v] * (reach[u] >> v & 1)
    return any(reach[v] >> v & 1 for v in range(len(graph)))


def is_order(nodes, graph):
    """Tell whether `nodes` are all nodes of the graph, once each, and no edge points back."""
    place = {node: i for i, node in enumerate(nodes)}
    edges = ((u, v) for u in range(len(graph)) for v in graph[u])
    return sorted(nodes) == [*range(len(graph))] and all(place[u] < place[v] for u, v in edges)


def is_cycle(nodes, graph):
    """Tell whether `nodes` follow the edges, end where they began and repeat nothing else."""
    closed = len(nodes) > 1 and nodes[0] == nodes[-1] and len(set(nodes)) == len(nodes) - 1
    return closed and all(v in graph[u] for u, v in pairwise(nodes))


def verdict(sort, graph):
    """Return "ordered" or "refused" where a sorting program proves its answer, else "wrong"."""
    try:
        nodes = list(sort(range(len(graph)), graph.__getitem__))
    except CycleError as error:
        return "refused" if is_cycle(error.cycle, graph) else "wrong"
    return "ordered" if is_order(nodes, graph) else "wrong"


def judge(n):
    """Count the digraphs on n nodes: those to be ordered, those to be refused, wrong verdicts."""
    counts = Counter(ordered=0, refused=0, wrong=0)
    for graph in digraphs(n):
        truth = "refused" if leads_back(graph) else "ordered"
        counts[truth] += 1
        counts["wrong"] += any(verdict(sort, graph) != truth for sort in SORTS)
    return counts


def seconds(programs, expressions, rounds=20):
    """Return the least time in which each program sorts each expression, of rounds in turn."""
    best = {name: [float("inf")] * len(expressions) for name in programs}
    for _ in range(rounds):
        for name, sort in programs.items():
            for i, y in enumerate(expressions):
                run = partial(sort, [next(reversed(y))], parents(y))
                taken = timeit.timeit(lambda run=run: list(run()), number=1)
                best[name][i] = min(best[name][i], taken)
    return best


@experiment("every-digraph")
def every_digraph(_seed):
    """Both ways of sorting, on every directed graph of five nodes."""
    return judge(5), {}


@cache
def imports():
    """Map every module of dlcore to the modules of dlcore that its import statements name.

    All files are read once; the same dictionary is returned each time.
    """
    files = {dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    return {name: sorted(named(tree, files) & files.keys()) for name, tree in trees.items()}


def dotted(path):
    """Turn the path of a module into its name:  ops/loss.py is dlcore.ops.loss."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def named(tree, modules):
    """Collect the modules that the import statements of a module name."""
    nodes = list(ast.walk(tree))
    plain = (node for node in nodes if isinstance(node, ast.Import))
    taken = (node for node in nodes if isinstance(node, ast.ImportFrom))
    pairs = {(node.module, f"{node.module}.{alias.name}") for node in taken for alias in node.names}
    whole = {alias.name for node in plain for alias in node.names}
    return whole | {full if full in modules else source for source, full in pairs}


@cache
def rooms():
    """Map every room of the library, a folder or a module, to the rooms that it imports."""
    plan = {}
    for module, used in imports().items():
        if module != "dlcore":
            home = plan.setdefault(room(module), set())
            home |= {room(name) for name in used} - {room(module)}
    return {name: sorted(used) for name, used in plan.items()}


def room(module):
    """Name the room of a module:  dlcore.ops.loss is in ops."""
    return module.split(".")[1]


def reduced(graph):
    """Leave out every edge that follows from others, because a longer path joins its ends."""
    below = {}
    for node in reversed(list(topological_order(graph, graph.get))):
        below[node] = set(graph[node]).union(*(below[each] for each in graph[node]))
    return {
        node: [each for each in used if not any(each in below[other] for other in used)]
        for node, used in graph.items()
    }
