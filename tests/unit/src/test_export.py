"""The SavedModel: signatures, card and warm-up records, as a server will find them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from src.card import encode_card
from src.export import WARMUP_FILE
from tests.unit.src.conftest import Trained


@pytest.fixture(params=["line", "areas", "mixed"])
def trained(request: pytest.FixtureRequest) -> Trained:
    """A model of one feature, one of two of different dtypes and shapes, and one with an input of every kind."""
    found: Trained = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def loaded(trained: Trained) -> Any:
    """The SavedModel, loaded again."""
    return tf.saved_model.load(str(trained.path))


def specs(structure: dict[str, Any]) -> dict[str, tuple[str, list[int | None]]]:
    """Dtype and shape of each named tensor."""
    return {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in structure.items()}


def warmup_requests(path: Path) -> list[Any]:
    """The requests that TensorFlow Serving would replay."""
    records = tf.data.TFRecordDataset(str(path / WARMUP_FILE)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    assert {log.WhichOneof("log_type") for log in logs} == {"predict_log"}
    return [log.predict_log.request for log in logs]


def test_the_line_serves_x_and_answers_y(line: Trained) -> None:
    """The named input is `x`, the named output `y`, both float32 with a free batch dimension first."""
    serve = tf.saved_model.load(str(line.path)).signatures["serving_default"]
    assert specs(serve.structured_input_signature[1]) == {"x": ("float32", [None, 1])}
    assert specs(serve.structured_outputs) == {"y": ("float32", [None, 1])}


def test_features_of_different_dtypes_keep_them(areas: Trained) -> None:
    """Each feature is an input of its own, of the declared dtype and shape, and the output has its own name."""
    serve = tf.saved_model.load(str(areas.path)).signatures["serving_default"]
    inputs = {"length": ("float32", [None, 1]), "count": ("int64", [None])}
    assert specs(serve.structured_input_signature[1]) == inputs
    assert specs(serve.structured_outputs) == {"total": ("float32", [None, 1])}


def test_strings_and_booleans_are_inputs_of_their_own_kind(mixed: Trained) -> None:
    """Text and booleans go in as they are: what makes numbers of them is in the graph."""
    serve = tf.saved_model.load(str(mixed.path)).signatures["serving_default"]
    assert specs(serve.structured_input_signature[1]) == {
        "area": ("float32", [None, 1]),
        "distance": ("float64", [None]),
        "rooms": ("int64", [None]),
        "furnished": ("bool", [None]),
        "district": ("string", [None, 1]),
        "remark": ("string", [None]),
    }


def test_the_card_is_answered_once_per_row(trained: Trained, loaded: Any) -> None:
    """`card` takes int32 rows of any number and answers the card's JSON for each, as servers that batch need it."""
    signature = loaded.signatures["card"]
    assert specs(signature.structured_input_signature[1]) == {"rows": ("int32", [None])}
    assert specs(signature.structured_outputs) == {"card": ("string", [None])}
    for rows in (1, 3):
        answers = signature(rows=tf.zeros((rows,), tf.int32))["card"].numpy().tolist()
        assert answers == [encode_card(trained.card).encode()] * rows


def test_golden_inputs_give_golden_outputs(trained: Trained, loaded: Any) -> None:
    """What the card promises is what the SavedModel answers, in the form that JSON carries."""
    golden = trained.card.golden
    inputs = {f.name: tf.constant(golden.inputs[f.name], f.dtype) for f in trained.recipe.features}
    answers = loaded.signatures["serving_default"](**inputs)[trained.recipe.outputs[0].name].numpy()
    expected = np.array(golden.outputs[trained.recipe.outputs[0].name])
    np.testing.assert_allclose(answers, expected, rtol=golden.tolerance, atol=golden.tolerance)


def test_warmup_records_replay_the_golden_rows(trained: Trained, loaded: Any) -> None:
    """Each record is one golden row for `serving_default`, and the signature answers it as the card says."""
    golden = trained.card.golden
    outputs = golden.outputs[trained.recipe.outputs[0].name]
    requests = warmup_requests(trained.path)
    assert len(requests) == len(outputs)
    for request, expected in zip(requests, outputs, strict=True):
        assert request.model_spec.name == trained.recipe.name
        assert request.model_spec.signature_name == "serving_default"
        tensors = {name: tf.constant(tf.make_ndarray(proto)) for name, proto in request.inputs.items()}
        answers = loaded.signatures["serving_default"](**tensors)[trained.recipe.outputs[0].name].numpy()
        np.testing.assert_allclose(answers, [expected], rtol=golden.tolerance, atol=golden.tolerance)


def test_nothing_but_the_saved_model_is_written(line: Trained) -> None:
    """The folder holds what servers read, and no temporary file."""
    files = {str(path.relative_to(line.path)) for path in line.path.rglob("*") if path.is_file()}
    assert files == {
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/card.json",
        "assets.extra/tf_serving_warmup_requests",
    }
