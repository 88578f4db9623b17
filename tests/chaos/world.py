"""What faults are done to: a gateway and model servers, and what is observed of them."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.load import get
from tests.processes import Process, free_port, running, wait_until
from tests.saved_models import write_release
from tests.servers import Command

START_SECONDS = 60.0
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn_config.py"]


@dataclass(frozen=True)
class Observed:
    """What came of a fault.

    Attributes:
        held: Whether it was as expected; None if it could not be tried.
        text: In words, with figures.
    """

    held: bool | None
    text: str


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        name: What is done, in a few words.
        expected: What should come of it.
        run: Does it, and tells what came of it.
    """

    name: str
    expected: str
    run: Callable[["World"], Observed]


@dataclass
class World:
    """A running gateway, and a model server for each address that it knows.

    Attributes:
        folder: Holds the store; takes the logs.
        port: The gateway's.
        gateway: Its process.
        settings: Its environment variables, but for the port: for another gateway like it.
        servers: The model servers' processes.
    """

    folder: Path
    port: int
    gateway: Process
    settings: dict[str, str]
    servers: list[Process]
    _start_server: Callable[[int], Process] = field(repr=False)

    @property
    def store(self) -> Path:
        """The model store."""
        return self.folder / "store"

    def is_ready(self) -> bool:
        """Whether the gateway says that it can answer."""
        self.gateway.check()
        return get(self.port, "/readyz")[0] == 200

    def wait_until_ready(self) -> None:
        """Wait until both workers have said so, again and again."""
        wait_until(lambda: all(self.is_ready() for _ in range(10)), START_SECONDS, "the gateway to be ready")

    def restart(self, index: int = 0) -> None:
        """Start a model server, at its address."""
        self.servers[index : index + 1] = [self._start_server(index)]

    def workers(self) -> list[int]:
        """The process ids of the gateway's workers."""
        children = Path(f"/proc/{self.gateway.pid}/task/{self.gateway.pid}/children")
        return [int(pid) for pid in children.read_text(encoding="ascii").split()]


def configure(store: Path) -> None:
    """Write the release state: the newest two versions of the line, wherever the store is."""
    entry = f'name: "line" base_path: "{store / "line"}" model_platform: "tensorflow"'
    policy = "model_version_policy { latest { num_versions: 2 } }"
    draft = store / ".models.config.draft"
    draft.write_text(f"model_config_list {{ config {{ {entry} {policy} }} }}\n", encoding="utf-8")
    draft.replace(store / "models.config")


@contextmanager
def world(
    folder: Path, server_command: Command, *, servers: int = 1, first: bool = True, **settings: str
) -> Iterator[World]:
    """Start a gateway, and model servers behind one name, until the block ends.

    Args:
        folder: Takes the store and the logs.
        server_command: How to start a model server.
        servers: How many.
        first: Whether they are started at once; else `restart` starts one.
        settings: Environment variables of the gateway's.

    Yields:
        Them; ready, if the servers are started at once.
    """
    write_release(folder / "store" / "line" / "1", slope=3.0, intercept=1.0)
    configure(folder / "store")
    ports, port = [free_port() for _ in range(servers)], free_port()
    addresses = ",".join(f"127.0.0.1:{each}" for each in ports)
    target = f"ipv4:{addresses}" if servers > 1 else addresses
    environment = {"MODEL_SERVER": target, "WORKERS": "2", "TIMEOUT_SECONDS": "2", **settings}
    with ExitStack() as exits:

        def start(index: int) -> Process:
            words = server_command(folder / "store", ports[index])
            return exits.enter_context(running(words, log_file=folder / f"server-{index}.log"))

        env = environment | {"PORT": str(port)}
        gateway = exits.enter_context(running(GUNICORN, log_file=folder / "gateway.log", env=env))
        made = World(folder, port, gateway, environment, [], start)
        if first:
            made.servers = [start(index) for index in range(servers)]
            made.wait_until_ready()
        yield made


def for_seconds(seconds: float) -> None:
    """Let the load go on."""
    time.sleep(seconds)
