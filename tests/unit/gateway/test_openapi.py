"""The OpenAPI document: made of what is served, and true."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from gateway import create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from tests.unit.gateway.answers import document
from tests.unit.gateway.cards import NOT_GOLDEN
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, Served, info

CARD = msgspec.json.encode(
    {
        "description": "A line.",
        "features": [{"name": "x", "description": "Where on the axis.", "unit": "m", "min": -1, "max": 4}],
        "golden": {"inputs": {"x": [[10.0], [1.0]]}, "outputs": {"y": [[31.0], [4.0]]}, "tolerance": 1e-4},
    }
)
# One value of each kind, an array of free length, and two outputs.
SIX = {
    "flag": info(pb.DT_BOOL, -1),
    "whole": info(pb.DT_INT8, -1, 1),
    "half": info(pb.DT_HALF, -1),
    "text": info(pb.DT_STRING, -1),
    "pair": info(pb.DT_DOUBLE, -1, 2),
    "row": info(pb.DT_FLOAT, -1, -1),
}


def ones(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer 1, and a text, for each instance."""
    rows = request.inputs["flag"].tensor_shape.dim[0].size
    column = pb.TensorShapeProto(dim=[pb.TensorShapeProto.Dim(size=rows)])
    return {
        "label": pb.TensorProto(dtype=pb.DT_STRING, tensor_shape=column, string_val=[b"one"] * rows),
        "score": pb.TensorProto(dtype=pb.DT_FLOAT, tensor_shape=column, float_val=[1.0] * rows),
    }


@pytest.fixture
def app(fake: FakeServer) -> Iterator[Flask]:
    """The application for two models: the line, with a card, and one of six inputs."""
    fake.card = CARD
    six_outputs = {"label": info(pb.DT_STRING, -1), "score": info(pb.DT_FLOAT, -1)}
    fake.others = [Served(model="six", inputs=SIX, outputs=six_outputs, answer=ones)]
    app = create_app(Settings(model_server=fake.target, model_names="six", timeout_seconds=2))
    yield app
    app.extensions["model_server"].close()


def described(client: FlaskClient) -> Any:
    """The document."""
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return document(answer)


def content(described: Any, path: str) -> Any:
    """The media type object of a POST's body."""
    return described["paths"][path]["post"]["requestBody"]["content"]["application/json"]


def resolved(described: Any, schema: Any) -> Any:
    """What a reference into the components stands for."""
    return described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def test_is_valid(client: FlaskClient) -> None:
    """The document is OpenAPI 3.1, as its own schema has it."""
    assert described(client)["openapi"] == "3.1.0"
    validate(described(client))


def test_each_example_is_taken_and_answered_as_described(client: FlaskClient) -> None:
    """The example of each prediction fits its schema and gets an answer that fits the answer's."""
    found = described(client)
    posts = [path for path, item in found["paths"].items() if "post" in item]
    assert len(posts) == 9
    for path in posts:
        operation = found["paths"][path]["post"]
        example = content(found, path)["examples"]["example"]["value"]
        jsonschema.validate(example, resolved(found, content(found, path)["schema"]))
        answer = client.post(path, json=example)
        assert answer.status_code == 200, (path, answer.text)
        expected = operation["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(document(answer), resolved(found, expected))


def test_the_golden_examples_are_the_documents(client: FlaskClient) -> None:
    """The default model's example is its card's first golden one, and the answer shown is the one that is given."""
    found = described(client)
    example = content(found, "/predict")["examples"]["example"]["value"]
    assert example == {"data": [10.0]}
    shown = found["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    assert shown == document(client.post("/predict", json=example))
    assert shown["warnings"][0]["pointer"] == "/data/0"


def test_features_are_described(client: FlaskClient) -> None:
    """The card's description, unit, range and example stand beside each feature's form."""
    found = described(client)
    text = msgspec.json.encode(resolved(found, content(found, "/predict")["schema"])).decode()
    assert "Where on the axis. Unit: m. Seen in training: -1 to 4." in text
    assert '"examples":[10.0]' in text
    assert "A line." in found["info"]["description"]


def test_each_version_has_its_own_schema(client: FlaskClient, fake: FakeServer) -> None:
    """A version that takes something else is documented under its own path."""
    fake.others.append(Served(version=2, inputs={"x": info(pb.DT_STRING, -1)}))
    found = described(client)
    names = [content(found, f"/v1/models/line{at}:predict")["schema"]["$ref"] for at in ("", "/versions/1")]
    assert [name.rpartition("/")[2] for name in names] == ["line.V1Request", "line.1.V1Request"]
    first, second = ({"instances": [value]} for value in (10, "ten"))
    assert jsonschema.Draft202012Validator(found["components"]["schemas"]["line.1.V1Request"]).is_valid(first)
    assert not jsonschema.Draft202012Validator(found["components"]["schemas"]["line.1.V1Request"]).is_valid(second)
    assert jsonschema.Draft202012Validator(found["components"]["schemas"]["line.2.V1Request"]).is_valid(second)


@pytest.mark.parametrize(
    ("path", "beyond"),
    [
        ("/predict", False),
        ("/v1/models/line:predict", False),
        ("/v1/models/six:predict", True),
        ("/v2/models/line/infer", True),
    ],
)
def test_says_where_a_schema_is_not_all(client: FlaskClient, path: str, beyond: bool) -> None:  # noqa: FBT001
    """An operation with rules that JSON Schema cannot state says so, for people and for tools."""
    operation = described(client)["paths"][path]["post"]
    assert operation["x-beyond-schema"] is beyond
    assert ("JSON Schema cannot say" in operation.get("description", "")) is beyond


def test_a_model_that_is_away_is_left_out(client: FlaskClient, fake: FakeServer) -> None:
    """While one model cannot answer, the document has the others and says which is missing."""
    fake.others = []
    found = described(client)
    assert "/v1/models/line:predict" in found["paths"]
    assert "/v1/models/six:predict" not in found["paths"]
    assert "**six** is left out: The model server serves no model 'six'." in found["info"]["description"]


def test_a_refused_version_is_left_out(client: FlaskClient, fake: FakeServer) -> None:
    """A version that does not reproduce its golden examples is no part of the document."""
    fake.others.append(Served(version=2, card=NOT_GOLDEN))
    found = described(client)
    assert "/v1/models/line/versions/1:predict" in found["paths"]
    assert "/v1/models/line/versions/2:predict" not in found["paths"]
    assert content(found, "/predict")["schema"]["$ref"].endswith("/line.PredictRequest")


@pytest.mark.parametrize("what", [{"card": NOT_GOLDEN}, {"outputs": {"y": info(pb.DT_COMPLEX64, -1, 1)}}], ids=str)
def test_an_older_version_takes_nothing_with_it(client: FlaskClient, fake: FakeServer, what: dict[str, Any]) -> None:
    """A version that cannot be served leaves the one in force documented, from the first time on."""
    fake.others.append(Served(version=2))
    for name, value in ({"card": None} | what).items():
        setattr(fake, name, value)
    for _ in range(2):
        found = described(client)
        assert "/predict" in found["paths"]
        assert "/v1/models/line/versions/2:predict" in found["paths"]
        assert "/v1/models/line/versions/1:predict" not in found["paths"]


def test_no_example_is_made_up_for_an_image(client: FlaskClient, fake: FakeServer) -> None:
    """What a signature takes may be large; the document stays small."""
    fake.card, fake.inputs = None, {"x": info(pb.DT_FLOAT, -1, 1024, 1024, 3)}
    answer = client.get("/openapi.json")
    assert "examples" not in content(document(answer), "/predict")
    assert len(answer.data) < 200_000


def test_a_signature_without_batch_dimension_is_described(client: FlaskClient, fake: FakeServer) -> None:
    """A model that takes whole tensors has `inputs` and no `instances`."""
    fake.card, fake.inputs, fake.outputs = None, {"x": info(pb.DT_FLOAT, 2)}, {"y": FLOAT_COLUMN}
    found = described(client)
    schema = found["components"]["schemas"]["line.V1Request"]
    assert jsonschema.Draft202012Validator(schema).is_valid({"inputs": [1, 2]})
    assert not jsonschema.Draft202012Validator(schema).is_valid({"instances": [1, 2]})
    assert content(found, "/predict")["examples"]["example"]["value"] == {"data": [0.0, 0.0]}
