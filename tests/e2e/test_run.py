"""What `make run` starts once everything is installed."""

import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from socket import create_connection, create_server
from unittest.mock import ANY

import msgspec
import psutil
import pytest

from tests.processes import free_port, running, wait_until

BEGUN = """
build, before = build_model, RECIPE
def build_model(*given):
    open("begun", "w").close()
    return build(*given)
RECIPE = Recipe(**{**vars(before), "build_model": build_model})
"""  # put at the end of a recipe's file, it tells when its model is built


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


def test_several_models_are_trained_and_served(checkout: Path) -> None:
    """Each that is new is trained, after a line that says so; the first answers /predict, all their own routes."""
    recipe = (checkout / "src" / "recipes" / "line.py").read_text(encoding="utf-8")
    slope = recipe.replace('name="line"', 'name="slope"').replace("3 * column + 1", "2 * column")
    (checkout / "src" / "recipes" / "slope.py").write_text(slope, encoding="utf-8")
    params = (checkout / "params.yaml").read_text(encoding="utf-8")
    (checkout / "params.yaml").write_text(
        f"{params}slope: {{seed: 1, epochs: 500, batch_size: 32, learning_rate: 0.01}}\n"
    )
    environment = {"PORT": str(free_port()), "MODEL_SERVER_PORT": str(free_port()), "MODELS": "slope line"}
    command = [sys.executable, "-m", "deploy.local"]
    with running(command, log_file=checkout / "log", env=environment, cwd=checkout) as process:
        wait_until(lambda: "Ready:" in process.output() or process.exit_code is not None, 120, "the line that says so")
        process.check()
        lines = process.output().splitlines()
        told = [line for line in lines if line.startswith("run: ")]
        assert [line.partition(",")[0] for line in told] == [
            "run: training slope (1 of 2)",
            "run: training line (2 of 2)",
        ]
        curls = [line for line in lines if line.strip().startswith("curl ")]
        answers = [subprocess.run(shlex.split(c), capture_output=True, timeout=60, check=True).stdout for c in curls]
    assert [msgspec.json.decode(answer) for answer in answers] == [
        {"prediction": [pytest.approx(20, abs=0.1)], "model": "slope", "version": 1, "warnings": ANY},
        {"predictions": [[pytest.approx(31, abs=1e-2)]]},
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_training_does_not_outlive_it(checkout: Path, number: signal.Signals) -> None:
    """Whatever stops it while it trains stops the training first, and the exit code tells."""
    params = (checkout / "params.yaml").read_text(encoding="utf-8")
    (checkout / "params.yaml").write_text(params.replace("epochs: 500", "epochs: 100000000"), encoding="utf-8")
    with (checkout / "src" / "recipes" / "line.py").open("a", encoding="utf-8") as recipe:
        recipe.write(BEGUN)
    environment = {"PORT": str(free_port()), "MODEL_SERVER_PORT": str(free_port())}
    command = [sys.executable, "-m", "deploy.local"]
    with running(command, log_file=checkout / "log", env=environment, cwd=checkout) as process:
        wait_until((checkout / "begun").exists, 60, "the model to be built")
        (training,) = psutil.Process(process.pid).children()
        process.send(number)
        expected, told = (130, "interrupted") if number == signal.SIGINT else (143, "terminated")
        assert process.wait(60) == expected, process.output()
        assert not training.is_running()
    assert process.output().splitlines() == ["run: training line, which has no version to serve yet", f"train: {told}"]


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
