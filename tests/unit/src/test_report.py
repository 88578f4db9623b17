"""The report of a run: a page that needs no other file, and tells what the run found."""

import math
import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from src import params, recipes, report, training
from src.amounts import amount, coefficient
from src.errors import GateError
from src.fitting import History
from src.gate import Stable, Verdict
from src.lineage import Git
from src.metrics import Evaluation, Metrics, SplitMetrics
from src.recipe import Feature, Output
from src.release.operations import Operator
from src.report import tables
from src.run import Run
from tests.unit.src.page import Page, read

HOSTILE = '<script>alert("$1 & $2")</script></svg>'


@pytest.fixture(scope="session")
def line_page(line_run: Run) -> Page:
    """The report of the line's second run."""
    return page_of(line_run)


@pytest.fixture(scope="session")
def mixed_page(mixed_run: Run) -> Page:
    """The report of the run with inputs of every kind."""
    return page_of(mixed_run)


def page_of(run: Run) -> Page:
    """The run's report, read."""
    return read(report.render(run))


def undrawn(run: Run, **changes: Any) -> Page:
    """The report, read, of a run that differs as given, without what most charts are drawn from: that is quicker."""
    return page_of(replace(run, answers=None, history=History(), **changes))


def shown(page: Page, table: str) -> list[float]:
    """The numbers in a table, as exactly as the page has them."""
    for element in page.all("data", table):
        exact = float(element.attributes["value"])
        assert element.text in (amount(exact), coefficient(exact))
    return [float(element.attributes["value"]) for element in page.all("data", table)]


def numbers(metrics: Metrics) -> list[float]:
    """The metrics in the order of the table."""
    return [metrics.mae, metrics.rmse, *([] if metrics.r2 is None else [metrics.r2])]


def pairs(page: Page, table: str) -> dict[str, str]:
    """A table of names and values."""
    return dict(zip(page.texts("th", table), page.texts("td", table), strict=True))


def test_the_page_needs_nothing_else(mixed_run: Run) -> None:
    """Nothing in it refers to another file or host, nor runs; what it refers to is in it, once."""
    text = report.render(mixed_run)
    page = read(text)
    assert not {"script", "img", "iframe", "object", "embed", "base", "form"} & {e.tag for e in page.elements}
    names = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(set(names)) == len(names)
    for element in page.elements:
        assert not {"src", "srcset", "xlink:href"} & set(element.attributes)
        assert not any(name.startswith("on") for name in element.attributes)
        place = element.attributes.get("href", "data:,")
        assert place == "data:," or place.removeprefix("#") in names
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{name}" for name in names}
    assert set(re.findall(r"\w+://[^\"'\s<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text


def test_the_page_is_whole(mixed_page: Page) -> None:
    """It has one main heading, a title, headings above tables and images that say what they show."""
    page = mixed_page
    assert page.texts("h1") == ["mixed"]
    assert page.texts("title")[0] == "mixed version 1: training report"
    assert page.texts("h2") == [
        "How good it is",
        "How it learned",
        "Where it is off",
        "Features",
        "Parameters",
        "Where it comes from",
        "Do it again",
    ]
    images = page.all("svg")
    assert len(images) == 5 + 5  # five of the run, and one for each feature that is no free text
    assert all(image.attributes["role"] == "img" and image.attributes["aria-label"] for image in images)


def test_the_same_run_gives_the_same_bytes(mixed_run: Run) -> None:
    """Nothing in the page depends on when or how often it is rendered, and it is not large."""
    first, second = report.render(mixed_run), report.render(mixed_run)
    assert first == second
    assert len(first.encode()) < 100_000


def test_a_promoted_version_says_so(line_run: Run) -> None:
    """The header names model, version, verdict, time, rows and steps."""
    page = page_of(replace(line_run, seconds=192.4))
    header = page.texts("header")[0]
    assert "line version 2 ✓ promoted The straight line y = 3x + 1, learnt from six points." in header
    assert f"Begun {line_run.origin.created.astimezone(UTC):%Y-%m-%d %H:%M} UTC" in header
    assert "Training took 3 min 12 s, 500 steps Rows trained on 6 Rows held out 5 Predicts y" in header
    assert "Why" not in header


def test_a_version_that_was_not_promoted_says_why(line_run: Run) -> None:
    """Each of the gate's reasons is on the page."""
    verdict = Verdict(passed=False, reasons=["it is worse", "it is <slow>"], stable=None)
    page = undrawn(line_run, verdict=verdict, is_promoted=False)
    assert "version 2 not promoted" in page.texts("header")[0]
    assert page.texts("li") == ["it is worse", "it is <slow>"]


def test_the_metrics_are_the_evaluations(line_run: Run, line_page: Page) -> None:
    """Model, stable version and baseline stand one below the other, with all their figures, held-out rows first."""
    evaluation, verdict = line_run.evaluation, line_run.verdict
    assert evaluation
    assert verdict
    assert verdict.stable
    assert verdict.stable.test
    assert shown(line_page, "metrics") == [
        *numbers(evaluation.model.test),
        *numbers(evaluation.model.train),
        *numbers(verdict.stable.test),
        *numbers(evaluation.baseline.test),
        *numbers(evaluation.baseline.train),
    ]
    assert line_page.texts("th", "metrics")[-3:] == [
        "this model",
        "version 1, stable before",
        "baseline: mean of the training targets",
    ]


def test_the_errors_by_tenths_are_the_evaluations(line_run: Run, line_page: Page) -> None:
    """Each tenth has its range, its rows, and the errors of model, stable version and baseline."""
    assert line_run.evaluation
    assert line_run.answers
    stable = np.abs(line_run.answers.given["stable"].astype("float64") - line_run.answers.targets)[:, 0]
    assert shown(line_page, "tenths") == [
        figure
        for each, other in zip(line_run.evaluation.deciles, stable, strict=True)
        for figure in (each.least, each.model, other, each.baseline)
    ]
    assert line_page.texts("td", "tenths")[::4] == ["1"] * 5


def test_without_a_stable_version_there_is_none_to_see(mixed_page: Page) -> None:
    """The first version is compared with the baseline alone."""
    assert "stable" not in " ".join(mixed_page.texts("main"))
    assert len(shown(mixed_page, "tenths")) == 4 * 10


def test_a_stable_version_that_could_not_be_asked_is_named(line_run: Run) -> None:
    """Its row says why, instead of figures."""
    stable = Stable(version=7, test=None, note="it takes other inputs")
    page = undrawn(line_run, verdict=Verdict(passed=True, reasons=[], stable=stable))
    assert "version 7, stable before not compared with: it takes other inputs" in page.texts("table")[0]


def test_metrics_have_their_unit(mixed_page: Page) -> None:
    """The output's unit stands by the headline, by the tables and on the charts."""
    assert mixed_page.texts("dd")[-3].endswith(" 100 €")
    assert mixed_page.texts("th", "metrics")[0] == "MAE and RMSE in 100 €"
    assert mixed_page.texts("caption") == ["Mean absolute error by tenths (100 €)"]
    assert {"held-out MAE (100 €)", "MAE (100 €)", "actual rent (100 €)"} <= set(mixed_page.texts("text"))


def test_r2_that_is_not_defined_is_left_out(line_run: Run) -> None:
    """Where all targets are equal there is a dash, and the page is drawn."""
    assert line_run.evaluation
    flat = Metrics(mae=0.0, rmse=0.0, r2=None)
    split = SplitMetrics(train=flat, test=flat)
    evaluation = Evaluation(model=split, baseline=split, baseline_name="mean", deciles=line_run.evaluation.deciles)
    page = undrawn(line_run, evaluation=evaluation, verdict=Verdict(passed=False, reasons=[], stable=None))
    assert shown(page, "metrics") == [0.0] * 8
    assert page.texts("td", "metrics")[2] == "\N{EN DASH}"


def test_features_are_described_with_their_values(mixed_run: Run, mixed_page: Page) -> None:
    """Numbers have least, mean and greatest value, the others words."""
    page = mixed_page
    area = mixed_run.train.moments["area"]
    assert shown(page, "features")[:3] == [pytest.approx(value) for value in (area.min, area.mean, area.max)]
    assert page.texts("th", "features")[6:] == [
        "areafloat32, in 100 m²",
        "distancefloat64, in km",
        "roomsint64",
        "furnishedbool",
        "districtstring",
        "remarkstring",
    ]
    words = [e.text for e in page.all("td", "features") if e.attributes.get("class") == "words"]
    assert words[0].startswith("true in ")
    assert words[1:] == ["harbour, old town, Südhang", "free text: 5 different, at most 31 characters"]


def test_a_long_vocabulary_is_cut(line_run: Run) -> None:
    """The page does not grow with the number of categories."""
    words = tuple(f"word{place}" for place in range(5000))
    feature = Feature(name="x", dtype="string", description="A word.", vocabulary=words)
    sample = replace(line_run.train.sample, inputs={"x": np.array([["word1"]] * 6, object)})
    run = replace(
        line_run,
        recipe=replace(line_run.recipe, features=(feature,)),
        train=replace(line_run.train, sample=sample, moments={}),
    )
    text = report.render(run)
    assert "5,000 categories: word0, word1," in text
    assert "word40" not in text


def test_parameters_and_lineage_are_told(line_run: Run, line_page: Page) -> None:
    """All that training it again takes is on the page, and all that can explain a difference."""
    origin, page = line_run.origin, line_page
    assert pairs(page, "parameters") == {"seed": "42", "epochs": "500", "batch_size": "32", "learning_rate": "0.01"}
    lineage = pairs(page, "lineage")
    assert origin.recipe
    assert lineage["Recipe"] == "src/recipes/line.py"
    assert lineage["Recipe, sha256"] == origin.recipe.sha256
    assert lineage["Data"] == origin.data.source
    assert lineage["Data, sha256"] == origin.data.sha256
    assert (lineage["Rows, train"], lineage["Rows, test"]) == ("6", "5")
    assert (lineage["Seed"], lineage["Replicas"]) == ("42", "1")
    assert all(f"{name} {version}" in lineage["Libraries"] for name, version in origin.libraries.items())
    assert all(f"{name} {value}" in lineage["Machine"] for name, value in origin.machine.items())


@pytest.mark.parametrize(
    ("git", "told"),
    [
        (Git(commit="c0ffee", dirty=False), "c0ffee"),
        (Git(commit="c0ffee", dirty=True), "c0ffee with changes that are not committed"),
        (None, "unknown: there was no repository"),
    ],
)
def test_the_commit_is_told_with_what_differed_from_it(line_run: Run, git: Git | None, told: str) -> None:
    """Whoever reads the page knows whether the commit alone is enough."""
    origin = msgspec.structs.replace(line_run.origin, git=git)
    ((name, value, note), *_) = tables.lineage(replace(line_run, origin=origin))
    assert name == "Commit"
    assert f"{value} {note}".strip() == told


def test_the_commands_name_model_and_version(line_page: Page, mixed_page: Page) -> None:
    """They work as they stand; a recipe that is somewhere else is named by its file."""
    (commands,) = line_page.texts("pre")
    assert "python -m src.reproduce line 2" in commands
    assert "python -m src.evaluate line 2" in commands
    assert "python -m src.reproduce tests/unit/src/mixed.py 1" in mixed_page.texts("pre")[0]


def test_a_run_that_broke_off_is_reported(tmp_path: Path) -> None:
    """A loss that became NaN leaves a page with the reason, the curve, the features and where they come from."""
    recipe = recipes.find("line")
    with pytest.raises(GateError) as caught:
        training.train(recipe, params.load_params(recipe, ["learning_rate=1e6"]), Operator(store=tmp_path))
    file, curves = sorted((tmp_path / "line" / "reports").iterdir())
    assert curves == file.with_suffix(".json")
    assert re.fullmatch(r"refused-\d{8}T\d{6}Z\.html", file.name)
    page = read(file.read_text(encoding="utf-8"))
    assert page.texts("li") == [str(caught.value)]
    assert "✕ not published" in page.texts("header")[0]
    assert page.texts("h2") == ["How it learned", "Features", "Parameters", "Where it comes from", "Do it again"]
    assert "NaN here" in page.texts("text") or "∞ here" in page.texts("text")
    assert pairs(page, "parameters")["learning_rate"] == "1000000.0"
    assert not page.all("pre")


def test_predictions_that_are_no_numbers_are_reported(line_run: Run) -> None:
    """A run that was refused for them shows its metrics as they are."""
    assert line_run.answers
    assert line_run.evaluation
    broken = Metrics(mae=math.nan, rmse=math.inf, r2=math.nan)
    nothing = np.full((5, 1), np.nan, "float32")
    run = replace(
        line_run,
        version=None,
        answers=replace(line_run.answers, given={"model": nothing, "baseline": nothing}),
        evaluation=msgspec.structs.replace(line_run.evaluation, model=SplitMetrics(train=broken, test=broken)),
    )
    page = page_of(run)
    assert page.texts("td", "metrics")[:3] == ["NaN", "∞", "NaN"]


def test_a_run_without_a_step_is_reported(line_run: Run) -> None:
    """There is no curve to see, and the page says so."""
    page = undrawn(line_run, evaluation=None, verdict=None, version=None)
    assert "No step was taken." in page.texts("p")


def test_any_text_is_shown_as_text(mixed_run: Run) -> None:
    """What recipes and data say is never part of the page's own code, in its charts neither."""
    named = replace(
        mixed_run.recipe.features[4], name=HOSTILE, description=HOSTILE, unit=HOSTILE, vocabulary=(HOSTILE, "b")
    )
    values = np.array([[HOSTILE], ["b"]] * 128, object)
    sample = replace(mixed_run.train.sample, inputs={**mixed_run.train.sample.inputs, HOSTILE: values})
    recipe = replace(
        mixed_run.recipe,
        description=HOSTILE,
        features=(*mixed_run.recipe.features, named),
        output=Output(name=HOSTILE, unit=HOSTILE, description=HOSTILE),
    )
    origin = msgspec.structs.replace(
        mixed_run.origin,
        params={HOSTILE: HOSTILE},
        machine={HOSTILE: HOSTILE},
        data=msgspec.structs.replace(mixed_run.origin.data, source=HOSTILE),
    )
    assert mixed_run.evaluation
    run = replace(
        mixed_run,
        recipe=recipe,
        origin=origin,
        train=replace(mixed_run.train, sample=sample),
        evaluation=msgspec.structs.replace(mixed_run.evaluation, baseline_name=HOSTILE),
        verdict=Verdict(passed=False, reasons=[HOSTILE], stable=Stable(version=1, test=None, note=HOSTILE)),
    )
    page = page_of(run)
    assert not page.all("script")
    assert len(page.all("svg")) == 11
    assert page.texts("li") == [HOSTILE]
    assert pairs(page, "parameters") == {HOSTILE: HOSTILE}
    assert f"baseline: {HOSTILE}" in page.texts("th", "metrics")
    assert any(text.startswith("<script>") for text in page.texts("text"))
