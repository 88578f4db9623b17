"""What the OpenAPI document says of the canary: it holds for the routes that may be answered by one."""

from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tests.unit.gateway.answers import document
from tests.unit.gateway.canaries import ALWAYS, with_canary
from tests.unit.gateway.cards import GOLDEN
from tests.unit.gateway.fake_server import FakeServer

DEFAULTS = ["/predict", "/v1/models/line:predict", "/v2/models/line/infer"]
NAMED = ["/v1/models/line/versions/1:predict", "/v2/models/line/versions/2/infer"]


@pytest.fixture
def found(client: FlaskClient, fake: FakeServer) -> Any:
    """The document while the line has a stable version and a canary."""
    fake.card = GOLDEN
    with_canary(fake, card=GOLDEN)
    found = document(client.get("/openapi.json"))
    validate(found)
    return found


@pytest.mark.parametrize("path", DEFAULTS)
def test_the_headers_of_requests_are_described(client: FlaskClient, found: Any, path: str) -> None:
    """The two headers are optional; the values that are named are taken, and 400 is named for all others."""
    operation = found["paths"][path]["post"]
    wish, key, _ = operation["parameters"]
    assert [wish["name"], key["name"]] == ["X-Canary", "X-Canary-Key"]
    assert {parameter["in"] for parameter in (wish, key)} == {"header"}
    assert not any(parameter.get("required") for parameter in (wish, key))
    example = operation["requestBody"]["content"]["application/json"]["examples"]["example"]["value"]
    for value in wish["schema"]["enum"]:
        assert client.post(path, json=example, headers={"X-Canary": value}).status_code == 200
    assert str(client.post(path, json=example, headers={"X-Canary": "other"}).status_code) in operation["responses"]


@pytest.mark.parametrize("path", NAMED)
def test_who_names_a_version_needs_none(found: Any, path: str) -> None:
    """Where a version is named the headers mean nothing, and are not described; the one for the time always is."""
    assert [each["name"] for each in found["paths"][path]["post"]["parameters"]] == ["X-Timeout-Seconds"]


@pytest.mark.parametrize("path", [*DEFAULTS, *NAMED])
def test_the_headers_of_answers_are_described(client: FlaskClient, found: Any, path: str) -> None:
    """The version is always there, the label where there is one."""
    operation = found["paths"][path]["post"]
    headers = operation["responses"]["200"]["headers"]
    assert [name for name, header in headers.items() if header.get("required")] == ["X-Model-Version"]
    example = operation["requestBody"]["content"]["application/json"]["examples"]["example"]["value"]
    answer = client.post(path, json=example)
    assert int(answer.headers["X-Model-Version"]) in (1, 2)
    assert ("X-Model-Label" in answer.headers) is (path in DEFAULTS)


@pytest.mark.parametrize("headers", [{}, ALWAYS], ids=["stable", "canary"])
def test_the_label_is_described(client: FlaskClient, found: Any, headers: dict[str, str]) -> None:
    """The answer of /predict has a label if it is the canary's; the example is the stable version's."""
    shown = found["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    assert "label" not in shown["example"]
    schema = found["components"]["schemas"]["line.PredictAnswer"]
    assert "label" in schema["properties"]
    assert "label" not in schema["required"]
    jsonschema.validate(document(client.post("/predict", json={"data": 10}, headers=headers)), schema)
