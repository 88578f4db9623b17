"""One module a recipe; its `RECIPE` object is the recipe. A new file here is a new recipe: there is no list to edit.

A recipe may as well be a file or a module somewhere else, which is named by its path or its dotted name.
"""

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from src.errors import RecipeError
from src.recipe import Recipe


def names() -> list[str]:
    """The names of all recipes in this folder, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def is_elsewhere(word: str) -> bool:
    """Whether a word names a recipe elsewhere: a file such as `../rents.py`, or a module such as `ours.rents`."""
    return word.endswith(".py") or ("." in word and all(part.isidentifier() for part in word.split(".")))


def find(name: str) -> Recipe[Any]:
    """Load a recipe.

    Args:
        name: A recipe's name, which is its file's name here; or the path of a Python file; or a module's dotted name.

    Returns:
        The recipe.

    Raises:
        RecipeError: There is no such recipe, or its file cannot be loaded or holds none (of that name).
    """
    if name not in names() and not is_elsewhere(name):
        raise RecipeError(f"unknown recipe {name!r}; there is: {', '.join(names())}; or a file such as ../rents.py")
    where = name if is_elsewhere(name) else f"src/recipes/{name}.py"
    if name.endswith(".py") and not Path(name).is_file():
        raise RecipeError(f"there is no recipe's file {name}")
    try:
        module = _load_file(Path(name)) if name.endswith(".py") else importlib.import_module(_module_name(name))
    except (
        Exception,
        SystemExit,
    ) as error:  # whatever is wrong in a recipe's file, its author should see it in one line
        raise RecipeError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{where} holds no RECIPE")
    if not is_elsewhere(name) and recipe.name != name:
        raise RecipeError(f"{where} holds no RECIPE named {name!r}")
    if is_elsewhere(name) and recipe.name in names():
        raise RecipeError(f"{where} holds a RECIPE named {recipe.name!r}, as src/recipes has one; give it another name")
    return recipe


def _module_name(name: str) -> str:
    return name if "." in name else f"{__name__}.{name}"


def _load_file(path: Path) -> ModuleType:
    """Run a file as a module; what lies beside it can be imported by it, after all else."""
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.append(str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module
