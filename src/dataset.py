"""Data to train and to judge a model on: rows in memory, or rows that are read piece by piece."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.dtypes import Array

CHUNK_ROWS = 65_536  # bounds what is in memory of streamed rows, and what is predicted at a time


@dataclass(frozen=True)
class Split:
    """Rows to train on, or rows held out, in memory.

    Attributes:
        inputs: One array a feature, of shape (rows, *feature.shape) and the feature's dtype; strings are `str` in an
            object array.
        targets: What the model should answer, of shape (rows, outputs), float32; of labels 1 for a row that has it.
    """

    inputs: Mapping[str, Array]
    targets: Array

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.targets)

    def chunks(self) -> Iterator["Split"]:
        """All rows in order, up to CHUNK_ROWS at a time."""
        for start in range(0, self.rows, CHUNK_ROWS):
            yield self.take(slice(start, start + CHUNK_ROWS))

    def take(self, which: Array | slice) -> "Split":
        """Some of the rows: an array of their numbers, in that order, or a slice."""
        return Split({name: array[which] for name, array in self.inputs.items()}, self.targets[which])


def join(parts: Sequence[Split]) -> Split:
    """Several splits of the same features as one, in order."""
    if len(parts) == 1:
        return parts[0]
    inputs = {name: np.concatenate([part.inputs[name] for part in parts]) for name in parts[0].inputs}
    return Split(inputs, np.concatenate([part.targets for part in parts]))


@dataclass(frozen=True)
class Stream:
    """Rows that need not fit in memory: they are read anew for each pass, piece by piece.

    Attributes:
        read: Starts a pass: gives all rows, always in the same order, as splits of at most CHUNK_ROWS rows.
        rows: How many rows a pass gives.
    """

    read: Callable[[], Iterator[Split]]
    rows: int

    def chunks(self) -> Iterator[Split]:
        """All rows in order, up to CHUNK_ROWS at a time; pieces without rows are passed over."""
        return (rows for rows in self.read() if rows.rows)


Rows = Split | Stream


@dataclass(frozen=True)
class Dataset:
    """What a recipe loads.

    Attributes:
        source: Where it came from, in words.
        train: The rows to train on.
        test: The rows held out, by which the model is judged.
        dev: Of labels, rows on which to find the threshold of each, held out from training as well; None where
            the recipe says what they are.
    """

    source: str
    train: Rows
    test: Rows
    dev: Rows | None = None

    @property
    def splits(self) -> dict[str, Rows]:
        """What there is, by name."""
        return {"train": self.train, "test": self.test} | ({} if self.dev is None else {"dev": self.dev})
