"""The Open Inference Protocol in JSON: what is refused, and how."""

import grpc
import msgspec
import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.fake_server import FailedError, FakeServer, info
from tests.unit.gateway.inference import INFER, MODEL, X, error

pytestmark = pytest.mark.both_ways


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"inputs": [NaN]}', b'{"inputs": [{"name": "\\ud800"}]}', b'{"inputs": ' + b"[" * 900]
)
def test_refuses_what_is_no_json(client: FlaskClient, body: bytes) -> None:
    """A body that is no JSON is refused with 400; some clients send bare NaN."""
    assert error(client.post(INFER, data=body)).startswith("Not a JSON document.")


@pytest.mark.parametrize("content_type", [None, "application/json", "application/octet-stream"])
def test_takes_what_the_clients_announce(client: FlaskClient, content_type: str | None) -> None:
    """Some send no media type at all, some one for bytes."""
    body = msgspec.json.encode({"inputs": [X]})
    assert client.post(INFER, data=body, content_type=content_type).status_code == 200


@pytest.mark.parametrize("headers", [{"Content-Type": "text/html"}, {"Content-Encoding": "gzip"}])
def test_refuses_other_media_types(client: FlaskClient, headers: dict[str, str]) -> None:
    """Anything else, and a compressed body, is refused with 415."""
    error(client.post(INFER, data=msgspec.json.encode({"inputs": [X]}), headers=headers), 415)


def test_refuses_a_large_body(client: FlaskClient) -> None:
    """A body over the limit is refused with 413."""
    error(client.post(INFER, data=b" " * 1001), 413)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/models/nope/infer"),
        ("GET", "/v2/models/nope"),
        ("GET", "/v2/models/nope/ready"),
        ("POST", f"{MODEL}/versions/2/infer"),
        ("GET", f"{MODEL}/versions/{2**63}"),
        ("GET", f"{MODEL}/versions/{'9' * 1000}/ready"),
        ("GET", f"{MODEL}/config"),
        ("GET", f"{MODEL}/stats"),
        ("POST", "/v2/repository/index"),
        ("GET", "/v2/"),
    ],
)
def test_what_is_not_there_is_not_found(client: FlaskClient, method: str, path: str) -> None:
    """Models, versions and what is some server's own are 404 with a message that the clients can read."""
    error(client.open(path, method=method, json={"inputs": [X]} if method == "POST" else None), 404)


def test_a_method_that_is_not_taken_is_refused(client: FlaskClient) -> None:
    """A path that does not take the method says which it takes."""
    answer = client.get(INFER)
    error(answer, 405)
    assert "POST" in answer.headers["Allow"]


def test_says_what_it_cannot_speak_for(client: FlaskClient, fake: FakeServer) -> None:
    """A model of another kind is 501 with the reason, whatever is asked of it."""
    fake.outputs = {"y": info(pb.DT_COMPLEX64, -1)}
    answers = [client.post(INFER, json={"inputs": [X]}), client.get(MODEL), client.get(f"{MODEL}/ready")]
    assert all("DT_COMPLEX64" in error(answer, 501) for answer in answers)


@pytest.mark.parametrize(
    ("code", "status"), [(grpc.StatusCode.UNAVAILABLE, 503), (grpc.StatusCode.INVALID_ARGUMENT, 400)]
)
def test_passes_on_failures_of_the_server(
    client: FlaskClient, fake: FakeServer, code: grpc.StatusCode, status: int
) -> None:
    """A failure of the model server has its status, not its message."""
    fake.failing_methods, fake.failure = {"predict"}, FailedError(code)
    assert "MatMul" not in error(client.post(INFER, data=msgspec.json.encode({"inputs": [X]})), status)


def test_does_not_pass_on_a_broken_answer(client: FlaskClient, fake: FakeServer) -> None:
    """An answer without the output that the signature has is the model server's failure, 502."""
    fake.answer = lambda _: {}
    error(client.post(INFER, json={"inputs": [X]}), 502)
