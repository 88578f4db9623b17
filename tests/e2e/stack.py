"""The product as its user has it: commands, a model server and a gateway, spoken to over HTTP."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import requests

from tests.processes import Process, free_port, running, wait_until
from tests.servers import Command

START_SECONDS = 60.0
LOAD_SECONDS = 120.0


def command(
    module: str, *arguments: str | Path, check: bool = True, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run one of the product's commands to its end, at most so many seconds."""
    words = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=check)


def train(store: Path, *arguments: str) -> None:
    """Publish the next version of the line; a real server sees the store where it is."""
    command("src.train", "--quiet", "--store", store, "--served-from", store, *arguments)


def serve_newest(store: Path) -> None:
    """Have servers load the line's newest versions, as the README tells for SavedModels that are put in by hand."""
    entry = f'name: "line" base_path: "{store / "line"}" model_platform: "tensorflow"'
    policy = "model_version_policy { latest { num_versions: 2 } }"
    draft = store / ".models.config.draft"
    draft.write_text(f"model_config_list {{ config {{ {entry} {policy} }} }}\n", encoding="utf-8")
    draft.replace(store / "models.config")


@dataclass
class Stack:
    """A running model server and gateway over a store.

    Attributes:
        store: The model store.
        url: The gateway's.
        gateway: The gateway's process.
        server: The model server's process, a new one after `restart_server`.
        server_address: Host and port of the model server.
    """

    store: Path
    url: str
    gateway: Process
    server: Process
    server_address: tuple[str, int]
    _start_server: Callable[[], Process]

    def predict(
        self, data: Any, *, session: requests.Session | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """POST /predict."""
        return (session or requests).post(f"{self.url}/predict", json={"data": data}, headers=headers, timeout=30)

    def is_ready(self) -> bool:
        """Whether the gateway says that it can answer."""
        self.gateway.check()
        try:
            return requests.get(f"{self.url}/readyz", timeout=30).status_code == 200
        except requests.ConnectionError:
            return False

    def wait_until_ready(self) -> None:
        """Wait until the gateway has said for a second that it can answer.

        Each of its workers finds the model server by itself, within a fraction of that time.
        """
        unready = time.monotonic()

        def steadily_ready() -> bool:
            nonlocal unready
            if not self.is_ready():
                unready = time.monotonic()
            return time.monotonic() - unready > 1

        wait_until(steadily_ready, START_SECONDS, "the gateway to be ready")

    def restart_server(self) -> None:
        """Start the model server again, on the same port."""
        self.server = self._start_server()


@contextmanager
def started(folder: Path, server_command: Command, **settings: str) -> Iterator[Stack]:
    """Start a gateway and, behind it, a model server over `<folder>/store`, until the block ends.

    Args:
        folder: Holds the store; takes the logs.
        server_command: How to start the model server.
        settings: Environment variables of the gateway's.

    Yields:
        The stack; the gateway listens, the model server may not answer yet.
    """
    server_port, port = free_port(), free_port()
    store = folder / "store"
    environment = {"PORT": str(port), "MODEL_SERVER": f"127.0.0.1:{server_port}", "WORKERS": "2", **settings}
    words = [sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn_config.py"]
    with ExitStack() as exits:

        def start_server() -> Process:
            server = running(server_command(store, server_port), log_file=folder / "server.log")
            return exits.enter_context(server)

        gateway = exits.enter_context(running(words, log_file=folder / "gateway.log", env=environment))
        yield Stack(
            store, f"http://127.0.0.1:{port}", gateway, start_server(), ("127.0.0.1", server_port), start_server
        )


@dataclass
class Load:
    """What clients saw while a block ran.

    Attributes:
        answers: One a request: status, document, headers.
    """

    answers: list[tuple[int, Any, Any]] = field(default_factory=list)

    def statuses(self) -> Counter[int]:
        """How often each status was seen."""
        return Counter(status for status, _, _ in self.answers)

    def seen(self, condition: Callable[[int, Any], bool], count: int) -> bool:
        """Whether at least so many answers, by status and document, fulfil a condition."""
        return sum(condition(status, document) for status, document, _ in list(self.answers)) >= count


@contextmanager
def load(stack: Stack, *, data: Any, clients: int = 8) -> Iterator[Load]:
    """Let clients ask one request after the other until the block ends.

    Args:
        stack: Whom to ask.
        data: What.
        clients: How many at a time, each on a connection of its own.

    Yields:
        What they see; it grows while the block runs. A connection that fails raises when the block ends.
    """
    seen, done = Load(), Event()

    def ask() -> None:
        with requests.Session() as session:
            while not done.is_set():
                answer = stack.predict(data, session=session)
                seen.answers.append((answer.status_code, answer.json(), answer.headers))

    with ThreadPoolExecutor(clients) as pool:
        asking: Sequence[Any] = [pool.submit(ask) for _ in range(clients)]
        try:
            yield seen
        finally:
            done.set()
    for client in asking:
        client.result()
