from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import create_app
from gateway.config import Settings
from tests.unit.gateway.fake_server import FakeServer, serving


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A model server that serves the line, until the test changes it."""
    with serving(FakeServer()) as fake:
        yield fake


@pytest.fixture
def app(fake: FakeServer) -> Iterator[Flask]:
    """The application, with small limits, in front of the fake model server."""
    app = create_app(Settings(model_server=fake.target, max_body_bytes=1000, max_rows=5, timeout_seconds=2))
    yield app
    # gRPC shares connections between channels: a later test's server on the same port would meet this one's.
    app.extensions["model_server"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()
