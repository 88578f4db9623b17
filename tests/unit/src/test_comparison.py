"""Versions side by side: their numbers are those of the models, on the rows asked for."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from src import comparison, recipes, training
from src.amounts import MINUS
from src.comparison import as_json, as_table, compare, data_note
from src.errors import InputError, StoreError
from src.evaluate import main
from src.params import load_params
from src.release.operations import Operator
from tests.unit.src.mixed import MIXED, PARAMS

LINE = recipes.find("line")
LINE_PARAMS = load_params(LINE)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The line's version 1, after 200 epochs, and version 2, after all of them."""
    folder = tmp_path_factory.mktemp("store")
    training.train(LINE, msgspec.structs.replace(LINE_PARAMS, epochs=200), Operator(store=folder))
    training.train(LINE, LINE_PARAMS, Operator(store=folder))
    return folder


def test_versions_stand_beside_each_other_and_the_baseline(store: Path) -> None:
    """In the order asked for, on the held-out rows, with the metrics that their own runs found."""
    compared = compare(LINE, LINE_PARAMS, store, [2, 1], "test")
    assert [each.name for each in compared.measured] == ["version 2", "version 1", "mean of the training targets"]
    assert [each.version for each in compared.measured] == [2, 1, None]
    newer, older, baseline = (each.metrics.mae for each in compared.measured)
    assert newer < older / 5 < baseline
    assert baseline == pytest.approx(3.6)
    card = json.loads((store / "line" / "2" / "assets.extra" / "card.json").read_text(encoding="utf-8"))
    assert newer == pytest.approx(card["metrics"]["model"]["test"]["mae"], rel=1e-3)
    assert (compared.rows, compared.split, compared.data_sha256) == (5, "test", card["data"]["sha256"])
    assert [each.same_data for each in compared.measured] == [True, True, None]


def test_each_version_has_an_error_of_its_own_by_decile(store: Path) -> None:
    """Five rows are five tenths, from the least target to the greatest."""
    compared = compare(LINE, LINE_PARAMS, store, [None], "test")
    assert compared.deciles == [(-0.5, -0.5), (2.5, 2.5), (5.5, 5.5), (8.5, 8.5), (11.5, 11.5)]
    assert compared.measured[0].version == 2
    assert compared.measured[1].mae_by_decile == [6, 3, 0, 3, 6]


def test_the_training_rows_can_be_asked(store: Path) -> None:
    """What the model has learnt from, to be held beside what it has not seen."""
    assert compare(LINE, LINE_PARAMS, store, [None], "train").rows == 6


def test_the_table_is_aligned_and_whole(store: Path) -> None:
    """A heading, three metrics and the deciles; every line is as long as the next."""
    heading, *lines = as_table(compare(LINE, LINE_PARAMS, store, [1, 2], "test")).splitlines()
    assert heading == "line, test split, 5 rows"
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split("  ")[-1] == "mean of the training targets"
    assert [line.split()[0] for line in lines[1:4]] == ["MAE", "RMSE", "R²"]
    assert lines[4].startswith(f"MAE from {MINUS}0.5 to {MINUS}0.5 ")
    assert lines[1].split()[-1] == "3.6"


def test_the_json_holds_all_of_it(store: Path) -> None:
    """A program reads what the table shows, unrounded."""
    compared = compare(LINE, LINE_PARAMS, store, [1], "test")
    assert msgspec.json.decode(as_json(compared), type=comparison.Comparison) == compared


def test_other_data_than_a_version_was_trained_on_are_noted(store: Path) -> None:
    """The numbers are still of use, if one knows."""
    other = replace(LINE, load=lambda params: replace(LINE.load(params), test=LINE.load(params).train))
    compared = compare(other, LINE_PARAMS, store, [1], "test")
    assert data_note(compared) == "version 1 was trained on other data than the recipe gives now"
    assert data_note(compare(LINE, LINE_PARAMS, store, [1], "test")) is None


def test_a_version_that_is_not_there_is_refused_with_those_that_are(store: Path) -> None:
    """One line, before any data are loaded."""
    with pytest.raises(StoreError) as caught:
        compare(replace(LINE, load=lambda _: pytest.fail("the data were loaded")), LINE_PARAMS, store, [9], "test")
    assert str(caught.value) == f"no version 9 of line in {store}; there is: 1, 2"


def test_a_version_with_other_inputs_is_told(store: Path) -> None:
    """A version from before the features were changed names the input that it lacks."""
    recipe = replace(MIXED, name="line")
    with pytest.raises(InputError, match=r"takes an input 'x' that is not there$"):
        compare(recipe, PARAMS, store, [1], "test")


def test_the_command_prints_a_table_or_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m src.evaluate line 1 2`, and the same with --json."""
    main(["line", "1", "2", "--store", str(store)])
    assert capsys.readouterr().out.startswith("line, test split, 5 rows\n")
    main(["line", "--json", "--split", "train", "--store", str(store)])
    found = json.loads(capsys.readouterr().out)
    assert (found["split"], [each["version"] for each in found["measured"]]) == ("train", [2, None])


@pytest.mark.parametrize("words", [["line", "1", "2", "3"], ["line", "one"], ["line", "--split", "both"]])
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Three versions, a version that is no number, a split that is none."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("python -m src.evaluate: ")
