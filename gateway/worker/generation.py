"""Which generation of workers is the present one: SIGHUP has gunicorn replace all of them."""

import mmap

_shared = mmap.mmap(-1, 8)  # by the master and all workers that it forks


def current() -> int:
    """The present generation's number."""
    return int.from_bytes(_shared[:], "little")


def advance() -> None:
    """Begin another; in gunicorn's master."""
    _shared[:] = (current() + 1).to_bytes(8, "little")
