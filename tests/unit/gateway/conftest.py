from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import create_app
from gateway import traffic as traffic_module
from gateway.config import Settings
from gateway.direct import Direct
from tests.unit.gateway.fake_server import FakeServer, serving
from tests.unit.gateway.measured import Measured

WAYS = ("direct", "flask")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have the tests of predictions ask both ways."""
    if metafunc.definition.get_closest_marker("both_ways"):
        metafunc.parametrize("way", WAYS, indirect=True)


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has predictions go through Flask like everything else, where the test is to ask so."""
    if getattr(request, "param", "direct") == "flask":
        monkeypatch.setattr(Direct, "__call__", lambda self, *asked: self.behind(*asked))


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A model server that serves the line, until the test changes it."""
    with serving(FakeServer()) as fake:
        yield fake


@pytest.fixture
def traffic_file(tmp_path: Path) -> Path:
    """Where the application looks for the shares of traffic; there is no file until a test writes it."""
    return tmp_path / "traffic.json"


@pytest.fixture
def traffic(traffic_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the shares of the line's traffic, which the application follows at its next request."""
    monkeypatch.setattr(traffic_module, "LOOK_SECONDS", 0.0)

    def write(**shares: object) -> None:
        staged = traffic_file.with_suffix(".new")
        staged.write_bytes(msgspec.json.encode({"line": shares}))
        staged.replace(traffic_file)

    return write


@pytest.fixture
def app(fake: FakeServer, traffic_file: Path) -> Iterator[Flask]:
    """The application, with small limits, in front of the fake model server."""
    settings = Settings(
        model_server=fake.target,
        traffic_file=str(traffic_file),
        max_body_bytes=1000,
        max_rows=5,
        timeout_seconds=2,
    )
    app = create_app(settings)
    yield app
    # gRPC shares connections between channels: a later test's server on the same port would meet this one's.
    app.extensions["model_server"].close()


@pytest.fixture
def measured() -> Measured:
    """The metrics' growth since the test began."""
    return Measured()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()
