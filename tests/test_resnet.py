"""Residual networks.  The claims of `book/resnet.md`, in the order of the chapter."""

import importlib
from itertools import pairwise, product
from math import comb, prod
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import vjp
from dlcore.nn.accounting import account, total
from dlcore.nn.models import ResNet
from dlcore.nn.models.resnet import (
    IdentityShortcut,
    PreactivationBlock,
    ProjectionShortcut,
    ResidualBlock,
)
from dlcore.ops.conv import conv2d
from tests.comparing import agree

ROUNDING = {"rtol": 1e-12, "atol": 1e-12}  # sums of at most some hundred terms near one


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.resnet")


@pytest.fixture(scope="module")
def wrong_residuals():
    """Blocks with slips, and the checks that find them."""
    return importlib.import_module("dlcore.verification.wrong_residuals")


@pytest.fixture(scope="module")
def programs():
    """The blocks by the letters of the page."""
    return importlib.import_module("dlcore.verification.programs.resnet")


@pytest.fixture(scope="module")
def record():
    """The training losses of plain and residual layers on the digits, as recorded."""
    return importlib.import_module("dlcore.experiments.experiment").record("resnet-depth")


def test_twenty_residual_layers_end_below_twenty_plain_ones(record):
    """In the record of five seeds no residual run ends above a plain one of twenty layers."""
    last = {name: np.array(runs)[:, -1] for name, runs in record["history"]["losses"].items()}
    assert len(last["20 layers"]) == 5
    for name in ("20 layers, residual", "20 layers, residual, batch norm"):
        assert last[name].max() < last["20 layers"].min()
    assert last["20 layers, residual"].mean() < 2 * last["8 layers"].mean()
    assert last["8 layers, residual"].mean() < last["20 layers, residual"].mean()


def test_two_blocks_are_computed_by_hand(programs):
    """x = 3: the branches add -1.5 and 3; the gradient is multiplied by 1 + 2 and 1 - 1/2."""
    x, one = np.array([3.0]), np.ones((1, 1))
    y = programs.block(x, 2 * one, -one / 4)
    assert_array_equal(y, [1.5])
    assert_array_equal(programs.block(y, one, 2 * one), [4.5])
    y_bar = programs.block_vjp(y, one, 2 * one, np.array([4.0]))
    assert_array_equal(y_bar, [12])
    assert_array_equal(programs.block_vjp(x, 2 * one, -one / 4, y_bar), [6])


def test_the_program_says_what_the_page_says(programs, formulas, oracle, rng):
    """y and x̄ of a block with random weights, for a random upstream gradient."""
    x, y_bar = rng.normal(size=(2, 5))
    w1, w2 = rng.normal(size=(5, 3)), rng.normal(size=(3, 5))
    h = oracle.program(formulas.hidden)(x=x, w1=w1)
    f = oracle.program(formulas.branch)(h=h, w2=w2)
    y = oracle.program(formulas.block)(x=x, f=f)
    assert_allclose(programs.block(x, w1, w2), y, **ROUNDING)
    x_bar = oracle.program(formulas.block_x_bar)(h=h, w1=w1, w2=w2, y_bar=y_bar)
    assert_allclose(programs.block_vjp(x, w1, w2, y_bar), x_bar, **ROUNDING)


@pytest.mark.parametrize("shortcut", ["identity", "projection"])
def test_the_gradient_of_a_block_is_a_sum_of_two(shortcut, rng):
    """x̄ of a block is x̄ of its branch plus x̄ of its shortcut, for a random ȳ."""
    block = ResidualBlock(3, 5, stride=2, shortcut=shortcut, rng=rng)
    x, y_bar = rng.normal(size=(2, 3, 6, 8)), rng.normal(size=(2, 5, 3, 4))
    y, pullback = vjp(lambda x: block(x, rng), x)
    block.norm2.relu = False
    branch = lambda x: block.norm2(block.conv2(block.norm1(block.conv1(x, rng), rng), rng), rng)
    masked = y_bar * (y > 0)
    shares = [vjp(f, x)[1](masked)[0] for f in (branch, lambda x: block.shortcut(x, rng))]
    assert_allclose(pullback(y_bar)[0], sum(shares), rtol=1e-9, atol=1e-9)


def every_path(jacobians):
    """Yield how many branches each path takes, and the product of their Jacobians."""
    one = np.eye(len(jacobians[0]))
    for taken in product((False, True), repeat=len(jacobians)):
        chosen = one
        for jacobian, on in zip(jacobians, taken, strict=True):
            chosen = jacobian @ chosen if on else chosen
        yield sum(taken), chosen


def test_the_jacobian_is_a_sum_over_paths(rng):
    """(I + J₅) … (I + J₁), for random matrices of 4 × 4: 32 products, 10 of them of two factors."""
    jacobians = rng.normal(size=(5, 4, 4))
    whole = np.eye(4)
    for jacobian in jacobians:
        whole = (np.eye(4) + jacobian) @ whole
    lengths, products = zip(*every_path(jacobians), strict=True)
    assert_allclose(sum(products), whole, rtol=1e-10, atol=1e-9)  # 32 products of up to 5 factors
    assert [lengths.count(k) for k in range(6)] == [comb(5, k) for k in range(6)]


def test_a_deleted_block_leaves_half_of_the_paths(rng):
    """Its Jacobian set to 0, every path through its branch is 0, and the others stay."""
    jacobians = rng.normal(size=(4, 3, 3))
    before = [product for _, product in every_path(jacobians)]
    jacobians[2] = 0
    after = [product for _, product in every_path(jacobians)]
    gone = [not product.any() for product in after]
    assert sum(gone) == 8
    for one, other, lost in zip(before, after, gone, strict=True):
        assert lost or np.array_equal(one, other)


def test_long_paths_carry_little(lab, formulas, oracle):
    """The shares of all lengths add up to 1; with a = 1/4 the mean length is a fifth of L."""
    shares = lab.shares(20, 0.25)
    page = oracle.program(formulas.share_of_length)
    assert_allclose(shares, [page(a=0.25, L=20, k=k) for k in range(21)], rtol=1e-12)
    assert_allclose(sum(shares), 1, **ROUNDING)
    assert_allclose(np.dot(range(21), shares), 20 / 5, **ROUNDING)


@pytest.mark.parametrize("kind", ["plain", "scaled", "norm"])
def test_the_mean_square_grows_as_on_the_page(kind, lab, formulas, oracle):
    """Behind 8 blocks of 400 features, the mean of ten random networks, within a tenth."""
    found = np.mean([lab.mean_squares(8, kind, seed=seed) for seed in range(10)], axis=0)
    name = {"plain": "doubled", "scaled": "scaled", "norm": "added"}[kind]
    letters = {"L": 8} if kind == "scaled" else {}
    page = oracle.program(getattr(formulas, name))
    expected = [page(q=[found[0]], i=i, **letters) for i in range(9)]
    assert_allclose(found, expected, rtol=0.1)  # one network strays by up to 0.2


def test_the_scaled_sum_stays_below_e(formulas, oracle):
    """(1 + 1/L)^L grows with L, and stays below e."""
    page = oracle.program(formulas.scaled)
    behind = [page(q=[1.0], i=L, L=L) for L in (1, 2, 5, 20, 1000)]
    assert (np.diff(behind) > 0).all()
    assert behind[-1] < np.e < behind[-1] + 0.002


def test_with_the_last_gamma_at_zero_a_block_is_a_relu(rng):
    """y = relu(x), bit by bit."""
    block = ResidualBlock(4, 4, zero_gamma=True, rng=rng)
    x = rng.normal(size=(3, 4, 6, 5))
    assert_array_equal(block(x, rng), np.maximum(x, 0))


def test_at_gamma_zero_two_parameters_have_a_gradient(lab, wrong_residuals, rng):
    """γ and β of the last norm; with the first γ at 0 it is β alone, and it stays so."""
    norms = lab.initial_gradients(ResidualBlock(4, 4, zero_gamma=True, rng=rng), rng)
    assert [path for path, norm in norms.items() if norm] == ["norm2.gamma", "norm2.beta"]
    block = wrong_residuals.ZeroFirst(4, 4, zero_gamma=True, rng=rng)
    for _ in range(3):
        norms = lab.initial_gradients(block, rng)
        assert [path for path, norm in norms.items() if norm] == ["norm2.beta"]
        block.norm2.params["beta"] += rng.normal(size=4)


def test_behind_a_relu_a_branch_only_adds(wrong_residuals, rng):
    """With the ReLU before the addition no feature falls, through three blocks in a row."""
    x = rng.normal(size=(2, 4, 5, 6))
    for _ in range(3):
        y = wrong_residuals.ReLUFirst(4, 4, rng=rng)(x, rng)
        assert (y >= x).all()
        x = y


def test_preactivation_adds_up_branches(rng):
    """y - x is the sum of all branches."""
    blocks = [PreactivationBlock(4, 4, rng=rng) for _ in range(3)]
    x = rng.normal(size=(2, 4, 5, 6))
    y, added = x, []
    for block in blocks:
        shortcut, block.shortcut = block.shortcut, None
        added.append(block(y))
        block.shortcut = shortcut
        y = block(y)
    assert_allclose(y - x, sum(added), **ROUNDING)


def test_a_preactivation_network_learns_as_many_numbers():
    """One norm moves from the beginning to the end, and two blocks normalise fewer channels."""
    counts = {total(account(ResNet(depth=14, preactivation=each, rng=None), (3, 32, 32)),
                    "parameters") for each in (False, True)}  # fmt: skip
    assert len(counts) == 1


def test_the_identity_shortcut_is_a_convolution_with_fixed_weights(formulas, oracle, rng):
    """Of 1 × 1, with w[f, c] = [c = f]; forwards and backwards, on the page's one row, too."""
    x, y_bar = rng.normal(size=(2, 3, 7, 5)), rng.normal(size=(2, 5, 4, 3))
    w = np.eye(5, 3)[:, :, None, None]
    y, pullback = vjp(IdentityShortcut(3, 5, 2), x)
    same, back = vjp(lambda x: conv2d(x, w, stride=2), x)
    assert_allclose(y, same, **ROUNDING)
    assert_allclose(pullback(y_bar)[0], back(y_bar)[0], **ROUNDING)


def test_a_projection_can_be_the_identity_shortcut(rng):
    """With these weights, in evaluation, as long as mean 0 and variance 1 are kept."""
    x = rng.normal(size=(2, 3, 7, 5))
    projection = ProjectionShortcut(3, 5, 2, rng=rng)
    projection.conv.params["w"][...] = np.eye(5, 3)[:, :, None, None]
    assert_allclose(projection(x), IdentityShortcut(3, 5, 2)(x), rtol=1e-5)  # ε = 1e-5


@pytest.mark.parametrize("depth", [8, 20, 32, 44, 56, 110])
def test_depth_and_parameters_are_those_of_the_page(depth, formulas, oracle):
    """6 n + 2 layers, 97,216 n - 21,926 parameters; projections own 2,752 more."""
    n = (depth - 2) // 6
    assert oracle.program(formulas.depth)(n=n) == depth
    count = lambda **options: total(
        account(ResNet(depth=depth, rng=None, **options), (3, 32, 32)), "parameters"
    )
    page = oracle.program(formulas.parameters)(n=n)
    assert count() == page
    more = sum(oracle.program(formulas.projection_parameters)(C=C, F=2 * C) for C in (16, 32))
    assert count(shortcut="projection") == page + more == page + 2752


def test_every_wrong_version_fails_a_check(wrong_residuals):
    """The version of the page passes all of them."""
    right, *wrong = wrong_residuals.VERSIONS
    assert wrong_residuals.found_by(right) == []
    assert len(wrong) == 10
    assert all(wrong_residuals.found_by(version) for version in wrong)


def test_the_recipe_mirrors_and_moves_images_of_cifar10(rng):
    """By four pixels at most, on 800 images; digits by one pixel, and they are never mirrored."""
    recipes = importlib.import_module("dlcore.train.recipes")
    x = np.zeros((800, 1, 16, 16))
    x[:, :, 8, 6] = 1
    _, _, rows, columns = np.nonzero(recipes.recipe("resnet20", "cifar10").augment(x, rng))
    assert {*rows} == {*range(4, 13)}
    assert {*columns} == {*range(2, 14)}  # from 6, and from its mirror image 9
    digits = recipes.recipe("resnet20", "digits")
    assert (digits.flip, digits.crop) == (False, 1)


# Exercises


def near(*arrays):
    """Allow some roundings of sums of numbers as large as these."""
    size = sum(float(np.abs(each).max(initial=0)) for each in arrays)
    eps = max(float(np.finfo(each.dtype).eps) for each in arrays)
    return {"rtol": 0, "atol": 16 * eps * (1 + size)}


def given(rng, *shapes):
    """Draw arrays of both signs, in both precisions and as columns in the place of rows."""
    for shape in shapes:
        x = rng.normal(size=shape)
        yield from (x, x.astype(np.float32), x.T.copy().T)


class Counted:
    """A function that counts its calls: there is an array for what it returns, drawn once."""

    def __init__(self, x, shape, rng):
        D, M = x.size, int(np.prod(shape))
        self.w = rng.normal(size=(D, M)).astype(x.dtype) / np.sqrt(D)
        self.shape, self.x_shape, self.calls = shape, x.shape, 0

    def value(self, x):
        """Return a linear function of all entries of x, in another shape."""
        return (x.ravel() @ self.w).reshape(self.shape)

    def back(self, y_bar):
        """Return its x̄."""
        return (self.w @ y_bar.ravel()).reshape(self.x_shape)

    def forward(self, x):
        """Return y, and count."""
        self.calls += 1
        return self.value(x)

    def pair(self, x):
        """Return y and the pullback, and count."""
        self.calls += 1
        return self.value(x), self.back


def shapes(rng):
    """Draw shapes of features and of images, no two sizes alike."""
    sizes = [int(size) for size in rng.permutation(np.arange(2, 8))]
    return [(sizes[0],), tuple(sizes[1:3]), tuple(sizes[2:6])]


@pytest.mark.exercise("resnet-forward", points=2)
def test_your_block_adds_x_itself(answers, rng):
    """y = max(0, f(x) + x), for features and images of both signs."""
    for x in given(rng, *shapes(rng)):
        branch = Counted(x, x.shape, rng)
        f = branch.value(x)
        truth = np.maximum(0, f + x)
        agree(truth, near(f, x), answers.residual_block(x, branch.forward))
        agree(truth, near(f, x), answers.residual_block(x, branch.forward, None))
        assert branch.calls == 2, "call the branch once"


@pytest.mark.exercise("resnet-forward", points=2)
def test_your_block_adds_its_shortcut(answers, rng):
    """Of another shape than x; every function is called once."""
    for x, shape in zip(given(rng, *shapes(rng)), 3 * shapes(rng), strict=True):
        branch, shortcut = Counted(x, shape, rng), Counted(x, shape, rng)
        f, s = branch.value(x), shortcut.value(x)
        truth = np.maximum(0, f + s)
        found = answers.residual_block(x, branch.forward, shortcut.forward)
        agree(truth, near(f, s), found)
        assert (branch.calls, shortcut.calls) == (1, 1), "call each function once"


@pytest.mark.exercise("resnet-forward", points=2)
def test_your_block_keeps_what_is_positive(answers, rng):
    """With a branch of zeros y is max(0, x), and with a shortcut of zeros max(0, f)."""
    for x in given(rng, *shapes(rng)):
        zeros = np.zeros_like(x)
        truth = np.maximum(0, x)
        agree(truth, {"rtol": 0}, answers.residual_block(x, lambda x, zeros=zeros: zeros))
        branch = Counted(x, x.shape, rng)
        f = branch.value(x)
        agree(np.maximum(0, f), near(f), answers.residual_block(
            x, branch.forward, lambda x, zeros=zeros: zeros))  # fmt: skip


def truth_of_pullback(x, branch, shortcut, y_bar):
    """Return y and x̄, by the functions of the test; where the sum is 0 nothing passes."""
    s = x if shortcut is None else shortcut.value(x)
    total = branch.value(x) + s
    masked = np.where(total > 0, y_bar, 0)
    through = masked if shortcut is None else shortcut.back(masked)
    return np.maximum(total, 0), branch.back(masked) + through


@pytest.mark.exercise("resnet-backward", points=3)
def test_your_gradient_has_two_shares(answers, rng):
    """x̄ of the branch, and ȳ behind the ReLU itself, for drawn ȳ."""
    for x in given(rng, *shapes(rng)):
        branch, y_bar = Counted(x, x.shape, rng), rng.normal(size=x.shape).astype(x.dtype)
        truth, x_bar = truth_of_pullback(x, branch, None, y_bar)
        y, pullback = answers.residual_pullback(x, branch.pair)
        agree(truth, near(x, truth), y)
        agree(x_bar, near(y_bar, x_bar, branch.w), pullback(y_bar))


@pytest.mark.exercise("resnet-backward", points=3)
def test_your_gradient_passes_through_the_shortcut(answers, rng):
    """Whose result has another shape than x."""
    for x, shape in zip(given(rng, *shapes(rng)), 3 * shapes(rng), strict=True):
        branch, shortcut = Counted(x, shape, rng), Counted(x, shape, rng)
        y_bar = rng.normal(size=shape).astype(x.dtype)
        truth, x_bar = truth_of_pullback(x, branch, shortcut, y_bar)
        y, pullback = answers.residual_pullback(x, branch.pair, shortcut.pair)
        agree(truth, near(x, truth), y)
        agree(x_bar, near(y_bar, x_bar, branch.w), pullback(y_bar))


@pytest.mark.exercise("resnet-backward", points=3)
def test_your_pullbacks_can_be_called_again(answers, rng):
    """Two ȳ after each other, twice, also when other blocks have been called since."""
    cases = []
    for shape in shapes(rng):
        x = rng.normal(size=shape)
        branch, y_bars = Counted(x, shape, rng), rng.normal(size=(2, *shape))
        truth = [truth_of_pullback(x, branch, None, y_bar)[1] for y_bar in y_bars]
        _, pullback = answers.residual_pullback(x, branch.pair)
        cases.append((pullback, y_bars, truth))
    for pullback, y_bars, truth in 2 * cases:
        for y_bar, x_bar in zip(y_bars, truth, strict=True):
            agree(x_bar, near(y_bar, x_bar, x_bar), pullback(y_bar))


@pytest.mark.exercise("resnet-backward", points=3)
def test_your_relu_passes_nothing_at_zero(answers, rng):
    """Where branch and shortcut cancel, x̄ is 0."""
    x = rng.normal(size=(int(rng.integers(3, 9)), 4))
    y_bar = rng.uniform(1, 2, x.shape)
    cancelled = rng.random(x.shape) < 0.5
    f = np.where(cancelled, -x, 1 - x)
    x_bar = np.where(cancelled, 0, 3 * y_bar)
    y, pullback = answers.residual_pullback(x, lambda x: (f, lambda f_bar: 2 * f_bar))
    agree(np.where(cancelled, 0.0, 1.0), near(x), y)
    agree(x_bar, near(y_bar), pullback(y_bar))


@pytest.mark.exercise("resnet-paths", points=3)
def test_your_shares_are_those_of_all_paths(answers, rng):
    """Up to nine blocks, whose 512 paths are added up one by one."""
    for L in rng.permutation(9)[:4] + 1:
        scales = rng.uniform(0.2, 2, L)
        truth = np.zeros(L + 1)
        for taken in product((0, 1), repeat=int(L)):
            truth[sum(taken)] += prod(a for a, on in zip(scales, taken, strict=True) if on)
        truth /= truth.sum()
        agree(truth, {"rtol": 1e-10}, answers.path_shares(scales))


@pytest.mark.exercise("resnet-paths", points=3)
def test_your_shares_are_right_for_many_blocks(answers, rng):
    """Equal branches in up to a hundred blocks: binomial(L, k) aᵏ / (1 + a)ᴸ."""
    for L in rng.integers([30, 60, 80], [50, 80, 101]):
        a = rng.uniform(0.1, 1.5)
        truth = np.array([comb(L, k) * a**k / (1 + a) ** float(L) for k in range(L + 1)])
        agree(truth, {"rtol": 1e-9}, answers.path_shares(np.full(L, a)))


@pytest.mark.exercise("resnet-paths", points=3)
def test_your_shares_are_right_for_unlike_blocks(answers, rng):
    """Some branches are tiny: the mean number of branches is the sum of a / (1 + a)."""
    for L in rng.integers(20, 60, size=3):
        scales = 10.0 ** rng.uniform(-6, 1, L)
        truth = float(np.sum(scales / (1 + scales)))
        none = float(np.prod(1 / (1 + scales)))
        shares = np.asarray(answers.path_shares(scales))
        assert shares.shape == (L + 1,)
        assert_allclose(shares.sum(), 1, rtol=1e-9)
        assert_allclose(shares @ np.arange(L + 1), truth, rtol=1e-9)
        assert_allclose(shares[0], none, rtol=1e-9)


@pytest.mark.exercise("resnet-paths", points=3)
def test_your_network_without_blocks_has_one_path(answers):
    """It takes no branch."""
    agree(np.ones(1), {"rtol": 1e-12}, answers.path_shares(np.zeros(0)))


@pytest.mark.exercise("resnet-variance", points=2)
def test_your_branches_let_the_mean_square_grow_as_asked(answers, rng):
    """(1 + c²) to the power of the number of blocks is the growth."""
    for L in rng.permutation(60)[:8] + 1:
        growth = float(rng.uniform(1.2, 40))
        c = answers.branch_scale(int(L), growth)
        assert np.shape(c) == ()
        assert c > 0
        reached = prod([1 + float(c) ** 2] * int(L))
        close = abs(reached - growth) < 1e-9 * growth
        assert close, "the mean square behind all blocks is not what was asked for"


@pytest.mark.exercise("resnet-variance", points=2)
def test_your_branches_are_small_in_deep_networks(answers, rng):
    """With L blocks and growth e, L c² comes close to 1; from 500 blocks on within 1 / L."""
    for L in rng.integers(500, 5000, size=4).tolist():
        c = float(answers.branch_scale(L, float(np.e)))
        assert 1 < L * c**2 < 1 + 1 / L


@pytest.mark.exercise("resnet-shortcut", points=3)
def test_your_shortcut_takes_pixels_and_appends_zeros(answers, rng):
    """For sizes that the stride divides, and for others."""
    for x in given(rng, (3, 2, 7, 5), (2, 4, 6, 9), (1, 3, 1, 4)):
        C = x.shape[1]
        for F, stride in ((C, 1), (C + int(rng.integers(1, 5)), 2), (C, 3), (C + 2, 1)):
            pixels = x[:, :, ::stride, ::stride]
            truth = np.concatenate([pixels, 0 * pixels[:, :1].repeat(F - C, axis=1)], axis=1)
            y, _ = answers.identity_shortcut(x, F, stride)
            agree(truth, {"rtol": 0}, y)


@pytest.mark.exercise("resnet-shortcut", points=3)
def test_your_gradient_returns_to_the_pixels_that_were_taken(answers, rng):
    """x̄ is ȳ there and 0 elsewhere; two ȳ after each other, twice."""
    for x in given(rng, (3, 2, 7, 5), (2, 4, 6, 9), (1, 3, 1, 4)):
        C, H, W = x.shape[1:]
        for F, stride in ((C, 1), (C + int(rng.integers(1, 5)), 2), (C, 3), (C + 2, 1)):
            P, Q = -(-H // stride), -(-W // stride)
            y_bars = rng.normal(size=(2, len(x), F, P, Q)).astype(x.dtype)
            truth = np.zeros((2, *x.shape))
            for p, q in np.ndindex(P, Q):
                truth[..., p * stride, q * stride] = y_bars[:, :, :C, p, q]
            _, pullback = answers.identity_shortcut(x, F, stride)
            for y_bar, x_bar in 2 * list(zip(y_bars, truth, strict=True)):
                agree(x_bar, {"rtol": 0}, pullback(y_bar))


def counted(n, widths, C, K, *, projection):
    """Count the parameters of a network array by array, from the shapes that they have."""
    arrays = [(widths[0], C, 3, 3), (2, widths[0]), (widths[-1], K), (K,)]
    channels = (widths[0], *(F for F in widths for _ in range(n)))
    for before, F in pairwise(channels):
        arrays += [(F, before, 3, 3), (2, F), (F, F, 3, 3), (2, F)]
        arrays += [(F, before), (2, F)] if projection and before != F else []
    return sum(map(prod, arrays))


@pytest.mark.exercise("resnet-parameters", points=3)
def test_your_count_is_that_of_the_arrays(answers, rng):
    """For drawn widths, two of which may be alike, and for one width alone."""
    for length in (1, 2, 3, 4):
        widths = tuple(int(F) for F in np.sort(rng.integers(2, 40, size=length)))
        for chosen in (widths, (*widths, widths[-1])):
            n, C, K = (int(each) for each in rng.permutation(np.arange(1, 9))[:3])
            for projection in (False, True):
                truth = counted(n, chosen, C, K, projection=projection)
                found = answers.count_parameters(n, chosen, C, K, projection=projection)
                assert np.shape(found) == ()
                assert found == truth


@pytest.mark.exercise("resnet-parameters", points=3)
def test_your_count_has_no_projections_unless_they_are_asked_for(answers, rng):
    """The default; a list of widths will do as well."""
    for widths in ([4, 9], [3, 5, 8]):
        n, C, K = (int(each) for each in rng.permutation(np.arange(1, 9))[:3])
        truth = counted(n, widths, C, K, projection=False)
        same = answers.count_parameters(n, widths, C, K) == truth
        assert same, "without `projection` shortcuts own nothing"


@pytest.mark.exercise("resnet-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {"shares": "resnet-line-4", "mean_square": "resnet-line-3", "counted": "resnet-line-4"}
    truth = [planted(f"resnet.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
