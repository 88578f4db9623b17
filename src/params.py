"""Hyperparameters: a recipe's section of `params.yaml`, overridden by `--set key=value`, checked against its type."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from src.errors import ParamsError
from src.recipe import P, Params, Recipe

PARAMS_FILE = Path(__file__).parents[1] / "params.yaml"


def load_params(recipe: Recipe[P], overrides: Sequence[str] = (), *, path: Path = PARAMS_FILE) -> P:
    """Read and check a recipe's hyperparameters.

    Args:
        recipe: Whose section to read and whose `params` type to fit.
        overrides: `key=value` texts; a later one wins.
        path: The YAML file.

    Returns:
        The parameters, typed.

    Raises:
        ParamsError: The file cannot be read, or a parameter is unknown, missing, of the wrong type or out of bounds.
    """
    values = _section(path, recipe)
    known = recipe.params.__struct_fields__
    required = {field.name for field in msgspec.structs.fields(recipe.params) if field.required}
    _check_names(values, known, f"{path.name}, section {recipe.name}")
    given = _parse_overrides(overrides)
    _check_names(given, known, "--set")
    for name in known:
        if name in required and name not in values and name not in given:
            raise ParamsError(f"{path.name}, section {recipe.name}: {name} is missing")
    try:
        # Not strict: YAML 1.1 reads 1e-2 as text, and every value of --set is text.
        params = msgspec.convert(values | given, recipe.params, strict=False)
        # A recipe that gives one of the common parameters a default may have dropped its bounds.
        msgspec.convert({name: getattr(params, name) for name in Params.__struct_fields__}, Params)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`")
        where = "--set" if name in given else f"{path.name}, section {recipe.name}:"
        value = (values | given).get(name)
        message = message.removesuffix(", got `str`")  # every value here began as text
        raise ParamsError(f"{where} {name}={value}: {message[0].lower()}{message[1:]}") from error
    return params


def _section(path: Path, recipe: Recipe[Any]) -> dict[str, Any]:
    """The recipe's section; an empty one where there is none, and the recipe has defaults of its own."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    section = document.get(recipe.name) if isinstance(document, dict) else None
    if section is None and all(not field.required for field in msgspec.structs.fields(recipe.params)):
        return {}
    if not isinstance(section, dict):
        raise ParamsError(f"{path.name} has no section {recipe.name!r} of parameters")
    return section


def _parse_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParamsError(f"--set {text}: expected key=value")
        given[name.strip()] = _value(value.strip())
    return given


def _value(text: str) -> Any:
    """What stands behind `key=`: a list, a mapping and null as YAML writes them, any other value as text."""
    if text[:1] not in ("[", "{") and text not in ("null", "~"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _check_names(values: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in values:
        if name not in known:
            raise ParamsError(f"{where}: unknown parameter {name!r}; there is: {', '.join(known)}")
