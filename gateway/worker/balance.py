"""How many connections each worker has, so that the one with fewest takes the next.

All workers wait on one listening socket, and whoever is quickest takes a connection and keeps it: one worker may end up
with nearly all of them. SO_REUSEPORT would leave it to chance, and lose what waits for a worker that ends.
"""

import mmap

SLOTS = 256  # for as many workers at a time, those that are about to end included
NOBODY = 0

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
