"""Texts, from the command line or a CSV file, as values that a model takes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from src.dtypes import Array
from src.errors import InputError
from src.rows import Row


def check_values(rows: Sequence[Row], name: str, dtype: Any, vocabulary: Sequence[str] | None = None) -> Array:
    """Turn one column of texts into values of an input's dtype.

    Args:
        rows: The rows.
        name: The input's name, which every row has.
        dtype: The input's NumPy dtype: a number's, bool, or object for strings, which are taken as they stand.
        vocabulary: The only strings that the input takes; None for any.

    Returns:
        An array of shape (len(rows),).

    Raises:
        InputError: A text is no finite number within the dtype's range, neither true nor false, not UTF-8,
            or not in the vocabulary.
    """
    values = np.empty(len(rows), dtype)
    known = None if vocabulary is None else frozenset(vocabulary)
    for index, row in enumerate(rows):
        try:
            with np.errstate(over="raise"):
                values[index] = _parse(row.values[name], values.dtype)
        except (ValueError, ArithmeticError):
            text = row.values[name] if values.dtype.kind == "O" else row.values[name].strip()
            raise InputError(f"{row.place}, {name}: {text!r} is {_refusal(values.dtype)}") from None
        if known is not None and row.values[name] not in known:
            raise InputError(f"{row.place}, {name}: {row.values[name]!r:.80} is none of {', '.join(vocabulary or ())}")
    return values


def _parse(text: str, dtype: np.dtype[Any]) -> Any:
    """A text as a value of a dtype; ValueError or ArithmeticError where it is none."""
    if dtype.kind == "O":
        text.encode()  # what the command line gives may hold bytes that are no UTF-8, marked by Python
        return text
    if dtype.kind == "b":
        return bool(("false", "true").index(text.strip().lower()))
    number = dtype.type((float if dtype.kind == "f" else int)(text.strip()))
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _refusal(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "O":
        return "not UTF-8 text"
    return "neither true nor false" if dtype.kind == "b" else f"no finite number of type {dtype.name}"
