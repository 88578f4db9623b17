"""Describes a trained model: fills in its card."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from src.card import MAX_CARD_BYTES, SCHEMA_VERSION, Card, Data, FeatureCard, Golden, OutputCard
from src.errors import RecipeError
from src.evaluate import Evaluation, predict
from src.lineage import data_sha256, git_state, library_versions
from src.recipe import Array, Dataset, Feature, Output, Params, Recipe, Split, example_row

GOLDEN_ROWS = 10
# Servers differ from the trainer in the order of float32 additions, which moves the last bits of the seven digits.
GOLDEN_TOLERANCE = 1e-4


def check_room(recipe: Recipe[Any], train: Split) -> None:
    """Hold what is known of the card before training against its limit, which long strings may pass.

    Args:
        recipe: The recipe, checked.
        train: The rows to train on, checked.

    Raises:
        RecipeError: The features and the golden rows' inputs alone are too large for a card.
    """
    inputs = {name: _plain(array) for name, array in golden_inputs(recipe, train).items()}
    sizes = [len(msgspec.json.encode(part)) for part in (_feature_cards(recipe, train), inputs)]
    if sum(sizes) > MAX_CARD_BYTES:
        raise RecipeError(
            f"recipe {recipe.name}: the features take {sizes[0]} bytes of the model card and the golden rows' inputs"
            f" {sizes[1]}; at most {MAX_CARD_BYTES} are served"
        )


def build_card(recipe: Recipe[Any], params: Params, dataset: Dataset, model: Any, evaluation: Evaluation) -> Card:
    """Describe a trained model.

    Args:
        recipe: What it is.
        params: How it was trained.
        dataset: What it was trained on.
        model: The trained Keras model.
        evaluation: How good it is.

    Returns:
        The card, stamped with the present time and the state of the repository.
    """
    return Card(
        schema_version=SCHEMA_VERSION,
        name=recipe.name,
        description=recipe.description,
        created=datetime.now(UTC).replace(microsecond=0),
        git=git_state(),
        data=Data(
            source=dataset.source,
            sha256=data_sha256(dataset),
            rows={"train": dataset.train.rows, "test": dataset.test.rows},
        ),
        params=msgspec.to_builtins(params),
        seed=params.seed,
        libraries=library_versions(),
        metrics=evaluation,
        features=_feature_cards(recipe, dataset.train),
        outputs=[_output_card(recipe.output)],
        golden=_golden(recipe, dataset.train, model),
    )


def golden_inputs(recipe: Recipe[Any], train: Split) -> dict[str, Array]:
    """The recipe's example and up to nine training rows spread evenly, as arrays with the batch dimension first."""
    chosen = np.unique(np.linspace(0, train.rows - 1, GOLDEN_ROWS - 1).astype(int))
    example = example_row(recipe)
    return {f.name: np.concatenate([example[f.name], train.inputs[f.name][chosen]]) for f in recipe.features}


def _feature_cards(recipe: Recipe[Any], train: Split) -> list[FeatureCard]:
    return [_feature_card(feature, train.inputs[feature.name]) for feature in recipe.features]


def _feature_card(feature: Feature, values: Array) -> FeatureCard:
    return FeatureCard(
        name=feature.name,
        dtype=feature.dtype,
        shape=feature.shape,
        description=feature.description,
        unit=feature.unit,
        vocabulary=msgspec.UNSET if feature.vocabulary is None else feature.vocabulary,
        **(_statistics(values) if np.issubdtype(values.dtype, np.number) else {}),
    )


def _statistics(values: Array) -> dict[str, Any]:
    seen = values.astype("float64")
    return {
        "min": float(seen.min()),
        "max": float(seen.max()),
        "mean": float(seen.mean()),
        "std": float(seen.std()),
        "deciles": np.quantile(seen, np.linspace(0, 1, 11)).tolist(),
    }


def _output_card(output: Output) -> OutputCard:
    return OutputCard(name=output.name, description=output.description, unit=output.unit)


def _golden(recipe: Recipe[Any], train: Split, model: Any) -> Golden:
    inputs = golden_inputs(recipe, train)
    rows = len(next(iter(inputs.values())))
    outputs = predict(model, Split(inputs=inputs, targets=np.zeros((rows, 1), "float32")))
    return Golden(
        inputs={name: _plain(array) for name, array in inputs.items()},
        outputs={recipe.output.name: outputs.tolist()},
        tolerance=GOLDEN_TOLERANCE,
    )


def _plain(array: Array) -> list[Any]:
    """Values for people to read: the shortest decimal that is this float32, 0.8 and not 0.800000011920929."""
    short = array.astype(str).astype("float64") if array.dtype in ("float16", "float32") else array
    plain: list[Any] = short.tolist()
    return plain
