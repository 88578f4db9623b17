"""Prove an exported SavedModel by a round trip: load it again and compare it with the Keras model."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from src.answers import of_keras
from src.card import Card, encode_card
from src.dtypes import to_array
from src.errors import ArtefactError
from src.recipe import Array, Recipe, Split, columns


def verify(path: Path, model: Any, recipe: Recipe[Any], card: Card, train: Split) -> None:
    """Compare the SavedModel with the Keras model on one row, on the golden rows and on a full batch.

    Args:
        path: The SavedModel.
        model: The Keras model it was made from.
        recipe: Names the inputs and the outputs.
        card: What the SavedModel should say of itself; holds the golden examples and the tolerance.
        train: Rows to compare on.

    Raises:
        ArtefactError: It cannot be loaded, has other signatures or another card, or answers outside the tolerance.
    """
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
    except (ValueError, LookupError, tf.errors.OpError) as error:
        raise ArtefactError(f"the exported SavedModel cannot be loaded: {error}") from error
    if missing := {"serving_default", "card"} - set(loaded.signatures):
        raise ArtefactError(f"the exported SavedModel lacks the signature {', '.join(sorted(missing))}")
    _verify_card(loaded.signatures["card"], encode_card(card))
    golden = {f.name: to_array(card.golden.inputs[f.name], f.dtype) for f in recipe.features}
    golden_outputs = {name: np.asarray(values) for name, values in card.golden.outputs.items()}
    answer = of_keras(model)
    row, batch = train.take(slice(1)), train.take(slice(1024))
    serve = loaded.signatures["serving_default"]
    for what, inputs, expected in (
        ("one row", row.inputs, columns(recipe, answer(row.inputs))),
        ("the golden rows", golden, golden_outputs),
        ("a full batch", batch.inputs, columns(recipe, answer(batch.inputs))),
    ):
        answers = serve(**{name: tf.constant(array) for name, array in inputs.items()})
        for name, column in expected.items():
            _compare(answers[name].numpy(), column, card.golden.tolerance, what)


def _verify_card(signature: Any, text: str) -> None:
    import tensorflow as tf

    answers = signature(rows=tf.zeros((2,), tf.int32))["card"].numpy().tolist()
    if answers != [text.encode()] * 2 or msgspec.json.decode(answers[0], type=Card).schema_version < 1:
        raise ArtefactError("the exported SavedModel does not give its card back")


def _compare(answers: Array, expected: Array, tolerance: float, what: str) -> None:
    if answers.shape != expected.shape:
        raise ArtefactError(f"the exported SavedModel answers {what} with shape {answers.shape}, not {expected.shape}")
    if not np.allclose(answers, expected, rtol=tolerance, atol=tolerance):
        worst = float(np.max(np.abs(answers - expected)))
        raise ArtefactError(f"the exported SavedModel differs from Keras by up to {worst:.3g} on {what}")
