"""The report's small charts of the features: which values the training rows have."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from src.amounts import percent
from src.dtypes import INTEGERS
from src.recipe import Array, Feature
from src.report.axes import finite, limits
from src.report.svg import PALETTE, clean, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HISTOGRAM = (200, 44)
BINS = 30
EXACT = 2**52  # float64 can halve the steps between whole numbers below
VALUES = 1_000_000  # of more, some are left out, evenly
CATEGORIES = 12  # of more, the rarest are put together
WIDTH, LINE = 200, 15


def feature_chart(feature: Feature, values: Array) -> str:
    """A feature's values in training: of a number a histogram, of a category or a boolean how often each comes.

    Args:
        feature: The feature.
        values: Its values in the training rows, or in a sample of them.

    Returns:
        The chart; an empty text for free text.
    """
    if feature.dtype == "string":
        return "" if feature.vocabulary is None else _shares(feature, counts(values), feature.vocabulary)
    if feature.dtype == "bool":
        return _shares(feature, counts(values), (False, True))
    return _histogram(feature, values)


def counts(values: Array) -> Counter[str | bool]:
    """How often each value comes."""
    return Counter(values.reshape(-1).tolist())


def _histogram(feature: Feature, values: Array) -> str:
    flat = values.reshape(-1)
    numbers = finite(flat[:: -(-flat.size // VALUES)])
    low, high = float(numbers.min()), float(numbers.max())
    single = feature.dtype in INTEGERS and high - low < BINS and max(-low, high) < EXACT
    edges = np.arange(low - 0.5, high + 1) if single else _edges(numbers)
    frequencies, _ = np.histogram(numbers, edges)

    def paint(axes: "Axes") -> None:
        if single:  # each whole number has a bar
            axes.bar(np.arange(len(frequencies)) + 0.5, frequencies, 0.85, color=PALETTE["model"], alpha=0.75)
        else:
            axes.stairs(frequencies, fill=True, color=PALETTE["model"], alpha=0.75)
        axes.axhline(0, color=PALETTE["ink"], linewidth=1)
        axes.set(xlim=(0, len(frequencies)), ylim=(0, frequencies.max() * 1.05))

    return draw(f"feature {feature.name}", f"Histogram of {feature.name}", HISTOGRAM, paint, bare=True)


def _edges(numbers: Array) -> Array:
    """The edges of bins of equal width."""
    low, high = limits(numbers, margin=0)
    return np.linspace(low / 2, high / 2, BINS + 1) * 2  # their difference may be beyond float64


def _shares(feature: Feature, seen: Counter[str | bool], possible: tuple[str | bool, ...]) -> str:
    rows = _rows(seen, possible)
    total, most = seen.total(), max(count for _, count in rows)

    def paint(axes: "Axes") -> None:
        places = range(len(rows))
        axes.barh(places, [count / most * 0.45 for _, count in rows], 0.7, 0.4, color=PALETTE["model"], alpha=0.75)
        for place, (word, count) in zip(places, rows, strict=True):
            axes.text(0.38, place, clean(word, 14), ha="right", va="center_baseline")
            axes.text(0.42 + count / most * 0.45, place, percent(count / total), va="center_baseline")
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))

    return draw(f"feature {feature.name}", f"Shares of {feature.name}", (WIDTH, LINE * len(rows)), paint, bare=True)


def _rows(seen: Counter[str | bool], possible: tuple[str | bool, ...]) -> list[tuple[str, int]]:
    """The categories in their order; of many the most frequent ones, and the rest together."""
    rows = [(str(value).lower() if isinstance(value, bool) else value, seen[value]) for value in possible]
    if len(rows) <= CATEGORIES:
        return rows
    rows.sort(key=lambda row: -row[1])
    rest = rows[CATEGORIES - 1 :]
    return [*rows[: CATEGORIES - 1], (f"{len(rest):,} others", sum(count for _, count in rest))]
