"""One pass over a split: its rows held against the recipe, counted, summed up and sampled."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src.checks import check_split
from src.dataset import Dataset, Rows, Split, join
from src.errors import RecipeError
from src.recipe import Array, Recipe

SAMPLE_ROWS = 200_000  # what is kept of a split for deciles, for adapting layers and for the baseline to learn from
SAMPLE_SEED = 0  # the sample is the data's own, whatever the run's seed


@dataclass
class Moments:
    """The range and moments of numbers that come in portions.

    Means and squared deviations of portions are put together as Chan, Golub and LeVeque show ("Updating formulae and a
    pairwise algorithm for computing sample variances", 1979): sums of squares would cancel where the mean is large.
    """

    count: int = 0
    min: float = np.inf
    max: float = -np.inf
    mean: float = 0.0
    deviations: float = 0.0

    def add(self, values: Array) -> None:
        """Take a portion in, computed in float64."""
        portion = values.astype("float64")
        count, mean = self.count + portion.size, float(portion.mean())
        apart = mean - self.mean
        self.deviations += float(((portion - mean) ** 2).sum()) + apart**2 * self.count * portion.size / count
        self.mean += apart * portion.size / count
        self.min, self.max = min(self.min, float(portion.min())), max(self.max, float(portion.max()))
        self.count = count

    @property
    def std(self) -> float:
        """The standard deviation (of the values themselves: divided by n)."""
        return float(np.sqrt(self.deviations / self.count))


@dataclass(frozen=True)
class Profile:
    """What is known of a split after one pass.

    Attributes:
        rows: How many rows there are.
        sha256: A checksum over all values, with their names, dtypes and shapes, in the order of the rows.
        moments: The range and moments of each numeric feature.
        sample: All rows, or SAMPLE_ROWS of them, chosen at random, in their order.
    """

    rows: int
    sha256: str
    moments: Mapping[str, Moments]
    sample: Split


@dataclass
class _Sampler:
    """Keeps the rows that drew the least numbers, which is a fair sample however the rows are cut into portions."""

    draws: Any = field(default_factory=lambda: np.random.default_rng(SAMPLE_SEED))
    kept: list[Split] = field(default_factory=list)
    drawn: list[Array] = field(default_factory=list)
    rows: int = 0

    def add(self, rows: Split) -> None:
        self.kept.append(rows)
        self.drawn.append(self.draws.random(rows.rows))
        self.rows += rows.rows
        if self.rows > 2 * SAMPLE_ROWS:
            self.cut()

    def cut(self) -> Split:
        """The sample so far."""
        rows, numbers = join(self.kept), np.concatenate(self.drawn)
        if rows.rows > SAMPLE_ROWS:
            least = np.sort(np.argpartition(numbers, SAMPLE_ROWS)[:SAMPLE_ROWS])
            rows, numbers = rows.take(least), numbers[least]
        self.kept, self.drawn, self.rows = [rows], [numbers], rows.rows
        return rows


def profile(recipe: Recipe[Any], name: str, rows: Rows) -> Profile:
    """Go over a split once.

    Args:
        recipe: What the rows should fit; checked.
        name: The split's name, for messages.
        rows: The split.

    Returns:
        Its profile.

    Raises:
        RecipeError: It has no rows, or another number than it says, or they do not fit the recipe.
    """
    counted = 0
    moments = {feature.name: Moments() for feature in recipe.features if feature.dtype not in ("bool", "string")}
    digests: dict[str, Any] = {}
    sampler = _Sampler()
    for chunk in rows.chunks():
        check_split(recipe, name, chunk, first_row=counted)
        for column, array in [*chunk.inputs.items(), ("", chunk.targets)]:
            head = f"{column}\0{array.dtype.str}\0{array.shape[1:]}\0".encode()
            digests.setdefault(column, hashlib.sha256(head)).update(_content(array))
        for feature, seen in moments.items():
            seen.add(chunk.inputs[feature])
        sampler.add(chunk)
        counted += chunk.rows
    if not counted:
        raise RecipeError(f"recipe {recipe.name}: the {name} split has no rows")
    if counted != rows.rows:
        raise RecipeError(
            f"recipe {recipe.name}: the {name} split has {counted} rows, and says that it has {rows.rows}"
        )
    whole = hashlib.sha256(f"{counted}\0".encode())
    for digest in digests.values():
        whole.update(digest.digest())
    return Profile(counted, whole.hexdigest(), moments, sampler.cut())


def profiles(recipe: Recipe[Any], dataset: Dataset) -> dict[str, Profile]:
    """Go over all splits once.

    Args:
        recipe: What the rows should fit; checked.
        dataset: The data.

    Returns:
        Each split's profile, by its name.

    Raises:
        RecipeError: As for `profile`.
    """
    return {name: profile(recipe, name, rows) for name, rows in dataset.splits.items()}


def _content(array: Array) -> bytes:
    """An array's values as bytes; of strings, each behind its length, so that none can pass for two others."""
    if array.dtype != object:
        return array.tobytes()
    return "".join(f"{len(text)}:{text}" for text in array.flat).encode()
