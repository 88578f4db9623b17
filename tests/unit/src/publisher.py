"""A publisher without TensorFlow, run as a program of its own so that it can be killed, doubled or run out of disk.

python -m tests.unit.src.publisher kill STORES   publishes in STORES/1, STORES/2, ..., killed at the 1st, 2nd, ... step
python -m tests.unit.src.publisher race STORE    waits for a line on standard input, then publishes five versions
python -m tests.unit.src.publisher once STORE    publishes one version
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from src import cli, store
from src.release.operations import Operator
from tests.unit.src.release.stored import saved_model

MAX_STEPS = 400
RACE_VERSIONS = 5
FILES = ("variables/variables.data", "variables/variables.index", "assets.extra/warmup")  # full of a mark
OTHER_FILES = ("saved_model.pb", "assets.extra/SHA256SUMS")
CONTENT_BYTES = 5000


def write(path: Path, mark: str) -> None:
    """Write a version with three files that are full of the mark."""
    for name in FILES:
        (path / name).parent.mkdir(exist_ok=True, parents=True)
        (path / name).write_text(mark * CONTENT_BYTES, encoding="utf-8")
    (path / "saved_model.pb").write_bytes(saved_model())


def publish(folder: Path, mark: str) -> int:
    """Do what a training run does to the store."""
    store.prepare(folder)
    promote = partial(Operator(store=folder, keep=MAX_STEPS).promote, "line")
    return store.publish(folder, "line", partial(write, mark=mark), promote)


def _kill_at(step: int) -> None:
    """Have this process kill itself right before its `step`-th access to the filesystem."""
    taken = 0

    def on_step() -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_event(event: str, _arguments: tuple[Any, ...]) -> None:
        if event == "open" or event.startswith(("os.", "fcntl.")):
            on_step()

    def counted(function: Callable[[int], None], descriptor: int) -> None:
        on_step()
        function(descriptor)

    os.fsync = partial(counted, os.fsync)  # raises no audit event of its own
    sys.addaudithook(on_event)


def kill_at_every_step(stores: Path) -> None:
    """Publish in a copy of STORES/0 for each step, killed there; the last copy is the one that was not killed."""
    for step in range(1, MAX_STEPS):
        folder = stores / str(step)
        shutil.copytree(stores / "0", folder)
        child = os.fork()
        if child == 0:
            _kill_at(step)
            publish(folder, "b")
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return
    raise RuntimeError(f"not done after {MAX_STEPS} steps")


def race(folder: Path) -> None:
    """Publish several versions, each with a mark of its own, as soon as a line arrives."""
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(RACE_VERSIONS):
        publish(folder, f"{os.getpid()}.{number};")


def main() -> None:
    """Run the command."""
    command, folder = sys.argv[1], Path(sys.argv[2])
    commands: dict[str, Callable[[Path], object]] = {
        "kill": kill_at_every_step,
        "race": race,
        "once": partial(publish, mark="b"),
    }
    commands[command](folder)


if __name__ == "__main__":
    sys.exit(cli.run(main, "publisher"))
