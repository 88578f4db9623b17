from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.tensors import pack
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FakeServer, info


@pytest.mark.parametrize(
    ("body", "prediction"),
    [
        ('{"data": 10}', 31.0),
        ('{"data": [10]}', [31.0]),
        ('{"data": [10, -1]}', [31.0, -2.0]),
        ('{"data": [[10]]}', [[31.0]]),
        ('{"data": [[10], [-1]]}', [[31.0], [-2.0]]),
        (' {"data" : 1e1 }\n', 31.0),
    ],
)
def test_mirrors_the_form_of_the_request(client: FlaskClient, body: str, prediction: object) -> None:
    """A number is answered with a number, a list with a list, a column with a column; model and version are named."""
    answer = client.post("/predict", data=body, content_type="application/json")
    assert answer.status_code == 200
    assert document(answer) == {"prediction": prediction, "model": "line", "version": 1}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/geo+json",
        "application/x-www-form-urlencoded",
        None,
    ],
)
def test_takes_json_however_it_is_announced(client: FlaskClient, content_type: str | None) -> None:
    """JSON's own media types, what `curl -d` sends by default, and no media type at all are taken as JSON."""
    assert client.post("/predict", data='{"data": 10}', content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"Content-Type": "text/plain"}, "The body is text/plain; expected application/json."),
        ({"Content-Type": "multipart/form-data"}, "The body is multipart/form-data; expected application/json."),
        (
            {"Content-Type": "application/json; charset=utf-16"},
            "The body's charset is utf-16; expected utf-8.",
        ),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            "The body's Content-Encoding is gzip; expected none.",
        ),
    ],
)
def test_refuses_what_is_announced_as_something_else(
    client: FlaskClient, headers: Mapping[str, str], detail: str
) -> None:
    """A body that says that it is not JSON in UTF-8 is refused with 415 unread."""
    answer = client.post("/predict", data='{"data": 10}', headers=headers)
    assert answer.status_code == 415
    assert answer.mimetype == "application/problem+json"
    assert document(answer)["detail"] == detail


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"\xff\xfe{}", 400, None),
        (b'{"data": NaN}', 400, None),
        (b'{"\xff": 1}', 400, None),
        (b'{"data": [1, "2"]}', 422, "/data/1"),
        (b'{"data": 1e39}', 422, "/data"),
        (b'{"data": ' + b"[" * 400 + b"]" * 400 + b"}", 422, "/data/0/0"),
        (b'{"data": []}', 422, "/data"),
        (b'{"data": [1, 2, 3, 4, 5, 6]}', 422, "/data"),
        (b'{"instances": [1]}', 422, "/instances"),
    ],
)
def test_refuses_with_a_problem_document(client: FlaskClient, body: bytes, status: int, pointer: str | None) -> None:
    """A refusal is a problem document that carries the request's id and points at the place."""
    answer = client.post("/predict", data=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert document(answer)["status"] == status
    assert document(answer)["title"]
    assert document(answer)["detail"]
    assert document(answer)["request_id"] == answer.headers["X-Request-ID"]
    assert [error["pointer"] for error in document(answer).get("errors", [])] == ([pointer] if pointer else [])


def test_refuses_a_large_body(client: FlaskClient) -> None:
    """A body over the limit is refused with 413."""
    answer = client.post("/predict", data=b" " * 1001)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


def test_does_not_answer_what_json_cannot_say(client: FlaskClient) -> None:
    """An instance whose prediction overflows the model's float32 is pointed at instead of answered with null."""
    answer = client.post("/predict", json={"data": [1, 3e38]})
    assert answer.status_code == 422
    assert document(answer)["errors"] == [
        {"pointer": "/data/1", "detail": "the model's answer to this instance is no finite number: inf"}
    ]


def test_names_the_version_that_answered(client: FlaskClient, fake: FakeServer) -> None:
    """The version comes from the answer itself, not from what the gateway learnt before."""
    assert document(client.post("/predict", json={"data": 10}))["version"] == 1
    fake.version = 2
    assert document(client.post("/predict", json={"data": 10}))["version"] == 2


def test_speaks_for_a_model_that_is_no_single_number(client: FlaskClient, fake: FakeServer) -> None:
    """A model with two inputs is answered with 501 and the reason, in this gateway's present state."""
    fake.inputs = {"a": info(pb.DT_FLOAT, -1), "b": info(pb.DT_FLOAT, -1)}
    answer = client.post("/predict", json={"data": 10})
    assert answer.status_code == 501
    assert document(answer)["detail"] == "Model 'line' has 2 inputs (a, b); this gateway serves one."


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"z": pack(pb.DT_FLOAT, [1, 1], [1.0])},
        {"y": pack(pb.DT_FLOAT, [2, 1], [1.0, 2.0])},
        {"y": pb.TensorProto(dtype=pb.DT_STRING)},
        {"y": pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=b"123")},
    ],
)
def test_does_not_pass_on_a_broken_answer(
    client: FlaskClient, fake: FakeServer, outputs: Mapping[str, pb.TensorProto]
) -> None:
    """An answer that is not one number a row is the model server's failure, 502."""
    fake.answer = lambda _: outputs
    answer = client.post("/predict", json={"data": 10})
    assert (answer.status_code, answer.mimetype) == (502, "application/problem+json")
