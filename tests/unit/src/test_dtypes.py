"""Plain values as arrays: what a recipe's example and a card's golden rows become."""

from typing import Any

import numpy as np
import pytest

from src.dtypes import DTYPES, FLOATS, INTEGERS, numpy_dtype, to_array


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_a_dtype_come_back_as_they_went(dtype: str) -> None:
    """An array's own values, as JSON carries them, give the array again, in dtype, shape and value."""
    array = np.array([["0", "1"]], object) if dtype == "string" else np.array([[0, 1]], dtype)
    again = to_array(array.tolist(), dtype)
    assert (again.dtype, again.shape) == (numpy_dtype(dtype), (1, 2))
    assert again.tolist() == array.tolist()


def test_a_single_value_is_an_array_without_dimensions() -> None:
    """NumPy's own scalars count as plain values too."""
    assert to_array(1, "float32").shape == to_array("text", "string").shape == to_array(np.True_, "bool").shape == ()
    assert to_array(np.int16(7), "int64") == 7
    assert to_array(np.float64(0.5), "float32") == 0.5


def test_integers_are_exact_to_the_last() -> None:
    """No integer goes through a float on its way."""
    assert to_array([2**63 - 1, -(2**63)], "int64").tolist() == [2**63 - 1, -(2**63)]
    assert to_array([2**64 - 1], "uint64").tolist() == [2**64 - 1]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [(dtype, value) for dtype in INTEGERS for value in (1.0, True, "1", None, np.True_)]
    + [(dtype, value) for dtype in FLOATS for value in (True, "1", None, 1j, np.True_)]
    + [("bool", 1), ("bool", "true"), ("bool", None), ("string", 1), ("string", b"a"), ("string", None)],
)
def test_a_value_of_another_kind_is_refused(dtype: str, value: Any) -> None:
    """Nothing is turned into another kind, and the message says what was found."""
    good = {"string": "a", "bool": True}.get(dtype, 1)
    with pytest.raises(ValueError, match=f" is no {dtype}$") as caught:
        to_array([good, value], dtype)
    assert str(caught.value) == f"{value!r} is no {dtype}"


@pytest.mark.parametrize(
    ("dtype", "value"), [("uint8", 256), ("uint8", -1), ("int64", 2**63), ("float16", 70000.0), ("float32", 1e39)]
)
def test_a_number_out_of_range_is_refused(dtype: str, value: Any) -> None:
    """Nothing wraps around or becomes infinite."""
    with pytest.raises(ArithmeticError):
        to_array(value, dtype)
