"""Runs programs with a folder on a disk of a few kilobytes, in a mount namespace that ends with the program."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

# Where we are not root, a user namespace in which we are.
_NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
_LISTING = "--- files left on the disk"


@dataclass(frozen=True)
class Ended:
    """How the program ended, and the disk's files then, sorted."""

    exit_code: int
    stdout: str
    stderr: str
    files: list[str]


def run_on_small_disk(folder: Path, kilobytes: int, command: Sequence[str | Path]) -> Ended:
    """Run a program that finds a small disk mounted on a folder.

    Skips the test, visibly, where this system lets us mount nothing.

    Args:
        folder: An empty folder; seen from outside it stays empty.
        kilobytes: The disk's size.
        command: The program and its arguments.

    Returns:
        How it ended.
    """
    mount = f"mount -t tmpfs -o size={kilobytes}k tmpfs {shlex.quote(str(folder))}"
    allowed = _run(mount)
    if allowed.returncode:
        pytest.skip(f"cannot mount a small disk here: {allowed.stderr.strip()}")
    program = shlex.join(str(word) for word in command)
    listing = f"cd {shlex.quote(str(folder))} && find . -type f -o -type d -name '.?*'"
    ended = _run(f"{mount} && {{ {program}; code=$?; echo {shlex.quote(_LISTING)}; {listing}; exit $code; }}")
    stdout, _, files = ended.stdout.partition(_LISTING)
    return Ended(ended.returncode, stdout, ended.stderr, sorted(file.removeprefix("./") for file in files.split()))


def _run(script: str) -> subprocess.CompletedProcess[str]:
    command = [*_NAMESPACE, "sh", "-c", script]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError as error:  # no unshare, as on macOS
        return subprocess.CompletedProcess(command, 127, "", str(error))
