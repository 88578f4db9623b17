"""Calls what a recipe's author wrote, and tells of what goes wrong in it: in one line, with the place in their file."""

import contextlib
import inspect
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from src.answers import Predictor
from src.dataset import Dataset, Split, Stream
from src.errors import ModelSideError, RecipeError
from src.recipe import Array, Params, Recipe, Training


def load(recipe: Recipe[Any], params: Params) -> Dataset:
    """Load a recipe's data.

    Raises:
        RecipeError: `load` raises, or gives something else.
    """
    with _named(recipe, "load"):
        dataset = recipe.load(params)
    if not isinstance(dataset, Dataset):
        raise RecipeError(f"recipe {recipe.name}: load gives {_kind(dataset)}, not a Dataset")
    for name, rows in dataset.splits.items():
        if not isinstance(rows, Split | Stream):
            raise RecipeError(f"recipe {recipe.name}: load gives {_kind(rows)} to {name} on, not a Split or a Stream")
    return dataset


def build_model(recipe: Recipe[Any], params: Params, training: Training) -> Any:
    """Build a recipe's model.

    Raises:
        RecipeError: `build_model` raises, or gives something else than a compiled Keras model with a column an output.
    """
    import keras

    with _named(recipe, "build_model"):
        model = recipe.build_model(params, training)
    if not isinstance(model, keras.Model):
        raise RecipeError(f"recipe {recipe.name}: build_model gives {_kind(model)}, not a Keras model")
    if not model.compiled:
        raise RecipeError(f"recipe {recipe.name}: build_model gives a model that is not compiled")
    _check_width(recipe, model)
    return model


def _check_width(recipe: Recipe[Any], model: Any) -> None:
    """Hold the model's columns against the outputs, as far as Keras knows them before it is called."""
    try:
        shape = model.output_shape
    except AttributeError:  # of a model that is a class of its own
        return
    if isinstance(shape, tuple) and len(shape) == 2 and shape[1] not in (None, len(recipe.outputs)):
        names = ", ".join(output.name for output in recipe.outputs)
        raise RecipeError(
            f"recipe {recipe.name}: build_model gives a model of {shape[1]} columns for {len(recipe.outputs)} ({names})"
        )


def fit_baseline(recipe: Recipe[Any], train: Split) -> Predictor:
    """Have a recipe's baseline learn.

    Args:
        recipe: Whose baseline.
        train: What to learn from.

    Returns:
        What answers, and raises RecipeError where it raises or its answers are not one number a row and output.

    Raises:
        RecipeError: It raises.
    """
    with _named(recipe, "the baseline"):
        predictor = recipe.baseline.fit(train)

    def answer(inputs: Mapping[str, Array]) -> Array:
        with _named(recipe, "the baseline"):
            found = np.asarray(predictor(inputs))
        rows = len(next(iter(inputs.values())))
        if found.shape != (rows, len(recipe.outputs)):
            raise RecipeError(f"recipe {recipe.name}: the baseline answers {rows} rows with shape {found.shape}")
        return found

    return answer


@contextlib.contextmanager
def _named(recipe: Recipe[Any], what: str) -> Iterator[None]:
    try:
        yield
    except ModelSideError:
        raise
    except Exception as error:
        message = " ".join(str(error).split())[:300]
        place = _place(recipe, error)
        raise RecipeError(f"recipe {recipe.name}: {what} fails{place}: {type(error).__name__}: {message}") from error


def _place(recipe: Recipe[Any], error: Exception) -> str:
    """The last line of the recipe's own file that the error came through."""
    try:
        file = inspect.getfile(recipe.build_model)
    except TypeError:
        return ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" in line {lines[-1]}" if lines else ""


def _kind(found: object) -> str:
    return "nothing" if found is None else f"a {type(found).__name__}"
