"""From training to an answer over HTTP, with real processes, in front of either model server."""

import signal
from socket import create_connection

import pytest
import requests

from tests.e2e.stack import LOAD_SECONDS, Stack, command, load, started, train
from tests.processes import wait_until
from tests.servers import Command


def local_prediction(stack: Stack) -> float:
    """What the stable version in the store predicts for 10, without a server."""
    return float(command("src.predict", "line", "10", "--store", stack.store).stdout)


def test_answers_the_notebooks_question(stack: Stack) -> None:
    """The notebook's model answers 31 for 10 within a hundredth, and says which model and version did."""
    answer = requests.post(f"{stack.url}/predict", data='{"data":[10]}', timeout=30)
    document = answer.json()
    assert answer.status_code == 200
    warnings = [{"pointer": "/data/0", "detail": "10 lies outside -1 to 4, seen in training"}]
    answered_by = {"model": "line", "version": 1}
    assert document == {"prediction": [pytest.approx(31, abs=1e-2)], "warnings": warnings} | answered_by
    assert document["prediction"] == [pytest.approx(local_prediction(stack))]  # servers may differ in the last bit


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"data": "10"}', 422), (b'{"data": ' + b"[" * 100_000, 400), (b" " * (9 * 1024 * 1024), 413)],
    ids=["no JSON", "a string", "deeply nested", "9 MiB"],
)
def test_refuses_rubbish_and_goes_on(stack: Stack, body: bytes, status: int) -> None:
    """Rubbish gets a problem document over a real connection, and the next request its answer."""
    answer = requests.post(f"{stack.url}/predict", data=body, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert stack.predict(10).status_code == 200


def test_refuses_a_large_chunked_body(stack: Stack) -> None:
    """A body that does not say how long it is is refused with 413 as well, even if its beginning makes sense."""
    chunks = (part for part in [b'{"data": 10}', *[b" " * 1024 * 1024] * 9])
    answer = requests.post(f"{stack.url}/predict", data=chunks, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("chunk", [b"zz\r\n{}", b"-5\r\n{}", b"2\r\n{}XX"])
def test_refuses_broken_chunks(stack: Stack, chunk: bytes) -> None:
    """A broken transfer coding is the client's mistake, 400, and not an error of the gateway's."""
    host, _, port = stack.url.removeprefix("http://").partition(":")
    with create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + b"\r\n")
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 BAD REQUEST\r\n"


def test_publishing_under_load_fails_no_request(stack: Stack) -> None:
    """While version 2 takes over under 8 clients, all are answered, each with the value of the version it names."""
    values = {1: local_prediction(stack)}
    with load(stack, data=10) as seen:
        wait_until(lambda: len(seen.answers) >= 100, LOAD_SECONDS, "answers by version 1")
        train(stack.store, "--set", "epochs=1000")
        wait_until(lambda: seen.seen(lambda _, d: d.get("version") == 2, 100), LOAD_SECONDS, "answers by version 2")
    values[2] = local_prediction(stack)
    assert values[1] != pytest.approx(values[2]), "the answers do not tell which version gave them"
    assert set(seen.statuses()) == {200}
    assert {document["version"] for _, document, _ in seen.answers} == {1, 2}
    assert all(document["prediction"] == pytest.approx(values[document["version"]]) for _, document, _ in seen.answers)


def test_recovers_when_the_model_server_returns(stack: Stack) -> None:
    """A model server killed under load costs 503s with Retry-After until it is back, and the gateway no restart."""
    with load(stack, data=10) as seen:
        wait_until(lambda: len(seen.answers) >= 100, LOAD_SECONDS, "answers before")
        stack.server.kill()
        wait_until(lambda: seen.seen(lambda status, _: status == 503, 100), LOAD_SECONDS, "refusals")
        before = seen.statuses()[200]
        stack.restart_server()
        wait_until(lambda: seen.statuses()[200] >= before + 100, LOAD_SECONDS, "answers after")
        stack.wait_until_ready()
    assert set(seen.statuses()) == {200, 503}
    assert all(headers.get("Retry-After") == "1" for status, _, headers in seen.answers if status == 503)
    assert stack.gateway.exit_code is None
    assert stack.gateway.output().count("Booting worker") == 2, "a worker was restarted"


def test_starts_in_any_order(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A gateway that is up before there is a model server answers as soon as there is one, and ends on SIGTERM."""
    folder = tmp_path_factory.mktemp("order")
    train(folder / "store")
    with started(folder, server_command) as stack:
        wait_until(lambda: "Booting worker" in stack.gateway.output(), LOAD_SECONDS, "the gateway's start")
        stack.wait_until_ready()
        assert stack.predict(10).status_code == 200
        stack.gateway.send(signal.SIGTERM)
        assert stack.gateway.wait(35) == 0
