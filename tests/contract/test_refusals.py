"""What a model server refuses, and how. Every test holds for the embedded server and for the real one."""

from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2

from tests.contract.calls import ONE_ROW, refusal, values, with_label
from tests.contract.model_server import ModelServer, predict_request


def test_unknown_model(line: ModelServer) -> None:
    """An unknown model is NOT_FOUND."""
    expected = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(zz)")
    assert refusal(line, predict_request("zz", x=ONE_ROW)) == expected


def test_unknown_version(line: ModelServer) -> None:
    """An unknown version is NOT_FOUND."""
    request = predict_request(x=ONE_ROW)
    request.model_spec.version.value = 9
    expected = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(line, 9)")
    assert refusal(line, request) == expected


def test_unknown_label(line: ModelServer) -> None:
    """An unknown label is INVALID_ARGUMENT."""
    expected = (grpc.StatusCode.INVALID_ARGUMENT, "Unrecognized servable version label: nope")
    assert refusal(line, with_label("line", "nope")) == expected


def test_label_of_a_version_that_is_not_loaded(line: ModelServer) -> None:
    """A label whose version is not loaded is NOT_FOUND."""
    expected = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(line, 7)")
    assert refusal(line, with_label("line", "canary")) == expected


def test_no_model_name(line: ModelServer) -> None:
    """A request without a model's name is INVALID_ARGUMENT."""
    assert refusal(line, predict_request("", x=ONE_ROW))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_unknown_signature(line: ModelServer) -> None:
    """An unknown signature is FAILED_PRECONDITION."""
    request = predict_request(x=ONE_ROW)
    request.model_spec.signature_name = "nope"
    expected = (grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "nope" not found.')
    assert refusal(line, request) == expected


@pytest.mark.parametrize(
    ("inputs", "fragment"),
    [
        pytest.param({"wrong": ONE_ROW}, "x", id="wrong name"),
        pytest.param({}, "x", id="no inputs"),
        pytest.param({"x": ONE_ROW, "more": ONE_ROW}, "more", id="one too many"),
        pytest.param({"x": ONE_ROW.astype(np.float64)}, "to be float but double is provided", id="wrong dtype"),
        pytest.param({"x": np.array([["a"]])}, "to be float but string is provided", id="string for a number"),
        pytest.param({"x": np.zeros((2, 3), np.float32)}, "", id="too many columns"),
        pytest.param({"x": np.zeros(3, np.float32)}, "", id="too few dimensions"),
    ],
)
def test_inputs_that_do_not_fit_the_signature(line: ModelServer, inputs: dict[str, Any], fragment: str) -> None:
    """Wrong input names, dtypes and shapes are INVALID_ARGUMENT."""
    code, message = refusal(line, predict_request(**inputs))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert fragment in message


@pytest.mark.parametrize(
    ("dtype", "size", "fragment"),
    [
        pytest.param(types_pb2.DT_FLOAT, 2, "tensor parsing error: x", id="too short"),
        pytest.param(types_pb2.DT_FLOAT, -1, "", id="negative size"),
        pytest.param(types_pb2.DT_INVALID, 1, "", id="no dtype"),
    ],
)
def test_tensor_that_contradicts_itself(line: ModelServer, dtype: int, size: int, fragment: str) -> None:
    """A tensor whose dtype, shape and content do not fit each other is INVALID_ARGUMENT."""
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=n) for n in (size, 1)])
    request = predict_request()
    request.inputs["x"].CopyFrom(
        tensor_pb2.TensorProto(dtype=dtype, tensor_shape=shape, tensor_content=ONE_ROW.tobytes())
    )
    code, message = refusal(line, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert fragment in message


def test_unknown_output_in_output_filter(line: ModelServer) -> None:
    """An output that the signature does not have is INVALID_ARGUMENT."""
    request = predict_request(x=ONE_ROW)
    request.output_filter.append("nope")
    code, message = refusal(line, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "output tensor alias not found in signature: nope" in message


def test_garbage_bytes_do_no_harm(line: ModelServer) -> None:
    """A request that is no protobuf message gets an error, and the server serves on."""
    with pytest.raises(grpc.RpcError):
        line.call_raw("Predict", b"\xff\xff\xff")
    assert values(line.predict(predict_request(x=ONE_ROW))) == [[31.0]]


def test_unknown_method(line: ModelServer) -> None:
    """A method that does not exist is UNIMPLEMENTED."""
    with pytest.raises(grpc.RpcError) as caught:
        line.call_raw("Nope", b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
