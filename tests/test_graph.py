"""Graphs.  The claims of `book/graph.md`, in the order of the chapter."""

import importlib
from collections import Counter
from graphlib import CycleError as StandardCycleError
from graphlib import TopologicalSorter
from itertools import islice, pairwise, permutations
from math import comb, factorial, prod
from operator import index

import numpy as np
import pytest

from dlcore.graph import CycleError, depth_first_order, topological_order

SORTS = topological_order, depth_first_order
ACYCLIC = {0: 1, 1: 1, 2: 3, 3: 25, 4: 543}


@pytest.fixture(params=SORTS, ids=lambda sort: sort.__name__)
def sort(request):
    """Both ways of sorting, one after the other."""
    return request.param


@pytest.fixture(scope="module")
def lab():
    """The programs of the chapter, right and wrong."""
    return importlib.import_module("dlcore.experiments.graph")


def random_graph(rng, nodes, edges):
    """Draw a graph without cycles: edges lead from smaller to larger names of a shuffled list."""
    names = rng.permutation(nodes)
    graph = {int(name): [] for name in names}
    for _ in range(edges):
        i, j = sorted(rng.choice(nodes, 2, replace=False))
        graph[int(names[i])].append(int(names[j]))
    return graph


def random_expression(rng, nodes, edges):
    """Draw whole slopes for the edges of a random graph, and a value y above all the others."""
    graph = random_graph(rng, nodes, edges) | {"y": [*range(nodes)]}
    return {node: [(parent, int(rng.integers(-3, 4))) for parent in graph[node]] for node in graph}


def reach(n):
    """Tell for all graphs g on n nodes whether a walk of one edge or more leads from u to v.

    Axes (u, v, g); the bits of g are the edges. One more node is allowed on the way, n times.
    """
    edges = list(permutations(range(n), 2))
    g, joined = np.arange(2 ** len(edges)), np.zeros((n, n, 2 ** len(edges)), bool)
    for bit, (u, v) in enumerate(edges):
        joined[u, v] = g >> bit & 1
    for w in range(n):
        joined |= joined[:, w, None] & joined[None, w]
    return joined


def standard(graph):
    """Ask the standard library, which takes predecessors: an order read backwards is as good."""
    try:
        TopologicalSorter(graph).prepare()
    except StandardCycleError:
        return "refused"
    return "ordered"


def below(graph):
    """Map every node to the set of all that it leads to."""
    found = {}
    for node in graph:
        found[node], ahead = set(), list(graph[node])
        while ahead:
            after = ahead.pop()
            ahead += [] if after in found[node] else graph[after]
            found[node].add(after)
    return found


class Touched:
    """A node that counts every time somebody looks at it: a hash taken, a comparison made."""

    looks = 0

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        Touched.looks += 1
        return hash(self.name)

    def __eq__(self, other):
        Touched.looks += 1
        return self.name == other.name


# One value, used twice


def test_overwriting_loses_a_contribution(lab):
    """The derivative of x · x at 3 is 3 + 3; if the second term replaces the first it is 3."""
    assert lab.overwriting(lab.square(3), "yx")["x"] == 3
    assert lab.backward(lab.square(3), "yx")["x"] == 6


def test_the_order_of_discovery_passes_on_too_early(lab):
    """For a = x · x, y = a (a + 1) at x = 3:  60 in the order y, a, b, x;  114 in y, b, a, x."""
    y = lab.shared(3)
    assert lab.discovery(y, "y") == ["y", "a", "b", "x"]
    assert lab.backward(y, ["y", "a", "b", "x"])["x"] == 60
    assert lab.backward(y, ["y", "b", "a", "x"])["x"] == 114


def test_recursion_visits_a_value_once_for_every_path(lab):
    """Through n diamonds:  4 · 2ⁿ - 3 calls, more than four million for n = 20."""
    for n in (0, 1, 2, 7, 12):
        tower, bars = lab.Counted(lab.diamonds(n)), {}
        lab.recursive(tower, n, 1, bars)
        assert bars[0] == 2**n
        assert tower.asked == sum(bars.values()) == 4 * 2**n - 3
    lab.recursive(lab.diamonds(20), 20, 1, bars := {})
    assert sum(bars.values()) == 4_194_301


def test_an_ordered_pass_visits_a_value_once(lab):
    """Through n diamonds:  3 n + 1 visits, and the same 2ⁿ."""
    for n in (0, 1, 2, 7, 20, 1000):
        tower = lab.Counted(lab.diamonds(n))
        order = list(topological_order([n], lab.parents(lab.diamonds(n))))
        assert lab.backward(tower, order)[0] == 2**n
        assert tower.asked == 3 * n + 1


def test_recursion_fails_on_a_long_chain(lab):
    """A chain of a hundred thousand values is too deep for recursion, and not for an order."""
    n = 100_000
    with pytest.raises(RecursionError):
        lab.recursive(lab.chain(n), n, 1, {})
    assert lab.backward(lab.chain(n), range(n, -1, -1))[0] == 1


def test_in_an_order_the_contributions_of_all_paths_add_up(lab, sort, rng):
    """x̄ = Σ over all paths from y to x of the product of the slopes: exactly, in whole numbers."""
    y, bars = random_expression(rng, nodes=12, edges=30), {}
    lab.recursive(y, "y", 1, bars)
    assert lab.backward(y, list(sort(["y"], lab.parents(y)))) == bars


# Acyclic graphs have an order


@pytest.mark.parametrize("n", range(1, 6))
def test_a_graph_without_cycles_has_a_source(n):
    """Of every graph on n nodes: a walk returns to its start, or into some node no edge leads."""
    joined = reach(n)
    some_walk_returns = joined[range(n), range(n)].any(axis=0)
    some_node_begins = ~joined.any(axis=0).all(axis=0)
    assert (some_walk_returns | some_node_begins).all()


def test_along_a_walk_the_positions_grow(sort, rng):
    """p(end) - p(start) ≥ T after T edges, whatever they are."""
    graph = random_graph(rng, 30, 120)
    place = {node: i for i, node in enumerate(sort(graph, graph.get))}
    for node in graph:
        walk = [node]
        while graph[walk[-1]]:
            walk.append(int(rng.choice(graph[walk[-1]])))
            assert place[walk[-1]] - place[node] >= len(walk) - 1


@pytest.mark.parametrize("n", range(1, 6))
def test_an_order_exists_exactly_where_there_is_no_cycle(n):
    """All orders of n nodes are tried on every graph: no edge against it, or no order for it."""
    edges, graphs = list(permutations(range(n), 2)), np.arange(2 ** (n * (n - 1)))
    has_order = np.zeros(len(graphs), bool)
    for place in permutations(range(n)):
        against = sum(1 << bit for bit, (u, v) in enumerate(edges) if place[u] > place[v])
        has_order |= graphs & against == 0
    has_cycle = reach(n)[range(n), range(n)].any(axis=0)
    np.testing.assert_array_equal(has_order, ~has_cycle)


@pytest.mark.parametrize("n", ACYCLIC)
def test_both_programs_are_right_on_every_small_graph(lab, n):
    """Each returns an order where there is one, and names a cycle everywhere else."""
    graphs = 2 ** (n * (n - 1))
    assert lab.judge(n) == {"ordered": ACYCLIC[n], "refused": graphs - ACYCLIC[n], "wrong": 0}


def test_every_graph_on_five_nodes_has_been_judged(lab):
    """Of 2²⁰ graphs 29,281 are acyclic: the record says so, and so does the count by bits."""
    acyclic = int((~reach(5)[range(5), range(5)].any(axis=0)).sum())
    told = importlib.import_module("dlcore.experiments.experiment").record("every-digraph")[
        "values"
    ]
    assert acyclic == 29_281
    assert told == {"ordered": acyclic, "refused": 2**20 - acyclic, "wrong": 0}
    some = islice(lab.digraphs(5), 0, None, 61)
    assert "wrong" not in {lab.verdict(sort, graph) for graph in some for sort in SORTS}


def test_acyclic_graphs_are_counted_by_their_sources():
    """aₙ = Σₖ (-1)ᵏ⁺¹ C(n, k) 2ᵏ⁽ⁿ⁻ᵏ⁾ aₙ₋ₖ  with  a₀ = 1."""
    counts = [1]
    for n in range(1, 6):
        terms = [comb(n, k) * 2 ** (k * (n - k)) * counts[n - k] for k in range(1, n + 1)]
        counts.append(sum(terms[::2]) - sum(terms[1::2]))
    assert counts == [*ACYCLIC.values(), 29_281]


# Kahn's method


def test_every_node_comes_after_its_predecessors(rng, sort):
    """For each edge u → v:  position(u) < position(v)."""
    graph = random_graph(rng, nodes=60, edges=200)
    position = {node: i for i, node in enumerate(sort(graph, graph.get))}
    assert len(position) == 60
    assert all(position[u] < position[v] for u in graph for v in graph[u])


def test_only_what_can_be_reached_is_listed(sort):
    """A node that no source leads to is not there."""
    graph = {"a": "b", "b": "", "c": "b"}
    assert list(sort("a", graph.get)) == ["a", "b"]


def test_a_node_used_twice_counts_both_edges(sort):
    """The product x · x has two edges to x: x comes once, after both."""
    graph = {"y": ["x", "x"], "x": []}
    assert list(sort(["y"], graph.get)) == ["y", "x"]


def test_a_cycle_is_named_node_by_node(rng, sort):
    """The message is a walk along edges that ends where it began."""
    graph = random_graph(rng, nodes=30, edges=60)
    graph |= {"x": ["y"], "y": ["z"], "z": ["x", *graph], "w": ["x"]}
    with pytest.raises(CycleError, match=r"the edges .* form a cycle") as caught:
        list(sort(["w"], graph.get))
    loop = str(caught.value).split("edges ")[1].split(" form")[0].split(" -> ")
    assert loop == caught.value.cycle
    assert loop[0] == loop[-1]
    assert set(loop) == {"x", "y", "z"}
    assert all(after in graph[before] for before, after in pairwise(loop))


def test_a_node_that_leads_to_itself_is_a_cycle(sort):
    """The edge a → a asks that a come before a."""
    with pytest.raises(CycleError, match=f"{sort.__name__}: the edges a -> a form a cycle"):
        list(sort("a", {"a": "ba", "b": ""}.get))


def test_the_standard_library_agrees(lab, rng, sort):
    """On random graphs of 300 nodes, some with cycles and some without, as `graphlib` judges."""
    found = Counter()
    for edges in [90, 180, 270] * 10:
        graph = {node: [] for node in range(300)}
        for u, v in rng.integers(300, size=(edges, 2)).tolist():
            graph[u].append(v)
        found[standard(graph), lab.verdict(sort, graph)] += 1
    assert found.keys() == {("ordered", "ordered"), ("refused", "refused")}


# Depth first


def test_two_right_answers_may_differ():
    """With a → b, a → c, c → d, c → b  both a c b d and a c d b are orders."""
    graph = {"a": "bc", "b": "", "c": "db", "d": ""}
    assert ["".join(sort("a", graph.get)) for sort in SORTS] == ["acbd", "acdb"]


def test_a_long_chain_needs_no_recursion(sort):
    """A hundred thousand nodes in a row, far beyond the limit of recursion."""
    length = 100_000
    order = sort([0], lambda n: [n + 1] if n < length else [])
    assert sum(1 for _ in order) == length + 1


# The cost


def test_an_order_has_room_for_every_pair_once(sort):
    """T (T - 1)/2 edges lead from each node to all later ones; any other one closes a cycle."""
    full = {u: [*range(u + 1, 7)] for u in range(7)}
    assert sum(map(len, full.values())) == 7 * 6 // 2
    assert [*sort(full, full.get)] == [*range(7)]
    for v, edges in full.items():
        for u in edges:
            with pytest.raises(CycleError):
                list(sort(full, {**full, u: [*full[u], v]}.get))


@pytest.mark.parametrize("shape", ["chain", "diamonds", "fan"])
def test_twice_the_nodes_are_at_most_twice_the_work(lab, sort, shape):
    """Counted in hashes and comparisons of nodes:  work(2 n) ≤ 2 work(n) + 50."""
    work = []
    for n in (1000, 2000):
        expression = getattr(lab, shape)(n)
        nodes = {name: Touched(name) for name in expression}
        ends = {name: [nodes[v] for v, _ in edges] for name, edges in expression.items()}
        Touched.looks = 0
        list(sort([nodes[n]], lambda node, ends=ends: ends[node.name]))
        work.append(Touched.looks)
    assert work[0] < work[1] <= 2 * work[0] + 50


# The library itself


def test_the_imports_of_the_library_have_an_order(lab, sort):
    """Each importing module precedes what it imports, among all modules and all packages."""
    assert {"dlcore.autodiff.dispatch", "dlcore.graph"} <= {
        *lab.imports()["dlcore.autodiff.reverse"]
    }
    for graph in (lab.imports(), lab.rooms()):
        place = {name: i for i, name in enumerate(sort(graph, graph.get))}
        assert all(place[user] < place[used] for user in graph for used in graph[user])


def test_an_edge_beside_a_longer_path_changes_nothing(lab, rng):
    """With or without it the same nodes can be reached, and no remaining edge is spare."""
    graph = {node: sorted(set(after)) for node, after in random_graph(rng, 12, 30).items()}
    spare = lab.reduced(graph)
    assert below(spare) == below(graph)
    edges = [(u, v) for u in spare for v in spare[u]]
    for u, v in edges:
        fewer = spare | {u: [each for each in spare[u] if each != v]}
        assert below(fewer) != below(graph)


# Exercises


ANYTHING = r"^"  # a message is welcome, and none is missed


def names(rng, n):
    """Draw names for n nodes: whole numbers of both signs, one of them zero, or words."""
    others = rng.choice([*range(-n, 0), *range(1, 2 * n)], size=n, replace=False).tolist()
    numbers = rng.permutation([0, *others[1:]][:n]).tolist()
    return numbers if rng.random() < 0.5 else [f"v{number}" for number in numbers]


def drawn(rng, n, edges, circle=0):
    """Draw a graph without cycles, or with a single one of so many nodes, listed by chance.

    Edges lead from the front of a list to its back, some of them twice; the circle is a piece
    of the list, with ways into it and out of it.
    """
    line = names(rng, n)
    first = int(rng.integers(n - circle + 1))
    ring = range(first, first + circle)
    pairs = [sorted(pair) for pair in rng.integers(n, size=(edges, 2)).tolist()]
    pairs = [(i, j) for i, j in pairs if i < j and not {i, j} <= {*ring}]
    pairs += [(i, first + (i - first + 1) % circle) for i in ring]
    pairs += [pair for pair in pairs if rng.random() < 0.3]
    graph = {node: [] for node in rng.permutation(line).tolist()}
    for i, j in rng.permutation(pairs).tolist():
        graph[line[i]].append(line[j])
    return graph


def is_order(nodes, graph):
    """Tell whether a list holds every node once, and every edge leads forwards in it."""
    place = {node: i for i, node in enumerate(nodes)}
    forwards = all(place[u] < place[v] for u in graph for v in graph[u] if {u, v} <= place.keys())
    return len(nodes) == len(graph) and place.keys() == graph.keys() and forwards


def small_graphs(rng):
    """List all graphs on three nodes, each as a dictionary in a random order."""
    edges = list(permutations("abc", 2))
    graphs = [{v: [] for v in rng.permutation([*"abc"]).tolist()} for _ in range(2 ** len(edges))]
    for bits, graph in enumerate(graphs):
        for bit, (u, v) in enumerate(edges):
            graph[u] += [v] * (bits >> bit & 1)
    return graphs


def acyclic_graphs(rng):
    """List all graphs without cycles on three nodes, and larger ones that are drawn."""
    sizes = [(0, 0), (1, 0), (9, 0), (9, 5), (9, 12), (10, 20), (11, 35)]
    some = [drawn(rng, n, edges) for n, edges in sizes]
    return [*filter(ordered, small_graphs(rng)), *some]


def cyclic_graphs(rng):
    """List all graphs with cycles on three nodes, and larger ones with a single cycle."""
    some = [drawn(rng, 12, int(rng.integers(20)), circle) for circle in range(1, 12)]
    return [graph for graph in small_graphs(rng) if not ordered(graph)] + some


def frozen(graph):
    """Copy a graph so that a change of the copy shows."""
    return {node: tuple(after) for node, after in graph.items()}


def ordered(graph):
    """Tell whether a graph is without cycles: no node is below itself."""
    return not any(node in after for node, after in below(graph).items())


def edges_into(graph):
    """Count the edges that lead into each node."""
    ends = Counter(after for edges in graph.values() for after in edges)
    return {node: ends[node] for node in graph}


@pytest.mark.exercise("graph-order", points=3)
def test_your_order_puts_every_node_after_its_predecessors(answers, rng):
    """On every acyclic graph of three nodes, and on larger ones; the graph is left as it is."""
    for graph in acyclic_graphs(rng):
        before = frozen(graph)
        nodes = answers.topological_order(graph)
        assert is_order(nodes, before), f"{graph} is not ordered by {nodes}"
        assert frozen(graph) == before


@pytest.mark.exercise("graph-order", points=3)
def test_your_order_refuses_every_cycle(answers, rng):
    """On every graph of three nodes with a cycle, and on circles of one node to eleven."""
    for graph in cyclic_graphs(rng):
        with pytest.raises(ValueError, match=ANYTHING):
            answers.topological_order(graph)
    graph = drawn(rng, 6, 9)
    assert is_order(answers.topological_order(graph), graph)


@pytest.mark.exercise("graph-order", points=3)
def test_your_order_has_room_for_a_long_chain(answers, rng):
    """Ten thousand nodes in a row, the first and then the others by chance, some edges twice."""
    line = rng.permutation(int(rng.integers(9_900, 10_000))).tolist()
    twice = rng.integers(1, 3, size=len(line)).tolist()
    after = {
        node: [then] * times for (node, then), times in zip(pairwise(line), twice, strict=False)
    }
    listed = [line[0], *rng.permutation(line[1:]).tolist()]
    graph = {node: after.get(node, []) for node in listed}
    assert [*answers.topological_order(graph)] == line


def slopes(rng, graph):
    """Give every edge of a graph a slope: some eighths, so that sums are exact."""
    number = lambda: float(rng.integers(-12, 13)) / 8
    return {node: [(parent, number()) for parent in parents] for node, parents in graph.items()}


@pytest.mark.exercise("graph-backward", points=3)
def test_your_cotangents_add_up_all_ways(answers, lab, rng):
    """x̄ = Σ over all ways from y to x of the product of the slopes, exactly; others have none.

    One of the graphs comes twice, with other slopes.
    """
    graphs = [drawn(rng, n, edges) for n, edges in [(1, 0), (8, 4), (9, 12), (9, 20)]]
    for graph in [*graphs, graphs[2]]:
        expression = slopes(rng, graph)
        before = frozen(expression)
        for y in graph:
            lab.recursive(expression, y, 1, bars := {})
            assert answers.cotangents(expression, y) == bars
        assert frozen(expression) == before


@pytest.mark.exercise("graph-backward", points=3)
def test_your_cotangents_wait_for_every_edge(answers, lab):
    """114 for a = x · x, y = a (a + 1) at x = 3, in whatever order the dictionary lists them."""
    for listing in permutations("abxy"):
        expression = {name: lab.shared(3)[name] for name in listing}
        assert answers.cotangents(expression, "y") == {"y": 1, "b": 9, "a": 19, "x": 114}


@pytest.mark.exercise("graph-backward", points=3)
def test_your_cotangents_may_cancel(answers, rng):
    """Two ways whose products are s t and -s t leave x̄ = 0, and it is passed on as any other.

    So is the cotangent that the slope zero leaves to c.
    """
    s, t, r = map(int, rng.integers(2, 99, size=3))
    expression = {"z": [], "x": [("z", r)], "a": [("x", t)], "b": [("x", -s)]}
    expression |= {"y": [("a", s), ("c", 0), ("b", t)], "d": [], "c": [("d", t)]}
    wanted = {"y": 1, "a": s, "b": t, "c": 0, "d": 0, "x": 0, "z": 0}
    assert answers.cotangents(expression, "y") == wanted


@pytest.mark.exercise("graph-backward", points=3)
def test_your_cotangents_pass_a_thousand_diamonds(answers, lab):
    """2¹⁰⁰⁰ ways, and each edge used once."""
    bars = answers.cotangents(lab.diamonds(1000), 1000)
    assert [bars[i] for i in range(1001)] == [2 ** (1000 - i) for i in range(1001)]


def opened(node, graph, done, top):
    """Yield the ways from an open node down to another one, past what is finished."""
    if top == node:
        yield ()
    for after in () if top == node else {*graph[top]} - done:
        for way in opened(node, graph, done, after):
            yield (after, *way)


def finishes(nodes, graph, source):
    """Tell whether nodes finish in this order in some search, whatever edge it takes first.

    Keep every stack of open nodes that the search may have: the next to finish is on top.
    """
    stacks, done = {(source,)}, set()
    for node in nodes:
        ways = {(*s, *way) for s in stacks if s for way in opened(node, graph, done, s[-1])}
        stacks = {way[:-1] for way in ways if {*graph[node]} <= done}
        done.add(node)
    return () in stacks


@pytest.mark.exercise("graph-depth-first", points=3)
def test_your_search_returns_an_order_of_what_it_reaches(answers, rng):
    """Each node below the source once, after all its predecessors that are there."""
    for graph in acyclic_graphs(rng):
        for source in [*graph][:2]:
            there = below(graph)[source] | {source}
            nodes = answers.depth_first(source, graph.get)
            assert is_order(nodes, {node: graph[node] for node in there}), (source, graph, nodes)


@pytest.mark.exercise("graph-depth-first", points=3)
def test_your_search_finishes_a_node_when_all_below_it_are(answers, rng):
    """Read backwards it is the order in which nodes finish, in one of the searches that may be."""
    for edges in (14, 16, 18, 20, 22):
        graph = drawn(rng, 15, edges)
        graph |= {"y": [node for node, count in edges_into(graph).items() if count == 0]}
        nodes = [*answers.depth_first("y", graph.get)]
        assert finishes(nodes[::-1], graph, "y"), f"no search of {graph} ends as {nodes}"


@pytest.mark.exercise("graph-depth-first", points=3)
def test_your_search_asks_every_node_once(answers, lab, rng):
    """Through diamonds, and along a chain that no recursion would reach the end of."""
    many, long = int(rng.integers(12, 18)), int(rng.integers(1000, 1020))
    for graph, source in [(lab.diamonds(many), many), (lab.chain(long), long)]:
        asked = lab.Counted(graph)
        nodes = answers.depth_first(source, lab.parents(asked))
        assert asked.asked == len(graph)
        assert (len(nodes), nodes[0], nodes[-1]) == (len(graph), source, 0)


@pytest.mark.exercise("graph-depth-first", points=3)
def test_your_search_does_not_run_in_circles(answers, rng):
    """A ValueError where the source leads into a cycle, and only there."""
    for circle in (1, 2, 3, 4, 7):
        graph = drawn(rng, 10, 14, circle)
        stuck = [v for v, after in below(graph).items() if any(u in below(graph)[u] for u in after)]
        for source in dict.fromkeys([*stuck[:2], *[*graph][::2]]):
            if source in stuck:
                with pytest.raises(ValueError, match=ANYTHING):
                    answers.depth_first(source, graph.get)
            else:
                assert answers.depth_first(source, graph.get)[0] == source


@pytest.mark.exercise("graph-cycle", points=2)
def test_your_cycle_is_one(answers, rng):
    """A walk along edges that ends where it began and meets no other node twice."""
    for graph in cyclic_graphs(rng):
        before, nodes = frozen(graph), answers.find_cycle(graph)
        assert len(nodes) > 1, f"{graph} has a cycle"
        assert nodes[0] == nodes[-1], f"{nodes} does not end where it begins"
        assert len(set(nodes)) == len(nodes) - 1
        assert all(v in before[u] for u, v in pairwise(nodes)), (graph, nodes)
        assert frozen(graph) == before


@pytest.mark.exercise("graph-cycle", points=2)
def test_you_see_no_cycle_where_there_is_none(answers, rng):
    """Also where two ways meet again, and where an edge is double."""
    double = {"a": ["b", "b", "c"], "b": ["c"], "c": []}
    for graph in [*acyclic_graphs(rng), double]:
        assert len(answers.find_cycle(graph)) == 0, f"{graph} has no cycle"


def orders_of(graph, left, known):
    """Count the orders of some nodes of a graph: any of them comes first that none leads to."""
    if left not in known:
        ends = {after for node in left for after in graph[node]}
        known[left] = sum(orders_of(graph, left - {node}, known) for node in left - ends)
    return known[left]


def forest(rng, n):
    """Draw a tree of n nodes, and count its orders:  n! / Π (nodes of each subtree)."""
    over = [int(rng.integers(max(0, i - 3), i)) for i in range(1, n)]
    nodes, sizes = names(rng, n), [1] * n
    for i in range(n - 1, 0, -1):
        sizes[over[i - 1]] += sizes[i]
    graph = {node: [] for node in rng.permutation(nodes).tolist()}
    for i, parent in enumerate(over, start=1):
        graph[nodes[parent]] += [nodes[i]] * int(rng.integers(1, 3))
    return graph, factorial(n) // prod(sizes)


@pytest.mark.exercise("graph-count", points=2)
def test_your_count_is_the_number_of_all_orders(answers, rng):
    """All permutations of up to six nodes are tried; with a cycle there is no order."""
    for graph in [*small_graphs(rng), *(drawn(rng, n, n) for n in (0, 1, 5, 6)), drawn(rng, 6, 9)]:
        count = sum(is_order(nodes, graph) for nodes in permutations(graph))
        assert answers.count_orders(graph) == count, graph
    for circle in (1, 2, 5):
        assert answers.count_orders(drawn(rng, 8, 9, circle)) == 0


@pytest.mark.exercise("graph-count", points=2)
def test_your_count_needs_no_list(answers, rng):
    """C(m + n, m) for two chains, 16!/2⁸ for eight pairs, for a tree what its subtrees say.

    For others the orders are counted by sets of nodes.
    """
    m, n = map(int, rng.integers(6, 9, size=2))
    chains = {(c, i): [(c, i + 1)] * (i < k - 1) for c, k in [("a", m), ("b", n)] for i in range(k)}
    assert answers.count_orders(chains) == comb(m + n, m)
    for edges in (8, 11, 15):
        graph = drawn(rng, int(rng.integers(9, 12)), edges)
        count = orders_of(graph, frozenset(graph), {frozenset(): 1})
        assert answers.count_orders(graph) == count, graph
    for size in (int(rng.integers(12, 15)), 16):
        graph, count = forest(rng, size)
        assert answers.count_orders(graph) == count, graph
    line = rng.permutation(16).tolist()
    pairs = {u: [v] for u, v in zip(line[:8], line[8:], strict=True)} | {v: [] for v in line[8:]}
    assert answers.count_orders(pairs) == factorial(16) // 2**8


def preorder(expression, node, met=()):
    """List the values as a search meets them, depth first, by recursion."""
    met = [*met, node]
    for parent, _ in expression[node]:
        met = met if parent in met else preorder(expression, parent, met)
    return met


def words(rng):
    """Draw an expression of a few values: each but the last has one parent or two."""
    n = int(rng.integers(4, 9))
    pool = [letter + more for letter in "txyz" for more in ("", *"abcd")]
    line = rng.permutation([*"abcd", "top", "new", *pool])[:n].tolist()
    graph = {line[0]: []}
    for i in range(1, n):
        others = [line[k] for k in rng.permutation(i - 1)[: rng.integers(2)]]
        graph[line[i]] = [line[i - 1], *others]
    return {node: graph[node] for node in rng.permutation(line).tolist()}


def passed_on(lab, rng, graph, y):
    """Shuffle parents, draw slopes: say whether the orders of discovery serve a backward pass."""
    y_bar = {u: [(v, int(rng.integers(2, 99))) for v in rng.permutation(graph[u]).tolist()]
             for u in graph}  # fmt: skip
    right = lab.backward(y_bar, list(topological_order([y], lab.parents(y_bar))))
    orders = lab.discovery(y_bar, y), preorder(y_bar, y)
    return [lab.backward(y_bar, order) == right for order in orders]


def renamed(rng, graph, names):
    """Give other names to values of an expression, but not to the one that is nobody's parent."""
    below = [node for node, count in edges_into(graph).items() if count]
    new = dict(zip(rng.permutation(below).tolist(), names, strict=False))
    name = lambda node: new.get(node, node)
    return {name(node): [*map(name, parents)] for node, parents in graph.items()}


def taken_by_you(answers, rng):
    """Yield expressions, each followed by one that holds the names which you have chosen for it."""
    for graph in (words(rng) for _ in range(6)):
        yield graph
        yours = [name for name in answers.too_early(graph) if name not in graph]
        yield renamed(rng, graph, rng.permutation(yours).tolist())


@pytest.mark.exercise("graph-break", points=3)
def test_your_expression_holds_the_given_one(answers, rng):
    """Its values keep their parents; six values and nine edges are new at most, none twice."""
    for graph in taken_by_you(answers, rng):
        before = frozen(graph)
        yours = answers.too_early(graph)
        assert {v: {*yours[v]} for v in graph} == {v: {*parents} for v, parents in before.items()}
        assert len(yours) <= len(before) + 6, "there are more than six new values"
        assert sum(map(len, yours.values())) <= sum(map(len, before.values())) + 9
        assert all(len(set(parents)) == len(parents) for parents in yours.values())
        assert [*edges_into(yours).values()].count(0) == 1, "one value is nobody's parent"
        assert ordered(yours)


@pytest.mark.exercise("graph-break", points=3)
def test_your_expression_breaks_every_order_of_discovery(answers, lab, rng):
    """In any listing of the parents, breadth first and depth first, some cotangent is wrong."""
    for graph in [*(words(rng) for _ in range(3)), {"x": [], "xy": ["x"]}]:
        yours = answers.too_early(graph)
        (y,) = (v for v, count in edges_into(yours).items() if count == 0)
        for _ in range(100):
            breadth, depth = passed_on(lab, rng, yours, y)
            assert not breadth, f"breadth first serves {yours} in one of its listings"
            assert not depth, f"depth first serves {yours} in one of its listings"


def by_chance(rng):
    """Return a program that takes any node that waits for nothing, as chance has it."""

    def sort(graph):
        waiting = edges_into(graph)
        order, ready = [], [node for node in graph if not waiting[node]]
        while ready:
            order.append(ready.pop(rng.integers(len(ready))))
            for after in graph[order[-1]]:
                waiting[after] -= 1
                ready += [after] * (waiting[after] == 0)
        return order

    return sort


def nearest(graph):
    """Order the nodes by the fewest edges from a node into which none leads: a wrong order."""
    found = [node for node, count in edges_into(graph).items() if count == 0]
    for node in found:
        found += [after for after in dict.fromkeys(graph[node]) if after not in found]
    return found


RIGHT = [
    by_chance,
    lambda rng: lambda graph: list(topological_order(graph, graph.get)),
    lambda rng: lambda graph: depth_first_order(graph, graph.get),
    lambda rng: lambda graph: [*TopologicalSorter(graph).static_order()][::-1],
    lambda rng: lambda graph: sorted(graph, key=lambda v: -len(below(graph)[v])),
]
WRONG = [
    sorted,
    list,
    nearest,
    lambda graph: [*TopologicalSorter(graph).static_order()],
    lambda graph: sorted(graph, key=edges_into(graph).get),
    lambda graph: list(topological_order([*graph][:1], graph.get)),
    lambda graph: list(topological_order(graph, lambda v: graph[v][:1])),
    lambda graph: list(topological_order(graph, lambda v: graph[v][-1:])),
    lambda graph: [v for v in topological_order(graph, graph.get)
                   if graph[v] or edges_into(graph)[v]],
]  # fmt: skip
CASES = [  # where a program slips
    lambda graph: True,
    lambda graph: any(len(after) > len({*after}) for after in graph.values()),
    lambda graph: any(not count and not graph[v] for v, count in edges_into(graph).items()),
    lambda graph: any(graph[after] for edges in graph.values() for after in edges),
    lambda graph: any(len({*after}) > 1 for after in graph.values()),
    lambda graph: any(v in after for v in [*graph][:1] for after in graph.values()),
]


def dropped(order, i, edge):
    """Leave out a node."""
    return order[:i] + order[i + 1 :]


def doubled(order, i, edge):
    """List a node twice in a row."""
    return [*order[: i + 1], *order[i:]]


def replaced(order, i, edge):
    """List a node in the place of its neighbour: one comes twice, and another one is missing."""
    return [order[i - 1] if k == i else node for k, node in enumerate(order)]


def exchanged(order, i, edge):
    """Exchange the two ends of an edge."""
    if edge is None:
        return order
    return [{edge[0]: edge[1], edge[1]: edge[0]}.get(node, node) for node in order]


STEPS = dropped, doubled, replaced, exchanged


def slipping(rng, case, step):
    """Return a program that takes a wrong step in one case, at a place that is drawn."""
    sort = by_chance(rng)

    def wrong(graph):
        order, edges = sort(graph), [(u, v) for u in graph for v in graph[u]]
        edge = edges[rng.integers(len(edges))] if edges else None
        return step(order, rng.integers(len(order)), edge) if order and case(graph) else order

    return wrong


def nameless(program):
    """Wrap a program, so that its name does not show which one it is."""

    def sort(graph):
        return program(graph)

    return sort


def another(rng):
    """Return a generator that says nothing about the one by which it is seeded."""
    return np.random.default_rng(int(rng.integers(1 << 62)))


@pytest.mark.exercise("graph-lemma", points=3)
def test_your_lemma_accepts_right_programs_alone(answers, rng):
    """More wrong ones than right ones: a node missing, a node twice, an edge backwards."""
    wrong = [*WRONG, *(slipping(rng, CASES[0], step) for step in STEPS)]
    wrong += [slipping(rng, case, STEPS[rng.integers(len(STEPS))]) for case in CASES[1:]]
    wrong = [wrong[i] for i in rng.permutation(len(wrong))]
    right = [RIGHT[i](rng) for i in rng.permutation(len(RIGHT))[: rng.integers(3, 5)]]
    truth = rng.permutation([False] * len(wrong) + [True] * len(right)).tolist()
    programs = [(right if is_right else wrong).pop() for is_right in truth]
    told = [bool(answers.accepts(nameless(sort), rng=another(rng))) for sort in programs]
    if told != truth:
        pytest.fail("at least one of about twenty programs was judged wrongly")


@pytest.mark.exercise("graph-lemma", points=3)
def test_your_lemma_tries_acyclic_graphs_alone(answers, rng):
    """Of a right program, which refuses a cycle, no order of one is asked for."""
    cycles = []

    def sort(graph):
        try:
            TopologicalSorter(graph).prepare()
        except StandardCycleError:
            cycles.append(graph)
            raise
        return [*topological_order(graph, graph.get)]

    accepted = bool(answers.accepts(sort, rng=another(rng)))
    assert not cycles, "a graph with a cycle was tried"
    assert accepted, "a right program was refused"


@pytest.mark.exercise("graph-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "graph.way": "graph-line-3",
        "graph.edges": "graph-line-9",
        "graph.all_calls": "graph-line-5",
    }
    assert list(map(index, yours)) == [planted(name, slip)[0] for name, slip in names.items()]
