from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.model_server import ModelServer, State, started
from tests.saved_models import write_line, write_mixed
from tests.servers import Command


@pytest.fixture(scope="module")
def server(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """A server that a module's tests share, each with models of its own, started on an empty configuration."""
    with started(server_command, tmp_path_factory.mktemp("server")) as running_server:
        yield running_server


@pytest.fixture
def own_server(server_command: Command, tmp_path: Path) -> Iterator[ModelServer]:
    """A server that one test has for itself, started on an empty configuration."""
    with started(server_command, tmp_path) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def line(server: ModelServer) -> ModelServer:
    """The shared server with the models that no test changes: `line` (y = 3x + 1, versions 1 and 2) and `mixed`."""
    for version in (1, 2):
        write_line(server.store / "line" / str(version), slope=3.0, intercept=1.0)
    write_mixed(server.store / "mixed" / "1")
    server.configure("line", specific=[1, 2], labels={"stable": 1, "canary": 7})
    server.configure("mixed")
    for name, version in (("line", 1), ("line", 2), ("mixed", 1)):
        server.wait_for(name, version, State.AVAILABLE)
    server.wait_for_label("line", "stable", 1)
    return server
