"""The values of a prediction log, feature by feature, counted by the buckets of a card."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from src.card import Card, FeatureCard, OutputCard
from src.drift import buckets
from src.drift.tally import FEATURE, OUTPUT, Key, Tally
from src.dtypes import INTEGERS

PORTION = 65_536  # values that are counted at a time


@dataclass
class Column:
    """A feature or an output while the log is read.

    Attributes:
        card: What is known of it.
        tally: What was counted.
        waiting: Values that are not yet counted.
        newest: When the last of the values was logged.
    """

    card: FeatureCard | OutputCard
    tally: Tally
    waiting: list[Any] = field(default_factory=list)
    newest: datetime | None = None

    def take(self, values: list[Any], time: datetime) -> None:
        """Take a request's values, of any shape, in."""
        self.waiting.extend(flat(values))
        self.newest = time if self.newest is None else max(self.newest, time)
        if len(self.waiting) >= PORTION:
            self.count()

    def count(self) -> None:
        """Count what is waiting."""
        values, self.waiting = self.waiting, []
        if isinstance(self.card, FeatureCard) and not isinstance(self.card.vocabulary, msgspec.UnsetType):
            texts = [value if isinstance(value, str) else None for value in values]
            known = [text for text in texts if text in self.tally.shares]
            self.tally.counts.update(text for text in known if text is not None)
            self.tally.unknown += len(texts) - len(known)
        else:
            self._count_numbers([value for value in values if type(value) in (int, float)])  # null is no finite number

    def _count_numbers(self, values: list[float]) -> None:
        assert isinstance(self.card.deciles, list)  # noqa: S101  # all with shares have them
        dtype = getattr(self.card, "dtype", "float32")
        # Integers are exact as they stand. Of floats, a log may have the shortest decimal that is the value.
        dtype = "float64" if dtype in INTEGERS else dtype
        with np.errstate(over="ignore"):
            parts = (np.asarray(part, "float64").astype(dtype) for part in (values, self.card.min, self.card.max))
            numbers, low, high = parts
        edges = buckets.inner_edges(self.card.deciles)
        found = np.searchsorted(edges, numbers.astype("float64"), side="left")
        for bucket, count in zip(self.tally.shares, np.bincount(found, minlength=len(edges) + 1).tolist(), strict=True):
            self.tally.counts[bucket] += count
        self.tally.out_of_range += int(np.sum((numbers < low) | (numbers > high)))


def flat(values: Iterable[Any]) -> Iterator[Any]:
    """The values of nested lists, in their order."""
    for value in values:
        if isinstance(value, list):
            yield from flat(value)
        else:
            yield value


def watched(card: Card, model: str, version: int) -> Iterator[tuple[Key, Column]]:
    """What is watched of a version: all that its card has shares of."""
    parts: list[tuple[str, FeatureCard | OutputCard]] = [(FEATURE, feature) for feature in card.features]
    for kind, part in [*parts, *((OUTPUT, output) for output in card.outputs)]:
        if isinstance(part.shares, list):
            words = getattr(part, "vocabulary", msgspec.UNSET)
            names = words if words is not msgspec.UNSET else buckets.texts(buckets.inner_edges(part.deciles or []))
            yield Key(model, version, kind, part.name), Column(part, Tally(dict(zip(names, part.shares, strict=True))))
