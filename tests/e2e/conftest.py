from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, started, train
from tests.servers import Command


@pytest.fixture(scope="module")
def stack(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A trained store, a model server and a gateway, which a module's tests share in their order."""
    folder: Path = tmp_path_factory.mktemp("stack")
    train(folder / "store")
    with started(folder, server_command) as stack:
        stack.wait_until_ready()
        yield stack
