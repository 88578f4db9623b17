"""The worker's threads, and how they tell its event loop what is done."""

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import PollableMethodQueue

WAKE_BYTES = 4096  # taken from the pipe at a time; there is hardly ever more than one


class Threads:
    """Threads that see to one thing after the other, without a future of each, which nobody waits for."""

    def __init__(self, most: int, name: str) -> None:
        """Start none yet: each of the first things to do starts one.

        Args:
            most: How many.
            name: What they are called, with a number behind it.
        """
        self._most = most
        self._name = name
        self._started = 0
        self._is_over = False
        self._todo: queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]] | None] = queue.SimpleQueue()

    def submit(self, do: Callable[..., None], *args: Any) -> None:
        """Have something done, when a thread is free. Called by one thread alone.

        Args:
            do: What; it raises nothing.
            args: What with.

        Raises:
            RuntimeError: The system has no room for a first thread.
        """
        if self._started < self._most:
            try:
                threading.Thread(target=self._run, name=f"{self._name}-{self._started}").start()
                self._started += 1
            except RuntimeError:
                if not self._started:
                    raise
        self._todo.put((do, args))

    def shutdown(self, wait: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # gunicorn's call, which never waits
        """End the threads when all is done."""
        if not self._is_over:
            self._is_over = True
            for _ in range(self._started):
                self._todo.put(None)

    def _run(self) -> None:
        while (thing := self._todo.get()) is not None:
            do, args = thing
            do(*args)
            del thing, do, args  # else they would live on until there is something else to do


class Deferred(PollableMethodQueue):  # type: ignore[misc]  # gunicorn has no annotations
    """What threads leave to the event loop. They wake it up once, not once for each thing."""

    _read_fd: int | None
    _write_fd: int | None

    def __init__(self) -> None:
        super().__init__()
        self._left: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._is_woken = False

    def close(self) -> None:
        """Wake up nobody any more."""
        super().close()
        self._read_fd = self._write_fd = None

    def defer(self, callback: Callable[..., None], *args: Any) -> None:
        """Have the event loop do something."""
        self._left.append((callback, args))
        if not self._is_woken:
            self._is_woken = True
            if (pipe := self._write_fd) is not None:
                with contextlib.suppress(OSError):  # it was closed at this moment
                    os.write(pipe, b"\0")

    def run_callbacks(self, _fileobj: Any, max_callbacks: int = 0) -> None:  # noqa: ARG002  # gunicorn's signature
        """The event loop has been woken up."""
        if self._read_fd is not None:
            with contextlib.suppress(OSError):
                os.read(self._read_fd, WAKE_BYTES)
        self._is_woken = False  # whoever leaves something from here on wakes it up again
        self.do()

    def do(self) -> None:
        """Do what has been left, in the event loop."""
        for _ in range(len(self._left)):
            callback, args = self._left.popleft()
            callback(*args)
