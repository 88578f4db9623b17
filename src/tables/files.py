"""A user's table in one file or a folder of them, read as arrays of the declared dtypes, a few rows at a time."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from src.dataset import CHUNK_ROWS
from src.dtypes import Array
from src.errors import RecipeError
from src.tables.columns import UnfitError, check_names, to_values
from src.tables.csv import read_csv
from src.tables.text import BLOCK_BYTES, refuse_open_quote

ENDINGS = (".csv", ".csv.gz", ".parquet")


def table_files(path: Path) -> list[Path]:
    """The files that hold a table, in the order in which they are read.

    Args:
        path: A file, or a folder with files of one kind; others in it, and hidden ones, are passed over.

    Raises:
        RecipeError: There is no such file, or none with the right ending, or a folder holds both kinds.
    """
    try:
        files = sorted(file for file in path.iterdir() if _is_part(file)) if path.is_dir() else [path]
        for file in files:
            file.open("rb").close()
    except OSError as error:
        raise RecipeError(_unreadable(path, error)) from error
    if not files or not files[0].name.lower().endswith(ENDINGS):
        raise RecipeError(f"{path} is no {', '.join(ENDINGS)} file, nor a folder of such files")
    if len({_is_parquet(file) for file in files}) > 1:
        raise RecipeError(f"{path} holds both CSV and Parquet files: which are the table?")
    return files


def check_quotes(file: Path) -> None:
    """Look through a CSV file once for a quote left open, which would swallow rows.

    Raises:
        RecipeError: There is one.
    """
    if _is_parquet(file):
        return
    try:
        refuse_open_quote(file)
    except OSError as error:
        raise RecipeError(_unreadable(file, error)) from error


def read_columns(file: Path, dtypes: Mapping[str, str]) -> Iterator[tuple[int, dict[str, Array]]]:
    """Read some columns of a file.

    Args:
        file: One of `table_files`.
        dtypes: The dtypes of the columns needed, by name.

    Yields:
        Of some rows at a time, the first one's number, and arrays of the declared dtypes and shape (rows,) by column.

    Raises:
        RecipeError: The file cannot be read, a column is missing, or a value is not of its dtype. The rows of a CSV
            file are counted as a spreadsheet does, from the header, row 1; those of a Parquet file from 0.
    """
    import pyarrow as pa

    first_row = 0 if _is_parquet(file) else 2
    try:
        for columns in (_read_parquet if _is_parquet(file) else read_csv)(file, dtypes):
            yield (
                first_row,
                {
                    name: _checked(file, first_row, name, column, dtype)
                    for (name, dtype), column in zip(dtypes.items(), columns, strict=True)
                },
            )
            first_row += len(columns[0])
    except (OSError, pa.ArrowException) as error:
        raise RecipeError(_unreadable(file, error)) from error


def _checked(file: Path, first_row: int, name: str, column: Any, dtype: str) -> Array:
    try:
        return to_values(column, dtype)
    except UnfitError as error:
        row = "" if error.index is None else f" row {first_row + error.index}"
        raise RecipeError(f"{file}{row}, column {name}: {error}") from error


def _read_parquet(file: Path, dtypes: Mapping[str, str]) -> Iterator[list[Any]]:
    from pyarrow.parquet import ParquetFile

    # With a buffer, and nothing read ahead, memory is bounded even where one row group holds the whole table.
    with ParquetFile(file, buffer_size=BLOCK_BYTES, pre_buffer=False) as table:
        check_names(file, table.schema_arrow.names, dtypes)
        for batch in table.iter_batches(CHUNK_ROWS, columns=list(dtypes), use_threads=False):
            yield [batch.column(name) for name in dtypes]


def _is_part(file: Path) -> bool:
    return file.name.lower().endswith(ENDINGS) and not file.name.startswith((".", "_")) and file.is_file()


def _is_parquet(file: Path) -> bool:
    return file.suffix.lower() == ".parquet"


def _unreadable(path: Path, error: Exception) -> str:
    number = getattr(error, "errno", None)
    reason = os.strerror(number) if number else " ".join(str(error).split())
    return f"cannot read {path}: {reason}"
