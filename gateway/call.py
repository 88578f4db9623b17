"""What the calls to the model server that one request causes have in common: a deadline, and what is passed on."""

import itertools
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

REQUEST_ID = "x-request-id"  # in the metadata; once for each request that a call is for
MAX_IDS_BYTES = 2048


@dataclass
class Call:
    """A request, as the model server's client sees it.

    Attributes:
        deadline: When it has to be answered; of `time.monotonic()`.
        metadata: What goes along with every call, as gRPC metadata.
        server_seconds: How long its calls have taken so far.
    """

    deadline: float = math.inf
    metadata: tuple[tuple[str, str], ...] = ()
    server_seconds: float = 0.0

    @property
    def remaining_seconds(self) -> float:
        """How much time is left; negative if it is over."""
        return self.deadline - time.monotonic()


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def begin(call: Call | None) -> None:
    """State which request this thread's calls are for from now on; None for no request's."""
    _current.set(call)


def current() -> Call:
    """The request that this thread's calls are for; one without a deadline if they are for none."""
    return _current.get() or Call()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the calls of this block be over sooner than the request."""
    call = current()
    before, kept = _current.get(), call.deadline
    call.deadline = min(kept, time.monotonic() + seconds)
    _current.set(call)
    try:
        yield
    finally:
        call.deadline = kept
        _current.set(before)


@contextmanager
def on_behalf_of(calls: Iterable[Call]) -> Iterator[None]:
    """Let the calls of this block be for other requests too: their ids go along, beside what the one at hand has.

    As many as there is room for: servers refuse calls with metadata of more than 8 KiB.
    """
    call = current()
    kept = call.metadata
    others = itertools.chain.from_iterable(other.metadata for other in calls)
    ids = [pair for pair in others if pair[0] == REQUEST_ID]
    room = itertools.accumulate(len(value) for _, value in ids)
    call.metadata += tuple(pair for pair, size in zip(ids, room, strict=True) if size <= MAX_IDS_BYTES)
    try:
        yield
    finally:
        call.metadata = kept
