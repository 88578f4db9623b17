"""The two model servers that the product works with, and how tests start them."""

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

Command = Callable[[Path, int], list[str]]


def embedded_command(store: Path, port: int) -> list[str]:
    """Tell how to start the embedded server.

    Args:
        store: the model store's folder.
        port: the gRPC port.

    Returns:
        The program and its arguments.
    """
    # Five looks a second: a test waits for the next one again and again.
    options = ["--store", str(store), "--port", str(port), "--poll-seconds", "0.2"]
    return [sys.executable, "-m", "serving.embedded", *options]


def find_real_server() -> str:
    """Find the real server: what TENSORFLOW_MODEL_SERVER names, else tensorflow_model_server on PATH.

    Returns:
        The program; empty when there is none.
    """
    return os.environ.get("TENSORFLOW_MODEL_SERVER") or shutil.which("tensorflow_model_server") or ""


def real_command(program: str, store: Path, port: int) -> list[str]:
    """Tell how to start the real server.

    Args:
        program: tensorflow_model_server or a wrapper around its container.
        store: the model store's folder.
        port: the gRPC port.

    Returns:
        The program and its arguments.
    """
    return [
        program,
        f"--port={port}",
        f"--model_config_file={store / 'models.config'}",
        "--model_config_file_poll_wait_seconds=1",
        "--file_system_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models=true",  # else it ends at once when its config has a label
        "--enable_grpc_healthcheck_service=true",
        "--num_load_threads=2",  # else loading, and waiting to retry it, holds up everything else
        "--grpc_max_threads=64",  # the default, 4 a core, fails calls beyond it instead of queueing them
    ]


REAL_SERVER = find_real_server()


def found_command() -> Command:
    """How to start a server for a run that takes one: the real one where it is found, else the embedded one."""
    return partial(real_command, REAL_SERVER) if REAL_SERVER else embedded_command


NOT_FOUND = "tensorflow_model_server is not on PATH and TENSORFLOW_MODEL_SERVER does not name it"
# For `params` of a fixture: the real server's tests are skipped, visibly, where it is not on this machine.
MODEL_SERVERS = [
    pytest.param(embedded_command, id="embedded"),
    pytest.param(
        partial(real_command, REAL_SERVER),
        id="tensorflow_model_server",
        marks=[] if REAL_SERVER else pytest.mark.skip(reason=NOT_FOUND),
    ),
]
