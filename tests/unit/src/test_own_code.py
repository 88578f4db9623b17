"""What a recipe's author got wrong is told in one line, with the place in their file, whichever part it is in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from src import training
from src.dataset import Stream
from src.errors import RecipeError
from src.recipe import Baseline, Dataset, Params, Recipe, Split
from src.recipes import find
from src.release.operations import Operator
from tests.unit.src.mixed import MIXED, PARAMS

FAILING = """
from dataclasses import replace

from src.recipe import Params
from src.recipes.line import RECIPE as LINE, points


def load(params):
    return {}["rows"]


def build_model(params, training):
    return None


RECIPE = replace(LINE, name="failing", params=Params, load=load, build_model=build_model)
"""


SINGLE: Any = 1  # as `(1)` is


def refusal(recipe: Recipe[Any], store: Path) -> str:
    """What is said of a recipe."""
    with pytest.raises(RecipeError) as caught:
        training.train(recipe, PARAMS, Operator(store=store))
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix("recipe mixed: ")


def test_an_error_is_told_with_its_line(tmp_path: Path, empty_store: Path) -> None:
    """The last line of the recipe's own file that it came through, and Python's word for it."""
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    recipe = find(str(tmp_path / "failing.py"))
    assert refusal(recipe, empty_store) == "recipe failing: load fails in line 9: KeyError: 'rows'"


def test_what_is_no_dataset_is_told(empty_store: Path) -> None:
    """Nothing at all, or a split that is none."""
    nothing: Any = None
    assert refusal(replace(MIXED, load=lambda _: nothing), empty_store) == "load gives nothing, not a Dataset"
    odd: Any = Dataset("made", [1, 2], [3])  # type: ignore[arg-type]
    assert (
        refusal(replace(MIXED, load=lambda _: odd), empty_store)
        == "load gives a list to train on, not a Split or a Stream"
    )


def test_what_is_no_model_is_told(empty_store: Path) -> None:
    """A forgotten `return`, a model that is not compiled, or an error of Keras' own."""
    forgotten = replace(MIXED, build_model=lambda *_: None)
    assert refusal(forgotten, empty_store) == "build_model gives nothing, not a Keras model"
    bare = replace(MIXED, build_model=lambda *_: keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    assert refusal(bare, empty_store) == "build_model gives a model that is not compiled"
    none = replace(MIXED, build_model=lambda *_: keras.layers.Dense(0))
    assert refusal(none, empty_store).startswith("build_model fails in line ")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (lambda _: np.zeros(3), "the baseline answers 256 rows with shape (3,)"),
        (lambda _: 1 / 0, "the baseline fails: ZeroDivisionError: division by zero"),
        (
            lambda inputs: np.full((len(inputs["area"]), 1), np.nan),
            "the baseline's predictions are not finite numbers (test MAE NaN, RMSE NaN, R² nan)",
        ),
    ],
)
def test_a_baseline_that_is_none_is_told(empty_store: Path, answers: Any, message: str) -> None:
    """Nothing passes the gate by being compared with no numbers, and nothing is published."""
    baseline = Baseline(name="odd", fit=lambda _: answers)
    assert refusal(replace(MIXED, baseline=baseline), empty_store) == message
    assert not (empty_store / "mixed" / "1").exists()
    assert len(list((empty_store / "mixed" / "reports").glob("refused-*.html"))) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": MIXED.features[0]}, "the features are no tuple of Feature; a single one: (Feature(...),)"),
        ({"features": (*MIXED.features, MIXED.features[0])}, "more than one feature is called area"),
        (
            {"features": (replace(MIXED.features[0], shape=SINGLE), *MIXED.features[1:])},
            "feature 'area' has the shape 1, which is no tuple; of one value: (1,)",
        ),
    ],
)
def test_slips_in_a_declaration_are_told(empty_store: Path, changes: dict[str, Any], message: str) -> None:
    """A missing comma makes a tuple something else."""
    assert refusal(replace(MIXED, **changes), empty_store) == message


def of_train(rows: Any) -> Recipe[Any]:
    """The mixed recipe with other training rows, made of its own."""

    def load(params: Params) -> Dataset:
        dataset = MIXED.load(params)
        return replace(dataset, train=rows(dataset.train))

    return replace(MIXED, load=load)


def test_slips_in_the_data_are_told(empty_store: Path) -> None:
    """An input that is no feature, a list in place of an array, a stream that counts its rows wrong."""
    surplus = of_train(lambda train: Split({**train.inputs, "pets": train.targets}, train.targets))
    assert refusal(surplus, empty_store) == "the train split has inputs that are no features: pets"
    listed = of_train(lambda train: Split({**train.inputs, "area": train.inputs["area"].tolist()}, train.targets))
    assert refusal(listed, empty_store) == "train feature 'area' is a list, not a NumPy array"
    short = of_train(lambda train: Stream(train.chunks, 250))
    assert refusal(short, empty_store) == "the train split has 256 rows, and says that it has 250"


def test_a_stream_that_fails_in_the_middle_is_told_as_it_is(empty_store: Path) -> None:
    """What it raises while TensorFlow reads it comes back as it was raised, without TensorFlow's account of it."""
    passes = []

    def stream(train: Split) -> Stream:
        def read() -> Any:
            passes.append(1)
            yield train
            if len(passes) > 3:
                raise RecipeError("the file has changed")

        return Stream(read, train.rows)

    assert refusal(of_train(stream), empty_store) == "the file has changed"


def test_empty_pieces_of_a_stream_do_no_harm(empty_store: Path) -> None:
    """A file may hold none of the rows that are wanted."""

    def stream(train: Split) -> Stream:
        return Stream(lambda: iter([train.take(slice(0, 0)), train, train.take(slice(0, 0))]), train.rows)

    run = training.train(of_train(stream), PARAMS, Operator(store=empty_store))
    assert (run.version, run.train.rows) == (1, 256)
