"""What a recipe declares and loads, held against itself before any time is spent on training."""

from typing import Any

import numpy as np

from src.dtypes import DTYPES, numpy_dtype
from src.errors import RecipeError
from src.models_config import is_model_name
from src.recipe import Array, Feature, Label, Recipe, Split, example_row


def check_recipe(recipe: Recipe[Any]) -> None:
    """Hold a recipe's name, its features and its example against what a model can carry.

    Raises:
        RecipeError: The name cannot be a model's; a feature's dtype is none of the possible ones, its vocabulary is
            empty, names a category twice or belongs to no strings; the output is of none of the two kinds, or two
            labels have one name; or the example does not fit the features.
    """
    if not is_model_name(recipe.name):
        raise RecipeError(
            f"recipe {recipe.name!r}: a model's name is made of letters, digits, '_', '-' and '.', and begins with"
            " one of the first two"
        )
    if not isinstance(recipe.features, tuple) or not all(isinstance(each, Feature) for each in recipe.features):
        raise RecipeError(f"recipe {recipe.name}: the features are no tuple of Feature; a single one: (Feature(...),)")
    names = [feature.name for feature in recipe.features]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RecipeError(f"recipe {recipe.name}: more than one feature is called {', '.join(sorted(twice))}")
    for feature in recipe.features:
        if fault := _declaration_fault(feature):
            raise RecipeError(f"recipe {recipe.name}: feature {feature.name!r} {fault}")
    _check_outputs(recipe)
    example = example_row(recipe)
    for feature in recipe.features:
        _check_values(f"recipe {recipe.name}: example feature {feature.name!r}", example[feature.name], feature)


def check_split(recipe: Recipe[Any], name: str, split: Split, *, first_row: int = 0) -> None:
    """Hold rows that a recipe loaded against what it declares.

    Args:
        recipe: The recipe, checked.
        name: The split's name, for messages.
        split: The rows, or some of them.
        first_row: How many rows of the split came before these.

    Raises:
        RecipeError: A feature or the targets are missing or of another dtype or shape than declared, or a value is
            not finite, no string or outside the vocabulary; the message names the first such row, counted from 0.
    """
    if surplus := [column for column in split.inputs if column not in {feature.name for feature in recipe.features}]:
        raise RecipeError(
            f"recipe {recipe.name}: the {name} split has inputs that are no features: {', '.join(surplus)}"
        )
    for feature in recipe.features:
        what = f"recipe {recipe.name}: {name} feature {feature.name!r}"
        array = _check_form(what, split.inputs.get(feature.name), feature.dtype, (split.rows, *feature.shape))
        _check_values(what, array, feature, first_row)
    # Targets of shape (rows,) would be compared with predictions of shape (rows, 1) as a square of differences.
    what = f"recipe {recipe.name}: {name} targets"
    targets = _check_form(what, split.targets, "float32", (split.rows, len(recipe.outputs)))
    _check_finite(what, targets, first_row)
    if recipe.labels and not (found := np.isin(targets, (0, 1))).all():
        row, label = np.argwhere(~found)[0]
        told = f"{targets[row, label]:g} for {recipe.labels[label].name!r} in row {first_row + row}"
        raise RecipeError(f"{what} are {told}: of labels they are 0 or 1")


def _check_outputs(recipe: Recipe[Any]) -> None:
    if isinstance(recipe.output, Label):
        raise RecipeError(f"recipe {recipe.name}: labels are given as a tuple, of a single one: output=(Label(...),)")
    if not recipe.outputs or not all(isinstance(each, Label) for each in recipe.labels):
        raise RecipeError(f"recipe {recipe.name}: the output is neither an Output nor a tuple of Label")
    if recipe.labels and recipe.min_r2:
        raise RecipeError(f"recipe {recipe.name}: min_r2 is for numbers; labels have min_f1")
    if not recipe.labels and recipe.min_f1:
        raise RecipeError(f"recipe {recipe.name}: min_f1 is for labels; numbers have min_r2")
    for label in recipe.labels:
        if not 0 < label.threshold <= 1:
            raise RecipeError(f"recipe {recipe.name}: label {label.name!r} has the threshold {label.threshold}")
    names = [output.name for output in recipe.outputs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RecipeError(f"recipe {recipe.name}: more than one output is called {', '.join(sorted(twice))}")


def _declaration_fault(feature: Feature) -> str | None:
    if feature.dtype not in DTYPES:
        return f"has the dtype {feature.dtype!r}; there is: {', '.join(DTYPES)}"
    if not isinstance(feature.shape, tuple):
        return f"has the shape {feature.shape!r}, which is no tuple; of one value: (1,)"
    if feature.vocabulary is None:
        return None
    if feature.dtype != "string":
        return f"has the dtype {feature.dtype} and a vocabulary, which only strings have"
    if not feature.vocabulary:
        return "has an empty vocabulary; leave it out where any string may come"
    seen: set[str] = set()
    for word in feature.vocabulary:
        if fault := "named twice" if word in seen else _string_fault(word, None):
            return f"has {word!r:.80} in its vocabulary: {fault}"
        seen.add(word)
    return None


def _check_form(what: str, array: Array | None, dtype: str, shape: tuple[int, ...]) -> Array:
    if array is not None and not isinstance(array, np.ndarray):
        raise RecipeError(f"{what} is a {type(array).__name__}, not a NumPy array")
    if array is None or array.dtype != numpy_dtype(dtype) or array.shape != shape:
        found = "nothing" if array is None else f"{array.dtype} of shape {array.shape}"
        declared = "string (object arrays of str)" if dtype == "string" else dtype
        raise RecipeError(f"{what} is {found}, declared as {declared} of shape {shape}")
    return array


def _check_values(what: str, array: Array, feature: Feature, first_row: int = 0) -> None:
    if feature.dtype != "string":
        _check_finite(what, array, first_row)
        return
    vocabulary = None if feature.vocabulary is None else frozenset(feature.vocabulary)
    for place, value in np.ndenumerate(array):
        if fault := _string_fault(value, vocabulary):
            raise RecipeError(f"{what} is {value!r:.80} in row {first_row + place[0]}: {fault}")


def _check_finite(what: str, array: Array, first_row: int) -> None:
    if not np.isfinite(array).all():
        row = first_row + int(np.argwhere(~np.isfinite(array))[0][0])
        raise RecipeError(f"{what} is not finite in row {row}")


def _string_fault(value: object, vocabulary: frozenset[str] | None) -> str | None:
    if type(value) is not str:  # nor a subclass, such as NumPy's, which JSON would not take
        return "no str"
    if vocabulary is not None and value not in vocabulary:
        return "not in the vocabulary"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "no Unicode text"
    return None
