"""Circuit breakers: what has just failed is left alone, and then tried again by one request at a time."""

import math
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE_SECONDS = 1.0
SLOW_SECONDS = 0.25  # while one waits so long for an answer, no other begins to
STRIKES = 3  # failures in a row that open it, of those that may be the request's own
FORGET_SECONDS = 60.0
UNTRIED = "untried"


@dataclass
class _State:
    """How it stands with a model.

    Attributes:
        reason: Why not all requests may try; empty if they may.
        ends: Until when none may; after that, one may.
        tried: Whether that one is at it.
        strikes: Failures in a row.
        begun: When the attempts on their way began.
    """

    reason: str = UNTRIED
    ends: float = -math.inf
    tried: bool = False
    strikes: int = 0
    begun: list[float] = field(default_factory=list)


@dataclass
class Attempt:
    """One request's attempt, and what becomes of it. One that neither worked nor failed lets the next request try.

    Attributes:
        begun: When it began.
        reason: Why it is the only one that may try; empty if it is one of many.
        worked: Whether what was tried does what it should.
        failed: Why it does not.
        surely: Whether the failure has nothing to do with the request.
        hurried: Whether it has much less time than attempts usually have.
    """

    begun: float
    reason: str = ""
    worked: bool = False
    failed: str = ""
    surely: bool = True
    hurried: bool = False


class Breakers:
    """A circuit breaker a model: closed, all may try; open, nobody; half open, one request while the others may not.

    At first they are half open. However they stand, only so many try at a time, and none while one has waited for
    SLOW_SECONDS: what begins to hang is not to hold up everybody until it is known to.
    """

    def __init__(self, most: int) -> None:
        """Start.

        Args:
            most: How many may try at a time.
        """
        self._most = most
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    @contextmanager
    def attempt(self, model: str, *, despite: Collection[str] = ()) -> Iterator[Attempt | None]:
        """Let a request try, if it may.

        Args:
            model: The model's name.
            despite: Reasons that do not hold this request up. What it does then is kept only if it fails.

        Yields:
            The attempt, in which the request states what becomes of it; None if it may not try.
        """
        attempt = self._begin(model, despite)
        try:
            yield attempt
        finally:
            if attempt is not None:
                self._end(model, attempt)

    def _begin(self, model: str, despite: Collection[str]) -> Attempt | None:
        with self._lock:
            state, now = self._states.get(model) or _State(), time.monotonic()
            if len(state.begun) >= self._most or (state.begun and now - state.begun[0] > SLOW_SECONDS):
                return None
            attempt = Attempt(now)
            if state.reason and state.reason not in despite:
                if state.tried or now < state.ends:
                    return None
                state.tried, attempt.reason = True, state.reason
            state.begun.append(now)
            self._states[model] = state
            return attempt

    def _end(self, model: str, attempt: Attempt) -> None:
        with self._lock:
            state, now = self._states[model], time.monotonic()
            state.begun.remove(attempt.begun)
            if attempt.reason:
                state.tried = False
            if attempt.failed:
                state.strikes += 1
                if attempt.surely or attempt.reason or state.strikes >= STRIKES:
                    state.reason, state.ends = attempt.failed, now + PAUSE_SECONDS
            elif attempt.worked:
                state.strikes = 0
                if attempt.reason:  # what began before a failure says nothing of the time since
                    state.reason = ""
            self._states = {name: s for name, s in self._states.items() if _is_kept(s, now)}


def _is_kept(state: _State, now: float) -> bool:
    """Whether anything is known of a model, or was within a minute: clients can make names up."""
    return bool(state.begun) or not state.reason or now - state.ends < FORGET_SECONDS
