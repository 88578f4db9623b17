"""What was seen of a feature or an output, beside what was seen of it in training."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

INTERVAL = re.compile(r"\((-inf|-?[0-9.]+(e[+-]?[0-9]+)?), .*[])]")
FEATURE, OUTPUT = "feature", "output"


class Key(NamedTuple):
    """A feature or an output of one version of a model."""

    model: str
    version: int
    kind: str
    name: str

    def __str__(self) -> str:
        """As a state file has it; a model's name has no colon."""
        return ":".join(map(str, self))


@dataclass
class Tally:
    """The values of a feature or an output.

    Attributes:
        shares: By bucket, how large a part of the training rows fell into it.
        counts: By bucket, how many values were seen.
        out_of_range: Of a number: how many of them were below its least, or above its greatest value in training.
        unknown: Of a category: how many further values were refused, for they are not in the vocabulary.
    """

    shares: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    out_of_range: int = 0
    unknown: int = 0

    @property
    def values(self) -> int:
        """How many values were seen."""
        return sum(self.counts.values())

    @property
    def is_number(self) -> bool:
        """Whether the buckets are intervals: of one that is not, values cannot be out of range."""
        return bool(self.shares) and all(map(INTERVAL.fullmatch, self.shares))

    def add(self, other: "Tally") -> None:
        """Take in what was seen elsewhere."""
        self.shares |= other.shares
        self.counts.update(other.counts)
        self.out_of_range += other.out_of_range
        self.unknown += other.unknown

    def numbers(self) -> dict[str, int]:
        """All that is counted, by a name: a bucket's begins with `=`."""
        counted = {f"={bucket}": count for bucket, count in self.counts.items()}
        return counted | {"out_of_range": self.out_of_range, "unknown": self.unknown}

    def without(self, earlier: Mapping[str, int]) -> "Tally":
        """What has come since.

        Args:
            earlier: What `numbers` gave then.
        """
        counts = Counter({bucket: count - earlier.get(f"={bucket}", 0) for bucket, count in self.counts.items()})
        out_of_range = self.out_of_range - earlier.get("out_of_range", 0)
        return Tally(self.shares, counts, out_of_range, self.unknown - earlier.get("unknown", 0))


Tallies = dict[Key, Tally]


def total(parts: Iterable[Tallies]) -> Tallies:
    """What was seen in several places together."""
    together: Tallies = {}
    for part in parts:
        for key, tally in part.items():
            together.setdefault(key, Tally()).add(tally)
    return together
