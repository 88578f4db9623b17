"""The worker: what becomes of requests that have arrived."""

import gc
import re
import selectors
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from gateway import facts, metrics
from gateway.worker.connection import Connection
from gateway.worker.connections import CLOSING, Connections
from gateway.worker.threads import Threads

QUICK_THREADS = 2  # for what asks nobody: liveness, metrics, and refusing what is one too many
READY_THREADS = 2  # for readiness, which waits for a model server that hangs
# What is held in memory of all requests and answers that are on their way: so many bodies of the largest size.
MAX_BODIES, LEAST_HELD_BYTES = 16, 64 * 1024 * 1024
PROBE = re.compile(rb"(?:GET|HEAD) /(?:(readyz|v2/health/ready)|livez|metrics|v2/health/live)[ ?]")
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + CLOSING
NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n" + CLOSING
COLLECT_OBJECTS = 10_000  # lists and the like that are more than when garbage was last looked for
GAUGE_SECONDS = 0.05  # between two times that the number of requests in hand is written down
LEAST_PROGRESS_BYTES = 16 * 1024  # a client that takes less at a time is not given more time for it
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Worker(Connections):
    """Has requests answered by threads: `THREADS` of them, and others aside for what must not wait for these."""

    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_held_bytes = max(MAX_BODIES * self.settings.max_body_bytes, LEAST_HELD_BYTES)
        self._in_flight = self._told = 0
        self._tell_at = 0.0
        self._of_thread = threading.local()

    def init_process(self) -> None:
        """Start, after the fork; returns when the worker ends."""
        self._quick = Threads(QUICK_THREADS, "quick")
        self._ready = Threads(READY_THREADS, "ready")
        # gunicorn looks its settings up anew each time, dozens for each request: in a worker they stay as they are.
        self.cfg.__dict__ |= {name: setting.get() for name, setting in self.cfg.settings.items()}
        super().init_process()

    def get_thread_pool(self) -> Threads:
        """Where predictions are made; gunicorn asks for it."""
        return Threads(self.settings.threads, "request")

    def take(self, conn: Connection, data: bytes) -> None:
        """Have a request answered when all of it has arrived."""
        conn.arrival.add(data)
        self.hold(conn, len(conn.arrival.received))
        if conn.arrival.endless:
            self.give_up(conn, TOO_LONG, "head_too_large")
        elif conn.arrival.ready:
            self.release(conn)
            self._dispatch(conn)
        elif not self._relieve():
            self.give_up(conn, NO_ROOM, "no_room")
        else:
            if self.idle.discard(conn):
                self.arriving.add(conn)
            self._invite(conn)

    def _dispatch(self, conn: Connection) -> None:
        """Have a thread answer a request."""
        conn.arrived = time.monotonic()
        probe = PROBE.match(bytes(conn.arrival.received[:32]))
        conn.overloaded = probe is None and self._in_flight >= self.settings.max_in_flight
        counts = probe is None and not conn.overloaded
        pool = self._ready if probe and probe[1] else self.tpool if counts else self._quick
        try:
            pool.submit(self._handle, conn, counts)
        except RuntimeError as error:  # the system has no more threads
            self.make_room(error)
            self.drop(conn)
            return
        self._in_flight += counts

    def _handle(self, conn: Connection, counts: bool) -> None:  # noqa: FBT001
        try:
            conn.keep = self.handle(conn)
        except BaseException:  # noqa: BLE001  # the thread is needed; gunicorn has logged what there is to say
            conn.keep = False
        self.method_queue.defer(self._finish, conn, counts)

    def _finish(self, conn: Connection, counts: bool) -> None:  # noqa: FBT001
        """See that the client gets the answer."""
        self._in_flight -= counts
        if conn.sock.kept:  # its thread could not send all of it
            self.hold(conn, len(conn.sock.kept))
            self.wait(conn, self.sending, self._on_writable, selectors.EVENT_WRITE)
            self._relieve()
        else:
            self._go_on(conn)

    def _on_writable(self, conn: Connection, _socket: Any) -> None:
        if conn.closed:
            return
        before = len(conn.sock.kept)
        try:
            left = conn.send()
        except OSError:
            self.drop(conn)
            return
        if not left:
            self.release(conn)
            self._go_on(conn)
        elif before - left >= LEAST_PROGRESS_BYTES:
            self.hold(conn, left)
            self.sending.discard(conn)
            self.sending.add(conn)  # with all of its time again

    def _go_on(self, conn: Connection) -> None:
        """Wait for the next request, or end the connection."""
        if not conn.keep:
            self.linger(conn)
            return
        rest = conn.rest()
        conn.arrival = self.new_arrival(rest)
        self.hold(conn, len(rest))
        if conn.arrival.ready:
            self._dispatch(conn)
            return
        self.wait(conn, self.arriving if rest else self.idle, self.on_readable)
        self._invite(conn)

    def _invite(self, conn: Connection) -> None:
        """Tell a client to send its body, if it waits for that."""
        if conn.arrival.owes_continue:
            conn.arrival.owes_continue = False
            conn.say(CONTINUE)

    def _relieve(self) -> bool:
        """Drop the answers that are read most slowly while too much is held; tells whether that was enough."""
        while self.held_bytes > self._max_held_bytes and (conn := self.sending.oldest()) is not None:
            metrics.count(metrics.PROBLEMS, "slow_reader")
            self.drop(conn)
        return self.held_bytes <= self._max_held_bytes

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens next, and see to it. How many requests are in hand is told now and then."""
        if self._in_flight != self._told:
            now = time.monotonic()
            if now >= self._tell_at:
                metrics.in_flight(self._in_flight)
                self._told, self._tell_at = self._in_flight, now + GAUGE_SECONDS
            else:
                timeout = min(timeout, self._tell_at - now)
        super().wait_for_and_dispatch_events(timeout)

    def load_wsgi(self) -> None:
        """Load the application, and tell it of each request what only the worker knows."""
        super().load_wsgi()
        app = self.wsgi

        def informed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            conn: Connection = self._of_thread.conn
            environ[facts.ARRIVED] = conn.arrived
            environ[facts.OVERLOADED] = conn.overloaded
            environ[facts.TOO_LARGE] = conn.arrival.too_large
            environ[facts.DRAINING] = self.is_draining
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

        self.wsgi = informed
        # What is loaded stays: to look through all of it for garbage, as often as rows of a large request are made into
        # lists, took half of that request's time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_OBJECTS)

    def handle(self, conn: Connection) -> bool:
        """Answer a request, in a thread, and send what the client takes at once."""
        keep = super().handle(conn)
        self._of_thread.conn = None
        try:
            conn.send()
        except OSError:
            conn.sock.kept.clear()
            return False
        return bool(keep) and not conn.sock.broken

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Whether there may be another request; not behind a body that nobody has read, and that is found to be bad."""
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except Exception:  # noqa: BLE001  # gunicorn would send a second answer behind the first
            return False

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer a request."""
        self._of_thread.conn = conn
        req._expected_100_continue = False  # noqa: SLF001  # the client has been told to, or waits no longer
        if not conn.arrival.whole:  # where the next one begins is not known
            req.must_close = True
        return super().handle_request(req, conn)

    def run(self) -> None:
        """Work until told to stop. However that ends, the threads do: the process would wait for them."""
        try:
            super().run()
        finally:
            for pool in (self.tpool, self._quick, self._ready):
                pool.shutdown()
