"""A client's connection, and the lists of those that are waited for."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn

from gateway.worker.arrival import Arrival

SEND_SECONDS = 20.0  # how long a client may take to read its answer
RECEIVE_BYTES = 256 * 1024


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no annotations
    """A client's connection.

    Attributes:
        arrival: What has arrived of its next request.
        arrived: When the request at hand had arrived; of `time.monotonic()`.
        overloaded: Whether the request at hand is one too many.
        counted: How many bytes of it the worker has counted as held in memory.
    """

    parser: Any

    def __init__(
        self, cfg: Any, client: Any, address: Any, server: Any, arrival: Arrival, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(cfg, client, address, server)
        with contextlib.suppress(OSError):  # a Unix socket has no such option
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.sock = tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        self.data_ready = True  # gunicorn's thread need not wait for any
        self.arrival = arrival
        self.arrived = 0.0
        self.overloaded = False
        self.counted = 0
        self._handshaken = tls is None

    def init(self) -> None:
        """Get ready for a request, in its thread."""
        self.sock.settimeout(SEND_SECONDS)
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self, self.client)
        self.initialized = True

    def recv(self, size: int) -> bytes:
        """Read of what has arrived: the parser's source, which ends there, so that no thread waits for a client."""
        data = bytes(self.arrival.received[:size])
        del self.arrival.received[:size]
        return data

    def receive(self) -> bytes:
        """Read what the socket has.

        Raises:
            OSError: Nothing yet, or the connection is broken; ssl's own errors are among these.
        """
        if not self._handshaken:
            self.sock.do_handshake()
            self._handshaken = True
        data: bytes = self.sock.recv(RECEIVE_BYTES)
        while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():  # the poller does not see these
            data += self.sock.recv(RECEIVE_BYTES)
        return data

    def say(self, words: bytes) -> None:
        """Send a few words, if the client takes them."""
        with contextlib.suppress(OSError):
            self.sock.send(words)

    def rest(self) -> bytes:
        """What has arrived behind the request that was answered."""
        ahead: bytes = self.parser.unreader.take_buffered()
        return ahead + bytes(self.arrival.received)


class Waiting:
    """Connections that something is waited for from, all equally long; the first one's deadline passes first."""

    def __init__(self, seconds: float) -> None:
        """Start empty.

        Args:
            seconds: How long each is waited for.
        """
        self.seconds = seconds
        self._deadlines: dict[Connection, float] = {}

    def add(self, conn: Connection) -> None:
        """Begin to wait."""
        self._deadlines[conn] = time.monotonic() + self.seconds

    def discard(self, conn: Connection) -> bool:
        """No longer wait; tells whether it was waited for."""
        return self._deadlines.pop(conn, None) is not None

    def deadlines(self) -> Iterator[float]:
        """The next deadline, if there is one."""
        return iter(list(self._deadlines.values())[:1])

    def oldest(self) -> Connection | None:
        """The connection that has been waited for longest."""
        return next(iter(self._deadlines), None)

    def overdue(self) -> list[Connection]:
        """The connections whose deadlines have passed."""
        now, found = time.monotonic(), []
        for conn, deadline in self._deadlines.items():
            if deadline > now:
                break
            found.append(conn)
        return found

    def hurry(self, seconds: float) -> None:
        """Wait for none longer than this from now on."""
        self.seconds = min(self.seconds, seconds)
        latest = time.monotonic() + self.seconds
        self._deadlines = {conn: min(deadline, latest) for conn, deadline in self._deadlines.items()}
