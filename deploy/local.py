"""Run the embedded server and the gateway on this computer and say when they answer: what `make run` starts.

A model that has no version to serve yet is trained first. HOST, PORT and MODEL_SERVER_PORT choose where to listen,
MODEL_NAME which model. honcho supervises the two servers: it marks whose output a line is, and when one of them ends it
stops the other. This file adds what honcho does not do: it looks first whether the ports are free, waits until the
gateway is ready, and counts being stopped by Ctrl-C as success.
"""

import contextlib
import errno
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from src import cli, models_config, recipes, store
from src.errors import StoreError
from src.release import state, traffic

ROOT = Path(__file__).parents[1]
PROCFILE = ROOT / "deploy" / "Procfile"
LOOPBACK = "127.0.0.1"
ANY_ADDRESS = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 (recognised here, not listened on)
READY_WITHIN_SECONDS = 60


def port_from(variable: str, default: int) -> int:
    """Read a port from the environment.

    Raises:
        ValueError: The variable holds no port's number.
    """
    value = os.environ.get(variable) or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise ValueError(f"{variable}={value} is not a port (1 to 65535)")
    return int(value)


def check_free(host: str, port: int, variable: str) -> None:
    """Check that nobody listens on a port.

    The servers would say so themselves, but each in its own log, one of them after five attempts, and only after the
    other has been started.

    Raises:
        ValueError: The port or the host cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        hint = f"; choose another port: {variable}=..." if error.errno == errno.EADDRINUSE else ""
        raise ValueError(f"cannot listen on {host}:{port}: {reason}{hint}") from error


def free_ports(host: str) -> tuple[int, int]:
    """The gateway's and the model server's port, both free.

    Args:
        host: Where the gateway is to listen.

    Raises:
        ValueError: A port is none, is taken, or is wanted by both.
    """
    port, server_port = port_from("PORT", 8080), port_from("MODEL_SERVER_PORT", 8500)
    if port == server_port:
        raise ValueError(f"PORT and MODEL_SERVER_PORT are both {port}")
    check_free(host, port, "PORT")
    check_free(LOOPBACK, server_port, "MODEL_SERVER_PORT")
    return port, server_port


def get(host: str, port: int, path: str) -> bytes | None:
    """Ask the gateway once; None unless it answers with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=2)  # urllib would ask a proxy, where one is set
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def example(host: str, port: int) -> str:
    """A request that the served model takes, as the gateway's own document has it."""
    document = json.loads(get(host, port, "/openapi.json") or "{}")
    try:
        content = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        return json.dumps(content["examples"]["example"]["value"])
    except KeyError:
        return '{"data": [10]}'


def accepts(port: int) -> bool:
    """Whether something listens on a port of this computer."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def announce(host: str, port: int, server_port: int) -> None:
    """Wait until the gateway is ready and say how to try it.

    It is asked only once the embedded server is up, since it logs an error each time it is asked before.
    """
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not (accepts(server_port) and get(host, port, "/readyz") is not None):
        if time.monotonic() > deadline:
            print(f"\nNot ready after {READY_WITHIN_SECONDS} s; {url}/readyz says why.\n", flush=True)
            return
        time.sleep(0.2)
    body = shlex.quote(example(host, port))
    elsewhere = f"For src.release:\n  export MODEL_SERVER={LOOPBACK}:{server_port}\n" if server_port != 8500 else ""
    print(f"\nReady: {url}  (Ctrl-C stops it). Try:\n  curl -d {body} {url}/predict\n{elsewhere}", flush=True)


def train_if_new(model: str, server_port: int) -> int:
    """Train a model that has no version to serve yet.

    Args:
        model: The model's name, which is its recipe's.
        server_port: Where its model server will listen: another one, of another store, is not to be waited for.

    Returns:
        The training's exit code; 0 where there is a stable version already.

    Raises:
        StoreError: The store's `models.config` is not valid.
    """
    if state.stable(cli.DEFAULT_STORE, model) is not None:
        return 0
    if model not in recipes.names() and (kept := models_config.versions(cli.DEFAULT_STORE / model)):
        print(f"run: no version of {model} is promoted; not promoted: {', '.join(map(str, kept))}", file=sys.stderr)
        return 1
    environment = os.environ | {"MODEL_SERVER": f"{LOOPBACK}:{server_port}"}
    return subprocess.run([sys.executable, "-m", "src.train", model], cwd=ROOT, env=environment, check=False).returncode


def supervise(environment: dict[str, str]) -> int:
    """Run the Procfile's processes until one ends or a signal asks to stop.

    Ctrl-C and a closed terminal must reach this process alone, which asks honcho to stop the others in good order.
    So honcho gets a session of its own, and its output passes through here: writing to a terminal that is gone, it
    would fail before it has stopped them.

    Args:
        environment: The processes' environment.

    Returns:
        The exit code: 0 if asked to stop, else that of the process that ended first.
    """
    command = [sys.executable, "-m", "honcho", "start", "-f", str(PROCFILE), "-d", str(ROOT), "-e", os.devnull]
    asked = threading.Event()
    started: list[subprocess.Popen[bytes]] = []

    def stop(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        for process in started:
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    with subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.PIPE) as honcho:
        started.append(honcho)
        if asked.is_set():  # while it was being started
            honcho.terminate()
        for line in honcho.stdout or ():
            with contextlib.suppress(OSError):
                os.write(1, line)
        status = honcho.wait()
    return 0 if asked.is_set() else status or 1


def main() -> int:
    """Run both.

    Returns:
        The exit code.
    """
    host = os.environ.get("HOST") or LOOPBACK
    try:
        port, server_port = free_ports(host)
        store.prepare(cli.DEFAULT_STORE)  # removes what a killed run left
    except (ValueError, StoreError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    if failed := train_if_new(os.environ.get("MODEL_NAME") or cli.DEFAULT_RECIPE, server_port):
        return failed
    threading.Thread(target=announce, args=(ANY_ADDRESS.get(host, host), port, server_port), daemon=True).start()
    return supervise(
        os.environ
        | {
            "HOST": host,
            "PORT": str(port),
            "MODEL_SERVER": f"{LOOPBACK}:{server_port}",
            "MODEL_SERVER_PORT": str(server_port),
            "TRAFFIC_FILE": str(cli.DEFAULT_STORE / traffic.TRAFFIC_FILE),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",  # their output goes into honcho's pipe, line by line
        }
    )


if __name__ == "__main__":
    sys.exit(main())
