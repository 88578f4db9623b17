import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.logs import logging_config
from tests.unit.gateway.fake_server import FakeServer

pytestmark = pytest.mark.both_ways


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the configured formatter makes of the request log's records.

    The whole configuration is not applied: it would close pytest's own handlers.
    """
    config = logging_config("info")
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(logging.config.DictConfigurator(config).configure_formatter(config["formatters"]["json"]))
    logger = logging.getLogger("gateway.request")
    logger.addHandler(handler)
    logger.setLevel(config["root"]["level"])
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines logged so far, each a JSON document."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_logs_a_line_a_request(client: FlaskClient, fake: FakeServer, log: io.StringIO) -> None:
    """Each request is one JSON line with its id, route, status, model, version, rows and durations."""
    fake.version = 3
    client.post("/predict?secret=1", json={"data": [1, 2]}, headers={"X-Request-ID": "abc"})
    (line,) = lines(log)
    assert line.pop("milliseconds") > line.pop("server_milliseconds") > 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "gateway.request",
        "message": "request",
        "request_id": "abc",
        "method": "POST",
        "route": "/predict",
        "status": 200,
        "client": "127.0.0.1",
        "model": "line",
        "version": 3,
        "rows": 2,
    }


def test_logs_other_lines_whole(log: io.StringIO) -> None:
    """A line that is no request's keeps its message and whatever fields it has."""
    logging.getLogger("gateway.request").info("n=%d", 3, extra={"fields": {"a": 1}})
    (line,) = lines(log)
    assert (line["message"], line["fields"]) == ("n=3", {"a": 1})


def test_does_not_log_healthy_probes(client: FlaskClient, fake: FakeServer, log: io.StringIO) -> None:
    """Probes that succeed are logged at level debug only; one that fails is an error."""
    client.get("/livez")
    client.get("/readyz")
    assert lines(log) == []
    fake.model = "other"
    client.get("/readyz")
    (line,) = lines(log)
    assert (line["level"], line["status"]) == ("ERROR", 503)
    assert line["cause"].startswith("NOT_FOUND: ")


@pytest.mark.parametrize("given", ["abc", "a" * 128, "3f/x:y.z_1-2=+"])
def test_keeps_a_clients_request_id(client: FlaskClient, given: str) -> None:
    """An id that is short and plain is taken over into the answer."""
    assert client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", 'a"b', "ä", "{}"])
def test_replaces_a_strange_request_id(client: FlaskClient, given: str) -> None:
    """An id that is long or could upset a log is replaced by one of our own, a new one each time."""
    answers = [client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] for _ in range(2)]
    assert given not in answers
    assert len({*answers}) == 2
    assert all(len(answer) == 32 for answer in answers)


def test_others_have_their_part_in_a_record(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever makes records of its own, as OpenTelemetry does, makes the requests' too; others have what they print."""
    caplog.set_level(logging.INFO)
    client.post("/predict", json={"data": 10})
    usual = logging.Formatter("%(process)d %(thread)d %(relativeCreated)d %(asctime)s %(name)s %(status)d")
    assert usual.format(caplog.records[-1]).endswith("gateway.request 200")

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        record.mark = "abc"
        return record

    logging.setLogRecordFactory(make)
    try:
        client.post("/predict", json={"data": 10})
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    assert vars(caplog.records[-1])["mark"] == "abc"
    assert vars(caplog.records[-1])["request_fields"]["status"] == 200
