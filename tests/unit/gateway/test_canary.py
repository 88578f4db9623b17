"""Which requests the canary answers, and how an answer says so."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.gateway.answers import document
from tests.unit.gateway.canaries import ALWAYS, NEVER, ask, label, with_canary
from tests.unit.gateway.fake_server import FakeServer, Served

Traffic = Callable[..., None]

PROTOCOLS: list[tuple[str, dict[str, Any]]] = [
    ("/predict", {"data": 10}),
    ("/v1/models/line:predict", {"instances": [10]}),
    ("/v2/models/line/infer", {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}),
]
CLIENTS = [f"client-{number}" for number in range(400)]


@pytest.fixture(autouse=True)
def _canary(fake: FakeServer) -> None:
    """The line has a stable version 1 and a canary 2."""
    with_canary(fake)


def of_canary(client: FlaskClient, **headers: str) -> set[str]:
    """Of CLIENTS, those that the canary answers."""
    return {key for key in CLIENTS if label(ask(client, X_Canary_Key=key, **headers)) == "canary"}


@pytest.mark.parametrize(("path", "body"), PROTOCOLS)
@pytest.mark.parametrize(("share", "version", "name"), [(0, 1, "stable"), (1, 2, "canary")])
def test_a_share_goes_to_the_canary(
    client: FlaskClient, traffic: Traffic, path: str, body: dict[str, Any], share: float, version: int, name: str
) -> None:
    """Of a share of 1 the canary answers all, of 0 none; on every route the headers name version and label."""
    traffic(canary_share=share)
    for _ in range(3):
        answer = client.post(path, json=body)
        assert (answer.headers["X-Model-Version"], label(answer)) == (str(version), name)


@pytest.mark.parametrize(("path", "body"), PROTOCOLS)
def test_a_header_decides(client: FlaskClient, traffic: Traffic, path: str, body: dict[str, Any]) -> None:
    """`always` gets the canary though its share is 0, and `never` the stable version though the share is 1."""
    traffic(canary_share=0)
    assert label(client.post(path, json=body, headers=ALWAYS)) == "canary"
    traffic(canary_share=1)
    assert label(client.post(path, json=body, headers=NEVER)) == "stable"


@pytest.mark.parametrize(("path", "body"), PROTOCOLS)
@pytest.mark.parametrize("value", ["", "Always", "true", "always,never", "x" * 200])
def test_another_header_is_refused(client: FlaskClient, path: str, body: dict[str, Any], value: str) -> None:
    """Any other value is the client's mistake, and the refusal names the header."""
    answer = client.post(path, json=body, headers={"X-Canary": value})
    assert answer.status_code == 400
    assert f'The header X-Canary is "{value[:100]}' in (document(answer).get("detail") or document(answer)["error"])


@pytest.mark.parametrize(
    ("path", "version", "name"),
    [
        ("/v1/models/line/versions/1:predict", "1", None),
        ("/v1/models/line/versions/2:predict", "2", None),
        ("/v1/models/line/labels/stable:predict", "1", "stable"),
        ("/v1/models/line/labels/canary:predict", "2", "canary"),
    ],
)
@pytest.mark.parametrize("header", ["always", "never", "nonsense"])
def test_who_names_a_version_gets_it(
    client: FlaskClient, traffic: Traffic, path: str, version: str, name: str | None, header: str
) -> None:
    """Neither a share nor a header changes what was asked for by number or label, which the answer names."""
    traffic(canary_share=0.5)
    answer = client.post(path, json={"instances": [10]}, headers={"X-Canary": header})
    assert (answer.headers["X-Model-Version"], label(answer)) == (version, name)


def test_the_answer_tells_its_label(client: FlaskClient, fake: FakeServer, traffic: Traffic) -> None:
    """POST /predict names the canary after the version; what another version answers keeps its form."""
    expected = {"prediction": 31.0, "model": "line", "version": 2, "label": "canary"}
    assert list(document(ask(client, X_Canary="always")).items()) == list(expected.items())
    assert document(ask(client)) == {"prediction": 31.0, "model": "line", "version": 1}
    traffic(canary_share=1)
    fake.others, fake.labels = [Served(model="plain", version=7)], {}
    answer = client.post("/v1/models/plain:predict", json={"instances": [10]})
    assert (answer.headers["X-Model-Version"], label(answer)) == ("7", None)


def test_the_log_tells_the_label(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """The request's log line has the label of the version that answered."""
    caplog.set_level(logging.INFO)
    ask(client, X_Canary="always")
    ask(client)
    lines = [record.__dict__ for record in caplog.records if record.name == "gateway.request"]
    assert [(line["version"], line["label"]) for line in lines] == [(2, "canary"), (1, "stable")]


def test_a_refusal_names_no_version(client: FlaskClient) -> None:
    """What was not predicted has no version."""
    answer = ask(client, data="nonsense")
    assert answer.status_code == 422
    assert {"X-Model-Version", "X-Model-Label"}.isdisjoint(answer.headers.keys())


def test_clients_stay_on_their_side_while_the_share_grows(client: FlaskClient, traffic: Traffic) -> None:
    """A key is within the share or not, each time; a larger share takes further clients in and lets none go."""
    seen: set[str] = set()
    for share in (0.0, 0.1, 0.5, 1.0):
        traffic(canary_share=share)
        now = of_canary(client)
        assert now == of_canary(client)
        assert seen <= now
        assert abs(len(now) - share * len(CLIENTS)) <= 60  # eight standard deviations of 0.1, six of 0.5
        seen = now


def test_another_canary_gets_other_clients(client: FlaskClient, fake: FakeServer, traffic: Traffic) -> None:
    """Who had the last canary does not always get the next one."""
    traffic(canary_share=0.5)
    first = of_canary(client)
    fake.others, fake.labels = [Served(version=3)], {"stable": 1, "canary": 3}
    second = {key for key in CLIENTS if ask(client, X_Canary_Key=key).headers["X-Model-Version"] == "3"}
    assert 40 < len(first & second) < 160


def test_a_clients_address_is_its_key(client: FlaskClient, traffic: Traffic) -> None:
    """Without a key of its own, the first address that a request was forwarded for keeps a client on its side."""
    traffic(canary_share=0.5)
    by_key = of_canary(client)
    by_address = {key for key in CLIENTS if label(ask(client, X_Forwarded_For=f" {key} , 10.0.0.1")) == "canary"}
    assert by_key == by_address == of_canary(client, X_Forwarded_For="10.0.0.1")


@pytest.mark.parametrize("headers", [{}, {"X_Canary_Key": "", "X_Forwarded_For": " , 10.0.0.1"}], ids=["none", "empty"])
def test_without_a_key_each_request_is_drawn(client: FlaskClient, traffic: Traffic, headers: dict[str, str]) -> None:
    """Requests that nothing keeps together are drawn one by one."""
    traffic(canary_share=0.3)
    found = [label(ask(client, **headers)) for _ in range(400)]
    assert 50 < found.count("canary") < 190  # more than seven standard deviations on either side


def test_a_share_changes_without_a_restart(client: FlaskClient, traffic: Traffic) -> None:
    """The file is followed while the application runs."""
    for share, name in ((0, "stable"), (1, "canary"), (0, "stable")):
        traffic(canary_share=share)
        assert label(ask(client)) == name


def test_a_share_is_one_models(client: FlaskClient, fake: FakeServer, traffic: Traffic) -> None:
    """A model that the file does not name keeps its traffic."""
    traffic(canary_share=1)
    fake.others += [Served(model="other", version=version) for version in (1, 2)]
    fake.other_labels = {"other": {"stable": 1, "canary": 2}}
    assert label(client.post("/v1/models/other:predict", json={"instances": [10]})) == "stable"
