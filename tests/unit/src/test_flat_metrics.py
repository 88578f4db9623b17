"""Metrics as named numbers."""

import json
from pathlib import Path

import pytest

from src import comparison, flat_metrics
from src.comparison import Comparison, Measured
from src.evaluate import main
from src.labels import LabelMetrics
from src.metrics import Metrics

LABELS = LabelMetrics(log_loss=0.1, f1=0.9, weighted_f1=0.8, accuracy=0.7)


def compared(model: Metrics) -> Comparison:
    """A model beside a baseline whose R² is not defined."""
    who = [("version 1", model), ("baseline", Metrics(mae=2.0, rmse=3.0, r2=None))]
    return Comparison(
        model="line",
        unit="€",
        split="test",
        rows=5,
        data_sha256="ab",
        labels=["spam"],
        deciles=[(0.0, 1.0)],
        measured=[
            Measured(name=name, version=1, same_data=True, metrics=metrics, mae_by_decile=[1.0], f1_by_label=[0.5])
            for name, metrics in who
        ],
    )


def test_all_metrics_are_told_by_name_and_nothing_else() -> None:
    """Those of labels in a group of their own; what is not defined is left out, as are texts and lists."""
    told = flat_metrics.numbers(compared(Metrics(mae=1.0, rmse=2.0, r2=0.5, labels=LABELS)))
    labels = {"log_loss": 0.1, "f1": 0.9, "weighted_f1": 0.8, "accuracy": 0.7}
    assert told == {
        "rows": 5,
        "model": {"mae": 1.0, "rmse": 2.0, "r2": 0.5, "labels": labels},
        "baseline": {"mae": 2.0, "rmse": 3.0},
    }


def test_evaluate_writes_them_and_prints_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--metrics` makes the file and its folder."""
    found = compared(Metrics(mae=1.0, rmse=2.0, r2=0.5))
    monkeypatch.setattr(comparison, "compare", lambda *_: found)
    main(["line", "--metrics", str(tmp_path / "deep" / "test.json")])
    text = (tmp_path / "deep" / "test.json").read_text(encoding="utf-8")
    assert json.loads(text) == flat_metrics.numbers(found)
    assert capsys.readouterr().out == ""


def test_two_versions_have_no_names_to_be_told_by(capsys: pytest.CaptureFixture[str]) -> None:
    """`--metrics` is for one version; two are a wrong call."""
    with pytest.raises(SystemExit) as ended:
        main(["line", "1", "2", "--metrics", "test.json"])
    assert ended.value.code == 2
    assert "--metrics takes one version" in capsys.readouterr().err
