from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from tests.protos import pack, unpack
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FakeServer, info

pytestmark = pytest.mark.both_ways


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
        "text/plain;charset=UTF-8",
        None,
    ],
)
def test_takes_json_however_it_is_announced(client: FlaskClient, content_type: str | None) -> None:
    """JSON's own media types, what `curl -d` sends by default, and no media type at all are taken as JSON."""
    assert client.post("/predict", data='{"data": 10}', content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"Content-Type": "text/html"}, "The body is text/html; expected application/json."),
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
    ("body", "status", "pointers"),
    [
        (b"", 400, []),
        (b"{", 400, []),
        (b"\xff\xfe{}", 400, []),
        (b'{"data": NaN}', 400, []),
        (b'{"\xff": 1}', 400, []),
        (b'{"data": "\xff"}', 400, []),
        (b'{"data": [1, "2"]}', 422, ["/data/1"]),
        (b'{"data": ["1", 2, null, {}]}', 422, ["/data/0", "/data/2", "/data/3"]),
        (b'{"data": 1e39}', 422, ["/data"]),
        (b'{"data": ' + b"9" * 400 + b"}", 422, ["/data"]),
        (b'{"data": ' + b"[" * 400 + b"]" * 400 + b"}", 422, ["/data/0/0"]),
        (b'{"data": []}', 422, ["/data"]),
        (b'{"data": [1, 2, 3, 4, 5, 6]}', 422, ["/data"]),
        (b'{"instances": [1]}', 422, ["", "/instances"]),
    ],
)
def test_refuses_with_a_problem_document(client: FlaskClient, body: bytes, status: int, pointers: list[str]) -> None:
    """A refusal is a problem document that carries the request's id and points at every place that is wrong."""
    answer = client.post("/predict", data=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert document(answer)["status"] == status
    assert document(answer)["title"]
    assert document(answer)["detail"]
    assert document(answer)["request_id"] == answer.headers["X-Request-ID"]
    assert [error["pointer"] for error in document(answer).get("errors", [])] == pointers


def test_refuses_a_large_body(client: FlaskClient) -> None:
    """A body over the limit is refused with 413."""
    answer = client.post("/predict", data=b" " * 1001)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


def test_null_stands_for_what_json_cannot_say(client: FlaskClient) -> None:
    """A prediction that overflows the model's float32 is null, with a warning that points at its instance."""
    answer = client.post("/predict", json={"data": [1, 3e38]})
    assert answer.status_code == 200
    assert document(answer) == {
        "prediction": [4.0, None],
        "model": "line",
        "version": 1,
        "warnings": [{"pointer": "/data/1", "detail": 'null stands for inf: "y" has no finite value here'}],
    }


def test_names_the_version_that_answered(client: FlaskClient, fake: FakeServer) -> None:
    """The version comes from the answer itself, not from what the gateway learnt before."""
    assert document(client.post("/predict", json={"data": 10}))["version"] == 1
    fake.version = 2
    assert document(client.post("/predict", json={"data": 10}))["version"] == 2


def difference(request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
    """Answer y = a - b, and the greater one's name."""
    (a, shape), (b, _) = (unpack(request.inputs[name]) for name in ("a", "b"))
    greater = [b"a" if x > y else b"b" for x, y in zip(a, b, strict=True)]
    return {
        "y": pack(DTYPES[pb.DT_FLOAT], shape, [x - y for x, y in zip(a, b, strict=True)]),
        "greater": pack(DTYPES[pb.DT_STRING], shape, greater),
    }


@pytest.mark.parametrize(
    ("data", "prediction"),
    [
        ({"b": 2, "a": 5}, {"greater": "a", "y": 3.0}),
        ([{"a": 5, "b": 2}, {"a": 1, "b": 4}], [{"greater": "a", "y": 3.0}, {"greater": "b", "y": -3.0}]),
    ],
)
def test_serves_several_inputs_and_outputs_by_name(
    client: FlaskClient, fake: FakeServer, data: object, prediction: object
) -> None:
    """A model with two inputs takes objects of them, and one with two outputs answers objects of these."""
    fake.inputs = {"a": info(pb.DT_FLOAT, -1), "b": info(pb.DT_FLOAT, -1)}
    fake.outputs = {"y": info(pb.DT_FLOAT, -1), "greater": info(pb.DT_STRING, -1)}
    fake.answer = difference
    answer = client.post("/predict", json={"data": data})
    assert document(answer) == {"prediction": prediction, "model": "line", "version": 1}


def test_says_what_it_cannot_serve(client: FlaskClient, fake: FakeServer) -> None:
    """A model that takes what JSON has no values for is answered with 501 and the reason."""
    fake.inputs = {"z": info(pb.DT_COMPLEX64, -1)}
    answer = client.post("/predict", json={"data": 10})
    assert answer.status_code == 501
    expected = "The input 'z' of model 'line' is DT_COMPLEX64; this gateway serves numbers, booleans and strings."
    assert document(answer)["detail"] == expected


def test_warns_of_values_outside_the_range_seen_in_training(client: FlaskClient, fake: FakeServer) -> None:
    """A value that the model's card has not seen is answered, with a warning that points at it."""
    fake.card = b'{"features": [{"name": "x", "min": -1, "max": 4}]}'
    assert document(client.post("/predict", json={"data": [10, 4]})) == {
        "prediction": [31.0, 13.0],
        "model": "line",
        "version": 1,
        "warnings": [{"pointer": "/data/0", "detail": "10 lies outside -1 to 4, seen in training"}],
    }


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"z": pack(DTYPES[pb.DT_FLOAT], [1, 1], [1.0])},
        {"y": pack(DTYPES[pb.DT_FLOAT], [2, 1], [1.0, 2.0])},
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
