"""Clients that cost little: about fifty microseconds of processor a request, over plain sockets."""

import random
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from tests.soak.asked import Asked
from tests.soak.questions import questions

_TIMEOUT_SECONDS = 60.0
_LIVES = (1, 2, 10, 100, 1000)  # requests that a connection lives for
_ABANDON = 0.002  # so many times a connection is opened, and left without an answer
_KEPT = 20  # wrong answers that are kept whole


@dataclass
class Tally:
    """What clients have seen.

    Attributes:
        answers: How many, by kind of question and status.
        wrong: How many were not what they had to be, or did not come at all.
        examples: What was wrong with the first of them.
        connections: How many were opened.
        abandoned: How many of these were left without waiting for an answer.
    """

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: int = 0
    examples: list[str] = field(default_factory=list)
    connections: int = 0
    abandoned: int = 0

    def add(self, other: "Tally") -> None:
        """Add what another has seen."""
        self.answers += other.answers
        self.wrong += other.wrong
        self.examples = (self.examples + other.examples)[:_KEPT]
        self.connections += other.connections
        self.abandoned += other.abandoned


class Client:
    """Asks one question after the other, on connections that live for one request, for a thousand, or in between."""

    def __init__(self, address: tuple[str, int], seed: str) -> None:
        """Take the gateway's host and port, and what its questions are drawn from."""
        self.tally = Tally()
        self._address = address
        self._random = random.Random(seed)  # noqa: S311 - nothing is kept secret here
        self._questions = questions(self._random)
        self._socket: socket.socket | None = None
        self._left = 0

    def ask(self, count: int, is_over: Callable[[], bool]) -> None:
        """Ask so many questions, and leave no connection open.

        Args:
            count: How many.
            is_over: Asked before each; no further one is put when it says so.
        """
        for _ in range(count):
            if is_over():
                break
            if self._random.random() < _ABANDON:
                self._abandon()
            self._one(next(self._questions))
        self._close()

    def _one(self, asked: Asked) -> None:
        request_id = f"soak-{self._random.getrandbits(64):x}"
        try:
            status, head, body = self._exchange(self._request(asked, request_id))
            good = asked.is_answer(status, body) and f"{request_id}\r\n".encode() in head
            what = "" if good else f"{status} {body[:300]!r}"
            self.tally.answers[asked.kind, status] += 1
        except (
            OSError,
            LookupError,
            TypeError,
            ValueError,
            msgspec.DecodeError,
        ) as error:  # no answer, or none of ours
            self._close()
            what = repr(error)
        if what:
            self.tally.wrong += 1
            if len(self.tally.examples) < _KEPT:
                self.tally.examples.append(f"{asked.kind}, {asked.method} {asked.path} {asked.body[:200]!r}: {what}")

    def _request(self, asked: Asked, request_id: str) -> bytes:
        if self._left == 0:
            self._left = self._random.choice(_LIVES)
        self._left -= 1
        lines = [f"{asked.method} {asked.path} HTTP/1.1", "Host: gateway", f"X-Request-ID: {request_id}"]
        if asked.method == "POST":
            lines += [f"Content-Type: {asked.media_type}", f"Content-Length: {len(asked.body)}"]
        if self._random.random() < 0.1:
            lines.append(f"traceparent: 00-{self._random.getrandbits(128):032x}-{self._random.getrandbits(64):016x}-01")
        if self._left == 0 and self._random.random() < 0.5:
            lines.append("Connection: close")  # else the client goes without a word
        return "\r\n".join([*lines, "", ""]).encode() + asked.body

    def _exchange(self, request: bytes) -> tuple[int, bytes, bytes]:
        if self._socket is None:
            self._socket = self._connect()
        self._socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head, parts = received[: end + 2], [received[end + 4 :]]
        missing = _length(head) - len(parts[0])
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        if self._left == 0 or b"\r\nconnection: close\r\n" in head.lower():
            self._close()
        return int(head[9:12]), head, b"".join(parts)

    def _receive(self) -> bytes:
        assert self._socket
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("the gateway closed the connection")
        return received

    def _connect(self) -> socket.socket:
        self.tally.connections += 1
        connection = socket.create_connection(self._address, timeout=_TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _abandon(self) -> None:
        """Open a connection, say nothing or half of a request, and go."""
        with self._connect() as connection:
            self.tally.abandoned += 1
            half = b'POST /predict HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n{"data": ['
            connection.sendall(half[: self._random.choice([0, 20, len(half)])])

    def _close(self) -> None:
        self._left = 0
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _length(head: bytes) -> int:
    """What the header Content-Length says; every answer of the gateway has one."""
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])
