"""Optimizers.  The claims of `book/optim.md`, in the order of the chapter."""

import importlib
from inspect import signature
from itertools import product
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose

# The lines of the page that make one step, what is switched off, what the page calls it.
GATHER = "momentum_velocity"
RECALL = "adam_mean adam_size adam_mean_unbiased adam_size_unbiased"
PAGE = {
    "sgd": ("sgd", "weight_decay sgd", {}, {}),
    "momentum": ("momentum", f"weight_decay {GATHER} momentum", {}, {}),
    "nesterov": ("nesterov", f"weight_decay {GATHER} nesterov", {}, {}),
    "rmsprop inside": (
        "rmsprop", "weight_decay rmsprop_size rmsprop_inside", {"outside": 0.0}, {"eps": "inside"}
    ),
    "rmsprop outside": (
        "rmsprop", "weight_decay rmsprop_size rmsprop_outside", {"inside": 0.0}, {"eps": "outside"}
    ),
    "adam": ("adam", f"weight_decay {RECALL} adam", {"decoupled": 0.0}, {}),
    "adamw": ("adam", f"{RECALL} adamw", {"decay": 0.0}, {"decay": "decoupled"}),
}  # fmt: skip
KERNELS = ("sgd", "momentum", "nesterov", "rmsprop", "adam")
OPTIMIZERS = ("SGD", "Momentum", "Nesterov", "RMSProp", "Adam", "AdamW")
ONE = np.array([[1.0]])


def asked(name):
    """Make a fixture of a module that is loaded when a test asks: the compiler takes a second."""
    return pytest.fixture(scope="module")(lambda: importlib.import_module(name))


optim, kernels = asked("dlcore.train.optim"), asked("dlcore.kernels.optim")
lab, schedule = asked("dlcore.experiments.optim"), asked("dlcore.train.schedule")


def arguments(function, rng, N, dtype=np.float64):
    """Draw what a kernel takes, by name: arrays of N numbers, and constants between 0 and 1."""
    names = signature(function).parameters
    constants = {name: float(rng.uniform(0.1, 0.9)) for name in names} | {"steps": 3}
    arrays = {name: rng.normal(size=N) for name in "wgvm"} | {"s": rng.random(N)}
    drawn = constants | {name: array.astype(dtype) for name, array in arrays.items()}
    return {name: drawn[name] for name in names}


def step(optimizer, w, g):
    """Take one step from the matrix w; return where it leads."""
    params = {"w": np.array(w, dtype=float)}
    optimizer.step(params, {"w": np.array(g, dtype=float)})
    return params["w"]


@pytest.mark.parametrize("case", PAGE)
def test_the_program_says_what_the_page_says(case, kernels, formulas, oracle, rng):
    """Line by line, the formulas give the weights and the memory that the program leaves."""
    twin, lines, off, said = PAGE[case]
    twin = getattr(kernels, f"{twin}_naive")
    given = arguments(twin, rng, 7) | off
    letters = given | {letter: given[name] for letter, name in said.items()}
    letters["i"] = given.get("steps", 0)
    for line in map(formulas.__dict__.get, lines.split()):
        letters[line.lhs.name.replace("g_next", "g")] = oracle.program(line)(**letters)
    twin(*given.values())
    changed = [name for name in "wvms" if name in given]
    for name in changed:
        assert_allclose(given[name], letters[f"{name}_next"], rtol=1e-12)


def test_on_a_parabola_every_step_multiplies_by_one_factor(optim, lab, formulas, oracle, rng):
    """After i steps,  w = (1 - η κ)ⁱ w₀  for the learning rate η and the curvature κ."""
    rate, curvature, w = rng.uniform(0.1, 0.9, size=3)
    walked = lab.path(optim.SGD(rate), lambda w: curvature * w, [w], steps=6)
    says = oracle.program(formulas.sgd_on_a_quadratic)
    page = [says(i=i, w=np.array([w]), rate=rate, curvature=curvature) for i in range(7)]
    assert_allclose(walked[:, 0], page, rtol=1e-12)


@pytest.mark.parametrize("share", [0.98, 1.02])
def test_the_steepest_direction_sets_the_largest_learning_rate(share, optim, lab, rng):
    """Below  2/κ  for the largest curvature κ descent converges, above it diverges."""
    kappa = np.array([0.3, 1.0, 1.7, 4.0])
    turned, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    a = turned @ np.diag(kappa) @ turned.T
    walked = lab.path(optim.SGD(share * 2 / 4.0), lambda w: w @ a, rng.normal(size=4), steps=500)
    far = np.linalg.norm(walked[-1]) / np.linalg.norm(walked[0])
    assert far < 1e-3 if share < 1 else far > 1e3


def test_momentum_gathers_speed_under_a_constant_gradient(optim, lab, formulas, oracle, rng):
    """After i steps from v = 0,  v = -η g (1 - μⁱ)/(1 - μ)."""
    rate, mu, g = rng.uniform(0.1, 0.9, size=3)
    walked = lab.path(optim.Momentum(rate, momentum=mu), lambda w: g + 0 * w, [0.0], steps=8)
    says = oracle.program(formulas.momentum_under_a_constant_gradient)
    page = [says(i=i, rate=rate, momentum=mu, g=g) for i in range(1, 9)]
    assert_allclose(np.diff(walked[:, 0]), page, rtol=1e-12)


def test_momentum_has_a_terminal_velocity(optim, lab, formulas, oracle, rng):
    """In the limit,  v = -η g/(1 - μ)."""
    rate, mu, g = rng.uniform(0.1, 0.9, size=3)
    optimizer = optim.Momentum(rate, momentum=mu)
    lab.path(optimizer, lambda w: g + 0 * w, [0.0], steps=400)
    page = oracle.program(formulas.momentum_limit)(rate=rate, momentum=mu, g=g)
    assert_allclose(optimizer.memory["w"]["v"], page, rtol=1e-12)


def test_nesterov_takes_the_gradient_further_ahead(optim, lab, rng):
    """Put w = u + μ v:  the step is  v ← μ v - η f′(u + μ v),  u ← u + v."""
    gradient, start = lambda w: np.tanh(w) + 0.3 * w, rng.normal(size=5)
    rate, mu = rng.uniform(0.1, 0.9, size=2)
    u, v, ahead = start, np.zeros(5), [start]
    for _ in range(9):
        v = mu * v - rate * gradient(u + mu * v)
        u = u + v
        ahead.append(u + mu * v)
    walked = lab.path(optim.Nesterov(rate, momentum=mu), gradient, start, steps=9)
    assert_allclose(walked, ahead, rtol=1e-12)


@pytest.fixture
def both(optim, formulas, oracle, rng):
    """Walk with the same gradients at the given rates: the form with v, and that with u."""
    gather, move = map(oracle.program, (formulas.momentum_buffer, formulas.momentum_by_buffer))

    def walk(rates, mu=0.7):
        here, there, u, points = ONE, 1.0, 0.0, []
        optimizer = optim.Momentum(0.0, momentum=mu)
        for optimizer.learning_rate, g in zip(rates, rng.normal(size=len(rates)), strict=True):
            here = step(optimizer, here, [[g]])
            u = gather(momentum=mu, u=u, g=g)
            there = move(w=there, rate=optimizer.learning_rate, u_next=u)
            points.append((here.item(), there))
        return np.transpose(points)

    return walk


def test_two_forms_of_momentum_agree_at_a_constant_learning_rate(both):
    """With v = -η u, one form is the other."""
    here, there = both([0.3] * 9)
    assert_allclose(here, there, rtol=1e-12)


def test_a_change_of_the_learning_rate_distinguishes_the_two_forms(both):
    """When η drops to zero, w moves on by μ v, μ² v, … here; in the other form it stops."""
    here, there = both([0.3] * 6 + [0.0] * 3)
    steps_here, steps_there = np.diff(here)[4:], np.diff(there)[4:]
    assert_allclose(steps_here[1:], 0.7 * steps_here[:-1], rtol=1e-9)
    assert_allclose(steps_there[1:], 0.0, atol=0.0)


@pytest.mark.parametrize("inside", [True, False])
def test_the_first_step_of_rmsprop_has_one_length_for_every_gradient(
    inside, optim, formulas, oracle, rng
):
    """Without ε the first step is  η/√(1 - ρ)  long."""
    w, g = rng.normal(size=(1, 6)), np.array([[1e-6, -1e-3, 0.2, -5.0, 1e3, -1e6]])
    optimizer = optim.RMSProp(0.3, rho=0.8, eps=0.0, eps_inside_sqrt=inside)
    page = oracle.program(formulas.rmsprop_first)(w=w, g=g, rate=0.3, rho=0.8)
    assert_allclose(step(optimizer, w, g), page, rtol=1e-12)


@pytest.mark.parametrize("name", ["RMSProp", "Adam"])
def test_rmsprop_and_adam_do_not_depend_on_the_scale_of_the_loss(name, optim, lab, rng):
    """Without ε, the loss 100 f has the same steps as the loss f."""
    make, start = getattr(optim, name), rng.normal(size=5)
    gradient = lambda w: np.tanh(w) + 0.3 * w
    once = lab.path(make(0.05, eps=0.0), gradient, start, steps=20)
    scaled = lab.path(make(0.05, eps=0.0), lambda w: 100 * gradient(w), start, steps=20)
    assert_allclose(scaled, once, rtol=1e-9)


def test_the_two_positions_of_epsilon_differ_by_a_known_factor(kernels, formulas, oracle, rng):
    """The step with ε inside is (√s + ε)/√(s + ε) times the step with ε outside."""
    w, s = rng.normal(size=9), 10.0 ** np.arange(-16, 2, 2)
    g, before = rng.normal(size=9), w.copy()
    kernels.rmsprop_naive(w, g, s, 0.3, 1.0, 1e-8, 0.0, 0.0)  # ρ = 1 keeps s as it is
    page = oracle.program(formulas.rmsprop_places)(rate=0.3, g=g, s=s, eps=1e-8)
    assert_allclose(before - w, page, rtol=1e-6)  # the difference loses digits to w


@pytest.mark.parametrize("exponent", [-8, -12])
def test_the_positions_of_epsilon_agree_for_large_gradients_only(exponent, optim):
    """The quotient of the first steps is 1 for large gradients, and √ε where they vanish."""
    eps, g = 10.0**exponent, np.array([[1e3, 1e-30]])
    inside, outside = (
        step(optim.RMSProp(1.0, eps=eps, eps_inside_sqrt=inside), np.zeros((1, 2)), g)
        for inside in (True, False)
    )
    assert_allclose(inside / outside, [[1.0, np.sqrt(eps)]], rtol=1e-9)


def test_gradient_descent_trains_the_toy_network_as_printed(lab):
    """The loss that two programs printed in step 100, with six decimals."""
    assert_allclose(lab.toy_sgd(0)[0]["loss in step 100"], 0.940686, rtol=0, atol=5e-7)


def test_momentum_trains_the_toy_network_as_printed(lab):
    """Here, too, the two programs printed the same six decimals."""
    assert_allclose(lab.toy_momentum(0)[0]["loss in step 100"], 0.494394, rtol=0, atol=5e-7)


def test_epsilon_inside_the_root_gives_one_printed_loss(lab):
    """The loss of one program is that with  √(s + ε)."""
    assert_allclose(lab.toy_rmsprop_inside(0)[0]["loss in step 100"], 0.439368, rtol=0, atol=5e-7)


def test_epsilon_outside_the_root_gives_the_other_printed_loss(lab):
    """The loss of the other is that with  √s + ε."""
    assert_allclose(lab.toy_rmsprop_outside(0)[0]["loss in step 100"], 0.429848, rtol=0, atol=5e-7)


def test_only_epsilon_makes_the_two_runs_differ(lab, optim):
    """With ε far below the square of every gradient, both positions give the same losses."""
    inside, outside = (
        lab.train_toy(optim.RMSProp(0.1, eps=1e-60, eps_inside_sqrt=inside))[1]["train_loss"]
        for inside in (True, False)
    )
    assert_allclose(inside, outside, rtol=1e-9)


def test_the_running_mean_is_too_small_at_first(optim, lab, formulas, oracle, rng):
    """After i equal gradients g,  m = (1 - βⁱ) g."""
    beta, g = rng.uniform(0.1, 0.9), rng.normal()
    for i in (1, 2, 7):
        optimizer = optim.Adam(0.1, beta1=beta)
        lab.path(optimizer, lambda w: g + 0 * w, [0.0], steps=i)
        page = oracle.program(formulas.adam_mean_under_a_constant_gradient)(i=i, beta1=beta, g=g)
        assert_allclose(optimizer.memory["w"]["m"], page, rtol=1e-12)


def test_the_bias_correction_is_exact_for_a_constant_gradient(optim, lab, formulas, oracle, rng):
    """m/(1 - βⁱ) = g."""
    beta, g = rng.uniform(0.1, 0.9), rng.normal()
    optimizer = optim.Adam(0.1, beta1=beta)
    for i in range(1, 6):
        step(optimizer, ONE, [[g]])
        means = np.full(i + 1, optimizer.memory["w"]["m"].item())
        page = oracle.program(formulas.adam_mean_is_unbiased)(i=i, beta1=beta, m=means)
        assert_allclose(g, page, rtol=1e-12)


def test_the_corrected_mean_has_the_expectation_of_the_gradients(optim, rng):
    """E[mᵢ/(1 - βⁱ)] = E[g],  over all 64 sequences of six gradients that are a or b."""
    beta, *values = rng.uniform(0.1, 0.9, size=3)
    corrected = []
    for gradients in product(values, repeat=6):
        optimizer, w = optim.Adam(0.1, beta1=beta), ONE
        for g in gradients:
            w = step(optimizer, w, [[g]])
        corrected.append(optimizer.memory["w"]["m"].item() / (1 - beta**6))
    assert_allclose(np.mean(corrected), np.mean(values), rtol=1e-12)


def test_the_first_corrected_step_has_the_length_of_the_learning_rate(optim, formulas, oracle, rng):
    """It is  η g/(|g| + ε),  whatever β₁ and β₂ are."""
    w, g = rng.normal(size=(2, 3, 4)) * 10.0 ** np.arange(-4, 0)
    beta1, beta2 = rng.uniform(0.1, 0.9, size=2)
    page = oracle.program(formulas.adam_first)(w=w, g=g, rate=0.3, eps=1e-8)
    optimizer = optim.Adam(0.3, beta1=beta1, beta2=beta2, eps=1e-8)
    assert_allclose(step(optimizer, w, g), page, rtol=1e-12)


def test_under_a_constant_gradient_every_corrected_step_is_as_long_as_the_first(optim, lab):
    """Adam's corrections are exact at every step, not only in the limit."""
    walked = lab.path(optim.Adam(0.3), lambda w: [-2.0, 5.0] + 0 * w, [0.0, 0.0], steps=40)
    assert_allclose(np.diff(walked, axis=0), np.full((40, 2), [0.3, -0.3]), rtol=1e-8)  # ε


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov", "RMSProp", "Adam"])
def test_weight_decay_is_the_gradient_of_the_l2_penalty(name, optim, lab, rng):
    """A step with weight decay δ is a step on  f + δ/2 Σ w²."""
    make, start = getattr(optim, name), rng.normal(size=5)
    decayed = lab.path(make(0.1, weight_decay=0.7), np.tanh, start, steps=12)
    penalized = lab.path(make(0.1), lambda w: np.tanh(w) + 0.7 * w, start, steps=12)
    assert_allclose(decayed, penalized, rtol=1e-12)


def test_descent_with_weight_decay_shrinks_the_weights_first(optim, rng):
    """The step is  w ← (1 - η δ) w - η g  for the learning rate η and weight decay δ."""
    w, g = rng.normal(size=(2, 3, 4))
    there = step(optim.SGD(0.3, weight_decay=0.7), w, g)
    assert_allclose(there, (1 - 0.3 * 0.7) * w - 0.3 * g, rtol=1e-12)


def test_the_first_step_of_adam_does_not_depend_on_the_strength_of_a_penalty(optim, rng):
    """Where g = 0, a hundred times the weight decay makes the same first step."""
    w = rng.normal(size=(3, 4))
    weak, strong = (step(optim.Adam(0.1, eps=0.0, weight_decay=d), w, 0 * w) for d in (0.01, 1.0))
    assert_allclose(weak, strong, rtol=1e-12)
    assert_allclose(np.abs(weak - w), 0.1, rtol=1e-12)


def test_decoupled_weight_decay_shrinks_the_weights_whatever_the_gradient(optim, rng):
    """AdamW steps as Adam does, and besides by  -η δ w."""
    w, g = rng.normal(size=(2, 3, 4))
    g *= [[1e-3], [1.0], [1e3]]
    plain, decayed = step(optim.Adam(0.1), w, g), step(optim.AdamW(0.1, weight_decay=0.7), w, g)
    assert_allclose(decayed - plain, -0.1 * 0.7 * w, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_applies_to_the_weights_that_are_named(name, optim):
    """With gradient zero all others stay, whatever their shape; without names, all decay."""
    shapes = {"w": (2, 3), "filter": (3,), "b": (3,), "row": (1, 3)}
    params = {key: np.ones(shape) for key, shape in shapes.items()}
    zero = {key: np.zeros(shape) for key, shape in shapes.items()}
    getattr(optim, name)(0.1, weight_decay=0.7).step(params, zero, weights=("w", "filter"))
    assert all((params[key] < 1).all() for key in ("w", "filter"))
    assert all((params[key] == 1).all() for key in ("b", "row"))
    getattr(optim, name)(0.1, weight_decay=0.7).step(params, zero)
    assert all((param < 1).all() for param in params.values())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("exponential", {"factor": 0.6}),
        ("cosine", {"last": 0.2}),
        ("one_cycle", {"warmup": 0.3, "start": 0.1}),
    ],
)
def test_the_schedule_says_what_the_page_says(name, options, schedule, formulas, oracle, rng):
    """The factor of the learning rate, at random moments of a training."""
    factor, says = getattr(schedule, name)(**options), oracle.program(getattr(formulas, name))
    for progress, epoch in zip(rng.random(20), range(20), strict=True):
        page = says(progress=progress, epoch=epoch, **options)
        assert_allclose(factor(progress, epoch), page, rtol=1e-12)


def test_one_cycle_rises_to_one_and_falls_to_zero(schedule):
    """It begins at a, reaches 1 without a jump when the warm-up ends, and ends at 0."""
    factor = schedule.one_cycle(warmup=0.3, start=0.2)
    at = [factor(progress, 0) for progress in (0.0, 0.3 - 1e-9, 0.3, 0.3 + 1e-9, 1.0)]
    assert_allclose(at, [0.2, 1, 1, 1, 0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_nesterov_diverges_first_then_descent_then_momentum(share, optim, lab):
    """On curvatures 1 and 20:  ηκ < 2 (1 + μ) / (1 + 2 μ),  2  and  2 (1 + μ)  are the limits."""
    steep, mu = np.array([1.0, 20.0]), 0.9
    limits = {"Nesterov": 2 * (1 + mu) / (1 + 2 * mu), "SGD": 2.0, "Momentum": 2 * (1 + mu)}
    assert list(limits.values()) == sorted(limits.values())
    for name, limit in limits.items():
        options = {} if name == "SGD" else {"momentum": mu}
        optimizer = getattr(optim, name)(share * limit / steep.max(), **options)
        ends = lab.path(optimizer, lambda w: steep * w, [-2.5, 1.2], 3000)[[0, -1]]
        grown = np.abs(ends[1]) / np.abs(ends[0])
        assert (grown < 1e-3).all() if share < 1 else grown[1] > 1e3


@pytest.mark.parametrize("name", ["RMSProp", "Adam"])
def test_rmsprop_and_adam_stay_near_a_minimum_at_large_learning_rates(name, optim, lab):
    """On curvatures 1 and 20, up to η = 0.5: two hundred steps leave f a thousandth at most."""
    steep = np.array([1.0, 20.0])
    for rate in (0.1, 0.2, 0.3, 0.5):
        optimizer = getattr(optim, name)(rate)
        walked = lab.path(optimizer, lambda w: steep * w, [-2.5, 1.2], 200)
        heights = (walked**2 * steep).sum(axis=1) / 2
        assert heights[-1] < heights[0] / 1000
        assert np.abs(walked).max() < 6


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain Python"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", KERNELS)
def test_the_kernel_computes_the_definition(name, dtype, compiled, kernels, rng):
    """One entry at a time or one line at a time: weights and memory end up the same."""
    kernel, twin = getattr(kernels, name), getattr(kernels, f"{name}_naive")
    kernel = kernel if compiled else getattr(kernel, "py_func", kernel)
    for N in (1, 17):
        given = arguments(twin, rng, N, dtype)
        copies = {key: np.copy(value) if key in "wgvms" else value for key, value in given.items()}
        kernel(*given.values())
        twin(*copies.values())
        for key in set("wgvms") & given.keys():  # a dozen roundings, none amplified
            scale = 1 + np.abs(copies[key]).max()
            assert_allclose(given[key], copies[key], rtol=0, atol=16 * np.finfo(dtype).eps * scale)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_restored_optimizer_takes_the_same_steps(name, optim, rng):
    """Stopped after three steps and restored in another object, it takes the same next steps."""
    make, gradients = getattr(optim, name), rng.normal(size=(7, 3, 4))
    first, second = make(0.1, weight_decay=0.2), make(0.5, weight_decay=0.2)
    w = rng.normal(size=(3, 4))
    for g in gradients[:3]:
        w = step(first, w, g)
    state, here, there = first.state(), w, w
    for g in gradients[3:]:
        here = step(first, here, g)
    second.restore(state)
    for g in gradients[3:]:
        there = step(second, there, g)
    np.testing.assert_array_equal(here, there)


def still(array):
    """Return an array that nobody may write to."""
    array.flags.writeable = False
    return array


def shapes(rng):
    """Draw shapes of one, two and three axes, no two sizes of them alike, and a single number."""
    N, D, M = map(int, rng.permutation([2, 3, 5, 7])[:3])
    return [(N, D), (M,), (M, N, D), (1,)]


def given(rng, shape, *scales, dtype=float):
    """Draw arrays that nobody may write to, one for each scale."""
    return [still((scale * rng.normal(size=shape)).astype(dtype)) for scale in scales]


def drawn(rng, *scales):
    """List such arrays in several shapes, and some of floats of four bytes."""
    small = given(rng, (3, 4), *scales, dtype=np.float32)
    return [*(given(rng, shape, *scales) for shape in shapes(rng)), small]


def entrywise(law, *arrays):
    """Apply a law to entry after entry, in floats of eight bytes."""
    entries = zip(*(array.astype(float).ravel().tolist() for array in arrays), strict=True)
    return np.reshape([law(*each) for each in entries], arrays[0].shape)


def near(array):
    """Allow for roundings of floats like those of an array."""
    eps = float(np.finfo(array.dtype).eps)
    return {"rtol": 2e4 * eps, "atol": 2e3 * eps}


def agree(mine, wanted, *, like):
    """Compare shapes, and numbers as far as roundings of floats like those of an array allow."""
    assert np.shape(mine) == np.shape(wanted)
    assert_allclose(mine, wanted, **near(like))


@pytest.mark.exercise("optim-sgd", points=1)
def test_descent_steps_against_the_gradient(answers, rng):
    """Every entry moves by -rate · g; the arrays that were given stay as they were."""
    for w, g in drawn(rng, 1.0, 9.0):
        for rate in (*rng.uniform([0.01, 1.5], [0.9, 4.0]), 0.0):
            wanted = entrywise(lambda w, g, rate=rate: w - rate * g, w, g)
            agree(answers.sgd(w, g, rate), wanted, like=w)
        steep, rate = still(1e4 * g), rng.uniform(1e-4, 4e-4)
        wanted = entrywise(lambda w, g, rate=rate: w - rate * g, w, steep)
        agree(answers.sgd(w, steep, rate), wanted, like=w)


def rolled(w, g, v, rate, mu):
    """Return weights and velocity of momentum after a step."""
    velocity = entrywise(lambda g, v: mu * v - rate * g, g, v)
    return w + velocity, velocity


@pytest.mark.exercise("optim-momentum", points=2)
def test_a_ball_keeps_a_part_of_its_velocity(answers, rng):
    """The next velocity is  momentum v - rate g,  entry by entry."""
    for w, g, v in drawn(rng, 1.0, 3.0, 1.0):
        momenta = (*rng.random(2), 0.0, rng.uniform(0.991, 0.999))
        for rate, mu in zip(rng.uniform(0.05, 3.0, size=4), momenta, strict=True):
            _, velocity = rolled(w, g, v, rate, mu)
            agree(answers.momentum(w, g, v, rate, mu)[1], velocity, like=w)


@pytest.mark.exercise("optim-momentum", points=2)
def test_a_ball_moves_by_its_next_velocity(answers, rng):
    """The weights move by v as it is after the push, in one step after the other."""
    for there, *gradients in drawn(rng, 1.0, 1.0, 3.0, 0.1):
        w = v = still(np.zeros_like(there))
        for g in gradients:
            rate, mu = rng.uniform(0.05, 3.0), rng.random()
            wanted, velocity = rolled(w, g, v, rate, mu)
            w, v = answers.momentum(w, g, v, rate, mu)
            agree(w, wanted, like=there)
            agree(v, velocity, like=there)
            w, v = map(still, (wanted.astype(there.dtype), velocity.astype(there.dtype)))


def recent(rng):
    """Draw weights, gradients and sizes of every magnitude, with a rate, a rho and an eps."""
    for w, g, s in drawn(rng, 1.0, 0.1, 0.1):
        size = still(s**2)
        yield w, g, size, rng.uniform(0.05, 3.0), rng.uniform(0.1, 0.95), rng.uniform(1e-3, 1e-1)
        nothing = still(np.zeros_like(w))
        yield w, nothing, nothing, rng.uniform(0.05, 3.0), rng.random(), rng.uniform(1e-3, 1e-1)


@pytest.mark.exercise("optim-rmsprop", points=3)
def test_the_recent_size_counts_the_latest_gradient(answers, rng):
    """The next size is  rho s + (1 - rho) g²,  entry by entry."""
    for w, g, s, rate, rho, eps in recent(rng):
        wanted = entrywise(lambda g, s, rho=rho: rho * s + (1 - rho) * g**2, g, s)
        for place in ("inside", "outside"):
            agree(answers.rmsprop(w, g, s, rate, rho, eps, place)[1], wanted, like=w)


@pytest.mark.exercise("optim-rmsprop", points=3)
@pytest.mark.parametrize("place", ["inside", "outside"])
def test_epsilon_stands_where_it_is_asked_for(place, answers, rng):
    """Seen on gradients of the size of √ε or below, and with a size that was gathered before."""
    for w, g, s, rate, rho, eps in recent(rng):
        size = entrywise(lambda g, s, rho=rho: rho * s + (1 - rho) * g**2, g, s)
        under = np.sqrt(size + eps) if place == "inside" else np.sqrt(size) + eps
        there, _ = answers.rmsprop(w, g, s, rate, rho, eps, place=place)
        agree(there, w - rate * g / under, like=w)


@pytest.mark.exercise("optim-rmsprop", points=3)
def test_epsilon_stands_inside_by_default(answers, rng):
    """Without a place,  w ← w - rate g / √(s + eps)."""
    for w, g, s, rate, rho, eps in recent(rng):
        size = entrywise(lambda g, s, rho=rho: rho * s + (1 - rho) * g**2, g, s)
        there, _ = answers.rmsprop(w, g, s, rate, rho, eps)
        agree(there, w - rate * g / np.sqrt(size + eps), like=w)


def adams(w, g, m, s, rate, beta1, beta2, eps, steps):
    """Return weights and memories of one entry after a step."""
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g
    mean, size = m / (1 - beta1**steps), s / (1 - beta2**steps)
    return w - rate * mean / (size**0.5 + eps), m, s


def betas(rng):
    """Draw a rate, two forgetful memories, and an eps that can be seen."""
    return rng.uniform([0.05, 0.1, 0.2, 1e-3], [3.0, 0.95, 0.99, 1e-1]).tolist()


@pytest.mark.exercise("optim-adam", points=3)
def test_adam_steps_as_its_formulas_say(answers, rng):
    """Four steps of one weight after the other, with gradients of very different sizes."""
    constants = betas(rng)
    for shape in shapes(rng):
        w, *gradients = given(rng, shape, 1.0, 1.0, 1e-3, 1e2, 1.0)
        there, m, s = w, *np.zeros((2, *shape))
        for i, g in enumerate(gradients, 1):
            there, m, s = map(np.asarray, answers.adam(there, g, m, s, *constants, i))
        assert {there.shape, m.shape, s.shape} == {shape}
        for at in np.ndindex(shape):
            wanted = w[at], 0.0, 0.0
            for i, g in enumerate(gradients, 1):
                wanted = adams(wanted[0], g[at], *wanted[1:], *constants, i)
            assert_allclose([there[at], m[at], s[at]], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.exercise("optim-adam", points=3)
def test_adam_can_start_anywhere(answers, rng):
    """One step from any memories, after any number of steps, with constants of every kind."""
    for w, g, m, root in drawn(rng, 1.0, 0.1, 0.1, 0.1):
        s = still(root**2)
        for steps in (1, *map(int, rng.integers([2, 9, 2000], [9, 60, 4000]))):
            constants = betas(rng)
            if steps > 60:  # a memory that is so long
                constants[2] = 1 - rng.uniform(0.3, 0.6) / steps
            law = lambda *each, last=(*constants, steps): adams(*each, *last)
            wanted = np.moveaxis(entrywise_three(law, w, g, m, s), -1, 0)
            for mine, true in zip(answers.adam(w, g, m, s, *constants, steps), wanted, strict=True):
                agree(mine, true, like=w)


def entrywise_three(law, *arrays):
    """Apply a law that returns three numbers; the last axis holds them."""
    entries = zip(*(array.astype(float).ravel().tolist() for array in arrays), strict=True)
    return np.reshape([law(*each) for each in entries], (*arrays[0].shape, 3))


@pytest.mark.exercise("optim-adam", points=3)
def test_adam_leaves_its_arrays_alone(answers, rng):
    """A step returns fresh arrays: the weights and memories that were given can be used again."""
    w, g, m, s = given(rng, (3, 5), 1.0, 1.0, 1.0, 0.0)
    constants = betas(rng)
    first, again = (answers.adam(w, g, m, s, *constants, 2) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.exercise("optim-nesterov", points=2)
def test_the_slope_is_taken_once_and_ahead(answers, rng):
    """It is looked up at  w + momentum v,  and nowhere else."""
    for w, v in drawn(rng, 1.0, 3.0):
        asked, (rate, mu) = [], rng.uniform(0.1, [3.0, 0.95])
        answers.nesterov(w, v, lambda at, asked=asked: asked.append(at) or np.cos(at), rate, mu)
        assert_allclose(asked, [w + mu * v], **near(w))


@pytest.mark.exercise("optim-nesterov", points=2)
def test_the_gradient_ahead_changes_the_velocity(answers, rng):
    """The ball moves by  momentum v - rate · slope,  entry by entry."""
    for w, v in drawn(rng, 1.0, 3.0):
        for mu in (*rng.uniform(0.1, 0.95, size=2), 0.0):
            rate, a, b = rng.uniform(0.1, 3.0, size=3)
            bowl = lambda at, a=a, b=b: a * at + b * np.sin(at)
            ahead = mu * v.astype(float) + w
            velocity = mu * v - rate * bowl(ahead)
            there, moved = answers.nesterov(w, v, bowl, rate, mu)
            agree(moved, velocity, like=w)
            agree(there, w + velocity, like=w)


def bowl(rng, curvatures):
    """Turn a bowl of some curvatures at random."""
    turned, _ = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))
    a = turned @ np.diag(curvatures) @ turned.T
    return (a + a.T) / 2


@pytest.mark.exercise("optim-divergence", points=2)
def test_the_critical_rate_parts_convergence_from_divergence(answers, rng):
    """One in a hundred below it, a thousand steps lead home; one above, they lead away."""
    for D in (1, 2, int(rng.integers(3, 8))):
        a, start = bowl(rng, rng.uniform(0.5, 4.0, size=D)), rng.normal(size=D)
        for share in (0.99, 1.01):
            w, rate = start, share * answers.critical_rate(a)
            with np.errstate(all="ignore"):
                for _ in range(1000):
                    w = w - rate * (w @ a)
                far = np.linalg.norm(w) / np.linalg.norm(start)
            assert far < 0.1 if share < 1 else far > 10


@pytest.mark.exercise("optim-divergence", points=2)
def test_the_largest_curvature_alone_decides(answers, unchanged, rng):
    """The critical rate is 2 over it, for flat bowls and steep ones, round ones and turned ones."""
    for scale in 10.0 ** rng.uniform([-3, -1, 1], [-1, 1, 3]):
        for D in rng.integers(2, 9, size=3):
            curvatures = scale * rng.permutation([1.0, *rng.uniform(0.1, 0.9, size=D - 1)])
            for bottom in (curvatures, np.full(D, curvatures[0])):
                a = bowl(rng, bottom)
                rate = unchanged(answers.critical_rate, a)
                assert np.shape(rate) == ()
                assert_allclose(rate, 2 / bottom.max(), rtol=1e-5)


@pytest.mark.exercise("optim-divergence", points=2)
def test_the_steepest_direction_may_lie_anywhere(answers, rng):
    """Along a later axis, and where the sum of the entries is zero."""
    low, high = rng.uniform([0.5, 1.5], [1.4, 4.0])
    diagonal = np.diag([low, high, low / 2])
    middle, apart = (high + low) / 2, (high - low) / 2
    for a in (diagonal, np.array([[middle, -apart], [-apart, middle]])):
        assert_allclose(answers.critical_rate(a), 2 / high, rtol=1e-5)


def watched(law):
    """Make optimizers with a memory out of a law  (v, w, g, rate, μ, i) ↦ (next v, step)."""

    def make(momentum):
        memory = [0.0, 0]

        def step(w, g, rate):
            v, move = law(memory[0], w, g, rate, momentum, memory[1])
            memory[:] = v, memory[1] + 1
            return w + move

        return step

    return make


def pushed(v, g, rate, mu):
    """The velocity after a push, twice: to be kept, and to be moved by."""
    return (mu * v - rate * g,) * 2


def scaled(by):
    """Momentum that keeps a multiple of its velocity."""

    def law(v, w, g, rate, mu, i):
        kept = mu * v - by * rate * g
        return kept, kept / by

    return law


def dulled(factor, last):
    """Momentum that multiplies one entry of its velocity, the last or the first."""

    def law(v, w, g, rate, mu, i):
        factors = np.ones(np.size(g))
        factors[-1 if last else 0] = factor
        return pushed(factors.reshape(np.shape(g)) * v, g, rate, mu)

    return law


def with_past(law):
    """Keep the rates of all steps, for a law that needs them; each optimizer has its own."""

    def make(momentum):
        rates = []
        inner = watched(lambda v, w, g, rate, mu, i: law(v, g, rates, mu))(momentum)

        def step(w, g, rate):
            rates.append(rate)
            return inner(w, g, rate)

        return step

    return make


def added_up(momentum):
    """Momentum without a velocity: it adds all pushes, each times a power of the momentum."""
    pushes = []

    def step(w, g, rate):
        pushes.append(-rate * g)
        weights = momentum ** np.arange(len(pushes))[::-1]
        return w + sum(weight * push for weight, push in zip(weights, pushes, strict=True))

    return step


def right_optimizers(rng):
    """List some that are momentum, and add up in other orders."""
    factors = rng.choice([-1, 1], size=4) * 10.0 ** rng.uniform(-2, 2, size=4)
    found = [watched(scaled(by)) for by in (1.0, *factors[: rng.integers(2, 5)])]
    return [*found, added_up]


def wrong_optimizers(rng):
    """List imitations: some are right while the rate stays, in most entries, for some steps."""
    only, share, late = rng.uniform(0.2, 0.95), rng.uniform(0.01, 0.05), rng.integers(4, 6)
    laws = [
        lambda v, w, g, rate, mu, i: (v, -rate * g),  # no memory
        lambda v, w, g, rate, mu, i: (mu * v + rate * g,) * 2,  # uphill
        lambda v, w, g, rate, mu, i: (mu * v - rate * g, v),  # a step behind
        lambda v, w, g, rate, mu, i: (mu * v - rate * g, mu * (mu * v - rate * g) - rate * g),
        lambda v, w, g, rate, mu, i: (mu * v - g, rate * (mu * v - g)),  # the rate of today
        lambda v, w, g, rate, mu, i: pushed(v, (1 - mu) * g, rate, mu),  # a mean
        lambda v, w, g, rate, mu, i: pushed(v, (1 - mu * (i > 0)) * g, rate, mu),  # after the first
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, 0.9),  # one momentum for all
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, 0.5),
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, 0.99),
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, only),
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, mu * (1 - share)),  # too little momentum
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, mu * i / (i + 1)),  # it warms up
        lambda v, w, g, rate, mu, i: pushed(v, 1.01 * g, rate, mu),
        lambda v, w, g, rate, mu, i: pushed(v * (i != late), g, rate, mu),  # forgetful
        lambda v, w, g, rate, mu, i: pushed(v, g * (1 + share * (i == 9 - late)), rate, mu),
        lambda v, w, g, rate, mu, i: pushed(v, np.sign(g), rate, mu),  # slope without size
        lambda v, w, g, rate, mu, i: pushed(v, g, rate, mu * (v * g < 0)),  # never backwards
        lambda v, w, g, rate, mu, i: pushed(v, g + share * w, rate, mu),  # a penalty
        lambda v, w, g, rate, mu, i: pushed(v, np.mean(g) + 0 * g, rate, mu),  # one slope for all
        dulled(1 - share, last=True),
        dulled(1 - share, last=False),
    ]  # fmt: skip
    first = lambda v, g, rates, mu: pushed(v, g, rates[0], mu)
    before = lambda v, g, rates, mu: pushed(v, g, rates[-2:][0], mu)
    return [watched(law) for law in laws] + [with_past(law) for law in (first, before)]


@pytest.mark.exercise("optim-prove", points=3)
def test_momentum_is_distinguished_from_its_imitations(answers, rng):
    """Also one that adds up in another order; and what is wrong only when the rate changes."""
    cases = [(make, True) for make in right_optimizers(rng)]
    cases += [(make, False) for make in wrong_optimizers(rng)]
    makes, truth = zip(*(cases[i] for i in rng.permutation(len(cases))), strict=True)
    said = [answers.is_momentum(make, rng) for make in makes]
    assert all(np.shape(each) == () for each in said), "return True or False"
    right = all(map(np.equal, said, truth))
    assert right, "a verdict is wrong"


@pytest.mark.exercise("optim-prove", points=3)
def test_your_judge_draws_from_the_generator_that_is_given(answers, seed_decides):
    """The same seed takes the same steps, another seed takes others."""

    def tried(generator):
        steps = []
        step = lambda w, g, rate: (steps.append([*np.ravel(w), *np.ravel(g), rate]), w)[1]
        answers.is_momentum(lambda momentum: step, generator)
        return steps[:1]

    seed_decides(tried)


@pytest.mark.exercise("optim-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "largest_rate": "optim-line-10",
        "two_steps": "optim-line-28",
        "first_of_adam": "optim-line-3",
    }
    truth = [planted(f"quadratic.optim.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
