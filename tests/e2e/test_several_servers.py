"""Three model servers behind one name, which are killed, frozen and told to stop in turn while clients ask."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
import requests

from tests.e2e.stack import START_SECONDS, Load, Stack, serve_newest
from tests.processes import Process, free_port, running, wait_until
from tests.saved_models import write_line
from tests.servers import Command, embedded_command

SLOPES = (1.0, 2.0, 3.0)  # every server's line has another, so that answers tell who gave them
CLIENTS = 2
REST_SECONDS = 0.02  # of a client between two requests: servers that start need the processor
ENOUGH = 60  # answers in a row


@dataclass
class Three:
    """The servers, by the slopes of their lines, and a gateway in front of them."""

    folder: Path
    command: Command
    exits: ExitStack
    ports: dict[float, int] = field(default_factory=lambda: {slope: free_port() for slope in SLOPES})
    servers: dict[float, Process] = field(default_factory=dict)

    def start(self, slope: float) -> None:
        """Start a server, or start it again."""
        store = self.folder / f"store-{slope:.0f}"
        if not store.exists():
            write_line(store / "line" / "1", slope=slope)
            serve_newest(store)
        server = running(self.command(store, self.ports[slope]), log_file=self.folder / f"server-{slope:.0f}.log")
        self.servers[slope] = self.exits.enter_context(server)

    def stack(self) -> Stack:
        """Start the gateway."""
        port, target = free_port(), "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in self.ports.values())
        words = [sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn_config.py"]
        env = {"PORT": str(port), "MODEL_SERVER": target, "WORKERS": "2", "TIMEOUT_SECONDS": "10"}
        gateway = self.exits.enter_context(running(words, log_file=self.folder / "gateway.log", env=env))
        first = self.servers[SLOPES[0]]
        return Stack(self.folder, f"http://127.0.0.1:{port}", gateway, first, ("127.0.0.1", 0), lambda: first)


@pytest.fixture
def three(server_command: Command, tmp_path: Path) -> Iterator[Three]:
    """Three servers that are about to answer."""
    with ExitStack() as exits:
        three = Three(tmp_path, server_command, exits)
        for slope in SLOPES:
            three.start(slope)
        yield three


@contextmanager
def asking(stack: Stack) -> Iterator[Load]:
    """Let clients ask, each on a connection of its own, until the block ends; tells what they see."""
    seen, done = Load(), Event()

    def ask() -> None:
        with requests.Session() as session:
            while not done.wait(REST_SECONDS):
                answer = stack.predict(1, session=session)
                seen.answers.append((answer.status_code, answer.json(), answer.headers))

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(ask) for _ in range(CLIENTS)]
        try:
            yield seen
        finally:
            done.set()
    for client in clients:
        client.result()


def wait_for(seen: Load, *slopes: float) -> None:
    """Wait until these servers, and no others, have given enough answers in a row."""
    begin = len(seen.answers)

    def have_answered() -> bool:
        assert set(seen.statuses()) <= {200}
        last = list(seen.answers)[begin:][-ENOUGH:]
        return len(last) == ENOUGH and {document["prediction"] for _, document, _ in last} == set(slopes)

    wait_until(have_answered, START_SECONDS, f"answers by servers {slopes}")


def test_servers_come_and_go_and_no_request_fails(three: Three) -> None:
    """One is killed and comes back, one freezes and goes on, one is told to stop; whoever can answer is used."""
    first, second, third = SLOPES
    stack = three.stack()
    stack.wait_until_ready()
    with asking(stack) as seen:
        wait_for(seen, *SLOPES)
        three.servers[first].kill()
        wait_for(seen, second, third)
        three.servers[second].send(signal.SIGSTOP)
        wait_for(seen, third)
        three.start(first)
        three.servers[second].send(signal.SIGCONT)
        wait_for(seen, *SLOPES)
        if three.command is embedded_command:  # the real one ignores it
            three.servers[third].send(signal.SIGTERM)
            wait_for(seen, first, second)
            assert three.servers[third].wait(START_SECONDS) == 0
    assert set(seen.statuses()) == {200}
