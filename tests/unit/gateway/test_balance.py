"""Connections are shared evenly among workers, under gunicorn itself."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from gateway.worker import balance
from tests.processes import Process, wait_until
from tests.unit.gateway.fake_server import FakeServer
from tests.unit.gateway.test_worker import POST, WAIT_SECONDS, answered, connected, gateway

REQUEST = POST + b"Content-Length: 12\r\n\r\n" + b'{"data": 10}'
Running = tuple[int, Process]


@pytest.fixture
def two(fake: FakeServer, tmp_path: Path) -> Iterator[Running]:
    """The port of a gateway with two workers, and its process."""
    with gateway(fake, tmp_path, WORKERS="2") as running:

        def both_take_some() -> bool:
            with ExitStack() as exits:
                open_some(running, exits, 4)
                return len(workers(running[1])) == 2 and min(held(running)) > 0

        wait_until(both_take_some, WAIT_SECONDS, "both workers")
        yield running


def workers(process: Process) -> list[psutil.Process]:
    """The workers, the oldest first."""
    return sorted(psutil.Process(process.pid).children(), key=lambda worker: (worker.create_time(), worker.pid))


def held(two: Running) -> list[int]:
    """How many connections each worker has."""
    port, process = two
    found = [worker.net_connections("tcp") for worker in workers(process)]
    mine = [[c for c in each if c.laddr and c.laddr.port == port and c.status == "ESTABLISHED"] for each in found]
    return [len(each) for each in mine]


def open_some(two: Running, exits: ExitStack, count: int) -> None:
    """Open connections, each after the one before was answered on."""
    for _ in range(count):
        assert answered(connected(two[0], exits, REQUEST)) == 200


def test_connections_are_shared_evenly(two: Running) -> None:
    """Of connections that stay open, either worker has half."""
    with ExitStack() as exits:
        open_some(two, exits, 20)

        assert min(held(two)) >= 8


def test_who_has_fewest_gets_the_next(two: Running) -> None:
    """A worker that takes another one's place gets new connections until it has as many as the rest."""
    with ExitStack() as exits:
        open_some(two, exits, 6)
        oldest = workers(two[1])[0]
        oldest.send_signal(signal.SIGKILL)
        wait_until(lambda: oldest not in workers(two[1]) and len(workers(two[1])) == 2, WAIT_SECONDS, "another one")

        def is_even() -> bool:
            open_some(two, exits, 1)
            return max(held(two)) - min(held(two)) <= 2

        wait_until(is_even, WAIT_SECONDS, "its share of the connections")


def test_a_worker_that_hangs_gets_no_more_than_others_have(two: Running) -> None:
    """Connections are not kept for a worker that does not take them, though it has fewest."""
    with ExitStack() as exits:
        hanging = workers(two[1])[0]
        hanging.send_signal(signal.SIGSTOP)
        try:
            open_some(two, exits, 60)
        finally:
            hanging.send_signal(signal.SIGCONT)


def test_fewest() -> None:
    """Who has left is not counted, nor is a place where nobody is."""
    for worker, connections in ((7001, 5), (7002, 2), (7003, 9)):
        balance.state(worker, connections)
    try:
        assert balance.fewest() == 2
        balance.leave(7002)
        assert balance.fewest() == 5
    finally:
        for worker in (7001, 7002, 7003):
            balance.leave(worker)
    assert balance.fewest() == 0


@pytest.fixture
def other() -> Iterator[int]:
    """Another worker, with one connection."""
    balance.state(7001, 1)
    yield 7001
    balance.leave(7001)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the test sets it."""
    now = [1000.0]
    monkeypatch.setattr(balance, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.mark.usefixtures("other")
def test_a_connection_is_left_to_who_has_fewer(clock: list[float]) -> None:
    """Not for one connection more, and not for ever: then all are taken for a while."""
    turn, asked = balance.Turn(), list[bool]()
    assert not turn.is_anothers(2)
    assert turn.is_anothers(3)
    while turn.is_anothers(3):
        asked.append(True)
        clock[0] += balance.YIELD_SECONDS
    assert len(asked) == pytest.approx(balance.PATIENCE_SECONDS / balance.YIELD_SECONDS, abs=1)
    clock[0] += 0.9 * balance.FREE_SECONDS
    assert not turn.is_anothers(30)
    clock[0] += 0.2 * balance.FREE_SECONDS
    assert turn.is_anothers(30)


def test_who_takes_connections_slowly_is_left_more_of_them(other: int, clock: list[float]) -> None:
    """While the other takes some, the wait for it begins anew."""
    turn = balance.Turn()
    for taken in range(1, 20):
        balance.state(other, taken)
        assert turn.is_anothers(30)
        clock[0] += 0.9 * balance.PATIENCE_SECONDS


@pytest.mark.usefixtures("other")
def test_an_earlier_wait_does_not_count(clock: list[float]) -> None:
    """The next connection is left to the other anew, however long ago it has taken the last."""
    turn = balance.Turn()
    assert turn.is_anothers(3)
    clock[0] += 3600
    assert turn.is_anothers(3)
