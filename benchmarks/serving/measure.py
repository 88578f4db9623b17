"""One contender, started, loaded and stopped, and what was measured of it."""

import json
import math
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.serving import usage
from benchmarks.serving.contenders import Contender, Site, settings
from benchmarks.serving.environments import MissingError, python_of
from benchmarks.serving.load import Load, Seen, ask, put
from tests.processes import Process, free_port, running

START_SECONDS = 120.0
PAUSE_SECONDS = 0.02
WARM_UP_SECONDS = 1.0
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Measured:
    """What a load made of a contender.

    Attributes:
        seen: What the clients saw.
        cpu_seconds: The processor time of its processes, the model server's left out.
        server_cpu_seconds: That of the model server behind it.
        private_bytes: The memory of its processes that they share with none.
        server_private_bytes: That of the model server behind it.
    """

    seen: Seen
    cpu_seconds: float
    server_cpu_seconds: float
    private_bytes: int
    server_private_bytes: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.seen.requests / self.seen.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time a request, the model server's left out."""
        return 1e6 * self.cpu_seconds / max(self.seen.requests, 1)

    @property
    def server_cpu_microseconds(self) -> float:
        """Processor time of the model server a request."""
        return 1e6 * self.server_cpu_seconds / max(self.seen.requests, 1)


@dataclass(frozen=True)
class Started:
    """A contender that answers.

    Attributes:
        contender: Which.
        site: Where.
        process: Its first process.
        server: The model server's, if it has one.
        start_seconds: From its start to its first answer; the model server's start is another's time.
        server_start_seconds: From the model server's start to the moment when it takes connections.
    """

    contender: Contender
    site: Site
    process: Process
    server: Process | None
    start_seconds: float
    server_start_seconds: float

    def measure(self, load: Load, *, seconds: float) -> Measured:
        """Put a load on it.

        Args:
            load: The load.
            seconds: For how long, behind a second to warm up.

        Raises:
            AssertionError: It answers something else than the model.
        """
        body, url = self.body(load), self.url(load)
        self.check(load)
        put(url, body, connections=load.connections, seconds=WARM_UP_SECONDS)
        mine = usage.tree(self.process.pid)
        its = usage.tree(self.server.pid) if self.server else []
        before = usage.cpu_seconds(mine), usage.cpu_seconds(its)
        seen = put(url, body, connections=load.connections, seconds=seconds)
        after = usage.cpu_seconds(mine), usage.cpu_seconds(its)
        spent, its_spent = after[0] - before[0], after[1] - before[1]
        return Measured(seen, spent, its_spent, usage.private_bytes(mine), usage.private_bytes(its))

    def check(self, load: Load) -> None:
        """See that it answers what the model answers.

        Raises:
            AssertionError: It does not.
        """
        answers = self.contender.read(ask(self.url(load), self.body(load)))
        expected = [_expected(row) for row in load.data]
        assert len(answers) == len(expected), f"{self.contender.name}: {len(answers)} for {len(expected)} rows"
        if load.model == "line":
            assert all(map(_is_near, answers, expected)), f"{self.contender.name}: {answers[:3]} for {load.data[:3]}"

    def url(self, load: Load) -> str:
        """Where a load is posted."""
        return f"http://127.0.0.1:{self.site.port}{self.contender.path(load.model)}"

    def body(self, load: Load) -> Path:
        """A file with a load's body."""
        file = self.site.scratch / "body.json"
        file.write_text(json.dumps(self.contender.body(load.data)), encoding="utf-8")
        return file


def _expected(row: object) -> float:
    return 3 * row + 1 if isinstance(row, int) else math.nan


def _is_near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE)


@contextmanager
def started(contender: Contender, store: Path, folder: Path, first: Load) -> Iterator[Started]:
    """Start a contender, and have it answer, until the block ends.

    Args:
        contender: Which.
        store: The model store.
        folder: Takes what it writes.
        first: A load for the model that it is to serve.

    Yields:
        It.

    Raises:
        MissingError: It cannot be started here.
    """
    if contender.missing:
        raise MissingError(contender.missing)
    python = python_of(contender.requirements)
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(store, first.model, free_port(), free_port(), python, folder)
    env = settings(contender, site)
    if contender.before and not (folder / ".done").exists():
        _do(contender.before(site), env)
        (folder / ".done").touch()
    with ExitStack() as exits:
        server, began = None, time.monotonic()
        if contender.server:
            words = contender.server(store, site.server_port)
            server = exits.enter_context(running(words, log_file=folder / "server.log"))
            _wait(site.server_port, server)
        server_seconds, began = time.monotonic() - began, time.monotonic()
        process = exits.enter_context(running(contender.command(site), log_file=folder / "log", env=env))
        made = Started(contender, site, process, server, 0.0, server_seconds)
        _wait_for_answer(made, first)
        yield Started(contender, site, process, server, time.monotonic() - began, server_seconds)


def _do(words: Sequence[str], env: dict[str, str]) -> None:
    ended = subprocess.run(
        words, env=os.environ | env, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    if ended.returncode:
        raise MissingError(f"{words[-2]} failed: {ended.stderr.strip().splitlines()[-1:]}")


def _wait(port: int, process: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        process.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(PAUSE_SECONDS)
        else:
            return
    raise MissingError(f"nobody listened on its port within {START_SECONDS:.0f} s")


def _wait_for_answer(made: Started, load: Load) -> None:
    deadline = time.monotonic() + START_SECONDS
    body, url = made.body(load), made.url(load)
    while True:
        try:
            ask(url, body)
        except requests.RequestException as error:
            if time.monotonic() > deadline or made.process.exit_code is not None:
                last = made.process.output().strip().splitlines()[-1:]
                raise MissingError(f"it did not answer within {START_SECONDS:.0f} s: {error}; {last}") from error
            time.sleep(PAUSE_SECONDS)
        else:
            return
