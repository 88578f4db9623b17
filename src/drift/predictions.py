"""A prediction log, counted by the buckets of the models' cards as a gateway counts."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from src.card import read_card
from src.drift import sources
from src.drift.columns import Column, watched
from src.drift.tally import FEATURE, Key, Tallies
from src.errors import InputError

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Wanted = Callable[[str, int], bool]


class Line(msgspec.Struct, frozen=True):
    """A request, as far as it tells of drift; by name, what it asked and was answered, if by rows an entry a row."""

    time: Time
    model: str
    version: int
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Reader:
    """Reads prediction logs.

    Attributes:
        notes: What was passed over, for people.
    """

    def __init__(self, store: Path, wanted: Wanted, since: Mapping[str, datetime]) -> None:
        """Start with nothing seen.

        Args:
            store: The model store, which has the cards.
            wanted: Tells of a model and a version whether to read what they were asked.
            since: By feature or output, until when to pass over what it was asked.
        """
        self._store, self._wanted, self._since = store, wanted, since
        self._columns: dict[tuple[str, int], dict[Key, Column]] = {}
        self.notes: list[str] = []

    def read(self, log: str) -> None:
        """Take a log in.

        Raises:
            InputError: It cannot be read, or none of its lines is one of a prediction log.
            StoreError: A card cannot be read.
        """
        decoder = msgspec.json.Decoder(Line)
        bad: list[int] = []
        good = 0
        for number, text in sources.lines(log):
            try:
                line = decoder.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                bad.append(number)  # such as the last line, while it is written, or when a gateway was killed
                continue
            good += 1
            self._take(line)
        if bad and not good:
            raise InputError(f"{log} line {bad[0]} is none of a prediction log")
        if bad:
            self.notes.append(f"{log}: lines that are none of a prediction log: {len(bad)}, the first is {bad[0]}")

    def seen(self) -> tuple[Tallies, dict[Key, datetime]]:
        """What was counted, and when the last value of each was logged."""
        tallies: Tallies = {}
        newest = {}
        for columns in self._columns.values():
            for key, column in columns.items():
                column.count()
                tallies[key] = column.tally
                if column.newest is not None:
                    newest[key] = column.newest
        return tallies, newest

    def _take(self, line: Line) -> None:
        which = line.model, line.version
        if which not in self._columns:
            self._columns[which] = self._open(*which)
        for key, column in self._columns[which].items():
            values = (line.inputs if key.kind == FEATURE else line.outputs).get(key.name)
            since = self._since.get(str(key))
            if isinstance(values, list) and (since is None or line.time > since):
                column.take(values, line.time)

    def _open(self, model: str, version: int) -> dict[Key, Column]:
        if not self._wanted(model, version):
            return {}
        card = read_card(self._store / model / str(version))
        columns = dict(watched(card, model, version)) if card else {}
        if not columns:
            why = "has no shares to compare with" if card else "has no card"
            self.notes.append(f"{model} version {version} is not judged: it {why} in {self._store}")
        return columns
