"""What is told of a recipe's data: the same as in a model's card, and before any training."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src import downloads, prepare, recipes
from src.errors import RecipeError
from src.params import load_params
from src.recipe import Dataset, Split
from src.run import Run
from tests.unit.src.mixed import MIXED, PARAMS

LINE = recipes.find("line")


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, which is not there yet."""
    folder = tmp_path / "data"
    monkeypatch.setattr(downloads, "DATA", folder)
    return folder


def test_the_data_are_told_as_the_card_has_them(line_run: Run) -> None:
    """Source, checksum and rows are those of a run; features have their statistics."""
    told = json.loads(prepare.describe_data(LINE, load_params(LINE)))
    origin = line_run.origin.data
    assert (told["recipe"], told["source"], told["sha256"]) == ("line", origin.source, origin.sha256)
    assert told["rows"] == origin.rows
    (feature,) = told["features"]
    assert (feature["name"], feature["min"], feature["max"], feature["mean"]) == ("x", -1, 4, 1.5)


def test_what_is_told_changes_with_the_data_only() -> None:
    """Twice the same data are the same text; one other target makes another."""

    def load(_params: Any) -> Dataset:
        dataset = MIXED.load(PARAMS)
        assert isinstance(dataset.train, Split)
        return replace(dataset, train=Split(dataset.train.inputs, np.nextafter(dataset.train.targets, np.float32(9))))

    told = prepare.describe_data(MIXED, PARAMS)
    assert prepare.describe_data(MIXED, PARAMS) == told
    assert prepare.describe_data(replace(MIXED, load=load), PARAMS) != told


def test_bad_rows_are_refused_before_any_training() -> None:
    """As training would, with the place."""

    def load(_params: Any) -> Dataset:
        rows = Split({"x": np.array([[np.nan]], "float32")}, np.ones((1, 1), "float32"))
        return Dataset(source="broken", train=rows, test=rows)

    with pytest.raises(RecipeError, match=r"^recipe line: .*x"):
        prepare.describe_data(replace(LINE, load=load), load_params(LINE))


def test_the_file_and_the_data_folder_are_made(tmp_path: Path, data_folder: Path) -> None:
    """Also the folder of a recipe that downloads nothing, since the pipeline keeps it."""
    file = tmp_path / "deep" / "data.json"
    prepare.main(["line", "--to", str(file)])
    assert json.loads(file.read_text(encoding="utf-8"))["rows"] == {"train": 6, "test": 5}
    assert data_folder.is_dir()


def test_tensorflow_is_not_waited_for(data_folder: Path) -> None:
    """Going over the data takes no TensorFlow, whose import takes longer than the rest."""
    script = (
        "import sys; from pathlib import Path; from src import downloads, prepare;"
        "downloads.DATA = Path(sys.argv[1]); prepare.main(['line']); sys.exit('tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(data_folder)]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
