"""Runs the real trainer, and kills it with SIGKILL right before it does a given thing to a given file.

python -m tests.e2e.killed_train EVENT PATH ARGUMENT ...
    EVENT: an audit event whose first argument is a path, such as `os.rename`
    PATH: the end of that path
    ARGUMENT: the trainer's own
"""

import os
import runpy
import signal
import sys
from typing import Any

fatal_event, fatal_path = sys.argv[1:3]


def kill_at(event: str, arguments: tuple[Any, ...]) -> None:
    """End this process where the event is the fatal one; nothing of it runs any more, no handler and no `finally`."""
    if event == fatal_event and str(arguments[0]).endswith(fatal_path):
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(kill_at)
sys.argv = ["src.train", *sys.argv[3:]]
runpy.run_module("src.train", run_name="__main__", alter_sys=True)
