"""Into which buckets values fall: cards have the training rows' shares of them, and gateways count by them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from src.dtypes import Array

DIGITS = 6  # of a share: enough for the rarest bucket of a sample of 200,000 rows


def inner_edges(deciles: Sequence[float]) -> list[float]:
    """The edges between a number's buckets: each of its deciles once, without the least and the greatest value.

    Where many training rows have one value, several deciles are equal, and there are fewer buckets.

    Args:
        deciles: Eleven edges, ascending.

    Returns:
        Ascending. Bucket i holds the values v with edges[i - 1] < v <= edges[i]; the first reaches down to -inf, the
        last up to +inf.
    """
    return sorted({float(edge) for edge in deciles[1:-1] if edge < deciles[-1]})


def texts(edges: Sequence[float]) -> list[str]:
    """What the buckets between these edges are called, such as `(-inf, 0.35]`, `(0.35, 0.5]`, `(0.5, +inf)`."""
    ends = ["-inf", *map(repr, edges), "+inf"]
    return [f"({low}, {high}{')' if high == '+inf' else ']'}" for low, high in pairwise(ends)]


def number_shares(edges: Sequence[float], values: Array) -> list[float]:
    """How many of the values each bucket holds, as shares of all.

    Args:
        edges: The edges between the buckets.
        values: Finite numbers of any shape, at least one.

    Returns:
        One share a bucket, rounded.
    """
    found = np.searchsorted(edges, values.ravel().astype("float64"), side="left")
    counts = np.bincount(found, minlength=len(edges) + 1)
    return [round(float(count) / values.size, DIGITS) for count in counts]


def category_shares(vocabulary: Iterable[str], values: Array) -> list[float]:
    """How many of the values are each of the categories, as shares of all.

    Args:
        vocabulary: The categories.
        values: Strings of any shape, at least one.

    Returns:
        One share a category, rounded.
    """
    counts = Counter(values.ravel().tolist())
    return [round(counts[word] / values.size, DIGITS) for word in vocabulary]
