"""How many connections each worker has, so that the one with fewest takes the next.

All workers wait on one listening socket, and whoever is quickest takes a connection and keeps it: one worker may end up
with nearly all of them. SO_REUSEPORT would leave it to chance, and lose what waits for a worker that ends.
"""

import mmap
import time

SLOTS = 256  # for as many workers at a time, those that are about to end included
NOBODY = 0
MARGIN = 1  # how many connections more than another a worker may have and still take the next
YIELD_SECONDS = 0.01  # how long it leaves one to the others at a time
# How long it does so while none of them takes any: a busy one comes to it when its threads let it, a frozen one never.
PATIENCE_SECONDS = 0.05
FREE_SECONDS = 0.25  # how long it then takes all that come

# Made in gunicorn's master, and shared with the workers that it forks.
_counts = memoryview(mmap.mmap(-1, 4 * SLOTS)).cast("I")


def state(worker: int, connections: int) -> None:
    """State how many connections a worker has.

    Args:
        worker: Its age: gunicorn numbers them in the order in which it starts them.
        connections: How many.
    """
    _counts[worker % SLOTS] = connections + 1


def leave(worker: int) -> None:
    """A worker takes no more connections, or is gone."""
    _counts[worker % SLOTS] = NOBODY


def fewest() -> int:
    """How many connections the worker has that has fewest; 0 if there is none."""
    return min(filter(None, _counts), default=1) - 1


class Turn:
    """Whose turn it is to take the next connection, as one worker sees it."""

    def __init__(self) -> None:
        self._waited_from: float | None = None
        self._asked = self._free_until = 0.0
        self._others = 0  # what the one with fewest had then

    def is_anothers(self, connections: int) -> bool:
        """Whether a connection is to be left to a worker that has fewer; to be asked again in YIELD_SECONDS.

        Args:
            connections: How many this worker has.
        """
        now, others = time.monotonic(), fewest()
        went_by = now - self._asked > PATIENCE_SECONDS  # somebody has taken the one that was asked about
        self._asked = now
        if connections <= others + MARGIN or now < self._free_until:
            self._waited_from = None
            return False
        if self._waited_from is None or went_by or others != self._others:
            self._waited_from, self._others = now, others
        if now - self._waited_from < PATIENCE_SECONDS:
            return True
        self._waited_from, self._free_until = None, now + FREE_SECONDS
        return False
