"""Into which bucket a value falls, and what the buckets are called."""

import numpy as np
import pytest

from src.drift import buckets

DECILES = [0.0, 0.35, 0.35, 0.5, 0.5, 0.5, 0.7, 0.8, 1.0, 1.5, 1.5]


def test_buckets_lie_between_the_deciles_each_of_which_counts_once() -> None:
    """The greatest value is no edge, however many deciles are equal to it: nothing seen in training lies above it."""
    edges = buckets.inner_edges(DECILES)
    assert edges == [0.35, 0.5, 0.7, 0.8, 1.0]
    assert buckets.texts(edges) == [
        *("(-inf, 0.35]", "(0.35, 0.5]", "(0.5, 0.7]", "(0.7, 0.8]", "(0.8, 1.0]"),
        "(1.0, +inf)",
    ]


def test_a_value_on_an_edge_belongs_to_the_bucket_below() -> None:
    """Above the edge, however little, begins the next one; and values that training has not seen have their place."""
    edges = [0.35, 0.5]
    values = np.array([[-9], [0.35], [np.nextafter(0.35, 1)], [0.5], [0.51], [9]])
    assert buckets.number_shares(edges, values) == [0.333333, 0.333333, 0.333333]


def test_float32_values_are_compared_as_they_are() -> None:
    """0.8 as a float32 lies above 0.8: an edge at 0.8 puts it into the bucket above."""
    assert buckets.number_shares([0.8], np.array([0.8], "float32")) == [0, 1]
    assert buckets.number_shares([float(np.float32(0.8))], np.array([0.8], "float32")) == [1, 0]


def test_a_number_that_was_always_the_same_has_one_bucket() -> None:
    """It holds everything, so that nothing can be told of it."""
    assert buckets.inner_edges([3.0] * 11) == []
    assert buckets.texts([]) == ["(-inf, +inf)"]
    assert buckets.number_shares([], np.array([1, 2])) == [1]


@pytest.mark.parametrize("shape", [(6,), (6, 1), (2, 3)])
def test_categories_have_shares_in_the_vocabularys_order(shape: tuple[int, ...]) -> None:
    """One that no row has, too."""
    values = np.array(["b", "a", "b", "b", "c", "b"], object).reshape(shape)
    assert buckets.category_shares(("c", "none", "b", "a"), values) == [0.166667, 0, 0.666667, 0.166667]
