"""Describes a trained model: fills in its card."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from src import lineage
from src.answers import Predictor
from src.card import MAX_CARD_BYTES, SCHEMA_VERSION, Card, Data, FeatureCard, Golden, Origin, OutputCard
from src.drift import buckets
from src.errors import RecipeError
from src.gate import Verdict
from src.metrics import Evaluation
from src.profiles import Moments, Profile
from src.recipe import Array, Feature, Label, Output, Params, Recipe, Split, columns, example_row
from src.thresholds import EVEN

GOLDEN_ROWS = 10
PREDICTED_ROWS = 20_000  # of the training sample, to know the predictions' distribution
MAX_CATEGORIES = 100  # whose shares are told: of each, a gateway counts and a Prometheus keeps two series a version
# Servers differ from the trainer in the order of float32 additions, which moves the last bits of the seven digits.
GOLDEN_TOLERANCE = 1e-4


def check_room(recipe: Recipe[Any], train: Profile) -> None:
    """Hold what is known of the card before training against its limit, which long strings may pass.

    Args:
        recipe: The recipe, checked.
        train: The rows to train on.

    Raises:
        RecipeError: The features and the golden rows' inputs alone are too large for a card.
    """
    inputs = {name: _plain(array) for name, array in golden_inputs(recipe, train.sample).items()}
    features = [msgspec.structs.replace(card, shares=msgspec.UNSET) for card in feature_cards(recipe, train)]
    sizes = [len(msgspec.json.encode(part)) for part in (features, inputs)]
    if sum(sizes) > MAX_CARD_BYTES:
        raise RecipeError(
            f"recipe {recipe.name}: the features take {sizes[0]} bytes of the model card and the golden rows' inputs"
            f" {sizes[1]}; at most {MAX_CARD_BYTES} are served"
        )


def origin(
    recipe: Recipe[Any], params: Params, source: str, splits: Mapping[str, Profile], *, replicas: int = 1
) -> Origin:
    """Tell where a model that is about to be trained will come from.

    Args:
        recipe: What it is.
        params: How it is trained.
        source: The data, in words.
        splits: What is known of each split, by its name.
        replicas: On how many devices it is trained at a time.

    Returns:
        Its origin, stamped with the present time and the state of the repository.
    """
    return Origin(
        created=datetime.now(UTC).replace(microsecond=0),
        git=lineage.git_state(),
        recipe=lineage.recipe_file(recipe),
        data=Data(
            source=source,
            sha256=lineage.data_sha256(*splits.values()),
            rows={name: split.rows for name, split in splits.items()},
        ),
        params=msgspec.to_builtins(params),
        seed=params.seed,
        libraries=lineage.library_versions(),
        machine=lineage.machine(),
        replicas=replicas,
    )


def build_card(
    recipe: Recipe[Any],
    came_from: Origin,
    train: Profile,
    model: Predictor,
    metrics: Evaluation,
    verdict: Verdict,
    thresholds: Sequence[float] = (),
) -> Card:
    """Describe a trained model.

    Args:
        recipe: What it is.
        came_from: Where it comes from.
        train: What it was trained on.
        model: What it answers.
        metrics: How good it is.
        verdict: What the gate says of it.
        thresholds: From which probability on each label is said; none for 0.5.

    Returns:
        The card.
    """
    card = Card(
        **msgspec.structs.asdict(came_from),
        schema_version=SCHEMA_VERSION,
        name=recipe.name,
        description=recipe.description,
        metrics=metrics,
        gate=verdict,
        features=feature_cards(recipe, train),
        outputs=_output_cards(recipe, train.sample, model, thresholds),
        golden=_golden(recipe, train.sample, model),
    )
    return _fitted(card)


def golden_inputs(recipe: Recipe[Any], train: Split) -> dict[str, Array]:
    """The recipe's example and up to nine training rows spread evenly, as arrays with the batch dimension first."""
    chosen = np.unique(np.linspace(0, train.rows - 1, GOLDEN_ROWS - 1).astype(int))
    example = example_row(recipe)
    return {f.name: np.concatenate([example[f.name], train.inputs[f.name][chosen]]) for f in recipe.features}


def feature_cards(recipe: Recipe[Any], train: Profile) -> list[FeatureCard]:
    """The features as declared, with their values as seen in training."""
    return [_feature_card(feature, train) for feature in recipe.features]


def _fitted(card: Card) -> Card:
    """The card without the shares that it has no room for, those of the most categories first."""
    features = list(card.features)
    while len(msgspec.json.encode(card)) > MAX_CARD_BYTES:
        sizes = [len(feature.shares or ()) for feature in features]
        if not any(sizes):
            break  # it is too large for other reasons, which whoever encodes it is told
        largest = sizes.index(max(sizes))
        features[largest] = msgspec.structs.replace(features[largest], shares=msgspec.UNSET)
        card = msgspec.structs.replace(card, features=features)
    return card


def _feature_card(feature: Feature, train: Profile) -> FeatureCard:
    values = train.sample.inputs[feature.name]
    shares: dict[str, Any] = {}
    if feature.vocabulary is not None and len(feature.vocabulary) <= MAX_CATEGORIES:
        shares["shares"] = buckets.category_shares(feature.vocabulary, values)
    return FeatureCard(
        name=feature.name,
        dtype=feature.dtype,
        shape=feature.shape,
        description=feature.description,
        unit=feature.unit,
        vocabulary=msgspec.UNSET if feature.vocabulary is None else feature.vocabulary,
        **shares,
        **(_statistics(train.moments[feature.name], values) if feature.name in train.moments else {}),
    )


def _statistics(moments: Moments, values: Array) -> dict[str, Any]:
    return {"mean": moments.mean, "std": moments.std, **_distribution(values, moments.min, moments.max)}


def _distribution(values: Array, least: float, greatest: float) -> dict[str, Any]:
    """How numbers are distributed. Of a stream, they may be a sample that has missed the least and the greatest."""
    # Written as the data had it: who sends the least value, 0.2, should not be told that it lies below 0.200000003.
    low, high = _plain(np.array([least, greatest], values.dtype))
    edges = np.quantile(values.astype("float64"), np.linspace(0, 1, 11)).tolist()[1:-1]
    # Nor should an edge lie above the greatest value, or between it and how it is written.
    deciles = [low, *(high if edge >= greatest else edge for edge in edges), high]
    return {
        "min": low,
        "max": high,
        "deciles": deciles,
        "shares": buckets.number_shares(buckets.inner_edges(deciles), values),
    }


def _output_cards(
    recipe: Recipe[Any], sample: Split, model: Predictor, thresholds: Sequence[float]
) -> list[OutputCard]:
    chosen = np.unique(np.linspace(0, sample.rows - 1, PREDICTED_ROWS).astype(int))
    answers = model(sample.take(chosen).inputs).reshape(len(chosen), -1)
    is_one_each = answers.shape[1] == len(recipe.outputs)
    is_watched = is_one_each and answers.dtype.kind in "iuf" and bool(np.isfinite(answers).all())
    return [
        _output_card(output, answers[:, place] if is_watched else None, thresholds[place] if thresholds else EVEN)
        for place, output in enumerate(recipe.outputs)
    ]


def _output_card(output: Output, answers: Array | None, threshold: float) -> OutputCard:
    said: dict[str, Any] = {}
    description = output.description
    if isinstance(output, Label):
        sides = (output.otherwise or f"not {output.name}", output.name)
        said = {"threshold": threshold, "labels": sides}
        # In words as well, which every reader of a card shows.
        description += f" From {threshold:.4g} on it counts as {sides[1]}, below as {sides[0]}."
    return OutputCard(
        name=output.name,
        description=description,
        unit=output.unit,
        **said,
        **({} if answers is None else _distribution(answers, float(answers.min()), float(answers.max()))),
    )


def _golden(recipe: Recipe[Any], train: Split, model: Predictor) -> Golden:
    inputs = golden_inputs(recipe, train)
    return Golden(
        inputs={name: _plain(array) for name, array in inputs.items()},
        outputs={name: column.tolist() for name, column in columns(recipe, model(inputs)).items()},
        tolerance=GOLDEN_TOLERANCE,
    )


def _plain(array: Array) -> list[Any]:
    """Values for people to read: the shortest decimal that is this float32, 0.8 and not 0.800000011920929."""
    short = array.astype(str).astype("float64") if array.dtype in ("float16", "float32") else array
    plain: list[Any] = short.tolist()
    return plain
