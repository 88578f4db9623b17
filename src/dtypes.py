"""The dtypes that a feature may have, and how plain values become arrays of them."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
DTYPES = ("bool", *INTEGERS, *FLOATS, "string")


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """The dtype of a feature's arrays.

    Strings are `str` in object arrays: NumPy's own string arrays drop zero characters at a string's end, and have
    another dtype for every length.
    """
    return np.dtype("object" if dtype == "string" else dtype)


def to_array(values: Any, dtype: str) -> Array:
    """Make an array of plain values, as a recipe's example or a card's JSON has them.

    Args:
        values: A value, or nested lists of values.
        dtype: One of DTYPES.

    Returns:
        An array of the values' own shape.

    Raises:
        ValueError: A value is of another kind, such as a number where strings or booleans are due, or 2.5 where
            integers are.
        ArithmeticError: A number is out of the dtype's range.
    """
    plain = np.asarray(values, object)
    for value in plain.flat:
        if not _is_a(dtype, value):
            raise ValueError(f"{value!r:.80} is no {dtype}")
    with np.errstate(over="raise"):
        return plain.astype(numpy_dtype(dtype))


def _is_a(dtype: str, value: object) -> bool:
    if dtype == "string":
        return isinstance(value, str)
    if dtype == "bool":
        return isinstance(value, bool | np.bool_)
    # Python counts True among the integers.
    return isinstance(value, Integral if dtype in INTEGERS else Real) and not isinstance(value, bool)
