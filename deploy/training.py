"""Trains what is to be served and has no version yet, and ends the training when asked to stop."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
# A closed terminal reaches this process alone; the training, which ignores no SIGTERM, leaves nothing half done.
PASSED_ON_AS = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM, signal.SIGHUP: signal.SIGTERM}


def train(models: Sequence[str], environment: Mapping[str, str]) -> int:
    """Train models, one after the other, and say which before each.

    Args:
        models: Their names, which are their recipes'.
        environment: The trainings' environment.

    Returns:
        The exit code of the first training that fails or is asked to stop, 128 plus the signal's number then; else 0.
    """
    for number, model in enumerate(models, start=1):
        place = f" ({number} of {len(models)})" if len(models) > 1 else ""
        print(f"run: training {model}{place}, which has no version to serve yet", flush=True)
        if failed := _run([sys.executable, "-m", "src.train", model], environment):
            return failed
    return 0


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end; a signal is passed on to it.

    Ctrl-C reaches all processes of a terminal: a session of its own keeps it from arriving there twice.
    """
    with (
        _passed_on() as (asked, started),
        subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) as process,
    ):
        started.append(process)
        if asked:  # while it was being started
            process.send_signal(PASSED_ON_AS[asked[0]])
        status = process.wait()
    if asked:
        return 128 + PASSED_ON_AS[asked[0]]
    return status if status >= 0 else 128 - status


@contextlib.contextmanager
def _passed_on() -> Iterator[tuple[list[signal.Signals], list[subprocess.Popen[bytes]]]]:
    """Have signals passed on to the processes that are put into the second list; the first one takes them down."""
    asked: list[signal.Signals] = []
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        asked.append(signal.Signals(number))
        for process in started:
            process.send_signal(PASSED_ON_AS[asked[-1]])

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON_AS}
    try:
        yield asked, started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
