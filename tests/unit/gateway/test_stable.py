"""The version labelled `stable` is the one that answers who names none, and nothing fails while labels move."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import catalog, create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.model_server import ModelServer
from gateway.signature import STABLE, Selector
from tests.processes import wait_until
from tests.unit.gateway.answers import document
from tests.unit.gateway.cards import GOLDEN, NOT_GOLDEN
from tests.unit.gateway.fake_server import FailedError, FakeServer, Served, line, serving

INFER = {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}
END = pb.ModelVersionStatus.END


@pytest.fixture
def _each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in force is asked at each request."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)


def version(client: FlaskClient) -> int:
    """The version that answers."""
    answer = client.post("/predict", json={"data": 10})
    assert answer.status_code == 200, answer.text
    return int(document(answer)["version"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"data": 10}),
        ("/v1/models/line:predict", {"instances": [10]}),
        ("/v2/models/line/infer", INFER),
    ],
)
def test_the_stable_version_answers(client: FlaskClient, fake: FakeServer, path: str, body: dict[str, Any]) -> None:
    """Without version or label it is the stable version that answers, on all routes, though a newer one is loaded."""
    fake.version, fake.others, fake.labels = 2, [Served(version=1), Served(version=3)], {"stable": 2, "canary": 3}
    assert client.post(path, json=body).status_code == 200
    assert fake.predicted == [(2, "serving_default")]


def test_the_stable_version_is_described(client: FlaskClient, fake: FakeServer) -> None:
    """Signatures, readiness and the document without version or label are the stable version's."""
    fake.others, fake.labels = [Served(version=2, outputs={})], {"stable": 1, "canary": 2}
    assert document(client.get("/v1/models/line/metadata"))["model_spec"]["version"] == "1"
    assert document(client.get("/v1/models/line"))["ready"] is True
    assert client.get("/v2/models/line/ready").status_code == 200
    assert [o["name"] for o in document(client.get("/v2/models/line"))["outputs"]] == ["y"]
    assert client.get("/readyz").status_code == 200
    assert "**line** version 1." in document(client.get("/openapi.json"))["info"]["description"]


def test_readiness_is_about_the_stable_version(client: FlaskClient, fake: FakeServer) -> None:
    """A canary that fails its golden check is listed as refused once it was met, and leaves the gateway ready."""
    fake.others, fake.labels = [Served(version=2, card=NOT_GOLDEN)], {"stable": 1, "canary": 2}
    assert client.post("/predict", json={"data": 10}, headers={"X-Canary": "always"}).status_code == 200
    answer = client.get("/readyz")
    expected = {"status": "ready", "models": {"line": [1]}, "refused": {"line": [2]}}
    assert (answer.status_code, document(answer)) == (200, expected)


@pytest.mark.usefixtures("_each_time")
def test_the_default_follows_the_label(client: FlaskClient, fake: FakeServer) -> None:
    """A promotion and a rollback move the default; taking the label away leaves the newest."""
    fake.others = [Served(version=2), Served(version=3)]
    seen = []
    for labels in ({"stable": 1}, {"stable": 2, "canary": 3}, {"stable": 1}, {}):
        fake.labels = labels
        seen.append(version(client))
    assert seen == [1, 2, 1, 3]


def test_each_model_has_its_own_labels(client: FlaskClient, fake: FakeServer) -> None:
    """A label on one model is none on another."""
    fake.others = [Served(version=2), *(Served(model="other", version=number) for number in (1, 2, 3))]
    fake.labels, fake.other_labels = {"stable": 1}, {"other": {"stable": 2}}
    client.post("/v1/models/other:predict", json={"instances": [10]})
    client.post("/v1/models/line:predict", json={"instances": [10]})
    assert [number for number, _ in fake.predicted] == [2, 1]


@pytest.mark.parametrize("state", [END, pb.ModelVersionStatus.AVAILABLE], ids=["not loaded", "not golden"])
def test_a_canary_never_stands_in(
    client: FlaskClient, fake: FakeServer, state: "pb.ModelVersionStatus.State.ValueType"
) -> None:
    """Where the stable version cannot be served, the newest other that passes is, but never the canary."""
    fake.version, fake.card, fake.state, fake.labels = 3, NOT_GOLDEN, state, {"stable": 3, "canary": 5}
    fake.others = [
        Served(version=1, card=GOLDEN),
        Served(version=2, card=GOLDEN),
        Served(version=4, card=NOT_GOLDEN),
        Served(version=5, card=GOLDEN),
    ]
    assert version(client) == 2
    fake.others = [Served(version=5, card=GOLDEN)]
    other = create_app(Settings(model_server=fake.target, timeout_seconds=2))
    assert other.test_client().post("/predict", json={"data": 10}).status_code in (404, 503)
    other.extensions["model_server"].close()


def test_no_version_stands_in_while_nobody_knows_the_canary(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not say which version is the canary might have it stand in: no answer is better."""
    fake.version, fake.card, fake.labels = 3, NOT_GOLDEN, {"stable": 3}
    fake.others = [Served(version=5, card=GOLDEN)]
    find = fake.find

    def failing(spec: pb.ModelSpec) -> list[Served]:
        if spec.version_label == "canary":
            raise FailedError(grpc.StatusCode.UNAVAILABLE)
        return find(spec)

    monkeypatch.setattr(fake, "find", failing)
    assert client.post("/predict", json={"data": 10}).status_code == 503


@pytest.mark.usefixtures("_each_time")
def test_a_stable_version_that_is_loaded_again_takes_over(client: FlaskClient, fake: FakeServer) -> None:
    """A stand-in stands in for as long as it has to."""
    fake.version, fake.state, fake.labels = 2, END, {"stable": 2}
    fake.others = [Served(version=1), Served(version=3)]
    assert version(client) == 3
    fake.state = pb.ModelVersionStatus.AVAILABLE
    assert version(client) == 2


@pytest.mark.parametrize("labels", [{}, {"stable": 1}, {"gone": 9, "stable": 1}], ids=["none", "others", "not loaded"])
def test_a_label_that_is_not_there_is_not_found(client: FlaskClient, fake: FakeServer, labels: dict[str, int]) -> None:
    """Who asks for a label that no version has, or one that is not loaded, gets 404 and no other version."""
    fake.labels = labels
    for path in (":predict", "", "/metadata"):
        method, body = ("POST", {"instances": [10]}) if path == ":predict" else ("GET", None)
        assert client.open(f"/v1/models/line/labels/gone{path}", method=method, json=body).status_code == 404


@pytest.mark.usefixtures("_each_time")
def test_a_label_that_is_dropped_is_not_found(client: FlaskClient, fake: FakeServer) -> None:
    """Once a label is taken away, who asks for it gets 404, though the version that had it is still loaded."""
    fake.others, fake.labels = [Served(version=2)], {"stable": 1, "canary": 2}
    path = "/v1/models/line/labels/canary:predict"
    assert client.post(path, json={"instances": [10]}).status_code == 200
    fake.labels = {"stable": 1}
    assert [client.post(path, json={"instances": [10]}).status_code for _ in range(3)] == [404] * 3


@pytest.mark.usefixtures("_each_time")
def test_a_canary_is_not_forgotten(client: FlaskClient, fake: FakeServer) -> None:
    """Looking at the stable version does not undo what is known of the canary, whose number is above its own."""
    fake.card, fake.labels = GOLDEN, {"stable": 1, "canary": 2}
    fake.others = [Served(version=2, card=GOLDEN)]
    for _ in range(3):
        version(client)
        client.post("/v1/models/line/labels/canary:predict", json={"instances": [10]})
    assert fake.predicted.count((2, "card")) == 1


def test_the_canary_of_a_model_without_a_stable_label_is_not_the_default(client: FlaskClient, fake: FakeServer) -> None:
    """Where a hand has labelled a canary and nothing else, the newest of the others answers; with no other, nobody."""
    fake.others, fake.labels = [Served(version=2)], {"canary": 2}
    assert version(client) == 1
    fake.state = pb.ModelVersionStatus.END
    answer = client.post("/predict", json={"data": 10})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.usefixtures("_each_time")
def test_a_gateway_is_not_ready_once_only_the_canary_is_loaded(client: FlaskClient, fake: FakeServer) -> None:
    """A stable version that was there and has gone is not taken to be there still; it is not missing either: 503."""
    fake.others, fake.labels = [Served(version=2)], {"stable": 1, "canary": 2}
    assert version(client) == 1
    assert client.get("/readyz").status_code == 200
    fake.state = pb.ModelVersionStatus.LOADING
    assert client.get("/readyz").status_code == 503
    assert client.get("/v2/health/ready").status_code == 503
    assert client.post("/predict", json={"data": 10}).status_code == 503


@pytest.mark.usefixtures("_each_time")
def test_a_model_without_labels_costs_two_small_calls_more(client: FlaskClient, fake: FakeServer) -> None:
    """Each look at a model without labels is three metadata calls, at one with labels a single one."""
    version(client)
    fake.calls.clear()
    version(client)
    assert fake.calls == [*["get_model_metadata"] * 3, "predict"]
    fake.labels = {"stable": 1}
    fake.calls.clear()
    version(client)
    assert fake.calls == ["get_model_metadata", "predict"]


def test_a_successor_is_asked_by_the_label(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the stable version was replaced, its successor is the one labelled so, though the newest looks the same."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 3600.0)
    fake.others, fake.labels = [Served(version=2), Served(version=3)], {"stable": 1, "canary": 3}
    assert version(client) == 1
    fake.labels, fake.state = {"stable": 2, "canary": 3}, END
    assert version(client) == 2


def test_of_several_servers_some_may_have_moved_the_label(fake: FakeServer) -> None:
    """While one of several servers has the old stable version and the other the new one, all requests are answered."""
    fake.others, fake.labels = [Served(version=9)], {"stable": 1, "canary": 9}
    with serving(FakeServer(version=2, labels={"stable": 2, "canary": 9}, others=[Served(version=9)])) as other:
        app = create_app(Settings(model_server=f"ipv4:{fake.target},{other.target}", timeout_seconds=2))
        answers = [app.test_client().post("/predict", json={"data": 10}) for _ in range(20)]
        app.extensions["model_server"].close()
    assert {answer.status_code for answer in answers} == {200}
    assert {document(answer)["version"] for answer in answers} == {1, 2}


@pytest.mark.usefixtures("_each_time")
def test_of_several_servers_one_may_have_moved_the_label_to_a_failing_version(fake: FakeServer) -> None:
    """A version that does not pass its golden check answers nobody, on whichever server it has the label."""
    fake.card, fake.labels = GOLDEN, {"stable": 1}
    with serving(FakeServer(version=2, card=NOT_GOLDEN, labels={"stable": 2})) as other:
        app = create_app(Settings(model_server=f"ipv4:{fake.target},{other.target}", timeout_seconds=2))
        answers = [app.test_client().post("/predict", json={"data": 10}) for _ in range(40)]
        app.extensions["model_server"].close()
    assert {document(answer).get("version", 1) for answer in answers} == {1}


def test_an_unknown_label_is_told_from_a_refusal(fake: FakeServer) -> None:
    """Of two invalid arguments only the one about the label is not found: the other is about the inputs."""
    server = ModelServer(fake.target, timeout_seconds=2)

    def refuse(_request: pb.PredictRequest) -> Any:
        raise FailedError(grpc.StatusCode.INVALID_ARGUMENT)

    fake.answer, fake.labels = refuse, {"stable": 1}
    found = []
    for selector in (STABLE, Selector(label="nope")):
        with pytest.raises(Exception, match="The model server") as caught:
            server.predict("line", selector, "serving_default", {})
        found.append(caught.value.status)  # type: ignore[attr-defined]
    server.close()
    assert found == [400, 404]


def test_nothing_fails_while_labels_move(app: Flask, fake: FakeServer) -> None:
    """Under concurrent requests the label moves and the old version is unloaded at once, again and again: all answered.

    The workers believe the old state for up to RECHECK_SECONDS.
    """
    fake.version, fake.answer, ends = 100, line, threading.Event()
    fake.others, fake.labels = [Served(version=1)], {"stable": 1, "canary": 100}

    def ask() -> set[int]:
        client, seen = app.test_client(), set()
        while not ends.is_set():
            seen.add(version(client))
        return seen

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(2, 8):
                before = len(fake.predicted)
                wait_until(lambda before=before: len(fake.predicted) > before + 30, 20, "requests")  # type: ignore[misc]
                fake.others = [*fake.others, Served(version=number)]
                fake.labels = {"stable": number, "canary": 100}
                fake.others = fake.others[-1:]
            wait_until(lambda: (7, "serving_default") in fake.predicted, 20, "version 7")
        finally:
            ends.set()
    seen = set.union(*(answer.result() for answer in answers))
    assert 100 not in seen
    assert {1, 7} <= seen
