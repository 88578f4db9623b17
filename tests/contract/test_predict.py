"""What a model server answers to Predict. Every test holds for the embedded server and for the real one."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from tests.contract.calls import ONE_ROW, values, with_label
from tests.contract.model_server import ModelServer, predict_request


def test_predict_answers_with_the_newest_version_and_names_it(line: ModelServer) -> None:
    """Without version or label the newest loaded version answers, and the answer names model, version and signature."""
    response = line.predict(predict_request(x=ONE_ROW))
    assert values(response) == [[31.0]]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("line", 2, "serving_default")


def test_predict_by_version(line: ModelServer) -> None:
    """A request that names a loaded version is answered by that version."""
    request = predict_request(x=ONE_ROW)
    request.model_spec.version.value = 1
    assert line.predict(request).model_spec.version.value == 1


def test_predict_by_label_names_the_version(line: ModelServer) -> None:
    """A request that names a label is answered by the label's version, and the answer names the version."""
    assert line.predict(with_label("line", "stable")).model_spec.version.value == 1


def test_string_answers_come_once_per_row(line: ModelServer) -> None:
    """The signature `card` answers its string once for each row of its dummy input."""
    request = predict_request(rows=np.zeros(3, np.int32))
    request.model_spec.signature_name = "card"
    response = line.predict(request)
    assert values(response, "card") == [b"{}"] * 3
    assert response.model_spec.signature_name == "card"


def test_named_inputs_of_several_dtypes(line: ModelServer) -> None:
    """Inputs and outputs keep their names, dtypes and shapes."""
    response = line.predict(
        predict_request(
            "mixed",
            price=np.array([0.5, 2.0]),
            count=np.array([3, 0], np.int64),
            sold=np.array([True, True]),
            word=np.array([b"a", b"\xff"]),
        )
    )
    assert {alias: tensor.dtype for alias, tensor in response.outputs.items()} == {
        "total": types_pb2.DT_DOUBLE,
        "some": types_pb2.DT_BOOL,
        "upper": types_pb2.DT_STRING,
    }
    assert values(response, "total") == [1.5, 0.0]
    assert values(response, "some") == [True, False]
    assert values(response, "upper") == [b"A", b"\xff"]


def test_output_filter_selects_outputs(line: ModelServer) -> None:
    """Only the outputs that output_filter names are answered."""
    request = predict_request("mixed", price=[1.0], count=[1], sold=[True], word=["a"])
    request.inputs["price"].CopyFrom(tf.make_tensor_proto([1.0], tf.float64))
    request.inputs["count"].CopyFrom(tf.make_tensor_proto([1], tf.int64))
    request.output_filter.append("total")
    assert list(line.predict(request).outputs) == ["total"]


def test_zero_rows_give_zero_rows(line: ModelServer) -> None:
    """A batch of no rows is answered with no rows."""
    response = line.predict(predict_request(x=np.zeros((0, 1), np.float32)))
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == [0, 1]


def test_nan_and_infinity_pass_through(line: ModelServer) -> None:
    """NaN and infinity are values like others; refusing them is the gateway's part."""
    nan, infinity = values(line.predict(predict_request(x=np.array([[math.nan], [math.inf]], np.float32))))
    assert math.isnan(nan[0])
    assert infinity == [math.inf]


def test_large_requests_pass(line: ModelServer) -> None:
    """A request beyond gRPC's usual limit of 4 MiB is answered."""
    rows = 1_500_000
    response = line.predict(predict_request(x=np.zeros((rows, 1), np.float32)))
    assert response.outputs["y"].tensor_shape.dim[0].size == rows


def test_tensor_content_and_value_fields_are_both_read(line: ModelServer) -> None:
    """A tensor may come as raw bytes or as repeated values."""
    shape = tf.TensorShape((2, 1)).as_proto()
    for tensor in (
        tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape, float_val=[0.0, 1.0]),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=shape, tensor_content=np.array([0.0, 1.0], np.float32).tobytes()
        ),
    ):
        request = predict_request()
        request.inputs["x"].CopyFrom(tensor)
        assert values(line.predict(request)) == [[1.0], [4.0]]
