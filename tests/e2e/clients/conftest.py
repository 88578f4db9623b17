import sys
from collections.abc import Iterator
from contextlib import suppress

import grpc
import pytest
import requests

from tests.contract.model_server import ModelServer, State
from tests.e2e.clients.program import Client, client
from tests.e2e.clients.store import VERSIONS, publish
from tests.e2e.stack import START_SECONDS, Stack, started
from tests.processes import free_port, running, wait_until
from tests.servers import Command


@pytest.fixture(scope="package")
def url(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway in front of a model server that has loaded everything in the store."""
    folder = tmp_path_factory.mktemp("clients")
    publish(folder / "store")
    with started(folder, server_command) as stack:
        wait_for_models(stack)
        stack.wait_until_ready()
        yield stack.url


def wait_for_models(stack: Stack) -> None:
    """Wait until the model server has loaded all versions."""
    target = ":".join(map(str, stack.server_address))
    with grpc.insecure_channel(target) as channel:
        grpc.channel_ready_future(channel).result(START_SECONDS)
        server = ModelServer(stack.server, stack.store, target, channel)
        for name, versions in VERSIONS.items():
            for version in versions:
                server.wait_for(name, version, State.AVAILABLE)


@pytest.fixture(scope="package")
def lonely_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway whose model server is away."""
    port, nobody = free_port(), free_port()
    environment = {"PORT": str(port), "MODEL_SERVER": f"127.0.0.1:{nobody}", "WORKERS": "1"}
    words = [sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn_config.py"]
    log_file = tmp_path_factory.mktemp("lonely") / "gateway.log"
    with running(words, log_file=log_file, env=environment) as gateway:
        url = f"http://127.0.0.1:{port}"

        def is_live() -> bool:
            gateway.check()
            with suppress(requests.ConnectionError):
                return requests.get(f"{url}/livez", timeout=30).ok
            return False

        wait_until(is_live, START_SECONDS, "the gateway")
        yield url


@pytest.fixture(scope="package")
def triton(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Triton's client."""
    with client("triton", url.removeprefix("http://"), log=tmp_path_factory.mktemp("triton") / "log") as running_client:
        yield running_client


@pytest.fixture
def lonely_triton(lonely_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Triton's client of a gateway whose model server is away."""
    log = tmp_path_factory.mktemp("triton") / "log"
    with client("triton", lonely_url.removeprefix("http://"), log=log) as running_client:
        yield running_client


@pytest.fixture(scope="package")
def kserve_v1(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """KServe's client, speaking protocol v1."""
    with client("kserve_rest", url, "v1", log=tmp_path_factory.mktemp("kserve") / "log") as running_client:
        yield running_client


@pytest.fixture(scope="package")
def kserve_v2(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """KServe's client, speaking protocol v2."""
    with client("kserve_rest", url, "v2", log=tmp_path_factory.mktemp("kserve") / "log") as running_client:
        yield running_client


@pytest.fixture(params=["v1", "v2"])
def lonely_kserve(
    request: pytest.FixtureRequest, lonely_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """KServe's client of a gateway whose model server is away."""
    log = tmp_path_factory.mktemp("kserve") / "log"
    with client("kserve_rest", lonely_url, request.param, log=log) as running_client:
        yield running_client
