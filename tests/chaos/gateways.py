"""Faults of the gateway's processes."""

import os
import signal
from contextlib import ExitStack

from tests.chaos.load import Client, Seen, get, load
from tests.chaos.world import GUNICORN, START_SECONDS, Fault, Observed, World, for_seconds
from tests.processes import free_port, running, wait_until

WAIT_SECONDS = 60.0


def worker_killed(world: World) -> Observed:
    """One of two worker processes is killed."""
    before = world.workers()
    with load(world.port) as seen:
        for_seconds(1)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(set(world.workers()) - set(before)) == 1, WAIT_SECONDS, "another worker")
        for_seconds(2)
    lost = seen.failed().total()
    held = lost <= 8 and set(seen.failed()) <= {"RemoteDisconnected", "ConnectionResetError", "BrokenPipeError"}
    return Observed(held, f"{seen}; another worker came")


def terminated(world: World) -> Observed:
    """A gateway is told to stop while clients ask, and another one is there."""
    second = free_port()
    env = world.settings | {"PORT": str(second), "DRAIN_SECONDS": "1"}
    first = free_port()
    with ExitStack() as exits:
        other = exits.enter_context(running(GUNICORN, log_file=world.folder / "second.log", env=env))
        stopping = exits.enter_context(
            running(GUNICORN, log_file=world.folder / "first.log", env=env | {"PORT": str(first)})
        )
        for port in (first, second):
            wait_until(lambda port=port: get(port, "/readyz")[0] == 200, START_SECONDS, "the gateways")  # type: ignore[misc]
        with load(first, second) as seen:
            for_seconds(1)
            stopping.send(signal.SIGTERM)
            wait_until(lambda: get(first, "/readyz")[0] == 503, WAIT_SECONDS, "readiness to be false")
            answered = seen.kinds()["200"]
            code = stopping.wait(WAIT_SECONDS)
            for_seconds(1)
        other.check()
    later = seen.kinds()["200"] - answered
    held = not seen.failed() and code == 0 and later > 0
    return Observed(held, f"{seen}; readiness went false first; exit code {code}")


def started_first(world: World) -> Observed:
    """A gateway is started before its model server."""
    world.gateway.check()
    wait_until(lambda: get(world.port, "/livez")[0] == 200, START_SECONDS, "the gateway")
    before = get(world.port, "/readyz")[0]
    seen = Seen()
    Client([world.port], seen).ask()
    world.restart()
    world.wait_until_ready()
    Client([world.port], seen).ask()
    kinds = [kind for _, kind in seen.answers]
    held = before == 503 and kinds == ["503", "200"]
    return Observed(held, f"/readyz {before}, then 200; requests {' then '.join(kinds)}")


def started_last(world: World) -> Observed:
    """A gateway is started when its model server has long been there."""
    port = free_port()
    with running(GUNICORN, log_file=world.folder / "last.log", env=world.settings | {"PORT": str(port)}):
        wait_until(lambda: get(port, "/livez")[0] == 200, START_SECONDS, "the gateway")
        with load(port) as seen:
            for_seconds(1)
    return Observed(not seen.failed(), f"{seen}, from the moment that it lives")


ALONE = [
    Fault("The model server is started before the gateway", "no failed request from the first on", started_last),
    Fault(
        "One of two worker processes is killed",
        "only what it had in hand is lost (8 clients ask); another one comes",
        worker_killed,
    ),
    Fault("A gateway is told to stop (SIGTERM) while another one is there", "no failed request", terminated),
]
FIRST = Fault("The gateway is started before its model server", "503 until it is there, then 200", started_first)
