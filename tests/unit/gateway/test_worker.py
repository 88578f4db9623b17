"""The worker, under gunicorn itself, with clients that are slow, many, or gone."""

import contextlib
import http.client
import json
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.processes import Process, free_port, running, wait_until
from tests.unit.gateway.canaries import hanging
from tests.unit.gateway.cards import GOLDEN
from tests.unit.gateway.fake_server import FakeServer

WAIT_SECONDS = 30
BODY = b'{"data": 10}'
POST = b"POST /predict HTTP/1.1\r\nHost: a\r\n"
REQUEST = POST + b"Content-Length: 12\r\n\r\n" + BODY


@contextmanager
def gateway(fake: FakeServer, folder: Path, **settings: str) -> Iterator[tuple[int, Process]]:
    """One worker with two threads, on a port of its own."""
    port = free_port()
    env = {"PORT": str(port), "MODEL_SERVER": fake.target, "WORKERS": "1", "THREADS": "2", "TMPDIR": str(folder)}
    command: list[str | Path] = [Path(sys.executable).with_name("gunicorn"), "-c", "gateway/gunicorn_config.py"]
    with running(command, log_file=folder / "log", env=env | settings) as process:

        def answers() -> bool:
            process.check()
            with contextlib.suppress(OSError):
                return ask(port)[0] == 200
            return False

        wait_until(answers, WAIT_SECONDS, "the gateway")
        yield port, process


def ask(port: int, path: str = "/predict") -> tuple[int, str, http.client.HTTPMessage]:
    """What is answered over a connection of its own: status, body, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(*(("POST", path, BODY) if path == "/predict" else ("GET", path)))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def connected(port: int, exits: ExitStack, sent: bytes = b"") -> socket.socket:
    """A connection on which something has been sent."""
    client = exits.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
    client.sendall(sent)
    return client


def answered(client: socket.socket) -> int:
    """The status of the next answer on a connection."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def read(client: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def test_slow_clients_hold_no_thread(fake: FakeServer, tmp_path: Path) -> None:
    """With 200 connections idle, half way through a head, a body or a chunk, or not reading, others are answered."""
    beginnings = [
        b"",
        b"POST /pre",
        POST + b"Content-Length: 12\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ]
    with gateway(fake, tmp_path) as (port, _), ExitStack() as exits:
        slow = [connected(port, exits, beginnings[number % 4]) for number in range(200)]
        for client in slow[:4]:
            client.sendall(b"\x20")
        assert [ask(port)[0] for _ in range(20)] == [200] * 20
        slow[2].sendall(b'"data":10}')
        assert answered(slow[2]) == 200  # as each is when it gets there


def test_requests_come_in_all_ways_that_http_has(fake: FakeServer, tmp_path: Path) -> None:
    """Several on one connection, several in one piece, one byte by byte, in chunks, one that waits for a word."""
    with gateway(fake, tmp_path) as (port, _), ExitStack() as exits:
        client = connected(port, exits)
        for _ in range(3):
            client.sendall(REQUEST)
            assert answered(client) == 200
        client.sendall(REQUEST * 2 + POST + b"Connection: close\r\nContent-Length: 12\r\n\r\n" + BODY)
        assert read(client).count(b"HTTP/1.1 200") == 3
        client = connected(port, exits)
        for index in range(len(REQUEST)):
            client.sendall(REQUEST[index : index + 1])
        assert answered(client) == 200
        client.sendall(POST + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"data\r\n')
        client.sendall(b'6\r\n": 10}\r\n0\r\n\r\n')
        assert answered(client) == 200
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n")
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(BODY)
        assert answered(client) == 200
        client = connected(port, exits, REQUEST)
        client.shutdown(socket.SHUT_WR)
        assert answered(client) == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(101)) + b"\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * 70000, 431),
        (POST + b"Content-Length: 2000\r\n\r\n{", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n7D0\r\n" + b" " * 2000, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n7D0\r\n ", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"rubbish\r\n\r\n", 400),
    ],
)
def test_what_is_too_large_is_refused_and_not_waited_for(small: int, sent: bytes, status: int) -> None:
    """Lines, headers and bodies have limits; whoever passes one is answered, and the connection is closed."""
    with ExitStack() as exits:
        client = connected(small, exits, sent)
        assert read(client).startswith(b"HTTP/1.1 %d " % status)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a gateway that takes bodies of 1,000 bytes, in front of nothing."""
    port, folder = free_port(), tmp_path_factory.mktemp("small")
    env = {"PORT": str(port), "WORKERS": "1", "THREADS": "1", "MAX_BODY_BYTES": "1000", "TMPDIR": str(folder)}
    command: list[str | Path] = [Path(sys.executable).with_name("gunicorn"), "-c", "gateway/gunicorn_config.py"]

    def lives() -> bool:
        with contextlib.suppress(OSError):
            return ask(port, "/livez")[0] == 200
        return False

    with running(command, log_file=folder / "log", env=env):
        wait_until(lives, WAIT_SECONDS, "the gateway")
        yield port


def test_what_is_one_too_many_is_told_at_once(fake: FakeServer, tmp_path: Path) -> None:
    """Beyond MAX_IN_FLIGHT there is a 503 with Retry-After, while probes and metrics tell the truth."""
    with gateway(fake, tmp_path, MAX_IN_FLIGHT="3", TIMEOUT_SECONDS="20") as (port, process):
        with ThreadPoolExecutor(3) as pool, hanging(fake, WAIT_SECONDS) as asked:
            waiting = [pool.submit(ask, port) for _ in range(3)]
            wait_until(lambda: len(asked) == 2, WAIT_SECONDS, "both threads to be busy")
            wait_until(lambda: "gateway_in_flight 3.0" in ask(port, "/metrics")[1], WAIT_SECONDS, "one that waits")
            status, text, headers = ask(port)
            assert (status, json.loads(text)["title"], headers["Retry-After"]) == (503, "Overloaded", "1")
            assert ask(port, "/livez")[0] == 200
            assert ask(port, "/readyz")[0] == 200
        assert [each.result()[0] for each in waiting] == [200] * 3
        assert ask(port)[0] == 200
        wait_until(lambda: "gateway_in_flight 0.0" in ask(port, "/metrics")[1], WAIT_SECONDS, "nothing to be in hand")
        assert 'gateway_problems_total{reason="overloaded"} 1.0' in ask(port, "/metrics")[1]
        process.check()


def test_waiting_for_a_thread_is_part_of_the_time(fake: FakeServer, tmp_path: Path) -> None:
    """A request that all threads are too busy for is answered with 504 without the model server being asked."""
    with gateway(fake, tmp_path, TIMEOUT_SECONDS="1") as (port, _), hanging(fake, WAIT_SECONDS) as asked:
        with ThreadPoolExecutor(16) as pool:
            assert {each.result()[0] for each in [pool.submit(ask, port) for _ in range(16)]} == {504}
        assert len(asked) < 16


def test_a_stopping_gateway_is_first_not_ready_and_then_finishes(fake: FakeServer, tmp_path: Path) -> None:
    """After SIGTERM readiness is false while requests go on, also new ones; all that have begun are answered."""
    with gateway(fake, tmp_path, DRAIN_SECONDS="1", TIMEOUT_SECONDS="20") as (port, process), ExitStack() as exits:
        idle = connected(port, exits)
        assert ask(port, "/readyz")[0] == 200
        process.send(signal.SIGTERM)
        wait_until(lambda: ask(port, "/readyz")[0] == 503, WAIT_SECONDS, "readiness to be false")
        assert "about to stop" in ask(port, "/readyz")[1]
        assert ask(port)[0] == 200
        with ThreadPoolExecutor(1) as pool, hanging(fake, WAIT_SECONDS) as asked:
            last = pool.submit(ask, port)
            wait_until(lambda: asked, WAIT_SECONDS, "the last request")
            wait_until(lambda: not accepts(port), WAIT_SECONDS, "the port to be closed")
        assert last.result()[0] == 200
        idle.sendall(REQUEST)  # on a connection that was open before
        answer = read(idle)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Connection: close" in answer
        assert process.wait(WAIT_SECONDS) == 0


def accepts(port: int) -> bool:
    """Whether anybody listens."""
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        return True
    return False


def test_clients_that_do_not_read_hold_no_thread(fake: FakeServer, tmp_path: Path) -> None:
    """With more answers waiting to be read than there are threads, others are answered, and so are they at last."""
    body = json.dumps({"data": [1.5] * 200_000}).encode()
    head = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with gateway(fake, tmp_path, MAX_ROWS="200000", TIMEOUT_SECONDS="60") as (port, _), ExitStack() as exits:
        lazy = []
        for _ in range(4):
            client = exits.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(60)
            client.connect(("127.0.0.1", port))
            client.sendall(POST + head + body)
            lazy.append(client)
        wait_until(lambda: len(fake.predicted) == 5, WAIT_SECONDS, "the model server to be asked")
        assert [ask(port)[0] for _ in range(5)] == [200] * 5
        answer = read(lazy[0])
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.count(b"5.5") == 200_000


def test_a_bad_body_that_nobody_read_gets_one_answer(small: int) -> None:
    """Where the application has answered without the body, a fault in that is no second answer behind the first."""
    for body in (b"0x5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX0\r\n\r\n", b"0\r\nHost : b\r\n\r\n"):
        with ExitStack() as exits:
            client = connected(small, exits, b"POST /nosuch HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
            assert read(client).count(b"HTTP/1.1 ") == 1


def test_liveness_does_not_wait_for_readiness(fake: FakeServer, tmp_path: Path) -> None:
    """While a model server hangs, and all who ask for readiness wait for it, the process is still seen to be up."""
    with gateway(fake, tmp_path) as (port, _), ThreadPoolExecutor(8) as pool, hanging(fake, WAIT_SECONDS):
        fake.version, fake.card = 2, GOLDEN  # which a new version is put to first
        waiting = [pool.submit(ask, port, "/readyz") for _ in range(8)]
        wait_until(lambda: len(fake.predicted) > 1, WAIT_SECONDS, "readiness to be asked for")
        assert ask(port, "/livez")[0] == 200
        assert not any(each.done() for each in waiting)


def test_a_gateway_that_is_reloaded_stays_ready(fake: FakeServer, tmp_path: Path) -> None:
    """SIGHUP has other workers take over; those before them do not say that the gateway is about to stop."""
    with gateway(fake, tmp_path, DRAIN_SECONDS="20") as (port, process):
        process.send(signal.SIGHUP)
        wait_until(lambda: process.output().count("Booting worker") == 2, WAIT_SECONDS, "another worker")
        seen = []

        def ended() -> bool:
            seen.append(ask(port, "/readyz")[0])
            return "Worker exiting" in process.output()

        wait_until(ended, 10, "the worker before it to end")
        assert set(seen) == {200}


SMALL = """
import sys
from gateway.worker import connections, worker
connections.READ_SECONDS = 0.5
worker.MAX_BODIES, worker.LEAST_HELD_BYTES = 0, 3_000
sys.argv = ["gunicorn", "-c", "gateway/gunicorn_config.py", "--worker-connections", "6"]
from gunicorn.app.wsgiapp import run
run()
"""


def test_what_arrives_is_bounded_in_time_in_memory_and_in_number(fake: FakeServer, tmp_path: Path) -> None:
    """What takes too long to arrive, or more memory than there is, is refused; the idlest connection makes room."""
    port = free_port()
    env = {"PORT": str(port), "MODEL_SERVER": fake.target, "WORKERS": "1", "TMPDIR": str(tmp_path)}
    with running([sys.executable, "-c", SMALL], log_file=tmp_path / "log", env=env) as process, ExitStack() as exits:
        wait_until(lambda: accepts(port), WAIT_SECONDS, "the gateway")
        assert read(connected(port, exits, b"GET /live")).startswith(b"HTTP/1.1 408 ")
        large = POST + b"Content-Length: 9000\r\n\r\n" + b" " * 4_000
        answer = read(connected(port, exits, large))
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in answer
        idle = [connected(port, exits) for _ in range(8)]
        assert ask(port)[0] == 200
        assert idle[0].recv(1) == b""  # it was closed
        assert answered_after(idle[-1], REQUEST) == 200
        shown = ask(port, "/metrics")[1]
        assert 'gateway_problems_total{reason="slow_request"} 1.0' in shown
        assert 'gateway_problems_total{reason="no_room"} 1.0' in shown
        process.check()


def answered_after(client: socket.socket, request: bytes) -> int:
    """The status of the answer to a request on a connection."""
    client.sendall(request)
    return answered(client)


def test_a_worker_that_is_ended_at_once_is_replaced_at_once(fake: FakeServer, tmp_path: Path) -> None:
    """SIGQUIT waits for no thread that has nothing to do."""
    with gateway(fake, tmp_path) as (port, process):
        assert ask(port, "/livez")[0] == ask(port)[0] == 200
        (worker,) = psutil.Process(process.pid).children()
        worker.send_signal(signal.SIGQUIT)
        wait_until(lambda: not worker.is_running(), 10, "the worker to end")
        wait_until(lambda: process.output().count("Booting worker") == 2, WAIT_SECONDS, "another one")
        assert ask(port)[0] == 200
