"""The metrics of several worker processes, under gunicorn itself."""

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import free_port, running, wait_until
from tests.unit.gateway.fake_server import FakeServer

WAIT_SECONDS = 30


def get(port: int, path: str, body: str | None = None) -> str:
    """What is answered over a connection of its own; nothing while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST" if body else "GET", path, body)
        return connection.getresponse().read().decode()
    except ConnectionError:
        return ""
    finally:
        connection.close()


@pytest.mark.parametrize("given", [False, True], ids=["a folder of its own", "a given one"])
def test_workers_add_up_what_they_measure(fake: FakeServer, tmp_path: Path, given: bool) -> None:  # noqa: FBT001
    """Whichever worker is asked tells the sum of both, also of one that has ended; the folder is private and goes."""
    fake.labels = {"stable": 1}
    port, given_folder = free_port(), tmp_path / "given"
    given_folder.mkdir()
    env = {"PORT": str(port), "MODEL_SERVER": fake.target, "WORKERS": "2", "TMPDIR": str(tmp_path)}
    env |= {"PROMETHEUS_MULTIPROC_DIR": str(given_folder)} if given else {}
    command: list[str | Path] = [Path(sys.executable).with_name("gunicorn"), "-c", "gateway/gunicorn_config.py"]
    asked = 0

    def both_have_answered() -> bool:
        nonlocal asked
        asked += bool(get(port, "/predict", '{"data": 10}'))
        return len(list(folder().glob("counter_*.db"))) == 2

    def folder() -> Path:
        return given_folder if given else next(tmp_path.glob("gateway-metrics-*"))

    with running(command, log_file=tmp_path / "log", env=env) as gunicorn:
        wait_until(lambda: get(port, "/livez"), WAIT_SECONDS, "gunicorn")
        wait_until(both_have_answered, WAIT_SECONDS, "answers by both workers")
        line = f'gateway_predictions_total{{label="stable",model="line",version="1"}} {asked}.0'
        for _ in range(10):
            assert line in get(port, "/metrics")
        worker = int(re.findall(r"Booting worker with pid: (\d+)", gunicorn.output())[0])
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: gunicorn.output().count("Booting worker") == 3, WAIT_SECONDS, "another worker")
        assert line in get(port, "/metrics")
        made = folder()
        assert given or made.stat().st_mode & 0o777 == 0o700
        gunicorn.send(signal.SIGTERM)
        assert gunicorn.wait(WAIT_SECONDS) == 0
        assert made.exists() is given


def test_a_full_folder_costs_the_metrics_of_others_and_no_request(fake: FakeServer, tmp_path: Path) -> None:
    """Where there is no room for shared counts, a worker counts for itself and says so, and answers on."""
    fake.labels = {"stable": 1}
    port = free_port()
    words = f"exec {Path(sys.executable).with_name('gunicorn')} -c gateway/gunicorn_config.py"
    (tmp_path / "small").mkdir()
    mount = f"mount -t tmpfs -o size=16k tmpfs {tmp_path / 'small'}"
    namespace = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    if subprocess.run([*namespace, mount], capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small disk here")
    env = {"PORT": str(port), "MODEL_SERVER": fake.target, "WORKERS": "1", "TMPDIR": str(tmp_path / "small")}
    with running([*namespace, f"{mount} && {words}"], log_file=tmp_path / "log", env=env) as gunicorn:
        wait_until(lambda: get(port, "/livez"), WAIT_SECONDS, "gunicorn")
        for _ in range(5):
            assert '"version":1' in get(port, "/predict", '{"data": 10}')
        assert 'gateway_predictions_total{label="stable",model="line",version="1"} 5.0' in get(port, "/metrics")
        assert "no room to share metrics" in gunicorn.output()
        assert gunicorn.output().count("Booting worker") == 1


def test_a_gateway_that_takes_anothers_place_has_a_folder_of_its_own(fake: FakeServer, tmp_path: Path) -> None:
    """After SIGHUP and SIGUSR2 the new master does not take the old one's folder, which goes with that."""
    fake.labels = {"stable": 1}
    port = free_port()
    env = {"PORT": str(port), "MODEL_SERVER": fake.target, "WORKERS": "1", "TMPDIR": str(tmp_path)}
    command: list[str | Path] = [Path(sys.executable).with_name("gunicorn"), "-c", "gateway/gunicorn_config.py"]
    with running(command, log_file=tmp_path / "log", env=env) as gunicorn:
        wait_until(lambda: get(port, "/livez"), WAIT_SECONDS, "gunicorn")
        gunicorn.send(signal.SIGHUP)
        wait_until(lambda: gunicorn.output().count("Booting worker") == 2, WAIT_SECONDS, "another worker")
        gunicorn.send(signal.SIGUSR2)
        wait_until(lambda: gunicorn.output().count("Booting worker") == 3, WAIT_SECONDS, "the new master's worker")
        gunicorn.send(signal.SIGTERM)
        gunicorn.wait(WAIT_SECONDS)
        assert '"version":1' in get(port, "/predict", '{"data": 10}')
        assert "gateway_predictions_total" in get(port, "/metrics")
