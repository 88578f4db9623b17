"""How connections come, wait and go."""

import errno
import functools
import logging
import resource
import selectors
import socket
import ssl
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from gateway import metrics
from gateway.config import Settings, load_settings
from gateway.seldom import Seldom
from gateway.worker import balance, generation, tls
from gateway.worker.arrival import Arrival
from gateway.worker.connection import NOT_YET, Connection, Waiting
from gateway.worker.threads import Deferred

READ_SECONDS = 20.0  # how long a request may take to arrive, from its first byte on
SEND_SECONDS = 20.0  # how long a client may take to read its answer
LINGER_SECONDS = 2.0  # how long a closed connection is read on, so that the client gets its answer (RFC 9112, 9.6)
STOP_SECONDS = 2.0  # how long a stopping worker keeps idle connections: a request may be on its way
REST_SECONDS = 0.5  # after the system had no room for another connection
NOTIFY_SECONDS = 0.25  # between two signs of life; gunicorn's master waits for many times that
MAX_HEAD_BYTES = 64 * 1024
SPARE_FILES = 48  # of those that the process may open, for all but connections: the model server's, metrics, logs
CLOSING = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\n" + CLOSING
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger("gateway")


class Connections(ThreadWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """A connection's way: idle, arriving, in a thread's hands, sending, and idle again, or lingering and closed.

    All of this is the event loop's. What is made of a request that has arrived is for the subclass to say.
    """

    age: int
    alive: bool
    worker_connections: int
    _accepting: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.method_queue = Deferred()
        self.settings: Settings = load_settings()
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.worker_connections = max(min(self.worker_connections, files - SPARE_FILES), 1)
        # One byte more than the application takes is for it to refuse.
        self.new_arrival = functools.partial(
            Arrival, max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=self.settings.max_body_bytes + 1
        )
        self.idle = Waiting(self.cfg.keepalive or READ_SECONDS)
        self.arriving = Waiting(READ_SECONDS)
        self.sending = Waiting(SEND_SECONDS)
        self.lingering = Waiting(LINGER_SECONDS)
        self.waiting = (self.lingering, self.idle, self.arriving, self.sending)
        self.held_bytes = 0
        self.stop_at: float | None = None
        self._generation = generation.current()
        self._rest_until = self._notify_at = 0.0
        self._turn = balance.Turn()
        self._is_orphan = False
        self._seldom = Seldom(60.0)
        self._tls = tls.context(self.cfg) if self.cfg.is_ssl else None

    @abstractmethod
    def take(self, conn: Connection, data: bytes) -> None:
        """Make something of what has arrived on a connection that is idle or arriving."""

    def accept(self, listener: Any) -> None:
        """Take a connection; where there is no room for it, at the cost of the one that has been idle longest."""
        if self.alive and self._turn.is_anothers(self.nr_conns):
            self._rest(balance.YIELD_SECONDS)
            return
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in EXHAUSTED:
                self.make_room(error)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        if self.alive:
            balance.state(self.age, self.nr_conns)
        if self.nr_conns >= self.worker_connections:
            self._evict()
        try:
            conn = Connection(self.cfg, client, address, listener.getsockname(), self.new_arrival(), self._tls)
        except OSError:
            self.nr_conns -= 1
            client.close()
            return
        self.wait(conn, self.idle, self.on_readable)

    def _rest(self, seconds: float) -> None:
        """Take no connections for a while."""
        self._rest_until = time.monotonic() + seconds
        self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  # gunicorn's signature
        """Begin or cease to take connections; a stopping worker first takes those that have been made already."""
        if enabled and time.monotonic() < self._rest_until:
            return
        super().set_accept_enabled(enabled)
        if not self.alive:
            balance.leave(self.age)
            for listener in self.sockets:
                waiting = self.nr_conns - 1
                while waiting < self.nr_conns < self.worker_connections:
                    waiting = self.nr_conns
                    self.accept(listener)
                listener.close()  # whoever comes now is told at once

    def make_room(self, error: Exception) -> None:
        """The system has no room: close a connection that is idle, or else take none for a moment."""
        if not self._evict() and self.alive:
            self._rest(REST_SECONDS)
        if self._seldom.is_time():
            log.error("no room for connections", extra={"cause": str(error)})

    def _evict(self) -> bool:
        for waiting in self.waiting:
            if (conn := waiting.oldest()) is not None:
                self.drop(conn)
                return True
        return False

    def wait(
        self,
        conn: Connection,
        kind: Waiting,
        callback: Callable[[Connection, Any], None],
        event: int = selectors.EVENT_READ,
    ) -> None:
        """Wait for a connection to become readable, or writable."""
        conn.callback = callback
        self._watch(conn, event)
        kind.add(conn)

    def release(self, conn: Connection) -> None:
        """No longer wait for a connection. It is watched on: to cease and to begin anew are two calls of the system."""
        for kind in self.waiting:
            kind.discard(conn)
        conn.callback = None

    def _watch(self, conn: Connection, event: int) -> None:
        """Have the system tell when a connection is readable, or writable; 0 for no more."""
        if conn.watched == event:
            return
        if not event:
            self.poller.unregister(conn.socket)
        elif conn.watched:
            self.poller.modify(conn.socket, event, functools.partial(self._on_event, conn))
        else:
            self.poller.register(conn.socket, event, functools.partial(self._on_event, conn))
        conn.watched = event

    def _on_event(self, conn: Connection, socket_: Any) -> None:
        if conn.callback is not None:
            conn.callback(conn, socket_)
        else:  # while a thread has it: its client has sent the next request already, or is gone
            self._watch(conn, 0)

    def drop(self, conn: Connection) -> None:
        """Close a connection."""
        self.release(conn)
        self._watch(conn, 0)
        self.hold(conn, 0)
        self.nr_conns -= 1
        conn.close()

    def linger(self, conn: Connection) -> None:
        """End a connection; what its client still sends is read for a moment, and comes to nothing."""
        conn.arrival.received.clear()
        self.hold(conn, 0)
        try:
            conn.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(conn)
        else:
            self.wait(conn, self.lingering, self._on_leftover)

    def _on_leftover(self, conn: Connection, _socket: Any) -> None:
        if self._receive(conn) == b"":
            self.drop(conn)

    def on_readable(self, conn: Connection, _socket: Any) -> None:
        """Something has arrived on a connection, or it has come to its end."""
        data = self._receive(conn)
        if data:
            self.take(conn, data)
        elif data is not None:
            self.drop(conn)

    def _receive(self, conn: Connection) -> bytes | None:
        """What has arrived; nothing if there will be no more, None if there is none yet."""
        if conn.closed:  # by an event of the same moment
            return None
        try:
            data = conn.receive()
        except ssl.SSLWantWriteError:
            self._watch(conn, selectors.EVENT_WRITE)  # TLS: another event than what is to be done
            return None
        except NOT_YET:
            self._watch(conn, selectors.EVENT_READ)
            return None
        except (OSError, ValueError) as error:
            log.debug("broken connection", extra={"cause": str(error)})
            return b""
        self._watch(conn, selectors.EVENT_READ)
        return data

    def give_up(self, conn: Connection, words: bytes, reason: str) -> None:
        """Refuse a request that has not arrived."""
        metrics.count(metrics.PROBLEMS, reason)
        self.release(conn)
        conn.say(words)
        self.linger(conn)

    def hold(self, conn: Connection, size: int) -> None:
        """Count what is held in memory for a connection."""
        self.held_bytes += size - conn.held_bytes
        conn.held_bytes = size

    def notify(self) -> None:
        """Tell gunicorn's master that this worker is alive: now and then, not each time that something happens."""
        if (now := time.monotonic()) >= self._notify_at:
            self._notify_at = now + NOTIFY_SECONDS
            super().notify()
            self._is_orphan = not super().is_parent_alive()

    def is_parent_alive(self) -> bool:
        """Whether gunicorn's master is there, as of the last sign of life."""
        return not self._is_orphan

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens next, and see to it."""
        due = min(kind.next_deadline() for kind in self.waiting)
        if self.stop_at is not None:
            due = min(due, self.stop_at)
        if self.alive:
            balance.state(self.age, self.nr_conns)
            if not self._accepting and self._rest_until > time.monotonic():
                due = min(due, self._rest_until)
        events = self.poller.select(min(timeout, max(due - time.monotonic(), 0)))
        # First what threads have left: a client that has its answer may be among the events with its next request.
        self.method_queue.do()
        for key, _ in events:
            key.data(key.fileobj)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002  # gunicorn's signature
        """Close what has been waited for too long."""
        if self.alive and self.stop_at is not None and time.monotonic() >= self.stop_at:
            self.alive = False
        if not self.alive:
            self.idle.hurry(0 if force else STOP_SECONDS)
        for waiting in (self.idle, self.lingering):
            for conn in waiting.overdue():
                self.drop(conn)
        for conn in self.sending.overdue():
            metrics.count(metrics.PROBLEMS, "slow_reader")
            self.drop(conn)
        for conn in self.arriving.overdue():
            self.give_up(conn, TIMED_OUT, "slow_request")

    @property
    def goes_for_good(self) -> bool:
        """Whether no other worker takes this one's place when it stops."""
        return self._generation == generation.current()

    @property
    def is_draining(self) -> bool:
        """Whether the gateway is about to stop, as far as this worker knows."""
        return self.stop_at is not None or (not self.alive and self.goes_for_good)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: say that this worker is no longer ready, go on for DRAIN_SECONDS, then finish what has begun.

        A worker that others take the place of finishes at once: the gateway is as ready as before.
        """
        if self.settings.drain_seconds and self.goes_for_good and self.stop_at is None:
            self.stop_at = time.monotonic() + self.settings.drain_seconds
            self.method_queue.defer(lambda: None)
        elif self.stop_at is None:
            super().handle_exit(sig, frame)
