"""Rows given as text, on the command line or in a CSV file, each with the place it came from."""

import contextlib
import csv
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from src.errors import InputError

BATCH_ROWS = 4096  # bounds memory however long the CSV file is


@dataclass(frozen=True)
class Row:
    """One row's texts by input name, and where it stands, for messages."""

    place: str
    values: Mapping[str, str]


def read_rows(words: Sequence[str], names: Sequence[str]) -> Iterator[Row]:
    """The rows that the command line asks for.

    Args:
        words: Values, one row each; or one CSV file's name; or `-`.
        names: The model's inputs.

    Yields:
        Rows of texts by input name.

    Raises:
        InputError: There is nothing to predict, or a file cannot be read.
    """
    if not words:
        raise InputError("nothing to predict: give values, a CSV file, or - for standard input")
    if len(words) == 1 and (words[0] == "-" or Path(words[0]).suffix == ".csv" or _is_other_file(words[0])):
        yield from read_csv(words[0], names)
        return
    if len(names) != 1:
        raise InputError(f"this model takes {', '.join(names)}: give a CSV file with these columns")
    for position, word in enumerate(words, 1):
        yield Row(f"value {position}", {names[0]: word})


def _is_other_file(word: str) -> bool:
    """Whether a word that is no number is a file's name."""
    try:
        return not _is_number(word) and Path(word).is_file()
    except OSError:  # such as a name that is too long
        return False


def batched(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into lists of at most BATCH_ROWS."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, BATCH_ROWS)):
        yield batch


def read_csv(name: str, columns: Sequence[str]) -> Iterator[Row]:
    """Read a CSV file row by row.

    Args:
        name: The file's name, or `-` for standard input.
        columns: The columns needed. A header names them, in any order and among others; a file of numbers for a model
            of one input may go without.

    Yields:
        The rows; blank lines are passed over.

    Raises:
        InputError: The file cannot be read or is no UTF-8 text, a column is missing, or a row is too short.
    """
    with _opened(name) as file:
        reader = csv.reader(file, strict=True)
        try:
            filled = (cells for cells in reader if cells)
            first = next(filled, None)
            if first is None:
                raise InputError(f"{name} holds no rows")
            header = [cell.strip() for cell in first]
            if len(columns) == 1 and len(header) == 1 and header != list(columns) and _is_number(header[0]):
                yield Row(f"{name} line {reader.line_num}", {columns[0]: header[0]})
                header = list(columns)
            if missing := [column for column in columns if column not in header]:
                raise InputError(f"{name} line 1: no column {', '.join(missing)} in the header {','.join(header)}")
            for cells in filled:
                place = f"{name} line {reader.line_num}"
                if len(cells) != len(header):
                    raise InputError(f"{place}: {len(cells)} cells where the header has {len(header)}")
                yield Row(place, dict(zip(header, cells, strict=True)))
        except csv.Error as error:
            raise InputError(f"{name} line {reader.line_num}: not CSV: {error}") from error
        except UnicodeDecodeError as error:  # no line: text is decoded in blocks, ahead of the rows
            raise InputError(f"{name} is not UTF-8 text: {error.reason}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    source = sys.stdin.fileno() if name == "-" else name  # by number: sys.stdin itself keeps a byte order mark
    try:
        file = open(source, encoding="utf-8-sig", newline="", closefd=name != "-")  # noqa: SIM115  # the caller's
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from error
    with file:
        yield file
