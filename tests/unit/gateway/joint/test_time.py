"""Joint calls, and how long who waits for whom."""

from itertools import chain

import grpc
import pytest

from gateway import lane
from gateway.call import Call
from gateway.errors import ModelServerError
from tests.processes import wait_until
from tests.unit.gateway.fake_server import FakeServer
from tests.unit.gateway.joint.lanes import HANGS, LONG, Clients, Server, under_way


def test_nobody_waits_for_others_to_come(server: Server, clients: Clients) -> None:
    """A request that finds no call under way makes one at once."""
    server.let(3)

    assert [clients.ask(value).result(LONG) for value in (1.0, 2.0, 3.0)] == [[4.0], [7.0], [10.0]]
    assert server.batches == [[1.0], [2.0], [3.0]]


def test_no_time_left(server: Server, clients: Clients) -> None:
    """A request whose time is over waits for nothing, and is left out of the joint call."""
    under_way(server, clients)
    late, patient = clients.ask(1.0, seconds=-1.0), clients.ask(2.0)

    with pytest.raises(ModelServerError) as refused:
        late.result(LONG)
    assert refused.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    server.let(2)
    assert patient.result(LONG) == [7.0]
    assert server.batches == [[0.0], [2.0]]


def test_little_time_left(server: Server, clients: Clients) -> None:
    """A request waits for a call under way for half of its time at most."""
    under_way(server, clients, HANGS)
    hurried = clients.ask(1.0, seconds=2.0)
    server.let(1)

    assert hurried.result(LONG) == [4.0]


def test_deadline_within_a_joint_call(server: Server, clients: Clients) -> None:
    """A request whose time ends within a joint call leaves that to the others; it has waited for the model server."""
    of = Call()
    under_way(server, clients)
    hurried, patient = clients.ask(1.0, seconds=2.0, of=of), clients.ask(2.0)
    clients.waiting(2)
    server.let(1)
    wait_until(lambda: len(server.batches) == 2, LONG, "the joint call")

    with pytest.raises(ModelServerError) as late:
        hurried.result(LONG)
    assert late.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert 1.0 < of.server_seconds <= 3.0
    server.let(1)
    assert patient.result(LONG) == [7.0]
    assert sorted(server.batches[1]) == [1.0, 2.0]


@pytest.mark.parametrize("seconds", [(5.0, 15.0), (15.0, 5.0)])
def test_deadline_of_a_joint_call(
    server: Server, clients: Clients, fake: FakeServer, seconds: tuple[float, float]
) -> None:
    """A joint call may take the time of whoever has most left."""
    under_way(server, clients)
    for value, each in enumerate(seconds):
        clients.ask(value, seconds=each)
        clients.waiting(value + 1)
    server.let(2)
    clients.pool.shutdown()

    assert 10.0 < fake.seconds_left[-1] <= 15.0


def test_slow_call_is_not_waited_for(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that takes its time is waited for no longer than a moment."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 0.1)
    under_way(server, clients)
    for value in (1.0, 2.0):
        clients.ask(value)

    wait_until(lambda: sorted(chain.from_iterable(server.batches[1:])) == [1.0, 2.0], LONG, "the others' call")


def test_hanging_call_is_in_nobodys_way(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a call that hangs, requests share calls as ever."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 0.1)
    under_way(server, clients, HANGS)
    under_way(server, clients)  # beside it
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", LONG)
    waiting = clients.ask(2.0)
    clients.waiting(1)
    server.let(2)

    assert waiting.result(LONG) == [7.0]


def test_server_seconds(server: Server, clients: Clients) -> None:
    """The time of a joint call counts as the model server's for every request in it."""
    calls = [Call(), Call()]
    under_way(server, clients)
    for of in calls:
        clients.ask(1.0, of=of)
    clients.waiting(2)
    server.let(1)
    wait_until(lambda: len(server.batches) == 2, LONG, "the joint call")
    server.let(1)
    clients.pool.shutdown()

    assert min(of.server_seconds for of in calls) > 0
