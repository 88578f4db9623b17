"""The release as it stands: what models.config says, what the model servers have made of it, and what is wrong."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import msgspec

from src import models_config
from src.errors import ReleaseError, UnreachableError
from src.release import cards, golden, history, integrity, state, traffic
from src.release.servers import Server, Status
from src.release.state import CANARY, STABLE, Release
from src.release.traffic import Traffic


class VersionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a version stands.

    Attributes:
        model: The model's name.
        version: Its number.
        labels: Its labels.
        role: `newest` for what is served of a model without the label `stable`, `previous` for what is loaded for a
            rollback; empty for all others.
        state: What the servers say: a state, `-` where it is not theirs, `unknown` where none answers.
        mae: Its mean absolute error on the held-out rows, in the output's unit.
        r2: Its coefficient of determination there.
        f1: Of labels, the mean of their F1 scores there.
        created: When it was trained.
        notes: What is wrong, or to be known.
    """

    model: str
    version: int
    labels: list[str]
    role: str
    state: str
    mae: float | None
    r2: float | None
    f1: float | None
    created: datetime | None
    notes: list[str]


def survey(store: Path, servers: Sequence[Server], model: str | None = None) -> list[VersionStatus]:
    """How all versions stand that are in the store or named in `models.config`.

    Args:
        store: The model store.
        servers: The model servers; empty where none answers.
        model: Only this model's.

    Returns:
        By model, the newest first.

    Raises:
        StoreError: There is no such store, or `models.config` or the traffic file is not valid.
        ReleaseError: There is no such model.
    """
    known = state.check_model(store, model)
    return [line for name in known if model in (None, name) for line in _Survey(store, servers, name).lines()]


class _Survey:
    """One model's."""

    def __init__(self, store: Path, servers: Sequence[Server], model: str) -> None:
        self._store, self._servers, self._model = store, servers, model
        self._release = state.read(store, model) or Release()
        self._published = models_config.versions(store / model)
        self._states = [_states(server, model) for server in servers]
        operations = history.read(store, model)
        self._cut_off = operations[-1] if operations and operations[-1].outcome == "begun" else None
        self._traffic = traffic.read(store).get(model, Traffic())
        self._unlabelled = sorted(self._release.versions - set(self._release.labels.values()))
        self._stables = history.stables(operations, self._release.stable(self._published), self._unlabelled)

    def lines(self) -> list[VersionStatus]:
        return [self._line(version) for version in sorted({*self._published, *self._release.versions}, reverse=True)]

    def _line(self, version: int) -> VersionStatus:
        found: cards.Card | None = None
        notes, told = [], self._state(version)
        try:
            found = integrity.check(self._folder(version), self._model) if version in self._published else None
            self._check_answers(version, found)
        except ReleaseError as error:
            notes.append(str(error))
            with contextlib.suppress(ReleaseError):
                found = cards.read(self._folder(version))
        measured = found.metrics.model.test if found and found.metrics else None
        return VersionStatus(
            model=self._model,
            version=version,
            labels=sorted((label for label, v in self._release.labels.items() if v == version), reverse=True),
            role=self._role(version),
            state=told,
            mae=measured.mae if measured else None,
            r2=measured.r2 if measured else None,
            f1=measured.labels.f1 if measured and measured.labels else None,
            created=found.created if found else None,
            notes=notes + self._notes(version, found),
        )

    def _folder(self, version: int) -> Path:
        return self._store / self._model / str(version)

    def _role(self, version: int) -> str:
        if STABLE not in self._release.labels and version == self._release.stable(self._published):
            return "newest"
        return "previous" if version in self._unlabelled and version in self._stables else ""

    def _state(self, version: int) -> str:
        if not self._servers:
            return "unknown"
        told = Counter(states[version].state if version in states else "-" for states in self._states)
        if len(told) == 1:
            return next(iter(told))
        return ", ".join(f"{count} {name}" for name, count in told.most_common())

    def _check_answers(self, version: int, card: cards.Card | None) -> None:
        """Put a loaded version to its golden examples."""
        if card is None or card.golden is None:
            return
        signature = integrity.signature(self._folder(version))
        for server, states in zip(self._servers, self._states, strict=True):
            if version in states and states[version].is_available:
                with contextlib.suppress(UnreachableError):
                    golden.check(server, self._model, version, card.golden, signature)

    def _notes(self, version: int, card: cards.Card | None) -> list[str]:
        notes = [] if version in self._published else ["it is named in models.config, and not in the store"]
        if card and card.gate and not card.gate.passed:
            notes.append(f"refused by the gate: {'; '.join(card.gate.reasons)}")
        told = {states[version].message for states in self._states if version in states}
        notes += [f"the server says: {message}" for message in sorted(filter(None, told))]
        notes += self._label_notes(version)
        if self._release.labels.get(CANARY) == version:
            notes.append(self._traffic.told)
        if self._servers and self._role(version) == "newest" and (card is not None):
            notes.append("no version has the label stable: promote this one, to have it so")
        if self._cut_off and self._cut_off.version == version:
            notes.append(f"a {self._cut_off.action} was cut off: run it again")
        return notes

    def _label_notes(self, version: int) -> list[str]:
        """Where a server has a label elsewhere than `models.config`."""
        notes = []
        for label in (STABLE, CANARY):
            if self._release.labels.get(label) != version:
                continue
            for server in self._servers:
                with contextlib.suppress(UnreachableError):
                    if (there := server.labelled(self._model, label)) != version:
                        notes.append(f"{label} is version {there} on {server.address}" if there else f"not yet {label}")
        return notes


def _states(server: Server, model: str) -> dict[int, Status]:
    try:
        return server.states(model)
    except UnreachableError:
        return {}


def as_table(lines: Sequence[VersionStatus]) -> str:
    """All of it, for people; a note stands below its version. F1 has a column where some model has labels."""
    has_labels = any(line.f1 is not None for line in lines)
    rows = [["MODEL", "VERSION", "LABELS", "STATE", "MAE", "R²", *(["F1"] if has_labels else []), "AGE"]]
    rows += [
        [
            line.model,
            str(line.version),
            ",".join([*line.labels, *([f"({line.role})"] if line.role else [])]) or "-",
            line.state,
            "-" if line.mae is None else f"{line.mae:.4g}",
            "-" if line.r2 is None else f"{line.r2:.4f}",
            *(["-" if line.f1 is None else f"{line.f1:.4f}"] if has_labels else []),
            _age(line.created),
        ]
        for line in lines
    ]
    heading, *table = align(rows)
    told = [[text, *(f"    {note}" for note in line.notes)] for line, text in zip(lines, table, strict=True)]
    return "\n".join([heading, *chain.from_iterable(told)])


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _age(created: datetime | None) -> str:
    if created is None:
        return "-"
    seconds = (datetime.now(UTC) - created).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
