"""The shadow: what is compared, what comes of it, and that no request is the worse for it."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import create_app, shadow
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.dtypes import DTYPES
from tests.processes import wait_until
from tests.protos import pack, unpack
from tests.unit.gateway.answers import document
from tests.unit.gateway.canaries import ask, failing, hanging, label, with_canary
from tests.unit.gateway.cards import NOT_GOLDEN
from tests.unit.gateway.fake_server import FakeServer, Served, info, line
from tests.unit.gateway.measured import Measured

Traffic = Callable[..., None]
TOTAL, COUNT, SUM = "gateway_shadow_total", "gateway_shadow_difference_count", "gateway_shadow_difference_sum"
VERSIONS = {"model": "line", "version": "1", "shadow_version": "2"}


@pytest.fixture(autouse=True)
def _all_are_compared(traffic: Traffic, caplog: pytest.LogCaptureFixture) -> None:
    """All default traffic of the line is compared with the canary, and the log is read."""
    traffic(shadow_share=1)
    caplog.set_level(logging.INFO)


@pytest.fixture(autouse=True)
def _stopped(app: Flask) -> Iterator[None]:
    """The thread ends with its test."""
    yield
    app.extensions["shadow"].close()


def doubled(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer twice what the line does."""
    values, shape = unpack(line(request)["y"])
    return {"y": pack(DTYPES[pb.DT_FLOAT], shape, [2 * value for value in values])}


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    """What the shadow has logged."""
    return [r.__dict__ for r in caplog.records if (r.name, r.message) == ("gateway.shadow", message)]


def test_tells_how_far_the_versions_are_apart(
    client: FlaskClient, fake: FakeServer, measured: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    """The greatest difference of an answer's values goes to the histogram and, with the request's id, to the log."""
    with_canary(fake, answer=doubled)
    answer = ask(client, data=[10, 0], X_Request_ID="abc")
    assert document(answer)["prediction"] == [31.0, 1.0]
    wait_until(lambda: lines(caplog, "shadow"), 10, "the comparison")
    assert measured(TOTAL, model="line", label="canary", outcome="compared") == 1
    assert measured(COUNT, **VERSIONS) == 1
    assert measured(SUM, **VERSIONS) == pytest.approx(31 / 32)
    assert measured("gateway_shadow_difference_bucket", **VERSIONS, le="0.1") == 0
    assert measured("gateway_shadow_difference_bucket", **VERSIONS, le="1.0") == 1
    (told,) = lines(caplog, "shadow")
    expected = {"request_id": "abc", "model": "line", "version": 1, "shadow_version": 2, "label": "canary", "rows": 2}
    assert told.items() >= expected.items()
    assert told["difference"] == pytest.approx(31 / 32)
    assert told["levelname"] == "INFO"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"data": 10}),
        ("/v1/models/line:predict", {"instances": [10]}),
        ("/v2/models/line/infer", {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}),
    ],
)
def test_every_route_is_compared(
    client: FlaskClient, fake: FakeServer, measured: Measured, path: str, body: dict[str, Any]
) -> None:
    """Default traffic of all three protocols is copied."""
    with_canary(fake)
    client.post(path, json=body)
    wait_until(lambda: measured(TOTAL, model="line", label="canary", outcome="compared") == 1, 10, "the comparison")


def test_other_requests_are_not_compared(
    client: FlaskClient, fake: FakeServer, measured: Measured, traffic: Traffic
) -> None:
    """What was asked for by number or label, what the canary answered, and what was refused is not copied."""
    with_canary(fake)
    for at in ("/versions/1", "/labels/stable"):
        client.post(f"/v1/models/line{at}:predict", json={"instances": [10]})
    ask(client, X_Canary="always")
    ask(client, data="ten")
    traffic(shadow_share=0)
    ask(client)
    assert client.application.extensions["shadow"]._aside._thread is None
    traffic(shadow_share=1)
    ask(client)
    wait_until(lambda: measured(TOTAL, model="line", label="canary", outcome="compared") == 1, 10, "the comparison")
    assert fake.predicted.count((2, "serving_default")) == 2  # the one that was forced, and the last one's copy


def test_a_share_is_compared(client: FlaskClient, fake: FakeServer, measured: Measured, traffic: Traffic) -> None:
    """A sample is drawn from the answers."""
    with_canary(fake)
    traffic(shadow_share=0.3)
    for _ in range(200):
        ask(client)
    client.application.extensions["shadow"].close()
    assert 20 < measured(COUNT, **VERSIONS) + measured(TOTAL, model="line", label="canary", outcome="dropped") < 110


def test_another_label_can_be_compared(
    client: FlaskClient, fake: FakeServer, measured: Measured, traffic: Traffic
) -> None:
    """The traffic file names the label; a version is not compared with itself."""
    with_canary(fake)
    fake.labels["next"] = 2
    traffic(shadow_share=1, shadow_label="stable")
    ask(client)
    traffic(shadow_share=1, shadow_label="next")
    ask(client)
    wait_until(lambda: measured(TOTAL, model="line", label="next", outcome="compared") == 1, 10, "the comparison")
    assert not [key for key in measured.grown() if dict(key[1]).get("label") == "stable" and key[0] == TOTAL]


@pytest.mark.parametrize(
    ("canary", "cause"),
    [
        ({"state": pb.ModelVersionStatus.END}, "NOT_FOUND"),
        ({"card": NOT_GOLDEN}, "does not reproduce its golden examples"),
        ({"inputs": {"x": info(pb.DT_FLOAT, -1, 2)}}, "version 2 has other tensors than version 1"),
        ({"answer": failing(grpc.StatusCode.INTERNAL)}, "INTERNAL"),
        ({"answer": lambda request: {"z": line(request)["y"]}}, "the output 'y' is missing"),
        ({"answer": lambda _: {"y": pb.TensorProto(dtype=pb.DT_COMPLEX64)}}, "a tensor of dtype 8 is not spoken here"),
    ],
    ids=["absent", "golden", "signature", "error", "output", "unreadable"],
)
def test_a_failure_is_counted_and_the_next_is_compared(
    client: FlaskClient,
    fake: FakeServer,
    measured: Measured,
    caplog: pytest.LogCaptureFixture,
    canary: dict[str, Any],
    cause: str,
) -> None:
    """Whatever is wrong with the shadow, requests are answered and the thread goes on; the log says so once."""
    with_canary(fake, **canary)
    assert [label(ask(client)) for _ in range(3)] == ["stable"] * 3
    wait_until(lambda: measured(TOTAL, model="line", label="canary", outcome="failed") == 3, 10, "the failures")
    (told,) = lines(caplog, "shadow failed")
    assert cause in told["cause"]
    with_canary(fake, version=3)
    ask(client)
    compared = {"model": "line", "label": "canary", "outcome": "compared"}
    wait_until(lambda: ask(client) and measured(TOTAL, **compared) >= 1, 10, "a comparison")


def test_a_fault_of_our_own_does_not_end_it(
    client: FlaskClient, fake: FakeServer, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No exception is the thread's last."""
    with_canary(fake)
    monkeypatch.setattr(shadow, "difference", lambda *_: 1 / 0)
    ask(client)
    wait_until(lambda: measured(TOTAL, model="line", label="canary", outcome="failed") == 1, 10, "the failure")
    monkeypatch.undo()
    assert client.application.extensions["shadow"]._aside._thread.is_alive()


def test_a_hanging_shadow_delays_nobody(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """While the shadow does not answer, requests do; as many copies wait as are allowed, the rest are dropped."""
    dropped = {"model": "line", "label": "canary", "outcome": "dropped"}
    with hanging(with_canary(fake), 20) as asked:
        ask(client)
        wait_until(lambda: asked, 10, "the shadow to be asked")
        assert {label(ask(client)) for _ in range(shadow.MAX_WAITING)} == {"stable"}
        assert measured(TOTAL, **dropped) == 0
        assert {label(ask(client)) for _ in range(5)} == {"stable"}
        assert measured(TOTAL, **dropped) == 5
        assert client.application.extensions["shadow"]._aside._waiting == shadow.MAX_WAITING


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_what_is_large_is_dropped(fake: FakeServer, traffic_file: Any, measured: Measured, side: str) -> None:
    """A copy of more than 64 KiB is not kept, so that what waits is bounded."""
    text = info(pb.DT_STRING, -1)
    long = b"x" * (shadow.MAX_BYTES + 1 if side == "outputs" else 1)
    fake.inputs, fake.outputs = {"x": text}, {"y": text}
    fake.answer = lambda _: {"y": pack(DTYPES[pb.DT_STRING], [1], [long])}
    with_canary(fake, inputs={"x": text}, outputs={"y": text}, answer=fake.answer)
    app = create_app(Settings(model_server=fake.target, traffic_file=str(traffic_file)))
    data = "x" * (shadow.MAX_BYTES if side == "inputs" else 1)
    assert label(ask(app.test_client(), data=data)) == "stable"
    assert measured(TOTAL, model="line", label="canary", outcome="dropped") == 1
    assert app.extensions["shadow"]._aside._thread is None
    app.extensions["model_server"].close()


def test_without_a_thread_requests_are_answered(
    client: FlaskClient, fake: FakeServer, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that has no more threads costs the comparison, not the answer."""

    def start() -> None:
        raise RuntimeError("can't start new thread")

    with_canary(fake)
    monkeypatch.setattr(client.application.extensions["shadow"]._aside, "_start", start)
    assert label(ask(client)) == "stable"
    assert measured(TOTAL, model="line", label="canary", outcome="dropped") == 1


def test_the_thread_is_one_and_begins_with_the_first_copy(app: Flask, fake: FakeServer, measured: Measured) -> None:
    """Before there is anything to compare there is no thread, so that none is lost when a worker is forked."""
    with_canary(fake)
    comparing = app.extensions["shadow"]._aside
    assert comparing._thread is None
    for _ in range(3):
        ask(app.test_client())
    wait_until(lambda: measured(COUNT, **VERSIONS) == 3, 10, "the comparisons")
    assert [thread.daemon for thread in threading.enumerate() if thread is comparing._thread] == [True]


def test_the_stand_in_is_compared(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """An answer by a version that stands in for the stable one is compared like any other."""
    with_canary(fake)
    fake.others.append(Served(version=0, state=pb.ModelVersionStatus.END))
    fake.labels["stable"] = 0
    ask(client)
    wait_until(lambda: measured(COUNT, **VERSIONS) == 1, 10, "the comparison")


def test_what_is_not_finite_is_as_far_off_as_can_be(
    client: FlaskClient, fake: FakeServer, measured: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that is not finite on one side only counts beyond the last bucket; in the log's JSON it is null."""
    # A version of its own: its sum is infinite from then on.
    with_canary(fake, version=9, answer=lambda _: {"y": pack(DTYPES[pb.DT_FLOAT], [1, 1], [float("nan")])})
    versions = VERSIONS | {"shadow_version": "9"}
    ask(client)
    wait_until(lambda: lines(caplog, "shadow"), 10, "the comparison")
    assert msgspec.json.encode(lines(caplog, "shadow")[0]["difference"]) == b"null"
    assert measured("gateway_shadow_difference_bucket", **versions, le="10.0") == 0
    assert measured("gateway_shadow_difference_bucket", **versions, le="+Inf") == 1
