"""A published version, loaded to predict with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import UNSET

from src.card import read_card
from src.dtypes import Array
from src.errors import InputError, StoreError
from src.quiet import import_tensorflow
from src.recipe import Recipe
from src.rows import Row
from src.texts import check_values
from src.thresholds import EVEN


class SavedModel:
    """A published version, ready to predict rows of named texts."""

    def __init__(self, path: Path) -> None:
        """Load the version.

        Args:
            path: The SavedModel's folder.

        Raises:
            StoreError: It or its card cannot be loaded.
        """
        import_tensorflow()
        import tensorflow as tf

        try:
            self._loaded = tf.saved_model.load(str(path))  # kept: the signature does not keep its variables alive
        except (OSError, ValueError, LookupError, tf.errors.OpError) as error:  # one for each kind of damage
            raise StoreError(f"cannot load {path}: {' '.join(str(error).split())[:300]}") from error
        self._signature = self._loaded.signatures.get("serving_default")
        if self._signature is None:
            raise StoreError(f"{path} has no signature serving_default")
        self.inputs: dict[str, Any] = dict(sorted(self._signature.structured_input_signature[1].items()))
        self._path = path
        card = read_card(path)
        self._vocabularies = {f.name: f.vocabulary for f in card.features if f.vocabulary} if card else {}
        said = {output.name: output.threshold for output in card.outputs} if card else {}
        given = self._signature.structured_outputs
        self.outputs = tuple(said) if set(said) == set(given) else tuple(sorted(given))
        known = {name: threshold for name, threshold in said.items() if threshold is not UNSET}
        self.thresholds = tuple(known.get(name, EVEN) for name in self.outputs) if known else ()

    def answer(self, inputs: Mapping[str, Array]) -> Array:
        """Predict a batch of values.

        Args:
            inputs: By name, as a split has them; names that the model does not take are passed over.

        Returns:
            The output, of shape (rows, …); of several outputs, all that a row has, side by side.

        Raises:
            InputError: An input is missing, or of another dtype or shape.
        """
        import tensorflow as tf

        try:
            batch = {name: tf.constant(inputs[name], spec.dtype) for name, spec in self.inputs.items()}
            found = self._signature(**batch)
        except KeyError as error:
            raise InputError(f"{self._path} takes an input {error} that is not there") from error
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise InputError(
                f"{self._path} does not take these inputs: {' '.join(str(error).split())[:300]}"
            ) from error
        columns = [found[name].numpy() for name in self.outputs]
        if len(columns) == 1 and columns[0].ndim > 1:
            return columns[0]  # type: ignore[no-any-return]
        return np.concatenate([column.reshape(len(column), -1) for column in columns], axis=1)

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """Predict a batch.

        Args:
            rows: Texts by input name, with the place they came from.

        Returns:
            One value a row; of several outputs, their values by name.

        Raises:
            StoreError: The model takes more than single values, which a line of text cannot say.
            InputError: A text is no value of its input's dtype, or the model itself refuses a value, as a lookup does
                with a category that it does not know.
        """
        import tensorflow as tf

        shapes = {name: tuple(spec.shape[1:]) for name, spec in self.inputs.items()}
        if not all(shape in ((), (1,)) for shape in shapes.values()):
            raise StoreError(f"{self._path} takes more than one value a row and name ({shapes}), which text cannot say")
        batch = {}
        for name, spec in self.inputs.items():
            values = check_values(rows, name, spec.dtype.as_numpy_dtype, self._vocabularies.get(name))
            batch[name] = tf.constant(values.reshape(len(rows), *spec.shape[1:]), spec.dtype)
        try:
            found = self._signature(**batch)
        except tf.errors.InvalidArgumentError as error:
            places = " to ".join(dict.fromkeys((rows[0].place, rows[-1].place)))
            raise InputError(f"{places}: the model refuses: {' '.join(str(error.message).split())[:300]}") from error
        if odd := [name for name in self.outputs if found[name].shape.num_elements() != len(rows)]:
            raise StoreError(f"{self._path} answers more than one value a row ({odd[0]}), which a line cannot tell")
        columns = [found[name].numpy().reshape(len(rows)).tolist() for name in self.outputs]
        if len(columns) == 1:
            return columns[0]  # type: ignore[no-any-return]
        return [dict(zip(self.outputs, values, strict=True)) for values in zip(*columns, strict=True)]


def load_for(recipe: Recipe[Any], path: Path) -> SavedModel:
    """Load a version to ask it about a recipe's rows: its labels come in the recipe's order, whatever its own.

    Args:
        recipe: Whose rows.
        path: The SavedModel's folder.

    Returns:
        The version.

    Raises:
        StoreError: It cannot be loaded.
        InputError: It answers other labels than the recipe has, or one of the two answers a number.
    """
    loaded = SavedModel(path)
    if bool(recipe.labels) != bool(loaded.thresholds):
        raise InputError(f"of {path} and the recipe, one answers labels and the other a number")
    if recipe.labels:
        names = tuple(label.name for label in recipe.labels)
        if set(names) != set(loaded.outputs):
            raise InputError(f"{path} answers {', '.join(loaded.outputs)}, and not {', '.join(names)}")
        known = dict(zip(loaded.outputs, loaded.thresholds, strict=True))
        loaded.outputs, loaded.thresholds = names, tuple(known[name] for name in names)
    return loaded
