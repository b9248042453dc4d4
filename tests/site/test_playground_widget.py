"""Networks that are trained in the page: whole without a script, and in step with dlcore."""

import importlib
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.nn import named_parameters
from dlcore.ops.loss import cross_entropy
from dlcore.train import Adam, Momentum, loss_and_grads
from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
STEP = """([layers, x, t, kind, rate, steps]) => {
  const network = new DenseNetwork(layers);
  const optimizer = new PlaygroundOptimizer(kind, rate);
  const scores = network.scores(x);
  const { loss, grads } = network.lossAndGrads(x, t);
  for (let step = 0; step < steps; step += 1) {
    optimizer.step(network.layers, network.lossAndGrads(x, t).grads);
  }
  return { scores, loss, grads, after: network.layers };
}"""


@pytest.fixture(scope="module")
def helper():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.playground")


@pytest.fixture(scope="module")
def figure(helper):
    """The playground, as it stands on the page."""
    return helper.train_networks(alt="Regions & a curve.", caption="Train it.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Play", figure, "controls", "dense-network", "playground")


def layers_of(params):
    """Pair weights and biases, layer by layer, as the script holds them."""
    arrays = [np.array(w).tolist() for w in params.values()]
    return [{"w": w, "b": b} for w, b in zip(arrays[::2], arrays[1::2], strict=True)]


def assert_layers(found, params, rtol):
    """Compare the layers of the script with parameters, or with gradients, of dlcore."""
    for layer, wanted in zip(found, layers_of(params), strict=True):
        for name, w in wanted.items():
            assert_allclose(layer[name], w, rtol=rtol, atol=rtol)


def test_the_playground_is_whole_before_any_script(figure, helper):
    """Both classes have their region, the curve all losses; dlcore's networks are right."""
    root = ElementTree.fromstring(figure._repr_html_().partition("<script")[0] + "</figure>")
    paths = {path.get("class"): path.get("d") for path in root.iter("path")}
    assert all(paths[f"{kind} k{k}"] for kind in ("region", "points") for k in (0, 1))
    assert paths["curve"].count("L") == helper.STEPS - 1
    for name, (model, _) in figure.trained.items():
        x, t = figure.data[name]
        assert x.shape == (helper.N, 2)
        assert helper.count_right(model, x, t) >= 0.99 * helper.N, name


def test_a_linear_classifier_fits_only_the_gaussians(figure, helper):
    """The other three data sets need a hidden layer: each keeps a tenth of its points wrong."""
    for name, (x, t) in figure.data.items():
        model, _ = helper.train(x, t, 0, 0)
        share = helper.count_right(model, x, t) / helper.N
        assert share == 1 if name == "two Gaussians" else share < 0.9, name


def test_a_playground_without_words_is_refused(helper):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        helper.train_networks(alt="")


@pytest.mark.site
def test_without_a_script_a_trained_network_is_there(browser, address):
    """With JavaScript off: the map, the loss, the table, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert all(svg.is_visible() for svg in tab.locator("figure svg").all())
        assert tab.locator("figure tbody tr").count() == 4
        assert tab.locator("figure :is(input, select, button)").count() == 0


@pytest.mark.site
@pytest.mark.parametrize(("kind", "optimizer"), [("Adam", Adam), ("momentum", Momentum)])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_the_page_trains_as_dlcore_does(browser, address, helper, rng, kind, optimizer, layers):
    """Scores, loss, gradients, and the parameters after one step and after seven."""
    x, t = rng.normal(size=(9, 2)), rng.integers(2, size=9)
    with test_site.opened(browser, address) as tab:
        for steps in (1, 7):
            model = helper.dense(layers, 5, rng=rng)
            params = named_parameters(model)
            start = layers_of(params)
            found = tab.evaluate(STEP, [start, x.tolist(), t.tolist(), kind, 0.05, steps])
            loss, grads = loss_and_grads(model, cross_entropy, x, t)
            assert_allclose(found["scores"], model(x), rtol=1e-12, atol=1e-12)
            assert_allclose(found["loss"], loss, rtol=1e-12)
            assert_layers(found["grads"], {name: grads[name] for name in params}, 1e-12)
            trainer = optimizer(0.05)
            for _ in range(steps):
                trainer.step(params, loss_and_grads(model, cross_entropy, x, t)[1])
            assert_layers(found["after"], params, 1e-7)


@pytest.mark.site
def test_the_script_draws_a_network_as_the_page_does(browser, address, figure, helper):
    """The regions, the points and the loss of the trained network have the same paths."""
    draw = """([layers, losses]) => {
      const figure = document.querySelector("figure.playground");
      const before = [...figure.querySelectorAll("path")].map((path) => path.getAttribute("d"));
      const play = new Playground(figure);
      play.begin();
      play.network = new DenseNetwork(layers);
      play.losses = losses;
      play.show();
      const after = [...figure.querySelectorAll("path")].map((path) => path.getAttribute("d"));
      return before.map((d, n) => d === after[n]);
    }"""
    layers = layers_of(named_parameters(figure.model))
    with test_site.opened(browser, address) as tab:
        assert all(tab.evaluate(draw, [layers, figure.losses]))
        assert tab.get_by_role("status").text_content() == figure.text


@pytest.mark.site
def test_drawn_weights_depend_on_the_seed_only(browser, address):
    """Two generators with one seed agree; the normal numbers have mean zero and variance one."""
    draw = """(seed) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 20000 }, () => random.normal());
    }"""
    with test_site.opened(browser, address) as tab:
        one, same, other = (np.array(tab.evaluate(draw, seed)) for seed in (1, 1, 2))
        order = tab.evaluate("new SeededRandom(3).permutation(50)")
    assert (one == same).all()
    assert not (one == other).any()
    assert abs(one.mean()) < 4 / np.sqrt(one.size)
    assert abs(one.var() - 1) < 4 * np.sqrt(2 / one.size)
    assert sorted(order) == [*range(50)]


@pytest.mark.site
def test_train_fits_the_chosen_data(browser, address, helper):
    """By keyboard: the circle, in small batches; training ends by itself, with all points right."""
    with test_site.opened(browser, address) as tab:
        for name, choice in (("data set", "circle"), ("hidden layers", "1"), ("batch", "40")):
            tab.get_by_label(name).select_option(choice)
        tab.get_by_role("button", name="One step").press("Enter")
        assert tab.get_by_role("status").text_content().startswith("After 1 step:")
        tab.get_by_role("button", name="New weights").press("Enter")
        assert tab.get_by_role("status").text_content().startswith("After 0 steps:")
        tab.get_by_role("button", name="Train").press("Enter")
        tab.get_by_role("button", name="Train").wait_for()
        text = tab.get_by_role("status").text_content()
        assert text.startswith(f"After {helper.STEPS} steps:")
        assert f" {helper.N} of {helper.N} " in text
        assert not tab.complaints


@pytest.mark.site
def test_training_can_be_paused(browser, address):
    """Pressed twice, the button says again what it does, and no step is taken."""
    names = """button => [1, 2].map(() => { button.click(); return button.textContent; })"""
    with test_site.opened(browser, address) as tab:
        button = tab.get_by_role("button", name="Train")
        assert button.evaluate(names) == ["Pause", "Train"]
        tab.wait_for_timeout(200)  # milliseconds, in which a frame would be drawn
        assert tab.get_by_role("status").text_content().startswith("After 0 steps:")


@pytest.mark.site
def test_the_playground_fits_a_telephone(browser, address):
    """At 390 pixels nothing scrolls sideways."""
    with test_site.opened(browser, address, viewport={"width": 390, "height": 800}) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.site
def test_axe_finds_nothing_in_the_playground(browser, address):
    """No rule of axe-core is broken, at rest or after a step."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_role("button", name="One step").press("Enter")
