"""What `make run` starts once everything is installed."""

import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from socket import create_connection, create_server

import msgspec
import pytest

from tests.processes import free_port, running, wait_until


def is_listened_on(port: int) -> bool:
    """Whether anything on this computer listens on a port."""
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project with a model store of its own."""
    for room in ("src", "serving", "gateway", "deploy"):
        shutil.copytree(room, tmp_path / room, ignore=shutil.ignore_patterns("models", "__pycache__"))
    shutil.copy("params.yaml", tmp_path)
    return tmp_path


def test_runs_until_interrupted(checkout: Path) -> None:
    """It trains the new model, prints a command that works as it stands, and Ctrl-C ends both servers with success."""
    port, server_port = free_port(), free_port()
    environment = {"PORT": str(port), "MODEL_SERVER_PORT": str(server_port)}
    python = [sys.executable, "-m"]
    with running([*python, "deploy.local"], log_file=checkout / "log", env=environment, cwd=checkout) as process:
        wait_until(lambda: "Ready:" in process.output() or process.exit_code is not None, 90, "the line that says so")
        process.check()
        (curl,) = [line for line in process.output().splitlines() if line.strip().startswith("curl ")]
        answer = subprocess.run(shlex.split(curl), capture_output=True, timeout=60, check=True).stdout
        assert msgspec.json.decode(answer)["prediction"] == [pytest.approx(31, abs=1e-2)]
        process.send(signal.SIGINT)
        assert process.wait(60) == 0, process.output()
    assert "Traceback" not in process.output()
    assert not is_listened_on(port)
    assert not is_listened_on(server_port)


@pytest.mark.parametrize("variable", ["PORT", "MODEL_SERVER_PORT"])
def test_says_that_a_port_is_taken(variable: str) -> None:
    """A port that somebody listens on ends it with one line that names the setting."""
    with closing(create_server(("127.0.0.1", 0))) as taken:
        environment = {"PORT": str(free_port()), "MODEL_SERVER_PORT": str(free_port())}
        environment[variable] = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "deploy.local"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    place = f"127.0.0.1:{environment[variable]}"
    reason = "Address already in use"
    assert ended.stderr == f"run: cannot listen on {place}: {reason}; choose another port: {variable}=...\n"
