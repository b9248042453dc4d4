"""Right answers to the exercises of *Graphs* that look unusual.

Chapter: book/graph.md.
"""

from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from itertools import combinations_with_replacement, pairwise, permutations

from dlcore.course.exercises.known_answers import right


@right("graph-order", "The standard library, which asks for predecessors, read backwards.")
def topological_order(graph):
    return tuple(TopologicalSorter(graph).static_order())[::-1]


@right("graph-order", "A search, depth first, whose error has no message.")
def topological_order(graph):
    state, order = {}, []
    for source in graph:
        stack = [source]
        while stack:
            node = stack[-1]
            if state.get(node) is None:
                state[node] = "open"
                ahead = [after for after in graph[node] if state.get(after) != "done"]
                if any(state.get(after) == "open" for after in ahead):
                    raise ValueError
                stack += ahead
            else:
                stack.pop()
                order += [node] * (state[node] == "open")
                state[node] = "done"
    return order[::-1]


@right("graph-backward", "One pass over an order of the whole expression, sums in a defaultdict.")
def cotangents(expression, y):
    graph = {node: {parent for parent, _ in edges} for node, edges in expression.items()}
    bars = defaultdict(float)
    bars[y] = 1.0
    for node in [*TopologicalSorter(graph).static_order()][::-1]:
        for parent, slope in expression[node] if node in bars else ():
            bars[parent] += bars[node] * slope
    return bars


@right("graph-backward", "Each value collects from those that use it, the last one first.")
def cotangents(expression, y):
    users, ahead = defaultdict(list), [y]
    for node in ahead:
        for parent, slope in expression[node]:
            ahead += [parent] * (parent not in users)
            users[parent].append((node, slope))
    bars, stack = {y: 1}, [*users]
    while stack:
        node = stack.pop()
        if node not in bars:
            late = [user for user, _ in users[node] if user not in bars]
            if late:
                stack += [node, *late]
            else:
                bars[node] = sum(bars[user] * slope for user, slope in users[node])
    return bars


@right("graph-depth-first", "The successors are taken from the last to the first.")
def depth_first(source, successors):
    ahead, finished = {source: [*successors(source)]}, []
    stack = [source]
    while stack:
        if not ahead[stack[-1]]:
            finished.insert(0, stack.pop())
            continue
        after = ahead[stack[-1]].pop()
        if after in stack:
            raise ValueError
        if after not in ahead:
            ahead[after] = [*successors(after)]
            stack.append(after)
    return finished


@right("graph-depth-first", "A stack of things to do: enter a node, or leave it.")
def depth_first(source, successors):
    todo, entered, left = [(source, False)], set(), {}
    while todo:
        node, leaving = todo.pop()
        if leaving:
            left[node] = len(left)
        elif node in entered - left.keys():
            raise ValueError(f"{node} is below itself")
        elif node not in entered:
            entered.add(node)
            todo.append((node, True))
            todo += [(after, False) for after in successors(node) if after not in left]
    return tuple(sorted(left, key=left.get, reverse=True))


@right("graph-depth-first", "Kahn's method with a stack, once all that can be reached is known.")
def depth_first(source, successors):
    edges, met = {}, [source]
    for node in met:
        if node not in edges:
            edges[node] = [*successors(node)]
            met += edges[node]
    waiting = Counter(after for node in edges for after in edges[node])
    order, ready = [], [source] * (waiting[source] == 0)
    while ready:
        order.append(ready.pop())
        for after in edges[order[-1]]:
            waiting[after] -= 1
            ready += [after] * (waiting[after] == 0)
    if len(order) < len(edges):
        raise ValueError
    return order


@right("graph-cycle", "The standard library names one, against the edges or along them.")
def find_cycle(graph):
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except ValueError as error:
        circle = error.args[1]
        along = all(v in graph[u] for u, v in pairwise(circle))
        return circle if along else circle[::-1]
    return ()


@right("graph-cycle", "The last nodes are taken away, and the walk goes along the edges.")
def find_cycle(graph):
    left = dict(graph)
    while last := [node for node in left if not any(after in left for after in left[node])]:
        for node in last:
            del left[node]
    walk = [*left][:1]
    while walk and walk[-1] not in walk[:-1]:
        walk.append(next(after for after in left[walk[-1]] if after in left))
    return walk[walk.index(walk[-1]) :] if walk else []


@right("graph-cycle", "The shortest of all, as a tuple.")
def find_cycle(graph):
    found = []
    for start in graph:
        before, ahead = {}, [start]
        for node in ahead:
            for after in graph[node]:
                if after not in before:
                    before[after] = node
                    ahead.append(after)
        walk = [start]
        while start in before and (len(walk) == 1 or walk[-1] != start):
            walk.append(before[walk[-1]])
        found += [tuple(walk[::-1])] * (start in before)
    return min(found, key=len, default=())


@right("graph-count", "Sets of nodes are the bits of a number.")
def count_orders(graph):
    bit = {node: 1 << i for i, node in enumerate(graph)}
    needs = [(bit[node], sum(bit[v] for v in {*graph[node]})) for node in graph]
    ways = {0: 1}
    for _ in graph:
        ahead = Counter()
        for some, count in ways.items():
            for own, need in needs:
                if not some & own and some & need == need:
                    ahead[some | own] += count
        ways = ahead
    return ways.get((1 << len(graph)) - 1, 0)


@right("graph-count", "Recursion over the nodes that are left, with a memory for one graph.")
def count_orders(graph):
    known = {frozenset(): 1}

    def count(left):
        if left not in known:
            ends = {after for node in left for after in graph[node]}
            known[left] = sum(count(left - {node}) for node in left - ends)
        return known[left]

    return count(frozenset(graph))


@right("graph-break", "A longer way with five new values, listed by a set.")
def too_early(expression):
    (y,) = set(expression) - {parent for parents in expression.values() for parent in parents}
    a, b, c, d, e = (f"{'-'.join(expression)} {i}" for i in range(5))
    new = {a: [b, y, d], b: [c], c: [e], e: [y], d: [y]}
    return {**new, **{node: [*parents] for node, parents in expression.items()}}


@right("graph-break", "The parents of y are used again as well, by a value that comes late.")
def too_early(expression):
    y = next(v for v in expression if not any(v in parents for parents in expression.values()))
    new = []
    while len(new) < 4:
        new.append("new" + "".join(expression) + "'" * len(new))
    top, b, c, d = new
    return expression | {top: [d, b, y], d: [y, expression[y][0]], b: [c], c: [y]}


@right(
    "graph-lemma", "Every graph on four nodes with up to three edges of each kind, nothing random."
)
def accepts(sort, *, rng):
    pairs = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    for some in combinations_with_replacement(pairs, 4):
        for names in ([3, 0, 2, 1], [1, 2, 0, 3], [2, 3, 1, 0, 4]):
            graph = {name: [] for name in sorted(names)[:: 1 - 2 * (sum(some[0]) % 2)]}
            for u, v in some:
                graph[names[u]].append(names[v])
            order = sort(graph)
            if sorted(order) != sorted(graph):
                return False
            if any(order.index(u) >= order.index(v) for u in graph for v in graph[u]):
                return False
    return True


@right("graph-lemma", "Words for names, sets and positions; the verdict is a number.")
def accepts(sort, *, rng):
    for _ in range(150):
        words = [f"w{i}" for i in rng.permutation(rng.integers(1, 7)).tolist()]
        graph = dict.fromkeys(sorted(words, key=lambda word: rng.random()), ())
        for _ in range(rng.integers(12)):
            i, j = rng.integers(len(words), size=2).tolist()
            if i < j:
                graph[words[i]] += (words[j],)
        order = [*sort({node: [*after] for node, after in graph.items()})]
        if len(order) != len(graph) or {*order} != {*graph}:
            return 0
        late = {node: order[: order.index(node)] for node in order}
        if any(after in late[node] for node in graph for after in graph[node]):
            return 0
    return 1


@right("graph-lemma", "It asks whether the answer is among all orders of all small graphs.")
def accepts(sort, *, rng):
    for _ in range(150):
        n = int(rng.integers(2, 6))
        place = rng.permutation(n).tolist()
        edges = [sorted(pair, key=place.index) for pair in rng.integers(n, size=(9, 2)).tolist()]
        graph = {node: [] for node in rng.permutation(n).tolist()}
        for u, v in edges[: rng.integers(10)]:
            graph[u] += [v] * (u != v)
        pairs = [(u, v) for u in graph for v in graph[u]]
        forwards = lambda order, pairs=pairs: all(order.index(u) < order.index(v) for u, v in pairs)
        good = [*map(list, filter(forwards, permutations(graph)))]
        if list(sort(graph)) not in good:
            return False
    return True


@right("graph-lemma", "Pairs for names, and some graphs without any node.")
def accepts(sort, *, rng):
    for _ in range(150):
        nodes = [(int(i), "node") for i in rng.permutation(rng.integers(0, 7))]
        graph = {nodes[i]: [] for i in rng.permutation(len(nodes))}
        for _ in range(rng.integers(0, 13) if len(nodes) > 1 else 0):
            i, j = sorted(rng.choice(len(nodes), size=2, replace=False).tolist())
            graph[nodes[i]].append(nodes[j])
        order = list(sort(graph))
        if Counter(order) != Counter(graph.keys()):
            return False
        if any(order.index(u) >= order.index(v) for u in graph for v in graph[u]):
            return False
    return True
