"""Hyperparameters: where they come from, and every refusal's exact message."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from src import recipes
from src.errors import ParamsError
from src.params import load_params
from src.recipe import Params, Recipe

SECTION = {"seed": "1", "epochs": "2", "batch_size": "3", "learning_rate": "0.5"}
KNOWN = "seed, epochs, batch_size, learning_rate"


@pytest.fixture(scope="module")
def recipe() -> Recipe[Any]:
    """The line, whose parameters need no TensorFlow."""
    return recipes.find("line")


def write(tmp_path: Path, **changes: str | None) -> Path:
    """A parameter file with the line's section, changed as given (None leaves a parameter out)."""
    path = tmp_path / "params.yaml"
    values = {name: value for name, value in (SECTION | changes).items() if value is not None}
    path.write_text("line:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items()), encoding="utf-8")
    return path


def test_the_recipes_section_of_the_file_gives_typed_values(tmp_path: Path, recipe: Recipe[Any]) -> None:
    """Each parameter has the type its recipe declares, also where YAML reads a number such as 1e-2 as text."""
    params = load_params(recipe, path=write(tmp_path, learning_rate="1e-2"))
    assert params == recipe.params(seed=1, epochs=2, batch_size=3, learning_rate=0.01)
    assert isinstance(params.learning_rate, float)


def test_an_override_wins_over_the_file_and_the_last_one_over_the_others(tmp_path: Path, recipe: Recipe[Any]) -> None:
    """`--set` replaces a value of the file, blanks around key and value do not count, and a later one wins."""
    params = load_params(recipe, ["epochs=7", " epochs = 9 "], path=write(tmp_path))
    assert (params.epochs, params.seed) == (9, 1)


def test_an_override_can_give_what_the_file_lacks(tmp_path: Path, recipe: Recipe[Any]) -> None:
    """A parameter that the file leaves out may come from `--set`."""
    assert load_params(recipe, ["seed=5"], path=write(tmp_path, seed=None)).seed == 5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "--set epochs: expected key=value"),
        ("epoch=1", f"--set: unknown parameter 'epoch'; there is: {KNOWN}"),
        ("epochs=abc", "--set epochs=abc: expected `int`"),
        ("epochs=1.5", "--set epochs=1.5: expected `int`"),
        ("epochs=", "--set epochs=: expected `int`"),
        ("epochs=0", "--set epochs=0: expected `int` >= 1"),
        ("batch_size=0", "--set batch_size=0: expected `int` >= 1"),
        ("seed=-1", "--set seed=-1: expected `int` >= 0"),
        ("seed=4294967296", "--set seed=4294967296: expected `int` <= 4294967295"),
        ("learning_rate=0", "--set learning_rate=0: expected `float` > 0.0"),
        ("learning_rate=nan", "--set learning_rate=nan: expected `float` > 0.0"),
    ],
)
def test_a_bad_override_is_refused(tmp_path: Path, recipe: Recipe[Any], override: str, message: str) -> None:
    """An override that is malformed, unknown, ill-typed or out of bounds is refused in words that quote it."""
    with pytest.raises(ParamsError) as caught:
        load_params(recipe, [override], path=write(tmp_path))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": None}, "params.yaml, section line: seed is missing"),
        ({"epoch": "1"}, f"params.yaml, section line: unknown parameter 'epoch'; there is: {KNOWN}"),
        ({"epochs": "many"}, "params.yaml, section line: epochs=many: expected `int`"),
        ({"epochs": "[1]"}, "params.yaml, section line: epochs=[1]: expected `int`, got `array`"),
    ],
)
def test_a_bad_value_in_the_file_is_refused(
    tmp_path: Path, recipe: Recipe[Any], changes: dict[str, str | None], message: str
) -> None:
    """The file's values are held to the same rules, and the message names file and section."""
    with pytest.raises(ParamsError) as caught:
        load_params(recipe, path=write(tmp_path, **changes))
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", "- line", "line: 5", "other: {}"])
def test_a_file_without_the_section_is_refused(tmp_path: Path, recipe: Recipe[Any], text: str) -> None:
    """A file that has no mapping under the recipe's name is refused, whatever else it holds."""
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError, match=r"^params\.yaml has no section 'line' of parameters$"):
        load_params(recipe, path=path)


@pytest.mark.parametrize("content", [None, b"\xff", b"line: [", b"line:\n\t- x: {"])
def test_an_unreadable_file_is_refused_in_one_line(tmp_path: Path, recipe: Recipe[Any], content: bytes | None) -> None:
    """A file that is missing, no UTF-8 or no YAML is named in one line."""
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParamsError) as caught:
        load_params(recipe, path=path)
    assert str(caught.value).startswith(f"cannot read {path}: ")
    assert "\n" not in str(caught.value)


class _Complete(Params, frozen=True, kw_only=True):
    """Parameters that all have a default in the recipe."""

    seed: int = 1
    epochs: int = 2
    batch_size: int = 3


class _Partly(Params, frozen=True, kw_only=True):
    """Parameters of which two have none."""

    seed: int = 1


def test_a_recipe_with_defaults_needs_no_section(tmp_path: Path, recipe: Recipe[Any]) -> None:
    """One file is then all of the model; a section, where there is one, and --set go before the defaults."""
    complete = replace(recipe, name="own", params=_Complete)
    path = write(tmp_path)
    assert load_params(complete, path=path) == _Complete()
    assert load_params(complete, ["epochs=9"], path=path) == _Complete(epochs=9)
    path.write_text("own:\n  batch_size: 7\n", encoding="utf-8")
    assert load_params(complete, ["epochs=9"], path=path) == _Complete(epochs=9, batch_size=7)


def test_a_parameter_without_default_or_value_is_missing(tmp_path: Path, recipe: Recipe[Any]) -> None:
    """Where the recipe has some of the values, the file has to have the others."""
    partly = replace(recipe, name="own", params=_Partly)
    with pytest.raises(ParamsError, match=r"^params\.yaml has no section 'own' of parameters$"):
        load_params(partly, path=write(tmp_path))
    (tmp_path / "params.yaml").write_text("own:\n  epochs: 5\n", encoding="utf-8")
    with pytest.raises(ParamsError, match=r"^params\.yaml, section own: batch_size is missing$"):
        load_params(partly, path=tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("epochs=0", "expected `int` >= 1"),
        ("batch_size=-1", "expected `int` >= 1"),
        ("seed=-1", "expected `int` >= 0"),
        ("seed=4294967296", "expected `int` <= 4294967295"),
    ],
)
def test_a_default_does_not_lift_the_bounds(tmp_path: Path, recipe: Recipe[Any], override: str, fault: str) -> None:
    """A recipe that gives a common parameter a default need not repeat what values it may have."""
    with pytest.raises(ParamsError) as caught:
        load_params(replace(recipe, name="own", params=_Complete), [override], path=write(tmp_path))
    assert str(caught.value) == f"--set {override}: {fault}"


class _Layered(_Complete, frozen=True, kw_only=True):
    """Parameters of other kinds than one number."""

    units: tuple[int, ...] = (8,)
    drop: float | None = 0.5
    note: str = ""


def test_lists_and_null_can_be_set(tmp_path: Path, recipe: Recipe[Any]) -> None:
    """As YAML writes them; what only begins like a list is text."""
    layered = replace(recipe, name="own", params=_Layered)
    params = load_params(layered, ["units=[16, 4]", "drop=null", "note=[sic"], path=write(tmp_path))
    assert params == _Layered(units=(16, 4), drop=None, note="[sic")
