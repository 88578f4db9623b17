"""Recipes: how they are found, and what their data is held against."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src import recipes
from src.errors import RecipeError
from src.params import load_params
from src.recipe import Dataset, Recipe, Split, check_dataset


@pytest.fixture
def recipe_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An extra folder that counts as part of `src/recipes`."""
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(tmp_path)])
    return tmp_path


@pytest.fixture
def line_data() -> tuple[Recipe[Any], Dataset]:
    """The line's recipe and its data, as loaded."""
    recipe = recipes.find("line")
    return recipe, recipe.load(load_params(recipe))


def test_the_line_is_found_by_its_name() -> None:
    """The notebook's model is the recipe `line`."""
    assert recipes.find("line").name == "line"
    assert "line" in recipes.names()


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    """The message for an unknown recipe lists those that there are."""
    with pytest.raises(RecipeError) as caught:
        recipes.find("circle")
    assert str(caught.value) == f"unknown recipe 'circle'; there is: {', '.join(recipes.names())}"


def test_a_new_file_is_a_new_recipe(recipe_folder: Path) -> None:
    """A file in the folder is found without an entry in any list."""
    source = (
        "from dataclasses import replace\nfrom src.recipes.line import RECIPE\nRECIPE = replace(RECIPE, name='copy')\n"
    )
    (recipe_folder / "copy.py").write_text(source, encoding="utf-8")
    assert recipes.find("copy").name == "copy"


@pytest.mark.parametrize(
    ("name", "source"),
    [("hollow", ""), ("text", "RECIPE = 'text'\n"), ("wrong", "from src.recipes.line import RECIPE\n")],
)
def test_a_file_without_its_recipe_is_refused(recipe_folder: Path, name: str, source: str) -> None:
    """A recipe file must hold a Recipe named as the file is."""
    (recipe_folder / f"{name}.py").write_text(source, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        recipes.find(name)
    assert str(caught.value) == f"src/recipes/{name}.py holds no RECIPE named '{name}'"


def test_the_lines_data_is_what_the_notebook_trains_on(line_data: tuple[Recipe[Any], Dataset]) -> None:
    """The line's training rows are the notebook's six points; the held-out rows lie on the same line between them."""
    _, dataset = line_data
    assert dataset.train.inputs["x"].ravel().tolist() == [-1, 0, 1, 2, 3, 4]
    assert dataset.train.targets.ravel().tolist() == [-2, 1, 4, 7, 10, 13]
    assert dataset.test.inputs["x"].ravel().tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert dataset.test.targets.ravel().tolist() == [-0.5, 2.5, 5.5, 8.5, 11.5]


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


@pytest.mark.parametrize(
    ("dtype", "values", "message"),
    [
        ("float32", [[0], [np.nan]], "recipe line: test feature 'x' is not finite in row 1"),
        ("object", [["a"], ["b"]], "recipe line: test feature 'x' is object; only numbers are supported yet"),
    ],
)
def test_data_that_is_no_number_is_refused(
    line_data: tuple[Recipe[Any], Dataset], dtype: str, values: list[list[Any]], message: str
) -> None:
    """Text and NaN, which neither metrics nor card could deal with, are refused before training."""
    recipe, dataset = line_data
    text = Split({"x": np.array(values, dtype)}, np.zeros((2, 1), "float32"))
    train = dataset.train if dtype == "float32" else text
    recipe = replace(recipe, features=(replace(recipe.features[0], dtype=dtype),))
    with pytest.raises(RecipeError) as caught:
        check_dataset(recipe, replace(dataset, train=train, test=text))
    assert str(caught.value) == message.replace("test", "train" if train is text else "test")


def test_targets_of_another_shape_are_refused(line_data: tuple[Recipe[Any], Dataset]) -> None:
    """Flat targets would be compared with a column of predictions as a square of differences."""
    recipe, dataset = line_data
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


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"y": 1}, "recipe line: the example has no value for feature 'x'"),
        ({"x": [1, 2]}, "recipe line: the example does not fit the features: cannot reshape array"),
        ({"x": "ten"}, "recipe line: the example does not fit the features: could not convert string to float: 'ten'"),
    ],
)
def test_an_example_that_does_not_fit_is_refused(
    line_data: tuple[Recipe[Any], Dataset], example: dict[str, Any], message: str
) -> None:
    """The example, which becomes a golden row, is held against the features before training."""
    recipe, dataset = line_data
    with pytest.raises(RecipeError) as caught:
        check_dataset(replace(recipe, example=example), dataset)
    assert str(caught.value).startswith(message)
