"""What the gateway relies on when it speaks to a model server over its own subset of the protocol."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from flask.testing import FlaskClient

from gateway import create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.errors import ModelServerError
from gateway.model_server import ModelServer as GatewayClient
from gateway.tensors import pack, unpack
from tests.contract.model_server import ModelServer

ONE_ROW = pack(pb.DT_FLOAT, [1, 1], [10.0])


@pytest.fixture
def client(line: ModelServer) -> Iterator[GatewayClient]:
    """The gateway's client of the shared server."""
    client = GatewayClient(line.target, timeout_seconds=10)
    yield client
    client.close()


def test_reads_the_signature(client: GatewayClient) -> None:
    """The newest version's signature arrives with names, dtypes, shapes and the version it belongs to."""
    signature = client.signature("line")
    assert signature.version == 2
    assert {name: info.dtype for name, info in signature.inputs.items()} == {"x": pb.DT_FLOAT}
    assert [dim.size for dim in signature.inputs["x"].tensor_shape.dim] == [-1, 1]
    assert list(signature.outputs) == ["y"]


def test_reads_predictions_and_their_version(client: GatewayClient) -> None:
    """An answer's numbers are read in whichever field the server puts them, with the version that made them."""
    answer = client.predict("line", {"x": pack(pb.DT_FLOAT, [2, 1], [10.0, -1.0])}, version=1)
    assert (answer.version, unpack(answer.outputs["y"])) == (1, ([31.0, -2.0], [2, 1]))


def test_reads_the_versions_that_are_available(client: GatewayClient) -> None:
    """The available versions are told, newest first."""
    assert client.available_versions("line") == [2, 1]


@pytest.mark.parametrize(
    ("model", "version", "inputs", "code"),
    [
        ("nope", 1, {"x": ONE_ROW}, grpc.StatusCode.NOT_FOUND),
        ("line", 9, {"x": ONE_ROW}, grpc.StatusCode.NOT_FOUND),
        ("line", 1, {"z": ONE_ROW}, grpc.StatusCode.INVALID_ARGUMENT),
        ("line", 1, {}, grpc.StatusCode.INVALID_ARGUMENT),
        ("line", 1, {"x": pack(pb.DT_DOUBLE, [1, 1], [10.0])}, grpc.StatusCode.INVALID_ARGUMENT),
        ("line", 1, {"x": pack(pb.DT_FLOAT, [1, 2], [10.0, 11.0])}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
    ids=["unknown model", "unknown version", "wrong name", "no input", "wrong dtype", "wrong shape"],
)
def test_reads_refusals(
    client: GatewayClient, model: str, version: int, inputs: dict[str, pb.TensorProto], code: grpc.StatusCode
) -> None:
    """What the server refuses arrives with its status, which the gateway's table turns into an HTTP status."""
    with pytest.raises(ModelServerError) as caught:
        client.predict(model, inputs, version=version)
    assert caught.value.code == code


@contextmanager
def http_client(server: ModelServer, model: str) -> Iterator[FlaskClient]:
    """A client of a gateway for one model of a server."""
    app = create_app(Settings(model_server=server.target, model_name=model))
    yield app.test_client()
    app.extensions["model_server"].close()


def test_answers_over_http(line: ModelServer) -> None:
    """The whole gateway answers from this server, in the form of the request."""
    with http_client(line, "line") as client:
        answer = client.post("/predict", json={"data": [[10], [-1]]})
    assert answer.get_json() == {"prediction": [[31.0], [-2.0]], "model": "line", "version": 2}


def test_says_what_it_cannot_serve(line: ModelServer) -> None:
    """A model of several inputs is answered with 501, one that is not there with 404, and neither is an error."""
    with http_client(line, "mixed") as client:
        assert client.post("/predict", json={"data": 1}).status_code == 501
    with http_client(line, "nope") as client:
        assert client.post("/predict", json={"data": 1}).status_code == 404
        assert client.get("/readyz").status_code == 503
