"""The model card: what it says, and how large it may be."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from src.card import MAX_CARD_BYTES, Card, encode_card
from src.describe import feature_cards
from src.errors import RecipeError
from src.lineage import data_sha256
from src.profiles import profile
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
        *("schema_version", "name", "description", "created", "git", "recipe", "data", "params", "seed", "libraries"),
        *("machine", "replicas", "metrics", "gate", "features", "outputs", "golden"),
    }
    assert document["schema_version"] == 1
    assert document["name"] == "line"
    assert set(document["libraries"]) == {"python", "tensorflow", "keras", "numpy"}


def test_the_card_says_how_the_model_was_trained(document: dict[str, Any], line: Trained) -> None:
    """Parameters and seed, and the data with checksum and row counts."""
    assert document["params"] == {"seed": 42, "epochs": 500, "batch_size": 32, "learning_rate": 0.01}
    assert document["seed"] == 42
    assert document["data"]["rows"] == {"train": 6, "test": 5}
    assert document["data"]["sha256"] == data_sha256(line.profile, profile(line.recipe, "test", line.test))
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
    assert feature["shares"] == pytest.approx([number / 6 for number in (1, 1, 0, 1, 0, 1, 0, 1, 0, 1)], abs=1e-6)
    del feature["deciles"], feature["shares"]
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


def test_outputs_are_described_with_the_predictions_for_training_rows(document: dict[str, Any], line: Trained) -> None:
    """An output has the range, the deciles and the shares of what the model answers, which are not the targets'."""
    (output,) = document["outputs"]
    predictions = line.model(line.train.inputs["x"]).numpy().astype("float64")
    assert output["deciles"] == pytest.approx(np.quantile(predictions, np.linspace(0, 1, 11)))
    assert (output["min"], output["max"]) == (output["deciles"][0], output["deciles"][-1])
    assert np.float32(output["max"]) == np.float32(predictions.max()) != line.train.targets.max()
    assert sum(output["shares"]) == pytest.approx(1, abs=1e-5)
    assert set(output) == {"name", "description", "unit", "min", "max", "deciles", "shares"}
    assert (output["name"], output["description"], output["unit"]) == ("y", "The line's height at x.", None)


def test_only_numbers_have_statistics_and_only_categories_a_vocabulary(mixed: Trained) -> None:
    """What a feature does not have is absent from the JSON, and not null."""
    features = {feature["name"]: feature for feature in json.loads(encode_card(mixed.card))["features"]}
    declared = {"name", "dtype", "shape", "description", "unit"}
    statistics = {"min", "max", "mean", "std", "deciles", "shares"}
    for name in ("area", "distance", "rooms"):
        assert set(features[name]) == declared | statistics
    assert set(features["furnished"]) == set(features["remark"]) == declared
    assert set(features["district"]) == declared | {"vocabulary", "shares"}
    assert features["district"]["vocabulary"] == ["harbour", "old town", "Südhang"]
    assert [feature["dtype"] for feature in features.values()] == [
        *("float32", "float64", "int64", "bool", "string", "string")
    ]


def test_golden_inputs_read_as_they_were_written(mixed: Trained) -> None:
    """The example's 0.8 is 0.8 in the card, not the double beside its float32, and is that float32 still."""
    (value,) = json.loads(encode_card(mixed.card))["golden"]["inputs"]["area"][0]
    assert value == 0.8
    assert np.float32(value) == np.float32(0.8)


def test_the_card_reads_back_as_it_was(line: Trained, areas: Trained, mixed: Trained) -> None:
    """The JSON holds all of the card."""
    for trained in (line, areas, mixed):
        assert msgspec.json.decode(encode_card(trained.card), type=Card) == trained.card


def test_a_card_of_64_kibibytes_is_the_largest(line: Trained) -> None:
    """One byte more is refused with both sizes."""
    room = MAX_CARD_BYTES - len(encode_card(msgspec.structs.replace(line.card, description="")).encode())
    assert len(encode_card(msgspec.structs.replace(line.card, description="d" * room)).encode()) == 65536
    with pytest.raises(RecipeError) as caught:
        encode_card(msgspec.structs.replace(line.card, description="d" * (room - 1) + "é"))
    assert str(caught.value) == "the model card of line has 65537 bytes; at most 65536 are served"


def test_the_range_reads_as_the_data_had_it(mixed: Trained) -> None:
    """The least float32 is written as the shortest decimal that is it: who sends that decimal is within the range."""
    xs = np.array([[0.2], [5.01], [1.0]], "float32")
    recipe = replace(mixed.recipe, features=tuple(f for f in mixed.recipe.features if f.name == "area"))
    (feature,) = feature_cards(recipe, profile(recipe, "train", Split({"area": xs}, xs)))
    assert (feature.min, feature.max) == (0.2, 5.01)
    assert isinstance(feature.deciles, list)
    assert (feature.deciles[0], feature.deciles[-1]) == (0.2, 5.01)
