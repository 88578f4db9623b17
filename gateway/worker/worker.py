"""The worker: an event loop that reads requests, and threads that answer them."""

import errno
import functools
import logging
import re
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn import sock
from gunicorn.workers.gthread import ThreadWorker

from gateway import facts, metrics
from gateway.config import load_settings
from gateway.seldom import Seldom
from gateway.worker.arrival import Arrival
from gateway.worker.connection import Connection, Waiting

READ_SECONDS = 20.0  # how long a request may take to arrive, from its first byte on
LINGER_SECONDS = 2.0  # how long a closed connection is read on, so that the client gets its answer (RFC 9112, 9.6)
STOP_SECONDS = 2.0  # how long a stopping worker keeps idle connections: a request may be on its way
REST_SECONDS = 0.5  # after the system had no room for another connection
ASIDE_THREADS = 4  # for probes, and for refusing what is one too many
MAX_HEAD_BYTES = 64 * 1024
MAX_BODIES = 16  # of the largest size: so much is held in memory of all requests that arrive or are being answered
PROBE = re.compile(rb"(?:GET|HEAD) /(?:livez|readyz|metrics|v2/health/(?:live|ready))[ ?]")
CLOSING = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\n" + CLOSING
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + CLOSING
NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n" + CLOSING
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
NOT_YET = (BlockingIOError, ssl.SSLWantReadError)

log = logging.getLogger("gateway")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """A connection's way: accepted, idle, arriving, in a thread's hands, and idle again, or lingering and closed.

    Only `handle` and what it calls runs in threads; all else is the event loop's.
    """

    alive: bool
    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings = load_settings()
        self._max_in_flight = settings.max_in_flight
        self._drain_seconds = settings.drain_seconds
        # One byte more than the application takes is for it to refuse.
        self._new_arrival = functools.partial(
            Arrival, max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=settings.max_body_bytes + 1
        )
        self._max_held = MAX_BODIES * settings.max_body_bytes
        self._idle = Waiting(self.cfg.keepalive)
        self._arriving = Waiting(READ_SECONDS)
        self._lingering = Waiting(LINGER_SECONDS)
        self._in_flight = self._held = 0
        self._rest_until = 0.0
        self._stop_at: float | None = None
        self._seldom = Seldom(60.0)
        self._of_thread = threading.local()
        self._tls = sock.ssl_context(self.cfg) if self.cfg.is_ssl else None

    def init_process(self) -> None:
        """Start, after the fork; returns when the worker ends."""
        self._aside = ThreadPoolExecutor(ASIDE_THREADS, "aside")
        super().init_process()

    # Connections come and go.

    def accept(self, listener: Any) -> None:
        """Take a connection; where there is no room for it, at the cost of the one that has been idle longest."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._make_room(error)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._evict()
        try:
            conn = Connection(self.cfg, client, address, listener.getsockname(), self._new_arrival(), self._tls)
        except OSError:
            self.nr_conns -= 1
            client.close()
            return
        self._wait(conn, self._idle, self._on_readable)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  # gunicorn's signature
        """Begin or cease to take connections; a stopping worker first takes those that have been made already."""
        if enabled and time.monotonic() < self._rest_until:
            return
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                waiting = self.nr_conns - 1
                while waiting < self.nr_conns < self.worker_connections:
                    waiting = self.nr_conns
                    self.accept(listener)
                listener.close()  # whoever comes now is told at once

    def _make_room(self, error: Exception) -> None:
        """The system has no room: take no connections for a moment, and close one that is idle."""
        self._rest_until = time.monotonic() + REST_SECONDS
        self.set_accept_enabled(False)
        self._evict()
        if self._seldom.is_time():
            log.error("no room for connections", extra={"cause": str(error)})

    def _evict(self) -> None:
        for waiting in (self._lingering, self._idle, self._arriving):
            if (conn := waiting.oldest()) is not None:
                self._close(conn)
                return

    def _wait(self, conn: Connection, kind: Waiting, callback: Callable[[Connection, Any], None]) -> None:
        try:
            conn.sock.settimeout(0)
            self.poller.register(conn.sock, selectors.EVENT_READ, functools.partial(callback, conn))
        except (OSError, ValueError):
            self._close(conn)
        else:
            kind.add(conn)

    def _forget(self, conn: Connection) -> None:
        """No longer wait for a connection."""
        for kind in (self._idle, self._arriving, self._lingering):
            if kind.discard(conn):
                self.poller.unregister(conn.sock)

    def _close(self, conn: Connection) -> None:
        self._forget(conn)
        self._hold(conn, 0)
        self.nr_conns -= 1
        conn.close()

    def _linger(self, conn: Connection) -> None:
        """End a connection; what its client still sends is read for a moment, and comes to nothing."""
        self._hold(conn, 0)
        conn.arrival = self._new_arrival()
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            self._close(conn)
        else:
            self._wait(conn, self._lingering, self._on_leftover)

    def _on_leftover(self, conn: Connection, _socket: Any) -> None:
        try:
            if conn.receive():
                return
        except NOT_YET:
            return
        except (OSError, ValueError):
            pass
        self._close(conn)

    # Requests arrive and are answered.

    def _on_readable(self, conn: Connection, _socket: Any) -> None:
        try:
            data = conn.receive()
        except NOT_YET:
            return
        except ssl.SSLWantWriteError:
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self.poller.modify(conn.sock, both, functools.partial(self._on_readable, conn))
            return
        except (OSError, ValueError) as error:
            log.debug("broken connection", extra={"cause": str(error)})
            data = b""
        if data:
            self._take(conn, data)
        else:
            self._close(conn)

    def _take(self, conn: Connection, data: bytes) -> None:
        conn.arrival.add(data)
        self._hold(conn, len(conn.arrival.received))
        if conn.arrival.endless:
            self._give_up(conn, TOO_LONG, "head_too_large")
        elif conn.arrival.ready:
            self._forget(conn)
            self._dispatch(conn)
        elif self._held > self._max_held:
            self._give_up(conn, NO_ROOM, "no_room")
        else:
            if self._idle.discard(conn):
                self._arriving.add(conn)
            if conn.arrival.owes_continue:
                conn.arrival.owes_continue = False
                conn.say(CONTINUE)

    def _dispatch(self, conn: Connection) -> None:
        """Have a thread answer a request."""
        conn.arrived = time.monotonic()
        probe = PROBE.match(conn.arrival.received) is not None
        conn.overloaded = not probe and self._in_flight >= self._max_in_flight
        counts = not (probe or conn.overloaded)
        try:
            future = (self.tpool if counts else self._aside).submit(self.handle, conn)
        except RuntimeError as error:  # the system has no more threads
            self._make_room(error)
            self._close(conn)
            return
        self._count(counts)
        future.add_done_callback(lambda done: self.method_queue.defer(self._finish, conn, done, counts))

    def _finish(self, conn: Connection, done: Future[Any], counts: bool) -> None:  # noqa: FBT001
        """Go on with a connection whose request has been answered."""
        self._count(-counts)
        if done.cancelled() or done.exception() or not done.result():
            self._linger(conn)
            return
        rest = conn.rest()
        conn.arrival = self._new_arrival(rest)
        self._hold(conn, len(rest))
        if conn.arrival.ready:
            self._dispatch(conn)
        else:
            self._wait(conn, self._arriving if rest else self._idle, self._on_readable)

    def _give_up(self, conn: Connection, words: bytes, reason: str) -> None:
        """Refuse a request that has not arrived."""
        metrics.count(metrics.PROBLEMS, reason)
        self._forget(conn)
        conn.say(words)
        self._linger(conn)

    def _count(self, more: int) -> None:
        if more:
            self._in_flight += more
            metrics.in_flight(self._in_flight)

    def _hold(self, conn: Connection, size: int) -> None:
        self._held += size - conn.counted
        conn.counted = size

    # In a thread.

    def load_wsgi(self) -> None:
        """Load the application, and tell it of each request what only the worker knows."""
        super().load_wsgi()
        app = self.wsgi

        def informed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            conn: Connection = self._of_thread.conn
            environ[facts.ARRIVED] = conn.arrived
            environ[facts.OVERLOADED] = conn.overloaded
            environ[facts.DRAINING] = self._stop_at is not None
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

        self.wsgi = informed

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer a request."""
        self._of_thread.conn = conn
        req._expected_100_continue = False  # noqa: SLF001  # the client has been told to, or waits no longer
        if not conn.arrival.whole:  # where the next one begins is not known
            req.must_close = True
        return super().handle_request(req, conn)

    # Time passes.

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens next, and see to it."""
        kinds = (self._idle, self._arriving, self._lingering)
        deadlines = [deadline for kind in kinds for deadline in kind.deadlines()]
        if self._stop_at is not None:
            deadlines.append(self._stop_at)
        super().wait_for_and_dispatch_events(min([timeout, *(max(at - time.monotonic(), 0) for at in deadlines)]))

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002  # gunicorn's signature
        """Close what has been waited for too long."""
        if self.alive and self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.alive = False
        if not self.alive:
            self._idle.hurry(0 if force else STOP_SECONDS)
        for waiting in (self._idle, self._lingering):
            for conn in waiting.overdue():
                self._close(conn)
        for conn in self._arriving.overdue():
            self._give_up(conn, TIMED_OUT, "slow_request")

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: say that this worker is no longer ready, go on for DRAIN_SECONDS, then finish what has begun."""
        if self._drain_seconds and self._stop_at is None:
            self._stop_at = time.monotonic() + self._drain_seconds
            self.method_queue.defer(lambda: None)
        elif self._stop_at is None:
            super().handle_exit(sig, frame)

    def run(self) -> None:
        """Work until told to stop."""
        super().run()
        self._aside.shutdown(wait=False)
