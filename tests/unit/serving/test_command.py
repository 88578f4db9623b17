import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.processes import Process, free_port, running, wait_until

WAIT_SECONDS = 60.0
COMMAND = [sys.executable, "-m", "serving.embedded"]


def run(log_file: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the command to its end, and tell its exit code and the lines of its output."""
    with running([*COMMAND, *arguments], log_file=log_file) as process:
        return process.wait(WAIT_SECONDS), process.output().splitlines()


@contextmanager
def serving(store: Path, port: int, log_file: Path) -> Iterator[Process]:
    """Serve a store until the block ends, and begin the block when it is served."""
    arguments = ["--store", str(store), "--port", str(port)]
    with running([*COMMAND, *arguments], log_file=log_file) as process:

        def is_serving() -> bool:
            process.check()
            return "serving gRPC" in process.output()

        wait_until(is_serving, WAIT_SECONDS, "the embedded server")
        yield process


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--port", "x"], "argument --port: 'x' is no port (0 to 65535)"),
        (["--port", "70000"], "argument --port: '70000' is no port (0 to 65535)"),
        (["--poll-seconds", "0"], "argument --poll-seconds: '0' is no positive number of seconds"),
        (["--poll-seconds", "nan"], "argument --poll-seconds: 'nan' is no positive number of seconds"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_bad_arguments_get_one_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    """A bad argument ends the command with code 2 and one line that says what is wrong."""
    assert run(tmp_path / "log", *arguments) == (2, [f"python -m serving.embedded: error: {complaint}"])


def test_missing_store_gets_one_line(tmp_path: Path) -> None:
    """A store that is no folder ends the command with code 1 and one line."""
    store = tmp_path / "none"
    expected = f"python -m serving.embedded: error: the model store {store} is not a folder"
    assert run(tmp_path / "log", "--store", str(store)) == (1, [expected])


def test_unparsable_config_gets_one_line(tmp_path: Path) -> None:
    """A models.config that cannot be read at the start ends the command with code 1 and one line."""
    (tmp_path / "models.config").write_text("model_config_list {")
    code, lines = run(tmp_path / "log", "--store", str(tmp_path))
    assert code == 1
    assert len(lines) == 1
    assert f"error: {tmp_path / 'models.config'} cannot be read" in lines[0]


def test_port_in_use_gets_one_line(tmp_path: Path) -> None:
    """A port that another program listens on ends the command with code 1 and one line."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, lines = run(tmp_path / "log", "--store", str(tmp_path), "--port", str(port))
    expected = f"cannot listen on 127.0.0.1:{port}: in use, or no address of this machine"
    assert (code, lines) == (1, [f"python -m serving.embedded: error: {expected}"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """After a signal the health service says NOT_SERVING, and the command ends with code 0 and no noise."""
    port = free_port()
    with ExitStack() as stack:
        process = stack.enter_context(serving(tmp_path, port, tmp_path / "log"))
        channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=WAIT_SECONDS)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        process.send(number)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        assert process.wait(WAIT_SECONDS) == 0
        words = [line.split(maxsplit=1)[1] for line in process.output().splitlines()]
    assert words == [f"serving gRPC on 127.0.0.1:{port}, store {tmp_path}", "stopping"]


def test_killed_server_starts_again_on_its_port(tmp_path: Path) -> None:
    """After kill -9 the port is free for the next server at once."""
    port = free_port()
    with (
        serving(tmp_path, port, tmp_path / "first.log") as process,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        health.Check(health_pb2.HealthCheckRequest(), timeout=WAIT_SECONDS)
        process.send(signal.SIGKILL)
        assert process.wait(WAIT_SECONDS) == -signal.SIGKILL
        with serving(tmp_path, port, tmp_path / "second.log"):
            health.Check(health_pb2.HealthCheckRequest(), timeout=WAIT_SECONDS, wait_for_ready=True)
