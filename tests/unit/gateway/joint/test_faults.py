"""Joint calls that fail, and whom that is nothing to."""

import contextlib
import gc
import weakref

import grpc
import pytest

from gateway import lane, tensors
from gateway.call import Call
from gateway.contract import Batch
from gateway.errors import ModelServerError
from gateway.lane import Member
from gateway.model_server import Answer
from gateway.protos import from_proto, to_proto
from tests.processes import wait_until
from tests.unit.gateway.fake_server import line
from tests.unit.gateway.joint.lanes import HANGS, LONG, POISON, Clients, Server, fail, under_way


def test_bad_value_harms_nobody_else(server: Server, clients: Clients) -> None:
    """What the server refuses in one request is no reason to refuse those that shared its call."""
    under_way(server, clients)
    good, bad, other = clients.ask(1.0), clients.ask(POISON), clients.ask(2.0)
    clients.waiting(3)
    server.let(5)

    with pytest.raises(ModelServerError) as refused:
        bad.result(LONG)
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (good.result(LONG), other.result(LONG)) == ([4.0], [7.0])
    assert sorted(server.batches[2:]) == [[1.0], [2.0], [POISON]]


def test_apart_after_a_failure(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a joint call has failed, each request is a call of its own for a while."""
    monkeypatch.setattr(lane, "APART_SECONDS", LONG)
    fail(server, clients)
    under_way(server, clients)

    under_way(server, clients)


def test_joint_again_after_a_failure(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """After that while, requests share calls again."""
    monkeypatch.setattr(lane, "APART_SECONDS", 0.0)
    fail(server, clients)
    under_way(server, clients)
    clients.ask(5.0)

    clients.waiting(1)


def test_a_call_without_time_is_no_reason_to_ask_apart(server: Server, clients: Clients) -> None:
    """That requests in a hurry got no answer in time says nothing of others."""
    under_way(server, clients)
    hurried = [clients.ask(value, seconds=1.0) for value in (1.0, 2.0)]
    clients.waiting(2)
    server.let(1)
    wait_until(lambda: all(each.done() for each in hurried), LONG, "the end of their time")
    server.let(1)
    under_way(server, clients, HANGS)
    clients.ask(3.0)

    clients.waiting(1)


def test_answer_of_other_rows(server: Server, clients: Clients) -> None:
    """Where a joint answer has not one row an instance, each request is asked for apart."""
    server.answer = lambda request: {"y": to_proto(tensors.part(from_proto(line(request)["y"]), 0, 1))}
    under_way(server, clients)
    asked = [clients.ask(value) for value in (1.0, 2.0)]
    clients.waiting(2)
    server.let(4)

    assert [each.result(LONG) for each in asked] == [[4.0], [7.0]]


def test_failure_keeps_nothing() -> None:
    """A request that could not be asked for is gone with its answer, without Python looking for garbage."""

    class Marked:
        """Stands for what a request has brought."""

    def fail() -> None:
        marked = Marked()
        seen.append(weakref.ref(marked))
        member = Member(Batch({}, 1, "/data"), Call(deadline=0.0), lambda _: Answer(1, {}))
        member.failure = ModelServerError(grpc.StatusCode.DEADLINE_EXCEEDED, "late")
        member.answer()

    seen = list[weakref.ref[Marked]]()
    gc.disable()
    try:
        with contextlib.suppress(ModelServerError):
            fail()
        assert seen[0]() is None
    finally:
        gc.enable()
