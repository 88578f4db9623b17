"""What a training run tells its user to do next: commands that work as they stand."""

from dataclasses import replace
from pathlib import Path

import pytest

from src import cli
from src.recipe import Feature
from src.report import summary
from src.training import Published
from tests.unit.src.conftest import Trained


def next_steps(trained: Trained, store: Path) -> list[str]:
    """The last two lines."""
    return summary(trained.recipe, Published(1, trained.path, trained.evaluation), store).splitlines()[-2:]


def test_the_line_in_its_place(line: Trained) -> None:
    """The default model in the default store needs no options."""
    assert next_steps(line, cli.DEFAULT_STORE) == [
        "Try it here:  python -m src.predict line 10",
        "Serve it:     make run, then: curl -d '{\"data\": [10]}' localhost:8080/predict",
    ]


def test_another_store_is_named(line: Trained) -> None:
    """What make run would not serve is served from where it is."""
    assert next_steps(line, Path("/elsewhere")) == [
        "Try it here:  python -m src.predict line 10 --store /elsewhere",
        "Serve it:     python -m serving.embedded --store /elsewhere",
    ]


def test_another_model_is_named(areas: Trained) -> None:
    """A model of several features is predicted from a file, and chosen by name."""
    recipe = replace(areas.recipe, name="areas")
    assert next_steps(replace(areas, recipe=recipe), cli.DEFAULT_STORE) == [
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
    assert next_steps(replace(line, recipe=recipe), cli.DEFAULT_STORE) == [
        f"Try it here:  python -m src.predict line {word}",
        f"Serve it:     make run, then: curl -d {body} localhost:8080/predict",
    ]


def test_the_numbers_stand_beside_the_baselines(line: Trained) -> None:
    """The held-out rows' metrics are followed by the baseline's."""
    lines = summary(line.recipe, Published(3, Path("/s/line/3"), line.evaluation), Path("/s")).splitlines()
    assert lines[0] == "line version 3 is published: /s/line/3"
    assert [text.partition(":")[0] for text in lines[1:3]] == [
        "  held-out rows",
        "  baseline, mean of the training targets",
    ]
    assert lines[2].endswith("MAE 3.6, RMSE 4.243, R² 0.0000")


@pytest.mark.usefixtures("line")
def test_units_are_named(areas: Trained) -> None:
    """An output with a unit has it in the report."""
    recipe = replace(areas.recipe, output=replace(areas.recipe.output, unit="US dollars"))
    assert "  held-out rows (US dollars): MAE" in summary(
        recipe, Published(1, areas.path, areas.evaluation), cli.DEFAULT_STORE
    )
