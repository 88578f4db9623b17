"""One module a recipe; its `RECIPE` object is the recipe. A new file here is a new recipe: there is no list to edit."""

import importlib
import pkgutil
from typing import Any

from src.errors import RecipeError
from src.recipe import Recipe


def names() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> Recipe[Any]:
    """Load a recipe by its name.

    Args:
        name: The recipe's name, which is its file's name.

    Returns:
        The recipe.

    Raises:
        RecipeError: There is no such recipe, or its file cannot be loaded or holds none of that name.
    """
    if name not in names():
        raise RecipeError(f"unknown recipe {name!r}; there is: {', '.join(names())}")
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except Exception as error:  # whatever is wrong in a recipe's file, its author should see it in one line
        raise RecipeError(f"src/recipes/{name}.py cannot be loaded: {type(error).__name__}: {error}") from error
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe) or recipe.name != name:
        raise RecipeError(f"src/recipes/{name}.py holds no RECIPE named {name!r}")
    return recipe
