"""What a model server says of itself. Every test holds for the embedded server and for the real one."""

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from tests.contract.calls import metadata_request
from tests.contract.model_server import ModelServer, State


def test_metadata_describes_the_signatures(line: ModelServer) -> None:
    """GetModelMetadata answers each signature's inputs and outputs, and the version they belong to."""
    response = line.metadata(metadata_request(name="line", version_label="stable"))
    assert (response.model_spec.name, response.model_spec.version.value) == ("line", 1)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "card"} <= set(signatures.signature_def)
    x = signatures.signature_def["serving_default"].inputs["x"]
    assert (x.dtype, [dim.size for dim in x.tensor_shape.dim]) == (types_pb2.DT_FLOAT, [-1, 1])
    assert list(signatures.signature_def["serving_default"].outputs) == ["y"]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        pytest.param({"name": "zz"}, grpc.StatusCode.NOT_FOUND, id="model"),
        pytest.param({"name": "line", "version": {"value": 9}}, grpc.StatusCode.NOT_FOUND, id="version"),
        pytest.param({"name": "line", "version_label": "nope"}, grpc.StatusCode.INVALID_ARGUMENT, id="label"),
    ],
)
def test_metadata_of_what_is_unknown(line: ModelServer, spec: dict[str, Any], code: grpc.StatusCode) -> None:
    """GetModelMetadata refuses an unknown model, version or label with the same codes as Predict."""
    with pytest.raises(grpc.RpcError) as caught:
        line.metadata(metadata_request(**spec))
    assert caught.value.code() == code


def test_status_lists_the_versions(line: ModelServer) -> None:
    """GetModelStatus tells the state of every version, without an error where there is none."""
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name="line"))
    entries = line.status(request).model_version_status
    assert {entry.version: entry.state for entry in entries} == {1: State.AVAILABLE, 2: State.AVAILABLE}
    assert {entry.status.error_code for entry in entries} == {0}


def test_status_of_one_version(line: ModelServer) -> None:
    """GetModelStatus with a version tells about that version alone."""
    spec = model_pb2.ModelSpec(name="line", version={"value": 1})
    entries = line.status(get_model_status_pb2.GetModelStatusRequest(model_spec=spec)).model_version_status
    assert [entry.version for entry in entries] == [1]


def test_status_of_an_unknown_model(line: ModelServer) -> None:
    """GetModelStatus of an unknown model is NOT_FOUND."""
    with pytest.raises(grpc.RpcError) as caught:
        line.status(get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name="zz")))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_is_serving(line: ModelServer) -> None:
    """The health service says that the server as a whole is serving."""
    assert line.health() == health_pb2.HealthCheckResponse.SERVING
