"""A table's Parquet files: what is taken for a value, and the exact words for what is not."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.unit.src.test_table_files import refusal, values


def parquet_column(tmp_path: Path, array: Any, name: str = "t.parquet") -> Path:
    """A Parquet file with these values in its column x."""
    parquet.write_table(pa.table({"x": array, "y": pa.array(range(len(array)))}), tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    ("dtype", "array", "expected"),
    [
        ("float32", pa.array([1, 2**40], pa.int64()), [1, 2**40]),
        ("float32", pa.array([1.5, 3.4e38], pa.float64()), [1.5, float(np.float32(3.4e38))]),
        ("float64", pa.array([Decimal("0.10"), Decimal("12.34")]), [0.1, 12.34]),
        ("int64", pa.array([1.0, -0.0, 2.0**62], pa.float64()), [1, 0, 2**62]),
        ("int64", pa.array([1, 2**63 - 1], pa.uint64()), [1, 2**63 - 1]),
        ("uint8", pa.array([0, 255], pa.int64()), [0, 255]),
        ("int8", pa.array([3.0], pa.float16()), [3]),
        ("bool", pa.array([True, False]), [True, False]),
        ("string", pa.array(["", "zero\0", "近い"]), ["", "zero\0", "近い"]),
        ("string", pa.array(["a", "a"], pa.large_string()), ["a", "a"]),
        ("string", pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        ("float32", pa.array([1, 2, 1]).dictionary_encode(), [1, 2, 1]),
    ],
)
def test_parquet_values_become_values_of_the_dtype(
    dtype: str, array: Any, expected: list[object], tmp_path: Path
) -> None:
    """Integers serve for floats, whole floats for integers, decimals for both; strings may be a dictionary's."""
    found = values(parquet_column(tmp_path, array), dtype)
    assert found.tolist() == expected
    assert found.dtype == np.dtype("object" if dtype == "string" else dtype)


@pytest.mark.parametrize(
    ("dtype", "array", "fault"),
    [
        ("float32", pa.array(["1"]), ", column x: is of type string, not float32"),
        ("float32", pa.array([True]), ", column x: is of type bool, not float32"),
        ("float32", pa.array(["1"]).dictionary_encode(), ", column x: is of type string, not float32"),
        ("float32", pa.array([None]), ", column x: is of type null, not float32"),
        ("int64", pa.array([0], pa.timestamp("ns")), ", column x: is of type timestamp[ns], not int64"),
        ("bool", pa.array([1]), ", column x: is of type int64, not bool"),
        ("string", pa.array([1]), ", column x: is of type int64, not string"),
        ("string", pa.array([b"a"]), ", column x: is of type binary, not string"),
        ("float32", pa.array([[1.0]]), ", column x: is of type list<element: double>, not float32"),
        ("float32", pa.array([1.0, None]), " row 1, column x: no value"),
        ("string", pa.array(["a", None]).dictionary_encode(), " row 1, column x: no value"),
        ("bool", pa.array([True, None]), " row 1, column x: no value"),
        ("float32", pa.array([1.0, 1e39]), " row 1, column x: 1e+39 is no finite float32"),
        ("float32", pa.array([1.0, float("nan")]), " row 1, column x: nan is no finite float32"),
        ("float16", pa.array([1, 70000]), " row 1, column x: 70000 is no finite float16"),
        ("uint8", pa.array([1, 300]), " row 1, column x: 300 is no uint8"),
        ("uint8", pa.array([1, -1]), " row 1, column x: -1 is no uint8"),
        ("int64", pa.array([1, 2**63], pa.uint64()), " row 1, column x: 9223372036854775808 is no int64"),
        ("int64", pa.array([1.0, 2.5]), " row 1, column x: 2.5 is no int64"),
        ("int64", pa.array([1.0, 2.0**63]), " row 1, column x: 9.223372036854776e+18 is no int64"),
        ("int64", pa.array([1.0, float("inf")]), " row 1, column x: inf is no int64"),
    ],
)
def test_a_parquet_column_that_does_not_fit_is_refused(dtype: str, array: Any, fault: str, tmp_path: Path) -> None:
    """Another type, a null and a value beyond the dtype are refused; rows are counted from 0, as data frames do."""
    assert refusal(parquet_column(tmp_path, array), dtype) == f"t.parquet{fault}"


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Other libraries may write what is no text."""
    array = pa.array([b"fine", b"\xff"]).view(pa.string())
    assert refusal(parquet_column(tmp_path, array), "string") == "t.parquet, column x: holds text that is not UTF-8"


def test_rows_are_counted_throughout_a_parquet_file(tmp_path: Path) -> None:
    """A fault in a late row group has its row in the file."""
    table = pa.table({"x": [1.0] * 70_000 + [float("nan")], "y": [1.0] * 70_001})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=10_000)
    assert refusal(tmp_path / "t.parquet") == "t.parquet row 70000, column x: nan is no finite float32"


def test_a_parquet_file_has_rows_and_the_columns(tmp_path: Path) -> None:
    """A file without rows, without a column, or with two of a name is refused."""
    assert refusal(parquet_column(tmp_path, pa.array([], pa.float32()))) == "t.parquet holds no rows"
    parquet.write_table(pa.table({"a": [1], "x": [1.0]}), tmp_path / "t.parquet")
    assert refusal(tmp_path / "t.parquet") == "t.parquet: no column y; there is: a, x"
    parquet.write_table(pa.Table.from_arrays([pa.array([1])] * 3, ["x", "y", "x"]), tmp_path / "t.parquet")
    assert refusal(tmp_path / "t.parquet") == "t.parquet: more than one column x"
