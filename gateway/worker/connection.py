"""A client's connection, and the lists of those that are waited for."""

import contextlib
import math
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn

from gateway.worker.arrival import Arrival

RECEIVE_BYTES = 256 * 1024
NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Outbox:
    """A socket as gunicorn's threads see it: what is sent is kept, so that nobody waits for the client to take it.

    Attributes:
        kept: What is to be sent.
        broken: Whether it was closed in the middle of an answer; nothing is kept from then on.
    """

    def __init__(self) -> None:
        self.kept = bytearray()
        self.broken = False

    def sendall(self, data: bytes) -> None:
        """Keep it."""
        if not self.broken:
            self.kept += data

    def send(self, data: bytes) -> int:
        """Keep it; tells how much."""
        self.sendall(data)
        return len(data)

    def shutdown(self, _how: int) -> None:
        """Take nothing more."""
        self.broken = True

    def close(self) -> None:
        """Take nothing more."""
        self.broken = True

    def recv(self, _size: int) -> bytes:
        """There is nothing to read."""
        return b""

    def settimeout(self, _seconds: object) -> None:
        """Nothing blocks."""

    def setblocking(self, _blocking: object) -> None:
        """Nothing blocks."""

    def gettimeout(self) -> float:
        """Nothing blocks."""
        return 0.0


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no annotations
    """A client's connection.

    Attributes:
        socket: The socket, which never blocks.
        sock: What gunicorn takes for it: an Outbox.
        arrival: What has arrived of its next request.
        arrived: When the request at hand had arrived; of `time.monotonic()`.
        overloaded: Whether the request at hand is one too many.
        keep: Whether it is to be used again after the answer.
        held_bytes: How much of it the worker has counted as held in memory.
        closed: Whether it has been closed.
        watched: The event that the system is asked to tell of; 0 if none.
        callback: What to do then; None while a thread has it.
    """

    parser: Any

    def __init__(
        self, cfg: Any, client: Any, address: Any, server: Any, arrival: Arrival, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(cfg, client, address, server)
        with contextlib.suppress(OSError):  # a Unix socket has no such option
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            client = tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        self.socket = client
        self.sock = Outbox()
        self.data_ready = True  # gunicorn's thread need not wait for any
        self.arrival = arrival
        self.arrived = 0.0
        self.overloaded = self.keep = self.closed = False
        self.held_bytes = 0
        self.watched = 0
        self.callback: Callable[[Connection, Any], None] | None = None
        self._handshaken = tls is None

    def init(self) -> None:
        """Get ready for a request, in its thread."""
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
            OSError: Nothing yet, which is one of NOT_YET, or the connection is broken.
        """
        if not self._handshaken:
            self.socket.do_handshake()
            self._handshaken = True
        data: bytes = self.socket.recv(RECEIVE_BYTES)
        while isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():  # the poller does not see these
            data += self.socket.recv(RECEIVE_BYTES)
        return data

    def send(self) -> int:
        """Send what is kept, as far as the client takes it.

        Returns:
            How many bytes are left.

        Raises:
            OSError: The connection is broken.
        """
        kept = self.sock.kept
        with contextlib.suppress(*NOT_YET):
            while kept:
                del kept[: self.socket.send(kept)]
        return len(kept)

    def say(self, words: bytes) -> None:
        """Send a few words, if the client takes them."""
        with contextlib.suppress(OSError):
            self.socket.send(words)

    def rest(self) -> bytes:
        """What has arrived behind the request that was answered."""
        ahead: bytes = self.parser.unreader.take_buffered()
        return ahead + bytes(self.arrival.received)

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # gunicorn's signature
        """Close it."""
        self.closed = True
        self.parser = None  # which refers back to it: the two would wait for a garbage collection
        with contextlib.suppress(OSError):
            self.socket.close()


class Waiting:
    """Connections that something is waited for from, all equally long; the first one's deadline passes first."""

    def __init__(self, seconds: float) -> None:
        """Start empty.

        Args:
            seconds: How long each is waited for.
        """
        self.seconds = seconds
        self._deadlines: OrderedDict[Connection, float] = OrderedDict()  # a dict's first is searched for

    def add(self, conn: Connection) -> None:
        """Begin to wait."""
        self._deadlines[conn] = time.monotonic() + self.seconds

    def discard(self, conn: Connection) -> bool:
        """No longer wait; tells whether it was waited for."""
        return self._deadlines.pop(conn, None) is not None

    def next_deadline(self) -> float:
        """The first deadline to pass; infinite if there is none."""
        return next(iter(self._deadlines.values()), math.inf)

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
        for conn, deadline in self._deadlines.items():
            self._deadlines[conn] = min(deadline, latest)
