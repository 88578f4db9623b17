"""What is measured: which series there are, and that no client can make one."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from flask.testing import FlaskClient
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from gateway import metrics
from gateway import tf_serving_pb2 as pb
from gateway.seldom import Seldom
from tests.unit.gateway.canaries import ALWAYS, ask, failing, with_canary
from tests.unit.gateway.cards import NOT_GOLDEN
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, Served
from tests.unit.gateway.measured import Measured

pytestmark = pytest.mark.both_ways

Traffic = Callable[..., None]
PREDICTIONS, FALLBACKS = "gateway_predictions_total", "gateway_canary_fallbacks_total"
INFER = {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}


def test_metrics_are_in_prometheus_text_format(client: FlaskClient) -> None:
    """The page is what Prometheus reads: each metric with its type and help, nothing of the process or of the times."""
    ask(client)
    answer = client.get("/metrics")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families.keys() >= {
        "gateway_requests",
        "gateway_request_seconds",
        "gateway_model_server_seconds",
        "gateway_problems",
        "gateway_predictions",
        "gateway_canary_fallbacks",
        "gateway_shadow",
        "gateway_shadow_difference",
    }
    assert families["gateway_predictions"].type == "counter"
    assert families["gateway_shadow_difference"].type == "histogram"
    assert all(family.documentation for family in families.values())


def test_all_metrics_have_labels() -> None:
    """A metric without labels would make its value before the workers share what they measure."""
    late = metrics._in_flight()  # made when it is first used
    made = [metric for metric in metrics.REGISTRY._collector_to_names if metric is not late]
    assert all(metric._labelnames for metric in made)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "body", "version", "label"),
    [
        ("/predict", {"data": 10}, "1", "stable"),
        ("/v1/models/line:predict", {"instances": [10]}, "1", "stable"),
        ("/v1/models/line/labels/canary:predict", {"instances": [10]}, "2", "canary"),
        ("/v1/models/line/labels/next:predict", {"instances": [10]}, "2", "next"),
        ("/v1/models/line/versions/2:predict", {"instances": [10]}, "2", "none"),
        ("/v2/models/line/infer", INFER, "1", "stable"),
    ],
)
def test_predictions_are_counted(
    client: FlaskClient, fake: FakeServer, measured: Measured, path: str, body: Any, version: str, label: str
) -> None:
    """Each prediction counts once, for the version that made it and the label that it was chosen by."""
    with_canary(fake)
    fake.labels["next"] = 2
    client.post(path, json=body)
    assert measured(PREDICTIONS, model="line", version=version, label=label) == 1
    assert len(measured.grown(PREDICTIONS)) == 1


@pytest.mark.parametrize(
    ("path", "body", "labels"),
    [
        ("/predict", {"data": 10}, {"route": "/predict", "status": "200", "model": "line", "version": "1"}),
        (
            "/v1/models/line/versions/1:predict",
            {"instances": [10]},
            {
                "route": "/v1/models/<model>/versions/<version>:predict",
                "status": "200",
                "model": "line",
                "version": "1",
            },
        ),
        ("/predict", {"data": "x"}, {"route": "/predict", "status": "422", "model": "line", "version": "none"}),
        ("/no/such/path", {}, {"route": "none", "status": "404", "model": "none", "version": "none"}),
    ],
)
def test_requests_are_counted_and_timed(
    client: FlaskClient, measured: Measured, path: str, body: Any, labels: dict[str, str]
) -> None:
    """Each request counts once by its route's pattern, its status and who answered, and its duration is kept."""
    client.post(path, json=body)
    assert measured("gateway_requests_total", **labels) == 1
    assert measured("gateway_request_seconds_count", route=labels["route"]) == 1
    predicted = labels["version"] != "none"
    assert bool(measured("gateway_model_server_seconds_sum", model="line")) is predicted


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/predict", b"{", "not_json"),
        ("/predict", b'{"data": "x"}', "invalid_input"),
        ("/v1/models/none-such:predict", b'{"instances": [1]}', "not_found"),
        ("/no/such/path", b"", "no_route"),
        ("/readyz", b"", "method"),
        ("/predict", b" " * 2000, "too_large"),
    ],
)
def test_problems_are_counted(client: FlaskClient, measured: Measured, path: str, body: bytes, reason: str) -> None:
    """Each request that was refused or failed counts by its reason."""
    client.post(path, data=body)
    assert measured("gateway_problems_total", reason=reason) == 1
    client.post("/predict", json={"data": 10})
    assert sum(measured.grown("gateway_problems_total").values()) == 1


@pytest.mark.parametrize(
    ("canary", "reason"),
    [
        ({"state": pb.ModelVersionStatus.END}, "absent"),
        ({"card": NOT_GOLDEN}, "golden"),
        ({"outputs": {"z": FLOAT_COLUMN}}, "signature"),
        ({"answer": failing(grpc.StatusCode.INVALID_ARGUMENT)}, "refused"),
        ({"answer": failing(grpc.StatusCode.INTERNAL)}, "error"),
    ],
)
def test_fallbacks_are_counted(
    client: FlaskClient, fake: FakeServer, traffic: Traffic, measured: Measured, canary: dict[str, Any], reason: str
) -> None:
    """Each request that the canary was meant to answer and did not counts by the reason; those after it, as paused."""
    traffic(canary_share=1)
    with_canary(fake, **canary)
    ask(client)
    assert measured(FALLBACKS, model="line", reason=reason) == 1
    ask(client)
    lasting = reason in ("absent", "golden", "error")
    assert measured(FALLBACKS, model="line", reason="paused" if lasting else reason) == (1 if lasting else 2)
    assert measured(PREDICTIONS, model="line", version="1", label="stable") == 2


def test_clients_make_no_series(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """Names of models and labels, versions, keys and headers that clients make up leave no trace."""
    with_canary(fake)
    fake.others.append(Served(model="other"))
    for number in range(20):
        for at in ("", f"/labels/l{number}", f"/versions/{number + 3}"):
            for name in ("line", f"made-up-{number}"):
                headers = ALWAYS if number % 2 else {"X-Canary": f"nonsense-{number}"}
                client.post(f"/v1/models/{name}{at}:predict", json={"instances": ["ten"]}, headers=headers)
        ask(client, X_Canary_Key=f"key-{number}", X_Request_ID=f"id-{number}")
        client.post("/v1/models/other:predict", json={"instances": [10]}, headers=ALWAYS)
    grown = measured.grown()
    assert {key for key in grown if key[0] in (PREDICTIONS, FALLBACKS)} == {
        (PREDICTIONS, (("label", "stable"), ("model", "line"), ("version", "1"))),
        (PREDICTIONS, (("label", "none"), ("model", "other"), ("version", "1"))),
        (FALLBACKS, (("model", "other"), ("reason", "absent"))),
    }
    values = {(name, value) for _, labels in grown for name, value in labels}
    assert {value for name, value in values if name == "model"} <= {"line", "other", "none"}
    assert {value for name, value in values if name in ("version", "label")} <= {"1", "none", "stable"}


def test_metrics_are_read_without_a_word(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Prometheus asks every few seconds: that is logged at level debug only."""
    caplog.set_level(logging.DEBUG)
    client.get("/metrics")
    assert [record.levelname for record in caplog.records if record.name == "gateway.request"] == ["DEBUG"]


def test_what_cannot_be_counted_is_answered(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the shared folder is gone or full, predictions go on; the log says so, not each time."""

    def labels(*_: str) -> None:
        raise FileNotFoundError("/tmp/gateway-metrics-x")  # noqa: S108 - nothing is written

    monkeypatch.setattr(metrics, "_series", {})
    monkeypatch.setattr(metrics, "_seldom", Seldom(metrics.LOG_SECONDS))
    monkeypatch.setattr(metrics.PREDICTIONS, "labels", labels)
    assert [ask(client).status_code for _ in range(3)] == [200] * 3
    assert [record.__dict__["cause"] for record in caplog.records] == ["/tmp/gateway-metrics-x"]  # noqa: S108


def test_a_given_folder_is_used_and_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a folder is named already, none is made, and that one stays."""
    monkeypatch.setenv(metrics.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    metrics.share()
    metrics.end_sharing()
    assert metrics._made == []
    assert tmp_path.is_dir()
