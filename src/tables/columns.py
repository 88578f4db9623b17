"""The columns of a table: found by name, and made NumPy arrays of declared dtypes, where no value is bent to fit."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.dtypes import FLOATS, INTEGERS, Array
from src.errors import RecipeError


class UnfitError(ValueError):
    """A column, or a value in it, is not what was declared.

    Attributes:
        index: The value's place in the column, from 0; None where no value but the column is at fault.
    """

    def __init__(self, fault: str, index: int | None = None) -> None:
        super().__init__(fault)
        self.index = index


def check_names(file: Path, names: Sequence[str], needed: Iterable[str]) -> None:
    """Look for the columns needed among those a file has.

    Raises:
        RecipeError: One is missing or stands there twice.
    """
    if missing := [name for name in needed if name not in names]:
        there = " ".join(", ".join(names).split())  # one line, even of names that have several
        raise RecipeError(f"{file}: no column {', '.join(missing)}; there is: {there:.500}")
    if doubled := [name for name in needed if names.count(name) > 1]:
        raise RecipeError(f"{file}: more than one column {', '.join(doubled)}")


def to_values(column: Any, dtype: str) -> Array:
    """Make an array of the declared dtype.

    Integers are numbers for a float dtype too, rounded to its precision; floats are integers where they are whole.

    Args:
        column: A `pyarrow.Array`; a dictionary of values counts as the values.
        dtype: One of `src.dtypes.DTYPES`.

    Returns:
        An array of shape (rows,); equal strings are one object, which spares memory.

    Raises:
        UnfitError: The column is of another kind, or a value is missing, not finite, not whole where integers are due,
            out of the dtype's range or no UTF-8 text.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not _is_kind(column.type, dtype):
        raise UnfitError(f"is of type {column.type}, not {dtype}")
    if column.null_count:
        raise UnfitError("no value", int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0]))
    if dtype == "string":
        return _strings(column)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    values: Array = column.to_numpy(zero_copy_only=False)
    return values if dtype == "bool" else _numbers(values, dtype)


def _is_kind(arrow_type: Any, dtype: str) -> bool:
    from pyarrow import types

    tests = [types.is_integer, types.is_floating, types.is_decimal]
    if dtype == "bool":
        tests = [types.is_boolean]
    if dtype == "string":
        tests = [types.is_string, types.is_large_string, types.is_string_view]
    return any(test(arrow_type) for test in tests)


def _strings(column: Any) -> Array:
    import pyarrow as pa

    encoded = column.dictionary_encode()
    try:
        words: Array = encoded.dictionary.to_numpy(zero_copy_only=False)
    except pa.ArrowException as error:
        raise UnfitError("holds text that is not UTF-8") from error
    strings: Array = words[encoded.indices.to_numpy()]
    return strings


def _numbers(values: Array, dtype: str) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found below
        numbers: Array = values.astype(dtype)
    fits = _are_integers(values, dtype) if dtype in INTEGERS else np.isfinite(numbers)
    if not fits.all():
        index = int(np.argmin(fits))
        raise UnfitError(f"{values[index]} is no {'finite ' if dtype in FLOATS else ''}{dtype}", index)
    return numbers


def _are_integers(values: Array, dtype: str) -> Array:
    """Which values are whole and within an integer dtype's range."""
    limits = np.iinfo(dtype)
    if values.dtype.kind != "f":
        within: Array = (values >= limits.min) & (values <= limits.max)
        return within
    floats = values.astype("float64")  # which has no 2**63 - 1, but has 2**63
    whole: Array = (floats >= float(limits.min)) & (floats < float(limits.max + 1)) & (floats == np.floor(floats))
    return whole
