"""What `make run` does around honcho."""

import json
import shlex
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy import local


def _operation(example: object) -> object:
    return {"post": {"requestBody": {"content": {"application/json": {"examples": {"example": {"value": example}}}}}}}


PATHS = {
    "/predict": _operation({"data": [1]}),
    "/v1/models/spam:predict": _operation({"instances": [{"text": "it's"}]}),
}
DOCUMENTS = {"/openapi.json": json.dumps({"paths": PATHS}).encode()}


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/readyz", *DOCUMENTS) else 404)
        self.end_headers()
        self.wfile.write(DOCUMENTS.get(self.path, b""))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class calls it so)
        pass


@pytest.fixture
def ready_gateway() -> Iterator[int]:
    """The port of a server that answers /readyz with 200."""
    with HTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "8080.0"])
def test_what_is_no_port_is_refused_by_name(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong port is refused, naming its variable."""
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ValueError, match=f"^PORT={value} is not a port"):
        local.port_from("PORT", 8080)


@pytest.mark.parametrize("value", ["", "8080"])
def test_an_empty_port_is_the_default(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as not set."""
    monkeypatch.setenv("PORT", value)
    assert local.port_from("PORT", 8080) == 8080


def test_a_shared_port_is_not_free() -> None:
    """A port is taken even when its owner would share it, as gRPC's servers do."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ValueError, match=f"^cannot listen on 127.0.0.1:{port}: Address already in use; choose another port: PORT="
        ):
            local.check_free("127.0.0.1", port, "PORT")


def test_a_ready_gateway_is_announced(ready_gateway: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Once both answer, the URL and a command to try are printed."""
    local.announce("127.0.0.1", ready_gateway, ready_gateway)
    assert f"curl -d '{{\"data\": [1]}}' http://127.0.0.1:{ready_gateway}/predict\n" in capsys.readouterr().out


def test_every_other_model_has_a_command_too(ready_gateway: int, capsys: pytest.CaptureFixture[str]) -> None:
    """On its own route and with its own example, quoted for the shell; one that the document does not know has none."""
    local.announce("127.0.0.1", ready_gateway, ready_gateway, ["spam", "gone"])
    commands = [shlex.split(line) for line in capsys.readouterr().out.splitlines() if line.startswith("  curl")]
    assert [command[-1].rpartition(f":{ready_gateway}")[2] for command in commands] == [
        "/predict",
        "/v1/models/spam:predict",
    ]
    assert json.loads(commands[1][2]) == {"instances": [{"text": "it's"}]}


def test_a_gateway_that_is_not_ready_in_time_is_reported(
    ready_gateway: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting ends, and the message says where the reason is."""
    monkeypatch.setattr(local, "READY_WITHIN_SECONDS", -1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        unused = other.getsockname()[1]
    local.announce("127.0.0.1", ready_gateway, unused)
    assert f"http://127.0.0.1:{ready_gateway}/readyz says why" in capsys.readouterr().out


def test_the_gateway_gets_the_port_itself() -> None:
    """Honcho adds 100 to PORT for every process after the first."""
    lines = local.PROCFILE.read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if not line.startswith("#")).startswith("gateway:")


def test_one_port_is_not_enough(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The two servers cannot share a port, and nothing is trained or started before that is said."""
    for variable in ("PORT", "MODEL_SERVER_PORT"):
        monkeypatch.setenv(variable, "20001")
    assert local.main() == 1
    assert capsys.readouterr().err == "run: PORT and MODEL_SERVER_PORT are both 20001\n"


def test_training_waits_for_no_other_model_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is trained first is to be loaded by the server that is started here, not by another one of this machine."""
    asked: list[tuple[list[str], str]] = []

    def train(new: list[str], environment: dict[str, str]) -> int:
        asked.append((new, environment["MODEL_SERVER"]))
        return 3

    monkeypatch.setenv("MODELS", "line diamonds")
    monkeypatch.setattr("deploy.local.free_ports", lambda _: (8080, 9500))
    monkeypatch.setattr("deploy.local.store.prepare", lambda _: None)
    monkeypatch.setattr("deploy.local.models.without_version", lambda _, names: names)
    monkeypatch.setattr("deploy.local.training.train", train)
    assert local.main() == 3
    assert asked == [(["line", "diamonds"], "127.0.0.1:9500")]


def test_an_unknown_model_ends_it_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, also where another model comes first and could be trained."""
    monkeypatch.setenv("MODELS", "line nope")
    monkeypatch.setattr("deploy.local.free_ports", lambda _: (8080, 8500))
    monkeypatch.setattr("deploy.local.store.prepare", lambda _: None)
    monkeypatch.setattr("deploy.models.state.stable", lambda *_: None)
    assert local.main() == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("run: 'nope' is no model of the store and no recipe; recipes: diamonds, ")
    assert told.err.count("\n") == 1
