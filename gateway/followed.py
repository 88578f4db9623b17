"""Files that say what is in force: followed when they change, and never a reason to fail."""

import abc
import logging
import math
import os
import stat
import threading
import time
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import msgspec

LOOK_SECONDS = 0.5  # how often a file is looked at, by each worker

log = logging.getLogger("gateway")

T = TypeVar("T")


class Followed(abc.ABC, Generic[T]):
    """What a file holds, at most some fraction of a second old.

    One thread at a time looks at the file; the others go on with what is known, so that nobody waits. While it cannot
    be read, or holds something else, what it held before stays, and the log says so once.
    """

    what: ClassVar[str]  # the file is, for the log

    def __init__(self, file: str, value: T) -> None:
        """Begin; nothing is read before the first look.

        Args:
            file: Its path; empty for none.
            value: What is in force until the file has been read.
        """
        self._file = Path(file) if file else None
        self._value = value
        self._stamp: tuple[int, ...] | None = None
        self._looked = -math.inf
        self._cause = ""
        self._lock = threading.Lock()

    def current(self, look_seconds: float) -> T:
        """What is in force.

        Args:
            look_seconds: How old it may be.

        Returns:
            What the file held when it was last looked at and could be read.
        """
        if self._file is not None and self._lock.acquire(blocking=False):
            try:
                now = time.monotonic()
                if now - self._looked >= look_seconds:
                    self._looked = now
                    self._look(self._file)
            finally:
                self._lock.release()
        return self._value

    @abc.abstractmethod
    def parse(self, data: bytes) -> T:
        """Understand what the file holds.

        Args:
            data: All of it.

        Returns:
            What is in force from now on.

        Raises:
            ValueError: It is something else; so says msgspec.DecodeError or RecursionError.
        """

    def missing(self, error: FileNotFoundError) -> T:
        """What is in force while there is no file: what was before, unless a kind of file says otherwise.

        Args:
            error: What looking for it led to.

        Returns:
            What is in force from now on.

        Raises:
            FileNotFoundError: That this is an error.
        """
        raise error

    @abc.abstractmethod
    def changed(self, value: T) -> None:
        """Log what is in force from now on."""

    def read(self) -> T:
        """Read the file now, whatever is in force.

        Returns:
            What it holds.

        Raises:
            OSError: It cannot be read.
            ValueError: It holds something else: see `parse`.
        """
        file = self._file or Path()
        _stamp(file.stat())
        return self.parse(file.read_bytes())

    def _look(self, file: Path) -> None:
        try:
            try:
                stamp: tuple[int, ...] | None = _stamp(file.stat())
                if stamp == self._stamp:
                    return
                value = self.read()
            except FileNotFoundError as error:
                stamp, value = None, self.missing(error)
        except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
            self._stamp = None  # it may be half written: the other half would not always change the stamp
            if str(error) != self._cause:
                self._cause = str(error)
                fields = {"file": str(file), "cause": self._cause}
                log.error("unreadable %s", self.what, extra=fields)  # noqa: TRY400  # the cause says it all
            return
        if value != self._value:
            self.changed(value)
        self._value, self._stamp, self._cause = value, stamp, ""


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    """What changes with the file."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is no regular file")  # and reading it might never end
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
