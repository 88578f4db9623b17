"""Real clients, in processes of their own: their Python has other versions of our packages (tests/clients)."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

PROJECT = Path(__file__).parents[3]
STOP_SECONDS = 30.0
NOT_INSTALLED = "the clients are not installed: `make test` makes .venv-clients (or name a Python that has them with \
PROTOCOL_CLIENTS_PYTHON)"


class ClientError(Exception):
    """What a client raised.

    Attributes:
        kind: The exception's class.
        status: The HTTP status that it tells of, if it does.
        message: Its text.
    """

    def __init__(self, *, type: str, status: int | None, message: str) -> None:  # noqa: A002  # as the program has it
        super().__init__(f"{type}: {message}")
        self.kind = type
        self.status = status
        self.message = message


class Client:
    """A running client program; `client.method(argument=...)` is a call of the real client's method."""

    def __init__(self, stdin: IO[str], stdout: IO[str], log: Path) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._log = log

    def __getattr__(self, method: str) -> Any:
        return lambda **arguments: self._call(method, arguments)

    def _call(self, method: str, arguments: dict[str, Any]) -> Any:
        self._stdin.write(json.dumps({"method": method, "arguments": arguments}) + "\n")
        self._stdin.flush()
        line = self._stdout.readline()
        assert line, f"the client program ended:\n{self._log.read_text(encoding='utf-8')}"
        outcome = json.loads(line)
        if "error" in outcome:
            raise ClientError(**outcome["error"])
        return outcome["result"]


def tensor(name: str, datatype: str, values: list[Any], *, binary: bool = True) -> dict[str, Any]:
    """An input as the client programs take it.

    Args:
        name: The input's name.
        datatype: In the Open Inference Protocol's words.
        values: Nested lists.
        binary: Whether the values travel as binary data, or else in the JSON.
    """
    return {"name": name, "datatype": datatype, "values": values, "binary": binary}


@contextmanager
def client(program: str, *arguments: str, log: Path) -> Iterator[Client]:
    """Run a client program until the block ends, or skip the test where the clients are not installed.

    Args:
        program: A module in tests/clients.
        *arguments: The program's.
        log: Takes what it writes to standard error.

    Yields:
        The client.
    """
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [_python(), "-m", f"tests.clients.{program}", *arguments],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Client(process.stdin, process.stdout, log)
            process.stdin.close()  # it ends with its input
            assert process.wait(STOP_SECONDS) == 0, log.read_text(encoding="utf-8")
        finally:
            process.kill()


def _python() -> str:
    named = os.environ.get("PROTOCOL_CLIENTS_PYTHON")
    python = PROJECT / ".venv-clients" / "bin" / "python"
    if not named and not python.exists():
        pytest.skip(NOT_INSTALLED)
    return named or str(python)
