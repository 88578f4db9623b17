from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import gateway
from gateway import logs
from gateway.config import Settings
from gateway.direct import MAX_PATHS, Direct

PREDICTIONS = (
    ("/predict", {"data": [10]}),
    ("/v1/models/line:predict", {"instances": [10]}),
    ("/v1/models/line/versions/1:predict", {"inputs": [[10]]}),
    ("/v2/models/line/infer", {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}),
)
# What a client may make up about them, and Flask has an answer to.
ODD = (
    ("GET", "/predict", 405),
    ("OPTIONS", "/predict", 200),
    ("POST", "/predict/", 404),
    ("POST", "//predict", 404),
    ("POST", "/v1/models/l%C3%ADne:predict", 400),  # a name that is decoded, and no body
    ("POST", "/v1/models/line/versions/x:predict", 404),
    ("POST", "/v1/models/line/versions/99999999999999999999:predict", 404),
    ("POST", "/v1/models/line:classify", 404),
    ("POST", "/v2/models/line/versions/1", 405),
)


@pytest.fixture
def direct(app: Flask) -> Direct:
    """What stands in front of Flask."""
    found: Any = app.wsgi_app
    assert isinstance(found, Direct)
    return found


@pytest.fixture
def behind(direct: Direct) -> list[str]:
    """The paths that Flask is asked for."""
    asked, flask = list[str](), direct.behind

    def noted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        return flask(environ, start_response)

    direct.behind = noted
    return asked


@pytest.mark.parametrize(("path", "body"), PREDICTIONS)
def test_predictions_do_without_flask(client: FlaskClient, behind: list[str], path: str, body: Any) -> None:
    """Predictions are answered in front of Flask; the rest by it."""
    assert client.post(path, json=body).status_code == 200
    assert behind == []
    assert client.get("/livez").status_code == 200
    assert behind == ["/livez"]


@pytest.mark.parametrize(("method", "path", "status"), ODD)
def test_what_is_no_prediction_is_flasks(
    client: FlaskClient, behind: list[str], method: str, path: str, status: int
) -> None:
    """Another method, and a path that is not just one of a prediction, are Flask's to answer."""
    assert client.open(path, method=method).status_code == status
    assert len(behind) == 1


@pytest.mark.parametrize(("path", "body"), PREDICTIONS)
@pytest.mark.parametrize("fault", [{}, {"data": b"{"}, {"headers": {"X-Timeout-Seconds": "0"}}])
def test_both_ways_answer_alike(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, fault: Any
) -> None:
    """Status, headers and body are the same whether Flask has been asked or not."""
    asked: Any = {"json": body, "headers": {"X-Request-ID": "one"}}
    if "data" in fault:
        del asked["json"]
    asked = asked | fault | {"headers": asked["headers"] | fault.get("headers", {})}
    answers = [client.post(path, **asked)]
    monkeypatch.setattr(Direct, "__call__", lambda self, *given: self.behind(*given))
    answers.append(client.post(path, **asked))
    first, second = ((a.status, sorted(a.headers), a.get_data()) for a in answers)
    assert first == second


def test_who_wraps_flask_sees_predictions(fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What instruments Flask, as OpenTelemetry's agent does, is asked for predictions as well."""
    seen = []

    class Instrumented(Flask):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            inner = self.wsgi_app

            def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
                seen.append(environ["PATH_INFO"])
                return inner(environ, start_response)

            self.wsgi_app = wrapped  # type: ignore[method-assign]

    monkeypatch.setattr(gateway, "Flask", Instrumented)
    app = gateway.create_app(Settings(model_server=fake.target))
    assert app.test_client().post("/predict", json={"data": [10]}).status_code == 200
    assert seen == ["/predict"]
    app.extensions["model_server"].close()


def test_paths_are_not_remembered_without_end(client: FlaskClient, direct: Direct) -> None:
    """A client that makes up names fills no memory."""
    for number in range(MAX_PATHS + 10):
        client.post(f"/v1/models/m{number}:predict", data=b"{")
    assert direct._find.cache_info().currsize == MAX_PATHS


def test_what_fails_beside_an_answer_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a request cannot be counted or logged, its client gets a problem document, and the log the reason."""

    def fail(*_: object) -> None:
        raise ValueError("no log")

    monkeypatch.setattr(logs.RequestLog, "end", fail)
    answer = client.post("/predict", json={"data": 10}, headers={"X-Request-ID": "one"})
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert answer.headers["X-Request-ID"] == "one"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
