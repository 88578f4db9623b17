"""The gateway with a certificate of its own: gunicorn's settings, and what clients on TLS and others get."""

import http.client
import json
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import START_SECONDS, Stack, serve_newest, started
from tests.processes import wait_until
from tests.saved_models import write_release
from tests.servers import embedded_command

THREADS = 2
ALERT, HANDSHAKE = 21, 22  # RFC 5246, section 6.2.1
FATAL = 2  # section 7.2

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes the certificate, is not here")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself; its key lies beside it."""
    folder = tmp_path_factory.mktemp("certificate")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", *words.split(), "-addext", "subjectAltName=IP:127.0.0.1", *files]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / "cert.pem"


@pytest.fixture(scope="module")
def stack(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A gateway with one worker on TLS, in front of a model server that serves y = 2 x."""
    folder = tmp_path_factory.mktemp("stack")
    write_release(folder / "store" / "line" / "1", slope=2.0)
    serve_newest(folder / "store")
    options = f"--certfile {certificate} --keyfile {certificate.with_name('key.pem')}"
    settings = {"GUNICORN_CMD_ARGS": options, "WORKERS": "1", "THREADS": str(THREADS)}
    with started(folder, embedded_command, **settings) as stack:

        def is_ready() -> bool:
            stack.gateway.check()
            try:
                with closing(connected(stack, certificate)) as connection:
                    return ask(connection, "/readyz")[0] == 200
            except ConnectionError:
                return False

        wait_until(is_ready, START_SECONDS, "the gateway to be ready")
        yield stack


def port_of(stack: Stack) -> int:
    """The gateway's port."""
    return int(stack.url.rpartition(":")[2])


def connected(stack: Stack, certificate: Path) -> http.client.HTTPSConnection:
    """A connection that trusts this certificate alone."""
    context = ssl.create_default_context(cafile=certificate)
    return http.client.HTTPSConnection("127.0.0.1", port_of(stack), timeout=30, context=context)


def ask(connection: http.client.HTTPSConnection, path: str, data: Any = None) -> tuple[int, Any]:
    """The status and the document that a request is answered with."""
    body = None if data is None else json.dumps({"data": data})
    connection.request("GET" if body is None else "POST", path, body)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def raw(stack: Stack, exits: ExitStack, sent: bytes = b"") -> socket.socket:
    """A TCP connection on which something has been sent, as it is."""
    client = exits.enter_context(socket.create_connection(("127.0.0.1", port_of(stack)), timeout=30))
    client.sendall(sent)
    return client


def test_predicts_on_one_connection_after_another_request(stack: Stack, certificate: Path) -> None:
    """A connection, once shaken hands on, is kept for several predictions."""
    with closing(connected(stack, certificate)) as connection:
        assert ask(connection, "/predict", [1])[1]["prediction"] == [2.0]
        kept = connection.sock
        for value in range(10):
            assert ask(connection, "/predict", [value]) == (
                200,
                {"prediction": [2.0 * value], "model": "line", "version": 1},
            )
            assert connection.sock is kept
        assert isinstance(kept, ssl.SSLSocket)
        assert kept.version() in ("TLSv1.2", "TLSv1.3")


def test_carries_bodies_of_many_records(stack: Stack, certificate: Path) -> None:
    """A body and an answer that are larger than one record of TLS, 16 KiB, arrive whole, again and again."""
    values = [float(value) for value in range(10_000)]
    with closing(connected(stack, certificate)) as connection:
        for _ in range(3):
            status, document = ask(connection, "/predict", values)
            assert status == 200
            assert document["prediction"] == [2.0 * value for value in values]


@pytest.mark.parametrize(
    "sent", [b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /livez HTTP/1.0\r\n\r\n", b"\r\n\r\n", b"\x80\x00"]
)
def test_answers_nothing_without_tls(stack: Stack, sent: bytes) -> None:
    """What is no TLS ends the connection, and gets no HTTP for it."""
    with ExitStack() as exits:
        client, answer = raw(stack, exits, sent), bytearray()
        with suppress(OSError):  # it may be closed already
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):  # what was sent has not been read, so its end may be a reset
            while more := client.recv(4096):
                answer += more
    assert b"HTTP/" not in answer
    assert b"live" not in answer


def hello(version: int) -> bytes:
    """A client's first words, which offer nothing newer than a version: 0x0301 is TLS 1.0 (RFC 5246, section 7.4.1)."""
    groups, formats, signatures = b"\x00\x0a\x00\x04\x00\x02\x00\x17", b"\x00\x0b\x00\x02\x01\x00", b"\x04\x03\x02\x03"
    extensions = groups + formats + b"\x00\x0d" + struct.pack("!HH", 6, 4) + signatures
    suites = b"\xc0\x2b\xc0\x09"  # ECDHE-ECDSA with AES-128, in GCM for 1.2, and in CBC with SHA for older ones
    body = struct.pack("!H", version) + b"\x07" * 32 + b"\x00" + struct.pack("!H", len(suites)) + suites + b"\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    message = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return struct.pack("!BHH", HANDSHAKE, 0x0301, len(message)) + message


@pytest.mark.parametrize(("version", "spoken"), [(0x0301, False), (0x0302, False), (0x0303, True)])
def test_speaks_tls_from_1_2_on(stack: Stack, version: int, *, spoken: bool) -> None:
    """Clients that know only TLS 1.0 or 1.1 get an alert, which one is OpenSSL's to say; TLS 1.2 is spoken."""
    with ExitStack() as exits:
        answer = raw(stack, exits, hello(version)).recv(4096)
    if spoken:
        assert answer[0] == HANDSHAKE
    else:
        assert (answer[0], answer[5]) == (ALERT, FATAL)


@pytest.mark.parametrize("sent", [b"", hello(0x0303)[:20], hello(0x0303)], ids=["nothing", "half a hello", "a hello"])
def test_goes_on_while_others_never_finish_their_hello(stack: Stack, certificate: Path, sent: bytes) -> None:
    """Clients that connect and do not shake hands hold nobody up, however many more there are than threads."""
    with ExitStack() as exits:
        for _ in range(10 * THREADS):
            raw(stack, exits, sent)
        connection = exits.enter_context(closing(connected(stack, certificate)))
        for value in range(5):
            assert ask(connection, "/predict", value)[1]["prediction"] == 2.0 * value
        another = exits.enter_context(closing(connected(stack, certificate)))
        assert ask(another, "/livez")[0] == 200
    stack.gateway.check()
