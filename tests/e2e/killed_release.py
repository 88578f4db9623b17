"""Runs the real `src.release`, and kills it with SIGKILL right before the n-th time that it writes to the store.

python -m tests.e2e.killed_release STEP STORE ARGUMENT ...
    STEP: counts from 1
    STORE: the store's folder, which the arguments name too
    ARGUMENT: the command's own
"""

import os
import runpy
import signal
import sys
from functools import partial
from typing import Any

step, store = int(sys.argv[1]), sys.argv[2]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate")
taken = 0


def count() -> None:
    """Take one step; nothing of this process runs after the fatal one, no handler and no `finally`."""
    global taken  # an audit hook has no other place to count in
    taken += 1
    if taken == step:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """See what is about to be done to the store."""
    writes = event in CHANGES or (event == "open" and bool(arguments[2] & WRITING))
    if writes and str(arguments[0]).startswith(store):
        count()


def counted(fsync: Any, descriptor: int) -> None:
    """Synchronise; this raises no audit event of its own."""
    count()
    fsync(descriptor)


os.fsync = partial(counted, os.fsync)
sys.addaudithook(watch)
sys.argv = ["src.release", *sys.argv[3:]]
runpy.run_module("src.release", run_name="__main__", alter_sys=True)
