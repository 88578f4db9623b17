"""The model card: what a SavedModel says of itself, as JSON, to whoever can reach its server."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from src.errors import RecipeError
from src.evaluate import Evaluation, predict
from src.lineage import Git, data_sha256, git_state, library_versions
from src.recipe import Array, Dataset, Feature, Output, Params, Recipe, Split, example_row

SCHEMA_VERSION = 1
MAX_CARD_BYTES = 64 * 1024
GOLDEN_ROWS = 10
# Servers differ from the trainer in the order of float32 additions, which moves the last bits of the seven digits.
GOLDEN_TOLERANCE = 1e-4


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The data: a sentence on its source, its checksum, and the rows of each split."""

    source: str
    sha256: str
    rows: dict[str, int]


class FeatureCard(msgspec.Struct, frozen=True, kw_only=True):
    """A feature as declared, and its values as seen in training (`deciles`: the eleven edges from min to max)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    description: str
    unit: str | None
    min: float
    max: float
    mean: float
    std: float
    deciles: list[float]


class OutputCard(msgspec.Struct, frozen=True, kw_only=True):
    """An output as declared."""

    name: str
    description: str
    unit: str | None


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """Raw inputs and the outputs Keras gave for them, row by row; a server reproduces them within the tolerance.

    An output b agrees with its golden value a if |a - b| <= tolerance * (1 + |a|).
    """

    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    tolerance: float


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """All that a model says of itself. `docs/model-card.md` explains the fields to readers of the JSON."""

    schema_version: int
    name: str
    description: str
    created: datetime
    git: Git | None
    data: Data
    params: dict[str, Any]
    seed: int
    libraries: dict[str, str]
    metrics: Evaluation
    features: list[FeatureCard]
    outputs: list[OutputCard]
    golden: Golden


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
        features=[_feature_card(feature, dataset.train.inputs[feature.name]) for feature in recipe.features],
        outputs=[_output_card(recipe.output)],
        golden=_golden(recipe, dataset.train, model),
    )


def golden_inputs(recipe: Recipe[Any], train: Split) -> dict[str, Array]:
    """The recipe's example and up to nine training rows spread evenly, as arrays with the batch dimension first."""
    chosen = np.unique(np.linspace(0, train.rows - 1, GOLDEN_ROWS - 1).astype(int))
    example = example_row(recipe)
    return {f.name: np.concatenate([example[f.name], train.inputs[f.name][chosen]]) for f in recipe.features}


def encode_card(card: Card) -> str:
    """The card as compact JSON.

    Raises:
        RecipeError: It is larger than 64 KiB, which long descriptions or golden rows can do.
    """
    text = msgspec.json.encode(card)
    if len(text) > MAX_CARD_BYTES:
        raise RecipeError(f"the model card of {card.name} has {len(text)} bytes; at most {MAX_CARD_BYTES} are served")
    return text.decode()


def _feature_card(feature: Feature, values: Array) -> FeatureCard:
    seen = values.astype("float64")
    return FeatureCard(
        name=feature.name,
        dtype=feature.dtype,
        shape=feature.shape,
        description=feature.description,
        unit=feature.unit,
        min=float(seen.min()),
        max=float(seen.max()),
        mean=float(seen.mean()),
        std=float(seen.std()),
        deciles=np.quantile(seen, np.linspace(0, 1, 11)).tolist(),
    )


def _output_card(output: Output) -> OutputCard:
    return OutputCard(name=output.name, description=output.description, unit=output.unit)


def _golden(recipe: Recipe[Any], train: Split, model: Any) -> Golden:
    inputs = golden_inputs(recipe, train)
    rows = len(next(iter(inputs.values())))
    outputs = predict(model, Split(inputs=inputs, targets=np.zeros((rows, 1), "float32")))
    return Golden(
        inputs={name: array.tolist() for name, array in inputs.items()},
        outputs={recipe.output.name: outputs.tolist()},
        tolerance=GOLDEN_TOLERANCE,
    )
