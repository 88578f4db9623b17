"""Checks: what a recipe declares, and the data it loads, are held against each other before training."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from src import recipes
from src.checks import check_recipe
from src.dataset import Stream
from src.errors import RecipeError
from src.params import load_params
from src.profiles import profile
from src.recipe import Dataset, Feature, Recipe, Split
from tests.unit.src.mixed import MIXED, PARAMS


def check_dataset(recipe: Recipe[Any], dataset: Dataset) -> None:
    """Go over both splits, as a run does before it trains."""
    profile(recipe, "train", dataset.train)
    profile(recipe, "test", dataset.test)


@pytest.fixture
def line_data() -> tuple[Recipe[Any], Dataset]:
    """The line's recipe and its data, as loaded."""
    recipe = recipes.find("line")
    return recipe, recipe.load(load_params(recipe))


def declaration_fault(*, dtype: str = "string", vocabulary: tuple[str, ...] = ("a", "b")) -> str:
    """What is wrong with a recipe's only feature, named x."""
    feature = Feature(name="x", dtype=dtype, description="A value.", vocabulary=vocabulary)
    with pytest.raises(RecipeError) as caught:
        check_recipe(replace(recipes.find("line"), features=(feature,)))
    return str(caught.value).removeprefix("recipe line: feature 'x' ")


def refusal_of_value(split: str, name: str, value: object) -> str:
    """The message for the mixed recipe's data with this value in rows 5 and 9 of one feature and split."""
    dataset = MIXED.load(PARAMS)
    array = getattr(dataset, split).inputs[name]
    for row in (5, 9):
        array.reshape(-1)[row] = value
    with pytest.raises(RecipeError) as caught:
        check_dataset(MIXED, dataset)
    return str(caught.value)


def test_data_as_declared_passes(line_data: tuple[Recipe[Any], Dataset]) -> None:
    """Data whose dtypes and shapes are those declared raises nothing."""
    check_dataset(*line_data)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "recipe line: test feature 'x' is nothing, declared as float32 of shape (2, 1)"),
        (
            {"x": np.zeros((2, 1))},
            "recipe line: test feature 'x' is float64 of shape (2, 1), declared as float32 of shape (2, 1)",
        ),
        (
            {"x": np.zeros((2,), "float32")},
            "recipe line: test feature 'x' is float32 of shape (2,), declared as float32 of shape (2, 1)",
        ),
        (
            {"x": np.zeros((3, 1), "float32")},
            "recipe line: test feature 'x' is float32 of shape (3, 1), declared as float32 of shape (2, 1)",
        ),
    ],
)
def test_data_other_than_declared_is_refused(
    line_data: tuple[Recipe[Any], Dataset], inputs: dict[str, Any], message: str
) -> None:
    """A feature that is missing, or of another dtype or shape, is refused with both found and declared."""
    recipe, dataset = line_data
    with pytest.raises(RecipeError) as caught:
        check_dataset(recipe, replace(dataset, test=Split(inputs, np.zeros((2, 1), "float32"))))
    assert str(caught.value) == message


def test_numbers_that_are_not_finite_are_refused(line_data: tuple[Recipe[Any], Dataset]) -> None:
    """NaN, which neither metrics nor card could deal with, is refused before training, with its row."""
    recipe, dataset = line_data
    hole = Split({"x": np.array([[0], [np.nan]], "float32")}, np.zeros((2, 1), "float32"))
    with pytest.raises(RecipeError, match=r"^recipe line: test feature 'x' is not finite in row 1$"):
        check_dataset(recipe, replace(dataset, test=hole))


def test_targets_of_another_shape_are_refused(line_data: tuple[Recipe[Any], Dataset]) -> None:
    """Flat targets would be compared with a column of predictions as a square of differences."""
    recipe, dataset = line_data
    assert isinstance(dataset.train, Split)
    flat = Split(dataset.train.inputs, dataset.train.targets.ravel())
    with pytest.raises(RecipeError) as caught:
        check_dataset(recipe, replace(dataset, train=flat))
    expected = "recipe line: train targets is float32 of shape (6,), declared as float32 of shape (6, 1)"
    assert str(caught.value) == expected


def test_an_empty_split_is_refused(line_data: tuple[Recipe[Any], Dataset]) -> None:
    """A split without rows cannot be trained on or evaluated."""
    recipe, dataset = line_data
    empty = Split({"x": np.zeros((0, 1), "float32")}, np.zeros((0, 1), "float32"))
    with pytest.raises(RecipeError, match=r"^recipe line: the train split has no rows$"):
        check_dataset(recipe, replace(dataset, train=empty))


def test_a_row_of_a_stream_is_counted_from_the_splits_start() -> None:
    """Where rows come in pieces, the number told is the row's own, not its place in the piece."""
    rows = MIXED.load(PARAMS).train
    assert isinstance(rows, Split)
    rows.inputs["distance"][70] = np.nan
    stream = Stream(lambda: iter([rows.take(slice(0, 64)), rows.take(slice(64, None))]), rows.rows)
    with pytest.raises(RecipeError, match=r"^recipe mixed: train feature 'distance' is not finite in row 70$"):
        profile(MIXED, "train", stream)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", ".hidden", "..", "a\n", "-x", "models.config"])
def test_a_name_that_no_model_can_have_is_refused(name: str) -> None:
    """A model's name is a folder in the store, an entry of a server's configuration and a part of URLs."""
    with pytest.raises(RecipeError) as caught:
        check_recipe(replace(recipes.find("line"), name=name))
    expected = "a model's name is made of letters, digits, '_', '-' and '.', and begins with one of the first two"
    assert str(caught.value) == f"recipe {name!r}: {expected}"


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"y": 1}, "the example has no value for feature 'x'"),
        ({"x": [1, 2]}, "the example does not fit the features: cannot reshape array of size 2 into shape (1,1)"),
        ({"x": "ten"}, "the example does not fit the features: 'ten' is no float32"),
        ({"x": True}, "the example does not fit the features: True is no float32"),
        ({"x": 1e39}, "the example does not fit the features: overflow encountered in cast"),
        ({"x": float("nan")}, "example feature 'x' is not finite in row 0"),
    ],
)
def test_an_example_that_does_not_fit_is_refused(example: dict[str, Any], message: str) -> None:
    """The example, which becomes a golden row, is held against the features before training."""
    with pytest.raises(RecipeError) as caught:
        check_recipe(replace(recipes.find("line"), example=example))
    assert str(caught.value) == f"recipe line: {message}"


def test_every_kind_of_feature_passes() -> None:
    """Numbers, booleans, categories and free text, as declared, raise nothing."""
    check_recipe(MIXED)
    check_dataset(MIXED, MIXED.load(PARAMS))


@pytest.mark.parametrize("dtype", ["object", "float", "complex64", "datetime64[s]", "str", "bfloat16", "text"])
def test_a_dtype_that_models_cannot_have_is_refused(dtype: str) -> None:
    """The message lists the dtypes that there are."""
    assert declaration_fault(dtype=dtype) == (
        f"has the dtype '{dtype}'; there is: bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16,"
        " float32, float64, string"
    )


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_only_strings_have_a_vocabulary(dtype: str) -> None:
    """A vocabulary beside another dtype is a mistake in one of the two."""
    assert declaration_fault(dtype=dtype) == f"has the dtype {dtype} and a vocabulary, which only strings have"


@pytest.mark.parametrize(
    ("vocabulary", "fault"),
    [
        ((), "has an empty vocabulary; leave it out where any string may come"),
        (("a", "b", "a"), "has 'a' in its vocabulary: named twice"),
        (("a", 1), "has 1 in its vocabulary: no str"),
        (("a", "\ud800"), "has '\\ud800' in its vocabulary: no Unicode text"),
    ],
)
def test_a_vocabulary_that_names_no_categories_is_refused(vocabulary: tuple[str, ...], fault: str) -> None:
    """A vocabulary holds one string or more, each once."""
    assert declaration_fault(vocabulary=vocabulary) == fault


@pytest.mark.parametrize(("value", "shown"), [("Mars", "'Mars'"), ("Harbour", "'Harbour'"), ("x" * 99, f"'{'x' * 79}")])
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_value_outside_the_vocabulary_is_refused(split: str, value: str, shown: str) -> None:
    """The first such row is named, and the value, cut where it is long."""
    message = f"recipe mixed: {split} feature 'district' is {shown} in row 5: not in the vocabulary"
    assert refusal_of_value(split, "district", value) == message


@pytest.mark.parametrize("value", [None, float("nan"), 1, b"bytes", np.str_("NumPy's"), ["a", "list"]])
def test_a_value_that_is_no_str_is_refused(value: object) -> None:
    """What stands for a missing value is none either."""
    assert (
        refusal_of_value("train", "remark", value)
        == f"recipe mixed: train feature 'remark' is {value!r} in row 5: no str"
    )


def test_a_string_that_is_no_unicode_is_refused() -> None:
    """Half a surrogate pair has no UTF-8, which both TensorFlow and JSON need."""
    message = "recipe mixed: train feature 'remark' is 'a\\ud83d' in row 5: no Unicode text"
    assert refusal_of_value("train", "remark", "a\ud83d") == message


@pytest.mark.parametrize("dtype", ["U", "S", "int64"])
def test_strings_come_as_object_arrays(dtype: str) -> None:
    """An array of another dtype, NumPy's own strings too, is refused with the form that is due."""
    dataset = MIXED.load(PARAMS)
    assert isinstance(dataset.test, Split)
    values = np.full(dataset.test.rows, 7).astype(dtype)
    test = replace(dataset.test, inputs={**dataset.test.inputs, "remark": values})
    with pytest.raises(RecipeError) as caught:
        check_dataset(MIXED, replace(dataset, test=test))
    assert str(caught.value) == (
        f"recipe mixed: test feature 'remark' is {values.dtype} of shape (64,), declared as string (object arrays of"
        " str) of shape (64,)"
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rooms", 2.5, "the example does not fit the features: 2.5 is no int64"),
        ("furnished", "yes", "the example does not fit the features: 'yes' is no bool"),
        ("furnished", 1, "the example does not fit the features: 1 is no bool"),
        ("remark", 1, "the example does not fit the features: 1 is no string"),
        ("district", "Mars", "example feature 'district' is 'Mars' in row 0: not in the vocabulary"),
    ],
)
def test_an_example_of_another_kind_is_refused(name: str, value: object, message: str) -> None:
    """Nothing is rounded, and nothing taken for true or for text, on its way into the golden rows."""
    with pytest.raises(RecipeError) as caught:
        check_recipe(replace(MIXED, example={**MIXED.example, name: value}))
    assert str(caught.value) == f"recipe mixed: {message}"
