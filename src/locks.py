"""Locks that processes hold on a store: of the operating system, which lets go of them when their process ends."""

import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

PUBLISHING = ".lock"  # staging and numbering a version
RELEASING = ".release.lock"  # models.config, the history and the traffic file; never held while a model is trained


@contextlib.contextmanager
def held(store: Path, name: str, who: str = "another run") -> Iterator[None]:
    """Wait for, then hold, one of a store's locks.

    Args:
        store: The model store; made if missing.
        name: The lock's file.
        who: Who has the lock if it is taken, for the line that tells of waiting.

    Yields:
        Once the lock is held.

    Raises:
        OSError: The lock cannot be had.
    """
    store.mkdir(parents=True, exist_ok=True)
    with (store / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for {who} that is writing to {store}", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
