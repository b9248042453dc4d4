"""A race of optimizers: whole without a script, and its steps are those of the library."""

import importlib
from itertools import combinations, product
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
FOLLOW = """([name, place, start, rate, steps]) => {
    const { race } = document.querySelector("figure");
    return race.follow(name, FUNCTIONS[place].slope, start, rate, steps);
}"""
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
AGREE = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def race():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.optimizer_race")


@pytest.fixture(scope="module")
def figure(race):
    """The race, as it stands on the page."""
    return race.race_optimizers(alt="Five paths.", caption="Five & one.")


@pytest.fixture(scope="module")
def address(figure, tmp_path_factory):
    """The address of a page with nothing but the figure."""
    folder = tmp_path_factory.mktemp("race")
    return write_page(folder, "Race", figure, "controls", "optimizer-race")


def read(text):
    """Read a number as it is written for a reader; NaN where there is none."""
    if text in ("–", "diverged"):
        return np.nan
    return float(text.replace("−", "-").replace("·10", "e").translate(RAISED))


def table(tab):
    """Read the table as a reader sees it: x, y and f of each optimizer."""
    rows = tab.locator("figure tbody tr").all()
    return np.array(
        [[read(cell) for cell in row.locator("td").all_text_contents()] for row in rows]
    )


def expected(race, landscape, start, rate, steps):
    """Compute what the table holds, as the optimizers of dlcore do."""
    found = []
    for name in race.OPTIMIZERS:
        w = race.follow(name, landscape, start, rate, steps)[-1]
        there = (np.abs(w) <= race.LOST).all()
        found.append([*w, landscape.height(*w)] if there else [np.nan] * 3)
    return np.array(found)


def set_sliders(tab, race, start, rate, steps):
    """Move the sliders of the start, the learning rate and the steps."""
    for name, value in (
        ("learning rate", race.RATES.index(rate)),
        ("steps", steps),
        ("start, x", start[0]),
        ("start, y", start[1]),
    ):
        tab.get_by_role("slider", name=name).fill(f"{value:g}")


def test_no_letter_covers_another_where_all_paths_end_in_one_point(race):
    """The discs are further apart than they are wide."""
    ends = [race.end(i, name, (0.0, 0.0)) for i, name in enumerate(race.OPTIMIZERS)]
    discs = [ElementTree.fromstring(end).find("g") for end in ends]
    places = [[float(x) for x in disc.get("transform")[10:-1].split()] for disc in discs]
    radius = float(discs[0].find("circle").get("r"))
    for one, other in combinations(np.array(places), 2):
        assert np.linalg.norm(one - other) > 2 * radius


def test_a_race_is_whole_before_any_script(figure, race):
    """Every optimizer has a path, an end and a row; one map is shown; the lowest is said."""
    root = ElementTree.fromstring(figure._repr_html_().partition("<script")[0] + "</figure>")
    first = race.LANDSCAPES[0]
    rows = [[read(cell.text) for cell in row.findall("td")] for row in root.iter("tr")][1:]
    values = expected(race, first, first.start, first.rate, race.STEPS)
    assert_allclose(rows, values, rtol=0.06, atol=0.00051)  # three decimals, or two digits
    lines = [path for path in root.iter("path") if path.get("class", "").startswith("line")]
    assert [len(line.get("d").split("L")) for line in lines] == [race.STEPS + 1] * 5
    maps = [group for group in root.iter("g") if group.get("class") == "map"]
    assert [group.get("display") for group in maps] == ["inline", "none", "none"]
    best = list(race.OPTIMIZERS)[values[:, 2].argmin()]
    assert figure.text.startswith(f"After {race.STEPS} steps: {best} is lowest, with f = ")


def test_the_gradients_of_the_race_are_those_of_its_functions(race, rng):
    """Central differences at random points, and gradient zero at every minimum."""
    for each in race.LANDSCAPES:
        w, h = rng.uniform(-2, 2, size=2), 1e-5
        ends = [(each.height(*(w + h * e)), each.height(*(w - h * e))) for e in np.eye(2)]
        assert_allclose(each.slope(w), [(up - down) / (2 * h) for up, down in ends], rtol=1e-6)
        assert all((each.slope(np.array(point)) == 0).all() for point in each.minima)


def test_no_optimizer_leaves_the_axis_of_the_saddle(race):
    """From its horizontal axis, at every learning rate, all five stay on it."""
    for name, rate in product(race.OPTIMIZERS, race.RATES):
        assert (
            race.follow(name, race.LANDSCAPES[1], (-2.5, 0.0), rate, race.MOST)[:, 1] == 0
        ).all()


def test_momentum_is_ahead_in_the_curved_valley(race):
    """After a hundred steps it and Nesterov's are at the minimum, the others left of x = 0.2."""
    valley = race.LANDSCAPES[2]
    for name in race.OPTIMIZERS:
        w = race.follow(name, valley, valley.start, valley.rate, 100)[-1]
        ahead = name in ("momentum", "Nesterov")
        assert np.abs(w - valley.minima[0]).max() < 0.05 if ahead else w[0] < 0.2


def test_a_race_without_words_is_refused(race):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        race.race_optimizers(alt="")


@pytest.mark.site
def test_without_a_script_the_race_is_there(browser, address, figure):
    """With JavaScript off: the picture, the table, the sentence, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert tab.locator("figure tbody tr").count() == 5
        assert tab.locator(".reading").text_content() == figure.text
        assert tab.locator("figure :is(input, select, button)").count() == 0


@pytest.mark.site
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_step_of_the_race_is_that_of_dlcore(browser, address, race, rng, place):
    """Each optimizer, five random starts and learning rates, a hundred steps, to nine digits."""
    each = race.LANDSCAPES[place]
    good = [rate for rate in race.RATES if rate <= each.rate]
    with test_site.opened(browser, address) as tab:
        for name in race.OPTIMIZERS:
            for _ in range(5):
                start, rate = rng.uniform((-2, -1), (2, 1)).tolist(), float(rng.choice(good))
                walked = tab.evaluate(FOLLOW, [name, place, start, rate, 100])
                assert_allclose(walked, race.follow(name, each, start, rate, 100), **AGREE)


@pytest.mark.site
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_table_of_the_race_is_that_of_dlcore(browser, address, race, place):
    """The first setting of each function, and one in which some diverge; the ends are drawn."""
    each = race.LANDSCAPES[place]
    with test_site.opened(browser, address) as tab:
        tab.get_by_label("function").select_option(each.name)
        for start, rate, steps in ((each.start, each.rate, 40), ((-1.0, 0.5), 0.2, 25)):
            set_sliders(tab, race, start, rate, steps)
            values = expected(race, each, start, rate, steps)
            assert_allclose(table(tab), values, rtol=0.06, atol=0.00051)
            known = [name for name, row in zip(race.OPTIMIZERS, values, strict=True) if row[0] < 9]
            said = tab.get_by_role("status").text_content()
            lost = [name for name in race.OPTIMIZERS if name not in known]
            assert said.partition(" Diverged: ")[2] == ", ".join(lost) + "." * bool(lost)
            for i, name in enumerate(race.OPTIMIZERS):
                if name in known:
                    w = race.follow(name, each, start, rate, steps)[-1]
                    drawn = tab.locator(f".end.c{i}").get_attribute("transform")
                    assert_allclose(
                        [float(part) for part in drawn[10:-1].split()],
                        [float(part) for part in race.on_map(w).split()],
                        atol=0.11,
                    )
        assert not tab.complaints


@pytest.mark.site
def test_keys_and_clicks_move_the_start(browser, address, race):
    """Arrow keys move a slider; a click on the map moves both, and all start there."""
    with test_site.opened(browser, address) as tab:
        tab.get_by_role("slider", name="steps").press("Home")
        tab.get_by_role("slider", name="start, x").press("ArrowRight")
        assert_allclose(table(tab)[:, :2], [(-2.45, 1.2)] * 5)
        box = tab.locator("figure svg").bounding_box()
        unit = box["width"] / 458  # of the picture's coordinates
        x, y = unit * (30 + race.SCALE * 4), unit * (8 + race.SCALE * 1)
        tab.locator("figure svg").click(position={"x": x, "y": y})
        assert_allclose(table(tab)[:, :2], [(1.0, 1.0)] * 5, atol=0.051)
        assert tab.get_by_role("status").text_content().startswith("At the start f is ")


@pytest.mark.site
def test_a_path_can_be_hidden(browser, address):
    """The space bar on the box of an optimizer takes its line, dots and end off the map."""
    with test_site.opened(browser, address) as tab:
        for visible in (False, True):
            tab.get_by_role("checkbox", name="show Nesterov on the map").press("Space")
            assert [part.is_visible() for part in tab.locator("svg .c2").all()] == [visible] * 3
            assert tab.locator("svg .end.c1").is_visible()


@pytest.mark.site
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_the_race(browser, address, width):
    """No rule of axe-core is broken, at rest or after a move; nothing scrolls sideways."""
    with test_site.opened(browser, address, viewport={"width": width, "height": 800}) as tab:
        for _ in range(2):
            assert violations(tab) == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            tab.get_by_role("slider", name="learning rate").press("End")
