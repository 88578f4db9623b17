"""The report's small charts of the features."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from src.recipe import Feature
from src.report.features import feature_chart
from tests.unit.src.page import paths, texts


def number(dtype: str, **changes: Any) -> Feature:
    """A numeric feature."""
    return Feature(name="size", dtype=dtype, description="How large.", **changes)


def heights(svg: str) -> list[float]:
    """The heights of a histogram's bars, or of its outline, from the left."""
    found = []
    for points in paths(svg, "model"):
        ys = [y for _, y in points]
        found += [max(ys) - min(ys)] if len(points) == 4 else [max(ys) - y for y, _ in itertools.groupby(ys)]
    return found


def test_whole_numbers_have_a_bar_each() -> None:
    """One 1, no 2, two 3 and four 4 are bars in that proportion."""
    one, none, two, four = heights(feature_chart(number("int64"), np.array([1, 3, 3, 4, 4, 4, 4])))
    assert [none / one, two / one, four / one] == pytest.approx([0, 2, 4], rel=0.02)


def test_other_numbers_are_counted_in_bins_of_equal_width() -> None:
    """A third as many numbers in the upper half of the range are a third as high."""
    found = heights(feature_chart(number("float32"), np.append(np.linspace(0, 1, 3000), np.linspace(1, 2, 1000))))
    assert min(height for height in found if height) / max(found) == pytest.approx(1 / 3, rel=0.05)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("float64", [-1.7e308, 1.7e308]),
        ("float32", [-3.4e38, 0, 3.4e38]),
        ("float64", [5e-324, 1e-323]),
        ("float16", [65504, 65504]),
        ("float32", [0.0]),
        ("float64", [1e15, 1e15 + 0.125]),
        ("int64", [-(2**63), 2**63 - 1]),
        ("int64", [2**62, 2**62 + 1]),
        ("uint64", [2**64 - 1, 2**64 - 1]),
        ("int8", [-128, 127]),
        ("uint8", [0, 255]),
    ],
)
def test_any_numbers_have_a_histogram(dtype: str, values: Sequence[float]) -> None:
    """All dtypes' extremes, and ranges of no width, are drawn without a warning."""
    svg = feature_chart(number(dtype), np.array(values, dtype))
    assert max(heights(svg)) > 0
    assert "nan" not in svg


def test_a_feature_of_many_numbers_a_row_has_one_histogram() -> None:
    """All of them are counted, in whatever shape, up to some number that keeps it quick."""
    values = np.tile(np.arange(10, dtype="float32"), (300_000, 1)).reshape(-1, 5, 2)
    assert (
        len({round(height, 1) for height in heights(feature_chart(number("float32", shape=(5, 2)), values))} - {0.0})
        == 1
    )


def test_categories_are_shown_in_their_order_with_their_shares() -> None:
    """Also one that does not come at all."""
    feature = Feature(name="cut", dtype="string", description="", vocabulary=("bad", "good", "none"))
    values = np.array([["good"], ["bad"], ["good"], ["good"]], object)
    assert texts(feature_chart(feature, values)) == ["bad", "25%", "good", "75%", "none", "0%"]


def test_of_many_categories_the_rarest_are_put_together() -> None:
    """The most frequent ones are named."""
    words = tuple(f"w{place}" for place in range(100))
    values = np.array([word for place, word in enumerate(words) for _ in range(place + 1)], object)
    found = texts(feature_chart(Feature(name="word", dtype="string", description="", vocabulary=words), values))
    assert found[0::2] == [*(f"w{place}" for place in range(99, 88, -1)), "89 others"]
    assert found[-1] == "79%"  # (1 + 2 + ... + 89) / (1 + 2 + ... + 100)


def test_a_boolean_is_shown_as_two_categories() -> None:
    """Also where all rows are alike."""
    feature = Feature(name="new", dtype="bool", description="", shape=())
    assert texts(feature_chart(feature, np.array([True, True]))) == ["false", "0%", "true", "100%"]


def test_free_text_has_no_chart() -> None:
    """There is nothing to count."""
    assert feature_chart(Feature(name="remark", dtype="string", description=""), np.array(["a"], object)) == ""
