"""A lane: requests for one signature of one version, of which those that come while it is being asked share a call."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

import grpc

from gateway import call
from gateway.call import Call
from gateway.contract import Batch
from gateway.model_server import Answer
from gateway.tensors import Tensor, joined, part

Inputs = Mapping[str, Tensor]

# Who waits for longer makes the next call beside the one under way: a model that takes its time, or one of several
# servers that hangs, is waited for by no more requests than it has been given.
PATIENCE_SECONDS = 0.01
APART_SECONDS = 1.0  # after a joint call has failed, whatever the reason, each request is a call of its own for so long


class Member:
    """A request in a lane.

    Attributes:
        inputs: Its inputs.
        rows: How many instances it has.
        call: The request, for its deadline.
        ask: Asks the model server.
        followers: The requests that it is to ask for beside itself; None if it is not the one to ask.
        joint: The answer of a joint call that it took part in.
        start: Where in that its own part begins.
        took: How long it has waited for the model server, but for calls of its own; in seconds.
        failure: Why there is no joint answer, of a call that it has made.
    """

    __slots__ = ("_asleep", "ask", "call", "failure", "followers", "inputs", "joint", "rows", "start", "took")

    def __init__(self, batch: Batch, of: Call, ask: Callable[[Inputs], Answer]) -> None:
        self.inputs = batch.inputs
        self.rows = batch.rows
        self.call = of
        self.ask = ask
        self.followers: list[Member] | None = None
        self.joint: Answer | None = None
        self.start = 0
        self.took = 0.0
        self.failure: Exception | None = None
        self._asleep = threading.Lock()  # the cheapest thing to wait for
        self._asleep.acquire()

    def sleep(self, at_most: float = threading.TIMEOUT_MAX) -> bool:
        """Wait to be woken, or until there is no time left; tells which."""
        return self._asleep.acquire(timeout=max(min(self.call.remaining_seconds, at_most), 0))

    def wake(self) -> None:
        """End its sleep."""
        self._asleep.release()

    def answer(self) -> Answer:
        """Its part of the joint answer; what the server says to it alone if there is none.

        Raises:
            ModelServerError: The server fails, or there is no time left to ask it.
        """
        self.call.server_seconds += self.took
        if self.joint is None:
            failure, self.failure = self.failure, None  # which refers back to this
            try:
                if failure is not None and self.call.remaining_seconds <= 0:
                    raise failure
            finally:
                del failure  # its traceback refers to this frame, and so to all that the request has brought
            return self.ask(self.inputs)
        stop = self.start + self.rows
        outputs = {name: part(tensor, self.start, stop) for name, tensor in self.joint.outputs.items()}
        return Answer(self.joint.version, outputs)


class Lane:
    """The requests for one signature of one version: those that come while a call is under way share the next one.

    Attributes:
        waiting: Those that are to share it.
    """

    def __init__(self, max_rows: int) -> None:
        """Start empty.

        Args:
            max_rows: The most instances in a joint call.
        """
        self._max_rows = max_rows
        self.waiting: deque[Member] = deque()
        self._caller: Member | None = None  # whose call is waited for
        self._apart_until = 0.0
        self._lock = threading.Lock()

    def answer(self, member: Member) -> Answer:
        """Have a request answered.

        Raises:
            ModelServerError: As for `Joint.predict`.
        """
        if self._has_to_wait(member):
            self._wait(member)
            if member.followers is None:
                return member.answer()
            if member.followers:
                self._lead(member, member.followers)
                return member.answer()
        try:
            return member.answer()
        finally:
            self._leave(member)

    def _has_to_wait(self, member: Member) -> bool:
        """Whether a request is to share the next call; else it makes one now."""
        with self._lock:
            if time.monotonic() < self._apart_until:
                return False
            if self._caller is None:
                self._caller = member
                return False
            self.waiting.append(member)
            return True

    def _wait(self, member: Member) -> None:
        """Sleep until there is a joint answer, or it is this request that has to ask, or its time is over."""
        began = time.monotonic()
        if not member.sleep(min(PATIENCE_SECONDS, member.call.remaining_seconds / 2)):
            self._end_waiting(member)
            if not member.sleep():
                member.took = time.monotonic() - began

    def _end_waiting(self, member: Member) -> None:
        """Have the next call begin beside the one under way; without a request whose time is over."""
        with self._lock:
            if member not in self.waiting:
                return
            if member.call.remaining_seconds > 0:
                self._begin(member)
            else:
                self.waiting.remove(member)

    def _leave(self, caller: Member) -> None:
        """A call is over: the next one begins, if there is anything to ask."""
        with self._lock:
            if self._caller is caller:
                self._caller = None
                if self.waiting:
                    self._begin(self.waiting[0])

    def _begin(self, first: Member) -> None:
        """Let one that waits, and others as far as there is room, share a call; who has most time left makes it."""
        self.waiting.remove(first)
        members, rows = [first], first.rows
        while self.waiting and rows + self.waiting[0].rows <= self._max_rows:
            members.append(self.waiting.popleft())
            rows += members[-1].rows
        self._caller = max(members, key=lambda member: member.call.deadline)
        members.remove(self._caller)
        self._caller.followers = members
        self._caller.wake()

    def _lead(self, leader: Member, followers: list[Member]) -> None:
        """Make a joint call; if it fails, whatever the reason, each has to find out whether it is at fault."""
        answer, began = None, time.monotonic()
        try:
            answer = _asked([leader, *followers])
        except Exception as error:  # noqa: BLE001  # asking alone raises what is a member's own
            leader.failure = error
            if getattr(error, "code", None) is not grpc.StatusCode.DEADLINE_EXCEEDED:  # which says nothing of the rest
                self._apart_until = time.monotonic() + APART_SECONDS
        finally:
            took = time.monotonic() - began
            self._leave(leader)
            leader.joint, start = answer, leader.rows
            for follower in followers:
                follower.joint, follower.start = answer, start
                start += follower.rows
                follower.took = took
                follower.wake()


def _asked(members: list[Member]) -> Answer:
    """Ask for all members at a time; the first is the one to ask.

    Raises:
        ModelServerError: The server fails.
        ValueError: The answer has not one row an instance.
    """
    leader, *followers = members
    inputs = {name: joined([member.inputs[name] for member in members]) for name in leader.inputs}
    with call.on_behalf_of(follower.call for follower in followers):
        answer = leader.ask(inputs)
    rows = sum(member.rows for member in members)
    for name, tensor in answer.outputs.items():
        if tensor.shape[:1] != (rows,):
            raise ValueError(f"{name!r} has not one row an instance")
    return answer
