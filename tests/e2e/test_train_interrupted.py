"""`python -m src.train`, interrupted by a signal: one line, and nothing is published."""

import os
import pty
import signal
import subprocess
import sys
import termios
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.commands import PROJECT, TIMEOUT_SECONDS, user_environment, versions
from tests.processes import wait_until

ENDLESS = "epochs=100000000"
SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]


def start(store: Path, stderr: int) -> subprocess.Popen[bytes]:
    """Start a training run that would take hours."""
    command: list[str | Path] = [sys.executable, "-m", "src.train", "--set", ENDLESS, "--store", store]
    return subprocess.Popen(
        command, cwd=PROJECT, env=user_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr
    )


def read_until(terminal: int, text: bytes) -> bytes:
    """Read what is written to a terminal until a text has come; b"" as text: until nobody writes any more."""
    seen = b""
    while not text or text not in seen:
        try:
            block = os.read(terminal, 4096)
        except OSError:  # Linux's way of saying that the other side is closed
            block = b""
        if not block:
            assert not text, f"{text!r} did not come: {seen!r}"
            return seen
        seen += block
    return seen


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("number", "exit_code", "word"), SIGNALS)
def test_a_training_run_can_be_interrupted(tmp_path: Path, number: signal.Signals, exit_code: int, word: str) -> None:
    """A signal during training removes the progress bar, says one line, and publishes nothing."""
    terminal, stderr = pty.openpty()
    termios.tcsetwinsize(stderr, (24, 80))  # on a terminal without columns the bar is empty
    process = start(tmp_path, stderr)
    os.close(stderr)
    with closing(os.fdopen(terminal, "rb", buffering=0)), process:
        try:
            before = read_until(terminal, b"loss=")
            process.send_signal(number)
            after = read_until(terminal, b"")
            assert process.wait(TIMEOUT_SECONDS) == exit_code
        finally:
            process.kill()
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert b"training:" in before
    assert b"\n" not in before, "the bar is one line"
    assert after.endswith(f"\rtrain: {word}\r\n".encode())
    assert after.count(b"\n") == 1
    assert versions(tmp_path) == []


@pytest.mark.parametrize(("number", "exit_code", "word"), SIGNALS)
def test_a_run_can_be_interrupted_while_tensorflow_is_loading(
    tmp_path: Path, number: signal.Signals, exit_code: int, word: str
) -> None:
    """A signal before training has begun gives the same one line, without TensorFlow's messages."""
    with start(tmp_path, subprocess.PIPE) as process:
        try:
            wait_until((tmp_path / "models.config").exists, TIMEOUT_SECONDS, "the store")
            wait_until(lambda: maps_tensorflow(process.pid), TIMEOUT_SECONDS, "TensorFlow's library")
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
        finally:
            process.kill()
    assert (process.returncode, stdout, stderr) == (exit_code, b"", f"train: {word}\n".encode())
    assert versions(tmp_path) == []


def maps_tensorflow(pid: int) -> bool:
    """Whether a process has begun to load TensorFlow's library."""
    return "libtensorflow" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
