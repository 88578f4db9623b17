"""Predicting from the store: what the words on the command line mean, and what comes out."""

import os
import shutil
from pathlib import Path

import keras
import pytest

from src import rows
from src.errors import InputError, StoreError
from src.predict import main, split_model
from src.rows import Row, batched, read_rows
from src.saved_model import SavedModel
from tests.unit.src.conftest import Trained


@pytest.fixture
def line_store(line: Trained, empty_store: Path) -> Path:
    """A store with one version of the line."""
    shutil.copytree(line.path, empty_store / "line" / "1")
    return empty_store


def predictions(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[float]:
    """What the command prints for these arguments."""
    main([str(argument) for argument in arguments])
    return [float(text) for text in capsys.readouterr().out.splitlines()]


def test_the_recipes_name_may_be_left_out() -> None:
    """A first word that is a recipe's name chooses it; else all words are values for the default recipe."""
    assert split_model(["line", "10"], Path("nowhere")) == ("line", ["10"])
    assert split_model(["10", "line"], Path("nowhere")) == ("line", ["10", "line"])
    assert split_model([], Path("nowhere")) == ("line", [])


def test_words_are_one_row_each() -> None:
    """Several values are several rows, and each knows its position for messages."""
    rows = list(read_rows(["1", "2"], ["x"]))
    assert rows == [Row("value 1", {"x": "1"}), Row("value 2", {"x": "2"})]


def test_one_word_that_is_a_files_name_is_read_as_csv(tmp_path: Path) -> None:
    """An existing file, whatever its name ends with, and any name that ends with .csv mean a CSV file."""
    path = tmp_path / "rows.txt"
    path.write_text("x\n5\n", encoding="utf-8")
    assert [dict(row.values) for row in read_rows([str(path)], ["x"])] == [{"x": "5"}]
    with pytest.raises(InputError, match=r"^cannot read no\.csv: No such file or directory$"):
        list(read_rows(["no.csv"], ["x"]))


def test_a_word_too_long_for_a_files_name_is_a_value() -> None:
    """A long word is not looked up as a file in vain."""
    word = "1" * 5000
    assert list(read_rows([word], ["x"])) == [Row("value 1", {"x": word})]


@pytest.mark.parametrize(
    ("words", "names", "message"),
    [
        ([], ["x"], "nothing to predict: give values, a CSV file, or - for standard input"),
        (["1"], ["a", "b"], "this model takes a, b: give a CSV file with these columns"),
    ],
)
def test_words_that_make_no_row_are_refused(words: list[str], names: list[str], message: str) -> None:
    """No words at all, and bare values for a model of several inputs, are refused with what to give instead."""
    with pytest.raises(InputError) as caught:
        list(read_rows(words, names))
    assert str(caught.value) == message


def test_rows_are_cut_into_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches keep the rows' order, and the last one may be shorter."""
    monkeypatch.setattr(rows, "BATCH_ROWS", 2)
    five = [Row(f"value {n}", {}) for n in range(5)]
    assert list(batched(five)) == [five[:2], five[2:4], five[4:]]
    assert list(batched([])) == []


def test_a_model_of_several_inputs_predicts_rows_of_a_file(areas: Trained, tmp_path: Path) -> None:
    """Inputs of different dtypes and shapes are filled by name, whatever the columns' order."""
    path = tmp_path / "areas.csv"
    path.write_text("count,note,length\n3,a,2.5\n1,b,1.5\n", encoding="utf-8")
    model = SavedModel(areas.path)
    answers = model.predict(list(read_rows([str(path)], list(model.inputs))))
    assert answers == pytest.approx([7.5, 1.5], abs=0.2)
    with pytest.raises(InputError, match=r"^here, count: '2\.5' is no finite number of type int64$"):
        model.predict([Row("here", {"length": "1", "count": "2.5"})])


def test_a_file_holds_values_of_every_kind(mixed: Trained, tmp_path: Path) -> None:
    """Numbers, booleans, categories and free text, quoted where CSV needs it, give the Keras model's predictions."""
    lines = [
        "remark,district,furnished,rooms,distance,area",
        '"light, with a ""balcony""",Südhang,TRUE,3,0.25,0.8',
        ",harbour,false,1,1e-1,1",
    ]
    (tmp_path / "flats.csv").write_text("\n".join(lines), encoding="utf-8")
    model = SavedModel(mixed.path)
    given = list(read_rows([str(tmp_path / "flats.csv")], list(model.inputs)))
    rents = [2.4 - 0.25 + 1.5 + 1 + 2 + 1, 3 - 0.1 + 0.5]  # by the recipe's tariff
    assert model.predict(given) == pytest.approx(rents, abs=0.2)
    with pytest.raises(InputError, match=r"^here, furnished: '1' is neither true nor false$"):
        model.predict([Row("here", {**given[0].values, "furnished": "1"})])


def test_a_value_that_the_model_itself_refuses_is_told_in_one_line(tmp_path: Path) -> None:
    """A lookup without a place for unknown words fails in the graph, and the message names the rows of that batch."""
    lookup = keras.layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0)
    model = keras.Sequential([keras.Input((), dtype="string", name="word"), lookup])
    model.export(str(tmp_path / "model"), verbose=False)
    loaded = SavedModel(tmp_path / "model")
    assert loaded.predict(list(read_rows(["b"], list(loaded.inputs)))) == [1]
    with pytest.raises(InputError, match=r"^value 1 to value 2: the model refuses: ") as caught:
        loaded.predict(list(read_rows(["b", "c"], list(loaded.inputs))))
    assert "\n" not in str(caught.value)


def test_predictions_come_one_a_line_in_order(
    line_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line at several places, over several batches."""
    monkeypatch.setattr(rows, "BATCH_ROWS", 2)
    assert predictions(capsys, "--store", line_store, "10", "0", "1.5") == pytest.approx([31, 1, 5.5], abs=1e-2)
    assert predictions(capsys, "line", "--store", line_store, "--", "-1") == pytest.approx([-2], abs=1e-2)


def test_the_newest_version_predicts(line: Trained, line_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken older version is not even looked at."""
    shutil.copytree(line.path, line_store / "line" / "10")
    (line_store / "line" / "1" / "saved_model.pb").write_bytes(b"")
    assert predictions(capsys, "--store", line_store, "10") == pytest.approx([31], abs=1e-2)


@pytest.mark.parametrize(
    "name", ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
)
@pytest.mark.parametrize("share", [None, 0, 0.5])
def test_a_damaged_version_is_refused_in_one_line(line_store: Path, name: str, share: float | None) -> None:
    """A file that is missing, empty or cut short gives one line with the version's folder."""
    version = line_store / "line" / "1"
    if share is None:
        (version / name).unlink()
    else:
        os.truncate(version / name, int((version / name).stat().st_size * share))
    with pytest.raises(StoreError) as caught:
        SavedModel(version)
    assert str(caught.value).startswith(f"cannot load {version}: ")
    assert "\n" not in str(caught.value)


def test_a_word_that_looks_like_a_recipe_but_is_none_is_refused() -> None:
    """A misspelt recipe is told from a wrong value."""
    with pytest.raises(InputError) as caught:
        split_model(["lime", "10"], Path("nowhere"))
    assert str(caught.value).startswith("'lime' is no value, no CSV file and no model; models: ")
