"""As much of a model card as a release asks of it; all of it is in `src.card`, whose types take seconds to import."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from src.errors import ReleaseError
from src.models_config import CARD_FILE


class Verdict(msgspec.Struct, frozen=True):
    """What the gate said."""

    passed: bool
    reasons: list[str] = []


class Labels(msgspec.Struct, frozen=True):
    """The metrics of labels."""

    f1: float


class Test(msgspec.Struct, frozen=True):
    """The metrics on the held-out rows."""

    mae: float
    r2: float | None = None
    labels: Labels | None = None


class Measured(msgspec.Struct, frozen=True):
    """The model's metrics."""

    test: Test


class Metrics(msgspec.Struct, frozen=True):
    """All metrics."""

    model: Measured


class Golden(msgspec.Struct, frozen=True):
    """Raw inputs and the outputs that Keras gave for them; b agrees with a if |a - b| <= tolerance * (1 + |a|)."""

    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    tolerance: float


class Card(msgspec.Struct, frozen=True):
    """What a version says of itself."""

    name: str
    created: datetime | None = None
    gate: Verdict | None = None
    metrics: Metrics | None = None
    golden: Golden | None = None


def read(version: Path) -> Card | None:
    """The card of a version.

    Args:
        version: The version's folder.

    Returns:
        The card; None where there is none, such as of a SavedModel that was not made here.

    Raises:
        ReleaseError: There is one, and it cannot be read.
    """
    try:
        return msgspec.json.decode((version / CARD_FILE).read_bytes(), type=Card)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"its card {CARD_FILE} cannot be read: {error}") from error
