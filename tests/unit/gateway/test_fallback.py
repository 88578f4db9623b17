"""What is served while a version that does not reproduce its golden examples is the newest."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import catalog, create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from tests.processes import wait_until
from tests.unit.gateway.answers import document
from tests.unit.gateway.cards import GOLDEN, NOT_GOLDEN
from tests.unit.gateway.fake_server import FakeServer, Served, line, serving

INFER = {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}


def served(client: FlaskClient) -> int:
    """The version that answers."""
    answer = client.post("/predict", json={"data": 10})
    assert answer.status_code == 200
    return int(document(answer)["version"])


def test_falls_back_to_the_stable_version(client: FlaskClient, fake: FakeServer) -> None:
    """Whoever asks for no particular version gets the one labelled stable, though there is a newer one that passes."""
    fake.others = [Served(version=2, card=GOLDEN), Served(version=3, card=NOT_GOLDEN)]
    fake.labels = {"stable": 1}
    assert served(client) == 1


@pytest.mark.parametrize("labels", [{}, {"stable": 4}, {"stable": 7}], ids=["no label", "on a refused one", "on none"])
def test_falls_back_to_the_newest_that_passes(client: FlaskClient, fake: FakeServer, labels: dict[str, int]) -> None:
    """Without a stable version that can be served, the newest other one that passes is."""
    fake.others = [
        Served(version=2, card=GOLDEN),
        Served(version=3, card=NOT_GOLDEN),
        Served(version=4, card=NOT_GOLDEN),
    ]
    fake.labels = labels
    assert served(client) == 2
    answer = client.get("/readyz")
    assert document(answer) == {"status": "ready", "models": {"line": [2, 1]}, "refused": {"line": [3, 4]}}


def test_readiness_names_no_version_that_it_refuses(client: FlaskClient, fake: FakeServer) -> None:
    """Even the first look, which is what refuses a version, does not list it as one that can answer."""
    fake.others = [Served(version=2, card=NOT_GOLDEN)]
    document_ = {"status": "ready", "models": {"line": [1]}, "refused": {"line": [2]}}
    assert document(client.get("/readyz")) == document_


def test_a_version_that_is_not_loaded_is_no_fallback(client: FlaskClient, fake: FakeServer) -> None:
    """A version on its way out cannot stand in: 503."""
    fake.state = pb.ModelVersionStatus.UNLOADING
    fake.others = [Served(version=2, card=NOT_GOLDEN)]
    assert client.post("/predict", json={"data": 10}).status_code == 503
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/line/versions/2:predict"),
        ("POST", "/v1/models/line/labels/canary:predict"),
        ("POST", "/v2/models/line/versions/2/infer"),
        ("GET", "/v2/models/line/versions/2/ready"),
        ("GET", "/v2/models/line/versions/2"),
    ],
)
def test_who_asks_for_a_refused_version_gets_no_other(
    client: FlaskClient, fake: FakeServer, method: str, path: str
) -> None:
    """There is no fallback for a number or a label: 503, while the others are served on."""
    fake.others, fake.labels = [Served(version=2, card=NOT_GOLDEN)], {"canary": 2}
    answer = client.open(path, method=method, json=None if method == "GET" else INFER | {"instances": [10]})
    assert (answer.status_code, answer.content_type) == (503, "application/json")
    assert document(answer)["error"].startswith("Version refused. Version 2 of model 'line' does not reproduce")
    assert client.get("/v2/models/line/ready").status_code == 200
    assert client.get("/v2/models/line/versions/1/ready").status_code == 200
    assert document(client.get("/v1/models/line/versions/2"))["ready"] is False
    assert served(client) == 1


def test_no_version_is_asked_in_place_of_a_fallback(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the version served is gone and the newest is refused, the fallback answers, not whichever is the newest."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 3600.0)
    assert served(client) == 1
    fake.others = [Served(version=2, card=GOLDEN), Served(version=3, card=NOT_GOLDEN)]
    fake.state = pb.ModelVersionStatus.END
    assert served(client) == 2


def asking(app: Flask, ends: threading.Event) -> Callable[[], set[tuple[int, int]]]:
    """Ask for predictions until the end; gives the statuses and versions of the answers."""

    def ask() -> set[tuple[int, int]]:
        client, seen = app.test_client(), set()
        while not ends.is_set():
            answer = client.post("/predict", json={"data": 10})
            seen.add((answer.status_code, document(answer).get("version", 0)))
        return seen

    return ask


def test_a_takeover_by_a_failing_version_is_no_failure(
    app: Flask, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a version that does not pass is loaded beside the one served, all requests are answered, by the latter."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    fake.card, ends = GOLDEN, threading.Event()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(asking(app, ends)) for _ in range(4)]
        wait_until(lambda: len(fake.predicted) > 20, 10, "requests")
        fake.others = [Served(version=2, card=NOT_GOLDEN)]
        wait_until(lambda: (2, "serving_default") in fake.predicted, 10, "the golden check of version 2")
        checked = len(fake.predicted)
        wait_until(lambda: len(fake.predicted) > checked + 20, 10, "requests after it")
        ends.set()
    assert set.union(*(answer.result() for answer in answers)) == {(200, 1)}


def test_a_golden_check_holds_up_one_request(app: Flask, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a new version is slow to answer its golden examples, one request waits, and the others are answered."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    goes_on = threading.Event()

    def slow(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        goes_on.wait(10)
        return dict(line(request))

    assert served(app.test_client()) == 1
    fake.others = [Served(version=2, card=GOLDEN, answer=slow)]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served, app.test_client())
        wait_until(lambda: (2, "serving_default") in fake.predicted, 10, "the golden check of version 2")
        assert [served(app.test_client()) for _ in range(5)] == [1] * 5
        assert fake.predicted.count((2, "serving_default")) == 1
        goes_on.set()
        assert waiting.result() == 2


def test_a_version_is_checked_though_not_all_servers_have_it(fake: FakeServer) -> None:
    """Of servers behind one name, each at its own version, each version is put to its golden check and served."""
    fake.card = GOLDEN
    with serving(FakeServer(version=2, card=GOLDEN)) as other:
        app = create_app(Settings(model_server=f"ipv4:{fake.target},{other.target}", timeout_seconds=2))
        answers = [app.test_client().post("/predict", json={"data": 10}) for _ in range(20)]
        app.extensions["model_server"].close()
    assert {answer.status_code for answer in answers} == {200}
    assert {document(answer)["version"] for answer in answers} == {1, 2}
