"""Where reports are, and what becomes of one that cannot be written."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from src import report
from src.errors import StoreError
from src.fitting import History
from src.run import Run


def test_training_writes_a_report_for_each_version(line_runs: tuple[Path, list[Run]]) -> None:
    """It lies beside the versions, by their number, and is what the run renders to."""
    store, runs = line_runs
    for version, run in enumerate(runs, start=1):
        assert report.path(run, store) == store / "line" / "reports" / f"{version}.html"
        assert report.path(run, store).read_text(encoding="utf-8") == report.render(run)


def test_the_learning_curves_lie_beside_the_report(line_runs: tuple[Path, list[Run]]) -> None:
    """Nothing else keeps them: what is drawn later, by other programs, is read from there."""
    store, runs = line_runs
    kept = msgspec.json.decode(report.path(runs[0], store).with_suffix(".json").read_bytes(), type=History)
    assert kept.losses
    assert kept == runs[0].history


def test_a_report_is_named_by_its_version_or_its_time(line_run: Run) -> None:
    """A run that published nothing has the time it began, in UTC, that no colon spoils a file's name."""
    store = Path("store")
    created = datetime.fromisoformat("2026-11-21T14:05:06+02:00")
    refused = replace(line_run, version=None, origin=msgspec.structs.replace(line_run.origin, created=created))
    assert report.path(line_run, store) == store / "line" / "reports" / "2.html"
    assert report.path(refused, store) == store / "line" / "reports" / "refused-20261121T120506Z.html"


@pytest.mark.parametrize(("version", "start"), [(2, "version 2 is published, but its report"), (None, "its report")])
def test_a_report_that_cannot_be_written_is_one_line(
    line_run: Run, tmp_path: Path, version: int | None, start: str
) -> None:
    """It says whether there is a version all the same, and names the file and the reason."""
    (tmp_path / "line").mkdir()
    (tmp_path / "line" / "reports").write_text("in the way", encoding="utf-8")
    run = replace(line_run, version=version)
    with pytest.raises(StoreError) as caught:
        report.write(run, tmp_path)
    assert str(caught.value) == f"{start} cannot be written: {report.path(run, tmp_path)}: File exists"


def test_writing_makes_the_folder_and_replaces_a_report(
    line_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was written is told, and is UTF-8."""
    for text in ("old", "new: 100 €"):
        monkeypatch.setattr(report, "render", lambda _, text=text: text)
        file = report.write(line_run, tmp_path / "new")
    assert file.read_bytes() == "new: 100 €".encode()
    assert sorted(entry.name for entry in file.parent.iterdir()) == ["2.html", "2.json"]
