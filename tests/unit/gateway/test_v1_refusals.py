"""TensorFlow Serving's REST API, as its clients and KServe's know it: what is refused, and how."""

from typing import Any

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FailedError, FakeServer, info

pytestmark = pytest.mark.both_ways

MODEL = "/v1/models/line"
PREDICT = f"{MODEL}:predict"
BODY = {"instances": [10]}


def error(answer: TestResponse, status: int) -> str:
    """The message of a refusal; KServe's clients read it only where the media type is this and nothing more."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert set(document(answer)) == {"error"}
    return str(document(answer)["error"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'the body: expected either "instances" or "inputs"'),
        ({"instances": [1], "inputs": [1]}, 'the body: expected either "instances" or "inputs"'),
        ({"instances": 10}, "/instances: expected an array of instances, got 10"),
        ({"instances": None}, "/instances: expected an array of instances, got null"),
        ({"instances": []}, "/instances: expected at least one instance, got an empty array"),
        ({"instances": [1] * 6}, "/instances: expected at most 5 instances, got 6"),
        ({"instances": [1, "2"]}, "/instances/1: expected a number, got a string"),
        ({"instances": [{"x": 1, "z": 1}]}, '/instances/0/z: unknown member; expected only "x"'),
        ({"inputs": {"z": [1]}}, '/inputs: the member "x" is missing'),
        ({"inputs": {"x": [1, True]}}, "/inputs/x/1: expected a number, got a boolean"),
        ({"inputs": [1] * 6}, "/inputs: expected at most 5 instances, got 6"),
        ([1], "the body: expected an object"),
        ({"instances": [1], "signature_name": 1}, "/signature_name: expected a string, got 1"),
        (
            {"instances": [1], "signature_name": "nope"},
            '/signature_name: expected one of "serving_default"; got "nope"',
        ),
    ],
)
def test_says_what_does_not_fit(client: FlaskClient, body: Any, message: str) -> None:
    """A request that the model does not take is refused with 400 and the place."""
    assert message in error(client.post(PREDICT, json=body), 400)


def test_says_which_signatures_there_are(client: FlaskClient, fake: FakeServer) -> None:
    """The names are those that a client could use; what TensorFlow adds for itself is left out."""
    signature = pb.SignatureDef(inputs={"x": FLOAT_COLUMN}, outputs={"y": FLOAT_COLUMN})
    fake.signatures = {"raw": signature, "__saved_model_init_op": pb.SignatureDef()}
    text = error(client.post(PREDICT, json=BODY | {"signature_name": "n" * 500}), 400)
    assert f'expected one of "raw", "serving_default"; got "{"n" * 100}…"' in text


def test_a_signature_without_a_batch_has_no_instances(client: FlaskClient, fake: FakeServer) -> None:
    """Rows are refused where there is no dimension for them."""
    fake.inputs = {"x": info(pb.DT_FLOAT)}
    assert 'no batch dimension: send "inputs"' in error(client.post(PREDICT, json=BODY), 400)


def test_says_what_it_cannot_speak_for(client: FlaskClient, fake: FakeServer) -> None:
    """A model of another kind is 501 to who wants predictions, not ready, and still described."""
    fake.outputs = {"y": info(pb.DT_COMPLEX64, -1)}
    assert "DT_COMPLEX64" in error(client.post(PREDICT, json=BODY), 501)
    assert document(client.get(MODEL))["ready"] is False
    signatures = document(client.get(f"{MODEL}/metadata"))["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"]["outputs"]["y"]["dtype"] == "DT_COMPLEX64"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"instances": [NaN]}', b"[" * 500])
def test_refuses_what_is_no_json(client: FlaskClient, body: bytes) -> None:
    """A body that is no JSON is refused with 400."""
    assert error(client.post(PREDICT, data=body), 400).startswith("Not a JSON document.")


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/html"}, {"Content-Type": "application/octet-stream"}, {"Content-Encoding": "gzip"}],
)
def test_refuses_other_media_types(client: FlaskClient, headers: dict[str, str]) -> None:
    """A body that says that it is no JSON is refused with 415."""
    error(client.post(PREDICT, data=b'{"instances": [10]}', headers=headers), 415)


def test_refuses_a_large_body(client: FlaskClient) -> None:
    """A body over the limit is refused with 413."""
    error(client.post(PREDICT, data=b" " * 1001), 413)


@pytest.mark.parametrize(
    "path",
    [
        "/versions/2",
        "/versions/0",
        f"/versions/{2**63 - 1}",
        f"/versions/{2**63}",
        f"/versions/{'9' * 1000}",
        "/versions/-1",
        "/versions/x",
        "/versions",
        "/labels/nope",
        "/labels",
        "/labels/a:b",
        "/nothing",
    ],
)
@pytest.mark.parametrize(("method", "end"), [("POST", ":predict"), ("GET", ""), ("GET", "/metadata")])
def test_what_is_not_there_is_not_found(client: FlaskClient, method: str, path: str, end: str) -> None:
    """Versions, labels and paths that are not there are 404, however they are written."""
    error(client.open(f"{MODEL}{path}{end}", method=method, json=BODY if method == "POST" else None), 404)


@pytest.mark.parametrize("name", ["nope", "line%2Fversions%2F9", "li%0Ane", "%ff", "line%00", "línea"])
@pytest.mark.parametrize(("method", "end"), [("POST", ":predict"), ("GET", ""), ("GET", "/metadata")])
def test_a_model_that_is_not_there_is_not_found(client: FlaskClient, method: str, name: str, end: str) -> None:
    """Neither are models."""
    answer = client.open(f"/v1/models/{name}{end}", method=method, json=BODY if method == "POST" else None)
    error(answer, 404)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("nope", "model 'nope'"),
        ("line/versions/9", "version 9 of model 'line'"),
        ("line/labels/nope", "version labelled 'nope' of model 'line'"),
    ],
)
def test_says_what_is_not_there(client: FlaskClient, path: str, what: str) -> None:
    """The message names what was asked for."""
    answer = client.post(f"/v1/models/{path}:predict", json=BODY)
    assert error(answer, 404) == f"Model not found. The model server serves no {what}."


@pytest.mark.parametrize(("method", "path"), [("GET", PREDICT), ("POST", MODEL), ("DELETE", "/v1/models")])
def test_a_method_that_is_not_taken_is_refused(client: FlaskClient, method: str, path: str) -> None:
    """A path that does not take the method says which it takes."""
    answer = client.open(path, method=method)
    error(answer, 405)
    assert answer.headers["Allow"]


def test_does_not_show_its_own_faults(app: Flask) -> None:
    """An exception of the gateway's own is a 500 in the protocol's form, without details."""

    def broken() -> str:
        raise RuntimeError("a secret")

    app.add_url_rule("/v1/broken", view_func=broken)
    assert "secret" not in error(app.test_client().get("/v1/broken"), 500)


@pytest.mark.parametrize(
    ("code", "status"),
    [(grpc.StatusCode.UNAVAILABLE, 503), (grpc.StatusCode.DEADLINE_EXCEEDED, 504), (grpc.StatusCode.INTERNAL, 502)],
)
@pytest.mark.parametrize(("method", "path"), [("POST", PREDICT), ("GET", MODEL), ("GET", f"{MODEL}/metadata")])
def test_passes_on_failures_of_the_server(
    client: FlaskClient, fake: FakeServer, code: grpc.StatusCode, status: int, method: str, path: str
) -> None:
    """A failure of the model server has its status, not its message."""
    fake.failure = FailedError(code)
    assert "MatMul" not in error(client.open(path, method=method, json=BODY if method == "POST" else None), status)
