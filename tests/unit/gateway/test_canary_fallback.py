"""What becomes of a request that was meant for a canary that cannot answer it: the stable version does."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import breakers, catalog, create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.dtypes import DTYPES
from gateway.errors import HTTP_STATUS
from tests.processes import wait_until
from tests.protos import pack
from tests.unit.gateway.answers import document
from tests.unit.gateway.canaries import ALWAYS, ask, failing, failures, hanging, label, with_canary
from tests.unit.gateway.cards import GOLDEN, NOT_GOLDEN
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, Served, info, line

Traffic = Callable[..., None]
INVALID = grpc.StatusCode.INVALID_ARGUMENT
PAIRS = info(pb.DT_FLOAT, -1, 2)


@pytest.fixture(autouse=True)
def _all_to_the_canary(traffic: Traffic, caplog: pytest.LogCaptureFixture) -> None:
    """All default traffic is meant for the canary, and the log is read."""
    traffic(canary_share=1)
    caplog.set_level(logging.INFO)


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary that failed is tried again at the next request."""
    monkeypatch.setattr(breakers, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def _long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary that failed is left alone for the rest of the test."""
    monkeypatch.setattr(breakers, "PAUSE_SECONDS", 3600.0)


def too_many_rows(_request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer three rows, whatever was asked."""
    return {"y": pack(DTYPES[pb.DT_FLOAT], [3, 1], [1.0, 2.0, 3.0])}


def renamed(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer under another name than the signature has."""
    return {"z": line(request)["y"]}


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "no label": ({"version": 0}, "absent"),
    "not loaded": ({"state": pb.ModelVersionStatus.LOADING}, "absent"),
    "not golden": ({"card": NOT_GOLDEN}, "golden"),
    "other input": ({"inputs": {"x": PAIRS}}, "signature"),
    "other output": ({"outputs": {"z": FLOAT_COLUMN}, "answer": renamed}, "signature"),
    "no such signature": ({"signature_name": "other"}, "signature"),
    "not supported": ({"outputs": {"y": info(pb.DT_COMPLEX64, -1, 1)}}, "signature"),
    "refusing": ({"answer": failing(INVALID)}, "refused"),
    "other rows": ({"answer": too_many_rows}, "error"),
    "other names": ({"answer": renamed}, "error"),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"data": 10}),
        ("/v1/models/line:predict", {"instances": [10]}),
        ("/v2/models/line/infer", {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}),
    ],
)
def test_the_stable_version_answers(
    client: FlaskClient,
    fake: FakeServer,
    caplog: pytest.LogCaptureFixture,
    name: str,
    path: str,
    body: dict[str, Any],
) -> None:
    """Whatever is wrong with the canary, the request is answered by the stable version, and the log says why."""
    canary, reason = FAILURES[name]
    with_canary(fake, **canary)
    if name == "no label":
        fake.labels = {"stable": 1}
    answer = client.post(path, json=body)
    assert (label(answer), answer.headers["X-Model-Version"]) == ("stable", "1")
    (failure,) = failures(caplog)
    assert failure.startswith(f"{reason}: ")


@pytest.mark.parametrize("code", [code for code in HTTP_STATUS if code is not INVALID], ids=lambda code: code.name)
def test_every_failed_call_is_answered_by_the_stable_version(
    client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture, code: grpc.StatusCode
) -> None:
    """A call to the canary that fails, with whatever status, costs the client nothing."""
    with_canary(fake, answer=failing(code))
    assert label(ask(client)) == "stable"
    (failure,) = failures(caplog)
    assert failure.startswith("error: ")


def test_a_canary_with_a_vocabulary_refuses_alone(
    client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A word that only the stable version knows is answered by it; one that neither knows gets its verdict."""
    words = {"x": info(pb.DT_STRING, -1)}
    cards = [
        b'{"features": [{"name": "x", "vocabulary": ["red", "blue"]}]}',
        b'{"features": [{"name": "x", "vocabulary": ["red"]}]}',
    ]
    fake.inputs, fake.card, fake.answer = words, cards[0], one
    with_canary(fake, inputs=words, card=cards[1], answer=one)
    assert [label(ask(client, data=word)) for word in ("red", "blue", "red")] == ["canary", "stable", "canary"]
    answer = ask(client, data="green")
    assert answer.status_code == 422
    assert document(answer)["errors"][0]["detail"] == 'expected one of "red", "blue"; got "green"'
    assert [failure.partition(":")[0] for failure in failures(caplog)] == ["", "refused", "", ""]  # the last is its own


def one(_request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer 1 for one instance."""
    return {"y": pack(DTYPES[pb.DT_FLOAT], [1, 1], [1.0])}


@pytest.mark.usefixtures("_no_pause")
def test_who_forces_the_canary_gets_other_tensors(client: FlaskClient, fake: FakeServer) -> None:
    """A canary with another signature answers those who ask for it by header, if it takes what they send."""
    with_canary(fake, inputs={"x": PAIRS}, answer=one)
    assert label(client.post("/predict", json={"data": [[1, 2]]}, headers=ALWAYS)) == "canary"
    assert label(client.post("/predict", json={"data": 10}, headers=ALWAYS)) == "stable"
    assert client.post("/predict", json={"data": "ten"}, headers=ALWAYS).status_code == 422


def test_who_forces_the_canary_needs_no_stable_version(client: FlaskClient, fake: FakeServer) -> None:
    """While the stable version cannot be served, the canary answers those who ask for it by header, and only them."""
    with_canary(fake)
    fake.card = NOT_GOLDEN
    assert ask(client).status_code == 503
    assert label(ask(client, X_Canary="always")) == "canary"


def test_a_signature_that_only_one_has(client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    """The signature that is asked for decides whether the two are alike; the stable version says which there are."""
    raw = pb.SignatureDef(inputs={"x": FLOAT_COLUMN}, outputs={"y": FLOAT_COLUMN})
    fake.signatures = {"raw": raw}
    with_canary(fake, signatures={"new": raw})
    names = ("", "raw", "new")
    answers = [
        client.post("/v1/models/line:predict", json={"instances": [10], "signature_name": name}) for name in names
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert [label(answer) for answer in answers[:2]] == ["canary", "stable"]
    assert 'expected one of "raw", "serving_default"; got "new"' in document(answers[2])["error"]
    assert failures(caplog)[1].startswith("signature: ")


@pytest.mark.usefixtures("_long_pause")
@pytest.mark.parametrize("name", ["no label", "not loaded", "not golden", "other rows"])
def test_a_failing_canary_is_left_alone(
    client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """After a failure the canary costs no call for a while."""
    with_canary(fake, **FAILURES[name][0])
    if name == "no label":
        fake.labels = {"stable": 1}
    ask(client)
    fake.calls.clear()
    assert [label(ask(client)) for _ in range(5)] == ["stable"] * 5
    assert fake.calls.count("predict") == 5
    assert fake.calls.count("get_model_metadata") <= 1  # the stable version's, once its time has come
    assert [failure.partition(":")[0] for failure in failures(caplog)][1:] == ["paused"] * 5


@pytest.mark.usefixtures("_long_pause")
@pytest.mark.parametrize("name", ["other input", "no such signature", "refusing"])
def test_a_clients_own_doing_is_no_reason_to_pause(
    client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """What depends on the request says nothing of the canary: the next one may do better."""
    with_canary(fake, **FAILURES[name][0])
    for _ in range(3):
        assert label(ask(client)) == "stable"
    assert "paused" not in "".join(failures(caplog))


@pytest.mark.usefixtures("_long_pause")
def test_who_forces_the_canary_is_held_up_by_errors_only(client: FlaskClient, fake: FakeServer) -> None:
    """A canary that was absent is there for whoever forces it at once; one whose calls failed is left alone by all."""
    fake.labels = {"stable": 1}
    assert label(ask(client)) == "stable"
    canary = with_canary(fake)
    assert [label(ask(client)), label(ask(client, X_Canary="always"))] == ["stable", "canary"]
    canary.answer = failing(grpc.StatusCode.DEADLINE_EXCEEDED)
    assert label(ask(client, X_Canary="always")) == "stable"
    canary.answer = line
    assert label(ask(client, X_Canary="always")) == "stable"


@pytest.mark.usefixtures("_long_pause")
def test_an_error_of_many_answers_keeps_nobody_from_the_canary(client: FlaskClient, fake: FakeServer) -> None:
    """One request that it fails on is answered by the stable version, and the next by the canary again."""
    canary = with_canary(fake)
    assert label(ask(client)) == "canary"
    canary.answer = failing(grpc.StatusCode.INTERNAL)
    assert label(ask(client)) == "stable"
    canary.answer = line
    assert label(ask(client)) == "canary"


HUGE = '{"golden": {"inputs": {"x": [[1]]}, "outputs": {"y": [[1%s]]}, "tolerance": 1e-6}}' % ("0" * 400)


@pytest.mark.parametrize("name", ["card", "shape"])
def test_what_nobody_foresaw_of_a_canary_is_answered_by_the_stable_version(
    client: FlaskClient, fake: FakeServer, name: str
) -> None:
    """A number of hundreds of digits among its golden examples, or an answer of an impossible shape."""
    shape = pb.TensorShapeProto(dim=[pb.TensorShapeProto.Dim(size=size) for size in (1, -1, -1)])
    impossible = {"y": pb.TensorProto(dtype=pb.DT_FLOAT, tensor_shape=shape, float_val=[1.0])}
    with_canary(fake, **({"card": HUGE.encode()} if name == "card" else {"answer": lambda _request: impossible}))
    assert [label(ask(client)) for _ in range(3)] == ["stable"] * 3


@pytest.mark.parametrize("headers", [{}, {"X_Canary": "always"}], ids=["drawn", "forced"])
def test_a_canary_that_begins_to_hang_leaves_room_for_others(
    app: Flask, fake: FakeServer, headers: dict[str, str]
) -> None:
    """Of eight threads four wait for it at the most, however many requests are meant for it, and the rest go on."""
    canary = with_canary(fake)
    assert label(ask(app.test_client())) == "canary"
    with hanging(canary, 20) as asked, ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(lambda: label(ask(app.test_client(), **headers))) for _ in range(8)]
        wait_until(lambda: sum(each.done() for each in waiting) >= 4, 10, "the stable version's answers")
        assert [label(ask(app.test_client(), X_Canary="never")) for _ in range(10)] == ["stable"] * 10
        assert {each.result() for each in waiting} == {"stable"}
        assert len(asked) <= 4


def test_a_canary_that_recovers_answers_again(client: FlaskClient, fake: FakeServer) -> None:
    """A second after its failure the canary is tried again, and answers all that is meant for it from then on."""
    canary = with_canary(fake, answer=failing(grpc.StatusCode.INTERNAL))
    assert label(ask(client)) == "stable"
    canary.answer = line
    assert label(ask(client)) == "stable"
    wait_until(lambda: label(ask(client)) == "canary", 5, "the canary")
    assert {label(ask(client)) for _ in range(10)} == {"canary"}


@pytest.mark.parametrize("card", [None, GOLDEN], ids=["predictions", "golden check"])
def test_a_hanging_canary_holds_up_one_request_at_a_time(
    app: Flask, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, card: bytes | None
) -> None:
    """While one request waits for a canary that hangs, all others are answered, at the first time and at each later."""
    monkeypatch.setattr(breakers, "PAUSE_SECONDS", 0.0)
    with hanging(with_canary(fake, card=card), 20) as asked, ThreadPoolExecutor(2) as pool:
        for attempt in (1, 2):
            waiting = pool.submit(lambda: label(ask(app.test_client())))
            wait_until(lambda attempt=attempt: len(asked) >= attempt, 10, "the canary to be asked")  # type: ignore[misc]
            assert [label(ask(app.test_client(), X_Canary_Key=str(key))) for key in range(20)] == ["stable"] * 20
            assert len(asked) == attempt
            assert waiting.result() == "stable"


def test_a_trial_that_tells_nothing_lets_the_next_one_try(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error, a trial that the contract refuses, or that is not the canary's at all, leaves it to another."""
    monkeypatch.setattr(breakers, "PAUSE_SECONDS", 0.0)
    canary = with_canary(fake, answer=failing(grpc.StatusCode.INTERNAL))
    ask(client)
    canary.answer = line
    assert ask(client, data="ten").status_code == 422
    assert label(ask(client)) == "canary"


def test_a_refused_trial_shows_that_the_canary_is_well(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary that refuses an input answers: it is no longer tried by one request at a time."""
    monkeypatch.setattr(breakers, "PAUSE_SECONDS", 0.0)
    canary = with_canary(fake, answer=failing(grpc.StatusCode.INTERNAL))
    ask(client)
    canary.answer = failing(INVALID)
    ask(client)
    states = client.application.extensions["router"]._canary._breakers._states
    assert states["line"].reason == ""


def test_nothing_is_kept_of_names_that_clients_make_up(client: FlaskClient, fake: FakeServer) -> None:
    """Forcing the canary of models that are not there leaves nothing behind."""
    with_canary(fake)
    for number in range(20):
        path = f"/v1/models/made-up-{number}:predict"
        assert client.post(path, json={"instances": [10]}, headers=ALWAYS).status_code == 404
    fake.failure = None
    canary = client.application.extensions["router"]._canary
    assert (canary._breakers._states, canary._seen) == ({}, {})


def test_a_share_of_an_absent_canary_is_drawn_all_the_same(
    client: FlaskClient, fake: FakeServer, traffic: Traffic, caplog: pytest.LogCaptureFixture
) -> None:
    """While nobody knows the canary's number, about its share of the clients is said to have fallen back, not all."""
    fake.labels = {"stable": 1}
    traffic(canary_share=0.3)
    for key in range(300):
        ask(client, X_Canary_Key=str(key))
    fell_back = len([failure for failure in failures(caplog) if failure])
    assert 30 < fell_back < 150


def test_a_canary_that_is_dropped_is_left_at_once(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its label taken away, its version unloaded or still there: no request fails, and none gets it any longer."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    with_canary(fake)
    assert label(ask(client)) == "canary"
    fake.labels = {"stable": 1}
    assert [label(ask(client)) for _ in range(3)] == ["stable"] * 3


@pytest.mark.usefixtures("_no_pause")
def test_nothing_fails_while_the_canary_moves(app: Flask, fake: FakeServer, traffic: Traffic) -> None:
    """Under concurrent requests the canary is dropped, unloaded, promoted, followed by the next: all are answered."""
    traffic(canary_share=0.5)
    fake.labels, ends = {"stable": 1}, threading.Event()

    def requests() -> set[str | None]:
        client, seen = app.test_client(), set()
        while not ends.is_set():
            seen.add(label(ask(client)))
        return seen

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(requests) for _ in range(4)]
        try:
            for number in range(2, 7):
                fake.others = [*fake.others, Served(version=number)]
                fake.labels = {"stable": fake.labels["stable"], "canary": number}
                wait_until(lambda number=number: (number, "serving_default") in fake.predicted, 10, "the canary")  # type: ignore[misc]
                fake.labels = {"stable": number if number % 2 else 1}  # promoted, or rolled back
                fake.others = [served for served in fake.others if served.version == fake.labels["stable"]]
                before = len(fake.predicted)
                wait_until(lambda before=before: len(fake.predicted) > before + 30, 10, "requests")  # type: ignore[misc]
        finally:
            ends.set()
    assert set.union(*(answer.result() for answer in answers)) == {"stable", "canary"}


def test_follows_the_file_that_the_setting_names(fake: FakeServer) -> None:
    """Without a file there is no canary, label or not."""
    with_canary(fake)
    app = create_app(Settings(model_server=fake.target))
    assert {label(ask(app.test_client())) for _ in range(5)} == {"stable"}
    app.extensions["model_server"].close()
