"""Recipes: how they are found, and what data the notebook's has."""

from pathlib import Path

import pytest

from src import recipes
from src.errors import RecipeError
from src.params import load_params
from src.recipe import Split


@pytest.fixture
def recipe_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An extra folder that counts as part of `src/recipes`."""
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(tmp_path)])
    return tmp_path


def test_the_line_is_found_by_its_name() -> None:
    """The notebook's model is the recipe `line`."""
    assert recipes.find("line").name == "line"
    assert "line" in recipes.names()


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    """The message for an unknown recipe lists those that there are, and tells of the other way to name one."""
    with pytest.raises(RecipeError) as caught:
        recipes.find("circle")
    known = ", ".join(recipes.names())
    assert str(caught.value) == f"unknown recipe 'circle'; there is: {known}; or a file such as ../rents.py"


COPY = "from dataclasses import replace\nfrom src.recipes.line import RECIPE\nRECIPE = replace(RECIPE, name='copy')\n"


def test_a_file_elsewhere_is_a_recipe(tmp_path: Path) -> None:
    """Named by its path, whatever the file is called, with what lies beside it at its disposal."""
    (tmp_path / "beside_it.py").write_text(COPY, encoding="utf-8")
    (tmp_path / "my rents.py").write_text("from beside_it import RECIPE\n", encoding="utf-8")
    assert recipes.find(str(tmp_path / "my rents.py")).name == "copy"


def test_a_module_elsewhere_is_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named with its package, as Python imports it."""
    (tmp_path / "flats").mkdir()
    (tmp_path / "flats" / "rents.py").write_text(COPY, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert recipes.find("flats.rents").name == "copy"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("def", "cannot be loaded: SyntaxError: "),
        ("", "holds no RECIPE"),
        ("import sys; sys.exit()", "cannot be loaded: SystemExit: "),
        ("from src.recipes.line import RECIPE", "holds a RECIPE named 'line', as src/recipes has one; give it another"),
    ],
)
def test_a_file_elsewhere_that_is_no_recipe_is_refused_with_its_path(tmp_path: Path, source: str, message: str) -> None:
    """What is wrong in a file is told in one line that names it."""
    path = tmp_path / "rents.py"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        recipes.find(str(path))
    assert str(caught.value).startswith(f"{path} {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told() -> None:
    """The path is named."""
    with pytest.raises(RecipeError, match=r"^there is no recipe's file nowhere/rents\.py$"):
        recipes.find("nowhere/rents.py")


def test_a_new_file_is_a_new_recipe(recipe_folder: Path) -> None:
    """A file in the folder is found without an entry in any list."""
    (recipe_folder / "copy.py").write_text(COPY, encoding="utf-8")
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
    assert str(caught.value).startswith(f"src/recipes/{name}.py holds no RECIPE")


def test_the_lines_data_is_what_the_notebook_trains_on() -> None:
    """The line's training rows are the notebook's six points; the held-out rows lie on the same line between them."""
    recipe = recipes.find("line")
    dataset = recipe.load(load_params(recipe))
    assert isinstance(dataset.train, Split)
    assert isinstance(dataset.test, Split)
    assert dataset.train.inputs["x"].ravel().tolist() == [-1, 0, 1, 2, 3, 4]
    assert dataset.train.targets.ravel().tolist() == [-2, 1, 4, 7, 10, 13]
    assert dataset.test.inputs["x"].ravel().tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert dataset.test.targets.ravel().tolist() == [-0.5, 2.5, 5.5, 8.5, 11.5]
