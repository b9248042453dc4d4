"""VGG: the tests of the claims of `book/vgg.md`, and of its exercises."""

import importlib
from itertools import pairwise
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore import nn
from dlcore.nn.accounting import account, total
from dlcore.nn.models.vgg import COLUMNS, VGG, vgg
from dlcore.ops.conv import conv2d

PUBLISHED = {
    "A": (11, 132_863_336), "A-LRN": (11, 132_863_336), "B": (13, 133_047_848),
    "C": (16, 133_638_952), "D": (16, 138_357_544), "E": (19, 143_667_240),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.vgg")


@pytest.fixture(scope="module")
def depth():
    """The families of runs."""
    return importlib.import_module("dlcore.experiments.depth")


def test_a_receptive_field_is_counted_by_hand(lab):
    """3 × 3, a pooling, 3 × 3:  3, 4 and 8 rows, behind one layer, two and three."""
    layers = [(3, 1), (2, 2), (3, 1)]
    assert [lab.field_by_trial(layers[:n]) for n in (1, 2, 3)] == [3, 4, 8]


def drawn_layers(rng):
    """Draw windows and strides that leave no row out."""
    kernel_sizes = rng.integers(1, 8, size=rng.integers(1, 6)).tolist()
    return [(U, int(rng.integers(1, min(U, 3) + 1))) for U in kernel_sizes]


def test_the_sum_is_what_a_trial_finds(lab, formulas, oracle, rng):
    """The rows with a gradient other than 0: 30 stacks of up to five layers, strides to 3."""
    page = oracle.program(formulas.receptive_field)
    for _ in range(30):
        layers = drawn_layers(rng)
        kernel_sizes = np.array([U for U, _ in layers])
        found = lab.field_by_trial(layers)
        assert page(k=kernel_sizes, j=np.array(lab.jumps(layers))) == found


def test_blocks_have_the_receptive_field_of_the_page(formulas, oracle):
    """1 + (2N + 1)(2ⁱ - 1)  rows behind i blocks of N convolutions, in models with 1 to 4."""
    page = oracle.program(formulas.blocks)
    for N in (1, 2, 3, 4):
        model = VGG((1, 32, 32), 2, blocks=((1,) * N,) * 5, hidden=(), rng=None)
        fields = [row.receptive_field for row in account(model, (1, 32, 32))
                  if row.layer == "MaxPool2d"]  # fmt: skip
        assert fields == [(page(N=N, i=i),) * 2 for i in (1, 2, 3, 4, 5)]


def test_without_the_jumps_the_sum_is_too_small(lab, rng):
    """As soon as a layer behind a stride has a window of 2 rows or more; else it is right."""
    for _ in range(30):
        layers = drawn_layers(rng)
        strided = any(
            jump > 1 and U > 1 for (U, _), jump in zip(layers, lab.jumps(layers), strict=True)
        )
        assert (lab.without_jumps(layers) < lab.field_by_trial(layers)) == strided


def test_rows_in_the_middle_have_more_paths(lab):
    """The paths through n layers of 3 are the coefficients of (1 + z + z²)ⁿ; n = 2 to 9."""
    coefficients = np.ones(3)
    for n in range(2, 10):
        coefficients = np.convolve(coefficients, np.ones(3))
        assert_allclose(lab.paths(n * [(3, 1)])[: 2 * n + 1], coefficients)
        assert coefficients.argmax() == n


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_small_windows_have_the_receptive_field_of_a_large_one(n, lab):
    """n layers of 3 × 3 depend on 2n + 1 rows, as one of U × U does for  n = (U - 1)/2."""
    U = 2 * n + 1
    assert lab.field_by_trial(n * [(3, 1)]) == lab.field_by_trial([(U, 1)]) == U


def test_three_small_layers_need_fewer_weights_than_one_large(formulas, oracle):
    """27 C² against 49 C², 18 C² against 25 C²: counted in models, for 2, 3 and 64 channels."""
    share = oracle.program(formulas.share)
    for C in (2, 3, 64):
        for i, U in ((1, 3), (2, 5), (3, 7), (4, 9)):
            stack = nn.Sequential(*(nn.Conv2d(C, C, 3, bias=False, rng=None) for _ in range(i)))
            one = nn.Conv2d(C, C, U, bias=False, rng=None)
            weights = [total(account(m, (C, 9, 9)), "parameters") for m in (stack, one)]
            assert weights == [9 * i * C**2, U**2 * C**2]
            assert_allclose(share(i=i), weights[0] / weights[1], rtol=1e-12)


def test_a_stack_without_relu_is_one_filter(rng):
    """Three layers of 3 × 3 without a nonlinearity: one filter of 7 × 7 computes the same.

    It is the result for a single pixel, mirrored. With a ReLU between the layers it does not.
    """
    ws = rng.normal(size=(3, 1, 1, 3, 3))
    pixel, x = np.zeros((1, 1, 13, 13)), rng.normal(size=(2, 1, 12, 11))
    pixel[0, 0, 6, 6] = 1
    relu = lambda y: np.maximum(y, 0)
    for between, alike in ((lambda y: y, True), (relu, False)):
        first = lambda z, between=between: between(conv2d(z, ws[0]))
        second = lambda z, first=first, between=between: between(conv2d(first(z), ws[1]))
        stacked = lambda z, second=second: conv2d(second(z), ws[2])
        one = stacked(pixel)[:, :, ::-1, ::-1]
        assert one.shape[2:] == (7, 7)
        assert np.allclose(stacked(x), conv2d(x, one)) == alike


MODELS = {
    **{name: lambda name=name: vgg(name, rng=None) for name in COLUMNS},
    "no block": lambda: VGG((3, 224, 224), 10, blocks=(), hidden=(7,), rng=None),
    "empty block": lambda: VGG((3, 224, 224), 10, blocks=((), (4,)), hidden=(), rng=None),
    "batch norm": lambda: VGG((3, 224, 224), 10, batch_norm=True, rng=None),
    "average": lambda: VGG((3, 224, 224), 10, pool="average", rng=None),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_sentence_of_the_grammar(name, lab):
    """As its record of operations spells it; with a linear layer in front it is no sentence."""
    letters = lab.spelled(MODELS[name](), lab.IMAGENET)
    assert lab.GRAMMAR.fullmatch(letters)
    assert not lab.GRAMMAR.fullmatch("F" + letters)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_has_its_published_counts(column, lab):
    """Weight layers and parameters, for images of 224² and a thousand classes."""
    found = lab.sums(column, vgg(column, rng=None), lab.IMAGENET)
    assert (found.layers, found.parameters) == PUBLISHED[column]


def test_the_page_counts_the_parameters_of_a_column(formulas, oracle):
    """Blocks and classifier by the formulas of the page add up to column D."""
    block = oracle.program(formulas.block_parameters)
    count, C = 0, 3
    for filters in COLUMNS["D"]:
        count += block(N=len(filters), C=C, F=filters[0])
        C = filters[0]
    count += oracle.program(formulas.classifier_parameters)(D=7 * 7 * 512, M=4096, K=1000)
    assert count == PUBLISHED["D"][1]


def test_activations_belong_to_maps_and_parameters_to_linear_layers(lab):
    """Column D: maps have less than 11 % of the weights, 99 % of products, 99.8 % of memory."""
    parts = lab.parts(vgg("D", rng=None), lab.IMAGENET)
    share = {column: first / (first + rest) for column, (first, rest) in parts.items()}
    assert share["parameters"] < 0.11
    assert 100 * share["multiplications"] > 99
    assert 100 * share["activations"] > 99.8


def test_the_work_stays_where_the_width_doubles(lab):
    """Last layers of two blocks of column E: as many products, while the width still doubles."""
    rows = account(vgg("E", rng=None), lab.IMAGENET)
    last = [before for before, after in pairwise(rows) if after.layer == "MaxPool2d"]
    assert [row.shape[0] for row in last] == [64, 128, 256, 512, 512]
    products = [row.multiplications for row in last]
    assert products[:4] == [9 * 64 * 64 * 224 * 224] * 4
    assert products[4] * 4 == products[3]


def test_three_blocks_are_left_for_small_images(lab):
    """A, D and E with 500-500-10: what is left of E is the network that the source trains."""
    found = [row.parameters for row in lab.trained_by_the_source()]
    assert found == [3_264_906, 4_039_498, 4_629_578, 4_632_394]
    assert lab.pruned("E").features[0].conv.params["w"].shape == (64, 3, 3, 3)
    default = VGG(lab.CIFAR, 10, rng=None)
    assert total(account(default, lab.CIFAR), "parameters") == 4_629_578


def test_normalisation_adds_two_parameters_a_map_and_no_product(lab, formulas):
    """2 Σ F parameters and 2 Σ F averages; products stay the same, twice as many maps are kept."""
    plain, normed = (account(lab.pruned("E", batch_norm=norm), lab.CIFAR) for norm in (False, True))
    F = 2 * 64 + 2 * 128 + 4 * 256
    assert total(normed, "parameters") - total(plain, "parameters") == 2 * F == 2816
    assert total(normed, "state") == 2 * F
    assert total(normed, "multiplications") == total(plain, "multiplications")
    maps = sum(row.activations for row in plain if row.layer == "Conv2d")
    assert total(normed, "activations") - total(plain, "activations") == maps
    assert formulas.norm_share.check()


def test_filters_are_compared_at_equal_work(depth):
    """Within 3 percent, and no width that is one more or less comes closer."""
    works = {
        label: depth.work(depth.filter_setting(*each)) for label, each in depth.FILTERS.items()
    }
    first = works["one 7×7"]
    for label, (convolutions, kernel_size, widths) in depth.FILTERS.items():
        assert abs(works[label] / first - 1) < 0.03
        for c in (widths[0] - 1, widths[0] + 1):
            other = depth.filter_setting(convolutions, kernel_size, (c, 2 * c, 4 * c))
            assert abs(depth.work(other) - first) > abs(works[label] - first)


def test_every_conclusion_names_settings_that_are_run():
    """Both families of this chapter: what is compared is trained, from six seeds."""
    families = importlib.import_module("dlcore.experiments.family").FAMILIES
    importlib.import_module("dlcore.experiments.depth")
    for name, settings, comparisons in (("depth-pooling", 6, 8), ("depth-filters", 3, 4)):
        family = families[name]
        assert (len(family.settings), len(family.comparisons)) == (settings, comparisons)
        compared = {label for each in family.comparisons for label in (each.more, each.less)}
        assert compared == {*family.settings}
        assert family.seeds == 6


def test_average_pooling_is_better_with_every_optimizer():
    """By the recorded runs, six seeds each; Adam with average pooling tests best of all."""
    families = importlib.import_module("dlcore.experiments.family")
    concluded = families.Conclusions("004", ["depth-pooling"]).word
    assert concluded("average pooling tests better with adam") == "replicates"
    for optimizer in ("momentum", "rmsprop"):
        words = f"max pooling tests better with {optimizer}"
        assert concluded(words) == "does not replicate"
    tests = families.values_by_label("depth-pooling", "test")
    assert max(tests, key=lambda label: np.mean(tests[label])) == "adam, average"


# Exercises


def agree(truth, function, *args, **options):
    """Call an answer twice, and compare whole numbers exactly."""
    for _ in range(2):
        found = function(*args, **options)
        formed = np.shape(found) == np.shape(truth)
        assert formed, "the result is to be one number, or as many as are asked for"
        right = bool(np.all(np.equal(found, truth)))
        assert right, f"a number is wrong for {args} {options or ''}".rstrip()


def seen_rows(layers):
    """Collect the rows of the image that row 0 behind the layers depends on, one by one."""
    rows = {0}
    for U, stride in reversed(layers):
        rows = {row * stride + u for row in rows for u in range(U)}
    return rows


@pytest.mark.exercise("vgg-receptive-field", points=2)
def test_your_field_is_that_of_a_stack(answers, rng):
    """Windows and strides are drawn; every row that is seen is collected."""
    for length in (*range(9), 5, 6, 7):
        layers = list(zip(*rng.integers((1, 1), (7, 4), size=(length, 2)).T.tolist(), strict=True))
        rows = seen_rows(layers)
        agree(max(rows) - min(rows) + 1, answers.receptive_field, layers)


@pytest.mark.exercise("vgg-receptive-field", points=2)
def test_your_field_is_right_for_deep_stacks(answers, rng):
    """Alike layers add U - 1 each; behind n strides of s, sⁿ times that; once beyond 2²⁴ rows."""
    for longest in (20, 20, 20, 20, 20, 27):
        U, n, stride = rng.integers((2, 20, 2), (9, 90, 5)).tolist()
        before = int(rng.integers(24 if longest > 20 else 1, longest))
        agree(1 + n * (U - 1), answers.receptive_field, [(U, 1)] * n)
        layers = [(1, stride)] * before + [(U, 1)] * n
        agree(1 + n * (U - 1) * stride**before, answers.receptive_field, layers)


@pytest.mark.exercise("vgg-equivalent", points=2)
def test_your_stack_replaces_the_window(answers, rng):
    """Counted in loops: layers until the field is U, weights by shapes, a product a position."""
    for U in range(3, 26, 2):
        C, H, W = rng.permutation(90)[:3] + 1
        sizes, field = [], 1
        while field < U:
            sizes.append((int(C), int(C), 3, 3))
            field += 2
        weights = sum(np.prod(size) for size in sizes)
        truth = len(sizes), int(weights), int(weights * H * W)
        agree(truth, answers.replaced, U, int(C), int(H), int(W))


@pytest.mark.exercise("vgg-equivalent", points=2)
def test_your_stack_is_counted_exactly(answers, rng):
    """Odd numbers beyond 2⁵³, which no float of eight bytes can hold."""
    for n in (1, 3, 5):
        C = 2 * int(rng.integers(2 * 10**7, 4 * 10**7)) + 1
        H, W = rng.permutation([1, 3, 5])[:2].tolist()
        found = [int(number) for number in answers.replaced(2 * n + 1, C, H, W)]
        assert found == [n, 9 * n * C**2, 9 * n * C**2 * H * W]


@pytest.mark.exercise("vgg-equal-work", points=2)
def test_your_stack_is_as_wide_as_its_work_allows(answers, rng):
    """One more channel would take more products than the layer of U × U."""
    for U in (3, 5, 7, 9, 11, 13):
        for n in (1, 2, 3, 5, int(rng.integers(6, 20))):
            C = int(rng.integers(20, 600))
            work = U * U * C * C
            F = 0
            while 9 * n * (F + 1) ** 2 <= work:
                F += 1
            agree(F, answers.widest, U, C, n)


@pytest.mark.exercise("vgg-equal-work", points=2)
def test_your_width_is_exact(answers, rng):
    """Where the work of both is equal, where a channel is missing, and where a product is."""
    for _ in range(12):
        root, F = rng.integers((1, 10**11), (6, 10**12)).tolist()
        agree(F, answers.widest, 3, root * F, root**2)
        agree(F - 1, answers.widest, 3, root * F - 1, root**2)
    C, F = 1, 1
    for step in range(int(rng.integers(30, 45))):
        C, F = C + 2 * F, C + F  # C² - 2 F² is 1 and -1 in turn
        agree(F - step % 2, answers.widest, 3, C, 2)


def written(size, blocks, hidden, K):
    """Write the layers of a network down, by recursion."""
    C, H, W = size
    if blocks:
        (n, F, pooled), *rest = blocks
        if n:
            following = written((F, H, W), [(n - 1, F, pooled), *rest], hidden, K)
            return [("conv", C, F), ("relu",), *following]
        if pooled:
            return [("pool",), *written((C, H // 2, W // 2), rest, hidden, K)]
        return written(size, rest, hidden, K)
    sizes = [C * H * W, *hidden]
    linear = [layer for D, M in pairwise(sizes) for layer in (("linear", D, M), ("relu",))]
    return [*linear, ("linear", sizes[-1], K)]


def drawn_blocks(rng):
    """Draw a size, blocks of a grammar, hidden units and classes."""
    C, H, W = (int(n) for n in rng.permutation(np.arange(1, 9))[:3])
    blocks = [(int(rng.integers(0, 4)), int(F), bool(rng.random() < 0.6))
              for F in rng.permutation(30)[: rng.integers(0, 5)] + 1]  # fmt: skip
    side = 2 ** sum(pooled for *_, pooled in blocks)
    more = rng.integers(0, side, size=2).tolist()
    size = C, H * side + more[0], W * side + more[1]
    hidden = (rng.permutation(30)[: rng.integers(0, 4)] + 1).tolist()
    return size, blocks, hidden, int(rng.integers(2, 12))


def same_layers(truth, found):
    """Compare layers with those wanted, as tuples in a list."""
    found = [tuple(layer) for layer in found]
    ordered = [layer[0] for layer in found] == [layer[0] for layer in truth]
    assert ordered, "a layer is missing, or one too many, or they are not in order"
    right = found == truth
    assert right, "a layer has wrong sizes"


@pytest.mark.exercise("vgg-build", points=3)
def test_your_network_is_written_by_the_grammar(answers, rng):
    """Blocks with and without convolutions, poolings and hidden layers; twice."""
    for _ in range(40):
        network = drawn_blocks(rng)
        truth = written(*network)
        for _ in range(2):
            same_layers(truth, answers.convnet(*network))


@pytest.mark.exercise("vgg-build", points=3)
def test_your_network_needs_a_pixel(answers, rng):
    """ValueError as soon as height or width is halved to nothing; not one pooling before."""
    for n in (1, 2, 3, 4):
        F, K, M, wide = (rng.permutation(40)[:4] + 20).tolist()
        for size in ((3, 2**n - 1, wide), (3, wide, 2**n - 1)):
            blocks = [(1, F, True)] * n
            with pytest.raises(ValueError, match=r"^"):
                answers.convnet(size, blocks, [M], K)
            blocks[int(rng.integers(n))] = (1, F, False)
            same_layers(written(size, blocks, [M], K), answers.convnet(size, blocks, [M], K))


def drawn_network(rng, *, sided):
    """Draw a size, blocks, hidden units and classes; filters of other sides where `sided`."""
    C, H, W = (int(n) for n in rng.permutation(np.arange(1, 9))[:3])
    blocks = []
    for _ in range(rng.integers(0, 4)):
        filters = (rng.permutation(30)[: rng.integers(0, 4)] + 1).tolist()
        blocks.append([(F, int(rng.integers(1, 8))) if sided and rng.random() < 0.5 else F
                       for F in filters])  # fmt: skip
    side = 2 ** len(blocks)
    hidden = (rng.permutation(30)[: rng.integers(0, 4)] + 1).tolist()
    more = rng.integers(0, side, size=2).tolist()
    size = C, H * side + more[0], W * side + more[1]
    return size, blocks, hidden, int(rng.integers(2, 12))


def counted(size, blocks, hidden, K, *, batch_norm=False):
    """Count what the model of the library owns."""
    blocks = tuple(tuple(block) for block in blocks)
    settings = {"blocks": blocks, "hidden": hidden, "batch_norm": batch_norm}
    model = VGG(size, K, rng=None, **settings)
    return sum(array.size for array in nn.named_parameters(model).values())


@pytest.mark.exercise("vgg-parameters", points=3)
def test_your_count_is_that_of_the_model(answers, rng):
    """Without normalisation, as the default is: 3 × 3 alone, and filters of other sides."""
    for sided in (False, True):
        for _ in range(12):
            network = drawn_network(rng, sided=sided)
            agree(counted(*network), answers.parameters, *network)
            agree(counted(*network), answers.parameters, *network, batch_norm=False)


@pytest.mark.exercise("vgg-parameters", points=3)
def test_your_count_is_that_of_the_normalised_model(answers, rng):
    """A scale and a shift for every map; the biases stay."""
    for _ in range(12):
        network = drawn_network(rng, sided=True)
        agree(counted(*network, batch_norm=True), answers.parameters, *network, True)
        agree(counted(*network, batch_norm=True), answers.parameters, *network, batch_norm=True)


@pytest.mark.exercise("vgg-parameters", points=3)
def test_your_count_is_exact_for_large_networks(answers, rng):
    """A column as published, with its last layers of a width that is drawn."""
    for column in ("B", "C", "E"):
        M, K = rng.integers(3000, 5000, size=2).tolist()
        network = (3, 224, 224), COLUMNS[column], [M, M], K
        agree(counted(*network), answers.parameters, *network)


@pytest.mark.exercise("vgg-parameters", points=3)
def test_your_count_is_exact_beyond_all_floats(answers, rng):
    """An odd number beyond 2⁵³, of a network without convolutions."""
    M, K = 2 * rng.integers(10**8, 2 * 10**8, size=2) + 1
    D, M, K = 2 * int(rng.integers(10**8, 2 * 10**8)), int(M), int(K)
    assert int(answers.parameters((D, 1, 1), [], [M], K)) == (D + 1) * M + (M + 1) * K


def results(size, layers):
    """Sum up the shapes of all results, the first of which is the image."""
    shapes = [size]
    for kind, *sizes in layers:
        C, *sides = shapes[-1]
        if kind == "conv":
            shapes.append((sizes[1], *sides))
        elif kind == "pool":
            shapes.append((C, *(side // 2 for side in sides)))
        elif kind == "linear":
            shapes.append((sizes[1],))
    return sum(int(np.prod(shape)) for shape in shapes)


@pytest.mark.exercise("vgg-memory", points=2)
def test_your_sum_is_that_of_all_results(answers, rng):
    """Networks that are drawn: odd sides, no convolution, no pooling, no hidden layer."""
    for _ in range(40):
        size, *network = drawn_blocks(rng)
        layers = written(size, *network)
        agree(results(size, layers), answers.kept, size, layers)


@pytest.mark.exercise("vgg-memory", points=2)
def test_your_sum_takes_any_layers(answers, rng):
    """Parts of networks: none, a ReLU alone, poolings in a row, linear layers alone."""
    for _ in range(8):
        C, H, W, F, M, K = (rng.permutation(40)[:6] + 9).tolist()
        ends = [("linear", F * (H // 4) * (W // 4), M), ("relu",), ("linear", M, K)]
        middle = [("conv", C, F), ("pool",), ("relu",), ("pool",)]
        for layers in ([], [("relu",)], middle, middle + ends, [("linear", C * H * W, K)]):
            agree(results((C, H, W), layers), answers.kept, (C, H, W), layers)


@pytest.mark.exercise("vgg-memory", points=2)
def test_your_sum_is_exact_beyond_all_floats(answers, rng):
    """An odd number beyond 2⁵³: a large image, and an even number of scores."""
    C, H, W = (2 * rng.integers(2 * 10**5, 4 * 10**5, size=3) + 1).tolist()
    M = 2 * int(rng.integers(1, 99))
    assert int(answers.kept((C, H, W), [("linear", C * H * W, M)])) == C * H * W + M


@pytest.mark.exercise("vgg-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    names = {"saving": "vgg-line-2", "one_more_block": "vgg-line-4", "same_work": "vgg-line-1"}
    truth = [planted(f"vgg.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, answers.wrong_lines())) == truth
