"""Sends inference requests in tests, in JSON and in bytes, and reads their answers."""

from typing import Any

import msgspec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FakeServer

MODEL = "/v2/models/line"
INFER = f"{MODEL}/infer"
LENGTH = "Inference-Header-Content-Length"
AS_BYTES = {"binary_data_output": True}
X = {"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [10, 11]}


def echoing(fake: FakeServer, **tensors: pb.TensorInfo) -> None:
    """Let the model answer its inputs."""
    fake.inputs = fake.outputs = tensors
    fake.answer = lambda request: dict(request.inputs)


def tensor(name: str, datatype: str, shape: list[int], size: int | None = None, **members: Any) -> dict[str, Any]:
    """An input whose values are `size` bytes behind the JSON, or among its members."""
    parameters = {} if size is None else {"parameters": {"binary_data_size": size}}
    return {"name": name, "datatype": datatype, "shape": shape, **parameters, **members}


def infer(client: FlaskClient, body: Any, path: str = MODEL) -> Any:
    """The document that answers a request in JSON."""
    answer = client.post(f"{path}/infer", data=msgspec.json.encode(body))
    assert (answer.status_code, answer.content_type) == (200, "application/json"), answer.text
    assert LENGTH not in answer.headers
    return document(answer)


def post(client: FlaskClient, body: Any, content: bytes = b"", header: str | None = None) -> TestResponse:
    """Send JSON and what stands behind it."""
    text = msgspec.json.encode(body)
    headers = {LENGTH: str(len(text)) if header is None else header}
    return client.post(INFER, data=text + content, headers=headers)


def split(answer: TestResponse) -> tuple[list[Any], bytes]:
    """The outputs in an answer's JSON, and the bytes behind it."""
    assert (answer.status_code, answer.content_type) == (200, "application/octet-stream"), answer.text
    length = int(answer.headers[LENGTH])
    return msgspec.json.decode(answer.data[:length])["outputs"], answer.data[length:]


def error(answer: TestResponse, status: int = 400) -> str:
    """The message of a refusal; KServe's clients read it only where the media type is this and nothing more."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert set(document(answer)) == {"error"}
    return str(document(answer)["error"])
