"""Rows to look at one by one: those of a prediction log, and those that a model was trained on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from src import own_code, params, recipes
from src.card import Card, read_card
from src.drift import sources
from src.drift.columns import flat
from src.drift.predictions import Line
from src.dtypes import Array
from src.errors import InputError
from src.lineage import data_sha256
from src.profiles import profiles
from src.recipe import columns as recipe_columns

MAX_ROWS = 50_000  # of each kind: more make the same picture


@dataclass(frozen=True)
class Columns:
    """What of a model's rows can be compared, by name: free text cannot.

    Attributes:
        numerical: The numbers.
        categorical: The categories and booleans.
    """

    numerical: Sequence[str]
    categorical: Sequence[str]


def columns_of(card: Card) -> Columns:
    """The features of one value a row, and the outputs."""
    single = [f for f in card.features if int(np.prod(f.shape)) == 1]
    numbers = [f.name for f in single if f.dtype not in ("bool", "string")]
    categories = [f.name for f in single if f.dtype == "bool" or f.vocabulary]
    return Columns([*numbers, *(output.name for output in card.outputs)], categories)


def logged(log: str, model: str, version: int | None, columns: Columns) -> dict[str, list[Any]]:
    """What a version was asked and has answered, at most MAX_ROWS rows, spread evenly.

    Args:
        log: A prediction log.
        model: The model's name.
        version: Which; None for any.
        columns: What to read.

    Raises:
        InputError: It cannot be read, or has no row of that version.
    """
    names = [*columns.numerical, *columns.categorical]
    found: dict[str, list[Any]] = {name: [] for name in names}
    for line in _lines(log):
        if line.model == model and version in (None, line.version):
            rows = max((len(column) for column in line.inputs.values() if isinstance(column, list)), default=0)
            for name in names:
                values = list(flat([line.inputs.get(name, line.outputs.get(name))]))
                found[name] += values if len(values) == rows else [None] * rows
    rows = len(found[names[0]])
    if not rows:
        what = model if version is None else f"{model} version {version}"
        raise InputError(f"{log} has no rows of {what}")
    chosen = spread(rows)
    return {name: [column[row] for row in chosen] for name, column in found.items()}


def versions(log: str) -> list[tuple[str, int]]:
    """The models and versions that a prediction log tells of, the newest version of each model last.

    Raises:
        InputError: It cannot be read.
    """
    return sorted({(line.model, line.version) for line in _lines(log)})


def _lines(log: str) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    for _, text in sources.lines(log):
        try:
            yield decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # such as the last line, while it is written


def trained(recipe_name: str, folder: Path, columns: Columns) -> tuple[dict[str, list[Any]], str]:
    """Rows of a recipe's training split, with a version's answers to them.

    Args:
        recipe_name: The recipe's name, file or module.
        folder: The version's folder.
        columns: What to give.

    Returns:
        At most MAX_ROWS rows, spread evenly; and a note where the version was trained on others, else nothing.

    Raises:
        RecipeError: There is no such recipe, or its data do not fit it.
        StoreError: The version cannot be loaded.
        InputError: The version does not take these data.
    """
    from src.answers import in_batches
    from src.saved_model import load_for

    recipe = recipes.find(recipe_name)
    dataset = own_code.load(recipe, params.load_params(recipe))
    known = profiles(recipe, dataset)
    sample = known["train"].sample
    rows = sample.take(spread(sample.rows))
    answers = in_batches(load_for(recipe, folder).answer)(rows.inputs)
    card = read_card(folder)
    is_same = card is not None and card.data.sha256 == data_sha256(*known.values())
    arrays: Mapping[str, Array] = {**rows.inputs, **recipe_columns(recipe, answers)}
    found = {name: arrays[name].ravel().tolist() for name in (*columns.numerical, *columns.categorical)}
    return found, "" if is_same else "the version was trained on other data than the recipe gives now"


def spread(rows: int) -> Array:
    """The numbers of at most MAX_ROWS rows, spread evenly."""
    return np.unique(np.linspace(0, rows - 1, MAX_ROWS).astype(int))
