"""Write a trained Keras model as a SavedModel that can be served, asked what it is, and warmed up."""

from pathlib import Path
from typing import Any

from src.card import Card, encode_card
from src.describe import golden_inputs
from src.models_config import CARD_FILE
from src.quiet import quiet_stderr
from src.recipe import Array, Recipe, Split, columns, keras_inputs

# Where TensorFlow Serving looks for requests to replay before a version becomes available; it reads at most 1,000.
WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"


def export(model: Any, recipe: Recipe[Any], card: Card, train: Split, path: Path) -> None:
    """Write the SavedModel.

    Signatures: `serving_default`, from the recipe's features to its outputs; `card`, from `rows`, int32 of shape
    (None,), to `card`, the card's JSON once per row (string of shape (None,)). The card takes an input because
    TensorFlow Serving's batching refuses signatures that have none. It is a file as well, for who has the folder.

    Args:
        model: The trained Keras model.
        recipe: Names the inputs and the outputs.
        card: What the SavedModel says of itself.
        train: Rows to warm up with.
        path: The folder to write; its parent exists.

    Raises:
        OSError: The folder cannot be written.
        tensorflow.errors.OpError: The same, met inside TensorFlow.
    """
    import keras
    import tensorflow as tf

    text = encode_card(card)
    archive = keras.export.ExportArchive()
    archive.track(model)
    features = {f.name: tf.TensorSpec((None, *f.shape), f.dtype, name=f.name) for f in recipe.features}
    archive.add_endpoint(
        "serving_default",
        lambda inputs: columns(recipe, model(keras_inputs(inputs), training=False)),
        input_signature=[features],
    )
    archive.add_endpoint(
        "card",
        lambda rows: {"card": tf.fill(tf.shape(rows), text)},
        input_signature=[tf.TensorSpec((None,), tf.int32, name="rows")],
    )
    with quiet_stderr():
        archive.write_out(str(path), verbose=False)
    _write_warmup(recipe, golden_inputs(recipe, train), path / WARMUP_FILE)
    (path / CARD_FILE).write_text(text, encoding="utf-8")


def _write_warmup(recipe: Recipe[Any], inputs: dict[str, Array], path: Path) -> None:
    """One PredictionLog record per golden row."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in range(len(next(iter(inputs.values())))):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = recipe.name
            request.model_spec.signature_name = "serving_default"
            for name, array in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(array[row : row + 1]))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
