"""Run the embedded server and the gateway on this computer and say when they answer: what `make run` starts.

Models that have no version to serve yet are trained first. HOST, PORT and MODEL_SERVER_PORT choose where to listen,
MODELS or MODEL_NAME which models. honcho supervises the two servers: it marks whose output a line is, and when one of
them ends it stops the other. This file adds what honcho does not do: it looks first whether the ports are free, waits
until the gateway is ready, and counts being stopped by Ctrl-C as success.
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
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from deploy import models, training
from src import cli, store
from src.errors import StoreError
from src.release import traffic

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


def curls(host: str, port: int, others: Sequence[str]) -> list[str]:
    """Commands that ask the served models, with examples that they take, as the gateway's own document has them.

    Args:
        host: Where the gateway is.
        port: Its port.
        others: The models that are not behind /predict.

    Returns:
        One for /predict, and one for each of the others that the document knows.
    """
    document = json.loads(get(host, port, "/openapi.json") or "{}")
    bodies = {
        path: _example(document, path) for path in ("/predict", *(f"/v1/models/{name}:predict" for name in others))
    }
    bodies["/predict"] = bodies["/predict"] or '{"data": [10]}'
    return [f"curl -d {shlex.quote(body)} {_url(host, port)}{path}" for path, body in bodies.items() if body]


def _example(document: Any, path: str) -> str | None:
    try:
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        return json.dumps(content["examples"]["example"]["value"])
    except KeyError:
        return None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def accepts(port: int) -> bool:
    """Whether something listens on a port of this computer."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def announce(host: str, port: int, server_port: int, others: Sequence[str] = ()) -> None:
    """Wait until the gateway is ready and say how to try it.

    It is asked only once the embedded server is up, since it logs an error each time it is asked before.

    Args:
        host: Where the gateway is.
        port: Its port.
        server_port: The embedded server's.
        others: The models that are not behind /predict.
    """
    url = _url(host, port)
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not (accepts(server_port) and get(host, port, "/readyz") is not None):
        if time.monotonic() > deadline:
            print(f"\nNot ready after {READY_WITHIN_SECONDS} s; {url}/readyz says why.\n", flush=True)
            return
        time.sleep(0.2)
    commands = "\n".join(f"  {command}" for command in curls(host, port, others))
    elsewhere = f"For src.release:\n  export MODEL_SERVER={LOOPBACK}:{server_port}\n" if server_port != 8500 else ""
    print(f"\nReady: {url}  (Ctrl-C stops it). Try:\n{commands}\n{elsewhere}", flush=True)


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
        default, *others = models.chosen(os.environ)
        store.prepare(cli.DEFAULT_STORE)  # removes what a killed run left
        new = models.without_version(cli.DEFAULT_STORE, [default, *others])
    except (ValueError, StoreError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    # Where the model server will listen: another one, of another store, is not to be waited for by the training.
    environment = os.environ | {"MODEL_SERVER": f"{LOOPBACK}:{server_port}"}
    if failed := training.train(new, environment):
        return failed
    reached = ANY_ADDRESS.get(host, host)
    threading.Thread(target=announce, args=(reached, port, server_port, others), daemon=True).start()
    return supervise(
        environment
        | {
            "HOST": host,
            "PORT": str(port),
            "MODEL_NAME": default,
            "MODEL_NAMES": ",".join(filter(None, [*others, os.environ.get("MODEL_NAMES")])),
            "MODEL_SERVER_PORT": str(server_port),
            "TRAFFIC_FILE": str(cli.DEFAULT_STORE / traffic.TRAFFIC_FILE),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",  # their output goes into honcho's pipe, line by line
        }
    )


if __name__ == "__main__":
    sys.exit(main())
