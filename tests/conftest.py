import os

import hypothesis
import pytest

from tests.servers import MODEL_SERVERS, Command

# gRPC's C++ core writes informational lines past Python's logging, such as that a connection was closed by its peer.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# Commands ask no model server but the one that their test names: another one may run on this machine.
os.environ["MODEL_SERVER"] = "127.0.0.1:1"
# How long an example takes is the machine's affair: the first may wait for TensorFlow's import.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", params=MODEL_SERVERS)
def server_command(request: pytest.FixtureRequest) -> Command:
    """How to start each of the two model servers that the product works with."""
    command: Command = request.param
    return command
