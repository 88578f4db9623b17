"""A table's rows as a recipe wants them: those to train on, and those held out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src import splitting
from src.dataset import Split
from src.dtypes import Array
from src.errors import RecipeError
from src.recipe import Feature
from src.tables.files import check_quotes, read_columns, table_files

Keep = Callable[[Mapping[str, Array]], Array]


@dataclass(frozen=True)
class Table:
    """Where a table is, and what is wanted of it: the arguments of `src.tables.read_table`."""

    path: Path
    features: tuple[Feature, ...]
    target: str
    share: float
    seed: int
    keep: Keep | None

    def check(self) -> None:
        """Look for what need not be looked for again in each pass.

        Raises:
            RecipeError: A feature is not one column, or is the target; or the files are not there, or no CSV.
        """
        for feature in self.features:
            if feature.shape not in ((), (1,)):
                raise RecipeError(f"{self.path}: feature {feature.name!r} of shape {feature.shape} is not one column")
            if feature.name == self.target:
                raise RecipeError(f"{self.path}: the target {self.target!r} is one of the features")
        for file in table_files(self.path):
            check_quotes(file)

    def pairs(self) -> Iterator[tuple[Split, Split]]:
        """All rows in order, some at a time, as those to train on and those held out.

        Raises:
            RecipeError: A file cannot be read, or does not fit the features.
        """
        dtypes = {feature.name: feature.dtype for feature in self.features} | {self.target: "float32"}
        for file in table_files(self.path):
            for first_row, columns in read_columns(file, dtypes):
                inputs = {f.name: columns[f.name].reshape(-1, *f.shape) for f in self.features}
                rows = Split(inputs, columns[self.target].reshape(-1, 1))
                kept = self._kept(rows)
                rows = rows.take(kept)
                self._check_categories(file, rows, first_row + kept)
                chosen = splitting.held_out(rows.inputs, self.share, self.seed)
                yield rows.take(np.flatnonzero(~chosen)), rows.take(np.flatnonzero(chosen))

    def _check_categories(self, file: Path, rows: Split, numbers: Array) -> None:
        """Look for strings outside their vocabulary; here, where it is still known which row of the file is which."""
        for feature in self.features:
            if feature.vocabulary is None or feature.dtype != "string":
                continue
            known = frozenset(feature.vocabulary)
            for number, value in zip(numbers, rows.inputs[feature.name].flat, strict=True):
                if value not in known:
                    place = f"{file} row {number}, column {feature.name}"
                    raise RecipeError(f"{place}: {value!r:.80} is none of {', '.join(feature.vocabulary)}")

    def _kept(self, rows: Split) -> Array:
        """The places of the rows to take."""
        if self.keep is None:
            return np.arange(rows.rows)
        kept = np.asarray(self.keep(rows.inputs))
        if kept.dtype != bool or kept.size != rows.rows:
            raise RecipeError(f"{self.path}: keep gave {kept.dtype} of shape {kept.shape}, not bool of ({rows.rows},)")
        return np.flatnonzero(kept)
