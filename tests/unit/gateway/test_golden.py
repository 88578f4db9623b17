"""The golden check: a version is served if it gives the answers that its model card has."""

from typing import Any

import grpc
import pytest
from flask.testing import FlaskClient

from gateway import catalog, versions
from gateway import tf_serving_pb2 as pb
from gateway.errors import HTTP_STATUS
from tests.unit.gateway.answers import document
from tests.unit.gateway.cards import GOLDEN, NOT_GOLDEN, card
from tests.unit.gateway.fake_server import FailedError, FakeServer, line

REPLAY = (1, "serving_default")
PASSING = [
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNKNOWN,
]
LASTING = [code for code in HTTP_STATUS if code not in PASSING]


def causes(caplog: pytest.LogCaptureFixture, message: str = "golden check failed") -> list[str]:
    """The causes in the log lines that begin with a message."""
    return [record.__dict__["cause"] for record in caplog.records if record.message.startswith(message)]


def failing(code: grpc.StatusCode) -> Any:
    """Fail each prediction."""

    def answer(_request: pb.PredictRequest) -> Any:
        raise FailedError(code)

    return answer


def test_serves_what_reproduces_its_golden_examples(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version whose answers are those of its card is served; they are replayed once, not at each look at it."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    fake.card = GOLDEN
    answers = [client.post("/predict", json={"data": 10}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert fake.predicted == [(1, "card"), REPLAY, REPLAY, REPLAY, REPLAY]


def test_refuses_what_does_not_reproduce_them(
    client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A version that answers otherwise is not served: 503, not ready, and one line in the log says where it differs."""
    fake.card = NOT_GOLDEN
    answers = [client.post("/predict", json={"data": 10}) for _ in range(3)]
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "1")] * 3
    assert document(answers[0])["title"] == "Version refused"
    assert "Version 1 of model 'line' does not reproduce its golden examples" in document(answers[0])["detail"]
    assert client.get("/readyz").status_code == 503
    assert fake.predicted == [(1, "card"), REPLAY]
    assert causes(caplog) == ["output 'y'[1][0]: expected 2.0, got -2.0"]


def test_golden_examples_may_be_more_than_a_request_may_have(client: FlaskClient, fake: FakeServer) -> None:
    """The limit on a client's rows is no limit on the golden examples."""
    fake.card = card({"x": [[1.0]] * 6}, {"y": [[4.0]] * 6})
    assert client.post("/predict", json={"data": [1] * 6}).status_code == 422
    assert client.post("/predict", json={"data": 1}).status_code == 200


@pytest.mark.parametrize("code", PASSING, ids=lambda code: code.name)
def test_a_passing_failure_is_no_verdict(
    client: FlaskClient, fake: FakeServer, code: grpc.StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure that tells of the server, or of the moment, is passed on, and the next request checks again."""
    fake.card, fake.answer = GOLDEN, failing(code)
    assert client.post("/predict", json={"data": 10}).status_code == HTTP_STATUS[code]
    fake.answer = line
    assert client.post("/predict", json={"data": 10}).status_code == 200
    assert causes(caplog) == []


@pytest.mark.parametrize("code", LASTING, ids=lambda code: code.name)
def test_a_lasting_failure_is_a_verdict(
    client: FlaskClient, fake: FakeServer, code: grpc.StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    """A version that cannot answer its golden examples is refused; what its server said goes to the log alone."""
    fake.card, fake.answer = GOLDEN, failing(code)
    assert client.post("/predict", json={"data": 10}).status_code == 503
    assert "MatMul" not in client.get("/readyz").text
    assert causes(caplog) == [
        f"the golden inputs cannot be answered: {code.name}: node {{{{dense/MatMul}}}} at 10.0.0.7"
    ]


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED], ids=str)
def test_no_version_is_served_unchecked(client: FlaskClient, fake: FakeServer, code: grpc.StatusCode) -> None:
    """While the card cannot be read for now, the version waits for it."""
    fake.card, fake.failing_methods, fake.failure = NOT_GOLDEN, {"predict"}, FailedError(code)
    assert client.post("/predict", json={"data": 10}).status_code == HTTP_STATUS[code]
    fake.failure = None
    assert document(client.post("/predict", json={"data": 10}))["title"] == "Version refused"


@pytest.mark.parametrize(("seconds", "status"), [(0.0, 200), (3600.0, 503)])
def test_a_refused_version_is_tried_again_later(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, seconds: float, status: int
) -> None:
    """Should the fault have been the server's, a version that was refused gets another chance, not at once."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    monkeypatch.setattr(versions, "RECHECK_GOLDEN_SECONDS", seconds)
    fake.card, fake.answer = GOLDEN, failing(grpc.StatusCode.INTERNAL)
    assert client.post("/predict", json={"data": 10}).status_code == 503
    fake.answer = line
    assert client.post("/predict", json={"data": 10}).status_code == status
    assert client.get("/readyz").status_code == status


def test_a_reason_is_logged_once(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A version that is refused again for the same reason adds nothing to the log; another reason does."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    monkeypatch.setattr(versions, "RECHECK_GOLDEN_SECONDS", 0.0)
    fake.card = NOT_GOLDEN
    for _ in range(3):
        client.post("/predict", json={"data": 10})
    assert len(causes(caplog)) == 1
    fake.answer = failing(grpc.StatusCode.INTERNAL)
    client.post("/predict", json={"data": 10})
    assert len(causes(caplog)) == 2


def test_a_refusal_costs_the_server_one_look_a_while(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests for a version that is refused are answered without asking the model server each time."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 3600.0)
    fake.card = NOT_GOLDEN
    client.post("/predict", json={"data": 10})
    fake.calls.clear()
    assert [client.post("/predict", json={"data": 10}).status_code for _ in range(5)] == [503] * 5
    assert fake.calls == []
