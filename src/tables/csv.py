"""CSV files read as Arrow columns of the types declared, with what is wrong in them said by row and column."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from src.errors import RecipeError
from src.tables.columns import check_names
from src.tables.text import BLOCK_BYTES, opened, read_header

_NO_VALUE = re.compile(
    r"In CSV column #(\d+): Row #(\d+): CSV conversion error to \w+: invalid value '(.*)'", re.DOTALL
)
_NO_TEXT = re.compile(r"In CSV column #(\d+): Row #(\d+): .*invalid UTF8")
_RAGGED = re.compile(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)")


def read_csv(file: Path, dtypes: Mapping[str, str]) -> Iterator[list[Any]]:
    """Read the columns needed, block by block.

    Numbers may stand in quotes and among spaces; booleans are true and false in any case; text is taken as it stands:
    neither an empty cell nor NA is a missing string. An empty cell is no number.

    Args:
        file: A CSV file, or one compressed as `.gz`. Its header names the columns, in any order and among others.
        dtypes: The dtypes of the columns needed, by name.

    Yields:
        A block's columns (`pyarrow.Array`), in the order of `dtypes`.

    Raises:
        RecipeError: A column is missing, a cell is no value of its dtype, or a row is too short or too long.
        OSError: The file cannot be read.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    header = read_header(file)
    names = [cell.strip() for cell in header]
    check_names(file, names, dtypes)
    conversion = _conversion({header[names.index(name)]: dtype for name, dtype in dtypes.items()})
    reading = arrow.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)  # threads would lose the row's number
    with opened(file) as stream:
        try:
            for batch in arrow.open_csv(stream, reading, arrow.ParseOptions(newlines_in_values=True), conversion):
                yield batch.columns
        except pa.ArrowException as error:
            raise RecipeError(_reworded(file, str(error), names, dtypes)) from error


def _conversion(dtypes: Mapping[str, str]) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow

    # Narrow floats by way of the widest, as `src.texts` does it, so that a number too great can be shown as it stands.
    types = {name: "float64" if dtype.startswith("float") else dtype for name, dtype in dtypes.items()}
    return arrow.ConvertOptions(
        column_types={name: pa.type_for_alias(alias) for name, alias in types.items()},
        include_columns=list(types),
        null_values=[],
        true_values=_spellings("true"),
        false_values=_spellings("false"),
    )


def _spellings(word: str) -> list[str]:
    """A word in every mixture of small and capital letters."""
    return ["".join(letters) for letters in itertools.product(*zip(word.lower(), word.upper(), strict=True))]


def _reworded(file: Path, message: str, names: Sequence[str], dtypes: Mapping[str, str]) -> str:
    """Arrow's message as ours; Arrow counts columns from 0, and rows as a spreadsheet does: the header is row 1."""
    if found := _NO_VALUE.match(message):
        name = names[int(found[1])]
        return f"{file} row {found[2]}, column {name}: {found[3]!r:.80} is no {dtypes[name]}"
    if found := _NO_TEXT.match(message):
        return f"{file} row {found[2]}, column {names[int(found[1])]}: not UTF-8 text"
    if found := _RAGGED.match(message):
        return f"{file} row {found[1]}: {found[3]} cells where the header has {found[2]}"
    return f"{file}: {' '.join(message.split())}"
