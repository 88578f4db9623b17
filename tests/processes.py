"""Starts real programs for tests, waits for them, and leaves none of them behind."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_STOP_SECONDS = 1.0
_PAUSE_SECONDS = 0.05
_given_ports: set[int] = set()


class Process:
    """A running program, in a process group of its own, with its output in a file."""

    def __init__(self, popen: subprocess.Popen[bytes], log_file: Path) -> None:
        self._popen = popen
        self._log_file = log_file

    @property
    def pid(self) -> int:
        """The program's process id, which is also its group's."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while the program runs."""
        return self._popen.poll()

    def output(self) -> str:
        """Read what the program has written so far to standard output and standard error."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    def check(self) -> None:
        """Fail if the program has ended.

        Raises:
            AssertionError: with the exit code and the output.
        """
        assert self.exit_code is None, f"ended with exit code {self.exit_code}:\n{self.output()}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone, not to its children.

        Args:
            number: the signal.
        """
        self._popen.send_signal(number)

    def kill(self) -> None:
        """Send SIGKILL to the program's group: a server behind a wrapper script dies too, one in a container not."""
        os.killpg(self.pid, signal.SIGKILL)

    def wait(self, timeout_seconds: float) -> int:
        """Wait until the program has ended.

        Args:
            timeout_seconds: how long at most.

        Returns:
            The exit code, negative for a signal.

        Raises:
            subprocess.TimeoutExpired: if it still runs.
        """
        return self._popen.wait(timeout_seconds)

    def stop(self) -> None:
        """End the program and its group: SIGTERM, a second's patience, then SIGKILL.

        The real tensorflow_model_server ignores SIGTERM. A wrapper around a container has to end it on SIGTERM.
        """
        self.send(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(_STOP_SECONDS * 10)


@contextmanager
def running(
    command: Sequence[str | Path], *, log_file: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Process]:
    """Run a program until the block ends, however it ends.

    Args:
        command: the program and its arguments.
        log_file: takes its output; appended to, so that a program started anew keeps its history.
        env: variables to add to the environment or to replace in it.
        cwd: the folder to run in; else the current one.

    Yields:
        The running program.
    """
    with log_file.open("ab") as log:
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    process = Process(popen, log_file)
    try:
        yield process
    finally:
        process.stop()


def free_port() -> int:
    """Find a port of the loopback address that nobody listens on just now.

    Never the same one twice, nor one that tests in another process may find, and none that the system gives to outgoing
    connections (on Linux, from 32768 on): it would be in use by the time it is listened on.

    Returns:
        The port.
    """
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    all_of_them = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for port in random.sample(range(20000 + mine, 32000, all_of_them), 100):
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given_ports:
                _given_ports.add(port)
                return port
    raise AssertionError("no free port among 100")


def wait_until(condition: Callable[[], _T], timeout_seconds: float, what: str) -> _T:
    """Wait until a condition holds.

    Args:
        condition: asked again and again; holds when it returns something true. What it raises ends the wait.
        timeout_seconds: how long at most.
        what: what is waited for, for the message.

    Returns:
        What the condition returned.

    Raises:
        AssertionError: if the condition does not hold in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_seconds} s in vain for {what}"
        time.sleep(_PAUSE_SECONDS)
    return result
