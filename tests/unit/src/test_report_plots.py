"""A version's report in a folder, with what it draws as CSV."""

import csv
import shutil
from pathlib import Path

import msgspec
import pytest

from src import report
from src.errors import StoreError
from src.labels import LabelScore
from src.report import plots
from src.report.__main__ import main
from src.run import Run


def rows(file: Path) -> list[list[str]]:
    """A CSV file's rows, the header first."""
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.reader(opened))


def test_the_folder_has_report_curves_and_errors(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """All as the run had them, in numbers that lose nothing."""
    store, (run, *_) = line_runs
    main(["line", "1", "--store", str(store), "--to", str(tmp_path / "deep" / "out")])
    out = tmp_path / "deep" / "out"
    assert (out / "report.html").read_bytes() == report.path(run, store).read_bytes()
    header, *points = rows(out / "loss.csv")
    assert header == ["step", "loss"]
    assert [(int(step), float(loss)) for step, loss in points] == run.history.losses
    assert rows(out / "held_out.csv")[0] == ["step", "error"]
    assert len(rows(out / "held_out.csv")) == len(run.history.held_out) + 1
    header, *parts = rows(out / "parts.csv")
    assert header == ["part", "model", "baseline"]
    assert [part for part, *_ in parts][:2] == ["01: -0.5 to -0.5", "02: 2.5 to 2.5"]
    assert [float(error) for *_, error in parts] == [6, 3, 0, 3, 6]


def test_labels_have_their_scores_in_place_of_tenths(line_run: Run) -> None:
    """A row a label: its F1 score, beside the baseline's."""
    assert line_run.evaluation is not None
    score = LabelScore(label="spam", rows=2, threshold=0.5, precision=1, recall=1, f1=0.9, baseline_f1=0.1)
    told = plots._parts(msgspec.structs.replace(line_run.evaluation, labels=[score]))
    assert told == [("spam", 0.9, 0.1)]


def test_a_version_without_report_is_one_line(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """A version that was made elsewhere has a card, and no report: the message names version and folder."""
    store = tmp_path / "store"
    shutil.copytree(line_runs[0], store)
    (store / "line" / "reports" / "1.html").unlink()
    with pytest.raises(StoreError, match=r"^no report of line version 1 can be read in .*reports: .*No such file"):
        plots.gather(store, "line", 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_version_of_an_older_trainer_has_no_curves(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """Its report is there, and the tables of the curves are empty."""
    store = tmp_path / "store"
    shutil.copytree(line_runs[0], store)
    (store / "line" / "reports" / "1.json").unlink()
    plots.gather(store, "line", 1, tmp_path / "out")
    assert (tmp_path / "out" / "loss.csv").read_text(encoding="utf-8") == "step,loss\n"
    assert (tmp_path / "out" / "report.html").exists()
