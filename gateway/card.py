"""The model card: what a SavedModel says of itself, as far as the gateway makes use of it."""

import logging
from typing import Any

import msgspec

SCHEMA_VERSION = 1  # a card of another is written for readers that know more than this one

log = logging.getLogger("gateway")


class FeatureCard(msgspec.Struct, frozen=True):
    """A feature as declared and as seen in training.

    Where there are `shares`, drift is watched: of a number, they are those of the training rows in the buckets between
    the inner deciles; of a category, in the vocabulary's order.
    """

    name: str
    description: str = ""
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    deciles: tuple[float, ...] | None = None
    shares: tuple[float, ...] | None = None
    vocabulary: tuple[str, ...] | None = None


class OutputCard(msgspec.Struct, frozen=True):
    """An output as declared, and how the predictions for training rows were distributed, as of a feature."""

    name: str
    description: str = ""
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    deciles: tuple[float, ...] | None = None
    shares: tuple[float, ...] | None = None


class Golden(msgspec.Struct, frozen=True):
    """Raw inputs and the outputs that Keras gave for them, row by row.

    An output b agrees with its golden value a if |a - b| <= tolerance * (1 + |a|).
    """

    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    tolerance: float


class Card(msgspec.Struct, frozen=True):
    """A card; members that are not named here are for other readers."""

    schema_version: int = SCHEMA_VERSION
    name: str = ""
    description: str = ""
    features: list[FeatureCard] = []
    outputs: list[OutputCard] = []
    golden: Golden | None = None

    def feature(self, name: str) -> FeatureCard:
        """What is said of an input; an empty card where nothing is."""
        return next((card for card in self.features if card.name == name), FeatureCard(name))

    def output(self, name: str) -> OutputCard:
        """What is said of an output; an empty card where nothing is."""
        return next((card for card in self.outputs if card.name == name), OutputCard(name))


def read_card(model: str, version: int, text: bytes) -> Card:
    """Read a card; a model whose card cannot be read is served without one, and the log says so.

    Args:
        model: The model's name, for the log.
        version: Its version, for the log.
        text: The card's JSON.

    Returns:
        The card, or an empty one.
    """
    try:
        card = msgspec.json.decode(text, type=Card)
        if card.schema_version == SCHEMA_VERSION:
            return card
        cause = f"its schema_version is {card.schema_version}; this gateway reads {SCHEMA_VERSION}"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cause = str(error)
    log.warning("unreadable model card", extra={"model": model, "version": version, "cause": cause})
    return Card()
