import json
import os
import runpy
import subprocess
import sys
from typing import Any

import pytest
from gunicorn.util import load_class
from gunicorn.workers.gthread import ThreadWorker

from gateway.config import ConfigError, Settings, load_settings


def test_has_defaults_for_everything() -> None:
    """With an empty environment the gateway listens on loopback and asks a model server on this machine."""
    settings = load_settings({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.model_server) == ("127.0.0.1", 8080, "127.0.0.1:8500")


def test_reads_the_environment() -> None:
    """Each option is read from the variable of its name, typed; an empty one counts as not set."""
    settings = load_settings(
        {"PORT": "9000", "TIMEOUT_SECONDS": "0.5", "MODEL_NAME": "diamonds", "WORKERS": "", "X": "y"}
    )
    assert settings == Settings(port=9000, timeout_seconds=0.5, model_name="diamonds")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", "PORT=http: expected `int`"),
        ("PORT", "65536", "PORT=65536: expected `int` <= 65535"),
        ("WORKERS", "0", "WORKERS=0: expected `int` >= 1"),
        ("TIMEOUT_SECONDS", "-1", "TIMEOUT_SECONDS=-1: expected `float` > 0.0"),
        ("MODEL_NAME", "a/b", "MODEL_NAME=a/b: expected `str` matching regex '^[A-Za-z0-9_.-]+$'"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL=loud: invalid enum value 'loud'"),
    ],
)
def test_refuses_bad_values(name: str, value: str, message: str) -> None:
    """A value of the wrong type or out of bounds is refused with the variable's name."""
    with pytest.raises(ConfigError) as caught:
        load_settings({name: value})
    assert str(caught.value) == message


def gunicorn_config(monkeypatch: pytest.MonkeyPatch, **environ: str) -> dict[str, Any]:
    """Gunicorn's settings under an environment."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path("gateway/gunicorn_config.py")


def test_gunicorn_takes_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, workers and threads are the environment's."""
    config = gunicorn_config(monkeypatch, HOST="0.0.0.0", PORT="9000", WORKERS="3", THREADS="5")  # noqa: S104
    assert (config["bind"], config["workers"], config["threads"]) == ("0.0.0.0:9000", 3, 5)


def test_gunicorn_listens_on_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """An IPv6 address is put in brackets, as gunicorn wants it."""
    assert gunicorn_config(monkeypatch, HOST="::1", PORT="9000")["bind"] == "[::1]:9000"


def test_gunicorn_suits_grpc_and_a_read_only_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers have threads and begin after the fork; no control socket is written; an idle balancer hangs up first."""
    config = gunicorn_config(monkeypatch)
    assert issubclass(load_class(config["worker_class"]), ThreadWorker)
    assert config["preload_app"] is False
    assert config["control_socket_disable"] is True
    assert config["keepalive"] > 60


def test_gunicorn_does_not_start_on_a_bad_option() -> None:
    """A bad option ends the start with one line that names it."""
    command = [sys.executable, "-c", "import gateway.gunicorn_config"]
    ended = subprocess.run(
        command, env=os.environ | {"PORT": "http"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "gateway: PORT=http: expected `int`\n")


def test_is_thin() -> None:
    """Importing all of the gateway brings in neither TensorFlow nor Keras nor NumPy, nor the other rooms."""
    code = (
        "import json, sys, pkgutil, importlib, gateway\n"
        "for module in pkgutil.walk_packages(gateway.__path__, 'gateway.'): importlib.import_module(module.name)\n"
        "gateway.create_app(); print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    imported = set(json.loads(ended.stdout))
    assert {"gateway", "flask", "grpc"} <= imported
    assert not imported & {"tensorflow", "keras", "numpy", "tensorflow_serving", "src", "serving"}
