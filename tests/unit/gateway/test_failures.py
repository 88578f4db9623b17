from collections.abc import Iterator

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import create_app
from gateway.config import Settings
from gateway.errors import HTTP_STATUS, TITLES
from tests.processes import free_port
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FailedError, FakeServer

pytestmark = pytest.mark.both_ways

EXPECTED = {
    "CANCELLED": 502,
    "UNKNOWN": 502,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 502,
    "PERMISSION_DENIED": 502,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 502,
    "ABORTED": 502,
    "OUT_OF_RANGE": 502,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 502,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 502,
    "UNAUTHENTICATED": 502,
}
CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


def test_table_knows_every_code() -> None:
    """Every gRPC status but OK has an HTTP status, and every such HTTP status its words."""
    assert set(HTTP_STATUS) == set(CODES)
    assert set(HTTP_STATUS.values()) == set(TITLES)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_answers_each_code_with_its_status(
    client: FlaskClient, fake: FakeServer, code: grpc.StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure of the model server becomes its HTTP status; its message goes to the log, not to the client."""
    caplog.set_level("INFO")
    fake.failure = FailedError(code)
    answer = client.post("/predict", json={"data": 10})
    assert (answer.status_code, answer.mimetype) == (EXPECTED[code.name], "application/problem+json")
    assert answer.headers.get("Retry-After") == ("1" if answer.status_code in (429, 503) else None)
    assert "dense" not in answer.text
    assert "10.0.0.7" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "gateway.request"]
    assert record.__dict__["cause"] == f"{code.name}: node {{{{dense/MatMul}}}} at 10.0.0.7"


def test_asks_again_only_where_it_is_unavailable(client: FlaskClient, fake: FakeServer) -> None:
    """A call is retried on UNAVAILABLE, twice, and on nothing else."""
    fake.failure = FailedError(grpc.StatusCode.UNAVAILABLE)
    client.post("/predict", json={"data": 10})
    assert fake.calls == ["get_model_metadata"] * 3
    fake.calls.clear()
    fake.failure = FailedError(grpc.StatusCode.INTERNAL)
    client.post("/predict", json={"data": 10})
    assert fake.calls == ["get_model_metadata"]


@pytest.fixture
def lonely_client() -> Iterator[FlaskClient]:
    """A client of a gateway whose model server is not there."""
    app = create_app(Settings(model_server=f"127.0.0.1:{free_port()}", timeout_seconds=2))
    yield app.test_client()
    app.extensions["model_server"].close()


def test_starts_without_a_model_server(lonely_client: FlaskClient) -> None:
    """Without a model server the gateway is live, not ready, and answers 503 with Retry-After."""
    assert lonely_client.get("/livez").status_code == 200
    assert lonely_client.get("/readyz").status_code == 503
    answer = lonely_client.post("/predict", json={"data": 10})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_does_not_show_its_own_faults(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the gateway's own is a 500 problem without details; the log has the traceback and the id."""

    def broken() -> str:
        raise RuntimeError("a secret")

    app.add_url_rule("/broken", view_func=broken)
    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret" not in answer.text
    (record,) = [record for record in caplog.records if record.message == "unexpected error"]
    assert record.exc_info
    assert record.__dict__["request_id"] == document(answer)["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/predict", 405), ("DELETE", "/livez", 405)]
)
def test_refuses_unknown_paths_and_methods(client: FlaskClient, method: str, path: str, status: int) -> None:
    """A path or method that is not there is refused with a problem document too; a 405 says what is allowed."""
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert document(answer)["request_id"]
    assert ("Allow" in answer.headers) == (status == 405)
