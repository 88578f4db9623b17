"""Into which buckets values fall: those that a model card has the training rows' shares of."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gateway.card import FeatureCard, OutputCard
from gateway.dtypes import Dtype
from gateway.tensors import from_bytes, to_bytes

DECILES = 11  # edges: the least value, nine between, the greatest


@dataclass(frozen=True)
class Watched:
    """A feature or an output whose values are counted.

    Attributes:
        kind: `feature` or `output`.
        name: Its name in the signature.
        buckets: The buckets' names.
        shares: The training rows' shares of them.
        find: The place of a value's bucket in `buckets`, or of none: None.
        low: The least value that training saw, as the dtype has it; of numbers.
        high: The greatest.
    """

    kind: str
    name: str
    buckets: Sequence[str]
    shares: Sequence[float]
    find: Callable[[Any], int | None] = field(repr=False)
    low: float = -math.inf
    high: float = math.inf

    def count(self, values: Iterable[Any]) -> Counter[int | None]:
        """How many values fall into each bucket, by its place."""
        return Counter(map(self.find, values))

    def outside(self, values: Iterable[Any]) -> int:
        """How many numbers training saw none like; what is no number, NaN, is not among them."""
        return 0 if self.low == -math.inf else sum(value < self.low or value > self.high for value in values)


def watched(kind: str, card: FeatureCard | OutputCard, dtype: Dtype) -> Watched | None:
    """What there is to count of a feature or an output.

    Args:
        kind: `feature` or `output`.
        card: What the model card says of it.
        dtype: Its dtype in the signature.

    Returns:
        How to count it; None if the card has no shares.

    Raises:
        ValueError: What the card has does not fit together.
    """
    if card.shares is None:
        return None
    if isinstance(card, FeatureCard) and card.vocabulary is not None and dtype.kind == "string":
        return _category(kind, card, card.vocabulary, card.shares)
    if dtype.kind not in ("float", "int"):
        raise ValueError(f"{card.name!r} has shares, and is neither a number nor a category")
    return _number(kind, card, dtype, card.shares)


def _category(kind: str, card: FeatureCard, vocabulary: Sequence[str], shares: Sequence[float]) -> Watched:
    if len(shares) != len(vocabulary):
        raise ValueError(f"{card.name!r} has {len(vocabulary)} categories and {len(shares)} shares")
    places = {word.encode(): place for place, word in enumerate(vocabulary)}
    return Watched(kind, card.name, vocabulary, shares, places.get)


def _number(kind: str, card: FeatureCard | OutputCard, dtype: Dtype, shares: Sequence[float]) -> Watched:
    deciles = card.deciles or ()
    if len(deciles) != DECILES or not all(low <= high for low, high in pairwise(deciles)):
        raise ValueError(f"{card.name!r} has no {DECILES} deciles in order")
    # Where many rows have one value, several deciles are equal, and there are fewer buckets.
    edges = sorted({float(edge) for edge in deciles[1:-1] if edge < deciles[-1]})
    if len(shares) != len(edges) + 1:
        raise ValueError(f"{card.name!r} has {len(edges) + 1} buckets and {len(shares)} shares")
    ends = ["-inf", *map(repr, edges), "+inf"]
    names = [f"({low}, {high}{')' if high == '+inf' else ']'}" for low, high in pairwise(ends)]
    least = deciles[0] if card.min is None else card.min
    greatest = deciles[-1] if card.max is None else card.max
    # As the model sees them: a greatest value of 5.01 is 5.0100002 as float32.
    low, high = from_bytes(dtype, to_bytes(dtype, [_fit(least, dtype), _fit(greatest, dtype)]))

    def find(value: Any) -> int | None:
        return None if value != value else bisect_left(edges, value)  # NaN is in no bucket

    return Watched(kind, card.name, names, shares, find, min(low, least), max(high, greatest))


def _fit(value: float, dtype: Dtype) -> Any:
    return int(value) if dtype.kind == "int" else value
