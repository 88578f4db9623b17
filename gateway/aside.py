"""What is done aside, in a thread of its own, so that no request waits for it."""

import atexit
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.seldom import Seldom

STOP_SECONDS = 1.0  # how long a process that ends waits for what is being done
LOG_SECONDS = 60.0

log = logging.getLogger("gateway")

T = TypeVar("T")


class Aside(Generic[T]):
    """A bounded queue, and a thread that sees to one item after the other; what it cannot keep up with is not taken.

    The thread begins with the first item, so that it is the worker's own and not lost when the worker is forked.
    """

    def __init__(
        self,
        do: Callable[[T], None],
        *,
        name: str,
        max_items: int,
        max_bytes: int,
        finishes: bool,
        gather_seconds: float = 0.0,
    ) -> None:
        """Start empty.

        Args:
            do: What is done with an item; is not called by two threads at a time. What it raises is logged, once in
                LOG_SECONDS at most, and the next item's turn comes.
            name: The thread's.
            max_items: How many may wait.
            max_bytes: How much they may take in memory, all together.
            finishes: Whether what waits is still done when the process ends, within STOP_SECONDS, or dropped.
            gather_seconds: How long to wait for more behind the first item: to wake up for each costs a request's
                thread about what the item does.
        """
        self._do = do
        self._name = name
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._finishes = finishes
        self._gather_seconds = gather_seconds
        self._items: queue.SimpleQueue[tuple[T, int] | None] = queue.SimpleQueue()
        self._waiting = self._bytes = 0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._seldom = Seldom(LOG_SECONDS)

    def put(self, item: T, size_bytes: int) -> bool:
        """Have an item seen to. Takes no time, and never fails.

        Args:
            item: The item.
            size_bytes: What it takes in memory, about.

        Returns:
            Whether there was room for it.
        """
        with self._lock:
            if self._waiting >= self._max_items or self._bytes + size_bytes > self._max_bytes:
                return False
            try:
                self._start()
            except RuntimeError:  # the system has no more threads
                return False
            self._waiting += 1
            self._bytes += size_bytes
            self._items.put((item, size_bytes))
        return True

    def close(self) -> None:
        """Stop; the thread must not be in the middle of something while the interpreter ends."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            if not self._finishes:
                self._drop()
            self._items.put(None)
            thread.join(STOP_SECONDS)

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            thread.start()
            self._thread = thread
            atexit.register(self.close)

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            item, size_bytes = entry
            with self._lock:
                self._waiting -= 1
            self._do_one(item)
            with self._lock:
                self._bytes -= size_bytes

    def _next(self) -> tuple[T, int] | None:
        with contextlib.suppress(queue.Empty):
            return self._items.get_nowait()
        entry = self._items.get()
        if entry is not None and self._gather_seconds:
            time.sleep(self._gather_seconds)
        return entry

    def _do_one(self, item: T) -> None:
        try:
            self._do(item)
        except Exception:  # a thread that ended would be missed by nobody, and nothing be done any more
            if self._seldom.is_time():
                log.exception("failed aside", extra={"what": self._name})

    def _drop(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                entry = self._items.get_nowait()
                with self._lock:
                    self._waiting -= 1
                    self._bytes -= entry[1] if entry else 0
