"""A user's own table, in CSV or Parquet files: held in memory where it is small, else read anew for each pass."""

import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from src.dataset import CHUNK_ROWS, Dataset, Split, Stream, join
from src.errors import RecipeError
from src.recipe import Feature
from src.tables.sides import Keep, Table

IN_MEMORY_BYTES = 512 * 2**20  # of both splits' arrays and strings; a larger table is read anew for each pass


def read_table(
    path: str | Path,
    *,
    features: Sequence[Feature],
    target: str,
    held_out: float = 0.2,
    seed: int = 0,
    keep: Keep | None = None,
) -> Dataset:
    """Load a table's columns as a recipe's data.

    The whole table is read once here: every value is looked at, and the rows of each side are counted.

    Args:
        path: A `.csv`, `.csv.gz` or `.parquet` file, or a folder of such files, which are read in their names' order.
            Columns are found by name, in any order and among others.
        features: The features, each in the column of its name, one value a row.
        target: The column of what the model should answer.
        held_out: What part of the rows to hold out. `src.splitting` chooses them by their inputs.
        seed: Another seed holds out other rows.
        keep: Which rows to take, to leave out what is not worth learning: gets the inputs of some rows, as a split has
            them, and gives True for each row to take. What it decides for a row must not depend on the other rows.

    Returns:
        The data set. Rows have the file's order; streamed or in memory, they are the same.

    Raises:
        RecipeError: The table cannot be read, or does not fit the features; the message names the place.
    """
    table = Table(Path(path), tuple(features), target, held_out, seed, keep)
    table.check()
    rows, parts = _first_pass(table)
    if not sum(rows):
        raise RecipeError(f"{path} holds no rows{' to keep' if keep else ''}")
    source = f"{table.path.absolute().name} ({sum(rows):,} rows), target {target}"
    if parts:
        return Dataset(source, *(join([pair[side] for pair in parts]) for side in (0, 1)))
    return Dataset(
        source, *(Stream(functools.partial(_read_side, table, side, rows[side]), rows[side]) for side in (0, 1))
    )


def _first_pass(table: Table) -> tuple[tuple[int, int], list[tuple[Split, Split]]]:
    """Count the rows to train on and those held out, and collect them, unless they are too many to hold in memory."""
    rows, size = np.zeros(2, int), 0
    parts: list[tuple[Split, Split]] = []
    for pair in table.pairs():
        rows += [side.rows for side in pair]
        if size <= IN_MEMORY_BYTES:
            size += sum(map(_bytes, pair))
            parts.append(pair)
        if size > IN_MEMORY_BYTES:
            parts.clear()
    return (int(rows[0]), int(rows[1])), parts


def _bytes(rows: Split) -> int:
    """How much memory rows take."""
    arrays = [*rows.inputs.values(), rows.targets]
    strings = (array for array in arrays if array.dtype == object)
    # Equal strings that are read together are one object.
    return sum(array.nbytes for array in arrays) + sum(sum(map(sys.getsizeof, set(array.flat))) for array in strings)


def _read_side(table: Table, side: int, rows: int) -> Iterator[Split]:
    """One side's rows, in chunks as full as may be."""
    read = 0
    for chunk in _chunks(pair[side] for pair in table.pairs()):
        read += chunk.rows
        if read > rows:
            break
        yield chunk
    if read != rows:
        which = "held out" if side else "to train on"
        raise RecipeError(
            f"{table.path} has changed while it was in use: it had {rows:,} rows {which}, and has not now"
        )


def _chunks(parts: Iterable[Split]) -> Iterator[Split]:
    waiting: list[Split] = []
    for part in parts:
        waiting.append(part)
        if sum(each.rows for each in waiting) > CHUNK_ROWS:
            *full, rest = join(waiting).chunks()
            yield from full
            waiting = [rest]
    if waiting:
        yield from join(waiting).chunks()
