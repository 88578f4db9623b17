"""The model card: what a SavedModel says of itself, as JSON, to whoever can reach its server."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from src.errors import RecipeError, StoreError
from src.gate import Verdict
from src.lineage import Git, RecipeFile
from src.metrics import Evaluation
from src.models_config import CARD_FILE

SCHEMA_VERSION = 1
MAX_CARD_BYTES = 64 * 1024


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The data: a sentence on its source, its checksum, and the rows of each split."""

    source: str
    sha256: str
    rows: dict[str, int]


class FeatureCard(msgspec.Struct, frozen=True, kw_only=True):
    """A feature as declared, and its values as seen in training.

    What a feature does not have is absent from the JSON: only numbers have statistics, and only categorical strings a
    vocabulary. A null would say that there is one, and that it is not known.

    Attributes:
        name: The input's name.
        dtype: A number's NumPy dtype, `bool` or `string`.
        shape: One row's shape.
        description: A sentence.
        unit: The unit of measurement, or None.
        min: Of a number, as are the following: the least value.
        max: The greatest value.
        mean: The arithmetic mean.
        std: The standard deviation (of the rows themselves: divided by n).
        deciles: The eleven edges from min to max.
        vocabulary: Of a categorical string: the only values it has.
        shares: Of a number, how large a part of the training rows each bucket between the deciles holds, as
            `src.drift.buckets` has them; of a category, each entry of the vocabulary. Absent where drift is not
            watched.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    description: str
    unit: str | None
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET
    mean: float | UnsetType = UNSET
    std: float | UnsetType = UNSET
    deciles: list[float] | UnsetType = UNSET
    vocabulary: tuple[str, ...] | UnsetType = UNSET
    shares: list[float] | UnsetType = UNSET


class OutputCard(msgspec.Struct, frozen=True, kw_only=True):
    """An output as declared, and the model's predictions for training rows.

    Attributes:
        name: The output's name.
        description: A sentence.
        unit: The unit of measurement, or None.
        threshold: Of a label, from which probability on a row counts as having it.
        labels: Of a label, what a row below the threshold is called, and what one from there on.
        min: Of one number a row, as are the following: the least prediction.
        max: The greatest.
        deciles: The eleven edges from min to max.
        shares: How large a part of the predictions each bucket between the deciles holds.
    """

    name: str
    description: str
    unit: str | None
    threshold: float | UnsetType = UNSET
    labels: tuple[str, str] | UnsetType = UNSET
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET
    deciles: list[float] | UnsetType = UNSET
    shares: list[float] | UnsetType = UNSET


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """Raw inputs and the outputs Keras gave for them, row by row; a server reproduces them within the tolerance.

    An output b agrees with its golden value a if |a - b| <= tolerance * (1 + |a|).
    """

    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    tolerance: float


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model comes from: all that training it again takes, and all that can explain a difference."""

    created: datetime
    git: Git | None
    recipe: RecipeFile | None
    data: Data
    params: dict[str, Any]
    seed: int
    libraries: dict[str, str]
    machine: dict[str, str]
    replicas: int


class Card(Origin, frozen=True, kw_only=True):
    """All that a model says of itself. `docs/model-card.md` explains the fields to readers of the JSON."""

    schema_version: int
    name: str
    description: str
    metrics: Evaluation
    gate: Verdict
    features: list[FeatureCard]
    outputs: list[OutputCard]
    golden: Golden


def encode_card(card: Card) -> str:
    """The card as compact JSON.

    Raises:
        RecipeError: It is larger than 64 KiB, which long descriptions or golden rows can do.
    """
    text = msgspec.json.encode(card)
    if len(text) > MAX_CARD_BYTES:
        raise RecipeError(f"the model card of {card.name} has {len(text)} bytes; at most {MAX_CARD_BYTES} are served")
    return text.decode()


def read_card(version: Path) -> Card | None:
    """The card of a published version, without TensorFlow.

    Args:
        version: The version's folder.

    Returns:
        Its card; None where it has none, such as a SavedModel that was not made here.

    Raises:
        StoreError: There is one, and it cannot be read.
    """
    try:
        return msgspec.json.decode((version / CARD_FILE).read_bytes(), type=Card)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read the model card {version / CARD_FILE}: {error}") from error
