"""What a version's report draws, as tables for programs that draw themselves, such as `dvc plots`."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import UNSET

from src.card import read_card
from src.errors import StoreError
from src.metrics import Evaluation
from src.report import FOLDER

CURVES = {"losses": ("loss.csv", "loss"), "held_out": ("held_out.csv", "error")}
PARTS = "parts.csv"


def gather(store: Path, model: str, version: int, to: Path) -> None:
    """Put a version's report, its learning curves and its errors by parts of the held-out rows into one folder.

    Args:
        store: The model store.
        model: The model's name.
        version: Which.
        to: The folder, made if missing.

    Raises:
        StoreError: The version has no card or no report.
        OSError: The folder cannot be written.
    """
    reports = store / model / FOLDER
    card = read_card(store / model / str(version))
    if card is None:
        raise StoreError(f"{store / model / str(version)} has no model card")
    try:
        page = (reports / f"{version}.html").read_bytes()
        curves = reports / f"{version}.json"  # which versions of an older trainer have not
        history = json.loads(curves.read_bytes()) if curves.exists() else {}
    except (OSError, ValueError) as error:
        raise StoreError(f"no report of {model} version {version} can be read in {reports}: {error}") from error
    to.mkdir(parents=True, exist_ok=True)
    (to / "report.html").write_bytes(page)
    for name, (file, column) in CURVES.items():
        _write(to / file, ("step", column), history.get(name, []))
    _write(to / PARTS, ("part", "model", "baseline"), _parts(card.metrics))


def _parts(metrics: Evaluation) -> list[tuple[str, float, float]]:
    """The mean absolute errors by tenths of the target; of labels, each one's F1 score."""
    if metrics.labels is not UNSET:
        return [(score.label, score.f1, score.baseline_f1) for score in metrics.labels]
    # Numbered, since what draws them puts them in the order of their names.
    return [
        (f"{number:02}: {tenth.least:g} to {tenth.greatest:g}", tenth.model, tenth.baseline)
        for number, tenth in enumerate(metrics.deciles, start=1)
    ]


def _write(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows([header, *rows])
