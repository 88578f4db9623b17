"""The model card: what it says, and how large it may be."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from src import card
from src.card import MAX_CARD_BYTES, Card, encode_card, golden_inputs
from src.errors import RecipeError
from src.lineage import data_sha256
from src.recipe import Split
from tests.unit.src.conftest import Trained


@pytest.fixture
def document(line: Trained) -> dict[str, Any]:
    """The line's card, as a reader of its JSON sees it."""
    found: dict[str, Any] = json.loads(encode_card(line.card))
    return found


def test_the_card_has_every_field_it_promises(document: dict[str, Any]) -> None:
    """Readers find each fact under its name."""
    assert set(document) == {
        *("schema_version", "name", "description", "created", "git", "data", "params", "seed", "libraries"),
        *("metrics", "features", "outputs", "golden"),
    }
    assert document["schema_version"] == 1
    assert document["name"] == "line"
    assert set(document["libraries"]) == {"python", "tensorflow", "keras", "numpy"}


def test_the_card_says_how_the_model_was_trained(document: dict[str, Any], line: Trained) -> None:
    """Parameters and seed, and the data with checksum and row counts."""
    assert document["params"] == {"seed": 42, "epochs": 500, "batch_size": 32, "learning_rate": 0.01}
    assert document["seed"] == 42
    assert document["data"]["rows"] == {"train": 6, "test": 5}
    assert document["data"]["sha256"] == data_sha256(line.dataset)
    assert "y = 3x + 1" in document["data"]["source"]


def test_the_card_is_stamped_with_the_present_time(document: dict[str, Any]) -> None:
    """The time is a whole second of UTC in ISO 8601, lately."""
    created = datetime.fromisoformat(document["created"])
    assert created.microsecond == 0
    assert timedelta() <= datetime.now(UTC) - created < timedelta(hours=1)
    assert document["created"].endswith("Z")


def test_the_card_holds_the_metrics_beside_the_baselines(document: dict[str, Any]) -> None:
    """Metrics of model and named baseline, on both splits."""
    metrics = document["metrics"]
    assert metrics["baseline_name"] == "mean of the training targets"
    for split in ("train", "test"):
        assert set(metrics["model"][split]) == {"mae", "rmse", "r2"}
        assert metrics["model"][split]["mae"] < metrics["baseline"][split]["mae"]


def test_features_are_described_with_their_values_in_training(document: dict[str, Any]) -> None:
    """A feature has its declaration and its statistics, with eleven decile edges from min to max."""
    (feature,) = document["features"]
    assert feature["deciles"] == pytest.approx([-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
    del feature["deciles"]
    assert feature == {
        "name": "x",
        "dtype": "float32",
        "shape": [1],
        "description": "Where on the x axis to read the line.",
        "unit": None,
        "min": -1,
        "max": 4,
        "mean": 1.5,
        "std": pytest.approx(np.sqrt(35 / 12)),
    }
    assert document["outputs"] == [{"name": "y", "description": "The line's height at x.", "unit": None}]


def test_golden_rows_are_the_example_and_training_rows_with_keras_own_answers(
    document: dict[str, Any], line: Trained
) -> None:
    """The first golden row is the recipe's example; the outputs are what Keras gave for the inputs, to the bit."""
    golden = document["golden"]
    assert golden["inputs"] == {"x": [[10], [-1], [0], [1], [2], [3], [4]]}
    answers = line.model(np.array(golden["inputs"]["x"], "float32")).numpy()
    assert np.array_equal(np.array(golden["outputs"]["y"], "float32"), answers)
    assert golden["outputs"]["y"][0] == [pytest.approx(31, abs=1e-2)]
    assert 0 < golden["tolerance"] < 1e-3


@pytest.mark.parametrize(("rows", "golden"), [(1, 2), (9, 10), (1000, 10)])
def test_golden_rows_are_few_however_many_there_are_to_choose_from(line: Trained, rows: int, golden: int) -> None:
    """Ten rows at most, from the first to the last of the training split."""
    xs = np.arange(rows, dtype="float32").reshape(-1, 1)
    chosen = golden_inputs(line.recipe, Split({"x": xs}, xs))["x"]
    assert chosen.shape == (golden, 1)
    assert chosen.dtype == np.float32
    assert (chosen[1], chosen[-1]) == (xs[0], xs[-1])


def test_the_card_reads_back_as_it_was(line: Trained, areas: Trained) -> None:
    """The JSON holds all of the card."""
    for trained in (line, areas):
        assert msgspec.json.decode(encode_card(trained.card), type=Card) == trained.card


def test_a_card_of_64_kibibytes_is_the_largest(line: Trained) -> None:
    """One byte more is refused with both sizes."""
    room = MAX_CARD_BYTES - len(encode_card(msgspec.structs.replace(line.card, description="")).encode())
    assert len(encode_card(msgspec.structs.replace(line.card, description="d" * room)).encode()) == 65536
    with pytest.raises(RecipeError) as caught:
        encode_card(msgspec.structs.replace(line.card, description="d" * (room - 1) + "é"))
    assert str(caught.value) == "the model card of line has 65537 bytes; at most 65536 are served"


def test_several_features_keep_their_order_and_dtypes(areas: Trained) -> None:
    """Each feature of a recipe has its own entry, and golden integers stay integers."""
    assert [(f.name, f.dtype, f.shape, f.unit) for f in areas.card.features] == [
        ("length", "float32", (1,), "m"),
        ("count", "int64", (), None),
    ]
    assert areas.card.golden.inputs["length"][0] == [2.5]
    assert areas.card.golden.inputs["count"][0] == 3
    assert {type(count) for count in areas.card.golden.inputs["count"]} == {int}
    assert len(areas.card.golden.outputs["total"]) == card.GOLDEN_ROWS
