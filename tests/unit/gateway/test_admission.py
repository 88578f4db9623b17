"""What is settled of a request before its route is asked."""

import logging
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import call
from gateway.facts import ARRIVED, DRAINING, OVERLOADED
from tests.unit.gateway.canaries import ask, hanging, with_canary
from tests.unit.gateway.fake_server import FakeServer, line

pytestmark = pytest.mark.both_ways

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_a_trace_goes_on_to_the_model_server(client: FlaskClient, fake: FakeServer) -> None:
    """A W3C trace context and the request's id go along with every call that the request causes."""
    client.post(
        "/predict", json={"data": 10}, headers={"traceparent": PARENT, "tracestate": "a=1", "X-Request-ID": "id"}
    )
    assert fake.metadata
    for metadata in fake.metadata:
        assert metadata["traceparent"] == PARENT
        assert metadata["tracestate"] == "a=1"
        assert metadata["x-request-id"] == "id"


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "nonsense",
        PARENT.upper(),
        PARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        PARENT + "\u00e9",
    ],
)
def test_what_is_no_trace_goes_nowhere(client: FlaskClient, fake: FakeServer, parent: str) -> None:
    """A trace context that breaks the rules is dropped, with its state, and the request is answered."""
    answer = client.post("/predict", json={"data": 10}, headers={"traceparent": parent, "tracestate": "a=1"})
    assert answer.status_code == 200
    assert not {"traceparent", "tracestate"} & {key for metadata in fake.metadata for key in metadata}


def test_the_log_names_the_trace(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A request's line in the log has the trace's id, so that the two can be brought together."""
    caplog.set_level(logging.INFO)
    client.post("/predict", json={"data": 10}, headers={"traceparent": PARENT})
    (record,) = [record for record in caplog.records if record.name == "gateway.request"]
    assert record.__dict__["trace_id"] == TRACE


def test_a_client_can_shorten_the_time(client: FlaskClient, fake: FakeServer) -> None:
    """`X-Timeout-Seconds` is a deadline for the request, which the model server is told of."""
    ask(client)
    with hanging(fake, 20):
        assert ask(client, X_Timeout_Seconds="0.05").status_code == 504
    assert ask(client, X_Timeout_Seconds="1.5").status_code == 200


@pytest.mark.parametrize(("asked", "at_most"), [(None, 2.0), ("600", 2.0), ("1.5", 1.5)])
def test_the_model_server_is_told_the_shorter_time(
    client: FlaskClient, fake: FakeServer, asked: str | None, at_most: float
) -> None:
    """Every call ends with the request's deadline, which is TIMEOUT_SECONDS at the latest."""
    headers = {} if asked is None else {"X_Timeout_Seconds": asked}
    assert ask(client, **headers).status_code == 200
    assert max(fake.seconds_left) <= at_most
    assert fake.seconds_left[-1] > at_most - 1


@pytest.mark.parametrize("stated", ["soon", "-1", "nan", "inf", "1e3", "", "1" * 30, "0", "0.00"])
def test_a_timeout_that_is_none_is_refused(client: FlaskClient, stated: str) -> None:
    """What is no number of seconds is pointed out, before anything is asked."""
    answer = ask(client, X_Timeout_Seconds=stated)
    assert (answer.status_code, answer.get_json()["title"]) == (400, "Invalid header")
    assert "X-Timeout-Seconds" in answer.get_json()["detail"]


def test_time_that_passed_before_counts(client: FlaskClient, fake: FakeServer) -> None:
    """A request that has waited for a thread longer than it may is not put to the model server."""
    ask(client)
    asked = len(fake.predicted)
    answer = client.post("/predict", json={"data": 10}, environ_base={ARRIVED: time.monotonic() - 3})
    assert answer.status_code == 504
    assert len(fake.predicted) == asked


def test_a_hanging_canary_leaves_the_stable_version_half_of_the_time(client: FlaskClient, fake: FakeServer) -> None:
    """Also of a client's short time, the canary has half at most; that it was too short is not held against it."""
    canary = with_canary(fake)
    assert ask(client, X_Canary="always").headers["X-Model-Label"] == "canary"
    with hanging(canary, 20):
        for _ in range(5):
            assert ask(client, X_Canary="always", X_Timeout_Seconds="0.9").headers["X-Model-Label"] == "stable"
    canary.answer = line
    assert ask(client, X_Canary="always").headers["X-Model-Label"] == "canary"


@pytest.mark.parametrize(
    ("path", "body"), [("/predict", {"data": 10}), ("/v1/models/line:predict", {"instances": [10]}), ("/docs", None)]
)
def test_what_is_one_too_many_is_refused_unread(client: FlaskClient, fake: FakeServer, path: str, body: Any) -> None:
    """A worker that has enough in hand answers 503 with Retry-After, and asks nobody."""
    answer = client.open(path, method="POST" if body else "GET", json=body, environ_base={OVERLOADED: True})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert fake.calls == []


@pytest.mark.parametrize("path", ["/readyz", "/v2/health/ready"])
def test_a_draining_gateway_is_not_ready(client: FlaskClient, path: str) -> None:
    """While it is about to stop, readiness is false, and all else is as before."""
    assert client.get(path, environ_base={DRAINING: True}).status_code == 503
    assert client.get("/livez", environ_base={DRAINING: True}).status_code == 200
    assert client.post("/predict", json={"data": 10}, environ_base={DRAINING: True}).status_code == 200


def test_one_requests_time_is_not_anothers(client: FlaskClient) -> None:
    """Nothing of a request is left in its thread for what that does next."""
    assert ask(client, X_Timeout_Seconds="0.000000001").status_code == 504
    assert call.current() == call.Call()
