"""From where metrics and prediction logs are read."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from src.drift import sources
from src.errors import InputError
from tests.processes import free_port


class Handler(BaseHTTPRequestHandler):
    """Answers as a gateway with access control, and sends some on to another host name."""

    seen: ClassVar[list[tuple[str, str | None, str | None]]] = []

    def do_GET(self) -> None:
        """Answer."""
        key = self.headers["Authorization"]
        self.seen.append((self.path, self.headers["Host"].partition(":")[0], key))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.headers['Host'].partition(':')[2]}/metrics")
        elif self.path == "/locked" and key != "Bearer secret":
            self.send_response(401)
        else:
            self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"up 1\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """Where the handler answers."""
    Handler.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "asked"), [("", "/metrics"), ("/", "/metrics"), ("/metrics", "/metrics"), ("/x", "/x")]
)
def test_a_gateways_url_is_enough(url: str, path: str, asked: str) -> None:
    """Its metrics are where every gateway has them, unless the URL says otherwise."""
    assert sources.metrics_text(url + path) == "up 1\n"
    assert [seen for seen, _, _ in Handler.seen] == [asked]


def test_an_api_key_is_taken_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And without one, the refusal says where it is looked for."""
    monkeypatch.delenv("API_KEY", raising=False)
    with pytest.raises(InputError) as caught:
        sources.metrics_text(f"{url}/locked")
    assert str(caught.value) == (
        f"cannot read {url}/locked: 401 Unauthorized; the environment variable API_KEY takes an API key"
    )
    monkeypatch.setenv("API_KEY", "secret")
    assert sources.metrics_text(f"{url}/locked") == "up 1\n"


def test_the_api_key_is_for_the_named_host_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom the answer sends us on to does not get it."""
    monkeypatch.setenv("API_KEY", "secret")
    assert sources.metrics_text(f"{url}/moved") == "up 1\n"
    assert Handler.seen == [("/moved", "127.0.0.1", "Bearer secret"), ("/metrics", "localhost", None)]


def test_a_gateway_that_does_not_answer_is_named() -> None:
    """In one line."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(InputError) as caught:
        sources.metrics_text(url)
    assert str(caught.value) == f"cannot read {url}: Connection refused"


@pytest.mark.parametrize("url", ["http://", "http://[", "https://127.0.0.1:port/metrics"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    """In one line, too."""
    with pytest.raises(InputError, match=r"^cannot read http"):
        sources.metrics_text(url)


def test_files_that_are_not_there_or_no_text_are_told(tmp_path: Path) -> None:
    """In one line, too."""
    with pytest.raises(InputError, match=r"^cannot read .*none: No such file or directory$"):
        sources.metrics_text(str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"^cannot read .*none: No such file or directory$"):
        sources.is_log(str(tmp_path / "none"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"bytes is no text$"):
        sources.metrics_text(str(tmp_path / "bytes"))
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"{}\n" * 1000)[:20])
    with pytest.raises(InputError, match=r"^cannot read .*torn\.gz: "):
        list(sources.lines(str(tmp_path / "torn.gz")))


def test_a_prediction_log_is_known_by_its_name_or_its_first_character(tmp_path: Path) -> None:
    """A rotated one has another name, and one that has just been begun has no character."""
    for name, text, is_log in [
        ("predictions.jsonl", "", True),
        ("predictions.jsonl.1", '\n {"time": 1}\n', True),
        ("metrics.prom", "# HELP x\n", False),
        ("empty", "", False),
    ]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert sources.is_log(str(tmp_path / name)) is is_log
    assert not sources.is_log("http://127.0.0.1/x.jsonl")
    (tmp_path / "old.gz").write_bytes(gzip.compress(b'{"a": 1}\n\n{"b": 2}\n'))
    assert sources.is_log(str(tmp_path / "old.gz"))
    assert list(sources.lines(str(tmp_path / "old.gz"))) == [(1, b'{"a": 1}\n'), (3, b'{"b": 2}\n')]
