"""The report's charts: what they show, and that any numbers and texts can be drawn."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
import pytest

from src.answers import Answers
from src.fitting import History
from src.recipe import Array, Feature, Output
from src.report import charts, curves
from src.report.features import feature_chart
from src.report.svg import PALETTE, clean
from tests.unit.src.page import label, paths, read_svg, texts

PRICE = Output(name="price", unit="US dollars", description="What it costs.")
HOSTILE = 'a</text><script>alert("$1 & $2")</script>'
HISTORY = History(losses=[(50, 8.0), (100, 2.0), (150, 0.5)], held_out=[(50, 4.0), (150, 1.0)])
TARGETS = np.arange(1, 41, dtype="float32").reshape(-1, 1)


def answers(targets: Array = TARGETS, **given: Array) -> Answers:
    """Answers of a model that is off by 1 and a baseline that is off by 4, unless others are given."""
    return Answers(targets, {"model": targets + 1, "baseline": targets - 4} | given)


def widths(svg: str, colour: str) -> list[float]:
    """How wide the bars of a colour are, from the top down, but for the legend's."""
    boxes = [[x for x, _ in points] for points in paths(svg, colour)]
    return [max(box) - min(box) for box in boxes][:-1]


def every_chart(output: Output) -> list[str]:
    """All charts of a run."""
    given = answers()
    drawers: list[Callable[[Answers, Output], str]] = [charts.predictions, charts.residuals, charts.errors_by_tenth]
    return [
        curves.loss(HISTORY),
        curves.held_out(HISTORY, f"held-out MAE ({output.unit})", 3.0),
        *(drawer(given, output) for drawer in drawers),
    ]


@pytest.fixture(scope="module")
def drawn() -> list[str]:
    """All charts of a run with plain names."""
    return every_chart(PRICE)


def test_each_chart_is_an_image_that_says_what_it_shows(drawn: list[str]) -> None:
    """A screen reader is told of an image and its label, and the title that a mouse finds is the same."""
    for svg in drawn:
        page = read_svg(svg)
        assert page.elements[0].attributes["role"] == "img"
        assert page.texts("title") == [label(svg)] != [""]


def test_names_inside_charts_do_not_meet_on_a_page(drawn: list[str]) -> None:
    """What a chart refers to is in the same chart, and no two have a name in common."""
    seen: set[str] = set()
    for svg in drawn:
        names = [e.attributes["id"] for e in read_svg(svg).elements if "id" in e.attributes]
        assert set(re.findall(r'(?:url\(|href=")#(\w+)', svg)) == set(names)
        assert len(set(names)) == len(names)
        assert not seen & set(names)
        seen |= set(names)


def test_the_same_data_give_the_same_chart_whatever_style_is_set(drawn: list[str]) -> None:
    """A notebook's own Matplotlib settings change no chart, and no chart changes them."""
    with mpl.rc_context({"lines.linewidth": 9, "svg.fonttype": "path", "axes.facecolor": "black"}):
        before = dict(mpl.rcParams)
        assert every_chart(PRICE) == drawn
        assert dict(mpl.rcParams) == before


def test_matplotlib_and_jinja_are_loaded_by_what_draws_alone() -> None:
    """A command that writes no report does not wait for the import."""
    code = "import sys, src.report, src.report.view; sys.exit(bool({'matplotlib', 'jinja2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_colours_are_the_pages(drawn: list[str]) -> None:
    """Each colour is a variable that the page sets for light and dark, and says what stands in for it."""
    for svg in drawn:
        bare = re.sub(r"var\(--(\w+), (#\w{6})\)", lambda found: "" if PALETTE[found[1]] == found[2] else "wrong", svg)
        assert not re.search(r"#[0-9a-f]{6}\b(?!\")|wrong", re.sub(r'(href="|url\()#\w+', "", bare))


@pytest.mark.parametrize(
    "text", [HOSTILE, "価格 円 🏠", "\x00\x1b[31m\u202e", "$\\frac{1}{0}$", "long " * 50, "</title>"]
)
def test_any_text_can_be_a_name_and_a_unit(text: str) -> None:
    """Marks, other scripts, control characters, formulas and long texts are shown or cut, and never break a chart."""
    output = Output(name=text, unit=text, description=text)
    feature = Feature(name=text, dtype="string", description=text, vocabulary=(text, "other"))
    svgs = [*every_chart(output), feature_chart(feature, np.array([text, "other", text], object))]
    for page in map(read_svg, svgs):
        assert not page.all("script")
        assert all(len(text) < 100 for text in page.texts("text"))


def test_a_text_keeps_what_can_be_shown() -> None:
    """Marks are kept as text; what is left out is the end of long ones, which wide characters make sooner."""
    assert "held-out MAE (<b>$5 of $6</b>)" in texts(curves.held_out(HISTORY, "held-out MAE (<b>$5 of $6</b>)", None))
    assert clean("a\n b\x00c") == "a b c"
    assert clean("0123456789", 5) == "0123…"
    assert clean("価格価格価格", 5) == "価…"
    assert clean("12345", 5) == "12345"


def test_each_of_few_rows_is_a_dot() -> None:
    """Its place is that of actual value and prediction, on axes of the same range."""
    svg = charts.predictions(answers(model=TARGETS), PRICE)
    page = read_svg(svg)
    dots = [(float(e.attributes["x"]), float(e.attributes["y"])) for e in page.all("use")]
    (left, bottom), (right, top) = paths(svg, "ink")[0]  # the line on which predictions are exact
    assert len(dots) == 40
    for x, y in dots:
        assert (x - left) / (right - left) == pytest.approx((bottom - y) / (bottom - top), abs=0.001)
    assert {"actual price (US dollars)", "predicted price (US dollars)"} <= set(page.texts("text"))


def test_many_rows_are_drawn_by_their_density() -> None:
    """A hundred thousand rows take no more room than a thousand dots would."""
    random = np.random.default_rng(0)
    targets = random.lognormal(8, 1, (100_000, 1)).astype("float32")
    svg = charts.predictions(answers(targets, model=targets * random.normal(1, 0.1, targets.shape)), PRICE)
    assert not read_svg(svg).all("use")
    assert label(svg).endswith("of 100,000 rows")
    assert 1 < len([points for points in paths(svg, "model") if len(points) >= 6]) <= charts.SHADES
    assert len(svg) < 100_000


def test_predictions_that_are_no_numbers_are_left_out() -> None:
    """What is drawn is what can be, and the label tells how many rows that are."""
    broken = np.where(TARGETS < 11, np.nan, np.where(TARGETS < 16, np.inf, TARGETS)).astype("float32")
    given = answers(model=broken)
    svg = charts.predictions(given, PRICE)
    assert label(svg).endswith("of 25 rows")
    assert len(read_svg(svg).all("use")) == 25
    assert "nan" not in charts.residuals(given, PRICE) + charts.errors_by_tenth(given, PRICE)


def test_residuals_are_told_by_tenths() -> None:
    """Ten tenths are named by their range, the least on top, each with its band and a dot."""
    svg = charts.residuals(answers(), PRICE)
    page = read_svg(svg)
    assert [text for text in page.texts("text") if " to " in text] == [f"{n} to {n + 3}" for n in range(1, 41, 4)]
    assert len(page.all("use")) == 10
    assert "prediction minus actual (US dollars)" in page.texts("text")


def test_a_band_holds_the_middle_of_the_errors() -> None:
    """The line spans nine tenths of the errors and the bar half of them, in the scale that the axis shows."""
    targets = np.repeat(np.arange(10, dtype="float32"), 101).reshape(-1, 1)
    errors = np.tile(np.linspace(-50, 50, 101, dtype="float32"), 10).reshape(-1, 1)
    svg = charts.residuals(answers(targets, model=targets + errors), PRICE)
    spans = [max(x for x, _ in points) - min(x for x, _ in points) for points in paths(svg, "model")]
    half, most = sorted(span for span in spans if span > 5)[::10]
    assert most / half == pytest.approx(90 / 50, rel=0.01)


def test_bars_are_as_long_as_the_errors() -> None:
    """Model, stable version and baseline have bars in proportion to their errors, and are named."""
    svg = charts.errors_by_tenth(answers(stable=TARGETS + 2), PRICE)
    model, stable, baseline = (widths(svg, name) for name in ("model", "stable", "baseline"))
    assert len(model) == 10
    assert [b / a for a, b in zip(model, stable, strict=True)] == pytest.approx([2] * 10, rel=0.01)
    assert [b / a for a, b in zip(model, baseline, strict=True)] == pytest.approx([4] * 10, rel=0.01)
    assert {"MAE (US dollars)", "model", "stable before", "baseline"} <= set(texts(svg))


def test_without_a_stable_version_there_are_two_bars() -> None:
    """What was not asked is not named."""
    svg = charts.errors_by_tenth(answers(), PRICE)
    assert "stable before" not in texts(svg)
    assert not paths(svg, "stable")


@pytest.mark.parametrize(
    "targets",
    [[0.0], [5.0] * 20, [1.0, 2.0, 3.0], [-3e38, 3e38], [1e-40, 2e-40], [16_777_215.0, 16_777_216.0]],
)
def test_any_targets_can_be_drawn(targets: Sequence[float]) -> None:
    """One row, fewer than ten, equal, tiny and huge targets are drawn without a warning, with errors and without."""
    column = np.array(targets, "float32").reshape(-1, 1)
    for model in (column, np.zeros_like(column)):
        given = answers(column, model=model, baseline=column)
        for svg in (
            charts.predictions(given, PRICE),
            charts.residuals(given, PRICE),
            charts.errors_by_tenth(given, PRICE),
        ):
            assert "nan" not in svg
            assert read_svg(svg).texts("title") == [label(svg)]


def test_a_chart_is_small(drawn: list[str]) -> None:
    """None of the usual ones takes more than some kilobytes."""
    assert max(map(len, drawn)) < 12_000
