"""How soon all workers keep to the contract of a version that takes over with another signature, under load.

`python -m benchmarks.takeover`: publishes versions that take one number and versions that take two in turn, while
clients send bodies of both kinds. Measured is the time from the model server's first answer "AVAILABLE" for the new
version to the last answer that any client got by the old contract.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import grpc
import requests

from tests.contract.model_server import ModelServer, State
from tests.e2e.stack import Stack, serve_newest, started, train
from tests.processes import wait_until
from tests.saved_models import write_line, write_sum
from tests.servers import embedded_command

ROUNDS = 6
CLIENTS = 4  # for each kind of body
GOAL_SECONDS = 1.0  # the gateway asks twice a second; the rest is for the requests under way
ROUND_TIMEOUT_SECONDS = 60.0
WATCH_SECONDS = 2.5

# By how many numbers a version takes: a body for it, and what writes it into a folder.
BODIES = {1: 10, 2: [[1, 2]]}
KINDS: dict[int, Callable[[Path], None]] = {1: lambda folder: write_line(folder, slope=3.0), 2: write_sum}


def ask(url: str, data: object, done: Event, answers: list[tuple[float, int]]) -> None:
    """Ask until the round ends; keep when each answer came, and its status."""
    with requests.Session() as session:
        while not done.is_set():
            status = session.post(f"{url}/predict", json={"data": data}, timeout=30).status_code
            answers.append((time.perf_counter(), status))


def measure(stack: Stack, server: ModelServer, made: Path, version: int, *, numbers: int) -> float:
    """Let a version take over.

    Args:
        stack: A gateway and a model server that answer.
        server: The model server.
        made: The new version's files, outside the store: to write them would take the processor from the clients.
        version: The new version.
        numbers: How many numbers it takes; the one before takes the other count.

    Returns:
        Seconds from its being available to the last answer by the old contract; 0 if there was none after that.
    """
    answers: dict[int, list[tuple[float, int]]] = {1: [], 2: []}
    done = Event()
    with ThreadPoolExecutor(2 * CLIENTS) as pool, ExitStack() as exits:
        exits.callback(done.set)
        for kind, data in BODIES.items():
            for _ in range(CLIENTS):
                pool.submit(ask, stack.url, data, done, answers[kind])
        wait_until(lambda: all(len(seen) > 100 for seen in answers.values()), ROUND_TIMEOUT_SECONDS, "the clients")
        made.rename(stack.store / "line" / str(version))
        server.wait_for("line", version, State.AVAILABLE)
        available = time.perf_counter()
        end = available + WATCH_SECONDS
        wait_until(lambda: time.perf_counter() > end, 2 * WATCH_SECONDS, "the end of the round")
    assert {status for seen in answers.values() for _, status in seen} == {200, 422}
    fits, other = answers[numbers], answers[3 - numbers]
    late = [moment for moment, status in fits if status == 422] + [moment for moment, status in other if status == 200]
    return max(0.0, max(late) - available)


def one_round(folder: Path, index: int) -> float:
    """Start anew, for the workers' clocks and the server's keep in step, and let version 2 take over from version 1."""
    numbers = 2 - index % 2
    mine, made = folder / f"round-{index}", folder / f"made-{index}"
    train(mine / "store")
    serve_newest(mine / "store")
    if numbers == 1:  # the one before has to take two
        shutil.rmtree(mine / "store" / "line" / "1")
        write_sum(mine / "store" / "line" / "1")
    KINDS[numbers](made)
    with started(mine, embedded_command) as stack:
        stack.wait_until_ready()
        target = ":".join(map(str, stack.server_address))
        with grpc.insecure_channel(target) as channel:
            server = ModelServer(stack.server, stack.store, target, channel)
            return measure(stack, server, made, 2, numbers=numbers)


def main() -> int:
    """Run the rounds.

    Returns:
        The exit code: 1 if a round took longer than the goal.
    """
    with tempfile.TemporaryDirectory() as name:
        seconds = [one_round(Path(name), index) for index in range(ROUNDS)]
    print(f"{ROUNDS} takeovers, seconds from the new version's being available to the last answer by the old contract:")
    print(f"median {statistics.median(seconds):.2f}, slowest {max(seconds):.2f}, goal {GOAL_SECONDS}")
    return 0 if max(seconds) <= GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
