"""What a training run tells its user to do next: commands that work as they stand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from src import cli, describe
from src.gate import Stable, Verdict
from src.metrics import Metrics
from src.profiles import profile
from src.recipe import Feature, Recipe
from src.run import Run
from src.summary import refusal, summary
from tests.unit.src.conftest import Trained


def run_of(trained: Trained, version: int = 1) -> Run:
    """The run that would have trained it."""
    test = profile(trained.recipe, "test", trained.test)
    origin = describe.origin(trained.recipe, trained.params, "made", {"train": trained.profile, "test": test})
    verdict = Verdict(passed=True, reasons=[], stable=None)
    run = Run(trained.recipe, origin, trained.profile, test, evaluation=trained.evaluation, verdict=verdict)
    return replace(run, version=version, is_promoted=True)


def next_steps(trained: Trained, recipe: Recipe[Any], store: Path) -> list[str]:
    """The last two lines."""
    return summary(replace(run_of(trained), recipe=recipe), store).splitlines()[-2:]


def test_the_line_in_its_place(line: Trained) -> None:
    """The default model in the default store needs no options."""
    assert next_steps(line, line.recipe, cli.DEFAULT_STORE) == [
        "Try it here:  python -m src.predict line 10",
        "Serve it:     make run, then: curl -d '{\"data\": [10]}' localhost:8080/predict",
    ]


def test_another_store_is_named(line: Trained) -> None:
    """What make run would not serve is served from where it is."""
    assert next_steps(line, line.recipe, Path("/elsewhere")) == [
        "Try it here:  python -m src.predict line 10 --store /elsewhere",
        "Serve it:     python -m serving.embedded --store /elsewhere",
    ]


def test_another_model_is_named(areas: Trained) -> None:
    """A model of several features is predicted from a file, and chosen by name."""
    recipe = replace(areas.recipe, name="areas")
    assert next_steps(areas, recipe, cli.DEFAULT_STORE) == [
        "Try it here:  python -m src.predict areas FILE.csv",
        "Serve it:     make run MODEL_NAME=areas",
    ]


@pytest.mark.parametrize(
    ("dtype", "value", "word", "body"),
    [
        ("string", "it's fine", """'it'"'"'s fine'""", """'{"data": ["it'"'"'s fine"]}'"""),
        ("string", "fine", "fine", """'{"data": ["fine"]}'"""),
        ("bool", True, "true", """'{"data": [true]}'"""),
        ("int64", 7, "7", """'{"data": [7]}'"""),
        ("float32", 0.5, "0.5", """'{"data": [0.5]}'"""),
    ],
)
def test_a_single_feature_of_any_kind_is_tried_with_its_example(
    line: Trained, dtype: str, value: object, word: str, body: str
) -> None:
    """A shell passes text on as it is, and JSON writes each kind in its own way."""
    feature = Feature(name="x", dtype=dtype, description="A value.")
    recipe = replace(line.recipe, features=(feature,), example={"x": value})
    assert next_steps(line, recipe, cli.DEFAULT_STORE) == [
        f"Try it here:  python -m src.predict line {word}",
        f"Serve it:     make run, then: curl -d {body} localhost:8080/predict",
    ]


def test_the_numbers_stand_beside_the_baselines(line: Trained) -> None:
    """The held-out rows' metrics are followed by the baseline's."""
    lines = summary(run_of(line, 3), Path("/s")).splitlines()
    assert lines[0] == "line version 3 is published and promoted: /s/line/3"
    assert [text.partition(":")[0] for text in lines[1:3]] == [
        "  held-out rows",
        "  baseline, mean of the training targets",
    ]
    assert lines[2].endswith("MAE 3.6, RMSE 4.243, R² 0.0000")
    assert lines[3] == "Report:       /s/line/reports/3.html"


@pytest.mark.usefixtures("line")
def test_units_are_named(areas: Trained) -> None:
    """An output with a unit has it in the report."""
    recipe = replace(areas.recipe, output=replace(areas.recipe.outputs[0], unit="US dollars"))
    assert "  held-out rows (US dollars): MAE" in summary(replace(run_of(areas), recipe=recipe), cli.DEFAULT_STORE)


def test_the_version_that_was_stable_before_is_named(line: Trained) -> None:
    """Its metrics on the same rows, or why there are none."""
    found = Stable(version=2, test=Metrics(mae=1, rmse=2, r2=0.5))
    odd = Stable(version=2, test=Metrics(mae=1, rmse=2, r2=None), note="it was trained on other data")
    lost = Stable(version=2, test=None, note="cannot load it")
    texts = [
        summary(replace(run_of(line, 3), verdict=Verdict(passed=True, reasons=[], stable=stable)), Path("/s"))
        for stable in (found, odd, lost)
    ]
    assert "  stable before, version 2: MAE 1, RMSE 2, R² 0.5000" in texts[0].splitlines()
    assert "  stable before, version 2: MAE 1, RMSE 2; it was trained on other data" in texts[1].splitlines()
    assert "  stable before, version 2: not compared with; cannot load it" in texts[2].splitlines()


def test_what_is_not_promoted_has_no_next_steps(line: Trained) -> None:
    """The report is the next thing to look at; the refusal has all reasons and the place, in one line."""
    verdict = Verdict(passed=False, reasons=["it is bad", "it is ugly"], stable=None)
    run = replace(run_of(line, 3), verdict=verdict, is_promoted=False)
    lines = summary(run, Path("/s")).splitlines()
    assert lines[0] == "line version 3 is published, and not promoted: /s/line/3"
    assert lines[-1] == "Report:       /s/line/reports/3.html"
    assert refusal(run, Path("/s")) == ("refused: it is bad; it is ugly; version 3 is kept, not promoted: /s/line/3")


def test_what_was_held_back_says_how_it_is_promoted(line: Trained) -> None:
    """A version that passed the gate and was not to be promoted yet is one command away from it."""
    lines = summary(replace(run_of(line, 3), is_promoted=False), Path("/s")).splitlines()
    assert lines[0] == "line version 3 is published, and not promoted: /s/line/3"
    assert lines[-1] == "Promote it:   python -m src.release promote line 3 --store /s"
