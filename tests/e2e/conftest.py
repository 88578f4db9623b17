from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, started, train
from tests.servers import MODEL_SERVERS, Command


@pytest.fixture(scope="module", params=MODEL_SERVERS)
def server_command(request: pytest.FixtureRequest) -> Command:
    """How to start each of the two model servers that the gateway can stand in front of."""
    command: Command = request.param
    return command


@pytest.fixture(scope="module")
def stack(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A trained store, a model server and a gateway, which a module's tests share in their order."""
    folder: Path = tmp_path_factory.mktemp("stack")
    train(folder / "store")
    with started(folder, server_command) as stack:
        stack.wait_until_ready()
        yield stack
