"""What the tests of joint calls begin with."""

from collections.abc import Iterator

import pytest

from gateway import lane
from gateway.joint import Joint
from gateway.model_server import ModelServer
from tests.unit.gateway.contracts import of_shape
from tests.unit.gateway.fake_server import FakeServer
from tests.unit.gateway.joint.lanes import LONG, Clients, Server


@pytest.fixture
def server(fake: FakeServer) -> Server:
    """A server that is told when to answer."""
    return Server(fake)


@pytest.fixture
def clients(fake: FakeServer, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Clients of a worker that asks for four rows at a time at most, and who have patience."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", LONG)
    upstream = ModelServer(fake.target, timeout_seconds=LONG)
    clients = Clients(Joint(upstream, max_rows=4), of_shape())
    yield clients
    server.end()
    clients.pool.shutdown()
    upstream.close()
