"""What is to happen once in a while at most, such as a line in the log."""

import math
import threading
import time


class Seldom:
    """Tells whether it is time again."""

    def __init__(self, seconds: float) -> None:
        """Start: the first time is now.

        Args:
            seconds: How long it is never time again.
        """
        self._seconds = seconds
        self._last = -math.inf
        self._lock = threading.Lock()

    def is_time(self) -> bool:
        """Whether it is; then it is not for a while."""
        with self._lock:
            now = time.monotonic()
            if now - self._last < self._seconds:
                return False
            self._last = now
            return True
