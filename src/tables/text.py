"""A CSV file as text, compressed or not: its header, and a quote that nothing closes."""

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from src.errors import RecipeError

BLOCK_BYTES = 2**20  # of text at a time; bounds memory, and how long a row may be


def opened(file: Path) -> Any:
    """Open a file as a `pyarrow.NativeFile`, which a `with` closes.

    Raises:
        OSError: It cannot be read.
    """
    import pyarrow as pa

    return pa.input_stream(str(file), compression="gzip" if file.suffix.lower() == ".gz" else None)


def read_header(file: Path) -> list[str]:
    """The cells of the first row that is not blank.

    Raises:
        RecipeError: There is none, or it is no UTF-8 text.
        OSError: The file cannot be read.
    """
    with _text(file) as text:
        try:
            header = next((cells for cells in csv.reader(text, strict=True) if cells), None)
            "".join(header or ()).encode()
        except csv.Error as error:
            raise RecipeError(f"{file} row 1: not CSV: {error}") from error
        except UnicodeEncodeError as error:
            raise RecipeError(f"{file} row 1: not UTF-8 text") from error
    if header is None:
        raise RecipeError(f"{file} is empty")
    return header


def refuse_open_quote(file: Path) -> None:
    """Make sure that no quote is left open: Arrow would take all rows after it for one cell, and say nothing.

    Raises:
        RecipeError: One is left open, or the quotes cannot be told apart.
        OSError: The file cannot be read.
    """
    quotes = 0
    with opened(file) as stream:
        while block := stream.read(BLOCK_BYTES):
            quotes += block.count(b'"')
    if quotes % 2 == 0:
        return
    with _text(file) as text:  # slow, and rare: an odd quote may also stand within a text
        reader, line = csv.reader(text, strict=True), 0
        try:
            for _ in reader:
                line = reader.line_num
        except csv.Error as error:
            raise RecipeError(f"{file} line {line + 1}: not CSV: {error}") from error


@contextlib.contextmanager
def _text(file: Path) -> Iterator[TextIO]:
    """The file's text, in which bytes that are no UTF-8 are surrogates: they may be in columns that nobody needs."""
    with (
        opened(file) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        yield text
