"""The Open Inference Protocol: what it tells of the server and its models."""

import grpc
import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FailedError, FakeServer, Served, info
from tests.unit.gateway.inference import MODEL, X, infer


def test_tells_what_it_is(client: FlaskClient) -> None:
    """The server's metadata names the extension that it speaks."""
    answer = document(client.get("/v2"))
    assert answer == {"name": "gateway", "version": answer["version"], "extensions": ["binary_tensor_data"]}


def test_tells_whether_it_is_live_and_ready(client: FlaskClient, fake: FakeServer) -> None:
    """Liveness asks nobody; readiness is that of the configured models."""
    fake.failure = FailedError(grpc.StatusCode.UNAVAILABLE)
    assert document(client.get("/v2/health/live")) == {"live": True}
    assert fake.calls == []
    assert client.get("/v2/health/ready").status_code == 503
    fake.failure = None
    assert document(client.get("/v2/health/ready")) == {"ready": True}


def test_tells_what_a_model_takes_and_answers(client: FlaskClient, fake: FakeServer) -> None:
    """Any length is -1; a scalar has no sizes; the versions are those that can answer."""
    fake.others = [Served(version=2), Served(version=3, state=pb.ModelVersionStatus.LOADING)]
    fake.version, fake.inputs = 4, {"x": info(pb.DT_STRING, -1), "a": info(pb.DT_INT8, -1, 2, -1)}
    fake.outputs = {"y": info(pb.DT_BFLOAT16, -1), "s": info(pb.DT_BOOL)}
    assert document(client.get(MODEL)) == {
        "name": "line",
        "versions": ["4", "2"],
        "platform": "tensorflow_savedmodel",
        "inputs": [
            {"name": "a", "datatype": "INT8", "shape": [-1, 2, -1]},
            {"name": "x", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [
            {"name": "s", "datatype": "BOOL", "shape": []},
            {"name": "y", "datatype": "BF16", "shape": [-1]},
        ],
    }
    assert document(client.get(f"{MODEL}/versions/2"))["inputs"] == [
        {"name": "x", "datatype": "FP32", "shape": [-1, 1]}
    ]


@pytest.mark.parametrize(("path", "ready"), [("", True), ("/versions/1", True), ("/versions/2", False)])
def test_tells_whether_a_model_is_ready(client: FlaskClient, fake: FakeServer, path: str, *, ready: bool) -> None:
    """A version can be asked for by its number; one that is not loaded is not found."""
    fake.others = [Served(version=2, state=pb.ModelVersionStatus.LOADING)]
    answer = client.get(f"{MODEL}{path}/ready")
    assert answer.status_code == (200 if ready else 404)
    assert not ready or document(answer) == {"name": "line", "ready": True}


@pytest.mark.parametrize("path", ["", "/versions/1"])
def test_what_was_ready_may_have_gone(client: FlaskClient, fake: FakeServer, path: str) -> None:
    """A model that answered a moment ago is not ready once it is unloaded, nor described."""
    infer(client, {"inputs": [X]}, MODEL + path)
    assert client.get(f"{MODEL}{path}/ready").status_code == 200
    fake.state = pb.ModelVersionStatus.END
    assert client.get(f"{MODEL}{path}/ready").status_code == 404
    assert client.get(f"{MODEL}{path}").status_code == 404
