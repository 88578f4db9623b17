"""Where the prediction log's lines go. What goes wrong there is raised, for the log to tell and count."""

import contextlib
import logging
import os
import sys
from typing import TextIO

from concurrent_log_handler import ConcurrentRotatingFileHandler

KEPT_FILES = 5  # beside the one that is being written


class _Raises:
    """Raises what handlers usually print."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        error = sys.exception()
        if error is not None:
            raise error


class Stdout(_Raises, logging.StreamHandler[TextIO]):
    """Standard output. A line is one write, so that it and another thread's, of the request log, stay whole."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)


class RotatingFile(_Raises, ConcurrentRotatingFileHandler):  # type: ignore[misc]  # it has annotations of its own kind
    """A file that all worker processes write, under a lock, and that is begun anew from a size on."""

    stream: TextIO | None

    def __init__(self, path: str, max_bytes: int) -> None:
        """Open nothing yet.

        Args:
            path: The file.
            max_bytes: The size.
        """
        # `a+`, for it is read where the last line ends.
        super().__init__(path, "a+", maxBytes=max_bytes, backupCount=KEPT_FILES, encoding="utf-8")

    def do_write(self, msg: str) -> None:
        """Write a line, and not on the end of one that a full disk or a killed process has left unfinished."""
        if self.stream is None or self.stream.closed:
            self.stream = self.do_open()
        file = self.stream.fileno()
        size = os.fstat(file).st_size
        unfinished = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        super().do_write("\n" + msg if unfinished else msg)

    def close(self) -> None:
        """Close all files, also where what they hold cannot be written."""
        try:
            super().close()
        finally:
            for stream in (self.stream, self.stream_lock):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
