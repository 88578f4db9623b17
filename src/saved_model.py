"""A published version, loaded to predict with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.errors import InputError, StoreError
from src.quiet import import_tensorflow
from src.rows import Row
from src.texts import check_values


class SavedModel:
    """A published version, ready to predict rows of named texts."""

    def __init__(self, path: Path) -> None:
        """Load the version.

        Args:
            path: The SavedModel's folder.

        Raises:
            StoreError: It cannot be loaded, or is no model that rows of single values can be given to.
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
        shapes = {name: tuple(spec.shape[1:]) for name, spec in self.inputs.items()}
        if len(self._signature.structured_outputs) != 1 or not all(shape in ((), (1,)) for shape in shapes.values()):
            raise StoreError(
                f"{path} takes or gives more than one value a row and name ({shapes}), which text cannot say"
            )

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """Predict a batch.

        Args:
            rows: Texts by input name, with the place they came from.

        Returns:
            One value a row.

        Raises:
            InputError: A text is no value of its input's dtype, or the model itself refuses a value, as a lookup does
                with a category that it does not know.
        """
        import tensorflow as tf

        batch = {}
        for name, spec in self.inputs.items():
            values = check_values(rows, name, spec.dtype.as_numpy_dtype)
            batch[name] = tf.constant(values.reshape(len(rows), *spec.shape[1:]), spec.dtype)
        try:
            (output,) = self._signature(**batch).values()
        except tf.errors.InvalidArgumentError as error:
            places = " to ".join(dict.fromkeys((rows[0].place, rows[-1].place)))
            raise InputError(f"{places}: the model refuses: {' '.join(str(error.message).split())[:300]}") from error
        return output.numpy().reshape(len(rows)).tolist()  # type: ignore[no-any-return]
