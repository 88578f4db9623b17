"""`python -m src.drift.report`: which rows it compares, and the page that Evidently makes of them."""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src import recipes, saved_model
from src.drift import report, samples
from src.drift.samples import Columns
from src.errors import InputError
from src.recipe import Array
from tests.unit.src.drift import world

COLUMNS = Columns(["area", "rooms", "rent"], ["grade"])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one version."""
    world.put_into_store(tmp_path / "store", 1, world.card(world.draw(1, 500)))
    return tmp_path / "store"


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter in whose place Evidently is found: it keeps what it is given, as the page."""
    program = tmp_path / "python"
    given = "import shutil, sys; shutil.make_archive(sys.argv[4], 'zip', sys.argv[3])"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{given}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(report, "interpreter", lambda: program)
    return program


def log(folder: Path, name: str, *lines: str) -> str:
    """A prediction log."""
    (folder / name).write_text("".join(lines), encoding="utf-8")
    return str(folder / name)


def pages(page: Path, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, list[str]]]:
    """What the page was to be made of: the rows, what to compare them with, and the columns."""
    shutil.unpack_archive(f"{page}.zip", folder / "given")
    columns = json.loads((folder / "given" / "columns.json").read_text(encoding="utf-8"))
    read = [pd.read_parquet(folder / "given" / f"{name}.parquet") for name in ("current", "reference")]
    return read[0], read[1], columns


@pytest.mark.usefixtures("python")
def test_two_logs_are_compared_column_by_column(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers and categories, features and outputs; free text cannot be compared. The newest version is shown."""
    world.put_into_store(store, 2, world.card(world.draw(1, 500)))
    rows, before = world.draw(2, 30, larger=1), world.draw(3, 20)
    now = log(tmp_path, "now.jsonl", world.log_lines(before), world.log_lines(rows, version=2))
    page = tmp_path / "page.html"
    report.main(
        [
            now,
            "--reference",
            log(tmp_path, "then.jsonl", world.log_lines(before)),
            "--store",
            str(store),
            "--html",
            str(page),
        ]
    )
    current, reference, columns = pages(page, tmp_path)
    assert columns == {"numerical": ["area", "rooms", "rent"], "categorical": ["grade"]}
    assert current["area"].astype("float32").tolist() == rows.inputs["area"].ravel().tolist()
    assert current["rent"].tolist() == world.rent(rows.inputs).ravel().tolist()
    assert reference["grade"].tolist() == before.inputs["grade"].ravel().tolist()
    assert capsys.readouterr().out == f"flats version 2: 30 logged rows beside 20 for reference: {page}\n"


@pytest.mark.usefixtures("python")
def test_without_a_reference_it_is_the_recipes_training_rows(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the version's own answers to them; and other rows than it was trained on are noted."""
    train = world.draw(1, 500)
    found = {"flats": world.recipe(train), "other": replace(world.recipe(world.draw(9, 40)), name="flats")}
    monkeypatch.setattr(recipes, "find", found.__getitem__)
    monkeypatch.setattr("src.params.load_params", lambda _: world.PARAMS)

    class Loaded:
        """A version that is loaded."""

        thresholds = ()

        def __init__(self, path: Path) -> None:
            assert path == store / "flats" / "1"

        def answer(self, inputs: Mapping[str, Array]) -> Array:
            return world.rent(inputs) + 1

    monkeypatch.setattr(saved_model, "SavedModel", Loaded)
    now = log(tmp_path, "now.jsonl", world.log_lines(world.draw(2, 30)))
    words = [now, "--store", str(store), "--html", str(tmp_path / "page.html")]
    report.main(words)
    _, reference, _ = pages(tmp_path / "page.html", tmp_path)
    assert reference["rooms"].tolist() == train.inputs["rooms"].tolist()
    assert reference["rent"].tolist() == (world.rent(train.inputs) + 1).ravel().tolist()
    assert capsys.readouterr().err == ""
    report.main([*words, "--reference", "other"])
    captured = capsys.readouterr()
    assert captured.err == "drift: the version was trained on other data than the recipe gives now\n"
    assert "30 logged rows beside 40 for reference" in captured.out


def test_many_rows_are_thinned_out_evenly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the first to the last: more rows make the same picture."""
    monkeypatch.setattr(samples, "MAX_ROWS", 5)
    rows = world.draw(2, 101)
    found = samples.logged(log(tmp_path, "log.jsonl", world.log_lines(rows)), "flats", 1, COLUMNS)
    assert found["rooms"] == rows.inputs["rooms"][[0, 25, 50, 75, 100]].tolist()
    assert {len(column) for column in found.values()} == {5}


@pytest.mark.usefixtures("python")
def test_what_to_show_has_to_be_clear(tmp_path: Path, store: Path) -> None:
    """A log of several models, or without the version asked for, says what it has."""
    line = world.log_lines(world.draw(2, 7))
    both = log(tmp_path, "both.jsonl", line, line.replace('"flats"', '"cars"'))
    with pytest.raises(InputError, match=r"both\.jsonl tells of cars, flats: say --model$"):
        report.main([both, "--store", str(store)])
    with pytest.raises(InputError, match=r"does not tell of that; it tells of cars version 1, flats version 1$"):
        report.main([both, "--version", "7", "--store", str(store)])
    other = log(tmp_path, "other.jsonl", line.replace('"flats"', '"cars"'))
    with pytest.raises(InputError, match=r"other\.jsonl has no rows of flats$"):
        report.main([both, "--model", "flats", "--reference", other, "--store", str(store)])


def test_a_page_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """By the last line of what was said."""
    (tmp_path / "python").write_text("#!/bin/sh\necho first >&2\necho 'no room' >&2\nexit 1\n", encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(InputError) as caught:
        report.write_page(tmp_path / "python", Columns(["x"], []), {"x": [1]}, {"x": [2]}, Path("page.html"))
    assert str(caught.value) == "Evidently cannot write page.html: no room"


def test_without_evidently_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two commands in one line."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(report, "HERE", tmp_path / "src" / "drift")
    with pytest.raises(InputError, match=r"^the page needs Evidently: python3 -m venv \.venv-drift && "):
        report.interpreter()
    python = tmp_path / ".venv-drift" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert report.interpreter() == python


def _evidently() -> Path | None:
    try:
        return report.interpreter()
    except InputError:
        return None


@pytest.mark.skipif(_evidently() is None, reason="Evidently is not installed: src/drift/requirements.txt")
def test_evidently_makes_a_page_that_needs_no_network(tmp_path: Path) -> None:
    """One file, in which each column stands with its distribution."""
    python = _evidently()
    assert python
    random = np.random.default_rng(0)
    current, reference = (
        {"area": (70 + 20 * random.normal(size=300) + shift).tolist(), "grade": random.choice(["a", "b"], 300).tolist()}
        for shift in (40, 0)
    )
    report.write_page(python, Columns(["area"], ["grade"]), current, reference, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "area" in text
    assert "Dataset Drift is detected" in text
    assert 'src="http' not in text
